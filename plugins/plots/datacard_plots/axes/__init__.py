"""Axes of plots."""
