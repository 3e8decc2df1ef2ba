"""Kind `envelope`: one shape nuisance from many theory variations.

Select the plugin by the name of its entry point, and declare a systematic of this kind:

    plugins = load_plugins(*DEFAULT_PLUGINS, "acme_theory")
    SystematicUncertainty(
        name="pdf", typ="envelope", processes=["ttbar"], years=["2022"], value=1.0,
        options={"method": "replicas", "members": 100},
    )

This reads the variations `pdf_0` to `pdf_99`, and writes the templates `pdfUp` and `pdfDown`.
"""

from __future__ import annotations

import difflib
import math
import numbers
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
from datacard_core import InputError, Shape, SystematicKind, Templates, hookimpl

if TYPE_CHECKING:
    from datacard_core import SystematicUncertainty, Target

requires_api = ">=1.0,<2"

FloatArray: TypeAlias = npt.NDArray[np.float64]
Method: TypeAlias = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Function of the members minus the nominal, shape (members, n, bins). Its results are the distances of the Up and the
Down template from the nominal, both of shape (n, bins) and not below 0."""


def envelope(deviations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the distances to the largest and the smallest of the nominal and all members, bin by bin.

    This is the 7-point variation of the QCD scales (arXiv:hep-ph/0303085, arXiv:hep-ph/0306211), if the members are the
    six in which μ_R and μ_F are halved or doubled, but never one halved and the second doubled.
    """
    return deviations.max(axis=0, initial=0), -deviations.min(axis=0, initial=0)


