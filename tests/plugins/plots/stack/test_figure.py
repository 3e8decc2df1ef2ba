"""The plot `stack`: numbers, legend, axes and notes of its figure."""

from __future__ import annotations

import re
from typing import Any

import attrs
import numpy as np
import pytest
from datacard_plots.options import PlotOptions
from datacard_plots.stack.figure import stack_figure
from datacard_plots.stack.layers import MOST_SIGNALS
from datacard_plots.style import COLOURS, plot_style
from matplotlib.colors import to_hex

from datacard_core import Axis, BinByBinStatistics, FreeParameter, Nuisance, Templates, prefit
from datacard_core.grammar import Blindness
from tests.support.channels import COLUMNS, VALUES, Gamma, channel, channel_of, factors
from tests.support.drawings import StackOf, points


@pytest.fixture(scope="module")
def stack() -> StackOf:
    """The stack of the channel without nuisances."""
    return StackOf(channel())


class TestWords:
    @pytest.mark.slow
    def test_labels(self) -> None:
        """Title, years, axes, band and processes are named."""
        wanted = {
            "SR_2022_2023",
            "2022, 2023",
            "Events per bin",
            "Data / bkg.",
            "Bkg. unc.",
            "stat. + syst., prefit",
            "x",
            "top",
        }
        assert wanted <= set(StackOf(channel(factors("lumi", [1], [1.1]))).words)

    @pytest.mark.slow
    def test_statistical_band(self) -> None:
        """Without nuisances on the background the band is labelled as statistical."""
        found = StackOf(channel(factors("signal_scale", [0], [2.0]))).words
        assert not [text for text in found if "syst" in text]

    @pytest.mark.slow
    def test_label_of_data(self, stack: StackOf) -> None:
        """The legend distinguishes counts from weighted data."""
        assert "Data" in stack.legend
        weighted = Templates(np.array([[44.5, 60.0]]), np.array([[40.0, 50.0]]))
        assert "Data, weighted" in StackOf(channel(data=weighted)).legend

    @pytest.mark.slow
    def test_formula_as_axis_label(self) -> None:
        """The label of an axis may contain a formula."""
        assert "$p_T$ [GeV]" in StackOf(channel(axis=Axis(np.arange(3.0), "pt", "$p_T$ [GeV]"))).words


class TestNotes:
    @pytest.mark.slow
    def test_nuisances_without_known_effect(self) -> None:
        """Nuisances of unknown effect on the background are named below the plot."""
        made = channel(Nuisance("gmn_$a", (Gamma(np.array([0, 3])),), "gmN"), factors("lumi", [1], [1.1]))
        assert "Band without: gmn_$a" in StackOf(made).words

    @pytest.mark.slow
    def test_unknown_effect_on_signals(self) -> None:
        """Nuisances of unknown effect on signals alone are not named."""
        made = channel(Nuisance("gmn", (Gamma(np.array([0])),), "gmN"))
        assert not [text for text in StackOf(made).words if "without" in text]

    @pytest.mark.slow
    def test_free_parameters(self) -> None:
        """Free parameters are named as not included."""
        directives = (BinByBinStatistics(10), FreeParameter("SF_top", np.array([1]), 1.0))
        assert "Free in the fit, not in the band: SF_top" in StackOf(channel(directives=directives)).words

    @pytest.mark.slow
    def test_initial_value_of_free_parameter(self) -> None:
        """An initial value other than 1 is given."""
        made = channel(directives=(FreeParameter("SF_top", np.array([1]), 1.5),))
        assert "Free in the fit, not in the band: SF_top (drawn at 1.5)" in StackOf(made).words

    @pytest.mark.slow
    def test_many_names(self) -> None:
        """Of many names some are listed, with the number of the remaining ones."""
        made = channel(*(Nuisance(f"unknown_{number:03}", (Gamma(np.array([1])),)) for number in range(200)))
        (told,) = [text for text in StackOf(made).words if "without" in text]
        assert told.startswith("Band without: unknown_000, unknown_001")
        assert int(re.findall(r"and (\d+) more", told)[0]) + told.count("unknown_") == 200


