"""Joining of blocks."""

from __future__ import annotations

import pytest

from datacard_core import HistogramConventions, InputError, output_of
from tests.support.foreign import filled


def test_two_of_one_place() -> None:
    """Two histograms of one category and variation are an error which names both."""
    names = {"am/SR/tt": filled((), {(): [1]}), "bm/SR/tt": filled((), {(): [1]})}
    with pytest.raises(InputError, match="am/SR/tt and bm/SR/tt are both variation 'nominal' of category 'SR'"):
        output_of(names, HistogramConventions(key="*m/{category}/{sample}"))


def test_squares_never_filled() -> None:
    """A sample that its squared weights lack is an error which names both histograms."""
    conventions = HistogramConventions(sample_axis="process", squares="{variable}_w2")
    histograms = {"m": filled(("process", "cat"), {("tt", "SR"): [1]}), "m_w2": filled(("process", "cat"), {})}
    with pytest.raises(InputError, match="the sample 'tt' of m is not in m_w2"):
        output_of(histograms, conventions)
