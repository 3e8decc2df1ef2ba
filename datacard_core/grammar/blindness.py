"""The comment of a card that marks Asimov data in the place of real ones."""

from __future__ import annotations

import re

import attrs

from datacard_core.grammar.numbers import is_number, short
from datacard_core.grammar.words import COMMENT, DATA

_MARK = re.compile(
    rf"{COMMENT} (?:unblinded: {DATA} of (?P<open>\S+) is real data"
    rf"|blind: {DATA} of (?P<blind>\S+) is Asimov data in (?:all bins|bins? (?P<bins>[1-9][0-9]*(?:,[1-9][0-9]*)*)), "
    r"signal strength (?P<signal>\S+))"
)


@attrs.frozen(kw_only=True)
class Blindness:
    """Bins of a channel whose data are expected events and no counts."""

    bins: tuple[int, ...] | None = None
    """Positions of the blind bins, None for all."""
    signal: float = 0.0
    """Signal strength in their expected events."""
    lifted: bool = False
    """True if the data are real all the same, in a channel that is declared blind."""

    def places(self, count: int) -> list[int]:
        """Return the positions of the blind bins among so many."""
        if self.lifted:
            return []
        return list(range(count)) if self.bins is None else [place for place in self.bins if place < count]

    def text(self, channel: str) -> str:
        """Return the text of the comment about a channel; a card has it behind `#` and a blank."""
        if self.lifted:
            return f"unblinded: {DATA} of {channel} is real data"
        # Counted from 1, as in ROOT.
        listed = ",".join(str(place + 1) for place in self.bins or ())
        where = "all bins" if self.bins is None else f"bin{'s' * (len(self.bins) > 1)} {listed}"
        return f"blind: {DATA} of {channel} is Asimov data in {where}, signal strength {short(self.signal)}"


def stated_blindness(line: str) -> tuple[str, Blindness] | None:
    """Return the channel that a comment of `Blindness.text` marks, and its blind bins, or None for another line."""
    found = _MARK.fullmatch(line.rstrip())
    if found is None:
        return None
    if found["open"]:
        return found["open"], Blindness(lifted=True)
    if not is_number(found["signal"]):
        return None
    bins = tuple(int(word) - 1 for word in found["bins"].split(",")) if found["bins"] else None
    return found["blind"], Blindness(bins=bins, signal=float(found["signal"]))
