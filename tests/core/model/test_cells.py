"""Cells: the effect of each parameter on each column, as text."""

from __future__ import annotations

import numpy as np

from datacard_core import FormulaFactor, FreeParameter, ImportedFactor, Model, Nuisance, Shape, Templates
from datacard_core.model.cells import cells_of
from tests.support.channels import VALUES, VARIANCES, channel, factors, shape


def test_cells_of_rows() -> None:
    """Cells of log-normal rows are as in the card; those of templates are the factors on the yield, down first."""
    # 30 events of column 1 become 33 and 24; 70 of column 2 become 77 and 70, with a scale of 0.5.
    jes = Nuisance("jes", (shape([1, 2], [[1, 2], [3, 4]], [[-2, -4], [0, 0]], [1, 0.5]),), "shape")
    made = channel(factors("lumi", [0, 3], [1.02, 1.03], [0.9, 0.95]), jes)
    cells = [(cell.nuisance, cell.keyword, cell.process, cell.year, cell.value) for cell in cells_of(Model.of([made]))]
    assert cells == [
        ("lumi", "lnN", "signal", "2022", "0.9/1.02"),
        ("lumi", "lnN", "vjets", "2022", "0.95/1.03"),
        ("jes", "shape", "top", "2022", "0.800/1.100"),
        ("jes", "shape", "top", "2023", "1.000/1.100 at 0.5"),
    ]


def test_column_without_yield() -> None:
    """The cell of the row stands where a column has no yield to compare with."""
    empty = VALUES * [[1], [0], [1], [1]]
    up = Templates(np.ones((1, 2)), VARIANCES[[1]])
    made = channel(Nuisance("jes", (Shape(np.array([1]), up, up, np.ones(1)),), "shape"), values=empty)
    assert [cell.value for cell in cells_of(Model.of([made]))] == ["1.0"]


def test_cells_of_factors() -> None:
    """Parameters and functions that multiply yields have cells with start, range, formula or file."""
    columns = np.array([1, 2])
    directives = (
        FreeParameter("SF", columns, 1.0, (0.0, 5.0)),
        FreeParameter("k", columns[:1]),
        FormulaFactor("f", columns[:1], "@0*@1", ("SF", "k")),
        ImportedFactor("w", columns[:1], "file.root:ws"),
    )
    cells = [
        (cell.nuisance, cell.keyword, cell.year, cell.value)
        for cell in cells_of(Model.of([channel(directives=directives)]))
    ]
    assert cells == [
        ("SF", "rateParam", "2022", "1 [0,5]"),
        ("SF", "rateParam", "2023", "1 [0,5]"),
        ("k", "rateParam", "2022", "1"),
        ("f", "rateParam", "2022", "@0*@1 of SF,k"),
        ("w", "rateParam", "2022", "file.root:ws"),
    ]


def test_signals() -> None:
    """Cells of signals say so."""
    assert [cell.is_signal for cell in cells_of(Model.of([channel(factors("lumi", [0, 1], [1.1, 1.1]))]))] == [
        True,
        False,
    ]
