"""Written templates of a channel as `hist` objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import hist
import numpy as np

from datacard_core.grammar import DATA
from datacard_core.inputs.histograms import NOMINAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacard_core.model.arrays import Axis, NamedTemplates
    from datacard_core.model.channel import Channel
    from datacard_core.model.variations import Variations
    from datacard_core.templates.template_set import TemplateSet


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


def named_histograms(templates: NamedTemplates) -> dict[str, Any]:
    """Return each template as a `hist.Hist` of the variable, by its name in the file."""
    histograms = {}
    for name, values, variances in zip(
        templates.names, templates.templates.values, templates.templates.variances, strict=True
    ):
        histograms[name] = hist.Hist(_variable_axis(templates.axis), storage=hist.storage.Weight())
        view = histograms[name].view()
        view["value"], view["variance"] = values, variances
    return histograms


def flow_histogram(templates: TemplateSet, variations: Mapping[str, tuple[Any, Any]], columns: Sequence[str]) -> Any:
    """Return templates before their treatment as one `hist.Hist` by process, variation and variable, with flow.

    Args:
        templates: the templates.
        variations: positions of the columns that a variation changes and its rows, by the name of the variation.
        columns: the columns, or the data alone, whose histogram has no axis of variations.
    """
    starts = np.array([templates.layout.nominals[name] for name in columns])
    is_data = list(columns) == [DATA]
    names = [NOMINAL, *variations]
    axes = [hist.axis.StrCategory(columns, name="process"), hist.axis.StrCategory(names, name="variation")]
    histogram = hist.Hist(*axes[: 1 if is_data else 2], _variable_axis(templates.axis), storage=hist.storage.Weight())
    has_flow = templates.axis.categories is None
    inside = slice(None) if has_flow else slice(1, -1)
    view = histogram.view(flow=has_flow)
    for position, name in enumerate(names):
        rows = starts.copy()
        if name in variations:
            touched, of_variation = variations[name]
            rows[touched] = of_variation
        where = (slice(len(columns)),) if is_data else (slice(len(columns)), position)
        view["value"][where], view["variance"][where] = (
            templates.values[rows, inside],
            templates.variances[rows, inside],
        )
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
