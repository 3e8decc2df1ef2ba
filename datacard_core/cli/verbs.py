"""Verbs of the command `datacard`: the core's, and those that distributions add by entry points."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from pathlib import Path
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
    """Return the short help of a verb that a distribution adds, with a foreign distribution's name behind it."""
    if verb.distribution.name == DISTRIBUTION:
        return short_help(verb.reference, limit)
    behind = f"({verb.origin})"
    return f"{short_help(verb.reference, max(0, limit - len(behind) - 1))} {behind}".strip()


def short_help(reference: str, limit: int) -> str:
    """Return the first sentence of a command's docstring, at most `limit` characters, or "" if it is not in its file.

    The file is read, and nothing is imported: a verb may take long to import, or fail.

    Args:
        reference: the command as `module:name`.
        limit: number of characters.
    """
    module, _, name = reference.partition(":")
    try:
        tree = ast.parse(_file(module).read_bytes())
    except Exception:  # noqa: BLE001 - of any distribution: its file may be missing, broken or in an archive
        return ""
    texts = [ast.get_docstring(node) for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    return click.Command(name, help=texts[-1]).get_short_help_str(limit) if texts else ""


def _file(module: str) -> Path:
    """Return the file of a module."""
    # Not by importlib.util.find_spec, which imports the packages that a module is in.
    name, places, spec = "", None, None
    for part in module.split("."):
        name = f"{name}.{part}".lstrip(".")
        spec = next(filter(None, (finder.find_spec(name, places) for finder in sys.meta_path)))
        places = spec.submodule_search_locations
    return Path((spec and spec.origin) or "")
