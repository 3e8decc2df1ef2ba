"""Trials of the conformance kit: what the core expects of the objects of each family of plugins."""
