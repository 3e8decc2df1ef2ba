"""Rebinning: edges that an axis has, or a number of bins to join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hist
import numpy as np
import pytest

from datacard_core import DeclarationError
from datacard_core.templates.binning import settled
from tests.support.outputs import Output, bins, card, shape, simulated, template, variance

if TYPE_CHECKING:
    from datacard_core.templates.binning import Binning


class TestRebinning:
    """Six bins of 2, 4, 8, 16, 32 and 64 events, with 1 and 128 in the flow."""

    def output(self, axis: Any = None) -> Output:
        values = {
            "nominal": [1, 2, 4, 8, 16, 32, 64, 128],
            "JESUp": [0, 3, 5, 9, 17, 33, 65, 129],
            "JESDown": [2, 1, 3, 7, 15, 31, 63, 127],
        }
        axis = axis or bins(0, 1, 2, 3, 4, 5, 6)
        signal = simulated({"SR": {"nominal": [0, 1, 1, 1, 1, 1, 1, 0]}}, axis)
        return Output().add("Signal", "2022", signal).add("TTbar", "2022", simulated({"SR": values}, axis))

    BINNINGS = {  # noqa: RUF012 - not changed
        "as-it-is": (None, [2, 4, 8, 16, 32, 64], [3, 5, 9, 17, 33, 65]),
        "all-edges": ([0, 1, 2, 3, 4, 5, 6], [2, 4, 8, 16, 32, 64], [3, 5, 9, 17, 33, 65]),
        "some-edges": ([0, 2, 3, 6], [6, 8, 112], [8, 9, 115]),
        "one-bin": ([0, 6], [126], [132]),
        "one-bin-inside": ([1, 3], [12], [14]),
        "last-bin": ([5, 6], [64], [65]),
        "tuple": ((0, 1, 5), [2, 60], [3, 64]),
        "rounded": ([0.0, 3.0000001, 6.0], [14, 112], [17, 115]),
        "by-2": (2, [6, 24, 96], [8, 26, 98]),
        "by-3": (3, [14, 112], [17, 115]),
        "by-all": (6, [126], [132]),
        "by-1": (1, [2, 4, 8, 16, 32, 64], [3, 5, 9, 17, 33, 65]),
        "by-a-numpy-number": (np.int64(3), [14, 112], [17, 115]),
        "array": (np.array([0, 2, 6]), [6, 120], [8, 124]),
        "linspace": (np.linspace(0, 6, 3), [14, 112], [17, 115]),
        "range": (range(0, 7, 2), [6, 24, 96], [8, 26, 98]),
    }

    @pytest.mark.slow
    @pytest.mark.parametrize(("binning", "nominal", "up"), BINNINGS.values(), ids=list(BINNINGS))
    def test_joined_bins(self, binning: Binning, nominal: list[float], up: list[float]) -> None:
        """Bins are joined between the edges, or by their number."""
        made = card(self.output(), shape("JES"), bins_edges=binning)
        assert template(made, "ttbar_2022") == nominal
        assert template(made, "ttbar_2022", "JESUp") == up
        assert variance(made, "ttbar_2022", "JESUp") == up
        assert made.rate("ttbar_2022") == sum(nominal)

    @pytest.mark.slow
    def test_large_contents_that_cancel(self) -> None:
        """Joined bins are summed exactly where large contents cancel, in templates and in totals."""
        axis = bins(0, 1, 2, 3, 4, 5, 6)
        values = {"nominal": [1e16, 1, -1e16, 4, 5, 6]}
        output = Output().mc("Signal", "2022", nominal=[1] * 6).add("TTbar", "2022", simulated({"SR": values}, axis))
        for binning in ([0, 3, 6], 3):
            assert template(card(output, bins_edges=binning), "ttbar_2022") == [1, 15]
        contents = np.array([[1e16, 1, -1e16], [1, 2, 4]])
        assert settled(contents.sum(axis=1, keepdims=True), contents, np.array([0])).tolist() == [[1], [7]]

    @pytest.mark.slow
    def test_same_as_filled(self) -> None:
        """Rebinned templates are those of histograms filled in the wide bins."""
        made = card(self.output(), shape("JES"), bins_edges=[1, 3, 5])
        by_itself = simulated(  # underflow 1 + 2, 4 + 8, 16 + 32, overflow 64 + 128; and so on
            {"SR": {"nominal": [3, 12, 48, 192], "JESUp": [3, 14, 50, 194], "JESDown": [3, 10, 46, 190]}},
            bins(1, 3, 5),
        )
        signal = simulated({"SR": {"nominal": [1, 2, 2, 1]}}, bins(1, 3, 5))
        wide = Output().add("Signal", "2022", signal).add("TTbar", "2022", by_itself)
        expected = card(wide, shape("JES"))
        assert made.content() == expected.content()
        assert made.histogram == expected.histogram
        assert made.findings == expected.findings

    def test_part_of_range(self) -> None:
        """The rest of the range moves to the flow bins."""
        made = card(self.output(), bins_edges=[1, 3])
        (lost,) = [finding for finding in made.findings if finding.column == "ttbar_2022"]
        assert "3 in underflow and 240 in overflow" in lost.message  # 1 + 2 and 16 + 32 + 64 + 128

    def test_edges_of_axis(self) -> None:
        """Rebinned edges are those of the axis, not those of the script."""
        axis = hist.axis.Regular(6, 0, 0.6, name="events.m")
        made = card(self.output(axis), bins_edges=[0.1, 0.3, 0.6])
        assert made.histogram.axes[2].edges.tolist() == [axis.edges[1], axis.edges[3], axis.edges[6]]

    REFUSED = {  # noqa: RUF012 - not changed
        "between": ([0, 1.5, 6], ["1.5 is not an edge", "its edges are 0, 1, 2, 3, 4, 5, 6"]),
        "outside": (
            [-1, 3, 7],
            ["-1, 7 are not edges", "its edges are 0, 1, 2, 3, 4, 5, 6; no", "fold"],
        ),
        "nan": ([0, float("nan"), 6], ["rising"]),
        "infinite": ([0, 1, float("inf")], ["inf is not an edge", "its edges are"]),
        "one-edge": ([3], ["at least two edges"]),
        "no-edge": ([], ["at least two edges"]),
        "twice": ([0, 3, 3, 6], ["rising"]),
        "falling": ([6, 3, 0], ["rising"]),
        "nested": ([[0, 3], [3, 6]], ["edges"]),
        "text": ("fine", ["'fine'", "numbers"]),
        "text-in-list": ([0, "x"], ["numbers"]),
        "by-4": (4, ["6 bins", "1, 2, 3, 6"]),
        "by-7": (7, ["1, 2, 3, 6"]),
        "by-0": (0, ["1, 2, 3, 6"]),
        "by-less": (-2, ["1, 2, 3, 6"]),
        "true": (True, ["True"]),
        "by-2.0": (2.0, ["2.0"]),
    }

    @pytest.mark.parametrize(("binning", "said"), REFUSED.values(), ids=list(REFUSED))
    def test_refused(self, binning: Any, said: list[str]) -> None:
        """A binning that the axis does not have is refused with those that it has."""
        with pytest.raises(DeclarationError) as raised:
            card(self.output(), bins_edges=binning)
        for text in said:
            assert text in str(raised.value)

    def test_message_names_axis(self) -> None:
        """The message names the axis of the variable."""
        with pytest.raises(DeclarationError, match=r"events\.m"):
            card(self.output(), bins_edges=[0, 1.5, 6])


def test_transformed_axis() -> None:
    """A logarithmic axis is rebinned at its edges."""
    axis = hist.axis.Regular(3, 1, 1000, name="events.m", transform=hist.axis.transform.log)
    output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 2, 3]}}, axis))
    output.add("TTbar", "2022", simulated({"SR": {"nominal": [10, 20, 40]}}, axis))
    assert template(card(output, bins_edges=[1, 100, 1000]), "ttbar_2022") == [30, 40]


def test_labels() -> None:
    """Labels cannot be rebinned."""
    axis = hist.axis.IntCategory([7, 3], name="events.m")
    output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 2]}}, axis))
    output.add("TTbar", "2022", simulated({"SR": {"nominal": [1, 2]}}, axis))
    with pytest.raises(DeclarationError, match="labels"):
        card(output, bins_edges=[3, 7])
