"""Reading of what a plugin contributes: its hooks are found, called one by one, and their results checked.

Each plugin is registered with a pluggy manager that is made for it and thrown away. With a shared manager, pluggy
drops None results, does not say which plugin a result or an exception comes from, and calls the plugins in reverse
order of registration.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

import pluggy

from datacard_core import hookspecs
from datacard_core.errors import PluginLoadError
from datacard_core.hookspecs import (
    API_VERSION,
    PROJECT,
    CardWriter,
    Plot,
    Rendering,
    SystematicKind,
    TemplateSerializer,
)
from datacard_core.names import closest, listing, misspelt, plain
from datacard_core.plugins.calling import Provided, blame, listed
from datacard_core.plugins.families import FAMILIES, HOOKS, Family

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

Hook: TypeAlias = Callable[[], Any]

# pluggy looks at all names of what holds the hooks, and that for each plugin: `hookspecs` has ten times as many, and a
# new module has fewer names of its own than any other object.
_SPECS = ModuleType("specs")
"""The hooks alone."""
vars(_SPECS).update({hook: getattr(hookspecs, hook) for hook in HOOKS})
_SPEC, _IMPL = f"{PROJECT}_spec", f"{PROJECT}_impl"
"""Attributes in which pluggy keeps its marks."""
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_COLLECTING = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_SUFFIX = re.compile(r"\.[A-Za-z0-9.]+")
_LATER = (
    "if it is one of a later version, install a newer datacard-core; a plugin for both versions marks it with "
    "@hookimpl(optionalhook=True)"
)
_WITH_SUFFIX: tuple[tuple[str, type[Any], str], ...] = (
    ("plot", Plot, ".pdf"),
    ("card writer", CardWriter, ".txt"),
    ("template serializer", TemplateSerializer, ".root"),
)
"""Interfaces whose files are named by their suffix, with an example."""


def contributions(plugin: object, name: str, origin: str) -> Iterator[tuple[Family[Any], str, Provided[Any]]]:
    """Yield the family, the key and the object of each contribution of a plugin.

    Raises:
        PluginLoadError: the object is not a plugin, or contributes an object that is not allowed.
        PluginCallError: the plugin failed.
    """
    found = hooks(plugin, name, origin)
    for family in FAMILIES:
        if family.hook in found:
            for provided in _results(family, found[family.hook], name, origin):
                yield family, provided.name, provided


def check_api(plugin: object, name: str, origin: str) -> None:
    """Refuse a plugin that is made for another version of the API, before it is asked for anything.

    Raises:
        PluginLoadError: it is made for another version.
    """
    with blame(name, origin, "looking for the API that it needs"):
        problems = list(_api_problems(plugin))
    if problems:
        raise PluginLoadError("; ".join(problems), plugin=name, origin=origin)


def hooks(plugin: object, name: str, origin: str) -> dict[str, Hook]:
    """Return the plugin's implementation of each hook that it has.

    Raises:
        PluginLoadError: it has none, or one that pluggy would not call as its author expects.
    """
    manager = _Manager(PROJECT)
    manager.add_hookspecs(_SPECS)
    refused: pluggy.PluginValidationError | None = None
    with blame(name, origin, "looking for its hooks"):
        try:
            manager.without_marks = _of_object(plugin)
            manager.register(plugin, name=name)
        except pluggy.PluginValidationError as error:
            refused = error
        # The API first: a plugin for a newer one may implement hooks that do not exist here, and then the version is
        # the problem to report.
        problems = [f"{problem}{_lacking(manager.marks)}" for problem in _api_problems(plugin)]
        problems = problems or list(_hook_problems(manager.marks, plugin))
    if problems or refused:
        raise PluginLoadError("; ".join(problems) or str(refused), plugin=name, origin=origin) from refused
    # The functions are called directly: calls through `manager.hook` would drop a result of None.
    found = {hook: getattr(manager.hook, hook).get_hookimpls() for hook in HOOKS}
    return {hook: implementations[0].function for hook, implementations in found.items() if implementations}


def _api_problems(plugin: object) -> Iterator[str]:
    """Yield the problem if the plugin is made for another version of the API, with which side is older."""
    required = getattr(plugin, "requires_api", None)
    if required is None:
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - few plugins need it

    try:
        # "none" is not a version either, so a value of another type ends in the same message.
        versions = SpecifierSet(required if isinstance(required, str) else "none")
    except InvalidSpecifier:
        yield f'requires_api is {required!r}, expected versions such as ">=1.0,<2"'
        return
    if API_VERSION not in versions:
        yield f"it is made for the plugin API {required}, and datacard_core has {API_VERSION}: {_older(versions)}"


def _older(versions: SpecifierSet) -> str:
    from packaging.version import Version  # noqa: PLC0415 - few plugins need it

    # SpecifierSet cannot say on which side of it a version is, so the versions that it names are compared.
    here = Version(API_VERSION)
    # A specifier may be `==1.*`, but `1.*` is no version.
    wanted = [Version(specifier.version.removesuffix(".*")) for specifier in versions]
    if all(version > here for version in wanted):
        return "install a newer datacard-core"
    if all(version <= here for version in wanted):
        return "install a newer version of the plugin"
    return "install versions of the two that fit together"


def _lacking(marks: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the end of a message about another API: the hooks of the plugin that this one does not have, or ""."""
    unknown = [hook for attribute, options in marks.items() if (hook := options["specname"] or attribute) not in HOOKS]
    return f"; {API_VERSION} has no hook {listing(map(repr, unknown))}" if unknown else ""


