"""`check`: cards that were built, cards in files, models, and faults that are told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import DeclarationError, InputError, Model, Severity, SystematicUncertainty, check, read_card
from datacard_core.testing import small_card
from tests.support.cards import HEAD

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Finding
pytestmark = pytest.mark.slow


FAULTS = "lumi lnN 1.02 1.02 1.02 1.02 1.02\nzero lnN - - - - -\nbnorm lnN - 1.3 - - -\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a card with an error for a strict reader, which Combine takes, and a large factor."""
    path = tmp_path / "card.txt"
    path.write_text(f"{HEAD}{FAULTS}scale lnN 0.1 - - - -\n", encoding="utf-8")
    return path


def codes(found: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(one.code, one.severity.name.lower()) for one in found}


EXPECTED = {
    ("row.no-effect", "warning"),
    ("value.kappa-relative", "error"),
    ("largeNormEff", "notice"),
    ("process.bin-no-signal", "notice"),
}


def test_file(path: Path) -> None:
    """Faults of the text, and findings of checks on what Combine makes of it, are told together, once each."""
    found = check(path)
    assert codes(found) >= EXPECTED - {("process.bin-no-signal", "notice")}
    assert len(found) == len({(one.code, one.message, one.column, one.systematic) for one in found})
    assert {one.place.partition(":")[0] for one in found} == {str(path)}


def test_directory_and_several(path: Path) -> None:
    """A directory stands for its cards, and several cards have the findings of each."""
    assert check(path.parent) == check(path) == check([path, str(path)])


def test_read_card_and_model(tmp_path: Path) -> None:
    """A card that was read, and its model, have the findings of the file but for its place."""
    path = tmp_path / "card.txt"
    path.write_text(f"{HEAD}{FAULTS}", encoding="utf-8")
    card = read_card(path)
    assert codes(check(card)) == codes(check(card.model())) == codes(check(path))


def test_text_that_combine_refuses(path: Path) -> None:
    """Of a card that Combine cannot read, the errors of the text are told alone."""
    path.write_text(path.read_text(encoding="utf-8").replace("1.3", "1.3x"), encoding="utf-8")
    found = check(path)
    assert ("value.number", "error") in codes(found)
    assert "largeNormEff" not in {one.code for one in found}


def test_built_card() -> None:
    """A card that was built has its findings, those of its checks once, and those about its model."""
    card = small_card()
    found = check(card)
    assert set(card.findings) <= set(found)
    assert len(set(found)) == len(found)
    assert check(card.channel) == found
    assert {one.code for one in check(Model.of([card.channel]))} == {one.code for one in found}


def test_other_objects(tmp_path: Path) -> None:
    """An object that is no card is refused, and a file that is missing."""
    with pytest.raises(DeclarationError, match="check got 3 "):
        check(3)
    with pytest.raises(InputError, match="card"):
        check(tmp_path / "missing.txt")


def test_accepted_findings_of_a_build() -> None:
    """A finding that the analysis accepts is told once, with its reason."""
    card = small_card()
    code = next(one.code for one in card.findings if one.severity < Severity.ERROR)
    found = [one for one in check(small_card(accept={code: "known"})) if one.code == code]
    assert {one.accepted for one in found} == {"known"}


def test_conventions() -> None:
    """Names are looked at by the given conventions alone, those of a card that was built as those of its model."""
    card = small_card(SystematicUncertainty("lumi", "lnN", ["signal", "top"], ["2022"], value=1.02))
    assert "unknown-name" not in {finding.code for finding in check(card)}
    for what in (card, card.model, card.channel, [card]):
        assert ("unknown-name", "lumi") in {(one.code, one.systematic) for one in check(what, conventions=["cms"])}
