"""The demo in small: an analysis and an output of two years, and ways to cut the output into files."""

from __future__ import annotations

import pickle
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import attrs
import lz4.frame

from datacard_core import Systematics
from datacard_core.demo.analysis import analysis

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from datacard_core import Analysis

YEARS = ("2022_preEE", "2024")
SYSTEMATICS = ("lumi_2022", "lumi_2024", "xsec", "norm_vjets", "pileup_2024", "sf_btag", "JER", "JES_Absolute_2024")
"""A few of each way in which the demo declares systematics."""

SMALL_DEMO: Analysis = attrs.evolve(
    analysis, years=YEARS, systematics=Systematics([analysis.systematics[name] for name in SYSTEMATICS])
)
"""The analysis of the demo with fewer years and systematics, and with all its processes and categories."""


def save(path: Path, output: Mapping[str, Any]) -> Path:
    """Write an output as PocketCoffea does."""
    path.write_bytes(lz4.frame.compress(pickle.dumps(output, 5)))
    return path


def written(analysis: Analysis, output: Any, folder: Path, **options: Any) -> dict[str, bytes]:
    """Build an analysis and return the files that it writes, by name."""
    dumping = {name: options[name] for name in ("executor", "jobs") if name in options}
    analysis.build(output, verbose=False, **options).dump(folder, **dumping)
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files of a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def datasets_of(output: Mapping[str, Any], *years: str) -> list[str]:
    """Return the names of the datasets of some years."""
    by_dataset = output["datasets_metadata"]["by_dataset"]
    return [name for name, metadata in by_dataset.items() if metadata["year"] in years]


def of_datasets(output: dict[str, Any], datasets: Collection[str]) -> dict[str, Any]:
    """Return the output that PocketCoffea writes for some of the datasets."""

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
