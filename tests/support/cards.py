"""Small cards in Combine's language, for tests of its reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacard_combine.reader import CombineCard

from datacard_core import CardFile, Severity
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from pathlib import Path

CARDS = SHARED_DATA / "cards"

HEAD = """\
imax *
jmax *
kmax *
---
bin SR CR
observation 120 310
---
bin SR SR SR CR CR
process sig top wj top wj
process 0 1 2 1 2
rate 8.25 90 20.5 280 31
---
"""
"""Head of a counting card with two channels and five columns."""

SHAPES = HEAD.replace("---\nbin SR CR", "shapes * * shapes.root $PROCESS $PROCESS_$SYSTEMATIC\n---\nbin SR CR")
"""Head of a card with templates."""


def card(text: str | bytes, *, lenient: bool = False, path: Path | None = None) -> CombineCard:
    """Return the card of a text, with its faults among the findings."""
    content = text.encode() if isinstance(text, str) else text
    return CombineCard(CardFile(path=path or CARDS / "card.txt", content=content, lenient=lenient))


def below(*rows: str, head: str = HEAD, **options: Any) -> CombineCard:
    """Return a card with some lines below the rates."""
    return card(head + "".join(f"{row}\n" for row in rows), **options)


def found(read: CombineCard) -> list[tuple[str, str]]:
    """Return code and severity of the errors and warnings about a card."""
    return [(one.code, one.severity.name.lower()) for one in read.findings if one.severity is not Severity.NOTICE]


def folders(name: str) -> list[Path]:
    """Return the folders of shared cards of one kind, none where the shared data are missing."""
    return sorted(path.parent for path in (CARDS / name).glob("*/*.txt"))
