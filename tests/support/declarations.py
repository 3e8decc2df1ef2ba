"""Declarations that differ in one point from valid ones, and the problems that they are refused with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import Datacard, DeclarationError, MCProcess, MCProcesses, SystematicUncertainty
from tests.support import outputs

if TYPE_CHECKING:
    from collections.abc import Callable

YEARS = ["2022", "2023"]
PROCESSES = MCProcesses(
    [
        MCProcess(name="signal", samples=["Signal"], years=YEARS, is_signal=True),
        MCProcess(name="ttbar", samples=["TTbar"], years=YEARS, is_signal=False),
        MCProcess(name="vjets", samples=["Vjets"], years=["2023"], is_signal=False),
    ]
)


def process(name: str = "ttbar", /, **changed: Any) -> MCProcess:
    """Return a background of one sample and two years, but for what a test changes."""
    declared: dict[str, Any] = {"samples": ["TTbar"], "years": YEARS, "is_signal": False}
    return MCProcess(name=name, **declared | changed)


def systematic(**changed: Any) -> SystematicUncertainty:
    """Return an lnN of 5 % on two processes and two years, but for what a test changes."""
    declared: dict[str, Any] = {
        "name": "unc",
        "typ": "lnN",
        "processes": ["ttbar", "vjets"],
        "years": YEARS,
        "value": 1.05,
    }
    return SystematicUncertainty(**declared | changed)


def by_process(processes: Any, **changed: Any) -> SystematicUncertainty:
    """Return a systematic whose values stand in the dict of its processes."""
    return systematic(processes=processes, value=None, **changed)


def refused(build: Callable[[], object]) -> tuple[str, ...]:
    """Return the problems that a declaration is refused with."""
    with pytest.raises(DeclarationError) as caught:
        build()
    return caught.value.problems


def card(*systematics: SystematicUncertainty) -> Datacard:
    """Return the card of `PROCESSES` for both years, with those systematics."""
    output = outputs.Output()
    for declared in PROCESSES.values():
        for year in YEARS:
            output.mc(declared.samples[0], year, nominal=[10, 10])
    return outputs.card(output, *systematics, mc_processes=PROCESSES, plugins=outputs.WITHOUT_RATEPARAM)


def row(built: Datacard, nuisance: str) -> list[str]:
    """Return the words of a nuisance's row in the card."""
    (line,) = [line for line in built.content().splitlines() if line.startswith(f"{nuisance} ")]
    return line.split()
