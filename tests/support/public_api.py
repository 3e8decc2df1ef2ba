"""Description of the public interface, a line each; `tests/api.txt` is its record, which this command renews:

python -m tests.support.public_api > tests/api.txt
"""

from __future__ import annotations

import ast
import dis
import enum
import importlib
import importlib.util
import inspect
import re
import sys
import textwrap
import tomllib
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core import hookspecs
from datacard_core.card.built import BuiltCard
from datacard_core.card.from_output import FromOutput
from datacard_core.card.sections import Sections
from datacard_core.errors import ProblemsError
from datacard_core.model.arrays import FrozenArrays
from datacard_core.plugins.discovery import COMMANDS_GROUP
from tests.support.commands import verbs
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType

    import click

MODULES = (
    "datacard_core",
    "datacard_core.grammar",
    "datacard_core.stat",
    "datacard_core.stat.combine",
    "datacard_core.stat.processes",
    "datacard_core.stat.systematics",
    "datacard_core.testing",
)
INTERNAL = (
    # made by load_plugins and Analysis.build alone, whose fields grow with what the core brings
    "datacard_core.Cards.__init__",
    "datacard_core.Plugins.__init__",
    # made by HistogramArray.of, or of bins that stay in their file
    "datacard_core.HistogramArray.__init__",
    "datacard_core.HistogramArray.unread",
    # what Analysis uses of a card, with arguments that only the core can make
    "datacard_core.Datacard.of",
    "datacard_core.Datacard.files",
    "datacard_core.Datacard.stage",
)
"""Public names that docs/plugins.md makes no promise about."""

INTERNAL_BASES = (FrozenArrays, ProblemsError, BuiltCard, FromOutput, Sections)
"""Bases of public classes that are not promised."""

SPECIAL = ("__call__", "__contains__", "__delitem__", "__getitem__", "__iter__", "__len__", "__or__", "__setitem__")
"""Methods behind operators, which are part of an interface where a class of ours defines them."""


@attrs.frozen
class _Verbatim:
    """Value that a signature shows as this text."""

    text: str

    def __repr__(self) -> str:
        return self.text


def public_api() -> list[str]:
    """Return all that is promised: names of the modules, hooks, entry points, fixtures and commands."""
    described: dict[int, str] = {}
    names = [line for name in MODULES for line in _module_lines(importlib.import_module(name), described)]
    promised = [line for line in names if re.split("[(:]", line)[0] not in INTERNAL]
    return [*promised, *_hook_lines(), *_entry_point_lines(), *_fixture_lines(), *_command_lines()]


def _module_lines(module: ModuleType, described: dict[int, str]) -> Iterator[str]:
    """Yield the public names of a module; a name of an earlier module is only said to be the same."""
    for name in sorted(module.__all__):
        value, full = getattr(module, name), f"{module.__name__}.{name}"
        if inspect.ismodule(value):
            yield f"{full}: module"
        elif not callable(value) or isinstance(value, tuple):
            # The order of a set differs from one process to the next.
            yield f"{full} = {sorted(value) if isinstance(value, frozenset) else value!r}"
        elif (first := described.setdefault(id(value), full)) != full:
            yield f"{full} is {first}"
        elif inspect.isclass(value):
            yield from class_lines(value, full)
        elif inspect.isfunction(value):
            yield f"{full}{signature(value)}"
        else:
            yield f"{full}: {type(value).__name__}"


def class_lines(cls: type, name: str) -> Iterator[str]:
    """Yield a class with its bases and constructor, and its public methods and attributes, inherited ones too."""
    yield f"class {name}({', '.join(_bases(cls))})"
    if issubclass(cls, enum.Enum):
        yield from (f"{name}.{member.name} = {member.value!r}" for member in cls)
        return
    if (constructor := _constructor(cls)) is not None:
        yield f"{name}.__init__{_text(constructor)}"
    members: dict[str, str] = {}
    for owner in filter(_is_ours, cls.__mro__):
        for member, text in (*_attributes(owner), *_methods(owner)):
            members.setdefault(member, text)
    yield from (f"{name}.{member}{text}" for member, text in sorted(members.items()))


def signature(function: Callable[..., Any]) -> str:
    """Return a signature as it stands in the source."""
    return _text(inspect.signature(function))


def _text(found: inspect.Signature) -> str:
    parameters = [
        parameter.replace(annotation=_annotation(parameter.annotation), default=_default(parameter.default))
        for parameter in found.parameters.values()
    ]
    return str(found.replace(parameters=parameters, return_annotation=_annotation(found.return_annotation)))


def _annotation(annotation: Any) -> Any:
    if annotation is inspect.Signature.empty:
        return annotation
    return _Verbatim(annotation if isinstance(annotation, str) else inspect.formatannotation(annotation))


def _default(default: Any) -> Any:
    """Return a value whose text differs between interpreters as three points."""
    plain = default is inspect.Signature.empty or isinstance(default, bool | int | float | str | tuple | None)
    return default if plain else _Verbatim("...")


