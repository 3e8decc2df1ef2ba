"""Tests of the simulated events: their variations and their bins."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from datacard_core.demo.events import generate, vary
from datacard_core.demo.recipe import SAMPLES, SYSTEMATICS
from tests.support.cases import case
from tests.support.demo import DATA, MC, histograms, output_of_seed, templates

FITTED = [
    ("SR", "discriminant", range(0, 20, 4)),
    ("CR1", "control_var_1", range(20)),
    ("CR2", "nJets", [0, 1, 2]),
]


def test_flow_bins(demo: dict[str, Any]) -> None:
    """No event is outside the axes."""
    for _, variable, _ in FITTED:
        for _, dataset, histogram in histograms(demo, variable, MC | DATA):
            assert histogram.sum(flow=True).value == pytest.approx(histogram.sum().value), (variable, dataset)


def test_fractions_of_shifted_events() -> None:
    """All shifted fractions stay between 0 and 1, and the labels are sorted."""
    events = generate(np.random.default_rng(1), SAMPLES[0], 100, 1.0)
    varied = vary(events, SYSTEMATICS)
    assert list(varied) == sorted(varied)
    assert all(((shifted.fractions >= 0) & (shifted.fractions <= 1)).all() for shifted in varied.values())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_templates_of_the_fit(seed: int) -> None:
    """No template has an empty bin or differs from the nominal by more than half."""
    for (category, variable, edges), sample in product(FITTED, MC):
        for year, by_variation in templates(output_of_seed(seed), sample, category, variable).items():
            rebinned = {name: np.add.reduceat(v, edges) for name, v in by_variation.items()}
            nominal = rebinned["nominal"]
            wrong = [
                name
                for name, values in rebinned.items()
                if not ((values > 0) & (abs(values / nominal - 1) < 0.5)).all()
            ]
            assert not wrong, (category, sample, year)


def test_size_of_variations(demo: dict[str, Any]) -> None:
    """Variations change rate and shape by a few per cent."""
    template = templates(demo, "TTbar", "SR", "discriminant")["2024"]
    nominal = template["nominal"]
    variations = ("JES_Absolute", "JER", "ele_scale", "pileup", "btag_stat")
    for variation, (direction, sign) in product(variations, (("Up", 1), ("Down", -1))):
        with case(variation, direction):
            varied = template[f"{variation}{direction}"]
            means = [np.average(np.arange(20), weights=values) for values in (nominal, varied)]
            assert 0.001 < sign * (varied.sum() / nominal.sum() - 1) < 0.08
            assert 0 < sign * (means[1] / means[0] - 1) < 0.08