class _Manager(pluggy.PluginManager):
    """Manager that keeps the marks it reads while it registers a plugin: reading them again takes as long.

    It asks pluggy for the members that may have a mark alone: pluggy looks for each of them in several places, and so
    takes half of the time in which plugins are loaded.
    """

    def __init__(self, project: str) -> None:
        super().__init__(project)
        self.marks: dict[str, Mapping[str, Any]] = {}
        """Options of each mark, by the attribute that is marked."""
        self.without_marks: frozenset[str] = frozenset()
        """Names of members of the plugin that have no mark."""

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
        return getattr(vars(module_or_class)[name], _SPEC, None)

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        if name in self.without_marks:
            return None
        if type(plugin) is ModuleType and name in (members := vars(plugin)) and not _may_be_marked(members[name]):
            return None
        options = super().parse_hookimpl_opts(plugin, name)
        if options is not None:
            self.marks[name] = {
                "specname": None,
                "optionalhook": False,
                "wrapper": False,
                "hookwrapper": False,
                **options,
            }
        return options


def _of_object(plugin: object) -> frozenset[str]:
    """Return the names of members that a plugin has from `object`, as all objects do."""
    # Nothing stands behind `object` in the order in which classes are searched.
    before = (*map(vars, type(plugin).__mro__[:-1]), getattr(plugin, "__dict__", {}))
    return frozenset(vars(object)).difference(*before)


def _may_be_marked(member: object) -> bool:
    if isinstance(member, FunctionType):
        return hasattr(member, _IMPL)
    return isinstance(member, MethodType | classmethod | staticmethod)


def _hook_problems(marks: Mapping[str, Mapping[str, Any]], plugin: object) -> Iterator[str]:
    """Yield the mistakes that pluggy accepts without a word.

    pluggy registers a mistyped hook and never calls it, ignores a function without the mark, calls both of two
    implementations of one hook, and lets a wrapper replace the results of other plugins.
    """
    marked: set[str] = set()
    for attribute, options in marks.items():
        hook = options["specname"] or attribute
        if hook not in HOOKS:
            of_later = misspelt(hook, HOOKS) is None
            if options["optionalhook"] and of_later:
                # A hook of a later API, in a plugin that serves this one too.
                continue
            unknown = f"{attribute!r} is marked with @hookimpl, and there is no hook {hook!r}"
            yield (
                f"{unknown} in the plugin API {API_VERSION}: {_LATER}"
                if of_later
                else f"{unknown}{closest(hook, HOOKS)}"
            )
        elif names := _required(getattr(plugin, attribute)):
            yield f"{hook} asks for {listing(map(repr, names))}, and hooks of the plugin API {API_VERSION} take nothing"
        elif hook in marked:
            yield f"{hook} is implemented twice"
        elif options["wrapper"] or options["hookwrapper"]:
            yield f"{hook} is a hook wrapper, so that no result has a single author: contribute objects instead"
        marked.add(hook)
    for hook in HOOKS:
        if hook not in marked and callable(getattr(plugin, hook, None)):
            yield f"{hook} has the name of a hook and no mark: is @hookimpl missing?"
            marked.add(hook)
    if not marked:
        yield f"implements none of the hooks ({listing(HOOKS)}); is @hookimpl missing?"


