"""Measure the reading of templates and cards, beside uproot, ROOT and Combine; print tables of CPU time.

    python benchmarks/reading.py
    python benchmarks/reading.py --folder REPOSITORY --root ENVIRONMENT/bin/python --combine HiggsAnalysis/CombinedLimit

Without a folder, files and cards are made. The folder may be a copy of public cards: all ROOT files with many
histograms, and all cards, are read. Programs take turns, and the best of some runs is shown, as machines are noisy.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import optparse
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import uproot
from datacard_root import RootSerializer
from datacard_root.bulk.layout import CONTENTS
from datacard_root.reading import RootReader

from datacard_core import Axis, CardError, NamedTemplates, Templates, load_plugins, read_card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

FEWEST = 500
"""Number of histograms from which a file is read: below, opening the file counts more than they."""
SAMPLE = 300
"""Number of histograms that uproot reads one by one."""
ROOT_READS = """
#include <ctime>
double read(const char* path) {
  TH1::AddDirectory(false);
  const clock_t start = clock();
  TFile file(path);
  std::vector<TDirectory*> folders{&file};
  for (size_t at = 0; at < folders.size(); ++at)
    for (auto* object : *folders[at]->GetListOfKeys()) {
      auto* key = static_cast<TKey*>(object);
      const TString of = key->GetClassName();
      if (of.BeginsWith("TDirectory")) folders.push_back(static_cast<TDirectory*>(key->ReadObj()));
      else if (of.BeginsWith("TH1")) delete key->ReadObj();
    }
  return double(clock() - start) / CLOCKS_PER_SEC;
}
"""
"""Reading of all histograms of a file in C++, without a call of Python for each of them."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="a folder with ROOT files and cards")
    parser.add_argument("--root", metavar="PYTHON", help="a Python with ROOT installed")
    parser.add_argument("--combine", type=Path, help="the folder with Combine's DatacardParser.py")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.folder is None:
            files, cards = _made(Path(folder)), [*_cards(Path(folder))]
        else:
            files = sorted(options.folder.rglob("*.root"))
            cards = [path for path in sorted(options.folder.rglob("*.txt")) if _is_card(path)]
        templates(files, options.root, options.runs)
        texts(cards, options.combine, options.runs)
        models(Path(folder))


def templates(files: Iterable[Path], root: str | None, runs: int) -> None:
    """Print microseconds of CPU time for each histogram of each file."""
    print("| file | TH1 | ours | uproot | ROOT |\n|---|---|---|---|---|")
    totals: list[tuple[int, float]] = []
    for path in files:
        names = _names(path)
        if len(names) < FEWEST:
            continue
        ours = best(partial(RootReader().read, path, names), runs) / len(names)
        one_by_one = best(partial(_one_by_one, path, names[:SAMPLE]), 1) / SAMPLE
        by_root = "" if root is None else f"{1e6 * _root(root, path, runs) / len(names):.1f}"
        totals.append((len(names), ours))
        print(f"| {path.name} | {len(names)} | {1e6 * ours:.1f} | {1e6 * one_by_one:.0f} | {by_root} |", flush=True)
    count = sum(number for number, _ in totals)
    if count:
        print(f"\n{count} TH1: {1e6 * sum(number * each for number, each in totals) / count:.1f} us each")


def texts(cards: Sequence[Path], combine: Path | None, runs: int) -> None:
    """Print milliseconds of CPU time for the text of each card."""
    plugins = load_plugins()

    def ours() -> None:
        for path in cards:
            with contextlib.suppress(CardError):
                read_card(path, plugins=plugins)

    print(f"\n| {len(cards)} cards | ms for each |\n|---|---|")
    parse = None if combine is None else _parser(combine)
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        found.setdefault("read_card", []).append(best(ours, 1))
        if parse is not None:
            found.setdefault("Combine's parser", []).append(best(lambda: [parse(path) for path in cards], 1))
    for name, seconds in found.items():
        print(f"| {name} | {1e3 * min(seconds) / max(1, len(cards)):.2f} |")


