"""Joining of blocks: those of one dataset, and those of its squared weights."""

from __future__ import annotations

import attrs
import numpy as np

from datacard_core.errors import InputError
from datacard_core.inputs.foreign.blocks import Block, bins, same_axes
from datacard_core.inputs.histograms import NOMINAL
from datacard_core.names import closest


def with_squares(
    found: list[tuple[str | None, str | None, Block]], squares: list[tuple[str | None, str | None, Block]], name: str
) -> list[tuple[str | None, str | None, Block]]:
    """Return blocks with variances from those of a histogram of squared weights, which has this name.

    Raises:
        InputError: a sample or a year is not in both, or their bins differ.
    """
    of = {(sample, year): block for sample, year, block in squares}
    for sample, year, block in found:
        if (sample, year) not in of:
            missing = block.name if sample is None else f"the sample {sample!r} of {block.name}"
            raise InputError(f"{missing} is not in {name}{'' if year is None else f' for {year}'}")
    return [(sample, year, block.with_squares(of[sample, year])) for sample, year, block in found]


def joined(parts: list[Block]) -> Block:
    """Return one block of several, in which a variation is empty in categories that do not have it.

    Raises:
        InputError: they differ in their bins, lack the nominal, or two have the same category and variation.
    """
    first = parts[0]
    if len(parts) > 1:
        first = _united(parts)
    if NOMINAL not in first.variations:
        raise InputError(f"{first.name} has no nominal histogram beside it{closest(NOMINAL, first.variations)}")
    return first


def _united(parts: list[Block]) -> Block:
    first = parts[0]
    for other in parts:
        if not same_axes(first, other):
            raise InputError(f"the bins are {bins(first)} in {first.name} and {bins(other)} in {other.name}")
    categories = list(dict.fromkeys(name for part in parts for name in part.categories))
    variations = list(dict.fromkeys(label for part in parts for label in part.variations))
    contents = np.zeros((len(categories), len(variations), *first.contents.shape[2:]), dtype=np.complex128)
    taken: dict[tuple[str, str], str] = {}
    for part in parts:
        for category in part.categories:
            for variation in part.variations:
                if (category, variation) in taken:
                    both = f"{taken[category, variation]} and {part.name}"
                    raise InputError(f"{both} are both variation {variation!r} of category {category!r}")
                taken[category, variation] = part.name
    # Its contents would be 0 in this category beside those of the variation.
    if without := [place for place in taken if NOMINAL in variations and (place[0], NOMINAL) not in taken]:
        raise InputError(f"{taken[without[0]]} has no nominal histogram beside it in category {without[0][0]!r}")
    for part in parts:
        rows, columns = (
            [names.index(name) for name in of]
            for names, of in ((categories, part.categories), (variations, part.variations))
        )
        contents[np.ix_(rows, columns)] = part.contents
    return attrs.evolve(
        first,
        categories=tuple(categories),
        variations=tuple(variations),
        contents=contents,
        has_variances=all(part.has_variances for part in parts),
    )
