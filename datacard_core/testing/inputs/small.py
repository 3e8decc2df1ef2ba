"""Small output for tests, and cards of it: three processes in two years, three bins, and data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hist
import numpy as np

from datacard_core.datacard import Datacard
from datacard_core.declare.processes import DataProcess, DataProcesses, MCProcess, MCProcesses
from datacard_core.declare.systematics import Systematics

if TYPE_CHECKING:
    from datacard_core.declare.systematics import SystematicUncertainty
    from datacard_core.plugins.manager import Plugins

YEARS = ("2022", "2023")
VARIABLE = "x"
CATEGORY = "SR"
CONTENTS = {"Signal": (1.0, 2.0, 4.0), "Top": (30.0, 20.0, 10.0), "Vjets": (9.0, 8.0, 7.0)}
"""Yields in 2022, by sample. Those in 2023 are twice as large, so that a mistaken year shows."""
VARIATIONS = {
    "nominal": (1.0, 1.0, 1.0),
    "jesUp": (1.25, 1.0, 0.75),
    "jesDown": (0.75, 1.0, 1.25),
    "scale_0": (0.5, 1.0, 1.0),
    "scale_1": (1.0, 1.5, 1.0),
    "scale_2": (1.0, 1.0, 1.25),
}
"""Factors on the yields of every sample, by variation; powers of two and their sums, so that results are exact."""
OBSERVED = (60.0, 45.0, 31.0)
"""Observed events per bin in each year."""


def small_output() -> dict[str, Any]:
    """Return a new small output, as `load_output` returns it.

    It has the variable "x" with three bins from 0 to 3, the category "SR", the years 2022 and 2023, and the samples
    Signal, Top, Vjets and Data. Variances are a quarter of the yields, and for data the counts.

    Returns:
        The keys "variables", "datasets_metadata" and "cutflow" of an output, with new histograms at each call.
    """
    histograms: dict[str, dict[str, hist.Hist[Any]]] = {}
    for sample, contents in CONTENTS.items():
        for factor, year in enumerate(YEARS, start=1):
            values = factor * np.array(contents) * np.array(list(VARIATIONS.values()))
            histogram = _histogram(list(VARIATIONS), values, 0.25 * values)
            histograms.setdefault(sample, {})[f"{sample}_{year}"] = histogram
    for year in YEARS:
        histograms.setdefault("Data", {})[f"Data_{year}"] = _histogram([], OBSERVED, OBSERVED)
    by_dataset = {
        f"{sample}_{year}": {"sample": sample, "year": year, "isMC": str(sample != "Data")}
        for sample in histograms
        for year in YEARS
    }
    periods = {year: {sample: {f"{sample}_{year}"} for sample in histograms} for year in YEARS}
    return {
        "variables": {VARIABLE: histograms},
        "datasets_metadata": {"by_datataking_period": periods, "by_dataset": by_dataset},
        "cutflow": {"presel": dict.fromkeys(by_dataset, 10)},
    }


def small_arguments(
    *systematics: SystematicUncertainty, output: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """Return the keyword arguments of a Datacard on the small output.

    Args:
        systematics: declarations on the processes signal, top and vjets, beside autoMCStats.
        output: a small output to use instead of a new one.
        changes: arguments of `Datacard` to add or to replace.
    """
    output = small_output() if output is None else output
    simulated = (("signal", "Signal", True), ("top", "Top", False), ("vjets", "Vjets", False))
    arguments: dict[str, Any] = {
        "histograms": output["variables"][VARIABLE],
        "datasets_metadata": output["datasets_metadata"],
        "cutflow": output["cutflow"],
        "years": YEARS,
        "mc_processes": MCProcesses(
            MCProcess(name=name, samples=[sample], years=YEARS, is_signal=is_signal)
            for name, sample, is_signal in simulated
        ),
        "systematics": Systematics(systematics),
        "category": CATEGORY,
        "data_processes": DataProcesses([DataProcess(name="data", samples=["Data"], years=YEARS)]),
        "verbose": False,
    }
    return arguments | changes


def small_card(*systematics: SystematicUncertainty, plugins: Plugins | None = None, **changes: Any) -> Datacard:
    """Return a card of the small output, with the processes signal, top and vjets of 2022 and 2023, and data.

    Args:
        systematics: declarations on these processes, beside autoMCStats.
        plugins: the selected plugins; the built-in set by default.
        changes: arguments of `Datacard` to add or to replace.

    Raises:
        DatacardError: the card cannot be built, for the reasons that `Datacard` gives.
    """
    return Datacard(**small_arguments(*systematics, plugins=plugins, **changes))


def _histogram(variations: list[str], values: Any, variances: Any) -> hist.Hist[Any]:
    axes: list[Any] = [hist.axis.StrCategory([CATEGORY], name="cat")]
    if variations:
        axes.append(hist.axis.StrCategory(variations, name="variation"))
    histogram: hist.Hist[Any] = hist.Hist(
        *axes, hist.axis.Regular(3, 0, 3, name=VARIABLE), storage=hist.storage.Weight()
    )
    view: Any = histogram.view()
    view["value"][0], view["variance"][0] = values, variances
    return histogram