def models(folder: Path) -> None:
    """Print how the cost of a model grows with the number of templates."""
    print("\n| templates | s | us for each |\n|---|---|---|")
    for rows in (10, 100, 1000):
        path = _card(folder, columns=20, rows=rows)
        card = read_card(path)
        seconds = statistics.median(best(card.model, 1) for _ in range(3))
        count = 20 * (1 + 2 * rows) + 1
        print(f"| {count} | {seconds:.3f} | {1e6 * seconds / count:.1f} |")


def best(call: Callable[[], object], runs: int) -> float:
    """Return the least CPU time of some calls, in seconds."""
    found = []
    for _ in range(runs):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def _names(path: Path) -> list[str]:
    try:
        with uproot.open(path) as file:
            classes = file.classnames(cycle=False)
    except Exception:  # noqa: BLE001 - a folder may have files of any kind
        return []
    return [name for name, of in classes.items() if of.encode() in CONTENTS]


def _one_by_one(path: Path, names: Iterable[str]) -> None:
    with uproot.open(path) as file:
        for name in names:
            file[name].values()


def _root(python: str, path: Path, runs: int) -> float:
    code = (
        "import ROOT, sys; ROOT.gInterpreter.Declare(sys.argv[1]); "
        "print(min(ROOT.read(sys.argv[2]) for _ in range(int(sys.argv[3]))))"
    )
    command = [python, "-W", "ignore", "-c", code, ROOT_READS, str(path), str(runs)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def _parser(folder: Path) -> Callable[[Path], object]:
    """Return Combine's parser of a card, imported from its source under the name that it has itself."""
    package = Path(tempfile.mkdtemp()) / "HiggsAnalysis"
    package.mkdir()
    (package / "CombinedLimit").symlink_to(folder.resolve())
    sys.path.insert(0, str(package.parent))
    module: Any = __import__("HiggsAnalysis.CombinedLimit.DatacardParser", fromlist=["parseCard"])
    parser = optparse.OptionParser()
    module.addDatacardParserOptions(parser)
    options: Any = parser.parse_args([])[0]
    options.bin, options.verbose = True, 0

    def parse(path: Path) -> None:
        options.fileName = str(path)
        silent = io.StringIO()
        # It ends the process at a card that it refuses.
        with (
            path.open() as file,
            contextlib.redirect_stdout(silent),
            contextlib.redirect_stderr(silent),
            contextlib.suppress(Exception, SystemExit),
        ):
            module.parseCard(file, options)

    return parse


def _is_card(path: Path) -> bool:
    words = {line.split(None, 1)[0] for line in path.read_text(errors="replace").splitlines() if line.split()}
    return {"bin", "process", "rate"} <= words


def _made(folder: Path) -> list[Path]:
    """Return files of equal templates in each compression of our own."""
    names = tuple(f"process{number % 40}_nuisance{number // 40}Up" for number in range(10_000))
    values = np.random.default_rng(3).gamma(2, 5, (len(names), 20))
    made = NamedTemplates(names, Templates(values, values / 3), Axis(np.arange(21.0), uniform=True))
    paths = []
    for compression in (None, "lz4", "zlib", "zstd"):
        paths.append(folder / f"{compression}.root")
        RootSerializer(compression=compression).write(made, paths[-1])
    return paths


def _cards(folder: Path) -> list[Path]:
    return [_card(folder, columns=columns, rows=60) for columns in (5, 40, 200)]


def _card(folder: Path, *, columns: int, rows: int) -> Path:
    """Return a card of shapes with its templates."""
    processes = [f"process{number}" for number in range(columns)]
    names = [f"{process}_s{row}{end}" for process in processes for row in range(rows) for end in ("Up", "Down")]
    templates_file = folder / f"{columns}x{rows}.root"
    every = ("data_obs", *processes, *names)
    values = np.full((len(every), 20), 2.0)
    axis = Axis(np.arange(21.0), uniform=True)
    RootSerializer().write(NamedTemplates(every, Templates(values, values), axis), templates_file)
    lines = [
        f"shapes * * {templates_file.name} $PROCESS $PROCESS_$SYSTEMATIC",
        "bin SR",
        "observation 40",
        "bin " + "SR " * columns,
        "process " + " ".join(processes),
        "process " + " ".join(map(str, range(columns))),
        "rate " + "40 " * columns,
        *(f"s{row} shape " + "1 " * columns for row in range(rows)),
    ]
    path = folder / f"{columns}x{rows}.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


if __name__ == "__main__":
    main()
