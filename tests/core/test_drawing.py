"""Plots of one's own: each channel drawn to a file with its name, all of them or none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    Category,
    DeclarationError,
    MissingProviderError,
    Plot,
    PluginCallError,
    PluginLoadError,
    Systematics,
    load_plugins,
)
from tests.support import outputs as by_hand
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datacard_core import Cards, Channel, Datacard, Plugins
    from tests.conftest import Install


class Yields(Plot):
    """The rates, as text."""

    name: ClassVar[str] = "yields"
    suffix: ClassVar[str] = ".txt"

    def draw(self, channel: Channel, path: Path) -> None:
        path.write_text(" ".join(f"{rate:g}" for rate in channel.rates))


class Names(Plot):
    """The columns, in the usual format."""

    name: ClassVar[str] = "names"

    def draw(self, channel: Channel, path: Path) -> None:
        path.write_text(" ".join(column.name for column in channel.columns))


class Calling(Plot):
    """Does what a test gives it to do."""

    name: ClassVar[str] = "calling"

    def __init__(self, function: Callable[[Channel, Path], object]) -> None:
        self.function = function

    def draw(self, channel: Channel, path: Path) -> None:
        self.function(channel, path)


PLUGIN = """
    from datacard_core import Plot, hookimpl

    class Sketch(Plot):
        name = {name}
        suffix = {suffix}

        def draw(self, channel, path):
            {body}

    @hookimpl
    def datacard_plots():
        return [Sketch()]
