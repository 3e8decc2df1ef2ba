"""Differences of numbers: in the texts of cards, and in arrays of templates."""

from __future__ import annotations

import math
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.grammar import number

if TYPE_CHECKING:
    from datacard_core.comparison.change import Tolerances
    from datacard_core.model.arrays import BoolArray, FloatArray, IntArray

_NUMBER = re.compile(r"(?<![\w.])[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])")
# Cards have rates with six digits and more; the full sixteen are noise unless they alone differ.
_DIGITS = (6, 9)


def distance(before: str, after: str) -> float:
    """Return the largest relative difference of the numbers in two texts, infinite if other words differ."""
    if before == after:
        return 0.0
    # A text without its numbers is the same for the same words in the same order.
    if _NUMBER.sub("", before) != _NUMBER.sub("", after):
        return math.inf
    pairs = zip(_NUMBER.findall(before), _NUMBER.findall(after), strict=True)
    return max((relative(float(one), float(other)) for one, other in pairs), default=0.0)


def relative(before: float, after: float) -> float:
    """Return the difference of two numbers relative to the larger one."""
    return 0.0 if before == after else abs(after - before) / max(abs(before), abs(after))


def log_factors(text: str) -> tuple[float, float] | None:
    """Return the logarithms of the factors of a cell `up` or `down/up`, down first; None if one is not above 0."""
    factors = [float(word) for word in text.split("/")]
    if min(factors) <= 0:
        return None
    # Logarithms, as 0.8 is as far from 1 as 1.25 is.
    up = math.log(factors[-1])
    return (math.log(factors[0]) if factors[1:] else -up), up


def shown(before: float, after: float) -> tuple[str, str]:
    """Return two numbers with as few digits as tell them apart."""
    for digits in _DIGITS:
        texts = f"{before:.{digits}g}", f"{after:.{digits}g}"
        if texts[0] != texts[1]:
            return texts
    return number(before), number(after)


def percent(before: float, after: float) -> str:
    """Return the change of a number in per cent of it, as a factor if it is more than the double."""
    if not before:
        return "from 0"
    return f"{100 * (after / before - 1):+.3g} %" if abs(after) <= 2 * abs(before) else f"{after / before:.3g} times"


def source_name(source: str) -> str:
    """Return the place of an object, `file.root:workspace`, without the directory, which differs between versions."""
    file, _, name = source.partition(":")
    return f"{PurePath(file).name}:{name}"


@attrs.frozen(eq=False, kw_only=True)
class Differences:
    """Differences of n pairs of templates."""

    differs: BoolArray
    """True for pairs with a bin that differs by more than the tolerances, shape (n,)."""
    errors: FloatArray
    """Largest change of a bin in units of its statistical error before, infinite without an error, shape (n,)."""
    bins: IntArray
    """Position of that bin, shape (n,)."""
    normalisation: FloatArray
    """Ratio of the sums, after to before, shape (n,); not a number if the sum before is 0."""
    shape: FloatArray
    """Share of the events in other bins after both are scaled to a sum of 1, shape (n,).

    Half the sum of the absolute differences, which is 0 for equal shapes and 1 for templates without a common bin.
    """


def differences(before: FloatArray, after: FloatArray, variances: FloatArray, tolerances: Tolerances) -> Differences:
    """Return the differences of templates, all arguments of shape (n, bins).

    Args:
        before: yields that are compared with.
        after: yields.
        variances: squares of the statistical errors of `before`.
        tolerances: differences that count as none.
    """
    # All templates at once: cards have a hundred thousand of them.
    changes = after - before
    sizes = np.abs(changes)
    errors = np.sqrt(variances)
    limits = np.maximum(tolerances.relative * np.maximum(np.abs(before), np.abs(after)), tolerances.errors * errors)
    # Asked so that a value that is not a number differs from each number.
    far = (before != after) & ~(sizes <= limits) & ~(np.isnan(before) & np.isnan(after))
    with np.errstate(divide="ignore", invalid="ignore"):
        # Also where a yield is not a number.
        pulls = np.where(far, np.nan_to_num(sizes / errors, nan=np.inf, posinf=np.inf), 0)
        sums, others = before.sum(axis=1), after.sum(axis=1)
        shares = np.abs(after / others[:, None] - before / sums[:, None]).sum(axis=1) / 2
        normalisation = others / sums
    bins = pulls.argmax(axis=1)
    return Differences(
        differs=far.any(axis=1),
        errors=pulls[np.arange(len(pulls)), bins],
        bins=bins,
        normalisation=normalisation,
        shape=shares,
    )


def as_effect(templates: FloatArray, nominal: FloatArray, other: FloatArray) -> FloatArray:
    """Return varied templates as the same effect has them on another nominal, all of shape (n, bins).

    The effect is a factor in each bin, and a difference where the nominal is 0.
    """
    # The branch that a bin does not take may divide by 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = templates * (other / nominal)
    return np.where(nominal == other, templates, np.where(nominal > 0, scaled, templates + other - nominal))


def numbers_of(found: Differences, at: int) -> dict[str, float]:
    """Return the numbers of one pair of templates: bin from 1, errors, normalisation and shape."""
    return {
        "bin": int(found.bins[at]) + 1,
        "errors": float(found.errors[at]),
        "normalisation": float(found.normalisation[at]),
        "shape": float(found.shape[at]),
    }


def in_words(numbers: dict[str, float]) -> str:
    """Return the numbers of `numbers_of` in words."""
    errors = numbers["errors"]
    words = [f"bin {numbers['bin']:.0f} by {errors:.3g} of its error"]
    if math.isinf(errors):
        words = [f"bin {numbers['bin']:.0f}, which has no error"]
    if math.isfinite(numbers["normalisation"]):
        words.append(f"normalisation {percent(1, numbers['normalisation'])}")
    if math.isfinite(numbers["shape"]):
        words.append(f"shape {numbers['shape']:.2g}")
    return ", ".join(words)
