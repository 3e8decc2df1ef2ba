"""The plugin author's page: what a plugin contributes, and what its objects must do.

A plugin is a module, or an object, with implementations of the hooks at the end of this page, marked with
`datacard_core.hookimpl`. Each hook contributes objects of one interface class; the behaviour is theirs.

Arrays that a plugin is given are read-only, and cover all columns at once: a kind is called once per nuisance and
channel, never once per template.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pluggy

from datacard_core.model import read_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from datacard_core.findings import Finding
    from datacard_core.model import (
        Axis,
        Channel,
        Column,
        Directive,
        Effect,
        IntArray,
        NamedTemplates,
        Templates,
    )
    from datacard_core.systematics import SystematicUncertainty

ENTRY_POINT_GROUP = "datacard_core.plugins"
PROJECT = "datacard_core"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@attrs.frozen(eq=False)
class Target:
    """What one declaration acts on in one channel: n of the channel's columns."""

    systematic: SystematicUncertainty
    bin: str
    """Combine's name of the channel."""
    axis: Axis
    columns: tuple[Column, ...]
    """The n columns that the declaration covers here."""
    positions: IntArray = attrs.field(converter=read_only)
    """Where they are among the channel's columns, shape (n,): what an effect's `columns` takes."""
    nominal: Templates
    """Shape (n, bins), rebinned, before negative bins are clipped."""
    variations: Mapping[str, Templates]
    """For each shift that the kind asked for, shape (n, bins)."""

    values: Sequence[Any] = attrs.field(default=attrs.Factory(lambda self: self._declared_values(), takes_self=True))
    """The declared value of each column."""

    def _declared_values(self) -> list[Any]:
        return [self.systematic.value_for(column.process, column.year) for column in self.columns]


class SystematicKind(ABC):
    """The behaviour behind one `typ` of SystematicUncertainty."""

    typ: ClassVar[str]
    """What a declaration says to mean this kind; no other selected plugin may have it."""
    options: ClassVar[Mapping[str, str]] = {}
    """Which options a declaration may give, each with a line about it."""

    def problems(self, systematic: SystematicUncertainty) -> Iterable[str]:  # noqa: ARG002 - for those who ask
        """What is wrong with a declaration, a sentence each; all of them are told at once."""
        return ()

    def shifts(self, systematic: SystematicUncertainty) -> Sequence[str]:  # noqa: ARG002 - for those who ask
        """Which variations it needs: what ends their names in the output, such as ("Up", "Down")."""
        return ()

    @abstractmethod
    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        """What it does to the columns of a target: effects on disjoint columns, and lines of the card."""


class CardWriter(ABC):
    """Turns a channel into the text of a card."""

    name: ClassVar[str]

    @abstractmethod
    def render(self, channel: Channel, shapes_name: str) -> str:
        """The text of a card whose templates are in the file `shapes_name`, as seen from where the card is."""


class TemplateSerializer(ABC):
    """Writes templates to a file that a card refers to."""

    name: ClassVar[str]

    @abstractmethod
    def write(self, templates: NamedTemplates, path: Path) -> None:
        """Write a new file, equal templates to equal bytes; the caller moves it to its place.

        Its name is the final one, in a directory that is there for this file alone and removed afterwards.
        """


class Check(ABC):
    """Looks at a finished channel."""

    name: ClassVar[str]

    @abstractmethod
    def run(self, channel: Channel) -> Iterable[Finding]:
        """What is noticed; an ERROR among it stops the card."""


@hookspec
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute systematic kinds, each with a `typ` no other plugin uses."""
    return ()


@hookspec
def datacard_card_writers() -> Iterable[CardWriter]:
    """Contribute card writers, each with a `name` no other plugin's writer uses."""
    return ()


@hookspec
def datacard_template_serializers() -> Iterable[TemplateSerializer]:
    """Contribute template serializers, each with a `name` no other plugin's serializer uses."""
    return ()


@hookspec
def datacard_checks() -> Iterable[Check]:
    """Contribute checks, each with a `name` no other plugin's check uses."""
    return ()
