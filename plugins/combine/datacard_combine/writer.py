"""The card writer `combine`: the text that CMS Combine reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from datacard_core import CardWriter, DeclarationError, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core import CardContext, Channel

# Combine skips lines that begin with two dashes.
RULE = "-" * 80
GAP = "  "
"""Gap between two columns of the table, even between the longest words: Combine splits lines at blanks."""


class CombineWriter(CardWriter):
    """One card for each channel; `combineCards.py` joins several."""

    name: ClassVar[str] = "combine"
    renders_all: ClassVar[bool] = True
    is_combine: ClassVar[bool] = True

    def render(self, card: CardContext) -> str:
        """Return the text of the card.

        Raises:
            DeclarationError: Combine could not read the name of the templates' file.
        """
        channel, shapes_name = card.channel, card.shapes_name
        if shapes_name.split() != [shapes_name]:
            message = f"the templates' file {shapes_name!r} has a blank in its name, at which Combine splits its line"
            raise DeclarationError(f"{message}: choose a name without blanks")
        sections = (
            [*(f"# {line}" for line in card.provenance), *_counts(channel)],
            # The * includes data_obs, whose template has the name that the same pattern gives.
            [f"shapes * {channel.bin} {shapes_name} {' '.join(card.patterns)}"],
            [f"bin {channel.bin}", f"observation {_observation(channel)}"],
            _table(channel),
            channel.lines(),
        )
        return "".join(f"{line}\n" for section in sections if section for line in (*section, RULE))


def _counts(channel: Channel) -> list[str]:
    # Combine does not count free parameters, groups and autoMCStats in kmax.
    return [
        "imax 1 number of channels",
        f"jmax {len(channel.columns) - 1} number of processes minus 1",
        f"kmax {channel.kmax} number of nuisance parameters",
    ]


def _observation(channel: Channel) -> str:
    # At -1, Combine takes the integral of data_obs.
    return number(channel.observation) if channel.has_data else "-1"


def _table(channel: Channel) -> list[str]:
    """Return the block of columns: bin, process name, process id and rate, then a row for each nuisance."""
    # Combine ends the head at the line of rates, so it is the last one before the nuisances.
    head = [
        ("bin", "", [channel.bin] * len(channel.columns)),
        ("process", "", [column.name for column in channel.columns]),
        ("process", "", [str(column.id) for column in channel.columns]),
        ("rate", "", [number(rate) for rate in channel.rates]),
    ]
    rows = [(row.written_name, row.keyword, row.cells(len(channel.columns))) for row in channel.nuisances]
    lines = _aligned([*head, *rows])
    return lines if not rows else [*lines[: len(head)], RULE, *lines[len(head) :]]


def _aligned(rows: Sequence[tuple[str, str, list[str]]]) -> list[str]:
    """Return lines whose columns start at the same place, a gap behind the longest entry before it."""
    words = [[name, keyword, *cells] for name, keyword, cells in rows]
    widths = [max(map(len, column)) for column in zip(*words, strict=True)]
    return [GAP.join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in words]
