"""The kind `lnN`: a log-normal uncertainty on yields.

This is a whole plugin. A package of its own adds the entry point

    [project.entry-points."datacard_core.plugins"]
    lnn = "datacard_lnn"

and analysis code selects it by that name: `load_plugins("lnn", …)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from datacard_core import Normalisation, SystematicKind, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core import SystematicUncertainty, Target

LEAST_FACTOR = 0.5
"""A lone factor below this is taken for a relative uncertainty that was meant as a factor."""


class LogNormal(SystematicKind):
    """A yield times κ^θ, or with a (down, up) pair between κ_down at θ = -1 and κ_up at θ = +1."""

    typ: ClassVar[str] = "lnN"

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Factors must be above 0, and must be factors."""
        for columns, value in systematic.distinct_values():
            if problem := _problem(value):
                yield f"{columns}: {problem}"

    def effects(self, target: Target) -> Iterator[Normalisation]:
        """One effect for the columns with a lone factor, one for those with a pair."""
        pairs = np.array([isinstance(value, tuple) for value in target.values])
        if not pairs.all():
            up = np.array([value for value in target.values if not isinstance(value, tuple)])
            yield Normalisation(target.positions[~pairs], up)
        if pairs.any():
            down, up = np.array([value for value in target.values if isinstance(value, tuple)]).T
            yield Normalisation(target.positions[pairs], up, down)


def _problem(value: Any) -> str | None:
    factors = value if isinstance(value, tuple) and len(value) == 2 else (value,)  # noqa: PLR2004 - a pair
    if not all(isinstance(factor, float) for factor in factors):
        return f"value {value!r} is neither a number nor a (down, up) pair"
    if not all(factor > 0 for factor in factors):
        return f"value {value!r} is not above 0: Combine takes factors on the yield, such as 1.05 or (0.95, 1.05)"
    if all(factor < LEAST_FACTOR for factor in factors):
        up, down = round(1 + factors[-1], 12), round(1 - factors[0], 12)
        return (
            f"value {value!r} is a factor on the yield: for an uncertainty of {100 * factors[-1]:g} % write "
            f"{up if len(factors) == 1 else (down, up)!r}"
        )
    return None


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute lnN."""
    return (LogNormal(),)
