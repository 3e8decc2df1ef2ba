"""Combine's likelihood of a model, and inference with it, in Python and numpy."""

from __future__ import annotations

from datacard_fit.breakdown import Breakdown, Part, breakdown
from datacard_fit.fits import FitResult, Interval, fit
from datacard_fit.impacts import Impact, Impacts, impacts
from datacard_fit.likelihood import Likelihood
from datacard_fit.limits import Limit, limit, significance
from datacard_fit.scans import Scan, scan
from datacard_fit.toys import GoodnessOfFit, Toys, goodness_of_fit, toys

__all__ = [
    "Breakdown",
    "FitResult",
    "GoodnessOfFit",
    "Impact",
    "Impacts",
    "Interval",
    "Likelihood",
    "Limit",
    "Part",
    "Scan",
    "Toys",
    "breakdown",
    "fit",
    "goodness_of_fit",
    "impacts",
    "limit",
    "scan",
    "significance",
    "toys",
]
