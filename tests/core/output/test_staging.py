"""Files appear complete or not at all, after a failure at any step, and equal inputs give equal files."""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from functools import cache
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
from datacard_core.output.staging import Staging, stage_calls, staging
from tests.support.card_files import text_of
from tests.support.cases import case
from tests.support.demo_files import SMALL_DEMO, save
from tests.support.executors import Backwards
from tests.support.processes import elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.conftest import CardArguments


class Writer(CardWriter):
    """A card writer that fails."""

    name: ClassVar[str] = "failing"

    def render(self, card: CardContext) -> str:
        raise RuntimeError(f"no ink for {card.channel.bin} in {card.shapes_name}")


@attrs.frozen
class Serializer(TemplateSerializer):
    """A serializer that writes half a file, and then calls a function."""

    name: ClassVar[str] = "failing"
    suffix: ClassVar[str] = ".root"
    then: Callable[[Path], object]

    def write(self, templates: NamedTemplates, path: Path) -> None:
        path.write_text(f"half of {len(templates.names)} templates")
        self.then(path)


@attrs.frozen
class Provider:
    """A plugin that contributes a given writer and serializer."""

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
    """Return every file under a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def card(card_arguments: CardArguments) -> Callable[..., Datacard]:
    """A function that makes a card, once for each serializer, with a writer and a serializer called "failing"."""

    @cache
    def make(then: Callable[[Path], object] = Path.touch, *, is_other: bool = False) -> Datacard:
        plugins = load_plugins("lnn", "shape", "combine", "root", Provider(Writer(), Serializer(then)))
        lumi = SystematicUncertainty("lumi", "lnN", ["top"], ["2022"], 1.5)
        changes = {"systematics": Systematics([lumi])} if is_other else {}
        return Datacard(**card_arguments(plugins=plugins, mcstat=False, **changes))

    return make


@pytest.fixture
def other(card: Callable[..., Datacard]) -> Datacard:
    """A card whose text and templates differ from those of `card`."""
    return card(is_other=True)


@pytest.mark.slow
def test_files_of_a_card(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """There are a card and its templates, and no other file."""
    card().dump(tmp_path, "card.txt", "templates.root")
    assert sorted(contents(tmp_path)) == ["card.txt", "templates.root"]


@pytest.mark.slow
def test_zipped_card(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """A card whose name ends in .gz is zipped, with the text that it has without."""
    for name in ("card.txt", "card.txt.gz"):
        card().dump(tmp_path, name, "templates.root")
    assert gzip.decompress((tmp_path / "card.txt.gz").read_bytes()) == (tmp_path / "card.txt").read_bytes()


@pytest.mark.slow
def test_existing_files(card: Callable[..., Datacard], other: Datacard, tmp_path: Path) -> None:
    """Existing files are replaced."""
    other.dump(tmp_path)
    before = contents(tmp_path)
    card().dump(tmp_path)
    after = contents(tmp_path)
    assert sorted(after) == ["datacard.txt", "shapes.root"]
    assert not set(after.values()) & set(before.values())
    assert text_of(tmp_path / "datacard.txt") == card().content()


@pytest.mark.slow
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
def test_serializer_fails(error: BaseException, card: Callable[..., Datacard], other: Datacard, tmp_path: Path) -> None:
    """A serializer that fails half-way leaves all files as they were."""
    other.dump(tmp_path)
    before = contents(tmp_path)
    passing = isinstance(error, KeyboardInterrupt)
    with pytest.raises(type(error) if passing else PluginCallError) as raised:
        card(raising(error)).dump(tmp_path, serializer="failing")
    assert passing or raised.value.__cause__ is error
    assert contents(tmp_path) == before


@pytest.mark.slow
def test_full_disk(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """The error of a full disk names the plugin, the reason and the file."""
    full = OSError(errno.ENOSPC, "No space left on device")
    told = rf"writing the templates of channel 'SR_2022_2023' to '{tmp_path / 'shapes.root'}'.*No space left"
    with pytest.raises(PluginCallError, match=told):
        card(raising(full)).dump(tmp_path, serializer="failing")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_full_disk_at_the_card(card: Callable[..., Datacard], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full at the card is told with the path of the card, which the system leaves out."""
    opened = os.open

    def at_the_card(path: Any, flags: int, mode: int = 0o777) -> int:
        return opened("/dev/full" if str(path).endswith("card.txt") else path, flags & ~os.O_EXCL, mode)

    monkeypatch.setattr(os, "open", at_the_card)
    with pytest.raises(OSError, match="No space left") as raised:
        card().dump(tmp_path, "card.txt")
    assert raised.value.filename == str(tmp_path / "card.txt")


