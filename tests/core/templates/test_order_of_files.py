"""Sums of histograms that come in the order of a file: the same as of a loaded output, with findings and problems."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

from datacard_core.inputs.coffea import load_output, open_output
from datacard_core.inputs.histograms import stored
from datacard_core.inputs.output import HistogramSet
from datacard_core.templates.collector import Collector, collect_all
from tests.support import outputs as by_hand
from tests.support.coffea_files import save
from tests.support.internals import layout, request

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core.templates.sums import Sums

LABELS = ("nominal", "JESUp", "JESDown")
SAMPLES = ("TTbar", "WW", "WZ")
YEARS = ("2022", "2023")
ROWS = layout(
    request("vv_2023", ("WZ", "2023"), ("WW", "2023"), labels=LABELS),
    request("ttbar_2022", ("TTbar", "2022"), labels=LABELS),
    request("vv_2022", ("WW", "2022"), ("WZ", "2022")),
    request("all_2023", ("WW", "2023"), ("TTbar", "2023"), ("WZ", "2023"), labels=LABELS[:2]),
)


def written(folder: Path, faults: bool) -> Path:
    """Return the path of an output with three datasets of each sample and year, in another order than the columns."""
    numbers = np.random.default_rng(1)
    made = by_hand.Output()
    places = [(sample, year, part) for sample in SAMPLES for year in YEARS for part in "abc"]
    random.Random(2).shuffle(places)  # noqa: S311 - nothing secret
    for sample, year, part in places:
        labels = LABELS if part != "b" else LABELS[:2]
        scale = 1e9 if part == "c" else 1e-3
        contents = {label: (scale * numbers.normal(size=3)).tolist() for label in labels}
        if faults and part == "a":
            contents["nominal"][1] = float("nan") if sample != "WW" else 1e30
        made.mc(sample, year, part, **contents)
    output: dict[str, Any] = {
        "variables": {"m": made.histograms, "n": made.histograms},
        "datasets_metadata": {
            **made.metadata,
            "by_dataset": {
                f"{sample}_{part}_{year}": {"sample": sample, "year": year, "isMC": "True"}
                for sample, year, part in places
            },
        },
        "cutflow": made.cutflow,
    }
    return save(folder / "a.coffea", output)


def sums(output: dict[str, Any]) -> list[Sums]:
    """Return the sums of two variables, which are read in one pass."""
    collectors = [
        Collector(
            HistogramSet(histograms=of, datasets_metadata=output["datasets_metadata"], cutflow=output["cutflow"]),
            ROWS,
            ("SR",),
            alone=alone,
            parts=False,
        )
        for of, alone in ((output["variables"]["m"], True), (output["variables"]["n"], False))
    ]
    collect_all(collectors)
    return [collector.finished()["SR"] for collector in collectors]


def test_sums_in_the_order_of_a_file(tmp_path: Path) -> None:
    """Templates and findings are the same to the last bit where all columns are summed at a time."""
    file = written(tmp_path, faults=False)
    # Edges of 32 bytes are kept, and bins of some hundred are not.
    output = open_output(file, keep=100)
    assert stored(output["variables"]["m"]["WW"]["WW_a_2022"]).unread is not None
    for one, other in zip(sums(output), sums(load_output(file, arrays=True)), strict=True):
        left, loaded = one.complete(), other.complete()
        assert left.values.tobytes() == loaded.values.tobytes()
        assert left.variances.tobytes() == loaded.variances.tobytes()
        assert left.fallbacks == loaded.fallbacks
        assert left.findings == loaded.findings
        assert left.present.tolist() == loaded.present.tolist()


def test_problems_in_the_order_of_columns(tmp_path: Path) -> None:
    """Problems of histograms are told in the order of columns, whatever the order in the file."""
    file = written(tmp_path, faults=True)
    left, loaded = (
        sums(output)[0].problems for output in (open_output(file, keep=100), load_output(file, arrays=True))
    )
    assert left == loaded
    assert len(loaded) > len(SAMPLES)
