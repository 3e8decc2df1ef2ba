"""Templates as they stand in a file."""

from __future__ import annotations

import pickle

import numpy as np

from datacard_core import Axis, StoredTemplates, Templates


def test_arrays_are_locked_and_pickled() -> None:
    """The arrays cannot be changed, and stay so in a pickle."""
    stored = StoredTemplates(
        names=("a",),
        of="TH1D",
        axis=Axis(np.array([0.0, 1.0, 2.0])),
        templates=Templates(np.ones((1, 2)), np.ones((1, 2))),
        flow=np.zeros((1, 2)),
        has_variances=True,
    )
    again = pickle.loads(pickle.dumps(stored))
    assert not again.flow.flags.writeable
    assert again.names == ("a",)
