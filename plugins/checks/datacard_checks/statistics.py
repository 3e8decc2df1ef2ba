"""Looks at the statistical errors of templates, which autoMCStats makes parameters of."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from datacard_checks.limits import Limits
from datacard_checks.view import View, bins_of, effective_events, worded
from datacard_core import Check, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core import Finding, Model


def empty_bins(view: View) -> Iterator[Finding]:
    """Yield bins where no process expects an event, and autoMCStats has therefore no error."""
    if bins := bins_of(np.all(view.channel.nominal.values <= 0, axis=0)):
        message = f"no process expects an event in {worded(bins)}, so that there is no statistical error either"
        yield warning("shape.empty-bin", message, channel=view.channel.bin, bins=bins)


def without_variance(view: View) -> Iterator[Finding]:
    """Yield channels without errors, and templates that have errors in some bins and content without one in others."""
    nominal = view.channel.nominal
    if not nominal.variances.any() and nominal.values.any():
        message = "no template has an error, so that autoMCStats makes no parameters: fill with Weight storage"
        yield warning("mcstats.zero-errors", message, channel=view.channel.bin)
    lacking = (nominal.values != 0) & (nominal.variances == 0) & (nominal.variances > 0).any(axis=1, keepdims=True)
    for at in np.flatnonzero(lacking.any(axis=1)).tolist():
        bins = bins_of(lacking[at])
        message = f"{worded(bins)} with content and without an error: fill the histogram with Weight storage"
        column = view.channel.columns[at].name
        yield warning("statistics.no-variance", message, channel=view.channel.bin, column=column, bins=bins)


def root_n(view: View) -> Iterator[Finding]:
    """Yield templates of weighted events whose errors are the roots of their contents."""
    values, variances = view.channel.nominal.values, view.channel.nominal.variances
    # Counts have such errors rightly, as those of data-driven estimates do.
    filled = values > 0
    alike = ((np.abs(variances - values) <= 1e-6 * values) | ~filled).all(axis=1) & filled.any(axis=1)
    weighted = (np.abs(values - np.round(values)) > 1e-6 * np.maximum(1, values)).any(axis=1)
    for at in np.flatnonzero(alike & weighted).tolist():
        message = "its errors are the roots of its contents, which are no counts: fill with Weight storage"
        yield warning("statistics.root-n", message, channel=view.channel.bin, column=view.channel.columns[at].name)


def few_events(view: View) -> Iterator[Finding]:
    """Yield processes that are a good part of a bin, and rest on less than one event there."""
    channel, limits = view.channel, view.limits
    # Of a process that is a small part of a bin, large errors matter little.
    total = np.maximum(channel.nominal.values, 0).sum(axis=0)
    events = effective_events(channel.nominal)
    few = (events < limits.fewest_events) & (channel.nominal.values >= limits.smallest_share * total)
    for at in np.flatnonzero(few.any(axis=1)).tolist():
        bins, least = bins_of(few[at]), float(events[at][few[at]].min())
        message = f"{least:.2g} effective events in {worded(bins)}: its error is as large as its content"
        numbers = {"events": least, "limit": limits.fewest_events}
        column = channel.columns[at].name
        yield warning("statistics.few-events", message, channel=channel.bin, column=column, bins=bins, numbers=numbers)


def one_event(view: View) -> Iterator[Finding]:
    """Yield channels with bins where one event makes most of the background."""
    channel, limits = view.channel, view.limits
    events = effective_events(view.backgrounds)[0]
    if (few := events < limits.fewest_in_bin).any():
        bins, least = bins_of(few), float(events[few].min())
        message = f"all backgrounds together are {least:.2g} effective events in {worded(bins)}: choose wider bins"
        numbers = {"events": least, "limit": limits.fewest_in_bin}
        yield warning("statistics.one-event", message, channel=channel.bin, bins=bins, numbers=numbers)


class Statistics(Check):
    """Looks for templates whose statistical errors are missing, wrong, or as large as their content."""

    name: ClassVar[str] = "statistics"
    codes: ClassVar[Mapping[str, str]] = {
        "mcstats.zero-errors": "No template of a channel with autoMCStats has a statistical error, so that it makes no "
        "parameters: fill histograms with Weight storage.",
        "shape.empty-bin": "No process expects an event in some bins of a channel with autoMCStats: choose wider bins.",
        "statistics.few-events": "A process that is a good part of a bin rests on less than one effective event there: "
        "choose wider bins, or produce more events.",
        "statistics.no-variance": "A template has content without a variance in some bins: fill it with Weight "
        "storage.",
        "statistics.one-event": "One event makes most of the background of a bin: choose wider bins.",
        "statistics.root-n": "The errors of a template of weighted events are the roots of its contents: fill it with "
        "Weight storage.",
    }

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - a frozen value
        self._limits = limits

    def examine(self, model: Model) -> Iterator[Finding]:
        """Yield the findings of each look at each channel whose statistical errors are in the card."""
        for channel in model.channels:
            view = View(channel, self._limits)
            # Without autoMCStats the errors are not used, and those of a histogram without Sumw2 mean nothing.
            if channel.has_templates and view.statistics is not None:
                for look in (empty_bins, without_variance, root_n, few_events, one_event):
                    yield from look(view)
