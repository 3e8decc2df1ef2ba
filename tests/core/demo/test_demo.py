"""The demo output: PocketCoffea's structure, believable contents, the same every time."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import cloudpickle
import lz4.frame
import numpy as np
import pytest

from datacard_core.demo import demo_output, write_demo
from datacard_core.errors import ExistingFileError
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

REAL = SHARED_DATA / "output_all.coffea"
YEARS = ["2022_preEE", "2022_postEE", "2023_preBPix", "2023_postBPix", "2024"]
MC = {"SignalSampleA", "SignalSampleB", "TTbar", "SingleTop", "Vjets", "VV"}
DATA = {"DATA_EGamma", "DATA_SingleMuon"}
FITTED = [
    ("SR", "discriminant", range(0, 20, 4)),
    ("CR1", "control_var_1", range(20)),
    ("CR2", "nJets", [0, 1, 2]),
]
FIXED_KEYS = {"initial", "skim", "presel", "by_dataset", "by_datataking_period", "nominal"}


@functools.cache
def cached_output(seed: int) -> dict[str, Any]:
    return demo_output(seed=seed)


@pytest.fixture(scope="module")
def output() -> dict[str, Any]:
    return demo_output()


@pytest.fixture(scope="module")
def real() -> dict[str, Any]:
    if not REAL.exists():
        pytest.skip("the real output of PocketCoffea is not in this checkout")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # numpy 2 reads what numpy 1 wrote
        loaded: dict[str, Any] = cloudpickle.loads(lz4.frame.decompress(REAL.read_bytes()))
    return loaded


def histograms(output: dict[str, Any], variable: str, samples: set[str]) -> Iterator[tuple[str, str, Any]]:
    """Every (sample, dataset, histogram) of a variable."""
    for sample in sorted(samples):
        for dataset, histogram in output["variables"][variable][sample].items():
            yield sample, dataset, histogram


def templates(output: dict[str, Any], sample: str, category: str, variable: str) -> dict[str, dict[str, Any]]:
    """A sample's yields by year and variation, summed over its datasets."""
    sums: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(float))
    for _, dataset, histogram in histograms(output, variable, {sample}):
        year = output["datasets_metadata"]["by_dataset"][dataset]["year"]
        for variation in histogram.axes["variation"]:
            sums[year][variation] += histogram[category, variation, :].values()
    return sums


def total(output: dict[str, Any], category: str, variable: str, samples: set[str]) -> NDArray[Any]:
    """The yields of some samples in all years, nominal for simulation."""
    contents = [
        h[category, "nominal", :].values() if sample in MC else h[category, :].values()
        for sample, _, h in histograms(output, variable, samples)
    ]
    return np.asarray(np.sum(contents, axis=0))


