"""The check of cards, built or read."""
