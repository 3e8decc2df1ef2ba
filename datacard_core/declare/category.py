"""A category of an analysis: its variable, and where it differs from the other categories."""

from __future__ import annotations

import enum
from types import NoneType
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import scalar, scalars, shown, text, text_or_none, wrong_type
from datacard_core.declare.blinding import Blinding, plain_blinding
from datacard_core.declare.declaration import check_calls
from datacard_core.declare.policies import NO_POLICIES, Policies, plain_policies
from datacard_core.declare.values import plain_binning
from datacard_core.errors import DeclarationError
from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_core.declare.flow import Flow
    from datacard_core.declare.processes import DataProcesses, MCProcesses
    from datacard_core.declare.systematics import Systematics


class FromAnalysis(enum.Enum):
    """Default of an argument of a category, which None cannot be: None stands for a card without data."""

    FROM_ANALYSIS = enum.auto()

    def __repr__(self) -> str:
        return "as in the analysis"


FROM_ANALYSIS = FromAnalysis.FROM_ANALYSIS


def _own_blinding(given: Any) -> Any:
    return given if given is FROM_ANALYSIS else plain_blinding(given)


@public
@attrs.frozen
class Category:
    """The variable that is fitted in one category, its bins, and where its card differs from those of the analysis."""

    variable: str = attrs.field(converter=text)
    """A key of `output["variables"]`."""
    bins_edges: int | Iterable[float] | None = attrs.field(default=None, converter=plain_binning)
    """Edges to rebin to, or the number of bins to join, or None for the bins of the histograms."""
    flow: Flow = attrs.field(default="drop", converter=scalar, kw_only=True)
    """Treatment of content outside the bins: "drop", "fold" into the first and last bin, or "error"."""
    bin_name: str | None = attrs.field(default=None, converter=text_or_none, kw_only=True)
    """Combine's name of the channel, `[bin_prefix_]category_label` if not given."""
    mc_processes: MCProcesses | FromAnalysis = attrs.field(default=FROM_ANALYSIS, kw_only=True)
    """Simulated processes of this category, in place of those of the analysis."""
    data_processes: DataProcesses | FromAnalysis | None = attrs.field(default=FROM_ANALYSIS, kw_only=True)
    """Data of this category, or None for a card without data, in place of those of the analysis."""
    data_variations: Mapping[str, str] | FromAnalysis = attrs.field(default=FROM_ANALYSIS, kw_only=True)
    """Variations that the observation of this category takes in place of nominals, by sample."""
    systematics: Systematics | FromAnalysis = attrs.field(default=FROM_ANALYSIS, kw_only=True)
    """Systematics of this category, in place of those of the analysis."""
    exclude_systematics: tuple[str, ...] = attrs.field(default=(), converter=scalars, kw_only=True)
    """Nuisances, by `datacard_name`, that the card of this category leaves out."""
    mcstat: bool | Mapping[str, Any] | FromAnalysis = attrs.field(default=FROM_ANALYSIS, kw_only=True)
    """True, False or options of autoMCStats for this category, in place of those of the analysis."""
    blind: Blinding | FromAnalysis = attrs.field(default=FROM_ANALYSIS, converter=_own_blinding, kw_only=True)
    """Blind bins of this category, as True, False or a function, in place of those of the analysis."""
    policies: Policies = attrs.field(default=NO_POLICIES, converter=plain_policies, kw_only=True)
    """Treatments of bins below 0, of no events and of empty variations, where they differ from the analysis."""
    card_name: str | None = attrs.field(default=None, converter=text_or_none, kw_only=True)
    """File name of the card, `datacard_{category}_{label}.txt` if not given."""
    shapes_name: str | None = attrs.field(default=None, converter=text_or_none, kw_only=True)
    """File name of the templates, `shapes_{category}_{label}.root` if not given."""

    def __attrs_post_init__(self) -> None:
        texts = ("bin_name", "card_name", "shapes_name")
        problems = [
            *wrong_type("variable", self.variable, str, "a key of output['variables']"),
            *(problem for name in texts for problem in wrong_type(name, getattr(self, name), str | NoneType, "a text")),
        ]
        if problems:
            raise DeclarationError(f"Category({shown(self.variable)}): {problem}" for problem in problems)

    def changes(self) -> dict[str, Any]:
        """Return the declarations that differ from those of the analysis, by argument of a card."""
        names = ("mc_processes", "data_processes", "data_variations", "systematics", "mcstat")
        return {name: value for name in names if (value := getattr(self, name)) is not FROM_ANALYSIS}


check_calls(Category)
