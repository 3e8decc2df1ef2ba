"""Moves of files as one set: journals that a killed process has left are completed by the next one."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from datacard_core import DatacardError
from datacard_core.output.locks import FOLDER
from datacard_core.output.staging import staging
from tests.support.dump_kills import Trials
from tests.support.processes import forked

if TYPE_CHECKING:
    from pathlib import Path


def dump_until_killed(folder: Path, step: int) -> None:
    """Write two files, and kill this process at one of their moves."""
    moves = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal moves
        if event == "os.rename" and {"old", "new"} & {part for path in arguments[:2] for part in str(path).split("/")}:
            moves += 1
            if moves == step:
                os.kill(os.getpid(), signal.SIGKILL)

    with staging(folder) as stage:
        stage.text("shapes/SR.root", "new")
        stage.text("cards/SR.txt", "new")
        # It cannot be removed from a process.
        sys.addaudithook(hook)


def contents(folder: Path) -> dict[str, str]:
    """Return every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 2, 3, 4])
@pytest.mark.parametrize("first", ["shapes", "cards"])
def test_files_in_two_directories(step: int, first: str, tmp_path: Path) -> None:
    """The next build into either directory completes both."""
    for name in ("shapes/SR.root", "cards/SR.txt"):
        with staging(tmp_path) as stage:
            stage.text(name, "old")
    assert forked(partial(dump_until_killed, tmp_path, step)) == -9
    found = {name: text for name, text in contents(tmp_path).items() if ".part" not in name}
    assert (len(set(found.values())), "shapes/SR.root" in found) in {(0, False), (1, True)}
    with staging(tmp_path / first) as stage:
        stage.text("another", "")
    assert contents(tmp_path) == {f"{first}/another": "", "shapes/SR.root": "new", "cards/SR.txt": "new"}


def left_by_a_kill(folder: Path) -> Path:
    """Kill the dump of two files at their first move, and return the hidden folder of the first."""
    assert forked(partial(dump_until_killed, folder, 1)) == -9
    return folder / "shapes" / FOLDER


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "[]", "{}", '{"directories": 3, "files": []}', "\xff"])
def test_damaged_journal(text: str, tmp_path: Path) -> None:
    """A journal that cannot be read is told with its path, and nothing beside it is removed."""
    hidden = left_by_a_kill(tmp_path)
    (hidden / "journal.json").write_text(text, encoding="latin-1")
    for _ in range(2):
        with pytest.raises(DatacardError, match=r"journal\.json' is damaged"), staging(tmp_path) as stage:
            stage.path("shapes/another")
    assert (hidden / "new" / "SR.root" / "SR.root").read_text() == "new"


@pytest.mark.slow
def test_place_that_was_taken(tmp_path: Path) -> None:
    """A directory in the place of a file of a killed build is told with its path and the way out, and stays."""
    hidden = left_by_a_kill(tmp_path)
    (tmp_path / "cards" / "SR.txt").mkdir()
    with pytest.raises(IsADirectoryError) as raised, staging(tmp_path) as stage:
        stage.path("cards/another")
    assert raised.value.filename == str(tmp_path / "cards" / "SR.txt")
    assert any(f"wait in {str(hidden)!r}; remove it to give them up" in note for note in raised.value.__notes__)
    (tmp_path / "cards" / "SR.txt").rmdir()
    with staging(tmp_path) as stage:
        stage.text("cards/another", "")
    assert contents(tmp_path) == {"cards/another": "", "shapes/SR.root": "new", "cards/SR.txt": "new"}


@pytest.fixture(scope="module")
def trials(small_demo: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Trials:
    """Dumps of two analyses into one directory, whose renames take 3 ms longer."""
    return Trials.of(small_demo, tmp_path_factory.mktemp("trials") / "cards", 1, 0.003)


@pytest.mark.slow
def test_kills_at_random_moments(trials: Trials) -> None:
    """A kill inside the renames mixes no sets, and the next dump leaves all files new and none behind."""
    found = Counter([*attrs.evolve(trials, pause=0.0).kills(5), *trials.kills(5)])
    assert {fault for _, fault in found} == {""}
    assert any(outcome.startswith("some") for outcome, _ in found), found


@pytest.mark.slow
def test_two_dumps_at_once(trials: Trials) -> None:
    """Of two dumps into one directory, the files of one are whole and the other is told."""
    found = Counter(trials.races(6))
    assert {fault for _, fault in found} == {""}
    assert ("one whole, the other told", "") in found
