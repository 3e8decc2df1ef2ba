"""The compiler: channels, nuisances and lines of a model become arrays."""

from __future__ import annotations

import fnmatch
import math
import re
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from datacard_core import (
    BinByBinStatistics,
    ConstrainedParameter,
    ConstraintTerm,
    ControlRegion,
    DeclarationError,
    ExternalParameter,
    FlatParameter,
    FormulaFactor,
    FreeParameter,
    GammaNormalisation,
    LinearNormalisation,
    Normalisation,
    Shape,
    SharedParameter,
    UniformNormalisation,
)
from datacard_fit.compilation.stacking import ChannelTemplates, Move
from datacard_fit.evaluation import parameters as make
from datacard_fit.evaluation.parameters import Parameter
from datacard_fit.formulas.expressions import Formula, FormulaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacard_core import Channel, Directive, Effect, IntArray, Model, Nuisance

# No name of a function: the \w* forbids a match that ends one letter before the parenthesis.
_NAME = re.compile(r"[A-Za-z_]\w*(?!\w*\()")

POIs: TypeAlias = "str | Mapping[str, str]"

# Below this distance of κ_down·κ_up from 1, Combine takes an asymmetric log-normal for a symmetric one.
_RECIPROCAL = 1e-5
# Combine drops the normalisation of a shape if neither side changes the yield by more than this.
_SMALL_NORM = 1e-3
_RANGE = math.inf
"""Range of a POI on both sides of 0: a fit goes where the data lead it."""