def structure(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Where each type of container or value stands, with * for keys that are an analysis's own."""
    yield path, type(node).__name__, str(getattr(node, "default_factory", ""))
    if isinstance(node, Mapping):
        for key, entry in node.items():
            yield from structure(entry, (*path, key if not path or key in FIXED_KEYS else "*"))
    if isinstance(node, set):
        yield from (((*path, "{}"), type(entry).__name__, "") for entry in node)


def axes(histogram: Any) -> tuple[Any, ...]:
    """What a reader of the histogram relies on."""
    *categories, variable = histogram.axes
    return (
        histogram.name,
        histogram.label,
        histogram.storage_type,
        tuple((type(a), a.name, a.label, a.traits, sorted(a) == list(a)) for a in categories),
        (type(variable), variable.name, variable.label, variable.edges.tolist()),
    )


def test_its_containers_are_those_of_pocketcoffea_level_by_level(output: dict[str, Any], real: dict[str, Any]) -> None:
    assert list(output) == list(real)
    assert set(structure(output)) == set(structure(real))


@pytest.mark.parametrize("sample", ["TTbar", "VV", "SignalSampleA", "DATA_EGamma"])
@pytest.mark.parametrize("variable", ["discriminant", "control_var_1", "nJets"])
def test_its_histograms_are_built_as_those_of_pocketcoffea(
    output: dict[str, Any], real: dict[str, Any], variable: str, sample: str
) -> None:
    ours, theirs = (next(histograms(o, variable, {sample}))[2] for o in (output, real))
    assert axes(ours) == axes(theirs)


@pytest.mark.parametrize("sample", ["TTbar", "VV", "SignalSampleA", "DATA_EGamma"])
def test_its_metadata_has_the_keys_of_pocketcoffea(output: dict[str, Any], real: dict[str, Any], sample: str) -> None:
    ours, theirs = (
        next(entry for entry in o["datasets_metadata"]["by_dataset"].values() if entry["sample"] == sample)
        for o in (output, real)
    )
    assert set(ours) == set(theirs)
    assert ours["isMC"] == theirs["isMC"]


def test_it_holds_the_years_samples_and_variables_of_the_documented_example(output: dict[str, Any]) -> None:
    by_period = output["datasets_metadata"]["by_datataking_period"]
    assert list(by_period) == YEARS
    assert all(set(samples) == MC | DATA for samples in by_period.values())
    assert all(len(samples["TTbar"]) == 2 for samples in by_period.values())
    assert all(set(samples) == MC | DATA for samples in output["variables"].values())


def test_some_variations_are_only_in_some_datasets(output: dict[str, Any]) -> None:
    for sample, dataset, histogram in histograms(output, "discriminant", MC):
        labels = set(histogram.axes["variation"])
        assert ("JES_Absolute_2024Up" in labels) == dataset.endswith("2024")
        assert ("sf_btag_groupBUp" in labels) == (sample in {"Vjets", "VV"})
        assert ("sf_btag_groupAUp" in labels) != ("sf_btag_groupBUp" in labels)


def test_one_dataset_is_empty_after_the_preselection_and_has_no_histogram(output: dict[str, Any]) -> None:
    cutflow = output["cutflow"]
    empty = {name for name, passing in cutflow["presel"].items() if passing["nominal"] == 0}
    filled = {dataset for _, dataset, _ in histograms(output, "nJets", MC | DATA)}
    assert empty == {"VV_ZZ_2022_preEE"}
    assert filled == set(cutflow["SR"]) == set(cutflow["presel"]) - empty
    assert set(cutflow["presel"]) == set(output["datasets_metadata"]["by_dataset"])


def test_cutflow_and_sums_of_weights_agree_with_the_histograms(output: dict[str, Any]) -> None:
    for sample, dataset, histogram in histograms(output, "control_var_1", MC):
        assert set(output["sumw"]["CR1"][dataset][sample]) == set(output["cutflow"]["CR1"][dataset][sample])
        for variation, sumw in output["sumw"]["CR1"][dataset][sample].items():
            contents = histogram["CR1", variation, :]
            assert contents.values().sum() == pytest.approx(sumw)
            assert contents.variances().sum() == pytest.approx(output["sumw2"]["CR1"][dataset][sample][variation])
    for sample, dataset, histogram in histograms(output, "nJets", DATA):
        assert histogram["CR2", :].values().sum() == output["cutflow"]["CR2"][dataset][sample]["nominal"]


@pytest.mark.parametrize("variable", ["discriminant", "control_var_1", "nJets"])
def test_no_event_is_outside_the_axes(output: dict[str, Any], variable: str) -> None:
    for _, _, histogram in histograms(output, variable, MC | DATA):
        assert histogram.sum(flow=True).value == pytest.approx(histogram.sum().value)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("category", "variable", "edges"), FITTED)
def test_no_template_has_an_empty_bin_or_differs_from_nominal_by_more_than_half(
    seed: int, category: str, variable: str, edges: list[int]
) -> None:
    for sample in MC:
        for by_variation in templates(cached_output(seed), sample, category, variable).values():
            rebinned = {name: np.add.reduceat(v, edges) for name, v in by_variation.items()}
            nominal = rebinned["nominal"]
            assert all((values > 0).all() for values in rebinned.values())
            assert all((abs(values / nominal - 1) < 0.5).all() for values in rebinned.values())


