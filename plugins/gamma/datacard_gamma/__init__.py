"""The kinds `gmN` and `gmM`: yields with a gamma density, from the events of a control region or with a width."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from datacard_core import (
    ControlRegion,
    DeclarationError,
    GammaNormalisation,
    SystematicKind,
    hookimpl,
    is_finite_number,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from datacard_core import FloatArray, SystematicUncertainty, Target

AGREEMENT = 1e-3
"""Relative difference of N·α and the rate up to which a declared α counts as the one of the card."""
ROUNDING = 1e-6
"""Relative difference from a whole number up to which a sum of counts is one."""
BY_CONVENTION = 1.0
"""Value of a declaration whose α is computed."""


class EventsOfControlRegion(SystematicKind):
    """A yield of a factor α times the expectation θ of a control region, in which N events were observed.

    The yield is α·θ, with the Poisson probability of N for θ, so that its relative uncertainty is about 1/√N. N is the
    option `N`, or the number of observed events in the category `control_region`. The value is 1.0 by convention, and α
    is then the rate divided by N for each column, so that N·α in the card is the rate to the last digit. A value other
    than 1 is α, and must agree with the rate of its column.
    """

    typ: ClassVar[str] = "gmN"
    options: ClassVar[Mapping[str, str]] = {
        "N": "number of events that were observed in the control region",
        "control_region": "category whose observed events are N, in place of N",
    }

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for an N that is no number of events, and for each factor that is not above 0."""
        yield from _number_problems(systematic.options)
        for columns, value in systematic.distinct_values():
            if not isinstance(value, float) or not value > 0:
                yield f"{columns}: value {value!r}, expected a factor above 0, or 1.0 for the rate divided by N"

    def control_regions(self, systematic: SystematicUncertainty) -> Sequence[str]:
        """Return the control region, if it is a category."""
        region = systematic.options.get("control_region")
        return () if region is None else (region,)

    def effects(self, target: Target) -> Iterator[ControlRegion]:
        """Yield one effect on the columns that have a yield.

        Raises:
            DeclarationError: a declared factor times N is not the rate of its column.
        """
        events = _events(target)
        declared, rates = np.array(target.values, dtype=np.float64), target.rates
        if problems := list(_product_problems(target, declared, events)):
            raise DeclarationError(problems)
        # A factor of 0 would be a cell without effect.
        filled = rates > 0
        if filled.any():
            yield ControlRegion(target.positions[filled], events, factors_of(rates[filled], events))


def _number_problems(options: Mapping[str, Any]) -> Iterator[str]:
    if "control_region" in options:
        region = options["control_region"]
        if not isinstance(region, str) or not region:
            yield f"control_region {region!r}: expected the name of a category"
        if "N" in options:
            yield f"has N and control_region {region!r}, whose observed events are N: leave one of them out"
        return
    if "N" not in options:
        yield "option 'N' is missing: the number of events in the control region, or its category as 'control_region'"
        return
    events = options["N"]
    if not is_finite_number(events) or events != int(events):
        yield f"N {events!r}: expected a whole number of events"
    elif not events > 0:
        yield f"N {events!r}: expected a number above 0, as the rate is N times a factor"


def _events(target: Target) -> int:
    options = target.systematic.options
    if "N" in options:
        return int(options["N"])
    observed = target.observed[options["control_region"]]
    events = round(observed)
    # Counts that went through floating-point sums are whole numbers up to rounding only.
    if events < 1 or abs(observed - events) > ROUNDING * observed:
        raise DeclarationError(
            f"systematic {target.systematic.name!r}: category {options['control_region']!r} has {observed:g} observed "
            "events, expected a whole number above 0"
        )
    return events


def factors_of(rates: FloatArray, events: int) -> FloatArray:
    """Return the factor α of each rate with N·α equal to the rate, or the closest of the doubles beside rate/N."""
    factors: FloatArray = rates / events
    # The product of a rounded quotient may be off by the last digit.
    candidates = np.stack([factors, np.nextafter(factors, 0), np.nextafter(factors, np.inf)])
    best = np.abs(candidates * events - rates).argmin(axis=0)
    found: FloatArray = candidates[best, np.arange(len(rates))]
    return found


def _product_problems(target: Target, declared: FloatArray, events: int) -> Iterator[str]:
    for column, factor, rate in zip(target.columns, declared.tolist(), target.rates.tolist(), strict=True):
        if factor != BY_CONVENTION and abs(factor * events - rate) > AGREEMENT * rate:
            yield (
                f"systematic {target.systematic.name!r}, channel {target.bin!r}, process {column.name!r}: N times the "
                f"value is {events} · {factor:g} = {events * factor:g}, and the rate is {rate:g}: write 1.0 for the "
                f"factor {rate / events:g}, or correct N"
            )


class GammaFactor(SystematicKind):
    """A factor θ on the yield with a gamma density of mean 1.

    The yield is N·θ, and the value is the relative width σ of the density: θ has the shape parameter 1/σ² and the scale
    σ². A row has one parameter and so one value.
    """

    typ: ClassVar[str] = "gmM"

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem if there is not exactly one width, or if it is no relative width."""
        widths = [width for _, width in systematic.distinct_values()]
        if len(widths) != 1:
            yield f"values {', '.join(map(repr, widths))}: expected one relative width, as the row has one parameter"
        # From a width of 1 on, the shape 1/σ² is at most 1, and the density has no maximum above 0.
        elif not isinstance(widths[0], float) or not 0 < widths[0] < 1:
            yield f"value {widths[0]!r}, expected a relative width between 0 and 1, such as 0.3 for 30 %"

    def effects(self, target: Target) -> Iterable[GammaNormalisation]:
        """Return one effect on all columns."""
        return (GammaNormalisation(target.positions, target.values[0]),)


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kinds gmN and gmM."""
    return (EventsOfControlRegion(), GammaFactor())