def unwritable(path: Path) -> object:
    with path.with_name("missing").joinpath("shapes.root").open("w"):
        return None


def complaining(path: Path) -> object:
    raise RuntimeError(f"cannot finish {path}")


@pytest.mark.slow
@pytest.mark.parametrize("then", [unwritable, complaining])
def test_hidden_path(then: Callable[[Path], object], card: Callable[..., Datacard], tmp_path: Path) -> None:
    """The message about a plugin names the place of the file, and not the hidden folder that is gone by then."""
    with pytest.raises(PluginCallError, match=re.escape(str(tmp_path / "shapes.root"))) as raised:
        card(then).dump(tmp_path, serializer="failing")
    assert str(tmp_path / ".datacard_core.part" / "new" / "shapes.root" / "shapes.root") not in str(raised.value)


@pytest.mark.slow
def test_file_in_place_of_a_directory(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """A directory that cannot be made is told with its own path."""
    (tmp_path / "shapes").touch()
    with pytest.raises(OSError, match=re.escape(str(tmp_path / "shapes"))) as raised:
        card().dump(tmp_path, "card.txt", "shapes/shapes.root")
    assert ".part" not in str(raised.value)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["datacard.txt", "shapes.root"])
def test_read_only_file(name: str, card: Callable[..., Datacard], other: Datacard, tmp_path: Path) -> None:
    """A file that the user has made read-only is not replaced, not by root either."""
    other.dump(tmp_path)
    before = contents(tmp_path)
    (tmp_path / name).chmod(0o444)
    with pytest.raises(PermissionError, match="read-only: make it writable, or write to another directory") as raised:
        card().dump(tmp_path)
    assert raised.value.filename == str(tmp_path / name)
    assert contents(tmp_path) == before


@pytest.mark.slow
def test_mode_of_an_earlier_file(card: Callable[..., Datacard], other: Datacard, tmp_path: Path) -> None:
    """A file that is replaced keeps the mode that the user has given to it."""
    other.dump(tmp_path)
    (tmp_path / "datacard.txt").chmod(0o664)
    (tmp_path / "shapes.root").chmod(0o600)
    card().dump(tmp_path)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("datacard.txt", "shapes.root")] == [
        0o664,
        0o600,
    ]


def test_mode_of_an_earlier_script(tmp_path: Path) -> None:
    """A script is executable, also in the place of a file that was not."""
    (tmp_path / "run.sh").touch(0o640)
    with staging(tmp_path) as stage:
        stage.text("run.sh", "exit", executable=True)
    assert stat.S_IMODE((tmp_path / "run.sh").stat().st_mode) & 0o740 == 0o740


