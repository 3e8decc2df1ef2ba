"""Datasets of the demo: simulated ones, and data as a Poisson fluctuation of the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.demo.events import LARGEST_MARGIN, contents, count, generate, vary
from datacard_core.demo.recipe import DATA_SHARES, EMPTY, ERAS, LUMINOSITY, SYSTEMATICS, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_core.demo.events import Floats, Integers
    from datacard_core.demo.recipe import Sample

INITIAL_PER_CANDIDATE = 3
"""Generated events per event after the preselection."""


@attrs.frozen(eq=False, kw_only=True)
class Dataset:
    """One dataset with its histograms as arrays."""

    name: str
    sample: str
    year: str
    metadata: dict[str, str]
    initial: int
    """Number of generated events."""
    generator_weights: tuple[float, float] | None
    """Sum of the generator weights and of their signs; None for data."""
    passing: dict[str, Integers]
    """Number of selected events in each category, by shape variation."""
    labels: list[str]
    """Labels of all variations."""
    contents: dict[str, Floats]
    """Contents by variable, shape (categories, variations, bins, 2); empty without selected events."""


def simulate(rng: np.random.Generator, sample: Sample, part: str, year: str, events: int) -> Dataset:
    """Return a simulated dataset with about so many events after the preselection."""
    name = "_".join(filter(None, (sample.name, part, year)))
    candidates = 0 if name == EMPTY else round(LARGEST_MARGIN * events)
    # A dataset without events after the preselection was generated too, so its sum of weights is not 0.
    initial = max(INITIAL_PER_CANDIDATE * candidates, 8)
    signs = initial * (1 - 2 * sample.negative)
    cross_section = sum(sample.cross_sections) / len(sample.parts) * LARGEST_MARGIN * INITIAL_PER_CANDIDATE
    systematics = [s for s in SYSTEMATICS if s.only in {"", year, sample.group}]
    varied = vary(generate(rng, sample, candidates, cross_section * LUMINOSITY[year] / signs), systematics)
    shapes = ["nominal", *(label for s in systematics if s.shift for label in s.signs)]
    optional = {"part": part} if part else {}
    return Dataset(
        name=name,
        sample=sample.name,
        year=year,
        metadata={"isMC": "True", "xsec": f"{cross_section / 1000:.6g}", **optional},
        initial=initial,
        generator_weights=(signs, signs),
        passing={label: count(varied[label]) for label in shapes},
        labels=list(varied),
        contents=contents(varied) if candidates else {},
    )


def expectation(simulated: Iterable[Dataset], year: str) -> dict[str, Floats]:
    """Return the sum of the simulation of a year by variable, shape (categories, bins)."""
    of_year = [d for d in simulated if d.year == year and d.contents]
    return {
        name: np.sum([d.contents[name][:, d.labels.index("nominal"), :, 0] for d in of_year], axis=0)
        for name in VARIABLES
    }


def observe(rng: np.random.Generator, stream: str, year: str, expected: Mapping[str, Floats]) -> Dataset:
    """Return the data of a primary dataset in a year, drawn from the expectation of all of them."""
    # The same events fill every variable: their number is drawn once, then their bins for each variable.
    passing = rng.poisson(DATA_SHARES[stream] * expected["discriminant"].sum(axis=1))
    return Dataset(
        name=f"DATA_{stream}_{year}_Era{ERAS[year]}",
        sample=f"DATA_{stream}",
        year=year,
        metadata={"isMC": "False", "primaryDataset": stream, "era": ERAS[year]},
        initial=2 * int(passing.sum()),
        generator_weights=None,
        passing={"nominal": passing},
        labels=["nominal"],
        contents={name: _scatter(rng, passing, of_variable) for name, of_variable in expected.items()},
    )


def _scatter(rng: np.random.Generator, passing: Integers, expected: Floats) -> Floats:
    # Negative weights can make the expectation of a bin negative, and a probability cannot be.
    density = np.clip(expected, 0, None)
    counts = rng.multinomial(passing, density / density.sum(axis=1, keepdims=True)).astype(np.float64)
    return np.stack([counts, counts], axis=-1)[:, np.newaxis]
