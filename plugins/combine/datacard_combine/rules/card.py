"""All rules on a card that Combine reads."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from datacard_combine.rules.counts import count_faults
from datacard_combine.rules.formulas import formula_faults
from datacard_combine.rules.names import name_faults
from datacard_combine.rules.parameters import parameter_faults
from datacard_combine.rules.rows import row_faults
from datacard_combine.rules.shapes import shape_faults
from datacard_combine.rules.values import value_faults
from datacard_combine.rules.yields import yield_faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_combine.meaning.content import Content
    from datacard_combine.syntax.faults import Fault
    from datacard_combine.syntax.views import View

RULES = (
    count_faults,
    name_faults,
    row_faults,
    value_faults,
    yield_faults,
    parameter_faults,
    formula_faults,
    shape_faults,
)


def faults_of(views: Sequence[View], content: Content) -> list[Fault]:
    """Return the faults of a card, each rule's in the order of the card."""
    return list(chain.from_iterable(rule(views, content) for rule in RULES))
