"""Differences between two versions of the effects of one parameter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from datacard_core.comparison.change import Change
from datacard_core.comparison.numbers import as_effect, differences, distance, in_words, log_factors, numbers_of
from datacard_core.grammar import DIRECTIONS, LN_N

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.comparison.change import Tolerances
    from datacard_core.comparison.pairs import Pair
    from datacard_core.comparison.rows import Key, Row
    from datacard_core.model.arrays import FloatArray


def effect_changes(pair: Pair, key: Key, before: Row, after: Row, tolerances: Tolerances) -> Iterator[Change]:
    """Yield the differences of a row on the columns that it acts on in both versions."""
    common, left, right = np.intersect1d(before.columns, after.columns, assume_unique=True, return_indices=True)
    if not common.size:
        return
    before, after = before.take(left), after.take(right)
    # Texts first, which are the same for almost all: only those that differ are read as numbers.
    for at, column in enumerate(common.tolist()):
        if before.kinds[at] != after.kinds[at]:
            family, name = key
            yield Change(
                kind=f"{family}.retyped",
                channel=pair.name,
                process=pair.processes[column],
                nuisance=name,
                before=value_of(pair, before, at, "left"),
                after=value_of(pair, after, at, "right"),
            )
        elif before.texts[at] != after.texts[at]:
            yield from _value(pair, key, (before, after), at, tolerances)
    if pair.has_same_bins:
        yield from _templates(pair, key[1], before, after, tolerances)


def value_of(pair: Pair, row: Row, at: int, side: str) -> str:
    """Return kind and value of an effect; of templates, the factors on the yield at -1 and +1 standard deviation."""
    kind, text, place = row.kinds[at], row.texts[at], int(row.places[at])
    if place < 0 or row.up is None or row.down is None:
        return f"{kind} {text}"
    channel, which = (pair.before, pair.left) if side == "left" else (pair.after, pair.right)
    nominal = float(channel.nominal.values[which[row.columns[at]]].sum())
    scale = "" if text == "1.0" else f" at {text}"
    return f"{kind} {_factors(row, place, nominal)}{scale}"


def _factors(row: Row, place: int, nominal: float) -> str:
    if row.up is None or row.down is None or nominal <= 0:
        return ""
    down, up = (float(side.values[place].sum()) / nominal for side in (row.down, row.up))
    return f"{down:.3f}/{up:.3f}"


def _value(pair: Pair, key: Key, rows: tuple[Row, Row], at: int, tolerances: Tolerances) -> Iterator[Change]:
    family, name = key
    (before, after), kind = (row.texts[at] for row in rows), rows[0].kinds[at]
    size, what = distance(before, after), "value"
    if rows[0].places[at] >= 0:
        what = "scale"
    elif kind in (LN_N, "lnU"):
        old, new = log_factors(before), log_factors(after)
        if old is not None and new is not None:
            changes = [float(np.expm1(other - one)) for one, other in zip(old, new, strict=True)]
            size = max(map(abs, changes))
            # Both sides: from 1.1/1.2 to 0.9/1.2 the value is another one, and the sign is not.
            opposite = all(one * other < 0 for one, other in zip(old, new, strict=True))
            what = "sign" if opposite else "value"
    if size > tolerances.relative:
        yield Change(
            kind=f"{family}.{what}",
            channel=pair.name,
            process=pair.processes[rows[0].columns[at]],
            nuisance=name,
            before=before,
            after=after,
            size=size,
            measure=f"{100 * size:.3g} %" if math.isfinite(size) else "",
        )


def _templates(pair: Pair, name: str, before: Row, after: Row, tolerances: Tolerances) -> Iterator[Change]:
    if before.up is None or before.down is None or after.up is None or after.down is None:
        return
    has = np.flatnonzero((before.places >= 0) & (after.places >= 0))
    columns, left, right = before.columns[has], before.places[has], after.places[has]
    nominal, other = pair.before.nominal.values[pair.left[columns]], pair.after.nominal.values[pair.right[columns]]
    # Of the nominal template: those of a varied one are the errors of the same events.
    errors = pair.before.nominal.variances[pair.left[columns]]
    old = {"Up": before.up.values[left], "Down": before.down.values[left]}
    new = {"Up": after.up.values[right], "Down": after.down.values[right]}
    expected = {end: as_effect(values, nominal, other) for end, values in old.items()}
    found = {end: differences(expected[end], new[end], errors, tolerances) for end in DIRECTIONS}
    for at in np.flatnonzero(found["Up"].differs | found["Down"].differs).tolist():
        end = max(DIRECTIONS, key=lambda end: found[end].errors[at])
        numbers = numbers_of(found[end], at)
        swapped = _are_swapped(expected, new, at, tolerances)
        yield Change(
            kind="nuisance.sign" if swapped else "nuisance.template",
            channel=pair.name,
            process=pair.processes[columns[at]],
            nuisance=name,
            before=_factors(before, int(left[at]), float(nominal[at].sum())),
            after=_factors(after, int(right[at]), float(other[at].sum())),
            size=numbers["errors"],
            measure=f"{end}: {in_words(numbers)}",
            numbers=numbers,
        )


def _are_swapped(before: dict[str, FloatArray], after: dict[str, FloatArray], at: int, tolerances: Tolerances) -> bool:
    up, down = DIRECTIONS
    sides = ((before[up][at], after[down][at]), (before[down][at], after[up][at]))
    return all(np.allclose(one, other, rtol=tolerances.relative, atol=0) for one, other in sides)


def alike(before: Row, left: int, after: Row, right: int, tolerances: Tolerances) -> bool:
    """Return whether two effects of one kind and value have the same templates within the tolerances."""
    place, other = int(before.places[left]), int(after.places[right])
    if before.up is None or before.down is None or after.up is None or after.down is None or min(place, other) < 0:
        return place < 0 and other < 0
    sides = ((one.values[place], two.values[other]) for one, two in ((before.up, after.up), (before.down, after.down)))
    return all(one.shape == two.shape and np.allclose(one, two, rtol=tolerances.relative, atol=0) for one, two in sides)
