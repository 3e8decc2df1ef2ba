"""Looks at varied templates: variations without effect, and those that are mostly statistical."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from datacard_checks.limits import Limits
from datacard_checks.shapes import names_of
from datacard_checks.view import View
from datacard_core import Check, notice, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core import Finding, FloatArray, Model, Templates


def without_effect(view: View) -> Iterator[Finding]:
    """Yield nuisances whose Up and Down templates are the nominal ones, a warning if all of a channel are."""
    varied, channel = view.varied, view.channel
    same = (varied.up.values == varied.nominal.values).all(axis=1) & (varied.down.values == varied.nominal.values).all(
        axis=1
    )
    # A nuisance of two kinds acts elsewhere in the channel.
    others = {nuisance.name for nuisance in channel.nuisances if len(nuisance.entries) > 1}
    for place in np.unique(varied.rows[same]).tolist():
        name, of = varied.nuisances[place], varied.rows == place
        columns = names_of(channel, varied.columns[of & same].tolist())
        make = notice if name in others or not same[of].all() else warning
        message = f"Up and Down are the nominal template on {columns}: it has no effect there"
        yield make("shape.no-effect", message, channel=channel.bin, column=columns, systematic=name)


def below_statistics(view: View) -> Iterator[Finding]:
    """Yield shapes whose change of form is far below the statistical errors of the nominal template."""
    if not view.channel.has_templates or view.statistics is None:
        return
    varied, limit = view.varied, view.limits.least_significance
    sizes = np.maximum(_significance(varied.up, varied.nominal), _significance(varied.down, varied.nominal))

    def make(**fields: Any) -> Finding:
        return notice("shape.below-statistics", **fields)

    def described(at: int) -> dict[str, Any]:
        message = f"changes the form by {sizes[at]:.2g} statistical errors of a bin: an lnN would do"
        return {"message": message, "numbers": {"errors": float(sizes[at]), "limit": limit}}

    yield from view.each((sizes > 0) & (sizes < limit), make, described)


def _significance(varied: Templates, nominal: Templates) -> FloatArray:
    """Return the root mean square of the differences in form, in statistical errors of the bins."""
    norms = varied.norms[:, None]
    scaled = np.divide(varied.values * nominal.norms[:, None], norms, out=np.zeros_like(varied.values), where=norms > 0)
    apart = (scaled - nominal.values) ** 2
    known = nominal.variances > 0
    squares = np.divide(apart, nominal.variances, out=np.zeros_like(apart), where=known).sum(axis=1)
    # Rounding of two equal forms is no difference.
    squares[(apart <= 1e-20 * nominal.values**2).all(axis=1)] = 0
    found: FloatArray = np.sqrt(squares / np.maximum(known.sum(axis=1), 1))
    return found


def stood_for(model: Model, limits: Limits) -> Iterator[Finding]:
    """Yield nuisances for which the nominal stands in a good part of the datasets, in all channels together."""
    lacking: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for channel in model.channels:
        for nuisance in channel.nuisances:
            # Cards that were read do not tell the datasets.
            if (origin := nuisance.origin) is not None:
                total[nuisance.name] += int(origin.datasets.sum())
                lacking[nuisance.name] += int((origin.datasets - origin.present).sum())
    for name, missing in lacking.items():
        if missing > limits.largest_fallback * total[name]:
            share = missing / total[name]
            message = f"the nominal stands for it in {missing} of {total[name]} datasets, {share:.0%}: the nuisance is "
            message += "too small; produce the variations, or restrict it to the processes and years that have them"
            numbers = {"share": share, "limit": limits.largest_fallback}
            yield warning("shape.fallback", message, systematic=name, numbers=numbers)


class Variations(Check):
    """Looks for varied templates that do nothing, or that statistical fluctuations make."""

    name: ClassVar[str] = "variations"
    codes: ClassVar[Mapping[str, str]] = {
        "shape.below-statistics": "A notice: the form of a template changes by far less than its statistical errors: "
        "declare an lnN instead.",
        "shape.fallback": "The nominal stands for the variations of a nuisance in more than a quarter of the datasets "
        "of all channels: produce them, or restrict the nuisance to the processes and years that have them.",
        "shape.no-effect": "The Up and the Down template are the nominal one; a notice if the nuisance has effects on "
        "other columns of the channel. Look for the variation in the output, or leave the columns out.",
    }

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - a frozen value
        self._limits = limits

    def examine(self, model: Model) -> Iterator[Finding]:
        """Yield the findings of each look at each channel."""
        for channel in model.channels:
            view = View(channel, self._limits)
            for look in (without_effect, below_statistics):
                yield from look(view)
        yield from stood_for(model, self._limits)
