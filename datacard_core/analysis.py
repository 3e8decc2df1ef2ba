"""A whole analysis as one object: declared once, built from an output, written as cards of all categories."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from datacard_core.build.channel import build_channel
from datacard_core.build.declared import DeclaredCard, bin_name
from datacard_core.build.plans import plan_card
from datacard_core.combination import combination_script
from datacard_core.datacard import Datacard
from datacard_core.errors import DatacardError, DeclarationError, InputError, StrictError, raise_together
from datacard_core.execution.progress import progress
from datacard_core.execution.reduction import Requirements, reduce_files, reduce_output
from datacard_core.execution.workers import results
from datacard_core.findings import report
from datacard_core.names import name_problem, names_of
from datacard_core.output.staging import staging
from datacard_core.plugins.manager import Plugins, load_plugins
from datacard_core.plugins.selection import LOCAL

if TYPE_CHECKING:
    from datacard_core.build.plans import Plan
    from datacard_core.declare.processes import DataProcesses, MCProcesses
    from datacard_core.declare.systematics import Systematics
    from datacard_core.execution.executors import ExecutorLike
    from datacard_core.execution.reduction import ReducedOutput
    from datacard_core.findings import Finding
    from datacard_core.inputs.output import Inventory
    from datacard_core.model.channel import Channel, FloatArray
    from datacard_core.templates.binning import Binning
    from datacard_core.templates.sums import Sums

Output: TypeAlias = Mapping[str, Any] | str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
"""A loaded output, or the path of one, or several paths."""

SOURCE = "coffea"
"""The histogram source that reads what PocketCoffea writes."""


@attrs.frozen
class Category:
    """What is fitted in one category."""

    variable: str
    """A key of `output["variables"]`."""
    bins_edges: Binning = None
    """Edges to rebin to, or how many bins to join, or None."""


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
    """Ends the names of bins and files; the years if not given."""
    mcstat: bool | Mapping[str, Any] = True
    bin_prefix: str | None = None
    shape_only_for_rateparam: bool = False
    rateparam_norm_categories: tuple[str, ...] | None = attrs.field(
        default=None, converter=attrs.converters.optional(names_of)
    )
    """Categories over which shape-only totals are kept, all of the analysis if not given."""
    plugins: Plugins = attrs.field(factory=load_plugins)
    strict: bool = False
    """Whether warnings are errors."""

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
    ) -> Cards:
        """Build the cards of all categories; nothing is written.

        Files are read one at a time, so that no more than one of them and the templates are in memory.

        Args:
            output: a loaded output, or the path of one, or of several that make one.
            source: the histogram source that reads them.
            executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to read files and build cards on.
            jobs: without an executor, in how many processes.
            parts: whether several files may hold parts of one dataset; otherwise that is an error.

        Raises:
            DeclarationError: the declarations contradict each other or the output.
            InputError: the output, or a histogram in it, cannot be used.
            StrictError: `strict`, and there are warnings.
            PluginError: a plugin failed, or no selected one provides what is declared.
        """
        declared = {name: self._declared(name) for name in self.categories}
        first = next(iter(declared.values()))
        first.check()
        layout, plans = plan_card(first)
        required = Requirements(layout, {name: category.variable for name, category in self.categories.items()}, parts)
        reduced = self._reduced(output, required, source, executor, jobs)
        first.check_samples(reduced.inventory)
        totals = self._totals(first, reduced)
        calls = {
            name: (declared[name], plans, reduced.inventory, reduced.sums[name], totals, self.strict)
            for name in self.categories
        }
        channels: dict[str, Channel] = {}
        failures: list[DatacardError] = []
        with progress("building cards", len(calls)) as advance:
            for name, result in results(_build, calls, executor=executor, jobs=jobs):
                try:
                    channels[name] = result()
                except (InputError, DeclarationError, StrictError) as failure:
                    failures.append(failure)
                advance()
        raise_together(failures)
        read_by = None if isinstance(output, Mapping) or self._is_built_in(source) else source
        return Cards(self, {name: Datacard.of(declared[name], channels[name], read_by) for name in self.categories})

    def _is_built_in(self, source: str) -> bool:
        """Whether cards need not name a source: what PocketCoffea wrote is the same, whoever has loaded it."""
        provided = self.plugins.source(source)
        return provided.plugin == SOURCE and provided.origin != LOCAL

    def _reduced(
        self, output: Output, required: Requirements, source: str, executor: ExecutorLike | None, jobs: int
    ) -> ReducedOutput:
        if isinstance(output, Mapping):
            if source != SOURCE:
                raise DeclarationError(f"source={source!r} reads files, and the output is loaded already: leave it out")
            return reduce_output(output, required, alone=True).checked(required)
        paths = [output] if isinstance(output, str | os.PathLike) else list(output)
        self.plugins.source(source)  # before anything is given to workers
        with progress("reading files", len(paths)) as advance:
            return reduce_files(
                paths, required, self.plugins, source, executor=executor, jobs=jobs, watch=lambda _: advance()
            )

    def _totals(self, declared: DeclaredCard, reduced: ReducedOutput) -> dict[str, FloatArray]:
        if not declared.floats_shape_only:
            return {}
        totals = {}
        for name in self.rateparam_norm_categories or tuple(self.categories):
            # What is wrong with a category is told when its card is built, with what is wrong with the others.
            with contextlib.suppress(InputError):
                totals[name] = reduced.sums[name].complete().totals
        return totals

    def card_name(self, category: str) -> str:
        """The file name of a category's card."""
        return f"datacard_{category}_{self.label}.txt"

    def shapes_name(self, category: str) -> str:
        """The file name of a category's templates."""
        return f"shapes_{category}_{self.label}.root"

    def _declared(self, category: str) -> DeclaredCard:
        return DeclaredCard(
            self.years,
            self.mc_processes,
            self.systematics,
            category,
            self.plugins,
            self.bin_prefix,
            self.label,
            self.data_processes,
            self.mcstat,
            self.categories[category].bins_edges,
            self.shape_only_for_rateparam,
        )

    def _problems(self) -> Iterator[str]:
        if not isinstance(self.categories, Mapping) or not self.categories:
            yield f"categories is {self.categories!r}, expected a dict such as {{'SR': Category('discriminant')}}"
            return
        for name, category in self.categories.items():
            if problem := name_problem("bin", bin_name(self.bin_prefix, name, self.label, self.years)):
                yield f"category {name!r}: {problem}"
            if not isinstance(category, Category):
                yield f"category {name!r} is {category!r}, expected a Category such as Category('discriminant')"
        for name in self.rateparam_norm_categories or ():
            if name not in self.categories:
                yield f"rateparam_norm_categories: {name!r} is no category of the analysis"


