"""State of the process that all its code shares, and that a plugin has to leave as it was."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import locale
import os
import signal
import sys
import threading
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable


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


def _numpy_errors() -> Any:
    # Here, as the help of the command needs this module, and numpy would double its time.
    import numpy as np  # noqa: PLC0415

    return np.geterr()


def _put_numpy_errors_back(before: Any) -> None:
    import numpy as np  # noqa: PLC0415

    np.seterr(**before)


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


@attrs.frozen(kw_only=True)
class _Style:
    """Settings of matplotlib; two are equal if they differ in the backend alone, which the first figure chooses."""

    settings: dict[str, Any]
    """Settings by name without the backend, with copies of lists, because scripts change those of fonts in place."""
    values: list[Any] = attrs.field(eq=False)
    """Values in the order of matplotlib, with the lists themselves."""
    last: str | None = attrs.field(eq=False)
    """Name of the last value."""
    lists: list[list[Any]] = attrs.field(eq=False)
    copies: list[list[Any]] = attrs.field(eq=False)

    @classmethod
    def of(cls, found: dict[str, Any]) -> _Style:
        """Return the settings in a dict of matplotlib."""
        values, last = [*dict.values(found)], next(dict.__reversed__(found), None)
        lists = [value for value in values if isinstance(value, list)]
        settings = _with_copies(dict(dict.items(found)))
        settings.pop("backend", None)
        return cls(settings=settings, values=values, last=last, lists=lists, copies=[*map(list, lists)])

    def is_of(self, found: dict[str, Any]) -> bool:
        """Return whether the settings are still these."""
        # Python compares objects by identity first, so most of three hundred values take a nanosecond each. A setting
        # that takes the place of another one comes last, as a dict keeps the order in which names were added.
        is_same = [*dict.values(found)] == self.values and next(dict.__reversed__(found), None) == self.last
        return is_same and self.lists == self.copies

    def put_back(self) -> None:
        """Make the settings of matplotlib these."""
        now = sys.modules["matplotlib"].rcParams
        for name in dict.keys(now) - self.settings.keys() - {"backend"}:
            dict.pop(now, name)
        # Each setting was valid, and is not validated again, which warns of settings that are about to be removed.
        dict.update(now, _with_copies(self.settings))


def _with_copies(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, list) else value for name, value in settings.items()}


class _Styles:
    """The settings of matplotlib, which stay the same object as long as they have the same values."""

    # They are read twice for each call of a plugin, and most calls leave them alone.
    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: _Style | None = None

    def read(self) -> _Style | None:
        """Return the settings, or None if matplotlib is not imported: this must not import it."""
        found = _settings("rcParams")
        if found is None:
            return None
        if self._last is None or not self._last.is_of(found):
            self._last = _Style.of(found)
        return self._last

    @staticmethod
    def fresh() -> _Style | None:
        """Return the settings as matplotlib was imported with them."""
        found = _settings("rcParamsOrig")
        return None if found is None else _Style.of(found)


def _settings(name: str) -> dict[str, Any] | None:
    found = getattr(sys.modules.get("matplotlib"), name, None)
    return found if isinstance(found, dict) else None


_KEPT = (
    # Each thread has its own; the parts below it are those of the process.
    _Kept("numpy's handling of errors", _numpy_errors, _put_numpy_errors_back),
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
    _Kept("the settings of matplotlib", _Styles().read, _Style.put_back, fresh=_Styles.fresh),
)
_READS = tuple(part.read for part in _KEPT)


# A class: each call of a plugin enters it, and a generator of contextlib takes twice the time.
class unchanged:  # noqa: N801 - used like the contexts of contextlib
    """Put the state of the process back if the block has changed it.

    Raises:
        Changed: the block ended without an error, and has changed the state or left a thread running.
    """

    __slots__ = ("_before", "_is_main", "_modules", "_threads")

    def __enter__(self) -> None:
        # The state of the process may be another thread's doing, where calls are made in several threads.
        self._is_main = threading.current_thread() is threading.main_thread()
        self._before = _state(self._is_main)
        self._modules, self._threads = len(sys.modules), threading.active_count()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        now = _state(self._is_main)
        changed = [] if now == self._before else self._put_back(now)
        if error is not None:
            return
        found = [f"it has changed {what}, which has been put back" for what in changed]
        if self._is_main and threading.active_count() > self._threads:
            found += [f"it has left thread {name!r} running" for name in _left_running()]
        if found:
            raise Changed("; ".join(found))

    def _put_back(self, now: list[Any]) -> list[str]:
        """Restore the parts that differ, and return what they are."""
        changed = []
        for part, old, new in zip(_KEPT, self._before, now, strict=False):
            if old is None and new is not None:
                old = part.fresh()  # noqa: PLW2901 - the part came into being in the block
            if new == old:
                continue
            part.put_back(old)
            # A library that is imported in the block may add filters of its own.
            if part.put_back is not _put_filters_back or len(sys.modules) == self._modules:
                changed.append(part.what)
        return changed


def _state(is_main: bool) -> list[Any]:
    """Return the parts in their order, in a thread the first alone."""
    return [read() for read in (_READS if is_main else _READS[:1])]


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
    # Threads of a pool, which nothing has if its module was not imported; the set has no public name.
    pools = sys.modules.get("concurrent.futures.thread")
    ending = set(pools._threads_queues) if pools else ()  # noqa: SLF001
    return [
        thread.name
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread() and thread not in ending
    ]
