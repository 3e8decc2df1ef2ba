"""Toy data, and the goodness of fit by the saturated model.

Source: R. Cousins, "Generalization of chisquare goodness-of-fit test for binned data using saturated models" (2013), as
`combine -M GoodnessOfFit --algo saturated` has it.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core import InputError, closest
from datacard_fit.evaluation.bins import Data
from datacard_fit.minimum.task import Task
from datacard_fit.sharing import shared

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacard_core import ExecutorLike, FloatArray
    from datacard_fit.likelihood import Likelihood
    from datacard_fit.minimum.minimiser import Minimum


@attrs.frozen(eq=False, kw_only=True)
class Toys:
    """Toy data of a likelihood."""

    channels: tuple[str, ...]
    bins: tuple[int, ...]
    """Number of bins of each channel."""
    names: tuple[str, ...]
    """Parameters with a measured value in `centers`."""
    data: tuple[Data, ...]
    """The toys, as the functions that fit take them."""

    def arrays(self) -> dict[str, FloatArray]:
        """Return counts as `events/` and channel, shape (toys, bins), and measured values as `constraint/` and name."""
        events = np.array([toy.events for toy in self.data])
        centers = np.array([toy.centers for toy in self.data])
        pulls = np.array([toy.bins for toy in self.data])
        named = zip(self.channels, self.bins, strict=True)
        found = {f"events/{name}": events[:, place, :number] for place, (name, number) in enumerate(named)}
        found |= {f"constraint/{name}": centers[:, place] for place, name in enumerate(self.names)}
        bins = enumerate(zip(self.channels, self.bins, strict=True))
        found |= {f"constraint/prop_bin{name}": pulls[:, place, :number] for place, (name, number) in bins}
        return found


def toys(
    likelihood: Likelihood,
    count: int,
    *,
    seed: int = 1,
    fitted: bool = False,
    data: Data | None = None,
    values: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    freeze: Iterable[str] = (),
) -> Toys:
    """Return toy data, each with counts and measured values of the constrained parameters.

    Args:
        likelihood: the likelihood.
        count: number of toys.
        seed: seed of the random numbers; toy n is the same however many are drawn.
        fitted: draw them at the best fit, in place of the start values, which do not depend on the data.
        data: observations that are fitted; those of the model without.
        values: start values by parameter.
        ranges: lowest and highest value by parameter.
        freeze: parameters and groups that stay at their start values.
    """
    task = Task.of(likelihood, data=data, values=values, ranges=ranges, freeze=freeze)
    at = task.best().at if fitted else task.start
    if not fitted:
        # Data that the start values expect have their parameters of whole bins at 0.
        none = np.zeros_like(task.data.bins)
        events = likelihood.engine.expected(at, none) * likelihood.compiled.valid
        task = attrs.evolve(task, data=attrs.evolve(likelihood.data, events=events))
    compiled = likelihood.compiled
    return Toys(
        channels=compiled.channels,
        bins=compiled.bins,
        names=likelihood.names[: len(at)],
        data=tuple(toy(task, at, part) for part in np.random.SeedSequence(seed).spawn(count)),
    )


def read_toys(likelihood: Likelihood, path: str | os.PathLike[str]) -> Toys:
    """Return the toys of a file that `datacard toys` has written.

    Args:
        likelihood: the likelihood, of the cards that the toys were drawn from.
        path: the file.

    Raises:
        InputError: the file cannot be read, or its arrays are not those of the likelihood; all problems are told.
    """
    try:
        with Path(path).open("rb") as start:
            is_root = start.read(4) == b"root"
    except OSError as error:
        raise InputError([f"{path} cannot be read as a file of toys: {error}"]) from error
    if is_root:
        # uproot fails at the arguments of a RooDataSet, which RooFit streams by code of its own.
        raise InputError(
            f"{path} is a ROOT file: Combine's toys are objects of RooFit, which ROOT alone can read. Draw toys with "
            "`datacard toys --output toys.npz`, or write Combine's counts to such a file with ROOT"
        )
    try:
        # A pickle could run code when it is read.
        with np.load(Path(path), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    # A file of one array alone is read as such, which is no context.
    except (OSError, EOFError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError([f"{path} cannot be read as a file of toys, as `datacard toys` writes it: {error}"]) from error
    compiled, data = likelihood.compiled, likelihood.data
    named = tuple(zip(compiled.channels, compiled.bins, strict=True))
    names = likelihood.names[: len(data.centers)]
    shapes: dict[str, tuple[int, ...]] = {f"events/{channel}": (bins,) for channel, bins in named}
    shapes |= {f"constraint/prop_bin{channel}": (bins,) for channel, bins in named}
    shapes |= {f"constraint/{name}": () for name in names}
    if problems := [f"{path}: {problem}" for problem in _faults(arrays, shapes)]:
        raise InputError(problems)
    count = len(arrays[f"events/{compiled.channels[0]}"])
    events, pulls = np.zeros((2, count, *data.events.shape))
    for place, (channel, bins) in enumerate(named):
        events[:, place, :bins] = arrays[f"events/{channel}"]
        pulls[:, place, :bins] = arrays[f"constraint/prop_bin{channel}"]
    centers = np.stack([arrays[f"constraint/{name}"] for name in names], axis=1)
    parts = zip(events, centers, pulls, strict=True)
    made = tuple(Data(events=counts, centers=center, bins=pull) for counts, center, pull in parts)
    return Toys(channels=compiled.channels, bins=compiled.bins, names=names, data=made)


def _faults(arrays: Mapping[str, FloatArray], shapes: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    """Yield what is wrong with the arrays of a file, whose shapes without the number of toys are given."""
    yield from (f"no array {name!r}{closest(name, arrays)}" for name in shapes if name not in arrays)
    yield from (f"the cards have no {name!r}{closest(name, shapes)}" for name in arrays if name not in shapes)
    counts = {array.shape[0] for array in arrays.values() if array.ndim}
    if len(counts) != 1:
        yield f"the arrays have {', '.join(map(str, sorted(counts)))} toys, expected one number"
    for name, array in arrays.items():
        if array.shape[1:] != shapes.get(name, array.shape[1:]):
            yield f"{name!r} has toys of shape {array.shape[1:]}, expected {shapes[name]}"
        elif array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            yield f"{name!r} has values that are no finite numbers"
        elif name.startswith("events/") and (array < 0).any():
            yield f"{name!r} has {array.min():g} events, expected a number of at least 0"


@attrs.frozen(eq=False, kw_only=True)
class GoodnessOfFit:
    """The saturated statistic of the data, and of toys."""

    observed: float
    """Twice the negative log-likelihood above that of the saturated model."""
    toys: FloatArray
    """The statistic of each toy, shape (toys,)."""
    problems: tuple[str, ...] = ()

    @property
    def p_value(self) -> float | None:
        """Share of toys that are as far from the model as the data, None without toys."""
        return float((self.toys >= self.observed).mean()) if self.toys.size else None

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain values."""
        return {"observed": self.observed, "p_value": self.p_value, "toys": self.toys.tolist()}


