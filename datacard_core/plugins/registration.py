"""What a plugin contributes: its hooks are found, called one by one, and what they return is looked at.

Each plugin has a manager of its own: pluggy drops None results, does not say whose a result or an exception is, and
calls the last registered first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import attrs
import pluggy
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from datacard_core import hookspecs
from datacard_core.errors import PluginLoadError
from datacard_core.hookspecs import (
    API_VERSION,
    PROJECT,
    CardWriter,
    Check,
    HistogramSource,
    Plot,
    Rendering,
    SystematicKind,
    TemplateSerializer,
)
from datacard_core.names import closest, listing
from datacard_core.plugins.calling import Provided, blame

Hook: TypeAlias = Callable[[], Any]

_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_SUFFIX = re.compile(r"\.[A-Za-z0-9.]+")


@attrs.frozen
class Family:
    """What one hook contributes."""

    field: str
    """The attribute of `Plugins`, and what the objects are called together."""
    word: str
    """What one of them is called."""
    hook: str
    interface: type
    key: str = "name"
    """The attribute that tells the objects apart."""


FAMILIES = (
    Family("kinds", "systematic kind", "datacard_systematic_kinds", SystematicKind, "typ"),
    Family("writers", "card writer", "datacard_card_writers", CardWriter),
    Family("serializers", "template serializer", "datacard_template_serializers", TemplateSerializer),
    Family("checks", "check", "datacard_checks", Check),
    Family("plots", "plot", "datacard_plots", Plot),
    Family("sources", "histogram source", "datacard_histogram_sources", HistogramSource),
    Family("renderings", "rendering", "datacard_renderings", Rendering),
)
_HOOKS = tuple(family.hook for family in FAMILIES)


def contributed(plugin: object, name: str, origin: str) -> Iterator[tuple[Family, str, Provided[Any]]]:
    """What a plugin contributes: the family, the key and the object of each.

    Raises:
        PluginLoadError: it is no plugin, or contributes what it must not.
        PluginCallError: it failed.
    """
    found = hooks(plugin, name, origin)
    for family in FAMILIES:
        if family.hook in found:
            for key, value in _results(family, found[family.hook], name, origin):
                yield family, key, Provided(value, name, origin)


def hooks(plugin: object, name: str, origin: str) -> dict[str, Hook]:
    """The implementation of each hook that a plugin has.

    Raises:
        PluginLoadError: it has none, or one that would not be called as its author thinks.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    with blame(name, origin, "looking for its hooks"):
        # One that is made for another API may well have hooks that are none here, so that is the problem to tell.
        problems = list(_api_problems(plugin)) or list(_hook_problems(manager, plugin))
    if problems:
        raise PluginLoadError("; ".join(problems), plugin=name, origin=origin)
    try:
        manager.register(plugin, name=name)
    except pluggy.PluginValidationError as error:
        raise PluginLoadError(str(error), plugin=name, origin=origin) from error
    found = {hook: getattr(manager.hook, hook).get_hookimpls() for hook in _HOOKS}
    return {hook: implementations[0].function for hook, implementations in found.items() if implementations}


def _api_problems(plugin: object) -> Iterator[str]:
    """Whether it says that it is made for an API of another version, and which of the two is older."""
    required = getattr(plugin, "requires_api", None)
    if required is None:
        return
    try:
        versions = SpecifierSet(required if isinstance(required, str) else "none")
    except InvalidSpecifier:
        yield f'requires_api is {required!r}, expected versions such as ">=1.0,<2"'
        return
    if API_VERSION not in versions:
        yield f"it is made for the plugin API {required}, and datacard_core has {API_VERSION}: {_older(versions)}"


def _older(versions: SpecifierSet) -> str:
    here = Version(API_VERSION)
    wanted = [Version(specifier.version.removesuffix(".*")) for specifier in versions]
    if all(version > here for version in wanted):
        return "install a newer datacard-core"
    if all(version <= here for version in wanted):
        return "install a newer version of the plugin"
    return "install versions of the two that fit together"


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
    return _attribute_problem(value, key)


def _attribute_problem(value: object, key: str) -> str:
    """What is wrong with the other attributes that an interface has."""
    if isinstance(value, SystematicKind):
        options: object = value.options
        texts = [text for pair in options.items() for text in pair] if isinstance(options, Mapping) else [None]
        if not all(isinstance(text, str) for text in texts):
            return f"contributed kind {key!r} with options {options!r}, expected a line about each by name"
    if isinstance(value, Plot):
        if not _FILE_NAME.fullmatch(key):
            return f"contributed plot {key!r}, expected letters, digits, '_', '.' and '-': files have its name"
        if not isinstance(value.suffix, str) or not _SUFFIX.fullmatch(value.suffix):
            return f'contributed plot {key!r} with suffix {value.suffix!r}, expected one such as ".pdf"'
    return ""
