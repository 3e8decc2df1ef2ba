"""The stages between an output and a channel, for tests of one stage: what is not public is called here alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.inputs.output import LOADED, HistogramSet
from datacard_core.plugins.families import FAMILIES
from datacard_core.templates.collector import collect
from datacard_core.templates.rows import Layout, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core.templates.sums import Sums
    from tests.support.outputs import Output

__all__ = ["FAMILIES", "Layout", "collected", "data_request", "histogram_set", "layout", "request"]


def histogram_set(output: Output, read_from: str = LOADED) -> HistogramSet:
    """Return the histograms of an output as the collector takes them."""
    return HistogramSet(
        histograms=output.histograms, datasets_metadata=output.metadata, cutflow=output.cutflow, read_from=read_from
    )


def request(column: str, *samples: tuple[str, str], labels: Sequence[str] = ("nominal",)) -> Request:
    """Return a column made of (sample, year) pairs, with the variations that it needs."""
    return Request(column=column, samples=samples, labels=tuple(labels))


def data_request() -> Request:
    """Return a column of data without any sample."""
    return Request(column="data_obs", samples=(), is_data=True)


def layout(*requests: Request) -> Layout:
    """Return the rows of some columns."""
    return Layout(requests)


def collected(
    output: Output, rows: Layout, categories: Sequence[str] = ("SR",), *, alone: bool = False, read_from: str = LOADED
) -> dict[str, Sums]:
    """Return the sums of each category over all datasets of an output."""
    return collect(histogram_set(output, read_from), rows, categories, alone=alone)
