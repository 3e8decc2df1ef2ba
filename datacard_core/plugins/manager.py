"""The selected plugins: loaded together in analysis code, and never changed afterwards.

No plugin is registered at import, no environment variable is read, and what was not selected is not imported.
"""

from __future__ import annotations

import functools
import importlib
import pickle
import sys
from itertools import chain
from operator import is_
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import scalars
from datacard_core.documents.formats import html
from datacard_core.errors import DatacardError, PluginLoadError, with_type
from datacard_core.names import listing, public
from datacard_core.plugins.calling import Provided
from datacard_core.plugins.conflicts import add, refuse_superfluous
from datacard_core.plugins.discovery import Installed, installed_plugins, look
from datacard_core.plugins.families import (
    CHECKS,
    FAMILIES,
    KINDS,
    PLOTS,
    READERS,
    RENDERINGS,
    SERIALIZERS,
    SOURCES,
    TEMPLATE_READERS,
    WRITERS,
    Family,
    Interface,
    Providers,
)
from datacard_core.plugins.patches import of_pluggy, patches, unpatched
from datacard_core.plugins.registration import contributions
from datacard_core.plugins.selection import DEFAULT_PLUGINS, LOCAL, Selected, name_of, select, way_to_select
from datacard_core.plugins.surroundings import unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from typing import TypeAlias

    from datacard_core.hookspecs import (
        CardReader,
        CardWriter,
        Check,
        HistogramSource,
        Plot,
        Rendering,
        SystematicKind,
        TemplateReader,
        TemplateSerializer,
    )

    _Contributions: TypeAlias = tuple[str, tuple[tuple[Family[Any], str, Provided[Any]], ...]]
    """Origin of a plugin, and its objects, each with its family and key."""

__all__ = [
    "DEFAULT_PLUGINS",
    "Plugins",
    "Provided",
    "installed_plugins",
    "load_plugins",
]


def _unchangeable(by_name: Mapping[str, Any]) -> Mapping[str, Any]:
    # A view of a copy: the selection stays as it was loaded.
    return MappingProxyType(dict(by_name))


# Compared by identity: plugins need not define what equal objects are.
@public
@attrs.frozen(eq=False, kw_only=True)
class Plugins:
    """The selected plugins, and the objects that they contribute; `load_plugins` makes one.

    A pickle holds the names of the plugins, not their objects: where it is read, plugins of the same versions must be
    installed. A module travels by the name under which it is imported; any other object is pickled itself.
    """

    origins: Mapping[str, str] = attrs.field(converter=_unchangeable)
    """Distribution and version of each plugin, or "local", by name and sorted."""
    kinds: Providers[SystematicKind]
    """Systematic kinds by `typ`; all other families are mappings by `name`."""
    writers: Providers[CardWriter]
    serializers: Providers[TemplateSerializer]
    readers: Providers[CardReader]
    template_readers: Providers[TemplateReader]
    checks: Providers[Check]
    plots: Providers[Plot]
    sources: Providers[HistogramSource]
    renderings: Providers[Rendering]
    local: tuple[object, ...] = attrs.field(default=(), repr=False)
    """The plugins that were given as objects."""
    options: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict, converter=_unchangeable)
    """Options of the plugins that were selected with some, by name of the plugin."""

    def __iter__(self) -> Iterator[str]:
        return iter(self.origins)

    def __repr__(self) -> str:
        return f"<Plugins: {listing(self, len(self.origins))}>"

    def _repr_html_(self) -> str:
        families = [getattr(self, field.name) for field in attrs.fields(type(self))]
        provided = [one for family in families if isinstance(family, Providers) for one in family.values()]
        rows = [
            (name, origin, listing((one.name for one in provided if one.plugin == name), len(provided)))
            for name, origin in self.origins.items()
        ]
        return html("plugins", ("plugin", "distribution", "provides"), rows, keys=3)

    def __reduce__(self) -> tuple[Callable[..., Plugins], tuple[object, ...]]:
        # A module cannot be pickled itself.
        names = [name for name, origin in self.origins.items() if origin == LOCAL]
        local = [(plugin, self.options.get(name, {})) for name, plugin in zip(names, self.local, strict=True)]
        modules = [(_import_name(plugin), options) for plugin, options in local if isinstance(plugin, ModuleType)]
        objects = [(_sendable(plugin), options) for plugin, options in local if not isinstance(plugin, ModuleType)]
        installed = {name: origin for name, origin in self.origins.items() if origin != LOCAL}
        options = {name: self.options.get(name, {}) for name in installed}
        return _reloaded, (pickle.dumps((installed, modules, options)), objects)

    def kind(self, typ: str) -> Provided[SystematicKind]:
        """Return the systematic kind with that `typ`.

        Raises:
            MissingProviderError: no selected plugin provides it; the message names an installed plugin that does.
        """
        return self.kinds.provider(typ)

    def writer(self, name: str) -> Provided[CardWriter]:
        """Return the card writer of that name.

        Raises:
            MissingProviderError: no selected plugin provides it; the message names an installed plugin that does.
        """
        return self.writers.provider(name)

    def serializer(self, name: str) -> Provided[TemplateSerializer]:
        """Return the template serializer of that name.

        Raises:
            MissingProviderError: no selected plugin provides it; the message names an installed plugin that does.
        """
        return self.serializers.provider(name)

    def reader(self, name: str) -> Provided[CardReader]:
        """Return the card reader of that name.

        Raises:
            MissingProviderError: no selected plugin provides it; the message names an installed plugin that does.
        """
        return self.readers.provider(name)

    def plot(self, name: str) -> Provided[Plot]:
        """Return the plot of that name.

        Raises:
            MissingProviderError: no selected plugin provides it; the message names an installed plugin that does.
        """
        return self.plots.provider(name)

    def source(self, name: str) -> Provided[HistogramSource]:
        """Return the histogram source of that name.

        Raises:
            MissingProviderError: no selected plugin provides it; the message names an installed plugin that does.
        """
        return self.sources.provider(name)


