"""The built-in plots: numbers worked out by hand, and files that are the same whoever draws them in whatever style."""

from __future__ import annotations

import hashlib
import json
import math
import os
import pickle
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import attrs
import matplotlib as mpl
import numpy as np
import pytest
from datacard_plots.intervals import MOST_TERMS, TAIL, error_bars
from datacard_plots.pages import MOST_PANELS, page_figures
from datacard_plots.prefit import prefit
from datacard_plots.stack import MOST_BACKGROUNDS, MOST_SIGNALS, stack_figure
from datacard_plots.style import COLOURS, colour, formula, hatch, listing, own_style, plain
from datacard_plots.varied import varied_processes, without_templates
from matplotlib.colors import to_hex
from matplotlib.patches import StepPatch
from matplotlib.text import Text

from datacard_core import (
    Axis,
    BinByBinStatistics,
    Channel,
    Column,
    Datacard,
    Directive,
    Effect,
    FreeParameter,
    Normalisation,
    Nuisance,
    RawLine,
    Shape,
    Statement,
    Templates,
    load_plugins,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tests.conftest import CardArguments

PLOTS = load_plugins("plots").plots
COLUMNS = (
    Column("signal_2022", "signal", "2022", 0),
    Column("top_2022", "top", "2022", 1),
    Column("top_2023", "top", "2023", 2),
    Column("vjets_2022", "vjets", "2022", 3),
)
VALUES = np.array([[1.0, 2.0], [10.0, 20.0], [30.0, 40.0], [5.0, 5.0]])
VARIANCES = np.array([[7.0, 7.0], [4.0, 9.0], [5.0, 7.0], [0.0, 0.0]])
# The background is (45, 65), with variances (9, 16).


def channel(
    *nuisances: Nuisance, values: Any = VALUES, columns: tuple[Column, ...] = COLUMNS, **changes: Any
) -> Channel:
    """The four columns above, if nothing else is said, with data that are the background."""
    values = np.array(values, dtype=float)
    bins = values.shape[1]
    variances = VARIANCES if values.shape == VARIANCES.shape else values
    background = np.array([not column.is_signal for column in columns], dtype=bool)
    data = np.round(values[background].sum(axis=0, keepdims=True))
    arguments: dict[str, Any] = {
        "bin": "SR_2022_2023",
        "category": "SR",
        "axis": Axis(np.arange(bins + 1.0), "x"),
        "columns": columns,
        "nominal": Templates(values, variances),
        "data": Templates(data, data),
        "has_data": True,
        "nuisances": nuisances,
        "statements": tuple(map(Statement, changes.pop("directives", ()))),
    }
    return Channel(**arguments | changes)


def factors(name: str, columns: Sequence[int], up: Sequence[float], down: Sequence[float] | None = None) -> Nuisance:
    at_minus_one = None if down is None else np.array(down)
    return Nuisance(name, (Normalisation(np.array(columns), np.array(up), at_minus_one),), "lnN")


def shape(columns: Sequence[int], up: Any, down: Any, scale: Sequence[float] | None = None) -> Shape:
    """Templates that differ from the nominal by so much."""
    rows = np.array(columns)
    scales = np.ones(len(rows)) if scale is None else np.array(scale)
    at_plus, at_minus = (Templates(VALUES[rows] + np.array(by), VARIANCES[rows]) for by in (up, down))
    return Shape(rows, at_plus, at_minus, scales)


def shifted(name: str, *arguments: Any) -> Nuisance:
    return Nuisance(name, (shape(*arguments),), "shape")


@attrs.frozen(eq=False)
class Gamma(Effect):
    """An effect that a plugin brings."""

    columns: Any
    keyword = "gmN 7"

    def cells(self) -> Sequence[str]:
        return ["0.1"] * len(self.columns)


@attrs.frozen
class Lines(Directive):
    """A directive that a plugin brings."""

    text: tuple[str, ...]

    def lines(self, channel: Channel) -> Iterable[str]:  # noqa: ARG002
        return self.text


def many(backgrounds: int, signals: int = 0, bins: int = 2, **changes: Any) -> Channel:
    """Backgrounds that are smaller one after the other, and signals likewise, each of one year."""
    columns = [Column(f"s{number}_2022", f"s{number}", "2022", -number) for number in range(signals)]
    columns += [Column(f"b{number}_2022", f"b{number}", "2022", number + 1) for number in range(backgrounds)]
    values = [[float(signals - row)] * bins for row in range(signals)]
    values += [[float(backgrounds - row)] * bins for row in range(backgrounds)]
    return channel(**{"values": values, "columns": tuple(columns), **changes})


def every(made: Channel, name: str = "jes") -> Nuisance:
    """Templates of all columns, 10 % up and 20 % down."""
    rows = np.arange(len(made.columns))
    up, down = (Templates(factor * made.nominal.values, made.nominal.variances) for factor in (1.1, 0.8))
    return Nuisance(name, (Shape(rows, up, down, np.ones(len(rows))),), "shape")


def draw(name: str, made: Channel, path: Path) -> bytes:
    PLOTS[name].value.draw(made, path)
    return path.read_bytes()


def pages(pdf: bytes) -> int:
    """How many pages it has: the objects that are one, of which the tree of pages must know as many."""
    found = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert re.findall(rb"/Count\s+(\d+)", pdf) == [str(found).encode()]
    return found


def words(figure: Figure) -> list[str]:
    """All text on a figure as a reader sees it, that of the ticks too."""
    figure.canvas.draw()
    return [text.get_text().replace(r"\$", "$") for text in figure.findobj(Text) if text.get_text()]


def stack_words(made: Channel) -> list[str]:
    with own_style():
        return words(stack_figure(made))


def legend(made: Channel) -> dict[str, Any]:
    """What the legend of the upper axes shows, by its text."""
    with own_style():
        (above,) = [axes for axes in stack_figure(made).axes if axes.get_ylabel() == "Events per bin"]
    return {str(handle.get_label()): handle for handle in above.get_legend_handles_labels()[0]}


class TestBand:
    def test_without_nuisances_it_is_the_root_of_the_variances_of_the_backgrounds(self) -> None:
        expected = prefit(channel())
        assert expected.background.tolist() == [45, 65]
        assert expected.stat.tolist() == expected.up.tolist() == expected.down.tolist() == [3, 4]
        assert not expected.has_syst

    def test_a_lone_factor_is_divided_by_at_minus_one(self) -> None:
        expected = prefit(channel(factors("norm", [3], [2.0])))
        # vjets is 5: +5 and -2.5
        np.testing.assert_allclose(expected.up**2, [9 + 25, 16 + 25])
        np.testing.assert_allclose(expected.down**2, [9 + 6.25, 16 + 6.25])
        assert expected.stat.tolist() == [3, 4]
        assert expected.has_syst

    def test_a_pair_of_factors_is_taken_as_it_is(self) -> None:
        expected = prefit(channel(factors("norm", [1, 2], [1.1, 1.2], [0.5, 0.9])))
        # +1 +6 and +2 +8 up, -5 -3 and -10 -4 down
        np.testing.assert_allclose(expected.up**2, [9 + 49, 16 + 100])
        np.testing.assert_allclose(expected.down**2, [9 + 64, 16 + 196])

    def test_one_nuisance_moves_all_its_columns_together(self) -> None:
        one = prefit(channel(shifted("jes", [1, 2], [[3, 4], [-3, 4]], [[-3, -4], [3, -4]])))
        np.testing.assert_allclose(one.up**2, [9, 16 + 64])
        np.testing.assert_allclose(one.down**2, [9, 16 + 64])

    def test_different_nuisances_add_in_quadrature(self) -> None:
        two = prefit(
            channel(shifted("jes_2022", [1], [[3, 4]], [[-3, -4]]), shifted("jes_2023", [2], [[-3, 4]], [[3, -4]]))
        )
        np.testing.assert_allclose(two.up**2, [9 + 9 + 9, 16 + 16 + 16])
        np.testing.assert_allclose(two.down**2, [9 + 9 + 9, 16 + 16 + 16])

    def test_an_effect_to_one_side_is_on_that_side_alone_and_its_larger_end_counts(self) -> None:
        expected = prefit(channel(shifted("jes", [1], [[3, -2]], [[4, -1]])))
        np.testing.assert_allclose(expected.up**2, [9 + 16, 16])
        np.testing.assert_allclose(expected.down**2, [9, 16 + 4])

    def test_templates_and_factors_of_one_nuisance_move_together(self) -> None:
        mixed = Nuisance("jes", (shape([1], [[2, 2]], [[-2, -2]]), Normalisation(np.array([3]), np.array([2.0]))))
        expected = prefit(channel(mixed))
        # 2 + 5 up, 2 + 2.5 down
        np.testing.assert_allclose(expected.up**2, [9 + 49, 16 + 49])
        np.testing.assert_allclose(expected.down**2, [9 + 20.25, 16 + 20.25])

    @pytest.mark.parametrize(
        ("scale", "up", "down"),
        # with +2 at plus and +1 at minus one from the other process
        [(0.5, 2 + 2, 1 - 1), (2.0, 2 + 8, 4 - 1), (-0.5, 1 + 2, 1 - 2)],
        ids=["half", "twice", "turned-round"],
    )
    def test_the_scale_is_how_far_templates_are_gone_to(self, scale: float, up: float, down: float) -> None:
        mixed = Nuisance("jes", (shape([1], [[4, 4]], [[-2, -2]], [scale]), shape([3], [[2, 2]], [[1, 1]])))
        expected = prefit(channel(mixed))
        np.testing.assert_allclose(expected.up**2, [9 + up**2, 16 + up**2])
        np.testing.assert_allclose(expected.down**2, [9 + max(down, 0) ** 2, 16 + max(down, 0) ** 2])

    def test_what_happens_to_signals_is_not_in_it(self) -> None:
        expected = prefit(channel(factors("signal_scale", [0], [2.0]), shifted("jes", [0], [[9, 9]], [[-1, -1]])))
        assert (expected.up.tolist(), expected.down.tolist()) == ([3, 4], [3, 4])
        assert not expected.has_syst

    def test_a_nuisance_on_signal_and_background_counts_with_its_background(self) -> None:
        expected = prefit(channel(factors("lumi", [0, 3], [3.0, 2.0])))
        np.testing.assert_allclose(expected.up**2, [9 + 25, 16 + 25])

    def test_a_free_parameter_multiplies_yields_and_effects_and_adds_nothing(self) -> None:
        free = FreeParameter("SF_top", np.array([1, 2]), 2.0)
        expected = prefit(channel(shifted("jes", [1], [[3, 4]], [[0, 0]]), directives=(free,)))
        assert expected.background.tolist() == [2 * 40 + 5, 2 * 60 + 5]
        np.testing.assert_allclose(expected.stat**2, [4 * 9, 4 * 16])
        np.testing.assert_allclose(expected.up**2, [4 * 9 + 36, 4 * 16 + 64])
        assert expected.free == (("SF_top", 2.0),)

    def test_processes_are_summed_over_years_in_the_order_of_the_columns(self) -> None:
        found = {process.name: process.values.tolist() for process in prefit(channel()).processes}
        assert list(found.items()) == [("signal", [1, 2]), ("top", [40, 60]), ("vjets", [5, 5])]


class TestWhatIsNotInTheBand:
    def test_an_effect_of_a_plugins_own_on_the_background_is_named(self) -> None:
        made = channel(Nuisance("gmn_$a", (Gamma(np.array([0, 3])),), "gmN"), factors("lumi", [1], [1.1]))
        assert prefit(made).without == ("gmn_$a",)
        assert "Band without: gmn_$a" in stack_words(made)

    def test_its_known_part_is_in_the_band_and_it_is_named_still(self) -> None:
        half = Nuisance("half", (Gamma(np.array([1])), Normalisation(np.array([3]), np.array([2.0]))))
        expected = prefit(channel(half))
        assert expected.without == ("half",)
        np.testing.assert_allclose(expected.up**2, [9 + 25, 16 + 25])

    def test_one_on_signals_alone_is_not(self) -> None:
        made = channel(Nuisance("gmn", (Gamma(np.array([0])),), "gmN"))
        assert prefit(made).without == ()
        assert not [text for text in stack_words(made) if "without" in text]

    @pytest.mark.parametrize(
        ("line", "named"),
        [
            ("theta param 0 1", ["theta"]),
            ("SF rateParam * top_2022 (@0) theta", ["SF"]),
            ("lumi group = lumi_2022", []),
            ("# theta param 0 1", []),
            ("", []),
        ],
    )
    def test_lines_that_may_change_the_background_are_named(self, line: str, named: list[str]) -> None:
        for directive in (RawLine(line), Lines((line,))):
            assert list(prefit(channel(directives=(directive,))).without) == named

    def test_the_cores_own_lines_are_understood(self) -> None:
        directives = (BinByBinStatistics(10), FreeParameter("SF_top", np.array([1]), 1.0))
        made = channel(directives=directives)
        assert prefit(made).without == ()
        assert "Free in the fit, not in the band: SF_top" in stack_words(made)

    def test_a_free_parameter_that_does_not_start_at_1_is_told_with_its_value(self) -> None:
        made = channel(directives=(FreeParameter("SF_top", np.array([1]), 1.5),))
        assert "Free in the fit, not in the band: SF_top (drawn at 1.5)" in stack_words(made)

    def test_of_many_names_some_are_told_and_how_many_more_there_are(self) -> None:
        made = channel(*(Nuisance(f"unknown_{number:03}", (Gamma(np.array([1])),)) for number in range(200)))
        (told,) = [text for text in stack_words(made) if "without" in text]
        assert told.startswith("Band without: unknown_000, unknown_001")
        assert int(re.findall(r"and (\d+) more", told)[0]) + told.count("unknown_") == 200


class TestErrorBars:
    # N. Gehrels, ApJ 303 (1986) 336, tables 1 and 2, S = 1
    @pytest.mark.parametrize(
        ("count", "low", "high"),
        [
            (0, 0, 1.841),
            (1, 0.173, 3.300),
            (2, 0.708, 4.638),
            (3, 1.367, 5.918),
            (10, 6.891, 14.27),
            (100, 90.02, 111.0),
        ],
    )
    def test_counts_have_the_intervals_of_the_tables(self, count: float, low: float, high: float) -> None:
        ((below,), (above,)) = error_bars(np.array([float(count)]), np.array([float(count)]))
        assert count - below == pytest.approx(low, abs=0.0006, rel=1e-4)
        assert count + above == pytest.approx(high, abs=0.0006, rel=5e-4)

    @pytest.mark.parametrize("count", [5, 37, 400, MOST_TERMS, MOST_TERMS + 1, 5 * MOST_TERMS])
    def test_the_ends_are_where_so_few_or_so_many_are_one_sigma_away(self, count: int) -> None:
        ((below,), (above,)) = error_bars(np.array([float(count)]), np.array([1.0]))

        def at_most(most: int, mean: float) -> float:
            return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(most + 1))

        assert at_most(count, count + above) == pytest.approx(0.158655, abs=1e-5)
        assert 1 - at_most(count - 1, count - below) == pytest.approx(0.158655, abs=1e-5)
        assert pytest.approx(0.158655, abs=1e-6) == TAIL

    def test_many_are_a_gaussian(self) -> None:
        ((below,), (above,)) = error_bars(np.array([1e10]), np.array([1e10]))
        assert (below, above) == (pytest.approx(1e5, rel=1e-4), pytest.approx(1e5, rel=1e-4))

    def test_weighted_data_have_the_roots_of_their_variances_in_all_bins(self) -> None:
        bars = error_bars(np.array([4.0, 2.5]), np.array([9.0, 0.25]))
        assert bars.tolist() == [[3, 0.5], [3, 0.5]]

    def test_the_legend_says_which(self) -> None:
        assert "Data" in legend(channel())
        weighted = Templates(np.array([[44.5, 60.0]]), np.array([[40.0, 50.0]]))
        assert "Data, weighted" in legend(channel(data=weighted))


