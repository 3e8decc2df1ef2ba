"""Templates before and after a fit in a ROOT file, with the folders and names of Combine's FitDiagnostics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hist
import numpy as np
from datacard_root.objects import write_objects

from datacard_core import DatacardError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from datacard_core import FloatArray
    from datacard_fit.shapes import ChannelShapes, Shapes


def write_shapes(stages: Mapping[str, Shapes], path: Path) -> None:
    """Write the folders `shapes_prefit`, `shapes_fit_b` and `shapes_fit_s`, each with a folder for each channel.

    Bins have the edges 0, 1, 2, … of Combine's own files. A channel has a histogram for each process and each sum,
    `total_covar`, and `data` unless it is blind: a TH1D, as uproot writes no TGraphAsymmErrors. Equal events give
    equal bytes.

    Args:
        stages: the expected events by stage, as `stages` returns them.
        path: the file; an earlier one is replaced.

    Raises:
        DatacardError: a fit did not converge, so that its events have no uncertainty.
    """
    for stage, shapes in stages.items():
        for channel in shapes.channels:
            if not np.isfinite(channel.covariance).all():
                raise DatacardError(
                    f"{stage}, channel {channel.name!r}: the fit did not converge, and has no templates"
                )
    write_objects(
        {
            f"shapes_{stage}/{channel.name}/{name}": made
            for stage, shapes in stages.items()
            for channel in shapes.channels
            for name, made in _objects(channel)
        },
        path,
    )


def _objects(channel: ChannelShapes) -> Iterator[tuple[str, Any]]:
    edges = np.arange(len(channel.covariance) + 1.0)
    for name, events in channel.rows.items():
        yield name, _histogram(edges, events.values, events.errors**2)
    yield "total_covar", (channel.covariance, edges, edges)
    if channel.data is not None:
        yield "data", _histogram(edges, channel.data, channel.data)


def _histogram(edges: FloatArray, values: FloatArray, variances: FloatArray) -> hist.Hist[Any]:
    histogram = hist.Hist(hist.axis.Variable(edges, name="CMS_th1x"), storage=hist.storage.Weight())
    histogram.view().value = values
    histogram.view().variance = variances
    return histogram
