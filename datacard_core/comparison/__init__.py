"""Comparison of two models, or of two sets of cards, by what they mean."""
