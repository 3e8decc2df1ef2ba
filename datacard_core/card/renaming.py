"""Cards with other names than those of their declarations."""

from __future__ import annotations

import copy
from functools import cached_property
from inspect import getattr_static
from typing import TYPE_CHECKING, TypeVar

from datacard_core.arguments import tree
from datacard_core.errors import DeclarationError
from datacard_core.model.renaming import check_new_names, renamed
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacard_core.card.sections import Sections

Card = TypeVar("Card", bound="Sections")


def renamed_cards(cards: Mapping[str, Card], names: Mapping[str, str]) -> dict[str, Card]:
    """Return cards by category with other names of processes, columns and parameters.

    Raises:
        DeclarationError: the names cannot be given; all problems of all cards.
    """
    names = tree(names)
    check_new_names([card.channel for card in cards.values()], names)
    return {category: _with_names(card, names, list(card.own_text)) for category, card in cards.items()}


def _with_names(card: Card, names: Mapping[str, str], own: Sequence[str]) -> Card:
    if own:
        raise DeclarationError(
            f"names: class {type(card).__name__!r} writes {listing(own)} itself, where the old names would stay: "
            "declare the new names in the script"
        )
    made = copy.copy(card)
    kept = vars(made)
    # Values that were kept at the first look are of the old channel.
    for name in [name for name in kept if isinstance(getattr_static(type(card), name, None), cached_property)]:
        del kept[name]
    # Not an assignment: to scripts, a finished card is read-only.
    kept["_built"] = renamed(card.channel, names)
    return made
