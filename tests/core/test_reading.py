"""`read_card`: the reader of the selected plugins, files that cannot be read, and faults of readers."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest

from datacard_core import (
    CardError,
    CardFile,
    CardReader,
    DeclarationError,
    InputError,
    MissingProviderError,
    PluginCallError,
    ReadCard,
    error,
    load_plugins,
    notice,
    read_card,
    read_cards,
)
from tests.support.cards import HEAD
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from datacard_core import Finding


@attrs.frozen
class Note(ReadCard):
    """A card that is a text."""

    path: Path
    content: bytes
    findings: Sequence[Finding] = ()

    @property
    def text(self) -> str:
        return self.content.decode()


class Notes(CardReader):
    """Reader of notes: a question mark is an error, and a dot is told."""

    name: ClassVar[str] = "notes"
    codes: ClassVar[Mapping[str, str]] = {"question": "A question.", "dot": "A notice: a dot."}

    def read(self, file: CardFile) -> ReadCard:
        make: Any = notice if file.lenient else error
        findings = [make("question", "asks")] if b"?" in file.content else []
        return Note(file.path, file.content, [*findings, *([notice("dot", "ends")] if b"." in file.content else [])])


NOTES = load_plugins(Provider("notes", Notes()))


def test_reader_of_plugin(tmp_path: Path) -> None:
    """The card of the named reader is returned with its findings."""
    path = tmp_path / "note.txt"
    path.write_text("all is well.")
    card = read_card(path, reader="notes", plugins=NOTES)
    assert card.text == "all is well."
    assert [finding.code for finding in card.findings] == ["dot"]


def test_errors_and_lenient(tmp_path: Path) -> None:
    """Errors of the reader are raised, and lenience reaches it."""
    path = tmp_path / "note.txt"
    path.write_text("is it?")
    with pytest.raises(CardError) as raised:
        read_card(path, reader="notes", plugins=NOTES)
    assert [finding.code for finding in raised.value.findings] == ["question"]
    assert read_card(path, reader="notes", plugins=NOTES, lenient=True).text == "is it?"


def test_zipped_file(tmp_path: Path) -> None:
    """A file whose name ends in .gz is unzipped."""
    path = tmp_path / "note.txt.gz"
    path.write_bytes(gzip.compress(b"all is well."))
    assert read_card(path, reader="notes", plugins=NOTES).text == "all is well."


@pytest.mark.slow
def test_zipped_file_that_has_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zipped file is read up to the size of a card."""
    monkeypatch.setattr("datacard_core.reading.LONGEST_CARD", 1000)
    path = tmp_path / "note.txt.gz"
    path.write_bytes(gzip.compress(b"a" * 2000))
    with pytest.raises(InputError, match=r"has more than 0\.001 MB: is it a card"):
        read_card(path)


@pytest.mark.parametrize("content", [None, b"no gzip", gzip.compress(b"x" * 99)[:-9]], ids=["none", "plain", "cut"])
def test_unreadable_file(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing or damaged is an error that names it."""
    path = tmp_path / "note.txt.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"note\.txt\.gz"):
        read_card(path, reader="notes", plugins=NOTES)


@pytest.mark.slow
def test_unknown_reader(tmp_path: Path) -> None:
    """A reader that no selected plugin has is an error with the closest name."""
    with pytest.raises(MissingProviderError, match="did you mean 'combine'"):
        read_card(tmp_path, reader="combin")


def test_reader_that_fails(tmp_path: Path) -> None:
    """A reader that returns something else, or raises, is blamed with its plugin."""
    path = tmp_path / "note.txt"
    path.write_text("all is well.")

    class Faulty(Notes):
        """Reader without a card."""

        name: ClassVar[str] = "faulty"

        def read(self, file: CardFile) -> ReadCard:
            return None if file.lenient else file.missing  # type: ignore[attr-defined, return-value]

    plugins = load_plugins(Provider("acme", Faulty()))
    for lenient, words in ((True, "got None, expected a ReadCard"), (False, "AttributeError while reading")):
        with pytest.raises(PluginCallError, match=words) as raised:
            read_card(path, reader="faulty", plugins=plugins, lenient=lenient)
        assert raised.value.plugin == "acme"


@pytest.mark.slow
def test_folder_of_cards(tmp_path: Path) -> None:
    """Cards of a directory are read in the order of their names, zipped ones too; a file given twice is read once."""
    (tmp_path / "b.txt").write_text(HEAD, encoding="utf-8")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(HEAD.encode()))
    (tmp_path / "readme.txt").write_text("notes", encoding="utf-8")
    (tmp_path / "c.log").write_text(HEAD, encoding="utf-8")
    cards = read_cards([tmp_path, tmp_path / "b.txt"])
    assert [card.path.name for card in cards] == ["a.txt.gz", "b.txt"]


def test_control_region(tmp_path: Path) -> None:
    """A card without a signal is read, because others complete it, and its effects are there."""
    path = tmp_path / "a.txt"
    text = HEAD.replace("process 0 1 2 1 2", "process 3 1 2 1 2")
    path.write_text(f"{text}lumi lnN 1.02 1.02 1.02 1.02 1.02\n", encoding="utf-8")
    (card,) = read_cards([path])
    assert len(list(card.cells())) == 5


@pytest.mark.slow
def test_lenient_reading_of_several(tmp_path: Path) -> None:
    """A card that Combine takes is read, also with lines that strict reading refuses."""
    path = tmp_path / "a.txt"
    path.write_text(f"{HEAD}lumi lnN 1.02 1.02 1.02 1.02 1.02 1.02\n", encoding="utf-8")
    assert len(read_cards(path, lenient=True)) == 1
    with pytest.raises(CardError, match="cells"):
        read_cards(path)


def test_no_paths() -> None:
    """An empty list is refused, so that no cards are never taken for a folder of them."""
    with pytest.raises(DeclarationError, match=r"paths is \[\], expected cards"):
        read_cards([])
