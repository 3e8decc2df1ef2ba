"""Trial of a systematic kind with right declarations: cards are well-formed and equal each time."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from hypothesis import strategies as st

from datacard_core.build.card_rules import kind_problems
from datacard_core.build.plans import Needs, needs_of
from datacard_core.model.effects import Shape
from datacard_core.testing.inputs.declarations import NAME, Keywords
from datacard_core.testing.inputs.sketches import BY_HAND, BYSTANDERS, Sketch
from datacard_core.testing.inputs.strategies import sketches
from datacard_core.testing.products import card_contents, is_finite
from datacard_core.testing.search import search

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacard_core.datacard import Datacard
    from datacard_core.declare.systematics import SystematicUncertainty
    from datacard_core.hookspecs import SystematicKind
    from datacard_core.model.channel import Channel
    from datacard_core.model.effects import Nuisance
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins
    from datacard_core.testing.cases import Case

MOST = 25
"""Number of analyses that hypothesis draws for a kind."""


@attrs.frozen(eq=False, kw_only=True)
class KindTrial:
    """A kind, and the plugins that cards are made with."""

    case: Case
    plugins: Plugins
    typ: str
    anew: Callable[[], Plugins]
    """Function that returns the plugins as they were before the run."""

    @property
    def provided(self) -> Provided[SystematicKind]:
        """The kind with its plugin."""
        return self.plugins.kind(self.typ)

    def on(self, given: object) -> KindTrial:
        """Return the trial with another input in messages."""
        return attrs.evolve(self, case=attrs.evolve(self.case, given=given))


@attrs.frozen
class Given:
    """A declaration in an analysis."""

    systematic: SystematicUncertainty
    sketch: Sketch

    def __str__(self) -> str:
        return f"{self.systematic!r}\non {self.sketch!r}"


def assert_kind(trial: KindTrial, declarations: tuple[Keywords, ...]) -> None:
    """Test a kind with declarations that it accepts, in analyses made by hand and drawn by hypothesis."""
    _assert_options(trial)
    inputs = st.tuples(st.sampled_from(declarations), sketches())
    # These first: they are small already, so a failure needs no search for a smaller input.
    by_hand = [(keywords, sketch) for keywords in declarations for sketch in BY_HAND]
    search(inputs, lambda drawn: _assert_card(trial, *drawn), first=by_hand, most=MOST)


def _assert_options(trial: KindTrial) -> None:
    for name, line in trial.provided.value.options.items():
        trial.case.expect(name.strip() and line.strip(), "options with a line about each", f"{name!r}: {line!r}")


def built(trial: KindTrial, systematic: SystematicUncertainty, sketch: Sketch) -> Datacard:
    """Return the card of a right declaration after testing that it is well-formed and the same each time."""
    case, needed = trial.case, _stable_needs(trial, systematic)
    output = sketch.output([(systematic, needed)])
    # As bytes, taken before: a kind that writes into an array would change what it is compared with.
    histograms = _contents(output)
    with case.trying("a card"):
        card = sketch.card_beside(systematic, output, trial.plugins)
        first = card_contents(card)
    case.same("that the histograms stay as they are", histograms, _contents(output))
    # A kind that keeps state gives equal cards here and now, but another card in a process that starts without it.
    with case.trying("a card from plugins that were not used before"):
        anew = card_contents(sketch.card_beside(systematic, output, trial.anew()))
    if anew != first:
        # A third card tells state from chance.
        with case.trying("a card"):
            again = card_contents(sketch.card_beside(systematic, output, trial.plugins))
        for one, two in zip(first, again, strict=True):
            case.same("the same card from the same declaration, each time", one, two)
        for one, two in zip(first, anew, strict=True):
            case.same("the same card after other cards were built: a kind keeps no state between two calls", two, one)
    _assert_text(case, card.channel)
    return card


def _stable_needs(trial: KindTrial, systematic: SystematicUncertainty) -> Needs:
    """Return the needs of a declaration after testing that they are the same each time."""
    case = trial.case
    with case.trying("that shifts() names variations, and samples() samples"):
        first = needs_of(trial.plugins, trial.typ, systematic)
        case.same(
            "the same shifts and samples for the same declaration, each time",
            first,
            needs_of(trial.plugins, trial.typ, systematic),
        )
    return first


def _assert_card(trial: KindTrial, keywords: Keywords, sketch: Sketch) -> None:
    systematic = sketch.declare(NAME, trial.typ, **keywords)
    trial = trial.on(Given(systematic, sketch))
    case = trial.case
    with case.trying("that problems() says what is wrong with a declaration"):
        found = kind_problems(trial.provided, systematic)
    case.expect(not found, "that it accepts a declaration on any processes and years", "; ".join(found))
    with case.trying("that shifts() names variations, and samples() samples"):
        needed = needs_of(trial.plugins, trial.typ, systematic)
    sketch = sketch.taken(systematic, needed, trial.plugins)
    card = built(trial, systematic, sketch)
    output = sketch.output([(systematic, needed)])
    # From the same output, so that only the declaration differs.
    without = sketch.card(output, trial.plugins, *sketch.bystanders())
    for what, left, was in _unaffected(trial.typ, card.channel, without.channel):
        case.same(f"that {what} stays as it is without the declaration", was, left)
    # Cards of several categories are built in worker processes, which send their channels back.
    with case.trying("effects and directives that can be sent to another process"):
        travelled = pickle.loads(pickle.dumps(card.channel))  # noqa: S301 - made on this line
    case.same("the same card from another process", _description(card.channel), _description(travelled))


def _contents(output: Mapping[str, Any]) -> list[bytes]:
    histograms = [found for by_dataset in output["variables"]["x"].values() for found in by_dataset.values()]
    return [array.tobytes() for histogram in histograms for array in (histogram.contents, histogram.axis.edges)]


def _assert_text(case: Case, channel: Channel) -> None:
    """Test that Combine can read the row and the lines of the declaration."""
    for nuisance in channel.nuisances:
        case.expect(is_finite(nuisance.keyword), "a keyword without nan or inf", f"{nuisance.keyword!r}")
    for directive in channel.directives:
        wrong = [line for line in directive.lines(channel) if not is_finite(line)]
        case.expect(not wrong, "lines without nan or inf", f"{type(directive).__name__} has {wrong[:1]!r}")


def _unaffected(typ: str, card: Channel, without: Channel) -> list[tuple[str, object, object]]:
    """Return what a declaration must not change: its description, and it with and without the declaration."""
    rows = [row for row in card.nuisances if row.name.startswith(BYSTANDERS)]
    lines = [statement.directive for statement in card.statements if statement.typ != typ]
    return [
        ("the list of columns", card.columns, without.columns),
        ("the nominal", _bytes(card.nominal), _bytes(without.nominal)),
        ("the observation", _bytes(card.data), _bytes(without.data)),
        ("the binning", card.axis.edges.tolist(), without.axis.edges.tolist()),
        ("every other nuisance", [_row(row) for row in rows], [_row(row) for row in without.nuisances]),
        ("every other line", lines, list(without.directives)),
    ]


def _description(channel: Channel) -> list[object]:
    lines = [list(directive.lines(channel)) for directive in channel.directives]
    return [_bytes(channel.nominal), [_row(row) for row in channel.nuisances], lines]


def _row(nuisance: Nuisance) -> tuple[object, ...]:
    cells = [(np.asarray(effect.columns).tolist(), list(effect.cells())) for effect in nuisance.effects]
    shapes = [effect for effect in nuisance.effects if isinstance(effect, Shape)]
    return nuisance.name, nuisance.keyword, cells, [(_bytes(shape.up), _bytes(shape.down)) for shape in shapes]


# Bytes and not values: equal cards need equal bits, and nan differs from itself.
def _bytes(templates: Any) -> tuple[bytes, bytes]:
    return templates.values.tobytes(), templates.variances.tobytes()
