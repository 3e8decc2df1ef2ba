"""Measure the check of cards, beside ValidateDatacards and text2workspace where they are installed; print CPU times.

    python benchmarks/checking.py
    python benchmarks/checking.py CARD... --tools

Without cards, one of 30 000 templates is made. Programs take turns, and the best of some runs is shown.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

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
    check,
    load_plugins,
    read_card,
    write_model,
)

TOOLS = (("ValidateDatacards.py", "--printLevel", "0"), ("text2workspace.py", "-o", "workspace.root"))


def main() -> None:
    """Print a line for each card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cards", nargs="*", type=Path)
    parser.add_argument("--tools", action="store_true", help="run the programs of CombineHarvester and Combine too")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for card in options.cards or [_made(Path(folder))]:
            _measure(card, options.runs, tools=options.tools)


def _measure(card: Path, runs: int, *, tools: bool) -> None:
    plugins = load_plugins()
    reading, checking, found = [], [], 0
    for _ in range(runs):
        start = time.process_time()
        read_card(card, lenient=True, plugins=plugins).model()
        reading.append(time.process_time() - start)
        start = time.process_time()
        found = len(check(card, plugins=plugins))
        checking.append(time.process_time() - start)
    print(f"{card}: reading {min(reading):.2f} s, check with reading {min(checking):.2f} s, {found} findings")
    for name, *arguments in TOOLS if tools else ():
        if shutil.which(name) is None:
            print(f"  {name}: not installed")
            continue
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([name, str(card.absolute()), *arguments], check=False, capture_output=True, cwd=card.parent)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"  {name}: {spent:.2f} s, the check takes {min(checking) / spent:.1%} of it")


def _made(folder: Path, *, channels: int = 10, columns: int = 15, shapes: int = 100, bins: int = 20) -> Path:
    """Return a card of 30 000 varied templates."""
    numbers = np.random.default_rng(1)
    return write_model(
        Model(channels=tuple(_channel(f"ch{at}", numbers, columns, shapes, bins) for at in range(channels))),
        folder / "card.txt",
    )[-1]


def _channel(name: str, numbers: np.random.Generator, columns: int, shapes: int, bins: int) -> Channel:
    values = numbers.uniform(50, 500, (columns, bins))
    every = np.arange(columns)

    def varied() -> Templates:
        return Templates(values * numbers.normal(1, 0.02, (columns, bins)), values)

    return Channel(
        bin=name,
        category=name,
        axis=Axis(np.linspace(0, 1, bins + 1)),
        columns=tuple(Column(f"p{at}", f"p{at}", "", at) for at in range(columns)),
        nominal=Templates(values, values / 3),
        data=Templates(*[np.round(values[1:].sum(axis=0, keepdims=True))] * 2),
        has_data=True,
        nuisances=(
            Nuisance("lumi", (Normalisation(every, np.full(columns, 1.02)),)),
            *(Nuisance(f"shape{at}", (Shape(every, varied(), varied(), np.ones(columns)),)) for at in range(shapes)),
        ),
        statements=(Statement(BinByBinStatistics(10)),),
    )


if __name__ == "__main__":
    main()
