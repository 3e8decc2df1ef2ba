"""Histograms of the demo output, for its tests."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from datacard_core.demo import demo_output

if TYPE_CHECKING:
    from numpy.typing import NDArray

YEARS = ["2022_preEE", "2022_postEE", "2023_preBPix", "2023_postBPix", "2024"]
MC = {"SignalSampleA", "SignalSampleB", "TTbar", "SingleTop", "Vjets", "VV"}
DATA = {"DATA_EGamma", "DATA_SingleMuon"}
FIXED_KEYS = {"initial", "skim", "presel", "by_dataset", "by_datataking_period", "nominal"}


@functools.cache
def output_of_seed(seed: int) -> dict[str, Any]:
    """Return the output of a seed, which tests must not change."""
    return demo_output(seed=seed)


def histograms(output: dict[str, Any], variable: str, samples: set[str]) -> Iterator[tuple[str, str, Any]]:
    """Yield every (sample, dataset, histogram) of a variable."""
    for sample in sorted(samples):
        for dataset, histogram in output["variables"][variable][sample].items():
            yield sample, dataset, histogram


def templates(output: dict[str, Any], sample: str, category: str, variable: str) -> dict[str, dict[str, Any]]:
    """Return the yields of a sample by year and variation, summed over its datasets."""
    sums: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(float))
    for _, dataset, histogram in histograms(output, variable, {sample}):
        year = output["datasets_metadata"]["by_dataset"][dataset]["year"]
        # One array for all variations: slicing the histogram once per variation takes most of the time of the tests.
        values = histogram[category, :, :].values()
        for variation, of_variation in zip(histogram.axes["variation"], values, strict=True):
            sums[year][variation] += of_variation
    return sums


def total(output: dict[str, Any], category: str, variable: str, samples: set[str]) -> NDArray[Any]:
    """Return the yields of some samples in all years, nominal for simulation."""
    contents = [
        h[category, "nominal", :].values() if sample in MC else h[category, :].values()
        for sample, _, h in histograms(output, variable, samples)
    ]
    return np.asarray(np.sum(contents, axis=0))


def structure(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield the path, the type and the default of each container or value, with * for keys of one analysis."""
    yield path, type(node).__name__, str(getattr(node, "default_factory", ""))
    if isinstance(node, Mapping):
        for key, entry in node.items():
            yield from structure(entry, (*path, key if not path or key in FIXED_KEYS else "*"))
    if isinstance(node, set):
        yield from (((*path, "{}"), type(entry).__name__, "") for entry in node)
