"""Combine's own results: values and intervals of parameters, limits and significances from its files.

Source: the tree `limit` that all methods of Combine write, the tree `tree_fit_sb` of FitDiagnostics, and the JSON of
impacts. A RooFitResult cannot be read without ROOT, but these trees have the same values.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import uproot

from datacard_core import InputError
from datacard_fit.limits import QUANTILES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from datacard_core import FloatArray

_COMMON = {
    *("limit", "limitErr", "mh", "syst", "iToy", "iSeed", "iChannel", "t_cpu", "t_real", "quantileExpected"),
    *("deltaNLL", "nll", "nll0"),
}
"""Branches of `limit` that are no parameters."""
_NOT_FITTED = ("fit_status", "numbadnll", "nll_min", "nll_nll0")
_TRACKED = "trackedParam_"
_BEST, _END = -1.0, 0.32
_CLOSE = 1e-3
"""Difference of two quantiles that are the same: the branch is of single precision."""


@attrs.frozen(kw_only=True)
class CombineResult:
    """Numbers of one file of Combine; those that it has not are empty."""

    parameters: Mapping[str, tuple[float, float, float]] = attrs.field(factory=dict)
    """Value and the distances to the lower and the upper end of the interval, nan without an interval."""
    expected: Mapping[float, float] = attrs.field(factory=dict)
    """Expected limits by quantile."""
    observed: float | None = None
    significance: float | None = None
    problems: tuple[str, ...] = ()
    """Reasons to distrust the numbers, for example a fit that failed."""
    has_all: bool = False
    """True if the file has all parameters but those whose fits failed."""


def read_combine(path: Path) -> CombineResult:
    """Return the numbers of a file: `higgsCombine*.root`, `fitDiagnostics*.root`, or the JSON of impacts.

    Raises:
        InputError: the file cannot be read, or holds none of these.
    """
    try:
        if path.suffix == ".json":
            return _of_impacts(json.loads(path.read_text(encoding="utf-8")))
        with uproot.open(path) as file:
            trees = {name: file[name].arrays(library="np") for name in ("tree_fit_sb", "limit") if name in file}
    except (OSError, ValueError, KeyError, TypeError, uproot.DeserializationError) as error:
        raise InputError(f"{path} is no result of Combine that can be read: {error}") from error
    if "tree_fit_sb" in trees and len(trees["tree_fit_sb"]["fit_status"]):
        return _of_fit(trees["tree_fit_sb"])
    if "limit" in trees and len(trees["limit"]["limit"]):
        return _of_limits(trees["limit"], is_significance=".Significance." in path.name)
    raise InputError(f"{path} has no results: expected a tree `limit` or `tree_fit_sb` of Combine with entries")


def _of_impacts(content: Any) -> CombineResult:
    fits = [*((one["name"], one["fit"]) for one in [*content["POIs"], *content["params"]])]
    found = {name: (best, _end(low - best), _end(high - best)) for name, (low, best, high) in fits}
    return CombineResult(parameters=found, has_all=True)


def _end(distance: float) -> float:
    """Return the distance to an end of an interval, nan for 0: Combine writes the value again where it found no end."""
    return distance or math.nan


def _of_fit(tree: Mapping[str, FloatArray]) -> CombineResult:
    """Return the first fit with signals; of the intervals it has that of the POI alone."""
    values = {name: float(column[0]) for name, column in tree.items()}
    found = {}
    for name, value in values.items():
        # The branches of a POI r are r, rErr, rLoErr and rHiErr, those of a measured value end in _In.
        is_error = name.endswith("Err") and name.removesuffix("Err").removesuffix("Lo").removesuffix("Hi") in values
        if name not in _NOT_FITTED and not name.endswith("_In") and not is_error:
            ends = -values.get(f"{name}LoErr", math.nan), values.get(f"{name}HiErr", math.nan)
            found[name] = value, _end(ends[0]), _end(ends[1])
    # 100 times the status of HESSE, 10 times that of MINOS, and that of MINUIT, or -1 without a valid minimum.
    status = int(values["fit_status"])
    problem = f"the fit of Combine has the status {status}, expected 0: its numbers are not those of a minimum"
    return CombineResult(parameters=found, problems=(problem,) if status else ())


def _of_limits(tree: Mapping[str, FloatArray], *, is_significance: bool) -> CombineResult:
    quantiles, numbers = tree["quantileExpected"], tree["limit"]
    best = np.flatnonzero(np.abs(quantiles - _BEST) < _CLOSE)
    pois = [name for name in tree if name not in _COMMON and not name.startswith(_TRACKED)]
    if "deltaNLL" in tree:
        if not best.size:
            raise InputError("the tree `limit` has no best fit (quantileExpected -1): it failed, or is in another file")
        first = int(best[0])
        tracked = {name: column for name, column in tree.items() if name.startswith(_TRACKED)}
        found = {name.removeprefix(_TRACKED): (float(of[first]), math.nan, math.nan) for name, of in tracked.items()}
        ends = tree["quantileExpected"], first
        return CombineResult(parameters={**found, **{name: _interval(tree[name], *ends) for name in pois}})
    observed = float(numbers[best[-1]]) if best.size else None
    if is_significance:
        return CombineResult(significance=observed)
    expected = {
        quantile: float(number)
        for quantile in QUANTILES
        for given, number in zip(quantiles, numbers, strict=True)
        if abs(given - quantile) < _CLOSE
    }
    if len(expected) == 3:  # noqa: PLR2004 - FitDiagnostics writes its interval as three quantiles
        value, low, high = expected[0.5], expected[0.16], expected[0.84]
        return CombineResult(parameters={"r": (value, low - value, high - value)})
    return CombineResult(expected=expected, observed=observed)


def _interval(values: FloatArray, quantiles: FloatArray, best: int) -> tuple[float, float, float]:
    """Return a POI's value and its ends: rows in which another POI is at its end have this one at its best value."""
    value = float(values[best])
    ends = [float(end) - value for end in values[np.abs(np.abs(quantiles) - _END) < _CLOSE] if end != values[best]]
    return value, min([end for end in ends if end < 0], default=math.nan), max([0, *ends]) or math.nan
