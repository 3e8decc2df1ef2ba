"""The HEP Statistics Serialization Standard (HS3), version 0.2: HistFactory distributions and their constraints.

Source: the standard at https://github.com/hep-statistics-serialization-standard, and the JSON that ROOT reads.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from datacard_core import warning
from datacard_histfactory.parts import numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from datacard_core import Finding, FloatArray
    from datacard_histfactory.parts import HistFactory, Modifier, Parameter, Region, Sample

VERSION = "0.2"
_NAME = "datacard"
_DOMAIN = "default_domain"
"""Name that ROOT reads the ranges from."""
_POLYNOMIAL = 4
"""HistFactory's interpolation code of factors: a polynomial within one standard deviation."""


def document(model: HistFactory) -> dict[str, Any]:
    """Return the JSON document: distributions, data, domains, a likelihood and an analysis.

    The names of parameters are those of the card. Parameters of bins are called `{name}_bin_{i}`.
    """
    used = [modifier for region in model.regions for sample in region.samples for modifier in sample.modifiers]
    # A dict keeps the order, a set would not.
    bins = dict.fromkeys(name for modifier in used for name in modifier.bin_parameters)
    parameters = [parameter for parameter in model.parameters.values() if parameter.name not in model.formulas]
    normal = {modifier.name: (0.0, 1.0) for modifier in used if modifier.is_nuisance}
    normal |= {name: (one.mean, (one.below + one.above) / 2) for name, one in model.constraints.items()}
    return {
        "metadata": {"hs3_version": VERSION},
        "distributions": [
            *(_distribution(region, normal.keys()) for region in model.regions),
            *(_constraint(name, sigma) for name, (_, sigma) in normal.items()),
        ],
        "functions": [
            {"name": name, "type": "generic_function", "expression": expression}
            for name, expression in model.formulas.items()
        ],
        "data": [
            {"name": _data(region), "type": "binned", "axes": [_axis(region)], "contents": numbers(region.events)}
            for region in model.regions
        ],
        "likelihoods": [
            {
                "name": f"{_NAME}_likelihood",
                "distributions": [region.name for region in model.regions],
                "data": [_data(region) for region in model.regions],
            }
        ],
        "domains": [
            {
                "name": _DOMAIN,
                "type": "product_domain",
                "axes": [*map(_range, parameters), *({"name": name, "min": 0.0, "max": 10.0} for name in bins)],
            }
        ],
        "parameter_points": [
            {
                "name": "default_values",
                "parameters": [
                    *map(_start, parameters),
                    *({"name": name, "value": 1.0} for name in bins),
                    *({"name": _measured(name), "value": mean, "const": True} for name, (mean, _) in normal.items()),
                ],
            }
        ],
        "analyses": [
            {
                "name": _NAME,
                "likelihood": f"{_NAME}_likelihood",
                "domains": [_DOMAIN],
                "parameters_of_interest": [model.poi] if model.poi else [],
                "init": "default_values",
            }
        ],
    }


def losses(model: HistFactory) -> Iterator[Finding]:
    """Yield the densities that the document has in another form."""
    for name, one in model.constraints.items():
        if one.below != one.above:
            widths = f"{one.below:g} below and {one.above:g} above its mean"
            message = f"the normal density of the parameter is {widths} wide, and is written with the mean of the two"
            yield warning("export.density", message, systematic=name)


def _distribution(region: Region, normal: Collection[str]) -> dict[str, Any]:
    samples = [
        {
            "name": sample.name,
            "data": {"contents": numbers(sample.contents), "errors": numbers(_errors(sample))},
            "modifiers": [_modifier(modifier, normal) for modifier in sample.modifiers],
        }
        for sample in region.samples
    ]
    return {"name": region.name, "type": "histfactory_dist", "axes": [_axis(region)], "samples": samples}


def _errors(sample: Sample) -> FloatArray:
    """Return the errors that the `staterror` modifiers of a sample share, 0 in bins without a parameter."""
    squares = [modifier.errors**2 for modifier in sample.modifiers if modifier.type == "staterror"]
    found: FloatArray = np.sqrt(sum(squares, np.zeros(len(sample.contents))))
    return found


def _modifier(modifier: Modifier, normal: Collection[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": modifier.name, "type": modifier.type}
    if modifier.errors.size:
        found["parameters"] = list(modifier.bin_parameters)
        found["constraint_type"] = "Poisson" if modifier.type == "shapesys" else "Gauss"
        return found | ({"data": {"vals": numbers(modifier.errors)}} if modifier.type == "shapesys" else {})
    found["parameter"] = modifier.name
    if modifier.name in normal:
        found["constraint_name"] = f"{modifier.name}_constraint"
    if modifier.type == "normsys":
        found["data"] = {"hi": float(modifier.high), "lo": float(modifier.low)}
        found["interpolation"] = _POLYNOMIAL
    elif modifier.type == "histosys":
        found["data"] = {"hi": {"contents": numbers(modifier.high)}, "lo": {"contents": numbers(modifier.low)}}
    return found


def _constraint(name: str, sigma: float) -> dict[str, Any]:
    return {"name": f"{name}_constraint", "type": "gaussian_dist", "x": name, "mean": _measured(name), "sigma": sigma}


def _measured(name: str) -> str:
    return f"nom_{name}"


def _data(region: Region) -> str:
    return f"{region.name}_{'data' if region.has_data else 'asimov'}"


def _axis(region: Region) -> dict[str, Any]:
    return {"name": f"obs_{region.name}", "edges": numbers(region.axis.edges)}


def _range(parameter: Parameter) -> dict[str, Any]:
    ends = {"min": parameter.low, "max": parameter.high}
    return {"name": parameter.name, **{end: value for end, value in ends.items() if math.isfinite(value)}}


def _start(parameter: Parameter) -> dict[str, Any]:
    constant = {"const": True} if parameter.is_constant else {}
    return {"name": parameter.name, "value": parameter.initial, **constant}
