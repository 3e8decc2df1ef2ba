"""Rules on the rows of a channel: kinds that Combine takes only one of on a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.grammar import morphing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datacard_core.model.channel import Channel
    from datacard_core.model.effects import Entry, Nuisance


def row_problems(channel: Channel) -> Iterator[str]:
    """Yield the nuisances that cannot be on one column together."""
    yield from _several(channel, _morphing_of, "Combine morphs the templates of a column in one way")
    yield from _several(channel, _control_region_of, "a column has the yield of one control region")


def _morphing_of(nuisance: Nuisance, entry: Entry) -> str:  # noqa: ARG001 - a row has one keyword
    # Also on the columns of `shape?` that have a factor: Combine looks at the keyword before it looks for templates.
    return morphing(nuisance.keyword) if any(entry.shape is not None for entry in nuisance.entries) else ""


def _control_region_of(nuisance: Nuisance, entry: Entry) -> str:
    return nuisance.name if entry.keyword.startswith("gmN ") else ""


def _several(channel: Channel, property_of: Callable[[Nuisance, Entry], str], reason: str) -> Iterator[str]:
    """Yield a problem for each two nuisances on a column that differ in a property, which is empty where it is free."""
    found = [
        (nuisance, entry, kept)
        for nuisance in channel.nuisances
        for entry in nuisance.entries
        if (kept := property_of(nuisance, entry))
    ]
    # Almost all channels have one morphing, and need no look at their columns.
    if len({kept for *_, kept in found}) < 2:  # noqa: PLR2004 - two that differ
        return
    first: dict[int, tuple[Nuisance, str]] = {}
    told: set[tuple[str, str]] = set()
    for nuisance, entry, kept in found:
        for column in entry.columns.tolist():
            other, other_kept = first.setdefault(column, (nuisance, kept))
            if other_kept != kept and (other.name, nuisance.name) not in told:
                told.add((other.name, nuisance.name))
                yield (
                    f"nuisance {nuisance.name!r} is {nuisance.keyword} and {other.name!r} is {other.keyword}, both on "
                    f"{channel.columns[column].name!r}: {reason}"
                )
