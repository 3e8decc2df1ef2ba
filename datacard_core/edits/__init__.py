"""Edits of cards: their values, and their words."""