class TestContents:
    @pytest.mark.slow
    def test_order_of_backgrounds(self, stack: StackOf) -> None:
        """Backgrounds are stacked with the smallest at the bottom."""
        top, vjets = (stack.legend[name].get_data() for name in ("top", "vjets"))
        assert (vjets.values.tolist(), vjets.baseline.tolist()) == ([5, 5], [0, 0])
        assert (top.values.tolist(), top.baseline.tolist()) == ([45, 65], [5, 5])

    @pytest.mark.slow
    def test_labels_of_processes(self) -> None:
        """The legend shows the labels of the processes, as formulas where they have one."""
        labels = {"signal": "HH (SM)", "top": r"$t\bar{t}$", "vjets": "vjets"}
        columns = tuple(attrs.evolve(column, label=labels[column.process]) for column in COLUMNS)
        legend = StackOf(channel(columns=columns)).legend
        assert set(labels.values()) <= set(legend)
        assert "top" not in legend

    @pytest.mark.slow
    def test_signals(self, stack: StackOf) -> None:
        """Signals are lines and not part of the stack."""
        signal = stack.legend["signal"]
        assert signal.get_data().values.tolist() == [1, 2]
        assert not signal.get_fill()

    @pytest.mark.slow
    def test_band(self) -> None:
        """The band surrounds the background."""
        stack = StackOf(channel(factors("norm", [3], [2.0])))
        band = stack.legend["Bkg. unc."].get_data()
        np.testing.assert_allclose((band.values - [45, 65]) ** 2, [34, 41])
        np.testing.assert_allclose((band.baseline - [45, 65]) ** 2, [15.25, 22.25])

    @pytest.mark.slow
    def test_channel_without_data(self) -> None:
        """Without data no points are drawn, and the sum of the backgrounds is not taken for data."""
        stack = StackOf(channel(has_data=False))
        assert not [name for name in stack.legend if "Data" in name]
        assert "Unc. / bkg." in stack.words

    @pytest.mark.slow
    def test_blind_bins(self) -> None:
        """In blind bins no points are drawn, a note tells their number, and a blind channel is as one without data."""
        stack = StackOf(channel(blindness=Blindness(bins=(1,))))
        assert points(stack.above, "o") == ([0.5], [45])
        assert points(stack.ratio, "o") == ([0.5], [1])
        assert "Blind in 1 of 2 bins" in stack.words
        blind = StackOf(channel(blindness=Blindness()))
        assert not [name for name in blind.legend if "Data" in name]
        assert "Unc. / bkg." in blind.words

    @pytest.mark.slow
    def test_bars_beside_blind_bins(self) -> None:
        """Expected events of a blind bin leave the others counts: 0 has the interval up to 1.841, minus ln 0.1587."""
        data = Templates(np.array([[0.0, 60.5]]), np.array([[0.0, 60.5]]))
        stack = StackOf(channel(data=data, blindness=Blindness(bins=(1,))))
        ((segment,),) = (lines.get_segments() for lines in stack.legend["Data"].lines[2])
        assert segment[:, 1] == pytest.approx([0, 1.8410], abs=1e-3)

    @pytest.mark.slow
    def test_colours_of_processes(self, stack: StackOf) -> None:
        """A process keeps its colour if yields change."""
        for found in (stack, StackOf(channel(values=VALUES[[0, 3, 3, 2]]))):
            handles = found.legend
            assert to_hex(handles["signal"].get_edgecolor()) == COLOURS[0]
            assert to_hex(handles["top"].get_facecolor()) == COLOURS[1]
            assert to_hex(handles["vjets"].get_facecolor()) == COLOURS[2]

    @pytest.mark.slow
    def test_many_processes(self) -> None:
        """The smallest of many processes share one layer, and none is left out."""
        handles = StackOf(channel_of(1000, signals=20)).legend
        assert "b0" in handles
        assert f"b{PlotOptions().layers - 1}" not in handles
        # 993 + 992 + … + 1
        assert handles["Other (993 processes)"].get_data().values.tolist() == [993 * 994 / 2] * 2
        # the signals 15 + 14 + … + 1
        assert (
            handles[f"sum of {20 - MOST_SIGNALS + 1} smaller signals"].get_data().values.tolist() == [15 * 16 / 2] * 2
        )
        assert handles["b0"].get_data().values.tolist() == [1000 * 1001 / 2] * 2

    @pytest.mark.slow
    def test_all_chosen_signals(self) -> None:
        """Signals of the declared order are all drawn, also where there are more of them than styles of lines."""
        found = StackOf(channel_of(1, MOST_SIGNALS + 2), PlotOptions(order="s*")).legend
        assert [name for name in found if name.startswith("s")] == [f"s{number}" for number in range(MOST_SIGNALS + 2)]

    @pytest.mark.slow
    def test_as_many_processes_as_allowed(self) -> None:
        """As many processes as can be distinguished are all shown."""
        assert not [
            name
            for name in StackOf(channel_of(PlotOptions().layers, MOST_SIGNALS)).legend
            if "Other" in name or "smaller" in name
        ]