class Compiler:
    """The parts of a likelihood while they are collected.

    Attributes:
        table: parameters by name, in the order in which they were met.
        rates: yields of the columns before all factors, shape (columns,).
        exponents: log-normal exponents: column, parameter, average and half difference.
        linear: offset, slope and variable of each linear factor, by column.
        normed: columns with a log-normal.
        formulas: formulas by name.
        penalties: widths of the normal densities of formulas around 0, by name.
        channels: templates of the channels.
        problems: parts that are not covered, a sentence each.
    """

    def __init__(self, model: Model, poi: POIs) -> None:
        self.model = model
        self.problems: list[str] = []
        self.table: dict[str, Parameter] = {}
        # Combine leaves out columns of rate 0, and nuisances that act on such columns alone.
        self.kept = [np.flatnonzero(channel.rates != 0) for channel in model.channels]
        self.column_starts = np.cumsum([0, *map(len, self.kept)])
        columns = int(self.column_starts[-1])
        self.rates = np.ones(columns)
        self.exponents: list[tuple[int, str, float, float]] = []
        self.linear: list[list[tuple[float, float, str]]] = [[] for _ in range(columns)]
        self.normed: set[int] = set()
        self.formulas: dict[str, Formula] = {}
        self.penalties: dict[str, float] = {}
        self.channels: list[ChannelTemplates] = []
        self.pois = self._pois(poi)

    def collect(self) -> None:
        """Go through the model.

        Raises:
            DeclarationError: parts of the model are not covered, each by name.
        """
        self._shared()
        for place, channel in enumerate(self.model.channels):
            self._channel(place, channel)
        self._check_formulas()
        if self.problems:
            raise DeclarationError(self.problems)

    def acting(self) -> set[str]:
        """Return the names of the parameters that change a yield, a template or a penalty."""
        found = {name for _, name, _, _ in self.exponents}
        found |= {name for factors in self.linear for _, _, name in factors}
        found |= {move.name for channel in self.channels for move in channel.moves}
        return found.union(*(formula.arguments for formula in self.formulas.values()))

    # Parameters that are no rows.

    def _pois(self, poi: POIs) -> tuple[str, ...]:
        by_pattern = dict.fromkeys(self.model.signals, poi) if isinstance(poi, str) else dict(poi)
        matched = set()
        for place, channel in enumerate(self.model.channels):
            for at, kept in enumerate(self.kept[place].tolist(), int(self.column_starts[place])):
                column = channel.columns[kept]
                for pattern, name in by_pattern.items():
                    whole = f"{channel.bin}/{column.name}" if "/" in pattern else column.name
                    # Not fnmatch, which ignores case on some systems.
                    if fnmatch.fnmatchcase(whole, pattern):
                        matched.add(pattern)
                        self.linear[at].append((0.0, 1.0, name))
        if unmatched := [pattern for pattern in by_pattern if pattern not in matched and not isinstance(poi, str)]:
            processes = sorted({column.name for channel in self.model.channels for column in channel.columns})
            self.problems += [f"no process {name!r} for a POI, of {', '.join(processes)}" for name in unmatched]
        # Without a POI there is nothing to fit for; a card of backgrounds alone needs one by name.
        if not by_pattern:
            self.problems.append("the model has no signal process: name processes and their POI in poi=")
        for name in dict.fromkeys(by_pattern.values()):
            self.table[name] = Parameter(name=name, initial=1.0, low=-_RANGE, high=_RANGE)
        return tuple(dict.fromkeys(by_pattern.values()))

    def _shared(self) -> None:
        # Before the channels: a `param` line decides start and range of a free parameter of its name.
        for line in self.model.parameters:
            match line:
                case ConstrainedParameter():
                    self.table[line.name] = make.of_param(line)
                # Without a number it is an object of a workspace, which only ROOT can read.
                case ExternalParameter(initial=float() | int()):
                    # A `param` line of the name decides, wherever it stands.
                    self.table.setdefault(line.name, make.of_external(line))
                case FlatParameter():
                    pass
                case ConstraintTerm():
                    self._penalty(line)
                case _:
                    self.problems.append(f"{line.line!r}: the likelihood has no parameter of that kind")

    def _penalty(self, line: ConstraintTerm) -> None:
        try:
            width = float(line.sigma)
            # Without a list of arguments the formula has the names of its parameters.
            arguments = line.arguments or tuple(dict.fromkeys(_NAME.findall(line.formula)))
            self.formulas[line.name] = Formula.of(line.formula, arguments)
        except ValueError as error:
            self.problems.append(f"{line.line!r}: {error}")
        else:
            self.penalties[line.name] = width

    # Channels.

    def _channel(self, place: int, channel: Channel) -> None:
        statistics = next((item for item in channel.directives if isinstance(item, BinByBinStatistics)), None)
        start = int(self.column_starts[place])
        templates = ChannelTemplates.of(channel, self.kept[place], start, statistics)
        self.channels.append(templates)
        self.rates[start : start + len(templates.rates)] = templates.rates
        for nuisance in channel.nuisances:
            for entry in nuisance.entries:
                self._effect(channel, nuisance, entry.effect, templates)
        for directive in channel.directives:
            self._directive(channel, directive, templates.columns)

    def _effect(self, channel: Channel, nuisance: Nuisance, effect: Effect, of: ChannelTemplates) -> None:
        acting = [(at, of.columns[column]) for at, column in enumerate(effect.columns.tolist()) if column in of.columns]
        if not acting:
            return
        parameter = make.of_nuisance(nuisance.name, nuisance.keyword, effect)
        self.table[nuisance.name] = make.joined(self.table.get(nuisance.name, parameter), parameter)
        if isinstance(effect, Shape):
            for move in Move.of(effect, {at: column - of.start for at, column in acting}, nuisance.name, of):
                of.moves.append(move)
                self._norm(of.start + move.column, move)
            return
        for at, column in acting:
            match effect:
                case Normalisation() | UniformNormalisation():
                    down = None if effect.down is None else float(effect.down[at])
                    self._power(column, nuisance.name, float(effect.up[at]), down)
                case ControlRegion():
                    self._count(column, nuisance.name, float(effect.factors[at]), effect.events, of)
                case GammaNormalisation():
                    self.linear[column].append((0.0, 1.0, nuisance.name))
                case LinearNormalisation():
                    self.linear[column].append((1.0, float(effect.slopes[at]), nuisance.name))
                case _:
                    what = f"effects of class {type(effect).__name__}, which the likelihood has no formula for"
                    self.problems.append(f"channel {channel.bin!r}: nuisance {nuisance.name!r} has {what}")
                    return

    def _count(self, column: int, name: str, factor: float, events: int, of: ChannelTemplates) -> None:
        """Add the yield from a control region: a factor times the expected count."""
        if not of.is_summed:
            self.rates[column] = 1.0
            self.linear[column].append((0.0, factor, name))
        elif events:
            # With bin-by-bin statistics the template has the yield, and the factor is the ratio of the counts.
            self.linear[column].append((0.0, 1 / events, name))
        else:
            self.problems.append(f"gmN {name!r} of 0 events on a template with autoMCStats: the yield has no scale")

    def _power(self, column: int, name: str, up: float, down: float | None) -> None:
        self.normed.add(column)
        above = math.log(up)
        if down is None or abs(down * up - 1) < _RECIPROCAL:
            # Combine takes κ_up alone then, not the mean of both.
            self.exponents.append((column, name, above, 0.0))
        else:
            below = math.log(down)
            self.exponents.append((column, name, (above - below) / 2, (above + below) / 2))

    def _norm(self, column: int, move: Move) -> None:
        """Add the change of the yield by a shape, whose templates have it apart from their form."""
        down, up = move.norms
        if abs(up - 1) < _SMALL_NORM and abs(down - 1) < _SMALL_NORM:
            return
        # Combine writes the factors with six decimals into its workspace.
        above, below = (math.log(float(f"{norm**move.scale:f}")) for norm in (up, down))
        self.exponents.append((column, move.name, (above - below) / 2, (above + below) / 2))

    def _directive(self, channel: Channel, directive: Directive, positions: Mapping[int, int]) -> None:
        match directive:
            case FreeParameter(name=name):
                low, high = directive.bounds or (-math.inf, math.inf)
                self.table.setdefault(name, Parameter(name=name, initial=float(directive.initial), low=low, high=high))
                self._linear(directive.columns, name, positions)
            case FormulaFactor(name=name):
                try:
                    self.formulas[name] = Formula.of(directive.formula, directive.arguments)
                except FormulaError as error:
                    self.problems.append(f"rateParam {name!r}: {error}")
                self._linear(directive.columns, name, positions)
            case BinByBinStatistics() | SharedParameter():
                pass
            case _:
                lines = "; ".join(directive.lines(channel))
                self.problems.append(f"channel {channel.bin!r}: {lines!r}: the likelihood has no formula for that line")

    def _linear(self, columns: IntArray, name: str, positions: Mapping[int, int]) -> None:
        for column in columns.tolist():
            if column in positions:
                self.linear[positions[column]].append((0.0, 1.0, name))

    def _check_formulas(self) -> None:
        known = {*self.table, *self.formulas}
        for name, formula in self.formulas.items():
            self.problems += [
                f"formula {name!r}: no parameter {argument!r}"
                for argument in formula.arguments
                if argument not in known
            ]
