"""The sums that the cards of an analysis need: of their own categories, and of those over which totals are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.build.corridor import Collected
from datacard_core.build.plans import norm_layout
from datacard_core.execution.reduction import Required, Requirements
from datacard_core.grouping import together

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.execution.reduction import Key, ReducedOutput
    from datacard_core.templates.rows import Layout
    from datacard_core.templates.sums import Sums


@attrs.frozen(kw_only=True, eq=False)
class Needed:
    """The rows that each card reads, and the variables that they are read from."""

    declared: Mapping[str, DeclaredCard]
    layouts: Mapping[str, Layout]
    variables: Mapping[str, str]
    """Variable of each category."""
    norm_categories: tuple[str, ...]
    """Categories over which shape-only totals are kept."""
    norm_variable: str | None
    """Variable that totals are taken from; that of each category if None."""

    def requirements(self, *, parts: bool) -> Requirements:
        """Return what has to be summed, each category of a variable and layout once."""
        required: dict[Key, Required] = {
            (name,): Required(name, self.variables[name], rows.here) for name, rows in self.layouts.items()
        }
        for of_card in self._elsewhere().values():
            required |= of_card
        if self.norm_variable is not None:
            for card, keys in self._norms().items():
                rows = norm_layout(self.declared[card], self.layouts[card])
                required |= {key: Required(name, self.norm_variable, rows) for name, key in keys.items()}
        return Requirements(required, parts)

    def collected(self, reduced: ReducedOutput) -> Collected:
        """Return the sums for the cards."""
        sums: dict[Key, Sums] = {
            (name,): reduced.sums[name,].filled(self.layouts[name], [reduced.sums[key] for key in of_card])
            for name, of_card in self._elsewhere().items()
        }
        of_all = {**reduced.sums, **sums}
        return Collected(
            inventory=reduced.inventory,
            sums={name: of_all[name,] for name in self.layouts},
            norms={card: {name: of_all[key] for name, key in keys.items()} for card, keys in self._norms().items()},
        )

    def _elsewhere(self) -> dict[str, dict[Key, Required]]:
        """Return the sums that each card has from other categories and variables."""
        return {
            # Cards with equal ones have them summed once, as `Requirements.passes` collects each category once.
            name: {
                (name, category, variable): Required(category or name, variable or self.variables[name], rows)
                for (category, variable), rows in layout.elsewhere.items()
            }
            for name, layout in self.layouts.items()
        }

    def _norms(self) -> dict[str, dict[str, Key]]:
        """Return the sums that totals are taken from, by category, for each card that keeps totals."""
        # Cards of one layout have the same totals, which the first of them stands for.
        groups = together(self.layouts.items(), lambda first, other: first[1] is other[1])
        cards = [group[0][0] for group in groups if self.declared[group[0][0]].shape_only]
        if self.norm_variable is None:
            return {card: {name: (name,) for name in self.norm_categories} for card in cards}
        return {card: {name: (card, name) for name in self.norm_categories} for card in cards}
