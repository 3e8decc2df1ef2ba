"""The page of the plugin author: the hooks, and the classes of the objects that a plugin contributes through them.

A plugin is a module, or an object, that implements one or more of the hooks at the end of this page. Each
implementation is marked with `datacard_core.hookimpl` and returns objects of one interface class: a systematic kind, a
card writer, and so on. The hooks are called once, when `load_plugins` selects the plugin; the methods of the objects
are called whenever cards are built, written or drawn.

Rules for all objects:

- They serve any number of cards, and several processes: they keep no state between two calls, and can be pickled.
- Equal inputs give equal results. A time, a random number or the order of a set must not show in a card.
- Arrays that a method receives are read-only and cover all columns at once: a kind is called once for each nuisance
  and channel, never once for each template.
- The process stays as it is: working directory, umask, locale, handlers of signals, settings of numpy and matplotlib,
  filters of warnings, threads.
- Results are read once, when a method returns them, and copied: later changes to them have no effect.
- A method may raise `DeclarationError` or `InputError` where a declaration or a file is at fault. Any other exception
  is raised as `PluginCallError`, which names the plugin, its distribution and version.

A plugin may have an attribute `requires_api`, for example `requires_api = ">=1.0,<2"`. It is refused if `API_VERSION`
is not among these versions. It may have `options`, a line about each by name, and a function `configured`: the plugin
is then what `configured(options)` returns for the options that the selection gives. `docs/plugins.md` explains this
page with examples, and says what is promised.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pluggy

from datacard_core.errors import DeclarationError, InputError, MissingProviderError
from datacard_core.grammar import NOMINAL_TEMPLATE, VARIED_TEMPLATE
from datacard_core.model.arrays import read_only, real
from datacard_core.model.cells import cells_of
from datacard_core.model.channel import Directive
from datacard_core.model.effects import Effect
from datacard_core.model.model import Model
from datacard_core.names import public
from datacard_core.version import ENTRY_POINT_GROUP as GROUP

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from datacard_core.declare.systematics import SystematicUncertainty
    from datacard_core.edits.values import CardEdit
    from datacard_core.findings import Finding
    from datacard_core.model.arrays import (
        Axis,
        BoolArray,
        FloatArray,
        IntArray,
        NamedTemplates,
        Templates,
    )
    from datacard_core.model.cells import Cell
    from datacard_core.model.channel import Channel, Column
    from datacard_core.model.stored import TemplateFile

API_VERSION = "1.3"
"""Version of the interface that plugins build on.

An addition raises the second number, a change of what exists raises the first.
"""

ENTRY_POINT_GROUP = GROUP
"""Entry point group in which a distribution lists its plugins."""
PROJECT = "datacard_core"
"""Name by which pluggy matches the marks below."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Mark of a function or method that implements a hook."""


# Compared by identity, because == of two arrays is not a bool.
@public
@attrs.frozen(eq=False, kw_only=True)
class Target:
    """One declaration in one channel: the n columns that it covers, with their values and templates."""

    systematic: SystematicUncertainty
    """The declaration."""
    bin: str
    """Combine's name of the channel."""
    axis: Axis
    """The variable of the channel, with its bin edges."""
    columns: tuple[Column, ...]
    """The n columns that the declaration covers in this channel."""
    positions: IntArray = attrs.field(converter=read_only)
    """Positions of these columns in the channel, shape (n,): the `columns` of an effect are taken from here."""
    nominal: Templates
    """Nominal templates, shape (n, bins): in events, rebinned, before negative bins are clipped."""
    variations: Mapping[str, Templates]
    """Varied templates, shape (n, bins), for each shift that the kind asked for."""

    # The defaults are for tests of a kind, which make a target by hand.
    values: Sequence[Any] = attrs.field(default=attrs.Factory(lambda self: self._declared_values(), takes_self=True))
    """The declared value of each of the n columns."""
    rates: FloatArray = attrs.field(
        default=attrs.Factory(lambda self: self.nominal.norms, takes_self=True), converter=real
    )
    """Rate of each column in the card, shape (n,): the integral in events of the nominal template as it is written."""
    available: Mapping[str, BoolArray] = attrs.field(factory=dict)
    """For each shift, shape (n,): True where all datasets of a column have the variation.

    For a dataset without the variation, its nominal histogram is used, and a finding reports it.
    """
    samples: Mapping[str, Templates] = attrs.field(factory=dict)
    """Nominal templates of other samples, shape (n, bins), for each name under which the kind asked for some."""
    observed: Mapping[str, float] = attrs.field(factory=dict)
    """Number of observed events in each control region that the kind asked for, with those outside the bins."""

    _kinds: Callable[[str, Target], Sequence[Effect | Directive]] | None = attrs.field(default=None, repr=False)

    def kind(self, typ: str) -> Sequence[Effect | Directive]:
        """Return the effects that another selected kind has on this target, and its lines below the table of columns.

        A kind that takes the effects of another one names it in `uses`, so that what the other reads is read.
        `attrs.evolve(target, variations=…).kind("shape")` gives it changed templates. The card names the plugins of
        both kinds.

        Raises:
            MissingProviderError: no selected plugin provides the kind.
            PluginCallError: the other kind failed.
        """
        if self._kinds is None:
            raise ValueError(f"a target that was made by hand has no kind {typ!r}: make a card, or use small_card")
        return self._kinds(typ, self)

    def _declared_values(self) -> tuple[Any, ...]:
        return tuple(self.systematic.value_for(column.process, column.year) for column in self.columns)


