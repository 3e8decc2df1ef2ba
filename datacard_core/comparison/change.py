"""Changes between two models, and their kinds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Mapping

TITLES = {
    "card.gone": "Cards that are gone",
    "card.appeared": "Cards that appeared",
    "channel.gone": "Channels that are gone",
    "channel.appeared": "Channels that appeared",
    "channel.renamed": "Channels with another name",
    "process.gone": "Processes that are gone",
    "process.appeared": "Processes that appeared",
    "process.renamed": "Processes with another name",
    "process.role": "Signals that became backgrounds, or backgrounds signals",
    "binning": "Other bins",
    "observation": "Other data",
    "rate": "Other rates",
    "template": "Other templates",
    "errors": "Other statistical errors of bins",
    "statistics": "Other lines autoMCStats",
    "nuisance.gone": "Nuisances that are gone",
    "nuisance.appeared": "Nuisances that appeared",
    "nuisance.renamed": "Nuisances with another name",
    "nuisance.decorrelated": "Nuisances that became several",
    "nuisance.correlated": "Nuisances that became one",
    "nuisance.recorrelated": "Nuisances that share their effects in another way",
    "nuisance.retyped": "Nuisances of another kind",
    "nuisance.coverage": "Nuisances that act on other columns",
    "nuisance.sign": "Nuisances with the opposite sign",
    "nuisance.value": "Other values of nuisances",
    "nuisance.scale": "Other scales of shapes",
    "nuisance.template": "Other templates of nuisances",
    "nuisance.nofloat": "Nuisances with another mark [nofloat]",
    "factor.gone": "Factors (rateParam) that are gone",
    "factor.appeared": "Factors (rateParam) that appeared",
    "factor.renamed": "Factors (rateParam) with another name",
    "factor.decorrelated": "Factors (rateParam) that became several",
    "factor.correlated": "Factors (rateParam) that became one",
    "factor.recorrelated": "Factors (rateParam) that share their columns in another way",
    "factor.coverage": "Factors (rateParam) that act on other columns",
    "factor.value": "Other starts, ranges and functions of factors (rateParam)",
    "parameter.gone": "Parameters that are gone",
    "parameter.appeared": "Parameters that appeared",
    "parameter.value": "Other lines of parameters",
    "parameter.frozen": "Parameters that are constant in one of both",
    "group.gone": "Groups that are gone",
    "group.appeared": "Groups that appeared",
    "group.members": "Groups with other members",
    "line.gone": "Further lines that are gone",
    "line.appeared": "Further lines that appeared",
}
"""Kinds of changes in the order of a report, each with its title."""

# A reviewer looks first at what is there at all, then at yields, and at single values last.
_ORDER = {kind: place for place, kind in enumerate(TITLES)}


@public
@attrs.frozen(kw_only=True)
class Change:
    """One difference by meaning between two models."""

    kind: str
    """Kind, such as `rate` or `nuisance.renamed`."""
    channel: str = ""
    """Channel, empty for what concerns no single one."""
    process: str = ""
    """Process, by its name in the model after the change."""
    nuisance: str = ""
    """Name of the nuisance, factor, parameter or group."""
    before: str = ""
    after: str = ""
    size: float = 0.0
    """Measure by which changes of one kind are sorted, 0 or above; infinite for a bin without an error."""
    measure: str = ""
    """Size of the change in words."""
    numbers: Mapping[str, float] = attrs.field(factory=dict)
    """Numbers behind the measure, by name."""


def in_order(change: Change) -> tuple[int, float]:
    """Return the key that sorts changes: by kind, the largest first."""
    # A yield that is not a number has no size, and is to be seen first.
    return _ORDER[change.kind], -change.size if change.size >= 0 else -math.inf


def before_after(end: str, text: str) -> tuple[str, str]:
    """Return the texts before and after of something that is `gone`, or else has appeared."""
    return (text, "") if end == "gone" else ("", text)


def number_of(count: int, what: str) -> str:
    """Return a number of countable objects in words."""
    return f"{count} {what}{'' if count == 1 else 's'}"


@attrs.frozen(kw_only=True)
class Tolerances:
    """Differences that count as none."""

    relative: float
    """Relative change of a number."""
    errors: float
    """Change of a bin in units of its statistical error."""
