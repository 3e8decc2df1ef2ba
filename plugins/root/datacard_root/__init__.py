"""The serializer `root`: templates as TH1D objects in a flat ROOT file.

`root-lz4`, `root-zlib` and `root-zstd` write the same objects compressed. All templates of one call share their axis:
their records differ in names, contents and statistics only. uproot therefore serialises a single record, and numpy
fills in the values of all templates. This takes a hundredth of the time that uproot needs to write them one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from datacard_core import TemplateSerializer, hookimpl
from datacard_root.buffers import tstring
from datacard_root.checks import check_finite, check_shapes
from datacard_root.compression import COMPRESSIONS, Compressor
from datacard_root.identity import identity
from datacard_root.records import Pattern
from datacard_root.tfile import check_size, write_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from datacard_core import NamedTemplates
    from datacard_root.tfile import Block

BLOCK = 512
"""Number of templates that are filled in at once, small enough for their records to stay in the processor's cache."""


@attrs.frozen
class RootSerializer(TemplateSerializer):
    """Serializer that writes one TH1D per template, with Sumw2, in the given order.

    Uncompressed files are the default: they are the fastest to write, and every reader supports them. With "lz4",
    writing takes twice as long, and files are 20 to 40 % smaller. uproot 4 reads and writes "lz4" only if the package
    xxhash is installed, which it does not require itself. ROOT reads both equally fast.
    """

    name: ClassVar[str] = "root"
    compression: str | None = attrs.field(
        default=None, kw_only=True, validator=attrs.validators.in_((None, *COMPRESSIONS))
    )
    """Name in `COMPRESSIONS`, or None for no compression."""

    def write(self, templates: NamedTemplates, path: Path) -> None:
        """Write a new file. Equal templates give equal bytes.

        Args:
            templates: Names, values and variances, and their common axis.
            path: The file to write.

        Raises:
            DatacardError: Two templates share a name, a content is not finite, a shape disagrees with the axis, or
                the file would exceed the 2 GB that 32-bit positions in ROOT files can address.
        """
        # Every check comes before the file is opened: a refusal leaves no half-written file.
        check_shapes(templates)
        names = [tstring(name.encode()) for name in templates.names]
        pattern = Pattern.of(templates.axis)
        check_size(names, pattern.size)
        check_finite(templates)
        compressor = Compressor.of(self.compression)
        with path.open("wb") as file:
            blocks = _blocks(names, templates, pattern, compressor)
            write_file(file, blocks, identity(templates, compressor.code), compressor.code)


def _blocks(names: list[bytes], templates: NamedTemplates, pattern: Pattern, compressor: Compressor) -> Iterator[Block]:
    """Yield names as TStrings, records as stored in the file, and the lengths of the records before compression."""
    for start in range(0, len(names), BLOCK):
        block = slice(start, start + BLOCK)
        records = pattern.fill(names[block], templates.templates.values[block], templates.templates.variances[block])
        yield names[block], compressor(records), [len(record) for record in records]


@attrs.frozen
class RootLZ4Serializer(RootSerializer):
    """Serializer like `root`, compressed with LZ4."""

    name: ClassVar[str] = "root-lz4"
    compression: str | None = attrs.field(default="lz4", kw_only=True)


@attrs.frozen
class RootZlibSerializer(RootSerializer):
    """Serializer like `root`, compressed with ZLIB."""

    name: ClassVar[str] = "root-zlib"
    compression: str | None = attrs.field(default="zlib", kw_only=True)


@attrs.frozen
class RootZstdSerializer(RootSerializer):
    """Serializer like `root`, compressed with ZSTD."""

    name: ClassVar[str] = "root-zstd"
    compression: str | None = attrs.field(default="zstd", kw_only=True)


@hookimpl
def datacard_template_serializers() -> Iterable[TemplateSerializer]:
    """Contribute root and its three compressed variants."""
    return (RootSerializer(), RootLZ4Serializer(), RootZlibSerializer(), RootZstdSerializer())
