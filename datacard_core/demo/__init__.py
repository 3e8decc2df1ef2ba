"""A small output with the structure of PocketCoffea's, made up from a seed: to learn and to try things on.

    demo_output   the output as `coffea.util.load` would return it
    write_demo    the same as a file, with an analysis script beside it

Every simulated event holds its variables as fractions of their ranges, which keeps all of them inside. A
shift raises the fractions to a power near one: smooth, and again inside.
"""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs
import cloudpickle
import lz4.frame
import numpy as np
from hist import Hist
from hist.axis import Regular, StrCategory
from hist.storage import Weight

from datacard_core.errors import ExistingFileError
from datacard_core.output.staging import staging

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

__all__ = ["DemoFiles", "demo_output", "write_demo"]


class _Sample(NamedTuple):
    name: str
    parts: tuple[str, ...]  # one dataset a year for each
    group: str  # whose b-tagging scale factor it carries
    cross_sections: tuple[float, ...]  # in fb, after the selection of each category
    discriminant: tuple[float, float]  # the two parameters of a beta distribution
    steepness: tuple[float, float]  # of the exponential fall of control_var_1 and nJets over their ranges
    negative: float = 0.0  # fraction of events with a negative weight


class _Systematic(NamedTuple):
    name: str
    rate: float  # relative effect on the number of events
    slope: float = 0.0  # what a weight adds to that between the softest and the hardest event
    shift: float = 0.0  # relative effect on the variables; weights have none
    only: str = ""  # the one group or year that has it

    @property
    def signs(self) -> dict[str, int]:
        return {f"{self.name}Up": 1, f"{self.name}Down": -1}


class _Events(NamedTuple):
    fractions: Floats  # (variable, event), where in its range the variable is
    category: Integers
    weight: Floats
    margin: Floats  # the selection takes an event below 1


class _Dataset(NamedTuple):
    name: str
    sample: str
    year: str
    metadata: dict[str, str]
    initial: int
    generator_weights: tuple[float, float] | None  # sum of weights and of their signs; None for data
    passing: dict[str, Integers]  # selected events in each category, by shape variation
    labels: list[str]  # all variations
    contents: dict[str, Floats]  # by variable: (category, variation, bin, value or variance)


_LUMINOSITY = {  # in /fb
    "2022_preEE": 8.0,
    "2022_postEE": 26.7,
    "2023_preBPix": 17.8,
    "2023_postBPix": 9.5,
    "2024": 109.0,
}
_ERAS = {"2022_preEE": "C", "2022_postEE": "F", "2023_preBPix": "C", "2023_postBPix": "D", "2024": "G"}
_CATEGORIES = ("CR1", "CR2", "SR")
_VARIABLES = {
    "discriminant": Regular(20, 0, 1, name="events.discriminant", label="Discriminant"),
    "control_var_1": Regular(20, 150, 1150, name="events.control_var_1", label="$H_T + p_T^{miss}$ [GeV]"),
    "nJets": Regular(8, 4, 12, name="events.nJets", label="$N_{jets}$"),
}
_SAMPLES = (
    _Sample("SignalSampleA", ("",), "groupA", (0.6, 0.3, 2.0), (2.4, 1.1), (1.2, 2.6)),
    _Sample("SignalSampleB", ("",), "groupA", (0.4, 0.2, 1.2), (2.2, 1.2), (1.4, 2.8), negative=0.01),
    _Sample("TTbar", ("SemiLep", "DiLep"), "groupA", (160.0, 70.0, 75.0), (1.3, 1.9), (1.8, 4.5)),
    _Sample("SingleTop", ("",), "groupA", (14.0, 10.0, 9.0), (1.4, 1.9), (1.9, 5.0), negative=0.02),
    _Sample("Vjets", ("",), "groupB", (10.0, 45.0, 12.0), (1.2, 2.0), (2.0, 5.2), negative=0.03),
    _Sample("VV", ("WW", "ZZ"), "groupB", (3.0, 6.0, 2.5), (1.3, 1.8), (1.7, 5.2)),
)
_DATA_SHARES = {"EGamma": 0.45, "SingleMuon": 0.55}
_EMPTY = "VV_ZZ_2022_preEE"
_SYSTEMATICS = (
    _Systematic("sf_ele_reco", 0.012, slope=0.010),
    _Systematic("sf_mu_id", 0.008, slope=0.006),
    _Systematic("pileup", 0.010, slope=0.030),
    _Systematic("btag_stat", 0.015, slope=0.030),
    _Systematic("sf_btag_groupA", 0.030, slope=0.050, only="groupA"),
    _Systematic("sf_btag_groupB", 0.060, slope=0.060, only="groupB"),
    _Systematic("ele_scale", 0.005, shift=0.006),
    _Systematic("muon_scale", 0.003, shift=0.004),
    _Systematic("met_unclustered", 0.010, shift=0.012),
    _Systematic("JES_Absolute", 0.030, shift=0.030),
    _Systematic("JER", 0.010, shift=0.015),
    _Systematic("JES_Absolute_2024", 0.015, shift=0.015, only="2024"),
)
_LARGEST_MARGIN = 1.1  # above 1 + every rate, so that an upward variation finds events to take in
_INITIAL_PER_CANDIDATE = 3


