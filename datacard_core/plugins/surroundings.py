"""State of the process that all its code shares, and that a plugin has to leave as it was."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import locale
import os
import signal
import sys
import threading
import warnings
from concurrent.futures import thread as pools
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Changed(Exception):  # noqa: N818 - a description of what a plugin did, which becomes its error
    """The block has changed the state of the process; the state is as before again."""


@attrs.frozen
class _Kept:
    """A part of the state, which is compared and put back."""

    what: str
    read: Callable[[], Any]
    """Function that returns the part, or None where it does not exist yet."""
    put_back: Callable[[Any], object]
    fresh: Callable[[], Any] = lambda: None
    """Function that returns the part as it came into being, if that was inside the block."""


def _directory() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - Path.cwd() takes three times as long, twice for each call of a plugin
    except OSError:  # It may have been removed; then there is nothing to go back to.
        return None


def _enter(directory: str | None) -> None:
    with suppress(OSError):
        os.chdir(directory or os.curdir)


def _put_filters_back(filters: list[Any]) -> None:
    warnings.filters[:] = filters  # type: ignore[index]
    # Python remembers for each line which filter applied to it, until a catch_warnings ends.
    with warnings.catch_warnings():
        pass


def _streams() -> list[tuple[Any, bool]]:
    return [(stream, getattr(stream, "closed", False)) for stream in (sys.stdout, sys.stderr)]


def _put_streams_back(before: list[tuple[Any, bool]]) -> None:
    for name, number, (stream, was_closed) in zip(("stdout", "stderr"), (1, 2), before, strict=True):
        # The streams of Python do not close their descriptors.
        closed = getattr(stream, "closed", False) and not was_closed
        setattr(sys, name, os.fdopen(number, "w", closefd=False) if closed else stream)


_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGPIPE", "SIGALRM") if hasattr(signal, name))


def _handlers() -> list[Any]:
    # signal.getsignal makes members of enumerations and takes ten times as long.
    return [_signal.getsignal(number) for number in _SIGNALS]


def _put_handlers_back(before: list[Any]) -> None:
    for number, handler in zip(_SIGNALS, before, strict=True):
        # None stands for one that C code has set, which Python cannot set again.
        if handler is not None and _signal.getsignal(number) != handler:
            signal.signal(number, handler)


def _umask() -> int:
    # There is no way to read it but to set it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _style(name: str = "rcParams") -> dict[str, Any] | None:
    """Return the settings of matplotlib, or None if it is not imported: this must not import it."""
    settings = getattr(sys.modules.get("matplotlib"), name, None)
    if not isinstance(settings, dict):
        return None
    # Lists are copied, because scripts change those of fonts in place. The backend is chosen at the first figure.
    items = dict.items(settings)
    return {key: [*value] if isinstance(value, list) else value for key, value in items if key != "backend"}


def _put_style_back(before: dict[str, Any] | None) -> None:
    # Each setting was valid, and is not validated again, which warns of settings that are about to be removed.
    dict.update(sys.modules["matplotlib"].rcParams, before or {})


_OF_THREAD = (_Kept("numpy's handling of errors", np.geterr, lambda before: np.seterr(**before)),)
_OF_PROCESS = (
    _Kept("the working directory", _directory, _enter),
    _Kept(
        "the locale",
        lambda: locale.setlocale(locale.LC_ALL),
        lambda before: locale.setlocale(locale.LC_ALL, before),
    ),
    _Kept("the standard streams", _streams, _put_streams_back),
    _Kept("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    _Kept("the filters of warnings", lambda: list(warnings.filters), _put_filters_back),
    _Kept("the umask", _umask, os.umask),
    _Kept("the handlers of signals", _handlers, _put_handlers_back),
    _Kept("the settings of matplotlib", _style, _put_style_back, fresh=lambda: _style("rcParamsOrig")),
)


@contextmanager
def unchanged() -> Iterator[None]:
    """Put the state of the process back if the block has changed it.

    Raises:
        Changed: the block ended without an error, and has changed the state or left a thread running.
    """
    # The state of the process may be another thread's doing, where calls are made in several threads.
    is_main = threading.current_thread() is threading.main_thread()
    kept = (*_OF_THREAD, *_OF_PROCESS) if is_main else _OF_THREAD
    before = [part.read() for part in kept]
    modules, threads = len(sys.modules), threading.active_count()
    try:
        yield
    except BaseException:
        _put_back(kept, before, modules)
        raise
    found = [f"it has changed {what}, which has been put back" for what in _put_back(kept, before, modules)]
    if is_main and threading.active_count() > threads:
        found += [f"it has left thread {name!r} running" for name in _left_running()]
    if found:
        raise Changed("; ".join(found))


def _put_back(kept: tuple[_Kept, ...], before: list[Any], modules: int) -> list[str]:
    """Restore the parts that differ, and return what they are."""
    changed = []
    for part, old in zip(kept, before, strict=True):
        now = part.read()
        if old is None and now is not None:
            old = part.fresh()  # noqa: PLW2901 - the part came into being in the block
        if now == old:
            continue
        part.put_back(old)
        # A library that is imported in the block may add filters of its own.
        if part.put_back is not _put_filters_back or len(sys.modules) == modules:
            changed.append(part.what)
    return changed


def end_threads(status: int = 0) -> None:
    """End the process at once if a thread would keep it alive; only for the end of a process.

    Args:
        status: exit status of the process.
    """
    if _left_running():
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(status)


def _left_running() -> list[str]:
    """Return the threads that Python waits for when it ends, other than those that end then themselves."""
    ending = set(pools._threads_queues)  # noqa: SLF001 - it has no public name
    return [
        thread.name
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread() and thread not in ending
    ]
