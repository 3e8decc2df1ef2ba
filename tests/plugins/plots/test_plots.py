"""The plots as files: any channel can be drawn, and equal channels give equal bytes everywhere."""

from __future__ import annotations

import hashlib
import json
import pickle
import warnings
from typing import TYPE_CHECKING, Any

import attrs
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from datacard_core import Axis, Column, Datacard, FreeParameter, Nuisance, Templates, load_plugins, picture
from tests.support.cases import case
from tests.support.channels import COLUMNS, VALUES, VARIANCES, Gamma, all_shifted, channel, channel_of, factors, shifted
from tests.support.drawings import PLOTS, draw, pages
from tests.support.processes import elsewhere

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CardArguments

NAMES = ("a_b", "$x$", "x$y", r"\alpha_{", "木ü", "%s{}", "n" * 300)
HARD = {
    "nothing at all": channel(values=np.zeros((4, 2)), nominal=Templates(np.zeros((4, 2)), np.zeros((4, 2)))),
    "one bin, one column": channel_of(1, bins=1),
    "no background": channel_of(0, 2),
    "bins of other widths, one empty": channel(values=VALUES * [1, 0], axis=Axis(np.array([0.0, 1.0, 1000.0]), "x")),
    "edges at infinity, huge errors": channel(
        nominal=Templates(VALUES, VARIANCES * 1e12), axis=Axis(np.array([-np.inf, 0.0, np.inf]), "x")
    ),
    "many categories, no signal": channel_of(
        2, bins=300, axis=Axis(np.arange(301.0), "x", categories=tuple(map(str, range(300))))
    ),
    "many bins, large numbers": channel_of(
        3, 1, bins=300, nominal=Templates(np.full((4, 300), 1e30), np.full((4, 300), 1e60))
    ),
    "a thousand processes": channel_of(1000, 1),
    "odd names": channel_of(
        len(NAMES),
        columns=tuple(Column(f"{name}_2022", name, "2022", row + 1) for row, name in enumerate(NAMES)),
        bin="$SR_{",
        axis=Axis(np.arange(3.0), "x", "a_$b", categories=("$ee$", "µµ_木")),
    ),
    "small numbers, no data": channel_of(
        3, 1, nominal=Templates(np.full((4, 2), 1e-30), np.full((4, 2), 1e-60)), has_data=False
    ),
    "numbers far from each other": channel(values=[[1e-20, 1e20]], columns=COLUMNS[1:2], has_data=False),
}
"""Channels that are hard to draw. One figure has two difficulties if neither of them hides the other."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stack", "variations"])
def test_any_channel(name: str, tmp_path: Path) -> None:
    """Any channel can be drawn, on one complete page."""
    for what, made in HARD.items():
        nuisances = (all_shifted(made, "jes_$a$_b" if what == "odd names" else "jes"),)
        if what == "a thousand processes":
            nuisances = (factors("lumi", range(len(made.columns)), [1.1] * len(made.columns)),)
        with case(what):
            pdf = draw(name, attrs.evolve(made, nuisances=nuisances), tmp_path / "plot.pdf")
            assert pdf.startswith(b"%PDF-")
            assert pdf.rstrip().endswith(b"%%EOF")
            assert pages(pdf) == 1


VARIED = channel(
    shifted("jes", [0, 1, 2], [[1, 1], [2, 3], [4, 5]], [[0, 0], [-1, -1], [-2, 0]]),
    factors("lumi", [0, 1, 2, 3], [1.02] * 4),
    Nuisance("gmn", (Gamma(np.array([3])),), "gmN"),
    axis=Axis(np.arange(3.0), "x", "$p_T$", categories=("$a", "木")),
    directives=(FreeParameter("SF_top", np.array([1]), 1.0),),
)
"""A channel with every kind of effect and directive."""


@pytest.fixture(scope="module", params=["stack", "variations"])
def name(request: pytest.FixtureRequest) -> str:
    """The name of a plot."""
    return str(request.param)


@pytest.fixture(scope="module")
def drawn() -> dict[str, bytes]:
    """Each plot of the channel above, which gives no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return {name: picture(VARIED, name, suffix=".pdf").content for name in PLOTS}


@pytest.fixture(scope="module")
def reference(name: str, drawn: dict[str, bytes]) -> bytes:
    """The plot of the channel above."""
    return drawn[name]