def toy(task: Task, at: FloatArray, seed: np.random.SeedSequence) -> Data:
    """Return toy data: counts and measured values, both drawn at some parameters.

    Args:
        task: the task, whose data have the parameters of whole bins at their minimum.
        at: the parameters of the engine, shape (parameters,).
        seed: seed of the random numbers.
    """
    engine, random = task.likelihood.engine, np.random.default_rng(seed)
    pulls = engine.pulls(at, task.data)
    expected = engine.expected(at, pulls) * task.likelihood.compiled.valid
    has_sum = task.likelihood.compiled.has_sum
    return attrs.evolve(
        task.data,
        events=random.poisson(expected).astype(float),
        centers=engine.constraints.drawn(at, random),
        bins=np.where(has_sum, pulls + random.normal(size=pulls.shape), 0.0),
    )


def goodness_of_fit(
    likelihood: Likelihood,
    *,
    toys: int = 0,
    seed: int = 1,
    data: Data | None = None,
    values: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    freeze: Iterable[str] = (),
    executor: ExecutorLike | None = None,
    jobs: int = 1,
) -> GoodnessOfFit:
    """Return the saturated goodness of fit.

    Args:
        likelihood: the likelihood.
        toys: number of toys that are drawn at the best fit.
        seed: seed of the toys; equal seeds give equal toys, however many are drawn.
        data: observations; those of the model without.
        values: start values by parameter.
        ranges: lowest and highest value by parameter.
        freeze: parameters and groups that stay at their start values.
        executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to work on.
        jobs: number of processes if no executor is given.
    """
    task = Task.of(likelihood, data=data, values=values, ranges=ranges, freeze=freeze)
    best = task.best()
    # A seed for each toy: toy n is the same however many are drawn, and wherever.
    seeds = np.random.SeedSequence(seed).spawn(toys)
    found = shared(_fitted, (task, best), seeds, doing="toys", executor=executor, jobs=jobs)
    return GoodnessOfFit(
        observed=_statistic(task, best),
        toys=np.array([statistic for statistic, _ in found]),
        problems=tuple(sorted({best.problem, *(problem for _, problem in found)} - {""})),
    )


def _fitted(task: Task, best: Minimum, seeds: Sequence[np.random.SeedSequence]) -> list[tuple[float, str]]:
    """Return the statistic and the problem of the fit to each toy."""
    found = []
    for seed in seeds:
        drawn = attrs.evolve(task, data=toy(task, best.at, seed))
        minimum = drawn.minimum(best.at)
        found.append((_statistic(drawn, minimum), minimum.problem))
    return found


def _statistic(task: Task, minimum: Minimum) -> float:
    # Without events n·log n is 0, as 0·log 1e-300 is in floating point and 0·log 0 is not.
    events, engine = np.maximum(task.data.events, 1e-300), task.likelihood.engine
    saturated = float(((task.data.events - task.data.events * np.log(events)) * engine.active).sum())
    return 2 * (minimum.value - saturated - engine.constraints.least(task.data.centers))
