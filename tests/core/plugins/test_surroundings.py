"""State of the process that plugins share: put back where a call changes it, and the plugin named."""

from __future__ import annotations

import io
import locale
import os
import signal
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pytest

from datacard_core import InputError, PluginCallError, PluginLoadError, load_plugins
from datacard_core.plugins.calling import blame
from datacard_core.plugins.surroundings import Changed, unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Install


def state() -> tuple[Any, ...]:
    return (
        os.getcwd(),  # noqa: PTH109 - as the code under test reads it
        np.geterr(),
        locale.setlocale(locale.LC_ALL),
        sys.getrecursionlimit(),
        list(warnings.filters),
        os.umask(0o022),
        signal.getsignal(signal.SIGINT),
        repr(mpl.rcParams),
    )


@pytest.fixture(autouse=True)
def same_state() -> Iterator[None]:
    """Fail if a test leaves another state behind."""
    mask = os.umask(0o022)
    before = state()
    yield
    try:
        assert state() == before
    finally:
        os.umask(mask)


def to_root() -> None:
    os.chdir("/")


CHANGES: dict[str, Callable[[], object]] = {
    "the working directory": to_root,
    "numpy's handling of errors": lambda: np.seterr(all="raise"),
    "the locale": lambda: locale.setlocale(locale.LC_ALL, "C.UTF-8"),
    "the recursion limit": lambda: sys.setrecursionlimit(777),
    "the filters of warnings": lambda: warnings.simplefilter("ignore"),
    "the umask": lambda: os.umask(0o777),
    "the handlers of signals": lambda: signal.signal(signal.SIGINT, lambda *_: None),
    "the settings of matplotlib": lambda: mpl.rcParams.update({"font.size": 30}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_change(what: str) -> None:
    """A change is taken back, and is an error that names the plugin, the call and the part of the state."""
    with (
        pytest.raises(PluginCallError, match=rf"plugin 'acme' \(acme 1\.0\): counting: it has changed {what}"),
        blame("acme", "acme 1.0", "counting"),
    ):
        CHANGES[what]()


def test_change_before_a_failure() -> None:
    """A change is taken back where the call fails too, and the failure is the message."""

    def fail() -> None:
        for change in CHANGES.values():
            change()
        raise InputError("2 events")

    with pytest.raises(InputError, match="2 events"), unchanged():
        fail()


def test_several_changes() -> None:
    """All changes are told together."""

    def change() -> None:
        to_root()
        sys.setrecursionlimit(777)

    with pytest.raises(Changed, match=r"working directory.*; it has changed the recursion limit"), unchanged():
        change()


def test_change_for_a_part_of_the_call() -> None:
    """A state that the call puts back itself is no fault."""
    with unchanged(), np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("ignore")


def test_filters_of_an_imported_library() -> None:
    """A library that is imported in the call may add filters: they are taken back without an error."""
    sys.modules.pop("this_is_new", None)
    with unchanged():
        sys.modules["this_is_new"] = sys
        warnings.simplefilter("ignore")
    del sys.modules["this_is_new"]


# A dict's own methods do not check names and values, as those of RcParams do.
RAW: dict[Any, Any] = mpl.rcParams


def replace_last_setting() -> None:
    _, value = dict.popitem(RAW)
    dict.update(RAW, {"this.is_new": value})


SETTINGS: dict[str, Callable[[], object]] = {
    "a value": lambda: mpl.rcParams.update({"font.size": 30}),
    "another type": lambda: dict.update(RAW, {"font.sans-serif": None}),
    "a list in place": lambda: mpl.rcParams["font.sans-serif"].insert(0, "Comic Neue"),
    "an empty list in place": lambda: mpl.rcParams["figure.hooks"].append("module:function"),
    "a new name": lambda: dict.update(RAW, {"this.is_new": 1}),
    "a name less": lambda: dict.pop(RAW, "font.size"),
    "a list less": lambda: dict.pop(RAW, "font.sans-serif"),
    "another name with the last value": replace_last_setting,
}


@pytest.mark.parametrize("what", SETTINGS)
def test_kind_of_change_of_settings(what: str) -> None:
    """Each kind of change of matplotlib's settings is found and taken back, within another block and again."""

    def change() -> None:
        with pytest.raises(Changed, match="settings of matplotlib"), unchanged():
            SETTINGS[what]()

    with unchanged():
        change()
        change()
        mpl.rcParams["font.sans-serif"] = list(mpl.rcParams["font.sans-serif"])
        change()


def test_settings_between_calls() -> None:
    """Settings that a script changes between two calls are its own: a call that resets them is at fault."""
    size = mpl.rcParams["font.size"]
    with unchanged():
        pass
    mpl.rcParams["font.size"] = 30
    try:
        with unchanged():
            pass
        with pytest.raises(Changed, match="settings of matplotlib"), unchanged():
            mpl.rcParams["font.size"] = size
        assert mpl.rcParams["font.size"] == 30
    finally:
        mpl.rcParams["font.size"] = size


def test_settings_of_an_imported_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that imports matplotlib may not change its settings, and the import itself is no change."""
    monkeypatch.delitem(sys.modules, "matplotlib")
    with unchanged():
        sys.modules["matplotlib"] = mpl
    del sys.modules["matplotlib"]
    size = mpl.rcParams["font.size"]

    def call() -> None:
        sys.modules["matplotlib"] = mpl
        mpl.rcParams["font.size"] = 30

    with pytest.raises(Changed, match="settings of matplotlib"), unchanged():
        call()
    assert mpl.rcParams["font.size"] == size


def test_settings_within_a_context() -> None:
    """Settings that a plot changes for itself alone, and the choice of a backend, are no fault."""
    with unchanged(), mpl.rc_context({"font.size": 30}):
        mpl.use("agg")


def test_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that was replaced is put back, and in the place of one that was closed there is an open one."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(Changed, match="standard streams"), unchanged():
        sys.stdout = io.StringIO()
    assert sys.stdout is stream
    with pytest.raises(Changed, match="standard streams"), unchanged():
        stream.close()
    assert not sys.stdout.closed


def test_removed_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory that does not exist any more is no fault of the plugin."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with unchanged():
        pass
    monkeypatch.undo()


def test_thread() -> None:
    """A thread that is left running is named: Python would wait for it when it ends."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="eternal")
    try:
        with pytest.raises(Changed, match="left thread 'eternal' running"), unchanged():
            thread.start()
    finally:
        end.set()
        thread.join()


def test_threads_that_end() -> None:
    """Threads that have ended, daemons, and pools, which end with Python, are no fault."""
    end = threading.Event()
    daemon = threading.Thread(target=end.wait, daemon=True)
    pool = ThreadPoolExecutor(1)
    try:
        with unchanged():
            done = threading.Thread(target=int)
            done.start()
            done.join()
            daemon.start()
            pool.submit(int).result()
    finally:
        end.set()
        pool.shutdown()


def test_other_threads() -> None:
    """In another thread only its own state is compared: the rest may be the doing of a further thread."""
    found: list[object] = []

    def work(change: Callable[[], object]) -> None:
        try:
            with unchanged():
                change()
        except Changed as error:
            found.append(error)

    here = os.getcwd()  # noqa: PTH109
    for change in (to_root, CHANGES["numpy's handling of errors"]):
        thread = threading.Thread(target=work, args=(change,))
        thread.start()
        thread.join()
        os.chdir(here)
    assert [str(error) for error in found] == ["it has changed numpy's handling of errors, which has been put back"]


@pytest.mark.slow
def test_import(install: Install) -> None:
    """A plugin that changes the state when it is imported is refused, and the state put back."""
    install("acme", "import os\nos.chdir('/')\n")
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\): cannot be imported: .*working directory"):
        load_plugins("acme")
