"""Tests of the table of trials by family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import load_plugins
from datacard_core.plugins.families import FAMILIES
from datacard_core.testing.tasks import Task
from datacard_core.testing.trials.families import TRIALS, makers, trial_of

if TYPE_CHECKING:
    from pathlib import Path


def test_trial_of_every_family() -> None:
    """Every family of plugin objects has a trial, and there are no trials without family."""
    assert set(TRIALS) == {family.field for family in FAMILIES}


def test_family_without_trial() -> None:
    """A family without a trial is an error that names it and the closest family."""
    with pytest.raises(LookupError, match=r"no trial for the plugin family 'plot'.*did you mean 'plots'"):
        trial_of("plot")


def test_makers(tmp_path: Path) -> None:
    """The products of a task are those of its objects, each with another description."""
    contributed = (("writers", "combine"), ("sources", "coffea"), ("serializers", "root"), ("kinds", "lnN"))
    task = Task(load_plugins(), contributed, {"lnN": [{"value": 1.1}]}, tmp_path)
    found = [what for what, _ in makers(task)]
    assert len(set(found)) == len(found) == 5 + 2 + 6
    assert found[0].endswith("by card writer 'combine'")
    assert found[-1] == "the card of kind 'lnN' with {'value': 1.1} in analysis 6"
