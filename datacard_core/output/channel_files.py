"""Files of one channel: its card, templates and plots."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from datacard_core.errors import MissingProviderError
from datacard_core.hookspecs import CardContext
from datacard_core.output.provenance import provenance
from datacard_core.output.renderings import Renderer, card_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from datacard_core.model.channel import Channel
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

    def text(self, shapes_name: str, *, writer: str, serializer: str) -> str:
        """Return the text of the card, which names the file of the templates."""
        provided = self.plugins.writer(writer)
        rendered = Renderer.of(self.plugins, provided, self.channel)
        lines = provenance(self.plugins, self.channel, writer, rendered.contributed, serializer, self.source)
        return card_text(provided, CardContext(self.channel, shapes_name, lines, rendered))

    def stage_card(self, stage: Staging, card_name: str, shapes_name: str, text: str, *, serializer: str) -> None:
        """Write the text of the card and the templates together with further files, the card last."""
        provided = self.plugins.serializer(serializer)
        path, templates = stage.path(shapes_name), self.channel.templates()
        doing = f"writing the templates of channel {self.channel.bin!r}"
        with _file_expected(provided, path, doing) as template_serializer:
            template_serializer.write(templates, path)
        stage.text(card_name, text)

    def stage_plots(self, stage: Staging, plots: Iterable[str], advance: Callable[[], None]) -> tuple[str, ...]:
        """Draw the channel together with further files.

        Args:
            stage: the files that appear together.
            plots: names of plots; all plots of the selected plugins if there is no name.
            advance: called after each plot.

        Returns:
            The names of the files.
        """
        chosen = tuple(plots) or tuple(self.plugins.plots)
        if not chosen:
            raise MissingProviderError("no selected plugin draws a plot: select one that does, such as 'plots'")
        doing = f"drawing channel {self.channel.bin!r}"
        names = []
        for name in chosen:
            provided = self.plugins.plot(name)
            with provided.blamed(doing) as plot:
                names.append(f"{name}_{self.channel.bin}{plot.suffix}")
            path = stage.path(names[-1])
            with _file_expected(provided, path, doing) as plot:
                plot.draw(self.channel, path)
            advance()
        return tuple(names)


@contextmanager
def _file_expected(provided: Provided[Contribution], path: Path, doing: str) -> Iterator[Contribution]:
    """Call a plugin that is to write a file.

    Raises:
        PluginCallError: the plugin failed, or left no file, or an empty one.
    """
    with provided.blamed(doing) as contribution:
        yield contribution
    if not path.is_file() or not path.stat().st_size:
        raise provided.fault(f"{doing}: it left {'an empty' if path.is_file() else 'no'} file {path.name!r}")
