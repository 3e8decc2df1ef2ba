"""A whole analysis as one object: declared once, built from an output, written as the cards of all categories."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs

from datacard_core.analysis.cards import Cards
from datacard_core.analysis.file_names import FileNames
from datacard_core.analysis.needed import Needed
from datacard_core.arguments import (
    flag,
    given_count,
    given_flag,
    items,
    scalars,
    shown,
    text_or_none,
    tree,
    word,
    wrong_type,
)
from datacard_core.build.corridor import Collected, build_channels, build_to_send
from datacard_core.build.declared import DeclaredCard, sharing
from datacard_core.build.naming import BinName, Suffix
from datacard_core.build.strictness import NO_REASONS, Strictness, plain_codes
from datacard_core.datacard import Datacard
from datacard_core.declare.blinding import OPEN, Blinding, plain_blinding
from datacard_core.declare.category import FROM_ANALYSIS, Category
from datacard_core.declare.declaration import check_calls
from datacard_core.declare.policies import NO_POLICIES, Policies, plain_policies
from datacard_core.declare.values import own
from datacard_core.errors import DeclarationError, InputError
from datacard_core.execution.progress import progress
from datacard_core.execution.reduction import read_note, reduce_files, reduce_output
from datacard_core.execution.signals import orderly_end
from datacard_core.execution.workers import results
from datacard_core.findings import print_report
from datacard_core.names import closest, listing, public
from datacard_core.plugins.manager import Plugins, load_plugins
from datacard_core.plugins.selection import LOCAL, SOURCE

if TYPE_CHECKING:
    from datacard_core.declare.processes import DataProcesses, MCProcesses
    from datacard_core.declare.systematics import Systematics
    from datacard_core.execution.executors import ExecutorLike
    from datacard_core.execution.reduction import ReducedOutput, Requirements
    from datacard_core.templates.rows import Layout

Finished = TypeVar("Finished")

Output: TypeAlias = Mapping[str, Any] | str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
"""A loaded output, or the path of one, or several paths."""


def _plain_keys(categories: Any) -> Any:
    return dict(items(categories)) if isinstance(categories, Mapping) else categories


@public
@attrs.frozen(kw_only=True)
class Analysis:
    """Processes, systematics and categories of one analysis.

    `build` makes the cards from an output; they are called `datacard_{category}_{label}.txt`.
    """

    years: tuple[str, ...] = attrs.field(converter=scalars)
    mc_processes: MCProcesses
    systematics: Systematics
    categories: Mapping[str, Category] = attrs.field(converter=_plain_keys)
    data_processes: DataProcesses | None = None
    label: str = attrs.field(
        default=attrs.Factory(lambda self: "_".join(map(str, self.years)), takes_self=True), converter=word
    )
    """Ending of the names of bins and files; the years if not given."""
    mcstat: bool | Mapping[str, Any] = attrs.field(default=True, converter=own)
    bin_prefix: str | None = attrs.field(default=None, converter=word)
    """Text before the category in the names of bins."""
    single_year: bool = attrs.field(default=False, converter=flag)
    """True if columns of the one year are called `{process}`, without the year."""
    process_suffix: Suffix = attrs.field(default=None, converter=tree)
    """Text behind the process in the names of columns, for all years or by year; `_{year}` if not given."""
    shape_only_for_rateparam: bool = attrs.field(default=False, converter=flag)
    rateparam_norm_categories: tuple[str, ...] | None = attrs.field(
        default=None, converter=attrs.converters.optional(scalars)
    )
    """Categories over which shape-only totals are kept, all of the analysis if not given."""
    rateparam_norm_histograms: str | None = attrs.field(default=None, converter=text_or_none)
    """A variable that is filled in all of them, to take the totals from; that of each category if not given."""
    data_variations: Mapping[str, str] = attrs.field(factory=dict, converter=tree)
    """Variations that the observation takes of some samples in place of their nominal, by sample, for pseudo-data."""
    blind: Blinding = attrs.field(default=OPEN, converter=plain_blinding)
    """Categories with expected events in the place of data: True, names, a function from axes to bins, a `Blinding`."""
    policies: Policies = attrs.field(default=NO_POLICIES, converter=plain_policies)
    """Treatments of bins below 0, of processes without events and of variations without events."""
    plugins: Plugins = attrs.field(factory=load_plugins)
    strict: bool | Collection[str] = attrs.field(default=False, converter=plain_codes)
    """True if all warnings are errors, or a set of codes whose findings are errors, notices too."""
    accept: Mapping[str, str] = attrs.field(default=NO_REASONS, converter=tree)
    """Reasons by code; warnings of these codes stay in `findings`, with the reason, and are no errors."""
    names: Mapping[str, str] = attrs.field(factory=dict, converter=tree)
    """Names in the written cards of processes, columns and parameters, by their names in the declarations."""

    def __repr__(self) -> str:
        sizes = f"{len(self.mc_processes)} processes, {len(self.systematics)} systematics"
        return f"<Analysis {self.label!r}: categories {listing(self.categories, 6)}; {sizes}>"

    def __attrs_post_init__(self) -> None:
        if problems := list(self._problems()):
            raise DeclarationError(problems)

    @orderly_end()
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
        jobs, parts, verbose = given_count("jobs", jobs), given_flag("parts", parts), given_flag("verbose", verbose)
        read_by = None if isinstance(output, Mapping) or self._is_built_in(source) else source
        with self._noted(read_by):
            channels = build_channels(
                declared,
                lambda layouts: self._collected(output, declared, layouts, source, executor, jobs, parts=parts),
                run=lambda build, calls: _shown(
                    results(build, calls, executor=executor, jobs=jobs, on_worker=build_to_send), len(calls)
                ),
            )
        made = {name: Datacard.of(declared[name], channels[name], read_by) for name in self.categories}
        cards = Cards(self._files, self.plugins, made, self.names)
        if verbose:
            print_report(cards.findings)
        return cards

    @contextmanager
    def _noted(self, source: str | None) -> Iterator[None]:
        """Name the histogram source with an error about histograms, some of which are told when cards are built."""
        try:
            yield
        except InputError as error:
            if source is not None and (note := read_note(self.plugins.source(source))) not in getattr(
                error, "__notes__", ()
            ):
                error.add_note(note)
            raise

    def _is_built_in(self, source: str) -> bool:
        """Return whether a source is the built-in one; cards do not name it, and equal those of a loaded output."""
        provided = self.plugins.source(source)
        return provided.plugin == SOURCE and provided.origin != LOCAL

    def _collected(
        self,
        output: Output,
        declared: Mapping[str, DeclaredCard],
        layouts: Mapping[str, Layout],
        source: str,
        executor: ExecutorLike | None,
        jobs: int,
        *,
        parts: bool,
    ) -> Collected:
        if unknown := [name for name in layouts if name not in self.categories]:
            known = self.categories
            raise DeclarationError(f"the analysis has no category {name!r}{closest(name, known)}" for name in unknown)
        needed = Needed(
            declared=declared,
            layouts=layouts,
            variables={name: category.variable for name, category in self.categories.items()},
            norm_categories=tuple(self.categories)
            if self.rateparam_norm_categories is None
            else self.rateparam_norm_categories,
            norm_variable=self.rateparam_norm_histograms,
        )
        return needed.collected(self._reduced(output, needed.requirements(parts=parts), source, executor, jobs))

    def _reduced(
        self, output: Output, required: Requirements, source: str, executor: ExecutorLike | None, jobs: int
    ) -> ReducedOutput:
        if isinstance(output, Mapping):
            if source != SOURCE:
                raise DeclarationError(f"source={source!r} reads files, and the output is loaded already: leave it out")
            return reduce_output(output, required).checked(required)
        paths = scalars(output, lambda path: path)
        self.plugins.source(source)  # An unknown name is an error before work is given to workers.
        with progress("reading files", len(paths)) as advance:
            return reduce_files(
                paths, required, self.plugins, source, executor=executor, jobs=jobs, watch=lambda _: advance()
            )

    def blinded(self, *categories: str) -> Analysis:
        """Return the analysis with all bins of categories blind, of all categories if none is named.

        Raises:
            DeclarationError: a category is unknown.
        """
        if problems := list(Blinding(categories).category_problems(lambda: self.categories)):
            raise DeclarationError(problems)
        whole = {name: attrs.evolve(self._blinding(name), where=True, lifted=False) for name in self.categories}
        return self._with_blinding({name: whole[name] for name in categories or whole})

    def unblinded(self) -> Analysis:
        """Return the analysis with the data of all categories shown, which the cards of those declared blind record.

        Raises:
            DeclarationError: no category is blind.
        """
        blind = [name for name in self.categories if self._blinding(name).of(name) is not False]
        if not blind:
            raise DeclarationError("no category of the analysis is blind: there is nothing to unblind")
        return self._with_blinding({name: attrs.evolve(self._blinding(name), lifted=True) for name in blind})

    def _blinding(self, category: str) -> Blinding:
        own = self.categories[category].blind
        return self.blind if own is FROM_ANALYSIS else own

    def _with_blinding(self, changed: Mapping[str, Blinding]) -> Analysis:
        changes = {name: attrs.evolve(self.categories[name], blind=blinding) for name, blinding in changed.items()}
        return attrs.evolve(self, categories={**self.categories, **changes})

    def card_name(self, category: str, suffix: str = ".txt") -> str:
        """Return the file name of a category's card, with the suffix of its writer if the category names none."""
        return self._files.card(category, suffix)

    def shapes_name(self, category: str, suffix: str = ".root") -> str:
        """Return the file name of a category's templates, with the suffix of their serializer if it names none."""
        return self._files.shapes(category, suffix)

    @property
    def _files(self) -> FileNames:
        return FileNames(self.label, self.categories)

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
            data_variations=self.data_variations,
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
                # Each problem once, in the order in which they were met: categories share declarations.
                problems |= dict.fromkeys(error.problems)
        problems = problems or dict.fromkeys(self._unread(cards))
        if problems:
            raise DeclarationError(problems)
        return sharing(cards)

    def _card(self, shared: DeclaredCard, name: str, category: Category) -> DeclaredCard:
        channel, changes = self._bin(name), category.changes()
        try:
            card = attrs.evolve(
                shared,
                category=name,
                bins_edges=category.bins_edges,
                flow=category.flow,
                unroll=category.unroll,
                blinding=self._blinding(name),
                policies=category.policies.over(self.policies),
                bin_name=channel.whole,
                bin_prefix=channel.prefix,
                bin_suffix=channel.suffix,
                **changes,
            ).frozen(changes)
        except DeclarationError as error:
            raise DeclarationError(f"category {name!r}: {problem}" for problem in error.problems) from None
        if "data_processes" in changes and "data_variations" not in changes:
            # Variations for the data of the analysis say nothing of other samples.
            of_data = {sample: label for sample, label in card.data_variations.items() if sample in card.data_samples}
            card = attrs.evolve(card, data_variations=of_data)
        return card.of_its_category(self.categories, category.exclude_systematics)

    def _unread(self, cards: Mapping[str, DeclaredCard]) -> Iterator[str]:
        """Yield a problem for each sample of `data_variations` that no data process has."""
        read = {sample for card in cards.values() for sample in card.data_variations}
        known = [sample for card in cards.values() for sample in card.data_samples]
        for sample in self.data_variations:
            if sample not in read:
                yield f"data_variations: sample {sample!r} is in no data process{closest(sample, known)}"

    def _bin(self, category: str) -> BinName:
        if (whole := self.categories[category].bin_name) is not None:
            return BinName(category=category, whole=whole)
        return BinName(category=category, prefix=self.bin_prefix, suffix=self.label)

    def _problems(self) -> Iterator[str]:
        if unusable := list(wrong_type("plugins", self.plugins, Plugins, "what load_plugins returns")):
            yield from unusable
        else:
            yield from Strictness(self.strict, self.accept).problems(self.plugins)
        example = "a dict such as {'SR': Category('discriminant')}"
        if not isinstance(self.categories, Mapping) or not self.categories:
            yield f"categories is {shown(self.categories)}, expected {example}"
            return
        unusable = [
            *wrong_type("label", self.label, str, "a text"),
            *wrong_type("bin_prefix", self.bin_prefix, str | NoneType, "a text"),
            *(problem for name in self.categories for problem in wrong_type("category", name, str, example)),
        ]
        if unusable:
            yield from unusable
            return
        bins: dict[str, str] = {}
        for name, category in self.categories.items():
            if not isinstance(category, Category):
                yield f"category {name!r} is {shown(category)}, expected a Category such as Category('discriminant')"
                continue
            channel = self._bin(name)
            yield from (f"category {name!r}: {problem}" for problem in channel.problems())
            if (other := bins.setdefault(str(channel), name)) != name:
                yield f"categories {other!r} and {name!r} would both be the bin {str(channel)!r}: give one a bin_name"
        named = {name: category for name, category in self.categories.items() if isinstance(category, Category)}
        yield from FileNames(self.label, named).problems()
        blindings = (self.blind, *map(self._blinding, named))
        yield from dict.fromkeys(problem for one in blindings for problem in one.category_problems(lambda: named))
        yield from wrong_type("data_variations", self.data_variations, Mapping, "a dict such as {'TTbar': 'JESUp'}")
        yield from self._norm_problems(named)

    def _norm_problems(self, named: Mapping[str, Category]) -> Iterator[str]:
        """Yield the problems of the arguments about totals that shapes keep."""
        if self.rateparam_norm_histograms is None:
            for name in self.rateparam_norm_categories or ():
                if name not in self.categories:
                    yield (
                        f"rateparam_norm_categories: {name!r} is no category of the analysis{closest(name, named)}: "
                        "name a variable that is filled there as rateparam_norm_histograms"
                    )
        else:
            norm = self.rateparam_norm_histograms
            yield from wrong_type("rateparam_norm_histograms", norm, str, "the name of a variable of the output")


check_calls(Analysis)


def _shown(finished: Iterable[Finished], count: int) -> Iterator[Finished]:
    """Yield cards as they are finished, with a progress bar."""
    with progress("building cards", count) as advance:
        for card in finished:
            yield card
            advance()
