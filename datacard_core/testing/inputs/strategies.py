"""Strategies of hypothesis: small analyses, templates to write, and wrong declarations."""

from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING, Any

import attrs
from hypothesis import strategies as st

from datacard_core.testing.inputs.sketches import YEARS, Contents, Dataset, Simulated, Sketch
from datacard_core.testing.inputs.written import Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

# Far beyond the yields of an analysis. Between them a float has 16 digits for their sum, so a rate stays positive.
LARGEST = 1e9
SMALLEST = 1e-12
# Enough for every branch of a kind, and small enough that a failing input can be read.
MOST_BINS = 6
MOST_PROCESSES = 4
MOST_TEMPLATES = 8
ENOUGH = 10.0
"""Yield of a background that outweighs the negative contents of its column."""

CONTENT = st.one_of(
    st.sampled_from((1.0, 0.0, 10.0, 0.5, -0.25, -2.0, SMALLEST, LARGEST)), st.floats(SMALLEST, LARGEST)
)
FACTOR = st.sampled_from((1.0, 1.1, 0.9, 1.5, 0.5, 0.0))
COUNT = st.sampled_from((0.0, 1.0, 2.0, 10.0, LARGEST))
WIDTH = st.sampled_from((1.0, 0.5, 10.0, 1e-3))

STRANGE: tuple[Any, ...] = (
    None,
    True,
    False,
    "",
    "rubbish",
    "two words",
    "two\nlines",
    "1.05",
    b"1.05",
    math.nan,
    math.inf,
    -math.inf,
    0,
    -1,
    7,
    100,
    0.0,
    -0.5,
    0.5,
    1.5,
    1e-100,
    1j,
    (),
    [],
    {},
    (1.0,),
    (0.95, 1.05),
    (1.05, 0.95),
    (0.0, 5.0),
    (0.0, 0.0),
    (-1.0, 2.0),
    (math.nan, 1.0),
    ("a", "b"),
    [0.9, 1.0, 1.1],
    ((0.9, 1.1), (0.8, 1.2)),
    {"a": 1.0},
    {1: 2.0},
    {"2016": 1.05},
    {"2016": 1.05, "2017": "rubbish"},
    {"2016": {"2017": 1.05}},
    {"2016": (0.95, 1.05), "2017": -1.0},
    {"p0": 1.05, "nobody": 1.0},
)
"""Values that scripts declare by mistake. All numbers are small: a kind may take one as a number of variations."""
FAR_VALUES = (1e100, -1e100)
"""Large numbers, for values only: as an option of a kind one may be a number of variations, and fill the memory."""


def contents(bins: int) -> SearchStrategy[Contents]:
    """Return the strategy of the yields in a number of bins."""
    return st.tuples(*[CONTENT] * bins)


@st.composite
def _datasets(draw: DrawFn, bins: int) -> Dataset:
    nominal = draw(contents(bins))
    # Most real variations are near the nominal, and some are far from it.
    factors = st.tuples(*[FACTOR] * bins)
    near = factors.map(lambda drawn: tuple(content * factor for content, factor in zip(nominal, drawn, strict=True)))
    return Dataset(
        nominal,
        tuple(draw(st.lists(st.one_of(near, contents(bins)), min_size=1, max_size=3))),
        draw(st.sampled_from((None, None, None, 0, 1))),
        draw(st.sampled_from((0.25, 0.0, 1.0, 1e3))),
    )


@st.composite
def _processes(draw: DrawFn, bins: int, years: int) -> Simulated:
    samples = draw(st.sampled_from((1, 1, 2)))
    datasets = st.tuples(*[st.tuples(*[_datasets(bins)] * samples)] * years)
    return Simulated(draw(datasets), draw(st.booleans()))


@st.composite
def sketches(draw: DrawFn) -> Sketch:
    """Draw an analysis that the core accepts: the first process is a background with yield, data are counts."""
    bins, years = draw(st.integers(1, MOST_BINS)), draw(st.integers(1, len(YEARS)))
    processes = draw(st.lists(_processes(bins, years), min_size=1, max_size=MOST_PROCESSES))
    numbers = st.lists(st.integers(0, len(processes) - 1), min_size=1, unique=True)
    of_years = st.lists(st.integers(0, years - 1), min_size=1, unique=True)
    return Sketch(
        edges=draw(_edges(bins)),
        processes=(_filled(processes[0]), *processes[1:]),
        data=draw(st.none() | st.tuples(*[COUNT] * bins)),
        on=draw(st.none() | st.tuples(numbers.map(sorted).map(tuple), of_years.map(sorted).map(tuple))),
    )


def _filled(process: Simulated) -> Simulated:
    """Return a process as a background with yield in its first bin and year."""
    (first, *samples), *years = process.datasets
    filled = attrs.evolve(first, nominal=(max(first.nominal[0], ENOUGH), *first.nominal[1:]))
    return Simulated(((filled, *samples), *years))


@st.composite
def _edges(draw: DrawFn, bins: int) -> tuple[float, ...]:
    edges = [draw(st.sampled_from((0.0, -1.5, 30.0)))]
    for width in draw(st.tuples(*[WIDTH] * bins)):
        edges.append(edges[-1] + width)
    return tuple(edges)


# A serializer that rounds, or writes floats of single precision, loses these.
YIELD = st.one_of(st.sampled_from((0.0, 1.0, 0.1, 1e-300, 1e15)), st.floats(0, 1e15))
_FIRST = f"{string.ascii_letters}_"
_OTHERS = f"{_FIRST}{string.digits}.-"
NAME = st.builds(
    lambda first, others: "".join((first, *others)),
    st.sampled_from(_FIRST),
    st.lists(st.sampled_from(_OTHERS), max_size=20),
)
"""Strategy of names that Combine accepts."""


@st.composite
def written(draw: DrawFn) -> Written:
    """Draw templates to write."""
    names = draw(st.lists(NAME, min_size=1, max_size=MOST_TEMPLATES, unique=True))
    bins = draw(st.integers(1, MOST_BINS))
    rows = st.tuples(*[st.tuples(*[YIELD] * bins)] * len(names))
    return Written(tuple(names), draw(_edges(bins)), draw(rows), draw(rows))


def strange_options(options: Sequence[str]) -> SearchStrategy[dict[str, Any]]:
    """Return the strategy of strange values for some options."""
    if not options:
        return st.just({})
    return st.dictionaries(st.sampled_from(sorted(options)), st.sampled_from(STRANGE), max_size=len(options))


def near(value: Any) -> tuple[Any, ...]:
    """Return values that differ little from a value that is accepted."""
    # First, because a bool is an int for Python.
    if isinstance(value, bool):
        return (not value, int(value), str(value))
    if isinstance(value, int):
        return (value - 1, value + 1, -value, 2 * value, float(value), value + 0.5, str(value), [value])
    if isinstance(value, float):
        return (-value, 2 * value, value / 2, 1e100, str(value), [value])
    if isinstance(value, str):
        return (value.upper(), f"{value} ", f"{value}_", [value])
    if isinstance(value, list | tuple):
        return (value[:-1], value[::-1], [*value, *value[:1]], *value[:1])
    return ()
