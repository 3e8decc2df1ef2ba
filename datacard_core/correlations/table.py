"""The correlation table: the effect of each parameter on each process, year and channel."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from datacard_core.correlations import documents
from datacard_core.correlations.accidents import accidents
from datacard_core.correlations.rows import rows_of
from datacard_core.model.cells import Cell, cells_of

if TYPE_CHECKING:
    from datacard_core.correlations.rows import Row
    from datacard_core.findings import Finding
    from datacard_core.model.model import Model


@attrs.frozen(eq=False, slots=False)
class CorrelationTable:
    """Effects of all parameters: columns with an effect of one name are fully correlated, and others not at all.

    `csv()`, `json()` and `latex()` are documents of it, and `findings` are its peculiarities.
    """

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

    def csv(self) -> str:
        """Return a line for each effect on a column: nuisance, kind, process, year, channel, value, signal."""
        return documents.csv(self.cells)

    def json(self) -> str:
        """Return the effects on columns and the findings as a JSON document."""
        return documents.json(self.cells, self.findings)

    def latex(self) -> str:
        """Return the rows as a table of LaTeX with the rules of `booktabs`, and with a column for each channel."""
        return documents.latex(self.rows, self.channels)

    def __repr__(self) -> str:
        return f"<CorrelationTable: {len(self.nuisances)} parameters in {len(self.channels)} channels>"


def correlation_table(model: Model) -> CorrelationTable:
    """Return the effects of all parameters of a model on processes, years and channels.

    Args:
        model: of cards that were built (`cards.model`) or read (`read_card(path).model()`).
    """
    return CorrelationTable(tuple(cells_of(model)))
