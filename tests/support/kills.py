"""Kills of `datacard build --jobs` at random moments: of a worker, of the command, and Ctrl-C to all its processes.

    python -m tests.support.kills --workers 300 --interrupts 300 --parents 200 --seed 1

prints how the runs ended and each fault: a run that hangs, a process that stays, wrong or incomplete cards, temporary
files that are left, a traceback. A run begins as a fork of this program, which has imported all it needs; with
`--fresh` it is the installed command.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import multiprocessing.util
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import attrs

from datacard_core.cli.commands import main as command
from datacard_core.demo.output import demo_output
from tests.support.commands import DATACARD, datacard, write
from tests.support.demo_files import contents, datasets_of, of_datasets, save

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

YEARS = ("2022_preEE", "2022_postEE", "2024")
JOBS = 2
PATIENCE = 60.0
"""Seconds after which a run hangs, on a busy machine too."""
AFTERLIFE = 2.0
"""Seconds that the workers of a dead run may live."""

INTERRUPTED = 1
"""Exit status after Ctrl-C."""

SCRIPT = """
from datacard_core import *

years = ["2022_preEE", "2022_postEE", "2024"]
processes = MCProcesses(
    [
        MCProcess(name="signal", samples=["SignalSampleA"], years=years, is_signal=True),
        MCProcess(name="ttbar", samples=["TTbar"], years=years, is_signal=False),
    ]
)
shapes = [
    SystematicUncertainty(name=name, typ="shape", processes=["signal", "ttbar"], years=years, value=1.0)
    for name in ("pileup_2024", "sf_btag", "JER")
]
analysis = Analysis(
    years=years,
    mc_processes=processes,
    systematics=Systematics(shapes),
    categories={"SR": Category("discriminant"), "CR1": Category("control_var_1")},
)
"""

Start: TypeAlias = Callable[["Inputs", Path, int], int]
"""Starts the command with a directory and the descriptor of its output, in a session of its own; its process."""


@attrs.frozen
class Inputs:
    """An analysis, its files, and the cards that it gives."""

    script: Path
    outputs: Sequence[Path]

    def command(self, directory: Path) -> list[str]:
        """Return the arguments that write cards to a directory."""
        return ["build", str(self.script), *map(str, self.outputs), "-o", str(directory / "cards"), "-j", str(JOBS)]


@attrs.frozen(kw_only=True)
class Run:
    """A run that has ended."""

    killed: bool
    """False if it had ended before something could be killed."""
    status: int | None
    """Exit status, negative for the number of a signal; None if the run hung."""
    output: str
    seconds: float
    """Time from the first worker to the end."""
    left: int
    """Processes that stayed."""
    cards: dict[str, bytes]
    temporary: list[str]
    """Temporary files that stayed."""


def inputs(directory: Path) -> Inputs:
    """Write an analysis and a file for each year."""
    output = demo_output(events=100)
    outputs = [save(directory / f"{year}.coffea", of_datasets(output, datasets_of(output, year))) for year in YEARS]
    return Inputs(write(directory / "analysis.py", SCRIPT), outputs)


def fresh(given: Inputs, directory: Path, output: int) -> int:
    """Start the installed command."""
    running = subprocess.Popen(
        [str(DATACARD), *given.command(directory)],
        stdout=output,
        stderr=output,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(directory / "temporary")},
        # A shell ignores Ctrl-C in what it starts in the background, and programs inherit that.
        preexec_fn=_with_ctrl_c,  # noqa: PLW1509 - this program has no threads
    )
    # The caller waits for the process.
    running.returncode = 0
    return running.pid


def forked(given: Inputs, directory: Path, output: int) -> int:
    """Start the command as a fork of this process."""
    if process := os.fork():
        return process
    status = 1
    try:
        os.setsid()
        _with_ctrl_c()
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(output, number)
            # Those of this program may be files, and know a position in them.
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))
        os.environ["TMPDIR"], tempfile.tempdir = str(directory / "temporary"), None
        command.main(given.command(directory), prog_name="datacard")
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - of the command, which catches its own
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            # multiprocessing waits for its processes, as it does when an interpreter ends.
            multiprocessing.util._exit_function()  # type: ignore[attr-defined]
            sys.stdout.flush()
        os._exit(status)


def _with_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def run(start: Start, given: Inputs, kill: Callable[[int], bool], delay: float) -> Run:
    """Run the command, and kill something some seconds after its first worker has begun.

    Args:
        start: starts the command.
        given: its inputs.
        kill: kills something if there is something to kill, and returns whether it did; called until then.
        delay: time in s.
    """
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        (directory / "temporary").mkdir()
        reading, writing = os.pipe()
        process = start(given, directory, writing)
        os.close(writing)
        try:
            _pause(lambda: bool(children(process)) or _ended(process))
            begin = time.monotonic()
            _pause(lambda: time.monotonic() > begin + delay or _ended(process))
            killed = False
            while not (_ended(process) or (killed := kill(process))):
                time.sleep(0.002)
            # What it has started must not hold its output open, so that only the end of that is waited for.
            output = _read_to_the_end(reading)
            status = None if output is None else _status(process)
            seconds = time.monotonic() - begin
            left = _left(process)
        finally:
            os.close(reading)
            for other in (*_session(process), process):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(other, signal.SIGKILL)
        found = [*(directory / "temporary").iterdir(), *(directory / "cards").glob("*")]
        cards = {path.name: path.read_bytes() for path in found if path.is_file()}
        temporary = sorted(path.name for path in found if path.name not in cards)
        return Run(
            killed=killed,
            status=status,
            output=output or "",
            seconds=seconds,
            left=left,
            cards=cards,
            temporary=temporary,
        )


def _pause(until: Callable[[], bool]) -> None:
    while not until():
        time.sleep(0.002)


def _ended(process: int) -> bool:
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _status(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _read_to_the_end(descriptor: int) -> str | None:
    """Return what is written until no process has the pipe open, or None if that does not end."""
    end, found = time.monotonic() + PATIENCE, b""
    while select.select([descriptor], [], [], max(0.0, end - time.monotonic()))[0]:
        if not (chunk := os.read(descriptor, 1 << 16)):
            return found.decode()
        found += chunk
    return None


def children(process: int) -> list[int]:
    """Return the processes that a process has started."""
    try:
        return [int(found) for found in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _session(leader: int) -> list[int]:
    """Return the running processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and os.getsid(int(entry.name)) == leader:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                found += [int(entry.name)] if state != "Z" else []
    return found


