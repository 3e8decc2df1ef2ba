"""Tests of the trial of systematic kinds: what it reports about kinds that do not conform."""

from __future__ import annotations

import pickle
import re
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np
import pytest

from datacard_core import (
    Channel,
    DeclarationError,
    Directive,
    Effect,
    InputError,
    Nuisance,
    RawLine,
    SystematicKind,
    SystematicUncertainty,
    Target,
)
from datacard_core.testing import assert_plugin, search
from tests.support.conformance import CALLS, Average, Counted, Factor, OnAllYears, failure
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

EXAMPLES = {"factor": {"value": 1.5}}
"""One declaration, because these kinds fail for any: a kind without examples is tested with five."""


class Counting(Factor):
    """Kind with other factors at each call."""

    def factors(self, target: Target) -> NDArray[np.float64]:
        return super().factors(target) + next(CALLS)


class Remembering(Factor):
    """Kind that remembers factors by the name of the nuisance."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    def factors(self, target: Target) -> NDArray[np.float64]:
        size = len(target.positions)
        first = self.seen.setdefault(target.systematic.datacard_name, target.nominal.norms.max() + 1)
        return np.full(size, first)


class Writing(Factor):
    """Kind that writes into the arrays it gets."""

    def factors(self, target: Target) -> NDArray[np.float64]:
        target.nominal.values[...] = 1.0
        return super().factors(target)


class WritingByForce(Factor):
    """Kind that makes an array writable, or the one that owns its numbers, and writes into it."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        edges: Any = target.axis.edges
        while isinstance(edges.base, np.ndarray):
            edges = edges.base
        edges.flags.writeable = True
        edges[-1] += 1.0
        return super().effects(target)


class Redeclaring(Factor):
    """Kind that changes the declaration."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        options: Any = target.systematic.options
        options["power"] = 1
        return super().effects(target)


class Swapping(Factor):
    """Kind that makes a signal of a background."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        object.__setattr__(target.columns[0], "id", -7)
        return super().effects(target)


class Unnumbered(Factor):
    """Kind that divides by yields, which may be zero."""

    def effects(self, target: Target) -> Iterator[Effect]:
        with np.errstate(all="ignore"):
            ratio = target.nominal.values.min() / target.nominal.values.min()
        yield Counted(target.positions, text=str(ratio))


class Bracketing(Factor):
    """Kind with cells that Combine cannot read."""

    def effects(self, target: Target) -> Iterator[Effect]:
        yield Counted(target.positions, text="[1.5]")


class Wavering(Factor):
    """Kind that needs other variations at each call."""

    def shifts(self, systematic: SystematicUncertainty) -> Sequence[str]:  # noqa: ARG002
        return (f"_{next(CALLS)}",)


class Unpicklable(Factor):
    """Kind that cannot be sent to another process."""

    def __init__(self) -> None:
        self.function = lambda: None


@attrs.frozen(eq=False)
class Stuck(Counted):
    """Effect that cannot be sent back from another process."""

    function: Any = attrs.field(factory=lambda: lambda: None)


class Sticking(Factor):
    """Kind with such effects."""

    def effects(self, target: Target) -> Iterator[Effect]:
        yield Stuck(target.positions)


class Undocumented(Factor):
    """Kind with an option without description."""

    options: ClassVar[Mapping[str, str]] = {"power": ""}


class FourBins(Factor):
    """Kind that fails for four bins, which no sketch made by hand has."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        if target.axis.bins > 3:
            raise RuntimeError("more than three bins")
        return super().effects(target)


@attrs.frozen(eq=False)
class Lost(Counted):
    """Effect that differs after it was sent to another process."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Lost, (self.columns, self.count + 1)


class Losing(Factor):
    """Kind with such effects."""

    def effects(self, target: Target) -> Iterator[Effect]:
        yield Lost(target.positions)


