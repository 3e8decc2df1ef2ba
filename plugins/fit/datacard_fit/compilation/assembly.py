"""From the parts of a likelihood to its arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core import parameters_of_bins
from datacard_fit.compilation.compiler import Compiler
from datacard_fit.compilation.stacking import padded, stacked
from datacard_fit.compilation.statistics import bin_parameters, cell_parameter
from datacard_fit.evaluation.cells import Cells
from datacard_fit.evaluation.compiled import Compiled
from datacard_fit.evaluation.factors import Factors
from datacard_fit.evaluation.parameters import Parameter, Table
from datacard_fit.formulas.functions import Functions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacard_core import BoolArray, FloatArray, Model
    from datacard_fit.compilation.compiler import POIs
    from datacard_fit.compilation.stacking import ChannelTemplates


def compile_model(model: Model, poi: POIs = "r") -> Compiled:
    """Return the arrays of a model's likelihood.

    Args:
        model: the model.
        poi: name of the POI that multiplies all signals, or the name of a POI for each process or pattern of processes.

    Raises:
        DeclarationError: parts of the model are not covered, each by name.
    """
    compiler = Compiler(model, poi)
    compiler.collect()
    return _assembled(compiler)


def _assembled(found: Compiler) -> Compiled:
    frozen, acting = found.model.frozen, found.acting()
    # A free parameter on which nothing depends, such as an extArg that no formula has, would leave no single minimum.
    ordinary = tuple(
        attrs.evolve(parameter, is_constant=True)
        if parameter.name in frozen or (parameter.density is None and parameter.name not in acting)
        else parameter
        for parameter in found.table.values()
    )
    position = {parameter.name: at for at, parameter in enumerate(ordinary)}
    functions = Functions.of(found.formulas, position)
    factors = _factors(found, position, {**position, **functions.positions})
    initial = np.array([parameter.initial for parameter in ordinary])
    # Combine counts effective events with the factors at the start values, such as N + 1 of a gmN.
    statistics = _Statistics.of(found.channels, factors.weights(functions.extended(initial)).values)
    channels = tuple(channel.bin for channel in found.model.channels)
    bins = tuple(channel.nominal.shape[1] for channel in found.channels)
    return Compiled(
        channels=channels,
        columns=tuple(channel.names for channel in found.channels),
        starts=np.array([channel.start for channel in found.channels]),
        bins=bins,
        pois=found.pois,
        parameters=Table.of((*ordinary, *statistics.parameters, *bin_parameters(channels, statistics.has_sum))),
        ordinary=len(ordinary),
        functions=functions,
        penalised=np.array([functions.positions[name] for name in found.penalties], dtype=np.intp),
        widths=np.array(list(found.penalties.values())),
        factors=factors,
        morphing=stacked(found.channels, position),
        squares=statistics.squares,
        cells=statistics.cells,
        has_sum=statistics.has_sum,
        data=padded([channel.data.values[0] for channel in found.model.channels], max(bins)),
        valid=np.array([np.arange(max(bins)) < number for number in bins]),
    )


def _factors(found: Compiler, position: Mapping[str, int], variables: Mapping[str, int]) -> Factors:
    columns = len(found.rates)
    average, difference = np.zeros((2, columns, len(position)))
    for column, name, mean, half in found.exponents:
        average[column, position[name]] += mean
        difference[column, position[name]] += half
    # At least one factor, so that no array is empty; 1 + 0·variable where a column has fewer.
    most = max([1, *map(len, found.linear)])
    offset, slope = np.ones((columns, most)), np.zeros((columns, most))
    variable = np.zeros((columns, most), dtype=np.intp)
    for column, factors in enumerate(found.linear):
        for place, (constant, factor, name) in enumerate(factors):
            offset[column, place], slope[column, place] = constant, factor
            variable[column, place] = variables[name]
    linear, at = np.unique(variable, return_inverse=True)
    return Factors(
        rates=_rounded(found),
        average=average,
        difference=difference,
        offset=offset,
        slope=slope,
        variable=variable,
        linear=linear,
        at=at.reshape(variable.shape),
    )


def _rounded(found: Compiler) -> FloatArray:
    """Return the rates, with six digits for columns without log-normal and linear factors, as Combine writes them."""
    rates: FloatArray = found.rates.copy()
    for channel in found.channels:
        for column in channel.columns.values():
            if not (channel.is_summed or column in found.normed or found.linear[column]):
                rates[column] = float(f"{rates[column]:g}")
    return rates


@attrs.frozen(eq=False, kw_only=True)
class _Statistics:
    """The parameters that autoMCStats makes."""

    squares: FloatArray
    """Squared errors in bins with one parameter, shape (columns, bins)."""
    has_sum: BoolArray
    """Bins with one parameter, shape (channels, bins)."""
    cells: Cells
    parameters: tuple[Parameter, ...]
    """Parameters of cells."""

    @classmethod
    def of(cls, channels: Sequence[ChannelTemplates], weights: FloatArray) -> _Statistics:
        bins = max(channel.nominal.shape[1] for channel in channels)
        squares, has_sum = np.zeros((len(weights), bins)), np.zeros((len(channels), bins), dtype=np.bool_)
        cells: list[tuple[int, int, int, float]] = []
        parameters: list[Parameter] = []
        for place, channel in enumerate(channels):
            if channel.statistics is None:
                continue
            rows = slice(channel.start, channel.start + len(channel.names))
            decided = parameters_of_bins(
                channel.statistics, channel.nominal, channel.errors, channel.is_signal, weights[rows]
            )
            number = channel.nominal.shape[1]
            has_sum[place, :number] = decided.has_sum
            squares[rows, :number] = np.where(decided.has_sum, channel.errors**2, 0.0)
            # Combine makes the parameters bin by bin.
            for at, column in np.argwhere((decided.events + decided.errors > 0).T).tolist():
                events = int(decided.events[column, at])
                cells.append((channel.start + column, at, events, float(decided.errors[column, at])))
                parameters.append(cell_parameter(channel.bin, channel.names[column], at, events))
        found = np.array(cells, dtype=float).reshape(-1, 4)
        whole = found[:, :2].astype(np.intp)
        made = Cells(column=whole[:, 0], bin=whole[:, 1], events=found[:, 2], error=found[:, 3])
        return cls(squares=squares, has_sum=has_sum, cells=made, parameters=tuple(parameters))
