"""Scaffold of new plugin packages."""
