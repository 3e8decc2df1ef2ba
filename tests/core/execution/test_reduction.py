"""Many files, one analysis: however an output is cut into files and read, the same bytes are written."""

from __future__ import annotations

import concurrent.futures
import copy
import pickle
import runpy
import tracemalloc
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import hist
import lz4.frame
import numpy as np
import pytest

import datacard_core.demo
from datacard_core import (
    Analysis,
    Category,
    InputError,
    MCProcesses,
    Systematics,
    SystematicUncertainty,
    load_output,
)
from tests.support import outputs as by_hand
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence


DATA = SHARED_DATA
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data, real PocketCoffea outputs")
PARTIAL = sorted((DATA / "partial").glob("*.coffea"))
DEMO = runpy.run_path(str(Path(datacard_core.demo.__file__).with_name("analysis.py")))["analysis"]
YEARS = tuple(DEMO.years)


def save(path: Path, output: Mapping[str, Any]) -> Path:
    path.write_bytes(lz4.frame.compress(pickle.dumps(output, 5)))
    return path


def written(analysis: Analysis, output: Any, folder: Path, **options: Any) -> dict[str, bytes]:
    """All files that an analysis writes, by name."""
    dumping = {name: options[name] for name in ("executor", "jobs") if name in options}
    analysis.build(output, **options).dump(folder, **dumping)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def of_datasets(output: dict[str, Any], datasets: Collection[str]) -> dict[str, Any]:
    """What PocketCoffea writes for some datasets."""

    def chosen(by_dataset: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in by_dataset.items() if name in datasets}

    metadata = output["datasets_metadata"]
    periods: dict[str, Any] = {}
    for year, samples in metadata["by_datataking_period"].items():
        having = {sample: names & set(datasets) for sample, names in samples.items()}
        if any(having.values()):
            periods[year] = defaultdict(set, {sample: names for sample, names in having.items() if names})
    variables = {
        variable: defaultdict(dict, {sample: chosen(found) for sample, found in samples.items() if chosen(found)})
        for variable, samples in output["variables"].items()
    }
    return output | {
        **{name: chosen(output[name]) for name in ("sum_genweights", "sum_signOf_genweights")},
        **{name: {key: chosen(found) for key, found in output[name].items()} for name in ("sumw", "sumw2", "cutflow")},
        "variables": variables,
        "datasets_metadata": {
            "by_datataking_period": periods,
            "by_dataset": defaultdict(dict, chosen(metadata["by_dataset"])),
        },
    }


def of_category(output: dict[str, Any], category: str, covered: Callable[[str], bool]) -> dict[str, Any]:
    """What PocketCoffea writes for a category; a variable that does not cover it has an empty category axis."""
    cutflow = {name: output["cutflow"][name] for name in ("initial", "skim", "presel", category)}
    sums = {name: {category: output[name][category]} for name in ("sumw", "sumw2")}
    variables = {
        variable: {
            sample: {
                dataset: with_categories(histogram, [category] if covered(variable) else [])
                for dataset, histogram in datasets.items()
            }
            for sample, datasets in samples.items()
        }
        for variable, samples in output["variables"].items()
    }
    return output | {**sums, "cutflow": cutflow, "variables": variables}


def with_categories(histogram: hist.Hist[Any], categories: Sequence[str]) -> hist.Hist[Any]:
    """A histogram that has only those; what is in the flow bin of the axis belongs to no category."""
    result: hist.Hist[Any] = hist.Hist(
        hist.axis.StrCategory(categories, name="cat", label="Category"),
        *histogram.axes[1:],
        storage=hist.storage.Weight(),
        name="Counts",
    )
    found: Any = result.view(flow=True)
    found["value"] = found["variance"] = 1e6
    for position, category in enumerate(categories):
        found[position] = histogram.view(flow=True)[histogram.axes[0].index(category)]
    return result