@public
class SystematicKind(ABC):
    """The behaviour behind one `typ` of SystematicUncertainty."""

    typ: ClassVar[str]
    """The `typ` of the declarations of this kind, unique among the selected plugins."""
    options: ClassVar[Mapping[str, str]] = {}
    """Options that a declaration may have, by name, each with a one-line description. Other options are refused."""
    covers_columns: ClassVar[bool] = True
    """False for a kind of declarations that need no processes, years and value, such as groups of nuisances.

    The target of such a declaration has no column.
    """
    uses: ClassVar[Sequence[str]] = ()
    """The `typ` of other kinds whose effects it takes with `target.kind(typ)`: what they read is read for it too."""
    codes: ClassVar[Mapping[str, str]] = {}
    """Codes of the findings that the kind makes, each with a sentence that explains it to the analyst."""

    def problems(self, systematic: SystematicUncertainty) -> Iterable[str]:  # noqa: ARG002 - overrides use it
        """Return the mistakes in a declaration, one sentence each.

        Called once for each nuisance, before any histogram is read. A `DeclarationError` then reports the problems of
        all declarations together.
        """
        return ()

    def findings(self, systematic: SystematicUncertainty) -> Iterable[Finding]:  # noqa: ARG002 - overrides use it
        """Return findings about a declaration without problems that is likely a mistake still.

        They are made with `notice` or `warning`; the core adds the channel and the nuisance. Called once for each
        nuisance and channel, unless the nuisance covers no column of the channel.
        """
        return ()

    def shifts(self, systematic: SystematicUncertainty) -> Sequence[str]:  # noqa: ARG002 - overrides use it
        """Return the endings of the names of the variations to read, such as ("Up", "Down").

        Called before histograms are read, for declarations without problems. For a declaration named "jes" in the
        output, the ending "Up" asks for the variation "jesUp".
        """
        return ()

    def samples(self, systematic: SystematicUncertainty) -> Mapping[str, Mapping[str, Sequence[str]]]:  # noqa: ARG002 - overrides use it
        """Return further samples to read, such as those of another generator: names of samples, by name and process.

        Called before histograms are read, for declarations without problems. `{"Up": {"ttbar": ["TTbar_herwig"]}}` asks
        for `target.samples["Up"]`: for each column, the sum of the samples of its process, in the year of the column.
        Each name lists all processes of the declaration, and is no shift of the kind. The samples need not be in a
        process of the card. A sample that the output lacks, or has not in the year of a column, is an error.
        """
        return {}

    def control_regions(self, systematic: SystematicUncertainty) -> Sequence[str]:  # noqa: ARG002 - overrides use it
        """Return other categories whose observed events are needed, as `target.observed`.

        Called before histograms are read, for declarations without problems. The events are those of the data process
        in the years of the card. A category that the output lacks, and a card without data, are errors.
        """
        return ()

    def needs_variances(self, systematic: SystematicUncertainty) -> bool:  # noqa: ARG002 - overrides use it
        """Return True if the nuisance depends on the variances of templates, as bin-by-bin uncertainties do.

        A histogram whose storage keeps no variances is then refused, unless its contents are counts. Otherwise its
        variances are 0.
        """
        return False

    @abstractmethod
    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        """Return the effects of a nuisance on the columns of a target, and its lines below the table of columns.

        Called once for each nuisance and channel, unless the nuisance covers no column of the channel. Two effects
        must not act on the same column.
        """


