"""Minima of a likelihood, and its profiles."""