def _left(leader: int) -> int:
    end = time.monotonic() + AFTERLIFE
    while (left := _session(leader)) and time.monotonic() < end:
        time.sleep(0.05)
    return len(left)


def faults(ended: Run, expected: dict[str, bytes], *, allowed: Iterable[int], tidy: bool = True) -> list[str]:
    """Return what is wrong with a run that was killed.

    Args:
        ended: the run.
        expected: the cards of a run that was not killed.
        allowed: exit statuses of a run that was stopped; one that went on has status 0 and all cards, and one that was
            at its end already has all cards.
        tidy: True if no temporary file may be left.
    """
    found = []
    if ended.status is None:
        found.append("it hangs")
    elif ended.status not in {0, *allowed} and ended.cards != expected:
        found.append(f"status {ended.status}: {ended.output[-300:]}")
    if ended.left:
        found.append(f"{ended.left} processes stay")
    if ended.cards != expected and (ended.status == 0 or (tidy and ended.cards)):
        found.append(f"other cards than those of a run without kills: {sorted(ended.cards)}")
    if "Traceback" in ended.output:
        found.append(ended.output[-1000:])
    if tidy and ended.temporary:
        found.append(f"temporary files stay: {ended.temporary}")
    return found


@attrs.define(kw_only=True)
class Trials:
    """Runs that are killed at random moments."""

    random: random.Random
    start: Start
    given: Inputs
    expected: dict[str, bytes]
    span: float
    """Seconds from the first worker to the end, without a kill."""
    ends: Counter[str] = attrs.field(factory=Counter)
    """Number of runs by how they ended."""

    @classmethod
    def begin(cls, directory: Path, seed: int, start: Start = forked) -> Trials:
        """Return trials, after a run in this process and one without a kill."""
        given = inputs(directory)
        # In this process, which imports what the forks need; and it makes the cards that workers are to make.
        datacard(*given.command(directory)[:-2])
        expected = contents(directory / "cards")
        # Garbage collection in a fork would copy all memory that it looks at.
        gc.collect()
        gc.freeze()
        undisturbed = run(start, given, lambda _: False, 0.0)
        found = faults(undisturbed, expected, allowed=())
        assert not found, found
        # Random numbers are for the moments alone.
        return cls(random=random.Random(seed), start=start, given=given, expected=expected, span=undisturbed.seconds)  # noqa: S311

    def worker(self) -> list[str]:
        """Kill a worker, and return what is wrong: the cards are those of a run without a kill."""
        return self._trial(self._kill_worker, allowed=())

    def interrupt(self) -> list[str]:
        """Send Ctrl-C to all processes, and return what is wrong."""
        return self._trial(lambda process: _sent(os.killpg, process, signal.SIGINT), allowed=[INTERRUPTED])

    def parent(self) -> list[str]:
        """Kill the command alone in one of three ways, and return what is wrong."""
        number = self.random.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
        killed = number == signal.SIGKILL
        return self._trial(
            lambda process: _sent(os.kill, process, number),
            allowed=[-number if killed else 128 + number],
            tidy=not killed,
        )

    def _kill_worker(self, process: int) -> bool:
        found = children(process)
        return bool(found) and _sent(os.kill, self.random.choice(found), signal.SIGKILL)

    def _trial(self, kill: Callable[[int], bool], *, allowed: Sequence[int], tidy: bool = True) -> list[str]:
        """Let a run be killed, and return its faults; a run that ends before that does not count."""
        while True:
            ended = run(self.start, self.given, kill, self.random.uniform(0.0, self.span))
            if ended.killed:
                break
            # The machine has become faster.
            self.span = ended.seconds
        # And it may become slower, which is not seen.
        self.span *= 1.02
        self.ends[f"status {ended.status}"] += 1
        return faults(ended, self.expected, allowed=allowed, tidy=tidy)


def _sent(kill: Callable[[int, int], None], process: int, number: int) -> bool:
    try:
        kill(process, number)
    except ProcessLookupError:
        return False
    return True


def main() -> int:
    """Run the trials that the arguments ask for, and return the exit status."""
    parser = argparse.ArgumentParser()
    for kind in ("workers", "interrupts", "parents"):
        parser.add_argument(f"--{kind}", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fresh", action="store_true")
    asked = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        trials = Trials.begin(Path(place), asked.seed, fresh if asked.fresh else forked)
        _say(f"Python {sys.version.split()[0]}, seed {asked.seed}, {trials.span:.2f} s with workers")
        for kind, trial in (("workers", trials.worker), ("interrupts", trials.interrupt), ("parents", trials.parent)):
            count = getattr(asked, kind)
            found = [fault for _ in range(count) for fault in _told(trial())]
            if count:
                _say(f"{count} kills of {kind}: {len(found)} faults; {dict(trials.ends)}")
            failed += len(found)
            trials.ends.clear()
    return min(failed, 1)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _told(found: list[str]) -> list[str]:
    for fault in found:
        _say(f"fault: {fault}")
    return found


if __name__ == "__main__":
    sys.exit(main())