class Printing(Factor):
    """Kind that prints."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        print("working on", target.bin)  # noqa: T201
        return super().effects(target)


class Refusing(Factor):
    """Kind that refuses declarations in every analysis."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        raise DeclarationError(f"{target.systematic.name}: the rates {target.rates} are not those of 12 events")


class Wandering(Factor):
    """Kind that refuses a declaration for another reason each time."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        raise DeclarationError(f"{target.systematic.name}: refused {next(CALLS)} times")


class Relative(Factor):
    """Kind that divides where there is a variance, and so by the yield 0 of a difference."""

    def effects(self, target: Target) -> Iterator[Effect]:
        errors, where = np.sqrt(target.nominal.variances), target.nominal.variances > 0
        with np.errstate(all="ignore"):
            relative = np.divide(errors, target.nominal.values, out=np.zeros_like(errors), where=where)
        yield Counted(target.positions, text=str(1 + np.abs(relative).max()))


class EqualSlices(Factor):
    """Kind that takes all slices of an unrolled variable for equally long."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        target.nominal.values.reshape(len(target.columns), len(target.axis.slices) or 1, -1)
        return super().effects(target)


class Uncounted(Factor):
    """Kind with a keyword that has nan."""

    def effects(self, target: Target) -> Iterator[Effect]:
        yield Counted(target.positions, count=np.nan)  # type: ignore[arg-type]


class Endless(Factor):
    """Kind with an infinite parameter."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:  # noqa: ARG002
        return (RawLine("limit param 0 inf"),)


KINDS: dict[type[SystematicKind], str] = {
    Counting: "the same card from the same declaration, each time",
    Remembering: "a kind keeps no state between two calls",
    Writing: "expected: a card\n  instead: PluginCallError: .* read-only",
    WritingByForce: "expected: a card\n  instead: PluginCallError: .*cannot set WRITEABLE flag to True",
    Redeclaring: "expected: a card\n  instead: PluginCallError: .*a declaration is read-only",
    Swapping: "that the list of columns stays as it is without the declaration",
    Unnumbered: "expected: a card\n  instead: .*Counted has the cell 'nan'",
    Bracketing: "expected: a card\n  instead: .*Counted has the cell '\\[1.5\\]'",
    Wavering: "the same shifts and samples for the same declaration, each time",
    Unpicklable: "can be pickled",
    Sticking: "effects and directives that can be sent to another process",
    Undocumented: "options with a line about each\n  instead: 'power': ''",
    Uncounted: "expected: a card\n  instead: PluginCallError: .*Counted has the keyword 'gmN nan'",
    Losing: "the same card from another process",
    Relative: "expected: a card\n  instead: .*Counted has the cell 'inf'(.*\n)*.*is_data_driven=True",
    EqualSlices: "expected: a card\n  instead: .*cannot reshape array of size 9(.*\n)*.*slices=\\(\\(0.0, 2.0\\)",
    Printing: "that it prints nothing to standard output\n  instead: it printed 'working on SR",
    Refusing: "a card of one of its examples in one analysis\n  instead: it refuses all of them: declared: the rates",
    Wandering: "the same card from the same declaration, each time\n  instead: .*refused [0-9]+ times",
    OnAllYears: "on any processes and years\n  instead: it must be declared for several years",
}


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
@pytest.mark.parametrize("broken", KINDS, ids=lambda broken: broken.__name__)
def test_wrong_kinds(broken: type[SystematicKind]) -> None:
    """The failure of a wrong kind names the plugin, the expectation and the result."""
    said = failure(Provider("acme", broken()), examples=EXAMPLES)
    assert said.startswith("plugin 'acme' (local)")
    assert re.search(KINDS[broken], said), said


@pytest.mark.slow
def test_search_for_a_failing_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    """An analysis that only hypothesis finds is reported, and equally in equal runs."""
    monkeypatch.setattr(search, "SMALLER", 5)
    said = failure(Provider("acme", FourBins()), examples=EXAMPLES)
    assert said.startswith("plugin 'acme' (local)")
    assert re.search("expected: a card\n  instead: .*more than three bins(.*\n)*.*Sketch", said), said
    assert said == failure(Provider("acme", FourBins()), examples=EXAMPLES)


@pytest.mark.slow
def test_lines_that_are_not_finite() -> None:
    """A line of a directive with an infinite number is reported with its text."""
    said = failure(Provider("acme", Endless()), examples=EXAMPLES)
    assert "lines without nan or inf\n  instead: RawLine has ['limit param 0 inf']" in said


class OfSomeRates(Factor):
    """Kind that refuses channels with empty columns."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        if not target.rates.all():
            raise DeclarationError(f"{target.systematic.name}: a column of channel {target.bin} has no events")
        return super().effects(target)


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
def test_refusal_of_some_channels() -> None:
    """A kind may refuse a declaration in a channel that it does not fit."""
    assert_plugin(Provider("acme", OfSomeRates()), examples=EXAMPLES)