@pytest.mark.parametrize("variation", ["JES_Absolute", "JER", "ele_scale", "pileup", "btag_stat"])
def test_variations_change_rate_and_shape_by_a_few_per_cent(output: dict[str, Any], variation: str) -> None:
    template = templates(output, "TTbar", "SR", "discriminant")["2024"]
    nominal = template["nominal"]
    for direction, sign in {"Up": 1, "Down": -1}.items():
        varied = template[f"{variation}{direction}"]
        means = [np.average(np.arange(20), weights=values) for values in (nominal, varied)]
        assert 0.001 < sign * (varied.sum() / nominal.sum() - 1) < 0.08
        assert 0 < sign * (means[1] / means[0] - 1) < 0.08


@pytest.mark.parametrize(
    ("category", "variable", "low", "high"),
    [("SR", "discriminant", 0.02, 0.05), ("CR1", "control_var_1", 0, 0.01), ("CR2", "nJets", 0, 0.01)],
)
def test_ttbar_dominates_and_the_signal_is_a_few_per_cent_where_it_is_searched(
    output: dict[str, Any], category: str, variable: str, low: float, high: float
) -> None:
    yields = {sample: total(output, category, variable, {sample}).sum() for sample in MC}
    signal = yields["SignalSampleA"] + yields["SignalSampleB"]
    assert max(yields, key=lambda sample: yields[sample]) == "TTbar"
    assert low < signal / (sum(yields.values()) - signal) < high


@pytest.mark.parametrize("variable", ["discriminant", "control_var_1", "nJets"])
def test_data_are_counts(output: dict[str, Any], variable: str) -> None:
    for _, _, histogram in histograms(output, variable, DATA):
        values = histogram.values(flow=True)
        np.testing.assert_array_equal(values, np.round(values))
        np.testing.assert_array_equal(values, histogram.variances(flow=True))


@pytest.mark.parametrize("category", ["SR", "CR1", "CR2"])
@pytest.mark.parametrize("variable", ["discriminant", "control_var_1", "nJets"])
def test_data_fluctuate_around_the_simulation(output: dict[str, Any], category: str, variable: str) -> None:
    data, expected = (total(output, category, variable, samples) for samples in (DATA, MC))
    pulls = (data - expected) / np.sqrt(expected)
    assert abs(data.sum() - expected.sum()) < 4 * np.sqrt(expected.sum())
    assert np.abs(pulls).max() < 4
    assert 0.2 < np.mean(pulls**2) < 2.5


def test_equal_seeds_give_equal_outputs_and_other_seeds_other_ones(output: dict[str, Any]) -> None:
    assert demo_output() == output
    assert demo_output(seed=2)["cutflow"] != output["cutflow"]


def test_the_files_have_equal_bytes_whatever_the_order_of_hashes(tmp_path: Path) -> None:
    program = "import pathlib, sys, datacard_core.demo as d; d.write_demo(pathlib.Path(sys.argv[1]))"
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", program, tmp_path / hash_seed], check=True, env=environment)
    first, second = (tmp_path / hash_seed / "output_all.coffea" for hash_seed in ("1", "2"))
    assert first.read_bytes() == second.read_bytes()


def test_coffea_reads_the_file(output: dict[str, Any], tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # coffea's own, at its import
        from coffea.util import load  # noqa: PLC0415 - slow, and needed here alone
    loaded = load(write_demo(tmp_path).output)
    assert loaded == output
    assert set(structure(loaded)) == set(structure(output))


def test_the_script_beside_it_is_the_one_in_the_package(tmp_path: Path) -> None:
    demo = write_demo(tmp_path / "new" / "folder")
    script = demo.analysis.read_text()
    compile(script, demo.analysis, "exec")
    assert "analysis = Analysis(" in script
    assert sorted(demo.output.parent.iterdir()) == [demo.analysis, demo.output]


def test_writing_it_again_changes_nothing(tmp_path: Path) -> None:
    demo = write_demo(tmp_path)
    before = demo.output.stat().st_mtime_ns
    assert write_demo(tmp_path) == demo
    assert demo.output.stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["output_all.coffea", "analysis.py"])
def test_a_different_file_in_the_way_stays_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    mine = tmp_path / name
    mine.write_text("months of work")
    with pytest.raises(ExistingFileError, match=name):
        write_demo(tmp_path)
    assert list(tmp_path.iterdir()) == [mine]
    assert mine.read_text() == "months of work"
