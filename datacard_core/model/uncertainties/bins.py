"""Parameters of the statistical uncertainty in each bin, which Combine makes for autoMCStats.

Source: `CMSHistErrorPropagator` of Combine and Barlow, Beeston, Comput. Phys. Commun. 77 (1993) 219, in the form of
Conway, arXiv:1103.0354. A bin with many effective events has one parameter with a unit normal density, which multiplies
the uncertainty of the bin's sum. A bin with few has a parameter for each process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.names import public

if TYPE_CHECKING:
    from datacard_core.model.arrays import BoolArray, FloatArray, IntArray
    from datacard_core.model.directives import BinByBinStatistics

SMALLEST_CONTENT = 1e-9
"""Content of an empty bin in Combine, in events."""

# Combine takes a content just below its error for one event, not for a normal density.
_ONE_EVENT = 0.999


@public
@attrs.frozen(eq=False, kw_only=True)
class BinParameters:
    """The parameters of the bins of one channel."""

    has_sum: BoolArray
    """Bins with one parameter for the sum of all processes, shape (bins,)."""
    events: IntArray
    """Number of events of each process's own parameter with a Poisson density, 0 without one, shape (columns, bins)."""
    errors: FloatArray
    """Error of each process's own parameter with a normal density, 0 without one, shape (columns, bins)."""


def parameters_of_bins(
    statistics: BinByBinStatistics, contents: FloatArray, errors: FloatArray, is_signal: BoolArray, factors: FloatArray
) -> BinParameters:
    """Return which parameters the bins of a channel have.

    Args:
        statistics: the threshold, and whether signals count.
        contents: nominal templates before all factors, shape (columns, bins).
        errors: errors of the contents, of that shape.
        is_signal: True for signals, shape (columns,).
        factors: factors at the start values of all parameters, shape (columns,).
    """
    counted = np.ones(len(is_signal), dtype=np.bool_) if statistics.include_signal else ~is_signal
    # A negative content counts as empty, which gives it a normal parameter.
    contents = np.maximum(contents, SMALLEST_CONTENT)
    total = (factors[:, None] * contents)[counted].sum(axis=0)
    squared = ((factors[:, None] * errors) ** 2)[counted].sum(axis=0)
    has_error = (squared > 0) & (statistics.threshold >= 0)
    # At the threshold itself a bin has parameters of processes, unlike what the documentation says.
    few = has_error & (_effective(total, squared, where=has_error) <= statistics.threshold)
    own = few & (errors > 0)
    events = np.where(contents >= _ONE_EVENT * errors, _effective(contents, errors**2, where=own), 0)
    counts = own & (events > 0) & (events <= statistics.threshold)
    return BinParameters(
        has_sum=has_error & ~few,
        events=np.where(counts, events, 0).astype(np.intp),
        errors=np.where(own & ~counts, errors, 0.0),
    )


def _effective(contents: FloatArray, variances: FloatArray, *, where: BoolArray) -> FloatArray:
    """Return the effective numbers of events, rounded as Combine rounds them; 0 elsewhere."""
    ratio = np.divide(contents**2, variances, out=np.zeros_like(contents), where=where)
    events: FloatArray = np.floor(0.5 + ratio) * where
    return events
