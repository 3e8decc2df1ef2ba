"""Cards of all categories of an analysis, and their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import given_count, given_flag
from datacard_core.card.renaming import renamed_cards
from datacard_core.checks.calls import refuse_faulty
from datacard_core.combination import combination_script
from datacard_core.datacard import Datacard
from datacard_core.documents.findings import Findings
from datacard_core.errors import DeclarationError
from datacard_core.execution.signals import orderly_end
from datacard_core.findings import report
from datacard_core.hookspecs import ModelContext
from datacard_core.model.model import Model
from datacard_core.names import listing, public
from datacard_core.output.drawings import draw_plots
from datacard_core.output.formats import Formats
from datacard_core.output.losses import replace_outdated, stage_losses
from datacard_core.output.renderings import text_of_all
from datacard_core.output.staging import leaves_directory, stage_calls, staging
from datacard_core.tables.yields import card_html

if TYPE_CHECKING:
    import os

    from datacard_core.analysis.file_names import FileNames
    from datacard_core.execution.executors import ExecutorLike
    from datacard_core.findings import Finding
    from datacard_core.hookspecs import CardContext, Plot
    from datacard_core.output.staging import Staging
    from datacard_core.plugins.manager import Plugins


@public
@attrs.frozen(eq=False)
class Cards(Mapping[str, Datacard]):
    """Cards of an analysis by category, ready to be written."""

    _names: FileNames
    plugins: Plugins
    _cards: Mapping[str, Datacard]
    new_names: Mapping[str, str] = attrs.field(factory=dict)
    """Names in the written cards of processes, columns and parameters, by their names in the declarations."""

    def __getitem__(self, category: str) -> Datacard:
        return self._cards[category]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cards)

    def __len__(self) -> int:
        return len(self._cards)

    def __repr__(self) -> str:
        return f"<Cards: {listing(self)}>"

    def _repr_html_(self) -> str:
        return card_html(self, self.findings)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    @property
    def model(self) -> Model:
        """All channels with what they share, as `combineCards.py` would join the cards.

        Raises:
            DeclarationError: the channels contradict each other.
        """
        return Model.of(card.channel for card in self.values())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings of all categories."""
        return Findings(finding for card in self.values() for finding in card.findings)

    @property
    def script_name(self) -> str:
        """File name of the script that combines the cards."""
        return self._names.script

    def report(self) -> str:
        """Return the findings as text."""
        return report(self.findings)

    def renamed(self, names: Mapping[str, str]) -> Cards:
        """Return the cards with other names of processes, columns and parameters; groups and formulas follow.

        Args:
            names: new names by those in the declarations. Names that no card has are left out, unless they are
                misspelt.

        Raises:
            DeclarationError: a name is misspelt or is not one that Combine accepts, two would become one, or a plugin
                writes lines with the names itself; all problems.
        """
        return Cards(self._names, self.plugins, renamed_cards(self._cards, names)) if names else self

    def plot(
        self,
        directory: str | os.PathLike[str],
        *plots: str | Plot,
        suffix: str | None = None,
        executor: ExecutorLike | None = None,
        jobs: int = 1,
    ) -> tuple[Path, ...]:
        """Draw all categories as `Datacard.plot` does, here or on workers; after a failure no file is left.

        Raises:
            DeclarationError: the options of a plot do not fit the channels.
            MissingProviderError: no selected plugin has such a plot, or it has no drawings of that format.
            PluginCallError: one of them failed.
        """
        work: dict[str, Any] = {"plugins": self.plugins, "executor": executor, "jobs": jobs}
        return draw_plots([card.channel for card in self.values()], directory, *plots, suffix=suffix, **work)

    @orderly_end()
    def dump(
        self,
        directory: str | os.PathLike[str],
        *,
        channel_masks: bool = False,
        writer: str = "combine",
        serializer: str = "root",
        names: Mapping[str, str] | None = None,
        checks: bool = True,
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
            names: names in the cards of processes, columns and parameters, by their names in the declarations; those
                of the analysis if not given.
            checks: run the checks that look for what a fit cannot use, before a file is written.
            executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to write cards on.
            jobs: without an executor, the number of processes.

        Returns:
            The paths of the files, in the order in which they appear.

        Raises:
            DeclarationError: the cards cannot be combined, the names cannot be given, or channel masks are asked for
                without a script.
            InputError: the checks found errors.
            MissingProviderError: no selected plugin has that writer or serializer.
            PluginCallError: one of them failed.
        """
        jobs, channel_masks = given_count("jobs", jobs), given_flag("channel_masks", channel_masks)
        # Before a file is written, and for all cards at once: one map may be misspelt for all of them.
        cards = self.renamed(self.new_names if names is None else names)
        if given_flag("checks", checks):
            refuse_faulty(self.plugins, Model(channels=tuple(card.channel for card in cards.values())))
        formats = Formats.of(self.plugins, writer, serializer)
        shapes = {category: self._names.shapes(category, formats.shapes_suffix) for category in cards}
        files = {category: self._names.card(category, formats.card_suffix) for category in cards}
        # Made first: cards that cannot be combined are an error before a file is written.
        script = self._script(formats, files, channel_masks=channel_masks)
        whole = ""
        contexts: tuple[CardContext, ...] = ()
        # Most writers write a card for each channel: what they would get of all channels is not made for them.
        if formats.joins_channels:
            contexts = tuple(card.files.context(shapes[category], formats) for category, card in cards.items())
            whole = text_of_all(formats.writer, contexts)
        calls = {
            category: (card, None if whole else files[category], shapes[category], writer, serializer)
            for category, card in cards.items()
        }
        # A worker writes to a directory of its own, where a file outside of it would be made too early.
        if any(leaves_directory(name) for name in (*files.values(), *shapes.values())):
            executor, jobs = None, 1
        with staging(directory) as stage:
            stage_calls(stage, _stage, calls, doing="writing cards", executor=executor, jobs=jobs)
            if whole:
                stage_losses(stage, self._names.combined(formats.card_suffix), ModelContext.of(contexts), formats)
                stage.text(self._names.combined(formats.card_suffix), whole)
            written = [self._names.combined(formats.card_suffix)] if whole else files.values()
            replace_outdated(stage, written)
            # Last, because files appear in this order and the script refers to all cards.
            if script:
                stage.text(self.script_name, script, executable=True)
        return tuple(Path(directory) / name for name in stage.names)

    def _script(self, formats: Formats, files: Mapping[str, str], *, channel_masks: bool) -> str:
        """Return the text of the script, or "" for cards of another format than Combine's."""
        if formats.is_combine:
            return combination_script(
                {files[category]: card for category, card in self.items()},
                path=self.script_name,
                card_name=self._names.combined(formats.card_suffix),
                workspace_name=self._names.workspace,
                channel_masks=channel_masks,
            )
        if channel_masks:
            raise DeclarationError(
                f"channel_masks is for the script that joins cards of Combine, and card writer "
                f"{formats.writer.name!r} writes another format: leave it out"
            )
        return ""


def _stage(
    stage: Staging, card: Datacard, card_name: str | None, shapes_name: str, writer: str, serializer: str
) -> None:
    """Write a card and its templates, or its templates alone if there is no name for the card."""
    if card_name is None:
        card.files.stage_templates(stage, shapes_name, shapes_name, Formats.of(card.plugins, writer, serializer))
    else:
        card.stage(stage, card_name, shapes_name, writer=writer, serializer=serializer)
