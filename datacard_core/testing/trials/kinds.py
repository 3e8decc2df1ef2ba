"""Trial of a systematic kind with right declarations: cards are well-formed and equal each time."""

from __future__ import annotations

import pickle
from contextlib import suppress
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np
from hypothesis import strategies as st

from datacard_core.build.card_rules import kind_problems
from datacard_core.errors import DeclarationError
from datacard_core.model.effects import Shape
from datacard_core.testing.cases import Case, UnmetError
from datacard_core.testing.inputs.analyses import BY_HAND, REPEATED, repetitions
from datacard_core.testing.inputs.declarations import NAME, Keywords
from datacard_core.testing.inputs.sketches import Sketch, shape_beside
from datacard_core.testing.inputs.strategies import sketches
from datacard_core.testing.products import card_contents, is_finite
from datacard_core.testing.search import search

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from datacard_core.datacard import Datacard
    from datacard_core.declare.systematics import SystematicUncertainty
    from datacard_core.hookspecs import SystematicKind
    from datacard_core.model.channel import Channel
    from datacard_core.model.effects import Nuisance
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins
    from datacard_core.testing.inputs.sketches import Declared


MOST = 25
"""Number of analyses that hypothesis draws for a kind."""

Contents: TypeAlias = tuple[str | bytes, ...]
"""Text and templates of a card, or the error of a refusal."""


@attrs.frozen(eq=False, kw_only=True)
class KindTrial:
    """A kind, and the plugins that cards are made with."""

    case: Case
    plugins: Plugins
    typ: str
    anew: Callable[[], Plugins]
    """Function that returns the plugins as they were before the run."""
    companions: tuple[Keywords, ...] = ()
    """Arguments of declarations beside those of the kind."""
    references: dict[tuple[Sketch, str], Channel] = attrs.field(factory=dict)
    """Channels without declarations of the kind, by analysis and by the type of the shape in it."""

    @property
    def provided(self) -> Provided[SystematicKind]:
        """The kind with its plugin."""
        return self.plugins.kind(self.typ)

    def analysis(self, sketch: Sketch) -> Sketch:
        """Return an analysis with the companions."""
        return attrs.evolve(sketch, companions=self.companions)

    def on(self, systematics: Iterable[SystematicUncertainty], sketch: Sketch) -> KindTrial:
        """Return the trial with another input in messages."""
        return attrs.evolve(self, case=attrs.evolve(self.case, given=Given(tuple(systematics), sketch)))

    def reference(self, sketch: Sketch, output: Mapping[str, Any]) -> Channel:
        """Return the channel of an analysis without declarations of the kind."""
        key = sketch, shape_beside(self.typ)
        # The output differs from that of an earlier call only by variations and samples that no declaration here reads.
        if key not in self.references:
            self.references[key] = sketch.card(output, self.plugins, *sketch.others(self.typ)).channel
        return self.references[key]


@attrs.frozen
class Given:
    """Declarations in an analysis."""

    systematics: tuple[SystematicUncertainty, ...]
    sketch: Sketch

    def __str__(self) -> str:
        return "\n".join((*map(_text, self.systematics), f"on {self.sketch}"))


def _text(of: SystematicUncertainty) -> str:
    options = f", options={dict(of.options)!r}" if of.options else ""
    covered = f"{list(of.processes)!r}, {list(of.years)!r}, {of.value!r}"
    return f"SystematicUncertainty({of.name!r}, {of.typ!r}, {covered}{options})"


def assert_kind(trial: KindTrial, declarations: Sequence[Keywords]) -> list[object]:
    """Test a kind with declarations that it accepts, in analyses made by hand and drawn by hypothesis.

    A kind may refuse a declaration in some of the analyses, by a DeclarationError from `effects`, but not in all.

    Returns:
        The products of the cards that `repetitions` names.
    """
    _assert_options(trial)
    alone: dict[tuple[int, Sketch], Contents | DeclarationError] = {}
    made: list[Contents | DeclarationError] = []
    for sketch in BY_HAND:
        if sketch in REPEATED:
            # Each in a card of its own: what a kind remembers of one declaration then shows in the card of the next.
            alone |= {(number, sketch): _assert_card(trial, sketch, of) for number, of in enumerate(declarations)}
        else:
            made += _assert_together(trial, sketch, declarations)
    made += alone.values()
    # Last, because those by hand are small already, so that their failures need no search for a smaller input.
    inputs = st.tuples(sketches(), st.sampled_from(declarations))
    search(inputs, lambda drawn: made.append(_assert_card(trial, *drawn)), most=MOST)
    refused = f"it refuses all of them: {next(iter(alone.values()))}; add an example that it accepts"
    is_accepted = not all(isinstance(one, DeclarationError) for one in made)
    trial.case.expect(is_accepted, "a card of one of its examples in one analysis", refused)
    return [_product(alone[pair]) for pair in repetitions(len(declarations))]


def _assert_options(trial: KindTrial) -> None:
    for name, line in trial.provided.value.options.items():
        trial.case.expect(name.strip() and line.strip(), "options with a line about each", f"{name!r}: {line!r}")


def _assert_together(
    trial: KindTrial, sketch: Sketch, declarations: Sequence[Keywords]
) -> list[Contents | DeclarationError]:
    """Test declarations in one card, or each in a card of its own if the one card is not right."""
    if len(declarations) > 1:
        with suppress(UnmetError):
            together = _assert_card(trial, sketch, *declarations)
            if not isinstance(together, DeclarationError):
                return [together]
    # One alone tells which is wrong. And none may be: some kinds can be declared only once in a card.
    return [_assert_card(trial, sketch, keywords) for keywords in declarations]


