"""Files of one channel: its card and templates."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from datacard_core.errors import PluginCallError
from datacard_core.grammar import templates_line
from datacard_core.hookspecs import CardContext, ModelContext
from datacard_core.names import listing
from datacard_core.output.bins.axes import stage_axes
from datacard_core.output.losses import stage_losses
from datacard_core.output.moves import Move
from datacard_core.output.provenance import provenance
from datacard_core.output.renderings import Renderer, card_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from datacard_core.model.channel import Channel
    from datacard_core.output.formats import Formats
    from datacard_core.output.staging import Staging
    from datacard_core.plugins.calling import Contribution, Provided
    from datacard_core.plugins.manager import Plugins


@attrs.frozen(eq=False)
class ChannelFiles:
    """The files that plugins make of one channel."""

    channel: Channel
    plugins: Plugins
    source: str | None = None
    """Name of the histogram source that read the output; None if `load_output` did."""

    def context(self, shapes_name: str, formats: Formats) -> CardContext:
        """Return what a writer gets; the name of the templates' file is empty if it needs none."""
        rendered = Renderer.of(self.plugins, formats.writer, self.channel)
        lines = provenance(
            self.plugins,
            self.channel,
            formats.writer.name,
            rendered.contributed,
            formats.serializer,
            self.source,
        )
        # A comment is one line, and a reason may be a text of several.
        reasons = {finding.code: " ".join(finding.accepted.split()) for finding in self.channel.findings}
        lines += tuple(f"accepted [{code}]: {reason}" for code, reason in reasons.items() if reason)
        lines += tuple(f"{old!r} of the analysis is {new!r}" for new, old in self.channel.old_names.items())
        if self.channel.blindness is not None:
            lines += (self.channel.blindness.text(self.channel.bin),)
        shapes_name = shapes_name if formats.needs_templates else ""
        return CardContext(self.channel, shapes_name, lines, rendered, formats.patterns)

    def text(self, shapes_name: str, formats: Formats) -> str:
        """Return the text of the card, which names the file of the templates."""
        return card_text(formats.writer, self.context(shapes_name, formats))

    def stage_card(self, stage: Staging, card_name: str, shapes_name: str, text: str, formats: Formats) -> None:
        """Write the text of the card and the templates together with further files, the card last.

        Combine's cards end with the hash of their templates, by which a reader notices templates of another run.
        """
        comment = self.stage_templates(stage, card_name, shapes_name, formats)
        if formats.has_losses:
            context = self.context(stage.reference(shapes_name, within=card_name), formats)
            stage_losses(stage, card_name, ModelContext.of([context]), formats)
        stage_axes(stage, card_name, [self.channel])
        gap = "" if text.endswith("\n") or not comment else "\n"
        stage.text(card_name, text + gap + comment)

    def stage_templates(self, stage: Staging, card_name: str, shapes_name: str, formats: Formats) -> str:
        """Write the templates together with further files, if cards need them.

        Returns:
            The line with their hash for the end of a Combine card, empty for other cards.
        """
        if not formats.needs_templates:
            return ""
        provided = self.plugins.serializer(formats.serializer)
        path, templates = stage.path(shapes_name), self.channel.templates()
        doing = f"writing the templates of channel {self.channel.bin!r}"
        with files_expected(provided, stage, [path], doing) as serializer:
            serializer.write(templates, path)
        if not formats.is_combine:
            return ""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return f"{templates_line(stage.reference(shapes_name, within=card_name), digest)}\n"


@contextmanager
def files_expected(
    provided: Provided[Contribution], stage: Staging, paths: Sequence[Path], doing: str
) -> Iterator[Contribution]:
    """Call a plugin that is to write files.

    Raises:
        PluginCallError: the plugin failed, left no file, an empty one or a link, or wrote outside of its folder.
    """
    finals = [os.fspath(Move.of(path).final) for path in paths]
    doing = f"{doing} to {listing(map(repr, finals), 3)}"
    try:
        with provided.blamed(doing) as contribution:
            yield contribution
    except PluginCallError as error:
        # The plugin knows the hidden paths alone, and its message is read when they are gone.
        for path, final in zip(paths, finals, strict=True):
            error.args = (str(error).replace(os.fspath(path), final),)
        raise
    for path in paths:
        if problem := stage.problem(path):
            raise provided.fault(f"{doing}: it {problem}")
