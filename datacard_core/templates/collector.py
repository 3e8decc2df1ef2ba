"""The collector of sums: one pass over the histograms of an output, for several categories at once."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.errors import InputError
from datacard_core.findings import Finding, notice, warning
from datacard_core.inputs.grids import GridAxis, variables_problem
from datacard_core.inputs.histograms import NOMINAL, in_order
from datacard_core.inputs.output import LOADED
from datacard_core.names import closest, listing
from datacard_core.templates.accumulator import Accumulator, gather
from datacard_core.templates.contents import are_counts, content_problems, variance_problem
from datacard_core.templates.labels import Labels, common_axis, spread
from datacard_core.templates.overlaps import overlap_findings, repeated_findings
from datacard_core.templates.sums import Sums, bins_text, place_of
from datacard_core.templates.template_set import Fallback
from datacard_core.templates.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datacard_core.inputs.histograms import HistogramArray
    from datacard_core.inputs.output import HistogramSet
    from datacard_core.model.arrays import Axis, BoolArray, ComplexArray, IntArray
    from datacard_core.templates.rows import Layout, Request


def collect(
    histograms: HistogramSet, layout: Layout, categories: Iterable[str], *, alone: bool = False, parts: bool = False
) -> dict[str, Sums]:
    """Sum the histograms of some categories to the rows of a layout.

    No error is raised here. Problems of histograms are kept beside the sums, and so are datasets without histogram or
    without the category: another file may have them.

    Args:
        histograms: the histograms of one variable.
        layout: the rows.
        categories: the categories to sum, by name.
        alone: whether the sums are complete, so that no other sums are added to them.
        parts: whether another file may have parts of the same datasets.
    """
    collector = Collector(histograms, layout, tuple(categories), alone=alone, parts=parts)
    collect_all([collector])
    return collector.finished()


def collect_all(collectors: Sequence[Collector]) -> None:
    """Hand the histograms to all collectors that need them, in the order in which they are read."""
    needed = [(collector, *of) for collector in collectors for of in collector.needed()]
    for place, histogram in in_order([histogram for *_, histogram in needed]):
        collector, piece, _ = needed[place]
        collector.take(piece, histogram)


@attrs.frozen(kw_only=True)
class _Piece:
    """A dataset that a column is made of."""

    number: int
    """Place among all, in the order of columns."""
    column: int
    request: Request
    sample: str
    dataset: str

    @property
    def key(self) -> tuple[int, str, str]:
        return self.column, self.sample, self.dataset

    def __str__(self) -> str:
        return place_of(self.key)


class Collector:
    """Sums that are being made, with their findings and problems.

    The histograms come in the order in which they stand in files. The result is the same in each order.

    Args:
        histograms: the histograms of one variable.
        layout: the rows.
        categories: the categories to sum, by name.
        alone: whether the sums are complete, so that no other sums are added to them.
        parts: whether another file may have parts of the same datasets.
    """

    def __init__(
        self, histograms: HistogramSet, layout: Layout, categories: tuple[str, ...], *, alone: bool, parts: bool
    ) -> None:
        self.histograms = histograms
        self.parts = parts
        self.accumulator = Accumulator(layout, len(categories), exact=not alone)
        self.layout = layout
        self.categories = categories
        self.axis: Axis | None = None
        self.axis_of = ""
        self.common_axis = common_axis(histograms, layout)
        self.labels: dict[tuple[int, str, str], frozenset[Labels]] = {}
        self.present = np.zeros((layout.rows, len(categories)), dtype=np.intp)
        self.datasets: dict[str, dict[tuple[int, str, str], str]] = {category: {} for category in categories}
        self.lacking: dict[str, dict[tuple[int, str, str], str]] = {category: {} for category in categories}
        self.variations: list[set[str]] = [set() for _ in layout.requests]
        self.weights: dict[str, dict[tuple[int, str, str], Weights]] = {category: {} for category in categories}
        self.fallbacks: dict[str, list[Fallback]] = {category: [] for category in categories}
        self.findings: dict[str, list[Finding]] = {category: [] for category in categories}
        # With the number of the piece, by which they are sorted.
        self.problems: dict[str, list[tuple[int, str, str]]] = {category: [] for category in categories}
        self.data: set[tuple[int, str, str]] = set()
        self._waiting = [0] * len(layout.requests)
        """Number of histograms that each column waits for."""
        self._without_events: set[int] = set()
        """Numbers of the pieces with a histogram and without events after the preselection."""

    def needed(self) -> Iterator[tuple[_Piece, HistogramArray]]:
        """Yield the datasets of all columns whose histograms are needed, with these."""
        numbers = itertools.count()
        for column, request in enumerate(self.layout.requests):
            for sample, year in request.samples:
                for dataset in self.histograms.datasets(sample, year):
                    piece = _Piece(number=next(numbers), column=column, request=request, sample=sample, dataset=dataset)
                    histogram = None
                    with self._faults_of(piece):
                        histogram = self._needed(piece)
                    if histogram is not None:
                        self._waiting[column] += 1
                        yield piece, histogram

    def take(self, piece: _Piece, histogram: HistogramArray) -> None:
        """Add a dataset to its column, and finish the column with its last one."""
        with self._faults_of(piece):
            if piece.number in self._without_events:
                self._skip(piece, histogram)
            else:
                self._take(piece, histogram)
        self._waiting[piece.column] -= 1
        if not self._waiting[piece.column] and self.axis is not None:
            self.accumulator.finish_column(piece.column, self.axis)

    @contextmanager
    def _faults_of(self, piece: _Piece) -> Iterator[None]:
        try:
            yield
        except InputError as error:
            # A fault of the histogram concerns all categories that are read from it.
            for problems in self.problems.values():
                problems += [(piece.number, self._place(piece), problem) for problem in error.problems]

    def _place(self, piece: _Piece) -> str:
        return str(piece) if self.histograms.read_from == LOADED else f"{self.histograms.read_from}: {piece}"

    def finished(self) -> dict[str, Sums]:
        """Return the sums of each category."""
        for category in self.categories:
            self.findings[category] += overlap_findings(self.histograms, self.layout, category)
            self.findings[category] += repeated_findings(self.histograms, self.layout)
        return {
            category: Sums(
                category=category,
                layout=self.layout,
                contents=self.accumulator.contents(position, self.axis),
                # A view would keep the counts of all categories in memory.
                present=self.present[:, position].copy(),
                datasets=self.datasets[category],
                lacking=self.lacking[category],
                labels=self.labels,
                problems=tuple(
                    (place, problem)
                    for _, place, problem in sorted(self.problems[category], key=lambda problem: problem[0])
                ),
                variations=tuple(frozenset(variations) for variations in self.variations),
                weights=self.weights[category],
                fallbacks=tuple(self.fallbacks[category]),
                findings=tuple(self.findings[category]),
                parts=self.parts,
                data=frozenset(key for key in self.datasets[category] if key in self.data),
            )
            for position, category in enumerate(self.categories)
        }

    def _skip(self, piece: _Piece, histogram: HistogramArray | None) -> None:
        if histogram is not None and histogram.contents.any():
            raise InputError(
                "no event in cutflow['presel'], but its histogram has content: "
                "cutflow and histograms are not of one production"
            )
        message = (
            f"dataset {piece.dataset!r} of sample {piece.sample!r} has no event in cutflow['presel'] and is skipped"
        )
        for findings in self.findings.values():
            findings.append(notice("empty-dataset", message, column=piece.request.column))

    def _needed(self, piece: _Piece) -> HistogramArray | None:
        """Return the histogram of a dataset, or None if there is nothing in it for the categories to collect."""
        histogram = self.histograms.histogram(piece.sample, piece.dataset)
        if self.histograms.is_empty(piece.dataset):
            if histogram is None:
                self._skip(piece, None)
            self._without_events.add(piece.number)
            return histogram
        known = () if histogram is None else histogram.categories
        for category in self.categories:
            if category not in known:
                self.lacking[category][piece.key] = self._lacking(piece, category, histogram)
        if histogram is None or not any(category in known for category in self.categories):
            return None
        self._agree(piece, histogram)
        return histogram

    def _lacking(self, piece: _Piece, category: str, histogram: HistogramArray | None) -> str:
        if histogram is not None:
            return f"the histogram has no category {category!r}{closest(category, histogram.categories)}"
        known = sorted(self.histograms.histograms.get(piece.sample, {}))
        has = f"the sample has histograms of {listing(known, 4)}" if known else "nor has any dataset of the sample"
        return f"it has events in cutflow['presel'], but no histogram of the variable of category {category!r}; {has}"

    def _take(self, piece: _Piece, histogram: HistogramArray) -> None:
        if both := sorted(piece.request.made.intersection(histogram.labels)):
            raise InputError(f"it has the variation {both[0]!r}, which sample_norms makes too: choose another name")
        known = [place for place, category in enumerate(self.categories) if category in histogram.categories]
        there = np.array(known, dtype=np.intp)
        contents, absent = self._contents(piece, histogram, there)
        not_computed = self._fall_back(piece, contents, absent, there)
        for index, problem in content_problems(histogram, contents, piece.request.labels):
            category = self.categories[there[index]]
            told = f"category {category!r}, {problem}"
            self.problems[category].append((piece.number, self._place(piece), told))
        self._weigh(piece, histogram, contents, there)
        if not histogram.has_variances:
            self._settle_variances(piece, histogram, contents, there)
        for label, factor in piece.request.factors_of(piece.sample):
            contents.real[:, label] *= factor
            contents.imag[:, label] *= factor**2
        if piece.sample in piece.request.subtracted:
            # Squared weights add up in a difference too, so that variances keep their sign.
            np.negative(contents.real, out=contents.real)
        if histogram.variations is None:
            self.data.add(piece.key)
        # Behind this line no InputError is raised: a dataset is added with all its rows, or not at all.
        self.accumulator.add(piece.column, self._by_label(piece, histogram, contents), histogram.flow, there)
        of_column = self.present[self.layout.slice_of(piece.column)]
        of_column[:, there] += ~(absent[:, np.newaxis] | not_computed)
        self.variations[piece.column].update(histogram.labels, piece.request.made)
        for index, position in enumerate(there):
            category = self.categories[position]
            self.datasets[category][piece.key] = self.histograms.read_from
            self._note(piece, category, absent, computed=False)
            self._note(piece, category, not_computed[:, index], computed=True)

    def _agree(self, piece: _Piece, histogram: HistogramArray) -> None:
        if self.axis is None:
            labelled = histogram.axis.categories is not None
            self.axis, self.axis_of = (self.common_axis if labelled else None) or histogram.axis, str(piece)
        elif self.axis.categories is not None and histogram.axis.categories is not None:
            pass  # Bins are matched by label.
        elif isinstance(histogram.axis, GridAxis) and not isinstance(self.axis, GridAxis):
            raise InputError(variables_problem([part.name for part in reversed(histogram.axis.parts)]))
        elif not self.axis.same_binning(histogram.axis):
            raise InputError(
                f"the bins are {bins_text(histogram.axis)}, those of {self.axis_of} are {bins_text(self.axis)}: "
                "the histograms of one channel must have the same edges"
            )

    def _contents(self, piece: _Piece, histogram: HistogramArray, there: IntArray) -> tuple[ComplexArray, BoolArray]:
        """Return values and variances, shape (bins, labels, categories), and absent labels, shape (labels,)."""
        # A missing label has the position -1. The first label of a request is the nominal.
        labels = piece.request.labels_of(piece.sample)
        positions = histogram.positions(labels)
        if positions[0] < 0:
            has = f"only {listing(histogram.labels)}" if histogram.labels else "and no other label"
            raise InputError(f"its variation axis has no {labels[0]!r}, {has}")
        absent = positions < 0
        # A missing variation is read from the nominal, so that the sum holds the dataset's nominal in its place.
        positions = np.where(absent, positions[0], positions)
        # By name, never by a sum over the axis: its flow bin may hold the events of other categories.
        columns = [histogram.categories.index(self.categories[position]) for position in there]
        return gather(histogram.contents, positions, columns, self.accumulator.scratch), absent

    def _fall_back(self, piece: _Piece, contents: ComplexArray, absent: BoolArray, there: IntArray) -> BoolArray:
        """Write the nominal where a variation was never filled in a category; return where, shape (labels, categories).

        PocketCoffea keeps a shape variation that only another category computes on the axis, with zeros. The cutflow
        counts its events in each category: if it counts events, the variation was not computed, otherwise it is empty.
        """
        empty: BoolArray = (contents == 0).all(axis=0)
        if not empty.any():
            return empty
        for index in np.flatnonzero(empty[0]).tolist():
            self._note_unfilled(piece, self.categories[there[index]])
        # Absent labels hold the nominal already. Where the nominal (row 0) is empty too, zeros are right.
        empty[absent] = False
        empty &= ~empty[0]
        # PocketCoffea counts by variation since 0.9.11; without these counts, zeros are taken as not computed. A weight
        # variation has no count: it is filled with the nominal where it is not computed, so its zeros are real.
        for label, index in np.argwhere(empty).tolist():
            category = self.categories[there[index]]
            if self.histograms.counts_by_variation(category, piece.dataset, piece.sample):
                variation = piece.request.labels[label]
                empty[label, index] = bool(self.histograms.selected(category, piece.dataset, piece.sample, variation))
        labels, indices = np.nonzero(empty)
        contents[:, labels, indices] = contents[:, 0, indices]
        return empty

    def _note_unfilled(self, piece: _Piece, category: str) -> None:
        """Note a nominal without content if the cutflow has events of the dataset in the category."""
        if count := self.histograms.events(category, piece.dataset, piece.sample):
            message = (
                f"dataset {piece.dataset!r} of sample {piece.sample!r} has {count:g} events in the cutflow of category "
                f"{category!r}, but its nominal is empty: it adds nothing; was its histogram filled, or are all events "
                "outside an axis without flow bins?"
            )
            self.findings[category].append(warning("empty-histogram", message, column=piece.request.column))

    def _weigh(self, piece: _Piece, histogram: HistogramArray, contents: ComplexArray, there: IntArray) -> None:
        """Keep the sum of the nominal beside that of the output; without flow bins, they may differ."""
        if not self.histograms.sumw or histogram.flow != (1, 1) or piece.request.labels_of(piece.sample)[0] != NOMINAL:
            return
        for index, position in enumerate(there):
            category = self.categories[position]
            expected = self.histograms.sum_of_weights(category, piece.dataset, piece.sample)
            if expected is not None:
                nominal = contents.real[:, 0, index]
                found = Weights(float(nominal.sum()), float(np.abs(nominal).sum()), expected)
                self.weights[category][piece.key] = found

    def _by_label(self, piece: _Piece, histogram: HistogramArray, contents: ComplexArray) -> ComplexArray:
        """Return the contents in the bins of the common axis."""
        here, there = histogram.axis.categories, self.axis.categories if self.axis else None
        if here is None or there is None:
            return contents
        self.labels[piece.key] = frozenset({Labels(here, bool(histogram.flow[1]))})
        return contents if here == there else spread(contents, here, there, histogram.flow)

    def _settle_variances(
        self, piece: _Piece, histogram: HistogramArray, contents: ComplexArray, there: IntArray
    ) -> None:
        """Decide on the variances of a storage that keeps none; in `contents`, the values stand in their place."""
        # Each category by itself, so that a card does not depend on the categories that are built with it.
        for index, position in enumerate(there):
            category = self.categories[position]
            if are_counts(contents.real[:, :, index]):
                # The variance of a count is the count. Histograms of data are counts, and not weights of 1.
                done = "" if histogram.variations is None else "its contents are whole numbers, and taken as counts"
            elif problem := variance_problem(piece.request):
                self.problems[category].append((piece.number, self._place(piece), problem))
                continue
            else:
                contents.imag[:, :, index] = 0
                done = "no declaration needs variances, and they are set to 0"
            if done:
                what = f"the storage of dataset {piece.dataset!r} of sample {piece.sample!r} keeps no variances"
                finding = notice("no-variances", f"{what}: {done}", column=piece.request.column)
                self.findings[category].append(finding)

    def _note(self, piece: _Piece, category: str, missing: BoolArray, *, computed: bool) -> None:
        if not missing.any():
            return
        labels = tuple(piece.request.labels[label] for label in np.flatnonzero(missing))
        certain = not computed or self.histograms.counts_by_variation(category, piece.dataset, piece.sample)
        self.fallbacks[category].append(
            Fallback(
                column=piece.column,
                sample=piece.sample,
                dataset=piece.dataset,
                labels=labels,
                computed=computed,
                certain=certain,
            )
        )
