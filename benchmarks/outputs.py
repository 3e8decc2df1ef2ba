"""Outputs with PocketCoffea's structure in the sizes of real analyses, and an analysis for each."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from datacard_core import Analysis


class Size(NamedTuple):
    """Size of an output."""

    categories: int
    years: int
    processes: int
    samples: int
    """Samples in a process."""
    datasets: int
    """Datasets of a sample in a year."""
    shapes: int
    bins: int

    @property
    def templates(self) -> int:
        """Number of templates in all cards: nominal, Up and Down of every column, and data."""
        return self.categories * (1 + self.years * self.processes * (1 + 2 * self.shapes))


SIZES = {
    "XS": Size(1, 1, 3, 1, 1, 5, 10),
    "S": Size(1, 3, 6, 1, 2, 20, 20),
    "M": Size(10, 5, 15, 2, 2, 100, 40),
    "L": Size(30, 5, 20, 2, 2, 150, 50),
}


CARDS = 100
"""Number of cards that the stages of small cards make."""


def named(name: str) -> Size:
    """Return the size of a name, or of seven numbers as JSON."""
    return SIZES[name] if name in SIZES else Size(*json.loads(name))


def years(size: Size) -> list[str]:
    """Return the data-taking periods."""
    return [str(2018 + year) for year in range(size.years)]


def categories(size: Size) -> list[str]:
    """Return the categories; one more is in the output and in no card."""
    return [f"cat{category:03d}" for category in range(size.categories)]


def samples(size: Size, process: int) -> list[str]:
    """Return the samples of a process."""
    return [f"Sample{process:02d}{letter}" for letter in "ABCDEFGH"[: size.samples]]


def output(size: Size, seed: int = 1) -> dict[str, Any]:
    """Return a merged output of a size."""
    import numpy as np

    random = np.random.default_rng(seed)
    labels = sorted(["nominal", *(f"shape{shape:03d}{way}" for shape in range(size.shapes) for way in ("Up", "Down"))])
    histograms: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    periods: dict[str, defaultdict[str, set[str]]] = {}
    by_dataset: defaultdict[str, dict[str, str]] = defaultdict(dict)
    presel: dict[str, dict[str, int]] = {}
    cutflow: dict[str, dict[str, Any]] = {category: {} for category in categories(size)}
    names = [(sample, True) for process in range(size.processes) for sample in samples(size, process)]
    for year in years(size):
        periods[year] = defaultdict(set)
        for sample, is_mc in [*names, ("DATA_A", False), ("DATA_B", False)]:
            for part in range(size.datasets):
                dataset = f"{sample}_{part}_{year}"
                histograms[sample][dataset] = _histogram(size, labels if is_mc else None, random)
                periods[year][sample].add(dataset)
                by_dataset[dataset] = {"sample": sample, "year": year, "isMC": str(is_mc)}
                presel[dataset] = {"nominal": 1000}
                for counts in cutflow.values():
                    counts[dataset] = {sample: {"nominal": 100}}
    return {
        "sum_genweights": {},
        "sum_signOf_genweights": {},
        "sumw": {},
        "sumw2": {},
        "cutflow": {"initial": {}, "skim": {}, "presel": presel, **cutflow},
        "variables": {"variable": histograms},
        "columns": {},
        "processing_metadata": {},
        "datasets_metadata": {"by_datataking_period": periods, "by_dataset": by_dataset},
    }


def _histogram(size: Size, labels: list[str] | None, random: np.random.Generator) -> Any:
    import hist

    axes = [hist.axis.StrCategory(categories(size), name="cat")]
    if labels:
        axes.append(hist.axis.StrCategory(labels, name="variation"))
    made = hist.Hist(
        *axes,
        hist.axis.Regular(size.bins, 0, 1, name="events.variable"),
        storage=hist.storage.Weight(),
        name="Counts",
    )
    view: Any = made.view()
    if labels is None:
        view["value"] = view["variance"] = random.poisson(100, view.shape)
        return made
    view["value"] = random.gamma(20, 0.5, (size.categories, 1, size.bins)) * random.normal(1, 0.02, view.shape)
    view["variance"] = 0.1 * view["value"]
    return made


def cut(made: dict[str, Any], files: int) -> list[dict[str, Any]]:
    """Return an output as several outputs, each with some of its datasets."""
    metadata = made["datasets_metadata"]
    datasets = sorted(metadata["by_dataset"])
    parts = []
    for part in range(files):
        mine = set(datasets[part::files])
        periods = {
            year: {sample: of & mine for sample, of in samples.items()}
            for year, samples in metadata["by_datataking_period"].items()
        }
        variables = {
            name: {sample: {key: of[key] for key in of.keys() & mine} for sample, of in histograms.items()}
            for name, histograms in made["variables"].items()
        }
        cutflow = {step: {key: of[key] for key in of.keys() & mine} for step, of in made["cutflow"].items()}
        by_dataset = {key: metadata["by_dataset"][key] for key in mine}
        kept = {"by_datataking_period": periods, "by_dataset": by_dataset}
        parts.append({**made, "variables": variables, "cutflow": cutflow, "datasets_metadata": kept})
    return parts


def write(made: dict[str, Any], path: Path) -> None:
    """Write an output as coffea does."""
    import cloudpickle
    import lz4.frame

    with lz4.frame.open(path, "wb") as file:
        cloudpickle.dump(made, file)


def declarations(size: Size) -> dict[str, Any]:
    """Return the processes and systematics of an analysis of the whole output."""
    # Imported here: PocketCoffea's environment makes outputs with this module, without datacard_core.
    from datacard_core import (
        DataProcess,
        DataProcesses,
        MCProcess,
        MCProcesses,
        Systematics,
        SystematicUncertainty,
    )

    processes = MCProcesses(
        [
            MCProcess(
                name=f"process{process:02d}",
                samples=samples(size, process),
                years=years(size),
                is_signal=process == 0,
                has_rateParam=process == 1,
            )
            for process in range(size.processes)
        ]
    )
    shapes = [
        SystematicUncertainty(
            name=f"shape{shape:03d}", typ="shape", processes=list(processes), years=years(size), value=1.0
        )
        for shape in range(size.shapes)
    ]
    return {
        "years": years(size),
        "mc_processes": processes,
        "data_processes": DataProcesses(
            [DataProcess(name="data_obs", samples=["DATA_A", "DATA_B"], years=years(size))]
        ),
        "systematics": Systematics(shapes),
    }


def analysis(size: Size, **options: Any) -> Analysis:
    """Return an analysis that fits the output of a size."""
    from datacard_core import Analysis, Category

    fitted = {category: Category("variable") for category in categories(size)}
    return Analysis(**declarations(size), categories=fitted, label="bench", **options)