class TestVariedProcesses:
    def test_nominal_up_and_down_are_sums_over_the_columns_with_templates(self) -> None:
        jes = shifted("jes", [0, 1, 2], [[1, 1], [2, 3], [4, 5]], [[0, 0], [-1, -1], [-2, 0]])
        signal, top = varied_processes(channel(jes), jes)
        assert (signal.process, top.process) == ("signal", "top")
        assert top.nominal.tolist() == [40, 60]
        assert top.up.tolist() == [46, 68]
        assert top.down.tolist() == [37, 59]
        np.testing.assert_allclose(top.error**2, [9, 16])
        assert top.change(top.up) == pytest.approx(0.14)
        assert top.years == ()

    def test_a_process_of_which_only_some_years_have_templates_is_those_years(self) -> None:
        jes = shifted("jes", [2], [[4, 5]], [[-2, 0]], [0.5])
        (top,) = varied_processes(channel(jes), jes)
        assert top.nominal.tolist() == [30, 40]
        assert (top.years, top.scales) == (("2023",), (0.5,))

    def test_effects_of_one_nuisance_are_summed_whichever_comes_first(self) -> None:
        parts = (shape([2], [[4, 5]], [[-2, 0]]), shape([1], [[2, 3]], [[-1, -1]]))
        for effects in (parts, parts[::-1]):
            (top,) = varied_processes(channel(), Nuisance("jes", effects))
            assert top.up.tolist() == [46, 68]

    def test_processes_are_in_the_order_of_the_columns_whichever_effect_comes_first(self) -> None:
        parts = (shape([3], [[1, 1]], [[-1, -1]]), shape([1], [[2, 3]], [[-1, -1]]))
        found = varied_processes(channel(), Nuisance("jes", parts))
        assert [process.process for process in found] == ["top", "vjets"]

    def test_processes_with_other_effects_are_named_apart(self) -> None:
        mixed = Nuisance("jes", (shape([1], [[2, 2]], [[-2, -2]]), Normalisation(np.array([0, 3]), np.array([2.0, 2]))))
        assert without_templates(channel(), mixed) == ("signal", "vjets")

    def test_without_yield_there_is_no_relative_change(self) -> None:
        made = many(1, bins=2, nominal=Templates(np.zeros((1, 2)), np.zeros((1, 2))))
        (process,) = varied_processes(made, every(made))
        assert math.isnan(process.change(process.up))