def replicas(deviations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the standard deviation of the members about their mean, with N - 1.

    Equation (21) of PDF4LHC15 (arXiv:1510.03865), for sets whose LHAPDF `ErrorType` is `replicas`.
    """
    spread: FloatArray = deviations.std(axis=0, ddof=1)
    return spread, spread


def hessian_symmetric(deviations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the quadrature sum of the members minus the nominal, one member for each eigenvector.

    Equation (20) of PDF4LHC15 (arXiv:1510.03865), for sets whose LHAPDF `ErrorType` is `symmhessian`.
    """
    total: FloatArray = np.sqrt(np.square(deviations).sum(axis=0))
    return total, total


def hessian_pairs(deviations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the quadrature sums, over all eigenvectors, of the largest moves up and down.

    The members are in pairs, plus and minus. The asymmetric master formula of arXiv:hep-ph/0110378, equation (43) of
    arXiv:hep-ph/0611148 and (2.1) and (2.2) of arXiv:1106.5788, for sets whose LHAPDF `ErrorType` is `hessian`.
    """
    pairs = deviations.reshape(-1, 2, *deviations.shape[1:])
    up, down = pairs.max(axis=1, initial=0), pairs.min(axis=1, initial=0)
    return np.sqrt(np.square(up).sum(axis=0)), np.sqrt(np.square(down).sum(axis=0))


METHODS: Mapping[str, Method] = {
    "envelope": envelope,
    "replicas": replicas,
    "hessian-symmetric": hessian_symmetric,
    "hessian-pairs": hessian_pairs,
}

_OF_LHAPDF = (
    ": LHAPDF's ErrorType 'hessian', two members for each eigenvector, is 'hessian-pairs' here, "
    "and its 'symmhessian', one member for each, is 'hessian-symmetric'"
)


class Envelope(SystematicKind):
    """Shape whose Up and Down templates combine many variations."""

    typ: ClassVar[str] = "envelope"
    options: ClassVar[Mapping[str, str]] = {
        "members": "endings of the names of the variations, such as ['_muRUp', '_muRDown'], or their number: _0, _1, …",
        "method": f"how the members are combined: {', '.join(METHODS)}; envelope if not given",
        "scale": "factor on the deviations, such as 1/1.645 for a set at 90 % CL; 1 if not given",
    }

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield the problems of the value, of each option, and of the number of members."""
        for columns, value in systematic.distinct_values():
            if not isinstance(value, float) or not value > 0:
                yield f"{columns}: value {value!r}, expected a number above 0, by convention 1.0"
        options = systematic.options
        method = options.get("method", "envelope")
        wrong_members = list(_member_problems(options))
        yield from wrong_members
        if not isinstance(method, str) or method not in METHODS:
            yield f"method {method!r}: expected {_one_of_the_methods(method)}"
        elif not wrong_members:
            yield from _count_problems(method, len(_suffixes(options)))
        scale = options.get("scale", 1)
        if not _is_number(scale) or not (math.isfinite(scale) and scale > 0):
            yield f"scale {scale!r}: expected a number above 0, such as 1/1.645 for a set at 90 % CL"

    def shifts(self, systematic: SystematicUncertainty) -> Sequence[str]:
        """Return the ending of each member's name."""
        return _suffixes(systematic.options)

    def effects(self, target: Target) -> Iterable[Shape]:
        """Return one shape: the nominal plus and minus the distances that the method computes.

        The variances are the nominal's: all members are the same events with other weights, so that the templates
        fluctuate with it.

        Raises:
            InputError: a column has only some of the members.
        """
        options, nominal = target.systematic.options, target.nominal
        if problems := list(_gaps(target)):
            raise InputError(problems)
        members = np.stack([target.variations[suffix].values for suffix in _suffixes(options)])
        up, down = METHODS[options.get("method", "envelope")](members - nominal.values)
        scale = float(options.get("scale", 1))
        return (
            Shape(
                target.positions,
                Templates(nominal.values + scale * up, nominal.variances),
                Templates(nominal.values - scale * down, nominal.variances),
                np.array(target.values, dtype=np.float64),
            ),
        )


def _gaps(target: Target) -> Iterator[str]:
    """Yield a problem for each column that lacks some members: their nominal would make the deviations too small."""
    available = np.stack([target.available[suffix] for suffix in target.variations])
    for position in np.flatnonzero(available.any(axis=0) & ~available.all(axis=0)):
        missing = [suffix for suffix, there in zip(target.variations, available[:, position], strict=True) if not there]
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""  # noqa: PLR2004 - enough to recognise the members
        yield (
            f"channel {target.bin!r}, column {target.columns[position].name!r}: systematic {target.systematic.name!r} "
            f"is made of {len(available)} members, and the output has no {', '.join(missing[:3])}{more} for all of its "
            "datasets: list the members that all datasets have, or leave the process out"
        )


def _suffixes(options: Mapping[str, Any]) -> tuple[str, ...]:
    members = options["members"]
    return tuple(f"_{member}" for member in range(members)) if isinstance(members, int) else tuple(members)


def _member_problems(options: Mapping[str, Any]) -> Iterator[str]:
    expected = "their number, or the endings of their names, such as ['_muRUp', '_muRDown']"
    members = options.get("members")
    if members is None:
        yield f"has no option 'members': give {expected}"
    elif isinstance(members, int) and not isinstance(members, bool):
        if members < 1:
            yield f"members {members!r}: expected 1 or more"
    elif not isinstance(members, list | tuple) or not members:
        yield f"members {members!r}: expected {expected}"
    else:
        if strange := [member for member in members if not isinstance(member, str) or not member]:
            yield f"members has {', '.join(map(repr, strange))}, expected texts that end the names of variations"
        if twice := [member for member, count in Counter(map(repr, members)).items() if count > 1]:
            yield f"members has {', '.join(twice)} more than once: each member must count once"


def _count_problems(method: str, count: int) -> Iterator[str]:
    if method == "replicas" and count < 2:  # noqa: PLR2004 - one replica has no standard deviation
        yield f"members: {count} is not enough for method 'replicas', which takes 2 or more"
    if method == "hessian-pairs" and count % 2:
        yield (
            f"members: {count} is odd, and method 'hessian-pairs' takes a plus and a minus for each eigenvector, "
            "without the central member"
        )


def _one_of_the_methods(given: object) -> str:
    methods = ", ".join(map(repr, METHODS))
    if given in ("hessian", "symmhessian"):
        return f"one of {methods}{_OF_LHAPDF}"
    matches = difflib.get_close_matches(str(given).lower(), METHODS, n=1)
    return f"one of {methods}{f' (did you mean {matches[0]!r}?)' if matches else ''}"


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kind envelope."""
    return (Envelope(),)
