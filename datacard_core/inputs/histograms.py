"""Histograms of an output as arrays; objects of `hist` exist only here."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import attrs
import hist
import numpy as np

from datacard_core.errors import InputError, with_type
from datacard_core.grammar import DIRECTIONS
from datacard_core.inputs.arrangements import Arrangements, rise
from datacard_core.inputs.structure import COMPUTE, entries, is_uncomputed
from datacard_core.inputs.unread import UnreadBins, read_in_order
from datacard_core.model.arrays import Axis, unmasked
from datacard_core.names import duplicates, names_of, public

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from datacard_core.inputs.structure import OutputDict
    from datacard_core.model.arrays import ComplexArray, FloatArray, IntArray

NOMINAL = "nominal"
_WEIGHTED = np.dtype([("value", np.float64), ("variance", np.float64)])
"""Type of the bins of the storage `Weight`."""
_NUMBERS = "biuf"
"""Kinds of numpy's types that are real numbers."""


def stems(labels: Iterable[str]) -> list[str]:
    """Return the names of variations as a declaration has them, sorted: of an Up and a Down, their common part."""
    there = {label for label in labels if label != NOMINAL}
    by_stem: dict[str, list[str]] = {}
    for label in sorted(there):
        by_stem.setdefault(label.removesuffix("Up").removesuffix("Down"), []).append(label)
    return sorted(
        name
        for stem, alike in by_stem.items()
        for name in ([stem] if {f"{stem}{direction}" for direction in DIRECTIONS} <= there else alike)
    )


HOW_TO_FILL = "fill with storage=hist.storage.Weight(), which keeps the sum of squared weights"


@attrs.frozen(eq=False)
class DecodedHistogram:
    """A histogram as it was read: axes of `hist`, and bins that were never copied into a `hist.Hist`."""

    axes: tuple[Any, ...]
    bins: ComplexArray | UnreadBins
    """Values (real) and variances (imaginary) with flow, in the order of the axes; or their place in the file."""
    has_variances: bool

    @property
    def contents(self) -> ComplexArray:
        """Values (real) and variances (imaginary) with flow, in the order of the axes."""
        return self.bins.read() if isinstance(self.bins, UnreadBins) else self.bins