@public
@attrs.frozen(eq=False)
class CardContext:
    """The channel that a card is written from, with further facts for the writer."""

    channel: Channel
    shapes_name: str
    """Path of the file with the channel's templates, relative to the card; empty if the writer needs none."""
    provenance: tuple[str, ...]
    """Lines for the comments of the card: the version of datacard_core, then each distribution with its plugins."""
    rendered: Callable[[Effect | Directive], Any]
    """Function from an effect or a directive to its rendering: the writer's, or the one that a plugin contributed.

    It raises MissingProviderError if no rendering exists; the message says what to contribute.
    """
    patterns: tuple[str, ...] = (NOMINAL_TEMPLATE, VARIED_TEMPLATE)
    """Places of nominal and varied templates in their file, as the serializer declares them for Combine."""


@public
@attrs.frozen(eq=False)
class ModelContext:
    """The model that one card of several channels is written from, with further facts for the writer."""

    model: Model
    """Channels, and what they share: parameters, groups, and parameters that are constant."""
    cards: tuple[CardContext, ...]
    """Contexts of the channels, each as for a card of its own, in the order of the model."""
    provenance: tuple[str, ...]
    """Lines for the comments of the card."""

    @classmethod
    def of(cls, cards: Sequence[CardContext], model: Model | None = None) -> ModelContext:
        """Return the context of several channels, of a model that joins them if not given.

        Raises:
            DeclarationError: the channels contradict each other.
        """
        joined = Model.of(card.channel for card in cards) if model is None else model
        return cls(joined, tuple(cards), tuple(dict.fromkeys(line for card in cards for line in card.provenance)))


@public
class CardWriter(ABC):
    """A format of cards, such as Combine's."""

    name: ClassVar[str]
    """Name for `dump(writer=…)`, unique among the selected plugins."""
    renders_all: ClassVar[bool] = False
    """True for a writer that writes the `cells()` of every effect and the `lines(channel)` of every directive.

    Such a writer needs no renderings. A plugin that contributes one for it is refused, because it would have no effect.
    """
    suffix: ClassVar[str] = ".txt"
    """End of the names of its cards, with the dot."""
    needs_templates: ClassVar[bool] = True
    """False for a writer whose text has the yields itself: no file of templates is written then."""
    is_combine: ClassVar[bool] = False
    """True for a writer of cards that Combine reads: the script that joins cards is written for these alone."""
    codes: ClassVar[Mapping[str, str]] = {}
    """Codes of the losses, each with a sentence that explains it to the analyst."""

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        """Return the renderings that the writer has itself: functions of an object and its channel, by class.

        A class stands for a subclass only if the subclass says `renders_as_base = True`. For other classes, plugins
        contribute a `Rendering`. `render` receives the results from `card.rendered(item)`, and may define what they
        are.
        """
        return {}

    @abstractmethod
    def render(self, card: CardContext) -> str:
        """Return the text of a card, equal for equal cards.

        Called once for each card that is written. The text contains all of `card.channel`. What the format cannot
        express must be an error: raise DeclarationError, or let the MissingProviderError of `card.rendered` pass.
        """

    def render_all(self, cards: Sequence[CardContext]) -> str | None:  # noqa: ARG002 - overrides use it
        """Return one text of all channels of an analysis, or None to write a card for each of them.

        Called when the cards of an analysis are written together. The text then stands in a single card.
        """
        return None

    def render_model(self, card: ModelContext) -> str:
        """Return the text of one card of a model, equal for equal models.

        Called by `write_model`. Without an override, a writer that joins channels with `render_all` writes a model
        that shares nothing.

        Raises:
            DeclarationError: the format cannot express the model.
        """
        model = card.model
        text = None if model.parameters or model.groups or model.frozen else self.render_all(card.cards)
        if text is None:
            shared = "and what they share " if model.parameters or model.groups or model.frozen else ""
            message = f"card writer {self.name!r} writes no card of several channels {shared}together"
            raise DeclarationError(f"{message}: choose another writer, such as 'combine'")
        return text

    def losses(self, card: ModelContext) -> Iterable[Finding]:  # noqa: ARG002 - overrides use it
        """Return the statements of a card that the text leaves out or says differently, with the size of the effect.

        They are made with `notice` or `warning`. Called after the text has been made; the core writes them to a file
        beside it.
        """
        return ()


