"""Fixtures of several test modules: plugin distributions on disk, a small valid analysis, and the demo."""

from __future__ import annotations

import gc
import os
import runpy
import sys
import textwrap
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from hypothesis import settings

from datacard_core import Analysis, SystematicUncertainty, load_plugins
from datacard_core.demo import write_demo
from datacard_core.testing.inputs.small import small_arguments, small_output
from tests.support import profiles  # noqa: F401 - registers them
from tests.support.demo import output_of_seed
from tests.support.demo_files import YEARS as SMALL_DEMO_YEARS
from tests.support.demo_files import datasets_of, of_datasets

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from datacard_core import Cards
    from datacard_core.demo import DemoFiles

# Few examples keep the suite short; `pytest --hypothesis-profile=thorough` searches for long.
settings.load_profile("quick")

# Where no bytecode is written, pytest rewrites the asserts of all modules anew in each process, and each fresh
# interpreter compiles the package anew. That takes half of the time of the suite.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Threads for linear algebra, which is not used here, take a tenth of a second of each fresh interpreter.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

YEARS = ("2022", "2023")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave modules and tests, which stay until the end, out of the garbage that is collected in each test."""
    # Nearly all that the collection of tests makes stays, so searches for garbage in it take a tenth of its time.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        # The little that is garbage by now is not worth a search through all that stays.
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Search for garbage once."""
    # pytest searches five times when it ends, for errors in what is garbage; all that is left now stays.
    gc.collect()
    gc.freeze()


class Install(Protocol):
    """Function that makes a distribution visible without installing it, and returns its folder."""

    def __call__(
        self,
        name: str,
        source: str = "",
        *,
        distribution: str = "",
        version: str = "1.0",
        entry_points: Mapping[str, str] | None = None,
        metadata: str | None = None,
        entry_points_text: str | None = None,
    ) -> Path: ...


class CardArguments(Protocol):
    """Function that returns the keyword arguments of a small Datacard, with changes."""

    def __call__(self, **changes: Any) -> dict[str, Any]: ...


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that puts distributions on sys.path, each in a separate folder.

    `install("acme", source)` writes the module `acme` and the distribution `acme 1.0` with the entry point
    `acme = acme`; `entry_points` gives other ones by name, and `metadata` or `entry_points_text` broken files.
    """
    made: list[Path] = []
    before = set(sys.modules)

    def install_(
        name: str,
        source: str = "",
        *,
        distribution: str = "",
        version: str = "1.0",
        entry_points: Mapping[str, str] | None = None,
        metadata: str | None = None,
        entry_points_text: str | None = None,
    ) -> Path:
        distribution = distribution or name
        folder = tmp_path / f"installed-{len(made)}"
        dist_info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        dist_info.mkdir(parents=True)
        (folder / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        if metadata is None:
            metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        if metadata:
            (dist_info / "METADATA").write_text(metadata, encoding="utf-8")
        if entry_points_text is None:
            points = {name: name} if entry_points is None else entry_points
            lines = [f"{point} = {value}" for point, value in points.items()]
            entry_points_text = "\n".join(["[datacard_core.plugins]", *lines, ""])
        (dist_info / "entry_points.txt").write_text(entry_points_text, encoding="utf-8")
        made.append(folder)
        # Not syspath_prepend, after which the metadata of all folders are read anew and not those of this one alone.
        monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
        return folder

    yield install_
    # New modules only: a look at all of them would take longer than most tests.
    for name in sys.modules.keys() - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and any(Path(file).is_relative_to(folder) for folder in made):
            del sys.modules[name]


@pytest.fixture
def few_examples() -> Iterator[None]:
    """Let the conformance kit draw few inputs for a plugin that conforms.

    The kit draws the same inputs in each run, so after the first run of a plugin that passes they show regressions
    only. A thorough run draws all of them.
    """
    if settings().max_examples > settings.get_profile("quick").max_examples:
        yield
        return
    settings.load_profile("few")
    yield
    settings.load_profile("quick")


# What is shared by the session must not be changed by a test.


@pytest.fixture(scope="session")
def demo() -> dict[str, Any]:
    """Return the demo output."""
    return output_of_seed(1)


@pytest.fixture(scope="session")
def small_demo(demo: dict[str, Any]) -> dict[str, Any]:
    """The part of the demo output that `SMALL_DEMO` needs; no test may change it."""
    return of_datasets(demo, datasets_of(demo, *SMALL_DEMO_YEARS))


@pytest.fixture(scope="session")
def demo_files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    """Return the paths of the demo's output and script, in a new folder; no test may change them."""
    return write_demo(tmp_path_factory.mktemp("demo") / "new" / "folder")


@pytest.fixture(scope="session")
def demo_analysis(demo_files: DemoFiles) -> Analysis:
    """Return the analysis that the demo's script declares."""
    analysis = runpy.run_path(str(demo_files.analysis))["analysis"]
    assert isinstance(analysis, Analysis)
    return analysis


@pytest.fixture(scope="session")
def demo_cards(demo_analysis: Analysis, demo_files: DemoFiles) -> Cards:
    """Return the cards of the demo's analysis, built from its file."""
    return demo_analysis.build(demo_files.output)


@pytest.fixture(scope="session")
def card_arguments() -> CardArguments:
    """Return the function that makes arguments of a Datacard.

    It has three processes in two years, three bins, one lnN, one shape, and data.
    """
    return small_analysis


def small_analysis(**changes: Any) -> dict[str, Any]:
    """Return the arguments; histograms are shared and must not be changed."""
    processes = ["signal", "top", "vjets"]
    lumi = SystematicUncertainty("lumi", "lnN", processes, YEARS, 1.02)
    jes = SystematicUncertainty("jes", "shape", processes, YEARS, 1.0)
    return small_arguments(lumi, jes, output=_output(), **{"plugins": _plugins()} | changes)


_output = cache(small_output)
_plugins = cache(load_plugins)
