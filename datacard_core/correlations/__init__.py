"""Correlations of a model: which columns share a parameter, as a table, and what in it looks like an accident."""
