"""Files appear complete or not at all, whatever fails and whenever, and equal inputs give equal files."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    CardContext,
    CardWriter,
    Datacard,
    DeclarationError,
    NamedTemplates,
    PluginCallError,
    Systematics,
    SystematicUncertainty,
    TemplateSerializer,
    hookimpl,
    load_plugins,
)
from datacard_core.demo.analysis import analysis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.conftest import CardArguments


class Writer(CardWriter):
    """Fails after half of its work."""

    name: ClassVar[str] = "failing"

    def render(self, card: CardContext) -> str:
        raise RuntimeError(f"no ink for {card.channel.bin} in {card.shapes_name}")


@attrs.frozen
class Serializer(TemplateSerializer):
    """Writes half a file, then does something else."""

    name: ClassVar[str] = "failing"
    then: Callable[[Path], object]

    def write(self, templates: NamedTemplates, path: Path) -> None:
        path.write_text(f"half of {len(templates.names)} templates")
        self.then(path)


@attrs.frozen
class Provider:
    """A plugin that contributes what it was made with."""

    writer: CardWriter
    serializer: TemplateSerializer

    @hookimpl
    def datacard_card_writers(self) -> Iterable[CardWriter]:
        return [self.writer]

    @hookimpl
    def datacard_template_serializers(self) -> Iterable[TemplateSerializer]:
        return [self.serializer]


def raising(error: BaseException) -> Callable[[Path], object]:
    def then(path: Path) -> object:
        assert path.exists()
        raise error

    return then


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def card(card_arguments: CardArguments) -> Callable[..., Datacard]:
    """A card, with a writer and a serializer that are both called "failing"."""

    def make(then: Callable[[Path], object] = Path.touch, **changes: Any) -> Datacard:
        plugins = load_plugins("lnn", "shape", "combine", "root", Provider(Writer(), Serializer(then)))
        return Datacard(**card_arguments(plugins=plugins, mcstat=False, **changes))

    return make


@pytest.fixture
def other(card: Callable[..., Datacard]) -> Datacard:
    """A card whose text and templates differ from the usual."""
    return card(systematics=Systematics([SystematicUncertainty("lumi", "lnN", ["top"], ["2022"], 1.5)]))


def test_a_card_and_its_templates_appear_and_nothing_else(card: Callable[..., Datacard], tmp_path: Path) -> None:
    card().dump(tmp_path, "card.txt", "templates.root")
    assert sorted(contents(tmp_path)) == ["card.txt", "templates.root"]


def test_files_that_are_there_are_replaced(card: Callable[..., Datacard], other: Datacard, tmp_path: Path) -> None:
    other.dump(tmp_path)
    before = contents(tmp_path)
    card().dump(tmp_path)
    after = contents(tmp_path)
    assert sorted(after) == ["datacard.txt", "shapes.root"]
    assert not set(after.values()) & set(before.values())
    assert after["datacard.txt"].decode() == card().content()


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("out of paper"),
        OSError(errno.ENOSPC, "No space left on device"),
        MemoryError(),
        SystemExit(3),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_serializer_that_fails_half_way_leaves_everything_as_it_was(
    error: BaseException, card: Callable[..., Datacard], other: Datacard, tmp_path: Path
) -> None:
    other.dump(tmp_path)
    before = contents(tmp_path)
    passing = isinstance(error, KeyboardInterrupt | MemoryError)
    with pytest.raises(type(error) if passing else PluginCallError) as raised:
        card(raising(error)).dump(tmp_path, serializer="failing")
    assert passing or raised.value.__cause__ is error
    assert contents(tmp_path) == before


def test_a_full_disk_is_told_with_plugin_and_reason(card: Callable[..., Datacard], tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(PluginCallError, match=r"writing the templates of channel 'SR_2022_2023'.*No space left"):
        card(raising(full)).dump(tmp_path, serializer="failing")


def test_a_writer_that_fails_leaves_everything_as_it_was(
    card: Callable[..., Datacard], other: Datacard, tmp_path: Path
) -> None:
    other.dump(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(PluginCallError, match=r"RuntimeError while writing the card of channel .*: no ink for"):
        card().dump(tmp_path, writer="failing")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "then",
    [
        pytest.param(lambda path: path.write_bytes(b""), id="it writes nothing"),
        pytest.param(Path.unlink, id="it takes its file away"),
    ],
)
def test_a_serializer_that_leaves_no_file_is_an_error(
    then: Callable[[Path], object], card: Callable[..., Datacard], other: Datacard, tmp_path: Path
) -> None:
    other.dump(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(PluginCallError, match=r"plugin 'Provider' \(local\).*SR_2022_2023"):
        card(then).dump(tmp_path, serializer="failing")
    assert contents(tmp_path) == before


def test_a_serializer_has_a_directory_of_its_own_for_the_while(card: Callable[..., Datacard], tmp_path: Path) -> None:
    paths: list[Path] = []

    def litters(path: Path) -> None:
        paths.append(path)
        path.with_name("index").write_text("beside it")
        (path.parent / "cache").mkdir()
        (path.parent / "cache" / "part").write_text("below it")

    card(litters).dump(tmp_path, serializer="failing")
    assert paths[0].name == "shapes.root"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["datacard.txt", "shapes.root"]


def test_of_several_categories_all_are_written_or_none(demo: dict[str, Any], tmp_path: Path) -> None:
    calls: list[Path] = []

    def third_fails(path: Path) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    plugins = load_plugins(*DEFAULT_PLUGINS, Provider(Writer(), Serializer(third_fails)))
    cards = attrs.evolve(analysis, plugins=plugins).build(demo)
    cards.dump(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(PluginCallError, match="No space left"):
        cards.dump(tmp_path, serializer="failing")
    assert len(calls) == 3
    assert contents(tmp_path) == before


@pytest.mark.parametrize("names", [("card.txt", "shapes.root"), ("cards/card.txt", "shapes/deep/shapes.root")])
def test_directories_that_were_made_go_again_on_failure(
    names: tuple[str, str], card: Callable[..., Datacard], tmp_path: Path
) -> None:
    with pytest.raises(PluginCallError):
        card(raising(RuntimeError())).dump(tmp_path / "new" / "newer", *names, serializer="failing")
    assert list(tmp_path.iterdir()) == []


def test_directories_that_were_there_stay_on_failure(card: Callable[..., Datacard], tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with pytest.raises(PluginCallError):
        card(raising(RuntimeError())).dump(tmp_path / "old" / "new", serializer="failing")
    assert list(tmp_path.rglob("*")) == [tmp_path / "old"]


def test_a_directory_in_the_cards_place_leaves_the_templates_as_they_were(
    card: Callable[..., Datacard], tmp_path: Path
) -> None:
    (tmp_path / "card.txt").mkdir()
    (tmp_path / "shapes.root").write_text("older")
    with pytest.raises(OSError, match=r"card\.txt"):
        card().dump(tmp_path, "card.txt", "shapes.root")
    assert contents(tmp_path) == {"shapes.root": b"older"}
    assert (tmp_path / "card.txt").is_dir()


@pytest.mark.parametrize("there", [True, False], ids=["where older files are", "where no files are"])
def test_when_the_last_file_cannot_be_moved_the_others_are_taken_back(
    there: bool,
    card: Callable[..., Datacard],
    other: Datacard,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if there:
        other.dump(tmp_path)
    before = contents(tmp_path)
    replace = os.replace

    def but_not_the_card(source: Any, target: Any, **options: Any) -> None:
        if os.fspath(target).endswith("datacard.txt") and ".part" in os.fspath(source):
            raise OSError(errno.EIO, "Input/output error", os.fspath(target))
        replace(source, target, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", but_not_the_card)
        with pytest.raises(OSError, match="Input/output error"):
            card().dump(tmp_path)
    assert contents(tmp_path) == before


def test_an_old_file_that_cannot_be_taken_back_is_kept_and_told(
    card: Callable[..., Datacard], other: Datacard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.dump(tmp_path)
    before = contents(tmp_path)
    replace = os.replace

    def but_only_once(source: Any, target: Any, **options: Any) -> None:
        monkeypatch.setattr(os, "replace", never)
        replace(source, target, **options)

    def never(_: Any, target: Any) -> None:
        raise OSError(errno.EIO, "Input/output error", os.fspath(target))

    monkeypatch.setattr(os, "replace", but_only_once)
    with pytest.raises(OSError, match="Input/output error") as raised:
        card().dump(tmp_path)
    (note,) = raised.value.__notes__
    assert note.startswith(f"{tmp_path / 'shapes.root'} is new")
    kept = Path(note.rpartition("before it was ")[2])
    assert kept.read_bytes() == before["shapes.root"]
    assert (tmp_path / "datacard.txt").read_bytes() == before["datacard.txt"]


DRIVER = """
import json, os, resource, shutil, signal, sys
from pathlib import Path
import attrs
from datacard_core import Category, Systematics
from datacard_core.demo import demo_output
from datacard_core.demo.analysis import analysis

