"""Calls into plugins, with every failure attributed to the plugin that caused it.

pluggy does not name the plugin in which a hook failed, and the methods of contributed objects are called without
pluggy. The core therefore wraps each call into plugin code in `blame`.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, TypeVar

import attrs

from datacard_core.arguments import shown
from datacard_core.errors import DatacardError, PluginCallError, text_of
from datacard_core.findings import Finding, own
from datacard_core.names import names_of, public
from datacard_core.plugins.journal import written_down
from datacard_core.plugins.surroundings import Changed, unchanged

Contribution = TypeVar("Contribution")

# Ten times the findings of the largest cards, and few enough to stop before the memory is full.
MOST = 1_000_000
"""Number of objects that one call of a plugin may return."""


# A class: each call of a plugin enters it, and a generator of contextlib takes twice the time.
class blame(Generic[Contribution]):  # noqa: N801 - used like the contexts of contextlib
    """Raise an unexpected exception from inside the block as the failure of a plugin.

    Errors that datacard_core raises on purpose, and KeyboardInterrupt, pass with a note that names the plugin. A change
    of the state of the process, such as its working directory, is taken back, and is a failure too.

    Args:
        plugin: name of the plugin.
        origin: its distribution and version, or "local".
        doing: description of the block for the message, such as "drawing channel 'SR'", or a function that returns it.
            The function saves the formatting where a block is entered often; it is called for a failure only.
        value: object to give to the block.

    Raises:
        PluginCallError: any other exception, with that exception as its cause; or a change of the state.
    """

    __slots__ = ("_doing", "_journal", "_origin", "_plugin", "_unchanged", "_value")

    def __init__(self, plugin: str, origin: str, doing: str | Callable[[], str], value: Any = None) -> None:
        self._plugin, self._origin, self._doing, self._value = plugin, origin, doing, value
        self._journal, self._unchanged = written_down(self._call), unchanged()

    def __enter__(self) -> Contribution:
        self._journal.__enter__()
        self._unchanged.__enter__()
        value: Contribution = self._value
        return value

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self._unchanged.__exit__(kind, error, trace)
        except Changed as changed:
            raise self._error(f"{_text(self._doing)}: {changed}; a plugin leaves the process as it was") from None
        finally:
            self._journal.__exit__()
        if error is not None:
            self._attribute(error)

    def _attribute(self, error: BaseException) -> None:
        """Add a note to an error that passes, and raise the failure of the plugin for another."""
        if isinstance(error, DatacardError | KeyboardInterrupt):
            error.add_note(f"in plugin {self._plugin!r} ({self._origin}), {_text(self._doing)}")
        # SystemExit too: a plugin must not end the user's process.
        elif not (isinstance(error, GeneratorExit) and _is_dropped(error)):
            message = f"{type(error).__name__} while {_text(self._doing)}: {text_of(error)}"
            raise self._error(message) from error

    def _error(self, message: str) -> PluginCallError:
        return PluginCallError(message, plugin=self._plugin, origin=self._origin)

    def _call(self) -> str:
        return f"{_text(self._doing)} in plugin {self._plugin!r} ({self._origin})"


def _is_dropped(error: GeneratorExit) -> bool:
    """Return whether Python drops a block of the core, as when Ctrl-C comes while it is being entered."""
    frames = traceback.walk_tb(error.__traceback__)
    return all(str(frame.f_globals.get("__name__")).startswith("datacard_core.") for frame, _ in frames)


# Two equal objects of two plugins are not the same contribution, so there is no comparison by value.
@public
@attrs.frozen(eq=False)
class Provided(Generic[Contribution]):
    """An object that a plugin contributed, with the plugin's name and origin."""

    value: Contribution
    plugin: str
    origin: str
    """Distribution and version, or "local"."""
    name: str = ""
    """Name or `typ` of the object, read when the plugin was loaded."""
    suffix: str = ""
    """End of the names of its files, if it makes files."""

    def blamed(self, doing: str | Callable[[], str]) -> blame[Contribution]:
        """Give the object for calls, and raise an unexpected exception from inside the block as the plugin's failure.

        Args:
            doing: description of the block for the message, or a function that returns it and is called for a
                failure only.

        Raises:
            PluginCallError: an exception other than DatacardError or KeyboardInterrupt was raised, or the state of the
                process was changed.
        """
        return blame(self.plugin, self.origin, doing, self.value)

    def fault(self, message: str) -> PluginCallError:
        """Return the error to raise for a wrong result of the plugin."""
        return PluginCallError(message, plugin=self.plugin, origin=self.origin)


def inherits(provided: Provided[Any], interface: type, member: str) -> bool:
    """Return whether a member of an object is that of its interface, so that no code of the plugin would run.

    Such members need no `blamed`, which takes longer than most of them: a small card asks for dozens.
    """
    value = provided.value
    own: Any = type(value)
    return (
        getattr(own, member, None) is getattr(interface, member)
        and member not in getattr(value, "__dict__", ())
        and own.__getattribute__ is object.__getattribute__
    )


def asking(
    provided: Provided[Contribution], interface: type, member: str, doing: str
) -> AbstractContextManager[Contribution]:
    """Give an object for a call of one member: as `blamed` does, and as it is where the member is its interface's."""
    return nullcontext(provided.value) if inherits(provided, interface, member) else provided.blamed(doing)


def listed(returned: Iterable[Contribution]) -> list[Contribution]:
    """Return the objects that a plugin returned as a list.

    Call it inside `blame`: a generator of the plugin runs here, and an error becomes the plugin's failure.

    Raises:
        ValueError: there are more than a million objects, as a generator without end gives.
    """
    found = list(itertools.islice(returned, MOST + 1))
    if len(found) > MOST:
        raise ValueError(f"got more than {MOST} objects, for example {shown(found[-1])}: does it ever end?")
    return found


def findings_of(returned: Iterable[object]) -> list[Finding]:
    """Return the findings that a plugin returned, as copies with plain text.

    Call it inside `blame`: a generator of the plugin runs here, and a TypeError becomes the plugin's failure.

    Raises:
        TypeError: another object is among them.
    """
    found = listed(returned)
    if strange := [finding for finding in found if not isinstance(finding, Finding)]:
        raise TypeError(f"got {shown(strange[0])}, expected findings")
    return [own(finding) for finding in found if isinstance(finding, Finding)]


def strings(returned: object) -> tuple[str, ...]:
    """Return the strings that a plugin returned as a tuple, a set sorted.

    Call it inside `blame`: a generator of the plugin runs here, and a TypeError becomes the plugin's failure.

    Raises:
        TypeError: the result is not an iterable of strings.
    """
    if not isinstance(returned, Iterable) or isinstance(returned, str | bytes):
        raise TypeError(f"got {shown(returned)}, expected an iterable of strings")
    found = names_of(returned if isinstance(returned, set | frozenset) else listed(returned))
    if strange := [item for item in found if not isinstance(item, str)]:
        raise TypeError(f"got {shown(strange[0])} among {shown(found)}, expected strings")
    return found


def _text(doing: str | Callable[[], str]) -> str:
    return doing if isinstance(doing, str) else doing()
