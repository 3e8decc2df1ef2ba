"""Numbers that a card must have, worked out from an output by loops, and the card's text, read word by word.

Nothing of the project is imported: the rules stand here a second time, in other words.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
import hist

Bins: TypeAlias = list[float]


class NotJudgedError(Exception):
    """The output has a form that this module does not work out."""


@attrs.frozen(kw_only=True)
class Meaning:
    """The meaning of declarations in plain words."""

    years: Sequence[str] = ("2022", "2023")
    signals: Mapping[str, Sequence[str]]
    """Samples by process."""
    backgrounds: Mapping[str, Sequence[str]]
    data: Sequence[str] = ()
    category: str = "SR"
    edges: Sequence[float] | int | None = None
    bin: str = "SR_x"
    shape: str = ""
    """Variation of all processes, empty for none."""
    factors: Mapping[str, tuple[Sequence[str], float]] = attrs.field(factory=dict)
    """Processes and factor of each log-normal."""


@attrs.frozen(kw_only=True)
class Card:
    """A card's text as words."""

    bins: list[str]
    columns: list[str]
    ids: list[int]
    rates: list[float]
    observation: float
    rows: dict[str, list[str]]
    """Keyword and cells by nuisance."""
    free: list[list[str]]
    """Further lines."""


def words_of(text: str) -> Card:
    """Read the text of a card of one channel."""
    lines = [line.split() for line in text.splitlines()]
    lines = [words for words in lines if words and not words[0].startswith(("#", "--"))]
    below = next(place for place, words in enumerate(lines) if words[0] == "rate")
    head: dict[str, list[list[str]]] = {}
    for words in lines[: below + 1]:
        head.setdefault(words[0], []).append(words[1:])
    rows = {
        words[0]: words[1:] for words in lines[below + 1 :] if words[1] not in ("rateParam", "autoMCStats", "group")
    }
    return Card(
        bins=head["bin"][-1],
        columns=head["process"][0],
        ids=[int(word) for word in head["process"][1]],
        rates=[float(word) for word in head["rate"][0]],
        observation=float(head["observation"][0][0]),
        rows=rows,
        free=[words for words in lines[below + 1 :] if words[0] not in rows],
    )


def has_events(cutflow: Mapping[str, Any], dataset: str) -> bool:
    """Return whether a dataset has an event after the preselection, under any variation."""
    count = cutflow["presel"].get(dataset, 0)
    counts = list(count.values()) if isinstance(count, Mapping) else [count]
    return any(float(one) != 0 for one in counts)


def cells(histogram: Any, category: str, label: str) -> tuple[Bins, Bins] | None:
    """Return values and variances with both flow bins, or None if the histogram has no such variation."""
    names = [axis.name for axis in histogram.axes]
    place: list[Any] = []
    variable = next(axis for axis in histogram.axes if axis.name not in ("cat", "variation"))
    if isinstance(variable, hist.axis.StrCategory | hist.axis.IntCategory):
        raise NotJudgedError
    for name, axis in zip(names, histogram.axes, strict=True):
        if name == "cat":
            place.append(list(axis).index(category))
        elif name == "variation":
            if label not in list(axis):
                return None
            place.append(list(axis).index(label))
        else:
            place.append(slice(None))
    if "variation" not in names and label != "nominal":
        return None
    values = [float(number) for number in histogram.values(flow=True)[tuple(place)]]
    squares = histogram.variances(flow=True)
    variances = values if squares is None else [float(number) for number in squares[tuple(place)]]
    low, high = [0.0] * (not variable.traits.underflow), [0.0] * (not variable.traits.overflow)
    return [*low, *values, *high], [*low, *variances, *high]


def was_computed(cutflow: Mapping[str, Any], category: str, dataset: str, sample: str, label: str) -> bool:
    """Return whether a variation without content is one without events, and not one that was not computed."""
    counts = cutflow.get(category)
    for key in (dataset, sample):
        counts = counts.get(key) if isinstance(counts, Mapping) else None
    if not isinstance(counts, Mapping):
        return False
    return not float(counts.get(label) or 0)


def column(
    output: Mapping[str, Any], meaning: Meaning, samples: Iterable[str], years: Iterable[str], label: str
) -> Bins:
    """Return the sums of the datasets of some samples and years, in the bins of the card."""
    parts: list[Bins] = []
    edges: list[float] = []
    for year in years:
        for sample in samples:
            for dataset in sorted(set(output["periods"].get(year, {}).get(sample, ()))):
                if not has_events(output["cutflow"], dataset):
                    continue
                histogram = output["histograms"][sample][dataset]
                nominal = cells(histogram, meaning.category, "nominal")
                found = cells(histogram, meaning.category, label) if label != "nominal" else nominal
                if nominal is None and label == "nominal":
                    raise NotJudgedError
                if found is None or (
                    not any(found[0] + found[1])
                    and not was_computed(output["cutflow"], meaning.category, dataset, sample, label)
                ):
                    found = nominal
                assert found is not None
                here = next(a for a in histogram.axes if a.name not in ("cat", "variation")).edges.tolist()
                if edges and not all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(edges, here, strict=True)):
                    raise AssertionError("different edges are added")
                edges = here
                parts.append(found[0])
    if not parts:
        return []
    sums = [math.fsum(one) for one in zip(*parts, strict=True)]
    return [max(one, 0.0) for one in rebinned(sums, parts, edges, meaning.edges)]


