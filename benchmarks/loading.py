"""Compare the loader of datacard_core with those of coffea and pickle on one file; print a table of times and ratios.

    python benchmarks/loading.py output.coffea
    python benchmarks/loading.py output.coffea --variable nJets --runs 50

The loaders take turns in one process, and the least CPU time of each counts. Only datacard_core runs no code of the
file. `pickle` has the decompressed content in memory already.
"""

from __future__ import annotations

import argparse
import pickle
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Measure the file that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--variable", help="the variable that is read alone, by default the first one")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    # Files of numpy 1 name modules that numpy 2 has renamed.
    warnings.simplefilter("ignore")
    of = loaders(options.file, options.variable)
    least = {name: min(times) for name, times in zip(of, zip(*measured(of, options.runs), strict=True), strict=True)}
    print("| loader | CPU ms | of coffea |\n|---|---|---|")
    for name, seconds in least.items():
        print(f"| {name} | {1e3 * seconds:.2f} | {seconds / least['coffea']:.2f} |")


def loaders(file: Path, variable: str | None) -> dict[str, Callable[[], object]]:
    """Return what is compared, by name."""
    from coffea.util import load

    from datacard_core.inputs.coffea import load_output
    from datacard_core.inputs.compression import opened

    with opened(file) as stream:
        content = stream.read()
    one = [variable or next(iter(load_output(file)["variables"]))]
    return {
        "coffea": lambda: load(str(file)),
        "pickle": lambda: pickle.loads(content),  # noqa: S301 - what it is compared with
        "datacard_core, `hist` objects": lambda: load_output(file),
        "datacard_core, arrays": lambda: load_output(file, arrays=True),
        "datacard_core, arrays of one variable": lambda: load_output(file, variables=one, arrays=True),
    }


def measured(of: dict[str, Callable[[], object]], runs: int) -> list[list[float]]:
    """Return the CPU time of each loader (s), in each run."""
    found: list[list[float]] = []
    for _ in range(runs):
        found.append([])
        for load in of.values():
            before = time.process_time()
            load()
            found[-1].append(time.process_time() - before)
    return found


if __name__ == "__main__":
    main()
