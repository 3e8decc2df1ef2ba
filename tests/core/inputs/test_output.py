"""Histograms from elsewhere: as arrays of one's own, and from files that a source of one's own reads."""

from __future__ import annotations

import concurrent.futures
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    Axis,
    Category,
    DeclarationError,
    HistogramArray,
    HistogramSource,
    InputError,
    MissingProviderError,
    PluginCallError,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)
from tests.support import outputs as by_hand
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from datacard_core import Datacard, Plugins
    from tests.conftest import Install


YEARS = ("2022", "2023")
EDGES = np.array([0.0, 1.0, 2.0, 4.0])
LABELS = ("nominal", "JESUp", "JESDown")
AXIS = Axis(EDGES, "events.m", "m")


def card(ttbar: Any, data: Any = None, **options: Any) -> Datacard:
    """A card of signal, ttbar as it is given and with a JES, and data if they are given."""
    signal = by_hand.simulated({"SR": {"nominal": [1, 2, 4]}}, hist_axis())
    histograms = {"Signal": signal, "TTbar": ttbar} | ({} if data is None else {"Muon": data})
    output = by_hand.Output()
    for sample, histogram in histograms.items():
        output.add(sample, "2022", None)
        output.histograms[sample][f"{sample}_2022"] = histogram
    if data is not None:
        options["data_processes"] = by_hand.observation("Muon")
    return by_hand.card(output, by_hand.shape("JES"), **options)


def hist_axis(**options: Any) -> Any:
    return by_hand.bins(*EDGES, **options)


VALUES = {
    "nominal": [1.0, 10.0, 20.0, 30.0, 2.0],
    "JESUp": [1.5, 11.0, 22.0, 33.0, 2.5],
    "JESDown": [0.5, 9.0, 18.0, 27.0, 1.5],
}
"""Of ttbar, with under- and overflow."""

VARIANCES = {label: [value / 4 for value in values] for label, values in VALUES.items()}
BOTH = np.array([[VALUES[label] for label in LABELS]]), np.array([[VARIANCES[label] for label in LABELS]])
"""Values and variances as `HistogramArray.of` takes them."""


def array(values: Any = BOTH[0], variances: Any = BOTH[1], **options: Any) -> HistogramArray:
    names: dict[str, Any] = {"axis": AXIS, "categories": ["SR"], "variations": LABELS}
    return HistogramArray.of(values, variances, **(names | options))


class TestHistogramArrays:
    """The same cards come from arrays as from histograms."""

    def assert_same(self, one: Datacard, other: Datacard, tmp_path: Path) -> None:
        assert one.content() == other.content()
        assert one.findings == other.findings
        one.dump(tmp_path / "one")
        other.dump(tmp_path / "other")
        assert (tmp_path / "one" / "shapes.root").read_bytes() == (tmp_path / "other" / "shapes.root").read_bytes()

    def test_with_flow(self, tmp_path: Path) -> None:
        histogram = by_hand.simulated({"SR": VALUES}, hist_axis(), variances={"SR": VARIANCES}, labels=LABELS)
        made = card(array())
        self.assert_same(made, card(histogram), tmp_path)
        assert "flow-lost" in by_hand.codes(made)

    def test_without_flow(self, tmp_path: Path) -> None:
        inside = slice(1, -1)
        histogram = by_hand.simulated(
            {"SR": {label: values[inside] for label, values in VALUES.items()}},
            hist_axis(underflow=False, overflow=False),
            variances={"SR": {label: values[inside] for label, values in VARIANCES.items()}},
            labels=LABELS,
        )
        made = card(array(BOTH[0][..., inside], BOTH[1][..., inside]))
        self.assert_same(made, card(histogram), tmp_path)
        assert "flow-lost" not in by_hand.codes(made)

    def test_of_data_which_have_no_variations(self, tmp_path: Path) -> None:
        counts = [0.0, 12.0, 25.0, 31.0, 0.0]
        data = array([counts], [counts], variations=None)
        made = card(array(), data)
        self.assert_same(made, card(array(), by_hand.observed({"SR": counts}, hist_axis())), tmp_path)
        assert made.observation == 12 + 25 + 31

    def test_of_several_categories(self) -> None:
        values, variances = (np.concatenate([99 * both, both]) for both in BOTH)
        made = card(array(values, variances, categories=["CR", "SR"]))
        assert by_hand.template(made, "ttbar_2022") == [10, 20, 30]
        assert by_hand.template(made, "ttbar_2022", "JESUp") == [11, 22, 33]

    def test_have_the_variances_that_were_given(self) -> None:
        assert by_hand.variance(card(array()), "ttbar_2022", "JESDown") == [9 / 4, 18 / 4, 27 / 4]

    def test_one_category_need_not_be_in_a_list(self) -> None:
        assert array(categories="SR").categories == ("SR",)

    def test_of_integers_are_taken(self) -> None:
        whole = np.array([[[10, 20, 30]] * 3])
        assert card(array(whole, whole)).rate("ttbar_2022") == 60

    def test_are_not_changed_by_a_card(self) -> None:
        histogram = array()
        before = histogram.contents.copy()
        card(histogram)
        np.testing.assert_array_equal(histogram.contents, before)

    def test_an_infinite_variance_is_told_as_one_and_spoils_no_value(self) -> None:
        variances = BOTH[1].copy()
        variances[0, 0, 2] = np.inf
        with pytest.raises(InputError, match=r"dataset 'TTbar_2022': .* variance of inf in bin 2 \(1 such in all\)"):
            card(array(variances=variances))


