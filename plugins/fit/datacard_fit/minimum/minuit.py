"""MIGRAD of MINUIT as the minimiser: slower than the own one, and independent of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core import DatacardError
from datacard_fit.minimum.minimiser import TOLERANCE, ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacard_core import FloatArray
    from datacard_fit.minimum.minimiser import Box, Minimum, Point

# MIGRAD ends where its expected distance is below this share of its tolerance, for a rise of 0.5 at one error.
_SHARE = 0.002
# Distance from the end of a range that counts as the end.
_EDGE = 1e-5


def migrad(
    function: Callable[[FloatArray], Point], start: FloatArray, box: Box, *, tolerance: float = TOLERANCE
) -> Minimum:
    """Return the minimum that MIGRAD finds, with the exact Hessian there.

    Args:
        function: the function.
        start: parameters, shape (parameters,).
        box: their ranges.
        tolerance: largest expected distance of the value from its minimum.

    Raises:
        DatacardError: iminuit is not installed.
    """
    try:
        from iminuit import Minuit  # noqa: PLC0415 - an optional dependency
    except ImportError:
        message = "the minimiser minuit needs iminuit: python -m pip install 'datacard-core[fit]'"
        raise DatacardError(message) from None
    at = box.clipped(start)
    # Without the offset, rounding of large values would end MIGRAD early.
    offset = function(at).value
    minuit = Minuit(lambda at: function(at).value - offset, at, grad=lambda at: function(at).gradient)
    minuit.errordef, minuit.tol, minuit.strategy = Minuit.LIKELIHOOD, tolerance / _SHARE, 1
    for place, (low, high, fixed) in enumerate(zip(box.low, box.high, box.fixed, strict=True)):
        minuit.limits[place], minuit.fixed[place] = (low, high), bool(fixed)
    minuit.migrad()
    # MINUIT transforms parameters with ranges, and never ends exactly at an edge.
    found = np.array(minuit.values)
    found = np.where(~box.fixed & (found - box.low < _EDGE), box.low, found)
    found = np.where(~box.fixed & (box.high - found < _EDGE), box.high, found)
    problem = "" if minuit.valid else "MIGRAD found no minimum"
    return ended(found, function(found), box, float(minuit.fmin.edm), minuit.nfcn, problem)