def _required(function: Callable[..., Any]) -> list[str]:
    """Return the arguments without which a function cannot be called."""
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.default is each.empty and each.kind not in _COLLECTING]


def _results(family: Family[Any], hook: Hook, name: str, origin: str) -> list[Provided[Any]]:
    """Return the objects that a hook contributes."""
    with blame(name, origin, f"contributing to {family.hook}"):
        # The checks stand inside the block because they run code of the plugin: generators, properties and reprs.
        returned = hook()
        # A string is an iterable too, of letters.
        if not isinstance(returned, Iterable) or isinstance(returned, str):
            problem = f"returned {returned!r}, expected an iterable of {family.interface.__name__} objects"
        else:
            results = [_provided(family, value, name, origin) for value in listed(returned)]
            problem = next(filter(None, (_result_problem(family, result) for result in results)), "")
            if not problem:
                return results
    raise PluginLoadError(f"{family.hook} {problem}", plugin=name, origin=origin)


def _provided(family: Family[Any], value: Any, name: str, origin: str) -> Provided[Any]:
    """Return an object with what the core relies on later, which is read from it once."""
    if isinstance(value, Rendering):
        # Its parts are asked for where no plugin is called; a subclass may work them out.
        value = Rendering(value.writer, value.of, value.render)
    has_suffix = isinstance(value, tuple(interface for _, interface, _ in _WITH_SUFFIX))
    suffix = getattr(value, "suffix", "") if has_suffix else ""
    return Provided(value, name, origin, plain(getattr(value, family.key, None)), plain(suffix))


def _result_problem(family: Family[Any], provided: Provided[Any]) -> str:
    key, value = provided.name, provided.value
    if not isinstance(value, family.interface):
        is_class = " object but a class: contribute an instance" if isinstance(value, type) else ""
        return f"contributed {value!r}, which is not a {family.interface.__name__}{is_class}"
    if not isinstance(key, str) or not key:
        return f"contributed {value!r}, whose {family.key} is {key!r}, expected a name"
    return _attribute_problem(value, key, provided.suffix)


def _attribute_problem(value: object, key: str, suffix: object) -> str:
    """Return the problem with the other attributes of the object's interface, or ""."""
    if isinstance(value, SystematicKind):
        return _kind_problem(value, key)
    if isinstance(value, CardWriter):
        for flag in ("renders_all", "needs_templates", "is_combine"):
            if not isinstance(getattr(value, flag), bool):
                return f"contributed card writer {key!r} with {flag} {getattr(value, flag)!r}, expected True or False"
    if isinstance(value, Plot) and not _FILE_NAME.fullmatch(key):
        return f"contributed plot {key!r}, expected letters, digits, '_', '.' and '-': its files are named after it"
    if isinstance(value, TemplateSerializer):
        patterns: object = value.patterns
        if not isinstance(patterns, list | tuple) or list(map(_is_word, patterns)) != [True, True]:
            return f"contributed template serializer {key!r} with patterns {patterns!r}, expected two words"
    return _suffix_problem(value, key, suffix)


def _kind_problem(kind: SystematicKind, key: str) -> str:
    options: object = kind.options
    texts = [text for pair in options.items() for text in pair] if isinstance(options, Mapping) else [None]
    if not all(isinstance(text, str) for text in texts):
        return f"contributed kind {key!r} with options {options!r}, expected a description of each option by name"
    if not isinstance(kind.covers_columns, bool):
        return f"contributed kind {key!r} with covers_columns {kind.covers_columns!r}, expected True or False"
    uses: object = kind.uses
    if not isinstance(uses, list | tuple) or not all(isinstance(typ, str) for typ in uses):
        return f"contributed kind {key!r} with uses {uses!r}, expected a list of the typ of other kinds"
    return ""


def _suffix_problem(value: object, key: str, suffix: object) -> str:
    for word, interface, example in _WITH_SUFFIX:
        if isinstance(value, interface) and not (isinstance(suffix, str) and _SUFFIX.fullmatch(suffix)):
            return f'contributed {word} {key!r} with suffix {suffix!r}, expected a suffix such as "{example}"'
    return ""


def _is_word(text: object) -> bool:
    return isinstance(text, str) and text.split() == [text]
