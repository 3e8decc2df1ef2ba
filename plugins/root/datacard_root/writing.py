"""Writing of templates to a ROOT file: checks first, then records block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_root.checks import check_finite, check_shapes
from datacard_root.file.buffers import tstring
from datacard_root.file.compression import Compressor
from datacard_root.file.identity import identity
from datacard_root.file.tfile import check_size, write_file
from datacard_root.histograms.records import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datacard_core import NamedTemplates
    from datacard_root.file.tfile import Block

BLOCK = 512
"""Number of templates that are filled in at once, small enough for their records to stay in the processor's cache."""


def write_templates(templates: NamedTemplates, path: Path, compression: str | None) -> None:
    """Write templates to a new file.

    Args:
        templates: Names, values and variances, and their common axis.
        path: The file to write.
        compression: Name in `COMPRESSIONS`, or None for no compression.

    Raises:
        DatacardError: As `RootSerializer.write` says.
    """
    # Every check comes before the file is opened: a refusal leaves no half-written file.
    check_shapes(templates)
    names = [tstring(name.encode()) for name in templates.names]
    pattern = Pattern.of(templates.axis)
    check_size(names, pattern.size)
    check_finite(templates)
    compressor = Compressor.of(compression)
    with path.open("wb") as file:
        blocks = _blocks(names, templates, pattern, compressor)
        write_file(file, blocks, identity(templates, compressor.code), compressor.code)


def _blocks(names: list[bytes], templates: NamedTemplates, pattern: Pattern, compressor: Compressor) -> Iterator[Block]:
    """Yield names as TStrings, records as stored in the file, and the lengths of the records before compression."""
    for start in range(0, len(names), BLOCK):
        block = slice(start, start + BLOCK)
        records = pattern.fill(names[block], templates.templates.values[block], templates.templates.variances[block])
        yield names[block], compressor(records), [len(record) for record in records]
