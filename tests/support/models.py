"""Models over all kinds of Combine's language, for tests, and the equality of two models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import numpy as np
from hypothesis import strategies as st

from datacard_core import (
    Axis,
    BinByBinStatistics,
    Channel,
    Column,
    ConstrainedParameter,
    ConstraintTerm,
    ControlRegion,
    DiscreteParameter,
    ExternalParameter,
    FlatParameter,
    FormulaFactor,
    FreeParameter,
    GammaNormalisation,
    LinearNormalisation,
    Model,
    MorphedShape,
    Normalisation,
    Nuisance,
    Shape,
    Statement,
    Templates,
    UniformNormalisation,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacard_core import Directive, Effect, SharedParameter

Member = TypeVar("Member")

PROCESSES = ("sig", "ttH_hbb", "top", "wj-2022", "qcd.b")
"""Names of columns; the first two are signals."""

ROWS = {
    "lumi": "lnN",
    "tt_xs": "lnN pair",
    "free": "lnU",
    "side": "gmN",
    "width": "gmM",
    "cut": "trG",
    "box": "unif",
    "soft": "dFD",
    "soft2": "dFD2",
    "jes": "shape",
    "jer": "shape?",
    "pdf": "shapeU",
    "isr": "shape*",
}
"""Kinds of nuisances by name; a name has one kind in all channels."""

PARAMETERS: tuple[SharedParameter, ...] = (
    ConstrainedParameter("mu", 0.25, (1.5, 1.5)),
    ConstrainedParameter("nu", 1, (0.5, 0.75), (-1, 3), nofloat=True),
    FlatParameter("flat"),
    FlatParameter("flat2", ("0.5", "[0,1]")),
    ExternalParameter("k", 1.5, (0, 3)),
    ExternalParameter("c", 2, is_constant=True),
    DiscreteParameter("index"),
    ConstraintTerm("term", "@0-@1", ("mu", "r"), "0.5"),
)


def models() -> st.SearchStrategy[Model]:
    """Return models of one to three channels, some without templates."""
    # Hypothesis draws the seed alone: for each choice it would take longer than a card is written and read.
    return st.integers(0, 2**32).map(lambda seed: _model(np.random.default_rng(seed)))


def _model(generator: Any) -> Model:
    rows = _some(generator, sorted(ROWS))
    channels = [_channel(generator, f"CH{at}", rows) for at in range(generator.integers(1, 4))]
    parameters = {*_some(generator, range(len(PARAMETERS))), 0, 4}
    known = sorted({row.name for channel in channels for row in channel.nuisances})
    groups = {"theory": tuple(known[:2]), "empty": ()} if _chance(generator) else {}
    frozen = frozenset(known[:1] if _chance(generator) else ())
    return Model(
        channels=tuple(channels),
        parameters=tuple(PARAMETERS[at] for at in sorted(parameters)),
        groups=groups,
        frozen=frozen,
    )


def _chance(generator: Any) -> bool:
    return bool(generator.integers(2))


def _some(generator: Any, of: Sequence[Member], *, least: int = 0) -> list[Member]:
    """Return some members of a sequence, in its order."""
    chosen = generator.choice(len(of), generator.integers(least, len(of) + 1), replace=False)
    return [of[at] for at in sorted(chosen)]


def _channel(generator: Any, name: str, rows: Iterable[str]) -> Channel:
    # The first channel has a signal: Combine takes no card without one.
    signals = int(generator.integers(0 if name != "CH0" else 1, 3))
    processes = [*PROCESSES[:signals], *sorted(_some(generator, PROCESSES[2:], least=1))]
    columns = [Column(process, process, "", PROCESSES.index(process) - 1) for process in processes]
    has_templates = _chance(generator)
    bins = int(generator.integers(1, 4)) if has_templates else 1
    values = generator.uniform(0.1, 20, (len(columns), bins))
    # A column whose rate is 0 has no template that a card refers to.
    if signals > 1 and _chance(generator):
        values[0] = 0
    data = generator.poisson(values.sum(axis=0, keepdims=True)).astype(float)
    channel = Channel(
        bin=name,
        category=name,
        axis=Axis(np.cumsum([0.0, *generator.uniform(0.5, 2, bins)]) if has_templates else np.array([0.0, 1.0])),
        columns=tuple(columns),
        nominal=Templates(values, values * generator.uniform(0.5, 2) if has_templates else np.zeros_like(values)),
        data=Templates(data, data),
        has_data=True,
        stated_rates=values.sum(axis=1),
        has_templates=has_templates,
    )
    nuisances = [_nuisance(generator, channel, row) for row in rows]
    statements = tuple(Statement(one, order=one.order) for one in _directives(generator, channel))
    return attrs.evolve(channel, nuisances=tuple(one for one in nuisances if one is not None), statements=statements)


def _nuisance(generator: Any, channel: Channel, name: str) -> Nuisance | None:
    kind = ROWS[name]
    possible = np.flatnonzero(channel.rates > 0)
    columns = np.array(_some(generator, possible.tolist(), least=1))
    if kind.startswith("shape"):
        return _shape(generator, channel, name, columns) if channel.has_templates or kind == "shape?" else None
    return Nuisance(name, (_effect(generator, kind, columns),), kind.split()[0], nofloat=name == "width")


def _effect(generator: Any, kind: str, columns: Any) -> Effect:
    factors = generator.uniform(1.01, 1.5, len(columns))
    effects: dict[str, Effect] = {
        "lnN": Normalisation(columns, factors),
        "lnN pair": Normalisation(columns, factors, 1 / factors**2),
        "lnU": UniformNormalisation(columns, factors),
        "gmN": ControlRegion(columns, 7, factors),
        "gmM": GammaNormalisation(columns, 0.25),
        "trG": LinearNormalisation(columns, 1 - factors, "trG"),
        "unif": LinearNormalisation(columns, factors - 1, "unif", (-1.5, 2)),
        "dFD": LinearNormalisation(columns, factors - 1, "dFD", (0.125,)),
        "dFD2": LinearNormalisation(columns, factors - 1, "dFD2", (8,)),
    }
    return effects[kind]


def _shape(generator: Any, channel: Channel, name: str, columns: Any) -> Nuisance:
    kind = ROWS[name]
    varied = columns if kind != "shape?" else columns[: len(columns) // 2 if channel.has_templates else 0]
    effects: list[Effect] = []
    if len(factors := columns[len(varied) :]):
        effects.append(_effect(generator, "lnN", factors))
    if len(varied):
        up, down = (
            Templates(channel.nominal.values[varied] * factor, channel.nominal.variances[varied] * factor**2)
            for factor in (generator.uniform(1, 2), generator.uniform(0.5, 1))
        )
        scale = np.where(generator.uniform(size=len(varied)) < 0.5, 1, 0.5)
        if kind in ("shapeU", "shape*"):
            effects.append(MorphedShape(varied, up, down, scale, kind))
        else:
            effects.append(Shape(varied, up, down, scale))
    return Nuisance(name, tuple(effects), kind, stated=kind if kind.endswith("?") else "")


def _directives(generator: Any, channel: Channel) -> list[Directive]:
    last = [len(channel.columns) - 1]
    directives: list[Directive] = []
    if _chance(generator):
        directives.append(FreeParameter("SF", np.array(last), 1, (0, 5)))
    if _chance(generator):
        directives.append(FormulaFactor("formula", np.array(last), "(@0*@1)", ("k", "mu")))
    if channel.has_templates and _chance(generator):
        directives.append(BinByBinStatistics(10 * _chance(generator), _chance(generator), 1))
    return directives


def content(model: Model) -> dict[str, Any]:
    """Return all that a model says in plain values, without what the order of a card's lines decides."""
    return {
        "channels": {channel.bin: _content(channel) for channel in model.channels},
        "parameters": sorted(parameter.line for parameter in model.parameters),
        "groups": {name: sorted(members) for name, members in model.groups.items()},
        "frozen": sorted(model.frozen),
    }


def _content(channel: Channel) -> dict[str, Any]:
    return {
        "columns": [(column.name, column.id) for column in channel.columns],
        "edges": channel.axis.edges.tolist(),
        "rates": channel.rates.tolist(),
        "nominal": _arrays(channel.nominal),
        "data": _arrays(channel.data) if channel.has_data else None,
        "has_templates": channel.has_templates,
        "rows": {row.name: _row(row, len(channel.columns)) for row in channel.nuisances},
        "lines": sorted(channel.lines()),
    }


def _row(row: Nuisance, columns: int) -> Any:
    shapes = {
        column: [_arrays(side[np.array([at])]) for side in (entry.shape.up, entry.shape.down)]
        for entry in row.entries
        if entry.shape is not None
        for at, column in enumerate(entry.columns.tolist())
    }
    kinds = sorted(f"{type(effect).__name__} {effect.columns.tolist()}" for effect in row.effects)
    return row.keyword, row.nofloat, row.cells(columns), shapes, kinds


def _arrays(templates: Templates) -> Any:
    return templates.values.tolist(), templates.variances.tolist()
