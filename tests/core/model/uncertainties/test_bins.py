"""Parameters of bins, from the counts of small templates by hand."""

from __future__ import annotations

import numpy as np

from datacard_core import BinByBinStatistics, BinParameters, parameters_of_bins

CONTENTS = np.array([[4.0, 0.0, 3.0], [96.0, 5.0, -1.0]])
"""A signal and a background in three bins."""
ERRORS = np.array([[2.0, 0.0, 4.0], [4.0, 1.0, 2.0]])
SIGNAL = np.array([True, False])


def decided(threshold: float, *, include_signal: bool = False, factors: tuple[float, float] = (1, 1)) -> BinParameters:
    statistics = BinByBinStatistics(threshold, include_signal)
    return parameters_of_bins(statistics, CONTENTS, ERRORS, SIGNAL, np.array(factors, dtype=float))


def test_sums_and_processes() -> None:
    """Of 576, 25 and 0 effective events of the background, the first two bins are above a threshold of 24."""
    assert decided(24).has_sum.tolist() == [True, True, False]


def test_threshold() -> None:
    """At the threshold itself a bin has parameters of processes: 25 events of one, and none where there is no error."""
    found = decided(25)
    assert found.has_sum.tolist() == [True, False, False]
    assert found.events.tolist() == [[0, 0, 0], [0, 25, 0]]


def test_normal_parameters() -> None:
    """Contents below their error, and those below 0, have a normal parameter with the error."""
    assert decided(25).errors.tolist() == [[0, 0, 4], [0, 0, 2]]


def test_signal_counts() -> None:
    """With the signal the first bin has 100 events of an error of √20, which are 500 effective ones."""
    assert decided(550).has_sum.tolist() == [True, False, False]
    assert decided(550, include_signal=True).has_sum.tolist() == [False, False, False]
    assert decided(499, include_signal=True).has_sum.tolist() == [True, False, False]


def test_factors_at_the_start() -> None:
    """A factor of 5 on the signal makes 116 events of an error of √116 of the first bin: 116 effective ones."""
    assert decided(116, include_signal=True, factors=(5, 1)).has_sum.tolist() == [False, False, False]
    assert decided(115, include_signal=True, factors=(5, 1)).has_sum.tolist() == [True, False, False]


def test_no_parameters() -> None:
    """A threshold below 0 means none."""
    found = decided(-1)
    assert not found.has_sum.any()
    assert not found.events.any()
    assert not found.errors.any()
