"""Calls into plugins, with every failure attributed to the plugin that caused it.

pluggy does not name the plugin in which a hook failed, and the methods of contributed objects are called without
pluggy. The core therefore wraps each call into plugin code in `blame`.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import attrs

from datacard_core.errors import DatacardError, PluginCallError, text_of
from datacard_core.findings import Finding, own
from datacard_core.names import names_of
from datacard_core.plugins.journal import written_down
from datacard_core.plugins.surroundings import Changed, unchanged

Contribution = TypeVar("Contribution")

# Ten times the findings of the largest cards, and few enough to stop before the memory is full.
MOST = 1_000_000
"""Number of objects that one call of a plugin may return."""


@contextmanager
def blame(plugin: str, origin: str, doing: str | Callable[[], str]) -> Iterator[None]:
    """Raise an unexpected exception from inside the block as the failure of a plugin.

    Errors that datacard_core raises on purpose, and KeyboardInterrupt, pass with a note that names the plugin. A change
    of the state of the process, such as its working directory, is taken back, and is a failure too.

    Args:
        plugin: name of the plugin.
        origin: its distribution and version, or "local".
        doing: description of the block for the message, such as "drawing channel 'SR'", or a function that returns it.
            The function saves the formatting where a block is entered often; it is called for a failure only.

    Raises:
        PluginCallError: any other exception, with that exception as its cause; or a change of the state.
    """
    try:
        with written_down(lambda: f"{_text(doing)} in plugin {plugin!r} ({origin})"), unchanged():
            yield
    except (DatacardError, KeyboardInterrupt) as error:
        error.add_note(f"in plugin {plugin!r} ({origin}), {_text(doing)}")
        raise
    except Changed as error:
        message = f"{_text(doing)}: {error}; a plugin leaves the process as it was"
        raise PluginCallError(message, plugin=plugin, origin=origin) from None
    except BaseException as error:  # SystemExit too: a plugin must not end the user's process
        if isinstance(error, GeneratorExit) and _is_dropped(error):
            raise
        message = f"{type(error).__name__} while {_text(doing)}: {text_of(error)}"
        raise PluginCallError(message, plugin=plugin, origin=origin) from error


def _is_dropped(error: GeneratorExit) -> bool:
    """Return whether Python drops a block of the core, as when Ctrl-C comes while it is being entered."""
    frames = traceback.walk_tb(error.__traceback__)
    return all(str(frame.f_globals.get("__name__")).startswith("datacard_core.") for frame, _ in frames)


# Two equal objects of two plugins are not the same contribution, so there is no comparison by value.
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

    @contextmanager
    def blamed(self, doing: str | Callable[[], str]) -> Iterator[Contribution]:
        """Give the object for calls, and raise an unexpected exception from inside the block as the plugin's failure.

        Args:
            doing: description of the block for the message, or a function that returns it and is called for a
                failure only.

        Raises:
            PluginCallError: an exception other than DatacardError or KeyboardInterrupt was raised, or the state of the
                process was changed.
        """
        with blame(self.plugin, self.origin, doing):
            yield self.value

    def fault(self, message: str) -> PluginCallError:
        """Return the error to raise for a wrong result of the plugin."""
        return PluginCallError(message, plugin=self.plugin, origin=self.origin)


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


def shown(value: object) -> str:
    """Return a short text about an object that a plugin returned, whose `repr` may fail."""
    try:
        return f"{value!r:.200}"
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a broken text must not hide which plugin failed
        return f"an object of {type(value).__name__}"


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
