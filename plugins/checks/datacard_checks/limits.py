"""Limits of the checks: options of the plugin, each with its meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core import DeclarationError, is_finite_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self


def _limit(default: float, meaning: str) -> float:
    found: float = attrs.field(default=default, metadata={"meaning": meaning})
    return found


@attrs.frozen(kw_only=True)
class Limits:
    """Numbers beyond which a check has a finding."""

    largest_norm: float = _limit(0.1, "change of a yield by one nuisance that ValidateDatacards reports")
    smallest_shape: float = _limit(0.001, "summed relative change of a shape below which ValidateDatacards reports it")
    smallest_signal: float = _limit(0.001, "share of the signal in a channel below which ValidateDatacards reports it")
    # Above the uncertainties of backgrounds from small samples, and below all per cents.
    largest_factor: float = _limit(3.0, "factor on a yield, or its inverse, that is likely a mistake")
    fewest_events: float = _limit(1.0, "effective number of simulated events in a bin of one process")
    fewest_in_bin: float = _limit(2.0, "effective number of simulated events in a bin of all backgrounds")
    smallest_share: float = _limit(0.1, "share of a bin from which the events of a process count")
    largest_fallback: float = _limit(0.25, "share of the datasets of a nuisance in which the nominal stands for it")
    least_significance: float = _limit(0.1, "change of a shape, in statistical errors of the template, that counts")

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return the limits with some given as options.

        Raises:
            DeclarationError: a limit is no number above 0.
        """
        if wrong := {name: value for name, value in options.items() if not (is_finite_number(value) and value > 0)}:
            raise DeclarationError(f"{name} is {value!r}, expected a number above 0" for name, value in wrong.items())
        return cls(**options)


DESCRIPTIONS: Mapping[str, str] = {
    field.name: f"{field.metadata['meaning']}; {field.default:g} if not given" for field in attrs.fields(Limits)
}
"""A line about each limit."""
