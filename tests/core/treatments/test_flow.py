"""Yield outside the axis is lost, and told in per cent."""

from __future__ import annotations

from datacard_core import Severity
from tests.support import outputs as by_hand
from tests.support.outputs import Output, bins, card, found, signal_and_ttbar, simulated, template


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