STEPS = {"open", "os.mkdir", "os.chmod", "os.link", "os.rename", "os.remove"}
folder = Path(sys.argv[1])
small = attrs.evolve(analysis, years=["2024"], categories={"SR": Category("discriminant")}, systematics=Systematics(
    [analysis.systematics["lumi_2024"], analysis.systematics["JER"]]))
output = demo_output(events=50)
new = small.build(output)["SR"]
old = attrs.evolve(small, systematics=Systematics([small.systematics["lumi_2024"]])).build(output)["SR"]

def state():
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else "" for path in folder.rglob("*")}

def kill(name):
    os.kill(os.getpid(), signal.SIGKILL)

def fail(name):
    raise OSError(28, "No space left on device", name)

def child(what, step, pipe):
    count = 0
    def hook(event, arguments):
        nonlocal count
        if event not in STEPS or (event == "open" and str(folder) not in str(arguments[0])):
            return
        count += 1
        if count == step:
            os.write(pipe, event.encode())
            {"kill": kill, "fail": fail}[what](event)
    if what == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
    else:
        sys.addaudithook(hook)
    try:
        new.dump(folder)
    except Exception as error:
        os.write(pipe, b" " + str(error)[-40:].encode())
        os._exit(1)
    os._exit(0)

def run(what, step):
    shutil.rmtree(folder, ignore_errors=True)
    old.dump(folder)
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        child(what, step, writer)
    os.close(writer)
    told = os.read(reader, 1000).decode()
    while more := os.read(reader, 1000):
        told += more.decode()
    os.close(reader)
    found = state(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    new.dump(folder)
    return told, *found

new.dump(folder)
news = state()
old.dump(folder)
olds = state()
assert not set(news.values()) & set(olds.values())
for what in ("kill", "fail", "limit"):
    for step in range(1, 2 if what == "limit" else 100):
        told, found, status = run(what, step)
        if not told:
            break
        ages = {name: "new" if found.get(name) == news[name] else "old" if found.get(name) == olds[name] else "broken"
                for name in news}
        print(json.dumps({"what": what, "step": told, "status": status, "ages": ages,
                          "others": sorted(set(found) - set(news)), "again": news.items() <= state().items()}))
"""


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What was there after each step of writing a card over an older one at which something happened.

    A process of its own, because what looks at its steps stays for its life; it forks one for each step.
    """
    folder = tmp_path_factory.mktemp("steps") / "cards"
    done = subprocess.run([sys.executable, "-c", DRIVER, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[dict[str, Any]]] = {}
    for line in done.stdout.splitlines():
        step = json.loads(line)
        found.setdefault(step["what"], []).append(step)
    return found


def test_a_kill_at_any_step_leaves_whole_files_and_no_card_without_its_templates(
    steps: dict[str, list[dict[str, Any]]],
) -> None:
    names = [step["step"] for step in steps["kill"]]
    assert names.count("os.rename") == 2
    assert {step["status"] for step in steps["kill"]} == {-9}
    for position, step in enumerate(steps["kill"]):
        card, shapes = step["ages"]["datacard.txt"], step["ages"]["shapes.root"]
        assert (card, shapes) in {("old", "old"), ("old", "new"), ("new", "new")}
        if position <= names.index("os.rename"):
            assert (card, shapes) == ("old", "old")
        assert step["again"], "what a kill left is in the way of the next dump"


def test_a_failure_at_any_step_leaves_everything_as_it_was(steps: dict[str, list[dict[str, Any]]]) -> None:
    assert [step["step"].split()[0] for step in steps["fail"]].count("os.rename") == 2
    for step in steps["fail"]:
        expected = "old" if step["status"] else "new"
        assert set(step["ages"].values()) == {expected}, step
        assert step["others"] == [] or step["step"].startswith("os.remove"), step


def test_a_file_that_the_system_lets_grow_no_further_leaves_everything_as_it_was(
    steps: dict[str, list[dict[str, Any]]],
) -> None:
    (step,) = steps["limit"]
    assert "File too large" in step["step"]
    assert set(step["ages"].values()) == {"old"}
    assert step["others"] == []


@pytest.fixture(params=[0o022, 0o002, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    mask: int = request.param
    before = os.umask(mask)
    yield mask
    os.umask(before)


def test_files_have_the_modes_that_the_user_wants(umask: int, demo: dict[str, Any], tmp_path: Path) -> None:
    analysis.build(demo).dump(tmp_path / "cards")
    for path in (tmp_path / "cards").iterdir():
        wanted = 0o777 if path.suffix == ".sh" else 0o666
        assert stat.S_IMODE(path.stat().st_mode) == wanted & ~umask
    assert os.umask(umask) == umask


def test_a_link_in_a_files_place_stays_a_link(card: Callable[..., Datacard], tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "real.txt"
    real.parent.mkdir()
    real.write_text("older")
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "datacard.txt").symlink_to(real)
    card().dump(cards)
    assert (cards / "datacard.txt").readlink() == real
    assert real.read_text() == card().content()
    assert sorted(path.name for path in real.parent.iterdir()) == ["real.txt"]


def test_a_link_to_a_directory_is_a_directory(card: Callable[..., Datacard], tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    card().dump(tmp_path / "link")
    assert sorted(contents(tmp_path / "real")) == ["datacard.txt", "shapes.root"]
    assert (tmp_path / "link").is_symlink()


def test_a_card_and_templates_of_one_name_are_an_error(card: Callable[..., Datacard], tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="same"):
        card().dump(tmp_path / "cards", "same", "same")
    assert list(tmp_path.iterdir()) == []


def test_a_card_in_a_directory_of_its_own_finds_its_templates(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """Combine looks for them from where the card is."""
    card().dump(tmp_path, "cards/card.txt", "shapes/shapes.root")
    lines = (tmp_path / "cards/card.txt").read_text().splitlines()
    name = next(line.split()[3] for line in lines if line.startswith("shapes "))
    assert (tmp_path / "cards" / name).is_file()


@pytest.mark.parametrize(
    ("card_name", "shapes_name", "referred"),
    [
        ("card.txt", "shapes.root", "shapes.root"),
        ("card.txt", "shapes/shapes.root", "shapes/shapes.root"),
        ("cards/card.txt", "cards/shapes.root", "shapes.root"),
        ("cards/deep/card.txt", "shapes.root", "../../shapes.root"),
        ("cards/card.txt", "{folder}/shapes.root", "{folder}/shapes.root"),
    ],
)
def test_a_card_names_its_templates_as_seen_from_where_it_is(
    card_name: str, shapes_name: str, referred: str, card: Callable[..., Datacard], tmp_path: Path
) -> None:
    card().dump(tmp_path / "out", card_name, shapes_name.format(folder=tmp_path))
    words = (tmp_path / "out" / card_name).read_text().split()
    assert words[words.index("shapes") + 3] == referred.format(folder=tmp_path)


def test_a_name_of_the_templates_that_a_card_cannot_hold_is_an_error(
    card: Callable[..., Datacard], tmp_path: Path
) -> None:
    with pytest.raises(DeclarationError, match=r"my shapes\.root"):
        card().dump(tmp_path / "cards", shapes_name="my shapes.root")
    assert list(tmp_path.iterdir()) == []


def test_text_has_unix_line_ends_and_ends_with_one(card: Callable[..., Datacard], tmp_path: Path) -> None:
    card().dump(tmp_path)
    text = (tmp_path / "datacard.txt").read_bytes()
    assert b"\r" not in text
    assert text.endswith(b"\n")


DUMP = """
import sys, time
from datacard_core.demo import demo_output
from datacard_core.demo.analysis import analysis
while time.time() < float(sys.argv[2]):
    time.sleep(0.05)
analysis.build(demo_output()).dump(sys.argv[1])
"""


def test_equal_inputs_give_equal_bytes_at_another_time_in_another_process(tmp_path: Path) -> None:
    """Clocks of files count whole seconds; hashes, zones and languages differ too."""
    start = time.time()
    environments = [
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"},
    ]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", DUMP, str(tmp_path / str(position)), str(start + 1.5 * position)],
            env={**os.environ, **environment},
        )
        for position, environment in enumerate(environments)
    ]
    assert [process.wait() for process in running] == [0, 0]
    one, two = contents(tmp_path / "0"), contents(tmp_path / "1")
    assert {Path(name).suffix for name in one} == {".txt", ".root", ".sh"}
    assert sorted(one) == sorted(two)
    assert [name for name in one if one[name] != two[name]] == []


def test_writing_twice_gives_equal_bytes(card: Callable[..., Datacard], tmp_path: Path) -> None:
    for name in ("one", "two"):
        card().dump(tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
