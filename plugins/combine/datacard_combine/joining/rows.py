"""Rows of nuisances of several cards, those of one name joined to one row."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from datacard_combine.meaning.content import RowOfCard
from datacard_combine.syntax.faults import doubtful, refused
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_combine.joining.parts import JoinedColumn, Part
    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.rows import Value


@attrs.define(eq=False, kw_only=True)
class JoinedRow:
    """A row while cards are joined."""

    part: Part
    """First card that has the row."""
    name: str
    kind: str
    arguments: tuple[float, ...]
    nofloat: bool = False
    values: dict[Part, tuple[Value, ...]] = attrs.field(factory=dict)

    def words(self, columns: Sequence[JoinedColumn]) -> list[str]:
        """Return name, kind with arguments, and the cell of each column."""
        name = f"{self.name}{grammar.NO_FLOAT}" if self.nofloat else self.name
        kind = " ".join([self.kind, *map(grammar.short, self.arguments)])
        return [name, kind, *(self._cell(joined) for joined in columns)]

    def _cell(self, joined: JoinedColumn) -> str:
        values = self.values.get(joined.part)
        value = 0.0 if values is None else values[joined.place]
        if isinstance(value, tuple):
            return "/".join(map(grammar.number, value))
        return grammar.NO_EFFECT if value == 0 else grammar.number(value)


def rows_of(parts: Sequence[Part]) -> Reading[tuple[JoinedRow, ...]]:
    """Return the rows of all cards, in the order in which they appear."""
    rows: dict[tuple[str, int], JoinedRow] = {}
    for part in parts:
        # Two rows of one name in one card multiply, and stay two rows.
        seen: Counter[str] = Counter()
        for row in part.content.rows:
            if isinstance(row, RowOfCard):
                key = (row.name, seen[row.name])
                seen[row.name] += 1
                joined = rows.setdefault(
                    key, JoinedRow(part=part, name=row.name, kind=row.kind, arguments=row.arguments)
                )
                yield from _kind(joined, part, row)
                joined.nofloat = joined.nofloat or row.nofloat
                joined.values[part] = row.values
    return tuple(rows.values())


def _kind(joined: JoinedRow, part: Part, row: RowOfCard) -> Reading[None]:
    """Give a joined row the kind that holds a further row too."""
    both = f"{row.name!r} is {row.kind} in {part.label} and {joined.kind} in {joined.part.label}"
    try:
        kind = grammar.row_keyword([joined.kind, row.kind])
    except ValueError:
        yield refused("combine.kind-clash", f"{both}, which are different parameters: rename one of them")
        return
    # The arguments belong to the density of the parameter, which is one for all cards.
    if joined.arguments != row.arguments:
        code = "combine.gmN-conflict" if row.kind == "gmN" else "combine.kind-clash"
        ours, theirs = (" ".join(map(grammar.short, words)) for words in (row.arguments, joined.arguments))
        message = f"{row.name!r} is {row.kind} {ours} in {part.label} and {row.kind} {theirs} in {joined.part.label}"
        yield refused(code, f"{message}, which are different parameters: rename one of them")
    elif joined.kind != row.kind:
        if grammar.LN_N in (joined.kind, row.kind):
            message = f"{both}, so that the row is {kind}: a factor holds only where there are no templates"
            yield doubtful("combine.kind-mixed", message)
        joined.kind = kind
