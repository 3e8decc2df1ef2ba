"""The serializer `root`: templates as TH1D objects in a flat ROOT file.

`root-lz4`, `root-zlib` and `root-zstd` write the same objects compressed. All templates of one call share their axis:
their records differ in names, contents and statistics only. uproot therefore serialises a single record, and numpy
fills in the values of all templates. This takes a hundredth of the time that uproot needs to write them one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from datacard_core import TemplateSerializer, hookimpl
from datacard_root.reading import RootReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from datacard_core import NamedTemplates, TemplateReader

COMPRESSIONS: Mapping[str, tuple[str, int]] = {"lz4": ("LZ4", 4), "zlib": ("ZLIB", 1), "zstd": ("ZSTD", 1)}
"""Name of the class in uproot, and the level: the default of ROOT for lz4, and the fastest level otherwise."""


@attrs.frozen
class RootSerializer(TemplateSerializer):
    """Serializer that writes one TH1D per template, with Sumw2, in the given order.

    Uncompressed files are the default: they are the fastest to write, and every reader supports them. With "lz4",
    writing takes twice as long, and files are 20 to 40 % smaller. uproot 4 reads and writes "lz4" only if the package
    xxhash is installed, which it does not require itself. ROOT reads both equally fast.
    """

    name: ClassVar[str] = "root"
    suffix: ClassVar[str] = ".root"
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
        # uproot takes half a second to import, and most processes that load the plugin write no templates.
        from datacard_root.writing import write_templates  # noqa: PLC0415

        write_templates(templates, path, self.compression)


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


@hookimpl
def datacard_template_readers() -> Iterable[TemplateReader]:
    """Contribute the reader of histograms in ROOT files."""
    return (RootReader(),)
