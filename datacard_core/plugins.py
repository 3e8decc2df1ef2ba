"""Selecting plugins: by name or as objects, in analysis code and nowhere else.

A `Plugins` object is made, passed and never changed. Nothing is registered at import, no environment variable is
read, and a plugin that was not selected is not imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs
import importlib_metadata
import pluggy

from datacard_core import hookspecs
from datacard_core.errors import (
    DatacardError,
    MissingProviderError,
    PluginCallError,
    PluginConflictError,
    PluginLoadError,
    UnknownPluginError,
)
from datacard_core.hookspecs import (
    ENTRY_POINT_GROUP,
    PROJECT,
    CardWriter,
    Check,
    SystematicKind,
    TemplateSerializer,
)
from datacard_core.names import closest, duplicates, listing

if TYPE_CHECKING:
    from importlib_metadata import EntryPoint

DEFAULT_PLUGINS = ("lnn", "shape", "rateparam", "mcstats", "checks", "combine", "root")
"""The built-in set: fixed, so that installing a package never changes a card."""

LOCAL = "local"
"""The origin of a plugin that was given as an object."""

Contribution = TypeVar("Contribution")


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


@attrs.frozen(eq=False)
class Plugins:
    """The selected plugins, and what they contribute; use `load_plugins` to make one."""

    origins: Mapping[str, str]
    """Distribution and version of each plugin, or "local", by name and sorted."""
    kinds: Mapping[str, Provided[SystematicKind]]
    """By `typ`."""
    writers: Mapping[str, Provided[CardWriter]]
    serializers: Mapping[str, Provided[TemplateSerializer]]
    checks: Mapping[str, Provided[Check]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.origins)

    def writer(self, name: str) -> Provided[CardWriter]:
        """The card writer of that name.

        Raises:
            MissingProviderError: no selected plugin has it.
        """
        return _provider(self.writers, name, "card writer", "writers")

    def serializer(self, name: str) -> Provided[TemplateSerializer]:
        """The template serializer of that name.

        Raises:
            MissingProviderError: no selected plugin has it.
        """
        return _provider(self.serializers, name, "template serializer", "serializers")

    def kind(self, typ: str) -> Provided[SystematicKind]:
        """The kind behind a `typ`.

        Raises:
            MissingProviderError: no selected plugin has it; names an installed one that does.
        """
        return _provider(self.kinds, typ, "systematic kind", "kinds")


def load_plugins(*plugins: str | object, block: Iterable[str] = ()) -> Plugins:
    """Select plugins: the built-in set if none is named.

    Args:
        plugins: names of installed plugins, or modules and objects that are plugins.
        block: names to leave out of those.

    Raises:
        UnknownPluginError: a name that nobody has, or blocking what was not selected.
        PluginConflictError: two selected plugins bring the same name or `typ`.
        PluginLoadError: a selected plugin cannot be imported, or is no plugin.
    """
    selection = [_Selected.of(plugin) for plugin in plugins or DEFAULT_PLUGINS]
    names = [selected.name for selected in selection]
    if twice := duplicates(names):
        raise PluginConflictError(f"plugin {twice[0]!r} is selected twice")
    blocked = {block} if isinstance(block, str) else set(block)
    if strange := sorted(blocked - set(names)):
        raise UnknownPluginError(f"cannot block {strange[0]!r}, it is not selected{closest(strange[0], names)}")
    return _assemble([selected for selected in selection if selected.name not in blocked])


def installed_plugins() -> tuple[str, ...]:
    """Names of all installed plugins, sorted; none is imported."""
    return tuple(sorted({entry_point.name for entry_point in entry_points()}))


def entry_points() -> tuple[EntryPoint, ...]:
    """The entry points of every installed plugin, by name and distribution; none is imported."""
    found = importlib_metadata.entry_points(group=ENTRY_POINT_GROUP)
    return tuple(sorted(found, key=lambda entry_point: (entry_point.name, origin_of(entry_point))))


def origin_of(entry_point: EntryPoint) -> str:
    """Distribution and version that an entry point comes from."""
    distribution = entry_point.dist
    return f"{distribution.name} {distribution.version}" if distribution else "unknown distribution"


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
        message = f"{type(error).__name__} while {doing}: {error}"
        raise PluginCallError(message, plugin=plugin, origin=origin) from error


@attrs.frozen(eq=False)
class _Selected:
    """A plugin by name, with the way to get it."""

    name: str
    origin: str
    source: Any

    @classmethod
    def of(cls, plugin: str | object) -> _Selected:
        if isinstance(plugin, str):
            entry_point = _entry_point(plugin)
            return cls(plugin, origin_of(entry_point), entry_point)
        name = getattr(plugin, "__name__", None) or type(plugin).__name__
        if isinstance(plugin, type):
            raise PluginLoadError("a class, expected an instance of it or a module", plugin=name, origin=LOCAL)
        return cls(name, LOCAL, plugin)

    def load(self) -> Any:
        if self.origin == LOCAL:
            return self.source
        try:
            loaded = self.source.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit and the like must not end the user's process
            message = f"cannot be imported: {type(error).__name__}: {error}"
            raise PluginLoadError(message, plugin=self.name, origin=self.origin) from error
        if isinstance(loaded, type):
            message = f"its entry point {self.source.value!r} is a class, expected an instance or a module"
            raise PluginLoadError(message, plugin=self.name, origin=self.origin)
        return loaded


def _entry_point(name: str) -> EntryPoint:
    found = [entry_point for entry_point in entry_points() if entry_point.name == name]
    if not found:
        raise UnknownPluginError(f"no plugin named {name!r} is installed{closest(name, installed_plugins())}")
    if len(found) > 1:
        origins = listing(origin_of(entry_point) for entry_point in found)
        raise PluginConflictError(f"plugin {name!r} comes from several distributions: {origins}; uninstall all but one")
    return found[0]


def _assemble(selection: list[_Selected]) -> Plugins:
    contributions: dict[str, list[Provided[Any]]] = {hook: [] for hook, _, _ in _FAMILIES}
    for selected in sorted(selection, key=lambda selected: selected.name):
        for hook, found in _contributions(selected).items():
            contributions[hook] += found
    return Plugins(
        {selected.name: selected.origin for selected in sorted(selection, key=lambda selected: selected.name)},
        *(_by_key(contributions[hook], key, interface) for hook, interface, key in _FAMILIES),
    )


_FAMILIES: tuple[tuple[str, type, str], ...] = (
    ("datacard_systematic_kinds", SystematicKind, "typ"),
    ("datacard_card_writers", CardWriter, "name"),
    ("datacard_template_serializers", TemplateSerializer, "name"),
    ("datacard_checks", Check, "name"),
)


def _contributions(selected: _Selected) -> dict[str, list[Provided[Any]]]:
    """What one plugin contributes, by hook.

    Each plugin has a manager of its own: pluggy drops None results, does not say whose a result or an exception
    is, and calls the last registered first.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    implementations = _registered(manager, selected)
    if not implementations:
        hooks = listing(hook for hook, _, _ in _FAMILIES)
        message = f"implements none of the hooks ({hooks}); is @hookimpl missing?"
        raise PluginLoadError(message, plugin=selected.name, origin=selected.origin)
    return {
        hook: [
            Provided(value, selected.name, selected.origin)
            for value in _results(selected, hook, interface, key, implementations[hook])
        ]
        for hook, interface, key in _FAMILIES
        if hook in implementations
    }


