"""Calling into plugins, so that whatever fails there is known as theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import attrs

from datacard_core.errors import DatacardError, PluginCallError, text_of
from datacard_core.names import names_of

Contribution = TypeVar("Contribution")


@contextmanager
def blame(plugin: str, origin: str, doing: str) -> Iterator[None]:
    """Raise what fails inside as the failure of a plugin.

    Errors that datacard_core raises on purpose pass, with a note. A plugin may not end the process either.

    Raises:
        PluginCallError: anything else failed.
    """
    try:
        yield
    except DatacardError as error:
        error.add_note(f"in plugin {plugin!r} ({origin}), {doing}")
        raise
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        message = f"{type(error).__name__} while {doing}: {text_of(error)}"
        raise PluginCallError(message, plugin=plugin, origin=origin) from error


@attrs.frozen(eq=False)
class Provided(Generic[Contribution]):
    """An object that a plugin contributed, and whose it is."""

    value: Contribution
    plugin: str
    origin: str

    @contextmanager
    def blamed(self, doing: str) -> Iterator[Contribution]:
        """Call into the plugin: what fails there is raised as its failure, with what it was doing.

        Raises:
            PluginCallError: anything but a DatacardError came out.
        """
        with blame(self.plugin, self.origin, doing):
            yield self.value

    def fault(self, message: str) -> PluginCallError:
        """The error to raise for what the plugin returned or left behind."""
        return PluginCallError(message, plugin=self.plugin, origin=self.origin)


def strings(returned: object) -> tuple[str, ...]:
    """The strings that a plugin returned, a set in order; call it where the plugin is blamed.

    Raises:
        TypeError: it returned something else.
    """
    if not isinstance(returned, Iterable) or isinstance(returned, str | bytes):
        raise TypeError(f"got {returned!r}, expected an iterable of strings")
    found = names_of(returned)
    if strange := [item for item in found if not isinstance(item, str)]:
        raise TypeError(f"got {strange[0]!r} among {found!r}, expected strings")
    return found
