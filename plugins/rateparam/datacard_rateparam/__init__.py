"""The kind `rateParam`: a parameter without constraint that scales the yield of processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

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
        initials = {systematic.value_for(*column) for column in systematic.columns()}
        if len(initials) != 1 or not all(isinstance(initial, float) for initial in initials):
            yield f"initial values {sorted(map(repr, initials))}: expected one number, the same for all processes"
            return
        bounds = systematic.options.get("range")
        if bounds is None:
            return
        if not isinstance(bounds, list | tuple) or len(bounds) != 2:  # noqa: PLR2004 - a pair
            yield f"range {bounds!r}: expected a (lowest, highest) pair"
        elif not bounds[0] <= (initial := initials.pop()) <= bounds[1] or not bounds[0] < bounds[1]:
            yield f"range {bounds!r} does not hold the initial value {initial:g}"

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


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute rateParam."""
    return (RateParam(),)
