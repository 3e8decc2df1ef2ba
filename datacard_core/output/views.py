"""Written templates of a channel as `hist` objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import hist
import numpy as np

from datacard_core.grammar import DATA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core.model.arrays import Axis
    from datacard_core.model.channel import Channel
    from datacard_core.model.variations import Variations


def template_histogram(channel: Channel, variations: Variations, names: Sequence[str]) -> Any:
    """Return the templates as one `hist.Hist` by process, variation and variable.

    Args:
        channel: the channel.
        variations: its templates.
        names: the variations, in the order of their axis.
    """
    histogram = hist.Hist(
        hist.axis.StrCategory([column.name for column in channel.columns], name="process"),
        hist.axis.StrCategory(names, name="variation"),
        _variable_axis(channel.axis),
        storage=hist.storage.Weight(),
    )
    view = histogram.view()
    for position, name in enumerate(names):
        view["value"][:, position], view["variance"][:, position] = variations.content(name)
    return histogram


def data_histogram(channel: Channel) -> Any:
    """Return the observation as a `hist.Hist` by process and variable."""
    histogram = hist.Hist(
        hist.axis.StrCategory([DATA], name="process"), _variable_axis(channel.axis), storage=hist.storage.Weight()
    )
    view = histogram.view()
    view["value"], view["variance"] = channel.data.values, channel.data.variances
    return histogram


def _variable_axis(axis: Axis) -> Any:
    if axis.name in ("process", "variation"):
        axis = attrs.evolve(axis, name=f"{axis.name}_")  # an axis of the result has that name
    if axis.categories is not None:
        # hist adds an overflow category by default, for which a template has no bin.
        return hist.axis.StrCategory(axis.categories, name=axis.name, label=axis.label, overflow=False)
    if axis.uniform:
        first, last = float(axis.edges[0]), float(axis.edges[-1])
        return hist.axis.Regular(axis.bins, first, last, name=axis.name, label=axis.label)
    return hist.axis.Variable(np.asarray(axis.edges), name=axis.name, label=axis.label)
