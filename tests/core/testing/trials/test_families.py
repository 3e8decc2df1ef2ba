"""Tests of the table of trials by family."""

from __future__ import annotations

import pytest

from datacard_core.plugins.families import FAMILIES
from datacard_core.testing.trials.families import TRIALS, trial_of


def test_trial_of_every_family() -> None:
    """Every family of plugin objects has a trial, and there are no trials without family."""
    assert set(TRIALS) == {family.field for family in FAMILIES}


def test_family_without_trial() -> None:
    """A family without a trial is an error that names it and the closest family."""
    with pytest.raises(LookupError, match=r"no trial for the plugin family 'plot'.*did you mean 'plots'"):
        trial_of("plot")
