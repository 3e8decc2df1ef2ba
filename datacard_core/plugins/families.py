"""The families of objects that plugins contribute, one for each hook, and the objects of one that are selected."""

# mypy: disable-error-code="type-abstract"
# The interface of a family serves isinstance checks; the core makes no object of it.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import attrs

from datacard_core.arguments import scalar, type_of
from datacard_core.errors import MissingProviderError
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
from datacard_core.names import closest, listing
from datacard_core.plugins.calling import Provided

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


def _sorted(by_name: Mapping[str, Provided[Interface]]) -> dict[str, Provided[Interface]]:
    # Neither the order of selection nor that of registration may decide, for example, which check runs first.
    return dict(sorted(by_name.items()))


@attrs.frozen(eq=False, repr=False)
class Providers(Mapping[str, Provided[Interface]]):
    """The objects of one family that the selected plugins provide, sorted by name.

    A read-only mapping. `[name]` raises KeyError as in any mapping; `provider(name)` raises an error that helps.
    """

    family: Family[Interface]
    _by_name: Mapping[str, Provided[Interface]] = attrs.field(converter=_sorted)
    _way_to_select: Callable[[Family[Any], str], str]
    """Returns the end of a message: the installed plugin that has an object of that family and name, or ""."""

    def provider(self, name: str) -> Provided[Interface]:
        """Return the object of that name, with the plugin that provides it.

        Raises:
            MissingProviderError: no selected plugin provides the name. The message has the names that are provided,
                the closest of them, and an installed plugin that has the name, if there is one.
        """
        if name in self:
            return self[name]
        name = scalar(name)
        if not isinstance(name, str):
            raise MissingProviderError(f"the {self.family.word} is {name!r} ({type_of(name)}), expected its name")
        hint = closest(name, self)
        raise MissingProviderError(
            f"no selected plugin provides the {self.family.word} {name!r}; provided are {listing(self) or 'none'}"
            # The names are listed already, so the hint is of use only where it has a close match.
            f"{hint if 'did you mean' in hint else ''}{self._way_to_select(self.family, name)}"
        )

    def __getitem__(self, name: str) -> Provided[Interface]:
        # A script may ask for any object, and not all of them can be keys.
        return self._by_name[scalar(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return f"<{self.family.word}: {listing(self) or 'none'}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)
