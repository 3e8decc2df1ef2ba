"""The kind `autoMCStats`: Combine's bin-by-bin parameters for the statistical uncertainty of the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from datacard_core import BinByBinStatistics, SystematicKind, hookimpl, is_finite_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core import SystematicUncertainty, Target


class AutoMCStats(SystematicKind):
    """One autoMCStats line for the channel; `Datacard(mcstat=…)` declares it.

    The value is 1.0 and has no effect: the threshold is an option.
    """

    typ: ClassVar[str] = "autoMCStats"
    options: ClassVar[Mapping[str, str]] = {
        "threshold": "bins with fewer effective events have one parameter per process; below 0, no bin has any",
        "include_signal": "1 to count signals in the effective events, 0 to leave them out",
        "hist_mode": "1, or 2 to keep the normalisation of shape variations inside the morphing",
    }

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for each value but 1.0, which the line has no place for, and for each wrong option."""
        for columns, value in systematic.distinct_values():
            # A declaration with processes needs a value. Read as the threshold, 10 would be lost without a word.
            if value != 1.0:
                yield (
                    f"{columns}: value {value!r}, expected 1.0, as the kind uses no value: "
                    'the threshold is an option, options={"threshold": 10}'
                )
        options = systematic.options
        threshold = options.get("threshold", 0)
        if not is_finite_number(threshold):
            yield f"threshold {threshold!r}: expected a number"
        # A comparison by value also admits True, False and the integers of numpy.
        if options.get("include_signal", 0) not in (0, 1):
            yield f"include_signal {options['include_signal']!r}: expected 0 or 1"
        if options.get("hist_mode", 1) not in (1, 2):
            yield f"hist_mode {options['hist_mode']!r}: expected 1 or 2"

    def needs_variances(self, systematic: SystematicUncertainty) -> bool:
        """Return True unless the threshold is below 0, so that no bin has a parameter."""
        return float(systematic.options.get("threshold", 0)) >= 0

    def effects(self, target: Target) -> Iterable[BinByBinStatistics]:
        """Return one directive for the whole channel."""
        options = target.systematic.options
        return (
            BinByBinStatistics(
                float(options.get("threshold", 0)),
                bool(options.get("include_signal", 0)),
                int(options.get("hist_mode", 1)),
            ),
        )


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kind autoMCStats."""
    return (AutoMCStats(),)
