"""The workspace of pyhf: HistFactory as JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core import DeclarationError
from datacard_histfactory.parts import Modifier, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core import FloatArray
    from datacard_histfactory.parts import Constraint, HistFactory, Parameter, Sample

VERSION = "1.0.0"
"""Version of the schema."""


def workspace(model: HistFactory) -> dict[str, Any]:
    """Return the workspace, with one measurement whose parameter of interest is that of the model.

    Raises:
        DeclarationError: the model has functions of parameters, which a workspace cannot have.
    """
    if model.formulas:
        raise DeclarationError(
            f"rateParam {name!r} is the function {formula!r}, and pyhf has no functions of parameters: write it with "
            "the writer 'hs3', or declare a free factor"
            for name, formula in model.formulas.items()
        )
    # The format has no other place that tells expected events from observed ones.
    name = "datacard" if all(region.has_data for region in model.regions) else "asimov"
    return {
        "channels": [
            {"name": region.name, "samples": [_sample(sample, model.constraints) for sample in region.samples]}
            for region in model.regions
        ],
        "observations": [{"name": region.name, "data": numbers(region.events)} for region in model.regions],
        "measurements": [{"name": name, "config": {"poi": model.poi, "parameters": list(_parameters(model))}}],
        "version": VERSION,
    }


def _sample(sample: Sample, constraints: Mapping[str, Constraint]) -> dict[str, Any]:
    # The order of modifiers is that of the card, which pyhf keeps for its parameters.
    contents, modifiers = sample.contents, []
    constrained = [one for one in sample.modifiers if one.type == "normfactor" and one.name in constraints]
    # Before the templates are made: the mean belongs to the contents that they vary.
    for modifier in constrained:
        contents = contents * constraints[modifier.name].mean
    ratio = np.divide(contents, sample.contents, out=np.ones_like(contents), where=sample.contents != 0)
    for modifier in sample.modifiers:
        if modifier in constrained:
            modifiers.append(_constrained(modifier, contents, constraints[modifier.name]))
        else:
            modifiers.append(_scaled(modifier, ratio))
    return {"name": sample.name, "data": numbers(contents), "modifiers": [_modifier(one) for one in modifiers]}


def _constrained(modifier: Modifier, contents: FloatArray, constraint: Constraint) -> Modifier:
    """Return a factor with a normal density as templates: pyhf's free factors have no density.

    Between templates at mean - σ and mean + σ the interpolation is linear if both widths are equal.
    """
    low, high = (1 + sign * width / constraint.mean for sign, width in ((-1, constraint.below), (1, constraint.above)))
    return Modifier(type="histosys", name=modifier.name, low=contents * low, high=contents * high)


def _scaled(modifier: Modifier, ratio: FloatArray) -> Modifier:
    if modifier.type == "histosys":
        return attrs.evolve(modifier, low=modifier.low * ratio, high=modifier.high * ratio)
    return attrs.evolve(modifier, errors=modifier.errors * ratio) if modifier.errors.size else modifier


def _modifier(modifier: Modifier) -> dict[str, Any]:
    data: Any = None
    if modifier.errors.size:
        data = numbers(modifier.errors)
    elif modifier.type == "normsys":
        data = {"hi": float(modifier.high), "lo": float(modifier.low)}
    elif modifier.type == "histosys":
        data = {"hi_data": numbers(modifier.high), "lo_data": numbers(modifier.low)}
    return {"name": modifier.name, "type": modifier.type, "data": data}


def _parameters(model: HistFactory) -> Iterator[dict[str, Any]]:
    used = {modifier.name for region in model.regions for sample in region.samples for modifier in sample.modifiers}
    for parameter in model.parameters.values():
        # pyhf refuses settings of parameters that no modifier has.
        if parameter.name not in used:
            continue
        constraint = model.constraints.get(parameter.name)
        yield _config(parameter if constraint is None else _standard(parameter, constraint))


def _standard(parameter: Parameter, constraint: Constraint) -> Parameter:
    """Return a constrained parameter in standard deviations from its mean."""
    low = (parameter.low - constraint.mean) / constraint.below
    high = (parameter.high - constraint.mean) / constraint.above
    return attrs.evolve(parameter, initial=0.0, low=low, high=high)


def _config(parameter: Parameter) -> dict[str, Any]:
    config: dict[str, Any] = {"name": parameter.name, "inits": [parameter.initial]}
    if math.isfinite(parameter.low) and math.isfinite(parameter.high):
        config["bounds"] = [[parameter.low, parameter.high]]
    # The schema has true, and pyhf's default differs between modifiers: false is not written.
    if parameter.is_constant:
        config["fixed"] = True
    return config
