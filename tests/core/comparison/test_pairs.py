"""Cards, channels and processes that correspond."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from datacard_core import Column, Comparison, Model, compare
from tests.support.channels import COLUMNS, VALUES, channel

SR = channel(bin="SR")
CR = channel(bin="CR", values=2 * VALUES)


def model(*channels: Any) -> Model:
    return Model(channels=channels)


def kinds(found: Comparison) -> list[tuple[str, str, str, str]]:
    return [(one.kind, one.channel, one.before, one.after) for one in found.changes]


def test_cards_of_one_name() -> None:
    """Cards are compared by name, and a card that stands on one side alone is told."""
    before = {"a": model(SR), "b": model(CR)}
    assert compare(before, dict(reversed(before.items()))).is_same
    found = compare(before, {"a": model(SR), "c": model(channel(bin="VR"))})
    assert kinds(found) == [("card.gone", "b", "CR", ""), ("card.appeared", "c", "", "VR")]


def test_joined_card() -> None:
    """Single cards and the card that joins them are the same, by the names of their channels."""
    assert compare({"sr": model(SR), "cr": model(CR)}, {"all": model(CR, SR)}).is_same


def test_channel_of_several_cards() -> None:
    """A channel that several cards have has the name of the card before its own, unless that is the same."""
    before = {"SR": model(SR), "all": model(SR, CR)}
    after = {
        name: model(attrs.evolve(SR, stated_rates=2 * SR.rates), *one.channels[1:]) for name, one in before.items()
    }
    found = compare(before, after).of("rate")
    assert {one.channel for one in found} == {"SR", "all:SR"}
    assert {(one.size, one.measure) for one in found} == {(1.0, "+100 %")}


def test_renamed_channels() -> None:
    """A channel with the same rates under another name is the same, and so is the only one of a card."""
    names = [attrs.evolve(one, bin=f"{one.bin}_2018") for one in (SR, CR)]
    assert kinds(compare(model(SR, CR), model(*names))) == [
        ("channel.renamed", "SR_2018", "SR", "SR_2018"),
        ("channel.renamed", "CR_2018", "CR", "CR_2018"),
    ]
    only = compare(model(SR), model(attrs.evolve(CR, bin="other")))
    assert [one.kind for one in only.changes][:2] == ["channel.renamed", "observation"]


def test_channels_without_counterpart() -> None:
    """A channel of a card that is gone is told with its content."""
    assert kinds(compare(model(SR, CR), model(SR))) == [("channel.gone", "CR", "4 processes, 0 nuisances", "")]


def named(**names: str) -> tuple[Column, ...]:
    return tuple(attrs.evolve(column, name=names.get(column.name, column.name)) for column in COLUMNS)


def test_order_of_columns() -> None:
    """The order of columns and their numbers are no difference."""
    turned = tuple(attrs.evolve(one, id=one.id and one.id + 5) for one in reversed(COLUMNS))
    back = attrs.evolve(
        SR, columns=turned, nominal=attrs.evolve(SR.nominal, values=VALUES[::-1], variances=SR.nominal.variances[::-1])
    )
    assert compare(model(SR), model(back)).is_same


def test_renamed_process() -> None:
    """A process with the same templates in the same channels has another name."""
    renamed = named(top_2022="tt_2022")
    after = model(attrs.evolve(SR, columns=renamed), attrs.evolve(CR, columns=renamed))
    found = compare(model(SR, CR), after)
    assert kinds(found) == [("process.renamed", name, "top_2022", "tt_2022") for name in ("SR", "CR")]
    # With other templates in one channel, it is another process.
    other = compare(
        model(SR, CR), model(attrs.evolve(SR, columns=renamed), channel(bin="CR", values=3 * VALUES, columns=renamed))
    )
    assert [len(other.of(f"process.{end}")) for end in ("renamed", "gone", "appeared")] == [0, 2, 2]
    assert {(one.process, one.before) for one in other.of("process.gone")} == {("top_2022", "30"), ("top_2022", "60")}


@pytest.mark.parametrize(("number", "words"), [(0, ("background", "signal")), (4, ("", ""))])
def test_signal_and_background(number: int, words: tuple[str, str]) -> None:
    """A background that became a signal is told; another number of a background is no difference."""
    columns = tuple(attrs.evolve(one, id=number) if one.name == "top_2022" else one for one in COLUMNS)
    found = compare(model(SR), model(attrs.evolve(SR, columns=columns))).of("process.role")
    assert [(one.process, one.before, one.after) for one in found] == ([("top_2022", *words)] if words[0] else [])