@public
@attrs.frozen
class Rendering:
    """The rendering of one class of effects or directives for one card writer.

    It joins an effect and a writer of different plugins. Either plugin, or a third one, may contribute it.
    """

    writer: str = attrs.field(validator=attrs.validators.instance_of(str))
    """Name of the card writer."""
    of: type[Effect | Directive] = attrs.field()
    """Class of the objects; the writer must not render it itself."""
    render: Callable[[Any, Channel], Any] = attrs.field(validator=attrs.validators.is_callable())
    """Function of an object and its channel. The writer defines what it has to return."""

    @of.validator
    def _check_of(self, _: object, of: object) -> None:
        if not isinstance(of, type) or not issubclass(of, Effect | Directive):
            raise TypeError(f"of is {of!r}, expected a subclass of Effect or Directive")

    @property
    def name(self) -> str:
        """Writer and class, such as "pyhf of datacard_acme_gmn.Gamma"; unique among the selected plugins."""
        return f"{self.writer} of {self.of.__module__}.{self.of.__qualname__}"


@public
class TemplateSerializer(ABC):
    """A format of the file that holds the templates of a card."""

    name: ClassVar[str]
    """Name for `dump(serializer=…)`, unique among the selected plugins."""
    suffix: ClassVar[str] = ".dat"
    """End of the names of its files, with the dot."""
    patterns: ClassVar[Sequence[str]] = (NOMINAL_TEMPLATE, VARIED_TEMPLATE)
    """Places of the nominal and of the varied templates in a file, as Combine's `shapes` line names them.

    The default is for files in which each template has its name, as in ROOT files.
    """

    @abstractmethod
    def write(self, templates: NamedTemplates, path: Path) -> None:
        """Write the templates to a new file, equal templates to equal bytes.

        Called once for each card that is written. The name of the file is the final one, but its directory is
        temporary and empty: the core moves the file when all files of the card are complete.

        Args:
            templates: m named templates, values and variances of shape (m, bins), in events.
            path: the file to write; it does not exist yet.
        """


@public
class Check(ABC):
    """An examination of finished channels: of each when it is built, or of whole models on request."""

    name: ClassVar[str]
    """Name for messages, unique among the selected plugins."""
    codes: ClassVar[Mapping[str, str]] = {}
    """Codes of the findings that the check makes, each with a sentence that explains it to the analyst."""
    before_writing: ClassVar[bool] = False
    """True if `examine` also runs before files are written, where its errors stop them: it has to be fast then."""

    def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002 - overrides use it
        """Return the findings about a channel, made with `notice`, `warning` or `error`.

        Called once for each channel, when it has been built, and by `check`. An error stops the card.
        """
        return ()

    def examine(self, model: Model) -> Iterable[Finding]:  # noqa: ARG002 - overrides use it
        """Return the findings about a model, each with its channel; the model may be one that was read from a card.

        Called once for each model by `check` and `datacard check`, and not while cards are built.
        """
        return ()


@public
class Plot(ABC):
    """A drawing of finished channels."""

    name: ClassVar[str]
    """Name for `plot(…)`, unique among the selected plugins; the files are named after it."""
    suffix: ClassVar[str] = ".pdf"
    """End of the names of its files, with the dot."""
    suffixes: ClassVar[Sequence[str]] = ()
    """Further formats that it can draw, such as `.svg` and `.png`: `draw` is called with a path that ends so."""

    def problems(self, channels: Sequence[Channel]) -> Iterable[str]:  # noqa: ARG002 - overrides use it
        """Return what is wrong with the options of the plot for these channels; called before the first is drawn."""
        return ()

    def names(self, channel: Channel) -> Sequence[str]:
        """Return the names of the files of a channel without their suffix; one file if it is not overridden."""
        return (f"{self.name}_{channel.bin}",)

    def draw_files(self, channel: Channel, paths: Mapping[str, Path]) -> None:
        """Draw some of the files of a channel, by their `names`; by `draw`, one by one, if it is not overridden."""
        for path in paths.values():
            self.draw(channel, path)

    @abstractmethod
    def draw(self, channel: Channel, path: Path) -> None:
        """Draw a channel to a new file, equal channels to equal bytes.

        Called once for each file of a channel. The name of the file is the final one, but its directory is temporary
        and empty: the core moves the file when all drawings are complete.

        Args:
            channel: the channel.
            path: the file to write; it does not exist yet.
        """