class TestWrongArrays:
    @pytest.mark.parametrize(
        ("values", "variances", "said"),
        [
            pytest.param((1, 3, 4), (1, 3, 4), "values have shape (1, 3, 4) and variances (1, 3, 4)", id="bins"),
            pytest.param(
                (1, 3, 5), (1, 3, 3), "values have shape (1, 3, 5) and variances (1, 3, 3)", id="one with flow"
            ),
            pytest.param((3, 1, 5), (3, 1, 5), "values have shape (3, 1, 5)", id="categories and variations swapped"),
            pytest.param((3, 5), (3, 5), "values have shape (3, 5)", id="no categories"),
            pytest.param((), (), "values have shape ()", id="numbers"),
        ],
    )
    def test_of_other_shapes_are_an_error_that_tells_which(
        self, values: tuple[int, ...], variances: tuple[int, ...], said: str
    ) -> None:
        with pytest.raises(InputError) as raised:
            array(np.ones(values), np.ones(variances))
        assert str(raised.value).startswith(said)
        assert str(raised.value).endswith("expected (1, 3, 5) for both, or (1, 3, 3) without flow")

    def test_data_have_one_axis_less(self) -> None:
        with pytest.raises(InputError, match=r"expected \(1, 5\) for both, or \(1, 3\) without flow"):
            array(variations=None)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            pytest.param({"categories": ["SR"]}, "its categories are ['SR'], expected a tuple of names", id="a list"),
            pytest.param({"categories": ("SR", "SR")}, "expected a tuple of names, each once", id="a category twice"),
            pytest.param({"variations": ("nominal", 1, 2)}, "its variations are ('nominal', 1, 2)", id="no names"),
            pytest.param({"flow": (2, 0)}, "its flow is (2, 0), expected the numbers of underflow and", id="flow"),
            pytest.param({"axis": EDGES}, "expected an Axis", id="no axis"),
            pytest.param({"axis": Axis(EDGES[::-1])}, "expected an array of at least two, rising", id="falling"),
            pytest.param({"axis": Axis(np.array([0, 1, 1, 4.0]))}, "at least two, rising", id="equal edges"),
            pytest.param({"axis": Axis(np.array([0, np.nan, 1, 4]))}, "at least two, rising", id="edges that are none"),
            pytest.param({"axis": Axis([0.0, 1.0, 2.0, 4.0])}, "at least two, rising", id="a list of edges"),  # type: ignore[arg-type]
            pytest.param({"contents": np.ones((3, 5))}, "contents have shape (3, 5), expected (5, 3, 1)", id="shape"),
            pytest.param({"flow": (0, 0)}, "contents have shape (5, 3, 1), expected (3, 3, 1)", id="flow and shape"),
            pytest.param({"contents": np.ones((5, 3, 1))}, "contents are float64, expected an array", id="real"),
            pytest.param({"contents": np.ones((5, 3, 1), ">c16")}, "contents are >c16, expected an", id="swapped"),
            pytest.param(
                {"contents": np.ones((5, 3, 1)).tolist()}, "its contents are list, expected an arr", id="cells listed"
            ),
        ],
    )
    def test_that_cannot_be_right_are_an_error_that_names_the_dataset(self, change: dict[str, Any], said: str) -> None:
        with pytest.raises(InputError) as raised:
            card(attrs.evolve(array(), **change))
        assert str(raised.value).startswith("sample 'TTbar', dataset 'TTbar_2022': ")
        assert said in str(raised.value)

    def test_everything_that_is_wrong_is_told(self) -> None:
        with pytest.raises(InputError) as raised:
            attrs.evolve(array(), categories=("SR", "SR"), flow=(2, 0)).check()
        assert len(raised.value.problems) == 2


