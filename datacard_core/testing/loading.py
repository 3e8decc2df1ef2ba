"""Loading of a plugin: alone, with other plugins, and from a pickle."""

from __future__ import annotations

import pickle
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from datacard_core.names import listing
from datacard_core.plugins.discovery import look
from datacard_core.plugins.families import FAMILIES
from datacard_core.plugins.manager import DEFAULT_PLUGINS, Plugins, load_plugins
from datacard_core.testing.cases import Case

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_core.plugins.calling import Provided
    from datacard_core.testing.tasks import Contributed


def loaded_alone(plugin: str | object) -> Case:
    """Load a plugin by itself, and return the case with its name and origin.

    Raises:
        UnmetError: the plugin does not load, contributes different objects each time, or contributes none.
    """
    # The name and the origin are known only after loading.
    before = Case(plugin=plugin if isinstance(plugin, str) else _name(plugin), origin="given here")
    with before.trying("a plugin that loads alone"):
        alone, again = load_plugins(plugin), load_plugins(plugin)
    ((name, origin),) = alone.origins.items()
    case = Case(plugin=name, origin=origin)
    hooks = listing(family.hook for family in FAMILIES)
    case.expect(
        contributed(alone, name), f"that it contributes an object from at least one of {hooks}", "there is no object"
    )
    case.same("that it contributes the same each time it is loaded", _summary(alone), _summary(again))
    return case


def loaded_with_others(case: Case, plugin: str | object, beside: Iterable[str | object]) -> Plugins:
    """Load a plugin with the built-in set and further plugins.

    Raises:
        UnmetError: it does not load with them.
    """
    # A built-in plugin under test must not be selected twice.
    built_in = [name for name in DEFAULT_PLUGINS if name not in (plugin, _built_in_name(plugin))]
    others = [other for other in beside if other not in built_in]
    with case.trying("a plugin that loads with the built-in set, and with the plugins that are given beside it"):
        return load_plugins(*built_in, *others, plugin)


def contributed(plugins: Plugins, name: str) -> Contributed:
    """Return family and key of each object that one of the plugins contributes."""
    return tuple(
        (family.field, key)
        for family in FAMILIES
        for key, provided in _providers(plugins, family.field).items()
        if provided.plugin == name
    )


def assert_pickled(case: Case, plugins: Plugins, given: Iterable[object], its: Contributed) -> None:
    """Test that plugins can be used in other processes.

    Modules that cannot be imported by their names are left out: they exist in this process only.

    Args:
        case: the plugin under test.
        plugins: all selected plugins.
        given: the plugins that the author gave.
        its: the objects that the plugin under test contributes.
    """
    if not all(map(_is_importable, given)):
        return
    with case.trying("plugins that can be pickled, for cards that are built in other processes"):
        again = pickle.loads(pickle.dumps(plugins))  # noqa: S301 - made on this line
    case.same("the same plugins from their pickle", _summary(plugins), _summary(again))
    for field, key in its:
        # Another process makes a rendering anew from its plugin, so its function may be a lambda.
        if field != "renderings":
            with case.trying(f"that {key!r} of its {field} can be pickled"):
                pickle.loads(pickle.dumps(_providers(plugins, field)[key].value))  # noqa: S301 - made on this line


def _providers(plugins: Plugins, field: str) -> Mapping[str, Provided[Any]]:
    providers: Mapping[str, Provided[Any]] = getattr(plugins, field)
    return providers


def _is_importable(plugin: object) -> bool:
    return not isinstance(plugin, ModuleType) or sys.modules.get(plugin.__name__) is plugin


def _name(plugin: object) -> str:
    return str(getattr(plugin, "__name__", type(plugin).__name__))


def _built_in_name(plugin: object) -> str | None:
    """Return the name that a module is selected by, or None if it is not one of the built-in set."""
    if not isinstance(plugin, ModuleType):
        return None
    names = {found.reference: found.name for found in look().plugins if found.name in DEFAULT_PLUGINS}
    return names.get(plugin.__name__)


def _summary(plugins: Plugins) -> dict[str, dict[str, str]]:
    """Return the origins of plugins, and the type of each object by family and key."""
    types = {
        family.field: {key: _type_name(provided) for key, provided in _providers(plugins, family.field).items()}
        for family in FAMILIES
    }
    return {"plugins": dict(plugins.origins), **types}


def _type_name(provided: Provided[Any]) -> str:
    of = type(provided.value)
    return f"{of.__module__}.{of.__qualname__}"
