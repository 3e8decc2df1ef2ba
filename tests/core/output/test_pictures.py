"""Pictures of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from datacard_core import DeclarationError, MissingProviderError, Plot, PluginCallError, load_plugins, picture
from tests.support.channels import channel
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from datacard_core import Channel


class Bin(Plot):
    """A plot that writes the name of the bin, and fails for files of another format."""

    name: ClassVar[str] = "bin"
    suffixes: ClassVar[Sequence[str]] = (".svg", ".png")

    def draw(self, channel: Channel, path: Path) -> None:
        if path.suffix == ".png":
            raise OSError(path.name)
        path.write_text(f"{channel.bin} in {path.suffix}", encoding="utf-8")


@pytest.mark.slow
def test_formats() -> None:
    """The plot gets a path of the wanted format, and only a format of notebooks is shown there."""
    plugins = load_plugins(Provider("acme", Bin()))
    svg, pdf = (picture(channel(), "bin", suffix=suffix, plugins=plugins) for suffix in (".svg", ".pdf"))
    assert (svg.name, svg.content) == ("bin_SR_2022_2023.svg", b"SR_2022_2023 in .svg")
    assert (svg._repr_svg_(), svg._repr_png_()) == ("SR_2022_2023 in .svg", None)
    assert (pdf._repr_svg_(), pdf._repr_png_()) == (None, None)
    assert repr(pdf) == "Picture(name='bin_SR_2022_2023.pdf')"


def test_faults() -> None:
    """An unknown format, a failing plot and another object than a channel are told."""
    plugins = load_plugins(Provider("acme", Bin()))
    with pytest.raises(MissingProviderError, match=r"no files of the format '\.gif'; it has \.pdf, \.svg, \.png"):
        picture(channel(), "bin", suffix=".gif", plugins=plugins)
    with pytest.raises(PluginCallError, match="drawing channel 'SR_2022_2023'"):
        picture(channel(), "bin", suffix=".png", plugins=plugins)
    with pytest.raises(DeclarationError, match="expected a Channel"):
        picture("SR")  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "begin"), [(".svg", b"<?xml"), (".png", b"\x89PNG")])
def test_stack(suffix: str, begin: bytes) -> None:
    """The built-in stack has both formats of notebooks, with equal bytes."""
    first, again = (picture(channel(), suffix=suffix) for _ in range(2))
    assert first.content.startswith(begin)
    assert first.content == again.content
