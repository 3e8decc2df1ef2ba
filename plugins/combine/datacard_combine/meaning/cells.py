"""Effects of parameters on columns, from the content of a card without its templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.meaning.content import RowOfCard
from datacard_core import Cell, grammar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_combine.meaning.content import ColumnOfCard, Content
    from datacard_combine.syntax.rows import Value


def cells_of(content: Content) -> Iterator[Cell]:
    """Yield the values of rows on columns, and the factors on columns."""
    columns = content.head.columns
    for row in content.rows:
        if isinstance(row, RowOfCard):
            keyword = " ".join([row.kind, *map(grammar.short, row.arguments)])
            for column, value in zip(columns, row.values, strict=True):
                if value != 0:
                    yield _cell(column, row.name, keyword, _text(value))
    for place, factor in content.rate_params:
        words = f"{factor.words[0]} of {factor.words[1]}" if factor.is_formula else " ".join(factor.words)
        yield _cell(columns[place], factor.name, grammar.RATE_PARAM, words)


def _cell(column: ColumnOfCard, nuisance: str, keyword: str, value: str) -> Cell:
    return Cell(
        nuisance=nuisance,
        keyword=keyword,
        channel=column.channel,
        process=column.process,
        is_signal=column.is_signal,
        value=value,
    )


def _text(value: Value) -> str:
    return "/".join(map(grammar.short, value)) if isinstance(value, tuple) else grammar.short(value)
