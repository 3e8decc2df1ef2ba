"""Whole analyses: their declarations, their cards, and the names of their files."""
