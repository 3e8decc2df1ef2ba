"""Lines of a card that are no rows, as directives of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_combine.syntax.parameters import numbers_of, range_of, spread_of
from datacard_combine.syntax.views import Parameter
from datacard_core import (
    BinByBinStatistics,
    ConstrainedParameter,
    ConstraintTerm,
    DiscreteParameter,
    ExternalParameter,
    FlatParameter,
    FormulaFactor,
    FreeParameter,
    ImportedFactor,
    Statement,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_combine.arrays.assembly import Part
    from datacard_combine.arrays.templates import Library
    from datacard_combine.meaning.content import Content
    from datacard_combine.syntax.views import RateParam
    from datacard_core import Directive, SharedParameter


def parameters_of(content: Content, library: Library) -> tuple[SharedParameter, ...]:
    """Return the parameters that all channels share, in the order of the card."""
    return tuple(_parameters(content, library))


def _parameters(content: Content, library: Library) -> Iterator[SharedParameter]:
    for row in content.rows:
        if isinstance(row, Parameter) and row.kind == "param":
            mean, width = numbers_of(row.words)[0], spread_of(row.words[1])
            # Of a line with more words, Combine does not use the range.
            bounds = range_of(row.words[2]) if len(row.words) == 3 else None  # noqa: PLR2004 - mean, width, range
            if mean is not None and width is not None:
                yield ConstrainedParameter(row.name, mean, width, bounds, row.nofloat)
        elif isinstance(row, Parameter) and row.words:
            arguments = tuple(row.words[1].strip("{}").split(",")) if len(row.words) > 2 else ()  # noqa: PLR2004
            yield ConstraintTerm(row.name, row.words[0], arguments, row.words[-1])
    for view in content.external.values():
        yield from _external(view, library)
    for view in content.flat.values():
        yield FlatParameter(view.name, view.words)
    for name in dict.fromkeys(content.discrete):
        yield DiscreteParameter(name)


def _external(view: Parameter, library: Library) -> Iterator[SharedParameter]:
    if view.words and ":" in view.words[-1]:
        yield ExternalParameter(view.name, None, source=library.source(view.words[-1]))
    elif view.words:
        start, bounds = numbers_of(view.words)
        yield ExternalParameter(view.name, start or 0.0, bounds, view.words[-1] == "[const]")


def statements_of(part: Part) -> tuple[Statement, ...]:
    """Return the directives of one channel, in the order that cards have."""
    found = [*_factors(part)]
    if (statistics := part.content.mc_stats.get(part.name)) is not None:
        found.append(BinByBinStatistics(statistics.threshold, statistics.include_signal, statistics.hist_mode))
    return tuple(Statement(directive, order=directive.order) for directive in found)


def _factors(part: Part) -> Iterator[Directive]:
    """Yield the factors on columns of the channel, each parameter once with all its columns."""
    position = {place: at for at, place in enumerate(part.places)}
    first: dict[str, RateParam] = {}
    columns: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for place, view in part.content.rate_params:
        start = first.setdefault(view.name, view)
        if place in position:
            # Start and range of the first line hold for all lines of a parameter; functions may differ.
            words = view.words if view.is_formula or view.is_file else start.words
            columns.setdefault((view.name, words), []).append(position[place])
    # In the order of their first lines in the card.
    for view in first.values():
        for (name, words), found in columns.items():
            if name == view.name:
                yield _factor(part.library, view, words, np.array(found))


def _factor(
    library: Library, view: RateParam, words: tuple[str, ...], columns: np.ndarray[tuple[int], np.dtype[np.intp]]
) -> Directive:
    if view.is_formula:
        return FormulaFactor(view.name, columns, words[0], tuple(words[1].split(",")))
    if view.is_file:
        return ImportedFactor(view.name, columns, library.source(words[0]))
    start, bounds = numbers_of(words)
    return FreeParameter(view.name, columns, start if start is not None else 1.0, bounds)
