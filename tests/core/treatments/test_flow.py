"""Yield outside the axis is left out, added to the outer bins or refused, and told in per cent."""

from __future__ import annotations

from typing import Any

import hist
import pytest

from datacard_core import Analysis, Category, Severity, Systematics
from tests.support import outputs as by_hand
from tests.support.outputs import (
    PLUGINS,
    Output,
    bins,
    card,
    codes,
    found,
    problems,
    shape,
    signal_and_ttbar,
    simulated,
    template,
    two_processes,
    variance,
)


def test_large_loss() -> None:
    """A large loss is a warning with both flow bins and its share of the yield."""
    ttbar = simulated({"SR": {"nominal": [10, 30, 40, 20]}}, bins(0, 1, 2))
    output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar)
    made = card(output)
    assert template(made, "ttbar_2022") == [30, 40]
    (lost,) = made.findings
    assert (lost.code, lost.severity, lost.column) == ("flow-lost", Severity.WARNING, "ttbar_2022")
    assert "10 in underflow and 20 in overflow" in lost.message
    assert "30 % of 100" in lost.message


def test_small_loss() -> None:
    """A loss of one per cent or less is a notice."""
    ttbar = simulated({"SR": {"nominal": [0, 49, 50, 1]}}, bins(0, 1, 2))
    output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar)
    (lost,) = card(output).findings
    assert lost.severity is Severity.NOTICE


def test_data() -> None:
    """Losses of data are told."""
    output = signal_and_ttbar(nominal=[10, 20, 30])
    output.add("Data", "2022", by_hand.observed({"SR": [0, 1, 2, 3, 4]}, bins(0, 1, 2, 3)))
    made = card(output, data_processes=by_hand.observation("Data"))
    assert made.observation == 6
    (lost,) = found(made, "flow-lost")
    assert "data_obs" in lost
    assert "40 %" in lost  # 4 of 10


def test_cancelling_losses() -> None:
    """Losses of opposite sign do not cancel."""
    ttbar = simulated({"SR": {"nominal": [-20, 30, 40, 20]}}, bins(0, 1, 2))
    output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar)
    (lost,) = card(output).findings
    assert lost.code == "flow-lost"
    assert lost.severity is Severity.WARNING  # 40 of 110 events are not in the card, whatever their signs


@pytest.mark.slow
def test_variation_alone() -> None:
    """Folded content of a variation whose nominal has none outside is told with the variation."""
    contents = {"nominal": [0, 30, 40, 0], "JESUp": [0, 30, 30, 10], "JESDown": [0, 30, 40, 0]}
    output = Output().mc("Signal", "2022", nominal=[1, 1])
    output.add("TTbar", "2022", simulated({"SR": contents}, bins(0, 1, 2)))
    assert codes(card(output, shape("JES"))) == []
    findings = card(output, shape("JES"), flow="fold").findings
    (folded,) = (finding for finding in findings if finding.code == "flow-folded")
    assert (folded.code, folded.column, folded.systematic) == ("flow-folded", "ttbar_2022", "JESUp")
    assert folded.message.startswith("0 in underflow and 10 in overflow are added")  # 10 of 70
    assert folded.message.endswith("14.3 % of 70")


