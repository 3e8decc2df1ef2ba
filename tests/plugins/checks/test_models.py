"""Checks of models: for each look, a model that triggers it and one just short of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest
from datacard_checks.contents import Contents
from datacard_checks.limits import Limits
from datacard_checks.nuisances import Nuisances
from datacard_checks.statistics import Statistics
from datacard_checks.variations import Variations

from datacard_core import (
    Axis,
    BinByBinStatistics,
    Channel,
    Column,
    ConstrainedParameter,
    DeclarationError,
    FreeParameter,
    Model,
    Normalisation,
    Nuisance,
    Severity,
    Shape,
    Statement,
    Templates,
)
from datacard_core.model.effects import Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core import Check, Finding


def templates(*rows: Sequence[float], variances: Sequence[Sequence[float]] | None = None) -> Templates:
    values = np.array(rows, float)
    return Templates(values, values / 4 if variances is None else np.array(variances, float))


SIGNAL, TOP, WJETS = [2.0, 4.0], [40.0, 20.0], [10.0, 30.0]


def model(*rows: Sequence[float], **changes: Any) -> Model:
    """Return a model of one channel: a signal and two backgrounds, with a luminosity and autoMCStats."""
    nominal = changes.pop("nominal", None) or templates(*(rows or (SIGNAL, TOP, WJETS)))
    channel = Channel(
        bin="SR",
        category="SR",
        axis=Axis(np.array([0.0, 1.0, 2.0])),
        columns=(Column("sig", "sig", "", 0), Column("top", "top", "", 1), Column("wj", "wj", "", 2)),
        nominal=nominal,
        data=templates([52, 54]),
        has_data=True,
        nuisances=(Nuisance("lumi", (Normalisation(np.arange(3), np.full(3, 1.02)),)),),
        statements=(Statement(BinByBinStatistics(10)),),
    )
    return Model(channels=(attrs.evolve(channel, **changes),))


def lnn(name: str, factors: Sequence[float], columns: Sequence[int] = (1, 2)) -> Nuisance:
    return Nuisance(name, (Normalisation(np.array(columns), np.array(factors, float)),))


def shape(name: str, up: Sequence[float], down: Sequence[float]) -> Nuisance:
    return Nuisance(name, (Shape(np.array([1]), templates(up), templates(down), np.ones(1)),))


def found(check: Check, given: Model) -> list[tuple[str, str, str]]:
    """Return code, process and systematic of each finding."""
    return [(one.code, one.column, one.systematic) for one in check.examine(given)]


def test_model_without_faults() -> None:
    """A model without faults has no findings."""
    for check in [Contents(), Statistics(), Variations(), Nuisances()]:
        assert list(check.examine(model())) == [], check


class TestContents:
    """Contents that a fit cannot use."""

    def test_negative_bin(self) -> None:
        """A bin below 0 is a warning with the events; a bin of 0 is none."""
        (one,) = Contents().examine(model(SIGNAL, [40, -3], WJETS))
        assert (one.code, one.severity, one.column, one.bins) == ("shape.negative-bin", Severity.WARNING, "top", (2,))
        assert dict(one.numbers) == {"events": -3}
        assert found(Contents(), model(SIGNAL, [40, 0], WJETS)) == []

    def test_negative_sum(self) -> None:
        """A bin whose sum is below 0 is an error; one whose sum is 0 is none."""
        findings = list(Contents().examine(model(SIGNAL, [40, -34.5], WJETS)))
        assert [(one.severity, one.column) for one in findings] == [(Severity.WARNING, "top"), (Severity.ERROR, "")]
        (only,) = Contents().examine(model(SIGNAL, [40, -34], WJETS))
        assert only.severity is Severity.WARNING

    def test_negative_process(self) -> None:
        """A process whose bins add up to less than 0 is an error, and one of 0 events is none."""
        codes = [("shape.negative-bin", "sig", ""), ("shape.negative-sum", "sig", "")]
        assert found(Contents(), model([1, -1.5], TOP, WJETS)) == codes
        assert found(Contents(), model([1, -1], TOP, WJETS)) == codes[:1]

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_not_finite(self, value: float) -> None:
        """A bin that is not finite is an error, in a nominal template and in a varied one."""
        assert ("shape.not-finite", "top", "") in found(Contents(), model(SIGNAL, [value, 20], WJETS))
        varied = model(nuisances=(shape("jes", [44, value], [36, 20]),))
        (one,) = Contents().examine(varied)
        assert (one.code, one.systematic, one.direction, one.bins) == ("shape.not-finite", "jes", "Up", (2,))

    def test_negative_data(self) -> None:
        """Data below 0 are an error, and data of 0 are none."""
        assert found(Contents(), model(data=templates([52, -1]))) == [("shape.data-negative", "data_obs", "")]
        assert found(Contents(), model(data=templates([52, 0]))) == []


class TestStatistics:
    """Statistical errors, where autoMCStats makes parameters of them."""

    def with_variances(self, *variances: Sequence[float], **changes: Any) -> Model:
        return model(nominal=templates(SIGNAL, TOP, WJETS, variances=variances), **changes)

    def test_empty_bin(self) -> None:
        """A bin where no process expects an event is told, and one with a signal is not."""
        assert ("shape.empty-bin", "", "") in found(Statistics(), model([2, 0], [40, 0], [10, 0]))
        assert "shape.empty-bin" not in {code for code, *_ in found(Statistics(), model([2, 1], [40, 0], [10, 0]))}

    def test_content_without_variance(self) -> None:
        """A template with content without an error in one bin is told, and one without errors in all is not."""
        assert found(Statistics(), self.with_variances([1, 1], [10, 0], [3, 8])) == [
            ("statistics.no-variance", "top", "")
        ]
        assert found(Statistics(), self.with_variances([1, 1], [0, 0], [3, 8])) == []

    def test_channel_without_variances(self) -> None:
        """A channel with autoMCStats in which no template has an error is told."""
        assert found(Statistics(), self.with_variances([0, 0], [0, 0], [0, 0])) == [("mcstats.zero-errors", "", "")]
        assert found(Statistics(), self.with_variances([0, 0], [0, 0], [0, 0], statements=())) == []

    def test_root_of_weighted_events(self) -> None:
        """Errors that are the roots of contents are told where the contents are no counts."""
        rows = [2.0, 4.0], [40.5, 20.0], [10.0, 30.0]
        given = model(nominal=templates(*rows, variances=rows))
        assert found(Statistics(), given) == [("statistics.root-n", "top", "")]
        assert (
            found(Statistics(), attrs.evolve(given, channels=(attrs.evolve(given.channels[0], statements=()),))) == []
        )

    def test_few_events(self) -> None:
        """A process that is a tenth of a bin with less than one effective event is told; with one it is not."""
        # 10 events of 52 in the first bin: 10² / 101 = 0.99 effective events, and 10² / 100 = 1.
        (one,) = Statistics().examine(self.with_variances([1, 1], [10, 5], [101, 8]))
        assert (one.code, one.column, one.bins) == ("statistics.few-events", "wj", (1,))
        assert dict(one.numbers) == pytest.approx({"events": 100 / 101, "limit": 1})
        assert found(Statistics(), self.with_variances([1, 1], [10, 5], [100, 8])) == []
        # The signal is 2 events of 52.
        assert found(Statistics(), self.with_variances([5, 1], [10, 5], [3, 8])) == []

    def test_one_event(self) -> None:
        """Backgrounds of less than two effective events are told; of two they are not."""
        # 50² / 1251 is just below 2.
        assert ("statistics.one-event", "", "") in found(Statistics(), self.with_variances([1, 1], [1200, 5], [51, 8]))
        assert found(Statistics(), self.with_variances([1, 1], [1200, 5], [50, 8])) == []


class TestVariations:
    """Varied templates that do nothing."""

    def test_without_effect(self) -> None:
        """Up and Down that are the nominal template are told; a difference in one bin is an effect."""
        assert found(Variations(), model(nuisances=(shape("jes", TOP, TOP),))) == [("shape.no-effect", "top", "jes")]
        assert found(Variations(), model(nuisances=(shape("jes", TOP, [40, 10]),))) == []

    def test_below_statistics(self) -> None:
        """A change of form that is small against the errors is a notice."""
        # The errors are √(40/4) = 3.2 and √(20/4) = 2.2; moving 0.2 events changes both bins by 0.08 of them in the
        # mean: √((0.2²/10 + 0.2²/5) / 2) = 0.077, and 0.3 events by 0.116.
        (one,) = Variations().examine(model(nuisances=(shape("jes", [40.2, 19.8], [39.8, 20.2]),)))
        assert (one.code, one.severity) == ("shape.below-statistics", Severity.NOTICE)
        assert dict(one.numbers)["errors"] == pytest.approx(0.0775, abs=1e-4)
        assert found(Variations(), model(nuisances=(shape("jes", [40.3, 19.7], [39.7, 20.3]),))) == []

    @pytest.mark.parametrize(("present", "told"), [(5, True), (6, False)])
    def test_share_of_fallback(self, present: int, told: bool) -> None:
        """A nuisance that 5 of 8 datasets have is told with the share, and one that 6 have is not."""
        origin = Origin(
            columns=np.array([1, 2]),
            labels=(("jesUp", "jesDown"),) * 2,
            present=np.array([present - 2, 2]),
            datasets=np.array([5, 3]),
            is_alias=np.zeros(2, bool),
            is_clipped=np.zeros(2, bool),
        )
        nuisance = attrs.evolve(shape("jes", [44, 18], [36, 22]), origin=origin)
        findings = [one for one in Variations().examine(model(nuisances=(nuisance,))) if one.code == "shape.fallback"]
        assert [dict(one.numbers) for one in findings] == [{"share": 0.375, "limit": 0.25}] * told
        assert all(one.systematic == "jes" and "3 of 8 datasets, 38%" in one.message for one in findings)


class TestNuisances:
    """Rows and names."""

    def among(self, *nuisances: Nuisance, **changes: Any) -> list[Finding]:
        return list(Nuisances().examine(model(nuisances=(lnn("lumi", [1.02] * 3, (0, 1, 2)), *nuisances), **changes)))

    def test_large_factor(self) -> None:
        """A factor above 3, or below a third, is told."""
        cases: list[tuple[float, bool]] = [(3.01, True), (3, False), (0.33, True), (0.34, False), (5, True)]
        for factor, told in cases:
            found = self.among(lnn("xsec", [factor], (1,)))
            assert [(one.code, one.column) for one in found] == [("value.kappa-large", "top")] * told, factor

    def test_luminosity_twice(self) -> None:
        """Two nuisances of the luminosity with one factor on a process are told; other factors are parts of it."""
        (one,) = self.among(lnn("lumi_2022", [1.02], (1,)))
        assert (one.code, one.column, one.systematic) == ("row.luminosity-twice", "top", "lumi_2022")
        assert self.among(lnn("lumi_2022", [1.01], (1,))) == []

    def test_process_without_systematic(self) -> None:
        """A process on which no nuisance acts is told, and one with a free parameter is not."""
        only = (lnn("lumi", [1.02, 1.02], (0, 1)),)
        (one,) = Nuisances().examine(model(nuisances=only))
        assert (one.code, one.column) == ("process.no-systematic", "wj")
        free = (Statement(FreeParameter("SF", np.array([2]))),)
        assert list(Nuisances().examine(model(nuisances=only, statements=free))) == []

    def test_degenerate_parameter(self) -> None:
        """An lnN with one factor on the columns of a free parameter is told; two factors are not degenerate."""
        free = (Statement(FreeParameter("SF", np.array([1, 2]))),)
        (one,) = self.among(lnn("norm", [1.2, 1.2]), statements=free)
        assert (one.code, one.systematic) == ("rateparam.degenerate-lnN", "norm")
        assert self.among(lnn("norm", [1.2, 1.1]), statements=free) == []
        assert self.among(lnn("norm", [1.2], (1,)), statements=free) == []
        # A `param` line makes the parameter no free one.
        given = model(nuisances=(lnn("lumi", [1.02] * 3, (0, 1, 2)), lnn("norm", [1.2, 1.2])), statements=free)
        given = attrs.evolve(given, parameters=(ConstrainedParameter("SF", 1, (0.1, 0.1)),))
        assert list(Nuisances().examine(given)) == []

    def test_year_twice(self) -> None:
        """A year that stands twice in a name is told, and two years are not."""
        (one,) = self.among(lnn("jes_20182018", [1.02], (1,)))
        assert (one.code, "'jes_20182018'" in one.message) == ("name.year-twice", True)
        assert self.among(lnn("jes_20172018", [1.02], (1,))) == []


def test_limits() -> None:
    """A limit that is given changes what is told, and one that is no number above 0 is refused."""
    given = model(nuisances=(lnn("xsec", [2.5, 1.1, 1.1], (0, 1, 2)),))
    assert found(Nuisances(Limits.of({"largest_factor": 2})), given) == [("value.kappa-large", "sig", "xsec")]
    with pytest.raises(DeclarationError, match="largest_factor is 0, expected a number above 0"):
        Limits.of({"largest_factor": 0})
