"""The plugin author's page: what a plugin contributes, and what its objects must do.

A plugin is a module, or an object, with implementations of the hooks at the end of this page, marked with
`datacard_core.hookimpl`. Each hook contributes objects of one class; the behaviour is theirs. They are used in any
number of cards and processes, so they keep nothing between two calls, and can be pickled.

Arrays that a plugin is given are read-only, and cover all columns at once: a kind is called once per nuisance and
channel, never once per template.

A plugin may have `requires_api = ">=1.0,<2"`: it is refused where `API_VERSION` is none of those. `docs/plugins.md`
says what is promised about it, and goes through everything here with examples.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pluggy

from datacard_core.model.channel import Directive, Effect, read_only, real

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from datacard_core.declare.systematics import SystematicUncertainty
    from datacard_core.findings import Finding
    from datacard_core.model.channel import (
        Axis,
        BoolArray,
        Channel,
        Column,
        FloatArray,
        IntArray,
        NamedTemplates,
        Templates,
    )

API_VERSION = "1.1"
"""Version of what plugins build on: the second number grows with what is new, the first where something changes."""

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
    rates: FloatArray = attrs.field(
        default=attrs.Factory(lambda self: self.nominal.norms, takes_self=True), converter=real
    )
    """What the card says for each column, shape (n,): the integral of its nominal as it is written."""
    available: Mapping[str, BoolArray] = attrs.field(factory=dict)
    """For each shift, shape (n,): whether all datasets of a column have that variation themselves.

    Where one has not, its nominal stands in, and a finding tells it.
    """

    def _declared_values(self) -> tuple[Any, ...]:
        return tuple(self.systematic.value_for(column.process, column.year) for column in self.columns)


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


@attrs.frozen(eq=False)
class CardContext:
    """What a card is written from."""

    channel: Channel
    shapes_name: str
    """The file that has the channel's templates, as seen from where the card is."""
    provenance: tuple[str, ...]
    """What made the card: a line for each distribution, with its version and those of its plugins that had a part."""
    rendered: Callable[[Effect | Directive], Any]
    """What the writer makes of an effect or a directive: one of its own `renderings`, or what a plugin contributed.

    Raises MissingProviderError for one that nobody renders, with what to contribute.
    """


class CardWriter(ABC):
    """Turns a channel into the text of a card."""

    name: ClassVar[str]
    """What `dump(writer=…)` says to mean this one; no other selected plugin may have it."""

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        """What it makes of effects and directives, by class; of their subclasses too.

        For other classes plugins contribute a `Rendering`. What the functions return is between them and `render`.
        """
        return {}

    @abstractmethod
    def render(self, card: CardContext) -> str:
        """The text of a card, equal for equal cards; everything in `card.channel` stands in it, or is an error."""


@attrs.frozen
class Rendering:
    """What one card writer makes of one class of effects or directives: for whoever brings either of them."""

    writer: str = attrs.field(validator=attrs.validators.instance_of(str))
    """The name of the card writer."""
    of: type[Effect | Directive] = attrs.field()
    """Not a class that the writer renders itself, nor a subclass of one."""
    render: Callable[[Any, Channel], Any] = attrs.field(validator=attrs.validators.is_callable())
    """Gets an object of that class and its channel; what it returns is for the writer to say."""

    @of.validator
    def _check_of(self, _: object, of: object) -> None:
        if not isinstance(of, type) or not issubclass(of, Effect | Directive):
            raise TypeError(f"of is {of!r}, expected a subclass of Effect or Directive")

    @property
    def name(self) -> str:
        """Such as "pyhf of datacard_acme_gmn.Gamma"; no other selected plugin may have it."""
        return f"{self.writer} of {self.of.__module__}.{self.of.__qualname__}"


class TemplateSerializer(ABC):
    """Writes templates to a file that a card refers to."""

    name: ClassVar[str]
    """What `dump(serializer=…)` says to mean this one; no other selected plugin may have it."""

    @abstractmethod
    def write(self, templates: NamedTemplates, path: Path) -> None:
        """Write a new file, equal templates to equal bytes; the caller moves it to its place.

        Its name is the final one, in a directory that is there for this file alone and removed afterwards.
        """


class Check(ABC):
    """Looks at a finished channel."""

    name: ClassVar[str]
    """What errors call it; no other selected plugin may have it."""
    codes: ClassVar[Mapping[str, str]] = {}
    """Codes of the findings that it makes, each with a sentence that explains it to the analyst."""

    @abstractmethod
    def run(self, channel: Channel) -> Iterable[Finding]:
        """What is noticed; an ERROR among it stops the card."""


class Plot(ABC):
    """Draws a finished channel."""

    name: ClassVar[str]
    """What `plot(…)` says to mean this one; no other selected plugin may have it."""
    suffix: ClassVar[str] = ".pdf"
    """How the names of its files end."""

    @abstractmethod
    def draw(self, channel: Channel, path: Path) -> None:
        """Write a new file, equal channels to equal bytes; the caller moves it to its place.

        Its name is the final one, in a directory that is there for this file alone and removed afterwards.
        """


class HistogramSource(ABC):
    """Reads files of histograms."""

    name: ClassVar[str]
    """What `build(source=…)` says to mean this one; no other selected plugin may have it."""

    @abstractmethod
    def read(self, path: Path, variables: Collection[str]) -> Mapping[str, Any]:
        """One file, as the output that PocketCoffea would have written: the dict that `load_output` returns.

        Histograms are `hist.Hist`, or `HistogramArray` where there are no `hist` objects; of other variables than
        those asked for only the names need to be there. Nothing changes them, and nothing is changed by others later.

        Raises:
            InputError: the file cannot be read, with all that is wrong with it.
        """


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


@hookspec
def datacard_plots() -> Iterable[Plot]:
    """Contribute plots, each with a `name` no other plugin's plot uses."""
    return ()


@hookspec
def datacard_histogram_sources() -> Iterable[HistogramSource]:
    """Contribute histogram sources, each with a `name` no other plugin's source uses."""
    return ()


@hookspec
def datacard_renderings() -> Iterable[Rendering]:
    """Contribute renderings, each for a card writer and a class of effects or directives that nobody else renders."""
    return ()
