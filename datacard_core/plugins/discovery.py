"""Search for the installed plugins in the metadata of their distributions; no plugin is imported.

Any installed distribution may be broken, and one that the analysis does not use must not matter. Each distribution is
therefore read by itself. Its name and version are read only if it has plugins, because reading them for all
distributions takes twenty times as long.

importlib_metadata is called directly: pluggy's `load_setuptools_entrypoints` imports every plugin, and skips the
second of two entry points with the same name without a word.
"""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import importlib_metadata

from datacard_core.errors import PluginConflictError
from datacard_core.names import listing
from datacard_core.version import ENTRY_POINT_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importlib_metadata import EntryPoint

_Metadata: TypeAlias = Any
"""A `Distribution` of importlib_metadata, whose annotations change from version to version."""


_Folder: TypeAlias = tuple[str, int | None]
"""Path of a folder on Python's path, and the time of its last change in ns, None if it is not there."""

COMMANDS_GROUP = "datacard_core.commands"
"""Entry points of verbs of the command `datacard`: the name is the verb, the value a click command."""


@attrs.frozen(eq=False)
class _Finder:
    """A finder of modules; two are equal if they are one object, as finders may have an equality without a hash."""

    # Kept, because the number of an object that has gone is given to another.
    finder: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Finder) and self.finder is other.finder

    def __hash__(self) -> int:
        return id(self.finder)


@attrs.frozen(kw_only=True)
class Distribution:
    """An installed distribution that has plugins, as far as its metadata can be read."""

    name: str | None
    version: str | None
    location: str
    """Path of its metadata; its folder where the path is unknown."""
    folder: str
    """Folder that its metadata are in."""
    is_editable: bool = False
    """True if its files are elsewhere, as after `pip install --editable`."""
    rivals: tuple[str, ...] = ()
    """Other versions of it whose metadata are in the same folder, as an update that was broken off leaves them."""

    @property
    def origin(self) -> str:
        """Distribution and version, for messages."""
        return f"unknown distribution in {self.folder}" if self.name is None else f"{self.name} {self.version or '?'}"


@attrs.frozen(eq=False)
class InstalledPlugin:
    """A plugin as its distribution announces it."""

    entry_point: EntryPoint
    distribution: Distribution

    @property
    def name(self) -> str:
        """Name by which analysis code selects the plugin."""
        return self.entry_point.name

    @property
    def reference(self) -> str:
        """Module to import, or `module:object`."""
        return self.entry_point.value

    @property
    def origin(self) -> str:
        """Distribution and version."""
        return self.distribution.origin


