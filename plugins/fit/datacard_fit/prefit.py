"""Expectations before a fit: parameters that will be constrained, and those that the data cannot tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs
import numpy as np

from datacard_core import Check, DeclarationError, is_finite_number, notice, warning
from datacard_fit.likelihood import Likelihood
from datacard_fit.minimum.degeneracies import connected
from datacard_fit.minimum.minimiser import ended
from datacard_fit.minimum.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Self

    from datacard_core import Finding, Model

# Beyond a factor of 2, reviewers ask whether one parameter may stand for all that it acts on.
NARROWEST = 0.5
"""Width after a fit, relative to that of the constraint, below which a nuisance is told."""
# Two equal effects have it where each of them alone would be constrained to a tenth.
MOST_ALIKE = 0.99
"""Share of common information from which two parameters are told."""


@attrs.frozen(kw_only=True)
class Prefit:
    """The likelihood of the expected data around its minimum."""

    widths: Mapping[str, float]
    """Width of each constrained parameter in a fit, relative to that of its constraint."""
    flat: tuple[tuple[str, ...], ...]
    """Parameters along whose common direction the likelihood does not change; of one name, it has no effect."""
    alike: tuple[tuple[str, ...], ...]
    """Parameters whose effects the data hardly tell apart, so that their constraints share one effect."""


def prefit(likelihood: Likelihood, *, most_alike: float = MOST_ALIKE) -> Prefit:
    """Return what a fit of Asimov data will constrain, from one Hessian at the start values and without the real data.

    The information of two parameters in common is H_ij/√(H_ii·H_jj), with the constraints as a part of H.

    Args:
        likelihood: the likelihood.
        most_alike: information in common from which two parameters are alike.

    Raises:
        DeclarationError: the Hessian is not finite.
    """
    task = Task.of(likelihood, data=likelihood.asimov({}))
    now = task(task.start)
    if not np.isfinite(now.hessian).all():
        raise DeclarationError(["the likelihood of the expected data has no finite derivatives"])
    best = ended(task.start, now, task.box, 0.0, 1)
    size, names = likelihood.compiled.ordinary, likelihood.names
    flat = groups = best.degenerate()
    # Without a parameter of each flat direction, the widths of the others are those with this one fixed.
    while groups:
        free = best.free.copy()
        free[[group[0] for group in groups]] = False
        best = attrs.evolve(best, free=free)
        groups = best.degenerate()
    constraints = likelihood.engine.constraints.curvature(task.start, task.data.centers)
    widths = np.sqrt(np.diagonal(best.covariance) * constraints)
    # The parameters of cells are as many as bins, and no one declares them one by one.
    places = np.flatnonzero(best.free[:size])
    scale = np.sqrt(np.diagonal(now.hessian)[places])
    common = np.abs(now.hessian[np.ix_(places, places)]) > most_alike * np.outer(scale, scale)
    return Prefit(
        widths={names[place]: float(widths[place]) for place in places.tolist() if widths[place] > 0},
        flat=tuple(tuple(names[place] for place in group) for group in flat),
        alike=tuple(tuple(names[place] for place in places[group]) for group in connected(common) if len(group) > 1),
    )


@attrs.frozen
class PrefitConstraints(Check):
    """Looks at the likelihood of the expected data for nuisances that a fit constrains or cannot tell apart."""

    name: ClassVar[str] = "prefit"
    codes: ClassVar[Mapping[str, str]] = {
        "prefit.constrained": "A notice: expected data constrain a nuisance to less than half of its uncertainty: see "
        "whether it is meant to be that large, and to be one for all channels, processes and years that it acts on.",
        "prefit.degenerate": "The likelihood of expected data does not change along a parameter, or a combination: "
        "leave one out, or constrain it. A notice for constrained parameters that the data hardly tell apart.",
        "prefit.no-likelihood": "A notice: the likelihood of a card cannot be made, so that constraints are not known.",
    }

    narrowest: float = NARROWEST
    most_alike: float = MOST_ALIKE

    def examine(self, model: Model) -> Iterator[Finding]:
        """Yield a finding for each constrained nuisance, and each group of parameters that are not told apart."""
        try:
            found = prefit(Likelihood(model), most_alike=self.most_alike)
        except DeclarationError as error:
            yield notice("prefit.no-likelihood", f"nothing is known of constraints: {'; '.join(error.problems)}")
            return
        for name, width in found.widths.items():
            if width < self.narrowest:
                message = f"expected data constrain it to {width:.2g} of its uncertainty"
                numbers = {"width": width, "limit": self.narrowest}
                yield notice("prefit.constrained", message, systematic=name, numbers=numbers)
        for group in found.flat:
            message = f"the likelihood does not change along {_in_words(group)}: leave one out, or constrain it"
            yield warning("prefit.degenerate", message, systematic=group[0])
        for group in found.alike:
            message = f"expected data hardly tell {_in_words(group)} apart: is one of them enough?"
            yield notice("prefit.degenerate", message, systematic=group[0], numbers={"limit": self.most_alike})

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return the check with limits that are given as options.

        Raises:
            DeclarationError: a limit is no number between 0 and 1.
        """
        wrong = [
            f"{name} is {value!r}" for name, value in given.items() if not is_finite_number(value) or not 0 < value < 1
        ]
        if wrong:
            raise DeclarationError(f"{one}, expected a number between 0 and 1" for one in wrong)
        return cls(**given)


def _in_words(names: Sequence[str], most: int = 8) -> str:
    more = [f"{len(names) - most} more"] if len(names) > most else []
    return " and ".join([*map(repr, names[:most]), *more])
