"""Channels of all that a table can be made of, and processes and years of their columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import shown
from datacard_core.errors import DeclarationError
from datacard_core.hookspecs import ReadCard
from datacard_core.model.channel import Channel
from datacard_core.model.model import Model

if TYPE_CHECKING:
    from datacard_core.model.channel import Column

# PocketCoffea's years, such as 2018, 2016_PreVFP and 2022_postEE, behind the process.
_WITH_YEAR = re.compile(r"(.+)_(20\d\d(?:_?[A-Za-z]+)?)")


def channels_of(source: Any) -> tuple[Channel, ...]:
    """Return the channels of a channel, a model, a card, the cards of an analysis, a card that was read, or several.

    A column that was read is divided into process and year if its name ends in a year, such as `ttbar_2022_postEE`.
    Channels of one name in several cards that were read have the name of the card's file before theirs.

    Raises:
        DeclarationError: it is none of these.
        CardError: the templates of a card that was read do not fit it.
        InputError: a file of templates cannot be read.
    """
    if isinstance(source, Channel):
        return (_with_years(source),)
    if isinstance(source, Model):
        return tuple(map(_with_years, source.channels))
    if isinstance(source, ReadCard):
        return channels_of(source.model())
    # A card of a script; by its attribute, as its class is made of what stands above the tables.
    if isinstance(channel := getattr(source, "channel", None), Channel):
        return (_with_years(channel),)
    if isinstance(source, Iterable) and not isinstance(source, str):
        several = list(source.values() if isinstance(source, Mapping) else source)
        by_source = [channels_of(one) for one in several]
        # Channels of one name would be one column of a table.
        counts = Counter(channel.bin for channels in by_source for channel in channels)
        return tuple(
            attrs.evolve(channel, bin=f"{one.path.name.split('.')[0]}:{channel.bin}")
            if isinstance(one, ReadCard) and counts[channel.bin] > 1
            else channel
            for one, channels in zip(several, by_source, strict=True)
            for channel in channels
        )
    raise DeclarationError(
        f"a table cannot be made of {shown(source)}: expected a Datacard, Cards, what read_card returns, a Channel or "
        "a Model"
    )


def _with_years(channel: Channel) -> Channel:
    """Return a channel with processes and years of its columns; of a card that was read, those that the names show."""
    columns = tuple(map(_with_year, channel.columns))
    return channel if columns == channel.columns else attrs.evolve(channel, columns=columns)


def _with_year(column: Column) -> Column:
    # The process of a column without a known year is its whole name.
    if column.year or not (found := _WITH_YEAR.fullmatch(column.process)):
        return column
    return attrs.evolve(column, process=found[1], year=found[2], label=found[1])
