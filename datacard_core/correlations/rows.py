"""Rows of the correlation table: columns on which a parameter has the same values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.declare.values import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_core.model.cells import Cell


@attrs.frozen(kw_only=True)
class Row:
    """Columns on which a parameter has the same value in each channel."""

    nuisance: str
    keyword: str
    columns: tuple[tuple[str, str], ...]
    """Process and year of each column; the year is empty if it is not known."""
    values: Mapping[str, str]
    """Value by channel; a channel without an effect is left out."""

    @property
    def where(self) -> str:
        """The columns in words, such as "signal, ttbar (2022, 2023)"."""
        if any(year for _, year in self.columns):
            return in_words(self.columns, most=len(self.columns))
        return ", ".join(process for process, _ in self.columns)


def rows_of(cells: Iterable[Cell]) -> tuple[Row, ...]:
    """Return the rows of cells; those of a parameter stand together, also if it has several kinds."""
    # By name first: a kind that only a later channel has would otherwise stand at the end of the table.
    by_name: dict[str, dict[str, dict[tuple[str, str], dict[str, str]]]] = {}
    for cell in cells:
        by_column = by_name.setdefault(cell.nuisance, {}).setdefault(cell.keyword, {})
        by_column.setdefault((cell.process, cell.year), {})[cell.channel] = cell.value
    return tuple(
        Row(nuisance=nuisance, keyword=keyword, columns=tuple(columns), values=dict(values))
        for nuisance, by_keyword in by_name.items()
        for keyword, by_column in by_keyword.items()
        for values, columns in _alike(by_column).items()
    )


def _alike(
    by_column: Mapping[tuple[str, str], Mapping[str, str]],
) -> dict[tuple[tuple[str, str], ...], list[tuple[str, str]]]:
    alike: dict[tuple[tuple[str, str], ...], list[tuple[str, str]]] = {}
    for column, values in by_column.items():
        alike.setdefault(tuple(values.items()), []).append(column)
    return alike
