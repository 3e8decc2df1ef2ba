"""Combine's likelihood of a model, and inference with it, in Python and numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from datacard_core import hookimpl
from datacard_fit.breakdown import Breakdown, Part, breakdown
from datacard_fit.drawing import PLOT_OPTIONS, plot
from datacard_fit.exchange.yields import yields_of
from datacard_fit.fits import FitResult, Interval, fit
from datacard_fit.impacts import Impact, Impacts, impacts
from datacard_fit.likelihood import Likelihood
from datacard_fit.limits import Limit, limit, significance
from datacard_fit.prefit import MOST_ALIKE, NARROWEST, Prefit, PrefitConstraints, prefit
from datacard_fit.scans import Scan, scan
from datacard_fit.shapes import Shapes, shapes, stages
from datacard_fit.toys import GoodnessOfFit, Toys, goodness_of_fit, read_toys, toys

__all__ = [
    "PLOT_OPTIONS",
    "Breakdown",
    "FitResult",
    "GoodnessOfFit",
    "Impact",
    "Impacts",
    "Interval",
    "Likelihood",
    "Limit",
    "Part",
    "Prefit",
    "Scan",
    "Shapes",
    "Toys",
    "breakdown",
    "fit",
    "goodness_of_fit",
    "impacts",
    "limit",
    "plot",
    "prefit",
    "read_toys",
    "scan",
    "shapes",
    "significance",
    "stages",
    "toys",
    "yields_of",
]

if TYPE_CHECKING:
    from collections.abc import Mapping

options = {
    "narrowest": f"width in a fit, relative to the constraint, below which one is told; {NARROWEST} if not given",
    "most_alike": f"common information from which two parameters are told; {MOST_ALIKE} if not given",
}


@attrs.frozen
class Configured:
    """The plugin with limits of its own."""

    check: PrefitConstraints

    @hookimpl
    def datacard_checks(self) -> tuple[PrefitConstraints, ...]:
        """Contribute the check of constraints."""
        return (self.check,)


def configured(options: Mapping[str, Any]) -> Configured:
    """Return the plugin with some of its limits given."""
    return Configured(PrefitConstraints.of(options))