class TestAxes:
    @pytest.mark.slow
    def test_logarithmic_axis(self) -> None:
        """The y axis is logarithmic if a bin would otherwise be invisible."""
        cases: list[tuple[list[float], str]] = [
            ([10, 20], "linear"),
            ([1, 49], "linear"),
            ([1, 100], "log"),
            ([0, 20], "linear"),
        ]
        for values, scale in cases:
            made = channel(values=[values], columns=COLUMNS[1:2], has_data=False)
            small = Templates(made.nominal.values, np.zeros((1, 2)))
            assert StackOf(attrs.evolve(made, nominal=small)).above.get_yscale() == scale, values

    @pytest.mark.slow
    def test_room_for_the_legend(self) -> None:
        """The band stays below the legend, and the legend inside the axes."""
        for made in (channel(), channel_of(30, 8), channel_of(1, 1), channel_of(3, bins=1)):
            with plot_style():
                figure = stack_figure(made)
                figure.canvas.draw()
                above = figure.axes[1]
                box = above.get_legend().get_window_extent()  # type: ignore[union-attr]
                bottom = above.transData.inverted().transform((0, box.y0))[1]
                frame = above.get_window_extent()
            expected = prefit(made)
            assert (expected.background + expected.up).max() <= bottom
            assert frame.x0 <= box.x0 < box.x1 <= frame.x1

    @pytest.mark.slow
    def test_points_beyond_the_ratio(self) -> None:
        """The ratio shows data over background, and an arrow for a point above the axis."""
        data = Templates(np.array([[45.0 * 4, 65.0]]), np.array([[1.0, 1.0]]))
        ratio = StackOf(channel(data=data)).ratio
        assert [points(ratio, "o")[1], points(ratio, "^")[0]] == [[4, 1], [0.5]]
        assert ratio.get_ylim() == (0, 2)

    @pytest.mark.slow
    def test_ratio_without_background(self) -> None:
        """Bins without background have no ratio."""
        made = channel(
            values=[[0.0, 4.0]], columns=COLUMNS[1:2], data=Templates(np.array([[1.0, 5.0]]), np.ones((1, 2)))
        )
        assert points(StackOf(made).ratio, "o") == ([1.5], [1.25])


