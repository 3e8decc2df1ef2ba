# ruff: noqa: T201 - a command
"""Run a fuzzer, and print each fault.

    python -m tests.support.fuzz declarations --count 10000 --seed 1
    python -m tests.support.fuzz dicts --count 10000 --seed 1
    python -m tests.support.fuzz commands --count 5000 --seed 1

A fault is an error of another class than the project's, an object that is accepted for what it is not, a command
without a message, or a card with other numbers than those of `oracle`. The same seed and number give the same input.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
import warnings
from typing import Any

from tests.support.fuzz import commands, declarations, dicts


def run(what: str, count: int, seed: int, first: int = 0) -> int:
    """Run a fuzzer from a number on, print what it finds, and return the number of faults."""
    begin, faults, made = time.process_time(), 0, 0
    with contextlib.ExitStack() as stack:
        inputs: Any = stack.enter_context(commands.folder(seed))[1] if what == "commands" else dicts.pool(seed)
        fuzzers: dict[str, Any] = {"commands": commands, "declarations": declarations, "dicts": dicts}
        for number in range(first, first + count):
            fault, succeeded = fuzzers[what].problem(number, seed, inputs)
            made += succeeded
            if fault:
                faults += 1
                print(f"{what} {number} of seed {seed}: {fault:.600}", flush=True)
    seconds = time.process_time() - begin
    print(f"{what}: {count} tried, {made} succeeded, {faults} faults, {seconds:.0f} CPU s", flush=True)
    return faults


def main() -> int:
    """Read the arguments, and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["declarations", "dicts", "commands"])
    for name, default in (("count", 1000), ("seed", 1), ("first", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    # numpy warns of the contents that some inputs have.
    warnings.simplefilter("ignore")
    return run(options.what, options.count, options.seed, options.first)


if __name__ == "__main__":
    sys.exit(bool(main()))
