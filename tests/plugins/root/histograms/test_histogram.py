"""The axis of a TH1D: edges, labels and title."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pytest
import uproot

from tests.support.root_files import LABELLED, UNIFORM, VARIABLE, some, written

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Axis


def test_uniform_axis(tmp_path: Path) -> None:
    """Bins of equal width are a regular axis, without an array of edges."""
    with uproot.open(written(some(UNIFORM), tmp_path)) as file:
        axis = file["tt_2018_nominal"].axis()
        assert axis.edges().tolist() == UNIFORM.edges.tolist()
        assert len(axis.member("fXbins")) == 0


def test_variable_axis(tmp_path: Path) -> None:
    """Bins of different widths keep their edges."""
    with uproot.open(written(some(VARIABLE), tmp_path)) as file:
        axis = file["tt_2018_nominal"].axis()
        assert np.asarray(axis.member("fXbins")).tolist() == VARIABLE.edges.tolist()
        assert (axis.member("fNbins"), axis.member("fXmin"), axis.member("fXmax")) == (4, 0, 500)


def test_labels_of_categories(tmp_path: Path) -> None:
    """Categories are labels of bins, numbered from 1."""
    with uproot.open(written(some(LABELLED), tmp_path)) as file:
        axis = file["tt_2018_nominal"].axis()
        assert axis.labels() == list(LABELLED.categories or ())
        assert [label.bases[0].member("@fUniqueID") for label in axis.member("fLabels")] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("axis", "title"), [(UNIFORM, "DNN score"), (VARIABLE, "pt"), (attrs.evolve(UNIFORM, label="η µ"), "η µ")]
)
def test_title(axis: Axis, title: str, tmp_path: Path) -> None:
    """The title of the axis is its label or, without one, its name."""
    with uproot.open(written(some(axis), tmp_path)) as file:
        assert file["tt_2018_nominal"].axis().member("fTitle") == title
