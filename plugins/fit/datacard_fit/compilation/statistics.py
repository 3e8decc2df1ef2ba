"""Parameters of the statistical uncertainty in each bin: autoMCStats, with the names that Combine gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_fit.evaluation.constraints import Density
from datacard_fit.evaluation.parameters import WIDE, Parameter, of_events_in_bin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core import BoolArray


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
