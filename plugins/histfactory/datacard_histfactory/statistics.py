"""Bin-by-bin statistics as modifiers of HistFactory.

A bin of many effective events has one parameter for the sum of all processes: HistFactory's `staterror`. In a bin of
few, each process has its own: `shapesys` with a Poisson probability where its content is that of whole events, and a
`staterror` of its own where it is not.

Source: `CMSHistErrorPropagator` of Combine; Barlow, Beeston, Comput. Phys. Commun. 77 (1993) 219.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core import notice, warning
from datacard_histfactory.effects import base, relative
from datacard_histfactory.interpolation import FLOOR
from datacard_histfactory.parts import NEGLIGIBLE, Modifier, Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core import BinByBinStatistics, BoolArray, Channel, Finding, FloatArray

# Combine takes a content just below its error for one event, not for a normal density.
_ONE_EVENT = 0.999


def statistics(directive: BinByBinStatistics, channel: Channel) -> Rendered:
    """Return the parameters of bins.

    The error of a sum is HistFactory's error relative to the yields at the start values, and Combine's follows the
    yields; the loss tells the difference for twice the signal and without signal.
    """
    contents = base(channel)
    errors = np.sqrt(np.maximum(channel.nominal.variances, 0))
    signal = np.array([column.is_signal for column in channel.columns], dtype=np.bool_)
    counted = np.ones(len(signal), dtype=np.bool_) if directive.include_signal else ~signal
    total, squared = contents[counted].sum(axis=0), (errors[counted] ** 2).sum(axis=0)
    # A threshold below 0 means no parameters.
    has_error = (squared > 0) & (directive.threshold >= 0)
    effective = np.floor(0.5 + np.divide(total**2, squared, out=np.zeros_like(total), where=has_error))
    few = has_error & (effective <= directive.threshold)
    of_sums = np.where(has_error & ~few, errors, 0.0)
    modifiers: dict[int, tuple[Modifier, ...]] = {}
    for column in range(len(channel.columns)):
        of_few = np.where(few, errors[column], 0.0)
        found = list(_of_process(column, channel, contents[column], of_few, directive.threshold))
        # All samples of the channel have it: HistFactory divides by the sum of those that do.
        if of_sums.any():
            found.append(Modifier(type="staterror", name=f"prop_bin{channel.bin}", errors=of_sums[column]))
        modifiers[column] = tuple(found)
    (line,) = directive.lines(channel)
    left_out = notice("export.left-out", f"the line {line!r} is left out; the parameters that it gives are written")
    losses = (
        left_out,
        *_error_losses(channel, contents, of_sums, signal),
        *_content_losses(channel, contents, errors * few),
    )
    return Rendered(modifiers=modifiers, losses=losses)


def _of_process(
    column: int, channel: Channel, contents: FloatArray, errors: FloatArray, threshold: float
) -> Iterator[Modifier]:
    name = f"prop_bin{channel.bin}_{channel.columns[column].name}"
    events = np.floor(0.5 + np.divide(contents**2, errors**2, out=np.zeros_like(contents), where=errors > 0))
    counts = (errors > 0) & (contents >= _ONE_EVENT * errors) & (events > 0) & (events <= threshold)
    if counts.any():
        # HistFactory takes the square of content over error for the number of events.
        width = np.divide(contents, np.sqrt(events), out=np.zeros_like(contents), where=counts)
        yield Modifier(type="shapesys", name=name, errors=width)
    others = (errors > 0) & ~counts & (contents > FLOOR)
    if others.any():
        yield Modifier(type="staterror", name=f"{name}_error", errors=np.where(others, errors, 0.0))


def _error_losses(channel: Channel, contents: FloatArray, errors: FloatArray, signal: BoolArray) -> Iterator[Finding]:
    """Yield the difference of the errors of sums, if there is one."""
    total, nominal = contents.sum(axis=0), np.sqrt((errors**2).sum(axis=0))
    sizes = np.zeros(len(total))
    # Both sides of the start value r = 1.
    for strength in (0.0, 2.0):
        weights = np.where(signal, strength, 1.0)[:, None]
        exact = np.sqrt(((weights * errors) ** 2).sum(axis=0))
        sizes = np.maximum(sizes, relative(channel, nominal * (weights * contents).sum(axis=0) / total - exact))
    if sizes.any():
        size = float(sizes.max())
        message = (
            "the statistical error of a bin follows the expectation, not the errors of the processes: without signal, "
            f"or with twice the signal, it differs by up to {size:.2g} of the expectation"
        )
        make = notice if size <= NEGLIGIBLE else warning
        yield make("export.statistics", message)


def _content_losses(channel: Channel, contents: FloatArray, errors: FloatArray) -> Iterator[Finding]:
    """Yield the processes whose own parameters of bins cannot do in HistFactory what they do in Combine."""
    empty = (errors > 0) & (contents <= FLOOR)
    wide = (2 * errors > contents) & ~empty
    for where, what in (
        (empty, "has errors in bins without content, which are left out: they would be relative to 0"),
        (wide, "has bins that Combine lets go below 0 within 2 standard deviations, and HistFactory does not"),
    ):
        for column in np.flatnonzero(where.any(axis=1)).tolist():
            sizes = relative(
                channel, np.where(where[column], np.maximum(2 * errors[column] - contents[column], 0), 0.0)
            )
            size = float(sizes.max())
            message = f"{what}: up to {size:.2g} of the expectation"
            make = notice if size <= NEGLIGIBLE else warning
            yield make("export.statistics", message, column=channel.columns[column].name)
