"""Effects that other parameters stand for after the change: what was decorrelated and correlated."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

import attrs

from datacard_core.comparison.effects import alike
from datacard_core.comparison.relations import Relation, cells_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core.comparison.change import Tolerances
    from datacard_core.comparison.relations import Cell, Rows
    from datacard_core.comparison.rows import Key, Row


@attrs.frozen(eq=False)
class Effect:
    """One effect of a parameter, on a column that it acts on in one version alone."""

    key: Key
    cell: Cell
    row: Row
    at: int
    """Position in the row."""


def effects_only_in(ours: Rows, theirs: Rows, related: Iterable[Key]) -> list[Effect]:
    """Return the effects of parameters on columns that they do not act on in the other version.

    Args:
        ours: rows of one version.
        theirs: rows of the other.
        related: parameters that are left out, as others stand for all their effects.
    """
    left_out = set(related)
    return [
        Effect(key, (number, column), row, at)
        for key, rows in ours.items()
        if key not in left_out
        for others in [cells_of(theirs.get(key, {}))]
        for number, row in rows.items()
        for at, column in enumerate(row.columns.tolist())
        if (number, column) not in others
    ]


def moves(lost: Iterable[Effect], gained: Iterable[Effect], tolerances: Tolerances) -> list[Relation]:
    """Return which parameters stand for the effects that others lost, where that explains all lost and gained ones."""
    lost, gained = list(lost), list(gained)
    # One name may lose effects and gain others, which are two ends then.
    nodes = {("before", one.key) for one in lost} | {("after", one.key) for one in gained}
    links: dict[tuple[str, Key], set[tuple[str, Key]]] = {node: set() for node in nodes}
    open_ends = dict.fromkeys(nodes, 0)
    for side, effects in (("before", lost), ("after", gained)):
        for effect in effects:
            open_ends[side, effect.key] += 1
    for one, other in _matches(lost, gained, tolerances):
        ends = ("before", one.key), ("after", other.key)
        for end, opposite in (ends, ends[::-1]):
            links[end].add(opposite)
            open_ends[end] -= 1
    return [
        Relation(
            tuple(sorted(key for side, key in block if side == "before")),
            tuple(sorted(key for side, key in block if side == "after")),
        )
        for block in _blocks(links)
        if len(block) > 1 and not any(open_ends[node] for node in block)
    ]


def _matches(
    lost: Iterable[Effect], gained: Iterable[Effect], tolerances: Tolerances
) -> Iterator[tuple[Effect, Effect]]:
    """Yield pairs of the same effect on the same column, of several the one with the most similar name."""
    by_value: dict[object, list[Effect]] = {}
    for effect in gained:
        by_value.setdefault(_value(effect), []).append(effect)
    for effect in lost:
        candidates = by_value.get(_value(effect), [])
        same = [one for one in candidates if alike(effect.row, effect.at, one.row, one.at, tolerances)]
        # Of several that are equal, the name tells which one was meant.
        if same:
            best = max(same, key=lambda one: _common(one.key[1], effect.key[1]))
            candidates.remove(best)
            yield effect, best


def _common(one: str, other: str) -> int:
    """Return the length of the common beginning of two names."""
    return sum(1 for _ in takewhile(lambda letters: letters[0] == letters[1], zip(one, other, strict=False)))


def _value(effect: Effect) -> object:
    """Return a value that is the same for the same effects, and seldom for others."""
    row, at = effect.row, effect.at
    # Rounded, as templates may have been written as floats.
    norm = "" if row.up is None or row.places[at] < 0 else f"{row.up.values[row.places[at]].sum():.4g}"
    return effect.cell, effect.key[0], row.kinds[at], row.texts[at], norm


def _blocks(links: Mapping[tuple[str, Key], set[tuple[str, Key]]]) -> Iterator[set[tuple[str, Key]]]:
    """Yield the nodes of a graph that are connected, together."""
    seen: set[tuple[str, Key]] = set()
    for node in sorted(links):
        block: set[tuple[str, Key]] = set()
        waiting = [node] if node not in seen else []
        while waiting:
            one = waiting.pop()
            if one not in block:
                block.add(one)
                waiting += links[one]
        seen |= block
        if block:
            yield block
