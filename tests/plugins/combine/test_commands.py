"""`datacard combine`, held to what Combine's own script makes of pairs of cards."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from datacard_combine.commands import joined_text

from datacard_core import CardError
from tests.support.canonical import canonical
from tests.support.cards import CARDS, HEAD, SHAPES, card
from tests.support.cases import case
from tests.support.commands import datacard, failed

if TYPE_CHECKING:
    from pathlib import Path

PAIRS: dict[str, Any] = (
    json.loads((CARDS / "refusals" / "expected.json").read_text(encoding="utf-8"))["pairs"] if CARDS.is_dir() else {}
)
# Combine's script keeps one of two rows of one name, and loses the numbers of a flatParam and the edits' channel.
ALONE = {"01_observation_missing_in_one": "block.no-observation", "12_discrete_in_both": "discrete.unknown"}
"""Codes of pairs of which strict reading refuses a card alone."""
OWN_WAY = {"15_duplicate_row", "13_constr_line", "14_edit_drop_named_bin"}


def _unordered(parse: dict[str, Any]) -> dict[str, Any]:
    """Return a parse without the order of rows and columns, and with the ten digits that the script writes."""
    parse = json.loads(json.dumps(parse), parse_float=lambda text: round(float(text), 10))
    # The script leaves it to the user to say that a card has no templates.
    shapes = {channel: lines for channel, lines in parse["shapeMap"].items() if lines != {"*": ["FAKE"]}}
    return {
        **parse,
        "shapeMap": shapes,
        "systs": sorted(parse["systs"], key=str),
        "keyline": sorted(parse["keyline"]),
        "processes": sorted(parse["processes"]),
        "signals": sorted(parse["signals"]),
    }


def _join(folder: Path, name: str, **options: bool) -> str:
    pair = PAIRS[name]
    arguments = [f"{label}={folder / file}" for label, file in zip(pair["labels"], pair["cards"], strict=True)]
    return joined_text(arguments, folder / "combined.txt", **options)[0]


def test_content_is_that_of_combine() -> None:
    """The joined card has the content that combineCards.py gives."""
    for name in [name for name in PAIRS if "combined_parse" in PAIRS[name] and name not in OWN_WAY]:
        text = _join(CARDS / "refusals" / "pairs" / name, name, lenient=True)
        expected = PAIRS[name]["combined_parse"]
        found = canonical(card(text, lenient=True).content)
        if "extarg" in PAIRS[name]["right"]["code"]:
            # Of two values the script takes the last one, and the tool tells them.
            found["extArgs"] = expected["extArgs"]
        assert _unordered(found) == _unordered(expected), name


def test_contradictions_are_told() -> None:
    """Cards that should not be joined are refused, with the proposed code unless edits are mended."""
    for name in [name for name in PAIRS if PAIRS[name]["right"]["severity"] == "error"]:
        with case(name):
            folder = CARDS / "refusals" / "pairs" / name
            if name == "14_edit_drop_named_bin":
                assert "nuisance edit drop bkg a b" in _join(folder, name)
                continue
            with pytest.raises(CardError) as raised:
                _join(folder, name)
            assert ALONE.get(name, PAIRS[name]["right"]["code"]) in [finding.code for finding in raised.value.findings]


@pytest.mark.slow
def test_command(tmp_path: Path) -> None:
    """The command writes the card, and tells all errors with their places in place of writing."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(HEAD + "lumi lnN 1.1 1.1 1.1 1.1 1.1\n")
    output = tmp_path / "all.txt"
    arguments = (str(tmp_path / "a.txt"), str(tmp_path / "b.txt"), "-o", str(output))
    assert datacard("combine", *arguments).exit_code == 0
    assert card(output.read_text()).content.head.channels == ("ch1_SR", "ch1_CR", "ch2_SR", "ch2_CR")
    # In a row of shapeU?, Combine's script would make the uniform density a normal one.
    for first, second in (("lnN", "lnU"), ("shapeU", "lnN")):
        (tmp_path / "a.txt").write_text(SHAPES + f"lumi {first} 1.1 1.1 1.1 1.1 1.1\n")
        (tmp_path / "b.txt").write_text(SHAPES + f"lumi {second} 1.1 1.1 1.1 1.1 1.1\n")
        assert "combine.kind-clash" in failed(datacard("combine", *arguments))
    assert "lnU" not in output.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "all.txt", "b.txt"]


def test_paths_and_names(tmp_path: Path) -> None:
    """Files stay where they are, channels get the label, and a card without templates says so."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(SHAPES)
    (tmp_path / "b.txt").write_text(HEAD)
    arguments = [f"x={tmp_path / 'in' / 'a.txt'}", str(tmp_path / "b.txt")]
    content = card(joined_text(arguments, tmp_path / "all.txt")[0]).content
    assert content.head.channels == ("x_SR", "x_CR", "ch2_SR", "ch2_CR")
    assert {(line.channel, line.fields[0]) for line in content.head.shapes} == {
        ("x_SR", "in/shapes.root"),
        ("x_CR", "in/shapes.root"),
        ("ch2_SR", "FAKE"),
        ("ch2_CR", "FAKE"),
    }


def test_zipped_output(tmp_path: Path) -> None:
    """An output whose name ends in .gz is zipped, as readers go by the name."""
    (tmp_path / "a.txt").write_text(HEAD, encoding="utf-8")
    for name in ("joined.txt", "joined.txt.gz"):
        assert datacard("combine", tmp_path / "a.txt", "-o", tmp_path / name).exit_code == 0
    assert gzip.decompress((tmp_path / "joined.txt.gz").read_bytes()) == (tmp_path / "joined.txt").read_bytes()


@pytest.mark.slow
def test_folder(tmp_path: Path) -> None:
    """All cards of a folder are joined, other texts are not, channels keep their names, and the new folder is made."""
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "a.txt").write_text(HEAD, encoding="utf-8")
    (tmp_path / "cards" / "notes.txt").write_text("to be fitted\n", encoding="utf-8")
    output = tmp_path / "new" / "all.txt"
    result = datacard("combine", tmp_path / "cards", "-o", output)
    assert result.exit_code == 0, result.output
    assert card(output.read_text(encoding="utf-8")).content.head.channels == ("SR", "CR")
