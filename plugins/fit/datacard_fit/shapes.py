"""Expected events before and after a fit, with their uncertainties.

The covariance of the parameters is carried over to the events of each process and bin by their exact derivatives, to
first order. Combine draws parameters from their covariance instead (`--saveWithUncertainties`), which gives the same up
to the number of draws where events depend linearly on the parameters.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_fit.evaluation.derivatives.responses import responses
from datacard_fit.fits import fit
from datacard_fit.minimum.task import members

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core import FloatArray
    from datacard_fit.evaluation.bins import Data
    from datacard_fit.evaluation.derivatives.responses import Response
    from datacard_fit.evaluation.parameters import Parameter
    from datacard_fit.fits import FitResult
    from datacard_fit.likelihood import Likelihood


@attrs.frozen(eq=False, kw_only=True)
class Events:
    """Expected events of one process of a channel, or of a sum of processes."""

    values: FloatArray
    """Shape (bins,)."""
    errors: FloatArray
    """Standard deviations, shape (bins,); nan after a fit that did not converge."""
    norm: float
    """Events in all bins."""
    norm_error: float
    """Standard deviation of `norm`, which the correlations of the bins enter."""


@attrs.frozen(eq=False, kw_only=True)
class ChannelShapes:
    """Expected events of one channel."""

    name: str
    processes: Mapping[str, Events]
    """By column: a process of one year is a process of its own, as in Combine."""
    process_of: Mapping[str, str]
    """Process of each column without its year."""
    signals: frozenset[str]
    """Names of the processes that are signals."""
    sums: Mapping[str, Events]
    """Sums of processes as Combine names them: `total_signal` and `total_background` where there are such, `total`."""
    covariance: FloatArray
    """Covariance of the bins of the total, shape (bins, bins)."""
    data: FloatArray | None
    """Observed events, shape (bins,); None where the card has expected events in place of data."""

    @property
    def total(self) -> Events:
        """The sum of all processes."""
        return self.sums["total"]

    @property
    def rows(self) -> dict[str, Events]:
        """All processes, then their sums."""
        return {**self.processes, **self.sums}


@attrs.frozen(eq=False, kw_only=True)
class Shapes:
    """Expected events of all channels at one point."""

    channels: tuple[ChannelShapes, ...]

    def __getitem__(self, name: str) -> ChannelShapes:
        """Return a channel by its name."""
        return {channel.name: channel for channel in self.channels}[name]

    def to_dict(self) -> dict[str, Any]:
        """Return yields and their errors as plain values, by channel and process."""
        return {
            channel.name: {name: {"value": of.norm, "error": of.norm_error} for name, of in channel.rows.items()}
            for channel in self.channels
        }


def shapes(
    likelihood: Likelihood,
    fitted: FitResult | None = None,
    *,
    data: Data | None = None,
    values: Mapping[str, float] | None = None,
    freeze: Iterable[str] = (),
) -> Shapes:
    """Return the expected events of each process and channel with their uncertainties.

    Args:
        likelihood: the likelihood.
        fitted: a fit, whose parameters and covariance are taken. Without one, parameters have their start values, and
            each constrained parameter the width of its constraint; POIs and free parameters have no uncertainty.
        data: observations that were fitted; those of the model without.
        values: start values by parameter, if there is no fit.
        freeze: parameters and groups without uncertainty, if there is no fit.

    Raises:
        DeclarationError: a name is unknown.
    """
    observed = data or likelihood.data
    if fitted is None:
        at, bins = likelihood.split(likelihood.array(dict(values or {})))
        variances = _priors(likelihood, at)
        variances[[place for places in members(likelihood, freeze) for place in places if place < len(at)]] = 0.0
        covariance = np.diag(variances)
    else:
        at, bins = likelihood.split(fitted.values)
        # A fit that did not converge has a covariance of zeros, which would look like certainty.
        covariance = fitted.covariance if fitted.has_errors else np.full_like(fitted.covariance, np.nan)
    found = responses(likelihood.engine, at, bins, None if fitted is None else observed)
    # Masked ones too, which `likelihood.blind` leaves out: their expected events would look like data that agree.
    hidden = {channel.bin for channel in likelihood.model.channels if channel.blind_bins and data is None}
    compiled = likelihood.compiled
    return Shapes(
        channels=tuple(
            _channel(likelihood, place, response, covariance, None if name in hidden else observed)
            for place, (name, response) in enumerate(zip(compiled.channels, found, strict=True))
        )
    )


def stages(
    likelihood: Likelihood,
    fitted: FitResult | None = None,
    *,
    data: Data | None = None,
    values: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    freeze: Iterable[str] = (),
) -> dict[str, Shapes]:
    """Return the expected events before the fit, after that of the backgrounds alone, and after that with signals.

    Their names are those of Combine: `prefit`, `fit_b` and `fit_s`. All POIs are 0 in the fit of the backgrounds.

    Args:
        likelihood: the likelihood.
        fitted: the fit with signals with these arguments, if it is known.
        data: observations; those of the model without.
        values: start values by parameter.
        ranges: lowest and highest value by parameter.
        freeze: parameters and groups that stay at their start values.
    """
    freeze, start = tuple(freeze), dict(values or {})
    fitted = fitted or fit(likelihood, data=data, values=start, ranges=ranges, freeze=freeze, intervals=False)
    none = {**start, **dict.fromkeys(likelihood.pois, 0.0)}
    held = (*freeze, *likelihood.pois)
    background = fit(likelihood, data=data, values=none, ranges=ranges, freeze=held, intervals=False)
    return {
        "prefit": shapes(likelihood, data=data, values=start, freeze=freeze),
        "fit_b": shapes(likelihood, background, data=data),
        "fit_s": shapes(likelihood, fitted, data=data),
    }


def _channel(
    likelihood: Likelihood, place: int, response: Response, covariance: FloatArray, data: Data | None
) -> ChannelShapes:
    compiled = likelihood.compiled
    name, columns = compiled.channels[place], compiled.columns[place]
    declared = likelihood.model.channel(name).columns
    signals = frozenset(column.name for column in declared if column.is_signal)
    is_signal = np.array([column in signals for column in columns], dtype=float)
    sums = {"total_signal": is_signal, "total_background": 1 - is_signal, "total": np.ones(len(columns))}
    # As Combine has it: no sum of no process.
    sums = {name: summed for name, summed in sums.items() if summed.any()}
    rows = np.stack([*np.eye(len(columns)), *sums.values()])
    jacobian, own = rows @ response.jacobian, rows @ response.own
    found = list(_events(rows @ response.events, jacobian, own, covariance))
    of_total = jacobian[:, -1]
    return ChannelShapes(
        name=name,
        processes=dict(zip(columns, found, strict=False)),
        process_of={column.name: column.process for column in declared},
        signals=signals,
        sums=dict(zip(sums, found[len(columns) :], strict=True)),
        covariance=of_total.T @ covariance @ of_total + np.diag(own[-1] ** 2),
        data=None if data is None else data.events[place, : compiled.bins[place]],
    )


def _events(values: FloatArray, jacobian: FloatArray, own: FloatArray, covariance: FloatArray) -> Iterator[Events]:
    """Yield the events of each row of an array of shape (rows, bins)."""
    flat = jacobian.reshape(len(covariance), values.size)
    errors = np.sqrt(np.einsum("pk,pk->k", flat, covariance @ flat).reshape(values.shape) + own**2)
    norms = jacobian.sum(axis=2)
    norm_errors = np.sqrt(np.einsum("pr,pr->r", norms, covariance @ norms) + (own**2).sum(axis=1))
    for row, error, norm_error in zip(values, errors, norm_errors.tolist(), strict=True):
        yield Events(values=row, errors=error, norm=float(row.sum()), norm_error=norm_error)


def _priors(likelihood: Likelihood, at: FloatArray) -> FloatArray:
    """Return the variances of the parameters before the fit, shape (parameters,)."""
    nuisances = likelihood.model.rows()
    parameters = likelihood.compiled.parameters.parameters[: len(at)]
    return np.array([_variance(parameter, parameter.name in nuisances) for parameter in parameters])


def _variance(parameter: Parameter, is_nuisance: bool) -> float:
    """Return the variance of a parameter's density, with the constraint as its only source."""
    density = parameter.density
    if parameter.is_constant:
        return 0.0
    if density is None:
        # A flat nuisance has the variance of its range; a free parameter is no nuisance, and has none.
        return (parameter.high - parameter.low) ** 2 / 12 if is_nuisance else 0.0
    match density.kind:
        case "poisson":
            # The density of the mean after n events is a gamma density.
            return density.center + 1
        case "gamma":
            return density.center / density.below**2
        case "fermi":
            return (1 + (math.pi / density.below) ** 2) / 3
    below, above = density.below, density.above
    return (below**3 + above**3) / (below + above)