@public
class HistogramSource(ABC):
    """A format of files with histograms."""

    name: ClassVar[str]
    """Name for `build(source=…)`, unique among the selected plugins."""

    @abstractmethod
    def read(self, path: Path, variables: Collection[str]) -> Mapping[str, Any]:
        """Read one file to an output as PocketCoffea would have written it: the dict that `load_output` returns.

        Called once for each file, possibly in another process. The core does not change the output, and the source
        must not change it after it has returned it.

        Args:
            path: the file.
            variables: names of the variables whose histograms are needed. Of other variables, only the names have to
                be in the output.

        Returns:
            The output. A histogram is a `hist.Hist`, or a `HistogramArray` where there are no `hist` objects.

        Raises:
            InputError: the file cannot be read; with all problems of the file.
        """


def _no_templates(path: Path, names: Collection[str]) -> TemplateFile:  # noqa: ARG001 - as readers have it
    raise MissingProviderError(f"no template reader for {path}: read the card with read_card")


@public
@attrs.frozen(eq=False, kw_only=True)
class CardFile:
    """A file that a card reader reads."""

    path: Path
    """Path of the file; paths in the card are relative to its directory."""
    content: bytes
    """Bytes of the file, unzipped if its name ends in `.gz`."""
    lenient: bool = False
    """True if faults that Combine takes are warnings, and no errors."""
    templates: Callable[[Path, Collection[str]], TemplateFile] = attrs.field(default=_no_templates, repr=False)
    """Function of a path and names, which reads templates with the template reader of the selected plugins.

    It raises an InputError if the file cannot be read, and MissingProviderError if no plugin reads files of its suffix.
    """


@public
@attrs.frozen(eq=False)
class LinkedFile:
    """A file that a card names, for copying it with the card."""

    name: str
    """Path relative to the card."""
    source: Path
    """File whose content it has."""
    new_names: Callable[[Collection[str]], Mapping[str, Collection[str]]]
    """Function of all names of templates in the source. It returns the new names of those that the card uses."""
    is_renamed: bool = False
    """True if a template has another name in the copy."""


@public
class ReadCard(ABC):
    """A card as it was read, with its text unchanged, or one that was made of it by edits."""

    path: Path
    """Path of the file that it was read from."""
    findings: Sequence[Finding] = ()
    """Peculiarities and faults of the text, in the order of its lines."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The text of the card, byte for byte as it was read if nothing was changed."""

    def model(self) -> Model:
        """Return the channels of the card with their templates, and what they share.

        Raises:
            CardError: the templates do not fit the card, or an object cannot become a template; all errors together.
            InputError: a file of templates cannot be read, or the reader makes no models.
        """
        raise InputError(f"the card {self.path} has no model: its reader makes none")

    def outline(self) -> Model:
        """Return the model without templates, for cards whose templates are missing or are no arrays.

        Each channel has one bin with the rates, and a shape has the text of its cells as its effect.

        Raises:
            InputError: the reader makes no outlines.
        """
        raise InputError(f"the card {self.path} has no model without its templates: its reader makes none")

    def edited(self, *edits: CardEdit) -> ReadCard:  # noqa: ARG002 - overrides use it
        """Return the card with edits carried out one after the other; the rest of its text stays.

        Templates follow: the models of both cards differ by the edits alone. `write_card` writes the card with them.

        Raises:
            DeclarationError: an edit names what the card has not, or cannot be made.
            CardError: the edited card has errors that the card had not.
            InputError: the reader makes no edits.
        """
        raise InputError(f"the card {self.path} cannot be edited: its reader makes no edits")

    def names(self, what: str) -> Sequence[str]:  # noqa: ARG002 - overrides use it
        """Return all names of a kind in the card: "channel", "process", "nuisance" or "group".

        Nuisances are all parameters, also free ones and functions.
        """
        return ()

    def bundled(self) -> tuple[str, Sequence[LinkedFile]]:
        """Return the text of the card with paths of files below its directory, and these files.

        Raises:
            DeclarationError: two files would be one.
            InputError: the reader cannot tell the files of a card.
        """
        raise InputError(f"the card {self.path} cannot be written: its reader cannot tell its files")

    def cells(self) -> Iterable[Cell]:
        """Return the effects of parameters on columns; those of `model()`, if a reader does not override it.

        A reader that knows them from the text alone serves cards whose templates are missing or are no arrays.
        """
        return cells_of(self.model())


