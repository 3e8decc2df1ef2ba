"""Contents, errors and statistics of the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pytest
import uproot
from datacard_root.writing import BLOCK

from datacard_core import Axis, NamedTemplates, Templates
from tests.support.root_files import LABELLED, UNIFORM, VARIABLE, some, written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize("axis", [UNIFORM, VARIABLE, LABELLED], ids=lambda axis: axis.name)
@pytest.mark.parametrize("number", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_contents_and_errors(axis: Axis, number: int, tmp_path: Path) -> None:
    """Contents and errors read back exactly, and flow bins are empty."""
    templates = some(axis, tuple(f"p{i}" for i in range(number)))
    with uproot.open(written(templates, tmp_path)) as file:
        for i in {0, number // 2, number - 1}:
            histogram = file[templates.names[i]]
            values, variances = templates.templates.values[i], templates.templates.variances[i]
            assert histogram.values(flow=True).tolist() == [0, *values, 0]
            assert histogram.variances(flow=True).tolist() == [0, *variances, 0]
            assert histogram.errors().tolist() == np.sqrt(variances).tolist()


def test_statistics(tmp_path: Path) -> None:
    """Statistics follow from contents and errors, as TH1::ResetStats computes them."""
    templates = NamedTemplates(
        ("a", "empty", "negative", "exact"),
        Templates(
            np.array([[1.0, 2.0, 3.0, 4.0], [0.0] * 4, [-2.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 0.0]]),
            np.array([[0.5, 1.0, 1.5, 2.0], [0.0] * 4, [1.0, 0.0, 0.0, 0.0], [0.0] * 4]),
        ),
        UNIFORM,
    )
    statistics = ("fEntries", "fTsumw", "fTsumw2", "fTsumwx", "fTsumwx2")
    with uproot.open(written(templates, tmp_path)) as file:
        found = {name: [file[name].member(member) for member in statistics] for name in templates.names}
    assert found == {
        "a": [10.0**2 / 5.0, 10.0, 5.0, 0.125 + 0.75 + 1.875 + 3.5, 0.015625 + 0.28125 + 1.171875 + 3.0625],
        "empty": [0.0] * 5,
        "negative": [4.0, -2.0, 1.0, -0.25, -0.03125],
        "exact": [3.0, 3.0, 0.0, 0.375, 0.046875],
    }


def test_layout_in_memory(tmp_path: Path) -> None:
    """The memory layout of the arrays has no influence on the bytes."""
    templates = some(attrs.evolve(UNIFORM, edges=np.linspace(0, 1, 101)), tuple(f"p{i}" for i in range(50)))
    strided = Templates(*(np.asfortranarray(array) for array in attrs.astuple(templates.templates)))
    once = written(templates, tmp_path).read_bytes()
    assert written(attrs.evolve(templates, templates=strided), tmp_path).read_bytes() == once
