"""Figures of results: their pages, their numbers, and their files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import matplotlib.colors
import numpy as np
import pytest
from datacard_fit import Impact, Impacts, Limit, fit, impacts, plot, scan, stages
from datacard_fit.drawing.pages import pages_of
from datacard_fit.drawing.rows import ROWS
from datacard_plots.options import PlotOptions
from datacard_plots.style import DOWN, UP, plot_style
from matplotlib.patches import Rectangle, StepPatch

from datacard_core import DeclarationError
from tests.support.commands import datacard
from tests.support.drawings import pages
from tests.support.likelihoods import of_text

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_fit import Likelihood

CARD = (
    "imax *\njmax *\nkmax *\nbin SR CR\nobservation 25 400\nbin SR SR CR\nprocess sig bkg bkg\nprocess 0 1 1\n"
    "rate 10 15 300\nSF rateParam * bkg 1 [0,5]\nlumi lnN 1.02 - -\n"
)

LIMIT = Limit(poi="r", confidence=0.95, expected=(1, 2, 3, 4, 5), observed=None)


@pytest.fixture(scope="module")
def likelihood(tmp_path_factory: pytest.TempPathFactory) -> Likelihood:
    return of_text(CARD, tmp_path_factory.mktemp("card"))


def figures(*results: Any, **options: Any) -> list[Any]:
    given = PlotOptions(**options)
    with plot_style(given):
        return list(pages_of(*results, options=given))


def texts(figure: Any) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def impact(name: str, shift: tuple[float, float], *, prefit: tuple[float, float, float] = (-1, 0, 1)) -> Impact:
    poi = (1 + shift[0], 1.0, 1 + shift[1])
    return Impact(name=name, kind="Gaussian", prefit=prefit, fitted=(-0.5, 0.4, 1.4), poi=poi)


def impacts_of(*found: Impact) -> Impacts:
    return Impacts(poi="r", fitted=(0.5, 1.0, 1.6), impacts=found)


class TestImpacts:
    @pytest.mark.slow
    def test_bars(self) -> None:
        """Each end of a parameter's interval is a bar of its colour, as long as the shift of the POI."""
        (figure,) = figures(impacts_of(impact("jes", (-0.3, 0.2))))
        # The first one is the grey of its row.
        _, *found = (patch for patch in figure.axes[1].patches if isinstance(patch, Rectangle))
        bars = {matplotlib.colors.to_hex(bar.get_facecolor()): bar.get_width() for bar in found}
        assert bars == {DOWN: pytest.approx(-0.3), UP: pytest.approx(0.2)}

    @pytest.mark.slow
    def test_pull(self) -> None:
        """The point is the fitted value and its ends, in widths of the constraint."""
        (figure,) = figures(impacts_of(impact("jes", (-0.3, 0.2), prefit=(-2, 0, 2))))
        (points,) = figure.axes[0].containers
        assert points[0].get_xdata().tolist() == [pytest.approx(0.2)]
        ((start, end),) = points[2][0].get_segments()
        assert (start[0], end[0]) == (pytest.approx(-0.25), pytest.approx(0.7))

    @pytest.mark.slow
    def test_pages(self) -> None:
        """Thirty parameters are on a page, with running numbers."""
        found = figures(impacts_of(*(impact(f"n{at}", (-0.1, 0.1)) for at in range(ROWS + 2))))
        assert len(found) == 2
        assert f"{ROWS + 1}  n{ROWS}" in texts(found[1])

    @pytest.mark.slow
    def test_missing_numbers(self) -> None:
        """An end that was not found is a question mark, and a free parameter has its value in place of a pull."""
        (figure,) = figures(impacts_of(impact("k", (math.nan, 0.2), prefit=(1, 1, 1))))
        assert "?" in texts(figure)
        assert any(text.startswith("0.4 $") for text in texts(figure))

    @pytest.mark.slow
    def test_hostile_names(self) -> None:
        """A name with dollars is drawn as it is."""
        (figure,) = figures(impacts_of(impact(r"$\frac$", (-0.1, 0.1))))
        figure.canvas.draw()


