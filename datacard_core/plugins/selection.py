"""Selection of plugins by name or as objects, and their import."""

from __future__ import annotations

import base64
import csv
import difflib
import functools
import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import scalar
from datacard_core.errors import PluginConflictError, PluginLoadError, UnknownPluginError, with_type
from datacard_core.hookspecs import API_VERSION
from datacard_core.names import closest, duplicates, listing
from datacard_core.plugins.discovery import look
from datacard_core.plugins.options import plain_options, with_options
from datacard_core.plugins.surroundings import unchanged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from datacard_core.plugins.discovery import Distribution, Installed, InstalledPlugin

DEFAULT_PLUGINS = (
    *("lnn", "shape", "gamma", "linear", "rateparam", "params", "groups", "edits", "mcstats"),
    *("checks", "combine", "root", "histfactory", "coffea", "plots"),
)
"""The built-in set: fixed, so that installing a package never changes a card."""

SOURCE = "coffea"
"""The histogram source that reads what PocketCoffea writes."""

LOCAL = "local"
"""Origin of a plugin that was given as an object."""
_SHA256 = "sha256="
"""Beginning of the hashes in a record; the standard allows others, which no installer writes."""


# attrs objects that compare equal count as one plugin in pluggy, so the wrapper compares by identity too.
@attrs.frozen(eq=False)
class Selected:
    """A selected plugin."""

    name: str
    plugin: Any = None
    """The plugin itself, if it was given as an object."""
    is_local: bool = False
    options: Mapping[str, Any] = attrs.field(factory=dict)
    """Options that the analysis selects it with."""

    def load(self, installed: Installed) -> tuple[str, Any]:
        """Return the origin of the plugin, and the plugin with its options, imported if it was selected by name.

        Raises:
            PluginConflictError: several distributions have a plugin of that name.
            PluginLoadError: the plugin cannot be imported, is a class, or has not the options.
            PluginCallError: the plugin failed.
        """
        origin, plugin = self._loaded(installed)
        return origin, with_options(plugin, self.name, origin, self.options)

    def _loaded(self, installed: Installed) -> tuple[str, Any]:
        if self.is_local:
            return LOCAL, self.plugin
        found = installed.plugin(self.name)
        origin = found.origin
        try:
            with unchanged():
                loaded = found.entry_point.load()
        except KeyboardInterrupt as error:
            error.add_note(f"importing plugin {self.name!r} ({origin})")
            raise
        except BaseException as error:  # SystemExit too: a plugin must not end the user's process
            message = f"cannot be imported: {with_type(error)}"
            if isinstance(error, ImportError) and (error.name or "").split(".")[0] == "datacard_core":
                message += f"; datacard_core has the plugin API {API_VERSION}, it may be made for another"
            raise PluginLoadError(message, plugin=self.name, origin=origin) from error
        if problem := _foreign_module(found, installed):
            raise PluginLoadError(problem, plugin=self.name, origin=origin)
        # pluggy registers a class without complaint, and fails at the first call.
        if isinstance(loaded, type):
            message = f"its entry point {found.reference!r} is a class, expected an instance or a module"
            raise PluginLoadError(message, plugin=self.name, origin=origin)
        return origin, loaded


def select(plugins: Iterable[str | object], blocked: AbstractSet[str], installed: Installed) -> list[Selected]:
    """Return the selected plugins without the blocked ones, sorted by name.

    Raises:
        UnknownPluginError: names that are not installed, or are blocked and not selected; all of them at once.
        PluginConflictError: a plugin is selected twice.
        PluginLoadError: an object cannot be a plugin.
    """
    selection = [_selected(plugin) for plugin in plugins]
    names = [selected.name for selected in selection]
    if twice := duplicates(names):
        raise PluginConflictError("; ".join(f"plugin {name!r} is selected twice" for name in twice))
    by_name = [selected.name for selected in selection if not selected.is_local]
    if problems := [*_unknown(by_name, installed), *_not_selected(blocked, names)]:
        raise UnknownPluginError("; ".join(problems))
    remaining = [selected for selected in selection if selected.name not in blocked]
    return sorted(remaining, key=lambda selected: selected.name)


def _selected(plugin: str | object) -> Selected:
    if isinstance(plugin, tuple) and len(plugin) == 2 and isinstance(plugin[1], Mapping):  # noqa: PLR2004 - a pair
        selected = _selected(plugin[0])
        return attrs.evolve(selected, options=plain_options(selected.name, plugin[1]))
    if isinstance(plugin, str):
        return Selected(scalar(plugin))
    name = name_of(plugin)
    if isinstance(plugin, list | tuple | set | frozenset | dict):
        message = "a collection, expected each plugin as an argument: write load_plugins(*names)"
        raise PluginLoadError(message, plugin=name, origin=LOCAL)
    if isinstance(plugin, type):
        raise PluginLoadError("a class, expected an instance of it or a module", plugin=name, origin=LOCAL)
    return Selected(name, plugin, is_local=True)


def name_of(plugin: object) -> str:
    """Return the name of a plugin that was given as an object: that of the module, or of its class."""
    try:
        name = getattr(plugin, "__name__", None)
    except Exception:  # noqa: BLE001 - a __getattr__ that fails is reported when the hooks are looked for
        name = None
    return name if isinstance(name, str) and name else type(plugin).__name__


def _unknown(names: Iterable[str], installed: Installed) -> Iterator[str]:
    known = installed.names
    unreadable = listing(distribution.origin for distribution in installed.broken)
    broken = f"; the plugins of {unreadable} cannot be read" if unreadable else ""
    for name in names:
        if name not in known:
            # As after an update of the code in an editable install, whose metadata stay as they were.
            renewed = "; it is built in: install datacard-core again" if name in DEFAULT_PLUGINS else ""
            yield f"no plugin named {name!r} is installed{closest(name, known)}{broken}{renewed}"


