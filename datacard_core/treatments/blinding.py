"""Expected events in the place of data, in channels without data and in blind bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core.arguments import shown
from datacard_core.errors import DeclarationError, with_type
from datacard_core.findings import notice, warning
from datacard_core.grammar import DATA, RATE_PARAM, keyword_of
from datacard_core.inputs.grids import GridAxis
from datacard_core.model.arrays import Templates
from datacard_core.model.directives import FreeParameter
from datacard_core.model.uncertainties.prefit import expected_events
from datacard_core.names import listing
from datacard_core.templates.binning import AnyBinning, chosen_edges
from datacard_core.templates.unrolling import unrolled_bins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from datacard_core.findings import Finding
    from datacard_core.model.arrays import Axis, BoolArray
    from datacard_core.model.channel import Channel
    from datacard_core.templates.template_set import TemplateSet


def chosen_bins(choose: Callable[[Any], Any], axis: Axis) -> tuple[int, ...]:
    """Return the positions of the bins that a function of a script calls blind.

    Raises:
        DeclarationError: the function fails, or does not return True or False for each bin.
    """
    try:
        chosen = np.asarray(choose(axis))
    # It is a script's own function, which may fail in any way.
    except Exception as error:
        raise DeclarationError(f"blind: the function fails on axis {axis.name!r}: {with_type(error)}") from error
    if chosen.dtype != np.bool_ or chosen.shape != (axis.bins,):
        raise DeclarationError(
            f"blind: the function returns {shown(chosen, 80)} for axis {axis.name!r}, expected True or False for each "
            f"of its {axis.bins} bins, such as axis.edges[:-1] >= 0.6"
        )
    return tuple(np.flatnonzero(chosen).tolist())


def without_counts(templates: TemplateSet, binning: AnyBinning, bins: Sequence[int]) -> TemplateSet:
    """Return templates without the data of some bins, and without findings on data, which may tell counts.

    Args:
        templates: the templates, binned as in the output; the data are their last row.
        binning: the bins of the card.
        bins: positions of the blind bins of the card. Content outside the axis belongs to its outer bins.
    """
    native = _hidden(templates, binning, bins)
    values, variances = templates.values.copy(), templates.variances.copy()
    for array in (values, variances):
        array[templates.layout.starts[-1], native] = 0
    findings = tuple(finding for finding in templates.findings if DATA not in finding.column)
    return attrs.evolve(templates, values=values, variances=variances, findings=findings)


def _hidden(templates: TemplateSet, binning: AnyBinning, bins: Sequence[int]) -> BoolArray:
    """Return for each bin of the output, flow included, whether it belongs to a blind bin of the card."""
    if isinstance(templates.axis, GridAxis):
        of_cell, axis = unrolled_bins(templates.axis, binning, fold=True)
        hidden = np.zeros(axis.bins + 2, dtype=bool)
        # Content outside the bins of the card is hidden as soon as one bin is blind.
        hidden[[0, *(place + 1 for place in bins), -1]] = len(bins) > 0
        return hidden[of_cell]
    places, edges = chosen_edges(templates.axis, binning)  # type: ignore[arg-type] # no grid
    hidden = np.zeros(len(edges) - 1, dtype=bool)
    hidden[list(bins)] = True
    with_flow = np.concatenate([hidden[:1], hidden, hidden[-1:]])
    # The edges at which bins of the card begin, flow included, among those of the output.
    starts = np.concatenate([[0], places + 1, [templates.values.shape[1]]])
    return np.repeat(with_flow, np.diff(starts))


def with_expected_data(channel: Channel) -> Channel:
    """Return a channel with expected events in the place of data where it has none or is blind.

    Their variance is that of as many counts.
    """
    if not (bins := _replaced(channel)):
        return channel
    signal = channel.blindness.signal if channel.blindness else 0.0
    expected = np.maximum(expected_events(channel, signal), 0.0)
    values, variances = channel.data.values.copy(), channel.data.variances.copy()
    values[0, bins] = variances[0, bins] = expected[bins]
    return attrs.evolve(channel, data=Templates(values, variances))


def _replaced(channel: Channel) -> list[int]:
    # Also without data: a template `data_obs` has to stand in the file.
    return channel.blind_bins if channel.has_data else list(range(channel.axis.bins))


def blinding_findings(channel: Channel) -> Iterator[Finding]:
    """Yield a finding on blind bins, and on a blinding that was lifted."""
    if channel.blindness is not None:
        message = channel.blindness.text(channel.bin).partition(": ")[2]
        if channel.blindness.lifted:
            yield notice("unblinded", f"{message}, although the category is declared blind", column=DATA)
        else:
            yield notice("blind", f"{message}, as declared", column=DATA)


def factor_findings(channel: Channel) -> Iterator[Finding]:
    """Yield a finding on factors that are not in the expected events which stand in the place of data."""
    if channel.blind_bins and (names := list(dict.fromkeys(_functions(channel)))):
        message = f"the expected events in the place of data do not have the factor {listing(names, 4)}, whose value "
        message += "follows from a function, or from a line of the script's own: it is taken as 1"
        yield warning("asimov-factor", message, column=DATA)


def _functions(channel: Channel) -> Iterator[str]:
    """Yield the names of factors on yields whose value before the fit is not known here."""
    for statement in channel.statements:
        if type(statement.directive) is not FreeParameter:
            for words in map(str.split, statement.lines(channel)):
                # A factor that starts at 1 changes nothing.
                if keyword_of(words) == RATE_PARAM and words[4:5] not in (["1"], ["1.0"]):
                    yield words[0]
