"""Dumps that are killed while files are moved, and two dumps into one directory at once.

    python -m tests.support.dump_kills kills --count 300 --seed 1 [--pause 0.01]
    python -m tests.support.dump_kills races --count 200 --seed 1 [--pause 0.01]

prints what was found as JSON: how often each outcome occurred, and every fault. `--pause` slows each rename down as a
network disk does. Each dump is a process of its own, forked from this one, which has built the cards.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core import Systematics
from datacard_core.demo import demo_output
from datacard_core.errors import DatacardError
from tests.support.demo_files import SMALL_DEMO
from tests.support.processes import start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datacard_core import Cards

TOLD = "is writing to"


@attrs.frozen(kw_only=True)
class Trials:
    """Repeated dumps into one directory, with two analyses whose files have the same names."""

    folder: Path
    older: Cards
    newer: Cards
    pause: float
    random: random.Random

    @classmethod
    def of(cls, output: dict[str, Any], folder: Path, seed: int, pause: float) -> Trials:
        """Return trials with a year and two categories of the small demo, with one systematic and with two."""
        both = [SMALL_DEMO.systematics[name] for name in ("lumi_2024", "JER")]
        categories = {name: SMALL_DEMO.categories[name] for name in ("SR", "CR1")}
        declared = attrs.evolve(SMALL_DEMO, years=["2024"], categories=categories)
        older, newer = (
            attrs.evolve(declared, systematics=Systematics(some)).build(output, verbose=False)
            for some in (both[:1], both)
        )
        return cls(folder=folder, older=older, newer=newer, pause=pause, random=random.Random(seed))  # noqa: S311 - no secret

    def kills(self, count: int) -> Iterator[tuple[str, str]]:
        """Yield an outcome and a fault, or "", for each dump over an older one that is killed at its renames."""
        old, new = self.files_of(self.older), self.files_of(self.newer)
        for _ in range(count):
            self.start_again(old)
            self.kill()
            outcome, fault = judged(self.found(), old, new)
            self.newer.dump(self.folder)
            if self.found() != new or leftovers(self.folder):
                fault = fault or f"after the next dump there are {sorted(path.name for path in self.folder.iterdir())}"
            yield outcome, fault

    def races(self, count: int) -> Iterator[tuple[str, str]]:
        """Yield an outcome and a fault, or "", for each two dumps that begin at one moment."""
        sets = [self.files_of(self.older), self.files_of(self.newer)]
        for _ in range(count):
            self.start_again(self.random.choice(sets))
            statuses, messages = self.race()
            done = [files for files, status in zip(sets, statuses, strict=True) if status == 0]
            fault = ""
            if self.found() not in done or leftovers(self.folder):
                fault = f"statuses {statuses}, files {sorted(path.name for path in self.folder.iterdir())}"
            elif len(done) == 1 and TOLD not in messages:
                fault = f"the other one was told {messages!r}"
            yield {1: "one whole, the other told", 2: "one after the other"}.get(len(done), "none"), fault

    def kill(self) -> None:
        """Kill a dump at a random moment behind its first rename."""
        reader, writer = os.pipe()
        pid = self.forked(lambda: self.newer.dump(self.folder), at_rename=lambda: os.write(writer, b"x"))
        os.close(writer)
        os.read(reader, 1)
        # There are 12 renames, which take some ms without a pause, on a busy machine up to 8.
        time.sleep(self.random.uniform(0, 0.008 + 12 * self.pause))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reader)

    def race(self) -> tuple[list[int], str]:
        """Begin two dumps at one moment, or one up to 50 ms later, and return their statuses and what they tell."""
        start = time.monotonic() + 0.05
        later = self.random.choice([0.0, self.random.uniform(0, 0.05)])
        reader, writer = os.pipe()

        def begin(cards: Cards, at: float) -> None:
            time.sleep(max(0.0, at - time.monotonic()))
            cards.dump(self.folder)

        pids = [
            self.forked(lambda: begin(self.older, start), told=writer),
            self.forked(lambda: begin(self.newer, start + later), told=writer),
        ]
        os.close(writer)
        statuses = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        messages = os.read(reader, 10000).decode()
        os.close(reader)
        return statuses, messages

    def files_of(self, cards: Cards) -> dict[str, bytes]:
        """Return the files that a dump writes, by name."""
        shutil.rmtree(self.folder, ignore_errors=True)
        cards.dump(self.folder)
        return self.found()

    def start_again(self, files: dict[str, bytes]) -> None:
        """Leave the files of an earlier dump in the directory, and no others."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for name, content in files.items():
            (self.folder / name).write_bytes(content)

    def found(self) -> dict[str, bytes]:
        """Return the files in the directory, by name."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    def forked(self, task: Callable[[], object], at_rename: Callable[[], object] = int, told: int = -1) -> int:
        """Run a task in a process of its own and return its number; its status is 1 after an error."""

        def call() -> None:
            sys.addaudithook(lambda event, arguments: self.at_event(event, arguments, at_rename))
            try:
                task()
            except DatacardError as error:
                os.write(told, str(error).encode())
                raise

        return start(call)

    def at_event(self, event: str, arguments: tuple[object, ...], at_rename: Callable[[], object]) -> None:
        """Slow a rename down, and tell of those that move files from or to the hidden folder."""
        if event != "os.rename":
            return
        if {"new", "old"} & {*Path(str(arguments[0])).parts, *Path(str(arguments[1])).parts}:
            at_rename()
        time.sleep(self.pause)


def judged(found: dict[str, bytes], old: dict[str, bytes], new: dict[str, bytes]) -> tuple[str, str]:
    """Return the outcome of a kill, and what is wrong with it or ""."""
    ages = {
        name: "old" if content == old[name] else "new" if content == new[name] else "broken"
        for name, content in found.items()
    }
    same = {name for name in found if old[name] == new[name]}
    kinds = {age for name, age in ages.items() if name not in same}
    whole = found.keys() == old.keys()
    outcome = f"{'all' if whole else 'some'} {' and '.join(sorted(kinds)) or 'none'}"
    mixed = len(kinds) > 1 or "broken" in kinds
    lone = [
        name
        for name in found
        if name.startswith("datacard_") and name.replace("datacard_", "shapes_").replace(".txt", ".root") not in found
    ]
    return outcome, f"{ages}" if mixed or lone else ""


def leftovers(folder: Path) -> list[str]:
    """Return the names of hidden files and folders."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def main() -> int:
    """Run the trials that the command line asks for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["kills", "races"])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before each rename")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        trials = Trials.of(demo_output(events=50), Path(directory) / "cards", asked.seed, asked.pause)
        found = list(getattr(trials, asked.what)(asked.count))
    faults = [fault for _, fault in found if fault]
    outcomes = Counter(outcome for outcome, _ in found)
    sys.stdout.write(json.dumps({"outcomes": dict(sorted(outcomes.items())), "faults": faults}, indent=1) + "\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
