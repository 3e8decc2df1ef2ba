"""Files of one card: card, templates and plots, and files that plugins do not leave."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import (
    Datacard,
    DeclarationError,
    MissingProviderError,
    PluginCallError,
    PluginLoadError,
    load_plugins,
)
from tests.support import demo_files
from tests.support.card_files import text_of
from tests.support.plots import PLUGIN, Calling, Names, Yields, card_with, contents, names_in
from tests.support.processes import elsewhere, here
from tests.support.rich import rich, rich_card

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Channel
    from tests.conftest import Install


class TestDumping:
    """Card and templates as files."""

    @pytest.mark.slow
    def test_names(self, tmp_path: Path) -> None:
        """Card and templates are written under their names."""
        made = rich_card()
        made.dump(directory=tmp_path / "new" / "folder", card_name="card.txt", shapes_name="templates.root")
        folder = tmp_path / "new" / "folder"
        assert sorted(path.name for path in folder.iterdir()) == ["card.txt", "templates.root"]
        assert text_of(folder / "card.txt") == made.content("templates.root")

    @pytest.mark.slow
    def test_hash_of_the_templates(self, tmp_path: Path) -> None:
        """The card names its templates, relative to itself, and their SHA-256, as other programs compute it."""
        rich_card().dump(tmp_path, card_name="cards/SR.txt", shapes_name="shapes/SR.root")
        line = (tmp_path / "cards" / "SR.txt").read_text().splitlines()[-1]
        command = ["openssl", "dgst", "-sha256", "-r", str(tmp_path / "shapes" / "SR.root")]
        digest = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]
        assert line == f"# templates: ../shapes/SR.root sha256 {digest}"

    @pytest.mark.slow
    def test_text_without_last_line_end(self, tmp_path: Path) -> None:
        """The hash has a line of its own behind a text that a subclass ends without a line end."""

        class Ended(Datacard):
            def content(self, shapes_filename: str) -> str:  # type: ignore[override]
                return super().content(shapes_filename).rstrip("\n")

        rich_card(of=Ended).dump(tmp_path)
        assert text_of(tmp_path / "datacard.txt") == rich_card().content()

    @pytest.mark.slow
    def test_equal_bytes(self, tmp_path: Path) -> None:
        """Equal inputs give equal bytes."""
        for name in ("one", "other"):
            rich_card(rich()).dump(tmp_path / name)
        for name in ("datacard.txt", "shapes.root"):
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()

    @pytest.mark.slow
    @pytest.mark.parametrize("what", ["writer", "serializer"])
    def test_unknown_writer(self, what: str, tmp_path: Path) -> None:
        """With an unknown writer or serializer no file is written."""
        made = rich_card()
        options: dict[str, Any] = {what: "nobody"}
        with pytest.raises(MissingProviderError, match="nobody"):
            made.dump(tmp_path / "out", **options)
        assert not (tmp_path / "out").exists()

    @pytest.mark.slow
    def test_blank_in_name(self, tmp_path: Path) -> None:
        """A file name with a blank would break the card, and is refused."""
        with pytest.raises(DeclarationError, match=r"my shapes\.root"):
            rich_card().dump(tmp_path / "out", shapes_name="my shapes.root")
        assert not (tmp_path / "out").exists()

    @pytest.mark.slow
    def test_one_name_for_both(self, tmp_path: Path) -> None:
        """Card and templates under one name are refused."""
        with pytest.raises(DeclarationError, match="one"):
            rich_card().dump(tmp_path / "out", card_name="one", shapes_name="one")
        assert not (tmp_path / "out").exists()


HASHING = """
import sys
import tests.support.outputs as by_hand

output = by_hand.Output()
for year in ("2022", "2023"):
    output.mc("Signal", year, nominal=[0.1, 0.7])
    for part in "zxcv":
        output.add("TTbar", year, None, part=part, presel=0)
    for number, part in enumerate("qwertyuiopasdf"):
        output.mc("TTbar", year, part, nominal=[0.1 * number, 1e-9], JESUp=[0.3, number / 7])
        output.data("Muon", year, [number, 1], part)
