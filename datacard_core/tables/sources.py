"""Channels of all that a table can be made of, and processes and years of their columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from datacard_core.arguments import shown
from datacard_core.errors import DeclarationError
from datacard_core.hookspecs import ReadCard
from datacard_core.model.channel import Channel
from datacard_core.model.model import Model

if TYPE_CHECKING:
    from datacard_core.model.cells import Cell
    from datacard_core.model.channel import Column

# PocketCoffea's years, such as 2018, 2016_PreVFP and 2022_postEE, behind the process.
_WITH_YEAR = re.compile(r"(.+)_(20\d\d(?:_?[A-Za-z]+)?)")


def channels_of(source: Any) -> tuple[Channel, ...]:
    """Return the channels of a channel, a model, a card, the cards of an analysis, or a card that was read.

    Raises:
        DeclarationError: it is none of these.
        CardError: the templates of a card that was read do not fit it.
        InputError: a file of templates cannot be read.
    """
    if isinstance(source, Channel):
        return (source,)
    if isinstance(source, Model):
        return source.channels
    if isinstance(source, ReadCard):
        return source.model().channels
    # A card of a script; by its attribute, as its class is made of what stands above the tables.
    if isinstance(channel := getattr(source, "channel", None), Channel):
        return (channel,)
    if isinstance(source, Iterable) and not isinstance(source, str):
        several = source.values() if isinstance(source, Mapping) else source
        return tuple(channel for one in several for channel in channels_of(one))
    raise DeclarationError(
        f"a table cannot be made of {shown(source)}: expected a Datacard, Cards, what read_card returns, a Channel or "
        "a Model"
    )


def process_and_year(column: Column | Cell) -> tuple[str, str]:
    """Return the process and the year of a column; of a card that was read, those that its name shows, if it does."""
    # The process of a column without a known year is its whole name.
    if not column.year and (found := _WITH_YEAR.fullmatch(column.process)):
        return found[1], found[2]
    return column.process, column.year
