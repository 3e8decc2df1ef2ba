"""The correlation table: the effect of each parameter on each process, year and channel."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from datacard_core.correlations.accidents import accidents
from datacard_core.correlations.rows import rows_of
from datacard_core.documents.table import Table
from datacard_core.model.cells import Cell, cells_of
from datacard_core.names import public

if TYPE_CHECKING:
    from datacard_core.correlations.rows import Row
    from datacard_core.findings import Finding
    from datacard_core.model.model import Model


@public
@attrs.frozen(eq=False, slots=False)
class CorrelationTable(Table):
    """Effects of all parameters: columns with an effect of one name are fully correlated, and others not at all.

    A record is the effect on one column: nuisance, kind, process, year, channel, value, signal. In the rows for people,
    columns with the same values in all channels stand together. `findings` are names that look like accidents.
    """

    title: ClassVar[str] = "correlations"
    fields: ClassVar[tuple[str, ...]] = ("nuisance", "keyword", "process", "year", "channel", "value", "is_signal")
    keys: ClassVar[int] = 3

    cells: tuple[Cell, ...]
    """Effects on single columns, in the order of channels and rows."""

    @property
    def nuisances(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of the cards."""
        return tuple(dict.fromkeys(cell.nuisance for cell in self.cells))

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels in which any parameter has an effect."""
        return tuple(dict.fromkeys(cell.channel for cell in self.cells))

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Names, kinds and processes that look like accidents, as warnings and notices."""
        return tuple(accidents(self.cells))

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Effects by parameter and kind; columns with the same values in all channels share a row."""
        return rows_of(self.cells)

    @property
    def heads(self) -> tuple[str, ...]:
        """Texts above the columns: names of the parameter, and the channels."""
        return ("nuisance", "kind", "processes", *self.channels)

    @property
    def lines(self) -> list[tuple[str, ...]]:
        """`rows` with a value for each channel."""
        channels = self.channels
        return [
            (row.nuisance, row.keyword, row.where, *(row.values.get(channel, "-") for channel in channels))
            for row in self.rows
        ]

    @property
    def records(self) -> list[dict[str, Any]]:
        """A record for each effect on a column."""
        return [{field: getattr(cell, field) for field in self.fields} for cell in self.cells]

    def __repr__(self) -> str:
        return f"<CorrelationTable: {len(self.nuisances)} parameters in {len(self.channels)} channels>"


def correlation_table(model: Model) -> CorrelationTable:
    """Return the effects of all parameters of a model on processes, years and channels.

    Args:
        model: of cards that were built (`cards.model`) or read (`read_card(path).model()`).
    """
    return CorrelationTable(tuple(cells_of(model)))
