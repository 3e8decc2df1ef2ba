"""Trial of a systematic kind with right declarations: cards are well-formed and equal each time."""

from __future__ import annotations

import pickle
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from hypothesis import strategies as st

from datacard_core.build.card_rules import kind_problems
from datacard_core.build.plans import needs_of
from datacard_core.errors import DeclarationError
from datacard_core.model.effects import Shape
from datacard_core.testing.inputs.declarations import NAME, Keywords
from datacard_core.testing.inputs.sketches import BY_HAND, SMALL, Sketch
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


class RefusedError(Exception):
    """The kind refuses a declaration in one analysis."""


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
    companions: tuple[Keywords, ...] = ()
    """Arguments of declarations that stand beside those of the kind."""

    @property
    def small(self) -> Sketch:
        """A small analysis with the companions."""
        return attrs.evolve(SMALL, companions=self.companions)

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
        of = self.systematic
        options = f", options={dict(of.options)!r}" if of.options else ""
        covered = f"{list(of.processes)!r}, {list(of.years)!r}, {of.value!r}"
        return f"SystematicUncertainty({of.name!r}, {of.typ!r}, {covered}{options})\non {self.sketch}"


def assert_kind(trial: KindTrial, declarations: tuple[Keywords, ...]) -> None:
    """Test a kind with declarations that it accepts, in analyses made by hand and drawn by hypothesis.

    A kind may refuse a declaration in some of the analyses, by a DeclarationError from `effects`, but not in all.
    """
    _assert_options(trial)
    inputs = st.tuples(st.sampled_from(declarations), sketches())
    # These first: they are small already, so a failure needs no search for a smaller input.
    by_hand = [(keywords, sketch) for keywords in declarations for sketch in BY_HAND]
    refusals: list[str | None] = []
    search(inputs, lambda drawn: refusals.append(_assert_card(trial, *drawn)), first=by_hand, most=MOST)
    refused = f"it refuses all of them: {refusals[0]}; add an example that it accepts"
    trial.case.expect(None in refusals, "a card of one of its examples in one analysis", refused)


def _assert_options(trial: KindTrial) -> None:
    for name, line in trial.provided.value.options.items():
        trial.case.expect(name.strip() and line.strip(), "options with a line about each", f"{name!r}: {line!r}")


def built(
    trial: KindTrial, systematic: SystematicUncertainty, sketch: Sketch, made: Datacard | None = None
) -> Datacard:
    """Return the card of a right declaration after testing that it is well-formed and the same each time.

    Args:
        trial: the kind.
        systematic: the declaration.
        sketch: the analysis.
        made: the card, if one was made already.

    Raises:
        RefusedError: the kind refuses the declaration in this analysis, for the same reason each time.
    """
    case = trial.case
    _assert_stable_needs(trial, systematic)
    with case.trying("a card"):
        output = sketch.output(sketch.needs(systematic, trial.plugins))
        card = _card(trial, systematic, sketch, output) if made is None else made
        first = _contents(card)
    # A kind that keeps state gives equal cards here and now, but another card in a process that starts without it.
    with case.trying("a card from plugins that were not used before"):
        anew = _contents(_card(attrs.evolve(trial, plugins=trial.anew()), systematic, sketch, output))
    # The second card of the used plugins only tells why they differ: most kinds give equal cards.
    if anew != first:
        with case.trying("a card"):
            again = _contents(_card(trial, systematic, sketch, output))
        _assert_same(case, "the same card from the same declaration, each time", first, again)
        state = "the same card after other cards were built: a kind keeps no state between two calls"
        _assert_same(case, state, anew, first)
    if isinstance(card, RefusedError):
        raise card
    _assert_text(case, card.channel)
    return card


def _card(
    trial: KindTrial, systematic: SystematicUncertainty, sketch: Sketch, output: Mapping[str, Any]
) -> Datacard | RefusedError:
    """Return the card of a declaration, or the refusal of the kind."""
    try:
        return sketch.card_beside(systematic, output, trial.plugins)
    except DeclarationError as error:
        # A note names the plugin that raised the error; without a note it is one of the core.
        if not any(f"plugin {trial.case.plugin!r}" in note for note in getattr(error, "__notes__", ())):
            raise
        return RefusedError(str(error))


