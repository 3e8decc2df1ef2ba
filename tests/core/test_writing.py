"""Writing of models: reading what was written gives the model again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np
import pytest
from hypothesis import given, settings

from datacard_core import (
    DEFAULT_PLUGINS,
    CardError,
    CardWriter,
    ControlRegion,
    DeclarationError,
    ExternalParameter,
    FreeParameter,
    InputError,
    MissingProviderError,
    Model,
    Nuisance,
    RawLine,
    Statement,
    SystematicUncertainty,
    Templates,
    hookimpl,
    load_plugins,
    read_card,
    write_model,
)
from datacard_core.testing import small_card
from tests.support.cards import CARDS
from tests.support.cases import case
from tests.support.models import content, models
from tests.support.outputs import PLUGINS
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core import CardContext, Channel

READ = [*SHARED_DATA.glob("likelihood/*/card.txt"), *CARDS.glob("parse/*/*.txt"), *CARDS.glob("validate/*/*.txt")]
# Its empty template with the rate -1 is of a column without yield, which a card has as the rate 0.
DEGENERATE = "11_empty_process_rate_minus_one"


def model_of(path: Path) -> Model:
    card: Any = read_card(path, lenient=True, plugins=PLUGINS)
    model: Model = card.model(mass=125)
    return model


def reread(model: Model, folder: str | Path) -> Model:
    # Checks of models are not looked at, and take as long as the writing.
    write_model(model, Path(folder, "card.txt"), plugins=PLUGINS, checks=False)
    return model_of(Path(folder, "card.txt"))


def names_of(channel: Channel) -> list[str]:
    """Return the first words of the lines of a channel."""
    return [line.split()[0] for line in channel.lines()]


def channels(*names: str) -> list[Channel]:
    """Return small channels of some names, with two nuisances."""
    rows = [
        SystematicUncertainty("lumi", "lnN", ["signal", "top", "vjets"], ["2022", "2023"], value=1.25),
        SystematicUncertainty("jes", "shape", ["top"], ["2022", "2023"], value=1.0),
    ]
    return [small_card(*rows, bin_name=name).channel for name in names]


def with_line(channel: Channel, text: str) -> Channel:
    return attrs.evolve(channel, statements=(Statement(RawLine(text)),))


class TestRoundTrip:
    """A written model reads to the model."""

    @pytest.mark.slow
    @settings(max_examples=10)
    @given(models())
    def test_all_kinds(self, model: Model) -> None:
        """Numbers, templates, kinds, factors, parameters, groups and constant parameters are the same."""
        with tempfile.TemporaryDirectory() as folder:
            assert content(reread(model, folder)) == content(model)

    @pytest.mark.slow
    @pytest.mark.skipif(not READ, reason="needs ../shared/data")
    def test_cards_of_others(self, tmp_path: Path) -> None:
        """Each shared card whose templates can be read is written and read to the same model."""
        unread = []
        for place, path in enumerate(sorted(READ)):
            with case(path):
                try:
                    model = model_of(path)
                except (CardError, MissingProviderError):
                    unread.append(path)
                    continue
                if path.parent.name != DEGENERATE:
                    assert content(reread(model, tmp_path / str(place))) == content(model)
        # Cards with functions, or without their files of templates.
        assert len(unread) < len(READ) / 4

    @pytest.mark.slow
    def test_own_cards_of_two_channels(self, tmp_path: Path) -> None:
        """Two built channels are one card: rows of one name are one row, and files of templates are named apart."""
        model = Model.of(channels("A", "B"), groups={"all": ["lumi"]})
        read = reread(model, tmp_path)
        assert [channel.bin for channel in read.channels] == ["A", "B"]
        for channel, expected in zip(read.channels, model.channels, strict=True):
            assert np.array_equal(channel.nominal.values, expected.nominal.values)
            assert {row.name for row in channel.nuisances} == {row.name for row in expected.nuisances}
        assert sorted(path.name for path in tmp_path.iterdir()) == ["card.txt", "card_A.root", "card_B.root"]

    @pytest.mark.slow
    def test_equal_bytes(self, tmp_path: Path) -> None:
        """Equal models give equal files."""
        for name in ("one", "two"):
            write_model(Model.of(channels("A", "B")), tmp_path / name / "card.txt")
        assert all(
            (tmp_path / "one" / path.name).read_bytes() == path.read_bytes() for path in (tmp_path / "two").iterdir()
        )

    @pytest.mark.slow
    def test_zipped_card(self, tmp_path: Path) -> None:
        """A card whose name ends in .gz is zipped, without the time, and templates are called after its stem."""
        model = Model.of(channels("A", "B"))
        for name in ("one", "two"):
            write_model(model, tmp_path / name / "card.txt.gz")
        first, second = (tmp_path / name / "card.txt.gz" for name in ("one", "two"))
        assert first.read_bytes() == second.read_bytes()
        assert first.read_bytes()[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
        assert sorted(path.name for path in first.parent.iterdir()) == ["card.txt.gz", "card_A.root", "card_B.root"]
        assert content(model_of(first)) == content(reread(model, tmp_path))


class TestLines:
    """Lines below the table."""

    @pytest.mark.slow
    def test_factor_of_one_channel(self, tmp_path: Path) -> None:
        """A free parameter of one channel, whose own card says `*`, acts on that channel alone."""
        first, second = channels("A", "B")
        parameter = Statement(FreeParameter("SF", np.array([1]), 1, (0, 5)))
        read = reread(Model.of([attrs.evolve(first, statements=(parameter,)), second]), tmp_path)
        assert [names_of(channel) for channel in read.channels] == [["SF"], names_of(second)]

    @pytest.mark.slow
    def test_raw_groups_are_joined(self, tmp_path: Path) -> None:
        """Lines of a group in two channels become one line with the members of both."""
        first, second = channels("A", "B")
        model = Model.of([with_line(first, "g group = lumi"), with_line(second, "g group = jes")])
        assert dict(reread(model, tmp_path).groups) == {"g": ("jes", "lumi")}

    @pytest.mark.slow
    def test_source_stays_with_its_file(self, tmp_path: Path) -> None:
        """A parameter from a file names the file, also in a card that is written to another folder."""
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "w.root").touch()
        card = tmp_path / "in" / "card.txt"
        small_card().dump(card.parent, card.name)
        card.write_text(card.read_text() + "k extArg w.root:w\n")
        read = reread(model_of(card), tmp_path / "out")
        assert ExternalParameter("k", None, source=f"{card.parent / 'w.root'}:w") in read.parameters


class TestRefusals:
    """Models that no card can say."""

    @pytest.mark.slow
    def test_contradicting_rows(self, tmp_path: Path) -> None:
        """Two kinds, or two numbers of events, of one nuisance are told with their channels."""
        parts = [
            attrs.evolve(channel, nuisances=(Nuisance("side", (ControlRegion(np.array([0]), events, np.ones(1)),)),))
            for channel, events in zip(channels("A", "B"), (7, 8), strict=True)
        ]
        with pytest.raises(DeclarationError, match=r"'side' is gmN 8 in channel 'B' and gmN 7 in channel 'A'"):
            write_model(Model(channels=tuple(parts)), tmp_path / "card.txt")
        assert not list(tmp_path.iterdir())

    @pytest.mark.slow
    def test_line_of_another_channel(self, tmp_path: Path) -> None:
        """A line that names another channel is told, and not left out."""
        first, second = channels("A", "B")
        with pytest.raises(DeclarationError, match="no channel 'B'"):
            write_model(Model.of([with_line(first, "B autoMCStats 0"), second]), tmp_path / "card.txt")

    @pytest.mark.slow
    def test_no_channels(self, tmp_path: Path) -> None:
        """A model without channels is refused."""
        with pytest.raises(DeclarationError, match="no channels"):
            write_model(Model(channels=()), tmp_path / "card.txt")

    @pytest.mark.slow
    def test_writer_of_single_channels(self, tmp_path: Path) -> None:
        """A writer that joins no channels is named, with what it cannot say."""

        class Yields(CardWriter):
            name: ClassVar[str] = "yields"

            def render(self, card: CardContext) -> str:
                return str(card.channel.rates)

        class Plugin:
            @hookimpl
            def datacard_card_writers(self) -> Iterable[CardWriter]:
                return (Yields(),)

        plugins = load_plugins(*DEFAULT_PLUGINS, Plugin())
        with pytest.raises(DeclarationError, match="'yields' writes no card of several channels"):
            write_model(Model.of(channels("A", "B")), tmp_path / "card.txt", writer="yields", plugins=plugins)


@pytest.mark.slow
def test_errors_of_checks_stop_the_files(tmp_path: Path) -> None:
    """A model whose bin is below 0 in sum is not written, unless the checks are left out."""
    channel = small_card().channel
    nominal = Templates(-channel.nominal.values, channel.nominal.variances)
    faulty = Model.of([attrs.evolve(channel, nominal=nominal, nuisances=())])
    with pytest.raises(InputError, match=r"shape.negative-bin.*the sum of all processes is below 0"):
        write_model(faulty, tmp_path / "card.txt")
    assert list(tmp_path.iterdir()) == []
    assert write_model(faulty, tmp_path / "card.txt", checks=False)
