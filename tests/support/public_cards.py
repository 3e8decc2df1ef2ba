# ruff: noqa: T201 - a command
"""Public cards, held to what Combine's parser takes from them; run by hand on copies of the repositories.

    python -m tests.support.public_cards FOLDER

FOLDER has a folder for each repository. The command prints a row for each of them: cards whose content is that of
Combine's parser, which reads some only for joining; cards that both refuse by default; models; and why there is no
model, by the code of the first error.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from datacard_combine.reader import CombineCard

from datacard_core import CardError, Severity, load_plugins, read_card
from tests.support.canonical import canonical, digest
from tests.support.cards import card
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from collections.abc import Mapping

MASSES = (125, 200, 120, 800)
"""Values of `$MASS`, of which the repositories have templates for some."""
EXPECTED = SHARED_DATA / "cards" / "parse" / "public_cards.json"


@attrs.define(kw_only=True)
class Row:
    """Figures of one repository."""

    cards: int = 0
    equal: int = 0
    refused: int = 0
    other: list[str] = attrs.field(factory=list)
    models: int = 0
    reasons: Counter[str] = attrs.field(factory=Counter)


def compare(folder: Path) -> dict[str, Row]:
    """Return the figures of each repository."""
    rows: dict[str, Row] = {}
    plugins = load_plugins()
    for expected in json.loads(EXPECTED.read_text(encoding="utf-8"))["cards"]:
        repository = expected["repo"].rpartition("/")[2]
        path = folder / repository / expected["path"]
        # A copy may be newer than the digests.
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != expected["sha256"]:
            continue
        row = rows.setdefault(repository, Row())
        row.cards += 1
        if "parse_sha256" in expected and not _is_equal(path, expected):
            row.other.append(f"{path} has another content")
            continue
        row.equal += "parse_sha256" in expected
        try:
            read = read_card(path, lenient=True, plugins=plugins)
        except CardError as error:
            if expected["outcome"].startswith("refused"):
                row.refused += 1
            else:
                row.other.append(f"{path}: {error.findings[0]}")
            continue
        if expected["outcome"] == "refused":
            row.other.append(f"{path} is read")
        assert isinstance(read, CombineCard)
        reason = _reason(read)
        row.models += not reason
        row.reasons.update([reason] * bool(reason))
    return rows


def _is_equal(path: Path, expected: Mapping[str, str]) -> bool:
    """Return whether the content of a card is that of Combine, also of one that it reads for joining alone."""
    content = path.read_bytes()
    its = card(gzip.decompress(content) if path.suffix == ".gz" else content, lenient=True, path=path)
    if expected["outcome"] == "read":
        return digest(canonical(its.content)) == expected["parse_sha256"]
    return digest(canonical(its.content_for_joining(), edits_kept=True)) == expected["parse_sha256"]


def _reason(read: CombineCard) -> str:
    """Return the code of the first error if a card has a model for none of the masses, and an empty text if it has."""
    reason = ""
    for mass in MASSES:
        try:
            read.model(mass=mass)
        except CardError as error:
            reason = reason or next(one.code for one in error.findings if one.severity is Severity.ERROR)
        else:
            return ""
    return reason


def main() -> None:
    """Print the table, and end with status 1 if a card is read otherwise than by Combine."""
    rows = compare(Path(sys.argv[1]))
    print("| repository | cards | equal | refused by both | models | no model |")
    print("|---|---|---|---|---|---|")
    for repository, row in sorted(rows.items()):
        reasons = ", ".join(f"{code} {count}" for code, count in row.reasons.most_common())
        print(f"| {repository} | {row.cards} | {row.equal} | {row.refused} | {row.models} | {reasons} |")
    other = [text for row in rows.values() for text in row.other]
    print(*other, sep="\n")
    sys.exit(bool(other))


if __name__ == "__main__":
    main()
