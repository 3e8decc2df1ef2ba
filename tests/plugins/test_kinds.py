"""All kinds together: the lines that they write, and what the card reader makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from datacard_core import BinByBinStatistics, Group, NuisanceEdit, Severity, SharedParameter, load_plugins, read_card
from tests.support.kinds import EDITS, EXAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Channel, Directive, Model
    from tests.support.kinds import Example


def body(text: str) -> list[str]:
    """Return rows and lines below the rates, with single blanks, without rules and autoMCStats."""
    lines = [" ".join(line.split()) for line in text.splitlines() if not line.startswith("--")]
    below = lines[next(place for place, line in enumerate(lines) if line.startswith("rate ")) + 1 :]
    return [line for line in below if "autoMCStats" not in line]


@pytest.mark.parametrize("example", [*EXAMPLES, *EDITS], ids=lambda example: example.name)
def test_lines(example: Example) -> None:
    """Each example makes exactly its lines."""
    assert sorted(body(example.card().content())) == sorted(example.lines)


def test_every_kind_has_an_example() -> None:
    """The examples have a declaration of each kind of the built-in plugins."""
    declared = {systematic.typ for example in (*EXAMPLES, *EDITS) for systematic in example.systematics()}
    assert declared | {"autoMCStats"} == set(load_plugins().kinds)


def plain(value: Any) -> Any:
    """Return arrays as lists, so that two objects of a model can be compared."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    fields = getattr(type(value), "__attrs_attrs__", None)
    if fields is not None:
        return type(value).__name__, {field.name: plain(getattr(value, field.name)) for field in fields}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def told(channel: Channel) -> list[Directive]:
    """Return the directives that a channel by itself has, and not the model."""
    return [one for one in channel.directives if not isinstance(one, SharedParameter | Group | NuisanceEdit)]


def effects(channel: Channel) -> dict[str, list[Any]]:
    return {row.name: sorted(map(plain, row.effects), key=str) for row in channel.nuisances}


def written_and_read(example: Example, folder: Path) -> tuple[Model, Model]:
    """Return the model that an example makes, and that of the card which it writes."""
    made = example.card()
    made.dump(folder)
    (folder / "factors.root").touch()
    (folder / "pdfs.root").touch()
    return made.model, read_card(folder / "datacard.txt").model()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_round_trip(example: Example, tmp_path: Path) -> None:
    """The model of the written card is that of the declarations: effects, parameters, factors and groups."""
    made, read = written_and_read(example, tmp_path)
    (channel,), (again,) = made.channels, read.channels
    assert effects(channel) == effects(again)
    assert [(row.name, row.keyword, row.nofloat) for row in channel.nuisances] == [
        (row.name, row.keyword, row.nofloat) for row in again.nuisances
    ]
    assert list(map(plain, told(channel))) == list(map(plain, told(again)))
    assert set(made.parameters) == set(read.parameters)
    assert made.groups == read.groups
    assert not [finding for finding in read.findings if finding.severity is not Severity.NOTICE]
    assert any(isinstance(one, BinByBinStatistics) for one in told(again))