class TestFit:
    @pytest.mark.slow
    def test_pulls_and_correlations(self, likelihood: Likelihood) -> None:
        """A fit has a page of pulls, without the POI, and one of correlations, with it."""
        pulls, correlations = figures(fit(likelihood))
        assert {text.split("  ")[-1] for text in texts(pulls) if "  " in text} == {"SF", "lumi"}
        # Along either axis.
        assert [text for text in texts(correlations) if text in ("r", "lumi", "SF")] == 2 * ["r", "lumi", "SF"]

    @pytest.mark.slow
    def test_pulls_beside_impacts(self, likelihood: Likelihood) -> None:
        """Pulls that a page of impacts shows are not drawn again, and those of another fit are."""
        found = impacts(likelihood)
        assert len(figures(found, fit(likelihood))) == 2
        other = fit(likelihood, data=likelihood.asimov({"r": 3.0}))
        assert [len(one.axes) for one in figures(other)] == [len(one.axes) for one in figures(found, other)[1:]]

    @pytest.mark.slow
    def test_stacks(self, likelihood: Likelihood) -> None:
        """Each channel has a page with the events after the fit, and the data unless they are blind."""
        made = stages(likelihood)
        first, second = figures(made)
        tops = [patch.get_data()[0].tolist() for patch in first.axes[0].patches if isinstance(patch, StepPatch)]
        assert tops[0] == pytest.approx([20], rel=1e-3)
        assert tops[1] == pytest.approx([25], rel=1e-3)
        assert len(first.axes[0].containers) == len(second.axes[0].containers) == 1
        hidden = attrs.evolve(
            made["fit_s"], channels=tuple(attrs.evolve(one, data=None) for one in made["fit_s"].channels)
        )
        assert not figures({**made, "fit_s": hidden})[0].axes[0].containers
        assert not figures(made, blind=[(0, 1)])[0].axes[0].containers

    @pytest.mark.slow
    def test_ratio_without_events(self, likelihood: Likelihood) -> None:
        """A bin without expected events has no ratio."""
        made = stages(likelihood)
        after = made["fit_s"].channels[0]
        nothing = attrs.evolve(after.total, values=np.zeros_like(after.total.values))
        empty = attrs.evolve(after, sums={**after.sums, "total": nothing})
        figure, _ = figures({**made, "fit_s": attrs.evolve(made["fit_s"], channels=(empty, made["fit_s"].channels[1]))})
        ratio = figure.axes[1]
        steps = [patch.get_data()[0] for patch in ratio.patches if isinstance(patch, StepPatch)]
        assert [np.isnan(values).all() for values in steps] == [True, True]
        assert np.isnan(ratio.containers[0].lines[0].get_ydata()).all()

    @pytest.mark.slow
    def test_data_outside_of_the_ratio(self, likelihood: Likelihood) -> None:
        """Data outside of the range of the ratio are arrows at its ends, and error bars end within the stack."""
        made = stages(likelihood)
        after = made["fit_s"].channels[0]
        # Two of 60 bins are away from the sum of 10: their ratios of 0 and 4 are beyond the range of most bins.
        events = attrs.evolve(after.total, values=np.full(60, 10.0), errors=np.ones(60))
        data = np.array([0.0, 40.0, *[10.0] * 58])
        wide = attrs.evolve(after, processes={"bkg": events}, sums={"total": events}, data=data)
        shapes = attrs.evolve(made["fit_s"], channels=(wide,))
        (figure,) = figures({"prefit": shapes, "fit_s": shapes})
        _, ratio = figure.axes
        arrows = {
            line.get_marker(): line.get_xdata().tolist() for line in ratio.lines if line.get_marker() in ("^", "v")
        }
        assert arrows == {"^": [1.5], "v": [0.5]}
        low, high = ratio.get_ylim()
        assert 0 < low < high < 4
        # The interval of no observed event ends at 1.84.
        few = attrs.evolve(wide, data=np.zeros(60), sums={"total": attrs.evolve(events, values=np.full(60, 0.1))})
        shapes = attrs.evolve(made["fit_s"], channels=(few,))
        assert figures({"prefit": shapes, "fit_s": shapes})[0].axes[0].get_ylim()[1] > 1.84

    @pytest.mark.slow
    def test_years(self, tmp_path: Path) -> None:
        """The layers of a stack are processes, summed over their years."""
        card = CARD.replace("process sig bkg bkg", "process sig bkg_2017 bkg_2018").replace("SR SR CR", "SR SR SR")
        card = card.replace("bin SR CR", "bin SR").replace("25 400", "325").replace("SF rateParam * bkg 1 [0,5]\n", "")
        card = card.replace("process 0 1 1", "process 0 1 2")
        made = stages(of_text(card, tmp_path))
        (channel,) = made["fit_s"].channels
        channel = attrs.evolve(channel, process_of={"sig": "sig", "bkg_2017": "bkg", "bkg_2018": "bkg"})
        (figure,) = figures({**made, "fit_s": attrs.evolve(made["fit_s"], channels=(channel,))})
        assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()][:2] == ["bkg", "sig"]


