"""The card writer `combine`: the text that CMS Combine reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from datacard_core import CardWriter, DeclarationError, Directive, Effect, hookimpl, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from datacard_core import CardContext, Channel, Nuisance

RULE = "-" * 80
GAP = "  "
"""Combine splits lines at blanks: between two columns there is always one, whatever their lengths."""


class CombineWriter(CardWriter):
    """One channel as a card of its own; `combineCards.py` joins several."""

    name: ClassVar[str] = "combine"

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        """Every effect has cells, every directive has lines: there is nothing for plugins to add."""
        return {Effect: lambda effect, _: effect.cells(), Directive: lambda line, channel: line.lines(channel)}

    def render(self, card: CardContext) -> str:
        """The text of the card.

        Raises:
            DeclarationError: Combine could not read the name of the templates' file.
        """
        channel, shapes_name = card.channel, card.shapes_name
        if shapes_name.split() != [shapes_name]:
            message = f"the templates' file {shapes_name!r} has a blank in its name, at which Combine splits its line"
            raise DeclarationError(f"{message}: give it another")
        sections = (
            [*(f"# {line}" for line in card.provenance), *_counts(channel)],
            [f"shapes * {channel.bin} {shapes_name} $PROCESS_nominal $PROCESS_$SYSTEMATIC"],
            [f"bin {channel.bin}", f"observation {_observation(channel)}"],
            _table(card),
            [line for directive in channel.directives for line in card.rendered(directive)],
        )
        return "".join(f"{line}\n" for section in sections if section for line in (*section, RULE))


def _counts(channel: Channel) -> list[str]:
    # Free parameters, groups and autoMCStats do not count in kmax.
    return [
        "imax 1 number of channels",
        f"jmax {len(channel.columns) - 1} number of processes minus 1",
        f"kmax {channel.kmax} number of nuisance parameters",
    ]


def _observation(channel: Channel) -> str:
    return number(channel.observation) if channel.has_data else "-1"


def _table(card: CardContext) -> list[str]:
    """The block of columns: what they are, their rates, and a row for each nuisance."""
    channel = card.channel
    head = [
        ("bin", "", [channel.bin] * len(channel.columns)),
        ("process", "", [column.name for column in channel.columns]),
        ("process", "", [str(column.id) for column in channel.columns]),
        ("rate", "", [number(rate) for rate in channel.rates]),
    ]
    rows = [(nuisance.name, nuisance.keyword, _cells(card, nuisance)) for nuisance in channel.nuisances]
    lines = _aligned([*head, *rows])
    return lines if not rows else [*lines[: len(head)], RULE, *lines[len(head) :]]


def _cells(card: CardContext, nuisance: Nuisance) -> list[str]:
    cells = ["-"] * len(card.channel.columns)
    for effect in nuisance.effects:
        for column, cell in zip(effect.columns, card.rendered(effect), strict=True):
            cells[column] = cell
    return cells


def _aligned(rows: Sequence[tuple[str, str, list[str]]]) -> list[str]:
    """Lines whose columns start at the same place, each a gap behind the longest entry before it."""
    words = [[name, keyword, *cells] for name, keyword, cells in rows]
    widths = [max(map(len, column)) for column in zip(*words, strict=True)]
    return [GAP.join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in words]


@hookimpl
def datacard_card_writers() -> Iterable[CardWriter]:
    """Contribute the Combine text card."""
    return (CombineWriter(),)
