"""The file with the axes of unrolled channels beside a card."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import hist
import numpy as np
import pytest

from datacard_core import InputError, read_axes
from tests.support import grids, outputs

if TYPE_CHECKING:
    from pathlib import Path


def test_file_of_axes(tmp_path: Path) -> None:
    """The file beside the card has the edges and labels of all slices, by which values of a fit are divided."""
    made = grids.output(hist.axis.Variable([-np.inf, 0, np.inf], name="score", label="Score", flow=False), grids.REGION)
    card = outputs.card(made, unroll=["score", "region"])
    card.dump(tmp_path)
    (axis,) = read_axes(tmp_path / "datacard_axes.json").values()
    assert [part.tolist() for part in axis.divided(np.array([1, 2, 3, 4]))] == [[1, 2], [3, 4]]
    assert [part.title for part in axis.slices] == ["Score: -inf to 0", "Score: 0 to inf"]
    assert axis.same_binning(card.channel.axis)
    assert {part.axis.categories for part in axis.slices} == {("low", "high")}
    document = json.loads((tmp_path / "datacard_axes.json").read_text())
    assert (document["format"], document["version"]) == ("datacard-axes", 1)
    (tmp_path / "datacard_axes.json").write_text(json.dumps({**document, "version": 2}))
    with pytest.raises(InputError, match="version 2, expected 'datacard-axes', version 1"):
        read_axes(tmp_path / "datacard_axes.json")


def test_no_file_for_one_variable(tmp_path: Path) -> None:
    """A card of one variable has no further file."""
    outputs.card(outputs.signal_and_ttbar(nominal=[1, 2, 3])).dump(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["datacard.txt", "shapes.root"]