# A source of one's own

NPZ = """
    import json

    import numpy as np

    from datacard_core import Axis, HistogramArray, HistogramSource, InputError, hookimpl

    class Npz(HistogramSource):
        name = "npz"

        def read(self, path, variables):
            try:
                return self.output(np.load(path), variables)
            except (OSError, ValueError, EOFError) as error:
                raise InputError(f"it is no .npz file ({type(error).__name__})") from error

        def output(self, file, variables):
            about = json.loads(str(file["about"]))
            found = {name: {} for name in about["variables"]}
            for variable, sample, dataset, names in about["histograms"]:
                if variable in variables:
                    values, variances = (
                        file[f"{variable}/{dataset}/{what}"] for what in ("values", "variances")
                    )
                    axis = Axis(file[f"{variable}/edges"], "events.m", "m")
                    histogram = HistogramArray.of(values, variances, axis=axis, **names)
                    found[variable].setdefault(sample, {})[dataset] = histogram
            return {
                "variables": found,
                "datasets_metadata": {"by_datataking_period": about["periods"]},
                "cutflow": about["cutflow"],
            }

    @hookimpl
    def datacard_histogram_sources():
        return [Npz()]
"""


def of_year(year: str) -> dict[str, Any]:
    """An output with two categories, variations, flow and data."""
    factor = YEARS.index(year) + 1.0
    output = by_hand.Output()
    for size, sample in enumerate(("Signal", "TTbar"), start=1):
        contents = {
            name: {label: (factor * size * more * np.array(values)).tolist() for label, values in VALUES.items()}
            for name, more in (("SR", 1), ("CR", 10))
        }
        output.add(sample, year, by_hand.simulated(contents, hist_axis()))
    output.add("Muon", year, by_hand.observed({"SR": [0, 30, 60, 90, 0], "CR": [0, 300, 600, 900, 0]}, hist_axis()))
    return output.loaded


def save_npz(path: Path, output: Mapping[str, Any]) -> Path:
    """The same in a file of arrays, of which Python's pickle knows nothing."""
    arrays: dict[str, Any] = {}
    histograms = []
    for variable, samples in output["variables"].items():
        for sample, datasets in samples.items():
            for dataset, histogram in datasets.items():
                *categories, axis = histogram.axes
                view = histogram.view(flow=True)[tuple(slice(len(names)) for names in categories)]
                arrays[f"{variable}/{dataset}/values"], arrays[f"{variable}/{dataset}/variances"] = (
                    view["value"],
                    view["variance"],
                )
                arrays[f"{variable}/edges"] = axis.edges
                keys = {"cat": "categories", "variation": "variations"}
                names = {keys[names.name]: list(names) for names in categories}
                histograms.append([variable, sample, dataset, names])
    periods = {
        year: {sample: sorted(datasets) for sample, datasets in samples.items()}
        for year, samples in output["datasets_metadata"]["by_datataking_period"].items()
    }
    about = {
        "variables": [*output["variables"], "other"],
        "histograms": histograms,
        "periods": periods,
        "cutflow": output["cutflow"],
    }
    np.savez(path, about=json.dumps(about), **arrays)
    return path


def analysis(plugins: Plugins, **changes: Any) -> Analysis:
    lumi = SystematicUncertainty("lumi", "lnN", ["signal", "ttbar"], YEARS, 1.02)
    declared: dict[str, Any] = {
        "years": YEARS,
        "mc_processes": by_hand.two_processes(YEARS),
        "data_processes": by_hand.observation("Muon", years=YEARS),
        "systematics": Systematics([lumi, by_hand.shape("JES", ["signal", "ttbar"], YEARS)]),
        "categories": {"SR": Category("m"), "CR": Category("m", bins_edges=[0, 2, 4])},
        "plugins": plugins,
    }
    return Analysis(**(declared | changes))


def with_plugins(*plugins: Any) -> Plugins:
    return load_plugins(*DEFAULT_PLUGINS, *plugins)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextmanager
def in_threads() -> Iterator[dict[str, Any]]:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield {"executor": pool}


@contextmanager
def in_processes(count: int) -> Iterator[dict[str, Any]]:
    yield {"jobs": count}


PLACES = {"here": lambda: in_processes(1), "in processes": lambda: in_processes(2), "in threads": in_threads}
everywhere = pytest.mark.parametrize("place", PLACES)


@everywhere
def test_another_files_histograms_give_the_same_cards_but_for_the_line_about_their_source(
    place: str, install: Install, tmp_path: Path
) -> None:
    install("acme_npz", NPZ, distribution="acme", version="0.7")
    loaded = [of_year(year) for year in YEARS]
    files = [save_npz(tmp_path / f"{year}.npz", output) for year, output in zip(YEARS, loaded, strict=True)]
    with PLACES[place]() as where:
        analysis(with_plugins("acme_npz")).build(files, source="npz", **where).dump(tmp_path / "npz", **where)
    whole = {
        "variables": {
            "m": {name: loaded[0]["variables"]["m"][name] | loaded[1]["variables"]["m"][name] for name in SAMPLES}
        },
        "datasets_metadata": {
            "by_datataking_period": {
                year: output["datasets_metadata"]["by_datataking_period"][year]
                for year, output in zip(YEARS, loaded, strict=True)
            }
        },
        "cutflow": {name: loaded[0]["cutflow"][name] | loaded[1]["cutflow"][name] for name in loaded[0]["cutflow"]},
    }
    analysis(with_plugins()).build(whole).dump(tmp_path / "expected")
    found, expected = contents(tmp_path / "npz"), contents(tmp_path / "expected")
    assert len(expected) == 5
    line = b"# plugins of acme 0.7: acme_npz\n"
    assert [name for name, text in found.items() if line in text] == [name for name in found if name.startswith("data")]
    assert {name: text.replace(line, b"") for name, text in found.items()} == expected


SAMPLES = ("Signal", "TTbar", "Muon")


class Recording(HistogramSource):
    """Keeps what it was asked for, and gives an output of 2022."""

    name: ClassVar[str] = "recording"

    def __init__(self) -> None:
        self.asked: list[tuple[Path, Collection[str]]] = []

    def read(self, path: Path, variables: Collection[str]) -> Mapping[str, Any]:
        self.asked.append((path, variables))
        return of_year("2022")


def of_2022(plugins: Plugins, **changes: Any) -> Analysis:
    only = {
        "years": ["2022"],
        "mc_processes": by_hand.two_processes(),
        "data_processes": None,
        "systematics": Systematics([by_hand.shape("JES")]),
    }
    return analysis(plugins, **(only | changes))


class TestWhatASourceGets:
    def test_the_path_and_the_variables_that_are_needed_once_for_each_file(self, tmp_path: Path) -> None:
        source = Recording()
        of_2022(with_plugins(Provider("mine", source))).build(str(tmp_path / "some.file"), source="recording")
        assert source.asked == [(tmp_path / "some.file", {"m"})]

    def test_histograms_of_the_usual_kind_are_taken_too(self, tmp_path: Path) -> None:
        made = of_2022(with_plugins(Provider("mine", Recording())))
        read = made.build(tmp_path / "some.file", source="recording")
        assert read["SR"].rate("ttbar_2022") == 2 * (10 + 20 + 30)

    def test_an_output_that_is_loaded_already_is_an_error(self) -> None:
        source = Recording()
        with pytest.raises(DeclarationError, match="source='recording' reads files, and the output is loaded already"):
            of_2022(with_plugins(Provider("mine", source))).build(of_year("2022"), source="recording")
        assert source.asked == []

    def test_a_variable_that_no_file_has_is_an_error_with_the_names_of_others(
        self, install: Install, tmp_path: Path
    ) -> None:
        install("acme_npz", NPZ)
        made = of_2022(with_plugins("acme_npz"), categories={"SR": Category("othr")})
        with pytest.raises(InputError, match=r"no variable 'othr' \(did you mean 'other'\?\)"):
            made.build(save_npz(tmp_path / "2022.npz", of_year("2022")), source="npz")


