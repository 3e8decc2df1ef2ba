"""Measure fits, limits and impacts, beside Combine and pyhf where they are; print tables.

    python benchmarks/fit.py card.txt...
    python benchmarks/fit.py card.txt... --combine 'source combine/env.sh'
    python benchmarks/fit.py --synthetic 100 1000

All times are of the CPU, with one thread of BLAS, the smallest of several runs: compare ratios of one run, as machines
are noisy. Combine needs a workspace first, which counts for its fit; `--impacts` makes its impacts too, which takes
minutes. pyhf has another likelihood; its row shows what a fit of a model of the same size costs there.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before numpy is imported: two threads halve the speed of the small products here.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
from datacard_fit import Likelihood, fit, impacts, limit

from datacard_core import (
    Axis,
    BinByBinStatistics,
    Channel,
    Column,
    Model,
    Normalisation,
    Nuisance,
    Shape,
    Statement,
    Templates,
    read_card,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_SHARE_OF_SHAPES = 0.15
"""Share of the columns on which a shape acts in synthetic models."""
_LONG = 5.0
"""Seconds of a run beside which noise is small."""
TASKS = ("fit with its interval", "blind limits", "all impacts")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cards", nargs="*", type=Path)
    parser.add_argument("--combine", metavar="COMMAND", help="shell command that makes `combine` known")
    parser.add_argument("--impacts", action="store_true", help="make Combine's impacts too")
    parser.add_argument(
        "--synthetic", nargs="*", type=int, default=[], metavar="COLUMNS", help="models of 300 nuisances"
    )
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    for card in options.cards:
        of_card(card, options)
    for columns in options.synthetic:
        of_model(f"10 channels, 50 bins, {columns} columns, 300 nuisances", synthetic(columns), options.runs)
    for columns in options.synthetic:
        of_pyhf(columns)


def of_card(card: Path, options: argparse.Namespace) -> None:
    """Print the times of a card, in process and from the file, and those of Combine."""
    model = read_card(card, lenient=True).model()
    of_model(str(card), model, options.runs)
    commands = [["fit"], ["limit", "--blind"], ["impacts"]]
    ours = [
        process(
            [
                sys.executable,
                "-c",
                "from datacard_core.cli.commands import main; main()",
                *verb,
                str(card),
                "--json",
                "--lenient",
            ]
        )
        for verb in commands
    ]
    for task, seconds in zip(TASKS, ours, strict=True):
        print(f"| {task}, from the card, a process | {seconds:.2f} s |")
    if options.combine:
        with tempfile.TemporaryDirectory() as folder:
            of_combine(card.resolve(), options, Path(folder))


def of_combine(card: Path, options: argparse.Namespace, folder: Path) -> None:
    """Print the times of Combine."""

    def run(command: str) -> float:
        return process(["bash", "-c", f"{options.combine} && cd {folder} && {command}"])

    made = run(f"text2workspace.py {card} -o {folder}/card.root")
    fitted = run("combine -M MultiDimFit card.root --algo singles --rMin -20")
    limits = run("combine -M AsymptoticLimits card.root --run blind")
    print(f"| Combine: text2workspace and fit | {made:.2f} + {fitted:.2f} s |")
    print(f"| Combine: blind limits | {limits:.2f} s |")
    if options.impacts:
        names = Likelihood(read_card(card, lenient=True).model()).names
        wanted = [name for name in names if not name.startswith("prop_bin") and name != "r"]
        impact = (
            "combine -M MultiDimFit card.root --algo impact --redefineSignalPOIs r --robustFit 1 --floatOtherPOIs 1"
        )
        each = [run(f"{impact} -P {name}") for name in wanted]
        print(f"| Combine: {len(wanted)} impacts | {sum(each):.1f} s |")


def of_model(name: str, model: Model, runs: int) -> None:
    """Print the times of one model in this process."""
    start = time.process_time()
    likelihood = Likelihood(model)
    compiled = time.process_time() - start
    print(f"\n{name}: {likelihood!r}\n\n| task | CPU |\n|---|---|\n| compilation | {1e3 * compiled:.0f} ms |")
    engine, at = likelihood.engine, likelihood.initial[: len(likelihood.engine.constraints.centers)]
    evaluation = seconds_of(lambda: engine.evaluate(at, likelihood.data).hessian, 4 * runs)
    changes = sum(part.rows.nbytes for part in likelihood.compiled.morphing.changes.parts)
    print(f"| value, gradient and Hessian | {1e3 * evaluation:.2f} ms, of {changes / 2**20:.1f} MB of differences |")
    tasks: tuple[Callable[[], object], ...] = (
        lambda: fit(likelihood),
        lambda: limit(likelihood, blind=True),
        lambda: impacts(likelihood),
    )
    for task, work in zip(TASKS, tasks, strict=True):
        print(f"| {task} | {1e3 * seconds_of(work, runs):.1f} ms |")
    print(f"| memory of the process | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:.0f} MB |")


def of_pyhf(columns: int) -> None:
    """Print the time of a fit with pyhf, of a model of the same numbers of channels, bins, columns and nuisances."""
    try:
        import pyhf
    except ImportError:
        print("\npyhf is not installed")
        return
    rng = np.random.default_rng(1)
    channels = []
    for place in range(10):
        samples = []
        for column in range(columns // 10):
            values = (rng.random(50) * 100 + 1).tolist()
            acting = np.flatnonzero(rng.random(300) < _SHARE_OF_SHAPES).tolist()
            modifiers: list[dict[str, Any]] = [
                {"name": f"n{n}", "type": "normsys", "data": {"hi": 1.05, "lo": 0.96}} for n in acting
            ]
            if column == 0:
                modifiers.append({"name": "mu", "type": "normfactor", "data": None})
            samples.append({"name": f"s{column}", "data": values, "modifiers": modifiers})
        channels.append({"name": f"ch{place}", "samples": samples})
    model = pyhf.Model({"channels": channels}, poi_name="mu")
    observed = model.expected_data(model.config.suggested_init())
    seconds = seconds_of(lambda: pyhf.infer.mle.fit(observed, model), 1)
    print(f"\npyhf, a fit without an interval of a model with {columns} columns: {seconds:.2f} s")


def synthetic(columns: int, nuisances: int = 300, bins: int = 50, seed: int = 1) -> Model:
    """Return a model of ten channels: half of the nuisances are log-normal, and half of them shapes."""
    rng = np.random.default_rng(seed)
    channels = []
    for place in range(10):
        rows = columns // 10
        falling = np.exp(-np.arange(bins) / rng.uniform(10, 40, size=(rows, 1)))
        values = rng.uniform(20, 300, size=(rows, 1)) * falling + 1
        values[0] = 20 * np.exp(-0.5 * ((np.arange(bins) - 25) / 5) ** 2) + 0.1
        made = [_nuisance(rng, f"n{number}", values, number < nuisances // 2) for number in range(nuisances)]
        data = rng.poisson(values[1:].sum(axis=0)).astype(float)[None]
        names = [Column(f"p{row}_2022", f"p{row}", "2022", row) for row in range(rows)]
        channels.append(
            Channel(
                bin=f"ch{place}",
                category=f"ch{place}",
                axis=Axis(np.arange(bins + 1.0), "x"),
                columns=tuple(names),
                nominal=Templates(values, 2 * values),
                data=Templates(data, data),
                has_data=True,
                nuisances=tuple(nuisance for nuisance in made if nuisance is not None),
                statements=(Statement(BinByBinStatistics(10)),),
            )
        )
    return Model.of(channels)


def _nuisance(rng: np.random.Generator, name: str, values: np.ndarray, is_shape: bool) -> Nuisance | None:
    rows = np.flatnonzero(rng.random(len(values)) < (_SHARE_OF_SHAPES if is_shape else 2 * _SHARE_OF_SHAPES))
    if not rows.size:
        return None
    if not is_shape:
        return Nuisance(name, (Normalisation(rows, 1 + rng.uniform(0.01, 0.1, size=len(rows))),), "lnN")
    tilt = np.linspace(-1, 1, values.shape[1]) * rng.uniform(-0.05, 0.05, size=(len(rows), 1))
    up, down = (Templates(values[rows] * factor, values[rows]) for factor in (1.02 + tilt, 0.98 - 0.9 * tilt))
    return Nuisance(name, (Shape(rows, up, down, np.ones(len(rows))),), "shape")


def seconds_of(work: Callable[[], object], runs: int) -> float:
    """Return the smallest CPU time of several runs."""
    found = []
    for _ in range(runs):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
        if found[-1] > _LONG:
            break
    return min(found)


def process(command: list[str], statuses: Collection[int] = (0,)) -> float:
    """Return the CPU time of a process and of those that it starts; it must end with one of the exit statuses."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if done.returncode not in statuses:
        done.check_returncode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