def _assert_same(case: Case, expected: str, before: tuple[str | bytes, ...], after: tuple[str | bytes, ...]) -> None:
    # A refusal is one text, a card several contents.
    for one, two in zip_longest(before, after, fillvalue=""):
        case.same(expected, one, two)


def _contents(card: Datacard | RefusedError) -> tuple[str | bytes, ...]:
    return (str(card),) if isinstance(card, RefusedError) else card_contents(card)


def _assert_stable_needs(trial: KindTrial, systematic: SystematicUncertainty) -> None:
    with trial.case.trying("that shifts() names variations, and samples() samples"):
        first, again = (needs_of(trial.plugins, trial.typ, systematic) for _ in range(2))
    trial.case.same("the same shifts and samples for the same declaration, each time", first, again)


def _assert_card(trial: KindTrial, keywords: Keywords, sketch: Sketch) -> str | None:
    """Test the card of a declaration, and return the reason if the kind refuses it in this analysis, or None."""
    sketch = attrs.evolve(sketch, companions=trial.companions)
    systematic = sketch.declare(NAME, trial.typ, **keywords)
    trial = trial.on(Given(systematic, sketch))
    case = trial.case
    with case.trying("that problems() says what is wrong with a declaration"):
        found = kind_problems(trial.provided, systematic)
    case.expect(not found, "that it accepts a declaration on any processes and years", "; ".join(found))
    with case.trying("that shifts() names variations, and samples() samples"):
        sketch, made = sketch.taken(systematic, trial.plugins)
    try:
        card = built(trial, systematic, sketch, made)
    except RefusedError as refused:
        return str(refused)
    # From the same output, so that only the declaration differs.
    without = sketch.card(
        sketch.output(sketch.needs(systematic, trial.plugins)), trial.plugins, *sketch.others(systematic)
    )
    for what, left, was in _unaffected(card.channel, without.channel):
        case.same(f"that {what} stays as it is without the declaration", was, left)
    # Cards of several categories are built in worker processes, which send their channels back.
    with case.trying("effects and directives that can be sent to another process"):
        travelled = pickle.loads(pickle.dumps(card.channel))  # noqa: S301 - made on this line
    case.same("the same card from another process", _description(card.channel), _description(travelled))
    return None


def _assert_text(case: Case, channel: Channel) -> None:
    """Test that Combine can read the lines of the declaration."""
    for directive in channel.directives:
        wrong = [line for line in directive.lines(channel) if not is_finite(line)]
        case.expect(not wrong, "lines without nan or inf", f"{type(directive).__name__} has {wrong[:1]!r}")


def _unaffected(card: Channel, without: Channel) -> list[tuple[str, object, object]]:
    """Return what a declaration must not change: its description, and it with and without the declaration."""
    others = {row.name for row in without.nuisances}
    rows = [row for row in card.nuisances if row.name in others]
    lines = [statement.text for statement in card.statements if statement.systematic != NAME]
    return [
        ("the list of columns", card.columns, without.columns),
        ("the nominal", _bytes(card.nominal), _bytes(without.nominal)),
        ("the observation", _bytes(card.data), _bytes(without.data)),
        ("the binning", card.axis.edges.tolist(), without.axis.edges.tolist()),
        ("every other nuisance", [_row(row) for row in rows], [_row(row) for row in without.nuisances]),
        ("every other line", lines, [statement.text for statement in without.statements]),
    ]


def _description(channel: Channel) -> list[object]:
    lines = [list(directive.lines(channel)) for directive in channel.directives]
    return [_bytes(channel.nominal), [_row(row) for row in channel.nuisances], lines]


def _row(nuisance: Nuisance) -> tuple[object, ...]:
    # Of the effects: renderings for other writers read them, and not the text that was kept of them.
    effects = [
        (np.asarray(effect.columns).tolist(), effect.keyword, list(effect.cells())) for effect in nuisance.effects
    ]
    shapes = [effect for effect in nuisance.effects if isinstance(effect, Shape)]
    return nuisance.name, effects, [(_bytes(shape.up), _bytes(shape.down)) for shape in shapes]


# Bytes and not values: equal cards need equal bits, and nan differs from itself.
def _bytes(templates: Any) -> tuple[bytes, bytes]:
    return templates.values.tobytes(), templates.variances.tobytes()
