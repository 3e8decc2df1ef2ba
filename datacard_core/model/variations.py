"""Written templates of a channel by variation, for all columns."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from datacard_core.grammar import DIRECTIONS

if TYPE_CHECKING:
    from datacard_core.model.arrays import FloatArray, IntArray, Templates
    from datacard_core.model.channel import Channel


@attrs.frozen(eq=False)
class Variations:
    """Templates of a channel under each variation; a column without an effect of it keeps its nominal."""

    channel: Channel

    @cached_property
    def _by_name(self) -> dict[str, list[tuple[IntArray, Templates]]]:
        """Positions of the affected columns with their templates, by variation."""
        variations: dict[str, list[tuple[IntArray, Templates]]] = {}
        for nuisance, shape in self.channel.shapes():
            for direction, templates in zip(DIRECTIONS, (shape.up, shape.down), strict=True):
                variations.setdefault(f"{nuisance.name}{direction}", []).append((shape.columns, templates))
        return variations

    @property
    def names(self) -> tuple[str, ...]:
        """Variations in the order of the card, `{nuisance}Up` and `{nuisance}Down`."""
        return tuple(self._by_name)

    def content(self, variation: str) -> tuple[FloatArray, FloatArray]:
        """Return values and variances of all columns, each of shape (columns, bins); nominal ones of another name."""
        # Copies, because the arrays of the channel are read-only.
        values, variances = self.channel.nominal.values.copy(), self.channel.nominal.variances.copy()
        for columns, templates in self._by_name.get(variation, ()):
            values[columns], variances[columns] = templates.values, templates.variances
        return values, variances
