"""Maps of coverage and of effects: their cells, names and colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest
from datacard_plots.maps import MOST_NAMED, STATES, correlations_figure, coverage_figure
from datacard_plots.options import PlotOptions
from datacard_plots.style import plot_style
from matplotlib.collections import QuadMesh

from datacard_core import Column
from tests.support.channels import channel, channel_of, factors, shifted
from tests.support.drawings import draw

if TYPE_CHECKING:
    from pathlib import Path

MADE = channel(
    shifted("jes", [1], [[2, 3]], [[-1, -1]]),
    factors("lumi", [0, 3], [1.1, 0.8]),
    factors("norm", [2], [1.5]),
)


@pytest.mark.slow
def test_coverage() -> None:
    """Each cell has the state of the nuisance on the column, with rows and columns named."""
    with plot_style():
        figure = coverage_figure(MADE, PlotOptions())
    axes = figure.axes[0]
    (mesh,) = axes.findobj(QuadMesh)
    states = list(STATES)
    cells = [[states[int(state)] for state in row] for row in np.asarray(mesh.get_array())]
    assert cells == [
        ["none", "own", "none", "none"],
        ["factor", "none", "none", "factor"],
        ["none", "none", "factor", "none"],
    ]
    _, first, second, _, *names = (text.get_text() for text in axes.texts if text.get_text())
    assert (first, second) == ("top 2022", "top 2023")
    assert names[:3] == ["jes", "lumi", "norm"]


@pytest.mark.slow
def test_effects() -> None:
    """Each cell has the change of the yield at +1 σ in per cent; cells without an effect have no colour."""
    with plot_style():
        figure = correlations_figure(MADE, PlotOptions(nuisances="l*"))
    (mesh,) = figure.axes[0].findobj(QuadMesh)
    cells: Any = np.ma.asarray(mesh.get_array())
    np.testing.assert_allclose(cells.filled(np.nan), [[10, np.nan, np.nan, -20]])


@pytest.mark.slow
def test_long_names_of_columns() -> None:
    """Columns of long names that differ in the middle have different texts."""
    names = [f"GluGluToHHTo2B2Tau_node_cHHH{kl}_TuneCP5_PSWeights_madgraph-pythia8" for kl in (1, 5)]
    columns = tuple(Column(f"{name}_2022", name, "2022", number) for number, name in enumerate(names))
    with plot_style():
        figure = coverage_figure(channel(values=[[1, 2], [3, 4]], columns=columns), PlotOptions())
    first, second, *_ = (text.get_text() for text in figure.axes[0].texts if text.get_text())
    assert "cHHH1" in first
    assert "cHHH5" in second


@pytest.mark.slow
@pytest.mark.parametrize("name", ["coverage", "correlations"])
def test_any_channel(name: str, tmp_path: Path) -> None:
    """A channel without nuisances and one of very many columns can be drawn, to equal bytes."""
    first, second = (draw(name, channel(), tmp_path / f"{number}.pdf") for number in range(2))
    assert first == second
    many = attrs.evolve(channel_of(MOST_NAMED + 1), nuisances=(factors("a", [0], [2.0]),))
    assert draw(name, many, tmp_path / "many.pdf").startswith(b"%PDF-")
