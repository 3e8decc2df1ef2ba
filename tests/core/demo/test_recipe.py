"""Tests of the recipe of the demo: years, samples, variables and variations."""

from __future__ import annotations

from typing import Any

from tests.support.demo import DATA, MC, YEARS, histograms


def test_years_and_samples(demo: dict[str, Any]) -> None:
    """The demo has the years, samples and variables of the documented example."""
    by_period = demo["datasets_metadata"]["by_datataking_period"]
    assert list(by_period) == YEARS
    assert all(set(samples) == MC | DATA for samples in by_period.values())
    assert all(len(samples["TTbar"]) == 2 for samples in by_period.values())
    assert all(set(samples) == MC | DATA for samples in demo["variables"].values())


def test_variations_of_some_datasets(demo: dict[str, Any]) -> None:
    """Some variations are in the datasets of one year or of one group only."""
    for sample, dataset, histogram in histograms(demo, "discriminant", MC):
        labels = set(histogram.axes["variation"])
        assert ("JES_Absolute_2024Up" in labels) == dataset.endswith("2024")
        assert ("sf_btag_groupBUp" in labels) == (sample in {"Vjets", "VV"})
        assert ("sf_btag_groupAUp" in labels) != ("sf_btag_groupBUp" in labels)
