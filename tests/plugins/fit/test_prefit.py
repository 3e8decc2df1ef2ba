"""Constraints that expected data will give, with numbers by hand."""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from datacard_fit import Likelihood, prefit
from datacard_fit.prefit import PrefitConstraints

from datacard_core import DEFAULT_PLUGINS, DeclarationError, Model, Severity, check, load_plugins, read_card, read_cards

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Finding

CARD = """\
imax *
jmax *
kmax *
bin SR CR
observation 3 7
bin SR SR CR
process sig bkg bkg
process 0 1 1
rate 10 100 {events}
"""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return tmp_path / "card.txt"


def model(path: Path, lines: str, events: float = 1000) -> Model:
    path.write_text(CARD.format(events=events) + lines, encoding="utf-8")
    return read_card(path, lenient=True).model()


def found(path: Path, lines: str, events: float = 1000) -> list[Finding]:
    return list(PrefitConstraints().examine(model(path, lines, events)))


class TestConstrained:
    def test_width(self, made: Path) -> None:
        """The width is that of the expected data, which r leaves to the control region; the real data do not count."""
        # r takes up what the signal region knows: 1 + 1000·ln(1.2)² = 34.24 is the information on `norm`.
        (one,) = found(made, "norm lnN - 1.2 1.2\n")
        assert (one.code, one.severity, one.systematic) == ("prefit.constrained", Severity.NOTICE, "norm")
        assert dict(one.numbers) == {"width": pytest.approx(1 / math.sqrt(34.24), rel=1e-4), "limit": 0.5}

    @pytest.mark.parametrize(("events", "told"), [(91, True), (90, False)])
    def test_limit(self, made: Path, events: float, told: bool) -> None:
        """A nuisance is told below half of its width, which is 0.4985 with 91 events and 0.5006 with 90."""
        assert bool(found(made, "norm lnN - 1.2 1.2\n", events)) is told

    def test_all_parameters(self, made: Path) -> None:
        """The widths are those of the inverse of the Fisher information with the constraints, worked out apart."""
        slopes = np.array(
            [  # r, b, c, of the rows SR and CR
                [10, 100 * math.log(1.3), 10 * math.log(1.1)],
                [0, 1000 * math.log(1.3), 1000 * math.log(1.05)],
            ]
        )
        information = slopes.T @ np.diag([1 / 110, 1 / 1000]) @ slopes + np.diag([0, 1, 1])
        expected = np.sqrt(np.diagonal(np.linalg.inv(information)))
        widths = prefit(Likelihood(model(made, "b lnN - 1.3 1.3\nc lnN 1.1 - 1.05\n"))).widths
        assert widths == {"b": pytest.approx(expected[1]), "c": pytest.approx(expected[2])}


class TestDegenerate:
    def test_free_parameters(self, made: Path) -> None:
        """Two free parameters of one column are told together, apart from those of another column."""
        lines = "a rateParam SR bkg 1 [0,5]\nb rateParam CR bkg 1 [0,5]\nc rateParam CR bkg 1 [0,5]\n"
        told = [one.message for one in found(made, lines) if one.severity is Severity.WARNING]
        assert len(told) == 2
        assert "along 'r' and 'a':" in told[0]
        assert "along 'b' and 'c':" in told[1]
        assert found(made, "a rateParam SR bkg 1 [0,5]\na rateParam CR bkg 1 [0,5]\n") == []

    def test_three_of_one_column(self, made: Path) -> None:
        """Of three free parameters of one column, the widths of other nuisances are those without two of them."""
        lines = "".join(f"{name} rateParam CR bkg 1 [0,5]\n" for name in "abc")
        (one, other) = found(made, f"{lines}x lnN - 1.2 -\nd lnN 1.01 - -\n"), found(made, lines)
        assert [finding.code for finding in one] == ["prefit.degenerate"] == [finding.code for finding in other]
        assert all(name in one[0].message for name in ("'a'", "'b'", "'c'"))

    @pytest.mark.parametrize(("events", "told"), [(1000, True), (590, False)])
    def test_equal_effects(self, made: Path, events: float, told: bool) -> None:
        """Two nuisances of one effect are a notice where the data know it well: of 0.9939 in common, not of 0.9898."""
        # k/(1 + k) with k = events·ln(1.5)², in the control region alone.
        one = [one for one in found(made, "x lnN - - 1.5\ny lnN - - 1.5\n", events) if one.code == "prefit.degenerate"]
        assert [finding.severity for finding in one] == [Severity.NOTICE] * told
        assert all("'x' and 'y'" in finding.message for finding in one)


def test_card_without_likelihood(made: Path) -> None:
    """A card without a signal has no likelihood, which is a notice."""
    without = CARD.replace("0 1 1", "2 1 1")
    made.write_text(without.format(events=9), encoding="utf-8")
    (one,) = PrefitConstraints().examine(read_cards(made, lenient=True)[0].model())
    assert (one.code, one.severity) == ("prefit.no-likelihood", Severity.NOTICE)


def test_selection(made: Path) -> None:
    """The check runs where the plugin is selected, with limits that can be given, whatever of it is imported."""
    # A module of a plugin that is called `options` would take the place of its options.
    importlib.import_module("datacard_fit.commands")
    given = model(made, "norm lnN - 1.2 1.2\n", 90)
    codes = [
        "prefit.constrained" in {one.code for one in check(given, plugins=load_plugins(*DEFAULT_PLUGINS, *more))}
        for more in ((), ("fit",), (("fit", {"narrowest": 0.6}),))
    ]
    assert codes == [False, False, True]
    with pytest.raises(DeclarationError, match="narrowest is 2, expected a number between 0 and 1"):
        PrefitConstraints.of({"narrowest": 2})
