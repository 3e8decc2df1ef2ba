"""Writing of models: one card of several channels, with their templates beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datacard_core.errors import DeclarationError
from datacard_core.execution.signals import orderly_end
from datacard_core.hookspecs import ModelContext
from datacard_core.inputs.paths import expanded
from datacard_core.names import duplicates
from datacard_core.output.channel_files import ChannelFiles
from datacard_core.output.formats import Formats
from datacard_core.output.renderings import text_of_model
from datacard_core.output.staging import staging
from datacard_core.plugins.manager import load_plugins

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from datacard_core.model.channel import Channel
    from datacard_core.model.model import Model
    from datacard_core.plugins.manager import Plugins


@orderly_end()
def write_model(
    model: Model,
    path: str | os.PathLike[str],
    *,
    writer: str = "combine",
    serializer: str = "root",
    plugins: Plugins | None = None,
) -> tuple[Path, ...]:
    """Write one card of all channels of a model, and a file of templates for each channel beside it.

    After a failure all files are as before. The files of templates are called after the card and the channel, such as
    `card_SR.root`.

    Args:
        model: the model.
        path: the card; its directory is made if it does not exist.
        writer: the card writer.
        serializer: the template serializer.
        plugins: the selected plugins, the built-in set if not given.

    Returns:
        The paths of the files, the card last.

    Raises:
        DeclarationError: the model contradicts itself, or the writer cannot express it.
        MissingProviderError: no selected plugin has that writer or serializer.
        PluginCallError: one of them failed.
    """
    plugins = load_plugins() if plugins is None else plugins
    path = Path(expanded(path))
    if problems := list(_problems(model)):
        raise DeclarationError(problems)
    formats = Formats.of(plugins, writer, serializer)
    files = [(ChannelFiles(channel, plugins), _file_name(path, channel, formats)) for channel in model.channels]
    contexts = tuple(of.context(name, formats) for of, name in files)
    provenance = tuple(dict.fromkeys(line for context in contexts for line in context.provenance))
    text = text_of_model(formats.writer, ModelContext(model, contexts, provenance))
    with staging(path.parent) as stage:
        comments = [of.stage_templates(stage, path.name, name, formats) for of, name in files if name]
        stage.text(path.name, text + "".join(comments))
    return tuple(path.parent / name for name in stage.names)


def _file_name(card: Path, channel: Channel, formats: Formats) -> str:
    """Return the name of the file with the templates of a channel, empty if it has none."""
    # A file for each channel: all templates of one file have the same bins.
    needed = channel.has_templates and formats.needs_templates
    return f"{card.stem}_{channel.bin}{formats.shapes_suffix}" if needed else ""


def _problems(model: Model) -> Iterator[str]:
    if not model.channels:
        yield "the model has no channels"
    for channel in model.channels:
        for name in duplicates(channel.template_names()):
            yield (
                f"channel {channel.bin!r}: two templates would be called {name!r}, because a process and a nuisance "
                "join to the same text as another process and another nuisance: rename one of them"
            )