class TestStack:
    def test_it_says_what_everything_is(self) -> None:
        found = stack_words(channel(factors("lumi", [1], [1.1])))
        wanted = {
            "SR_2022_2023",
            "2022, 2023",
            "Events per bin",
            "Data / bkg.",
            "Unc. (stat. + syst., prefit)",
            "x",
            "top",
        }
        assert wanted <= set(found)

    def test_without_nuisances_on_the_background_the_band_is_statistical_and_says_so(self) -> None:
        found = stack_words(channel(factors("signal_scale", [0], [2.0])))
        assert "Unc. (stat., prefit)" in found
        assert not [text for text in found if "syst" in text]

    def test_backgrounds_are_stacked_the_smallest_at_the_bottom(self) -> None:
        handles = legend(channel())
        top, vjets = (handles[name].get_data() for name in ("top", "vjets"))
        assert (vjets.values.tolist(), vjets.baseline.tolist()) == ([5, 5], [0, 0])
        assert (top.values.tolist(), top.baseline.tolist()) == ([45, 65], [5, 5])

    def test_signals_are_lines_that_are_not_stacked(self) -> None:
        signal = legend(channel())["signal"]
        assert signal.get_data().values.tolist() == [1, 2]
        assert not signal.get_fill()

    def test_the_band_is_around_the_background(self) -> None:
        band = legend(channel(factors("norm", [3], [2.0])))["Unc. (stat. + syst., prefit)"].get_data()
        np.testing.assert_allclose((band.values - [45, 65]) ** 2, [34, 41])
        np.testing.assert_allclose((band.baseline - [45, 65]) ** 2, [15.25, 22.25])

    def test_without_data_there_are_no_points_and_the_asimov_template_is_not_taken_for_some(self) -> None:
        made = channel(has_data=False)
        assert not [name for name in legend(made) if "Data" in name]
        assert "Unc. / bkg." in stack_words(made)

    def test_a_process_keeps_its_colour_whatever_its_yield(self) -> None:
        some = channel()
        others = channel(values=VALUES[[0, 3, 3, 2]])
        for made in (some, others):
            handles = legend(made)
            assert to_hex(handles["signal"].get_edgecolor()) == COLOURS[0]
            assert to_hex(handles["top"].get_facecolor()) == COLOURS[1]
            assert to_hex(handles["vjets"].get_facecolor()) == COLOURS[2]

    def test_the_eleventh_process_is_told_from_the_first_by_its_hatch(self) -> None:
        styles = [(colour(position), hatch(position)) for position in range(100)]
        assert len(set(styles)) == 100
        assert {hatches for _, hatches in styles[:10]} == {""}

    def test_of_many_processes_the_smallest_are_one_layer_and_nothing_is_left_out(self) -> None:
        made = many(1000, signals=20)
        handles = legend(made)
        assert "b0" in handles
        assert f"b{MOST_BACKGROUNDS - 1}" not in handles
        # 981 + 980 + … + 1
        assert handles["981 smaller backgrounds"].get_data().values.tolist() == [981 * 982 / 2] * 2
        # the signals 15 + 14 + … + 1
        assert (
            handles[f"sum of {20 - MOST_SIGNALS + 1} smaller signals"].get_data().values.tolist() == [15 * 16 / 2] * 2
        )
        assert handles["b0"].get_data().values.tolist() == [1000 * 1001 / 2] * 2

    def test_as_many_as_can_be_told_apart_are_all_shown(self) -> None:
        assert not [name for name in legend(many(MOST_BACKGROUNDS, MOST_SIGNALS)) if "smaller" in name]

    @pytest.mark.parametrize(
        ("values", "scale"), [([10, 20], "linear"), ([1, 49], "linear"), ([1, 100], "log"), ([0, 20], "linear")]
    )
    def test_the_axis_is_logarithmic_where_a_bin_would_not_be_seen(self, values: list[float], scale: str) -> None:
        made = channel(values=[values], columns=COLUMNS[1:2], has_data=False)
        small = Templates(made.nominal.values, np.zeros((1, 2)))
        with own_style():
            above = stack_figure(attrs.evolve(made, nominal=small)).axes[1]
        assert above.get_yscale() == scale

    def test_everything_is_below_the_legend(self) -> None:
        for made in (channel(), many(30, 8), many(1, 1), many(3, bins=1)):
            with own_style():
                figure = stack_figure(made)
                figure.canvas.draw()
                above = figure.axes[1]
                box = above.get_legend().get_window_extent()  # type: ignore[union-attr]
                bottom = above.transData.inverted().transform((0, box.y0))[1]
                frame = above.get_window_extent()
            expected = prefit(made)
            assert (expected.background + expected.up).max() <= bottom
            assert frame.x0 <= box.x0 < box.x1 <= frame.x1

    def test_the_ratio_is_data_over_background_and_points_above_it_are_arrows(self) -> None:
        data = Templates(np.array([[45.0 * 4, 65.0]]), np.array([[1.0, 1.0]]))
        with own_style():
            ratio = stack_figure(channel(data=data)).axes[0]
        assert [points(ratio, "o")[1], points(ratio, "^")[0]] == [[4, 1], [0.5]]
        assert ratio.get_ylim() == (0, 2)

    def test_bins_without_background_have_no_ratio(self) -> None:
        made = channel(
            values=[[0.0, 4.0]], columns=COLUMNS[1:2], data=Templates(np.array([[1.0, 5.0]]), np.ones((1, 2)))
        )
        with own_style():
            ratio = stack_figure(made).axes[0]
        assert points(ratio, "o") == ([1.5], [1.25])