class TestFold:
    """Content outside goes to the outer bins of nominals, variations and data."""

    def output(self) -> Output:
        contents = {"nominal": [10, 30, 40, 20], "JESUp": [1, 31, 41, 22], "JESDown": [0, 29, 39, 0]}
        squares = {"nominal": [2, 3, 4, 5], "JESUp": [6, 7, 8, 9], "JESDown": [0, 1, 1, 0]}
        ttbar = simulated({"SR": contents}, bins(0, 1, 2), variances={"SR": squares})
        output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar)
        return output.add("Data", "2022", by_hand.observed({"SR": [5, 60, 70, 3]}, bins(0, 1, 2)))

    def test_yields_and_variances(self) -> None:
        """Values and variances of underflow and overflow are added to the first and the last bin."""
        made = card(self.output(), shape("JES"), data_processes=by_hand.observation("Data"), flow="fold")
        assert template(made, "ttbar_2022") == [10 + 30, 40 + 20]
        assert variance(made, "ttbar_2022") == [2 + 3, 4 + 5]
        assert template(made, "ttbar_2022", "JESUp") == [1 + 31, 41 + 22]
        assert variance(made, "ttbar_2022", "JESUp") == [6 + 7, 8 + 9]
        assert template(made, "ttbar_2022", "JESDown") == [29, 39]
        assert made.data_obs["data_obs", :].values().tolist() == [5 + 60, 70 + 3]
        assert made.rate("ttbar_2022") == 100

    def test_amount_is_told(self) -> None:
        """A notice for each column tells how much is added."""
        made = card(self.output(), data_processes=by_hand.observation("Data"), flow="fold")
        assert codes(made) == ["flow-folded"] * 2
        ttbar, data = found(made, "flow-folded")
        assert (
            "ttbar_2022: 10 in underflow and 20 in overflow are added to the first and the last bin: 30 % of" in ttbar
        )
        assert "data_obs: 5 in underflow and 3 in overflow" in data  # 8 of 138

    def test_inner_edges(self) -> None:
        """Content outside of inner `bins_edges` is flow too."""
        axis = bins(0, 1, 2, 3, 4)
        ttbar = simulated({"SR": {"nominal": [1, 2, 4, 8, 16, 32]}}, axis)
        output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 1, 1, 1]}}, axis))
        made = card(output.add("TTbar", "2022", ttbar), bins_edges=[1, 2, 3], flow="fold")
        assert template(made, "ttbar_2022") == [1 + 2 + 4, 8 + 16 + 32]
        assert template(made, "signal_2022") == [2, 2]

    def test_negative_content(self) -> None:
        """A bin is clipped after folding: its flow may lift it above 0."""
        ttbar = simulated({"SR": {"nominal": [5, -3, 40, 0]}}, bins(0, 1, 2))
        output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar)
        made = card(output, flow="fold")
        assert template(made, "ttbar_2022") == [2, 40]
        assert codes(made) == ["flow-folded"]

    @pytest.mark.slow
    def test_without_flow(self) -> None:
        """Without content outside the card is the same, and there is no finding."""
        output = signal_and_ttbar(nominal=[10, 20, 30])
        plain, folded = card(output), card(output, flow="fold")
        assert folded.content() == plain.content()
        assert codes(folded) == []

    def test_labels(self) -> None:
        """Content of other labels belongs in no bin: folding it is refused."""
        axis = hist.axis.StrCategory(["ee", "mumu"], name="events.channel")
        ttbar: Any = simulated({"SR": {"nominal": [10, 20]}}, axis)
        ttbar.fill(["SR"] * 3, ["nominal"] * 3, ["emu"] * 3)
        output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 2]}}, axis))
        (problem,) = problems(output.add("TTbar", "2022", ttbar), flow="fold")
        assert "3 in overflow cannot be folded: bins with labels (ee, mumu) have no outer bins" in problem


class TestError:
    """Content outside is refused."""

    def test_nominal_variation_and_data(self) -> None:
        """All columns with content outside are told, also of a variation alone."""
        inside = {"nominal": [0, 30, 40, 0], "JESUp": [0, 31, 41, 2], "JESDown": [0, 29, 39, 0]}
        output = Output().mc("Signal", "2022", nominal=[1, 1])
        output.add("TTbar", "2022", simulated({"SR": inside}, bins(0, 1, 2)))
        output.add("Data", "2022", by_hand.observed({"SR": [5, 60, 70, 0]}, bins(0, 1, 2)))
        told = problems(output, shape("JES"), data_processes=by_hand.observation("Data"), flow="error")
        assert [problem.split(":")[0] for problem in told] == [
            "error [flow-lost] SR_2022, ttbar_2022, JESUp",
            "error [flow-lost] SR_2022, data_obs",
        ]
        assert "5 in underflow and 0 in overflow" in told[1]
        assert "flow='fold'" in told[1]

    def test_nothing_outside(self) -> None:
        """A card without content outside is made."""
        assert codes(card(signal_and_ttbar(nominal=[10, 20, 30]), flow="error")) == []


@pytest.mark.slow
def test_flow_of_one_category() -> None:
    """Each category of an analysis has its own treatment."""
    contents = {"SR": {"nominal": [10, 30, 40, 20]}, "CR": {"nominal": [1, 3, 4, 2]}}
    output = Output().add("Signal", "2022", simulated({name: {"nominal": [1, 1]} for name in contents}, bins(0, 1, 2)))
    output.add("TTbar", "2022", simulated(contents, bins(0, 1, 2)))
    analysis = Analysis(
        years=["2022"],
        mc_processes=two_processes(),
        systematics=Systematics(),
        categories={"SR": Category("m", flow="fold"), "CR": Category("m")},
        plugins=PLUGINS,
    )
    cards = analysis.build(output.loaded)
    assert template(cards["SR"], "ttbar_2022") == [40, 60]
    assert template(cards["CR"], "ttbar_2022") == [3, 4]
