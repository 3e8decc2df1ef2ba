"""What a plugin contributes: its hooks are found, called one by one, and what they return is looked at.

Each plugin has a manager of its own: pluggy drops None results, does not say whose a result or an exception is, and
calls the last registered first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import attrs
import pluggy

from datacard_core import hookspecs
from datacard_core.calling import Provided, blame
from datacard_core.errors import PluginLoadError
from datacard_core.hookspecs import PROJECT, CardWriter, Check, SystematicKind, TemplateSerializer
from datacard_core.names import closest, listing

Hook: TypeAlias = Callable[[], Any]


@attrs.frozen
class Family:
    """What one hook contributes."""

    hook: str
    interface: type
    key: str
    """The attribute that tells the objects apart."""


FAMILIES = (
    Family("datacard_systematic_kinds", SystematicKind, "typ"),
    Family("datacard_card_writers", CardWriter, "name"),
    Family("datacard_template_serializers", TemplateSerializer, "name"),
    Family("datacard_checks", Check, "name"),
)
_HOOKS = tuple(family.hook for family in FAMILIES)


def contributed(plugin: object, name: str, origin: str) -> Iterator[tuple[Family, str, Provided[Any]]]:
    """What a plugin contributes: the family, the key and the object of each.

    Raises:
        PluginLoadError: it is no plugin, or contributes what it must not.
        PluginCallError: it failed.
    """
    hooks = _hooks(plugin, name, origin)
    for family in FAMILIES:
        if family.hook in hooks:
            for key, value in _results(family, hooks[family.hook], name, origin):
                yield family, key, Provided(value, name, origin)


def _hooks(plugin: object, name: str, origin: str) -> dict[str, Hook]:
    """The implementation of each hook that a plugin has.

    Raises:
        PluginLoadError: it has none, or one that would not be called as its author thinks.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    with blame(name, origin, "looking for its hooks"):
        problems = list(_hook_problems(manager, plugin))
    if problems:
        raise PluginLoadError("; ".join(problems), plugin=name, origin=origin)
    try:
        manager.register(plugin, name=name)
    except pluggy.PluginValidationError as error:
        raise PluginLoadError(str(error), plugin=name, origin=origin) from error
    found = {hook: getattr(manager.hook, hook).get_hookimpls() for hook in _HOOKS}
    return {hook: implementations[0].function for hook, implementations in found.items() if implementations}


def _hook_problems(manager: pluggy.PluginManager, plugin: object) -> Iterator[str]:
    """What pluggy would pass over in silence."""
    marked: set[str] = set()
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            continue
        hook = options["specname"] or attribute
        if hook not in _HOOKS:
            yield f"{attribute!r} is marked with @hookimpl, and there is no hook {hook!r}{closest(hook, _HOOKS)}"
        elif hook in marked:
            yield f"{hook} is implemented twice"
        elif options["wrapper"] or options["hookwrapper"]:
            yield f"{hook} is a hook wrapper, with which no result has one author: contribute objects instead"
        marked.add(hook)
    for hook in _HOOKS:
        if hook not in marked and callable(getattr(plugin, hook, None)):
            yield f"{hook} has the name of a hook without its mark: is @hookimpl missing?"
            marked.add(hook)
    if not marked:
        yield f"implements none of the hooks ({listing(_HOOKS)}); is @hookimpl missing?"


def _results(family: Family, hook: Hook, name: str, origin: str) -> list[tuple[str, object]]:
    """The objects that an implementation returns, with their keys."""
    with blame(name, origin, f"contributing to {family.hook}"):
        returned = hook()
        if not isinstance(returned, Iterable) or isinstance(returned, str):
            problem = f"returned {returned!r}, expected an iterable of {family.interface.__name__} objects"
        else:
            values: list[Any] = [(getattr(value, family.key, None), value) for value in returned]
            problem = next(filter(None, (_result_problem(family, *result) for result in values)), "")
            if not problem:
                return values
    raise PluginLoadError(f"{family.hook} {problem}", plugin=name, origin=origin)


def _result_problem(family: Family, key: object, value: object) -> str:
    if not isinstance(value, family.interface):
        is_class = " object but a class: contribute an instance" if isinstance(value, type) else ""
        return f"contributed {value!r}, which is no {family.interface.__name__}{is_class}"
    if not isinstance(key, str) or not key:
        return f"contributed {value!r}, whose {family.key} is {key!r}, expected a name"
    return ""
