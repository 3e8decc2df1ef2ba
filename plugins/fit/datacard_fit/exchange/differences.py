"""The table of a fit beside Combine's own numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from datacard_core import PlainTable, Table
from datacard_fit.limits import QUANTILES, limit, significance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_fit.exchange.combine_files import CombineResult
    from datacard_fit.fits import FitResult
    from datacard_fit.likelihood import Likelihood

_FIELDS = ("quantity", "here", "combine", "error", "difference")


def compared(likelihood: Likelihood, fitted: FitResult, combine: CombineResult, **settings: Any) -> Table:
    """Return what Combine's file has beside the same numbers from here, the largest difference first.

    Differences are in standard deviations: of values and ends of intervals, the error of the parameter; of limits, half
    the width of the band of 68 %; of significances, 1.

    Args:
        likelihood: the likelihood.
        fitted: its fit.
        combine: the numbers of Combine.
        settings: data, values, ranges and freeze, as they were fitted.
    """
    rows = [*_parameters(fitted, combine.parameters), *_limits(likelihood, combine, settings)]
    records: list[dict[str, Any]] = [
        dict(zip(_FIELDS, (*row, (row[1] - row[2]) / row[3]), strict=True)) for row in rows
    ]
    records.sort(key=lambda record: -abs(record["difference"]))
    missing = sorted(set(combine.parameters) - set(fitted.names) - {"CMS_th1x", "MH"})
    failed = sorted(_moved(fitted) - set(combine.parameters)) if combine.has_all else []
    notes = {"not here": missing, "not in Combine's file, as where a fit failed": failed}
    return PlainTable(
        title="comparison with Combine",
        heads=("quantity", "here", "Combine", "difference in σ"),
        keys=1,
        lines=[
            (record["quantity"], f"{record['here']:.5g}", f"{record['combine']:.5g}", f"{record['difference']:+.4f}")
            for record in records
        ],
        fields=_FIELDS,
        records=records,
        note="; ".join(f"{place}: {', '.join(names)}" for place, names in notes.items() if names),
    )


def _moved(fitted: FitResult) -> set[str]:
    """Return the parameters that the fit could move; those of whole bins come behind the others."""
    is_free = fitted.minimum.free.tolist()
    return {name for number, name in enumerate(fitted.names) if number >= len(is_free) or is_free[number]}


def _parameters(
    fitted: FitResult, parameters: Mapping[str, tuple[float, float, float]]
) -> Iterator[tuple[str, float, float, float]]:
    """Yield name, number here, number of Combine and error of each value, and of each end that both have."""
    for name, value, error in zip(fitted.names, fitted.values.tolist(), fitted.errors.tolist(), strict=True):
        if name not in parameters:
            continue
        other, down, up = parameters[name]
        # Parameters of whole bins have no error here: their constraint has the width 1.
        width = error if math.isfinite(error) and error > 0 else 1.0
        yield name, value, other, width
        interval = fitted.intervals.get(name)
        ends = (("down", interval.down, down), ("up", interval.up, up)) if interval else ()
        for side, here, there in ends:
            if math.isfinite(here) and math.isfinite(there):
                yield f"{name}, {side}", here, there, width


def _limits(
    likelihood: Likelihood, combine: CombineResult, settings: Mapping[str, Any]
) -> Iterator[tuple[str, float, float, float]]:
    if combine.expected or (combine.observed is not None):
        # Without an observed limit, Combine's run was blind.
        found = limit(likelihood, blind=combine.observed is None, **settings)
        of_quantile = dict(zip(QUANTILES, found.expected, strict=True))
        width = (of_quantile[0.84] - of_quantile[0.16]) / 2
        for quantile, number in combine.expected.items():
            yield f"expected limit, {100 * quantile:g} %", of_quantile[quantile], number, width
        if combine.observed is not None and found.observed is not None:
            yield "observed limit", found.observed, combine.observed, width
    if combine.significance is not None:
        yield "significance", significance(likelihood, **settings), combine.significance, 1.0
