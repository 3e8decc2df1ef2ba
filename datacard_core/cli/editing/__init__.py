"""The command that edits cards, and the words of its edits."""
