"""Effects of kinds beside lnN and shape: their text in a Combine card."""

from __future__ import annotations

import numpy as np

from datacard_core import (
    ControlRegion,
    Effect,
    GammaNormalisation,
    LinearNormalisation,
    MorphedShape,
    Nuisance,
    Templates,
    UniformNormalisation,
)
from tests.support.cases import case

COLUMNS = np.array([0, 2])
FLAT = Templates(np.ones((2, 3)), np.ones((2, 3)))


def test_text_in_a_card() -> None:
    """The keyword has the arguments, and each column has its number."""
    cases: list[tuple[Effect, str, list[str]]] = [
        (UniformNormalisation(COLUMNS, np.array([1.5, 1.2])), "lnU", ["1.5", "-", "1.2"]),
        (UniformNormalisation(COLUMNS, np.array([1.5, 1.2]), np.array([0.5, 0.9])), "lnU", ["0.5/1.5", "-", "0.9/1.2"]),
        (ControlRegion(COLUMNS, 36, np.array([2.5, 0.5])), "gmN 36", ["2.5", "-", "0.5"]),
        (GammaNormalisation(COLUMNS, 0.3), "gmM", ["0.3", "-", "0.3"]),
        (LinearNormalisation(COLUMNS, np.array([0.1, -0.2]), "trG"), "trG", ["0.1", "-", "-0.2"]),
        (LinearNormalisation(COLUMNS, np.array([0.1, 0.2]), "unif", (-1.0, 0.5)), "unif -1 0.5", ["0.1", "-", "0.2"]),
        (LinearNormalisation(COLUMNS, np.array([0.1, 0.2]), "dFD", (5.0,)), "dFD 5", ["0.1", "-", "0.2"]),
        (MorphedShape(COLUMNS, FLAT, FLAT, np.array([1.0, 0.5]), "shapeN"), "shapeN", ["1.0", "-", "0.5"]),
    ]
    for effect, keyword, cells in cases:
        with case(effect, keyword, cells):
            nuisance = Nuisance("nuisance", (effect,))
            assert nuisance.keyword == keyword
            assert nuisance.cells(3) == cells


def test_stated_keyword() -> None:
    """A row that was read keeps the keyword that it was read with."""
    effect = UniformNormalisation(COLUMNS, np.array([1.5, 1.2]))
    assert Nuisance("nuisance", (effect,), stated="shapeU?").keyword == "shapeU?"
