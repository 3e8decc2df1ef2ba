"""Sums over datasets that can be added: files in any order and grouping give the same bytes.

A value and its variance are one complex number, because the output stores them side by side. The rounding error of a
sum is carried along: without it the last digits would depend on how datasets are split into files, and so would the
bytes of the card.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core.errors import InputError
from datacard_core.findings import notice
from datacard_core.inputs.grids import GridAxis
from datacard_core.names import listing
from datacard_core.templates.labels import joined, spread, with_labels
from datacard_core.templates.template_set import Fallback, TemplateSet
from datacard_core.templates.weights import altered_content

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core.findings import Finding
    from datacard_core.model.arrays import Axis, ComplexArray, IntArray
    from datacard_core.templates.labels import Labels
    from datacard_core.templates.rows import Layout
    from datacard_core.templates.weights import Weights


@attrs.frozen(eq=False)
class ExactSums:
    """Values (real) and variances (imaginary) of shape (rows, bins + 2), with their rounding errors."""

    axis: Axis
    sums: ComplexArray
    carry: ComplexArray | None = None

    def __add__(self, other: ExactSums) -> ExactSums:
        # `add_exactly` works in place, and both addends must stay as they are.
        sums, carry = self.sums.copy(), np.zeros_like(self.sums)
        add_exactly(sums, carry, other.sums)
        for part in (self, other):
            if part.carry is not None:
                carry += part.carry
        return ExactSums(self.axis, sums, carry)

    def with_labels(self, names: tuple[str, ...]) -> ExactSums:
        """Return the sums in bins with further labels."""
        here = self.axis.categories or ()
        carry = None if self.carry is None else spread(self.carry.T, here, names, (1, 1)).T
        return ExactSums(with_labels(self.axis, names), spread(self.sums.T, here, names, (1, 1)).T, carry)

    def at_rows(self, rows: IntArray, count: int) -> ExactSums:
        """Return the sums at some rows among `count`, with zeros in the others."""

        def whole(part: ComplexArray) -> ComplexArray:
            made = np.zeros((count, part.shape[1]), dtype=part.dtype)
            made[rows] = part
            return made

        return ExactSums(self.axis, whole(self.sums), None if self.carry is None else whole(self.carry))

    @property
    def rounded(self) -> ComplexArray:
        """Sums, rounded once."""
        return self.sums if self.carry is None else self.sums + self.carry


@attrs.frozen(eq=False, kw_only=True)
class Sums:
    """Sums for one category over the datasets of one or several files."""

    category: str
    layout: Layout
    contents: ExactSums | None
    """Sums of values and variances; None if no dataset had a histogram."""
    present: IntArray
    """Number of datasets that have the variation, shape (rows,); in the rest the nominal replaces it."""
    datasets: Mapping[tuple[int, str, str], str]
    """File of each (column, sample, dataset) that is summed."""
    lacking: Mapping[tuple[int, str, str], str]
    """Problem of each (column, sample, dataset) that was not found; another file may have it."""
    problems: tuple[tuple[str, str], ...]
    """Pairs of a place and the problem there; with a problem the sums give no templates."""
    variations: tuple[frozenset[str], ...]
    """Variations that at least one dataset of each column has, for messages."""
    labels: Mapping[tuple[int, str, str], frozenset[Labels]] = attrs.field(factory=dict)
    """Labels of the bins of each (column, sample, dataset), several if files have parts of it; none for edges."""
    weights: Mapping[tuple[int, str, str], Weights] = attrs.field(factory=dict)
    """Sums of weights of each (column, sample, dataset) that the output has one of."""
    fallbacks: tuple[Fallback, ...] = ()
    findings: tuple[Finding, ...] = ()
    parts: bool = False
    """True if other sums may hold parts of the same datasets."""
    data: frozenset[tuple[int, str, str]] = frozenset()
    """The (column, sample, dataset) of data, whose histograms have no variations."""

    def __add__(self, other: Sums) -> Sums:
        """Return the sums over the datasets of both.

        Raises:
            InputError: a dataset is in both, or their bins differ.
        """
        if self.layout != other.layout or self.category != other.category:
            # A mistake in the program and not in a file, so it is no InputError.
            raise ValueError("only sums of one category and one layout can be added")
        if problems := [*_different_bins(self, other), *_in_both(self, other)]:
            raise InputError(problems)
        return Sums(
            category=self.category,
            layout=self.layout,
            contents=_added(self.contents, other.contents),
            present=self.present + other.present,
            datasets={**self.datasets, **other.datasets},
            lacking={**self.lacking, **other.lacking},
            labels={
                key: self.labels.get(key, frozenset()) | other.labels.get(key, frozenset())
                for key in {**self.labels, **other.labels}
            },
            weights=_all_weights(self.weights, other.weights),
            problems=self.problems + other.problems,
            variations=tuple(ours | theirs for ours, theirs in zip(self.variations, other.variations, strict=True)),
            fallbacks=self.fallbacks + other.fallbacks,
            # Files with parts of one dataset may have equal findings.
            findings=tuple(dict.fromkeys(self.findings + other.findings)),
            parts=self.parts,
            data=self.data | other.data,
        )

    def filled(self, layout: Layout, others: Iterable[Sums]) -> Sums:
        """Return the sums on a layout some of whose columns were summed in other categories or variables.

        Args:
            layout: the layout, whose rows are those of these sums.
            others: the sums of these columns.

        Raises:
            InputError: the bins differ.
        """
        if layout is self.layout:
            return self
        sums = attrs.evolve(self, layout=layout)
        for other in others:
            sums += other.moved(layout, self.category)
        return sums

    def moved(self, layout: Layout, category: str) -> Sums:
        """Return the sums with their columns among those of another layout and category."""
        rows = self.layout.rows_in(layout)
        names = {request.column: place for place, request in enumerate(layout.requests)}
        places = [names[request.column] for request in self.layout.requests]
        variations = [frozenset[str]()] * len(layout.requests)
        for place, known in zip(places, self.variations, strict=True):
            variations[place] = known
        present = np.zeros(layout.rows, dtype=np.intp)
        present[rows] = self.present

        def keys(by_key: Mapping[tuple[int, str, str], Any]) -> dict[tuple[int, str, str], Any]:
            return {(places[column], *rest): value for (column, *rest), value in by_key.items()}  # type: ignore[misc]

        return Sums(
            category=category,
            layout=layout,
            contents=None if self.contents is None else self.contents.at_rows(rows, layout.rows),
            present=present,
            datasets=keys(self.datasets),
            lacking=keys(self.lacking),
            labels=keys(self.labels),
            weights=keys(self.weights),
            problems=self.problems,
            variations=tuple(variations),
            fallbacks=tuple(attrs.evolve(one, column=places[one.column]) for one in self.fallbacks),
            findings=self.findings,
            parts=self.parts,
            data=frozenset(keys(dict.fromkeys(self.data))),
        )

    def complete(self) -> TemplateSet:
        """Return the templates, after all files have been added.

        Raises:
            InputError: a histogram cannot be used, or no file has a dataset with events; all problems are told.
        """
        missing = [(place_of(key), problem) for key, problem in self.lacking.items() if key not in self.datasets]
        order = self._order()
        unmatched = [(place_of(key), problem) for key, labels in self._labels() if (problem := labels.problem(order))]
        if problems := [*self.problems, *missing, *unmatched]:
            raise InputError(grouped(problems))
        if self.contents is None:
            raise InputError(f"category {self.category!r}: no dataset has a histogram, so there is not even an axis")
        if not self.contents.axis.bins:
            raise InputError(
                f"category {self.category!r}: axis {self.contents.axis.name!r} has no bins: no dataset filled a label"
            )
        # Data among simulation have no variations and lack none: they are in all templates as they are.
        simulated = {key[0] for key in self.datasets.keys() - self.data}
        fixed = {key for key in self.data if key[0] in simulated}
        columns = [key[0] for key in self.datasets if key not in fixed]
        fallbacks = [one for one in self.fallbacks if (one.column, one.sample, one.dataset) not in fixed]
        axis, contents = self.contents.axis, self.contents.rounded
        if axis.categories is not None and axis.categories != order:
            # The axis of the sums has the labels in the order in which files were added.
            places = [0, *(axis.categories.index(name) + 1 for name in order), -1]
            axis, contents = with_labels(axis, order), contents[:, places]
        return TemplateSet(
            category=self.category,
            layout=self.layout,
            axis=axis,
            values=contents.real,
            variances=contents.imag,
            present=self.present,
            datasets=np.bincount(columns, minlength=len(self.layout.requests)).astype(np.intp),
            variations=self.variations,
            # Sorted, because files are added in the order in which workers are done with them.
            fallbacks=tuple(sorted(fallbacks, key=_place)),
            findings=tuple(
                sorted(
                    (*self.findings, *self._label_findings(order), *altered_content(self.layout, self.weights)),
                    key=str,
                )
            ),
        )

    def _labels(self) -> list[tuple[tuple[int, str, str], Labels]]:
        """Return the labels of each dataset, in an order that does not depend on files."""
        return [
            (key, labels) for key in sorted(self.labels) if key in self.datasets for labels in sorted(self.labels[key])
        ]

    def _order(self) -> tuple[str, ...]:
        return joined(labels.names for _, labels in self._labels())

    def _label_findings(self, order: tuple[str, ...]) -> Iterator[Finding]:
        other = dict.fromkeys(key[2] for key, labels in self._labels() if labels.names != order)
        if other:
            message = (
                f"the bins are labelled {listing(order)}, which {listing(map(repr, other), 3)} have in another order "
                "or not all: they are matched by label"
            )
            yield notice("labels-matched", message)


def _all_weights(
    first: Mapping[tuple[int, str, str], Weights], second: Mapping[tuple[int, str, str], Weights]
) -> dict[tuple[int, str, str], Weights]:
    # Files may have parts of one dataset, each with the sum of its part.
    both = {key: first[key] + second[key] for key in first.keys() & second.keys()}
    return {**first, **second, **both}


def _added(first: ExactSums | None, second: ExactSums | None) -> ExactSums | None:
    if first is None or second is None:
        return second if first is None else first
    here, there = first.axis.categories, second.axis.categories
    if here != there and here is not None and there is not None:
        common = joined([here, there])
        return first.with_labels(common) + second.with_labels(common)
    return first + second


def add_exactly(sums: ComplexArray, carry: ComplexArray, addend: ComplexArray) -> None:
    """Add to sums in place, and the rounding error to their carry.

    Knuth's two-sum (The Art of Computer Programming, vol. 2, section 4.2.2, theorem B).
    """
    # Contents that are not finite are told with their dataset, and give no templates.
    with np.errstate(invalid="ignore", over="ignore"):
        total = sums + addend
        gained = total - sums
        carry += (sums - (total - gained)) + (addend - gained)
    sums[...] = total


def place_of(key: tuple[int, str, str]) -> str:
    """Return a (column, sample, dataset) as text for a message."""
    return f"sample {key[1]!r}, dataset {key[2]!r}"


def grouped(problems: Iterable[tuple[str, str]]) -> list[str]:
    """Return problems of datasets as text, each once with its first place and the number of further places."""
    places: dict[str, list[str]] = {}
    for place, problem in problems:
        places.setdefault(problem, []).append(place)
    return [
        f"{where[0]}{f' and {len(where) - 1} more' if len(where) > 1 else ''}: {problem}"
        for problem, where in places.items()
    ]


def bins_text(axis: Axis) -> str:
    """Return the bins of an axis as text for a message."""
    if isinstance(axis, GridAxis):
        return ", and ".join(f"of {part.name!r} {bins_text(part)}" for part in axis.parts)
    if axis.categories is not None:
        return f"labelled {listing(axis.categories)}"
    return f"{axis.bins} with edges {listing((f'{edge:.15g}' for edge in axis.edges), 30)}"


def _place(fallback: Fallback) -> tuple[Any, ...]:
    return fallback.column, fallback.sample, fallback.dataset, fallback.computed


def _different_bins(first: Sums, second: Sums) -> list[str]:
    if not first.contents or not second.contents or first.contents.axis.same_binning(second.contents.axis):
        return []
    if first.contents.axis.categories is not None and second.contents.axis.categories is not None:
        return []
    here, there = (next(iter(part.datasets.values()), "") for part in (first, second))
    return [
        (
            f"category {first.category!r}: the bins are {bins_text(first.contents.axis)} in {here} and "
            f"{bins_text(second.contents.axis)} in {there}: the histograms of one channel must have the same edges"
        )
    ]


def _in_both(first: Sums, second: Sums) -> list[str]:
    if first.parts:
        return []
    return grouped(
        (
            f"dataset {key[2]!r} of sample {key[1]!r}",
            (
                f"in {first.datasets[key]} and in {second.datasets[key]}: events would count twice; "
                "if the files hold parts of one dataset, say so with parts=True or --parts"
            ),
        )
        for key in sorted(first.datasets.keys() & second.datasets.keys())
    )
