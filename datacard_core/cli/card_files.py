"""Cards that a command is given, as files and as directories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.errors import DatacardError, InputError
from datacard_core.findings import CardError, Severity, raise_together
from datacard_core.reading import card_paths, parsed_card

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from datacard_core.hookspecs import ReadCard

# combineCards.py takes these cards too: control regions often have no signal.
_OF_ONE_CARD = frozenset({"process.no-background", "process.no-signal"})
"""Codes of errors that are none in a card that is joined with others."""


def read_all(paths: Iterable[Path]) -> list[ReadCard]:
    """Read cards as leniently as Combine does.

    Args:
        paths: cards, and directories, all cards of which are read.

    Raises:
        InputError: a directory has no card, or cards cannot be read; all errors are told together.
    """
    cards: list[ReadCard] = []
    errors: list[DatacardError] = []
    found: dict[Path, None] = {}
    for path in paths:
        try:
            found |= dict.fromkeys(card_paths(path))
        except InputError as error:
            errors.append(error)
    # Strict reading would refuse cards that a collaboration has fitted already.
    for path in found:
        try:
            card, findings = parsed_card(path, lenient=True)
        except InputError as error:
            errors.append(error)
            continue
        cards.append(card)
        wrong = [one for one in findings if one.severity is Severity.ERROR and one.code not in _OF_ONE_CARD]
        errors += [CardError(wrong)] if wrong else []
    raise_together(errors)
    return cards
