"""The built-in checks of a finished channel: what Combine would accept, and somebody should look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from datacard_core import DATA, Check, hookimpl, warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core import Channel, Finding

LARGEST_RATIO = 2.0
"""A varied bin above this times the nominal, or the nominal above this times it, differs by more than 100 %."""


class LargeVariations(Check):
    """Bins where a varied template and its nominal differ by more than 100 %, in either direction."""

    name: ClassVar[str] = "large-variations"
    codes: ClassVar[Mapping[str, str]] = {
        "large-variation": "An Up or Down template differs from its nominal by more than 100 % in some bins: look at "
        "the variation, and choose wider bins where few events are the reason.",
    }

    def run(self, channel: Channel) -> Iterator[Finding]:
        """A warning for each column and direction of a nuisance, with the bin that is worst."""
        for nuisance, shape in channel.shapes():
            nominal = channel.nominal.values[shape.columns]
            for direction, templates in (("Up", shape.up), ("Down", shape.down)):
                varied = templates.values
                far = (varied > LARGEST_RATIO * nominal) | (nominal > LARGEST_RATIO * varied)
                for row in np.flatnonzero(far.any(axis=1)):
                    bins = np.flatnonzero(far[row])
                    worst = bins[np.argmax(np.abs(varied[row] - nominal[row])[bins])]
                    yield warning(
                        "large-variation",
                        f"differs from nominal by more than 100 % in {len(bins)} of {len(far[row])} bins, "
                        f"for example bin {worst + 1}: {nominal[row, worst]:.4g} -> {varied[row, worst]:.4g}",
                        column=channel.columns[shape.columns[row]].name,
                        systematic=f"{nuisance.name}{direction}",
                    )


class EmptyBackground(Check):
    """Bins where something is expected or observed, but no background."""

    name: ClassVar[str] = "empty-background"
    codes: ClassVar[Mapping[str, str]] = {
        "no-background-in-bin": "Bins have signal or data but no background: choose wider bins, since the fit has no "
        "prediction there.",
    }

    def run(self, channel: Channel) -> Iterator[Finding]:
        """A warning that names the bins."""
        signal = np.array([column.is_signal for column in channel.columns])
        background = channel.nominal.values[~signal].sum(axis=0)
        filled = (channel.nominal.values[signal].sum(axis=0) > 0) | (channel.data.values[0] > 0)
        if len(bins := np.flatnonzero(filled & ~(background > 0)) + 1):
            yield warning(
                "no-background-in-bin",
                f"bins {', '.join(map(str, bins))} have signal or data but no background: "
                "wider bins would avoid a fit without prediction there",
            )


class WeightedData(Check):
    """Observed data that are no counts."""

    name: ClassVar[str] = "weighted-data"
    codes: ClassVar[Mapping[str, str]] = {
        "weighted-data": "A bin of the data is not a whole number: fill data without weights.",
    }

    def run(self, channel: Channel) -> Iterator[Finding]:
        """A warning with the first bin that is no whole number."""
        if not channel.has_data:
            return
        values = channel.data.values[0]
        if len(bins := np.flatnonzero(np.abs(values - np.round(values)) > 1e-6 * np.maximum(1, values))):
            message = f"bin {bins[0] + 1} holds {values[bins[0]]:.6g} events: data should be counts, without weights"
            yield warning("weighted-data", message, column=DATA)


@hookimpl
def datacard_checks() -> Iterable[Check]:
    """Contribute the checks."""
    return (LargeVariations(), EmptyBackground(), WeightedData())
