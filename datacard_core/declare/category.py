"""A category of an analysis: its variable, and where it differs from the other categories."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import items, scalar, scalars, shown, text, text_or_none, wrong_type
from datacard_core.declare.blinding import Blinding, plain_blinding
from datacard_core.declare.declaration import check_calls
from datacard_core.declare.policies import NO_POLICIES, Policies, plain_policies
from datacard_core.declare.values import BinningRule, plain_binning
from datacard_core.errors import DeclarationError
from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core.declare.flow import Flow
    from datacard_core.declare.processes import DataProcesses, MCProcesses
    from datacard_core.declare.systematics import Systematics


class FromAnalysis(enum.Enum):
    """Default of an argument of a category, which None cannot be: None stands for a card without data."""

    FROM_ANALYSIS = enum.auto()

    def __repr__(self) -> str:
        return "as in the analysis"


FROM_ANALYSIS = FromAnalysis.FROM_ANALYSIS


def _plain_edges(edges: Any) -> Any:
    return {name: plain_binning(of) for name, of in items(edges)} if isinstance(edges, Mapping) else scalar(edges)


def _plain_slices(slices: Any) -> Any:
    return tuple(map(plain_binning, slices)) if isinstance(slices, list | tuple) else scalar(slices)


@public
@attrs.frozen
class Unroll:
    """The bins of a histogram of two or three variables in a row, slice after slice."""

    order: tuple[str, ...] = attrs.field(converter=scalars)
    """Names of the axes; bins of the last one stand side by side, and those of the first are furthest apart."""
    edges: Mapping[str, Any] = attrs.field(factory=dict, converter=_plain_edges, kw_only=True)
    """Bins of axes by name: edges, or the number of bins to join; those of the histogram if not given."""
    slices: tuple[Any, ...] = attrs.field(default=(), converter=_plain_slices, kw_only=True)
    """Bins of the last axis in each slice, where slices differ: edges, or a number of bins to join, or None."""

    def __attrs_post_init__(self) -> None:
        if problems := list(self._problems()):
            raise DeclarationError(f"Unroll: {problem}" for problem in problems)

    def _problems(self) -> Iterator[str]:
        if (
            not all(isinstance(name, str) for name in self.order)
            or len({*self.order}) != len(self.order)
            or (
                not 2 <= len(self.order) <= 3  # noqa: PLR2004 - histograms of more variables are refused
            )
        ):
            yield f"order is {shown(self.order)}, expected the names of two or three axes, each once"
        yield from wrong_type("edges", self.edges, Mapping, "a dict such as {'mass': [0, 50, 100]}")
        yield from wrong_type("slices", self.slices, tuple, "a list with the bins of each slice")
        if self.slices and isinstance(self.edges, Mapping) and self.order[-1] in self.edges:
            yield f"the bins of {self.order[-1]!r} are given in edges and in slices: give them once"


check_calls(Unroll)


def plain_unroll(given: Any) -> Any:
    """Return an `Unroll`, also of names of axes; None as it is."""
    return given if given is None or isinstance(given, Unroll) else Unroll(given)


def _own_blinding(given: Any) -> Any:
    return given if given is FROM_ANALYSIS else plain_blinding(given)


@public
@attrs.frozen
class Category:
    """The variable that is fitted in one category, its bins, and where its card differs from those of the analysis."""

    variable: str = attrs.field(converter=text)
    """A key of `output["variables"]`."""
    bins_edges: int | Iterable[float] | BinningRule | None = attrs.field(default=None, converter=plain_binning)
    """Edges, the number of bins to join, a rule such as `quantiles`, or None for the bins of the histograms."""
    flow: Flow = attrs.field(default="drop", converter=scalar, kw_only=True)
    """Treatment of content outside the bins: "drop", "fold" into the first and last bin, or "error"."""
    unroll: Unroll | None = attrs.field(default=None, converter=plain_unroll, kw_only=True)
    """Order of the axes of a histogram of two or three variables, as names or an `Unroll` with their bins."""
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
