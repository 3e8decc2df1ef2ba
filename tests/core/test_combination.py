"""The script that combines the cards: run by a real bash, with stand-ins for Combine's commands."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from datacard_core import Datacard, DeclarationError, MCProcess, MCProcesses, combine_datacards, load_plugins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import CardArguments

STAND_IN = """\
#!{python}
import json, os, sys
name = os.path.basename(sys.argv[0])
with open(os.environ["CALLS"], "a") as calls:
    print(json.dumps({{"command": name, "arguments": sys.argv[1:], "directory": os.getcwd()}}), file=calls)
print("a card that is", "broken" if name == os.environ.get("FAILING") else "combined")
sys.stdout.flush()
sys.exit(name == os.environ.get("FAILING"))
"""


@attrs.frozen
class Call:
    """A command that the script ran."""

    command: str
    arguments: list[str]
    directory: str


@attrs.frozen
class Shell:
    """A bash in which combineCards.py and text2workspace.py tell how they were called."""

    commands: Path
    log: Path

    def run(
        self, script: Path | str, cwd: Path, *, failing: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        path = f"{self.commands}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["bash", str(script)],  # noqa: S607 - the user's
            cwd=cwd,
            env={**os.environ, "PATH": path, "CALLS": str(self.log), "FAILING": failing, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[Call]:
        return [Call(**json.loads(line)) for line in self.log.read_text().splitlines()]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    commands = tmp_path / "commands"
    commands.mkdir()
    for name in ("combineCards.py", "text2workspace.py"):
        (commands / name).write_text(STAND_IN.format(python=sys.executable))
        (commands / name).chmod(0o755)
    log = tmp_path / "calls"
    log.touch()
    return Shell(commands, log)


@pytest.fixture
def card(card_arguments: CardArguments) -> Callable[..., Datacard]:
    plugins = load_plugins("lnn", "shape", "combine", "root")

    def make(prefix: str = "", **changes: Any) -> Datacard:
        return Datacard(**card_arguments(bin_prefix=prefix, mcstat=False, plugins=plugins, **changes))

    return make


@pytest.fixture
def cards(card: Callable[..., Datacard]) -> dict[str, Datacard]:
    return {"datacard_a.txt": card("a"), "datacard_b.txt": card("b")}


def test_the_script_combines_the_cards_by_their_bins_and_makes_a_workspace(
    cards: dict[str, Datacard], shell: Shell, tmp_path: Path
) -> None:
    combine_datacards(cards, tmp_path / "out", "x.sh", "all.txt", "all.root")
    done = shell.run("x.sh", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    out = str(tmp_path / "out")
    assert shell.calls == [
        Call("combineCards.py", ["a_SR_2022_2023=datacard_a.txt", "b_SR_2022_2023=datacard_b.txt"], out),
        Call("text2workspace.py", ["all.txt", "-o", "all.root"], out),
    ]
    assert (tmp_path / "out" / "all.txt").read_text() == "a card that is combined\n"


def test_names_are_those_of_the_old_interface_if_not_given(
    cards: dict[str, Datacard], shell: Shell, tmp_path: Path
) -> None:
    combine_datacards(cards, tmp_path)
    assert shell.run(tmp_path / "combine_cards.sh", tmp_path).returncode == 0
    assert shell.calls[1].arguments == ["datacard_combined.txt", "-o", "workspace.root"]


def test_the_script_stops_at_whatever_fails(cards: dict[str, Datacard], tmp_path: Path) -> None:
    combine_datacards(cards, tmp_path)
    lines = (tmp_path / "combine_cards.sh").read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert next(line for line in lines if not line.startswith("#")) == "set -euo pipefail"


def test_the_script_is_executable(cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
    combine_datacards(cards, tmp_path)
    assert (tmp_path / "combine_cards.sh").stat().st_mode & stat.S_IXUSR
    path = f"{shell.commands}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "CALLS": str(shell.log)}
    subprocess.run([tmp_path / "combine_cards.sh"], env=environment, check=True, capture_output=True)
    assert len(shell.calls) == 2


@pytest.mark.parametrize("absolute", [True, False], ids=["by its absolute path", "by its relative path"])
@pytest.mark.parametrize("path", ["x.sh", "scripts/x.sh", "scripts/of mine/x.sh", "../x.sh", "./x.sh"])
def test_the_script_works_when_called_from_another_directory(
    path: str,
    absolute: bool,
    cards: dict[str, Datacard],
    shell: Shell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "some where" / "out"
    combine_datacards(cards, out, path)
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    script = os.path.normpath(out / path)
    done = shell.run(script if absolute else os.path.relpath(script, elsewhere), elsewhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert {call.directory for call in shell.calls} == {str(out)}
    assert list(elsewhere.iterdir()) == []


def test_the_script_may_be_named_by_its_absolute_path(
    cards: dict[str, Datacard], shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "scripts" / "x.sh"
    combine_datacards(cards, tmp_path / "out", str(script))
    assert shell.run(script, tmp_path).returncode == 0
    assert {call.directory for call in shell.calls} == {str(tmp_path / "out")}


def test_the_script_goes_where_it_is_and_not_where_cdpath_leads(
    cards: dict[str, Datacard], shell: Shell, tmp_path: Path
) -> None:
    combine_datacards(cards, tmp_path / "out", "x.sh")
    trap = tmp_path / "trap"
    (trap / "out").mkdir(parents=True)
    done = shell.run("out/x.sh", tmp_path, CDPATH=str(trap))
    assert (done.returncode, done.stdout) == (0, "a card that is combined\n")
    assert {call.directory for call in shell.calls} == {str(tmp_path / "out")}


def test_names_with_blanks_and_quotes_survive_the_shell(
    card: Callable[..., Datacard], shell: Shell, tmp_path: Path
) -> None:
    names = ["a card.txt", "it's.txt", 'say "hi".txt', "$HOME.txt", "`id`.txt", "a;b&c|d>e.txt", "back\\slash.txt"]
    cards = {name: card(f"bin{position}") for position, name in enumerate(names)}
    combined, workspace = "all 'of' \"them\" $HOME.txt", "work space's.root"
    combine_datacards(cards, tmp_path / "out", "x.sh", combined, workspace)
    assert shell.run("x.sh", tmp_path / "out").returncode == 0
    first, second = shell.calls
    assert first.arguments == [f"bin{position}_SR_2022_2023={name}" for position, name in enumerate(names)]
    assert second.arguments == [combined, "-o", workspace]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted([combined, "x.sh"])


def test_a_name_with_a_dash_in_front_is_not_taken_for_an_option(
    cards: dict[str, Datacard], shell: Shell, tmp_path: Path
) -> None:
    combine_datacards(cards, tmp_path, "x.sh", "-all.txt", "-work.root")
    assert shell.run("x.sh", tmp_path).returncode == 0
    assert (tmp_path / "-all.txt").exists()
    card_name, _, workspace_name = shell.calls[1].arguments
    assert not card_name.startswith("-")
    assert not workspace_name.startswith("-")


def test_when_combining_fails_an_earlier_combined_card_stays_and_no_workspace_is_made(
    cards: dict[str, Datacard], shell: Shell, tmp_path: Path
) -> None:
    combine_datacards(cards, tmp_path, "x.sh", "all.txt")
    (tmp_path / "all.txt").write_text("an earlier card\n")
    done = shell.run("x.sh", tmp_path, failing="combineCards.py")
    assert done.returncode == 1
    assert [call.command for call in shell.calls] == ["combineCards.py"]
    assert (tmp_path / "all.txt").read_text() == "an earlier card\n"


def test_when_the_workspace_fails_the_script_fails(cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
    combine_datacards(cards, tmp_path, "x.sh")
    assert shell.run("x.sh", tmp_path, failing="text2workspace.py").returncode == 1


def test_without_combine_the_script_fails_and_names_the_missing_command(
    cards: dict[str, Datacard], shell: Shell, tmp_path: Path
) -> None:
    combine_datacards(cards, tmp_path, "x.sh", "all.txt")
    (shell.commands / "combineCards.py").unlink()
    done = shell.run("x.sh", tmp_path)
    assert done.returncode == 127
    assert "combineCards.py" in done.stderr
    assert not (tmp_path / "all.txt").exists()


@pytest.mark.parametrize("masks", [True, False])
def test_the_workspace_can_mask_channels_where_that_is_asked_for(
    masks: bool, cards: dict[str, Datacard], shell: Shell, tmp_path: Path
) -> None:
    combine_datacards(cards, tmp_path, "x.sh", channel_masks=masks)
    assert shell.run("x.sh", tmp_path).returncode == 0
    assert ("--channel-masks" in shell.calls[1].arguments) == masks


def test_equal_cards_give_an_equal_script(cards: dict[str, Datacard], tmp_path: Path) -> None:
    for name in ("one", "two"):
        combine_datacards(cards, tmp_path / name)
    assert (tmp_path / "one/combine_cards.sh").read_bytes() == (tmp_path / "two/combine_cards.sh").read_bytes()


def test_the_script_says_nothing_about_the_directory_it_was_written_to(
    cards: dict[str, Datacard], shell: Shell, tmp_path: Path
) -> None:
    combine_datacards(cards, tmp_path / "out", "scripts/x.sh")
    (tmp_path / "out").rename(tmp_path / "moved")
    assert shell.run(tmp_path / "moved/scripts/x.sh", tmp_path).returncode == 0
    assert {call.directory for call in shell.calls} == {str(tmp_path / "moved")}


def test_two_cards_with_one_bin_name_are_an_error_that_names_both(
    card: Callable[..., Datacard], tmp_path: Path
) -> None:
    with pytest.raises(DeclarationError, match=r"'one\.txt', 'two\.txt'.*'SR_2022_2023'.*bin_prefix"):
        combine_datacards({"one.txt": card(), "two.txt": card()}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_script_that_does_not_end_in_sh_is_an_error(cards: dict[str, Datacard], tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"'combine\.bash'.*'\.sh'"):
        combine_datacards(cards, tmp_path / "out", "combine.bash")
    assert not (tmp_path / "out").exists()


def test_no_cards_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no card"):
        combine_datacards({}, tmp_path / "out")


def test_a_process_that_is_signal_in_one_card_and_background_in_another_is_an_error(
    card: Callable[..., Datacard], tmp_path: Path
) -> None:
    def processes(signal: str) -> MCProcesses:
        years = ["2022", "2023"]
        return MCProcesses(
            MCProcess(name=name, samples=[sample], years=years, is_signal=name == signal)
            for name, sample in (("signal", "Signal"), ("top", "Top"), ("vjets", "Vjets"))
        )

    cards = {f"{signal}.txt": card(signal, mc_processes=processes(signal)) for signal in ("signal", "top")}
    with pytest.raises(DeclarationError) as raised:
        combine_datacards(cards, tmp_path)
    assert "process 'top_2022' is a signal in card 'top.txt' and a background in 'signal.txt'" in str(raised.value)


def test_all_problems_are_told_at_once(card: Callable[..., Datacard], tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as raised:
        combine_datacards({"one.txt": card(), "two.txt": card()}, tmp_path, "combine")
    assert len(raised.value.problems) == 2


def test_a_combined_card_that_would_replace_one_of_its_cards_is_an_error(
    cards: dict[str, Datacard], tmp_path: Path
) -> None:
    with pytest.raises(DeclarationError, match=r"datacard_a\.txt"):
        combine_datacards(cards, tmp_path, card_name="datacard_a.txt")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"card_name": "./datacard_a.txt"}, r"card_name '\./datacard_a\.txt' would replace card 'datacard_a\.txt'"),
        ({"workspace_name": "datacard_b.txt"}, r"workspace_name 'datacard_b\.txt' would replace card"),
        ({"card_name": "same", "workspace_name": "same"}, "workspace_name 'same' would replace card_name 'same'"),
        ({"card_name": "combine_cards.sh"}, r"card_name .* would replace path 'combine_cards\.sh'"),
        ({"card_name": "a", "workspace_name": "a.part"}, r"workspace_name 'a\.part' would replace card_name"),
    ],
)
def test_what_the_script_makes_replaces_nothing_that_it_needs(
    names: dict[str, str], words: str, cards: dict[str, Datacard], tmp_path: Path
) -> None:
    with pytest.raises(DeclarationError, match=words):
        combine_datacards(cards, tmp_path / "out", **names)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_script_that_is_there_is_replaced(cards: dict[str, Datacard], tmp_path: Path) -> None:
    script = tmp_path / "combine_cards.sh"
    script.write_text("exit 3\n")
    combine_datacards(cards, tmp_path)
    assert shlex.quote("a_SR_2022_2023=datacard_a.txt") in script.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["combine_cards.sh"]
