"""The version of the package and the group of its plugins, which need no other import."""

__version__ = "0.1.0"
ENTRY_POINT_GROUP = "datacard_core.plugins"
"""Entry point group in which a distribution lists its plugins."""
