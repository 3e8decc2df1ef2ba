"""Fuzzer of command lines: each ends with cards, a usage error of click, or one message of the project."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import re
import signal
import tempfile
import textwrap
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import cloudpickle
import lz4.frame
from click.testing import CliRunner

from datacard_core.cli.commands import main
from tests.support.fuzz import oracle
from tests.support.fuzz.outputs import MEANING, output

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 60
_SCRIPT = """
from datacard_core import *

years = ["2022", "2023"]
names = ["sig", "tt", "vj"]
analysis = Analysis(
    years=years,
    mc_processes=MCProcesses(
        MCProcess(name=name, samples=[sample], years=years, is_signal=name == "sig")
        for name, sample in zip(names, ["Signal", "TTbar", "Vjets"])
    ),
    systematics=Systematics([
        SystematicUncertainty("lumi", "lnN", names, years, 1.02),
        SystematicUncertainty("JES", "shape", names, years, 1.0),
    ]),
    data_processes=DataProcesses([DataProcess(name="data_obs", samples=["Muon"], years=years)]),
    categories={"SR": Category("m")},
    label="x",
    mcstat=False,
)
"""
_SCRIPTS = {
    "good.py": _SCRIPT,
    "raises.py": "1 / 0",
    "exits.py": "raise SystemExit('enough')",
    "exits_0.py": "raise SystemExit(0)",
    "stops.py": "class Stop(BaseException): ...\nraise Stop('x')",
    "silent.py": "class Mute(Exception):\n    def __str__(self): raise RuntimeError\nraise Mute",
    "syntax.py": "x = (",
    "tabs.py": "if 1:\n\tx = 1\n        y = 2",
    "null.py": "x = 1\0",
    "coding.py": "# coding: no-such-coding\nx = 1",
    "latin.py": "x = '\xe9'",
    "other.py": "analysis = 5",
    "hostile.py": "class A:\n    def __getattr__(self, name): raise ValueError\nanalysis = A()",
    "late.py": f"{_SCRIPT}\nclass C(Datacard): ...\nanalysis = [analysis]",
    "recursion.py": "def f(): f()\nf()",
    "chdir.py": "import os\nos.chdir('/')\n" + _SCRIPT,
    "closes.py": "import sys\nsys.stdout.close()\n" + _SCRIPT,
    "huge.py": "x = " + "(" * 500 + ")" * 500,
    "empty.py": "",
}
_WORDS = ("build", "inspect", "plugins", "demo", "new-plugin", "bild", "", "--help", "--version", "-", "--")
_OPTIONS = {
    "build": (
        *("-o", "--directory", "--writer", "--serializer", "--source", "--plot", "-j", "--strict-on", "--accept"),
        *("--plots", "--parts", "--channel-masks", "--strict", "--all-findings", "--debug", "--jobs=1", "--no-such"),
    ),
    "inspect": ("--debug", "--help", "--no-such", "-x"),
    "plugins": ("--check", "--json", "--debug", "--help"),
    "demo": ("--debug", "--help"),
    "new-plugin": ("-o", "--directory", "--debug", "--help"),
}
_VALUES = (
    *("cards", "combine", "root", "coffea", "stack", "clipped=few", "clipped", "=", "1", "0", "-1", "9" * 30, "1e3"),
    *("nan", "", " ", "a b", "é", "\x1b[31m", "a\nb", "x" * 300, "x" * 5000, "\udcff", "a/b/c", "./", "flow-lost"),
    *("~nobody/x", "~", "%s", "{}", "$(ls)", "--", "-", "cards/../cards", "file:///a", "root://host//a", "'", '"', "*"),
)


@contextlib.contextmanager
def folder(seed: int) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield a folder with files of all kinds, and the output in it."""
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        of = output(Random(seed))  # noqa: S311
        good = cloudpickle.dumps(of)
        for file, text in _SCRIPTS.items():
            Path(file).write_text(text, encoding="latin-1")
        contents = {
            "good.coffea": lz4.frame.compress(good),
            "cut.coffea": lz4.frame.compress(good)[:-100],
            "plain.coffea": good,
            "bytes.coffea": lz4.frame.compress(good[:5000] + bytes(100) + good[5100:]),
            "list.coffea": lz4.frame.compress(pickle.dumps([1, 2])),
            "dict.coffea": lz4.frame.compress(pickle.dumps({"variables": [], "cutflow": 5, "datasets_metadata": None})),
            "partial.coffea": lz4.frame.compress(pickle.dumps({**of, "datasets_metadata": {}})),
            "none.coffea": b"",
            "text.coffea": b"not an output",
            "shapes.root": b"root" + bytes(200),
        }
        for file, content in contents.items():
            Path(file).write_bytes(content)
        Path("folder").mkdir()
        Path("a b").mkdir()
        os.mkfifo("pipe")
        Path("loop").symlink_to("loop")
        Path("dangling").symlink_to("nowhere")
        Path("zero").symlink_to("/dev/zero")
        Path("file").write_text("x")
        yield Path(name), of