def demo_output(events: int = 5000, seed: int = 1) -> dict[str, Any]:
    """Return a merged output of five data-taking periods, with three categories and three variables.

    Equal arguments give equal outputs. Data are a Poisson fluctuation of the simulation with its signal.

    Args:
        events: events that each simulated dataset has after the preselection, on average. With much fewer
            than the default, the least populated bins become empty.
        seed: of the random numbers.

    Returns:
        The nine keys of a PocketCoffea output.
    """
    rng = np.random.default_rng(seed)
    simulated = [
        _simulate(rng, sample, part, year, events)
        for year in _LUMINOSITY
        for sample in _SAMPLES
        for part in sample.parts
    ]
    observed = [
        _observe(rng, stream, year, _expectation(simulated, year)) for year in _LUMINOSITY for stream in _DATA_SHARES
    ]
    return _assemble([*observed, *simulated])


def _simulate(rng: np.random.Generator, sample: _Sample, part: str, year: str, events: int) -> _Dataset:
    name = "_".join(filter(None, (sample.name, part, year)))
    candidates = 0 if name == _EMPTY else round(_LARGEST_MARGIN * events)
    initial = max(_INITIAL_PER_CANDIDATE * candidates, 8)
    signs = initial * (1 - 2 * sample.negative)
    cross_section = sum(sample.cross_sections) / len(sample.parts) * _LARGEST_MARGIN * _INITIAL_PER_CANDIDATE
    systematics = [s for s in _SYSTEMATICS if s.only in {"", year, sample.group}]
    varied = _vary(_generate(rng, sample, candidates, cross_section * _LUMINOSITY[year] / signs), systematics)
    shapes = ["nominal", *(label for s in systematics if s.shift for label in s.signs)]
    optional = {"part": part} if part else {}
    return _Dataset(
        name,
        sample.name,
        year,
        {"isMC": "True", "xsec": f"{cross_section / 1000:.6g}", **optional},
        initial,
        generator_weights=(signs, signs),
        passing={label: _count(varied[label]) for label in shapes},
        labels=list(varied),
        contents=_contents(varied) if candidates else {},
    )


def _generate(rng: np.random.Generator, sample: _Sample, candidates: int, weight: float) -> _Events:
    # as many events in each category, with weights that make up for it: none is short of statistics
    category = rng.integers(len(_CATEGORIES), size=candidates)
    relative = np.array(sample.cross_sections) / np.mean(sample.cross_sections)
    sign = np.where(rng.random(candidates) < sample.negative, -1.0, 1.0)
    return _Events(
        fractions=np.stack(
            [
                rng.beta(*sample.discriminant, size=candidates),
                *(_falling(rng, steepness, candidates) for steepness in sample.steepness),
            ]
        ),
        category=category,
        weight=weight * sign * relative[category],
        margin=rng.uniform(0, _LARGEST_MARGIN, candidates),
    )