def points(axes: Axes, marker: str) -> tuple[list[Any], list[Any]]:
    """Where there are such markers, x and y."""
    (line,) = [line for line in axes.get_lines() if line.get_marker() == marker]
    x, y = (np.asarray(found).tolist() for found in line.get_data())
    return x, y


class TestNamesOfBins:
    @pytest.mark.parametrize(("bins", "named"), [(2, 2), (40, 40), (41, 21), (300, 38)])
    def test_all_are_drawn_or_every_second_or_third(self, bins: int, named: int) -> None:
        categories = tuple(f"c{number}" for number in range(bins))
        found = stack_words(many(2, bins=bins, axis=Axis(np.arange(bins + 1.0), "x", categories=categories)))
        drawn = [text for text in found if text in categories]
        assert len(set(drawn)) == named
        assert drawn[0] == "c0"

    def test_each_stands_below_its_bin(self) -> None:
        axis = Axis(np.array([0.0, 1.0, 5.0]), "x", categories=("$ee$", "b"))
        with own_style():
            ratio = stack_figure(channel(axis=axis)).axes[0]
        assert [label.get_text() for label in ratio.get_xticklabels()] == [r"\$ee\$", "b"]
        assert list(ratio.get_xticks()) == [0.5, 3]


class TestWords:
    @pytest.mark.parametrize("text", ["a_b", "$x$", "a$", r"\$x\$", r"\alpha^2_{", "ü → é", "%d {} #", "$"])
    def test_a_name_is_drawn_as_it_is(self, text: str) -> None:
        drawn = Text(text=plain(text))
        cleaned, is_formula = drawn._preprocess_math(drawn.get_text())  # type: ignore[attr-defined]
        assert (cleaned, is_formula) == (text, False)

    @pytest.mark.parametrize(
        ("text", "drawn"), [("木", "\\u6728"), ("a\nb", "a\\nb"), ("\ud800", "\\ud800"), ("\x00", "\\x00")]
    )
    def test_what_the_font_does_not_have_is_escaped(self, text: str, drawn: str) -> None:
        assert plain(text) == drawn

    def test_a_long_name_keeps_both_ends(self) -> None:
        assert plain("background_1_2022", 9) == "back…2022"
        assert len(plain("a" * 100, 30)) == 30
        assert plain("abc", 3) == "abc"

    def test_the_label_of_an_axis_may_be_a_formula(self) -> None:
        assert formula("$p_T$ [GeV]") == "$p_T$ [GeV]"
        assert "$p_T$ [GeV]" in stack_words(channel(axis=Axis(np.arange(3.0), "pt", "$p_T$ [GeV]")))

    @pytest.mark.parametrize("label", ["$p_T", "$p_{T$", r"$\nothing$"])
    def test_one_that_is_none_is_drawn_as_it_is(self, label: str) -> None:
        assert formula(label) == plain(label)

    def test_names_are_listed_as_far_as_there_is_room(self) -> None:
        assert listing([], 10) == ""
        assert listing(["a", "b"], 10) == "a, b"
        assert listing(["aaaa", "bbbb", "cccc"], 10) == "aaaa, bbbb and 1 more"
        assert listing(["a" * 50, "b"], 9) == "aaaa…aaaa and 1 more"