def families_of(plugins: Plugins) -> tuple[Providers[Any], ...]:
    """Return the providers of every family, in the order of `FAMILIES`."""
    return (
        plugins.kinds,
        plugins.writers,
        plugins.serializers,
        plugins.readers,
        plugins.template_readers,
        plugins.checks,
        plugins.plots,
        plugins.sources,
        plugins.renderings,
    )


def load_plugins(*plugins: str | object, block: Iterable[str] = ()) -> Plugins:
    """Select and load plugins: the built-in set if no plugin is given.

    A selection by names that was loaded before is returned again, as long as their modules have the same members.

    Args:
        plugins: names of installed plugins, or modules and objects that are plugins; or a pair of one of them and its
            options, such as `("acme_source", {"year": "2018"})`.
        block: names of plugins to leave out of the selection.

    Raises:
        UnknownPluginError: names that are not installed, or are blocked and not selected; all of them at once.
        PluginConflictError: two selected plugins provide the same name or `typ`.
        PluginLoadError: a selected plugin cannot be imported, or is not a plugin.
        PluginCallError: a selected plugin failed.
        DatacardError: other code has replaced members of pluggy's classes.
    """
    installed, chosen, blocked = look(), plugins or DEFAULT_PLUGINS, frozenset(scalars(block))
    names = [plugin for plugin in chosen if type(plugin) is str]
    # Members that other code has replaced are looked at anew.
    if len(names) < len(chosen) or patches():
        return load_from(installed, chosen, blocked)
    return _loaded(installed, tuple(names), blocked, _Members.of(names, installed))


# A script that reads cards loads the built-in set for each of them, which takes as long as the reading.
@functools.lru_cache(maxsize=4)
def _loaded(installed: Installed, names: tuple[str, ...], blocked: frozenset[str], _: _Members) -> Plugins:
    return load_from(installed, names, blocked)