@attrs.frozen(eq=False)
class Partners(Directive):
    """Group of two nuisances, which must be in the card."""

    def lines(self, channel: Channel) -> Sequence[str]:
        names = [nuisance.name for nuisance in channel.nuisances]
        return [f"pair group = {names[names.index('one')]} {names[names.index('two')]}"]


class Pair(SystematicKind):
    """Kind of a group of two nuisances."""

    typ: ClassVar[str] = "pair"
    covers_columns: ClassVar[bool] = False

    # Strange values are no part of the claim, and a card of each takes most of the time.
    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if systematic.value is not None:
            yield "a pair has no value"

    def effects(self, target: Target) -> Iterable[Directive]:  # noqa: ARG002
        return [Partners()]


COMPANIONS: list[dict[str, Any]] = [
    {"name": "one", "typ": "lnN", "value": 1.1},
    {"name": "two", "typ": "average", "value": 1.0},
]


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
def test_companions() -> None:
    """Declarations that a kind needs in the card stand beside its own, with the variations that they read."""
    beside = [Provider("averages", Average())]
    assert_plugin(Provider("acme", Pair()), examples={"pair": {}}, beside=beside, companions=COMPANIONS)


@pytest.mark.slow
def test_without_companions() -> None:
    """A kind that needs other declarations has no card without them."""
    said = failure(Provider("acme", Pair()), examples={"pair": {}}, companions=COMPANIONS[:1])
    assert re.search("expected: a card\n  instead: PluginCallError: .*'two' is not in list", said), said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("companion", "said"),
    [({"typ": "lnN", "value": 1.1}, "has no name"), ({"name": "a", "typ": "lnM"}, "kind 'lnM' of a companion")],
)
def test_wrong_companions(companion: dict[str, Any], said: str) -> None:
    """A companion without name, or of an unknown kind, is an error of the test."""
    with pytest.raises(ValueError, match=said):
        assert_plugin(Provider("acme", Pair()), examples={"pair": {}}, companions=[companion])


class Contrary(Average):
    """Kind that refuses complete outputs."""

    typ: ClassVar[str] = "contrary"

    def effects(self, target: Target) -> Iterator[Effect]:
        raise InputError(f"{target.bin} is not fit")


@pytest.mark.slow
def test_refused_complete_output() -> None:
    """A kind that refuses an output with all its variations is reported with the error."""
    assert "expected: a card\n  instead: InputError: SR_2016_2017 is not fit" in failure(
        Provider("contrary", Contrary())
    )


def test_effect_that_changes_on_the_way() -> None:
    """An effect that differs in another process changes no row: its keyword and cells were read before."""
    made = Nuisance("acme", (Lost(np.array([0, 2]), 5),))
    sent = pickle.loads(pickle.dumps(made))
    assert (sent.effects[0].count, sent.keyword) == (6, made.keyword)
    assert [entry.cells for entry in sent.entries] == [entry.cells for entry in made.entries]
