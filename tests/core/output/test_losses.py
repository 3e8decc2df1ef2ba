"""The file beside a card with what its format loses."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    CardWriter,
    PluginCallError,
    load_plugins,
    read_axes,
    warning,
    write_model,
)
from datacard_core.testing import small_card
from tests.support.analyses import declarations, output
from tests.support.executors import Backwards
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from datacard_core import CardContext, Finding, ModelContext


class Names(CardWriter):
    """A writer of names alone, that loses the rates."""

    name: ClassVar[str] = "names"
    needs_templates: ClassVar[bool] = False

    def render(self, card: CardContext) -> str:
        return f"{card.channel.bin}\n"

    def render_model(self, card: ModelContext) -> str:
        return "".join(map(self.render, card.cards))

    def losses(self, card: ModelContext) -> Iterable[Finding]:
        yield warning("no-rates", "the rates are left out", channel=card.model.channels[0].bin)


class Texts(Names):
    """A writer whose losses are no findings."""

    name: ClassVar[str] = "texts"

    def losses(self, card: ModelContext) -> Iterable[Finding]:  # noqa: ARG002
        return ("rates",)  # type: ignore[return-value]


class Whole(Names):
    """A writer that may have losses, and has none."""

    name: ClassVar[str] = "whole"

    def losses(self, card: ModelContext) -> Iterable[Finding]:  # noqa: ARG002
        return ()


PLUGINS = load_plugins(*DEFAULT_PLUGINS, Provider("names", Names(), Texts(), Whole()))


@pytest.mark.slow
def test_card(tmp_path: Path) -> None:
    """The losses of a card stand beside it under its name."""
    card = small_card(plugins=PLUGINS)
    card.dump(tmp_path, "cards/SR.txt", writer="names")
    assert {path.name for path in tmp_path.rglob("*.txt")} == {"SR.txt", "SR.txt_losses.txt"}
    text = (tmp_path / "cards" / "SR.txt_losses.txt").read_text(encoding="utf-8")
    assert text == f"warning [no-rates] {card.bin}: the rates are left out\n"


@pytest.mark.slow
def test_model(tmp_path: Path) -> None:
    """The card stands last among the paths, and its losses before it."""
    paths = write_model(small_card(plugins=PLUGINS).model, tmp_path / "all.txt", writer="names", plugins=PLUGINS)
    assert [path.name for path in paths] == ["all.txt_losses.txt", "all.txt"]


@pytest.mark.slow
def test_cards_of_one_stem(tmp_path: Path) -> None:
    """Two cards that differ in their suffix alone have their losses in two files, and both files stay."""
    model = small_card(plugins=PLUGINS).model
    for name in ("model.json", "model.hs3"):
        write_model(model, tmp_path / name, writer="names", plugins=PLUGINS)
    write_model(model, tmp_path / "model.txt", writer="whole", plugins=PLUGINS)
    texts = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*_losses.txt")}
    assert texts.keys() == {"model.json_losses.txt", "model.hs3_losses.txt"}
    assert all("[no-rates]" in text for text in texts.values())


@pytest.mark.slow
def test_none(tmp_path: Path) -> None:
    """A writer that loses nothing has no such file."""
    small_card(plugins=PLUGINS).dump(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"datacard.txt", "shapes.root"}


@pytest.mark.slow
@pytest.mark.parametrize("executor", [None, Backwards(3)], ids=["here", "workers"])
def test_files_of_an_earlier_run(executor: Backwards | None, tmp_path: Path) -> None:
    """Losses and axes that an earlier run has left beside cards are replaced, and files without a card are not."""
    cards = Analysis(**declarations(plugins=PLUGINS)).build(output(), verbose=False)
    endings = (".txt_losses.txt", "_axes.json")
    for name in (*cards, "other"):
        for ending in endings:
            (tmp_path / f"datacard_{name}_run3{ending}").write_text("earlier", encoding="utf-8")
    cards.dump(tmp_path, writer="whole", executor=executor)
    for category in cards:
        losses, axes = (tmp_path / f"datacard_{category}_run3{ending}" for ending in endings)
        assert losses.read_text(encoding="utf-8") == "no losses\n"
        assert read_axes(axes) == {}
    assert {(tmp_path / f"datacard_other_run3{ending}").read_text("utf-8") for ending in endings} == {"earlier"}
    single = tmp_path / "single"
    single.mkdir()
    for name in ("a.txt_losses.txt", "b.txt_losses.txt"):
        (single / name).write_text("earlier", encoding="utf-8")
    cards["SR"].dump(single, "a.txt", writer="whole")
    write_model(cards.model, single / "b.txt", writer="whole", plugins=PLUGINS)
    assert {(single / f"{name}.txt_losses.txt").read_text("utf-8") for name in "ab"} == {"no losses\n"}


@pytest.mark.slow
def test_other_objects(tmp_path: Path) -> None:
    """Losses that are no findings are a failure of the writer's plugin, and no file is left."""
    with pytest.raises(PluginCallError, match="got 'rates', expected findings"):
        small_card(plugins=PLUGINS).dump(tmp_path, writer="texts")
    assert not list(tmp_path.iterdir())