@attrs.frozen(eq=False)
class _Members:
    """The members of plugins' modules as they are; two are equal if they have the same objects by the same names."""

    names: tuple[str, ...]
    """Names of the members, module by module."""
    members: tuple[Any, ...]
    plugin: Any = None
    """The plugin that is made of them, compared by identity too."""

    @classmethod
    def of(cls, plugins: Iterable[str], installed: Installed) -> _Members:
        """Return those of installed plugins, none of modules that are not imported."""
        found = [sys.modules.get(module) for plugin in plugins for module in installed.modules.get(plugin, ())]
        members = [vars(module) for module in found if module]
        return cls(tuple(chain.from_iterable(members)), tuple(chain.from_iterable(of.values() for of in members)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Members):
            return NotImplemented
        same = self.names == other.names and self.plugin is other.plugin
        return same and all(map(is_, self.members, other.members))

    def __hash__(self) -> int:
        return len(self.members)


def load_from(
    installed: Installed, plugins: Iterable[str | object], blocked: AbstractSet[str] = frozenset()
) -> Plugins:
    """Load plugins as `load_plugins` does, from the result of a search that has been made already."""
    origins: dict[str, str] = {}
    by_family: dict[Family[Any], dict[str, Provided[Any]]] = {family: {} for family in FAMILIES}
    selection = select(plugins, blocked, installed)
    before = patches()
    if problem := of_pluggy(before):
        raise DatacardError(problem)
    for selected in selection:
        with unpatched(selected, installed, before):
            origins[selected.name], contributed = _contributed(selected, installed, is_patched=bool(before))
            for family, key, provided in contributed:
                add(by_family[family], key, provided, family)

    def providers(family: Family[Interface]) -> Providers[Interface]:
        return Providers(family, by_family[family], functools.partial(way_to_select, origins))

    loaded = Plugins(
        origins=origins,
        kinds=providers(KINDS),
        writers=providers(WRITERS),
        serializers=providers(SERIALIZERS),
        readers=providers(READERS),
        template_readers=providers(TEMPLATE_READERS),
        checks=providers(CHECKS),
        plots=providers(PLOTS),
        sources=providers(SOURCES),
        renderings=providers(RENDERINGS),
        local=tuple(selected.plugin for selected in selection if selected.is_local),
        options={selected.name: selected.options for selected in selection if selected.options},
    )
    # Last, because a plugin may render for the writer of a plugin that is loaded after it.
    refuse_superfluous(loaded.writers, loaded.renderings.values())
    return loaded


def _contributed(selected: Selected, installed: Installed, *, is_patched: bool) -> _Contributions:
    name, members = selected.name, _Members.of([selected.name], installed)
    # A plugin that is given as an object may have changed since, and a module that is not imported has no members yet.
    if selected.is_local or selected.options or is_patched or not members.names:
        origin, plugin = selected.load(installed)
        return origin, tuple(contributions(plugin, name, origin))
    origin, plugin = _installed(installed, name, members)
    return origin, _kept(name, origin, _Members(members.names, members.members, plugin))


# A script that adds plugins of its own to the built-in set reads that again for each selection.
@functools.lru_cache(maxsize=64)
def _installed(installed: Installed, name: str, _: _Members) -> tuple[str, Any]:
    return Selected(name).load(installed)


# Beside it, because the contributions stay the same where another distribution is installed.
@functools.lru_cache(maxsize=64)
def _kept(name: str, origin: str, members: _Members) -> tuple[tuple[Family[Any], str, Provided[Any]], ...]:
    return tuple(contributions(members.plugin, name, origin))


def _import_name(module: ModuleType) -> str:
    """Return the name under which another process can import a module.

    Raises:
        PluginLoadError: there is no such name.
    """
    if sys.modules.get(module.__name__) is not module:
        message = "this module cannot be imported by its name, so it cannot be used in another process"
        raise PluginLoadError(message, plugin=module.__name__, origin=LOCAL)
    return module.__name__


def _sendable(plugin: object) -> object:
    """Return a plugin that was given as an object.

    Raises:
        PluginLoadError: it cannot be sent to another process.
    """
    import cloudpickle  # noqa: PLC0415 - slow to import, and few plugins are given as objects

    try:
        cloudpickle.dumps(plugin)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the plugin's own code may run
        message = f"cannot be sent to another process: {with_type(error)}"
        raise PluginLoadError(message, plugin=name_of(plugin), origin=LOCAL) from error
    return plugin


def _reloaded(selection: bytes, objects: Sequence[tuple[object, Mapping[str, Any]]]) -> Plugins:
    """Load the same selection in another process.

    Args:
        selection: pickle of the origins by name, of the modules with their options, and of the options by name.
        objects: plugins that were given as objects, with their options.

    Raises:
        PluginLoadError: a plugin is missing here, or has another version; then no plugin is imported.
    """
    return _load_again(look(), selection, objects) if objects else _loaded_again(look(), selection)


# A worker gets the plugins with each task. Objects are not kept: two pickles of one need not be equal.
@functools.lru_cache(maxsize=4)
def _loaded_again(installed: Installed, selection: bytes) -> Plugins:
    return _load_again(installed, selection, ())


def _load_again(installed: Installed, selection: bytes, objects: Iterable[tuple[object, Mapping[str, Any]]]) -> Plugins:
    origins, modules, options = pickle.loads(selection)  # noqa: S301 - made by `Plugins.__reduce__`
    # Another version might make another card, in some of the processes only.
    here = {name: installed.plugin(name).origin for name in origins if name in installed.names}
    if different := [name for name, origin in origins.items() if here.get(name) != origin]:
        message = "; ".join(
            f"plugin {name!r} is {here.get(name, 'not installed')} here, and {origins[name]} where it was selected"
            for name in different
        )
        raise PluginLoadError(f"{message}: the same versions must be in both places")
    local = [(_imported(module), its) for module, its in modules]
    return load_from(installed, [*((name, options[name]) for name in origins), *local, *objects])


def _imported(module: str) -> ModuleType:
    try:
        with unchanged():
            return importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a plugin must not end the worker
        message = f"cannot be imported here: {with_type(error)}"
        raise PluginLoadError(message, plugin=module, origin=LOCAL) from error