def rebinned(sums: Bins, parts: list[Bins], edges: list[float], wanted: Sequence[float] | int | None) -> Bins:
    """Return the bins of a card; sums are made of all addends, each rounded once."""
    if wanted is None:
        return sums[1:-1]
    if isinstance(wanted, int):
        wanted = edges[::wanted]
    # The place of the closest edge: the lower of two, which differ by rounding.
    places = [min((abs(here - edge), place) for place, here in enumerate(edges))[1] for edge in wanted]
    return [
        math.fsum(number for part in parts for number in part[first + 1 : last + 1])
        for first, last in itertools.pairwise(places)
    ]


def faults(
    text: str, templates: Mapping[str, Bins] | None, output: Mapping[str, Any], meaning: Meaning
) -> Iterable[str]:
    """Yield what is wrong with a card of an output.

    Args:
        text: the card.
        templates: the templates of its file by name, or None if they are not to be compared.
        output: `histograms`, `periods` and `cutflow`.
        meaning: the declarations.
    """
    card = words_of(text)
    samples = {**meaning.signals, **meaning.backgrounds}
    names = [f"{process}_{year}" for process in samples for year in meaning.years]
    if sorted(card.columns) != sorted(names) or set(card.bins) != {meaning.bin}:
        yield f"columns {card.columns} of bin {set(card.bins)}, expected {names} of {meaning.bin}"
        return
    background: list[Bins] = []
    for name, rate, number in zip(card.columns, card.rates, card.ids, strict=True):
        process, year = name.rsplit("_", 1)
        if (number <= 0) != (process in meaning.signals):
            yield f"{name} has the id {number}"
        nominal = column(output, meaning, samples[process], [year], "nominal")
        if number > 0:
            background.append(nominal)
        yield from unlike(f"rate of {name}", [rate], [math.fsum(nominal)])
        if templates is not None:
            yield from unlike(name, templates.get(f"{name}_nominal", []), nominal)
        yield from row_faults(card, templates, output, meaning, name, nominal)
    observed = column(output, meaning, meaning.data, meaning.years, "nominal") if meaning.data else []
    yield from unlike("observation", [card.observation], [math.fsum(observed)] if meaning.data else [-1.0])
    if templates is not None and meaning.data:
        yield from unlike("data", templates["data_obs_nominal"], observed)


def row_faults(
    card: Card,
    templates: Mapping[str, Bins] | None,
    output: Mapping[str, Any],
    meaning: Meaning,
    name: str,
    nominal: Bins,
) -> Iterable[str]:
    """Yield what is wrong with the rows in one column."""
    place, (process, year) = card.columns.index(name), name.rsplit("_", 1)
    for nuisance, (processes, factor) in meaning.factors.items():
        cell = card.rows.get(nuisance, ["lnN", *["-"] * len(card.columns)])[1 + place]
        if cell != ("-" if process not in processes else cell) or (process in processes and float(cell) != factor):
            yield f"{nuisance} has {cell} for {name}"
    extra = card.rows.keys() - meaning.factors.keys() - {meaning.shape}
    if extra:
        yield f"unknown rows {extra}"
    if not meaning.shape:
        return
    samples = {**meaning.signals, **meaning.backgrounds}[process]
    up, down = (column(output, meaning, samples, [year], f"{meaning.shape}{shift}") for shift in ("Up", "Down"))
    cell = card.rows.get(meaning.shape, ["shape", *["-"] * len(card.columns)])[1 + place]
    usable = math.fsum(up) > 0 and math.fsum(down) > 0 and math.fsum(nominal) > 0
    varies = not list(unlike("", up, nominal)) == list(unlike("", down, nominal)) == []
    if cell == "-" and usable and varies:
        yield f"the shape is left out for {name}"
    if cell != "-" and not usable:
        yield f"the shape has {cell} for {name}, whose integrals Combine refuses"
    if cell != "-" and templates is not None:
        yield from unlike(f"{name} Up", templates.get(f"{name}_{meaning.shape}Up", []), up)
        yield from unlike(f"{name} Down", templates.get(f"{name}_{meaning.shape}Down", []), down)


def unlike(what: str, found: Sequence[float], expected: Sequence[float]) -> Iterable[str]:
    """Yield a fault if numbers differ by more than rounding."""
    size = max((abs(number) for number in expected), default=0.0)
    expected = expected or [0.0] * len(found)
    if len(found) != len(expected) or not all(
        math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-11 * size) for one, other in zip(found, expected, strict=True)
    ):
        yield f"{what}: {list(found)}, expected {list(expected)}"