def _bases(cls: type) -> Iterator[str]:
    """Yield the names of the bases, and of a base that is not public those of its bases."""
    for base in cls.__bases__:
        if base.__name__.startswith("_") or base in INTERNAL_BASES:
            yield from _bases(base)
        elif base is not object:
            yield base.__name__


def _is_ours(cls: type) -> bool:
    return cls.__module__.partition(".")[0] not in sys.stdlib_module_names


def _constructor(cls: type) -> inspect.Signature | None:
    """Return the constructor, without the annotations of converters, which differ by the version of attrs."""
    if attrs.has(cls):
        parameters = [_parameter(field) for field in attrs.fields(cls) if field.init]
        return inspect.Signature(sorted(parameters, key=lambda parameter: parameter.kind))
    owner = next(owner for owner in cls.__mro__ if "__init__" in vars(owner))
    return inspect.signature(vars(owner)["__init__"]) if _is_ours(owner) else None


def _parameter(field: attrs.Attribute[Any]) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY if field.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
    default = inspect.Parameter.empty if field.default is attrs.NOTHING else field.default
    return inspect.Parameter(field.alias or field.name, kind, default=default, annotation=field.type)


def _attributes(cls: type) -> Iterator[tuple[str, str]]:
    """Yield the annotated attributes, those that methods set, and the properties, with annotations."""
    values = vars(cls)
    for name, annotation in inspect.get_annotations(cls).items():
        has_value = "ClassVar" in str(annotation) and isinstance(values.get(name), str | int | tuple | None)
        value = f" = {values[name]!r}" if has_value and name in values else ""
        if not name.startswith("_"):
            yield name, f": {_annotation(annotation)!r}{value}"
    for name, value in values.items():
        if isinstance(value, property | cached_property) and not name.startswith("_"):
            function = value.fget if isinstance(value, property) else value.func
            yield name, f": {_annotation(inspect.signature(function).return_annotation)!r}"  # type: ignore[arg-type]
    yield from ((name, "") for name in _set_by_methods(cls))


def _set_by_methods(cls: type) -> Iterable[str]:
    # The source of a class is not found by its name: a public class names the package as its module.
    methods = [value for value in vars(cls).values() if inspect.isfunction(value) and not _is_generated(value)]
    # Few methods set anything, and to read the source of all takes long.
    written = [function for function in methods if _sets(inspect.unwrap(function).__code__)]
    trees = [ast.parse(textwrap.dedent(inspect.getsource(function))) for function in written]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    targets = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
    names = [target.attr for target in targets if isinstance(target.value, ast.Name) and target.value.id == "self"]
    return dict.fromkeys(name for name in names if not name.startswith("_"))


def _sets(code: CodeType) -> bool:
    """Return True if code, or a function inside, sets attributes."""
    inside = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return dis.opmap["STORE_ATTR"] in code.co_code[::2] or any(map(_sets, inside))


def _is_generated(function: Callable[..., Any]) -> bool:
    """Return whether attrs or another library generated it, so that it stands in no file."""
    return inspect.getfile(inspect.unwrap(function)).startswith("<")


def _methods(cls: type) -> Iterator[tuple[str, str]]:
    for name, value in vars(cls).items():
        if not name.startswith("_") or name in SPECIAL:
            if isinstance(value, classmethod | staticmethod):
                yield name, f"{signature(value.__func__)} [{type(value).__name__}]"
            elif inspect.isfunction(value):
                yield name, signature(value)


def hooks() -> dict[str, Callable[..., Any]]:
    """Return the hooks by name, in the order of their page."""
    return {name: value for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")}


def _hook_lines() -> Iterator[str]:
    return (f"hook {name}{signature(hook)}" for name, hook in hooks().items())


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def _entry_point_lines() -> Iterator[str]:
    yield f"entry points {hookspecs.ENTRY_POINT_GROUP}"
    yield f"entry points {COMMANDS_GROUP}"
    yield from (f"pytest11 {name} = {module}" for name, module in _fixture_modules().items())


def _fixture_modules() -> dict[str, str]:
    found: dict[str, str] = _project()["entry-points"].get("pytest11", {})
    return found


def _fixture_lines() -> Iterator[str]:
    for module in _fixture_modules().values():
        spec = importlib.util.find_spec(module)
        assert spec is not None
        assert spec.origin is not None
        for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any(
                "fixture" in ast.unparse(mark) for mark in node.decorator_list
            ):
                returned = ast.unparse(node.returns) if node.returns else "None"
                yield f"fixture {node.name}: {returned}"


def _command_lines() -> Iterator[str]:
    for name, command in sorted(verbs().items()):
        yield f"command datacard {name}"
        yield from sorted(f"command datacard {name} {_words(parameter)}" for parameter in command.params)


def _words(parameter: click.Parameter) -> str:
    if parameter.param_type_name == "argument":
        return parameter.human_readable_name
    return ", ".join([*parameter.opts, *parameter.secondary_opts])


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in public_api()))