class TestVariations:
    def test_each_nuisance_with_templates_has_a_page(self, tmp_path: Path) -> None:
        made = channel(
            shifted("jes", [1], [[2, 3]], [[-1, -1]]),
            factors("lumi", [1], [1.1]),
            shifted("jer", [1, 3], [[2, 3], [1, 1]], [[-1, -1], [0, 0]]),
        )
        assert pages(draw("variations", made, tmp_path / "plot.pdf")) == 2
        with own_style():
            first, second = (words(figure) for figure in page_figures(made))
        assert ("jes   SR_2022_2023" in first, "jer   SR_2022_2023" in second) == (True, True)
        assert {"top (2022)", "vjets"} <= set(second)
        assert "vjets" not in first

    @pytest.mark.parametrize("processes", [1, MOST_PANELS, MOST_PANELS + 1, 3 * MOST_PANELS])
    def test_processes_beyond_what_a_page_holds_have_further_pages(self, processes: int, tmp_path: Path) -> None:
        made = many(processes)
        made = attrs.evolve(made, nuisances=(every(made),))
        assert pages(draw("variations", made, tmp_path / "plot.pdf")) == math.ceil(processes / MOST_PANELS)
        with own_style():
            found = [text for figure in page_figures(made) for text in words(figure) if re.fullmatch(r"b\d+", text)]
        assert found == [f"b{number}" for number in range(processes)]

    def test_a_channel_without_templates_has_one_page_that_says_so(self, tmp_path: Path) -> None:
        made = channel(factors("lumi", [1], [1.1]))
        assert pages(draw("variations", made, tmp_path / "plot.pdf")) == 1
        with own_style():
            (figure,) = page_figures(made)
        assert words(figure) == ["SR_2022_2023: no nuisance with templates, of 1 in all"]

    def test_a_page_has_nothing_of_the_page_before_it(self) -> None:
        mixed = Nuisance(
            "mixed", (shape([1], [[9, 9]], [[-9, -9]], [2.0]), Normalisation(np.array([3]), np.array([2.0])))
        )
        plain_one = shifted("jes", [3], [[1, 1]], [[-1, -1]])
        with own_style():
            alone = next(page_figures(channel(plain_one)))
            *_, after = page_figures(channel(mixed, plain_one))
            assert words(alone) == words(after)
            assert steps(alone) == steps(after)

    def test_a_panel_has_the_numbers_of_its_process(self) -> None:
        jes = shifted("jes", [3], [[1, 1.5]], [[-1, -1.5]])
        variances = np.array([*VARIANCES[:3], [6.25, 1.5625]])
        with own_style():
            figure = next(page_figures(channel(jes, nominal=Templates(VALUES, variances))))
        found = steps(figure)
        assert found[:3] == [[5, 5], [6, 6.5], [4, 3.5]]
        np.testing.assert_allclose(found[-2:], [[1.2, 1.3], [0.8, 0.7]])
        (error,) = [artist for artist in figure.axes[1].patches if artist.get_fill()]
        assert isinstance(error, StepPatch)
        assert [np.asarray(ends).tolist() for ends in (error.get_data()[0], error.get_data()[2])] == [
            [1.5, 1.25],
            [0.5, 0.75],
        ]
        assert "yield +25.0 % / −25.0 %" in words(figure)  # noqa: RUF001 - a minus sign

    def test_effects_without_templates_and_the_scale_are_told(self) -> None:
        mixed = Nuisance(
            "mixed", (shape([1], [[9, 9]], [[-9, -9]], [0.5]), Normalisation(np.array([3]), np.array([2.0])))
        )
        with own_style():
            found = words(next(page_figures(channel(mixed))))
        assert "It has effects without templates on vjets" in found
        assert "top (2022), 0.5 θ" in found


