"""Tests of the trial of systematic kinds with wrong declarations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.conformance import Factor, failure
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from datacard_core import SystematicKind, SystematicUncertainty, Target

EXAMPLES = {"factor": {"value": 1.5}}
"""One declaration, because the trial of right declarations runs before."""


class TakingAnything(Factor):
    """Kind that accepts all values."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:  # noqa: ARG002
        yield from ()


class Overflowing(Factor):
    """Kind that computes an infinite factor."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        for _, value in systematic.distinct_values():
            if not isinstance(value, float):
                yield f"value {value!r}, expected a number"

    def factors(self, target: Target) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            exponential: NDArray[np.float64] = np.exp(np.array(target.values))
        return exponential


class Trusting(Factor):
    """Kind that takes an option for a number."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if float(systematic.options.get("power", 1)) < 0:
            yield "power is below 0"
        yield from Factor().problems(systematic)


class ChangingItsMind(Factor):
    """Kind that accepts at the second call what it refused at the first."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if repr(systematic) not in self.seen:
            self.seen.add(repr(systematic))
            yield from super().problems(systematic)


class Silent(Factor):
    """Kind with an empty problem."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if list(super().problems(systematic)):
            yield ""


class Vague(Factor):
    """Kind whose problem does not say what is wrong."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if list(super().problems(systematic)):
            yield "this is not right"


class Wary(Factor):
    """Kind that refuses all declarations after one with a wrong power."""

    def __init__(self) -> None:
        self.is_wary = False

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        found = list(super().problems(systematic))
        self.is_wary = self.is_wary or any("power" in problem for problem in found)
        yield from found
        if self.is_wary:
            yield f"value {systematic.value!r} and power {systematic.options.get('power')!r} may be wrong"


MISTAKES: dict[type[SystematicKind], str] = {
    TakingAnything: "expected: a card\n  instead: .*Normalisation.up is array(.*\n)*.*value=\\(0.95, 1.05\\)",
    Overflowing: "or a card\n  instead: .*Normalisation.up is array.*\n(.*\n)*.*1e\\+100",
    Trusting: "says what is wrong with a declaration\n  instead: .*TypeError while checking(.*\n)*.*'power': None",
    ChangingItsMind: "the same problems of the same declaration, each time",
    Silent: "that each problem is a sentence\n  instead: \\[''\\]",
    Vague: "problems that name the value or option that is wrong\n  instead: this is not right",
    Wary: "that a declaration stays accepted when another is wrong",
}


@pytest.mark.slow
@pytest.mark.parametrize("broken", MISTAKES, ids=lambda broken: broken.__name__)
def test_wrong_answers_to_wrong_declarations(broken: type[SystematicKind]) -> None:
    """The failure names the plugin, the expectation, the result and the wrong declaration."""
    # A kind that accepts all values fails for the usual values, which examples would replace.
    said = failure(Provider("acme", broken()), examples={} if broken is TakingAnything else EXAMPLES)
    assert said.startswith("plugin 'acme' (local)")
    assert re.search(MISTAKES[broken], said), said
