"""Reading of files through a histogram source of a plugin."""

from __future__ import annotations

import concurrent.futures
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    Category,
    DeclarationError,
    HistogramSource,
    InputError,
    MissingProviderError,
    PluginCallError,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)
from tests.support import outputs as by_hand
from tests.support.cases import case
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from datacard_core import Plugins
    from tests.conftest import Install


YEARS = ("2022", "2023")
EDGES = (0.0, 1.0, 2.0, 4.0)
SAMPLES = ("Signal", "TTbar", "Muon")


VALUES = {
    "nominal": [1.0, 10.0, 20.0, 30.0, 2.0],
    "JESUp": [1.5, 11.0, 22.0, 33.0, 2.5],
    "JESDown": [0.5, 9.0, 18.0, 27.0, 1.5],
}


"""Yields of ttbar, with under- and overflow."""


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
        output.add(sample, year, by_hand.simulated(contents, by_hand.bins(*EDGES)))
    output.add(
        "Muon", year, by_hand.observed({"SR": [0, 30, 60, 90, 0], "CR": [0, 300, 600, 900, 0]}, by_hand.bins(*EDGES))
    )
    return output.loaded


def save_npz(path: Path, output: Mapping[str, Any]) -> Path:
    """Write an output to a file of plain arrays."""
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


everywhere = pytest.mark.parametrize(
    "place", [pytest.param(place, marks=pytest.mark.slow if place == "in processes" else ()) for place in PLACES]
)


@pytest.mark.slow
def test_cards_of_another_file_format(install: Install, tmp_path: Path) -> None:
    """Files of another format give the same cards, apart from a line that names the plugin."""
    install("acme_npz", NPZ, distribution="acme", version="0.7")
    loaded = [of_year(year) for year in YEARS]
    files = [save_npz(tmp_path / f"{year}.npz", output) for year, output in zip(YEARS, loaded, strict=True)]
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
    expected = contents(tmp_path / "expected")
    assert len(expected) == 5
    line = b"# plugins of acme 0.7: acme_npz\n"
    for place, run in PLACES.items():
        with case(place), run() as where:
            analysis(with_plugins("acme_npz")).build(files, source="npz", **where).dump(tmp_path / place, **where)
            found = contents(tmp_path / place)
            named = [name for name in found if name.startswith("data")]
            assert [name for name, text in found.items() if line in text] == named
            assert {name: text.replace(line, b"") for name, text in found.items()} == expected


class Recording(HistogramSource):
    """A source that keeps its arguments and returns an output of 2022."""

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


class TestCalls:
    @pytest.mark.slow
    def test_path_and_needed_variables(self, tmp_path: Path) -> None:
        """A source is called once per file, with its path and the needed variables."""
        source = Recording()
        of_2022(with_plugins(Provider("mine", source))).build(str(tmp_path / "some.file"), source="recording")
        assert source.asked == [(tmp_path / "some.file", {"m"})]

    @pytest.mark.slow
    def test_histograms_of_hist_are_accepted(self, tmp_path: Path) -> None:
        """A source may return histograms of hist."""
        made = of_2022(with_plugins(Provider("mine", Recording())))
        read = made.build(tmp_path / "some.file", source="recording")
        assert read["SR"].rate("ttbar_2022") == 2 * (10 + 20 + 30)

    @pytest.mark.slow
    def test_loaded_output_with_a_source(self) -> None:
        """A source together with a loaded output is an error."""
        source = Recording()
        with pytest.raises(DeclarationError, match="source='recording' reads files, and the output is loaded already"):
            of_2022(with_plugins(Provider("mine", source))).build(of_year("2022"), source="recording")
        assert source.asked == []

    @pytest.mark.slow
    def test_missing_variable_is_told_with_closest(self, install: Install, tmp_path: Path) -> None:
        """A variable in no file is an error with the closest match."""
        install("acme_npz", NPZ)
        made = of_2022(with_plugins("acme_npz"), categories={"SR": Category("othr")})
        with pytest.raises(InputError, match=r"no variable 'othr' \(did you mean 'other'\?\)"):
            made.build(save_npz(tmp_path / "2022.npz", of_year("2022")), source="npz")


class Changing(dict[str, Any]):
    """A dict that gives other values once it has been read."""

    def __init__(self, first: Mapping[str, Any]) -> None:
        super().__init__(first)
        self.reads = 0

    def __getitem__(self, key: str) -> Any:
        self.reads += 1
        if self.reads > len(self):
            raise RuntimeError(f"{key!r} is read again")
        return super().__getitem__(key)

    def items(self) -> Any:
        return [(key, self[key]) for key in self]

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 - that would call itself


def changing(tree: Any) -> Any:
    """Return a tree of dicts that can be read once."""
    return Changing({key: changing(value) for key, value in tree.items()}) if isinstance(tree, dict) else tree


class Returning(HistogramSource):
    """A source that returns one object for every file."""

    name: ClassVar[str] = "returning"

    def __init__(self, returned: Any) -> None:
        self.returned = returned

    def read(self, path: Path, variables: Collection[str]) -> Any:  # noqa: ARG002 - equal for all files
        return self.returned


