"""Profiles of hypothesis: how many inputs it draws. A busy machine is no failure, so there is no deadline."""

from __future__ import annotations

from hypothesis import settings

# The first input is the smallest; the kit has analyses made by hand beside it.
settings.register_profile("few", max_examples=1, deadline=None)
settings.register_profile("quick", max_examples=20, deadline=None)
settings.register_profile("thorough", max_examples=500, deadline=None)
