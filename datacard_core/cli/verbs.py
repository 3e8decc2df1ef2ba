"""Verbs of the command `datacard`: the core's, and those that distributions add by entry points."""

from __future__ import annotations

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import TYPE_CHECKING

import click

from datacard_core.errors import PluginLoadError, with_type
from datacard_core.plugins.discovery import look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.plugins.discovery import InstalledPlugin

DISTRIBUTION = "datacard-core"
"""Name of the distribution that has the core and the built-in plugins."""


class Verbs(Mapping[str, click.Command]):
    """The commands by verb, each imported when it is looked up.

    Args:
        own: the core's verbs, each as `module:name`.
    """

    def __init__(self, own: Mapping[str, str]) -> None:
        self._own = own

    def __getitem__(self, verb: str) -> click.Command:
        command = resolve_name(self._own[verb]) if verb in self._own else added_command(verb)
        if command is None:
            raise KeyError(verb)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> list[str]:
        return sorted({*self._own, *(verb.name for verb in look().commands)})


def added_command(name: str) -> click.Command | None:
    """Return the verb that a distribution adds, None if no distribution has one of that name.

    Raises:
        PluginConflictError: several distributions have a verb of that name.
        PluginLoadError: the verb cannot be imported, or is no command.
    """
    verb = look().command(name)
    if verb is None:
        return None
    try:
        command = verb.entry_point.load()
    except Exception as error:
        message = f"importing the verb from {verb.reference!r}: {with_type(error)}"
        raise PluginLoadError(message, plugin=name, origin=verb.origin) from error
    if not isinstance(command, click.Command):
        message = f"{verb.reference!r} is {type(command).__name__}, expected a command of click"
        raise PluginLoadError(message, plugin=name, origin=verb.origin)
    return command


def summary(verb: InstalledPlugin, limit: int) -> str:
    """Return the short help of a verb that a distribution adds, at most `limit` characters."""
    # What comes with the core is imported for its help. A foreign verb may take long to import, or fail.
    if verb.distribution.name != DISTRIBUTION:
        return f"({verb.origin})"
    command = added_command(verb.name)
    return "" if command is None else command.get_short_help_str(limit)
