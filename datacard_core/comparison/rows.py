"""Effects of parameters on the columns that two versions of a channel share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.comparison.numbers import log_factors, source_name
from datacard_core.grammar import LN_N, RATE_PARAM
from datacard_core.model.arrays import Templates
from datacard_core.model.cells import factor_text
from datacard_core.model.directives import FreeParameter
from datacard_core.model.parameters import FormulaFactor, ImportedFactor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core.model.arrays import IntArray
    from datacard_core.model.channel import Channel
    from datacard_core.model.effects import Shape

_FACTORS = (FreeParameter, FormulaFactor, ImportedFactor)

Key = tuple[str, str]
"""Family, `nuisance` or `factor`, and name."""

_NOTHING = {(LN_N, "1.0"), (LN_N, "1.0/1.0"), ("lnU", "1.0"), ("lnU", "1.0/1.0")}
"""Cells without an effect, which Combine leaves out."""


@attrs.frozen(eq=False, kw_only=True)
class Row:
    """Effects of one parameter on n columns of a channel."""

    columns: IntArray
    """Positions among the columns that both versions have, rising, shape (n,)."""
    kinds: tuple[str, ...]
    """Kind of each effect, such as `lnN`, n strings."""
    texts: tuple[str, ...]
    """Value of each effect in the card, the scale of a shape, n strings."""
    places: IntArray
    """Row of each effect in the templates, -1 for one without, shape (n,)."""
    up: Templates | None
    down: Templates | None
    nofloat: bool = False

    def __len__(self) -> int:
        return len(self.kinds)

    def take(self, which: IntArray) -> Row:
        """Return the effects at some positions."""
        at = which.tolist()
        return attrs.evolve(
            self,
            columns=self.columns[which],
            kinds=tuple(self.kinds[one] for one in at),
            texts=tuple(self.texts[one] for one in at),
            places=self.places[which],
        )


@attrs.frozen(eq=False)
class _Part:
    columns: IntArray
    keyword: str
    cells: Sequence[str]
    shape: Shape | None = None


def rows_of(channel: Channel, shared: IntArray) -> dict[Key, Row]:
    """Return the rows of a channel by family and name; a row without an effect on shared columns has none.

    Args:
        channel: the channel.
        shared: positions of the shared columns in the channel, in the order of their numbers in rows.
    """
    # A column that the other version lacks, or without a rate, has no effects that could be compared.
    numbers = np.full(len(channel.columns), -1, np.intp)
    numbers[shared] = np.arange(len(shared))
    numbers[channel.rates == 0] = -1
    rows = {
        ("nuisance", one.name): _row(
            [_Part(entry.columns, entry.keyword, entry.cells, entry.shape) for entry in one.entries],
            numbers,
            nofloat=one.nofloat,
        )
        for one in channel.nuisances
    }
    parts: dict[Key, list[_Part]] = {}
    for factor in channel.directives:
        # By class too: a subclass may have another meaning, and is told by its lines.
        if isinstance(factor, _FACTORS) and type(factor) in _FACTORS:
            text = source_name(factor.source) if isinstance(factor, ImportedFactor) else factor_text(factor)
            part = _Part(factor.columns, RATE_PARAM, [text] * len(factor.columns))
            parts.setdefault(("factor", factor.name), []).append(part)
    return rows | {key: _row(found, numbers) for key, found in parts.items()}


def _row(parts: Sequence[_Part], numbers: IntArray, *, nofloat: bool = False) -> Row:
    columns: list[int] = []
    kinds: list[str] = []
    texts: list[str] = []
    places: list[int] = []
    shapes: list[Shape] = []
    first = 0
    for part in parts:
        # The number of events of a gmN, for example, is another value and no other kind.
        kind, *arguments = part.keyword.split()
        for at, (column, cell) in enumerate(zip(numbers[part.columns].tolist(), part.cells, strict=True)):
            if column >= 0 and (kind, cell) not in _NOTHING:
                columns.append(column)
                kinds.append(kind)
                texts.append(" ".join([*arguments, cell]) if arguments else cell)
                places.append(-1 if part.shape is None else first + at)
        if part.shape is not None:
            shapes.append(part.shape)
            first += len(part.columns)
    order = np.argsort(np.array(columns, np.intp), kind="stable")
    made = Row(
        columns=np.array(columns, np.intp),
        kinds=tuple(kinds),
        texts=tuple(texts),
        places=np.array(places, np.intp),
        up=_joined([shape.up for shape in shapes]),
        down=_joined([shape.down for shape in shapes]),
        nofloat=nofloat,
    )
    return made if np.array_equal(order, np.arange(len(order))) else made.take(order)


def _joined(blocks: Sequence[Templates]) -> Templates | None:
    # Without a copy in the usual case: one effect has all templates of a nuisance.
    if not blocks[1:]:
        return blocks[0] if blocks else None
    return Templates(
        np.concatenate([block.values for block in blocks]), np.concatenate([block.variances for block in blocks])
    )


def strength(row: Row, nominal: Templates) -> float:
    """Return the largest relative change of a yield by a row, as far as its effects are factors or templates."""
    factors = (log_factors(text) for kind, text in zip(row.kinds, row.texts, strict=True) if kind in (LN_N, "lnU"))
    changes = [abs(float(np.expm1(one))) for pair in factors if pair is not None for one in pair]
    return max([*changes, *_changes_by_templates(row, nominal)], default=0.0)


def _changes_by_templates(row: Row, nominal: Templates) -> Iterator[float]:
    if row.up is None or row.down is None:
        return
    has = row.places >= 0
    norms = nominal.norms[row.columns[has]]
    for side in (row.up, row.down):
        changed = side.norms[row.places[has]]
        yield from np.abs(changed[norms > 0] / norms[norms > 0] - 1).tolist()