class TestCurves:
    @pytest.mark.slow
    def test_scan(self, likelihood: Likelihood) -> None:
        """The curve is twice the rise, with lines at the quantiles of χ² of 68 and 95 %."""
        found = scan(likelihood, {"r": [-1.0, 0.0, 1.0, 2.0]})
        (figure,) = figures(found)
        curve, *lines = figure.axes[0].lines
        assert curve.get_ydata() == pytest.approx(2 * found.rise)
        assert [line.get_ydata()[0] for line in lines] == pytest.approx([0.98895, 3.84146], abs=1e-4)

    @pytest.mark.slow
    def test_narrow_scan(self, likelihood: Likelihood) -> None:
        """A level above the curve has neither line nor text, which would stand above the page."""
        found = scan(likelihood, {"r": [0.9, 1.1]})
        (figure,) = figures(attrs.evolve(found, rise=np.array([0.1, 0.6])))
        assert [text for text in texts(figure) if "%" in text] == ["68 %"]
        assert len(figure.axes[0].lines) == 2

    @pytest.mark.slow
    def test_plane(self, likelihood: Likelihood) -> None:
        """Contours in two parameters are at -2·ln(1 - confidence)."""
        (figure,) = figures(scan(likelihood, {"r": [-1.0, 0.0, 1.0, 2.0], "SF": [1.0, 1.3, 1.6]}))
        assert {"r", "SF"} <= set(texts(figure))
        contours = [one for one in figure.axes[0].collections if hasattr(one, "levels")]
        assert not contours or list(contours[0].levels) == pytest.approx([2.2789, 5.9915], abs=1e-3)

    @pytest.mark.slow
    def test_limits(self) -> None:
        """Limits by numbers are bands over them in order, others are rows, observed ones only where they are there."""
        two = attrs.evolve(LIMIT, expected=(2, 3, 4, 5, 6), observed=4.5)
        (bands,) = figures({125: LIMIT, 120: two})
        median, observed = bands.axes[0].lines
        assert (median.get_xdata().tolist(), median.get_ydata().tolist()) == ([120, 125], [4, 3])
        assert observed.get_ydata()[0] == 4.5
        (rows,) = figures({"SR": LIMIT, "CR": two})
        assert [text for text in texts(rows) if text in ("SR", "CR")] == ["SR", "CR"]

    @pytest.mark.slow
    def test_limits_by_numbers_of_numpy(self) -> None:
        """Whole numbers of numpy are values of a parameter, as those of Python are."""
        numbers: dict[Any, Limit] = {np.int64(125): LIMIT, np.int64(120): LIMIT}
        (bands,) = figures(numbers)
        assert bands.axes[0].lines[0].get_xdata().tolist() == [120, 125]

    @pytest.mark.slow
    def test_limits_of_several_pois(self) -> None:
        """The label of the axis names the POI and the confidence level of each limit."""
        poi, level = attrs.evolve(LIMIT, poi="r_qqH"), attrs.evolve(LIMIT, confidence=0.9)
        assert "95 % CL limit on r and r_qqH" in texts(figures({"ggH": LIMIT, "qqH": poi})[0])
        assert "95 % and 90 % CL limit on r" in texts(figures({"a": LIMIT, "b": level})[0])


