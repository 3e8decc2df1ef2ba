"""Tests of the tasks of the kit."""

from __future__ import annotations

import pickle
from pathlib import Path

from datacard_core import load_plugins
from datacard_core.testing.tasks import Task


def test_pickled_task() -> None:
    """A task can be sent to another process."""
    task = Task(
        plugins=load_plugins("lnn"),
        contributed=(("kinds", "lnN"),),
        declarations={"lnN": [{"value": 1.1}]},
        scratch=Path("scratch"),
    )
    again = pickle.loads(pickle.dumps(task))
    assert again.plugins.origins == task.plugins.origins
    assert (again.contributed, again.declarations) == (task.contributed, task.declarations)
    assert again.scratch == task.scratch