@attrs.frozen(eq=False)
class Cards(Mapping[str, Datacard]):
    """The cards of an analysis by category, ready to be written."""

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
        """What was noticed and treated, in all categories."""
        return tuple(finding for card in self.values() for finding in card.findings)

    @property
    def script_name(self) -> str:
        """The file name of the script that combines the cards."""
        return f"combine_datacards_{self.analysis.label}.sh"

    def report(self) -> str:
        """The findings as text."""
        return report(self.findings)

    def plot(self, directory: str | os.PathLike[str], *plots: str) -> tuple[Path, ...]:
        """Draw all categories, as `Datacard.plot` does one: all files, or none.

        Raises:
            MissingProviderError: no selected plugin has such a plot.
            PluginCallError: one of them failed.
        """
        count = len(self) * len(plots or self.analysis.plugins.plots)
        names: list[str] = []
        with staging(directory) as stage, progress("drawing", count) as advance:
            for card in self.values():
                names += card.stage_plots(stage, plots, advance)
        return tuple(Path(directory) / name for name in names)

    def dump(
        self,
        directory: str | os.PathLike[str],
        *,
        channel_masks: bool = False,
        writer: str = "combine",
        serializer: str = "root",
        executor: ExecutorLike | None = None,
        jobs: int = 1,
    ) -> None:
        """Write the cards and templates of all categories, and the script that combines them: all, or nothing.

        Args:
            directory: where to.
            channel_masks: whether the workspace that the script makes can mask channels.
            writer: the card writer.
            serializer: the template serializer.
            executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to write cards on.
            jobs: without an executor, in how many processes.

        Raises:
            MissingProviderError: no selected plugin has that writer or serializer.
            PluginCallError: one of them failed.
        """
        analysis = self.analysis
        text_of_script = combination_script(
            {analysis.card_name(category): card for category, card in self.items()},
            path=self.script_name,
            card_name=f"datacard_combined_{analysis.label}.txt",
            workspace_name=f"workspace_{analysis.label}.root",
            channel_masks=channel_masks,
        )
        calls = {
            category: (card, analysis.card_name(category), analysis.shapes_name(category), writer, serializer)
            for category, card in self.items()
        }
        with staging(directory) as stage, progress("writing cards", len(calls)) as advance:
            if executor is None and jobs == 1:
                for card, card_name, shapes_name, *_ in calls.values():
                    card.stage(stage, card_name, shapes_name, writer=writer, serializer=serializer)
                    advance()
            else:
                for category, result in results(_files, calls, executor=executor, jobs=jobs):
                    shapes, text = result()
                    stage.path(analysis.shapes_name(category)).write_bytes(shapes)
                    stage.text(analysis.card_name(category), text)
                    advance()
            stage.text(self.script_name, text_of_script, executable=True)


def _build(
    declared: DeclaredCard,
    plans: Sequence[Plan],
    inventory: Inventory,
    sums: Sums,
    totals: Mapping[str, FloatArray],
    strict: bool,
) -> Channel:
    """The channel of one category: what a worker does."""
    return build_channel(declared, inventory, plans, sums.complete(), totals, strict=strict)


def _files(card: Datacard, card_name: str, shapes_name: str, writer: str, serializer: str) -> tuple[bytes, str]:
    """The templates and the text of a card: what a worker does, whose disk may be another."""
    with tempfile.TemporaryDirectory() as directory:
        card.dump(directory, card_name, shapes_name, writer=writer, serializer=serializer)
        shapes, text = (Path(directory) / name for name in (shapes_name, card_name))
        return shapes.read_bytes(), text.read_text(encoding="utf-8")
