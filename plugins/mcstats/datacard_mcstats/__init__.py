"""The kind `autoMCStats`: Combine's own parameters for the statistical uncertainty of the simulation."""

from __future__ import annotations

import math
import numbers
from typing import TYPE_CHECKING, Any, ClassVar

from datacard_core import BinByBinStatistics, SystematicKind, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core import SystematicUncertainty, Target


class AutoMCStats(SystematicKind):
    """One autoMCStats line for the channel; `Datacard(mcstat=…)` declares it."""

    typ: ClassVar[str] = "autoMCStats"
    options: ClassVar[Mapping[str, str]] = {
        "threshold": "effective events in a bin below which each process has its own parameter; below 0 there are none",
        "include_signal": "whether signals count in that decision: 0 or 1",
        "hist_mode": "1, or 2 to keep the normalisation of shape variations inside their morphing",
    }

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Each option has a type and a range."""
        options = systematic.options
        threshold = options.get("threshold", 0)
        if not _is_number(threshold):
            yield f"threshold {threshold!r}: expected a number"
        if options.get("include_signal", 0) not in (0, 1):
            yield f"include_signal {options['include_signal']!r}: expected 0 or 1"
        if options.get("hist_mode", 1) not in (1, 2):
            yield f"hist_mode {options['hist_mode']!r}: expected 1 or 2"

    def effects(self, target: Target) -> Iterable[BinByBinStatistics]:
        """One line for the whole channel."""
        options = target.systematic.options
        return (
            BinByBinStatistics(
                float(options.get("threshold", 0)),
                bool(options.get("include_signal", 0)),
                int(options.get("hist_mode", 1)),
            ),
        )


def _is_number(value: Any) -> bool:
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that no float holds
        return False


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute autoMCStats."""
    return (AutoMCStats(),)