def _assert_card(trial: KindTrial, sketch: Sketch, *declarations: Keywords) -> Contents | DeclarationError:
    """Test the card of declarations, and return its contents, or the error if the kind refuses them."""
    sketch = trial.analysis(sketch)
    systematics = [
        sketch.declare(name, trial.typ, **keywords)
        for name, keywords in zip(names(len(declarations)), declarations, strict=True)
    ]
    trial = trial.on(systematics, sketch)
    case = trial.case
    for systematic in systematics:
        with case.trying("that problems() says what is wrong with a declaration"):
            found = kind_problems(trial.provided, systematic)
        case.expect(not found, "that it accepts a declaration on any processes and years", "; ".join(found))
    declared = stable_needs(trial, systematics, sketch)
    with case.trying("a card"):
        sketch, output, card = sketch.taken(declared, partial(_card, trial, systematics))
        contents = _contents(card)
    assert_same_anew(trial, systematics, sketch, output, contents)
    if isinstance(card, DeclarationError):
        return card
    _assert_channel(trial, systematics, card.channel, trial.reference(sketch, output))
    return contents


def names(count: int) -> list[str]:
    """Return the names of declarations in one card."""
    return [NAME, *(f"{NAME}_{number}" for number in range(2, count + 1))]


def stable_needs(trial: KindTrial, systematics: Sequence[SystematicUncertainty], sketch: Sketch) -> list[Declared]:
    """Return declarations with what they need, after testing that it is the same each time."""
    with trial.case.trying("that shifts() names variations, and samples() samples"):
        first, again = (sketch.needs(systematics, trial.plugins) for _ in range(2))
    needs = ([needs for _, needs in declared] for declared in (first, again))
    trial.case.same("the same shifts and samples for the same declaration, each time", *needs)
    return first


def _card(
    trial: KindTrial, systematics: Sequence[SystematicUncertainty], sketch: Sketch, output: Mapping[str, Any]
) -> Datacard | DeclarationError:
    """Return the card of declarations, or the error if the kind refuses them."""
    try:
        return sketch.card_beside(systematics, output, trial.plugins)
    except DeclarationError as error:
        # A note names the plugin that raised the error; without a note it is one of the core.
        if not any(f"plugin {trial.case.plugin!r}" in note for note in getattr(error, "__notes__", ())):
            raise
        return error


def _contents(card: Datacard | DeclarationError) -> Contents:
    return (str(card),) if isinstance(card, DeclarationError) else card_contents(card)


def _product(made: Contents | DeclarationError) -> object:
    return type(made).__name__ if isinstance(made, DeclarationError) else made


def assert_same_anew(
    trial: KindTrial,
    systematics: Sequence[SystematicUncertainty],
    sketch: Sketch,
    output: Mapping[str, Any],
    first: Contents,
) -> None:
    """Test that the card of declarations, whose contents are known, is the same each time, and without earlier calls.

    A kind that keeps state gives equal cards here and now, but another card in a process that starts without it.
    """
    case = trial.case
    with case.trying("a card from plugins that were not used before"):
        anew = _contents(_card(attrs.evolve(trial, plugins=trial.anew()), systematics, sketch, output))
    if anew != first:
        # The second card of the used plugins only tells why they differ: most kinds give equal cards.
        with case.trying("a card"):
            again = _contents(_card(trial, systematics, sketch, output))
        _assert_same(case, "the same card from the same declaration, each time", first, again)
        state = "the same card after other cards were built: a kind keeps no state between two calls"
        _assert_same(case, state, anew, first)


def _assert_same(case: Case, expected: str, before: Contents, after: Contents) -> None:
    # A refusal is one text, a card several contents.
    for one, two in zip_longest(before, after, fillvalue=""):
        case.same(expected, one, two)


def _assert_channel(
    trial: KindTrial, systematics: Sequence[SystematicUncertainty], channel: Channel, without: Channel
) -> None:
    """Test that Combine can read the lines of declarations, and that these change no other row or line."""
    case = trial.case
    assert_finite(case, channel)
    for what, left, was in _unaffected(channel, without, {systematic.name for systematic in systematics}):
        case.same(f"that {what} stays as it is without the declaration", was, left)
    # Cards of several categories are built in worker processes, which send their channels back.
    with case.trying("effects and directives that can be sent to another process"):
        travelled = pickle.loads(pickle.dumps(channel))  # noqa: S301 - made on this line
    case.same("the same card from another process", _description(channel), _description(travelled))


def assert_finite(case: Case, channel: Channel) -> None:
    """Test that Combine can read the lines of a channel."""
    for directive in channel.directives:
        wrong = [line for line in directive.lines(channel) if not is_finite(line)]
        case.expect(not wrong, "lines without nan or inf", f"{type(directive).__name__} has {wrong[:1]!r}")


def _unaffected(card: Channel, without: Channel, tested: Collection[str]) -> list[tuple[str, object, object]]:
    """Return what declarations must not change: its description, and it with and without the declarations."""
    others = {row.name for row in without.nuisances}
    rows = [row for row in card.nuisances if row.name in others]
    lines = [statement.text for statement in card.statements if statement.systematic not in tested]
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