@public
@attrs.frozen(eq=False, kw_only=True)
class HistogramArray:
    """One histogram of an output as an array; make it with `HistogramArray.of`."""

    categories: tuple[str, ...]
    variations: tuple[str, ...] | None
    """Names of the variations, or None for data, whose histograms have no axis of variations."""
    axis: Axis
    """Axis of the variable."""
    _contents: ComplexArray | UnreadBins
    flow: tuple[int, int]
    """Numbers of underflow and overflow bins of the variable, each 0 or 1."""
    has_variances: bool = True
    """True if the storage keeps variances; otherwise the values stand in their place."""

    @property
    def contents(self) -> ComplexArray:
        """Values (real) and variances (imaginary), shape (bins with flow, variations, categories).

        This is PocketCoffea's order in memory. Both category axes may have a flow bin at their end. Bins that stay in
        their file are read each time; `in_order` reads those of many histograms at once.
        """
        return self._contents.read() if isinstance(self._contents, UnreadBins) else self._contents

    @property
    def unread(self) -> UnreadBins | None:
        """Bins that stay in their file, or None if they are in memory."""
        return self._contents if isinstance(self._contents, UnreadBins) else None

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the variations in the contents: the nominal alone for data without an axis of variations."""
        # Not `variations or …`: an axis of variations without labels has not even a nominal.
        return (NOMINAL,) if self.variations is None else self.variations

    @classmethod
    def of(
        cls,
        values: npt.ArrayLike,
        variances: npt.ArrayLike,
        *,
        axis: Axis,
        categories: Iterable[str],
        variations: Iterable[str] | None = None,
    ) -> HistogramArray:
        """Make a histogram of values and variances.

        Args:
            values: sums of weights, shape (categories, variations, bins + 2) with under- and overflow, or
                (categories, variations, bins) without. Data have no axis of variations: (categories, bins + 2), or
                (categories, bins).
            variances: sums of squared weights, in the shape of `values`.
            axis: the axis of the variable.
            categories: the names of the categories.
            variations: the names of the variations, with "nominal"; None for data.

        Returns:
            The histogram, with a copy of the arrays.

        Raises:
            InputError: the shapes disagree with the axis and the names, or names occur twice.
            TypeError: an array is masked, or holds no real numbers.
        """
        names = names_of(categories), None if variations is None else names_of(variations)
        lengths = tuple(len(found) for found in names if found is not None)
        allowed = (*lengths, axis.bins + 2), (*lengths, axis.bins)
        arrays = [_numbers(array) for array in (values, variances)]
        shapes = tuple(array.shape for array in arrays)
        if shapes not in {(shape, shape) for shape in allowed}:
            raise InputError(
                f"values have shape {shapes[0]} and variances {shapes[1]}, expected {allowed[0]} for both, "
                f"or {allowed[1]} without flow"
            )
        contents = np.empty(shapes[0], dtype=np.complex128)
        contents.real, contents.imag = arrays
        contents = contents if variations is not None else contents[:, np.newaxis, :]
        flow = (1, 1) if shapes[0] == allowed[0] else (0, 0)
        histogram = cls(
            categories=names[0], variations=names[1], axis=axis, contents=contents.transpose(2, 1, 0), flow=flow
        )
        histogram.check()
        return histogram

    def check(self) -> None:
        """Check that array, names and axis agree.

        Raises:
            InputError: they do not, with all reasons.
        """
        # The shape of the contents can be compared only with names and an axis that are right.
        if problems := [*self._name_problems(), *self._axis_problems()] or list(self._content_problems()):
            raise InputError(problems)

    def _name_problems(self) -> Iterator[str]:
        for what, names in (("categories", self.categories), ("variations", self.labels)):
            if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names) or duplicates(names):
                yield f"its {what} are {names!r}, expected a tuple of names, each once"

    def _axis_problems(self) -> Iterator[str]:
        if self.flow not in itertools.product((0, 1), repeat=2):
            yield f"its flow is {self.flow!r}, expected the numbers of underflow and overflow bins, each 0 or 1"
        if not isinstance(self.axis, Axis):
            yield f"its axis is {self.axis!r}, expected an Axis"
        elif not _are_edges(self.axis.edges):
            yield f"its axis has edges {self.axis.edges!r}, expected an array of at least two, rising"
        else:
            yield from _text_problems(self.axis)

    def _content_problems(self) -> Iterator[str]:
        shape = np.shape(self.contents)
        least = (self.axis.bins + sum(self.flow), len(self.labels), len(self.categories))
        # PocketCoffea's category axes may have a flow bin at their end, which belongs to no name.
        most = (least[0], least[1] + 1, least[2] + 1)
        if len(shape) != len(least) or not all(
            low <= size <= high for low, size, high in zip(least, shape, most, strict=True)
        ):
            yield f"its contents have shape {shape}, expected {least}: bins with flow, variations, categories"
        elif not isinstance(self.contents, np.ndarray) or self.contents.dtype != np.complex128:
            what = getattr(self.contents, "dtype", type(self.contents).__name__)
            yield f"its contents are {what}, expected an array of complex128: values and variances"

    def positions(self, labels: tuple[str, ...]) -> IntArray:
        """Return the positions of variations on their axis, shape (labels,), -1 for a missing variation."""
        index = {label: position for position, label in enumerate(self.labels)}
        return np.array([index.get(label, -1) for label in labels], dtype=np.intp)

    def bin_name(self, place: int) -> str:
        """Return the name of a bin by its position in memory: its number in ROOT, or "underflow" or "overflow"."""
        number = place + 1 - self.flow[0]
        return {0: "underflow", self.axis.bins + 1: "overflow"}.get(number, f"bin {number}")


def _numbers(array: npt.ArrayLike) -> FloatArray:
    found = np.asarray(unmasked(array))
    # A cast to floats reads texts and dates too.
    if found.dtype.kind not in _NUMBERS:
        raise TypeError(f"an array of {found.dtype}, expected numbers: {found.ravel()[:3].tolist()!r:.200}")
    return found.astype(np.float64)


def _text_problems(axis: Axis) -> Iterator[str]:
    for what, text in (("name", axis.name), ("label", axis.label)):
        if not isinstance(text, str):
            yield f"the {what} of its axis is {text!r:.200}, expected a text"
    if axis.uniform not in (True, False):
        yield f"uniform of its axis is {axis.uniform!r:.200}, expected True or False"
    labels = axis.categories
    if labels is not None:
        are_names = isinstance(labels, tuple) and all(isinstance(label, str) for label in labels)
        if not are_names or len(labels) != axis.bins or duplicates(labels):
            yield f"the categories of its axis are {labels!r:.200}, expected a tuple of {axis.bins} names, each once"


def _are_edges(edges: Any) -> bool:
    is_array = isinstance(edges, np.ndarray) and edges.dtype == np.float64 and edges.ndim == 1
    return is_array and edges.size > 1 and rise(edges)


def check_histogram(histogram: object) -> None:
    """Check that an object can be a histogram of an output.

    Raises:
        InputError: it has another type, or is a `HistogramArray` whose parts disagree.
    """
    if isinstance(histogram, HistogramArray):
        histogram.check()
    elif is_uncomputed(histogram):
        # It looks like a histogram without content, so that its events would be missing without a trace.
        raise InputError(f"it is a dask collection ({type(histogram).__name__}) that was not computed: {COMPUTE}")
    elif not isinstance(histogram, DecodedHistogram | hist.BaseHist):
        raise InputError(f"a {type(histogram).__name__} stands where a hist.Hist or a HistogramArray is expected")


def stored(histogram: Any, arrangements: Arrangements | None = None) -> HistogramArray:
    """Return a histogram of an output as an array that shares its memory.

    Args:
        histogram: an object of an output.
        arrangements: those of other histograms of the output.

    Raises:
        InputError: it does not have PocketCoffea's axes, or a storage without sums of weights.
    """
    check_histogram(histogram)
    if isinstance(histogram, HistogramArray):
        return histogram
    try:
        made = decoded(histogram)
        of_axes = (arrangements or Arrangements()).of(made.axes)
        bins = made.bins
        return HistogramArray(
            categories=of_axes.categories,
            variations=of_axes.variations,
            axis=of_axes.axis,
            contents=bins.then(of_axes.arranged) if isinstance(bins, UnreadBins) else of_axes.arranged(bins),
            flow=of_axes.flow,
            has_variances=made.has_variances,
        )
    except InputError:
        raise
    # A subclass of hist's, or an object of a damaged file, may fail in any way.
    except Exception as error:
        raise InputError(f"it cannot be used as a histogram: {with_type(error)}") from error


def decoded(histogram: Any) -> DecodedHistogram:
    """Return axes and contents of a histogram.

    Raises:
        InputError: it is none of `hist`, or has a storage without sums of weights.
    """
    check_histogram(histogram)
    if isinstance(histogram, HistogramArray):
        raise InputError("it is a HistogramArray, expected a hist.Hist, whose axes have names")
    if isinstance(histogram, DecodedHistogram):
        return histogram
    contents, has_variances = _contents(histogram)
    return DecodedHistogram(tuple(histogram.axes), contents, has_variances)


def in_order(histograms: Sequence[HistogramArray]) -> Iterator[tuple[int, HistogramArray]]:
    """Yield the position of each histogram and the histogram with its contents in memory.

    Contents that stay in their file come last, in the order of the file, and are valid until the next ones.

    Raises:
        InputError: a file has changed, or cannot be read any more.
    """
    waiting: list[tuple[int, UnreadBins]] = []
    for position, histogram in enumerate(histograms):
        if histogram.unread is None:
            yield position, histogram
        else:
            waiting.append((position, histogram.unread))
    for place, contents in read_in_order([bins for _, bins in waiting]):
        position, _ = waiting[place]
        yield position, attrs.evolve(histograms[position], contents=contents)


def histogram_problems(output: OutputDict, variables: Iterable[str]) -> Iterator[str]:
    """Yield the problems of objects in the place of histograms of the given variables, each with its place."""
    for variable in variables:
        for sample, by_dataset in entries(output["variables"].get(variable, {})):
            for dataset, histogram in entries(by_dataset):
                try:
                    check_histogram(histogram)
                except InputError as error:
                    place = f"variables[{variable!r}][{sample!r}][{dataset!r}]"
                    yield from (f"{place}: {problem}" for problem in error.problems)


def _contents(histogram: Any) -> tuple[ComplexArray, bool]:
    view = np.asarray(histogram.view(flow=True))
    # The type of the storage, which takes longer to find out, need be known of other storages alone.
    if view.dtype == _WEIGHTED:
        # Value and variance of a bin stand side by side, as real and imaginary part of a complex number do.
        return view.view(np.complex128), True
    kind = histogram.storage_type.__name__
    # A sum of squared weights is equal to the sum of weights where all weights are 1; the collector checks that.
    if kind in ("Int64", "AtomicInt64", "Unlimited", "Double"):
        return view * (1 + 1j), False
    raise InputError(f"its storage {kind} holds no sums of weights: {HOW_TO_FILL}")
