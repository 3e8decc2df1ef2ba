"""The rows of template sets: the templates that a card needs, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.inputs.histograms import NOMINAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core.model.arrays import IntArray


@attrs.frozen(kw_only=True)
class Request:
    """The samples that one column is made of, and the variations that it needs."""

    column: str
    samples: tuple[tuple[str, str], ...]
    """Pairs (sample, year) that are summed."""
    labels: tuple[str, ...] = (NOMINAL,)
    """Variations as the output names them, the nominal first."""
    is_data: bool = False
    adds_events: bool = True
    """False for other samples that a kind reads, whose events are in no column of the card."""
    nominals: tuple[tuple[str, str], ...] = ()
    """Pairs (sample, variation): variations of some samples that are read in place of their nominal."""
    variances_for: str = ""
    """The `typ` of a declaration that needs variances, empty if none does."""
    category: str = ""
    """Category to read, that of the card if empty."""
    variable: str = ""
    """Variable to read, that of the card if empty."""
    subtracted: tuple[str, ...] = ()
    """Samples that are subtracted from the sum of the others."""
    factors: tuple[tuple[str, str, float], ...] = ()
    """Variations made of the nominal: label, sample, and the factor on it; other samples are as they are."""

    def labels_of(self, sample: str) -> tuple[str, ...]:
        """Return the variations to read of a sample, in the order of `labels`: the nominal for those made of it."""
        nominal, made = dict(self.nominals).get(sample, self.labels[0]), self.made
        return (nominal, *(nominal if label in made else label for label in self.labels[1:]))

    @property
    def made(self) -> frozenset[str]:
        """Labels of the variations that are made of the nominal."""
        return frozenset(label for label, *_ in self.factors)

    def factors_of(self, sample: str) -> list[tuple[int, float]]:
        """Return the position among `labels` and the factor of each of them in which a sample is scaled."""
        places = {label: place for place, label in enumerate(self.labels)}
        return [(places[label], factor) for label, of, factor in self.factors if of == sample and label in places]


@attrs.frozen
class Layout:
    """The rows of a template set: those of a column stand together, its nominal first.

    Two nuisances that read the same variation of a column share its row.
    """

    requests: tuple[Request, ...]
    starts: IntArray = attrs.field(
        default=attrs.Factory(lambda self: _starts(self.requests), takes_self=True), init=False, eq=False
    )
    """Row of each column's nominal, shape (columns,)."""
    _positions: tuple[dict[str, int], ...] = attrs.field(
        default=attrs.Factory(lambda self: _positions(self.requests), takes_self=True), init=False, eq=False, repr=False
    )

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(len(request.labels) for request in self.requests)

    @property
    def here(self) -> Layout:
        """Layout of the same rows, without the samples that are read in another category or variable."""
        if not any(map(_place, self.requests)):
            return self
        return Layout(
            tuple(attrs.evolve(request, samples=()) if _place(request) else request for request in self.requests)
        )

    @property
    def elsewhere(self) -> dict[tuple[str, str], Layout]:
        """Layouts of the rows that are read elsewhere, by category and variable, of which one may be empty."""
        places: dict[tuple[str, str], list[Request]] = {}
        for request in self.requests:
            if request.samples and (place := _place(request)):
                places.setdefault(place, []).append(request)
        return {place: Layout(tuple(requests)) for place, requests in places.items()}

    @property
    def nominals(self) -> dict[str, int]:
        """Row of the nominal of each column, by the name of the column."""
        names = (request.column for request in self.requests)
        return dict(zip(names, self.starts.tolist(), strict=True))

    def slice_of(self, column: int) -> slice:
        """Return the rows of a column."""
        start = int(self.starts[column])
        return slice(start, start + len(self.requests[column].labels))

    def rows_of(self, columns: Sequence[int], labels: Sequence[str]) -> IntArray:
        """Return the row of one variation for each of some columns, shape (columns,)."""
        return np.array(
            [
                self.starts[column] + self._positions[column][label]
                for column, label in zip(columns, labels, strict=True)
            ],
            dtype=np.intp,
        )

    def rows_in(self, other: Layout) -> IntArray:
        """Return the row of another layout for each row of this one, shape (rows,).

        It is that of the nominal for a variation that the other layout does not read, and -1 for a column that it does
        not have.
        """
        places = {request.column: place for place, request in enumerate(other.requests)}
        rows = []
        for request in self.requests:
            place = places.get(request.column)
            if place is None:
                rows += [-1] * len(request.labels)
            else:
                start, known = int(other.starts[place]), other._positions[place]
                rows += [start + known.get(label, 0) for label in request.labels]
        return np.array(rows, dtype=np.intp)


def _place(request: Request) -> tuple[str, str] | None:
    return (request.category, request.variable) if request.category or request.variable else None


def _starts(requests: Sequence[Request]) -> IntArray:
    sizes = [len(request.labels) for request in requests]
    return np.cumsum([0, *sizes[:-1]], dtype=np.intp)


def _positions(requests: Sequence[Request]) -> tuple[dict[str, int], ...]:
    """Return the position of each variation among those of its column."""
    # Most columns need the same variations, and share one dict.
    shared: dict[tuple[str, ...], dict[str, int]] = {}
    for request in requests:
        if request.labels not in shared:
            shared[request.labels] = {label: row for row, label in enumerate(request.labels)}
    return tuple(shared[request.labels] for request in requests)
