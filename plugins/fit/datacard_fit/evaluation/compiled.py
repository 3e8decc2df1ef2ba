"""The arrays of a likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from datacard_core import BoolArray, FloatArray, IntArray
    from datacard_fit.evaluation.cells import Cells
    from datacard_fit.evaluation.factors import Factors
    from datacard_fit.evaluation.morphing import Morphing
    from datacard_fit.evaluation.parameters import Table
    from datacard_fit.formulas.functions import Functions


@attrs.frozen(eq=False, kw_only=True)
class Compiled:
    """The arrays of a likelihood. Channels, columns and bins have the order of the model."""

    channels: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    """Names of the columns of each channel; columns of rate 0 are left out, as in Combine."""
    starts: IntArray
    """Position of the first column of each channel, shape (channels,)."""
    bins: tuple[int, ...]
    """Number of bins of each channel."""
    pois: tuple[str, ...]
    parameters: Table
    """Parameters: ordinary ones, then those of `cells`, then those of whole bins."""
    ordinary: int
    """Number of ordinary parameters."""
    functions: Functions
    penalised: IntArray
    """Positions of the variables with a normal density around 0: those of `constr` lines."""
    widths: FloatArray
    """Widths of these densities."""
    factors: Factors
    morphing: Morphing
    squares: FloatArray
    """Squared errors of the templates in bins with a parameter, shape (columns, bins); 0 elsewhere."""
    cells: Cells
    has_sum: BoolArray
    """Bins with one parameter, shape (channels, bins)."""
    data: FloatArray
    """Observed events, shape (channels, bins)."""
    valid: BoolArray
    """Bins that a channel has, shape (channels, bins)."""