def _falling(rng: np.random.Generator, steepness: float, size: int) -> Floats:
    """Return numbers between 0 and 1 that follow exp(-steepness * x)."""
    quantile = rng.random(size)
    fall: Floats = np.log1p(quantile * np.expm1(-steepness)) / -steepness
    return fall


def _vary(events: _Events, systematics: Iterable[_Systematic]) -> dict[str, _Events]:
    """Return the events of each variation, the labels sorted as on the axis."""
    varied = {label: _varied(events, s, sign) for s in systematics for label, sign in s.signs.items()}
    return dict(sorted({"nominal": events, **varied}.items()))


def _varied(events: _Events, systematic: _Systematic, sign: int) -> _Events:
    if systematic.shift:
        return events._replace(
            fractions=events.fractions ** (1 + systematic.shift) ** -sign,
            margin=events.margin / (1 + systematic.rate) ** sign,
        )
    hardness = events.fractions[:2].mean(axis=0) - 0.5
    factor = 1 + systematic.rate + systematic.slope * hardness
    return events._replace(weight=events.weight * factor**sign)


def _count(events: _Events) -> Integers:
    return np.bincount(events.category[events.margin < 1], minlength=len(_CATEGORIES))


def _contents(varied: Mapping[str, _Events]) -> dict[str, Floats]:
    return {
        name: np.stack([_bin(events, i, axis.size) for events in varied.values()], axis=1)
        for i, (name, axis) in enumerate(_VARIABLES.items())
    }


def _bin(events: _Events, variable: int, bins: int) -> Floats:
    position = np.minimum((events.fractions[variable] * bins).astype(np.intp), bins - 1)
    index = events.category * bins + position
    weight = np.where(events.margin < 1, events.weight, 0.0)
    moments = [np.bincount(index, w, len(_CATEGORIES) * bins) for w in (weight, weight**2)]
    return np.array(moments, dtype=np.float64).T.reshape(len(_CATEGORIES), bins, 2)


def _expectation(simulated: Iterable[_Dataset], year: str) -> dict[str, Floats]:
    """Return the simulation's sum in each category and bin, by variable."""
    of_year = [d for d in simulated if d.year == year and d.contents]
    return {
        name: np.sum([d.contents[name][:, d.labels.index("nominal"), :, 0] for d in of_year], axis=0)
        for name in _VARIABLES
    }


def _observe(rng: np.random.Generator, stream: str, year: str, expectation: Mapping[str, Floats]) -> _Dataset:
    # the same events fill every variable: how many they are is drawn once, then where each variable puts them
    passing = rng.poisson(_DATA_SHARES[stream] * expectation["discriminant"].sum(axis=1))
    return _Dataset(
        f"DATA_{stream}_{year}_Era{_ERAS[year]}",
        f"DATA_{stream}",
        year,
        {"isMC": "False", "primaryDataset": stream, "era": _ERAS[year]},
        initial=2 * int(passing.sum()),
        generator_weights=None,
        passing={"nominal": passing},
        labels=["nominal"],
        contents={name: _scatter(rng, passing, expected) for name, expected in expectation.items()},
    )


def _scatter(rng: np.random.Generator, passing: Integers, expected: Floats) -> Floats:
    density = np.clip(expected, 0, None)
    counts = rng.multinomial(passing, density / density.sum(axis=1, keepdims=True)).astype(np.float64)
    return np.stack([counts, counts], axis=-1)[:, np.newaxis]


def _assemble(datasets: Iterable[_Dataset]) -> dict[str, Any]:
    """Return the nine keys, in PocketCoffea's containers and order."""
    datasets = list(datasets)
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


def _sums(datasets: Iterable[_Dataset], moment: int) -> dict[str, Any]:
    filled = [d for d in datasets if d.generator_weights and d.contents]
    totals = {d.name: d.contents["discriminant"][..., moment].sum(axis=-1) for d in filled}
    return {
        category: {
            d.name: {d.sample: {label: totals[d.name][i, d.labels.index(label)] for label in d.passing}} for d in filled
        }
        for i, category in enumerate(_CATEGORIES)
    }


