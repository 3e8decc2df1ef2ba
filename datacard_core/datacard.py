"""The card of one category: the interface of scripts."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import given_flag, wrong_type
from datacard_core.build.corridor import build_channels
from datacard_core.build.declared import DeclaredCard
from datacard_core.build.loaded import collect_card, plain_norm_categories
from datacard_core.build.strictness import NO_REASONS, Strictness
from datacard_core.card.built import BuiltCard, Given
from datacard_core.card.from_output import FromOutput
from datacard_core.card.overrides import assignment_problem, override_problems
from datacard_core.card.renaming import renamed_cards
from datacard_core.card.sections import COMBINE, SERIALIZER, Sections
from datacard_core.checks.calls import refuse_faulty
from datacard_core.declare.blinding import Blinding
from datacard_core.declare.declaration import check_calls
from datacard_core.declare.policies import NO_POLICIES
from datacard_core.declare.values import BinningRule
from datacard_core.errors import DeclarationError, FinishedCardError
from datacard_core.execution.signals import orderly_end
from datacard_core.findings import print_report
from datacard_core.inputs.output import HistogramSet
from datacard_core.inputs.structure import check_arguments, check_histogram_dicts
from datacard_core.model.model import Model
from datacard_core.names import public
from datacard_core.output.channel_files import ChannelFiles
from datacard_core.output.drawings import draw_plots
from datacard_core.output.formats import Formats
from datacard_core.output.losses import replace_outdated
from datacard_core.output.pictures import Picture, picture
from datacard_core.output.staging import Staging, staging
from datacard_core.plugins.manager import load_plugins
from datacard_core.tables.yields import card_html

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable
    from pathlib import Path
    from typing import Self

    from datacard_core.build.loaded import Histograms
    from datacard_core.build.naming import Suffix
    from datacard_core.declare.blinding import Blind
    from datacard_core.declare.category import Unroll
    from datacard_core.declare.flow import Flow
    from datacard_core.declare.policies import Policies
    from datacard_core.declare.processes import DataProcesses, MCProcesses
    from datacard_core.declare.systematics import Systematics
    from datacard_core.hookspecs import Plot
    from datacard_core.model.channel import Channel
    from datacard_core.plugins.manager import Plugins
    from datacard_core.templates.binning import Binning


@public
class Datacard(Sections, FromOutput):
    """One category of one variable as a Combine datacard.

    The constructor builds the card and writes no file. `findings` are the observations and treatments on the way,
    `channel` is the finished model. The arguments are not changed.

    Args:
        histograms: the variable's histograms by sample and dataset, `output["variables"][name]`.
        datasets_metadata: `output["datasets_metadata"]`.
        cutflow: `output["cutflow"]`.
        years: the years of the card; of a process that is declared for more years, only these are used.
        mc_processes: the simulated processes.
        systematics: the systematic uncertainties.
        category: the category to select.
        data_processes: one data process; without it the card is for Asimov data.
        mcstat: whether the card has an autoMCStats line, or a dict with threshold, include_signal, hist_mode.
        bins_edges: edges to rebin to, the number of bins to join, a rule such as `quantiles` that chooses edges by the
            expected events of the card, or None for the bins of the histograms.
        bin_prefix: text before the category in Combine's bin name.
        bin_suffix: text behind the category; the years if not given.
        verbose: whether findings are printed, to standard error.
        shape_only_for_rateparam: scale shape variations of a process with a free rateParam so that its total over
            `rateparam_norm_categories` and its years stays nominal: the rateParam has that change already.
        rateparam_norm_categories: categories to keep totals over, all of the histograms' if not given; or a dict of
            histograms by category, for variables that are not filled in all categories.
        bin_name: Combine's whole name of the bin, in place of prefix, category and suffix.
        flow: treatment of content outside the bins: "drop" leaves it out, "fold" adds it to the first and last bin,
            "error" refuses it. Bins are those of `bins_edges`, if given.
        unroll: for histograms of two or three variables, the names of the axes in the order in which their bins are
            put in a row, the last one side by side; or an `Unroll` with the bins of each.
        single_year: whether the columns of a card of one year are called `{process}`, without the year.
        rateparam_norm_histograms: histograms of a variable that is filled in all of `rateparam_norm_categories`, to
            take the totals from; those of the card if not given.
        variables: histograms of further variables, which processes read by `from_variable`; `output["variables"]`.
        data_variations: variations that the observation takes of some samples in place of their nominal, by sample,
            for pseudo-data.
        process_suffix: text behind the process in the names of columns, or a dict of such texts by year; `_{year}` if
            not given.
        blind: True for expected events in the place of the data, also as names of categories, a function that chooses
            bins, or a `Blinding`. The counts of blind bins are then in nothing that is made of the card.
        policies: treatments of bins below 0, of processes without events and of variations without events, as
            `Policies` or a dict; those of a process overrule them.
        plugins: the selected plugins, the built-in set if not given.
        strict: True if all warnings are errors, or a set of codes whose findings are errors, notices too.
        accept: reasons by code; warnings of these codes stay in `findings`, with the reason, and are no errors.

    Raises:
        DeclarationError: the declarations contradict each other or the output.
        InputError: histograms are missing or cannot be used.
        StrictError: there are findings that `strict` refuses.
        PluginError: a plugin failed, or no selected plugin provides a declared kind.
    """

    def __init__(
        self,
        histograms: Histograms,
        datasets_metadata: Mapping[str, Any],
        cutflow: Mapping[str, Any],
        years: Iterable[str],
        mc_processes: MCProcesses,
        systematics: Systematics,
        category: str,
        data_processes: DataProcesses | None = None,
        mcstat: bool | Mapping[str, Any] = True,
        bins_edges: Binning = None,
        bin_prefix: str | None = None,
        bin_suffix: str | None = None,
        verbose: bool = True,
        shape_only_for_rateparam: bool = False,
        rateparam_norm_categories: Iterable[str] | Mapping[str, Histograms] | None = None,
        *,
        rateparam_norm_histograms: Histograms | None = None,
        variables: Mapping[str, Histograms] | None = None,
        data_variations: Mapping[str, str] | None = None,
        bin_name: str | None = None,
        flow: Flow = "drop",
        unroll: Unroll | Iterable[str] | None = None,
        single_year: bool = False,
        process_suffix: Suffix = None,
        blind: Blind = False,
        policies: Policies | Mapping[str, Any] = NO_POLICIES,
        plugins: Plugins | None = None,
        strict: bool | Collection[str] = False,
        accept: Mapping[str, str] = NO_REASONS,
    ) -> None:
        declared = DeclaredCard(
            years=years,
            mc_processes=mc_processes,
            systematics=systematics,
            category=category,
            plugins=load_plugins() if plugins is None else plugins,
            bin_prefix=bin_prefix,
            bin_suffix=bin_suffix,
            bin_name=bin_name,
            single_year=single_year,
            process_suffix=process_suffix,
            data_processes=data_processes,
            mcstat=mcstat,
            bins_edges=bins_edges,
            flow=flow,
            unroll=unroll,
            shape_only_for_rateparam=shape_only_for_rateparam,
            data_variations={} if data_variations is None else data_variations,
            strictness=Strictness(strict, accept),
            blinding=blind,
            policies=policies,
        )
        verbose, norm_categories = given_flag("verbose", verbose), plain_norm_categories(rateparam_norm_categories)
        check_arguments(histograms, datasets_metadata, cutflow)
        declared = declared.frozen()
        category = declared.category
        declared = declared.of_its_category([category])
        further = _further(declared, variables)
        histogram_set = HistogramSet(
            histograms=histograms, datasets_metadata=datasets_metadata, cutflow=cutflow, further=further
        )
        if problems := list(declared.blinding.category_problems(lambda: histogram_set.categories)):
            raise DeclarationError(problems)
        channels = build_channels(
            {category: self._named(declared)},
            lambda layouts: collect_card(declared, layouts, histogram_set, norm_categories, rateparam_norm_histograms),
            inventory=histogram_set.inventory,
        )
        given = Given(
            histograms=histograms,
            datasets_metadata=datasets_metadata,
            cutflow=cutflow,
            verbose=verbose,
            rateparam_norm_categories=rateparam_norm_categories,
            rateparam_norm_histograms=rateparam_norm_histograms,
            variables=further,
        )
        # Histograms and cutflow have the counts of blind categories, also of others than that of the card.
        self._keep(declared, channels[category], given=None if declared.blinding.hides else given)
        if verbose:
            # Those of the build alone: a subclass may set what its sections need behind this constructor.
            print_report(self._built.findings)

    @classmethod
    def of(cls, declared: DeclaredCard, channel: Channel, source: str | None = None) -> Self:
        """Return the card of a channel that is built already, from an output that a histogram source has read."""
        # The constructor would build the channel again.
        card = cls.__new__(cls)
        card._keep(declared, channel, source)  # noqa: SLF001 - its own
        return card

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if problems := list(override_problems(cls, Datacard)):
            raise DeclarationError(problems)

    def __setattr__(self, name: str, value: object) -> None:
        if problem := assignment_problem(self, Datacard, name, value):
            raise FinishedCardError(problem)
        # An assignment without effect would fail at a property.
        if not isinstance(getattr(type(self), name, None), property):
            super().__setattr__(name, value)
            # Sections of a subclass may depend on the attribute.
            vars(self).pop("_with_lines", None)

    def _keep(
        self, declared: DeclaredCard, channel: Channel, source: str | None = None, given: Given | None = None
    ) -> None:
        if channel.blindness is not None:
            # Without the function that chooses bins: a card can be sent to other processes, and a function perhaps not.
            blinding = Blinding(lifted=channel.blindness.lifted)
            declared = attrs.evolve(declared, blinding=blinding, blindness=channel.blindness)
        if isinstance(declared.bins_edges, BinningRule):
            declared = attrs.evolve(declared, bins_edges=channel.axis.edges)
        if len(channel.columns) < len(declared.columns):
            here = {column.name for column in channel.columns}
            dropped = [at for at, column in enumerate(declared.columns) if column.name not in here]
            declared = declared.without(dropped)
        self._declared, self._built, self._source, self._given = declared, channel, source, given

    def content(
        self, shapes_filename: str | None = None, *, writer: str = COMBINE, serializer: str = SERIALIZER
    ) -> str:
        """Return the text of the card; in the file of `dump` follows a comment with the hash of the templates.

        Args:
            shapes_filename: the file of the templates, relative to the directory of the card; "shapes" with the suffix
                of the serializer if not given.
            writer: the card writer.
            serializer: the template serializer of that file, which the card names if it is selected.

        Raises:
            DeclarationError: a section of a subclass has lines that Combine would refuse.
            MissingProviderError: no selected plugin has that writer, or renders an effect of the card for it.
            PluginCallError: the writer failed.
        """
        formats = Formats.of(self.plugins, writer, serializer)
        name = f"shapes{formats.shapes_suffix}" if shapes_filename is None else shapes_filename
        if writer == COMBINE and super().own_text:
            return self._composed(name)
        return self.files.text(name, formats)

    @orderly_end()
    def dump(
        self,
        directory: str | os.PathLike[str],
        card_name: str | None = None,
        shapes_name: str | None = None,
        *,
        writer: str = "combine",
        serializer: str = "root",
        names: Mapping[str, str] | None = None,
        checks: bool = True,
    ) -> None:
        """Write the card and its templates to a directory; after a failure both files are as before.

        Args:
            directory: the directory; it is made if it does not exist.
            card_name: the card, relative to the directory; "datacard" with the suffix of the writer if not given.
            shapes_name: the templates, relative to the directory; "shapes" with the suffix of the serializer if not
                given. A writer that needs no templates has no such file.
            writer: the card writer.
            serializer: the template serializer.
            names: names in the card of processes, columns and parameters, by their names in the declarations.
            checks: run the checks that look for what a fit cannot use, before a file is written.

        Raises:
            DeclarationError: the names cannot be given, as for `renamed`.
            InputError: the checks found errors.
            MissingProviderError: no selected plugin has that writer or serializer.
            PluginCallError: one of them failed.
        """
        card = self.renamed(names or {})
        if given_flag("checks", checks):
            refuse_faulty(self.plugins, Model(channels=(card.channel,)))
        with staging(directory) as stage:
            card.stage(stage, card_name, shapes_name, writer=writer, serializer=serializer)
            # The card is the last file.
            replace_outdated(stage, stage.names[-1:])

    def renamed(self, names: Mapping[str, str]) -> Self:
        """Return the card with other names of processes, columns and parameters; groups and formulas follow.

        Args:
            names: new names by those in the declarations. Names that the card has not are left out, as several cards
                share one map, unless they are misspelt.

        Raises:
            DeclarationError: a name is misspelt or is not one that Combine accepts, two would become one, or a subclass
                or a plugin writes lines with the names itself; all problems.
        """
        return renamed_cards({"": self}, names)[""] if names else self

    @property
    def own_text(self) -> tuple[str, ...]:
        """Methods by which a subclass writes text of the card itself."""
        changed = type(self).content is not _CONTENT
        return (*super().own_text, "content") if changed else super().own_text

    def stage(
        self, stage: Staging, card_name: str | None, shapes_name: str | None, *, writer: str, serializer: str
    ) -> None:
        """Write the card and its templates together with further files, the card last."""
        formats = Formats.of(self.plugins, writer, serializer)
        card_name = f"datacard{formats.card_suffix}" if card_name is None else card_name
        shapes_name = f"shapes{formats.shapes_suffix}" if shapes_name is None else shapes_name
        reference = stage.reference(shapes_name, within=card_name)
        if writer == COMBINE and "content" in self.own_text:
            # The override may not know the further arguments.
            text = self.content(reference)
            files = attrs.evolve(self.files, channel=self._read(text, reference))
        else:
            text = self.content(reference, writer=writer, serializer=serializer)
            files = self.files
        files.stage_card(stage, card_name, shapes_name, text, formats)

    def plot(
        self, directory: str | os.PathLike[str], *plots: str | Plot, suffix: str | None = None
    ) -> tuple[Path, ...]:
        """Draw the channel to a file `{plot}_{bin}` for each plot; after a failure no file is left.

        Args:
            directory: the directory; it is made if it does not exist.
            plots: names of plots, or plots with options; all plots of the selected plugins if none is given.
            suffix: format of the files, such as `.png`; that of each plot if not given.

        Returns:
            The paths of the files.

        Raises:
            DeclarationError: the options of a plot do not fit the channel.
            MissingProviderError: no selected plugin has such a plot, or it has no drawings of that format.
            PluginCallError: one of them failed.
        """
        return draw_plots(self.channel, directory, *plots, suffix=suffix, plugins=self.plugins)

    def picture(self, plot: str | Plot = "stack", *, suffix: str = ".svg") -> Picture:
        """Return a drawing of the channel, which a notebook shows.

        Args:
            plot: name of the plot, or a plot with options.
            suffix: format of the drawing, such as `.svg` or `.png`.

        Raises:
            MissingProviderError: no selected plugin has such a plot, or it has no drawings of that format.
            PluginCallError: the plugin failed.
        """
        return picture(self.channel, plot, suffix=suffix, plugins=self.plugins)

    def __repr__(self) -> str:
        rows, columns = len(self.channel.nuisances), len(self.channel.columns)
        return f"<Datacard {self.bin!r}: {columns} columns, {rows} nuisances, observation {self.observation:g}>"

    def _repr_html_(self) -> str:
        return card_html(self, self.findings)

    def _named(self, declared: DeclaredCard) -> DeclaredCard:
        """Return the declarations with the bin name of a subclass that overrides it."""
        if type(self).bin is vars(BuiltCard)["bin"]:
            return declared
        # The override may use the attributes that name the bin.
        self._declared = declared
        return attrs.evolve(declared, bin_name=self.bin, bin_prefix=None, bin_suffix=None)

    @property
    def files(self) -> ChannelFiles:
        """The files that plugins make of the card."""
        return ChannelFiles(self.channel, self.plugins, self._source)


check_calls(Datacard)

_CONTENT = Datacard.content


def _further(declared: DeclaredCard, variables: Mapping[str, Histograms] | None) -> dict[str, Histograms]:
    """Return the histograms of the variables that processes name."""
    for problem in wrong_type("variables", variables, Mapping | NoneType, 'output["variables"]'):
        raise DeclarationError(problem)
    names = dict.fromkeys(process.from_variable for process in declared.mc_processes.values())
    further = {name: variables[name] for name in names if name is not None and name in variables} if variables else {}
    check_histogram_dicts({f"variables[{name!r}]": of for name, of in further.items()})
    return further
