"""What becomes of a channel: text, templates, a picture; as bytes, to be compared."""

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
PROVENANCE = ("datacard_core",)


@contextmanager
def folder() -> Iterator[Path]:
    """A directory that is there for a moment."""
    with tempfile.TemporaryDirectory(prefix="datacard-") as name:
        yield Path(name)


def rendered(plugins: Plugins, writer: str, channel: Channel) -> str:
    """The text of a card as a writer has it.

    Raises:
        MissingProviderError: nobody renders an effect or a directive for it.
        PluginError: it failed.
    """
    provided = plugins.writer(writer)
    text = card_text(provided, CardContext(channel, SHAPES, PROVENANCE, Renderer.of(plugins, provided, channel)))
    if not text.strip():
        raise provided.fault(f"render returned {text!r:.80}, expected the text of a card")
    return text


def written_by(write: Callable[[Path], object], path: Path) -> bytes | None:
    """What a function writes to a new file; None if it leaves none."""
    path.unlink(missing_ok=True)
    write(path)
    return path.read_bytes() if path.is_file() else None


def card_bytes(card: Datacard, scratch: Path) -> tuple[str, bytes | None]:
    """The text of a card by `combine`, and its templates by `root`, which are written to a directory and read again."""
    serializer = card.plugins.serializer("root").value
    templates = card.channel.templates()
    return card.content(SHAPES), written_by(lambda path: serializer.write(templates, path), scratch / SHAPES)


_NOT_FINITE = re.compile(r"(?<![\w.])[-+]?(nan|inf|infinity)(?![\w.])", re.IGNORECASE)


def is_finite(text: str) -> bool:
    """Whether no number in a line is infinite, or none at all."""
    return _NOT_FINITE.search(text) is None