@attrs.frozen(eq=False)
class Installed:
    """The result of one search through the metadata of all distributions."""

    plugins: tuple[InstalledPlugin, ...]
    """Sorted by name and origin."""
    commands: tuple[InstalledPlugin, ...]
    """Verbs of the command `datacard`, sorted alike."""
    broken: tuple[Distribution, ...]
    """Distributions whose entry points name plugins and cannot be read."""

    @cached_property
    def modules(self) -> dict[str, tuple[str, ...]]:
        """Modules of each plugin by its name: several, if several distributions have a plugin of that name."""
        found: dict[str, tuple[str, ...]] = {}
        for plugin in self.plugins:
            found[plugin.name] = (*found.get(plugin.name, ()), plugin.reference.partition(":")[0].strip())
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the plugins, sorted."""
        return tuple(sorted({plugin.name for plugin in self.plugins}))

    def plugin(self, name: str) -> InstalledPlugin:
        """Return the plugin of that name, which must be one of `names`.

        Raises:
            PluginConflictError: several distributions have a plugin of that name, or one has two modules for it.
        """
        return _single(self.plugins, name, "plugin")

    def command(self, name: str) -> InstalledPlugin | None:
        """Return the verb of that name, None if no distribution has it.

        Raises:
            PluginConflictError: several distributions have a verb of that name, or one has two modules for it.
        """
        return _single(self.commands, name, "verb") if any(name == verb.name for verb in self.commands) else None


def _single(installed: Iterable[InstalledPlugin], name: str, word: str) -> InstalledPlugin:
    found = [plugin for plugin in installed if plugin.name == name]
    # Remains of a removed distribution, which have no metadata, do not compete with a complete distribution.
    found = [plugin for plugin in found if plugin.distribution.name is not None] or found
    places = {f"{plugin.origin} ({plugin.reference})" for plugin in found}
    if len(places) > 1:
        message = f"{word} {name!r} comes from several places: {listing(sorted(places))}; uninstall all but one"
        raise PluginConflictError(message)
    return found[0]


def look() -> Installed:
    """Search the metadata of all distributions.

    The result is kept while no folder on the path changes, which it does when a distribution is installed, updated or
    removed: a worker looks for each task, and a script for each call of `load_plugins`.
    """
    # What is imported from a path may depend on the working directory, and on the finders.
    return _look(tuple(map(_state, sys.path)), tuple(map(_Finder, sys.meta_path)))


def _state(entry: str) -> _Folder:
    # Called for each entry of the path, before each card.
    path = entry if entry.startswith(os.sep) else os.path.abspath(entry)  # noqa: PTH100
    try:
        return path, os.stat(path).st_mtime_ns  # noqa: PTH116
    except (OSError, ValueError):
        return path, None


# A few results, for a path that changes to and fro, as in tests of plugins that are made for a test.
@functools.lru_cache(maxsize=4)
def _look(folders: tuple[_Folder, ...], finders: tuple[_Finder, ...]) -> Installed:
    found: dict[str, list[InstalledPlugin]] = {ENTRY_POINT_GROUP: [], COMMANDS_GROUP: []}
    broken: list[Distribution] = []
    for metadata, distribution in _distributions(folders, finders):
        try:
            points = {group: tuple(metadata.entry_points.select(group=group)) for group in found}
        except Exception:  # noqa: BLE001 - a file that cannot be parsed must not hide other distributions
            broken.append(distribution)
        else:
            for group, of_group in points.items():
                found[group] += [InstalledPlugin(point, distribution) for point in of_group]
    # Sorted, because the order of the distributions in a folder is that of the file system.
    plugins, commands = (
        tuple(sorted(of_group, key=lambda plugin: (plugin.name, plugin.origin))) for of_group in found.values()
    )
    return Installed(plugins, commands, tuple(broken))


def installed_plugins() -> tuple[str, ...]:
    """Return the names of all installed plugins, sorted; no plugin is imported."""
    return look().names


def _distributions(
    folders: tuple[_Folder, ...], finders: tuple[_Finder, ...]
) -> Iterator[tuple[_Metadata, Distribution]]:
    """Yield the distributions that have plugins or verbs.

    Of several distributions with the same name, only the first on the path is yielded: it is the one that is imported.
    """
    seen = set()
    # A search in each folder, because most stay as they are where one is added or changes. Finders of other kinds than
    # that of installers may not go by folders.
    of_others = (finder for finder in sys.meta_path if not isinstance(finder, importlib_metadata.MetadataPathFinder))
    alone = not any(hasattr(finder, "find_distributions") for finder in of_others)
    places = [(folder,) for folder in folders] if alone else [folders]
    for metadata, distribution in (pair for place in places for pair in _with_plugins(place, finders)):
        if distribution.name is None:
            yield metadata, distribution
        # Names that differ in case, or in these three letters, belong to the same distribution.
        elif (normalised := re.sub(r"[-_.]+", "-", distribution.name).lower()) not in seen:
            seen.add(normalised)
            # The first of this name may have no plugins; then it was skipped above, and its entry points count.
            same = [pair for place in places for pair in _named(place, finders, distribution.name)]
            metadata, distribution = next(((other, its) for other, its in same if its.name), (metadata, distribution))  # noqa: PLW2901
            beside = [its for _, its in same if _competes(its, distribution)]
            yield metadata, attrs.evolve(distribution, rivals=tuple(its.origin for its in beside))


@functools.lru_cache(maxsize=256)
def _with_plugins(place: tuple[_Folder, ...], _: tuple[_Finder, ...]) -> tuple[tuple[_Metadata, Distribution], ...]:
    there = importlib_metadata.distributions(path=[path for path, _ in place])
    return tuple((metadata, _read(metadata)) for metadata in there if _has_plugins(metadata))


@functools.lru_cache(maxsize=1024)
def _named(place: tuple[_Folder, ...], _: tuple[_Finder, ...], name: str) -> tuple[tuple[_Metadata, Distribution], ...]:
    there = importlib_metadata.distributions(name=name, path=[path for path, _ in place])
    return tuple((metadata, _read(metadata)) for metadata in there)


def _competes(one: Distribution, other: Distribution) -> bool:
    # An installer writes a `dist-info`; the `egg-info` of the sources may stand beside it.
    installed = all(its.location.endswith(".dist-info") for its in (one, other))
    return installed and one.folder == other.folder and one.location != other.location


def _has_plugins(metadata: _Metadata) -> bool:
    # A search in the text is cheap, and works where the file cannot be parsed.
    try:
        text = metadata.read_text("entry_points.txt") or ""
    except Exception:  # noqa: BLE001 - a file that cannot be read names no plugin
        return False
    return ENTRY_POINT_GROUP in text or COMMANDS_GROUP in text


def _read(metadata: _Metadata) -> Distribution:
    try:
        fields = metadata.metadata  # parsed at each access
        name, version = fields.get("Name"), fields.get("Version")
    except Exception:  # noqa: BLE001 - importlib_metadata raises other errors for it from version to version
        name = version = None
    try:
        folder = str(metadata.locate_file(""))
        location = str(getattr(metadata, "_path", None) or folder)
    except Exception:  # noqa: BLE001 - a finder need not keep its distributions in files
        location = folder = "unknown"
    return Distribution(
        name=name, version=version, location=location, folder=folder, is_editable=_is_editable(metadata)
    )


def _is_editable(metadata: _Metadata) -> bool:
    try:
        url = json.loads(metadata.read_text("direct_url.json") or "{}")
        return bool(url.get("dir_info", {}).get("editable"))
    except Exception:  # noqa: BLE001 - a file that cannot be read says nothing
        return False
