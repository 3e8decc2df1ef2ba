"""Reading of cards that stand in files, in the languages of the selected plugins."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from datacard_core.errors import InputError
from datacard_core.findings import CardError, Severity
from datacard_core.hookspecs import CardFile, ReadCard
from datacard_core.inputs.paths import expanded
from datacard_core.plugins.calling import findings_of, shown
from datacard_core.plugins.manager import load_plugins

if TYPE_CHECKING:
    import os

    from datacard_core.plugins.manager import Plugins


def read_card(
    path: str | os.PathLike[str], *, lenient: bool = False, reader: str = "combine", plugins: Plugins | None = None
) -> ReadCard:
    """Read a card, of this package or of any other maker.

    The card keeps the text as it is: order, blanks, comments and unknown lines. `findings` has its peculiarities.

    Args:
        path: the file; a name that ends in `.gz` is unzipped.
        lenient: take all that Combine takes. Without it, lines that Combine takes and silently means otherwise are
            errors; with it they are warnings.
        reader: the card reader, which stands for the language of the card.
        plugins: the selected plugins, the built-in set if not given.

    Raises:
        CardError: the card has errors; all of them, each with line and column.
        InputError: the file cannot be read.
        MissingProviderError: no selected plugin has that reader.
        PluginCallError: the reader failed.
    """
    provided = (load_plugins() if plugins is None else plugins).reader(reader)
    path = Path(expanded(path))
    file = CardFile(path=path, content=_content(path), lenient=lenient)
    with provided.blamed(f"reading {path}") as its:
        card = its.read(file)
        findings = findings_of(card.findings) if isinstance(card, ReadCard) else []
    if not isinstance(card, ReadCard):
        raise provided.fault(f"reading {path}: got {shown(card)}, expected a ReadCard")
    if errors := [finding for finding in findings if finding.severity is Severity.ERROR]:
        raise CardError(errors)
    return card


def _content(path: Path) -> bytes:
    """Return the bytes of a file, unzipped.

    Raises:
        InputError: it cannot be read.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"the card {path} cannot be read: {error}") from error