def steps(figure: Figure) -> list[list[float]]:
    """The contents of all histograms on a page, but for the handles of its legend."""
    artists = [artist for axes in figure.axes for artist in axes.patches if isinstance(artist, StepPatch)]
    return [np.asarray(artist.get_data()[0]).tolist() for artist in artists]


NAMES = ("a_b", "$x$", "x$y", r"\alpha_{", "木ü", "%s{}", "n" * 300)
HARD = {
    "nothing at all": channel(values=np.zeros((4, 2)), nominal=Templates(np.zeros((4, 2)), np.zeros((4, 2)))),
    "an empty bin": channel(values=VALUES * [1, 0]),
    "one bin": many(3, 1, bins=1),
    "one column": many(1),
    "no signal": many(5),
    "no background": many(0, 2),
    "no data": many(2, 1, has_data=False),
    "bins of other widths": channel(axis=Axis(np.array([0.0, 1.0, 1000.0]), "x")),
    "edges at infinity": channel(axis=Axis(np.array([-np.inf, 0.0, np.inf]), "x")),
    "categories": channel(axis=Axis(np.arange(3.0), "x", categories=("$ee$", "µµ_木"))),
    "many categories": many(2, bins=300, axis=Axis(np.arange(301.0), "x", categories=tuple(map(str, range(300))))),
    "many bins": many(2, 1, bins=2000),
    "a thousand processes": many(1000, 1),
    "odd names": many(
        len(NAMES),
        columns=tuple(Column(f"{name}_2022", name, "2022", row + 1) for row, name in enumerate(NAMES)),
        bin="$SR_{",
        axis=Axis(np.arange(3.0), "x", "a_$b"),
    ),
    "large numbers": many(3, 1, nominal=Templates(np.full((4, 2), 1e30), np.full((4, 2), 1e60))),
    "small numbers": many(3, 1, nominal=Templates(np.full((4, 2), 1e-30), np.full((4, 2), 1e-60)), has_data=False),
    "numbers far from each other": channel(values=[[1e-20, 1e20]], columns=COLUMNS[1:2], has_data=False),
    "huge errors": channel(nominal=Templates(VALUES, VARIANCES * 1e12)),
}