class TestEqualBytes:
    @pytest.mark.slow
    def test_date(self, reference: bytes) -> None:
        """The file contains no date."""
        assert b"Date" not in reference
        assert b"/Creator" in reference

    @pytest.mark.slow
    def test_style_of_the_analysis(self, name: str, reference: bytes, tmp_path: Path) -> None:
        """A second drawing has equal bytes; the style of the analysis has no influence, and is restored afterwards."""
        chosen: Any = {
            "font.size": 30,
            "font.family": "serif",
            "lines.linewidth": 9,
            "axes.grid": True,
            "text.usetex": True,
            "pdf.compression": 0,
            "savefig.bbox": "tight",
            "axes.facecolor": "red",
        }
        with mpl.rc_context(chosen):
            style = dict(mpl.rcParams)
            assert draw(name, VARIED, tmp_path / "after.pdf") == reference
            assert dict(mpl.rcParams) == style

    @pytest.mark.slow
    def test_another_channel(self, name: str, reference: bytes, tmp_path: Path) -> None:
        """Another channel gives another file."""
        other = attrs.evolve(VARIED, nuisances=(shifted("jes", [1], [[2, 3]], [[-1, -1]]),))
        assert draw(name, other, tmp_path / "other.pdf") != reference


# Prints, as JSON: the modules of matplotlib after the selection of the plugin; then, after drawing, whether matplotlib
# and pyplot are loaded; and the hash of each plot.
FRESH = """
import hashlib, json, pathlib, pickle, sys
from datacard_core import load_plugins
plots = load_plugins('plots').plots
selected = [name for name in sys.modules if name.startswith('matplotlib')]
channel = pickle.loads(pathlib.Path('channel').read_bytes())
hashes = []
for name in sorted(plots):
    path = pathlib.Path(name + '.pdf')
    plots[name].value.draw(channel, path)
    hashes.append(hashlib.sha256(path.read_bytes()).hexdigest())
loaded = [name in sys.modules for name in ('matplotlib', 'matplotlib.pyplot')]
print(json.dumps({'selected': selected, 'loaded': loaded, 'hashes': hashes}))
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The output of a process that differs from this one in hash seed and time zone."""
    folder = tmp_path_factory.mktemp("fresh")
    (folder / "channel").write_bytes(pickle.dumps(VARIED))
    done = elsewhere(FRESH, directory=folder)
    assert (done.status, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_bytes_of_other_processes(drawn: dict[str, bytes], fresh: dict[str, Any]) -> None:
    """Hash seeds, time zones and the time have no influence on the bytes."""
    assert fresh["hashes"] == [hashlib.sha256(drawn[name]).hexdigest() for name in sorted(drawn)]


@pytest.mark.slow
def test_imports_of_other_processes(fresh: dict[str, Any]) -> None:
    """Selecting the plugin does not import matplotlib, and drawing does not import pyplot."""
    assert (fresh["selected"], fresh["loaded"]) == ([], [True, False])


@pytest.mark.slow
def test_plots_of_a_card(card_arguments: CardArguments, tmp_path: Path) -> None:
    """A card draws each plot of the plugin to one file, and leaves no figure of pyplot open."""
    made = Datacard(**card_arguments())
    paths = made.plot(tmp_path)
    names = ["correlations", "coverage", "stack", "variations"]
    assert sorted(path.name for path in paths) == [f"{name}_SR_2022_2023.pdf" for name in names]
    assert [pages(path.read_bytes()) for path in paths] == [1, 1, 1, 1]
    assert plt.get_fignums() == []


@pytest.mark.slow
def test_no_open_figures(drawn: dict[str, bytes]) -> None:
    """A picture of each plot leaves no figure of pyplot open, and gives no warning."""
    assert sorted(name for name, pdf in drawn.items() if pdf) == ["correlations", "coverage", "stack", "variations"]
    assert plt.get_fignums() == []


@pytest.mark.slow
def test_card_without_the_plugin(card_arguments: CardArguments) -> None:
    """The plugin has no influence on the text of a card."""
    without = load_plugins("lnn", "shape", "mcstats", "checks", "combine", "root")
    assert Datacard(**card_arguments()).content() == Datacard(**card_arguments(plugins=without)).content()
