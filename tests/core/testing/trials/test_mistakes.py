"""Tests of the trial of systematic kinds with wrong declarations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from datacard_core import DEFAULT_PLUGINS, load_plugins
from datacard_core.testing.cases import Case, UnmetError
from datacard_core.testing.trials.kinds import KindTrial
from datacard_core.testing.trials.mistakes import assert_mistakes
from tests.support.conformance import Factor, failure
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from datacard_core import SystematicKind, SystematicUncertainty, Target


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
    """The failure names the expectation, the result and the wrong declaration."""
    # The trial alone: in `assert_plugin` that of right declarations runs before, which takes longer.
    plugins = load_plugins(*DEFAULT_PLUGINS, Provider("acme", broken()))
    case = Case(plugin="acme", origin="local")
    trial = KindTrial(case=case, plugins=plugins, typ="factor", anew=lambda: plugins)
    with pytest.raises(UnmetError) as raised:
        assert_mistakes(trial, [{"value": 1.5}])
    assert re.search(MISTAKES[broken], str(raised.value)), raised.value


@pytest.mark.slow
def test_accepted_mistakes() -> None:
    """A kind that accepts all values is reported already for a usual value."""
    said = failure(Provider("acme", TakingAnything()))
    assert said.startswith("plugin 'acme' (local)")
    expected = "expected: a card\n  instead: .*Normalisation.up is array(.*\n)*.*\\(0.95, 1.05\\)\\)"
    assert re.search(expected, said), said


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
def test_mistakes_are_part_of_the_kit() -> None:
    """A kind with wrong answers passes the trial of right declarations, and is then reported."""
    said = failure(Provider("acme", Vague()), examples={"factor": {"value": 1.5}})
    assert said.startswith("plugin 'acme' (local), systematic kind 'factor':")
    assert re.search(MISTAKES[Vague], said), said