def _registered(manager: pluggy.PluginManager, selected: _Selected) -> dict[str, Any]:
    """The implementation of each hook that a plugin has.

    Raises:
        PluginLoadError: pluggy refuses it, or it hides itself behind a wrapper.
    """
    loaded = selected.load()
    try:
        manager.register(loaded, name=selected.name)
        manager.check_pending()
    except Exception as error:
        raise PluginLoadError(str(error), plugin=selected.name, origin=selected.origin) from error
    implementations = {}
    for hook, _, _ in _FAMILIES:
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.wrapper or implementation.hookwrapper:
                message = f"{hook} is a hook wrapper, with which no result has one author: contribute objects instead"
                raise PluginLoadError(message, plugin=selected.name, origin=selected.origin)
            implementations[hook] = implementation.function
    return implementations


def _results(selected: _Selected, hook: str, interface: type, key: str, function: Any) -> list[Any]:
    with blame(selected.name, selected.origin, f"contributing to {hook}"):
        returned = function()
        values = list(returned) if isinstance(returned, Iterable) and not isinstance(returned, str) else None
    problem = None
    if values is None:
        problem = f"{hook} returned {returned!r}, expected an iterable of {interface.__name__} objects"
    else:
        for value in values:
            if not isinstance(value, interface):
                problem = f"{hook} contributed {value!r}, which is no {interface.__name__}" + (
                    " object but a class: contribute an instance" if isinstance(value, type) else ""
                )
            elif not isinstance(getattr(value, key, None), str) or not getattr(value, key):
                problem = f"{hook} contributed {value!r}, whose {key} is {getattr(value, key, None)!r}, expected a name"
    if problem:
        raise PluginLoadError(problem, plugin=selected.name, origin=selected.origin)
    return values or []


def _by_key(contributions: list[Provided[Any]], key: str, interface: type) -> dict[str, Provided[Any]]:
    found: dict[str, Provided[Any]] = {}
    for provided in contributions:
        name = getattr(provided.value, key)
        if name in found:
            other = found[name]
            raise PluginConflictError(
                f"{interface.__name__} {name!r} is also provided by plugin {other.plugin!r} ({other.origin}); "
                "block one of the two",
                plugin=provided.plugin,
                origin=provided.origin,
            )
        found[name] = provided
    return dict(sorted(found.items()))


def _provider(
    providers: Mapping[str, Provided[Contribution]], name: str, what: str, family: str
) -> Provided[Contribution]:
    if name in providers:
        return providers[name]
    raise MissingProviderError(
        f"no selected plugin provides the {what} {name!r}; "
        f"provided are {listing(providers) or 'none'}{closest(name, providers) if providers else ''}"
        f"{_way_to_select(name, family)}"
    )


def _way_to_select(name: str, family: str) -> str:
    """Which installed plugin has what no selected one has.

    The card has failed by now, so looking into the others can change none; those that are broken do not matter.
    """
    for plugin in installed_plugins():
        try:
            found = getattr(load_plugins(plugin), family)
        except DatacardError:
            continue
        if name in found:
            return f"; plugin {plugin!r} has it, select it with load_plugins(…, {plugin!r})"
    return ""
