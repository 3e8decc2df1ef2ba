"""Years of a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datacard_core import Channel


def years_of(channel: Channel) -> tuple[str, ...]:
    """Return the years of the columns, each once; none of a column that was read and whose name shows none."""
    return tuple(dict.fromkeys(column.year for column in channel.columns if column.year))
