"""The checks of CombineHarvester's ValidateDatacards, under its names and with its limits.

What they look at is described at
https://cms-analysis.github.io/HiggsAnalysis-CombinedLimit/latest/part3/validation/. Only rows of kind `shape` and `lnN`
count, as there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from datacard_checks.limits import Limits
from datacard_checks.view import View, bins_of, worded
from datacard_core import Check, ConstrainedParameter, Normalisation, notice, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from datacard_core import BoolArray, Finding, FloatArray, Model

EQUAL_YIELDS = 1e-7
"""Relative difference of two yields below which their templates are compared bin by bin."""
EQUAL_BINS = 1e-3
"""Relative difference of two bins that count as equal."""


class _Pairs:
    """The pairs of Up and Down templates that ValidateDatacards looks at, with the factors on their yields."""

    def __init__(self, view: View) -> None:
        varied = view.varied
        self.view = view
        self.nominal, self.up, self.down = varied.nominal.norms, varied.up.norms, varied.down.norms
        self.counts = varied.is_shape & (self.nominal != 0)
        """Which pairs count: a factor on nothing has no size."""
        with np.errstate(divide="ignore", invalid="ignore"):
            self.up_factor, self.down_factor = self.up / self.nominal, self.down / self.nominal

    def findings(
        self, found: BoolArray, make: Callable[..., Finding], message: Callable[[int], str], **limit: float
    ) -> Iterator[Finding]:
        """Yield a finding with both factors for each pair that is found."""

        def described(at: int) -> dict[str, Any]:
            numbers = {"value_d": float(self.down_factor[at]), "value_u": float(self.up_factor[at]), **limit}
            return {"message": message(at), "numbers": numbers}

        return self.view.each(found & self.counts, make, described)


def same_direction(pairs: _Pairs) -> Iterator[Finding]:
    """Yield shapes whose Up and Down yields are both above or both below the nominal one."""
    up, down = pairs.up_factor, pairs.down_factor
    # However close to 1, as the tool has it; the check `directions` asks for a permille.
    found = ((up > 1) & (down > 1)) | ((up < 1) & (down < 1))

    def make(**fields: Any) -> Finding:
        return notice("uncertVarySameDirect", **fields)

    yield from pairs.findings(
        found, make, lambda at: f"both yields are on one side of the nominal one: down {down[at]:.4g}, up {up[at]:.4g}"
    )


def same_templates(pairs: _Pairs) -> Iterator[Finding]:
    """Yield shapes whose Up and Down templates are equal to a permille in each bin."""
    up, down = pairs.view.varied.up.values, pairs.view.varied.down.values
    # Yields first, because templates of other yields are never equal for the tool.
    close = np.abs(pairs.up - pairs.down) <= EQUAL_YIELDS * np.abs(pairs.up)
    apart = np.abs(up - down) > EQUAL_BINS * (np.abs(up) + np.abs(down)) / 2

    def make(**fields: Any) -> Finding:
        return notice("uncertTemplSame", **fields)

    yield from pairs.findings(close & ~apart.any(axis=1), make, lambda _: "the Up and the Down template are equal")


def empty_templates(pairs: _Pairs) -> Iterator[Finding]:
    """Yield shapes with an empty Up or Down template."""

    def make(**fields: Any) -> Finding:
        return warning("emptySystematicShape", **fields)

    def message(at: int) -> str:
        return f"the {'Up' if pairs.up[at] == 0 else 'Down'} template is empty"

    yield from pairs.findings((pairs.up == 0) | (pairs.down == 0), make, message)


def _large(**fields: Any) -> Finding:
    return notice("largeNormEff", **fields)


def large_shapes(pairs: _Pairs) -> Iterator[Finding]:
    """Yield shapes that change the yield by more than a tenth."""
    limit, up, down = pairs.view.limits.largest_norm, pairs.up_factor, pairs.down_factor
    found = (np.abs(up - 1) > limit) | (np.abs(down - 1) > limit)
    yield from pairs.findings(
        found, _large, lambda at: f"changes the yield by factors of {down[at]:.4g} and {up[at]:.4g}", limit=limit
    )


def large_factors(view: View) -> Iterator[Finding]:
    """Yield lnN factors of more than a tenth; of a pair the upper one counts."""
    channel, limit = view.channel, view.limits.largest_norm
    for nuisance in channel.nuisances:
        for effect in nuisance.effects:
            if type(effect) is not Normalisation:
                continue
            up, down = effect.up.tolist(), [0.0] * len(effect.up) if effect.down is None else effect.down.tolist()
            for column, high, low in zip(effect.columns.tolist(), up, down, strict=True):
                if abs(high - 1) > limit:
                    yield _large(
                        message=f"changes the yield by a factor of {high:.4g}",
                        channel=channel.bin,
                        column=channel.columns[column].name,
                        systematic=nuisance.name,
                        numbers={"value_d": low, "value_u": high, "limit": limit},
                    )


def small_shapes(pairs: _Pairs) -> Iterator[Finding]:
    """Yield shapes that change the form of a template by less than a permille, and those with one bin."""
    view = pairs.view
    varied, limit, bins = view.varied, view.limits.smallest_shape, view.channel.axis.bins
    # The tool sets bins below 0 to 0 in the nominal template alone.
    nominal = _normalised(np.maximum(varied.nominal.values, 0))
    sizes = [_apart(_normalised(templates.values), nominal) for templates in (varied.up, varied.down)]
    found = varied.is_shape
    if bins > 1:
        found = pairs.counts & (pairs.up != 0) & (pairs.down != 0) & (sizes[0] < limit) & (sizes[1] < limit)

    def make(**fields: Any) -> Finding:
        return notice("smallShapeEff", **fields) if bins > 1 else notice("smallShapeEff1bin", **fields)

    def described(at: int) -> dict[str, Any]:
        numbers = {"diff_d": float(sizes[1][at]), "diff_u": float(sizes[0][at]), "limit": limit}
        what = f"changes the shape by {sizes[0][at]:.2g} and {sizes[1][at]:.2g}" if bins > 1 else "a shape of one bin"
        return {"message": f"{what}: an lnN would do", "numbers": numbers}

    yield from view.each(found, make, described)


def _normalised(values: FloatArray) -> FloatArray:
    norms = values.sum(axis=1, keepdims=True)
    found: FloatArray = np.divide(values, norms, out=np.zeros_like(values), where=norms != 0)
    return found


def _apart(varied: FloatArray, nominal: FloatArray) -> FloatArray:
    """Return the summed difference of bins, each relative to the mean of both."""
    size = np.abs(varied) + np.abs(nominal)
    found = np.divide(2 * np.abs(varied - nominal), size, out=np.zeros_like(size), where=size > 0)
    summed: FloatArray = found.sum(axis=1)
    return summed


def empty_processes(view: View) -> Iterator[Finding]:
    """Yield processes with an empty template."""
    channel = view.channel
    dropped = _dropped(view)
    for column, norm in zip(channel.columns, channel.nominal.norms.tolist(), strict=True):
        if norm == 0 and column.name not in dropped:
            message = "has no events: leave it out of the channel"
            yield warning("emptyProcessShape", message, channel=channel.bin, column=column.name)


def _dropped(view: View) -> set[str]:
    """Return the processes that Combine drops for their rate of 0, and whose templates have events."""
    return {one.column for one in view.findings if one.code == "shape.rate-zero" and one.channel == view.channel.bin}


def empty_background(view: View) -> Iterator[Finding]:
    """Yield bins without background."""
    channel = view.channel
    # Without a tolerance: the tool takes a billionth of an event for background.
    empty = view.backgrounds.values[0] <= 0
    if empty.any():
        bins = bins_of(empty)
        yield notice("emptyBkgBin", f"no background in {worded(bins)}", channel=channel.bin, bins=bins)


def bin_without_channel(model: Model) -> Iterator[Finding]:
    """Yield what the tool reports for each card with a line of `param`."""
    if any(isinstance(parameter, ConstrainedParameter) for parameter in model.parameters):
        message = "ValidateDatacards takes lines of `param` for a channel without a name, and reports its bin"
        yield notice("emptyBkgBin", message, bins=[1])


def small_signals(view: View) -> Iterator[Finding]:
    """Yield signals that are less than a permille of the signal in the channel."""
    channel, limit = view.channel, view.limits.smallest_signal
    total = float(channel.rates[view.is_signal].sum())
    for column, rate in zip(channel.columns, channel.rates.tolist(), strict=True):
        if column.is_signal and rate < limit * total:
            yield notice(
                "smallSignalProc",
                f"{rate:.4g} of {total:.4g} signal events: it may be left out",
                channel=channel.bin,
                column=column.name,
                numbers={"procrate": rate, "sigrate_tot": total, "limit": limit},
            )


class Validation(Check):
    """The findings of ValidateDatacards."""

    name: ClassVar[str] = "validation"
    codes: ClassVar[Mapping[str, str]] = {
        "emptyBkgBin": "A notice: bins without background.",
        "emptyProcessShape": "A process has no events: leave it out of the channel.",
        "emptySystematicShape": "The Up or Down template is empty.",
        "largeNormEff": "A notice: a nuisance changes a yield by more than a tenth.",
        "smallShapeEff": "A notice: a nuisance changes the form of a template by less than a permille.",
        "smallShapeEff1bin": "A notice: a shape of one bin is a factor: an lnN would do.",
        "smallSignalProc": "A notice: a signal is less than a permille of the signal in its channel.",
        "uncertTemplSame": "A notice: the Up and the Down template are equal, to a permille in each bin.",
        "uncertVarySameDirect": "A notice: both yields of a nuisance are on one side of the nominal one.",
    }

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - a frozen value
        self._limits = limits

    def examine(self, model: Model) -> Iterator[Finding]:
        """Yield the findings about each channel."""
        for channel in model.channels:
            view = View(channel, self._limits, model.findings)
            pairs = _Pairs(view)
            for look in (same_direction, same_templates, empty_templates, large_shapes, small_shapes):
                yield from look(pairs)
            for look_at in (large_factors, empty_processes, small_signals):
                yield from look_at(view)
        # The tool does not look for such bins in a card with a channel without templates.
        if all(channel.has_templates for channel in model.channels):
            for channel in model.channels:
                yield from empty_background(View(channel, self._limits))
            yield from bin_without_channel(model)
