"""The kind `rateParam`: an unconstrained parameter that scales the yield of processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from datacard_core import FreeParameter, SystematicKind, hookimpl, is_finite_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core import SystematicUncertainty, Target


class RateParam(SystematicKind):
    """One free parameter for all columns of a declaration, whose value is the start value in the fit.

    `MCProcess(has_rateParam=True)` declares a parameter `SF_{process}` with start value 1 and range [0, 5].
    """

    typ: ClassVar[str] = "rateParam"
    options: ClassVar[Mapping[str, str]] = {"range": "lowest and highest value, as a pair; no limits if not given"}

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem if there is not exactly one initial value, or if it is outside the range."""
        # Combine fixes start and range at the first line of a parameter and ignores those of later lines.
        initials = [initial for _, initial in systematic.distinct_values()]
        if len(initials) != 1 or not isinstance(initials[0], float):
            yield f"initial values {', '.join(map(repr, initials))}: expected one number, the same for all processes"
        elif problem := _range_problem(systematic.options.get("range"), initials[0]):
            yield problem

    def effects(self, target: Target) -> Iterable[FreeParameter]:
        """Return one free parameter on all columns."""
        bounds = target.systematic.options.get("range")
        return (
            FreeParameter(
                target.systematic.datacard_name,
                target.positions,
                # All columns have the same value, or the declaration would have been refused.
                target.values[0],
                None if bounds is None else (float(bounds[0]), float(bounds[1])),
            ),
        )


def _range_problem(bounds: Any, initial: float) -> str | None:
    if bounds is None:
        return None
    if not isinstance(bounds, list | tuple) or len(bounds) != 2 or not all(map(is_finite_number, bounds)):  # noqa: PLR2004
        return f"range {bounds!r}: expected a (lowest, highest) pair of numbers"
    if not bounds[0] < bounds[1]:
        return f"range {bounds!r}: the lowest value is not below the highest"
    if not bounds[0] <= initial <= bounds[1]:
        return f"range {bounds!r} does not hold the initial value {initial:g}"
    return None


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kind rateParam."""
    return (RateParam(),)
