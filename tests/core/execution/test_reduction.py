"""Many files, one analysis: the same bytes are written, independent of how an output is cut into files and read."""

from __future__ import annotations

import concurrent.futures
import copy
import tracemalloc
from typing import TYPE_CHECKING, Any

import attrs
import hist
import numpy as np
import pytest

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
from tests.support.demo_files import SMALL_DEMO, contents, datasets_of, of_datasets, save, written
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

needs_data = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="needs ../shared/data, real PocketCoffea outputs")
REAL_YEARS = ("2022_preEE", "2022_postEE", "2023_preBPix")
PARTIAL = sorted((SHARED_DATA / "partial").glob("*.coffea"))


def of_category(output: dict[str, Any], category: str, covered: Callable[[str], bool]) -> dict[str, Any]:
    """Return the output that PocketCoffea writes for a category.

    A variable that does not cover the category has an empty category axis.
    """
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
    """Return a histogram with these categories only; the contents of the axis' flow bin belong to no category."""
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
def cuts(small_demo: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The output, cut into files in several ways."""
    folder = tmp_path_factory.mktemp("cuts")
    outputs: dict[str, dict[str, dict[str, Any]]] = {
        "merged": {"all": small_demo},
        "by dataset": {name: of_datasets(small_demo, [name]) for name in datasets_of(small_demo, *SMALL_DEMO.years)},
        "by year": {year: of_datasets(small_demo, datasets_of(small_demo, year)) for year in SMALL_DEMO.years},
        "by category": {name: of_category(small_demo, name, lambda _: True) for name in SMALL_DEMO.categories},
        "by category with empty axes": {
            name: of_category(small_demo, name, SMALL_DEMO.categories[name].variable.__eq__)
            for name in SMALL_DEMO.categories
        },
    }
    return {
        cut: [save(folder / f"{cut}_{name}.coffea", output) for name, output in parts.items()]
        for cut, parts in outputs.items()
    }


ANALYSES = {
    "full effect": SMALL_DEMO,
    "shape only": attrs.evolve(SMALL_DEMO, shape_only_for_rateparam=True),
}
"""The analysis of the demo, in which the normalisation of ttbar floats."""


@attrs.frozen
class Made:
    """The report of the cards of an analysis, and the files that are written."""

    report: str
    files: dict[str, bytes]

    @classmethod
    def of(cls, analysis: Analysis, output: Any, folder: Path, **options: Any) -> Made:
        """Build the cards of an analysis and write them."""
        cards = analysis.build(output, verbose=False, **options)
        cards.dump(folder, **options)
        return cls(cards.report(), contents(folder))


@pytest.fixture(scope="module")
def expected(small_demo: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """Return the report and the files made of the loaded output, by analysis."""
    folder = tmp_path_factory.mktemp("expected")
    return {effect: Made.of(analysis, small_demo, folder / effect) for effect, analysis in ANALYSES.items()}


@pytest.mark.slow
@pytest.mark.parametrize("effect", ANALYSES)
def test_expected_files(effect: str, expected: dict[str, Made]) -> None:
    """The files are cards, templates and a script, and there are findings."""
    assert sorted(expected[effect].files) == sorted(
        [
            *(SMALL_DEMO.card_name(category) for category in SMALL_DEMO.categories),
            *(SMALL_DEMO.shapes_name(category) for category in SMALL_DEMO.categories),
            "combine_datacards_run3.sh",
        ]
    )
    assert "VV_ZZ_2022_preEE" in expected[effect].report


class TestSameBytes:
    @pytest.mark.slow
    # Each cut has each order and each analysis; all combinations of the three would show nothing else.
    @pytest.mark.parametrize(("effect", "order"), [("full effect", "reversed"), ("shape only", "shuffled")])
    @pytest.mark.parametrize("cut", ["merged", "by dataset", "by year", "by category", "by category with empty axes"])
    def test_any_cut_in_any_order(
        self,
        cut: str,
        order: str,
        effect: str,
        cuts: dict[str, list[Path]],
        expected: dict[str, Made],
        tmp_path: Path,
    ) -> None:
        """All cuts of an output give the bytes and the findings of the loaded output."""
        files = cuts[cut][::-1]
        if order == "shuffled":
            files = [files[place] for place in np.random.default_rng(7).permutation(len(files))]
        assert Made.of(ANALYSES[effect], files, tmp_path / "cards") == expected[effect]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("where", "effect", "cut"),
        [
            ("two processes", "full effect", "by dataset"),
            ("two processes", "shape only", "by category with empty axes"),
            ("a thread pool", "full effect", "by year"),
            ("a process pool", "shape only", "by year"),
        ],
    )
    def test_parallel_work(
        self,
        cut: str,
        where: str,
        effect: str,
        cuts: dict[str, list[Path]],
        expected: dict[str, Made],
        tmp_path: Path,
    ) -> None:
        """Processes, threads and executors give the bytes and the findings of the loaded output."""
        analysis = ANALYSES[effect]
        if where == "two processes":
            assert Made.of(analysis, cuts[cut], tmp_path / "cards", jobs=2) == expected[effect]
            return
        pools = {
            "a thread pool": concurrent.futures.ThreadPoolExecutor,
            "a process pool": concurrent.futures.ProcessPoolExecutor,
        }
        # The pool of a test ends with it: processes must not be forked while the threads of another pool are running.
        with pools[where](2) as pool:
            assert Made.of(analysis, cuts[cut], tmp_path / "cards", executor=pool) == expected[effect]

    @pytest.mark.slow  # files of a real analysis
    @needs_data
    # Both ways for both analyses would show nothing else. Results come in another order from processes.
    @pytest.mark.parametrize(
        ("shape_only", "jobs", "years"),
        [(False, 1, REAL_YEARS[2:]), (True, 2, REAL_YEARS[:2])],
        ids=["full effect", "shape only"],
    )
    def test_real_files(
        self, *, shape_only: bool, jobs: int, years: tuple[str, ...], real_output: dict[str, Any], tmp_path: Path
    ) -> None:
        """Real files of one dataset each give the bytes of the merged file, read one by one or in processes."""
        declared = real_analysis(years, shape_only=shape_only)
        from_one = written(declared, real_output, tmp_path / "one")
        files = [file for file in PARTIAL if any(year in file.name for year in years)]
        assert len(files) == (12 if jobs == 1 else 30)
        assert written(declared, files[::-1], tmp_path / "many", jobs=jobs) == from_one

    @pytest.mark.slow
    def test_negative_zero(self, tmp_path: Path) -> None:
        """A yield of -0.0 has the same bytes whether its file is merged or not."""
        one = by_hand.Output().mc("Signal", "2022", nominal=[-0.0, 1])
        other = by_hand.Output().mc("TTbar", "2022", nominal=[2, 3])
        both = by_hand.Output().mc("Signal", "2022", nominal=[-0.0, 1]).mc("TTbar", "2022", nominal=[2, 3])
        files = [save(tmp_path / f"{number}.coffea", output.loaded) for number, output in enumerate((one, other))]
        declared = small()
        assert written(declared, files, tmp_path / "files") == written(declared, both.loaded, tmp_path / "merged")


@pytest.fixture(scope="module")
def real_output() -> dict[str, Any]:
    """The merged output of ../shared/data."""
    return load_output(SHARED_DATA / "output_all.coffea")


def real_analysis(years: Sequence[str], *, shape_only: bool) -> Analysis:
    """Return the processes and some systematics of ../shared/data/reference/make_cards.py."""
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
    """Return an analysis of outputs that are made by hand: signal and ttbar in 2022, in category SR."""
    declared: dict[str, Any] = {
        "years": ["2022"],
        "mc_processes": by_hand.two_processes(),
        "systematics": Systematics([SystematicUncertainty("lumi", "lnN", ["signal", "ttbar"], ["2022"], 1.02)]),
        "categories": {"SR": Category("m")},
        "plugins": by_hand.PLUGINS,
    }
    return Analysis(**declared | changes)


def complaints(analysis: Analysis, files: Sequence[Path], **options: Any) -> tuple[str, ...]:
    """Return the problems of building from files."""
    with pytest.raises(InputError) as raised:
        analysis.build(files, **options)
    return raised.value.problems


class TestPartsOfADataset:
    def files(self, folder: Path, **of_one: Any) -> list[Path]:
        """Write signal to one file, and ttbar to two."""
        signal = by_hand.Output().mc("Signal", "2022", nominal=[1, 2, 3])
        one = by_hand.Output().mc("TTbar", "2022", nominal=[10, 0, 5], **of_one)
        other = by_hand.Output().mc("TTbar", "2022", nominal=[1, 20, 7])
        outputs = {"signal": signal, "one": one, "other": other}
        return [save(folder / f"{name}.coffea", output.loaded) for name, output in outputs.items()]

    @pytest.mark.slow
    @pytest.mark.parametrize("jobs", [1, 2])
    def test_dataset_in_two_files(self, jobs: int, tmp_path: Path) -> None:
        """The error names the dataset, both files, and the way out."""
        problems = complaints(small(), self.files(tmp_path), jobs=jobs)
        assert len(problems) == 1
        for part in ("'TTbar_2022'", "'TTbar'", "one.coffea", "other.coffea", "parts=True"):
            assert part in problems[0]
        assert "signal.coffea" not in problems[0]

    @pytest.mark.slow
    def test_dataset_in_two_files_with_several_categories(self, cuts: dict[str, list[Path]], tmp_path: Path) -> None:
        """A dataset that is twice in every category is one problem."""
        again = tmp_path / "again.coffea"
        again.write_bytes(cuts["by dataset"][0].read_bytes())
        problems = complaints(SMALL_DEMO, [*cuts["by dataset"], again])
        assert len(problems) == 1
        assert str(again) in problems[0]
        assert str(cuts["by dataset"][0]) in problems[0]

    @pytest.mark.slow
    @pytest.mark.parametrize("jobs", [1, 2])
    def test_parts_are_summed(self, jobs: int, tmp_path: Path) -> None:
        """With parts=True, the files of a dataset give the bytes of the whole dataset."""
        files = self.files(tmp_path)
        whole = by_hand.Output().mc("Signal", "2022", nominal=[1, 2, 3]).mc("TTbar", "2022", nominal=[11, 20, 12])
        expected = written(small(), whole.loaded, tmp_path / "whole")
        assert written(small(), files, tmp_path / "parts", parts=True, jobs=jobs) == expected
        assert written(small(), files[::-1], tmp_path / "reversed", parts=True, jobs=jobs) == expected

    @pytest.mark.slow
    def test_variation_in_one_part(self, tmp_path: Path) -> None:
        """The part without the variation falls back to the nominal, in any order of the files."""
        files = self.files(tmp_path, JESUp=[11, 0, 6], JESDown=[9, 0, 4])
        jes = by_hand.shape("JES", ["signal", "ttbar"])
        declared = small(systematics=Systematics([jes]))
        one, other = (declared.build(order, parts=True).report() for order in (files, files[::-1]))
        assert one == other
        assert by_hand.template(declared.build(files, parts=True)["SR"], "ttbar_2022", "JESUp") == [12, 20, 13]

    def test_file_given_twice(self, tmp_path: Path) -> None:
        """A path that is given twice is named."""
        files = self.files(tmp_path)
        assert complaints(small(), [*files, files[0]], parts=True) == (f"{files[0]} is given twice: leave one out",)

    def test_file_given_by_two_paths(self, tmp_path: Path) -> None:
        """Two paths of one file are an error, even for parts."""
        files = self.files(tmp_path)
        (tmp_path / "folder").mkdir()
        around = tmp_path / "folder" / ".." / files[0].name
        assert any("signal.coffea" in problem for problem in complaints(small(), [*files, around], parts=True))


class TestProblems:
    @pytest.mark.slow
    def test_category_in_no_file(self, tmp_path: Path) -> None:
        """The problem names the datasets and the closest category."""
        outputs = [by_hand.Output().mc(sample, "2022", nominal=[1, 2]) for sample in ("Signal", "TTbar")]
        files = [save(tmp_path / f"{number}.coffea", output.loaded) for number, output in enumerate(outputs)]
        text = "\n".join(complaints(small(categories={"SRR": Category("m")}), files))
        assert "no category 'SRR' (did you mean 'SR'?)" in text
        assert "'Signal_2022'" in text or "and 1 more" in text

    @pytest.mark.slow
    def test_dataset_without_a_category(
        self, small_demo: dict[str, Any], cuts: dict[str, list[Path]], tmp_path: Path
    ) -> None:
        """A dataset whose category is in no file is named, in any order of the files."""
        lacking = of_category(small_demo, "CR1", lambda _: True)
        del lacking["variables"]["control_var_1"]["TTbar"]["TTbar_DiLep_2024"]
        there = [file for file in cuts["by category"] if "CR1" not in file.name]
        for files in ([*there, save(tmp_path / "CR1.coffea", lacking)], [tmp_path / "CR1.coffea", *there]):
            problems = complaints(SMALL_DEMO, files)
            assert len(problems) == 1
            assert "'TTbar_DiLep_2024'" in problems[0]
            assert "'control_var_1'" in problems[0] or "'CR1'" in problems[0]

    @pytest.mark.slow
    @pytest.mark.parametrize("jobs", [1, 2])
    def test_variables_in_no_file(self, jobs: int, cuts: dict[str, list[Path]]) -> None:
        """Each missing variable is a problem with the closest match."""
        categories = {"SR": Category("discriminat"), "CR1": Category("control_var_1"), "CR2": Category("njets")}
        problems = complaints(attrs.evolve(SMALL_DEMO, categories=categories), cuts["by year"], jobs=jobs)
        assert problems == (
            "the output has no variable 'discriminat' (did you mean 'discriminant'?)",
            "the output has no variable 'njets' (did you mean 'nJets'?)",
        )

    @pytest.mark.slow
    @pytest.mark.parametrize("jobs", [1, 2])
    def test_unreadable_files(self, jobs: int, cuts: dict[str, list[Path]], tmp_path: Path) -> None:
        """Each unreadable file is a problem with its path and its reason."""
        good = cuts["by year"]
        missing = good[0].with_name("by year_2022_preEF.coffea")
        cut_off, text, empty = (tmp_path / f"{name}.coffea" for name in ("cut_off", "text", "empty"))
        cut_off.write_bytes(good[0].read_bytes()[:3000])
        text.write_text("years: 2022\n")
        empty.write_bytes(b"")
        problems = sorted(complaints(SMALL_DEMO, [missing, *good[:2], cut_off, text, *good[2:], empty], jobs=jobs))
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
        """Write three files; in two of them a histogram is unusable."""
        signal = by_hand.Output().mc("Signal", "2022", nominal=[1, float("nan")])
        ttbar = by_hand.Output().mc("TTbar", "2022", "a", nominal=[1, 2])
        bad = by_hand.simulated({"SR": {"nominal": [1, 2]}}, variances={"SR": {"nominal": [1, -4]}})
        other = by_hand.Output().add("TTbar", "2022", bad, part="b")
        outputs = {"signal": signal, "ttbar": ttbar, "other": other}
        return [save(folder / f"{name}.coffea", output.loaded) for name, output in outputs.items()]

    @pytest.mark.slow
    @pytest.mark.parametrize("jobs", [1, 2])
    def test_unusable_histograms(self, jobs: int, tmp_path: Path) -> None:
        """The histograms of all files are reported at once, and only the unusable ones."""
        text = "\n".join(complaints(small(), self.broken(tmp_path), jobs=jobs))
        assert "'Signal_2022'" in text
        assert "content of nan" in text
        assert "'TTbar_b_2022'" in text
        assert "variance of -4.0" in text
        assert "'TTbar_a_2022'" not in text

    @pytest.mark.slow
    def test_files_of_unusable_histograms(self, tmp_path: Path) -> None:
        """The problem of a histogram names its file."""
        files = self.broken(tmp_path)
        text = "\n".join(complaints(small(), files))
        assert str(files[0]) in text
        assert str(files[2]) in text

    @pytest.mark.slow
    def test_unusable_histograms_and_unreadable_files(self, tmp_path: Path) -> None:
        """Both are reported at once."""
        text = "\n".join(complaints(small(), [*self.broken(tmp_path), tmp_path / "nowhere.coffea"]))
        for part in ("nowhere.coffea does not exist", "'Signal_2022'", "'TTbar_b_2022'"):
            assert part in text

    def test_infinities_in_several_datasets(self, tmp_path: Path) -> None:
        """One problem of several datasets is reported once, with their number."""
        output = by_hand.Output().mc("Signal", "2022", nominal=[1, 2])
        for part in "ab":
            output.mc("TTbar", "2022", part, nominal=[1, float("inf")])
        problems = complaints(small(), [save(tmp_path / "all.coffea", output.loaded)])
        assert len(problems) == 1
        assert "and 1 more" in problems[0]

    @pytest.mark.slow
    @pytest.mark.parametrize("shape_only", [False, True])
    def test_problems_of_several_categories(self, *, shape_only: bool, small_demo: dict[str, Any]) -> None:
        """The problems of all categories are reported at once."""
        output = copy.deepcopy(small_demo)
        for category, variable in (("SR", "discriminant"), ("CR1", "control_var_1")):
            histogram = output["variables"][variable]["TTbar"]["TTbar_DiLep_2024"]
            histogram.view()["value"][histogram.axes[0].index(category), :, 2] = float("nan")
        with pytest.raises(InputError) as raised:
            attrs.evolve(SMALL_DEMO, shape_only_for_rateparam=shape_only).build(output)
        assert "'SR'" in str(raised.value)
        assert "'CR1'" in str(raised.value)

    def test_no_file(self) -> None:
        """An empty list of files is an error."""
        assert complaints(small(), []) == ("no file is given, expected at least one .coffea file",)

    @pytest.mark.slow
    def test_no_card_is_written(self, cuts: dict[str, list[Path]], tmp_path: Path) -> None:
        """An unreadable file leaves no directory of cards."""
        with pytest.raises(InputError):
            written(SMALL_DEMO, [*cuts["by year"], tmp_path / "nowhere.coffea"], tmp_path / "cards", jobs=2)
        assert not (tmp_path / "cards").exists()


@pytest.mark.slow
def test_only_requested_variables_are_kept(cuts: dict[str, list[Path]]) -> None:
    """The histograms of other variables are left out, and their names stay."""
    for file in cuts["by year"]:
        variables = load_output(file, variables={"nJets"}, arrays=True)["variables"]
        assert {name: bool(samples) for name, samples in variables.items()} == {
            "discriminant": False,
            "control_var_1": False,
            "nJets": True,
        }


def peak_memory(analysis: Analysis, files: Sequence[Path]) -> int:
    """Return the most memory in use at one time while cards are built, in bytes."""
    tracemalloc.start()
    try:
        analysis.build(files)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow  # files of 8 MB, with every allocation traced
def test_peak_memory(tmp_path: Path) -> None:
    """The peak of memory does not grow with the number of files."""
    labels = ["nominal", *(f"JES{number}{shift}" for number in range(100) for shift in ("Up", "Down"))]
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
        for number, sample in enumerate(("Signal", "TTbar") * 3)
    ]
    declared = small(systematics=Systematics([by_hand.shape("JES0")]))
    peak_memory(declared, files[:2])  # imports and caches are filled, and do not count below
    few, many = (peak_memory(declared, files[:number]) for number in (2, 6))
    assert view.nbytes > 8_000_000
    # If the histograms of every file stayed in memory, four more files would take four times as much.
    assert many < few + view.nbytes / 2
    assert many < 4 * view.nbytes
