"""What several test modules need: plugin distributions on disk, and an analysis that is small and valid."""

from __future__ import annotations

import sys
import textwrap
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import hist
import numpy as np
import pytest

from datacard_core import (
    DataProcess,
    DataProcesses,
    MCProcess,
    MCProcesses,
    Systematics,
    SystematicUncertainty,
)
from datacard_core.demo import demo_output

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

YEARS = ("2022", "2023")
CONTENTS = {"Signal": (1.0, 2.0, 4.0), "Top": (30.0, 20.0, 10.0), "Vjets": (9.0, 8.0, 7.0)}
VARIATIONS = {
    "nominal": (1.0, 1.0, 1.0),
    "jesUp": (1.25, 1.0, 0.75),
    "jesDown": (0.75, 1.0, 1.25),
    "scale_0": (0.5, 1.0, 1.0),
    "scale_1": (1.0, 1.5, 1.0),
    "scale_2": (1.0, 1.0, 1.25),
}


class Install(Protocol):
    """Makes a distribution with plugins visible, without installing it; returns the folder it is in."""

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
    """The keyword arguments of a small Datacard, with changes."""

    def __call__(self, **changes: Any) -> dict[str, Any]: ...


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Distributions on sys.path, each in a folder of its own, which the real importlib reads.

    `install("acme", source)` writes the module `acme` and the distribution `acme 1.0` with the entry point
    `acme = acme`; `entry_points` gives others by name, and `metadata` or `entry_points_text` broken files.
    """
    made: list[Path] = []

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
        monkeypatch.syspath_prepend(folder)
        return folder

    yield install_
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and any(Path(file).is_relative_to(folder) for folder in made):
            del sys.modules[name]


@pytest.fixture(scope="session")
def demo() -> dict[str, Any]:
    """The demo output; nobody may change it."""
    return demo_output()


@pytest.fixture
def card_arguments() -> CardArguments:
    """Arguments of a Datacard with three processes in two years, three bins, one lnN, one shape, and data."""
    return small_analysis


def small_analysis(**changes: Any) -> dict[str, Any]:
    """Make the arguments; histograms are shared and must not be changed."""
    simulated = [("signal", "Signal", True), ("top", "Top", False), ("vjets", "Vjets", False)]
    arguments: dict[str, Any] = {
        **_output(),
        "years": YEARS,
        "mc_processes": MCProcesses(
            MCProcess(name=name, samples=[sample], years=YEARS, is_signal=is_signal)
            for name, sample, is_signal in simulated
        ),
        "systematics": Systematics(
            [
                SystematicUncertainty("lumi", "lnN", ["signal", "top", "vjets"], YEARS, 1.02),
                SystematicUncertainty("jes", "shape", ["signal", "top", "vjets"], YEARS, 1.0),
            ]
        ),
        "category": "SR",
        "data_processes": DataProcesses([DataProcess(name="data", samples=["Data"], years=YEARS)]),
        "verbose": False,
    }
    return arguments | changes


@cache
def _output() -> dict[str, Any]:
    histograms: dict[str, dict[str, hist.Hist[Any]]] = {}
    for sample, contents in CONTENTS.items():
        for factor, year in enumerate(YEARS, start=1):
            histogram = _histogram(list(VARIATIONS))
            view: Any = histogram.view()
            view["value"][0] = factor * np.array(contents) * np.array(list(VARIATIONS.values()))
            view["variance"][0] = 0.25 * view["value"][0]
            histograms.setdefault(sample, {})[f"{sample}_{year}"] = histogram
    for year in YEARS:
        data = _histogram([])
        observed: Any = data.view()
        observed["value"][0] = observed["variance"][0] = [60, 45, 31]
        histograms.setdefault("Data", {})[f"Data_{year}"] = data
    periods = {year: {sample: {f"{sample}_{year}"} for sample in histograms} for year in YEARS}
    presel = {dataset: 10 for datasets in histograms.values() for dataset in datasets}
    return {
        "histograms": histograms,
        "datasets_metadata": {"by_datataking_period": periods},
        "cutflow": {"presel": presel},
    }


def _histogram(variations: list[str]) -> hist.Hist[Any]:
    axes: list[Any] = [hist.axis.StrCategory(["SR"], name="cat")]
    if variations:
        axes.append(hist.axis.StrCategory(variations, name="variation"))
    return hist.Hist(*axes, hist.axis.Regular(3, 0, 3, name="x"), storage=hist.storage.Weight())