@pytest.fixture(scope="module")
def cuts(demo: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The demo output cut into files in several ways."""
    folder = tmp_path_factory.mktemp("cuts")
    datasets = list(demo["datasets_metadata"]["by_dataset"])
    outputs: dict[str, dict[str, dict[str, Any]]] = {
        "merged": {"all": demo},
        "by dataset": {name: of_datasets(demo, [name]) for name in datasets},
        "by year": {
            year: of_datasets(demo, [name for name in datasets if demo_year(demo, name) == year]) for year in YEARS
        },
        "by category": {name: of_category(demo, name, lambda _: True) for name in DEMO.categories},
        "by category with empty axes": {
            name: of_category(demo, name, DEMO.categories[name].variable.__eq__) for name in DEMO.categories
        },
    }
    return {
        cut: [save(folder / f"{cut}_{name}.coffea", output) for name, output in parts.items()]
        for cut, parts in outputs.items()
    }


def demo_year(demo: dict[str, Any], dataset: str) -> str:
    year: str = demo["datasets_metadata"]["by_dataset"][dataset]["year"]
    return year


@pytest.fixture(scope="module", params=[False, True], ids=["full effect", "shape only"])
def analysis(request: pytest.FixtureRequest) -> Analysis:
    """The analysis of the demo, whose ttbar floats."""
    made: Analysis = attrs.evolve(DEMO, shape_only_for_rateparam=request.param)
    return made


@pytest.fixture(scope="module")
def expected(analysis: Analysis, demo: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All files that are written from the loaded output."""
    return written(analysis, demo, tmp_path_factory.mktemp("expected") / "cards")


def test_the_expected_files_are_cards_templates_and_a_script(expected: dict[str, bytes]) -> None:
    assert sorted(expected) == sorted(
        [
            *(DEMO.card_name(category) for category in DEMO.categories),
            *(DEMO.shapes_name(category) for category in DEMO.categories),
            "combine_datacards_run3.sh",
        ]
    )


class TestTheSameBytes:
    @pytest.mark.parametrize("order", ["in order", "reversed", "shuffled"])
    @pytest.mark.parametrize("cut", ["merged", "by dataset", "by year", "by category", "by category with empty axes"])
    def test_come_of_any_cut_in_any_order(
        self,
        cut: str,
        order: str,
        cuts: dict[str, list[Path]],
        analysis: Analysis,
        expected: dict[str, bytes],
        tmp_path: Path,
    ) -> None:
        files = cuts[cut] if order == "in order" else cuts[cut][::-1]
        if order == "shuffled":
            files = [files[place] for place in np.random.default_rng(7).permutation(len(files))]
        assert written(analysis, files, tmp_path / "cards") == expected

    @pytest.mark.parametrize("cut", ["by year", "by dataset", "by category with empty axes"])
    @pytest.mark.parametrize("where", ["two processes of our own", "a thread pool", "a process pool"])
    def test_come_of_work_in_parallel(
        self,
        cut: str,
        where: str,
        cuts: dict[str, list[Path]],
        analysis: Analysis,
        expected: dict[str, bytes],
        tmp_path: Path,
    ) -> None:
        if where == "two processes of our own":
            assert written(analysis, cuts[cut], tmp_path / "cards", jobs=2) == expected
            return
        pools = {
            "a thread pool": concurrent.futures.ThreadPoolExecutor,
            "a process pool": concurrent.futures.ProcessPoolExecutor,
        }
        with pools[where](2) as pool:
            assert written(analysis, cuts[cut], tmp_path / "cards", executor=pool) == expected

    def test_come_with_the_same_findings(self, cuts: dict[str, list[Path]], demo: dict[str, Any]) -> None:
        said = DEMO.build(demo).report()
        assert "VV_ZZ_2022_preEE" in said
        for files in cuts.values():
            assert DEMO.build(files).report() == DEMO.build(files[::-1]).report() == said

    @needs_data
    @pytest.mark.parametrize("shape_only", [False, True], ids=["full effect", "shape only"])
    def test_come_of_real_files_of_one_dataset_each(self, *, shape_only: bool, tmp_path: Path) -> None:
        declared = real_analysis(shape_only=shape_only)
        from_one = written(declared, load_output(DATA / "output_all.coffea"), tmp_path / "one")
        assert written(declared, PARTIAL, tmp_path / "many") == from_one
        assert written(declared, PARTIAL[::-1], tmp_path / "many in parallel", jobs=2) == from_one

    def test_come_of_a_negative_zero(self, tmp_path: Path) -> None:
        one = by_hand.Output().mc("Signal", "2022", nominal=[-0.0, 1])
        other = by_hand.Output().mc("TTbar", "2022", nominal=[2, 3])
        both = by_hand.Output().mc("Signal", "2022", nominal=[-0.0, 1]).mc("TTbar", "2022", nominal=[2, 3])
        files = [save(tmp_path / f"{number}.coffea", output.loaded) for number, output in enumerate((one, other))]
        declared = small()
        assert written(declared, files, tmp_path / "files") == written(declared, both.loaded, tmp_path / "merged")


def real_analysis(*, shape_only: bool) -> Analysis:
    """Processes and some systematics of ../shared/data/reference/make_cards.py."""
    years = ("2022_preEE", "2022_postEE", "2023_preBPix")
    backgrounds = {"ttbar": "TTbar", "top": "SingleTop", "lf": "Vjets__lf", "hf": "Vjets__hf", "diboson": "VV"}
    processes = [
        by_hand.process("signal", "SignalSampleA", "SignalSampleB", years=years, is_signal=True),
        *(
            by_hand.process(name, sample, years=years, has_rateParam=name == "ttbar")
            for name, sample in backgrounds.items()
        ),
    ]
    names = ["signal", *backgrounds]
    shapes = ["sf_ele_reco", "sf_mu_id", "JES_Absolute", "JER", "pileup"]
    return Analysis(
        years=years,
        mc_processes=MCProcesses(processes),
        data_processes=by_hand.observation("DATA_EGamma", "DATA_SingleMuon", years=years),
        systematics=Systematics(
            [
                SystematicUncertainty("lumi", "lnN", names, years, 1.014),
                *(SystematicUncertainty(name, "shape", names, years, 1.0) for name in shapes),
                SystematicUncertainty("met_unclustered", "shape", ["ttbar"], years, 1.0),
            ]
        ),
        categories={"SR": Category("discriminant", 5), "CR1": Category("control_var_1"), "CR2": Category("nJets")},
        shape_only_for_rateparam=shape_only,
    )


def small(**changes: Any) -> Analysis:
    """An analysis of what is made by hand: signal and ttbar in 2022, in category SR."""
    declared: dict[str, Any] = {
        "years": ["2022"],
        "mc_processes": by_hand.two_processes(),
        "systematics": Systematics([SystematicUncertainty("lumi", "lnN", ["signal", "ttbar"], ["2022"], 1.02)]),
        "categories": {"SR": Category("m")},
        "plugins": by_hand.PLUGINS,
    }
    return Analysis(**declared | changes)


def complaints(analysis: Analysis, files: Sequence[Path], **options: Any) -> tuple[str, ...]:
    """The problems that building from those files has."""
    with pytest.raises(InputError) as raised:
        analysis.build(files, **options)
    return raised.value.problems


class TestPartsOfADataset:
    def files(self, folder: Path, **of_one: Any) -> list[Path]:
        """Signal in one file, and ttbar in two."""
        signal = by_hand.Output().mc("Signal", "2022", nominal=[1, 2, 3])
        one = by_hand.Output().mc("TTbar", "2022", nominal=[10, 0, 5], **of_one)
        other = by_hand.Output().mc("TTbar", "2022", nominal=[1, 20, 7])
        outputs = {"signal": signal, "one": one, "other": other}
        return [save(folder / f"{name}.coffea", output.loaded) for name, output in outputs.items()]

    @pytest.mark.parametrize("jobs", [1, 2])
    def test_a_dataset_in_two_files_is_an_error_that_names_it_and_both(self, jobs: int, tmp_path: Path) -> None:
        problems = complaints(small(), self.files(tmp_path), jobs=jobs)
        assert len(problems) == 1
        for part in ("'TTbar_2022'", "'TTbar'", "one.coffea", "other.coffea", "parts=True"):
            assert part in problems[0]
        assert "signal.coffea" not in problems[0]

    def test_a_dataset_that_is_in_two_files_with_all_categories_is_told_once(
        self, cuts: dict[str, list[Path]], tmp_path: Path
    ) -> None:
        again = tmp_path / "again.coffea"
        again.write_bytes(cuts["by dataset"][0].read_bytes())
        problems = complaints(DEMO, [*cuts["by dataset"], again])
        assert len(problems) == 1
        assert str(again) in problems[0]
        assert str(cuts["by dataset"][0]) in problems[0]

    @pytest.mark.parametrize("jobs", [1, 2])
    def test_what_is_said_to_be_parts_is_summed(self, jobs: int, tmp_path: Path) -> None:
        files = self.files(tmp_path)
        whole = by_hand.Output().mc("Signal", "2022", nominal=[1, 2, 3]).mc("TTbar", "2022", nominal=[11, 20, 12])
        expected = written(small(), whole.loaded, tmp_path / "whole")
        assert written(small(), files, tmp_path / "parts", parts=True, jobs=jobs) == expected
        assert written(small(), files[::-1], tmp_path / "reversed", parts=True, jobs=jobs) == expected

    def test_parts_are_told_as_the_whole_is(self, tmp_path: Path) -> None:
        # One part has the variation on its axis, the other has not: half of the dataset falls back.
        files = self.files(tmp_path, JESUp=[11, 0, 6], JESDown=[9, 0, 4])
        jes = by_hand.shape("JES", ["signal", "ttbar"])
        declared = small(systematics=Systematics([jes]))
        one, other = (declared.build(order, parts=True).report() for order in (files, files[::-1]))
        assert one == other
        assert by_hand.template(declared.build(files, parts=True)["SR"], "ttbar_2022", "JESUp") == [12, 20, 13]

    def test_a_file_that_is_given_twice_is_named(self, tmp_path: Path) -> None:
        files = self.files(tmp_path)
        assert complaints(small(), [*files, files[0]], parts=True) == (f"{files[0]} is given twice: leave one out",)

    def test_a_file_that_is_given_by_two_paths_does_not_count_twice(self, tmp_path: Path) -> None:
        files = self.files(tmp_path)
        (tmp_path / "folder").mkdir()
        around = tmp_path / "folder" / ".." / files[0].name
        assert any("signal.coffea" in problem for problem in complaints(small(), [*files, around], parts=True))


class TestProblems:
    def test_a_category_that_is_in_no_file_is_told_for_each_dataset(self, tmp_path: Path) -> None:
        outputs = [by_hand.Output().mc(sample, "2022", nominal=[1, 2]) for sample in ("Signal", "TTbar")]
        files = [save(tmp_path / f"{number}.coffea", output.loaded) for number, output in enumerate(outputs)]
        text = "\n".join(complaints(small(categories={"SRR": Category("m")}), files))
        assert "no category 'SRR' (did you mean 'SR'?)" in text
        assert "'Signal_2022'" in text or "and 1 more" in text

    def test_a_dataset_whose_category_is_in_no_file_is_told(
        self, demo: dict[str, Any], cuts: dict[str, list[Path]], tmp_path: Path
    ) -> None:
        lacking = of_category(demo, "CR1", lambda _: True)
        del lacking["variables"]["control_var_1"]["TTbar"]["TTbar_DiLep_2024"]
        there = [file for file in cuts["by category"] if "CR1" not in file.name]
        for files in ([*there, save(tmp_path / "CR1.coffea", lacking)], [tmp_path / "CR1.coffea", *there]):
            problems = complaints(DEMO, files)
            assert len(problems) == 1
            assert "'TTbar_DiLep_2024'" in problems[0]
            assert "'control_var_1'" in problems[0] or "'CR1'" in problems[0]

    @pytest.mark.parametrize("jobs", [1, 2])
    def test_every_variable_that_is_in_no_file_is_named_with_the_closest(
        self, jobs: int, cuts: dict[str, list[Path]]
    ) -> None:
        categories = {"SR": Category("discriminat"), "CR1": Category("control_var_1"), "CR2": Category("njets")}
        problems = complaints(attrs.evolve(DEMO, categories=categories), cuts["by year"], jobs=jobs)
        assert problems == (
            "the output has no variable 'discriminat' (did you mean 'discriminant'?)",
            "the output has no variable 'njets' (did you mean 'nJets'?)",
        )

    @pytest.mark.parametrize("jobs", [1, 2])
    def test_every_file_that_cannot_be_read_is_told_at_once(
        self, jobs: int, cuts: dict[str, list[Path]], tmp_path: Path
    ) -> None:
        good = cuts["by year"]
        missing = good[0].with_name("by year_2022_preEF.coffea")
        cut_off, text, empty = (tmp_path / f"{name}.coffea" for name in ("cut_off", "text", "empty"))
        cut_off.write_bytes(good[0].read_bytes()[:3000])
        text.write_text("years: 2022\n")
        empty.write_bytes(b"")
        problems = sorted(complaints(DEMO, [missing, *good[:2], cut_off, text, *good[2:], empty], jobs=jobs))
        assert len(problems) == 4
        said = {
            missing: "does not exist (did you mean 'by year_2022_preEE.coffea'?)",
            cut_off: "ends too early",
            text: "is text",
            empty: "is empty",
        }
        for problem, (file, what) in zip(problems, sorted(said.items()), strict=True):
            assert problem.startswith(f"{file} ")
            assert what in problem

    def broken(self, folder: Path) -> list[Path]:
        """Three files; in two of them a histogram is no good."""
        signal = by_hand.Output().mc("Signal", "2022", nominal=[1, float("nan")])
        ttbar = by_hand.Output().mc("TTbar", "2022", "a", nominal=[1, 2])
        bad = by_hand.simulated({"SR": {"nominal": [1, 2]}}, variances={"SR": {"nominal": [1, -4]}})
        other = by_hand.Output().add("TTbar", "2022", bad, part="b")
        outputs = {"signal": signal, "ttbar": ttbar, "other": other}
        return [save(folder / f"{name}.coffea", output.loaded) for name, output in outputs.items()]

    @pytest.mark.parametrize("jobs", [1, 2])
    def test_histograms_that_are_no_good_are_told_at_once(self, jobs: int, tmp_path: Path) -> None:
        text = "\n".join(complaints(small(), self.broken(tmp_path), jobs=jobs))
        assert "'Signal_2022'" in text
        assert "content of nan" in text
        assert "'TTbar_b_2022'" in text
        assert "variance of -4.0" in text
        assert "'TTbar_a_2022'" not in text

    def test_histograms_that_are_no_good_are_told_with_their_files(self, tmp_path: Path) -> None:
        files = self.broken(tmp_path)
        text = "\n".join(complaints(small(), files))
        assert str(files[0]) in text
        assert str(files[2]) in text

    def test_histograms_that_are_no_good_are_told_with_the_files_that_cannot_be_read(self, tmp_path: Path) -> None:
        text = "\n".join(complaints(small(), [*self.broken(tmp_path), tmp_path / "nowhere.coffea"]))
        for part in ("nowhere.coffea does not exist", "'Signal_2022'", "'TTbar_b_2022'"):
            assert part in text

    def test_infinities_in_several_datasets_are_told(self, tmp_path: Path) -> None:
        output = by_hand.Output().mc("Signal", "2022", nominal=[1, 2])
        for part in "ab":
            output.mc("TTbar", "2022", part, nominal=[1, float("inf")])
        problems = complaints(small(), [save(tmp_path / "all.coffea", output.loaded)])
        assert len(problems) == 1
        assert "and 1 more" in problems[0]

    @pytest.mark.parametrize("shape_only", [False, True])
    def test_those_of_every_category_are_told_at_once(self, *, shape_only: bool, demo: dict[str, Any]) -> None:
        output = copy.deepcopy(demo)
        for category, variable in (("SR", "discriminant"), ("CR1", "control_var_1")):
            histogram = output["variables"][variable]["TTbar"]["TTbar_DiLep_2024"]
            histogram.view()["value"][histogram.axes[0].index(category), :, 2] = float("nan")
        with pytest.raises(InputError) as raised:
            attrs.evolve(DEMO, shape_only_for_rateparam=shape_only).build(output)
        assert "'SR'" in str(raised.value)
        assert "'CR1'" in str(raised.value)

    def test_no_file_at_all_is_told(self) -> None:
        assert complaints(small(), []) == ("no file is given, expected at least one .coffea file",)

    def test_nothing_is_written_when_a_file_fails(self, cuts: dict[str, list[Path]], tmp_path: Path) -> None:
        with pytest.raises(InputError):
            written(DEMO, [*cuts["by year"], tmp_path / "nowhere.coffea"], tmp_path / "cards", jobs=2)
        assert not (tmp_path / "cards").exists()


def test_only_histograms_of_variables_that_are_needed_are_kept(cuts: dict[str, list[Path]]) -> None:
    for file in cuts["by year"]:
        variables = load_output(file, variables={"nJets"}, arrays=True)["variables"]
        assert {name: bool(samples) for name, samples in variables.items()} == {
            "discriminant": False,
            "control_var_1": False,
            "nJets": True,
        }


def peak_memory(analysis: Analysis, files: Sequence[Path]) -> int:
    """The most memory that is in use at one time while cards are built, in bytes."""
    tracemalloc.start()
    try:
        analysis.build(files)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_peak_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    labels = ["nominal", *(f"JES{number}{shift}" for number in range(250) for shift in ("Up", "Down"))]
    large: hist.Hist[Any] = hist.Hist(
        hist.axis.StrCategory(["SR", *(f"CR{number}" for number in range(24))], name="cat"),
        hist.axis.StrCategory(labels, name="variation"),
        hist.axis.Regular(100, 0, 1, name="events.m"),
        storage=hist.storage.Weight(),
    )
    view: Any = large.view(flow=True)
    view["value"] = view["variance"] = 1
    files = [
        save(tmp_path / f"{number}.coffea", by_hand.Output().add(sample, "2022", large, part=str(number)).loaded)
        for number, sample in enumerate(("Signal", "TTbar") * 8)
    ]
    declared = small(systematics=Systematics([by_hand.shape("JES0")]))
    peak_memory(declared, files[:2])  # what is imported and cached is there now
    few, many = (peak_memory(declared, files[:number]) for number in (4, 16))
    assert view.nbytes > 20_000_000
    # If every file stayed, twelve more would take twelve times as much.
    assert many < few + view.nbytes / 2
    assert many < 4 * view.nbytes