class TestUnknownSources:
    def test_are_an_error_with_the_closest_match(self, install: Install, tmp_path: Path) -> None:
        install("acme_npz", NPZ)
        with pytest.raises(
            MissingProviderError,
            match=r"the histogram source 'npy'; provided are coffea, npz \(did you mean 'npz'\?\)",
        ):
            of_2022(with_plugins("acme_npz")).build(tmp_path / "2022.npz", source="npy")

    def test_nothing_is_given_to_workers_then(self, tmp_path: Path) -> None:
        class Unused(concurrent.futures.Executor):
            def submit(self, *_: Any, **__: Any) -> Any:
                pytest.fail("there is nothing to do")

        files = [tmp_path / "2022.npz", tmp_path / "2023.npz"]
        with pytest.raises(MissingProviderError):
            of_2022(with_plugins()).build(files, source="npz", executor=Unused())

    def test_that_an_installed_plugin_has_are_an_error_with_the_way_to_select_it(
        self, install: Install, tmp_path: Path
    ) -> None:
        install("acme_npz", NPZ)
        with pytest.raises(
            MissingProviderError, match=r"plugin 'acme_npz' has it, select it with load_plugins\(…, 'acme_npz'\)"
        ):
            of_2022(with_plugins()).build(tmp_path / "2022.npz", source="npz")


# What a source may do wrong

FAULTY = """
    import numpy as np
    from datacard_core import Axis, HistogramArray, HistogramSource, InputError, hookimpl

    def output(histogram=None, **changes):
        samples = ("TTbar", "Signal")
        return {
            "variables": {"m": {name: {f"{name}_2022": histogram} for name in samples}},
            "datasets_metadata": {"by_datataking_period": {"2022": {name: [f"{name}_2022"] for name in samples}}},
            "cutflow": {"presel": {f"{name}_2022": 10 for name in samples}},
        } | changes

    def array(contents, **changes):
        names = {"categories": ("SR", "CR"), "variations": ("nominal",), "axis": Axis(np.array([0.0, 1.0, 2.0]))}
        return HistogramArray(**(names | changes), contents=contents, flow=(0, 0))

    class Odd(dict):
        def __contains__(self, key):
            return True

        def __getitem__(self, key):
            raise RuntimeError(f"no {key} today")

    class Faulty(HistogramSource):
        name = "faulty"

        def read(self, path, variables):
            BODY

    @hookimpl
    def datacard_histogram_sources():
        return [Faulty()]
"""
"""With histograms of two bins, one variation and two categories."""

HERE = "variables['m']['TTbar']['TTbar_2022']: "


def build_with(body: str, install: Install, *files: Path, **where: Any) -> Any:
    """What comes of a source with that body."""
    install("acme", FAULTY.replace("BODY", body), distribution="acme-sources", version="0.7")
    return of_2022(with_plugins("acme")).build(list(files), source="faulty", **where)


