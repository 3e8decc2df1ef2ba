"""Writing of models, one card of several channels with their templates, and of cards that were read."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from datacard_core.arguments import given_flag
from datacard_core.checks.calls import refuse_faulty
from datacard_core.errors import DeclarationError, ExistingFileError
from datacard_core.execution.signals import orderly_end
from datacard_core.grammar import stated_templates, templates_line
from datacard_core.hookspecs import ModelContext
from datacard_core.inputs.paths import expanded
from datacard_core.names import duplicates, listing
from datacard_core.output.bins.axes import stage_axes
from datacard_core.output.channel_files import ChannelFiles
from datacard_core.output.formats import Formats
from datacard_core.output.losses import replace_outdated, stage_losses
from datacard_core.output.renderings import text_of_model
from datacard_core.output.staging import ZIPPED, staging
from datacard_core.plugins.manager import load_plugins
from datacard_core.reading import template_reader

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from datacard_core.findings import Finding
    from datacard_core.hookspecs import LinkedFile, ReadCard
    from datacard_core.model.channel import Channel
    from datacard_core.model.model import Model
    from datacard_core.output.staging import Staging
    from datacard_core.plugins.manager import Plugins


def write_model(
    model: Model,
    path: str | os.PathLike[str],
    *,
    writer: str = "combine",
    serializer: str = "root",
    plugins: Plugins | None = None,
    checks: bool = True,
    strict: bool = False,
) -> tuple[Path, ...]:
    """Write one card of all channels of a model, and a file of templates for each channel beside it.

    After a failure all files are as before. The files of templates are called after the card and the channel, such as
    `card_SR.root`. Statements that the format of the writer leaves out or says differently are told in a file beside
    the card, such as `card.json_losses.txt`.

    Args:
        model: the model.
        path: the card, which is zipped if its name ends in `.gz`; its directory is made if it does not exist.
        writer: the card writer.
        serializer: the template serializer.
        plugins: the selected plugins, the built-in set if not given.
        checks: run the checks that look for what a fit cannot use, before a file is written.
        strict: whether losses are an error.

    Returns:
        The paths of the files, the card last.

    Raises:
        DeclarationError: the model contradicts itself, or the writer cannot express it, with `strict` as it is.
        InputError: the checks found errors.
        MissingProviderError: no selected plugin has that writer or serializer.
        PluginCallError: one of them failed.
    """
    plugins = load_plugins() if plugins is None else plugins
    return written(model, path, Formats.of(plugins, writer, serializer), plugins, checks=checks, strict=strict)[0]


@orderly_end()
def written(
    model: Model,
    path: str | os.PathLike[str],
    formats: Formats,
    plugins: Plugins,
    *,
    checks: bool = True,
    strict: bool = False,
) -> tuple[tuple[Path, ...], tuple[Finding, ...]]:
    """Write one card as `write_model` does, and return the paths of the files and the losses."""
    path = Path(expanded(path))
    if problems := list(_problems(model)):
        raise DeclarationError(problems)
    if given_flag("checks", checks):
        refuse_faulty(plugins, model)
    files = [(ChannelFiles(channel, plugins), _file_name(path, channel, formats)) for channel in model.channels]
    contexts = tuple(of.context(name, formats) for of, name in files)
    context = ModelContext.of(contexts, model)
    text = text_of_model(formats.writer, context)
    with staging(path.parent) as stage:
        losses = stage_losses(stage, path.name, context, formats)
        stage_axes(stage, path.name, model.channels)
        if strict and losses:
            message = f"card writer {formats.writer.name!r} cannot write the model as it is"
            raise DeclarationError(f"{message}: {finding}" for finding in losses)
        comments = [of.stage_templates(stage, path.name, name, formats) for of, name in files if name]
        replace_outdated(stage, [path.name])
        stage.text(path.name, text + "".join(comments))
    return tuple(path.parent / name for name in stage.names), losses


def _file_name(card: Path, channel: Channel, formats: Formats) -> str:
    """Return the name of the file with the templates of a channel, empty if it has none."""
    # A file for each channel: all templates of one file have the same bins.
    needed = channel.has_templates and formats.needs_templates
    return f"{Path(card.name.removesuffix(ZIPPED)).stem}_{channel.bin}{formats.shapes_suffix}" if needed else ""


def _problems(model: Model) -> Iterator[str]:
    if not model.channels:
        yield "the model has no channels"
    for channel in model.channels:
        for name in duplicates(channel.template_names()):
            yield (
                f"channel {channel.bin!r}: two templates would be called {name!r}, because a process and a nuisance "
                "join to the same text as another process and another nuisance: rename one of them"
            )


def write_card(
    card: ReadCard, path: str | os.PathLike[str], *, overwrite: bool = False, plugins: Plugins | None = None
) -> tuple[Path, ...]:
    """Write a card that was read, edited or not, with copies of the files that it names.

    Templates have the names that the card gives them, and all else in their files stays. Files that lie outside the
    directory of the card that was read are copied beside the new card. After a failure all files are as before.

    Args:
        card: the card.
        path: the new card; its directory is made if it does not exist. A name that ends in `.gz` is zipped.
        overwrite: replace the card that was read, and its files, if the new ones have their paths.
        plugins: the selected plugins, the built-in set if not given.

    Returns:
        The paths of the files, the card last.

    Raises:
        DeclarationError: two files would be one.
        ExistingFileError: a file that was read would be replaced.
        InputError: names in a file of templates cannot be changed.
    """
    return write_cards({Path(expanded(path)): card}, overwrite=overwrite, plugins=plugins)


@orderly_end()
def write_cards(
    cards: Mapping[Path, ReadCard], *, overwrite: bool = False, plugins: Plugins | None = None
) -> tuple[Path, ...]:
    """Write several cards as `write_card` does, those that share a file with one copy of it."""
    plugins = load_plugins() if plugins is None else plugins
    new = [_New(path, card.path, *card.bundled()) for path, card in cards.items()]
    files: dict[Path, list[LinkedFile]] = {}
    for one in new:
        for file in one.files:
            files.setdefault(one.path.parent / file.name, []).append(file)
    for path, its in files.items():
        if len(sources := {file.source.resolve(): None for file in its}) > 1:
            raise DeclarationError(f"{listing(sources)} would all be copied to {path}: rename one of them")
    if not overwrite:
        _check_places(new, files)
    # From the current directory, as cards may go to several.
    with staging(Path()) as stage:
        digests = {path: _copied(stage, path, its, plugins) for path, its in files.items()}
        for one in new:
            content = one.content(digests)
            stage.content(one.path, gzip.compress(content, mtime=0) if one.path.suffix == ".gz" else content)
    return tuple(map(Path, stage.names))


@attrs.frozen
class _New:
    """A card that is written."""

    path: Path
    source: Path
    text: str
    files: Sequence[LinkedFile]

    def content(self, digests: Mapping[Path, str]) -> bytes:
        """Return the bytes of the card; comments that state the hashes of copied files are made anew."""
        new = {file.source.resolve(): self.path.parent / file.name for file in self.files}
        lines = []
        for line in self.text.splitlines(keepends=True):
            body = line.rstrip("\r\n")
            if stated := stated_templates(body):
                source, digest = (self.source.parent / stated[0]).resolve(), stated[1]
                # A hash that was wrong stays wrong: the templates are those of another run still.
                if (copy := new.get(source)) is not None and digest == _digest(source):
                    name = os.path.relpath(copy, self.path.parent)
                    line = templates_line(name, digests[copy]) + line[len(body) :]  # noqa: PLW2901
            lines.append(line)
        return "".join(lines).encode("utf-8", "surrogateescape")


def _check_places(cards: Iterable[_New], files: Mapping[Path, Sequence[LinkedFile]]) -> None:
    read = {card.source.resolve() for card in cards} | {file.source.resolve() for its in files.values() for file in its}
    written = [*files, *(card.path for card in cards)]
    if same := [str(path) for path in written if path.resolve() in read]:
        raise ExistingFileError(f"{listing(same)} would be replaced: write the card to another directory, or overwrite")


def _copied(stage: Staging, path: Path, files: Sequence[LinkedFile], plugins: Plugins) -> str:
    """Write a copy of a file that cards name, and return its SHA-256."""
    source = files[0].source

    def new_names(present: Collection[str]) -> dict[str, list[str]]:
        names: dict[str, dict[str, None]] = {}
        for file in files:
            for old, new in file.new_names(present).items():
                names.setdefault(old, {}).update(dict.fromkeys(new))
        taken = {name for new in names.values() for name in new}
        # An object that no card uses goes if its name is that of another one in the copy.
        return {name: list(names.get(name, () if name in taken else (name,))) for name in present}

    if not any(file.is_renamed for file in files):
        # A file that stays where it is needs no copy.
        if path.resolve() != source.resolve():
            shutil.copyfile(source, stage.path(path))
        return _digest(source)
    temporary = stage.path(path)
    provided = template_reader(plugins, source)
    with provided.blamed(f"copying the templates {source}") as reader:
        reader.copy(source, temporary, new_names)
    if problem := stage.problem(temporary):
        raise provided.fault(f"copying the templates {source}: it {problem}")
    return _digest(temporary)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
