"""From outputs to sums: what is needed of one output, or of many files one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.collecting import collect
from datacard_core.sources import Inventory, Source, check_output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacard_core.layout import Layout
    from datacard_core.sums import Sums


@attrs.frozen
class Wanted:
    """What is needed of an output."""

    layout: Layout
    variables: Mapping[str, str]
    """The variable of each category."""


@attrs.frozen(eq=False)
class Reduced:
    """What an output, or several, have of it."""

    inventories: Mapping[str, Inventory]
    """The names in the output, by variable."""
    sums: Mapping[str, Sums]
    """By category."""

    def __add__(self, other: Reduced) -> Reduced:
        """What both have.

        Raises:
            InputError: a dataset is in both, or their bins differ.
        """
        return Reduced(
            {variable: inventory + other.inventories[variable] for variable, inventory in self.inventories.items()},
            {category: sums + other.sums[category] for category, sums in self.sums.items()},
        )


def sources_of(output: Mapping[str, Any], variables: Mapping[str, str], origin: str) -> dict[str, Source]:
    """The source of each variable.

    Raises:
        InputError: the output lacks a variable, or what every output has.
    """
    check_output(output, variables.values())
    return {
        variable: Source(output["variables"][variable], output["datasets_metadata"], output["cutflow"], origin)
        for variable in dict.fromkeys(variables.values())
    }


def reduce_output(output: Mapping[str, Any], wanted: Wanted, origin: str = "the output") -> Reduced:
    """Sum what is needed of a loaded output.

    Raises:
        InputError: the output lacks a variable, or a histogram cannot be used.
    """
    sources = sources_of(output, wanted.variables, origin)
    sums: dict[str, Sums] = {}
    for variable, source in sources.items():
        categories = [category for category, of in wanted.variables.items() if of == variable]
        sums |= collect(source, wanted.layout, categories)
    return Reduced(
        {variable: source.inventory for variable, source in sources.items()},
        {category: sums[category] for category in wanted.variables},
    )
