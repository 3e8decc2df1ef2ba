"""Joining of blocks."""

from __future__ import annotations

import hist
import numpy as np
import pytest

from datacard_core import HistogramConventions, InputError, output_of
from tests.support.foreign import filled


def test_two_of_one_place() -> None:
    """Two histograms of one category and variation are an error which names both."""
    names = {"am/SR/tt": filled((), {(): [1]}), "bm/SR/tt": filled((), {(): [1]})}
    with pytest.raises(InputError, match="am/SR/tt and bm/SR/tt are both variation 'nominal' of category 'SR'"):
        output_of(names, HistogramConventions(key="*m/{category}/{sample}"))


def test_edges_that_differ_by_rounding() -> None:
    """Edges that were computed and edges that were written are the same; a real difference is shown, in any bin."""
    conventions = HistogramConventions(key="{sample}_{systematic}{direction}", category_axis=None, variation_axis=None)
    nominal, written, other = (
        hist.Hist(axis, storage=hist.storage.Weight())
        for axis in (
            hist.axis.Regular(10, 0, 1, name="x"),
            # Three times 0.1 is 0.30000000000000004 here, and 0.3 there.
            hist.axis.Variable(np.arange(11) * 0.1, name="x"),
            hist.axis.Variable([*np.arange(10) * 0.1, 1.1], name="x"),
        )
    )
    for histogram in (nominal, written, other):
        histogram.fill([0.05])
    histograms = {"tt": nominal, "tt_jesUp": written, "tt_jesDown": nominal}
    assert list(output_of(histograms, conventions)["variables"]) == ["x"]
    with pytest.raises(InputError, match=r"0\.9, 1 in tt and .*0\.9, 1\.1 in tt_jesUp"):
        output_of({**histograms, "tt_jesUp": other}, conventions)


def test_squares_never_filled() -> None:
    """A sample that its squared weights lack is an error which names both histograms."""
    conventions = HistogramConventions(sample_axis="process", squares="{variable}_w2")
    histograms = {"m": filled(("process", "cat"), {("tt", "SR"): [1]}), "m_w2": filled(("process", "cat"), {})}
    with pytest.raises(InputError, match="the sample 'tt' of m is not in m_w2"):
        output_of(histograms, conventions)
