"""The expectation before the fit and its uncertainty, compared with numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from datacard_core import BinByBinStatistics, FreeParameter, Normalisation, Nuisance, RawLine, prefit
from tests.support.cases import case
from tests.support.channels import Gamma, Lines, channel, factors, shape, shifted


class TestBand:
    def test_without_nuisances(self) -> None:
        """The uncertainty is the root of the summed variances of the backgrounds."""
        expected = prefit(channel())
        assert expected.background.tolist() == [45, 65]
        assert expected.stat.tolist() == expected.up.tolist() == expected.down.tolist() == [3, 4]
        assert not expected.has_systematics

    def test_single_factor(self) -> None:
        """The yield is divided by a single factor at -1 sigma."""
        expected = prefit(channel(factors("norm", [3], [2.0])))
        # vjets is 5: +5 and -2.5
        np.testing.assert_allclose(expected.up**2, [9 + 25, 16 + 25])
        np.testing.assert_allclose(expected.down**2, [9 + 6.25, 16 + 6.25])
        assert expected.stat.tolist() == [3, 4]
        assert expected.has_systematics

    def test_pair_of_factors(self) -> None:
        """Each factor of a pair applies to its side."""
        expected = prefit(channel(factors("norm", [1, 2], [1.1, 1.2], [0.5, 0.9])))
        # +1 +6 and +2 +8 up, -5 -3 and -10 -4 down
        np.testing.assert_allclose(expected.up**2, [9 + 49, 16 + 100])
        np.testing.assert_allclose(expected.down**2, [9 + 64, 16 + 196])

    def test_columns_of_one_nuisance(self) -> None:
        """All columns of one nuisance move together."""
        one = prefit(channel(shifted("jes", [1, 2], [[3, 4], [-3, 4]], [[-3, -4], [3, -4]])))
        np.testing.assert_allclose(one.up**2, [9, 16 + 64])
        np.testing.assert_allclose(one.down**2, [9, 16 + 64])

    def test_different_nuisances(self) -> None:
        """Different nuisances add in quadrature."""
        two = prefit(
            channel(shifted("jes_2022", [1], [[3, 4]], [[-3, -4]]), shifted("jes_2023", [2], [[-3, 4]], [[3, -4]]))
        )
        np.testing.assert_allclose(two.up**2, [9 + 9 + 9, 16 + 16 + 16])
        np.testing.assert_allclose(two.down**2, [9 + 9 + 9, 16 + 16 + 16])

    def test_one_sided_effect(self) -> None:
        """Only the side of both templates grows, by the larger of the two changes."""
        expected = prefit(channel(shifted("jes", [1], [[3, -2]], [[4, -1]])))
        np.testing.assert_allclose(expected.up**2, [9 + 16, 16])
        np.testing.assert_allclose(expected.down**2, [9, 16 + 4])

    def test_templates_and_factors_of_one_nuisance(self) -> None:
        """Templates and factors of one nuisance move together."""
        mixed = Nuisance("jes", (shape([1], [[2, 2]], [[-2, -2]]), Normalisation(np.array([3]), np.array([2.0]))))
        expected = prefit(channel(mixed))
        # 2 + 5 up, 2 + 2.5 down
        np.testing.assert_allclose(expected.up**2, [9 + 49, 16 + 49])
        np.testing.assert_allclose(expected.down**2, [9 + 20.25, 16 + 20.25])

    @pytest.mark.parametrize(
        ("scale", "up", "down"),
        # with +2 at plus and +1 at minus one from the other process
        [(0.5, 2 + 2, 1 - 1), (2.0, 2 + 8, 4 - 1), (-0.5, 1 + 2, 1 - 2)],
        ids=["half", "twice", "turned-round"],
    )
    def test_scale_of_templates(self, scale: float, up: float, down: float) -> None:
        """The scale multiplies the change of the templates, and a negative scale exchanges them."""
        mixed = Nuisance("jes", (shape([1], [[4, 4]], [[-2, -2]], [scale]), shape([3], [[2, 2]], [[1, 1]])))
        expected = prefit(channel(mixed))
        np.testing.assert_allclose(expected.up**2, [9 + up**2, 16 + up**2])
        np.testing.assert_allclose(expected.down**2, [9 + max(down, 0) ** 2, 16 + max(down, 0) ** 2])

    def test_nuisances_of_signals(self) -> None:
        """Effects on signals are not part of the uncertainty of the background."""
        expected = prefit(channel(factors("signal_scale", [0], [2.0]), shifted("jes", [0], [[9, 9]], [[-1, -1]])))
        assert (expected.up.tolist(), expected.down.tolist()) == ([3, 4], [3, 4])
        assert not expected.has_systematics

    def test_nuisance_of_signal_and_background(self) -> None:
        """A nuisance of signal and background contributes its effect on the background."""
        expected = prefit(channel(factors("lumi", [0, 3], [3.0, 2.0])))
        np.testing.assert_allclose(expected.up**2, [9 + 25, 16 + 25])

    def test_free_parameter(self) -> None:
        """A free parameter multiplies yields and effects by its initial value, and adds no uncertainty."""
        free = FreeParameter("SF_top", np.array([1, 2]), 2.0)
        expected = prefit(channel(shifted("jes", [1], [[3, 4]], [[0, 0]]), directives=(free,)))
        assert expected.background.tolist() == [2 * 40 + 5, 2 * 60 + 5]
        np.testing.assert_allclose(expected.stat**2, [4 * 9, 4 * 16])
        np.testing.assert_allclose(expected.up**2, [4 * 9 + 36, 4 * 16 + 64])
        assert expected.free == (("SF_top", 2.0),)


class TestExcluded:
    def test_known_part_of_nuisance(self) -> None:
        """The known effects of a nuisance count, and its name is listed because of the unknown one."""
        half = Nuisance("half", (Gamma(np.array([1])), Normalisation(np.array([3]), np.array([2.0]))))
        expected = prefit(channel(half))
        assert expected.excluded == ("half",)
        np.testing.assert_allclose(expected.up**2, [9 + 25, 16 + 25])

    def test_unknown_effect_on_background(self) -> None:
        """An effect that only a plugin defines is listed if it acts on a background."""
        made = channel(Nuisance("gmn_$a", (Gamma(np.array([0, 3])),), "gmN"), factors("lumi", [1], [1.1]))
        assert prefit(made).excluded == ("gmn_$a",)

    def test_unknown_effect_on_signal(self) -> None:
        """An unknown effect on signals alone is not listed."""
        assert prefit(channel(Nuisance("gmn", (Gamma(np.array([0])),), "gmN"))).excluded == ()

    def test_lines_of_the_card(self) -> None:
        """A line of unknown effect is listed by its first word; groups, autoMCStats and comments are not."""
        cases: list[tuple[str, list[str]]] = [
            ("theta param 0 1", ["theta"]),
            ("SF rateParam * top_2022 (@0) theta", ["SF"]),
            ("lumi group = lumi_2022", []),
            ("SR autoMCStats 10", []),
            ("# theta param 0 1", []),
            ("", []),
        ]
        for line, named in cases:
            with case(line, named):
                for directive in (RawLine(line), Lines((line,))):
                    assert list(prefit(channel(directives=(directive,))).excluded) == named

    def test_directives_of_the_core(self) -> None:
        """The directives of the core have a known effect and are not listed."""
        directives = (BinByBinStatistics(10), FreeParameter("SF_top", np.array([1]), 1.0))
        assert prefit(channel(directives=directives)).excluded == ()


class TestProcesses:
    def test_sums_over_years(self) -> None:
        """Processes are summed over years, in the order of the columns."""
        found = {process.name: process.values.tolist() for process in prefit(channel()).processes}
        assert list(found.items()) == [("signal", [1, 2]), ("top", [40, 60]), ("vjets", [5, 5])]
        assert [process.position for process in prefit(channel()).processes] == [0, 1, 2]
        assert [process.is_signal for process in prefit(channel()).processes] == [True, False, False]


def test_arrays_are_read_only() -> None:
    """Callers share a result without the risk that one of them changes it."""
    expected = prefit(channel())
    arrays = (expected.background, expected.stat, expected.up, expected.down, expected.processes[0].values)
    assert not any(array.flags.writeable for array in arrays)
