"""Effects of a row on the columns of one channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_combine.arrays.faults import optional_faults, variation_faults
from datacard_combine.arrays.places import old_name
from datacard_core import (
    DIRECTIONS,
    ControlRegion,
    Effect,
    GammaNormalisation,
    LinearNormalisation,
    MorphedShape,
    Normalisation,
    Nuisance,
    Shape,
    Templates,
    UniformNormalisation,
    grammar,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from datacard_combine.arrays.assembly import Part
    from datacard_combine.arrays.templates import Found
    from datacard_combine.meaning.content import RowOfCard
    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.rows import Value
    from datacard_core import IntArray

_LINEAR = ("trG", "unif", "dFD", "dFD2")


@attrs.frozen(eq=False)
class StatedShape(Effect):
    """Cells of a shape without its templates."""

    columns: IntArray
    keyword: str
    texts: tuple[str, ...]

    def cells(self) -> Sequence[str]:
        """Return the texts."""
        return self.texts


def _text(value: Value) -> str:
    return "/".join(map(grammar.number, value)) if isinstance(value, tuple) else grammar.number(value)


def nuisance_of(part: Part, row: RowOfCard) -> Reading[Nuisance | None]:
    """Return the nuisance of a row in a channel, or None if it has no effect there."""
    values = {at: row.values[place] for at, place in enumerate(part.places) if part.content.rates[place] != 0}
    # A factor of 1 is no effect in lnN alone: of a shape, 1 is the usual scale.
    nothing = (0.0, 1.0) if row.kind == grammar.LN_N else (0.0,)
    values = {at: value for at, value in values.items() if value not in nothing}
    if not values:
        return None
    effects: list[Effect]
    # Of "shape?", only the templates say which cells are factors.
    if row.kind.startswith(grammar.SHAPE) and part.is_outline:
        effects = [StatedShape(np.array(list(values)), row.kind, tuple(map(_text, values.values())))]
    elif row.kind.startswith(grammar.SHAPE):
        effects = yield from _shapes(part, row, values)
    else:
        effects = list(_normalisations(row, values))
    if not effects:
        return None
    # The kind decides the range of the parameter, also where the effects could stand in a row of another kind.
    stated = row.kind if row.kind.endswith("?") else ""
    return Nuisance(row.name, tuple(effects), row.kind, stated=stated, nofloat=row.nofloat)


def _normalisations(row: RowOfCard, values: dict[int, Value]) -> Iterator[Effect]:
    columns = np.array(list(values))
    numbers = np.array([value if isinstance(value, float) else np.nan for value in values.values()])
    if row.kind in (grammar.LN_N, "lnU"):
        yield from _factors(Normalisation if row.kind == grammar.LN_N else UniformNormalisation, values)
    elif row.kind == "gmN":
        yield ControlRegion(columns, int(row.arguments[0]), numbers)
    elif row.kind == "gmM":
        yield GammaNormalisation(columns, float(numbers[0]))
    elif row.kind in _LINEAR:
        yield LinearNormalisation(columns, numbers, row.kind, row.arguments)


def _factors(of: Callable[..., Effect], values: dict[int, Value]) -> Iterator[Effect]:
    """Yield the effect of single numbers, and that of pairs, whose text differs."""
    single = {at: value for at, value in values.items() if not isinstance(value, tuple)}
    pairs = {at: value for at, value in values.items() if isinstance(value, tuple)}
    if single:
        yield of(np.array(list(single)), np.array(list(single.values())))
    if pairs:
        numbers = np.array(list(pairs.values()))
        yield of(np.array(list(pairs)), numbers[:, 1], numbers[:, 0])


def _shapes(part: Part, row: RowOfCard, values: dict[int, Value]) -> Reading[list[Effect]]:
    found: dict[int, tuple[Found, Found]] = {}
    factors: dict[int, Value] = {}
    for at, value in values.items():
        process = part.columns[at].process
        name = old_name(part.content, row.name, part.name, process)
        up, down = (part.template(process, f"{name}{end}") for end in DIRECTIONS)
        # Of a row that ends in a question mark, Combine looks for the Up template alone.
        if row.kind.endswith("?") and up is None and down is None:
            factors[at] = value
        elif (yield from variation_faults(part, row, at, (up, down))) and up is not None and down is not None:
            found[at] = (up, down)
    yield from optional_faults(part, row, factors, {at: values[at] for at in found})
    effects = list(_factors(Normalisation, {at: value for at, value in factors.items() if value != 1}))
    if found:
        scale = np.array([value if isinstance(value, float) else 1.0 for value in (values[at] for at in found)])
        ups, downs = (_stacked([pair[side] for pair in found.values()]) for side in (0, 1))
        algorithm = row.kind.removesuffix("?")
        columns = np.array(list(found))
        if algorithm == grammar.SHAPE:
            effects.append(Shape(columns, ups, downs, scale))
        else:
            effects.append(MorphedShape(columns, ups, downs, scale, algorithm))
    return effects


def _stacked(found: list[Found]) -> Templates:
    first = found[0].block
    # Most files have one block.
    if all(item.block is first for item in found):
        return first.templates[np.array([item.row for item in found])]
    return Templates(
        np.array([item.block.templates.values[item.row] for item in found]),
        np.array([item.block.templates.variances[item.row] for item in found]),
    )
