"""Numbers for people: rounded by their uncertainty, as the Particle Data Group rounds."""

from __future__ import annotations

import attrs

from datacard_core.names import public

# https://pdg.lbl.gov, introduction to the Review of Particle Physics, section on rounding: by the three leading digits
# of the uncertainty.
_TWO_DIGITS_UP_TO = 354
_ONE_DIGIT_UP_TO = 949

# Below this, two decimals show fewer than two digits: 0.001 would be 0.00.
_SMALL = 0.1


def decimals(uncertainty: float) -> int:
    """Return the number of decimals that an uncertainty above 0 is rounded to; below 0 for tens, hundreds, ..."""
    mantissa, _, exponent = f"{uncertainty:.2e}".partition("e")
    leading = int(mantissa.replace(".", ""))
    if leading <= _TWO_DIGITS_UP_TO:
        return 1 - int(exponent)
    # 0.95 and above becomes 1.0, which has two digits again.
    return -int(exponent) if leading <= _ONE_DIGIT_UP_TO else 1 - (int(exponent) + 1)


def rounded(value: float, places: int | None = None) -> str:
    """Return a number with so many decimals; if not given, with two, or with two digits if it is too small for that."""
    if places is None:
        return f"{value:.2f}" if value == 0 or abs(value) >= _SMALL else f"{value:.2g}"
    # Adding 0 makes 0 of -0.
    return f"{round(value, places) + 0:.{max(places, 0)}f}"


def counted(observation: float) -> str:
    """Return a number of observed events, without decimals if it is whole."""
    return f"{observation:.0f}" if float(observation).is_integer() else f"{observation:.2f}"


@public
@attrs.frozen
class Quantity:
    """A yield with its uncertainties."""

    value: float
    stat: float | None
    """Statistical uncertainty, at least 0; None if the total one is not divided."""
    up: float
    """Total uncertainty upwards, at least 0."""
    down: float
    """Total uncertainty downwards, at least 0."""

    def __str__(self) -> str:
        value, stat, up, down = self._texts
        return f"{value}{stat and f' ± {stat}'}{up and (f' ± {up}' if up == down else f' +{up}/-{down}')}"

    @property
    def latex(self) -> str:
        """The quantity as a formula of LaTeX."""
        value, stat, up, down = self._texts
        total = rf" \pm {up}" if up == down else f" {{}}^{{+{up}}}_{{-{down}}}"
        statistical = stat and rf" \pm {stat}"
        return f"${value}{statistical}{up and total}$"

    @property
    def _texts(self) -> tuple[str, str, str, str]:
        """The four numbers at the place of the total uncertainty; empty texts for those that are 0 or not there."""
        # By the larger side: by the smaller one, a side near 0 would ask for digits that the other has not.
        if not (total := max(self.up, self.down)):
            return rounded(self.value), "", "", ""
        places = decimals(total)
        stat = "" if self.stat is None else rounded(self.stat, places)
        if self.stat and not float(stat):
            # A statistical uncertainty is not 0 because a systematic one is large.
            stat = rounded(self.stat, decimals(self.stat))
        return rounded(self.value, places), stat, rounded(self.up, places), rounded(self.down, places)
