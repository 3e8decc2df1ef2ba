"""Edits of a card line by line, which keep the rest of its text."""
