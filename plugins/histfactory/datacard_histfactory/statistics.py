"""Bin-by-bin statistics as modifiers of HistFactory.

A bin of many effective events has one parameter for the sum of all processes: HistFactory's `staterror`. In a bin of
few, each process has its own: `shapesys` with a Poisson probability where its content is that of whole events, and a
`staterror` of its own where it is not.

Source: `CMSHistErrorPropagator` of Combine; Barlow, Beeston, Comput. Phys. Commun. 77 (1993) 219.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core import ControlRegion, initial_factors, notice, parameters_of_bins, warning
from datacard_histfactory.effects import base, relative
from datacard_histfactory.interpolation import FLOOR
from datacard_histfactory.parts import NEGLIGIBLE, Modifier, Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core import BinByBinStatistics, BinParameters, BoolArray, Channel, Finding, FloatArray


def statistics(directive: BinByBinStatistics, channel: Channel) -> Rendered:
    """Return the parameters of bins.

    The error of a sum is HistFactory's error relative to the contents, and Combine's follows the yields; the loss tells
    the difference for twice the signal and without signal.
    """
    contents, factors = base(channel), _start(channel)
    errors = np.sqrt(np.maximum(channel.nominal.variances, 0))
    signal = np.array([column.is_signal for column in channel.columns], dtype=np.bool_)
    decided = parameters_of_bins(directive, contents, errors, signal, factors)
    of_sums = np.where(decided.has_sum, errors, 0.0)
    modifiers: dict[int, tuple[Modifier, ...]] = {}
    for column in range(len(channel.columns)):
        found = list(_of_process(column, channel, contents[column], decided))
        # All samples of the channel have it: HistFactory divides by the sum of those that do.
        if of_sums.any():
            found.append(Modifier(type="staterror", name=f"prop_bin{channel.bin}", errors=of_sums[column]))
        modifiers[column] = tuple(found)
    (line,) = directive.lines(channel)
    left_out = notice("export.left-out", f"the line {line!r} is left out; the parameters that it gives are written")
    losses = (
        left_out,
        *_error_losses(channel, factors[:, None] * contents, factors[:, None] * of_sums, of_sums, signal),
        *_content_losses(channel, contents, np.where(decided.events + decided.errors > 0, errors, 0.0)),
    )
    return Rendered(modifiers=modifiers, losses=losses)


def _start(channel: Channel) -> FloatArray:
    """Return the factors at the start values of the parameters, shape (columns,), 0 for columns that are left out."""
    factors = np.where(channel.rates != 0, initial_factors(channel), 0.0)
    for nuisance in channel.nuisances:
        for effect in nuisance.effects:
            # Combine starts the count of a control region at one event more than was observed.
            if isinstance(effect, ControlRegion) and effect.events:
                factors[effect.columns] *= (effect.events + 1) / effect.events
    return factors


def _of_process(column: int, channel: Channel, contents: FloatArray, decided: BinParameters) -> Iterator[Modifier]:
    name = f"prop_bin{channel.bin}_{channel.columns[column].name}"
    events, errors = decided.events[column], decided.errors[column]
    if events.any():
        # HistFactory takes the square of content over error for the number of events.
        width = np.divide(contents, np.sqrt(events), out=np.zeros_like(contents), where=events > 0)
        yield Modifier(type="shapesys", name=name, errors=width)
    # An error of an empty bin would be relative to 0.
    relative_to_content = np.where(contents > FLOOR, errors, 0.0)
    if relative_to_content.any():
        yield Modifier(type="staterror", name=f"{name}_error", errors=relative_to_content)


def _error_losses(
    channel: Channel, yields: FloatArray, errors: FloatArray, of_contents: FloatArray, signal: BoolArray
) -> Iterator[Finding]:
    """Yield the difference of the errors of sums, if there is one.

    Args:
        channel: the channel.
        yields: expected events at the start values, shape (columns, bins).
        errors: their errors in bins with one parameter, of that shape.
        of_contents: errors of the contents before all factors, of that shape.
        signal: True for signals, shape (columns,).
    """
    ratio = np.sqrt((of_contents**2).sum(axis=0)) / base(channel).sum(axis=0)
    sizes = np.zeros(len(ratio))
    # Both sides of the start value r = 1.
    for strength in (0.0, 2.0):
        weights = np.where(signal, strength, 1.0)[:, None]
        exact = np.sqrt(((weights * errors) ** 2).sum(axis=0))
        sizes = np.maximum(sizes, relative(channel, ratio * (weights * yields).sum(axis=0) - exact))
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
