"""A whole analysis as one object: declared once, built from an output, written as the cards of all categories."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs

from datacard_core.build.corridor import Collected, build_channels, build_to_send
from datacard_core.build.declared import DeclaredCard
from datacard_core.build.naming import BinName, Suffix, plain_category
from datacard_core.build.strictness import NO_REASONS, Strictness
from datacard_core.combination import combination_script
from datacard_core.datacard import Datacard
from datacard_core.declare.category import Category
from datacard_core.errors import DeclarationError
from datacard_core.execution.progress import progress
from datacard_core.execution.reduction import Requirements, reduce_files, reduce_output
from datacard_core.execution.workers import results
from datacard_core.findings import print_report, report
from datacard_core.inputs.paths import expanded
from datacard_core.names import names_of
from datacard_core.output.formats import Formats
from datacard_core.output.renderings import text_of_all
from datacard_core.output.staging import staging
from datacard_core.plugins.manager import Plugins, load_plugins
from datacard_core.plugins.selection import LOCAL

if TYPE_CHECKING:
    from datacard_core.declare.processes import DataProcesses, MCProcesses
    from datacard_core.declare.systematics import Systematics
    from datacard_core.execution.executors import ExecutorLike
    from datacard_core.execution.reduction import ReducedOutput
    from datacard_core.findings import Finding
    from datacard_core.output.staging import Staging
    from datacard_core.templates.rows import Layout

Finished = TypeVar("Finished")

Output: TypeAlias = Mapping[str, Any] | str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
"""A loaded output, or the path of one, or several paths."""

SOURCE = "coffea"
"""The histogram source that reads what PocketCoffea writes."""


@attrs.frozen(kw_only=True)
class Analysis:
    """Processes, systematics and categories of one analysis.

    `build` makes the cards from an output; they are called `datacard_{category}_{label}.txt`.
    """

    years: tuple[str, ...] = attrs.field(converter=names_of)
    mc_processes: MCProcesses
    systematics: Systematics
    categories: Mapping[str, Category]
    data_processes: DataProcesses | None = None
    label: str = attrs.field(default=attrs.Factory(lambda self: "_".join(self.years), takes_self=True))
    """Ending of the names of bins and files; the years if not given."""
    mcstat: bool | Mapping[str, Any] = True
    bin_prefix: str | None = None
    """Text before the category in the names of bins."""
    single_year: bool = False
    """True if columns of the one year are called `{process}`, without the year."""
    process_suffix: Suffix = None
    """Text behind the process in the names of columns, for all years or by year; `_{year}` if not given."""
    shape_only_for_rateparam: bool = False
    rateparam_norm_categories: tuple[str, ...] | None = attrs.field(
        default=None, converter=attrs.converters.optional(names_of)
    )
    """Categories over which shape-only totals are kept, all of the analysis if not given."""
    plugins: Plugins = attrs.field(factory=load_plugins)
    strict: bool | Collection[str] = False
    """True if all warnings are errors, or a set of codes whose findings are errors, notices too."""
    accept: Mapping[str, str] = NO_REASONS
    """Reasons by code; warnings of these codes stay in `findings`, with the reason, and are no errors."""

    def __attrs_post_init__(self) -> None:
        if problems := list(self._problems()):
            raise DeclarationError(problems)

    def build(
        self,
        output: Output,
        *,
        source: str = SOURCE,
        executor: ExecutorLike | None = None,
        jobs: int = 1,
        parts: bool = False,
        verbose: bool = True,
    ) -> Cards:
        """Build the cards of all categories, without writing files.

        Files are read one at a time, so that no more than one of them and the templates are in memory.

        Args:
            output: a loaded output, or the path of one, or of several that make one.
            source: the histogram source that reads them.
            executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to read files and build cards on.
            jobs: without an executor, the number of processes.
            parts: whether several files may hold parts of one dataset; without it, such files are an error.
            verbose: whether findings are printed, to standard error, one line for those that several categories share.

        Raises:
            DeclarationError: the declarations contradict each other or the output.
            InputError: the output, or a histogram in it, cannot be used.
            StrictError: there are findings that `strict` refuses.
            PluginError: a plugin failed, or no selected plugin provides a declared kind.
        """
        declared = self._declared()
        channels = build_channels(
            declared,
            lambda layouts: self._collected(output, layouts, source, executor, jobs, parts=parts),
            run=lambda build, calls: _shown(
                results(build, calls, executor=executor, jobs=jobs, on_worker=build_to_send), len(calls)
            ),
        )
        read_by = None if isinstance(output, Mapping) or self._is_built_in(source) else source
        cards = Cards(self, {name: Datacard.of(declared[name], channels[name], read_by) for name in self.categories})
        if verbose:
            print_report(cards.findings)
        return cards

    def _is_built_in(self, source: str) -> bool:
        """Return whether a source is the built-in one; cards do not name it, and equal those of a loaded output."""
        provided = self.plugins.source(source)
        return provided.plugin == SOURCE and provided.origin != LOCAL

    def _collected(
        self,
        output: Output,
        layouts: Mapping[str, Layout],
        source: str,
        executor: ExecutorLike | None,
        jobs: int,
        *,
        parts: bool,
    ) -> Collected:
        required = Requirements(layouts, {name: category.variable for name, category in self.categories.items()}, parts)
        reduced = self._reduced(output, required, source, executor, jobs)
        norms = tuple(self.categories) if self.rateparam_norm_categories is None else self.rateparam_norm_categories
        return Collected(
            inventory=reduced.inventory, sums=reduced.sums, norms={name: reduced.sums[name] for name in norms}
        )

    def _reduced(
        self, output: Output, required: Requirements, source: str, executor: ExecutorLike | None, jobs: int
    ) -> ReducedOutput:
        if isinstance(output, Mapping):
            if source != SOURCE:
                raise DeclarationError(f"source={source!r} reads files, and the output is loaded already: leave it out")
            return reduce_output(output, required).checked(required)
        paths = [output] if isinstance(output, str | os.PathLike) else list(output)
        self.plugins.source(source)  # An unknown name is an error before work is given to workers.
        with progress("reading files", len(paths)) as advance:
            return reduce_files(
                paths, required, self.plugins, source, executor=executor, jobs=jobs, watch=lambda _: advance()
            )

    def card_name(self, category: str, suffix: str = ".txt") -> str:
        """Return the file name of a category's card, with the suffix of its writer if the category names none."""
        return self.categories[category].card_name or f"datacard_{plain_category(category)}_{self.label}{suffix}"

    def shapes_name(self, category: str, suffix: str = ".root") -> str:
        """Return the file name of a category's templates, with the suffix of their serializer if it names none."""
        return self.categories[category].shapes_name or f"shapes_{plain_category(category)}_{self.label}{suffix}"

    def _declared(self) -> dict[str, DeclaredCard]:
        """Return the declarations of each card; cards that do not differ share read-only copies of them."""
        first, *_ = self.categories
        shared = DeclaredCard(
            years=self.years,
            mc_processes=self.mc_processes,
            systematics=self.systematics,
            category=first,
            plugins=self.plugins,
            data_processes=self.data_processes,
            mcstat=self.mcstat,
            shape_only_for_rateparam=self.shape_only_for_rateparam,
            single_year=self.single_year,
            process_suffix=self.process_suffix,
            strictness=Strictness(self.strict, self.accept),
        ).frozen()
        cards: dict[str, DeclaredCard] = {}
        problems: dict[str, None] = {}
        for name, category in self.categories.items():
            try:
                cards[name] = self._card(shared, name, category)
            except DeclarationError as error:
                problems |= dict.fromkeys(error.problems)
        if problems:
            raise DeclarationError(problems)
        return _sharing(cards)

    def _card(self, shared: DeclaredCard, name: str, category: Category) -> DeclaredCard:
        channel, changes = self._bin(name), category.changes()
        try:
            card = attrs.evolve(
                shared,
                category=name,
                bins_edges=category.bins_edges,
                flow=category.flow,
                bin_name=channel.whole,
                bin_prefix=channel.prefix,
                bin_suffix=channel.suffix,
                **changes,
            ).frozen(changes)
        except DeclarationError as error:
            raise DeclarationError(f"category {name!r}: {problem}" for problem in error.problems) from None
        return card.of_its_category(self.categories, category.exclude_systematics)

    def _bin(self, category: str) -> BinName:
        if (whole := self.categories[category].bin_name) is not None:
            return BinName(category=category, whole=whole)
        return BinName(category=category, prefix=self.bin_prefix, suffix=self.label)

    def _problems(self) -> Iterator[str]:
        yield from Strictness(self.strict, self.accept).problems(self.plugins)
        if not isinstance(self.categories, Mapping) or not self.categories:
            yield f"categories is {self.categories!r}, expected a dict such as {{'SR': Category('discriminant')}}"
            return
        bins: dict[str, str] = {}
        for name, category in self.categories.items():
            if not isinstance(category, Category):
                yield f"category {name!r} is {category!r}, expected a Category such as Category('discriminant')"
                continue
            channel = self._bin(name)
            yield from (f"category {name!r}: {problem}" for problem in channel.problems())
            if (other := bins.setdefault(str(channel), name)) != name:
                yield f"categories {other!r} and {name!r} would both be the bin {str(channel)!r}: give one a bin_name"
        yield from self._file_problems()
        for name in self.rateparam_norm_categories or ():
            if name not in self.categories:
                yield f"rateparam_norm_categories: {name!r} is no category of the analysis"

    def _file_problems(self) -> Iterator[str]:
        files: dict[str, str] = {}
        for category in self.categories:
            if isinstance(self.categories[category], Category):
                for name in (self.card_name(category), self.shapes_name(category)):
                    if name in files:
                        both = f"categories {files[name]!r} and {category!r}"
                        yield f"{both} would both write the file {name!r}: give one of them card_name and shapes_name"
                    files[name] = category