class TestNamesOfBins:
    @pytest.mark.slow
    def test_number_of_names(self) -> None:
        """All bins are named or, if they are many, every n-th from the first on."""
        for bins, named in ((2, 2), (40, 40), (41, 21), (81, 27)):
            categories = tuple(f"c{number}" for number in range(bins))
            made = channel_of(2, bins=bins, axis=Axis(np.arange(bins + 1.0), "x", categories=categories))
            drawn = [text for text in StackOf(made).words if text in categories]
            assert len(set(drawn)) == named, bins
            assert drawn[0] == "c0", bins

    @pytest.mark.slow
    def test_position_of_names(self) -> None:
        """Each name is at the centre of its bin."""
        axis = Axis(np.array([0.0, 1.0, 5.0]), "x", categories=("$ee$", "b"))
        ratio = StackOf(channel(axis=axis)).ratio
        names = [text for text in ratio.texts if text.get_text() in {r"\$ee\$", "b"}]
        assert [(text.get_text(), text.get_position()[0]) for text in names] == [(r"\$ee\$", 0.5), ("b", 3)]


class TestOptions:
    @pytest.mark.slow
    def test_header(self) -> None:
        """Words of the experiment stand above the plot, and the title with the legend."""
        options = PlotOptions(experiment="CMS", status="Preliminary", lumi=34.7, energy=13.6)
        stack = StackOf(channel(), options)
        assert {"CMS", "Preliminary", r"34.7 $\mathrm{fb}^{-1}$ (13.6 TeV)"} <= set(stack.words)
        assert stack.above.get_legend().get_title().get_text() == "SR_2022_2023   2022, 2023"  # type: ignore[union-attr]

    @pytest.mark.slow
    def test_signal(self) -> None:
        """A scaled signal is a line over the backgrounds, or the top of the stack, or is left out."""
        background = VALUES[1:].sum(axis=0)
        line = StackOf(channel(), PlotOptions(signal_scale=10)).legend["signal × 10"]  # noqa: RUF001 - a sign
        assert np.asarray(line.get_data()[0]).tolist() == (10 * VALUES[0]).tolist()
        stacked = StackOf(channel(), PlotOptions(signal="stack", signal_scale=2)).legend["signal × 2"]  # noqa: RUF001
        assert np.asarray(stacked.get_data()[0]).tolist() == (background + 2 * VALUES[0]).tolist()
        assert not [name for name in StackOf(channel(), PlotOptions(signal="none")).legend if "signal" in name]

    @pytest.mark.slow
    def test_declared_scale(self) -> None:
        """A declared logarithmic axis shows three to six powers of ten up to the highest bin, with empty bins too."""
        for values in [[10.0, 20.0], [0.0, 20.0], [0.0, 0.0], [1e-9, 1e6]]:
            made = channel(values=[values], columns=COLUMNS[1:2], has_data=False)
            made = attrs.evolve(made, nominal=Templates(made.nominal.values, np.zeros((1, 2))))
            above = StackOf(made, PlotOptions(log=True)).above
            low, high = above.get_ylim()
            assert above.get_yscale() == "log", values
            peak = max(values) or 1
            assert 2.999 <= np.log10(peak / low) <= 6.001, values
            assert high > peak, values
            assert StackOf(made, PlotOptions(log=False)).above.get_yscale() == "linear", values

    @pytest.mark.slow
    def test_blind_range(self) -> None:
        """Data of bins that a range touches are hidden, together with the bins that are blind in the card."""
        made = channel_of(2, bins=4, axis=Axis(np.arange(5.0), "x"))
        made = attrs.evolve(made, blindness=Blindness(bins=(0,)))
        stack = StackOf(made, PlotOptions(blind=[(2.5, 3)]))
        assert points(stack.above, "o")[0] == points(stack.ratio, "o")[0] == [1.5, 3.5]
        assert "Blind in 2 of 4 bins" in stack.words
        hidden: Any = True
        assert "Data" not in StackOf(made, PlotOptions(blind=hidden)).legend

    @pytest.mark.slow
    def test_blind_range_in_the_overflow(self) -> None:
        """A bin that reaches to infinity is hidden by a range that lies beyond its drawn end."""
        made = channel(axis=Axis(np.array([0.0, 1.0, np.inf]), "x"))
        assert points(StackOf(made, PlotOptions(blind=[(5, 6)])).above, "o")[0] == [0.5]
