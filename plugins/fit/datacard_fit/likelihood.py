"""The likelihood of a model, as scripts use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np

from datacard_core import DeclarationError, closest
from datacard_fit.compilation.assembly import compile_model
from datacard_fit.evaluation.bins import Data
from datacard_fit.evaluation.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_core import FloatArray, Model
    from datacard_fit.compilation.compiler import POIs
    from datacard_fit.evaluation.compiled import Compiled

Values: TypeAlias = "Mapping[str, float] | FloatArray"


class Likelihood:
    """Combine's binned likelihood of a model, compiled once to arrays.

    Its parameters are the POIs, the nuisances and free parameters, and those of autoMCStats.

    Attributes:
        model: the model.
        names: names of all parameters.
        initial: their start values, shape (parameters,).
        pois: names of the POIs.
    """

    def __init__(self, model: Model, *, poi: POIs = "r", masked: Iterable[str] = ()) -> None:
        """Compile a model.

        Args:
            model: the model, as `read_card(path).model()` or `cards.model` have it.
            poi: name of the POI that multiplies all signals, or a mapping from processes to POIs. A process may be a
                pattern as in `fnmatch`, and `channel/process` names it in some channels alone; signals that no pattern
                matches have no POI.
            masked: channels whose data do not count.

        Raises:
            DeclarationError: the likelihood has no formula for a part of the model, or a name is unknown.
        """
        self.model = model
        self._compiled = compile_model(model, poi)
        masked = frozenset(masked)
        if unknown := sorted(masked.difference(self._compiled.channels)):
            raise DeclarationError(
                [f"no channel {name!r} to mask{closest(name, self._compiled.channels)}" for name in unknown]
            )
        self._masked = masked
        self._engine = Engine.of(self._compiled, masked)
        self.names = tuple(parameter.name for parameter in self._compiled.parameters.parameters)
        self.initial = self._compiled.parameters.initial
        self.pois = self._compiled.pois
        self._position = {name: at for at, name in enumerate(self.names)}

    def __repr__(self) -> str:
        channels, bins = len(self._compiled.channels), int(self._compiled.valid.sum())
        return f"<Likelihood of {channels} channels, {bins} bins, {len(self.names)} parameters>"

    @property
    def blind(self) -> tuple[str, ...]:
        """Channels whose data count and that a card marks as blind: they are expected events, at least in some bins."""
        blind = (channel.bin for channel in self.model.channels if channel.blind_bins)
        return tuple(name for name in blind if name not in self._masked)

    @property
    def engine(self) -> Engine:
        """The function of arrays, whose parameters are the first of `names`: all but those of whole bins."""
        return self._engine

    @property
    def compiled(self) -> Compiled:
        """The arrays of the model."""
        return self._compiled

    @property
    def data(self) -> Data:
        """The observations of the model."""
        centers = self._engine.constraints.centers
        return Data(events=self._compiled.data, centers=centers, bins=np.zeros(self._compiled.data.shape))

    def array(self, values: Values) -> FloatArray:
        """Return parameters as an array, shape (parameters,).

        Args:
            values: some parameters by name, the others have their start value; or all of them.

        Raises:
            DeclarationError: a name is unknown, or the array has another shape.
        """
        if isinstance(values, np.ndarray):
            if values.shape != self.initial.shape:
                raise DeclarationError([f"parameters of shape {values.shape}, expected {self.initial.shape}"])
            return values
        if unknown := [name for name in values if name not in self._position]:
            raise DeclarationError([f"no parameter {name!r}{closest(name, self.names)}" for name in unknown])
        array = self.initial.copy()
        for name, value in values.items():
            array[self._position[name]] = value
        return array

    def position(self, name: str) -> int:
        """Return the position of a parameter in `names`.

        Raises:
            DeclarationError: the name is unknown.
        """
        if name not in self._position:
            raise DeclarationError([f"no parameter {name!r}{closest(name, self.names)}"])
        return self._position[name]

    def split(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the parameters of the engine, and those of whole bins with shape (channels, bins)."""
        # Parameters of whole bins are the last ones, as the engine has them at their minimum.
        size = len(self._engine.constraints.centers)
        bins = np.zeros(self._compiled.data.shape)
        bins[self._compiled.has_sum] = values[size:]
        return values[:size], bins

    def joined(self, at: FloatArray, bins: FloatArray) -> FloatArray:
        """Return all parameters, shape (parameters,), from those of the engine and those of whole bins."""
        return np.concatenate([at, bins[self._compiled.has_sum]])

    def nll(self, values: Values, *, profiled: bool = False) -> float:
        """Return the negative log-likelihood, without the terms that no parameter changes.

        Args:
            values: some parameters by name, the others have their start value; or all of them, shape (parameters,).
            profiled: take the parameters of whole bins at their minimum, as Combine does in a fit.
        """
        at, bins = self.split(self.array(values))
        return self._engine.value(at, self.data, None if profiled else bins)

    def expected(self, values: Values) -> dict[str, dict[str, FloatArray]]:
        """Return the expected events of each column, by channel and column, each of shape (bins,).

        The parameters of autoMCStats are left out: `total` has them.

        Args:
            values: some parameters by name, or all of them.
        """
        compiled = self._compiled
        yields = self._engine.yields(self.split(self.array(values))[0])
        events = yields.values[:, None] * yields.templates.values
        found: dict[str, dict[str, FloatArray]] = {}
        for place, channel in enumerate(compiled.channels):
            start = int(compiled.starts[place])
            found[channel] = {
                column: events[start + at, : compiled.bins[place]] for at, column in enumerate(compiled.columns[place])
            }
        return found

    def total(self, values: Values) -> dict[str, FloatArray]:
        """Return the expected events of each channel with the parameters of autoMCStats, each of shape (bins,).

        Args:
            values: some parameters by name, or all of them.
        """
        compiled = self._compiled
        expected = self._engine.expected(*self.split(self.array(values)))
        return {channel: expected[place, : compiled.bins[place]] for place, channel in enumerate(compiled.channels)}

    def asimov(self, values: Values) -> Data:
        """Return Asimov data: the expected events at some parameters, with the measured values of the model.

        Args:
            values: some parameters by name, or all of them.
        """
        expected = self._engine.expected(*self.split(self.array(values)))
        return attrs.evolve(self.data, events=expected * self._compiled.valid)