@pytest.mark.parametrize("what", HARD)
@pytest.mark.parametrize("name", ["stack", "variations"])
def test_any_channel_can_be_drawn(name: str, what: str, tmp_path: Path) -> None:
    made = HARD[what]
    nuisances = (every(made, "jes_$a$_b" if what == "odd names" else "jes"),)
    if what == "a thousand processes":
        nuisances = (factors("lumi", range(len(made.columns)), [1.1] * len(made.columns)),)
    pdf = draw(name, attrs.evolve(made, nuisances=nuisances), tmp_path / "plot.pdf")
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert pages(pdf) == 1


@pytest.fixture
def drawn_often() -> Channel:
    """A channel with something of everything."""
    return channel(
        shifted("jes", [0, 1, 2], [[1, 1], [2, 3], [4, 5]], [[0, 0], [-1, -1], [-2, 0]]),
        factors("lumi", [0, 1, 2, 3], [1.02] * 4),
        Nuisance("gmn", (Gamma(np.array([3])),), "gmN"),
        axis=Axis(np.arange(3.0), "x", "$p_T$", categories=("$a", "木")),
        directives=(FreeParameter("SF_top", np.array([1]), 1.0),),
    )


@pytest.mark.parametrize("name", ["stack", "variations"])
class TestEqualBytes:
    def test_of_two_draws(self, name: str, drawn_often: Channel, tmp_path: Path) -> None:
        assert draw(name, drawn_often, tmp_path / "one.pdf") == draw(name, drawn_often, tmp_path / "other.pdf")

    def test_without_a_time(self, name: str, drawn_often: Channel, tmp_path: Path) -> None:
        pdf = draw(name, drawn_often, tmp_path / "plot.pdf")
        assert b"Date" not in pdf
        assert b"/Creator" in pdf

    def test_whatever_style_the_analysis_has_chosen_which_it_has_again_afterwards(
        self, name: str, drawn_often: Channel, tmp_path: Path
    ) -> None:
        before = draw(name, drawn_often, tmp_path / "before.pdf")
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
            assert draw(name, drawn_often, tmp_path / "after.pdf") == before
            assert dict(mpl.rcParams) == style

    def test_the_file_is_another_for_another_channel(self, name: str, drawn_often: Channel, tmp_path: Path) -> None:
        other = attrs.evolve(drawn_often, nuisances=(shifted("jes", [1], [[2, 3]], [[-1, -1]]),))
        assert draw(name, drawn_often, tmp_path / "one.pdf") != draw(name, other, tmp_path / "other.pdf")