"""


def with_plots(*plots: Any) -> Plugins:
    """The built-in set but for its plots, and those of a plugin `mine` or of distributions."""
    installed = [name for name in plots if isinstance(name, str)]
    objects = [plot for plot in plots if not isinstance(plot, str)]
    return load_plugins(*DEFAULT_PLUGINS, *installed, Provider("mine", *objects), block="plots")


def card(*plots: Any) -> Datacard:
    output = by_hand.signal_and_ttbar(nominal=[10, 20, 30])
    return by_hand.card(output, plugins=with_plots(*plots), bin_suffix="run3")


def cards(*plots: Any) -> Cards:
    """Cards of two categories."""
    output = by_hand.Output()
    for sample, more in (("Signal", 1), ("TTbar", 10)):
        contents = {"SR": {"nominal": [more, more]}, "CR": {"nominal": [2 * more, 3 * more]}}
        output.add(sample, "2022", by_hand.simulated(contents))
    analysis = Analysis(
        years=["2022"],
        mc_processes=by_hand.two_processes(),
        systematics=Systematics([]),
        categories={"SR": Category("m"), "CR": Category("m")},
        plugins=with_plots(*plots),
    )
    return analysis.build(output.loaded)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestFiles:
    def test_a_plot_of_a_card_is_called_after_plot_and_bin(self, tmp_path: Path) -> None:
        files = card(Yields(), Names()).plot(tmp_path / "new" / "plots", "yields")
        assert files == (tmp_path / "new" / "plots" / "yields_SR_run3.txt",)
        assert contents(tmp_path / "new" / "plots") == {"yields_SR_run3.txt": "6 60"}

    def test_one_that_says_nothing_else_is_a_pdf(self, tmp_path: Path) -> None:
        (file,) = card(Names()).plot(tmp_path, "names")
        assert file.name == "names_SR_run3.pdf"

    def test_several_come_in_the_order_that_is_asked_for(self, tmp_path: Path) -> None:
        files = card(Yields(), Names()).plot(tmp_path, "yields", "names")
        assert [file.name for file in files] == ["yields_SR_run3.txt", "names_SR_run3.pdf"]
        assert contents(tmp_path) == {"yields_SR_run3.txt": "6 60", "names_SR_run3.pdf": "signal_2022 ttbar_2022"}

    def test_without_a_name_all_of_the_selection_are_drawn_in_one_order(self, tmp_path: Path) -> None:
        for plots in ([Yields(), Names()], [Names(), Yields()]):
            files = card(*plots).plot(tmp_path)
            assert [file.name for file in files] == ["names_SR_run3.pdf", "yields_SR_run3.txt"]

    def test_cards_are_drawn_in_all_categories(self, tmp_path: Path) -> None:
        files = cards(Yields(), Names()).plot(tmp_path, "yields")
        assert [file.name for file in files] == ["yields_SR_2022.txt", "yields_CR_2022.txt"]
        assert contents(tmp_path) == {"yields_SR_2022.txt": "2 20", "yields_CR_2022.txt": "5 50"}

    def test_cards_have_all_plots_of_the_selection_too(self, tmp_path: Path) -> None:
        files = cards(Yields(), Names()).plot(tmp_path)
        assert len(files) == 4
        assert names_in(tmp_path) == sorted(file.name for file in files)

    def test_one_that_is_there_already_is_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "yields_SR_run3.txt").write_text("old")
        card(Yields()).plot(tmp_path)
        assert contents(tmp_path) == {"yields_SR_run3.txt": "6 60"}

    def test_what_is_written_beside_a_file_does_not_stay(self, tmp_path: Path) -> None:
        def untidy(_: Channel, path: Path) -> None:
            path.write_text("drawn")
            path.with_suffix(".tmp").write_text("half")

        card(Calling(untidy)).plot(tmp_path)
        assert contents(tmp_path) == {"calling_SR_run3.pdf": "drawn"}

    def test_a_plot_gets_the_channel_and_a_path_that_ends_as_the_file_does(self, tmp_path: Path) -> None:
        got: list[Any] = []

        def keep(channel: Channel, path: Path) -> None:
            got.extend([channel, path.name])
            path.write_text("drawn")

        made = card(Calling(keep))
        made.plot(tmp_path)
        assert got == [made.channel, "calling_SR_run3.pdf"]

    def test_nothing_is_drawn_where_nobody_asks_for_it(self, tmp_path: Path) -> None:
        made = card(Calling(lambda *_: sys.exit(3)))
        made.dump(tmp_path)
        assert names_in(tmp_path) == ["datacard.txt", "shapes.root"]

    def test_a_selection_without_plots_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(MissingProviderError, match="no selected plugin draws a plot"):
            card().plot(tmp_path / "plots")
        assert names_in(tmp_path) == []


class TestUnknownPlots:
    def test_are_an_error_with_the_closest_match_and_nothing_is_drawn(self, tmp_path: Path) -> None:
        with pytest.raises(
            MissingProviderError,
            match=r"the plot 'yield'; provided are names, yields \(did you mean 'yields'\?\)",
        ):
            card(Yields(), Names()).plot(tmp_path / "plots", "names", "yield")
        assert not (tmp_path / "plots").exists()

    def test_that_an_installed_plugin_has_are_an_error_with_the_way_to_select_it(
        self, install: Install, tmp_path: Path
    ) -> None:
        install("acme_plots", PLUGIN.format(name="'sketch'", suffix="'.png'", body="path.touch()"))
        with pytest.raises(MissingProviderError, match=r"select it with load_plugins\(…, 'acme_plots'\)"):
            cards(Yields()).plot(tmp_path, "sketch")

    def test_one_cannot_be_drawn_twice(self, tmp_path: Path) -> None:
        with pytest.raises(DeclarationError, match=r"two files would be written to .*yields_SR_run3\.txt"):
            card(Yields()).plot(tmp_path / "plots", "yields", "yields")
        assert not (tmp_path / "plots").exists()


class TestFaults:
    @pytest.mark.parametrize("what", ["a card", "cards"])
    def test_where_one_fails_no_file_is_new(self, what: str, tmp_path: Path) -> None:
        def fail_in_cr(channel: Channel, path: Path) -> None:
            path.write_text("drawn")
            if channel.bin != "SR_2022":
                raise ValueError("no colour left")

        plots = Calling(fail_in_cr), Yields()
        made: Datacard | Cards = card(*plots) if what == "a card" else cards(*plots)
        bin_name = {"a card": "SR_run3", "cards": "CR_2022"}[what]
        (tmp_path / "plots").mkdir()
        (tmp_path / "plots" / f"yields_{bin_name}.txt").write_text("old")
        with pytest.raises(PluginCallError) as raised:
            made.plot(tmp_path / "plots", "yields", "calling")
        assert str(raised.value) == (
            f"plugin 'mine' (local): ValueError while drawing channel {bin_name!r}: no colour left"
        )
        assert contents(tmp_path / "plots") == {f"yields_{bin_name}.txt": "old"}

    @pytest.mark.parametrize(
        ("body", "cause", "said"),
        [
            pytest.param("raise ValueError('no')", ValueError, "ValueError while drawing", id="it raises"),
            pytest.param("raise SystemExit(3)", SystemExit, "SystemExit while drawing", id="it exits"),
            pytest.param("raise BaseException('odd')", BaseException, "BaseException while drawing", id="it is odd"),
            pytest.param("pass", None, "it left no file 'sketch_SR_run3.png'", id="no file"),
            pytest.param("path.touch()", None, "it left an empty file 'sketch_SR_run3.png'", id="an empty file"),
            pytest.param("path.mkdir()", None, "it left no file 'sketch_SR_run3.png'", id="a directory"),
            pytest.param("path.with_suffix('.pdf').write_text('x')", None, "it left no file", id="another file"),
            pytest.param(
                "channel.nominal.values[:] = 5", ValueError, "ValueError while drawing", id="into the channel"
            ),
        ],
    )
    def test_a_plot_that_fails_is_an_error_with_plugin_distribution_version_channel_and_cause(
        self, body: str, cause: type[BaseException] | None, said: str, install: Install, tmp_path: Path
    ) -> None:
        source = PLUGIN.format(name="'sketch'", suffix="'.png'", body=body)
        install("acme", source, distribution="acme-plots", version="0.7")
        with pytest.raises(PluginCallError) as raised:
            card("acme").plot(tmp_path / "plots")
        assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-plots 0.7")
        assert said in str(raised.value)
        assert "drawing channel 'SR_run3'" in str(raised.value)
        assert type(raised.value.__cause__) is (type(None) if cause is None else cause)
        assert not (tmp_path / "plots").exists()

    def test_the_users_interrupt_goes_through(self, tmp_path: Path) -> None:
        def interrupt(*_: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            card(Calling(interrupt)).plot(tmp_path)

    @pytest.mark.parametrize("suffix", ["None", "3", "''", "'pdf'", "'/x'", "'/../../x.pdf'", "'.p df'", "'.pdf\\n'"])
    def test_a_suffix_that_ends_no_file_name_is_an_error_at_once(self, suffix: str, install: Install) -> None:
        install("acme", PLUGIN.format(name="'sketch'", suffix=suffix, body="pass"), version="0.7")
        with pytest.raises(PluginLoadError) as raised:
            load_plugins("acme")
        assert str(raised.value).startswith("plugin 'acme' (acme 0.7): datacard_plots contributed plot 'sketch'")
        assert f"with suffix {eval(suffix)!r}, expected a suffix such as" in str(raised.value)  # noqa: S307 - from above

    @pytest.mark.parametrize("name", ["'../sketch'", "'a/b'", "'a b'", "'.hidden'"])
    def test_a_name_that_begins_no_file_name_is_an_error_at_once(self, name: str, install: Install) -> None:
        install("acme", PLUGIN.format(name=name, suffix="'.pdf'", body="pass"), version="0.7")
        with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 0\.7\): .* plot .*, expected letters, digits"):
            load_plugins("acme")
