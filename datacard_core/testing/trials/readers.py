"""Trial of a card reader: the text stays as it is, and a card of any content is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.arguments import shown
from datacard_core.hookspecs import CardFile, ReadCard
from datacard_core.plugins.calling import findings_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datacard_core.findings import Finding
    from datacard_core.hookspecs import CardReader
    from datacard_core.plugins.calling import Provided
    from datacard_core.testing.cases import Case

_RUBBISH = (b"", b"\x00no card\xff\n" * 9, b"\n \t\r\n", "µ ☃\n".encode())


def assert_reader(case: Case, provided: Provided[CardReader], file: Path | None) -> None:
    """Test a reader with a card of its author, and with what is left of it when parts of it are missing."""
    name = provided.value.name
    if file is None:
        way_out = f"give one: assert_plugin(…, files={{{name!r}: 'a card that it can read'}})"
        case.fail("a card that it can read", f"no card is given; {way_out}")
    case = attrs.evolve(case, given=file)
    with case.trying("a card that it can read"):
        content = file.read_bytes()
    first, again = (_read(case, provided, file, content) for _ in range(2))
    case.same("the same findings about the same card, each time", first, again)
    errors = [finding for finding in first if finding.severity.name == "ERROR"]
    case.expect(not errors, "a card that it can read", "\n".join(map(str, errors)))
    for damaged in _damaged(content):
        _read(attrs.evolve(case, given=damaged), provided, file, damaged)


def _read(case: Case, provided: Provided[CardReader], path: Path, content: bytes) -> list[Finding]:
    """Read a card, and return its findings after testing its text."""
    with case.trying("that it reads a card of any content, with findings about its faults"):
        with provided.blamed(f"reading {path}") as reader:
            card: object = reader.read(CardFile(path=path, content=content))
        if not isinstance(card, ReadCard):
            case.fail("a ReadCard", shown(card))
        with provided.blamed(f"asking {path} for its text"):
            text, findings = card.text, findings_of(card.findings)
        written = text.encode("utf-8", "surrogateescape")
    case.same("the text byte for byte as it was read", content, written)
    declared = set(provided.value.codes)
    undeclared = sorted({finding.code for finding in findings} - declared)
    case.expect(not undeclared, "that the codes of its findings are in `codes`", f"it made {', '.join(undeclared)}")
    return findings


def _damaged(content: bytes) -> Iterator[bytes]:
    """Yield other contents: rubbish, and the card without each of its lines."""
    yield from _RUBBISH
    yield content[: len(content) // 2]
    lines = content.splitlines(keepends=True)
    for place in range(len(lines)):
        yield b"".join(lines[:place] + lines[place + 1 :])
