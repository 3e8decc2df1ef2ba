"""Looks at the contents of templates and data: numbers that a fit cannot use, or uses in another way."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from datacard_checks.limits import Limits
from datacard_checks.view import View, bins_of, worded
from datacard_core import DATA, Check, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core import Finding, Model


def not_finite(view: View) -> Iterator[Finding]:
    """Yield templates with a bin that is not finite."""
    channel, varied = view.channel, view.varied
    names = [column.name for column in channel.columns]
    for at in np.flatnonzero(~np.isfinite(channel.nominal.values).all(axis=1)).tolist():
        bins = bins_of(~np.isfinite(channel.nominal.values[at]))
        message = f"{worded(bins)} not finite: look for an event with such a weight"
        yield error("shape.not-finite", message, channel=channel.bin, column=names[at], bins=bins)
    for direction, templates in (("Up", varied.up), ("Down", varied.down)):
        for at in np.flatnonzero(~np.isfinite(templates.values).all(axis=1)).tolist():
            bins = bins_of(~np.isfinite(templates.values[at]))
            yield error(
                "shape.not-finite",
                f"{worded(bins)} not finite: look for an event with such a weight",
                channel=channel.bin,
                column=names[varied.columns[at]],
                systematic=varied.nuisances[varied.rows[at]],
                direction=direction,
                bins=bins,
            )


def negative_bins(view: View) -> Iterator[Finding]:
    """Yield processes with bins below 0, and channels whose sum is below 0 somewhere."""
    channel = view.channel
    # A rate below 0 is told by the reader of the card.
    if not channel.has_templates:
        return
    values = channel.nominal.values
    negative = values < 0
    for at in np.flatnonzero(negative.any(axis=1)).tolist():
        bins, sum_of = bins_of(negative[at]), float(values[at][negative[at]].sum())
        message = (
            f"{worded(bins)} below 0, {sum_of:.4g} of {values[at].sum():.4g} events: Combine sets them to 0 and scales "
            "the others down; choose wider bins"
        )
        place = {"channel": channel.bin, "column": channel.columns[at].name, "bins": bins}
        yield warning("shape.negative-bin", message, numbers={"events": sum_of}, **place)
    for at in np.flatnonzero(channel.nominal.norms < 0).tolist():
        events = float(channel.nominal.norms[at])
        message = f"its template adds up to {events:.4g} events, which Combine takes as its yield: leave it out"
        place = {"channel": channel.bin, "column": channel.columns[at].name}
        yield error("shape.negative-sum", message, numbers={"events": events, "limit": 0}, **place)
    total = values.sum(axis=0)
    if (total < 0).any():
        bins, sum_of = bins_of(total < 0), float(total[total < 0].sum())
        message = f"the sum of all processes is below 0 in {worded(bins)}, {sum_of:.4g} events: choose wider bins"
        yield error("shape.negative-bin", message, channel=channel.bin, bins=bins, numbers={"events": sum_of})


def negative_data(view: View) -> Iterator[Finding]:
    """Yield channels with a number of observed events below 0."""
    channel = view.channel
    if channel.has_data and (channel.data.values < 0).any():
        bins = bins_of(channel.data.values[0] < 0)
        message = f"{worded(bins)} below 0: data are counts"
        yield error("shape.data-negative", message, channel=channel.bin, column=DATA, bins=bins)


class Contents(Check):
    """Looks for contents of templates and data that a fit cannot use."""

    name: ClassVar[str] = "contents"
    before_writing: ClassVar[bool] = True
    codes: ClassVar[Mapping[str, str]] = {
        "shape.data-negative": "An error: a bin of the data is below 0.",
        "shape.negative-bin": "Bins of a template are below 0, which Combine sets to 0 while it scales the others; an "
        "error where the sum of all processes is below 0. Choose wider bins, or clip them.",
        "shape.negative-sum": "An error: the template of a process adds up to less than 0 events. Leave the process "
        "out, or add it to another one.",
        "shape.not-finite": "An error: a template has content that is not finite. Look for an event with such a "
        "weight.",
    }

    def examine(self, model: Model) -> Iterator[Finding]:
        """Yield the findings of each look at each channel."""
        for channel in model.channels:
            view = View(channel, Limits())
            for look in (not_finite, negative_bins, negative_data):
                yield from look(view)
