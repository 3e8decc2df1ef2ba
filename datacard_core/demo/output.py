"""Output of the demo: the nine keys of an output of PocketCoffea."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from hist import Hist
from hist.axis import StrCategory
from hist.storage import Weight

from datacard_core.demo.datasets import expectation, observe, simulate
from datacard_core.demo.recipe import CATEGORIES, DATA_SHARES, LUMINOSITY, SAMPLES, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hist.axis import Regular

    from datacard_core.demo.datasets import Dataset
    from datacard_core.demo.events import Floats


def demo_output(events: int = 5000, seed: int = 1) -> dict[str, Any]:
    """Return a merged output of five data-taking periods, with three categories and three variables.

    Equal arguments give equal outputs. Data are a Poisson fluctuation of the simulation with its signal.

    Args:
        events: mean number of events of a simulated dataset after the preselection. With far fewer events than the
            default, the least populated bins become empty.
        seed: seed of the random numbers.

    Returns:
        The nine keys of a PocketCoffea output.
    """
    rng = np.random.default_rng(seed)
    simulated = [
        simulate(rng, sample, part, year, events) for year in LUMINOSITY for sample in SAMPLES for part in sample.parts
    ]
    observed = [
        observe(rng, stream, year, expectation(simulated, year)) for year in LUMINOSITY for stream in DATA_SHARES
    ]
    return _assemble([*observed, *simulated])


def _assemble(datasets: list[Dataset]) -> dict[str, Any]:
    """Return the nine keys, in PocketCoffea's containers and order."""
    simulated = {d.name: d.generator_weights for d in datasets if d.generator_weights}
    return {
        "sum_genweights": {name: np.float32(weights) for name, (weights, _) in simulated.items()},
        "sum_signOf_genweights": {name: np.float32(signs) for name, (_, signs) in simulated.items()},
        "sumw": _sums(datasets, 0),
        "sumw2": _sums(datasets, 1),
        "cutflow": _cutflow(datasets),
        "variables": _variables(datasets),
        "columns": {},
        "processing_metadata": {},
        "datasets_metadata": _datasets_metadata(datasets),
    }


def _sums(datasets: Iterable[Dataset], moment: int) -> dict[str, Any]:
    filled = [d for d in datasets if d.generator_weights and d.contents]
    totals = {d.name: d.contents["discriminant"][..., moment].sum(axis=-1) for d in filled}
    return {
        category: {
            d.name: {d.sample: {label: totals[d.name][i, d.labels.index(label)] for label in d.passing}} for d in filled
        }
        for i, category in enumerate(CATEGORIES)
    }


def _cutflow(datasets: list[Dataset]) -> dict[str, Any]:
    filled = [d for d in datasets if d.contents]
    return {
        "initial": {d.name: d.initial for d in datasets},
        "skim": {d.name: d.initial if d.contents else 0 for d in datasets},
        "presel": {d.name: {label: int(n.sum()) for label, n in d.passing.items()} for d in datasets},
    } | {
        category: {d.name: {d.sample: {label: n[i] for label, n in d.passing.items()}} for d in filled}
        for i, category in enumerate(CATEGORIES)
    }


def _variables(datasets: Iterable[Dataset]) -> dict[str, Any]:
    variables: dict[str, Any] = {name: defaultdict(dict) for name in VARIABLES}
    for dataset in datasets:
        for name, contents in dataset.contents.items():
            variables[name][dataset.sample][dataset.name] = _histogram(dataset, contents, VARIABLES[name])
    return variables


def _histogram(dataset: Dataset, contents: Floats, axis: Regular) -> Hist[Any]:
    category = StrCategory(CATEGORIES, name="cat", label="Category")
    # PocketCoffea fills data without an axis of variations.
    if dataset.generator_weights is None:
        data: Hist[Any] = Hist(category, axis, storage=Weight(), name="Counts")
        data[...] = contents[:, 0]
        return data
    variation = StrCategory(dataset.labels, name="variation", label="Variation")
    simulation: Hist[Any] = Hist(category, variation, axis, storage=Weight(), name="Counts")
    simulation[...] = contents
    return simulation


def _datasets_metadata(datasets: Iterable[Dataset]) -> dict[str, Any]:
    by_period: dict[str, Any] = {year: defaultdict(set) for year in LUMINOSITY}
    by_dataset: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for d in datasets:
        by_period[d.year][d.sample].add(d.name)
        by_dataset[d.name] = _metadata(d)
    return {"by_datataking_period": by_period, "by_dataset": by_dataset}


def _metadata(dataset: Dataset) -> dict[str, str]:
    return {
        "das_names": f"['/{dataset.name}/demo/NANOAOD']",
        "sample": dataset.sample,
        "year": dataset.year,
        **dataset.metadata,
        "nevents": str(dataset.initial),
        "size": str(200 * dataset.initial),
    }