def _sharing(cards: Mapping[str, DeclaredCard]) -> dict[str, DeclaredCard]:
    """Return the cards, each with the processes of all, and those with equal systematics with one container.

    Cards with the same containers have their histograms summed in one pass.
    """
    processes = tuple(dict.fromkeys(process for card in cards.values() for process in card.mc_processes))
    made: list[Systematics] = []
    shared: dict[str, DeclaredCard] = {}
    for name, card in cards.items():
        # Lists, because the order of rows counts too.
        items = list(card.systematics.items())
        systematics = next((known for known in made if list(known.items()) == items), None)
        if systematics is None:
            systematics = card.systematics
            made.append(systematics)
        shared[name] = attrs.evolve(card, systematics=systematics, all_processes=processes)
    return shared


@attrs.frozen(eq=False)
class Cards(Mapping[str, Datacard]):
    """Cards of an analysis by category, ready to be written."""

    analysis: Analysis
    _cards: Mapping[str, Datacard]

    def __getitem__(self, category: str) -> Datacard:
        return self._cards[category]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cards)

    def __len__(self) -> int:
        return len(self._cards)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings of all categories."""
        return tuple(finding for card in self.values() for finding in card.findings)

    @property
    def script_name(self) -> str:
        """File name of the script that combines the cards."""
        return f"combine_datacards_{self.analysis.label}.sh"

    def report(self) -> str:
        """Return the findings as text."""
        return report(self.findings)

    def plot(self, directory: str | os.PathLike[str], *plots: str) -> tuple[Path, ...]:
        """Draw all categories as `Datacard.plot` does; after a failure no file is left.

        Raises:
            MissingProviderError: no selected plugin has such a plot.
            PluginCallError: one of them failed.
        """
        count = len(self) * len(plots or self.analysis.plugins.plots)
        names: list[str] = []
        with staging(directory) as stage, progress("drawing", count) as advance:
            for card in self.values():
                names += card.stage_plots(stage, plots, advance)
        return tuple(Path(expanded(directory)) / name for name in names)

    def dump(
        self,
        directory: str | os.PathLike[str],
        *,
        channel_masks: bool = False,
        writer: str = "combine",
        serializer: str = "root",
        executor: ExecutorLike | None = None,
        jobs: int = 1,
    ) -> tuple[Path, ...]:
        """Write the cards and templates of all categories, and for Combine's cards the script that joins them.

        A writer may write a single card of all categories instead. After a failure all files are as before.

        Args:
            directory: the directory to write to; it is made if it does not exist.
            channel_masks: whether the workspace that the script makes can mask channels.
            writer: the card writer.
            serializer: the template serializer.
            executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to write cards on.
            jobs: without an executor, the number of processes.

        Returns:
            The paths of the files, in the order in which they appear.

        Raises:
            DeclarationError: the cards cannot be combined, or channel masks are asked for without a script.
            MissingProviderError: no selected plugin has that writer or serializer.
            PluginCallError: one of them failed.
        """
        analysis = self.analysis
        formats = Formats.of(analysis.plugins, writer, serializer)
        shapes = {category: analysis.shapes_name(category, formats.shapes_suffix) for category in self}
        names = {category: analysis.card_name(category, formats.card_suffix) for category in self}
        # Made first: cards that cannot be combined are an error before a file is written.
        script = self._script(formats, names, channel_masks=channel_masks)
        whole = ""
        # Most writers write a card for each channel: what they would get of all channels is not made for them.
        if formats.joins_channels:
            contexts = [card.files.context(shapes[category], formats) for category, card in self.items()]
            whole = text_of_all(formats.writer, contexts)
        calls = {
            category: (card, None if whole else names[category], shapes[category], writer, serializer)
            for category, card in self.items()
        }
        with staging(directory) as stage, progress("writing cards", len(calls)) as advance:
            if executor is None and jobs == 1:
                for call in calls.values():
                    _stage(stage, *call)
                    advance()
            else:
                for _, result in results(_files, calls, executor=executor, jobs=jobs):
                    for name, content in result().items():
                        stage.path(name).write_bytes(content)
                    advance()
            if whole:
                stage.text(self._combined_name(formats.card_suffix), whole)
            # Last, because files appear in this order and the script refers to all cards.
            if script:
                stage.text(self.script_name, script, executable=True)
        return tuple(Path(directory) / name for name in stage.names)

    def _combined_name(self, suffix: str) -> str:
        return f"datacard_combined_{self.analysis.label}{suffix}"

    def _script(self, formats: Formats, names: Mapping[str, str], *, channel_masks: bool) -> str:
        """Return the text of the script, or "" for cards of another format than Combine's."""
        if formats.is_combine:
            return combination_script(
                {names[category]: card for category, card in self.items()},
                path=self.script_name,
                card_name=self._combined_name(formats.card_suffix),
                workspace_name=f"workspace_{self.analysis.label}.root",
                channel_masks=channel_masks,
            )
        if channel_masks:
            raise DeclarationError(
                f"channel_masks is for the script that joins cards of Combine, and card writer "
                f"{formats.writer.name!r} writes another format: leave it out"
            )
        return ""


def _shown(finished: Iterable[Finished], count: int) -> Iterator[Finished]:
    """Yield cards as they are finished, with a progress bar."""
    with progress("building cards", count) as advance:
        for card in finished:
            yield card
            advance()


def _stage(
    stage: Staging, card: Datacard, card_name: str | None, shapes_name: str, writer: str, serializer: str
) -> None:
    """Write a card and its templates, or its templates alone if there is no name for the card."""
    if card_name is None:
        card.files.stage_templates(stage, shapes_name, Formats.of(card.plugins, writer, serializer))
    else:
        card.stage(stage, card_name, shapes_name, writer=writer, serializer=serializer)


def _files(card: Datacard, *call: Any) -> dict[str, bytes]:
    """Return the contents of a card's files by name: the work of one call on a worker, whose disk may be another."""
    with tempfile.TemporaryDirectory() as directory:
        with staging(directory) as stage:
            _stage(stage, card, *call)
        return {name: Path(directory, name).read_bytes() for name in stage.names}