def python(code: str, directory: Path, **environment: str) -> str:
    """What another Python prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_equal_bytes_in_other_processes_with_other_hashes_at_another_time(drawn_often: Channel, tmp_path: Path) -> None:
    # Without the effect that this module has brought, which another process does not import.
    made = attrs.evolve(drawn_often, nuisances=drawn_often.nuisances[:2])
    (tmp_path / "channel").write_bytes(pickle.dumps(made))
    here = [hashlib.sha256(draw(name, made, tmp_path / "plot.pdf")).hexdigest() for name in sorted(PLOTS)]
    code = (
        "import hashlib, pathlib, pickle\n"
        "from datacard_core import load_plugins\n"
        "channel = pickle.loads(pathlib.Path('channel').read_bytes())\n"
        "path = pathlib.Path('there.pdf')\n"
        "for _, plot in sorted(load_plugins('plots').plots.items()):\n"
        "    plot.value.draw(channel, path)\n"
        "    print(hashlib.sha256(path.read_bytes()).hexdigest())\n"
    )
    for seed, zone in (("1", "AAA12"), ("2", "BBB-14")):
        assert python(code, tmp_path, PYTHONHASHSEED=seed, TZ=zone).split() == here


def test_selecting_the_plugin_imports_no_matplotlib_and_drawing_no_pyplot(tmp_path: Path) -> None:
    (tmp_path / "channel").write_bytes(pickle.dumps(channel()))
    code = (
        "import json, pathlib, pickle, sys\n"
        "from datacard_core import load_plugins\n"
        "plots = load_plugins('plots').plots\n"
        "selected = [name for name in sys.modules if name.startswith('matplotlib')]\n"
        "channel = pickle.loads(pathlib.Path('channel').read_bytes())\n"
        "for name in plots:\n"
        "    plots[name].value.draw(channel, pathlib.Path(name + '.pdf'))\n"
        "print(json.dumps([selected, *(name in sys.modules for name in ('matplotlib', 'matplotlib.pyplot'))]))\n"
    )
    assert json.loads(python(code, tmp_path)) == [[], True, False]


def test_a_card_draws_its_plots(card_arguments: CardArguments, tmp_path: Path) -> None:
    made = Datacard(**card_arguments())
    paths = made.plot(tmp_path)
    assert [path.name for path in paths] == ["stack_SR_2022_2023.pdf", "variations_SR_2022_2023.pdf"]
    assert [pages(path.read_bytes()) for path in paths] == [1, 1]


def test_without_the_plugin_the_card_is_the_same(card_arguments: CardArguments) -> None:
    without = load_plugins("lnn", "shape", "mcstats", "checks", "combine", "root")
    assert Datacard(**card_arguments()).content() == Datacard(**card_arguments(plugins=without)).content()
