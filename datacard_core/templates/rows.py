"""Which templates a card needs: the rows of its template sets, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.inputs.histograms import NOMINAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core.model.channel import IntArray


@attrs.frozen
class Request:
    """What one column is made of, and which variations it needs."""

    column: str
    samples: tuple[tuple[str, str], ...]
    """(sample, year) pairs that are summed."""
    labels: tuple[str, ...] = (NOMINAL,)
    """Variations as the output names them, the nominal first."""
    is_data: bool = False


@attrs.frozen
class Layout:
    """The rows of a template set: those of a column stand together, its nominal first.

    Two nuisances that read the same variation of a column share its row.
    """

    requests: tuple[Request, ...]
    starts: IntArray = attrs.field(init=False, eq=False)
    """The row of each column's nominal."""
    _positions: tuple[dict[str, int], ...] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        sizes = [len(request.labels) for request in self.requests]
        object.__setattr__(self, "starts", np.cumsum([0, *sizes[:-1]], dtype=np.intp))
        shared: dict[tuple[str, ...], dict[str, int]] = {}
        for request in self.requests:
            if request.labels not in shared:
                shared[request.labels] = {label: row for row, label in enumerate(request.labels)}
        object.__setattr__(self, "_positions", tuple(shared[request.labels] for request in self.requests))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(len(request.labels) for request in self.requests)

    def slice_of(self, column: int) -> slice:
        """The rows of a column."""
        start = int(self.starts[column])
        return slice(start, start + len(self.requests[column].labels))

    def rows_of(self, columns: Sequence[int], labels: Sequence[str]) -> IntArray:
        """The rows of a variation for each of some columns, shape (columns,)."""
        return np.array(
            [
                self.starts[column] + self._positions[column][label]
                for column, label in zip(columns, labels, strict=True)
            ],
            dtype=np.intp,
        )
