"""Measure every stage, and other programs that do the same, on the same output in the same run; print a table.

    python benchmarks/run.py --size M
    python benchmarks/run.py --size M --pocket-coffea ENVIRONMENT/bin/python --root ENVIRONMENT/bin/python
    python benchmarks/run.py --scale
    python benchmarks/run.py --small

Each stage runs in a separate process, so that its peak of memory is not that of an earlier stage. Compare ratios:
machines are noisy, and figures of one run share the noise.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import outputs

HERE = Path(__file__).parent

OURS = ("read", "coffea_load", "load", "one_card", "build", "build_and_write", "everything", "write_limit")
SCALE = {
    "templates": [outputs.Size(1, 2, 5, 1, 1, shapes, 20) for shapes in (50, 500, 5000, 50000)],
    "categories": [outputs.Size(categories, 2, 5, 1, 1, 50, 20) for categories in (1, 10, 100)],
    "datasets": [outputs.Size(2, 2, 5, 1, datasets, 50, 20) for datasets in (1, 10, 100)],
}
"""Sizes that grow in one respect, by a factor of 10 in each step."""


def main() -> None:
    """Measure one size, or the growth of the cost, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(outputs.SIZES), default="S")
    parser.add_argument("--runs", type=int, default=3, help="runs of each stage, of which the median is shown")
    parser.add_argument("--directory", type=Path, help="where the outputs are kept; made new if not given")
    parser.add_argument("--pocket-coffea", metavar="PYTHON", help="a Python with pocket-coffea installed")
    parser.add_argument("--root", metavar="PYTHON", help="a Python with ROOT installed")
    parser.add_argument("--lz4", action="store_true", help="also write with LZ4")
    parser.add_argument("--scale", action="store_true", help="how cost grows, instead of one size")
    parser.add_argument("--small", action="store_true", help="many cards of the smallest size, instead of one size")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as fresh:
        directory = options.directory or Path(fresh)
        directory.mkdir(parents=True, exist_ok=True)
        if options.scale:
            scale(directory, options.runs)
        elif options.small:
            small(directory, options)
        else:
            one_size(directory, options)


def one_size(directory: Path, options: argparse.Namespace) -> None:
    """Print the table of one size."""
    size = outputs.SIZES[options.size]
    path = made(directory / f"{options.size}.coffea", options.size, options.pocket_coffea or sys.executable)
    megabytes = path.stat().st_size / 2**20
    print(f"{options.size}: {size.templates} templates, {size.categories} categories, {megabytes:.1f} MB on disk\n")
    print(f"| {'stage':<28} | wall s | CPU s | peak MB | us CPU per template |")
    print("|---|---|---|---|---|")
    figures = {stage: row(stage, path, options, size.templates) for stage in OURS}
    if options.lz4:
        figures["build_and_write_lz4"] = row("build_and_write_lz4", path, options, size.templates)
    row("uproot_one_by_one", path, options, min(1000, size.templates // size.categories))
    if options.root:
        row("root_one_by_one", path, options, size.templates // size.categories, python=options.root)
    if options.pocket_coffea:
        one = row("pocket_coffea", path, options, size.templates // size.categories, python=options.pocket_coffea)
        print(f"\nPocketCoffea's figures are for one category; {size.categories} take {size.categories} times as long.")
        for stage in figures.keys() & {"build_and_write", "build_and_write_lz4"}:
            ratio = size.categories * one["cpu"] / figures[stage]["cpu"]
            print(f"{stage} is {ratio:.0f} times faster (CPU) than PocketCoffea from the same loaded output.")


def row(
    stage: str, path: Path, options: argparse.Namespace, templates: int, *, python: str = sys.executable
) -> dict[str, float]:
    """Measure a stage and print its row."""
    figures = measure(stage, path, options.size, options.runs if stage != "pocket_coffea" else 1, python)
    print(
        f"| {stage:<28} | {figures['wall']:.3f} | {figures['cpu']:.3f} | {figures['peak']:.0f} "
        f"| {1e6 * figures['cpu'] / templates:.1f} |",
        flush=True,
    )
    return figures


def small(directory: Path, options: argparse.Namespace) -> None:
    """Print the CPU time of a small card among many, and of a card of PocketCoffea."""
    path = made(directory / "XS.coffea", "XS", options.pocket_coffea or sys.executable)
    ours = 1e3 * measure("small_cards", path, "XS", options.runs)["cpu"] / outputs.CARDS
    print(f"declared, built and written: {ours:.1f} ms of CPU per card of {outputs.SIZES['XS'].templates} templates")
    if options.pocket_coffea:
        found = measure("pocket_coffea_small_cards", path, "XS", 1, options.pocket_coffea)
        theirs = 1e3 * found["cpu"] / outputs.CARDS
        print(f"PocketCoffea takes {theirs:.1f} ms, {theirs / ours:.1f} times as long")


def measure(stage: str, path: Path, size: str, runs: int, python: str = sys.executable) -> dict[str, float]:
    """Return the median of each figure of a stage."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
    found = []
    for _ in range(runs):
        command = [python, str(HERE / "stages.py"), stage, str(path), size]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: statistics.median(figures[name] for figures in found) for name in found[0]}


def scale(directory: Path, runs: int) -> None:
    """Print how the cost of building and writing grows with each size."""
    for what, sizes in SCALE.items():
        print(f"\n| {what} | templates | CPU s | us per template |\n|---|---|---|---|")
        points = []
        for step, size in enumerate(sizes):
            path = made(directory / f"scale-{what}-{step}.coffea", json.dumps(size))
            figures = measure("build_and_write", path, json.dumps(size), runs)
            points.append((10**step, figures["cpu"]))
            templates = size.templates
            print(
                f"| x{10**step} | {templates} | {figures['cpu']:.3f} | {1e6 * figures['cpu'] / templates:.1f} |",
                flush=True,
            )
        (one, first), (many, last) = points[-2:]
        print(f"exponent of the last step: {math.log(last / first) / math.log(many / one):.2f}")
    scale_files(directory, runs)


def scale_files(directory: Path, runs: int) -> None:
    """Print how the cost of reading, building and writing grows with the number of files of one output."""
    size = outputs.Size(2, 5, 10, 1, 2, 50, 20)
    print("\n| files | CPU s | peak MB |\n|---|---|---|")
    whole = outputs.output(size)
    for count in (1, 10, 100):
        for number, part in enumerate(outputs.cut(whole, count)):
            outputs.write(part, directory / f"files-{count}.{number:03d}")
        figures = measure("files", directory / f"files-{count}", json.dumps(size), runs)
        print(f"| {count} | {figures['cpu']:.3f} | {figures['peak']:.0f} |", flush=True)


def made(path: Path, size: str, python: str = sys.executable) -> Path:
    """Return the path of an output of a size, which is made if it does not exist."""
    if not path.exists():
        measure("make", path, size, 1, python)
    return path


if __name__ == "__main__":
    main()
