"""Selecting plugins: by name or as objects, in analysis code and nowhere else.

A `Plugins` object is made, passed and never changed. Nothing is registered at import, no environment variable is
read, and a plugin that was not selected is not imported.
"""

from __future__ import annotations

import importlib
import sys
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.errors import (
    DatacardError,
    MissingProviderError,
    PluginLoadError,
    with_type,
)
from datacard_core.names import closest, listing
from datacard_core.plugins.calling import Provided
from datacard_core.plugins.conflicts import add, refuse_superfluous
from datacard_core.plugins.discovery import Installed, installed_plugins, look
from datacard_core.plugins.registration import FAMILIES, contributed
from datacard_core.plugins.selection import LOCAL, select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from datacard_core.hookspecs import (
        CardWriter,
        Check,
        HistogramSource,
        Plot,
        Rendering,
        SystematicKind,
        TemplateSerializer,
    )

__all__ = [
    "DEFAULT_PLUGINS",
    "Plugins",
    "Provided",
    "installed_plugins",
    "load_plugins",
]

DEFAULT_PLUGINS = ("lnn", "shape", "rateparam", "mcstats", "checks", "combine", "root", "coffea", "plots")
"""The built-in set: fixed, so that installing a package never changes a card."""


def _unchangeable(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(mapping))


@attrs.frozen(eq=False)
class Plugins:
    """The selected plugins, and what they contribute; use `load_plugins` to make one.

    A pickle of it has names: where it is read, plugins of the same versions must be installed. A module travels by the
    name to import it by, any other object as it is.
    """

    origins: Mapping[str, str] = attrs.field(converter=_unchangeable)
    """Distribution and version of each plugin, or "local", by name and sorted."""
    kinds: Mapping[str, Provided[SystematicKind]] = attrs.field(converter=_unchangeable)
    """By `typ`."""
    writers: Mapping[str, Provided[CardWriter]] = attrs.field(converter=_unchangeable)
    serializers: Mapping[str, Provided[TemplateSerializer]] = attrs.field(converter=_unchangeable)
    checks: Mapping[str, Provided[Check]] = attrs.field(converter=_unchangeable)
    plots: Mapping[str, Provided[Plot]] = attrs.field(converter=_unchangeable)
    sources: Mapping[str, Provided[HistogramSource]] = attrs.field(converter=_unchangeable)
    renderings: Mapping[str, Provided[Rendering]] = attrs.field(converter=_unchangeable)
    local: tuple[object, ...] = attrs.field(default=(), repr=False)
    """The plugins that were given as objects."""

    def __iter__(self) -> Iterator[str]:
        return iter(self.origins)

    def __reduce__(self) -> tuple[Callable[..., Plugins], tuple[object, ...]]:
        modules = tuple(_import_name(plugin) for plugin in self.local if isinstance(plugin, ModuleType))
        objects = tuple(plugin for plugin in self.local if not isinstance(plugin, ModuleType))
        installed = {name: origin for name, origin in self.origins.items() if origin != LOCAL}
        return _reloaded, (installed, modules, objects)

    def kind(self, typ: str) -> Provided[SystematicKind]:
        """The kind behind a `typ`.

        Raises:
            MissingProviderError: no selected plugin has it; names an installed one that does.
        """
        return self._provider("kinds", typ)

    def writer(self, name: str) -> Provided[CardWriter]:
        """The card writer of that name.

        Raises:
            MissingProviderError: no selected plugin has it, likewise; and so on for the others.
        """
        return self._provider("writers", name)

    def serializer(self, name: str) -> Provided[TemplateSerializer]:
        """The template serializer of that name."""
        return self._provider("serializers", name)

    def plot(self, name: str) -> Provided[Plot]:
        """The plot of that name."""
        return self._provider("plots", name)

    def source(self, name: str) -> Provided[HistogramSource]:
        """The histogram source of that name."""
        return self._provider("sources", name)

    def _provider(self, field: str, name: str) -> Provided[Any]:
        providers: Mapping[str, Provided[Any]] = getattr(self, field)
        if name in providers:
            return providers[name]
        (word,) = (family.word for family in FAMILIES if family.field == field)
        hint = closest(name, providers)
        raise MissingProviderError(
            f"no selected plugin provides the {word} {name!r}; provided are {listing(providers) or 'none'}"
            f"{hint if 'did you mean' in hint else ''}{_way_to_select(name, field)}"
        )


def load_plugins(*plugins: str | object, block: Iterable[str] = ()) -> Plugins:
    """Select plugins: the built-in set if none is named.

    Args:
        plugins: names of installed plugins, or modules and objects that are plugins.
        block: names to leave out of those.

    Raises:
        UnknownPluginError: names that nobody has, or blocking what was not selected; all of them are told at once.
        PluginConflictError: two selected plugins bring the same name or `typ`.
        PluginLoadError: a selected plugin cannot be imported, or is no plugin.
        PluginCallError: a selected plugin failed.
    """
    return _load(plugins or DEFAULT_PLUGINS, {block} if isinstance(block, str) else set(block), look())


def _load(plugins: Iterable[str | object], blocked: set[str], installed: Installed) -> Plugins:
    origins: dict[str, str] = {}
    providers: dict[str, dict[str, Provided[Any]]] = {family.field: {} for family in FAMILIES}
    selection = select(plugins, blocked, installed)
    for selected in selection:
        origin, plugin = selected.found(installed)
        origins[selected.name] = origin
        for family, key, provided in contributed(plugin, selected.name, origin):
            add(providers[family.field], key, provided, family.interface.__name__)
    refuse_superfluous(providers["writers"], providers["renderings"].values())
    local = tuple(selected.plugin for selected in selection if selected.is_local)
    return Plugins(origins, **{field: dict(sorted(found.items())) for field, found in providers.items()}, local=local)


def _way_to_select(name: str, field: str) -> str:
    """Which installed plugin has what no selected one has.

    The card has failed by now, so looking into the others can change none; those that are broken do not matter.
    """
    installed = look()
    for plugin in installed.names:
        try:
            found = getattr(_load([plugin], set(), installed), field)
        except DatacardError:
            continue
        if name in found:
            return f"; plugin {plugin!r} has it, select it with load_plugins(…, {plugin!r})"
    return ""


def _import_name(module: ModuleType) -> str:
    """The name to import a module by elsewhere.

    Raises:
        PluginLoadError: it has none.
    """
    if sys.modules.get(module.__name__) is not module:
        message = "this module cannot be imported by its name, so it cannot be used in another process"
        raise PluginLoadError(message, plugin=module.__name__, origin=LOCAL)
    return module.__name__


def _reloaded(origins: Mapping[str, str], modules: Iterable[str], objects: Iterable[object]) -> Plugins:
    """The same selection in another process.

    Raises:
        PluginLoadError: a plugin is of another version here, or is not here; nothing is imported then.
    """
    installed = look()
    here = {name: installed.plugin(name).origin for name in origins if name in installed.names}
    if different := [name for name, origin in origins.items() if here.get(name) != origin]:
        message = "; ".join(
            f"plugin {name!r} is {here.get(name, 'not installed')} here, and {origins[name]} where it was selected"
            for name in different
        )
        raise PluginLoadError(f"{message}: the same versions must be in both places")
    return _load([*origins, *map(_imported, modules), *objects], set(), installed)


def _imported(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        message = f"cannot be imported here: {with_type(error)}"
        raise PluginLoadError(message, plugin=module, origin=LOCAL) from error
