"""Trial of a card writer: its text contains the whole channel, or the writer raises an error."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.model.channel import Statement
from datacard_core.model.directives import BinByBinStatistics, FreeParameter
from datacard_core.model.effects import Effect, Normalisation, Nuisance, Shape
from datacard_core.testing.inputs import channels
from datacard_core.testing.inputs.channels import Named, UnknownDirective, UnknownEffect
from datacard_core.testing.inputs.strategies import sketches
from datacard_core.testing.products import REFUSALS, rendered
from datacard_core.testing.search import search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datacard_core.model.arrays import Templates
    from datacard_core.model.channel import Channel, Directive
    from datacard_core.plugins.manager import Plugins
    from datacard_core.testing.cases import Case
    from datacard_core.testing.inputs.sketches import Sketch

MOST = 15
"""Number of analyses that hypothesis draws for a writer."""


@attrs.frozen(eq=False)
class Writing:
    """A writer, and the plugins whose renderings it uses."""

    case: Case
    plugins: Plugins
    name: str

    def text(self, channel: Channel) -> str | None:
        """Return the text of a card, or None if the writer raises the error of an item that it cannot write."""
        with self.case.trying("the text of a card, or a MissingProviderError for what it does not render"):
            try:
                return rendered(self.plugins, self.name, channel)
            except REFUSALS:
                return None

    def given(self, named: Named) -> Writing:
        """Return the writer with another channel as the input in messages."""
        return attrs.evolve(self, case=attrs.evolve(self.case, given=named))


def assert_writer(writing: Writing, channel_of: Callable[[Sketch], Named]) -> list[str | None]:
    """Test a writer with channels, and with channels that differ from them in one respect.

    Args:
        writing: the writer.
        channel_of: function that returns the channel of an analysis.

    Returns:
        The texts of the channels made by hand, or None for those that it refuses.
    """
    # A writer may refuse what it cannot write, but not this channel: else one that refuses all channels would pass.
    smallest, *others = channels.by_hand()
    with writing.given(smallest).case.trying("the text of a card that has processes only"):
        rendered(writing.plugins, writing.name, smallest.channel)
    texts = [_assert_channel(writing, named) for named in (smallest, *others)]
    search(sketches(), lambda sketch: _assert_channel(writing, channel_of(sketch)), most=MOST)
    return texts


def _assert_channel(writing: Writing, named: Named) -> str | None:
    writing = writing.given(named)
    channel = named.channel
    text = writing.text(channel)
    writing.case.same("the same text of the same channel, each time", text, writing.text(channel))
    # A copy with the same content shows a text that depends on the identity of objects.
    again = pickle.loads(pickle.dumps(channel))  # noqa: S301 - made on this line
    writing.case.same("the same text of an equal channel", text, writing.text(again))
    if text is not None:
        for what, changed in _changes(channel):
            differs = writing.text(changed) != text
            writing.case.expect(differs, f"another text, or an error, {what}", "the same text")
    for what, plain, unknown in _unknown(channel):
        before, after = writing.text(plain), writing.text(unknown)
        differs = after is None or after != before
        expected = f"that {what} which it does not know stands in the text, or is a MissingProviderError"
        writing.case.expect(differs, expected, "the text is the one without it")
    return text


def _changes(channel: Channel) -> Iterator[tuple[str, Channel]]:
    """Yield channels that differ from a channel in one respect, each with its description."""
    yield "where data are requested or not", attrs.evolve(channel, has_data=not channel.has_data)
    if channel.has_data:
        yield "where other data were observed", attrs.evolve(channel, data=_more(channel.data, 0))
    for position, column in enumerate(channel.columns):
        yield (
            f"where the rate of {column.name!r} differs",
            attrs.evolve(channel, nominal=_more(channel.nominal, position)),
        )
    for number, nuisance in enumerate(channel.nuisances):
        for what, rows in _changes_of_nuisance(nuisance):
            nuisances = (*channel.nuisances[:number], *rows, *channel.nuisances[number + 1 :])
            yield what, attrs.evolve(channel, nuisances=nuisances)
    for number, directive in enumerate(channel.directives):
        for what, lines in _changes_of_directive(directive):
            directives = (*channel.directives[:number], *lines, *channel.directives[number + 1 :])
            yield what, attrs.evolve(channel, statements=tuple(map(Statement, directives)))


def _more(templates: Templates, row: int) -> Templates:
    values = templates.values.copy()
    # Doubled, so that the text differs even if the writer rounds; plus 1, because twice 0 is 0.
    values[row, 0] = 2 * values[row, 0] + 1
    return attrs.evolve(templates, values=values)


def _changes_of_nuisance(nuisance: Nuisance) -> Iterator[tuple[str, list[Nuisance]]]:
    yield f"without the nuisance {nuisance.name!r}", []
    yield f"where the nuisance {nuisance.name!r} has another name", [attrs.evolve(nuisance, name=f"{nuisance.name}_")]
    for number, effect in enumerate(nuisance.effects):
        for what, changed in _changes_of_effect(effect):
            effects = (*nuisance.effects[:number], changed, *nuisance.effects[number + 1 :])
            yield f"where {what} of {nuisance.name!r} differs", [attrs.evolve(nuisance, effects=effects)]


def _changes_of_effect(effect: Effect) -> Iterator[tuple[str, Effect]]:
    if isinstance(effect, Normalisation):
        yield "the factor up", attrs.evolve(effect, up=1.5 * effect.up)
        # Without a factor down the effect is symmetric, and 1 / up would be no change.
        down = 1.25 / effect.up if effect.down is None else 1.5 * effect.down
        yield "the factor down", attrs.evolve(effect, down=down)
    if isinstance(effect, Shape):
        yield "the number of sigmas", attrs.evolve(effect, scale=2 * effect.scale)


def _changes_of_directive(directive: Directive) -> Iterator[tuple[str, list[Directive]]]:
    what = type(directive).__name__
    yield f"without the {what}", []
    if isinstance(directive, FreeParameter):
        # The initial value moves towards the upper bound, so that it stays within the bounds.
        low, high = directive.bounds or (-10.0, 10.0)
        initial = (directive.initial + high) / 2
        yield f"where the {what} starts elsewhere", [attrs.evolve(directive, initial=initial)]
        yield f"where the {what} has another range", [attrs.evolve(directive, bounds=(low, high + 1))]
    if isinstance(directive, BinByBinStatistics):
        threshold = directive.threshold + 1
        yield f"where the {what} has another threshold", [attrs.evolve(directive, threshold=threshold)]


def _unknown(channel: Channel) -> Iterator[tuple[str, Channel, Channel]]:
    """Yield descriptions of unknown items, each with a channel without and the same channel with the item."""
    first = np.array([0], dtype=np.intp)
    row = Nuisance("unknown", (UnknownEffect(first),))
    yield "an effect", channel, attrs.evolve(channel, nuisances=(*channel.nuisances, row))
    line = UnknownDirective()
    yield "a directive", channel, attrs.evolve(channel, statements=(*channel.statements, Statement(line)))
    # A writer that takes the first effect for the whole row passes the tests with one effect.
    if len(channel.columns) > 1:
        known = Normalisation(np.array([1], dtype=np.intp), np.array([1.25]))
        plain, mixed = (
            attrs.evolve(channel, nuisances=(*channel.nuisances, Nuisance("mixed", effects)))
            for effects in ((known,), (UnknownEffect(first), known))
        )
        yield "an effect beside a Normalisation", plain, mixed
