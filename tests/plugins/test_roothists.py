"""The histogram source `roothists`: histograms in ROOT files by a pattern of their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import hist
import numpy as np
import pytest
import uproot

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    Category,
    DatacardError,
    InputError,
    Systematics,
    SystematicUncertainty,
    Unroll,
    load_plugins,
)
from datacard_core.testing import assert_plugin
from tests.support import grids
from tests.support import outputs as by_hand

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

YEARS = ["2018"]
TEMPLATES = {
    "SR/Signal": [1.0, 2.0],
    "SR/TTbar": [10.0, 20.0],
    "SR/TTbar_JES_absUp": [11.0, 22.0],
    "SR/TTbar_JES_absDown": [9.0, 18.0],
    "SR/data_obs": [12.0, 20.0],
    "CR/Signal": [0.0, 0.0, 1.0],
    "CR/TTbar": [5.0, 6.0, 7.0],
    "CR/data_obs": [5.0, 6.0, 7.0],
}


def th1(values: Sequence[float]) -> hist.Hist[Any]:
    """A histogram with twice its values as variances."""
    histogram: hist.Hist[Any] = hist.Hist(
        hist.axis.Variable(np.arange(len(values) + 1.0) ** 2, name="m", label="m"), storage=hist.storage.Weight()
    )
    histogram[...] = np.stack([values, 2 * np.array(values)], axis=-1)
    return histogram


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with uproot.recreate(tmp_path / "templates.root") as written:
        for name, values in TEMPLATES.items():
            written[name] = th1(values)
        written["tree"] = {"x": np.array([1.0])}
    return tmp_path / "templates.root"


def analysis(**options: Any) -> Analysis:
    return Analysis(
        years=YEARS,
        mc_processes=by_hand.two_processes(YEARS),
        data_processes=by_hand.observation("data_obs", years=YEARS),
        systematics=Systematics([SystematicUncertainty("JES_abs", "shape", ["ttbar"], YEARS, 1)]),
        categories={"SR": Category("SR"), "CR": Category("CR")},
        plugins=load_plugins(*DEFAULT_PLUGINS, ("roothists", {"years": "2018", **options})),
    )


def test_cards_of_templates(file: Path) -> None:
    """Templates of another program, with other bins in each channel, make cards by declarations."""
    cards = analysis().build(file, source="roothists", verbose=False)
    assert cards["SR"].observation == 32
    np.testing.assert_array_equal(cards["SR"].channel.nominal.values, [[1, 2], [10, 20]])
    np.testing.assert_array_equal(cards["SR"].channel.nominal.variances, [[2, 4], [20, 40]])
    assert cards["SR"].rate("ttbar_2018", "JES_absUp") == 33
    np.testing.assert_array_equal(cards["CR"].channel.axis.edges, [0, 1, 4, 9])


def th2(factor: int) -> hist.Hist[Any]:
    """A histogram with the numbers 1, 2, 3, … times a factor in its cells, y side by side and flow included."""
    # ROOT's own names: uproot 4 writes those of the histogram, and uproot 5 writes ROOT's.
    axes = hist.axis.Regular(2, 0, 1, name="xaxis"), hist.axis.Variable(grids.MASS.edges, name="yaxis")
    histogram: hist.Hist[Any] = hist.Hist(*axes, storage=hist.storage.Weight())
    values = factor * np.arange(1.0, 21.0).reshape(4, 5)
    histogram[...] = np.stack([values, 2 * values], axis=-1)
    return histogram


def test_two_dimensions(tmp_path: Path) -> None:
    """A histogram of two dimensions is unrolled by ROOT's names of its axes, and refused with them otherwise."""
    path = tmp_path / "templates.root"
    factors = {"Signal": 1, "TTbar": 10, "TTbar_JES_absUp": 11, "TTbar_JES_absDown": 9, "data_obs": 12}
    with uproot.recreate(path) as written:
        for name, factor in factors.items():
            written[f"SR/{name}"] = th2(factor)
    categories = {"SR": Category("SR", unroll=Unroll(["yaxis", "xaxis"], edges={"yaxis": [0, 20, 40]}))}
    card = attrs.evolve(analysis(), categories=categories).build(path, source="roothists", verbose=False)["SR"]
    # Inside, x has the rows 7, 8, 9 and 12, 13, 14 of y, whose first two cells are joined; then y goes first.
    cells = np.array([7 + 8, 12 + 13, 9, 14])
    np.testing.assert_array_equal(card.channel.nominal.values, [cells, 10 * cells])
    np.testing.assert_array_equal(card.channel.nominal.variances, [2 * cells, 20 * cells])
    np.testing.assert_array_equal(card.channel.data.values, [12 * cells])
    assert card.rate("ttbar_2018", "JES_absUp") == 11 * 63
    assert [part.axis.edges.tolist() for part in card.channel.axis.slices] == [[0, 0.5, 1]] * 2
    with pytest.raises(DatacardError, match=r"it has 2 variable axes \(xaxis, yaxis\), a template has one"):
        attrs.evolve(analysis(), categories={"SR": Category("SR")}).build(path, source="roothists", verbose=False)


def test_other_pattern(file: Path) -> None:
    """A pattern that no histogram follows is told with the names in the file."""
    with pytest.raises(InputError) as raised:
        analysis(key="shapes/{channel}/{process}").build(file, source="roothists", verbose=False)
    assert "no name follows the pattern 'shapes/{channel}/{process}'; there are: SR/Signal, SR/TTbar" in str(
        raised.value
    )


@pytest.mark.slow
def test_conformance(file: Path) -> None:
    """The source meets all that the core expects of one."""
    assert_plugin("roothists", files={"roothists": file})
