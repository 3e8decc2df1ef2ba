"""The script that combines cards: run by a real bash, with stand-ins for Combine's commands."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from datacard_core import Datacard, DeclarationError, MCProcess, MCProcesses, combine_datacards, load_plugins
from tests.conftest import small_analysis

if TYPE_CHECKING:
    from pathlib import Path

PLUGINS = load_plugins("lnn", "shape", "combine", "root")
STAND_IN = """\
#!/usr/bin/env bash
name=${0##*/}
printf '%s\\0' "$name" "$(pwd -P)" "$#" "$@" >> "$CALLS"
if [ "$name" = "$FAILING" ]; then echo "a card that is broken"; exit 1; fi
echo "a card that is combined"
"""
"""In the place of Combine's commands: it writes its name, directory and arguments down, each behind a NUL."""


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
        words = iter(self.log.read_text().split("\0")[:-1])
        return [
            Call(command, [next(words) for _ in range(int(next(words)))], directory)
            for command, directory in zip(words, words, strict=False)
        ]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    commands = tmp_path / "commands"
    commands.mkdir()
    for name in ("combineCards.py", "text2workspace.py"):
        (commands / name).write_text(STAND_IN)
        (commands / name).chmod(0o755)
    log = tmp_path / "calls"
    log.touch()
    return Shell(commands, log)


def card(prefix: str = "", **changes: Any) -> Datacard:
    return Datacard(**small_analysis(bin_prefix=prefix, mcstat=False, plugins=PLUGINS, **changes))


@pytest.fixture(scope="module")
def cards() -> dict[str, Datacard]:
    return {"datacard_a.txt": card("a"), "datacard_b.txt": card("b")}


class TestScript:
    """The script, run."""

    @pytest.mark.slow
    def test_commands(self, cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
        """The script combines the cards by their bins and makes a workspace."""
        combine_datacards(cards, tmp_path / "out", "x.sh", "all.txt", "all.root")
        done = shell.run("x.sh", tmp_path / "out")
        assert (done.returncode, done.stderr) == (0, "")
        out = str(tmp_path / "out")
        assert shell.calls == [
            Call("combineCards.py", ["a_SR_2022_2023=datacard_a.txt", "b_SR_2022_2023=datacard_b.txt"], out),
            Call("text2workspace.py", ["all.txt", "-o", "all.root"], out),
        ]
        assert (tmp_path / "out" / "all.txt").read_text() == "a card that is combined\n"

    @pytest.mark.slow
    def test_default_names(self, cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
        """Default names are those of PocketCoffea."""
        combine_datacards(cards, tmp_path)
        assert shell.run(tmp_path / "combine_cards.sh", tmp_path).returncode == 0
        assert shell.calls[1].arguments == ["datacard_combined.txt", "-o", "workspace.root"]

    @pytest.mark.slow
    def test_stops_at_failure(self, cards: dict[str, Datacard], tmp_path: Path) -> None:
        """The script stops at the first command that fails."""
        combine_datacards(cards, tmp_path)
        lines = (tmp_path / "combine_cards.sh").read_text().splitlines()
        assert lines[0] == "#!/usr/bin/env bash"
        assert next(line for line in lines if not line.startswith("#")) == "set -euo pipefail"

    @pytest.mark.slow
    def test_executable(self, cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
        """The script is executable."""
        combine_datacards(cards, tmp_path)
        assert (tmp_path / "combine_cards.sh").stat().st_mode & stat.S_IXUSR
        path = f"{shell.commands}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "CALLS": str(shell.log)}
        subprocess.run([tmp_path / "combine_cards.sh"], env=environment, check=True, capture_output=True)
        assert len(shell.calls) == 2

    @pytest.mark.slow
    def test_failing_combination(self, cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
        """After a failure of combineCards.py an earlier combined card stays, and no new file is left."""
        combine_datacards(cards, tmp_path, "x.sh", "all.txt")
        (tmp_path / "all.txt").write_text("an earlier card\n")
        done = shell.run("x.sh", tmp_path, failing="combineCards.py")
        assert done.returncode == 1
        assert [call.command for call in shell.calls] == ["combineCards.py"]
        assert (tmp_path / "all.txt").read_text() == "an earlier card\n"
        assert [path.name for path in tmp_path.glob("*.part")] == []

    @pytest.mark.slow
    def test_failing_workspace(self, cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
        """Where the workspace fails, the script fails."""
        combine_datacards(cards, tmp_path, "x.sh")
        assert shell.run("x.sh", tmp_path, failing="text2workspace.py").returncode == 1

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "missing", [["combineCards.py"], ["text2workspace.py"], ["combineCards.py", "text2workspace.py"]], ids=" ".join
    )
    def test_without_combine(
        self, missing: list[str], cards: dict[str, Datacard], shell: Shell, tmp_path: Path
    ) -> None:
        """Without Combine the script names all missing commands and the way out, and leaves no file."""
        combine_datacards(cards, tmp_path / "out", "x.sh", "all of 'them'.txt")
        for name in missing:
            (shell.commands / name).unlink()
        done = shell.run("x.sh", tmp_path / "out")
        assert done.returncode == 127
        assert done.stderr.startswith(f"not found: {' '.join(missing)}; run this script in an environment with Combine")
        assert len(done.stderr.splitlines()) == 1
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.sh"]
        assert shell.calls == []

    @pytest.mark.slow
    @pytest.mark.parametrize("masks", [True, False])
    def test_channel_masks(self, masks: bool, cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
        """The workspace can mask channels where the argument says so."""
        combine_datacards(cards, tmp_path, "x.sh", channel_masks=masks)
        assert shell.run("x.sh", tmp_path).returncode == 0
        assert ("--channel-masks" in shell.calls[1].arguments) == masks

    @pytest.mark.slow
    def test_equal_bytes(self, cards: dict[str, Datacard], tmp_path: Path) -> None:
        """Equal cards give equal bytes."""
        for name in ("one", "two"):
            combine_datacards(cards, tmp_path / name)
        assert (tmp_path / "one/combine_cards.sh").read_bytes() == (tmp_path / "two/combine_cards.sh").read_bytes()


class TestPlaces:
    """Directories and names."""

    @pytest.mark.slow
    def test_called_from_another_directory(
        self, cards: dict[str, Datacard], shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The script works when it is called from another directory, by its absolute and by its relative path."""
        monkeypatch.chdir(tmp_path)
        out, elsewhere = tmp_path / "some where" / "out", tmp_path / "else where"
        elsewhere.mkdir()
        for path in ("x.sh", "scripts/x.sh", "scripts/of mine/x.sh", "../x.sh", "./x.sh"):
            combine_datacards(cards, out, path)
            script = os.path.normpath(out / path)
            for called in (script, os.path.relpath(script, elsewhere)):
                shell.log.write_text("")
                done = shell.run(called, elsewhere)
                assert (done.returncode, done.stderr) == (0, ""), called
                assert [call.directory for call in shell.calls] == [str(out)] * 2, called
                assert list(elsewhere.iterdir()) == [], called

    @pytest.mark.slow
    def test_absolute_path(
        self, cards: dict[str, Datacard], shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The script may be given by its absolute path."""
        monkeypatch.chdir(tmp_path)
        script = tmp_path / "scripts" / "x.sh"
        combine_datacards(cards, tmp_path / "out", str(script))
        assert shell.run(script, tmp_path).returncode == 0
        assert {call.directory for call in shell.calls} == {str(tmp_path / "out")}

    @pytest.mark.slow
    def test_cdpath(self, cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
        """The script ignores CDPATH."""
        combine_datacards(cards, tmp_path / "out", "x.sh")
        trap = tmp_path / "trap"
        (trap / "out").mkdir(parents=True)
        done = shell.run("out/x.sh", tmp_path, CDPATH=str(trap))
        assert (done.returncode, done.stdout) == (0, "a card that is combined\n")
        assert {call.directory for call in shell.calls} == {str(tmp_path / "out")}

    @pytest.mark.slow
    def test_moved_directory(self, cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
        """The script still works after its directory has moved."""
        combine_datacards(cards, tmp_path / "out", "scripts/x.sh")
        (tmp_path / "out").rename(tmp_path / "moved")
        assert shell.run(tmp_path / "moved/scripts/x.sh", tmp_path).returncode == 0
        assert {call.directory for call in shell.calls} == {str(tmp_path / "moved")}

    @pytest.mark.slow
    def test_blanks_and_quotes(self, shell: Shell, tmp_path: Path) -> None:
        """Names with blanks and quotes survive the shell."""
        names = ["a card.txt", "it's.txt", 'say "hi".txt', "$HOME.txt", "`id`.txt", "a;b&c|d>e.txt", "back\\slash.txt"]
        cards = {name: card(f"bin{position}") for position, name in enumerate(names)}
        combined, workspace = "all 'of' \"them\" $HOME.txt", "work space's.root"
        combine_datacards(cards, tmp_path / "out", "x.sh", combined, workspace)
        assert shell.run("x.sh", tmp_path / "out").returncode == 0
        first, second = shell.calls
        assert first.arguments == [f"bin{position}_SR_2022_2023={name}" for position, name in enumerate(names)]
        assert second.arguments == [combined, "-o", workspace]
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted([combined, "x.sh"])

    @pytest.mark.slow
    def test_leading_dash(self, cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
        """A name with a leading dash is not taken for an option."""
        combine_datacards(cards, tmp_path, "x.sh", "-all.txt", "-work.root")
        assert shell.run("x.sh", tmp_path).returncode == 0
        assert (tmp_path / "-all.txt").exists()
        card_name, _, workspace_name = shell.calls[1].arguments
        assert not card_name.startswith("-")
        assert not workspace_name.startswith("-")

    @pytest.mark.slow
    def test_replaced(self, cards: dict[str, Datacard], tmp_path: Path) -> None:
        """An old script is replaced."""
        script = tmp_path / "combine_cards.sh"
        script.write_text("exit 3\n")
        combine_datacards(cards, tmp_path)
        assert shlex.quote("a_SR_2022_2023=datacard_a.txt") in script.read_text()
        assert [path.name for path in tmp_path.iterdir()] == ["combine_cards.sh"]


class TestMissingCards:
    """Cards that are not where the script will look for them."""

    @pytest.mark.slow
    def test_told(self, cards: dict[str, Datacard], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A missing card is told when the script is written, with its path."""
        name = next(iter(cards))
        for other in list(cards)[1:]:
            cards[other].dump(tmp_path, card_name=other)
        combine_datacards(cards, tmp_path)
        (line,) = capsys.readouterr().err.splitlines()
        assert "[missing-card]" in line
        assert str(tmp_path / name) in line

    @pytest.mark.slow
    def test_file_in_another_folder(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A file of the same name in a folder below is named."""
        made = card("a")
        made.dump(tmp_path / "SR", card_name="card.txt")
        combine_datacards({"card.txt": made}, tmp_path)
        assert f"there is '{tmp_path / 'SR' / 'card.txt'}'" in capsys.readouterr().err

    @pytest.mark.slow
    def test_not_verbose(self, cards: dict[str, Datacard], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The warning can be left out, for a script that writes the cards later."""
        combine_datacards(cards, tmp_path, verbose=False)
        assert capsys.readouterr().err == ""

    @pytest.mark.slow
    def test_several_folders(self, shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Cards in several folders are found, and combined under their paths."""
        made = {name: card(category) for name, category in (("SR/card.txt", "SR"), ("../other/card.txt", "CR"))}
        for name, one in made.items():
            one.dump((tmp_path / "all" / name).parent, card_name="card.txt")
        combine_datacards(made, tmp_path / "all")
        assert capsys.readouterr().err == ""
        shell.run(tmp_path / "all" / "combine_cards.sh", tmp_path)
        combination = shell.calls[0]
        assert combination.directory == str(tmp_path / "all")
        assert [argument.split("=")[1] for argument in combination.arguments] == list(made)

    @pytest.mark.slow
    def test_one_file_twice(self, tmp_path: Path) -> None:
        """Two names of one file are an error."""
        with pytest.raises(DeclarationError, match=r"card '\./a\.txt' and card 'a\.txt' are one file"):
            combine_datacards({"a.txt": card("SR"), "./a.txt": card("CR")}, tmp_path)


class TestTemplates:
    """Cards beside templates of another run."""

    def dumped(self, cards: dict[str, Datacard], folder: Path) -> Path:
        """Write cards to folders of their own, with templates in another one, and the script; return the script."""
        for name, made in cards.items():
            made.dump(folder, f"cards/{name}", f"shapes/{name}.root")
        combine_datacards({f"cards/{name}": made for name, made in cards.items()}, folder)
        return folder / "combine_cards.sh"

    @pytest.mark.slow
    def test_of_one_run(self, cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
        """Cards with their own templates are combined."""
        done = shell.run(self.dumped(cards, tmp_path / "out"), tmp_path)
        assert (done.returncode, done.stderr, len(shell.calls)) == (0, "", 2)

    @pytest.mark.slow
    @pytest.mark.parametrize("change", ["another", "missing"])
    def test_of_another_run(self, change: str, cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
        """The script refuses a card whose templates were changed or removed, and names both; no command is run."""
        script = self.dumped(cards, tmp_path / "out")
        templates = tmp_path / "out" / "shapes" / "datacard_b.txt.root"
        if change == "another":
            templates.write_bytes(templates.read_bytes() + b"\0")
        else:
            templates.unlink()
        done = shell.run(script, tmp_path)
        assert done.returncode == 1
        told = "cards/datacard_b.txt was written with other templates than ../shapes/datacard_b.txt.root has now"
        assert told in done.stderr
        assert "datacard_a" not in done.stderr
        assert shell.calls == []

    @pytest.mark.slow
    def test_changed_on_purpose(self, cards: dict[str, Datacard], shell: Shell, tmp_path: Path) -> None:
        """A card without the line is combined, whatever its templates are."""
        script = self.dumped(cards, tmp_path / "out")
        (tmp_path / "out" / "shapes" / "datacard_b.txt.root").write_bytes(b"mine")
        path = tmp_path / "out" / "cards" / "datacard_b.txt"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
        assert shell.run(script, tmp_path).returncode == 0


class TestRefused:
    """Cards and names that cannot be combined."""

    @pytest.mark.slow
    def test_one_bin_twice(self, tmp_path: Path) -> None:
        """Two cards of one bin are an error that names both."""
        with pytest.raises(DeclarationError, match=r"'one\.txt', 'two\.txt'.*'SR_2022_2023'.*bin_prefix"):
            combine_datacards({"one.txt": card(), "two.txt": card()}, tmp_path)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.slow
    def test_suffix_of_script(self, cards: dict[str, Datacard], tmp_path: Path) -> None:
        """A script whose name does not end in .sh is an error."""
        with pytest.raises(DeclarationError, match=r"'combine\.bash'.*'\.sh'"):
            combine_datacards(cards, tmp_path / "out", "combine.bash")
        assert not (tmp_path / "out").exists()

    @pytest.mark.slow
    def test_no_dict(self, tmp_path: Path) -> None:
        """A list of cards, a single card, or other values are an error that shows the dict to write."""
        for given in ([card()], card(), "datacard.txt"):
            with pytest.raises(
                DeclarationError, match=f"datacards is a {type(given).__name__}, expected a dict of cards"
            ):
                combine_datacards(given, tmp_path / "out")  # type: ignore[arg-type]
        with pytest.raises(DeclarationError, match="under the name 1, expected a dict of cards by") as raised:
            combine_datacards({1: card(), "b.txt": "b.txt"}, tmp_path / "out")  # type: ignore[dict-item]
        assert "has 'b.txt' under the name 'b.txt'" in str(raised.value)
        assert not (tmp_path / "out").exists()

    def test_no_cards(self, tmp_path: Path) -> None:
        """Combining no cards is an error."""
        with pytest.raises(DeclarationError, match="no card"):
            combine_datacards({}, tmp_path / "out")

    @pytest.mark.slow
    def test_signal_and_background(self, tmp_path: Path) -> None:
        """A process that is a signal in one card and a background in another is an error."""

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

    @pytest.mark.slow
    def test_all_problems_at_once(self, tmp_path: Path) -> None:
        """All problems are told at once."""
        with pytest.raises(DeclarationError) as raised:
            combine_datacards({"one.txt": card(), "two.txt": card()}, tmp_path, "combine")
        assert len(raised.value.problems) == 2

    @pytest.mark.slow
    def test_combined_card_replaces_card(self, cards: dict[str, Datacard], tmp_path: Path) -> None:
        """A combined card that would replace one of its cards is an error."""
        with pytest.raises(DeclarationError, match=r"datacard_a\.txt"):
            combine_datacards(cards, tmp_path, card_name="datacard_a.txt")

    @pytest.mark.slow
    def test_files_replace_each_other(self, cards: dict[str, Datacard], tmp_path: Path) -> None:
        """Files of the script that would replace each other are an error."""
        for names, words in (
            ({"card_name": "./datacard_a.txt"}, r"card_name '\./datacard_a\.txt' would replace card 'datacard_a\.txt'"),
            ({"workspace_name": "datacard_b.txt"}, r"workspace_name 'datacard_b\.txt' would replace card"),
            ({"card_name": "same", "workspace_name": "same"}, "workspace_name 'same' would replace card_name 'same'"),
            ({"card_name": "combine_cards.sh"}, r"card_name .* would replace path 'combine_cards\.sh'"),
            ({"card_name": "a", "workspace_name": "a.part"}, r"workspace_name 'a\.part' would replace card_name"),
        ):
            with pytest.raises(DeclarationError, match=words):
                combine_datacards(cards, tmp_path / "out", **names)  # type: ignore[arg-type]
            assert not (tmp_path / "out").exists(), names
