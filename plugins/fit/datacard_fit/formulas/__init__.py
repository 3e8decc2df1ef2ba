"""Formulas of parameters."""
