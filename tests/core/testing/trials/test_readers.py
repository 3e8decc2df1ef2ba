"""The kit's trial of card readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from datacard_core import CardFile, CardReader, ReadCard, notice
from tests.support.conformance import failure
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from datacard_core import Finding


class Plain(ReadCard):
    """A card that is a text."""

    def __init__(self, file: CardFile, findings: Sequence[Finding] = (), end: str = "") -> None:
        self.path, self.findings = file.path, findings
        self._text = file.content.decode("utf-8", "surrogateescape") + end

    @property
    def text(self) -> str:
        return self._text


class Plains(CardReader):
    """Reader of texts."""

    name: ClassVar[str] = "plain"

    def read(self, file: CardFile) -> ReadCard:
        return Plain(file)


class Adding(Plains):
    """Reader that changes the text."""

    def read(self, file: CardFile) -> ReadCard:
        return Plain(file, end="!")


class Undeclared(Plains):
    """Reader whose codes are not declared."""

    def read(self, file: CardFile) -> ReadCard:
        return Plain(file, [notice("secret", "a text")])


class Brittle(Plains):
    """Reader that fails for an empty card."""

    def read(self, file: CardFile) -> ReadCard:
        return Plain(file, end="" if file.content else str(file.content[0]))


@pytest.mark.slow
def test_readers_that_do_not_conform(tmp_path: Path) -> None:
    """Changed text, undeclared codes, exceptions and a missing card are told."""
    path = tmp_path / "note.txt"
    path.write_text("a\nb\n")
    files = {"plain": path}
    assert "byte for byte" in failure(Provider("acme", Adding()), files=files)
    assert "it made secret" in failure(Provider("acme", Undeclared()), files=files)
    assert "IndexError" in failure(Provider("acme", Brittle()), files=files)
    assert "files={'plain'" in failure(Provider("acme", Plains()))
