"""Repetition of the products of a plugin: a second later, and in processes with other hashes and another date.

Another process starts without state that the plugin kept, and one of the two makes the products in reverse. So a
result that depends on earlier calls, on hashes, on the time, its zone or the language differs.
"""

from __future__ import annotations

import pickle
import sys
import time
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from datacard_core.plugins.manager import load_plugins
from datacard_core.testing.interpreters import fork
from datacard_core.testing.makers import makers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from datacard_core.testing.cases import Case
    from datacard_core.testing.interpreters import Fork
    from datacard_core.testing.tasks import Task

A_SECOND = 1.05
"""Seconds until the repetition here: more than the resolution of time stamps in whole seconds."""
LONGEST = 300
"""Seconds that another process may take."""
UNKNOWN = 3
"""Exit code of another process that cannot import the plugin."""
FORWARDS = {"PYTHONHASHSEED": "1", "TZ": "AAA12", "LC_ALL": "C"}
"""Environment of the process that makes the products in order."""
BACKWARDS = {"PYTHONHASHSEED": "2", "TZ": "BBB-14"}
"""Environment of the process that makes them in reverse: 26 hours later, so always on another day."""


def assert_repeated(case: Case, task: Task, path: Sequence[str], made: Iterable[object]) -> None:
    """Test that products are the same a second later, and in other processes.

    Args:
        case: the plugin under test.
        task: what to make.
        path: directories that other processes import from.
        made: the products that trials made, in the order of the makers.
    """
    begun = time.monotonic()
    first = dict(zip((what for what, _ in makers(task)), made, strict=True))
    with _processes(task, path) as processes:
        for directory, process in processes:
            if elsewhere := _made(case, directory, process):
                where = "in other processes, where sets have other orders and it is another day"
                _compare(case, where, first, elsewhere)
    # The other processes usually take longer than this, so most runs do not wait.
    time.sleep(max(0.0, begun + A_SECOND - time.monotonic()))
    _compare(case, "a second later", first, products(task))


def prepare() -> None:
    """Import what most tasks need, in the process that forks for each."""
    # The built-in plugins stand beside each plugin. If they cannot be loaded, the tasks tell it.
    with suppress(Exception), redirect_stdout(sys.stderr):
        load_plugins()


def products(task: Task, *, backwards: bool = False) -> dict[str, object]:
    """Make all products of a task, and return them by description in the same order also if made `backwards`.

    An error has the name of its type as product.
    """
    ordered = list(makers(task))
    made = {what: _product(make) for what, make in (reversed(ordered) if backwards else ordered)}
    return {what: made[what] for what, _ in ordered}


def _product(make: Callable[[], object]) -> object:
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - the trial of the object reports it with its input
        return type(error).__name__


@contextmanager
def _processes(task: Task, path: Sequence[str]) -> Iterator[Sequence[tuple[Path, Fork]]]:
    """Yield processes that make the products, each with its working directory; kill them afterwards."""
    try:
        pickled = pickle.dumps(task)
    except Exception:  # noqa: BLE001 - assert_pickled tests what must be picklable
        yield ()
        return
    places = ((task.scratch / "forwards", FORWARDS), (task.scratch / "backwards", BACKWARDS))
    processes = [(place, _process(pickled, place, path, settings)) for place, settings in places]
    try:
        yield processes
    finally:
        for _, process in processes:
            process.kill()


def _process(pickled: bytes, directory: Path, path: Sequence[str], settings: Mapping[str, str]) -> Fork:
    directory.mkdir()
    (directory / "task").write_bytes(pickled)
    return fork(__name__, make.__name__, directory, path, **settings)


def make() -> None:
    """Make the products of the pickle `task` in the working directory, and write them to `products`.

    This is what another process runs.
    """
    directory = Path.cwd()
    try:
        task: Task = pickle.loads((directory / "task").read_bytes())  # noqa: S301 - the process that started us wrote it
    except Exception:  # noqa: BLE001 - for example a plugin in a test module, which only pytest can import
        sys.exit(UNKNOWN)
    made = products(attrs.evolve(task, scratch=directory), backwards=directory.name == "backwards")
    (directory / "products").write_bytes(pickle.dumps(made))


def _made(case: Case, directory: Path, process: Fork) -> dict[str, object]:
    """Return the products of another process, or an empty dict if it cannot import the plugin."""
    # A plugin that waits for input or a lock must not block the tests of its author forever.
    code = process.wait(LONGEST)
    if code == UNKNOWN:
        return {}
    case.expect(not code, "that it works in another process", (directory / "errors").read_text(errors="replace"))
    made: dict[str, object] = pickle.loads((directory / "products").read_bytes())  # noqa: S301 - that process wrote it
    return made


def _compare(case: Case, where: str, before: Mapping[str, object], after: Mapping[str, object]) -> None:
    for what, old in before.items():
        new = after[what]
        # A card is a pair of its text and its templates: compared one by one, the message shows the different line.
        pairs = zip(old, new, strict=True) if isinstance(old, tuple) and isinstance(new, tuple) else [(old, new)]
        for one, two in pairs:
            case.same(f"that {what} is the same {where}", one, two)
