"""Products of a plugin as bytes and text, so that they can be compared."""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacard_core.errors import DeclarationError, InputError, MissingProviderError
from datacard_core.findings import report
from datacard_core.hookspecs import CardContext, ModelContext
from datacard_core.output.renderings import Renderer, card_text, losses_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from datacard_core.datacard import Datacard
    from datacard_core.hookspecs import Check, Plot, TemplateSerializer
    from datacard_core.model.arrays import NamedTemplates
    from datacard_core.model.channel import Channel
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins

SHAPES = "shapes.root"
"""File name of the templates, in cards and on disk."""
PROVENANCE = ("datacard_core",)
"""Provenance of every card here: without versions, so that two versions of a plugin can be compared."""

REFUSALS = (MissingProviderError, DeclarationError, InputError)
"""Errors of a card writer about a channel that it cannot write."""

_NOT_FINITE = re.compile(r"(?<![\w.])[-+]?(nan|inf|infinity)(?![\w.])", re.IGNORECASE)


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a temporary directory, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="datacard-") as name:
        yield Path(name)


def rendered(plugins: Plugins, writer: str, channel: Channel) -> str:
    """Return the text that a card writer makes of a channel, followed by what it tells that the text loses.

    Raises:
        MissingProviderError: an effect or a directive has no rendering for the writer.
        PluginError: the writer failed.
    """
    provided = plugins.writer(writer)
    card = CardContext(channel, SHAPES, PROVENANCE, Renderer.of(plugins, provided, channel))
    text = card_text(provided, card)
    if not text.strip():
        raise provided.fault(f"render returned {text!r:.80}, expected the text of a card")
    losses = losses_of(provided, ModelContext.of([card]))
    return text + report(losses, most=len(losses))


def findings_of(provided: Provided[Check], channel: Channel) -> list[Any]:
    """Return what a check finds in a channel.

    Raises:
        PluginError: the check failed.
    """
    with provided.blamed(f"running check {provided.value.name!r} on channel {channel.bin!r}") as check:
        return list(check.run(channel))


def texts(findings: Iterable[object]) -> list[str]:
    """Return findings as the product of a check."""
    return [str(finding) for finding in findings]


def drawn_by(provided: Provided[Plot], channel: Channel, scratch: Path) -> bytes | None:
    """Return the file of a plot, or None if there is no file.

    Raises:
        PluginError: the plot failed.
    """

    def draw(path: Path) -> None:
        with provided.blamed(f"drawing channel {channel.bin!r}") as plot:
            plot.draw(channel, path)

    return written_by(draw, scratch / f"{provided.value.name}_{channel.bin}{provided.value.suffix}")


def stored_by(provided: Provided[TemplateSerializer], templates: NamedTemplates, path: Path) -> bytes | None:
    """Return the file of a template serializer, or None if there is no file.

    Raises:
        PluginError: the serializer failed.
    """

    def write(path: Path) -> None:
        # In a folder of its own, as the core gives it: a serializer may empty the folder.
        with folder() as empty, provided.blamed(f"writing {path.name}") as serializer:
            serializer.write(templates, empty / path.name)
            shutil.move(empty / path.name, path)

    return written_by(write, path)


def written_by(write: Callable[[Path], object], path: Path) -> bytes | None:
    """Return the content of the new file that a function writes, or None if it writes no file."""
    # Without this the file of an earlier call would count as written.
    clear(path)
    write(path)
    return path.read_bytes() if path.is_file() else None


def clear(path: Path) -> None:
    """Make room for a file: what a plugin left at its place is removed, and its folder made if it has gone."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)


def card_contents(card: Datacard) -> tuple[str, str, bytes]:
    """Return the text of a card by the writer `combine`, and the names and contents of its templates.

    Equal contents make equal files, so no file is written: a serializer would take most of the time of a trial.
    """
    named = card.channel.templates()
    arrays = (named.templates.values, named.templates.variances, named.axis.edges)
    return card.content(SHAPES), "\n".join(named.names), b"".join(array.tobytes() for array in arrays)


def is_finite(text: str) -> bool:
    """Return True if no word of a line is `nan` or `inf`."""
    return _NOT_FINITE.search(text) is None