@pytest.mark.slow
def test_writer_fails(card: Callable[..., Datacard], other: Datacard, tmp_path: Path) -> None:
    """A writer that fails leaves all files as they were."""
    other.dump(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(PluginCallError, match=r"RuntimeError while writing the card of channel .*: no ink for"):
        card().dump(tmp_path, writer="failing")
    assert contents(tmp_path) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "then",
    [
        pytest.param(lambda path: path.write_bytes(b""), id="an empty file"),
        pytest.param(Path.unlink, id="no file"),
    ],
)
def test_serializer_without_a_file(
    then: Callable[[Path], object], card: Callable[..., Datacard], other: Datacard, tmp_path: Path
) -> None:
    """A serializer that leaves no file, or an empty one, is an error."""
    other.dump(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(PluginCallError, match=r"plugin 'Provider' \(local\).*SR_2022_2023"):
        card(then).dump(tmp_path, serializer="failing")
    assert contents(tmp_path) == before


@pytest.mark.slow
def test_files_beside_the_templates(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """Files that a serializer writes beside the templates are removed."""
    paths: list[Path] = []

    def litters(path: Path) -> None:
        paths.append(path)
        path.with_name("index").write_text("beside it")
        (path.parent / "cache").mkdir()
        (path.parent / "cache" / "part").write_text("below it")

    card(litters).dump(tmp_path, serializer="failing")
    assert paths[0].name == "shapes.root"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["datacard.txt", "shapes.root"]


def linked(path: Path) -> None:
    path.rename(path.with_name("real"))
    path.symlink_to("real")


def linked_far_away(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


def in_a_directory_of_the_core(path: Path) -> None:
    path.parent.with_name("datacard.txt").write_text("mine")


def without_its_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("then", "said"),
    [
        (linked, "it left a symbolic link in place of the file 'shapes.root'"),
        (linked_far_away, "it left a symbolic link in place of the file 'shapes.root'"),
        (in_a_directory_of_the_core, "it wrote 'datacard.txt' outside of the folder of its file 'shapes.root'"),
        (without_its_folder, "it left no file 'shapes.root'"),
        (a_pipe, "it left no regular file 'shapes.root'"),
    ],
)
def test_files_that_are_refused(
    then: Callable[[Path], object], said: str, card: Callable[..., Datacard], other: Datacard, tmp_path: Path
) -> None:
    """Links, pipes and files elsewhere are the failure of the serializer; the files stay as they were."""
    other.dump(tmp_path, serializer="root")
    before = contents(tmp_path)
    with pytest.raises(PluginCallError, match=re.escape(said)):
        card(then).dump(tmp_path, serializer="failing")
    assert contents(tmp_path) == before


def names_of_the_card(path: Path) -> None:
    path.with_name("datacard.txt").mkdir()


def without_rights(path: Path) -> None:
    path.parent.chmod(0o500)


@pytest.mark.slow
@pytest.mark.parametrize("then", [names_of_the_card, without_rights])
def test_files_that_do_no_harm(then: Callable[[Path], object], card: Callable[..., Datacard], tmp_path: Path) -> None:
    """Each file has its own folder, whose other content and rights do not matter."""
    card(then).dump(tmp_path, serializer="failing")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["datacard.txt", "shapes.root"]


def test_folder_for_each_file(tmp_path: Path) -> None:
    """Files of one directory are written in folders of their own, so that helper files do not meet."""
    with staging(tmp_path) as stage:
        first, second = stage.path("one.root"), stage.path("two.root")
        assert first.parent != second.parent
        for path in (first, second):
            assert list(path.parent.iterdir()) == []
            path.write_text(path.name)
            path.with_name("index").write_text("beside it")
        assert stage.names == ("one.root", "two.root")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.root", "two.root"]


def test_change_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files go to the directory that was meant when they were begun."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    with staging("cards") as stage:
        monkeypatch.chdir(tmp_path / "elsewhere")
        stage.text("a.txt", "text")
        stage.path("b/c.txt").write_text("text")
    assert sorted(path.name for path in tmp_path.rglob("*.txt")) == ["a.txt", "c.txt"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def _stage_letters(stage: Staging, letters: str) -> None:
    for letter in letters:
        stage.text(f"{letter}.txt", letter)


def test_order_of_calls(tmp_path: Path) -> None:
    """Files appear in the order of the calls, whichever ends first on workers."""
    calls = {"first": ("ba",), "second": ("d",), "third": ("c",)}
    for executor in (None, Backwards(3)):
        with staging(tmp_path) as stage:
            stage_calls(stage, _stage_letters, calls, doing="spelling", executor=executor, jobs=1)
        assert stage.names == ("b.txt", "a.txt", "d.txt", "c.txt")
        assert contents(tmp_path) == {f"{letter}.txt": letter.encode() for letter in "abcd"}


@pytest.mark.slow
def test_several_categories(small_demo: dict[str, Any], tmp_path: Path) -> None:
    """After the failure of one category, the files of all categories are as they were."""
    calls: list[Path] = []

    def third_fails(path: Path) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    plugins = load_plugins(*DEFAULT_PLUGINS, Provider(Writer(), Serializer(third_fails)))
    cards = attrs.evolve(SMALL_DEMO, plugins=plugins).build(small_demo)
    cards.dump(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(PluginCallError, match="No space left"):
        cards.dump(tmp_path, serializer="failing")
    assert len(calls) == 3
    assert contents(tmp_path) == before


@pytest.mark.slow
@pytest.mark.parametrize("names", [("card.txt", "shapes.root"), ("cards/card.txt", "shapes/deep/shapes.root")])
def test_new_directories(names: tuple[str, str], card: Callable[..., Datacard], tmp_path: Path) -> None:
    """Directories that were created are removed after a failure."""
    with pytest.raises(PluginCallError):
        card(raising(RuntimeError())).dump(tmp_path / "new" / "newer", *names, serializer="failing")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_existing_directories(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """Directories that existed stay after a failure."""
    (tmp_path / "old").mkdir()
    with pytest.raises(PluginCallError):
        card(raising(RuntimeError())).dump(tmp_path / "old" / "new", serializer="failing")
    assert list(tmp_path.rglob("*")) == [tmp_path / "old"]


@pytest.mark.slow
def test_directory_in_place_of_the_card(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """A directory in the place of the card is an error, and the templates stay as they were."""
    (tmp_path / "card.txt").mkdir()
    (tmp_path / "shapes.root").write_text("older")
    with pytest.raises(OSError, match=r"card\.txt"):
        card().dump(tmp_path, "card.txt", "shapes.root")
    assert contents(tmp_path) == {"shapes.root": b"older"}
    assert (tmp_path / "card.txt").is_dir()


@pytest.mark.slow
@pytest.mark.parametrize("there", [True, False], ids=["where older files are", "where no files are"])
def test_last_file_cannot_be_moved(
    there: bool,
    card: Callable[..., Datacard],
    other: Datacard,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The earlier files are restored when the last one cannot be moved."""
    if there:
        other.dump(tmp_path)
    before = contents(tmp_path)
    replace = os.replace

    def but_not_the_card(source: Any, target: Any, **options: Any) -> None:
        if os.fspath(target).endswith("datacard.txt") and "new" in Path(source).parts:
            raise OSError(errno.EIO, "Input/output error", os.fspath(target))
        replace(source, target, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", but_not_the_card)
        with pytest.raises(OSError, match="Input/output error"):
            card().dump(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.slow
def test_file_cannot_be_restored(
    card: Callable[..., Datacard], other: Datacard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier files that cannot be restored are kept, a note says where, and the next build completes the new ones."""
    other.dump(tmp_path)
    before = contents(tmp_path)
    replace = os.replace

    def but_no_new_one(source: Any, target: Any, **options: Any) -> None:
        if "new" in Path(source).parts:
            patch.setattr(os, "replace", never)
            never(source, target)
        replace(source, target, **options)

    def never(_: Any, target: Any) -> None:
        raise OSError(errno.EIO, "Input/output error", os.fspath(target))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", but_no_new_one)
        with pytest.raises(OSError, match=rf"Input/output error: '{tmp_path / 'shapes.root'}'") as raised:
            card().dump(tmp_path)
    (note,) = raised.value.__notes__
    hidden = tmp_path / ".datacard_core.part"
    assert repr(str(hidden)) in note
    assert contents(hidden / "old") == before
    other.dump(tmp_path, card_name="another.txt", shapes_name="another.root")
    assert sorted(contents(tmp_path)) == ["another.root", "another.txt", "datacard.txt", "shapes.root"]
    assert text_of(tmp_path / "datacard.txt") == card().content()


DRIVER = """
import json, os, resource, shutil, signal, sys
from pathlib import Path
import tests.support.outputs as by_hand

STEPS = {"open", "os.mkdir", "os.chmod", "os.link", "os.rename", "os.remove"}
folder = Path(sys.argv[1])
output = by_hand.signal_and_ttbar(nominal=[10, 20, 30], JERUp=[11, 21, 31], JERDown=[9, 19, 29])
new = by_hand.card(output, by_hand.shape("JER"))
old = by_hand.card(output)

def state():
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else "" for path in folder.rglob("*")}

def kill(name):
    os.kill(os.getpid(), signal.SIGKILL)

def fail(name):
    raise OSError(28, "No space left on device", name)

left, pipe, act = 0, -1, None

def hook(event, arguments):
    global left
    if event not in STEPS or (event == "open" and str(folder) not in str(arguments[0])):
        return
    left -= 1
    if left == 0:
        os.write(pipe, event.encode())
        act(event)

sys.addaudithook(hook)  # it cannot be removed, and does nothing where no step is left

def attempt(step):
    global left
    left = step
    try:
        new.dump(folder)
    except Exception as error:
        os.write(pipe, b" " + str(error)[-40:].encode())
        return 1
    finally:
        left = 0
    return 0

def forked(what, step):
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if what == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
    os._exit(attempt(step))

def run(what, step):
    global pipe, act
    shutil.rmtree(folder)
    folder.mkdir()
    for name, content in olds.items():
        (folder / name).write_bytes(content)
    reader, pipe = os.pipe()
    act = {"kill": kill, "fail": fail, "limit": None}[what]
    status = attempt(step) if what == "fail" else forked(what, step if what == "kill" else 0)
    os.close(pipe)
    told = os.read(reader, 1000).decode()
    os.close(reader)
    found = state()
    if what == "kill":
        new.dump(folder)
    return told, found, status

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
                if name in found else "missing" for name in news}
        print(json.dumps({"what": what, "step": told, "status": status, "ages": ages,
                          "others": sorted(set(found) - set(news)), "again": news == state()}))
"""


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The files after a kill or a failure at each step of writing a card over an older one.

    This is done in another process, because an audit hook cannot be removed; it forks a child for each kill.
    """
    folder = tmp_path_factory.mktemp("steps") / "cards"
    done = elsewhere(DRIVER, folder, directory=folder.parent)
    assert done.status == 0, done.stderr
    found: dict[str, list[dict[str, Any]]] = {}
    for line in done.stdout.splitlines():
        step = json.loads(line)
        found.setdefault(step["what"], []).append(step)
    return found


@pytest.mark.slow
def test_kill_at_each_step(
    steps: dict[str, list[dict[str, Any]]],
) -> None:
    """After a kill, card and templates are of one dump or the card is missing; after the next dump all is new."""
    ages = [(step["ages"]["datacard.txt"], step["ages"]["shapes.root"]) for step in steps["kill"]]
    assert set(ages) == {("old", "old"), ("missing", "old"), ("missing", "missing"), ("missing", "new"), ("new", "new")}
    assert {step["status"] for step in steps["kill"]} == {-9}
    assert all(step["again"] for step in steps["kill"]), "the next dump fails, or finds files that it leaves"


@pytest.mark.slow
def test_failure_at_each_step(steps: dict[str, list[dict[str, Any]]]) -> None:
    """A failure leaves all files as they were."""
    # The lock, the journal, two files out of their places, two into them, and the lock again.
    assert [step["step"].split()[0] for step in steps["fail"]].count("os.rename") == 7
    for step in steps["fail"]:
        expected = "old" if step["status"] else "new"
        assert set(step["ages"].values()) == {expected}, step
        assert step["others"] == [] or step["status"] == 0, step


@pytest.mark.slow
def test_file_size_limit(
    steps: dict[str, list[dict[str, Any]]],
) -> None:
    """A file that exceeds a limit of the system leaves all files as they were."""
    (step,) = steps["limit"]
    assert "File too large" in step["step"]
    assert set(step["ages"].values()) == {"old"}
    assert step["others"] == []


@pytest.fixture
def umask() -> Iterator[None]:
    """The umask of this process, which the test may change."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.slow
@pytest.mark.usefixtures("umask")
def test_modes(small_demo: dict[str, Any], tmp_path: Path) -> None:
    """Files have the modes of the user's umask, and scripts are executable."""
    cards = SMALL_DEMO.build(small_demo)
    for mask in (0o022, 0o002, 0o077):
        os.umask(mask)
        folder = tmp_path / oct(mask)
        cards.dump(folder)
        with case(oct(mask)):
            for path in folder.iterdir():
                wanted = 0o777 if path.suffix == ".sh" else 0o666
                assert stat.S_IMODE(path.stat().st_mode) == wanted & ~mask
            assert os.umask(mask) == mask


@pytest.mark.slow
def test_link_to_a_file(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """A symbolic link stays, and its target is replaced."""
    real = tmp_path / "elsewhere" / "real.txt"
    real.parent.mkdir()
    real.write_text("older")
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "datacard.txt").symlink_to(real)
    card().dump(cards)
    assert (cards / "datacard.txt").readlink() == real
    assert (cards / "shapes.root").is_file()
    assert real.read_text().startswith(card().content())
    assert sorted(path.name for path in real.parent.iterdir()) == ["real.txt"]


@pytest.mark.slow
def test_link_to_a_directory(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """Files go to the target of a symbolic link, which stays."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    card().dump(tmp_path / "link")
    assert sorted(contents(tmp_path / "real")) == ["datacard.txt", "shapes.root"]
    assert (tmp_path / "link").is_symlink()


@pytest.mark.slow
def test_same_name_twice(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """A card and templates of one name are an error."""
    with pytest.raises(DeclarationError, match="same"):
        card().dump(tmp_path / "cards", "same", "same")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_templates_in_another_directory(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """The path of the templates begins at the directory of the card, as Combine expects."""
    card().dump(tmp_path, "cards/card.txt", "shapes/shapes.root")
    lines = (tmp_path / "cards/card.txt").read_text().splitlines()
    name = next(line.split()[3] for line in lines if line.startswith("shapes "))
    assert (tmp_path / "cards" / name).is_file()


@pytest.mark.slow
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
def test_reference_to_the_templates(
    card_name: str, shapes_name: str, referred: str, card: Callable[..., Datacard], tmp_path: Path
) -> None:
    """The path of the templates in a card is relative to the card, or absolute."""
    card().dump(tmp_path / "out", card_name, shapes_name.format(folder=tmp_path))
    words = (tmp_path / "out" / card_name).read_text().split()
    assert words[words.index("shapes") + 3] == referred.format(folder=tmp_path)


@pytest.mark.slow
def test_blank_in_the_templates_name(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """A name with a blank is an error, because a card cannot hold it."""
    with pytest.raises(DeclarationError, match=r"my shapes\.root"):
        card().dump(tmp_path / "cards", shapes_name="my shapes.root")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_line_ends(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """A card has Unix line ends, also at its end."""
    card().dump(tmp_path)
    text = (tmp_path / "datacard.txt").read_bytes()
    assert b"\r" not in text
    assert text.endswith(b"\n")


DUMP = """
import lz4.frame, pickle, sys
from tests.support.demo_files import SMALL_DEMO
with lz4.frame.open("output.coffea") as file:
    SMALL_DEMO.build(pickle.load(file)).dump(sys.argv[1])
"""


@pytest.mark.slow
def test_equal_bytes_in_another_process(small_demo: dict[str, Any], tmp_path: Path) -> None:
    """Another process gives equal bytes, with another time, hash seed, time zone and language."""
    save(tmp_path / "output.coffea", small_demo)
    SMALL_DEMO.build(small_demo).dump(tmp_path / "0")
    # Times in files count whole seconds.
    time.sleep(1.05)
    done = elsewhere(DUMP, "1", directory=tmp_path)
    assert done.status == 0, done.stderr
    one, two = contents(tmp_path / "0"), contents(tmp_path / "1")
    assert {Path(name).suffix for name in one} == {".txt", ".root", ".sh"}
    assert sorted(one) == sorted(two)
    assert [name for name in one if one[name] != two[name]] == []


@pytest.mark.slow
def test_equal_bytes_twice(card: Callable[..., Datacard], tmp_path: Path) -> None:
    """Writing a card twice gives equal bytes."""
    for name in ("one", "two"):
        card().dump(tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.slow
def test_home_directory(card: Callable[..., Datacard], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A "~" at the beginning of the directory is the home directory, and no folder of that name."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    card().dump("~/cards")
    assert sorted(path.name for path in (tmp_path / "home" / "cards").iterdir()) == ["datacard.txt", "shapes.root"]
    assert not (tmp_path / "~").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "name"), [("a", "b\0c"), ("b\0c", "a")], ids=["file", "directory"])
def test_name_with_nul(folder: str, name: str, card: Callable[..., Datacard], tmp_path: Path) -> None:
    """A name with a NUL is an error that shows it."""
    with pytest.raises(DeclarationError, match=r"b\\x00c' has a NUL"):
        card().dump(tmp_path / folder, name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_name_that_the_locale_lacks(tmp_path: Path) -> None:
    """A name that a system with ASCII names cannot make is an error with the way out."""
    code = "from datacard_core.output.staging import staging\nwith staging('.') as stage: stage.text('\\u03c0.txt', '')"
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "POSIX"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = r"DeclarationError: the name '\u03c0.txt' cannot be written in ascii, the encoding of names in this session"
    assert told in done.stderr
    assert "LC_ALL=C.UTF-8" in done.stderr
