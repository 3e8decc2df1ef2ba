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


@attrs.frozen(eq=False)
class Installed:
    """What one look at the metadata of all distributions found."""

    entry_points: tuple[EntryPoint, ...]
    unreadable: tuple[str, ...]
    """Origins of distributions that have plugins, but in a file that cannot be read."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the plugins, sorted."""
        return tuple(sorted({entry_point.name for entry_point in self.entry_points}))

    def entry_point(self, name: str) -> EntryPoint:
        """The entry point of that name, which is one of `names`.

        Raises:
            PluginConflictError: several distributions have it.
        """
        found = [entry_point for entry_point in self.entry_points if entry_point.name == name]
        if len(found) > 1:
            # Remains of a distribution, without its metadata, are not in the way of a whole one.
            found = [entry_point for entry_point in found if _is_whole(entry_point)] or found
        if len(found) > 1:
            origins = listing(sorted(map(origin_of, found)))
            message = f"plugin {name!r} comes from several distributions: {origins}; uninstall all but one"
            raise PluginConflictError(message)
        return found[0]


def look() -> Installed:
    """Read the metadata of all distributions, once."""
    found: list[EntryPoint] = []
    unreadable: list[str] = []
    for distribution in _distributions():
        try:
            found += distribution.entry_points.select(group=ENTRY_POINT_GROUP)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not in the way of the others
            unreadable.append(_origin(distribution))
    return Installed(tuple(found), tuple(unreadable))


def installed_plugins() -> tuple[str, ...]:
    """Names of all installed plugins, sorted; none is imported."""
    return look().names


def entry_points() -> tuple[EntryPoint, ...]:
    """The entry points of every installed plugin, by name and distribution; none is imported."""
    return tuple(sorted(look().entry_points, key=lambda entry_point: (entry_point.name, origin_of(entry_point))))


def origin_of(entry_point: EntryPoint) -> str:
    """Distribution and version that an entry point comes from."""
    return _origin(entry_point.dist) if entry_point.dist else "unknown distribution"


def _distributions() -> Iterator[Distribution]:
    """Those with plugins; of several with one name the first on the path, which is the one that is imported."""
    seen = set()
    for distribution in importlib_metadata.distributions():
        if not _has_plugins(distribution):
            continue
        name = _metadata(distribution, "Name")
        if name is None:
            yield distribution
        elif (normalised := re.sub(r"[-_.]+", "-", name).lower()) not in seen:
            seen.add(normalised)
            # One without plugins may stand before it on the path.
            same = importlib_metadata.distributions(name=name)
            yield next((first for first in same if _metadata(first, "Name")), distribution)


def _has_plugins(distribution: Distribution) -> bool:
    try:
        return ENTRY_POINT_GROUP in (distribution.read_text("entry_points.txt") or "")
    except Exception:  # noqa: BLE001 - it has none that anybody could read
        return False


def _is_whole(entry_point: EntryPoint) -> bool:
    return entry_point.dist is not None and _metadata(entry_point.dist, "Name") is not None


def _origin(distribution: Distribution) -> str:
    name = _metadata(distribution, "Name")
    if name is None:
        return f"unknown distribution in {distribution.locate_file('')}"
    return f"{name} {_metadata(distribution, 'Version') or '?'}"


def _metadata(distribution: Distribution, field: str) -> str | None:
    """A field of the metadata, or None where there is none to be read."""
    try:
        found: str | None = distribution.metadata.get(field)
    except Exception:  # noqa: BLE001 - each version of importlib_metadata has its own error for it
        return None
    return found
