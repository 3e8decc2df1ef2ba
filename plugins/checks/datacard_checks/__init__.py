"""The built-in checks of a finished channel.

They report what Combine accepts without a word, although it often points to a mistake in the analysis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from datacard_checks.contents import Contents
from datacard_checks.limits import DESCRIPTIONS, Limits
from datacard_checks.nuisances import Nuisances
from datacard_checks.shapes import Directions, SharedFactors, SharedTemplates
from datacard_checks.statistics import Statistics
from datacard_checks.validation import Validation
from datacard_checks.variations import Variations
from datacard_checks.view import worded
from datacard_core import DATA, Check, hookimpl, warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core import Channel, Finding

# PocketCoffea's limit, which it applies to increases only.
LARGEST_RATIO = 2.0
"""Largest ratio of a varied bin to the nominal, or of the nominal to the varied bin, without a warning."""


class LargeVariations(Check):
    """Check for bins where a varied template differs from the nominal by more than 100 %, up or down."""

    name: ClassVar[str] = "large-variations"
    codes: ClassVar[Mapping[str, str]] = {
        "large-variation": "An Up or Down template differs from its nominal by more than 100 % in some bins: look at "
        "the variation, and choose wider bins where few events are the reason.",
    }

    def run(self, channel: Channel) -> Iterator[Finding]:
        """Yield a warning for each column and direction of a nuisance, with the bin of the largest difference."""
        for nuisance, shape in channel.shapes():
            nominal = channel.nominal.values[shape.columns]
            for direction, templates in (("Up", shape.up), ("Down", shape.down)):
                varied = templates.values
                # Products, not ratios: a bin that is empty in both templates passes without a division by 0. Of
                # contents below 0, which policies may keep, equal ones pass too.
                apart = np.abs(varied - nominal)
                far = apart > (LARGEST_RATIO - 1) * np.minimum(np.abs(varied), np.abs(nominal))
                for row in np.flatnonzero(far.any(axis=1)):
                    bins = np.flatnonzero(far[row])
                    worst = bins[np.argmax(apart[row, bins])]
                    yield warning(
                        "large-variation",
                        f"differs from nominal by more than 100 % in {len(bins)} of {len(far[row])} bins, "
                        f"for example bin {worst + 1}: {nominal[row, worst]:.4g} -> {varied[row, worst]:.4g}",
                        column=channel.columns[shape.columns[row]].name,
                        systematic=nuisance.name,
                        direction=direction,
                        bins=bins + 1,
                        numbers={"events": varied[row, worst], "nominal": nominal[row, worst], "limit": LARGEST_RATIO},
                    )


class EmptyBackground(Check):
    """Check for bins with signal or data but without background."""

    name: ClassVar[str] = "empty-background"
    codes: ClassVar[Mapping[str, str]] = {
        "shape.data-no-background": "Bins have signal or data but no background: choose wider bins, since the fit "
        "has no prediction there.",
    }

    def run(self, channel: Channel) -> Iterator[Finding]:
        """Yield one warning that names the bins."""
        signal = np.array([column.is_signal for column in channel.columns])
        if signal.all():
            return  # A finding of the card tells it once for all bins.
        background = channel.nominal.values[~signal].sum(axis=0)
        filled = (channel.nominal.values[signal].sum(axis=0) > 0) | (channel.data.values[0] > 0)
        if len(bins := np.flatnonzero(filled & ~(background > 0)) + 1):
            yield warning(
                "shape.data-no-background",
                f"signal or data but no background in {worded(tuple(bins.tolist()))}: "
                "wider bins would avoid a fit without prediction there",
                bins=bins,
            )


class WeightedData(Check):
    """Check for observed data that are not counts of events."""

    name: ClassVar[str] = "weighted-data"
    codes: ClassVar[Mapping[str, str]] = {
        "weighted-data": "A bin of the data is not a whole number: fill data without weights.",
    }

    def run(self, channel: Channel) -> Iterator[Finding]:
        """Yield a warning with the first bin whose content is not a whole number."""
        # Without data, `channel.data` is the sum of the backgrounds, which need not be whole numbers. Cards that are
        # read may have been made with Asimov data, and their reader tells it.
        if not channel.has_data or channel.stated_rates is not None:
            return
        values = channel.data.values[0].copy()
        values[channel.blind_bins] = 0
        # Counts that went through floating-point sums are whole numbers up to rounding only.
        if len(bins := np.flatnonzero(np.abs(values - np.round(values)) > 1e-6 * np.maximum(1, values))):
            message = f"bin {bins[0] + 1} holds {values[bins[0]]:.6g} events: data should be counts, without weights"
            yield warning("weighted-data", message, column=DATA, bins=bins + 1, numbers={"events": values[bins[0]]})


options = DESCRIPTIONS


@attrs.frozen
class Configured:
    """The plugin with limits of its own."""

    limits: Limits

    @hookimpl
    def datacard_checks(self) -> Iterable[Check]:
        """Contribute the checks."""
        return (
            LargeVariations(),
            EmptyBackground(),
            WeightedData(),
            Directions(),
            SharedTemplates(),
            SharedFactors(),
            Contents(),
            Statistics(self.limits),
            Variations(self.limits),
            Nuisances(self.limits),
            Validation(self.limits),
        )


def configured(options: Mapping[str, Any]) -> Configured:
    """Return the plugin with some of its limits given."""
    return Configured(Limits.of(options))