def _cutflow(datasets: list[_Dataset]) -> dict[str, Any]:
    filled = [d for d in datasets if d.contents]
    return {
        "initial": {d.name: d.initial for d in datasets},
        "skim": {d.name: d.initial if d.contents else 0 for d in datasets},
        "presel": {d.name: {label: int(n.sum()) for label, n in d.passing.items()} for d in datasets},
    } | {
        category: {d.name: {d.sample: {label: n[i] for label, n in d.passing.items()}} for d in filled}
        for i, category in enumerate(_CATEGORIES)
    }


def _variables(datasets: Iterable[_Dataset]) -> dict[str, Any]:
    variables: dict[str, Any] = {name: defaultdict(dict) for name in _VARIABLES}
    for dataset in datasets:
        for name, contents in dataset.contents.items():
            variables[name][dataset.sample][dataset.name] = _histogram(dataset, contents, _VARIABLES[name])
    return variables


def _histogram(dataset: _Dataset, contents: Floats, axis: Regular) -> Hist[Any]:
    category = StrCategory(_CATEGORIES, name="cat", label="Category")
    if dataset.generator_weights is None:
        data: Hist[Any] = Hist(category, axis, storage=Weight(), name="Counts")
        data[...] = contents[:, 0]
        return data
    variation = StrCategory(dataset.labels, name="variation", label="Variation")
    simulation: Hist[Any] = Hist(category, variation, axis, storage=Weight(), name="Counts")
    simulation[...] = contents
    return simulation


def _datasets_metadata(datasets: Iterable[_Dataset]) -> dict[str, Any]:
    by_period: dict[str, Any] = {year: defaultdict(set) for year in _LUMINOSITY}
    by_dataset: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for d in datasets:
        by_period[d.year][d.sample].add(d.name)
        by_dataset[d.name] = _metadata(d)
    return {"by_datataking_period": by_period, "by_dataset": by_dataset}


def _metadata(dataset: _Dataset) -> dict[str, str]:
    return {
        "das_names": f"['/{dataset.name}/demo/NANOAOD']",
        "sample": dataset.sample,
        "year": dataset.year,
        **dataset.metadata,
        "nevents": str(dataset.initial),
        "size": str(200 * dataset.initial),
    }


@attrs.frozen
class DemoFiles:
    """Where `write_demo` put its files.

    Attributes:
        output: the `.coffea` file.
        analysis: the analysis script, to be read and changed.
    """

    output: Path
    analysis: Path


def write_demo(directory: Path) -> DemoFiles:
    """Write `output_all.coffea` and `analysis.py` into a directory, which is made if need be.

    A file that holds already what would be written stays as it is.

    Raises:
        ExistingFileError: a different file stands in the way; then nothing is written.
    """
    demo = DemoFiles(output=directory / "output_all.coffea", analysis=directory / "analysis.py")
    contents = {
        demo.output: lz4.frame.compress(cloudpickle.dumps(_with_ordered_sets(demo_output()))),
        demo.analysis: files(__name__).joinpath("analysis.py").read_bytes(),
    }
    missing = [path for path, content in contents.items() if not _holds(path, content)]
    with staging(directory) as stage:
        for path in missing:
            stage.path(path.name).write_bytes(contents[path])
    return demo


class _OrderedSet(set[str]):
    """Pickled as a set whose elements come sorted: the order of hashes differs from run to run."""

    def __reduce__(self) -> tuple[type, tuple[list[str]]]:
        return set, (sorted(self),)


def _with_ordered_sets(output: dict[str, Any]) -> dict[str, Any]:
    metadata = output["datasets_metadata"]
    by_period = {
        year: defaultdict(set, {sample: _OrderedSet(names) for sample, names in samples.items()})
        for year, samples in metadata["by_datataking_period"].items()
    }
    return {**output, "datasets_metadata": {**metadata, "by_datataking_period": by_period}}


def _holds(path: Path, content: bytes) -> bool:
    if not path.exists():
        return False
    if not path.is_file() or path.read_bytes() != content:
        raise ExistingFileError(f"{path} exists and is not what the demo would write")
    return True
