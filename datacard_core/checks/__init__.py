"""Checks of models: calls of plugins, accepted findings, and findings as documents."""
