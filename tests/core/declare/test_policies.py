"""Declared policies: their values, and which declaration counts."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import Analysis, Cards, Category, DeclarationError, InputError, MCProcesses, Policies, Systematics
from datacard_core.declare.policies import plain_policies
from tests.support.cases import case
from tests.support.outputs import PLUGINS, Output, process, simulated


def build(analysis: Any, category: Any, of_process: Any) -> Cards:
    """Return the cards of SR and CR with ttbar (10, -4) and vv (5, -1), by policies of three declarations."""
    output = Output()
    for sample, values in (("Signal", [1, 2]), ("TTbar", [10, -4]), ("VV", [5, -1])):
        output.add(sample, "2022", simulated({name: {"nominal": values} for name in ("SR", "CR")}))
    processes = [
        process("signal", "Signal", is_signal=True),
        process("ttbar", "TTbar", policies=of_process),
        process("vv", "VV"),
    ]
    return Analysis(
        years=["2022"],
        mc_processes=MCProcesses(processes),
        systematics=Systematics([]),
        categories={"SR": Category("m", policies=category), "CR": Category("m")},
        policies=analysis,
        plugins=PLUGINS,
    ).build(output.loaded, verbose=False)


@pytest.mark.slow
def test_order() -> None:
    """A process overrules its category, which overrules its analysis; what is None is left to the others."""
    made = build({"negative_bins": "keep"}, Policies(negative_bins="clip"), Policies(empty_process="drop"))
    assert [made[name].rate("ttbar_2022") for name in ("SR", "CR")] == [10, 6]
    made = build({}, {"negative_bins": "keep"}, {"negative_bins": "clip"})
    assert [made["SR"].rate(name) for name in ("ttbar_2022", "vv_2022")] == [10, 4]
    with pytest.raises(InputError, match=r"vv_2022.*refuses"):
        build({"negative_bins": "error"}, {}, {"negative_bins": "keep"})


def test_default() -> None:
    """Without policies bins below 0 are clipped."""
    assert build({}, {}, {})["SR"].rate("ttbar_2022") == 10


def test_faults() -> None:
    """Unknown policies and values are refused where they are declared."""
    cases: list[tuple[Any, str]] = [
        (
            {"negative_bins": "Clip"},
            "negative_bins is 'Clip', expected 'clip', 'keep', 'error', or a number of standard",
        ),
        ({"negative_bins": -1}, "negative_bins is -1"),
        ({"negative_bins": True}, "negative_bins is True"),
        ({"empty_process": "leave"}, "empty_process is 'leave', expected 'keep', 'drop', 'error'"),
        ({"empty_variation": 3}, "empty_variation is 3, expected 'drop', 'nominal', 'error'"),
        ({"negative_bin": "clip"}, "no policy 'negative_bin' .did you mean 'negative_bins'"),
        ("clip", "policies is 'clip' .str., expected Policies"),
    ]
    for given, message in cases:
        with case(given, message), pytest.raises(DeclarationError, match=message):
            plain_policies(given)


def test_several_faults() -> None:
    """All faults are told at once."""
    with pytest.raises(DeclarationError) as raised:
        Policies(negative_bins="no", empty_process="no", empty_variation="no")
    assert len(raised.value.problems) == 3
