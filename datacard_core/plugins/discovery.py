"""Finding the plugins that are installed, from what their distributions say: none is imported.

Any distribution may be broken, and one that nobody asked for must not matter. So each is read by itself, and what it
is called is asked only of those that have plugins: reading all names takes twenty times as long.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import importlib_metadata

from datacard_core.errors import PluginConflictError
from datacard_core.hookspecs import ENTRY_POINT_GROUP
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importlib_metadata import EntryPoint

Distribution: TypeAlias = Any
"""The annotations of importlib_metadata call it differently from version to version."""


@attrs.frozen
class Whereabouts:
    """What the metadata of a distribution say about it, None for what they do not say, and where they are."""

    name: str | None
    version: str | None
    path: str
    """Its metadata, or its folder where nobody knows better."""
    folder: str

    @property
    def origin(self) -> str:
        """Distribution and version, for messages."""
        return f"unknown distribution in {self.folder}" if self.name is None else f"{self.name} {self.version or '?'}"


@attrs.frozen(eq=False)
class InstalledPlugin:
    """A plugin as its distribution announces it."""

    entry_point: EntryPoint
    whereabouts: Whereabouts

    @property
    def name(self) -> str:
        """What analysis code selects."""
        return self.entry_point.name

    @property
    def value(self) -> str:
        """What is imported."""
        return self.entry_point.value

    @property
    def origin(self) -> str:
        """Distribution and version."""
        return self.whereabouts.origin


@attrs.frozen(eq=False)
class Installed:
    """What one look at the metadata of all distributions found."""

    plugins: tuple[InstalledPlugin, ...]
    """By name and origin."""
    broken: tuple[Whereabouts, ...]
    """Distributions that have plugins, but in a file that cannot be read."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the plugins, sorted."""
        return tuple(sorted({plugin.name for plugin in self.plugins}))

    def plugin(self, name: str) -> InstalledPlugin:
        """The plugin of that name, which is one of `names`.

        Raises:
            PluginConflictError: several places have it.
        """
        found = [plugin for plugin in self.plugins if plugin.name == name]
        # Remains of a distribution, without its metadata, are not in the way of a whole one.
        found = [plugin for plugin in found if plugin.whereabouts.name is not None] or found
        places = {f"{plugin.origin} ({plugin.value})" for plugin in found}
        if len(places) > 1:
            message = f"plugin {name!r} comes from several places: {listing(sorted(places))}; uninstall all but one"
            raise PluginConflictError(message)
        return found[0]


def look() -> Installed:
    """Read the metadata of all distributions, once."""
    found: list[InstalledPlugin] = []
    broken: list[Whereabouts] = []
    for distribution, there in _distributions():
        try:
            points = tuple(distribution.entry_points.select(group=ENTRY_POINT_GROUP))
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not in the way of the others
            broken.append(there)
        else:
            found += [InstalledPlugin(point, there) for point in points]
    return Installed(tuple(sorted(found, key=lambda plugin: (plugin.name, plugin.origin))), tuple(broken))


def installed_plugins() -> tuple[str, ...]:
    """Names of all installed plugins, sorted; none is imported."""
    return look().names


def _distributions() -> Iterator[tuple[Distribution, Whereabouts]]:
    """Those with plugins; of several with one name the first on the path, which is the one that is imported."""
    seen = set()
    for distribution in importlib_metadata.distributions():
        if not _has_plugins(distribution):
            continue
        there = _whereabouts(distribution)
        if there.name is None:
            yield distribution, there
        elif (normalised := re.sub(r"[-_.]+", "-", there.name).lower()) not in seen:
            seen.add(normalised)
            # One without plugins may stand before it on the path.
            same = ((first, _whereabouts(first)) for first in importlib_metadata.distributions(name=there.name))
            yield next(((first, its) for first, its in same if its.name), (distribution, there))


def _has_plugins(distribution: Distribution) -> bool:
    try:
        return ENTRY_POINT_GROUP in (distribution.read_text("entry_points.txt") or "")
    except Exception:  # noqa: BLE001 - it has none that anybody could read
        return False


def _whereabouts(distribution: Distribution) -> Whereabouts:
    try:
        metadata = distribution.metadata
        name, version = (metadata.get(field) for field in ("Name", "Version"))
    except Exception:  # noqa: BLE001 - each version of importlib_metadata has its own error for it
        name = version = None
    try:
        folder = str(distribution.locate_file(""))
        path = str(getattr(distribution, "_path", None) or folder)
    except Exception:  # noqa: BLE001 - it may be of a finder that has no files
        path = folder = "unknown"
    return Whereabouts(name, version, path, folder)
