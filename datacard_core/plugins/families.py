"""The families of objects that plugins contribute, one for each hook."""

# mypy: disable-error-code="type-abstract"
# The interface of a family serves isinstance checks; the core makes no object of it.

from __future__ import annotations

from typing import Any, Generic, TypeVar

import attrs

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

Interface = TypeVar("Interface")


@attrs.frozen(kw_only=True)
class Family(Generic[Interface]):
    """The objects of one interface class, which plugins contribute through one hook."""

    field: str
    """Attribute of `Plugins` for the family, and its key in reports about plugins."""
    word: str
    """Name of one object in messages, such as "card writer"."""
    hook: str
    interface: type[Interface]
    key: str = "name"
    """Attribute whose value is unique among the objects of the selected plugins."""
    described: tuple[str, ...] = ()
    """Attributes of an object that reports about plugins show."""


KINDS = Family(
    field="kinds",
    word="systematic kind",
    hook="datacard_systematic_kinds",
    interface=SystematicKind,
    key="typ",
    described=("options", "codes"),
)
WRITERS = Family(field="writers", word="card writer", hook="datacard_card_writers", interface=CardWriter)
SERIALIZERS = Family(
    field="serializers",
    word="template serializer",
    hook="datacard_template_serializers",
    interface=TemplateSerializer,
)
READERS = Family(
    field="readers", word="card reader", hook="datacard_card_readers", interface=CardReader, described=("codes",)
)
TEMPLATE_READERS = Family(
    field="template_readers",
    word="template reader",
    hook="datacard_template_readers",
    interface=TemplateReader,
)
CHECKS = Family(field="checks", word="check", hook="datacard_checks", interface=Check, described=("codes",))
PLOTS = Family(field="plots", word="plot", hook="datacard_plots", interface=Plot, described=("suffix",))
SOURCES = Family(field="sources", word="histogram source", hook="datacard_histogram_sources", interface=HistogramSource)
RENDERINGS = Family(
    field="renderings",
    word="rendering",
    hook="datacard_renderings",
    interface=Rendering,
    described=("writer", "of"),
)

FAMILIES: tuple[Family[Any], ...] = (
    KINDS,
    WRITERS,
    SERIALIZERS,
    READERS,
    TEMPLATE_READERS,
    CHECKS,
    PLOTS,
    SOURCES,
    RENDERINGS,
)
HOOKS = tuple(family.hook for family in FAMILIES)
