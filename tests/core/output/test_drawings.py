"""Plots of channels as files: plots with options, files of several names, and work in processes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

import attrs
import pytest

from datacard_core import DeclarationError, MissingProviderError, Plot, PluginCallError, draw_plots
from datacard_core.output.drawings import MOST_TOGETHER
from tests.support.channels import channel
from tests.support.plots import Names, Yields, contents, with_plots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from datacard_core import Channel


@attrs.frozen
class Pages(Plot):
    """Some files of a channel, each with the process that drew it and the number of files of that call."""

    name: ClassVar[str] = "pages"
    suffix: ClassVar[str] = ".txt"
    suffixes: ClassVar[Sequence[str]] = (".csv",)
    count: int = 1

    def problems(self, channels: Sequence[Channel]) -> Iterable[str]:
        return ["there is no page"] if not self.count and channels else []

    def names(self, channel: Channel) -> Sequence[str]:
        return [f"{channel.bin}_{number}" for number in range(self.count)]

    def draw_files(self, channel: Channel, paths: Mapping[str, Path]) -> None:
        for name, path in paths.items():
            path.write_text(f"{name} {len(paths)} {os.getpid()} {channel.bin}")

    def draw(self, channel: Channel, path: Path) -> None:
        raise NotImplementedError


def test_plot_with_options(tmp_path: Path) -> None:
    """A plot as an object is drawn with its own options, and one by name with those of the plugin."""
    paths = draw_plots(channel(), tmp_path, Pages(2), "yields", plugins=with_plots(Pages(), Yields()))
    assert [path.name for path in paths] == ["SR_2022_2023_0.txt", "SR_2022_2023_1.txt", "yields_SR_2022_2023.txt"]
    assert {path.name for path in paths} == set(contents(tmp_path))


def test_class_of_no_plugin(tmp_path: Path) -> None:
    """A plot whose class no selected plugin contributes is refused."""
    with pytest.raises(MissingProviderError, match="no selected plugin provides plots of the class Pages"):
        draw_plots(channel(), tmp_path, Pages(), plugins=with_plots(Yields()))


def test_options_that_do_not_fit(tmp_path: Path) -> None:
    """Problems of the options are an error before a file is drawn."""
    with pytest.raises(DeclarationError, match="there is no page"):
        draw_plots(channel(), tmp_path / "new", "yields", Pages(0), plugins=with_plots(Yields(), Pages()))
    assert not (tmp_path / "new").exists()


def test_format(tmp_path: Path) -> None:
    """All files have the format that is asked for, and a plot without it is refused."""
    plugins = with_plots(Pages(), Names())
    (path,) = draw_plots(channel(), tmp_path, Pages(), suffix=".csv", plugins=plugins)
    assert path.name == "SR_2022_2023_0.csv"
    with pytest.raises(MissingProviderError, match=r"plot 'names' has no files of the format '\.csv'; it has \.pdf"):
        draw_plots(channel(), tmp_path, suffix=".csv", plugins=plugins)


def test_file_that_a_plot_leaves_out(tmp_path: Path) -> None:
    """A plot that leaves one of its files out is blamed, and no file is left."""

    class Lazy(Pages):
        name: ClassVar[str] = "lazy"

        def draw_files(self, channel: Channel, paths: Mapping[str, Path]) -> None:
            super().draw_files(channel, dict(list(paths.items())[1:]))

    with pytest.raises(PluginCallError, match=r"plugin 'mine'.*drawing channel.*left no file 'SR_2022_2023_0\.txt'"):
        draw_plots(channel(), tmp_path / "new", plugins=with_plots(Lazy(2)))
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_processes(tmp_path: Path) -> None:
    """Processes share the files, some at a time, and give the files that one process gives, in the same order."""
    count = MOST_TOGETHER + 1
    several = [attrs.evolve(channel(), bin=name) for name in ("a", "b")]
    plugins = with_plots(Pages(count))
    alone = draw_plots(several, tmp_path / "alone", plugins=plugins)
    shared = draw_plots(several, tmp_path / "shared", plugins=plugins, jobs=2)
    assert [path.name for path in shared] == [path.name for path in alone]
    found = {name: text.split() for name, text in contents(tmp_path / "shared").items()}
    assert {int(size) for _, size, *_ in found.values()} == {MOST_TOGETHER, 1}
    assert str(os.getpid()) not in {process for _, _, process, _ in found.values()}
    assert {name: (words[0], words[3]) for name, words in found.items()} == {
        f"{bin_}_{number}.txt": (f"{bin_}_{number}", bin_) for bin_ in "ab" for number in range(count)
    }
