"""Profiles of hypothesis: how many inputs it draws. A busy machine is no failure, so there is no deadline."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("few", max_examples=5, deadline=None)
settings.register_profile("quick", max_examples=20, deadline=None)
settings.register_profile("thorough", max_examples=500, deadline=None)

WITH_FEW = ("-p", "tests.support.profiles", "--hypothesis-profile=few")
"""Options for a pytest process that tests a plugin which conforms; the root folder must be on its path."""