class TestFiles:
    @pytest.mark.slow
    def test_formats(self, tmp_path: Path) -> None:
        """A PDF holds all figures; of the others there is one for each, and equal results give equal bytes."""
        # The same result twice: a light figure, and two pages whose files must be equal.
        twice = [LIMIT, LIMIT]
        assert plot(tmp_path / "all.svg", *twice) == [tmp_path / "all-1.svg", tmp_path / "all-2.svg"]
        assert (tmp_path / "all-1.svg").read_bytes() == (tmp_path / "all-2.svg").read_bytes()
        assert plot(tmp_path / "all.pdf", *twice, experiment="CMS", lumi=138) == [tmp_path / "all.pdf"]
        before = (tmp_path / "all.pdf").read_bytes()
        assert pages(before) == 2
        plot(tmp_path / "all.pdf", *twice, experiment="CMS", lumi=138)
        assert (tmp_path / "all.pdf").read_bytes() == before

    def test_refusals(self, tmp_path: Path) -> None:
        """A format, an option and a result that there is none of are refused, and no file is written."""
        cases: list[tuple[str, list[Any], dict[str, Any], str]] = [
            ("fit.gif", [], {}, r"plots end in \.pdf, \.svg, \.png"),
            ("fit.pdf", [], {"lumy": 3}, "no option 'lumy'.*did you mean 'lumi'"),
            # An option of the plots of cards that no figure of results has.
            ("fit.pdf", [LIMIT], {"labels": {"bkg": "background"}}, "no option 'labels'"),
            ("fit.pdf", [impacts_of()], {}, "no figure to draw, expected a result with parameters"),
            ("fit.pdf", [3], {}, "int has no drawing"),
            ("fit.pdf", [{}], {}, "dict has no drawing"),
        ]
        for name, results, options, told in cases:
            with pytest.raises(DeclarationError, match=told):
                plot(tmp_path / name, *results, **options)
        assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_commands(tmp_path: Path) -> None:
    """Each verb draws to the file of --plot; limits of each card have a row of their own."""
    # One channel, of which a fit has a page.
    card = (
        "imax *\njmax *\nkmax *\nbin SR\nobservation 25\nbin SR SR\nprocess sig bkg\nprocess 0 1\nrate 10 15\n"
        "lumi lnN 1.02 -\n"
    )
    (tmp_path / "card.txt").write_text(card, encoding="utf-8")
    (tmp_path / "other.txt").write_text(card.replace("SR", "B"), encoding="utf-8")
    for verb, *more in (["fit"], ["impacts"], ["scan", "--grid", "r=0,2,3"], ["limit", "--each"]):
        result = datacard(verb, tmp_path / "card.txt", *more, "--plot", tmp_path / f"{verb}.pdf", "--lumi", "138")
        assert result.exit_code == 0, result.output
        assert (tmp_path / f"{verb}.pdf").read_bytes().startswith(b"%PDF")
    lines = datacard("limit", tmp_path / "card.txt", tmp_path / "other.txt", "--each").stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["other", "other", "card", "card", "combined", "combined"]
