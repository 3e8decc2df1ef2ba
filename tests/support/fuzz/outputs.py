"""Small outputs with random contents, and declarations for them."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import hist
import numpy as np

from datacard_core import (
    Analysis,
    Category,
    Datacard,
    DataProcess,
    DataProcesses,
    MCProcess,
    MCProcesses,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)
from tests.support.fuzz.oracle import Meaning

if TYPE_CHECKING:
    from random import Random

YEARS = ("2022", "2023")
CATEGORIES = ("SR", "CR")
SIMULATED = ("Signal", "TTbar", "Vjets")
PARTS = {"TTbar": ("a", "b")}
OBSERVED = ("Muon",)
PLUGINS = load_plugins()
MEANING = Meaning(
    signals={"sig": ["Signal"]},
    backgrounds={"tt": ["TTbar"], "vj": ["Vjets"]},
    data=["Muon"],
    shape="JES",
    factors={"lumi": (["sig", "tt", "vj"], 1.02)},
)


def histogram(rng: Random, axis: Any = None, *, labels: tuple[str, ...] | None, storage: Any = None) -> Any:
    """Return a histogram with random contents; labels are those of the variations, None for data."""
    axes: list[Any] = [hist.axis.StrCategory(CATEGORIES, name="cat")]
    if labels is not None:
        axes.append(hist.axis.StrCategory(sorted(labels), name="variation"))
    axes.append(hist.axis.Regular(6, 0, 6, name="m") if axis is None else axis)
    made: Any = hist.Hist(*axes, storage=storage or hist.storage.Weight())
    random = np.random.default_rng(rng.getrandbits(32))
    contents = np.asarray(made.view(flow=True))
    numbers = random.poisson(20, contents.shape) if labels is None else random.gamma(2.0, 5.0, contents.shape)
    if contents.dtype.names:
        contents["value"], contents["variance"] = numbers, numbers
    else:
        contents[...] = numbers
    return made


def output(rng: Random) -> dict[str, Any]:
    """Return an output as PocketCoffea writes it."""
    by_sample: dict[str, dict[str, Any]] = defaultdict(dict)
    periods: dict[str, dict[str, set[str]]] = {year: defaultdict(set) for year in YEARS}
    by_dataset: dict[str, dict[str, str]] = {}
    cutflow: dict[str, dict[str, Any]] = {name: {} for name in ("presel", *CATEGORIES)}
    for year, sample in itertools.product(YEARS, (*SIMULATED, *OBSERVED)):
        for part in PARTS.get(sample, ("",)):
            dataset = f"{sample}{part}_{year}"
            labels = None if sample in OBSERVED else ("nominal", "JESUp", "JESDown")
            by_sample[sample][dataset] = histogram(rng, labels=labels)
            periods[year][sample].add(dataset)
            by_dataset[dataset] = {"sample": sample, "year": year, "isMC": str(labels is not None)}
            cutflow["presel"][dataset] = {"nominal": 100}
            for category in CATEGORIES:
                cutflow[category][dataset] = {sample: dict.fromkeys(labels or ("nominal",), 50)}
    return {
        "variables": {"m": dict(by_sample)},
        "datasets_metadata": {"by_datataking_period": periods, "by_dataset": by_dataset},
        "cutflow": cutflow,
    }


def shells(tree: Any) -> Any:
    """Return a copy of an output whose containers can be changed; histograms are shared."""
    if isinstance(tree, dict):
        return {key: shells(entry) for key, entry in tree.items()}
    return set(tree) if isinstance(tree, set) else tree


def processes() -> MCProcesses:
    """Return the simulated processes of the meaning."""
    return MCProcesses(
        MCProcess(name=name, samples=list(samples), years=list(YEARS), is_signal=of is MEANING.signals)
        for of in (MEANING.signals, MEANING.backgrounds)
        for name, samples in of.items()
    )


def declared() -> dict[str, Any]:
    """Return the declarations of the meaning, as arguments of a card or of an analysis."""
    names = list(processes())
    return {
        "years": list(YEARS),
        "mc_processes": processes(),
        "systematics": Systematics(
            [
                SystematicUncertainty("lumi", "lnN", names, list(YEARS), 1.02),
                SystematicUncertainty("JES", "shape", names, list(YEARS), 1.0),
            ]
        ),
        "data_processes": DataProcesses([DataProcess(name="data_obs", samples=["Muon"], years=list(YEARS))]),
        "mcstat": False,
        "plugins": PLUGINS,
    }


def card(of: dict[str, Any]) -> Datacard:
    """Return the card of an output that a script has loaded."""
    return Datacard(
        of["variables"]["m"],
        of["datasets_metadata"],
        of["cutflow"],
        category="SR",
        bin_suffix="x",
        verbose=False,
        **declared(),
    )


def analysis() -> Analysis:
    """Return the declarations as an analysis."""
    return Analysis(categories={"SR": Category("m")}, label="x", **declared())
