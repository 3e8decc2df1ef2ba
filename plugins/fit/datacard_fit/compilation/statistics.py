"""Parameters of the statistical uncertainty in each bin: autoMCStats.

Source: `CMSHistErrorPropagator` of Combine and Barlow, Beeston, Comput. Phys. Commun. 77 (1993) 219, in the form of
Conway, arXiv:1103.0354. A bin with many effective events has one parameter with a unit normal density, which multiplies
the uncertainty of the bin's sum. A bin with few has a parameter for each process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_fit.evaluation.constraints import Density
from datacard_fit.evaluation.morphing import FLOOR
from datacard_fit.evaluation.parameters import WIDE, Parameter, of_events_in_bin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core import BinByBinStatistics, BoolArray, FloatArray, IntArray
    from datacard_fit.compilation.stacking import ChannelTemplates

# Combine takes a content just below its error for one event, not for a normal density.
_ONE_EVENT = 0.999


@attrs.frozen(eq=False, kw_only=True)
class Decision:
    """The parameters of one channel."""

    has_sum: BoolArray
    """Bins with one parameter, shape (bins,)."""
    cells: tuple[tuple[int, int, int, float], ...]
    """Column of the channel, bin, events, error of each parameter of a process in a bin."""


def decide(statistics: BinByBinStatistics, channel: ChannelTemplates, weights: FloatArray) -> Decision:
    """Return which parameters the bins of a channel have.

    Args:
        statistics: the threshold, and whether signals count.
        channel: the templates before all factors, with their errors.
        weights: factors at the start values of the parameters, shape (columns,).
    """
    content, error, signal = channel.nominal, channel.errors, channel.is_signal
    counted = np.ones(len(signal), dtype=np.bool_) if statistics.include_signal else ~signal
    total = (weights[:, None] * np.maximum(content, FLOOR))[counted].sum(axis=0)
    squared = ((weights[:, None] * error) ** 2)[counted].sum(axis=0)
    has_error = (squared > 0) & (statistics.threshold >= 0)
    effective = np.zeros(len(total))
    effective[has_error] = np.floor(0.5 + total[has_error] ** 2 / squared[has_error])
    # At the threshold itself a bin has parameters of processes, unlike what the documentation says.
    few = has_error & (effective <= statistics.threshold)
    cells = tuple(_cells(np.flatnonzero(few), content, error, statistics.threshold))
    return Decision(has_sum=has_error & ~few, cells=cells)


def _cells(
    bins: IntArray, content: FloatArray, error: FloatArray, threshold: float
) -> Iterator[tuple[int, int, int, float]]:
    for at in bins.tolist():
        for column in np.flatnonzero(error[:, at] > 0).tolist():
            # A negative content counts as empty, which gives it a normal parameter.
            value, width = max(float(content[column, at]), FLOOR), float(error[column, at])
            events = int(np.floor(0.5 + value**2 / width**2)) if value >= _ONE_EVENT * width else 0
            if 0 < events <= threshold:
                yield column, at, events, 0.0
            else:
                yield column, at, 0, width


def cell_parameter(channel: str, process: str, at: int, events: int) -> Parameter:
    """Return the parameter of one process in one bin."""
    name = f"prop_bin{channel}_bin{at}_{process}"
    if events:
        return of_events_in_bin(name, events)
    return Parameter(name=name, low=-WIDE, high=WIDE, density=Density(kind="normal"))


def bin_parameters(channels: Sequence[str], has_sum: BoolArray) -> tuple[Parameter, ...]:
    """Return the parameters of whole bins, in the order of channels and bins.

    Args:
        channels: names of the channels.
        has_sum: bins that have a parameter, shape (channels, bins).
    """
    return tuple(
        Parameter(name=f"prop_bin{channel}_bin{at}", low=-WIDE, high=WIDE, density=Density(kind="normal"))
        for channel, row in zip(channels, has_sum, strict=True)
        for at in np.flatnonzero(row).tolist()
    )
