"""Cards of all categories: their files, the script that joins them, and their plots."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import uproot

from datacard_core import Analysis, Cards, Category, Datacard, MissingProviderError, PluginCallError
from tests.support.analyses import CATEGORIES, declarations, output
from tests.support.card_files import text_of
from tests.support.executors import Backwards
from tests.support.plots import PLUGIN, Calling, Names, Yields, card_with, cards_with, contents, names_in

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Channel
    from tests.conftest import Install


class TestDumping:
    """Cards, templates and the script that combines them."""

    NAMES = ("datacard_{}_run3.txt", "shapes_{}_run3.root")

    @pytest.mark.slow
    def test_names(self, tmp_path: Path) -> None:
        """Files have the names of the documented script."""
        Analysis(**declarations()).build(output()).dump(tmp_path / "cards")
        assert {path.name for path in (tmp_path / "cards").iterdir()} == {
            *(name.format(category) for name in self.NAMES for category in CATEGORIES),
            "combine_datacards_run3.sh",
        }

    @pytest.mark.slow
    def test_templates(self, tmp_path: Path) -> None:
        """Each card names the file of its templates."""
        cards = Analysis(**declarations()).build(output())
        cards.dump(tmp_path)
        for category, made in cards.items():
            text = text_of(tmp_path / f"datacard_{category}_run3.txt")
            assert text == made.content(f"shapes_{category}_run3.root")
            with uproot.open(tmp_path / f"shapes_{category}_run3.root") as file:
                total = file["ttbar_2022_nominal"].values().sum()
                assert total == pytest.approx(made.rate("ttbar_2022"))

    def test_files_outside_of_the_directory(self, tmp_path: Path) -> None:
        """Files that a category names outside of the directory are equal, and made last, with an executor too."""
        near, far = tmp_path / "near", tmp_path / "far"
        found = []
        for folder, executor in ((near, None), (far, Backwards(2))):
            categories = {
                "SR": Category("m", card_name="../SR.txt", shapes_name="SR.root"),
                "CR": Category("n", card_name=f"{folder}/CR.txt", shapes_name="CR.root"),
            }
            made = Analysis(**declarations(categories=categories)).build(output(), verbose=False)
            paths = made.dump(folder / "cards", executor=executor)
            found.append([os.path.relpath(path, folder) for path in paths])
            assert " cards/SR.root " in text_of(folder / "SR.txt")
        assert found[0] == found[1]
        assert (near / "CR.txt").read_bytes() == (far / "CR.txt").read_bytes()

    @pytest.mark.slow
    def test_script(self, tmp_path: Path) -> None:
        """The script joins all cards under their bins."""
        Analysis(**declarations()).build(output()).dump(tmp_path, channel_masks=True)
        script = (tmp_path / "combine_datacards_run3.sh").read_text()
        for category in CATEGORIES:
            assert f"{category}_run3=datacard_{category}_run3.txt" in script
        assert "datacard_combined_run3.txt" in script
        assert "text2workspace.py datacard_combined_run3.txt -o workspace_run3.root --channel-masks" in script

    @pytest.mark.slow
    def test_missing_serializer(self, tmp_path: Path) -> None:
        """With an unknown serializer no file is written."""
        cards = Analysis(**declarations()).build(output())
        with pytest.raises(MissingProviderError):
            cards.dump(tmp_path / "cards", serializer="nobody")
        assert not (tmp_path / "cards").exists()


class TestPlots:
    """Plots of all categories."""

    @pytest.mark.slow
    def test_all_categories(self, tmp_path: Path) -> None:
        """A plot is drawn for each category."""
        files = cards_with(Yields(), Names()).plot(tmp_path, "yields")
        assert [file.name for file in files] == ["yields_SR_2022.txt", "yields_CR_2022.txt"]
        assert contents(tmp_path) == {"yields_SR_2022.txt": "2 20", "yields_CR_2022.txt": "5 50"}

    @pytest.mark.slow
    def test_without_names(self, tmp_path: Path) -> None:
        """Without names, all plots of the selection are drawn."""
        files = cards_with(Yields(), Names()).plot(tmp_path)
        assert len(files) == 4
        assert names_in(tmp_path) == sorted(file.name for file in files)

    @pytest.mark.slow
    def test_plot_of_unselected_plugin(self, install: Install, tmp_path: Path) -> None:
        """A plot of an installed plugin that is not selected comes with the way to select it."""
        install("acme_plots", PLUGIN.format(name="'sketch'", suffix="'.png'", body="path.touch()"))
        with pytest.raises(MissingProviderError, match=r"may have it: select one with load_plugins\(…, 'acme_plots'\)"):
            cards_with(Yields()).plot(tmp_path, "sketch")

    @pytest.mark.slow
    @pytest.mark.parametrize("what", ["a card", "cards"])
    def test_all_or_none(self, what: str, tmp_path: Path) -> None:
        """One plot that fails leaves no new file."""

        def fail_in_cr(channel: Channel, path: Path) -> None:
            path.write_text("drawn")
            if channel.bin != "SR_2022":
                raise ValueError("no colour left")

        plots = Calling(fail_in_cr), Yields()
        made: Datacard | Cards = card_with(*plots) if what == "a card" else cards_with(*plots)
        bin_name = {"a card": "SR_run3", "cards": "CR_2022"}[what]
        (tmp_path / "plots").mkdir()
        (tmp_path / "plots" / f"yields_{bin_name}.txt").write_text("old")
        with pytest.raises(PluginCallError) as raised:
            made.plot(tmp_path / "plots", "yields", "calling")
        path = str(tmp_path / "plots" / f"calling_{bin_name}.pdf")
        assert str(raised.value) == (
            f"plugin 'mine' (local): ValueError while drawing channel {bin_name!r} to {path!r}: no colour left"
        )
        assert contents(tmp_path / "plots") == {f"yields_{bin_name}.txt": "old"}
