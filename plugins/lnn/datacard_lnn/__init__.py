"""The kinds `lnN` and `lnU`: factors on yields, with a normal and a uniform parameter.

This file is a complete plugin. A separate package would add the entry point

    [project.entry-points."datacard_core.plugins"]
    lnn = "datacard_lnn"

and analysis code selects it by that name: `load_plugins("lnn", …)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from datacard_core import Normalisation, SystematicKind, UniformNormalisation, hookimpl, notice, warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core import Finding, SystematicUncertainty, Target

LEAST_FACTOR = 0.5
"""A single factor below this is most likely a relative uncertainty, such as 0.05 in place of 1.05."""
LARGEST_FACTOR = 2.0
"""A factor above this is most likely an uncertainty in per cent, such as 5 in place of 1.05."""


class LogNormal(SystematicKind):
    """A factor κ^θ on the yield, with a unit normal θ.

    The value is κ, or a (down, up) pair with the factors at θ = -1 and at θ = +1. Between them, Combine interpolates
    the logarithms smoothly.
    """

    typ: ClassVar[str] = "lnN"
    effect: ClassVar[type[Normalisation | UniformNormalisation]] = Normalisation
    codes: ClassVar[Mapping[str, str]] = {
        "unlikely-factor": "A factor is above 2 or, in a pair, below 0.5: write 1.05 for 5 per cent, or "
        "accept the code if the uncertainty is that large.",
        "one-sided-factors": "Both factors of a (down, up) pair raise the yield, or both lower it: exchange or correct "
        "them if the two directions are opposite.",
        "factor-of-1": "A factor is exactly 1 and changes no yield: leave the process out, or declare a shape "
        "if one is meant. A notice where other columns of the systematic have other factors.",
    }

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for each value that is not a factor, or a (down, up) pair of factors, above 0."""
        for columns, value in systematic.distinct_values():
            if problem := _problem(value):
                yield f"{columns}: {problem}"

    def findings(self, systematic: SystematicUncertainty) -> Iterator[Finding]:
        """Yield a finding for each value that is allowed but most likely another number than was meant."""
        values = list(systematic.distinct_values())
        make = warning if all(_is_1(value) for _, value in values) else notice
        for columns, value in values:
            if _is_1(value):
                message = (
                    f"value {value!r} changes no yield: a factor such as 1.05 is one of 5 %, and typ='shape' is for "
                )
                yield make("factor-of-1", f"{message}templates", column=columns)
            elif percent := _percent(value):
                yield warning("unlikely-factor", percent, column=columns)
            elif one_sided := _one_sided(value):
                yield warning("one-sided-factors", one_sided, column=columns)

    def effects(self, target: Target) -> Iterator[Normalisation | UniformNormalisation]:
        """Yield one effect for the columns with a single factor, and one for the columns with a pair."""
        # Both forms have one keyword in a card, so the two effects share a row.
        pairs = np.array([isinstance(value, tuple) for value in target.values])
        if not pairs.all():
            up = np.array([value for value in target.values if not isinstance(value, tuple)])
            yield self.effect(target.positions[~pairs], up)
        if pairs.any():
            # Each row of the array is a (down, up) pair, so its transpose has two rows.
            down, up = np.array([value for value in target.values if isinstance(value, tuple)]).T
            yield self.effect(target.positions[pairs], up, down)


class LogUniform(LogNormal):
    """A factor κ^θ on the yield as of `lnN`, with a θ that is uniform between -1 and 1.

    The yield moves between 1/κ and κ times its nominal, or between the factors of a (down, up) pair, and no value in
    this range is preferred.
    """

    typ: ClassVar[str] = "lnU"
    effect: ClassVar[type[Normalisation | UniformNormalisation]] = UniformNormalisation


def _problem(value: Any) -> str | None:
    factors = value if isinstance(value, tuple) and len(value) == 2 else (value,)  # noqa: PLR2004 - a pair
    if not all(isinstance(factor, float) for factor in factors):
        return f"value {value!r} is neither a number nor a (down, up) pair"
    if not all(factor > 0 for factor in factors):
        return f"value {value!r} is not above 0: Combine takes factors on the yield, such as 1.05 or (0.95, 1.05)"
    if all(factor < LEAST_FACTOR for factor in factors):
        # Rounding gives the digits that an author would write: 1 + 0.118 is 1.1179999999999999 in binary.
        up, down = round(1 + factors[-1], 12), round(1 - factors[0], 12)
        return (
            f"value {value!r} is a factor on the yield: for an uncertainty of {100 * factors[-1]:g} % write "
            f"{up if len(factors) == 1 else (down, up)!r}"
        )
    return None


def _is_1(value: Any) -> bool:
    return value in (1, (1, 1))


def _percent(value: Any) -> str | None:
    """Return the message about a factor that is most likely an uncertainty in per cent, or a relative one."""
    factors = value if isinstance(value, tuple) else (value,)
    strange = [factor for factor in factors if not LEAST_FACTOR <= factor <= LARGEST_FACTOR]
    if not strange:
        return None
    signs = (-1, 1)[-len(factors) :]
    meant = tuple(_meant(factor, sign) for factor, sign in zip(factors, signs, strict=True))
    message = f"value {value!r} multiplies the yield by {strange[0]:g}"
    if not all(0 < factor < LARGEST_FACTOR for factor in meant):
        return f"{message}: an uncertainty of 5 % is 1.05"
    uncertainty = strange[0] if strange[0] > LARGEST_FACTOR else 100 * strange[0]
    return f"{message}: for an uncertainty of {uncertainty:g} % write {meant[0] if len(meant) == 1 else meant!r}"


def _meant(factor: float, sign: int) -> float:
    """Return the factor of an uncertainty that was given in per cent or as a part of 1, and other factors as given."""
    if LEAST_FACTOR <= factor <= LARGEST_FACTOR:
        return factor
    # Rounding gives the digits that an author would write: 1 + 0.118 is 1.1179999999999999 in binary.
    return round(1 + sign * (factor / 100 if factor > LARGEST_FACTOR else factor), 12)


def _one_sided(value: Any) -> str | None:
    """Return the message about a pair of factors that are on one side of 1."""
    if not isinstance(value, tuple) or (value[0] - 1) * (value[1] - 1) <= 0:
        return None
    down, up = value
    # The direction whose name contradicts the side: Down above 1, or Up below 1.
    meant = (round(2 - down, 12), up) if down > 1 else (down, round(2 - up, 12))
    does = "raise" if down > 1 else "lower"
    return (
        f"value {value!r} is a (down, up) pair, and both factors {does} the yield: if they are opposite write {meant!r}"
    )


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kinds lnN and lnU."""
    return (LogNormal(), LogUniform())