class TestFaults:
    @pytest.mark.parametrize(
        ("raised_there", "cause"),
        [
            ("raise ValueError('no such file')", ValueError),
            ("raise SystemExit(3)", SystemExit),
            ("raise BaseException('odd')", BaseException),
        ],
    )
    def test_a_source_that_fails_is_an_error_with_plugin_distribution_version_file_and_cause(
        self, raised_there: str, cause: type[BaseException], install: Install, tmp_path: Path
    ) -> None:
        file = tmp_path / "2022.file"
        with pytest.raises(PluginCallError) as raised:
            build_with(raised_there, install, file)
        assert type(raised.value.__cause__) is cause
        expected = f"plugin 'acme' (acme-sources 0.7): {cause.__name__} while reading {file}: "
        assert str(raised.value).startswith(expected)

    @everywhere
    @pytest.mark.parametrize("body", ["raise SystemExit(3)", "return None"])
    def test_it_is_the_same_error_wherever_it_reads(
        self, body: str, place: str, install: Install, tmp_path: Path
    ) -> None:
        files = tmp_path / "2022.file", tmp_path / "2023.file"
        with PLACES[place]() as where, pytest.raises(PluginCallError) as raised:
            build_with(body, install, *files, **where)
        assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-sources 0.7")
        assert re.search(rf"reading {re.escape(str(tmp_path))}/202[23]\.file: ", str(raised.value))

    def test_the_users_interrupt_goes_through(self, install: Install, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt):
            build_with("raise KeyboardInterrupt", install, tmp_path / "2022.file")

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            pytest.param("return None", "got NoneType None, expected the dict of an output", id="nothing"),
            pytest.param("return 'text'", "got str 'text', expected the dict of an output", id="text"),
            pytest.param("return [output()]", "got list [{", id="a list"),
            pytest.param("yield output()", "got generator <generator", id="a generator"),
            pytest.param("return {}", "the output has no 'variables'", id="an empty dict"),
            pytest.param(
                "found = output(); del found['variables']; return found",
                "the output has no 'variables', only datasets_metadata, cutflow",
                id="no variables",
            ),
            pytest.param(
                "return output(variables=[])", "variables is a list, expected a dict", id="a list of variables"
            ),
            pytest.param("return output(variables={'m': []})", "variables['m'] is a list", id="a list of samples"),
            pytest.param(
                "return output(variables={'m': {'TTbar': array}})",
                "variables['m']['TTbar'] is a function, expected a dict",
                id="no datasets",
            ),
            pytest.param("return output(cutflow=[])", "cutflow is a list, expected a dict", id="a list of counts"),
            pytest.param("return output(cutflow={'presel': 5})", "cutflow['presel'] is a int", id="one count"),
            pytest.param("return output(datasets_metadata=5)", "datasets_metadata is a int", id="metadata"),
            pytest.param(
                "found = output(array(np.ones((2, 1, 2), complex))); "
                "found['datasets_metadata']['by_datataking_period']['2022']['TTbar'] = 'TTbar_2022'; return found",
                "datasets_metadata['by_datataking_period']['2022']['TTbar'] is 'TTbar_2022', expected the names of",
                id="one dataset",
            ),
            pytest.param("return output()", f"{HERE}a NoneType stands where a hist.Hist or a", id="no histogram"),
            pytest.param("return output(np.ones(2))", f"{HERE}a ndarray stands where a hist.Hist", id="a plain array"),
            pytest.param(
                "return output(array(np.ones((2, 1, 2))))", f"{HERE}its contents are float64, expected", id="real cells"
            ),
            pytest.param(
                "return output(array(np.ones((2, 1, 2), object)))", f"{HERE}its contents are object", id="objects"
            ),
            pytest.param(
                "return output(array(np.ones((1, 2, 2), complex)))",
                f"{HERE}its contents have shape (1, 2, 2), expected (2, 1, 2): bins with flow, variations, categories",
                id="axes in another order",
            ),
            pytest.param(
                "return output(array(np.ones((2, 1, 2), complex), axis=[0, 1, 2]))",
                f"{HERE}its axis is [0, 1, 2], expected an Axis",
                id="no axis",
            ),
            pytest.param("return Odd(output())", "RuntimeError while reading", id="a dict that fails"),
        ],
    )
    def test_what_is_no_output_is_the_fault_of_the_source(
        self, body: str, said: str, install: Install, tmp_path: Path
    ) -> None:
        file = tmp_path / "2022.file"
        with pytest.raises(PluginCallError) as raised:
            build_with(body, install, file)
        assert str(raised.value).startswith("plugin 'acme' (acme-sources 0.7): ")
        assert f"reading {file}: " in str(raised.value)
        assert said in str(raised.value)

    def test_what_a_source_says_is_wrong_with_files_is_told_of_all_of_them(
        self, install: Install, tmp_path: Path
    ) -> None:
        files = tmp_path / "2022.file", tmp_path / "2023.file"
        with pytest.raises(InputError) as raised:
            build_with("raise InputError(['it ends too early', 'it has no edges'])", install, *files)
        said = [f"{file}: {problem}" for file in files for problem in ("it ends too early", "it has no edges")]
        assert list(raised.value.problems) == said

    def test_what_is_wrong_with_the_content_of_a_file_is_told_as_of_any_file(
        self, install: Install, tmp_path: Path
    ) -> None:
        file = tmp_path / "2022.file"
        body = "return output(array(np.full((2, 1, 2), np.nan + 1j), variations=('nominal',)))"
        with pytest.raises(InputError) as raised:
            build_with(body, install, file)
        place = f"{file}: sample 'Signal', dataset 'Signal_2022': category 'SR', variation 'nominal'"
        assert f"{place} has a content of nan in bin 1 (2 such in all): look for a bad weight" in str(raised.value)

    def test_a_file_that_the_source_cannot_read_is_named(self, install: Install, tmp_path: Path) -> None:
        install("acme_npz", NPZ)
        file = tmp_path / "2022.npz"
        file.write_bytes(b"no zip")
        with pytest.raises(InputError) as raised:
            of_2022(with_plugins("acme_npz")).build(file, source="npz")
        assert str(raised.value) == f"{file}: it is no .npz file (ValueError)"