def arguments(rng: Random, files: list[str]) -> list[str]:
    """Return a command line."""
    if rng.random() < 0.3:
        script = rng.choice(("good.py", rng.choice(sorted(_SCRIPTS))))
        line = ["build", script, rng.choice(("good.coffea", "plain.coffea", rng.choice(files))), "-o", "cards"]
    else:
        verb = rng.choice(_WORDS if rng.random() < 0.1 else _WORDS[:5])
        line = [verb, *(rng.choice((*files, *_VALUES)) for _ in range(rng.randint(0, 4)))]
        if verb in ("demo", "new-plugin"):
            line = line[:2]
    for _ in range(rng.randint(0, 3)):
        option = rng.choice(_OPTIONS.get(line[0], ("--debug",)))
        place = rng.randint(1, len(line)) if rng.random() < 0.5 else len(line)
        line[place:place] = [option, *([rng.choice((*files, *_VALUES))] if rng.random() < 0.6 else [])]
    return line


def problem(number: int, seed: int, of: dict[str, Any]) -> tuple[str, bool]:
    """Return what is wrong with one command line in the current folder, or an empty text, and whether it succeeded."""
    rng = Random(f"{seed}/{number}")  # noqa: S311
    # A command that was killed may have left its folder, whose name is another one in each run.
    files = sorted(name for name in os.listdir(".") if not name.startswith("tmp"))  # noqa: PTH208
    line = arguments(rng, [*files, "/dev/zero", "/dev/null", "/dev/full", "missing.coffea", "missing/a.py"])
    reading, writing = os.pipe()
    # In a process of its own, which may end or hang, and which leaves no module behind.
    pid = os.fork()
    if not pid:
        os.close(reading)
        signal.alarm(_SECONDS)
        try:
            told = _run(line, of)
        except BaseException as error:  # noqa: BLE001 - each of them is a finding
            told = f"{type(error).__name__}: {error!s:.200}", False
        with open(writing, "wb") as pipe:  # noqa: PTH123
            pickle.dump(told, pipe)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123
        sent = pipe.read()
    _, status = os.waitpid(pid, 0)
    found, succeeded = pickle.loads(sent) if sent else (f"ended with status {status}", False)
    return (f"{line}: {found}" if found else ""), succeeded


def _run(line: list[str], of: dict[str, Any]) -> tuple[str, bool]:
    # The whole path: a relative one would not be found again from inside, and the folder stay.
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as here:
        # What a command writes stays in a folder of its own, beside links to the files.
        for name in os.listdir("."):  # noqa: PTH208
            if not name.startswith("tmp"):
                Path(here, name).symlink_to(Path(name).absolute())
        os.chdir(here)
        result = CliRunner().invoke(main, line)
        errors = result.stderr
        if result.exit_code not in (0, 1, 2) or (result.exception and not isinstance(result.exception, SystemExit)):
            return f"status {result.exit_code}, {result.exception!r}", False
        if "Traceback" in errors and "--debug" not in line:
            return f"a traceback: {errors[-300:]}", False
        if result.exit_code == 1 and "--debug" not in line and len(re.findall("^Error: ", errors, re.MULTILINE)) != 1:
            return f"status 1 and {errors[-300:]!r}", False
        if "This is unexpected" in errors:
            return textwrap.shorten(errors, 400), False
        card = Path("cards", "datacard_SR_x.txt")
        plain = {
            "histograms": of["variables"]["m"],
            "periods": of["datasets_metadata"]["by_datataking_period"],
            "cutflow": of["cutflow"],
        }
        found = list(oracle.faults(card.read_text(), None, plain, MEANING)) if card.is_file() else []
        if found and result.exit_code == 0 and "--writer" not in " ".join(line):
            return f"{found}", True
        return "", result.exit_code == 0


def silent() -> contextlib.redirect_stderr[io.StringIO]:
    """Return a context in which what libraries print is dropped."""
    return contextlib.redirect_stderr(io.StringIO())