class TestReadOnce:
    """Mappings that a source returns are read once, while the source can be blamed."""

    @pytest.mark.slow
    def test_mappings_on_all_levels(self, tmp_path: Path) -> None:
        """Dicts that fail when they are read twice make the card of plain ones."""
        plugins = with_plugins(Provider("mine", Returning(changing(of_year("2022")))))
        made = of_2022(plugins).build(tmp_path / "x", source="returning", verbose=False)
        plain = with_plugins(Provider("mine", Returning(of_year("2022"))))
        assert made["SR"].content() == of_2022(plain).build(tmp_path / "x", source="returning")["SR"].content()

    @pytest.mark.slow
    def test_mapping_that_contains_itself(self, tmp_path: Path) -> None:
        """A tree without end is a failure of the source."""
        endless: dict[str, Any] = of_year("2022")
        endless["cutflow"]["presel"]["again"] = endless["cutflow"]
        plugins = with_plugins(Provider("mine", Returning(endless)))
        with pytest.raises(PluginCallError, match="RecursionError while reading"):
            of_2022(plugins).build(tmp_path / "x", source="returning")


class TestUnknownSources:
    @pytest.mark.slow
    def test_closest_match_is_told(self, install: Install, tmp_path: Path) -> None:
        """An unknown source is an error with the closest match."""
        install("acme_npz", NPZ)
        with pytest.raises(
            MissingProviderError,
            match=r"the histogram source 'npy'; provided are coffea, npz \(did you mean 'npz'\?\)",
        ):
            of_2022(with_plugins("acme_npz")).build(tmp_path / "2022.npz", source="npy")

    @pytest.mark.slow
    def test_workers_get_no_task(self, tmp_path: Path) -> None:
        """An unknown source is an error before workers get a task."""

        class Unused(concurrent.futures.Executor):
            def submit(self, *_: Any, **__: Any) -> Any:
                pytest.fail("a worker got a task")

        files = [tmp_path / "2022.npz", tmp_path / "2023.npz"]
        with pytest.raises(MissingProviderError):
            of_2022(with_plugins()).build(files, source="npz", executor=Unused())

    @pytest.mark.slow
    def test_installed_plugin_is_told(self, install: Install, tmp_path: Path) -> None:
        """The error for the source of an installed plugin tells how to select the plugin."""
        install("acme_npz", NPZ)
        with pytest.raises(
            MissingProviderError,
            match=r"plugin 'acme_npz', which is .* may have it: select it with load_plugins\(…, 'acme_npz'\)",
        ):
            of_2022(with_plugins()).build(tmp_path / "2022.npz", source="npz")


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


"""A plugin whose source returns histograms of two bins, one variation and two categories, if BODY says so."""


HERE = "variables['m']['TTbar']['TTbar_2022']: "


WITHOUT_STRUCTURE = {
    "None": ("return None", "the output has type NoneType (None), expected the dict"),
    "text": ("return 'text'", "the output has type str ('text'), expected the dict"),
    "a list": ("return [output()]", "the output has type list ([{"),
    "a generator": ("return (one for one in [output()])", "the output has type generator (<generator"),
    "an empty dict": ("return {}", "the output has no 'variables'"),
    "no variables": (
        "found = output(); del found['variables']; return found",
        "the output has no 'variables', expected a PocketCoffea output; it has: datasets_metadata, cutflow",
    ),
    "a list of variables": ("return output(variables=[])", "variables has type list ([]), expected the dict"),
    "a list of samples": ("return output(variables={'m': []})", "variables['m'] has type list"),
    "no datasets": (
        "return output(variables={'m': {'TTbar': array}})",
        "variables['m']['TTbar'] has type function (<function",
    ),
    "a list of counts": ("return output(cutflow=[])", "cutflow has type list ([]), expected the dict"),
    "one count": ("return output(cutflow={'presel': 5})", "cutflow['presel'] has type int (5)"),
    "metadata": ("return output(datasets_metadata=5)", "datasets_metadata has type int (5)"),
    "one dataset": (
        (
            "found = output(array(np.ones((2, 1, 2), complex))); "
            "found['datasets_metadata']['by_datataking_period']['2022']['TTbar'] = 'TTbar_2022'; return found"
        ),
        "datasets_metadata['by_datataking_period']['2022']['TTbar'] has type str ('TTbar_2022'), expected",
    ),
    "no histogram": ("return output()", f"{HERE}a NoneType stands where a hist.Hist or a"),
    "a plain array": ("return output(np.ones(2))", f"{HERE}a ndarray stands where a hist.Hist"),
    "real cells": ("return output(array(np.ones((2, 1, 2))))", f"{HERE}its contents are float64, expected"),
    "objects": ("return output(array(np.ones((2, 1, 2), object)))", f"{HERE}its contents are object"),
    "axes in another order": (
        "return output(array(np.ones((1, 2, 2), complex)))",
        f"{HERE}its contents have shape (1, 2, 2), expected (2, 1, 2): bins with flow, variations, categories",
    ),
    "no axis": (
        "return output(array(np.ones((2, 1, 2), complex), axis=[0, 1, 2]))",
        f"{HERE}its axis is [0, 1, 2], expected an Axis",
    ),
    "a dict that fails": ("return Odd(output())", "RuntimeError while reading"),
}
"""The body of a source's method, and a part of the message, by the fault."""


