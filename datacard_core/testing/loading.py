"""What the core expects of any plugin: it loads, alone and with others, the same each time and in other processes."""

from __future__ import annotations

import pickle
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from datacard_core.names import listing
from datacard_core.plugins.discovery import look
from datacard_core.plugins.families import FAMILIES
from datacard_core.plugins.manager import DEFAULT_PLUGINS, Plugins, load_plugins
from datacard_core.testing.cases import Case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core.plugins.calling import Provided

Contributed: TypeAlias = tuple[tuple[str, str], ...]
"""The attribute of `Plugins`, and the key in it, of each object."""


def loaded_alone(plugin: str | object) -> Case:
    """A plugin that has been loaded by itself, with its name for messages.

    Raises:
        UnmetError: it does not load, or not to the same each time, or contributes nothing.
    """
    before = Case(plugin if isinstance(plugin, str) else _name(plugin), "given here")
    with before.trying("a plugin that loads alone"):
        alone, again = load_plugins(plugin), load_plugins(plugin)
    ((name, origin),) = alone.origins.items()
    case = Case(name, origin)
    hooks = listing(family.hook for family in FAMILIES)
    case.expect(
        contributed(alone, name), f"that it contributes something from one of {hooks}", "it contributes nothing"
    )
    case.same("that it contributes the same each time it is loaded", _summary(alone), _summary(again))
    return case


def loaded_with_others(case: Case, plugin: str | object, beside: Iterable[str | object]) -> Plugins:
    """A plugin with the built-in set and others.

    Raises:
        UnmetError: it does not load with them.
    """
    built_in = [name for name in DEFAULT_PLUGINS if name not in (plugin, _built_in_name(plugin))]
    others = [other for other in beside if other not in built_in]
    with case.trying("a plugin that loads with the built-in set, and with those that are given beside it"):
        return load_plugins(*built_in, *others, plugin)


def contributed(plugins: Plugins, name: str) -> Contributed:
    """What one of the plugins contributes."""
    return tuple(
        (family.field, key)
        for family in FAMILIES
        for key, provided in getattr(plugins, family.field).items()
        if provided.plugin == name
    )


def assert_pickled(case: Case, plugins: Plugins, given: Iterable[object], its: Contributed) -> None:
    """See that plugins can be used in other processes; where one is a module that none could import, they are let be.

    Args:
        case: the plugin that is tried.
        plugins: it and others.
        given: those that its author gave.
        its: what it contributes.
    """
    if not all(map(_travels, given)):
        return
    with case.trying("plugins that can be pickled, for cards that are built in other processes"):
        again = pickle.loads(pickle.dumps(plugins))  # noqa: S301 - it was made on this line
    case.same("the same plugins from their pickle", _summary(plugins), _summary(again))
    for field, key in its:
        # What renders is made anew with its plugin, and may well be a lambda.
        if field != "renderings":
            with case.trying(f"that {key!r} of its {field} can be pickled"):
                pickle.loads(pickle.dumps(getattr(plugins, field)[key].value))  # noqa: S301 - made on this line


def _travels(plugin: object) -> bool:
    """Whether it is no module, or one that is imported by its name."""
    return not isinstance(plugin, ModuleType) or sys.modules.get(plugin.__name__) is plugin


def _name(plugin: object) -> str:
    return str(getattr(plugin, "__name__", type(plugin).__name__))


def _built_in_name(plugin: object) -> str | None:
    """The name that a module is selected by, if it is one of the built-in set."""
    if not isinstance(plugin, ModuleType):
        return None
    names = {found.reference: found.name for found in look().plugins if found.name in DEFAULT_PLUGINS}
    return names.get(plugin.__name__)


def _summary(plugins: Plugins) -> dict[str, Any]:
    return {
        "plugins": dict(plugins.origins),
        **{family.field: dict(_types(getattr(plugins, family.field).items())) for family in FAMILIES},
    }


def _types(providers: Iterable[tuple[str, Provided[Any]]]) -> Iterator[tuple[str, str]]:
    for key, provided in providers:
        of = type(provided.value)
        yield key, f"{of.__module__}.{of.__qualname__}"