def _not_selected(blocked: AbstractSet[str], names: Iterable[str]) -> Iterator[str]:
    for name in sorted(blocked - set(names), key=str):
        yield f"cannot block {name!r}, it is not selected{closest(name, names)}"


def _foreign_module(found: InstalledPlugin, installed: Installed) -> str:
    """Return the problem if the imported module is not the one that the plugin's distribution installed, or "".

    The module must be in the folder of the distribution. Where the installer has left a record of its files, the module
    must be in the record, and the recorded modules of its package must have their content. Without a record, no other
    distribution in the folder may have a plugin in this module.
    """
    folder, name = found.distribution.folder, found.reference.partition(":")[0].strip()
    file = getattr(sys.modules.get(name), "__file__", None)
    # The files of an editable distribution are elsewhere.
    if not file or found.distribution.is_editable or not Path(folder).is_dir():
        return ""
    wrong = "the card would name a version that did not make it"
    if not _inside(file, folder):
        place = f"its module was imported from {file}, and its distribution is in {folder}"
        return f"{place}: {wrong}; leave only one of the two on the path"
    hashes = _recorded(found.distribution.location)
    again = f"{wrong}; install {found.distribution.name} again"
    if hashes is None:
        others = listing(_claiming(name, found.distribution, installed))
        unknown = f"{others} may have installed {file} too, and {found.origin} has left no record of its files"
        return f"{unknown}: {again}" if others else ""
    if not any(path in hashes for path in _inside(file, folder)):
        return f"its module was imported from {file}, which its distribution has not installed: {again}"
    for other in _files_beside(name):
        recorded = next((hashes[path] for path in _inside(other, folder) if path in hashes), "")
        if recorded.startswith(_SHA256) and recorded != _hash(other, *_stamp(other)):
            return f"{other} is not as its distribution installed it, but changed by an edit or another one: {again}"
    return ""


def _claiming(module: str, distribution: Distribution, installed: Installed) -> list[str]:
    """Return the other distributions in the folder of one that announce a plugin in the same module."""
    others = [plugin for plugin in installed.plugins if plugin.reference.partition(":")[0].strip() == module]
    beside = [other.distribution for other in others if other.distribution.folder == distribution.folder]
    return [*distribution.rivals, *(its.origin for its in beside if its.location != distribution.location)]


def _inside(file: str, folder: str) -> list[str]:
    """Return the paths of a file relative to a folder that it is in: as they are, and resolved."""
    # A view of an installation links its modules to files elsewhere.
    paths = ((file, folder), (os.path.realpath(file), os.path.realpath(folder)))
    return [os.path.relpath(path, of) for path, of in paths if Path(path).is_relative_to(of)]


def _files_beside(name: str) -> list[str]:
    """Return the files of the imported modules of a module's package, itself included."""
    package = name.partition(".")[0]
    # A copy, because a module may import another one when its attribute is asked for.
    modules = [module for other, module in [*sys.modules.items()] if other.partition(".")[0] == package]
    return sorted(filter(None, (getattr(module, "__file__", None) for module in modules)))


def _recorded(metadata: str) -> Mapping[str, str] | None:
    """Return the hashes of the files that a distribution has installed, by path; None if that was not recorded.

    Conda and the packages of an operating system may leave no record.
    """
    file = os.path.join(metadata, "RECORD")  # noqa: PTH118 - called for each plugin, before each card
    try:
        return _read(file, *_stamp(file))
    except (OSError, ValueError, csv.Error):
        return None


def _stamp(file: str) -> tuple[int, int]:
    state = os.stat(file)  # noqa: PTH116
    return state.st_mtime_ns, state.st_size


# Files do not change while a script runs, and load_plugins may be called for each card.
@functools.lru_cache(maxsize=64)
def _read(file: str, *_: int) -> Mapping[str, str]:
    with Path(file).open(encoding="utf-8", newline="") as text:
        return {os.path.normpath(row[0]): row[1] for row in csv.reader(text) if len(row) > 1}


@functools.lru_cache(maxsize=1024)
def _hash(file: str, *_: int) -> str:
    """Return the hash of a file as a record has it."""
    digest = hashlib.sha256(Path(file).read_bytes()).digest()
    return f"{_SHA256}{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def way_to_select(selected: Collection[str], _: object, name: str) -> str:
    """Return the end of a message about a missing object: the installed plugins that may have it, or "".

    Only their names are known: to import a plugin that is not selected could change what the script does next.
    """
    installed = look()
    names = [plugin for plugin in installed.names if plugin not in selected]
    like = difflib.get_close_matches(name.lower(), names, n=1)
    # The name of a plugin is often that of its object behind the name of a group, such as `acme_npz`.
    like = like or [plugin for plugin in names if name.lower() in plugin.lower()]
    # Plugins of the core that are left out by default have objects of their own names alone.
    own = {plugin.name for plugin in installed.plugins if plugin.origin.startswith("datacard-core ")}
    likely = like or [plugin for plugin in names if plugin in DEFAULT_PLUGINS or plugin not in own]
    if not likely:
        return ""
    if len(likely) == 1:
        end = f"may have it: select it with load_plugins(…, {likely[0]!r})"
        return f"; plugin {likely[0]!r}, which is installed and not selected, {end}"
    return (
        f"; plugins {listing(map(repr, likely))}, which are installed and not selected, may have it: select one with "
        f"load_plugins(…, {likely[0]!r})"
    )
