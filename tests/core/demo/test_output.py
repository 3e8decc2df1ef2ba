"""Tests of the demo output: it has the structure of an output of PocketCoffea, and consistent numbers."""

from __future__ import annotations

import warnings
from typing import Any

import cloudpickle
import lz4.frame
import pytest

from datacard_core.demo import demo_output
from tests.support.demo import DATA, MC, histograms, structure
from tests.support.paths import SHARED_DATA

REAL = SHARED_DATA / "output_all.coffea"


@pytest.fixture(scope="module")
def real() -> dict[str, Any]:
    if not REAL.exists():
        pytest.skip("the real output of PocketCoffea is not in this checkout")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # numpy 2 reads what numpy 1 wrote
        loaded: dict[str, Any] = cloudpickle.loads(lz4.frame.decompress(REAL.read_bytes()))
    return loaded


COMPARED = ("TTbar", "VV", "SignalSampleA", "DATA_EGamma")
"""Samples of each kind that the demo and the real output have."""


def axes(histogram: Any) -> tuple[Any, ...]:
    """Return what a reader of the histogram relies on."""
    *categories, variable = histogram.axes
    return (
        histogram.name,
        histogram.label,
        histogram.storage_type,
        tuple((type(a), a.name, a.label, a.traits, sorted(a) == list(a)) for a in categories),
        (type(variable), variable.name, variable.label, variable.edges.tolist()),
    )


@pytest.mark.slow
def test_containers(demo: dict[str, Any], real: dict[str, Any]) -> None:
    """The containers are those of PocketCoffea, level by level."""
    assert list(demo) == list(real)
    assert set(structure(demo)) == set(structure(real))


@pytest.mark.parametrize("variable", ["discriminant", "control_var_1", "nJets"])
def test_axes_and_storage(demo: dict[str, Any], real: dict[str, Any], variable: str) -> None:
    """The histograms have the axes and the storage of those of PocketCoffea."""
    for sample in COMPARED:
        ours, theirs = (next(histograms(o, variable, {sample}))[2] for o in (demo, real))
        assert axes(ours) == axes(theirs), sample


def test_metadata(demo: dict[str, Any], real: dict[str, Any]) -> None:
    """The metadata of a dataset have the keys of PocketCoffea."""
    for sample in COMPARED:
        ours, theirs = (
            next(entry for entry in o["datasets_metadata"]["by_dataset"].values() if entry["sample"] == sample)
            for o in (demo, real)
        )
        assert set(ours) == set(theirs), sample
        assert ours["isMC"] == theirs["isMC"], sample


def test_empty_dataset(demo: dict[str, Any]) -> None:
    """One dataset is empty after the preselection and has no histogram."""
    cutflow = demo["cutflow"]
    empty = {name for name, passing in cutflow["presel"].items() if passing["nominal"] == 0}
    filled = {dataset for _, dataset, _ in histograms(demo, "nJets", MC | DATA)}
    assert empty == {"VV_ZZ_2022_preEE"}
    assert filled == set(cutflow["SR"]) == set(cutflow["presel"]) - empty
    assert set(cutflow["presel"]) == set(demo["datasets_metadata"]["by_dataset"])


@pytest.mark.slow
def test_cutflow_and_sums_of_weights(demo: dict[str, Any]) -> None:
    """Cutflow and sums of weights agree with the histograms."""
    for sample, dataset, histogram in histograms(demo, "control_var_1", MC):
        assert set(demo["sumw"]["CR1"][dataset][sample]) == set(demo["cutflow"]["CR1"][dataset][sample])
        for variation, sumw in demo["sumw"]["CR1"][dataset][sample].items():
            contents = histogram["CR1", variation, :]
            assert contents.values().sum() == pytest.approx(sumw)
            assert contents.variances().sum() == pytest.approx(demo["sumw2"]["CR1"][dataset][sample][variation])
    for sample, dataset, histogram in histograms(demo, "nJets", DATA):
        assert histogram["CR2", :].values().sum() == demo["cutflow"]["CR2"][dataset][sample]["nominal"]


@pytest.mark.slow
def test_seeds() -> None:
    """Equal seeds give equal outputs, and another seed gives another demo."""
    small = demo_output(events=50)
    assert demo_output(events=50) == small
    assert demo_output(events=50, seed=2)["cutflow"] != small["cutflow"]
