# ruff: noqa: T201 - a command
"""Read hostile and damaged files, each in a process of its own, and measure the memory and time that it takes.

    python -m tests.support.hostile_run --seed 1 --hostile 400 --damaged 20000

prints the files that take more than SECURITY.md promises, or end in another error than the project's own, and the
largest figures. It takes about ten minutes, on Linux.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import sys
import tempfile
import traceback
from functools import partial
from pathlib import Path

import attrs
import lz4.frame
from rich.console import Console

from datacard_core.cli.tables import tabulate_contents
from datacard_core.errors import DatacardError
from datacard_core.inputs.coffea import load_output, open_output
from tests.support.coffea_files import PARTIAL, in_an_output
from tests.support.hostile_files import damaged, forged, seeded

MEMORY_PER_BYTE = 10
FREE_MEMORY = 50_000_000
FREE_SECONDS = 5.0
_KB = 1024
_FOREIGN = 70
"""Exit status of a process in which an error came up that is not the project's."""


@attrs.frozen
class Reading:
    """Memory (bytes) and CPU time (s) that a file took, and how its process ended."""

    memory: int
    seconds: float
    status: int

    def problem(self, size: int) -> str:
        """Return why a file of a decompressed size breaks the promise, or an empty text."""
        if self.status:
            return f"ended with status {self.status}"
        if self.memory > MEMORY_PER_BYTE * size + FREE_MEMORY:
            return f"took {self.memory / 1e6:.0f} MB for {size / 1e6:.3f} MB"
        return f"took {self.seconds:.1f} s" if self.seconds > FREE_SECONDS else ""


def read_apart(*files: Path) -> Reading:
    """Read and show files in a process that is a copy of this one, and measure it."""
    before = _resident()
    pid = os.fork()
    if not pid:
        os._exit(max(map(_read, files)))
    _, status, used = os.wait4(pid, 0)
    # The peak of a copy begins with the memory that it was copied with.
    return Reading(max(0, used.ru_maxrss * _KB - before), used.ru_utime + used.ru_stime, status)


def _resident() -> int:
    """Return the memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _read(file: Path) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for read in (load_output, partial(load_output, arrays=True), partial(open_output, keep=1)):
            try:
                output = read(file)
                console = Console(file=open(os.devnull, "w"), width=100)  # noqa: PTH123, SIM115 - the process ends
                for table in tabulate_contents(output):
                    console.print(table)
            except DatacardError as error:
                str(error)
    except BaseException as error:  # noqa: BLE001 - each of them is a finding
        error.add_note(f"in {file}")
        traceback.print_exc()
        return _FOREIGN
    return 0


def main() -> int:
    """Make the files, read them, and print what breaks the promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("seed", 1), ("hostile", 400), ("damaged", 20_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    good = [in_an_output({"a": 1}), *(lz4.frame.decompress(file.read_bytes()) for file in PARTIAL[:3])]
    faults = 0
    largest: dict[str, tuple[int, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.coffea")
        for kind, number in itertools.chain(
            zip(itertools.repeat("hostile"), range(options.hostile)),
            zip(itertools.repeat("damaged"), range(options.damaged)),
        ):
            rng = seeded(options.seed, kind, number)
            content = forged(number, rng) if kind == "hostile" else damaged(rng.choice(good), rng)
            file.write_bytes(lz4.frame.compress(content))
            reading = read_apart(file)
            if problem := reading.problem(len(content)):
                faults += 1
                print(f"{kind} file {number} of seed {options.seed} {problem}", flush=True)
            memory, seconds = largest.get(kind, (0, 0.0))
            over = reading.memory - MEMORY_PER_BYTE * len(content)
            largest[kind] = max(memory, over), max(seconds, reading.seconds)
    for kind, (memory, seconds) in largest.items():
        print(f"{kind}: at most {memory / 1e6:.1f} MB above ten times the content, and {seconds:.2f} s")
    print(f"{faults} files break the promise")
    return faults


if __name__ == "__main__":
    sys.exit(bool(main()))
