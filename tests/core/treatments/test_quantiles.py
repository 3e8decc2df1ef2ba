"""Edges by rule: parts of a signal, and limits on the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import DeclarationError, Unroll, quantiles
from tests.support import grids, outputs
from tests.support.cases import case

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Datacard

SIGNAL = [1, 1, 1, 1, 2, 2, 4, 4]
TTBAR = [100, 50, 20, 10, 5, 4, 1, 1]


def card(data: list[int] | None = None, ttbar: list[int] = TTBAR, **options: Any) -> Datacard:
    """Return a card of eight bins, where the variance of ttbar is half of its yield."""
    made = outputs.Output().mc("Signal", "2022", nominal=SIGNAL)
    squares = {"SR": {"nominal": [0.5 * abs(content) for content in ttbar]}}
    made.add("TTbar", "2022", outputs.simulated({"SR": {"nominal": ttbar}}, variances=squares))
    if data is not None:
        made.data("Muon", "2022", data)
        options["data_processes"] = outputs.observation("Muon")
    return outputs.card(made, **options)


def test_parts_of_a_signal() -> None:
    """Bins have equal parts of the signal, and grow where the background is too small or uncertain."""
    cases: list[tuple[dict[str, float], list[float]]] = [
        # A quarter of the signal is 4: the last bin, the one before it, two bins, and four.
        ({}, [0, 4, 6, 7, 8]),
        # The last bin has a background of 1, and takes its neighbour to have 2: two quarters of the signal.
        ({"min_background": 2}, [0, 4, 6, 8]),
        # 1 + 1 has the error √1 / 2 = 0.5, 4 + 1 + 1 has √3 / 6 = 0.29, and 5 has √2.5 / 5 = 0.32.
        ({"max_relative_error": 0.4}, [0, 4, 5, 8]),
        ({"min_background": 191}, [0, 8]),
    ]
    for limits, edges in cases:
        with case(limits, edges):
            bins = quantiles("signal", 4, **limits).bins(card().channel)
            assert list(bins.edges) == edges
            assert sum(bins.signal) == 16
            assert sum(bins.background) == 191
            assert all(background >= limits.get("min_background", 0) for background in bins.background)
            assert all(error <= limits.get("max_relative_error", 1) for error in bins.background_error)


def test_rest_with_large_errors() -> None:
    """Bins without signal at the beginning join the first bin, and more bins join where their errors are too large."""
    background = card(ttbar=[0, 0, 0, 0, 0, 0, 1, 1]).channel
    assert quantiles("signal", 4, max_relative_error=0.6).bins(background).edges == (0, 8)


def test_limits_that_no_bins_meet() -> None:
    """Limits that the whole background is outside of are refused with both."""
    with pytest.raises(DeclarationError, match=r"its whole background, 191 ± 9\.8, is outside .*min_background=192"):
        quantiles("signal", 4, min_background=192).bins(card().channel)


def test_card_in_place_of_its_channel() -> None:
    """A card is no channel, and the error names the one that it has."""
    with pytest.raises(
        DeclarationError, match=r"channel is <Datacard .*expected that of a card, such as card\.channel"
    ):
        quantiles("signal", 4).bins(card())  # type: ignore[arg-type]


def test_data_that_are_not_looked_at() -> None:
    """Edges are the same for any data, blind or not, as no rule reads them."""
    rule = quantiles("signal", 4, min_background=2)
    expected = rule.bins(card().channel)
    for data in ([0] * 8, [77777] * 8):
        assert rule.bins(card(data).channel) == rule.bins(card(data, blind=True).channel) == expected


class TestEdgesOfCard:
    """A rule as `bins_edges`."""

    @pytest.mark.parametrize("blind", [True, False, lambda axis: axis.edges[:-1] >= 5])
    def test_same_as_in_two_steps(self, blind: Any, tmp_path: Path) -> None:
        """The card has the bytes of one with edges that the rule has chosen from a card in the bins of the output."""
        rule = quantiles("signal", 4, min_background=2)
        options = {"data": [9, 8, 7, 6, 5, 4, 3, 2], "blind": blind, "flow": "fold"}
        edges = rule.bins(card(**{**options, "blind": True}).channel).edges
        assert edges == (0, 4, 6, 8)
        made = card(bins_edges=rule, **options)
        assert made.bins_edges == list(edges)
        made.dump(tmp_path / "rule")
        card(bins_edges=edges, **options).dump(tmp_path / "edges")
        for name in ("datacard.txt", "shapes.root"):
            assert (tmp_path / "rule" / name).read_bytes() == (tmp_path / "edges" / name).read_bytes()
        # Of 9 + 8 + 7 + 6, 5 + 4 and 3 + 2 the last is in the bin that the function hides.
        if callable(blind):
            assert made.channel.blind_bins == [2]
            assert made.channel.data.values[0, :2].tolist() == [30, 9]

    def test_edges_in_finding(self) -> None:
        """The edges, which depend on no data, are told with the rule and the least background."""
        rule = quantiles("signal", 4, min_background=2)
        for data in ([0] * 8, [77777] * 8):
            (found,) = outputs.found(card(data, bins_edges=rule), "chosen-edges")
            assert "quantiles(signal=('signal',), n=4, min_background=2" in found
            assert "makes 3 bins of the 8 of 'events.m', with a background of at least 2 in each: 0, 4, 6, 8" in found

    def test_contents_below_zero(self) -> None:
        """Limits hold in the bins of the card, where less is below 0 than in those of the histograms."""
        ttbar = [100, 50, 20, 10, 5, 4, 3, -1]
        # 3 - 1 is 2; with -1 set to 0 in the bins of the histograms, 3 would do for a limit of 2.5.
        made = card(ttbar=ttbar, bins_edges=quantiles("signal", 4, min_background=2.5))
        assert made.bins_edges == [0, 4, 5, 8]
        assert outputs.template(made, "ttbar_2022") == [180, 5, 6]

    def test_scaled_background(self) -> None:
        """A limit is one on the background after the scale of its process."""
        scaled = outputs.two_processes(scale=0.5)
        made = card(mc_processes=scaled, bins_edges=quantiles("signal", 4, min_background=2))
        assert made.bins_edges == [0, 4, 5, 8]

    def test_own_data_of_blind_category(self) -> None:
        """A column of the data of its blind category is refused before a rule, whose messages have yields, reads it."""
        rule = quantiles("signal", 4, min_background=1e9)
        processes = outputs.two_processes()
        processes["fakes"] = outputs.process("fakes", "Muon")
        made = outputs.Output().mc("Signal", "2022", nominal=SIGNAL).mc("TTbar", "2022", nominal=TTBAR)
        made.data("Muon", "2022", [7] * 8)
        (problem,) = outputs.problems(made, mc_processes=processes, bins_edges=rule, blind=True)
        assert "'fakes_2022' is made of its data, 'Muon'" in problem

    def test_refused(self) -> None:
        """A rule for several variables, for a process that is not there, or in an `Unroll` is refused."""
        rule = quantiles("signal", 2)
        (problem,) = outputs.problems(grids.by_score(), unroll=["score", "mass"], bins_edges=rule)
        assert (
            problem
            == "bins_edges is a rule, which chooses edges of one variable, and unroll is given: give one of them"
        )
        (problem,) = outputs.problems(grids.by_score(), bins_edges=rule)
        assert "declare unroll=('score', 'mass')" in problem
        (problem,) = outputs.problems(grids.by_score(), unroll=Unroll(["score", "mass"], edges={"mass": rule}))
        assert "expected numbers as edges" in problem
        (problem,) = outputs.problems(outputs.signal_and_ttbar(nominal=[1, 2, 3]), bins_edges=quantiles("sgnal", 2))
        assert "it has no process 'sgnal' (did you mean 'signal'?)" in problem


def test_rules_that_cannot_be_used() -> None:
    """A rule with wrong arguments, or for processes that the card has not, is refused."""
    cases: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
        (("sgnal", 4), {}, "it has no process 'sgnal' (did you mean 'signal'?)"),
        (("signal", 0), {}, "n is 0, expected a whole number of at least 1"),
        ((3, 4), {}, "signal is (3,), expected names of processes"),
        (("signal", 4), {"min_background": -1}, "min_background is -1, expected a number of at least 0"),
        (("signal", 4), {"max_relative_error": float("nan")}, "max_relative_error is nan"),
        (("signal", 4), {"min_backgrund": 1}, "there is no argument 'min_backgrund'"),
    ]
    for arguments, options, expected in cases:
        with case(arguments, options, expected):
            with pytest.raises(DeclarationError) as raised:
                quantiles(*arguments, **options).bins(card().channel)
            assert expected in str(raised.value)
