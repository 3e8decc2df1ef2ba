"""Rows of a channel on shared columns."""

from __future__ import annotations

import numpy as np
import pytest

from datacard_core import FreeParameter, ImportedFactor, Nuisance
from datacard_core.comparison.rows import rows_of, strength
from tests.support.channels import VALUES, Gamma, channel, factors, shape

ALL = np.arange(4)


def test_rows_of_a_channel() -> None:
    """Rows have the numbers of shared columns, kinds, values and the places of templates."""
    mixed = Nuisance("jes", (factors("", [0], [1.1]).effects[0], shape([2, 3], 1.0, -1.0)), "shape")
    made = channel(
        mixed, Nuisance("side", (Gamma(np.array([1])),)), directives=[FreeParameter("SF", np.array([1]), 1, (0, 5))]
    )
    rows = rows_of(made, np.array([3, 0]))
    jes = rows["nuisance", "jes"]
    assert (jes.columns.tolist(), jes.kinds, jes.texts) == ([0, 1], ("shape", "lnN"), ("1.0", "1.1"))
    assert jes.places.tolist() == [1, -1]
    assert len(rows["nuisance", "side"]) == len(rows["factor", "SF"]) == 0
    every = rows_of(made, ALL)
    assert every["nuisance", "side"].texts == ("7 0.1",)
    assert every["factor", "SF"].texts == ("1 [0,5]",)


def test_cells_without_effect() -> None:
    """Factors of 1, and effects on a column without a rate, are none: Combine leaves them out."""
    values = VALUES.copy()
    values[1] = 0
    rows = rows_of(channel(factors("lumi", [0, 1, 2], [1.0, 1.1, 1.2]), values=values), ALL)
    assert rows["nuisance", "lumi"].columns.tolist() == [2]


def test_objects_of_files() -> None:
    """The directory of a file, which differs between versions, is no part of a value."""
    made = channel(directives=[ImportedFactor("w", np.array([0]), "/old/ws.root:w")])
    assert rows_of(made, ALL)["factor", "w"].texts == ("ws.root:w",)


def test_strength() -> None:
    """The strength is the largest change of a yield, also by templates."""
    made = channel(factors("a", [0, 1], [1.1, 0.8]), Nuisance("b", (shape([1], 3.0, -1.5),)))
    rows = rows_of(made, ALL)
    # 0.8 is 1.25 at -1; the templates are 36 and 27 of 30.
    assert strength(rows["nuisance", "a"], made.nominal) == pytest.approx(0.25)
    assert strength(rows["nuisance", "b"], made.nominal) == pytest.approx(0.2)