@public
class TemplateReader(ABC):
    """A format of files with templates that can be read."""

    name: ClassVar[str]
    """Name for messages, unique among the selected plugins."""
    suffixes: ClassVar[Sequence[str]]
    """Ends of the names of files that it reads, such as `.root`."""

    @abstractmethod
    def read(self, path: Path, names: Collection[str]) -> TemplateFile:
        """Read templates by name; a name that the file does not have is left out.

        Called once for each file of a card.

        Raises:
            InputError: the file cannot be read.
        """

    def copy(
        self,
        path: Path,
        new: Path,  # noqa: ARG002 - overrides use it
        new_names: Callable[[Collection[str]], Mapping[str, Collection[str]]],  # noqa: ARG002
    ) -> None:
        """Write a copy of a file in which templates have other names; all else in it stays as it is.

        Called once for each file of a card whose templates change their names.

        Args:
            path: the file.
            new: the file to write; it does not exist yet.
            new_names: function of all names in the file. It returns the names of each object in the copy: several for
                one that is repeated, none for one that is left out.

        Raises:
            InputError: the file cannot be read, or the names of its templates cannot be changed.
        """
        raise InputError(f"the names of templates in {path} cannot be changed: its reader makes no copies")


@public
class CardReader(ABC):
    """A language of cards that can be read, such as Combine's."""

    name: ClassVar[str]
    """Name for `read_card(reader=…)`, unique among the selected plugins."""
    codes: ClassVar[Mapping[str, str]] = {}
    """Codes of the findings that the reader makes, each with a sentence that explains it to the analyst."""

    @abstractmethod
    def read(self, file: CardFile) -> ReadCard:
        """Read a card, also one with faults, which are errors among its findings.

        The core raises them together as one `CardError`. A file of any content gives a card: exceptions are failures
        of the plugin.
        """


# The hooks return (), "contributes no object": type checkers refuse an annotated function without a result.


@hookspec
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute systematic kinds, each with a `typ` that no other selected plugin uses."""
    return ()


@hookspec
def datacard_card_writers() -> Iterable[CardWriter]:
    """Contribute card writers, each with a `name` that no other writer of the selected plugins uses."""
    return ()


@hookspec
def datacard_template_serializers() -> Iterable[TemplateSerializer]:
    """Contribute template serializers, each with a `name` that no other serializer of the selected plugins uses."""
    return ()


@hookspec
def datacard_card_readers() -> Iterable[CardReader]:
    """Contribute card readers, each with a `name` that no other reader of the selected plugins uses."""
    return ()


@hookspec
def datacard_template_readers() -> Iterable[TemplateReader]:
    """Contribute template readers, each with a `name` that no other template reader of the selected plugins uses."""
    return ()


@hookspec
def datacard_checks() -> Iterable[Check]:
    """Contribute checks, each with a `name` that no other check of the selected plugins uses."""
    return ()


@hookspec
def datacard_plots() -> Iterable[Plot]:
    """Contribute plots, each with a `name` that no other plot of the selected plugins uses."""
    return ()


@hookspec
def datacard_histogram_sources() -> Iterable[HistogramSource]:
    """Contribute histogram sources, each with a `name` that no other source of the selected plugins uses."""
    return ()


@hookspec
def datacard_renderings() -> Iterable[Rendering]:
    """Contribute renderings, each for a pair of card writer and class that no other selected plugin renders."""
    return ()