def build_with(body: str, install: Install, *files: Path, **where: Any) -> Any:
    """Build with a source that has this body."""
    install("acme", FAULTY.replace("BODY", body), distribution="acme-sources", version="0.7")
    return of_2022(with_plugins("acme")).build(list(files), source="faulty", **where)


class TestFaults:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("raised_there", "cause"),
        [
            ("raise ValueError('no such file')", ValueError),
            ("raise SystemExit(3)", SystemExit),
            ("raise BaseException('odd')", BaseException),
        ],
    )
    def test_failure_is_told_with_its_plugin(
        self, raised_there: str, cause: type[BaseException], install: Install, tmp_path: Path
    ) -> None:
        """A failure is told with plugin, distribution, version, file and cause."""
        file = tmp_path / "2022.file"
        with pytest.raises(PluginCallError) as raised:
            build_with(raised_there, install, file)
        assert type(raised.value.__cause__) is cause
        expected = f"plugin 'acme' (acme-sources 0.7): {cause.__name__} while reading {file}: "
        assert str(raised.value).startswith(expected)

    @pytest.mark.slow
    @everywhere
    @pytest.mark.parametrize("body", ["raise SystemExit(3)", "return None"])
    def test_failure_in_any_worker(self, body: str, place: str, install: Install, tmp_path: Path) -> None:
        """A failure is the same error here, in processes and in threads."""
        files = tmp_path / "2022.file", tmp_path / "2023.file"
        with PLACES[place]() as where, pytest.raises(PluginCallError) as raised:
            build_with(body, install, *files, **where)
        assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-sources 0.7")
        assert re.search(rf"reading {re.escape(str(tmp_path))}/202[23]\.file: ", str(raised.value))

    @pytest.mark.slow
    def test_interrupt_passes(self, install: Install, tmp_path: Path) -> None:
        """An interrupt of the user is not converted."""
        with pytest.raises(KeyboardInterrupt):
            build_with("raise KeyboardInterrupt", install, tmp_path / "2022.file")

    @pytest.mark.slow
    def test_returned_object_without_structure_is_blamed(self, install: Install, tmp_path: Path) -> None:
        """A returned object without the structure of an output is blamed on the plugin."""
        # One source for all cases, since a new one for each takes longer than the rest.
        body = [f"if path.name == {what!r}: {returned}" for what, (returned, _) in WITHOUT_STRUCTURE.items()]
        install("acme", FAULTY.replace("BODY", "\n            ".join(body)), distribution="acme-sources", version="0.7")
        declared = of_2022(with_plugins("acme"))
        for what, (_, said) in WITHOUT_STRUCTURE.items():
            with case(what):
                with pytest.raises(PluginCallError) as raised:
                    declared.build(tmp_path / what, source="faulty")
                assert str(raised.value).startswith("plugin 'acme' (acme-sources 0.7): ")
                assert f"reading {tmp_path / what}: " in str(raised.value)
                assert said in str(raised.value)

    @pytest.mark.slow
    def test_input_errors_of_all_files(self, install: Install, tmp_path: Path) -> None:
        """The InputErrors that a source raises are told for all files."""
        files = tmp_path / "2022.file", tmp_path / "2023.file"
        with pytest.raises(InputError) as raised:
            build_with("raise InputError(['it ends too early', 'it has no edges'])", install, *files)
        said = [f"{file}: {problem}" for file in files for problem in ("it ends too early", "it has no edges")]
        assert list(raised.value.problems) == said

    @pytest.mark.slow
    def test_bad_content_is_told_with_its_file(self, install: Install, tmp_path: Path) -> None:
        """A bad bin content is told with file, dataset, category and variation, and not blamed."""
        file = tmp_path / "2022.file"
        body = "return output(array(np.full((2, 1, 2), np.nan + 1j), variations=('nominal',)))"
        with pytest.raises(InputError) as raised:
            build_with(body, install, file)
        place = f"{file}: sample 'Signal', dataset 'Signal_2022': category 'SR', variation 'nominal'"
        assert f"{place} has a content of nan in bin 1 (2 such in all): look for a bad weight" in str(raised.value)
        assert raised.value.__notes__ == ["read by source 'faulty' of plugin 'acme' (acme-sources 0.7)"]

    @pytest.mark.slow
    def test_unreadable_file_is_named(self, install: Install, tmp_path: Path) -> None:
        """The error for a file that a source cannot read names the file."""
        install("acme_npz", NPZ)
        file = tmp_path / "2022.npz"
        file.write_bytes(b"no zip")
        with pytest.raises(InputError) as raised:
            of_2022(with_plugins("acme_npz")).build(file, source="npz")
        assert str(raised.value) == f"{file}: it is no .npz file (ValueError)"
