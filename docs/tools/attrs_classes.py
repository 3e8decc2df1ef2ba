"""Griffe extension for the API reference: attrs classes with their constructor.

Griffe reads sources without running them. It therefore shows `attrs.field(...)` as the value of a field, and no
constructor.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import attrs
import griffe


class AttrsClasses(griffe.Extension):
    """Gives attrs classes a constructor, and fields their defaults."""

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Complete one class after its members are known."""
        # The kit has public functions only, and importing it would need hypothesis.
        if cls.module.path.startswith("datacard_core.testing"):
            return
        found = getattr(importlib.import_module(cls.module.path), cls.name, None)
        if not inspect.isclass(found) or not attrs.has(found):
            return
        parameters = [_parameter(cls, field) for field in attrs.fields(found) if field.init]
        # Python's order: arguments by position first, then those by keyword only.
        parameters.sort(key=lambda parameter: parameter.kind is griffe.ParameterKind.keyword_only)
        cls.set_member("__init__", griffe.Function("__init__", parameters=griffe.Parameters(*parameters)))
        for field in attrs.fields(found):
            if isinstance(attribute := cls.members.get(field.name), griffe.Attribute):
                attribute.value = None
                attribute.labels -= {"class-attribute", "instance-attribute"}


def _parameter(cls: griffe.Class, field: attrs.Attribute[Any]) -> griffe.Parameter:
    member = cls.members.get(field.name)
    # A base class has the field of an inherited parameter: the annotation is then plain text without links.
    annotation = member.annotation if isinstance(member, griffe.Attribute) else str(field.type)
    kind = griffe.ParameterKind.keyword_only if field.kw_only else griffe.ParameterKind.positional_or_keyword
    return griffe.Parameter(field.alias or field.name, annotation=annotation, kind=kind, default=_default(field))


def _default(field: attrs.Attribute[Any]) -> str | None:
    if field.default is attrs.NOTHING:
        return None
    plain = isinstance(field.default, bool | int | float | str | tuple | None)
    return repr(field.default) if plain else "..."
