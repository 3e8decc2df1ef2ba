"""Products of a plugin as bytes and text, so that they can be compared."""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from datacard_core.hookspecs import CardContext
from datacard_core.output.renderings import Renderer, card_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datacard_core.datacard import Datacard
    from datacard_core.model.channel import Channel
    from datacard_core.plugins.manager import Plugins

SHAPES = "shapes.root"
"""File name of the templates, in cards and on disk."""
PROVENANCE = ("datacard_core",)
"""Provenance of every card here: without versions, so that two versions of a plugin can be compared."""

_NOT_FINITE = re.compile(r"(?<![\w.])[-+]?(nan|inf|infinity)(?![\w.])", re.IGNORECASE)


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a temporary directory, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="datacard-") as name:
        yield Path(name)


def rendered(plugins: Plugins, writer: str, channel: Channel) -> str:
    """Return the text that a card writer makes of a channel.

    Raises:
        MissingProviderError: an effect or a directive has no rendering for the writer.
        PluginError: the writer failed.
    """
    provided = plugins.writer(writer)
    text = card_text(provided, CardContext(channel, SHAPES, PROVENANCE, Renderer.of(plugins, provided, channel)))
    if not text.strip():
        raise provided.fault(f"render returned {text!r:.80}, expected the text of a card")
    return text


def written_by(write: Callable[[Path], object], path: Path) -> bytes | None:
    """Return the content of the new file that a function writes, or None if it writes no file."""
    # Without this the file of an earlier call would count as written.
    path.unlink(missing_ok=True)
    write(path)
    return path.read_bytes() if path.is_file() else None


def card_bytes(card: Datacard, scratch: Path) -> tuple[str, bytes | None]:
    """Return the text of a card by the writer `combine`, and its templates as a file by the serializer `root`."""
    serializer = card.plugins.serializer("root").value
    templates = card.channel.templates()
    return card.content(SHAPES), written_by(lambda path: serializer.write(templates, path), scratch / SHAPES)


def is_finite(text: str) -> bool:
    """Return True if no word of a line is `nan` or `inf`."""
    return _NOT_FINITE.search(text) is None
