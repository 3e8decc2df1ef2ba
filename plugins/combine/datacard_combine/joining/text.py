"""The text of the joined card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.joining.edits import edits_of
from datacard_combine.joining.parameters import factors_of, groups_of, parameters_of, statistics_of
from datacard_combine.joining.parts import columns_of, ids_of
from datacard_combine.joining.rows import rows_of
from datacard_combine.joining.shapes import shapes_of
from datacard_combine.layout import aligned, table, text_of
from datacard_combine.syntax.faults import mistaken
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_combine.joining.parts import Part
    from datacard_combine.syntax.faults import Reading

PARTIAL = ("process.no-signal", "process.no-background")
"""Codes of faults that joining a card with others mends: a control region has no signal."""


def join(parts: Sequence[Part], comments: Sequence[str] = ()) -> Reading[str]:
    """Join cards to one.

    Args:
        parts: the cards.
        comments: lines for the head of the text.
    """
    columns = yield from columns_of(parts)
    rows = yield from rows_of(parts)
    parameters = yield from parameters_of(parts)
    factors = yield from factors_of(parts)
    edits = yield from edits_of(parts)
    observation = yield from _observation(parts)
    constraints = sum(map(grammar.is_constraint, parameters))
    channels = [name for part in parts for name in part.names.values()]
    head = [
        ["bin", "", *(joined.channel for joined in columns)],
        ["process", "", *(joined.process for joined in columns)],
        ["process", "", *map(str, ids_of(columns))],
        ["rate", "", *(grammar.number(joined.part.content.head.rates[joined.place]) for joined in columns)],
    ]
    counts = [
        f"imax {len(channels)} number of channels",
        f"jmax {len({joined.process for joined in columns}) - 1} number of processes minus 1",
        f"kmax {len(rows) + constraints} number of nuisance parameters",
    ]
    sections = (
        [*(f"{grammar.COMMENT} {comment}" for comment in comments), *counts],
        aligned(shapes_of(parts)),
        aligned([["bin", *channels], ["observation", *observation]]) if observation else [],
        table(head, [row.words(columns) for row in rows]),
        [*factors, *parameters, *groups_of(parts), *statistics_of(parts)],
        edits,
    )
    return text_of(sections)


def _observation(parts: Sequence[Part]) -> Reading[list[str]]:
    """Return the observed events of each channel, none if a card has no observation."""
    lacking = [part.label for part in parts if not part.content.head.observation]
    if lacking and len(lacking) < len(parts):
        message = f"{', '.join(lacking)} has no observation, so that the observations of the others would be lost"
        yield mistaken("combine.observation-lost", message)
    if lacking:
        return []
    return [grammar.number(part.content.head.observation[name]) for part in parts for name in part.names]
