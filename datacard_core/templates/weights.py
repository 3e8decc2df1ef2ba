"""Sums of weights that an output keeps beside its histograms, as a check of their content.

PocketCoffea sums the weights of the events of each dataset in each category, in `sumw`. A variable that is filled once
for each event has the same sum, flow included. One that is filled once for each jet, or without flow bins, has not; for
such a variable most datasets differ, and nothing can be said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.findings import warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core.findings import Finding
    from datacard_core.templates.rows import Layout

# Far above the rounding of sums in another order, and far below an effect on a fit.
_TOLERANCE = 1e-6

_AGREEING = 2
"""Number of datasets that have to agree for each one that differs."""


@attrs.frozen
class Weights:
    """Sum of weights of a dataset in a category, in its nominal histogram and in `sumw`."""

    filled: float
    """With flow."""
    absolute: float
    """Sum of the absolute contents of the bins."""
    expected: float

    def __add__(self, other: Weights) -> Weights:
        return Weights(self.filled + other.filled, self.absolute + other.absolute, self.expected + other.expected)

    @property
    def agree(self) -> bool:
        """True if the two are equal up to rounding, which grows with the absolute contents."""
        return abs(self.filled - self.expected) <= _TOLERANCE * max(self.absolute, abs(self.expected))


def altered_content(layout: Layout, weights: Mapping[tuple[int, str, str], Weights]) -> Iterator[Finding]:
    """Yield a warning for each dataset whose histogram differs from `sumw`, where those of most others agree.

    Args:
        layout: the rows of the sums.
        weights: sums of weights by column, sample and dataset.
    """
    # Empty histograms agree for every variable.
    told = {key: found for key, found in weights.items() if found.absolute or found.expected}
    differing = [key for key, found in sorted(told.items()) if not found.agree]
    agreeing = len(told) - len(differing)
    if agreeing < _AGREEING * len(differing):
        return
    for column, sample, dataset in differing:
        found = told[column, sample, dataset]
        message = (
            f"the nominal of dataset {dataset!r} of sample {sample!r} adds up to {found.filled:.6g} with flow, and "
            f"sumw of the output is {found.expected:.6g}, while the two agree for {agreeing} other datasets: "
            "the file was damaged or altered, or this dataset was filled in another way"
        )
        yield warning("altered-content", message, column=layout.requests[column].column)
