"""The kinds `trG`, `unif`, `dFD` and `dFD2`: yields that are linear in a parameter, with different densities of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from datacard_core import LinearNormalisation, SystematicKind, hookimpl, is_finite_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core import SystematicUncertainty, Target


class LinearFactor(SystematicKind):
    """Base of the kinds with a yield of N·(1 + ε·θ), where the value is ε."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for each value that is no relative change of the yield."""
        for columns, value in systematic.distinct_values():
            # From 1 on, the yield would reach 0 within one standard deviation; a factor or per cent was meant.
            if not isinstance(value, float) or not 0 < abs(value) < 1:
                yield (
                    f"{columns}: value {value!r}, expected the relative change of the yield at θ = 1, between -1 and 1 "
                    "and not 0, such as 0.1 for 10 %"
                )

    def effects(self, target: Target) -> Iterable[LinearNormalisation]:
        """Return one effect on all columns."""
        slopes = np.array(target.values, dtype=np.float64)
        return (LinearNormalisation(target.positions, slopes, self.typ, self._arguments(target.systematic)),)

    def _arguments(self, systematic: SystematicUncertainty) -> tuple[float, ...]:  # noqa: ARG002 - subclasses use it
        """Return the numbers behind the keyword of the row."""
        return ()


class TruncatedGaussian(LinearFactor):
    """A factor 1 + ε·θ on the yield, with a unit normal θ that is cut where the factor is 0.

    The value is ε, which may be below 0.
    """

    typ: ClassVar[str] = "trG"


class UniformLinear(LinearFactor):
    """A factor 1 + ε·θ on the yield, with a θ that is uniform in a range.

    The value is ε, which is above 0, and the option `range` is (lowest, highest) θ. The factor must be above 0 in the
    whole range.
    """

    typ: ClassVar[str] = "unif"
    options: ClassVar[Mapping[str, str]] = {"range": "lowest and highest θ, as a pair"}

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for each wrong value, and for a range that is none or leads to yields below 0."""
        bounds = systematic.options.get("range")
        is_pair = isinstance(bounds, tuple) and len(bounds) == 2 and all(map(is_finite_number, bounds))  # noqa: PLR2004
        if bounds is None:
            yield "option 'range' is missing: lowest and highest θ, such as (-1, 1)"
        elif not is_pair:
            yield f"range {bounds!r}: expected a (lowest, highest) pair of numbers"
        elif not bounds[0] < bounds[1]:
            yield f"range {bounds!r}: the lowest value is not below the highest"
        for columns, value in systematic.distinct_values():
            # Combine refuses cells below 0 in this row, and no other.
            if not isinstance(value, float) or not value > 0:
                yield f"{columns}: value {value!r}, expected the relative change of the yield at θ = 1, above 0"
            # With a value above 0, the factor is smallest at the lowest θ.
            elif bounds is not None and is_pair and not 1 + value * bounds[0] > 0:
                yield f"{columns}: value {value!r}: the yield at θ = {bounds[0]:g} is not above 0"

    def _arguments(self, systematic: SystematicUncertainty) -> tuple[float, ...]:
        lowest, highest = systematic.options["range"]
        return float(lowest), float(highest)


class FermiDirac(LinearFactor):
    """A factor 1 + ε·θ on the yield, with a θ that is flat between -1 and 1 and falls off on both sides.

    The density of θ is proportional to 1/((1 + exp(s·(θ - θ₀ - 1)))·(1 + exp(-s·(θ - θ₀ + 1)))), with the global
    observable θ₀ = 0. The value is ε, which may be below 0, and the option `steepness` is s.
    """

    typ: ClassVar[str] = "dFD"
    options: ClassVar[Mapping[str, str]] = {"steepness": "steepness s of the edges of the density, above 0"}

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for each wrong value, and for a steepness that is not above 0."""
        steepness = systematic.options.get("steepness")
        if steepness is None:
            yield "option 'steepness' is missing: the steepness of the edges of the density, such as 5"
        elif not is_finite_number(steepness) or not steepness > 0:
            yield f"steepness {steepness!r}: expected a number above 0"
        yield from super().problems(systematic)

    def _arguments(self, systematic: SystematicUncertainty) -> tuple[float, ...]:
        return (float(systematic.options["steepness"]),)


class FermiDiracWithoutObservable(FermiDirac):
    """A factor 1 + ε·θ on the yield with the density of `dFD`, but without a global observable for toys.

    The density of θ is proportional to 1/((1 + exp(s·(θ - 1)))·(1 + exp(-s·(θ + 1)))). The value is ε, which may be
    below 0, and the option `steepness` is s.
    """

    typ: ClassVar[str] = "dFD2"


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kinds trG, unif, dFD and dFD2."""
    return (TruncatedGaussian(), UniformLinear(), FermiDirac(), FermiDiracWithoutObservable())
