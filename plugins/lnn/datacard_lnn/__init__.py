"""The kind `lnN`: a log-normal uncertainty on yields.

This file is a complete plugin. A separate package would add the entry point

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
"""A single factor below this is most likely a relative uncertainty, such as 0.05 in place of 1.05."""


class LogNormal(SystematicKind):
    """A factor κ^θ on the yield; a (down, up) pair is the factor at θ = -1 and at θ = +1."""

    typ: ClassVar[str] = "lnN"

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for each value that is not a factor, or a (down, up) pair of factors, above 0."""
        for columns, value in systematic.distinct_values():
            if problem := _problem(value):
                yield f"{columns}: {problem}"

    def effects(self, target: Target) -> Iterator[Normalisation]:
        """Yield one effect for the columns with a single factor, and one for the columns with a pair."""
        # Both forms have the keyword lnN in a card, so the two effects share one row.
        pairs = np.array([isinstance(value, tuple) for value in target.values])
        if not pairs.all():
            up = np.array([value for value in target.values if not isinstance(value, tuple)])
            yield Normalisation(target.positions[~pairs], up)
        if pairs.any():
            # Each row of the array is a (down, up) pair, so its transpose has two rows.
            down, up = np.array([value for value in target.values if isinstance(value, tuple)]).T
            yield Normalisation(target.positions[pairs], up, down)


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


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kind lnN."""
    return (LogNormal(),)
