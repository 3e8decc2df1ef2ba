"""The kind `rateParam`: a parameter without constraint that scales the yield of processes."""

from __future__ import annotations

import math
import numbers
from typing import TYPE_CHECKING, Any, ClassVar

from datacard_core import FreeParameter, SystematicKind, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core import SystematicUncertainty, Target


class RateParam(SystematicKind):
    """One parameter for all columns that a declaration covers, starting at its value.

    `MCProcess(has_rateParam=True)` declares one named `SF_{process}`, from 0 to 5 and starting at 1.
    """

    typ: ClassVar[str] = "rateParam"
    options: ClassVar[Mapping[str, str]] = {"range": "lowest and highest value, a pair; no limits if not given"}

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """One initial value, inside the range."""
        initials = [initial for _, initial in systematic.distinct_values()]
        if len(initials) != 1 or not isinstance(initials[0], float):
            yield f"initial values {', '.join(map(repr, initials))}: expected one number, the same for all processes"
        elif problem := _range_problem(systematic.options.get("range"), initials[0]):
            yield problem

    def effects(self, target: Target) -> Iterable[FreeParameter]:
        """One free parameter on all columns."""
        bounds = target.systematic.options.get("range")
        return (
            FreeParameter(
                target.systematic.datacard_name,
                target.positions,
                target.values[0],
                None if bounds is None else (float(bounds[0]), float(bounds[1])),
            ),
        )


def _range_problem(bounds: Any, initial: float) -> str | None:
    if bounds is None:
        return None
    if not isinstance(bounds, list | tuple) or len(bounds) != 2 or not all(map(_is_number, bounds)):  # noqa: PLR2004
        return f"range {bounds!r}: expected a (lowest, highest) pair of numbers"
    if not bounds[0] < bounds[1]:
        return f"range {bounds!r}: its lowest value is not below its highest"
    if not bounds[0] <= initial <= bounds[1]:
        return f"range {bounds!r} does not hold the initial value {initial:g}"
    return None


def _is_number(bound: Any) -> bool:
    if not isinstance(bound, numbers.Real) or isinstance(bound, bool):
        return False
    try:
        return math.isfinite(bound)
    except OverflowError:  # an integer that no float holds
        return False


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute rateParam."""
    return (RateParam(),)
