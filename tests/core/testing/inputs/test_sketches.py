"""Tests of the sketches of analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import load_plugins
from datacard_core.build.plans import Needs
from datacard_core.testing.inputs.analyses import DERIVED, LACKING, SMALL
from datacard_core.testing.inputs.sketches import BYSTANDER_VARIATIONS
from tests.support.conformance import Average, Complete
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from datacard_core.testing.inputs.sketches import Sketch

PLUGINS = load_plugins()


def test_contents_of_the_output() -> None:
    """An output has the nominal, the variations of the declaration, and those that must not change."""
    systematic = SMALL.declare("mine", "shape", value=1.0)
    output = SMALL.output([(systematic, Needs(("Up", "Down")))])
    histogram = output["variables"]["x"]["p0_0"]["p0_0_2016"]
    assert list(histogram.variations) == ["nominal", "mineUp", "mineDown", "others_shapeUp", "others_shapeDown"]
    assert histogram.contents[0, 0].tolist() != histogram.contents[0, 1].tolist()


def test_further_samples() -> None:
    """A sample that a kind needs is in each year of the output, with the yields of its process."""
    systematic = SMALL.declare("mine", "acme", value=1.0)
    output = SMALL.output([(systematic, Needs(samples={"Up": {"p0": ("other",), "p1": ("p1_0",)}}))])
    histograms = output["variables"]["x"]
    assert sorted(histograms) == ["data", "other", "p0_0", "p1_0"]
    assert (
        histograms["other"]["other_2017"].contents[0, 0].tolist()
        == histograms["p0_0"]["p0_0_2017"].contents[0, 0].tolist()
    )
    assert output["datasets_metadata"]["by_datataking_period"]["2016"]["other"] == {"other_2016"}


def test_processes_and_years_of_a_declaration() -> None:
    """A declaration covers the processes and years of the sketch."""
    systematic = LACKING.declare("mine", "lnN", value=1.1)
    assert list(systematic.processes) == ["p0", "p2"]
    assert list(systematic.years) == ["2017"]


def test_samples_in_place_of_a_difference() -> None:
    """An analysis for a declaration that reads other samples has no data-driven process."""
    declared = [(DERIVED.declare("mine", "acme", value=1.0), Needs(samples={"Up": {"p1": ("other",)}}))]
    taken, output, _ = DERIVED.taken(declared, lambda *_: None)
    assert [process.is_data_driven for process in taken.processes] == [False] * 3
    assert list(output["variables"]["x"]["p1_0"]["p1_0_2016"].variations or ()) == ["nominal", *BYSTANDER_VARIATIONS]


def test_complete_sketch() -> None:
    """A complete sketch has all variations in all datasets."""
    datasets = [d for process in LACKING.complete().processes for year in process.datasets for d in year]
    assert [dataset.lacks for dataset in datasets] == [None] * len(datasets)


@pytest.mark.slow
def test_kind_that_refuses_missing_variations() -> None:
    """The sketch is completed only for a kind that refuses outputs that lack a variation."""
    plugins = load_plugins(*load_plugins(), Provider("acme", Average(), Complete()))

    def taken(sketch: Sketch, typ: str) -> Sketch:
        declared = [sketch.declare("mine", typ, value=1.0)]
        return sketch.taken(
            sketch.needs(declared, plugins), lambda sketch, output: sketch.card_beside(declared, output, plugins)
        )[0]

    assert taken(LACKING, "average") == LACKING
    assert taken(LACKING, "complete") == LACKING.complete()
    assert taken(SMALL, "complete") == SMALL
