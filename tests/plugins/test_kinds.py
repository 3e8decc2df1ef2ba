"""All kinds together: the lines that they write, and what the card reader makes of them."""

from __future__ import annotations

import functools
import importlib.metadata
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from datacard_core import (
    BinByBinStatistics,
    Group,
    NuisanceEdit,
    Severity,
    SharedParameter,
    SystematicUncertainty,
    load_plugins,
    read_card,
)
from datacard_core.testing import small_card
from tests.support.canonical import canonical
from tests.support.cards import card as card_of
from tests.support.cases import case
from tests.support.kinds import EDITS, EXAMPLES, GOLDEN, YEARS, Example, golden
from tests.support.outputs import card, signal_and_ttbar, two_processes
from tests.support.paths import TESTS

if TYPE_CHECKING:
    from datacard_core import Channel, Directive, Model


# `combine.json` has what Combine's DatacardParser.py, of the commit da0a2f49, takes from these cards.
CARDS = TESTS / "cards" / "kinds"
FREEZE = next(example for example in EDITS if example.name == "edit freeze")


def body(text: str) -> list[str]:
    """Return rows and lines below the rates, with single blanks, without rules and autoMCStats."""
    lines = [" ".join(line.split()) for line in text.splitlines() if not line.startswith("--")]
    below = lines[next(place for place, line in enumerate(lines) if line.startswith("rate ")) + 1 :]
    return [line for line in below if "autoMCStats" not in line]


@pytest.mark.slow
def test_lines() -> None:
    """Each example makes exactly its lines."""
    for example in (*EXAMPLES, *EDITS):
        assert sorted(body(made_card(example).content())) == sorted(example.lines), example.name


@pytest.mark.slow
def test_every_kind_has_an_example() -> None:
    """The examples have a declaration of each kind of the built-in plugins."""
    declared = {systematic.typ for example in (*EXAMPLES, *EDITS) for systematic in example.systematics()}
    assert declared | {"autoMCStats"} == set(load_plugins().kinds)


made_card = functools.cache(Example.card)


def plain(value: Any) -> Any:
    """Return arrays as lists, so that two objects of a model can be compared."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    fields = getattr(type(value), "__attrs_attrs__", None)
    if fields is not None:
        found = {field.name: plain(getattr(value, field.name)) for field in fields}
        # A model that was read has the path of the file, as its card may be written to another folder.
        return type(value).__name__, {**found, **({"source": Path(found["source"]).name} if "source" in found else {})}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def told(channel: Channel) -> list[Directive]:
    """Return the directives that a channel by itself has, and not the model."""
    return [one for one in channel.directives if not isinstance(one, SharedParameter | Group | NuisanceEdit)]


def effects(channel: Channel) -> dict[str, list[Any]]:
    return {row.name: sorted(map(plain, row.effects), key=str) for row in channel.nuisances}


def written_and_read(example: Example, folder: Path) -> tuple[Model, Model]:
    """Return the model that an example makes, and that of the card which it writes."""
    made = made_card(example)
    made.dump(folder)
    (folder / "factors.root").touch()
    (folder / "pdfs.root").touch()
    return made.model, read_card(folder / "datacard.txt").model()


@pytest.mark.slow
def test_round_trip(tmp_path: Path) -> None:
    """The model of the written card is that of the declarations: effects, parameters, factors and groups."""
    for place, example in enumerate((*EXAMPLES, FREEZE)):
        with case(example.name):
            made, read = written_and_read(example, tmp_path / str(place))
            (channel,), (again,) = made.channels, read.channels
            assert effects(channel) == effects(again)
            assert [(row.name, row.keyword, row.nofloat) for row in channel.nuisances] == [
                (row.name, row.keyword, row.nofloat) for row in again.nuisances
            ]
            assert list(map(plain, told(channel))) == list(map(plain, told(again)))
            assert sorted(map(str, map(plain, made.parameters))) == sorted(map(str, map(plain, read.parameters)))
            assert made.groups == read.groups
            assert made.frozen == read.frozen
            assert not [finding for finding in read.findings if finding.severity is not Severity.NOTICE]
            assert any(isinstance(one, BinByBinStatistics) for one in told(again))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "factor", "row"),
    [
        ("top", "ghost", "jes shape - - 1.0 1.0 - -"),
        ("ghost", "top", "jes lnN - - 1.1 1.1 - -"),
        ("top", "vjets", "jes shape? - - 1.0 1.0 1.1 1.1"),
    ],
)
def test_nuisance_of_two_kinds(shape: str, factor: str, row: str, tmp_path: Path) -> None:
    """The row is of the kinds whose columns are in the card, and only columns of the shape have templates."""
    declared = [
        SystematicUncertainty("jes", "shape", [shape], YEARS, 1.0),
        SystematicUncertainty("jes_rate", "lnN", [factor], YEARS, 1.1, datacard_name="jes"),
    ]
    made = small_card(*declared)
    assert body(made.content()) == [row]
    assert "no-effect" not in [finding.code for finding in made.findings]
    made.dump(tmp_path)
    with uproot.open(tmp_path / "shapes.root") as file:
        varied = [name for name in file.keys(cycle=False) if "jes" in name]
    expected = [f"top_{year}_jes{way}" for year in YEARS for way in ("Up", "Down")] if shape == "top" else []
    assert sorted(varied) == sorted(expected)


def test_constraint_of_has_rate_param() -> None:
    """A param of the name of the parameter that has_rateParam declares constrains it, without another change."""
    processes = two_processes(["2022"], has_rateParam=True)
    constraint = SystematicUncertainty("SF_ttbar", "param", options={"mean": 1.0, "sigma": 0.1})
    made = card(signal_and_ttbar(nominal=[1, 2, 3]), constraint, mc_processes=processes)
    assert body(made.content()) == ["SF_ttbar rateParam * ttbar_2022 1 [0,5]", "SF_ttbar param 1.0 0.1"]
    assert made.kmax == 1


@pytest.mark.slow
def test_factor_of_some_channels() -> None:
    """A rateParam is in the channels that its pattern matches, and in others a notice tells that it is not."""
    free = SystematicUncertainty("SF", "rateParam", ["top"], ["2022"], 1.0, options={"channels": "CR_*"})
    assert body(small_card(free, bin_prefix="CR").content()) == ["SF rateParam * top_2022 1"]
    made = small_card(free)
    assert body(made.content()) == []
    assert [finding.code for finding in made.findings if finding.systematic == "SF"] == ["no-effect"]


@pytest.mark.slow
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_cards(name: str) -> None:
    """Cards with all kinds have the whole text of the golden cards."""
    expected = (CARDS / f"{name}.txt").read_text(encoding="utf-8")
    assert golden(name).content() == expected.replace("VERSION", importlib.metadata.version("datacard-core"))


@pytest.mark.parametrize("name", GOLDEN)
def test_parse_of_golden_cards(name: str) -> None:
    """The reader takes from a golden card what Combine's own parser took from it, with its edits carried out."""
    read = card_of((CARDS / f"{name}.txt").read_text(encoding="utf-8"), lenient=True)
    found = canonical(read.content)
    for part, expected in json.loads((CARDS / "combine.json").read_text(encoding="utf-8"))[name].items():
        assert found[part] == expected
