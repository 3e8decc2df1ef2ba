"""Plugins for the tests, as sources of modules to install and as objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from datacard_core import (
    CardContext,
    CardReader,
    CardWriter,
    Check,
    Datacard,
    Effect,
    HistogramSource,
    NamedTemplates,
    Normalisation,
    Plot,
    Rendering,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    Target,
    TemplateReader,
    TemplateSerializer,
    hookimpl,
    load_output,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

YEARS = ("2022", "2023")
INTERFACES = {
    "datacard_systematic_kinds": "SystematicKind",
    "datacard_card_writers": "CardWriter",
    "datacard_template_serializers": "TemplateSerializer",
    "datacard_card_readers": "CardReader",
    "datacard_template_readers": "TemplateReader",
    "datacard_checks": "Check",
    "datacard_plots": "Plot",
    "datacard_histogram_sources": "HistogramSource",
}
EFFECTS_HEAD = """
import attrs
import numpy as np
from datacard_core import *
n = len(target.positions)
ones = np.ones(n)
flat = Templates(np.ones((n, target.axis.bins)), np.ones((n, target.axis.bins)))

@attrs.frozen(eq=False)
class Cells(Effect):
    columns: object
    text: object = "1.5"
    word: object = "gmN 7"
    keyword = property(lambda self: self.word)
    def cells(self):
        return [self.text for _ in self.columns]
"""


def kind_source(*effects: str, typ: str = "acme", more: str = "pass") -> str:
    """Return the source of a plugin with one kind, whose `effects` runs the given lines."""
    body = "\n        ".join("\n".join([EFFECTS_HEAD, *(effects or ["return ()"])]).splitlines())
    body = body.replace("from datacard_core import *", "")
    return f"""
from datacard_core import *

class Kind(SystematicKind):
    typ = {typ!r}
    {more}
    def effects(self, target):
        {body}

@hookimpl
def datacard_systematic_kinds():
    return [Kind()]
"""


def mine(typ: str = "acme", **options: Any) -> Systematics:
    return Systematics([SystematicUncertainty("mine", typ, ["signal", "top"], YEARS, 1.5, options=options)])


def rows(card: Datacard) -> dict[str, list[str]]:
    """Return the lines of a card by their first word; of several, the last."""
    return {line.split()[0]: line.split()[1:] for line in card.content().splitlines()}


class Provider:
    """A plugin as an object, which contributes the objects that it was made with."""

    def __init__(self, name: str, *objects: Any) -> None:
        self.__name__ = name
        self.objects = objects

    def of(self, interface: type) -> list[Any]:
        return [item for item in self.objects if isinstance(item, interface)]

    @hookimpl
    def datacard_systematic_kinds(self) -> Iterable[SystematicKind]:
        return self.of(SystematicKind)

    @hookimpl
    def datacard_card_writers(self) -> Iterable[CardWriter]:
        return self.of(CardWriter)

    @hookimpl
    def datacard_template_serializers(self) -> Iterable[TemplateSerializer]:
        return self.of(TemplateSerializer)

    @hookimpl
    def datacard_card_readers(self) -> Iterable[CardReader]:
        return self.of(CardReader)

    @hookimpl
    def datacard_template_readers(self) -> Iterable[TemplateReader]:
        return self.of(TemplateReader)

    @hookimpl
    def datacard_checks(self) -> Iterable[Check]:
        return self.of(Check)

    @hookimpl
    def datacard_plots(self) -> Iterable[Plot]:
        return self.of(Plot)

    @hookimpl
    def datacard_histogram_sources(self) -> Iterable[HistogramSource]:
        return self.of(HistogramSource)

    @hookimpl
    def datacard_renderings(self) -> Iterable[Rendering]:
        return self.of(Rendering)


class Acme(SystematicKind):
    """A kind whose value is a log-normal factor."""

    typ = "acme"

    def __init__(self, typ: str = "acme") -> None:
        self.typ = typ  # type: ignore[misc]

    def effects(self, target: Target) -> Iterable[Effect]:
        yield Normalisation(target.positions, np.array(target.values))


class Yields(CardWriter):
    """A writer of one line."""

    name = "yields"

    def render(self, card: CardContext) -> str:
        return f"{card.channel.bin} {card.channel.rates.sum():g} in {card.shapes_name}\n"


class Text(TemplateSerializer):
    """A serializer that writes a line of text for each template."""

    name = "text"

    def write(self, templates: NamedTemplates, path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            for name, values in zip(templates.names, templates.templates.values, strict=True):
                file.write(f"{name} {values.tolist()}\n")


class Numpy(TemplateSerializer):
    """A serializer with numpy, which adds .npz to a file name that ends otherwise."""

    name = "numpy"

    def write(self, templates: NamedTemplates, path: Path) -> None:
        np.savez(path, **dict(zip(templates.names, templates.templates.values, strict=True)))


class Gated(HistogramSource):
    """A source that waits while there is a pipe beside the file."""

    name = "gated"

    def read(self, path: Path, variables: Collection[str]) -> Mapping[str, Any]:
        gate = path.with_suffix(".gate")
        if gate.exists():
            gate.read_bytes()
        return load_output(path, variables=variables)
