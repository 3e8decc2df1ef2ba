"""Blocks: histograms without the axes of samples, years and selected labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import hist
import numpy as np

from datacard_core.errors import InputError
from datacard_core.inputs.histograms import NOMINAL, DecodedHistogram
from datacard_core.model.arrays import Axis
from datacard_core.names import closest, duplicates, listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_core.inputs.foreign.conventions import HistogramConventions
    from datacard_core.model.arrays import ComplexArray

SELECT = "select"
"""Word before the name of an axis in the role of one of which labels are selected."""
_CATEGORIES = (hist.axis.StrCategory, hist.axis.IntCategory)
_NAMED = (*_CATEGORIES, hist.axis.Integer, hist.axis.Boolean)
"""Axes whose bins are labels, when they have a role."""
WITHOUT_CATEGORY = "inclusive"
"""Category of histograms without an axis of categories."""


@attrs.frozen(eq=False, kw_only=True)
class Block:
    """Values and variances of some categories and variations of one dataset."""

    categories: tuple[str, ...]
    variations: tuple[str, ...]
    axes: tuple[Any, ...]
    """Axes of `hist` that are left: those of the variable."""
    contents: ComplexArray
    """Values (real) and variances (imaginary), shape (categories, variations, bins with flow of each axis)."""
    has_variances: bool
    name: str
    """Name of the histogram, for messages."""

    def taking(self, variations: Sequence[str]) -> Block:
        """Return the block with some of its variations."""
        places = [self.variations.index(label) for label in variations]
        return attrs.evolve(self, variations=tuple(variations), contents=self.contents[:, places])

    def filled(self) -> Block:
        """Return the block without variations that have no content, of an axis that other samples have filled."""
        there = [
            label for place, label in enumerate(self.variations) if label == NOMINAL or self.contents[:, place].any()
        ]
        return self if len(there) == len(self.variations) else self.taking(there)

    def with_squares(self, squares: Block) -> Block:
        """Return the block with the sums of another one, of squared weights, as variances.

        Raises:
            InputError: they have other names or bins.
        """
        for what in ("categories", "variations"):
            if set(getattr(self, what)) != set(getattr(squares, what)):
                both = " and ".join(listing(getattr(block, what), 4) for block in (self, squares))
                raise InputError(f"{self.name} and {squares.name} have different {what}: {both}")
        if not same_axes(self, squares):
            raise InputError(f"{self.name} and {squares.name} have different bins: {bins(self)} and {bins(squares)}")
        rows = [squares.categories.index(name) for name in self.categories]
        sums = squares.taking(self.variations).contents[rows].real
        contents = self.contents.copy()
        # Not as a sum with 1j times them: of an infinite one it would have contents that are not numbers too.
        contents.imag = sums
        return attrs.evolve(self, contents=contents, has_variances=True)

    def histogram(self, *, is_data: bool) -> DecodedHistogram:
        """Return the histogram that PocketCoffea would have filled; data have no axis of variations."""
        categories = hist.axis.StrCategory(self.categories, name="cat", overflow=False)
        if is_data:
            return DecodedHistogram((categories, *self.axes), self.taking([NOMINAL]).contents[:, 0], self.has_variances)
        variations = hist.axis.StrCategory(self.variations, name="variation", overflow=False)
        return DecodedHistogram((categories, variations, *self.axes), self.contents, self.has_variances)


def same_axes(first: Block, second: Block) -> bool:
    """Return True if two blocks have the same bins."""
    return first.contents.shape[2:] == second.contents.shape[2:] and all(
        isinstance(one, _CATEGORIES) == isinstance(other, _CATEGORIES)
        and (list(one) == list(other) if isinstance(one, _CATEGORIES) else _same_edges(one, other))
        for one, other in zip(first.axes, second.axes, strict=True)
    )


def _same_edges(first: Any, second: Any) -> bool:
    # Edges of equal widths are computed, and those of a list written, so that they differ by rounding.
    return Axis(first.edges).same_binning(Axis(second.edges))


def bins(block: Block) -> str:
    """Return the bins of a block as text for a message."""
    return ", ".join(
        listing(axis if isinstance(axis, _CATEGORIES) else (f"{edge:.15g}" for edge in axis.edges), 30)
        for axis in block.axes
    )


def blocks(
    made: DecodedHistogram, conventions: HistogramConventions, fields: Mapping[str, str], name: str
) -> Iterator[tuple[str | None, str | None, Block]]:
    """Yield sample, label of the year and block of each of them in a histogram; None where it has no such axis.

    A histogram with an axis without labels was never filled, and has none.

    Args:
        made: the histogram.
        conventions: names of its axes and labels.
        fields: the category, the variation and other names that stand in the name of the histogram.
        name: its name, for messages.

    Raises:
        InputError: it does not have these conventions; with all problems.
    """
    axes = _roles(made, conventions, fields, name)
    roles = {role: _names(made.axes[place]) for role, place in axes.items()}
    if not all(roles.values()):
        return
    variables = [place for place in range(len(made.axes)) if place not in axes.values()]
    left = [role for role in ("sample", "year", "category", "variation") if role in axes]
    further = [role for role in axes if role not in left]
    contents = made.contents.transpose([axes[role] for role in (*further, *left)] + variables)
    for role in further:
        contents = contents[_selected(conventions, made.axes[axes[role]], name)].sum(axis=0)
    # Bins for labels that an axis did not know are the last ones, or the first of numbers, and belong to no name.
    firsts = [_first(made.axes[axes[role]]) for role in left]
    contents = contents[tuple(slice(at, at + len(roles[role])) for at, role in zip(firsts, left, strict=True))]
    for place, role in enumerate(("sample", "year", "category", "variation")):
        if role not in axes:
            contents = np.expand_dims(contents, place)
    variations = _variations(conventions, roles.get("variation"), fields, name)
    categories = roles.get("category") or (fields.get("category", WITHOUT_CATEGORY),)
    for at, sample in enumerate(roles.get("sample", (None,))):
        for by, year in enumerate(roles.get("year", (None,))):
            yield (
                sample,
                year,
                Block(
                    categories=categories,
                    variations=variations,
                    axes=tuple(made.axes[place] for place in variables),
                    contents=contents[at, by],
                    has_variances=made.has_variances,
                    name=name,
                ),
            )


def _roles(
    made: DecodedHistogram, conventions: HistogramConventions, fields: Mapping[str, str], name: str
) -> dict[str, int]:
    """Return the positions of axes by role.

    Raises:
        InputError: an axis is missing, occurs twice, or has no role.
    """
    names = [axis.name for axis in made.axes]
    found: dict[str, int] = {}
    problems = [f"{name} has several axes of the name {twice!r}" for twice in duplicates(names)]
    for role, axis in conventions.axes.items():
        if axis is None or role in fields:
            continue
        if axis in names:
            place = names.index(axis)
            if isinstance(made.axes[place], _NAMED):
                found[role] = place
            else:
                problems.append(
                    f"{name}: its axis {axis!r} has the type {type(made.axes[place]).__name__}, expected one of names, "
                    "whole numbers, or True and False"
                )
        # Data are filled without variations; and only they may have eras, of which some are selected.
        elif role != "variation" and role.partition(" ")[0] != SELECT:
            problems.append(f"{name} has no axis {axis!r}, which {role}_axis names{closest(axis, map(str, names))}")
    left = [axis for place, axis in enumerate(made.axes) if place not in found.values()]
    named = [str(axis.name) for axis in left if isinstance(axis, _CATEGORIES)]
    if len(left) > 1 and named and not problems:
        problems.append(
            f"{name} has further axes of names, {listing(map(repr, named))}: choose labels with select={{{named[0]!r}: "
            f"{next(iter(_names(left[[str(axis.name) for axis in left].index(named[0])])), '…')!r}}}, or name the axis "
            "as that of categories, variations, samples or years"
        )
    if problems:
        raise InputError(problems)
    return found


def _names(axis: Any) -> tuple[str, ...]:
    return tuple(str(bool(label) if isinstance(axis, hist.axis.Boolean) else label) for label in axis)


def _first(axis: Any) -> int:
    return int(axis.traits.underflow)


def _selected(conventions: HistogramConventions, axis: Any, name: str) -> list[int]:
    labels, names = conventions.select[axis.name], _names(axis)
    if missing := [label for label in labels if label not in names]:
        raise InputError(f"{name}: its axis {axis.name!r} has no label {missing[0]!r}{closest(missing[0], names)}")
    return [_first(axis) + names.index(label) for label in labels]


def _variations(
    conventions: HistogramConventions, labels: tuple[str, ...] | None, fields: Mapping[str, str], name: str
) -> tuple[str, ...]:
    if labels is None:
        return (fields.get("variation", NOMINAL),)
    made = tuple(map(conventions.variation, labels))
    if conventions.nominal not in labels:
        raise InputError(
            f"{name}: its axis {conventions.variation_axis!r} has no label {conventions.nominal!r}, the nominal"
            f"{closest(conventions.nominal, labels)}"
        )
    if twice := duplicates(made):
        alike = [label for label, variation in zip(labels, made, strict=True) if variation == twice[0]]
        raise InputError(f"{name}: the labels {listing(map(repr, alike))} are both the variation {twice[0]!r}")
    return made
