"""Page with the agreement of each shared card with Combine, made from fits; `docs/fit-validation.md` is its record.

python -m tests.support.validation_page > docs/fit-validation.md
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from datacard_fit import significance

from tests.support.likelihoods import REFERENCES, best_fit, impacts_of, limit_of, of_reference, ranges_of, reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEAD = """\
# Validation of fits

<!-- Made by `python -m tests.support.validation_page > docs/fit-validation.md`: change the script, not this page. -->

Each card is for one formula of Combine's likelihood. The numbers of Combine are those of v10.6.0 on ROOT 6.40, with
tight tolerances of its fits (`--robustFit 1 --cminDefaultMinimizerTolerance 0.001`) and limits (`--rRelAcc 0.0005`).
Two cards of the set are left out: functions of a workspace and the mode 0 of autoMCStats are refused by name.

| column | difference from Combine, the largest of the card |
|---|---|
| events | of a column or a total in any bin at 12 points, relative; the next power of ten |
| ΔNLL | of the likelihood at these points, with and without profiled parameters of bins; the next power of ten |
| r | fitted here, with its interval at 68 % |
| Δr, Δ± | of the value and of the ends of the interval, in units of half the interval |
| limit | of the five expected limits, blind and not, and of the observed one, relative |
| Z | of the significance |
| impacts | of the POI at the ends of the intervals of all parameters, in units of half its interval |

`-` is a number that Combine did not give for the card, `?` one that is missing here because the range ends before.
"""

NOTES = """
Larger differences, and what is behind them:

- `25_rateParam_free`: Combine's impacts find no end of the interval of a free parameter without a range, and have 0.
- `28_rateParam_formula`: Combine's fit to the data ends above the minimum that is found here.
- `41_emptybins`: Combine's expected limit at 97.5 % is 8 % lower, the others agree to 1e-4. At the one from here the
  likelihood has risen by what it must, with the minima of MINUIT too.
"""

KEYS = ("expected_2.5", "expected_16", "expected_50", "expected_84", "expected_97.5")


def page() -> str:
    """Return the page; it takes a minute."""
    heads = ("card", "events", "ΔNLL", "r", "Δr", "Δ±", "limit", "Z", "impacts")
    rows = [heads, ("---",) * len(heads), *map(row, REFERENCES)]
    table = "".join(map(line, rows))
    return f"{HEAD}\n{table}{NOTES}"


def line(entries: Iterable[str]) -> str:
    """Return a row of the table."""
    return f"| {' | '.join(entries)} |\n"


def row(name: str) -> tuple[str, ...]:
    """Return the entries of one card."""
    combine, found = reference(name)["combine"], best_fit(name)
    tight = combine["multidimfit_tight"]
    values, ends = [], []
    for poi, interval in found.intervals.items():
        expected = tight.get(poi, tight)
        half = (expected["up"] - expected["down"]) / 2
        values.append((interval.value - expected["value"]) / half)
        ends += [(interval.down - expected["down"]) / half, (interval.up - expected["up"]) / half]
    z = significance(of_reference(name), ranges=ranges_of(name), fitted=found)
    return (
        f"`{name}`",
        _power(_events(name)),
        _power(_likelihoods(name)),
        ", ".join(f"{one.value:.3f} {_end(one.down)}/{_end(one.up)}" for one in found.intervals.values()),
        _largest(values),
        _largest(ends),
        _largest(_limits(name)),
        "-" if combine["significance"] is None else _largest([z - combine["significance"]]),
        _largest(_impacts(name)),
    )


def _points(name: str) -> Iterator[tuple[dict[str, Any], dict[str, float]]]:
    """Yield each point of a card, with the parameters that the likelihood has."""
    names = set(of_reference(name).names)
    for point in reference(name)["points"]:
        yield point, {parameter: value for parameter, value in point["params"].items() if parameter in names}


def _events(name: str) -> float:
    likelihood, found = of_reference(name), [0.0]
    for point, values in _points(name):
        total, columns = likelihood.total(values), likelihood.expected(values)
        for channel, expected in point["yields"].items():
            both = [(total[channel], expected["total"])]
            both += [(columns[channel][column], of) for column, of in expected.get("processes", {}).items()
                     if column in columns[channel]]  # fmt: skip
            found += [float((np.abs(here - np.array(there)) / np.maximum(there, 1e-3)).max()) for here, there in both]
    return max(found)


def _likelihoods(name: str) -> float:
    likelihood, found = of_reference(name), []
    for profiled, key in ((False, "delta_nll"), (True, "delta_nll_profiled")):
        nominal = likelihood.nll({}, profiled=profiled)
        # In points of a masked channel Combine keeps the constraints of bins that it does not profile.
        points = [] if profiled and name.startswith("48") else _points(name)
        found += [likelihood.nll(at, profiled=profiled) - nominal - point[key] for point, at in points if key in point]
    return float(max(map(abs, found)))


def _limits(name: str) -> list[float]:
    combine, found = reference(name)["combine"], []
    for blind, key in ((True, "asymptotic_blind_tight"), (False, "asymptotic_tight")):
        if not (expected := combine.get(key)) or any(expected.get(one) is None for one in KEYS):
            continue
        here = limit_of(name, blind=blind)
        found += [value / expected[one] - 1 for value, one in zip(here.expected, KEYS, strict=True)]
        if here.observed is not None and expected.get("observed") is not None:
            found.append(here.observed / expected["observed"] - 1)
    return found


def _impacts(name: str) -> list[float]:
    combine = reference(name)["combine"]
    if "impacts" not in combine:
        return []
    tight = combine["multidimfit_tight"]["r"]
    half = (tight["up"] - tight["down"]) / 2
    by_name = {one.name: one.poi for one in impacts_of(name).impacts}
    pairs = [(by_name[parameter], of["r"]) for parameter, of in combine["impacts"]["parameters"].items()
             if parameter in by_name]  # fmt: skip
    return [(here - there) / half for ours, theirs in pairs for here, there in zip(ours, theirs, strict=True)]


def _power(number: float) -> str:
    """Return the next power of ten, at least 1e-12: smaller differences are those of rounding."""
    return f"1e{math.ceil(math.log10(max(number, 1e-12)))}"


def _largest(differences: Iterable[float]) -> str:
    known = [abs(one) for one in differences]
    if not known:
        return "-"
    return "?" if any(map(math.isnan, known)) else f"{max(known):.4f}"


def _end(value: float) -> str:
    return "?" if math.isnan(value) else f"{value:+.3f}"


if __name__ == "__main__":
    # A console of Windows may have no Greek letters.
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(page())