systematics = [by_hand.shape("JES", {"signal", "ttbar"}, {"2022", "2023"}), by_hand.shape("JER")]
made = by_hand.card(output, *systematics, data_processes=by_hand.observation("Muon", years=["2022", "2023"]))
made.dump(sys.argv[1])
print("\\n".join(map(str, made.findings)))
"""


@pytest.mark.slow
def test_order_of_hashes(tmp_path: Path) -> None:
    """No byte and no finding depends on the order of hashes."""
    done = elsewhere(HASHING, tmp_path / "other", directory=tmp_path)
    assert done.stderr == ""
    assert done.stdout.count("[empty-dataset]") == 8
    # This process has hashes of its own.
    assert done.stdout == here(HASHING, tmp_path / "here")
    assert demo_files.contents(tmp_path / "other") == demo_files.contents(tmp_path / "here")


class TestPlots:
    """Plots of a card."""

    @pytest.mark.slow
    def test_file_name(self, tmp_path: Path) -> None:
        """A plot's file is named by plot and bin."""
        files = card_with(Yields(), Names()).plot(tmp_path / "new" / "plots", "yields")
        assert files == (tmp_path / "new" / "plots" / "yields_SR_run3.txt",)
        assert contents(tmp_path / "new" / "plots") == {"yields_SR_run3.txt": "6 60"}

    @pytest.mark.slow
    def test_default_suffix(self, tmp_path: Path) -> None:
        """A plot without a suffix is a PDF."""
        (file,) = card_with(Names()).plot(tmp_path, "names")
        assert file.name == "names_SR_run3.pdf"

    @pytest.mark.slow
    def test_order_of_names(self, tmp_path: Path) -> None:
        """Several plots come in the order of their names in the call."""
        files = card_with(Yields(), Names()).plot(tmp_path, "yields", "names")
        assert [file.name for file in files] == ["yields_SR_run3.txt", "names_SR_run3.pdf"]
        assert contents(tmp_path) == {"yields_SR_run3.txt": "6 60", "names_SR_run3.pdf": "signal_2022 ttbar_2022"}

    @pytest.mark.slow
    def test_without_names(self, tmp_path: Path) -> None:
        """Without names, all plots of the selection are drawn, in one order."""
        for plots in ([Yields(), Names()], [Names(), Yields()]):
            files = card_with(*plots).plot(tmp_path)
            assert [file.name for file in files] == ["names_SR_run3.pdf", "yields_SR_run3.txt"]

    @pytest.mark.slow
    def test_replaced(self, tmp_path: Path) -> None:
        """An old file of the same name is replaced."""
        (tmp_path / "yields_SR_run3.txt").write_text("old")
        card_with(Yields()).plot(tmp_path)
        assert contents(tmp_path) == {"yields_SR_run3.txt": "6 60"}

    @pytest.mark.slow
    def test_files_beside_the_plot(self, tmp_path: Path) -> None:
        """A file that a plot writes beside its path does not stay."""

        def untidy(_: Channel, path: Path) -> None:
            path.write_text("drawn")
            path.with_suffix(".tmp").write_text("half")

        card_with(Calling(untidy)).plot(tmp_path)
        assert contents(tmp_path) == {"calling_SR_run3.pdf": "drawn"}

    @pytest.mark.slow
    def test_arguments(self, tmp_path: Path) -> None:
        """A plot gets the channel and a path with the name of the file."""
        got: list[Any] = []

        def keep(channel: Channel, path: Path) -> None:
            got.extend([channel, path.name])
            path.write_text("drawn")

        made = card_with(Calling(keep))
        made.plot(tmp_path)
        assert got == [made.channel, "calling_SR_run3.pdf"]

    @pytest.mark.slow
    def test_not_drawn_by_dump(self, tmp_path: Path) -> None:
        """Writing a card draws no plot."""
        made = card_with(Calling(lambda *_: sys.exit(3)))
        made.dump(tmp_path)
        assert names_in(tmp_path) == ["datacard.txt", "shapes.root"]

    @pytest.mark.slow
    def test_selection_without_plots(self, tmp_path: Path) -> None:
        """Drawing without a plugin for plots is an error."""
        with pytest.raises(MissingProviderError, match="no selected plugin draws a plot"):
            card_with().plot(tmp_path / "plots")
        assert names_in(tmp_path) == []

    @pytest.mark.slow
    def test_unknown_plot(self, tmp_path: Path) -> None:
        """An unknown plot is an error with the closest match, and no file is written."""
        with pytest.raises(
            MissingProviderError,
            match=r"the plot 'yield'; provided are names, yields \(did you mean 'yields'\?\)",
        ):
            card_with(Yields(), Names()).plot(tmp_path / "plots", "names", "yield")
        assert not (tmp_path / "plots").exists()

    @pytest.mark.slow
    def test_one_plot_twice(self, tmp_path: Path) -> None:
        """One plot cannot be drawn twice in one call."""
        with pytest.raises(DeclarationError, match="plot 'yields' is asked for twice, and both would be"):
            card_with(Yields()).plot(tmp_path / "plots", "yields", "yields")
        assert not (tmp_path / "plots").exists()

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("body", "cause", "said"),
        [
            pytest.param("raise ValueError('no')", ValueError, "ValueError while drawing", id="it raises"),
            pytest.param("raise SystemExit(3)", SystemExit, "SystemExit while drawing", id="it exits"),
            pytest.param("raise BaseException('odd')", BaseException, "BaseException while drawing", id="it is odd"),
            pytest.param("pass", None, "it left no file 'sketch_SR_run3.png'", id="no file"),
            pytest.param("path.touch()", None, "it left an empty file 'sketch_SR_run3.png'", id="an empty file"),
            pytest.param("path.mkdir()", None, "it left no regular file 'sketch_SR_run3.png'", id="a directory"),
            pytest.param("path.with_suffix('.pdf').write_text('x')", None, "it left no file", id="another file"),
            pytest.param(
                "channel.nominal.values[:] = 5", ValueError, "ValueError while drawing", id="into the channel"
            ),
        ],
    )
    def test_faults(
        self, body: str, cause: type[BaseException] | None, said: str, install: Install, tmp_path: Path
    ) -> None:
        """A plot that fails is an error with plugin, distribution, version, channel and cause."""
        source = PLUGIN.format(name="'sketch'", suffix="'.png'", body=body)
        install("acme", source, distribution="acme-plots", version="0.7")
        with pytest.raises(PluginCallError) as raised:
            card_with("acme").plot(tmp_path / "plots")
        assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-plots 0.7")
        assert said in str(raised.value)
        assert "drawing channel 'SR_run3'" in str(raised.value)
        assert type(raised.value.__cause__) is (type(None) if cause is None else cause)
        assert not (tmp_path / "plots").exists()

    @pytest.mark.slow
    def test_interrupt(self, tmp_path: Path) -> None:
        """The user's interrupt passes through a plot."""

        def interrupt(*_: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            card_with(Calling(interrupt)).plot(tmp_path)

    @pytest.mark.slow
    @pytest.mark.parametrize("suffix", ["None", "3", "''", "'pdf'", "'/x'", "'/../../x.pdf'", "'.p df'", "'.pdf\\n'"])
    def test_wrong_suffix(self, suffix: str, install: Install) -> None:
        """A suffix that no file name ends with is an error when the plugin is loaded."""
        install("acme", PLUGIN.format(name="'sketch'", suffix=suffix, body="pass"), version="0.7")
        with pytest.raises(PluginLoadError) as raised:
            load_plugins("acme")
        assert str(raised.value).startswith("plugin 'acme' (acme 0.7): datacard_plots contributed plot 'sketch'")
        assert f"with suffix {eval(suffix)!r}, expected a suffix such as" in str(raised.value)  # noqa: S307 - from above

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["'../sketch'", "'a/b'", "'a b'", "'.hidden'"])
    def test_wrong_name(self, name: str, install: Install) -> None:
        """A name that no file name begins with is an error when the plugin is loaded."""
        install("acme", PLUGIN.format(name=name, suffix="'.pdf'", body="pass"), version="0.7")
        with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 0\.7\): .* plot .*, expected letters, digits"):
            load_plugins("acme")
