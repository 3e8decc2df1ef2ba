"""Statistical errors of processes that are declared without them."""

from __future__ import annotations

import hist

from tests.support.outputs import Output, card, found, simulated, two_processes, variance


def test_errors_are_zero() -> None:
    """The errors of the process are 0 in its nominal templates, those of others stay, and a notice tells it."""
    output = Output().mc("Signal", "2022", nominal=[1, 2]).mc("TTbar", "2022", nominal=[10, 20])
    made = card(output, mc_processes=two_processes(mcstat=False))
    assert variance(made, "ttbar_2022") == [0, 0]
    assert variance(made, "signal_2022") == [1, 2]
    assert made.channel.rates.tolist() == [3, 30]
    (notice,) = found(made, "no-mcstat")
    assert notice.startswith("notice [no-mcstat] SR_2022, ttbar: its statistical errors are set to 0, as declared")
    assert "SR_2022 autoMCStats 0 0 1" in made.content()


def test_no_process_with_errors() -> None:
    """Without a process that has errors, the card has no autoMCStats line."""
    output = Output().mc("Signal", "2022", nominal=[1, 2]).mc("TTbar", "2022", nominal=[10, 20])
    processes = two_processes(mcstat=False)
    processes["signal"].mcstat = False
    assert "autoMCStats" not in card(output, mc_processes=processes).content()


def test_storage_without_variances() -> None:
    """A process without errors may come from histograms that keep no variances."""
    weights = simulated({"SR": {"nominal": [1.5, 2.5]}}, storage=hist.storage.Double())
    output = Output().mc("Signal", "2022", nominal=[1, 2]).add("TTbar", "2022", weights)
    assert variance(card(output, mc_processes=two_processes(mcstat=False)), "ttbar_2022") == [0, 0]
