"""The kind `lnN`: accepted values, and their cells in the card."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import (
    Axis,
    Column,
    Normalisation,
    Nuisance,
    Severity,
    StrictError,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    Target,
    Templates,
    load_plugins,
)
from tests.support.cases import case
from tests.support.outputs import card, found, signal_and_ttbar, two_processes, two_years

KIND: SystematicKind = load_plugins("lnn").kinds["lnN"].value
COLUMNS = (
    Column("signal_2022", "signal", "2022", 0),
    Column("ttbar_2022", "ttbar", "2022", 1),
    Column("ttbar_2023", "ttbar", "2023", 2),
    Column("vjets_2023", "vjets", "2023", 3),
)


def lnn(processes: Any, value: Any = None, years: Any = ("2022", "2023")) -> SystematicUncertainty:
    return SystematicUncertainty(name="unc", typ="lnN", processes=processes, years=years, value=value)


def problems(value: Any) -> list[str]:
    """Return the problems of a value for one column."""
    return list(KIND.problems(lnn({"ttbar": value}, years="2022")))


def effects(systematic: SystematicUncertainty) -> list[Normalisation]:
    """Return the effects of a declaration on the columns of `COLUMNS` that it covers."""
    positions = [i for i, column in enumerate(COLUMNS) if systematic.covers(column.process, column.year)]
    nominal = Templates(np.ones((len(positions), 2)), np.ones((len(positions), 2)))
    covered = tuple(COLUMNS[position] for position in positions)
    target = Target(
        systematic=systematic,
        bin="SR",
        axis=Axis(np.array([0.0, 1.0, 2.0])),
        columns=covered,
        positions=np.array(positions),
        nominal=nominal,
        variations={},
    )
    made = list(KIND.effects(target))
    assert all(isinstance(effect, Normalisation) for effect in made)
    return [effect for effect in made if isinstance(effect, Normalisation)]


def cells(systematic: SystematicUncertainty) -> dict[str, str]:
    """Return the text of each cell, by column."""
    return {
        COLUMNS[position].name: cell
        for effect in effects(systematic)
        for position, cell in zip(effect.columns, effect.cells(), strict=True)
    }


def test_values() -> None:
    """Factors, and pairs of factors, of any library are accepted."""
    for value in [
        1,
        1.016,
        0.9,
        2,
        0.5,
        1e-3 + 1,
        np.float32(1.05),
        np.int64(2),
        (0.98, 1.05),
        [0.98, 1.05],
        (1.05, 0.98),
    ]:
        assert problems(value) == [], value


def test_array_as_pair() -> None:
    """A numpy array of two factors is a pair."""
    assert problems(np.array([0.98, 1.05])) == []


def test_factors_not_above_zero() -> None:
    """The problem names the column, and shows a factor and a pair that Combine accepts."""
    for value in [0, -1.0, (0.0, 1.05), (0.95, 0), (-0.95, 1.05), (0.95, -1.05)]:
        with case(value):
            (problem,) = problems(value)
            assert "ttbar 2022" in problem
            assert "not above 0" in problem
            assert "1.05" in problem
            assert "(0.95, 1.05)" in problem


def test_relative_uncertainties() -> None:
    """The problem shows the factor for a relative uncertainty in place of a factor."""
    cases: list[tuple[Any, str, str]] = [
        (0.025, "2.5 %", "1.025"),
        (0.016, "1.6 %", "1.016"),
        (0.118, "11.8 %", "1.118"),
        (0.14, "14 %", "1.14"),
        (0.3, "30 %", "1.3"),
        ((0.02, 0.05), "5 %", "(0.98, 1.05)"),
        ((0.118, 0.14), "14 %", "(0.882, 1.14)"),
    ]
    for value, percent, meant in cases:
        with case(value, percent, meant):
            (problem,) = problems(value)
            assert f"value {value!r}" in problem
            assert percent in problem
            assert problem.endswith(f"write {meant}")


@pytest.mark.slow
@given(st.integers(1, 499))
def test_digits_of_the_proposed_factor(per_mille: int) -> None:
    """The proposed factor has as few digits as the value."""
    (problem,) = problems(per_mille / 1000)
    assert problem.endswith(f"write {float(f'1.{per_mille:03d}')!r}")


def test_other_values() -> None:
    """A value that is neither a number nor a pair of numbers is refused, with its column."""
    for value in [
        "1.05",
        (1.0, 1.05, 1.1),
        (1.05,),
        (),
        np.array([1.05]),
        ((0.9, 1.1), 1.0),
        ("0.9", 1.1),
        {0.9, 1.1},
        10**400,
    ]:
        found = problems(value)
        assert len(found) == 1, value
        assert "ttbar 2022" in found[0], value
        assert "neither a number nor a (down, up) pair" in found[0], value


def test_several_wrong_values() -> None:
    """Each wrong value is reported with its process and year."""
    found = list(KIND.problems(lnn({"ttbar": {"2022": 0, "2023": 1.05}, "vjets": {"2023": 0.025}}, years=None)))
    assert [problem.partition(":")[0] for problem in found] == ["ttbar 2022", "vjets 2023"]


def test_wrong_value_on_many_columns() -> None:
    """A wrong value of many columns is one problem."""
    (problem,) = KIND.problems(lnn(["signal", "ttbar", "vjets"], 0.05))
    assert problem.startswith("signal, ttbar, vjets (2022, 2023): value 0.05 is a factor")


def findings(value: Any) -> list[tuple[str, str]]:
    """Return severity with code, and text, of the findings about a value for one column."""
    told = list(KIND.findings(lnn({"ttbar": value}, years="2022")))
    assert all(finding.column == "ttbar 2022" for finding in told)
    return [(f"{finding.severity.name} {finding.code}", finding.message) for finding in told]


def test_usual_values() -> None:
    """Factors from 0.5 to 2, pairs on both sides of 1, and pairs of one direction give no finding."""
    for value in [1.016, 0.9, 2, 0.5, (0.98, 1.05), (1.05, 0.98), (1.0, 1.05), (0.95, 1), (0.5, 2)]:
        assert findings(value) == [], value


def test_values_in_per_cent() -> None:
    """A factor that is most likely an uncertainty in per cent is a warning with the factor to write."""
    cases: list[tuple[Any, str, str]] = [
        (5, "5 %", "1.05"),
        (50, "50 %", "1.5"),
        (2.5, "2.5 %", "1.025"),
        (11.8, "11.8 %", "1.118"),
        ((5, 5), "5 %", "(0.95, 1.05)"),
        ((5, 3), "5 %", "(0.95, 1.03)"),
        ((0.95, 5), "5 %", "(0.95, 1.05)"),
        ((0.025, 1.05), "2.5 %", "(0.975, 1.05)"),
        ((1.02, 0.118), "11.8 %", "(1.02, 1.118)"),
    ]
    for value, percent, meant in cases:
        with case(value, percent, meant):
            ((code, message),) = findings(value)
            assert code == "WARNING unlikely-factor"
            assert percent in message
            assert message.endswith(f"write {meant}")


@pytest.mark.parametrize("value", [150, (150, 3)], ids=str)
def test_beyond_100_per_cent(value: Any) -> None:
    """A factor that cannot be an uncertainty in per cent is a warning too."""
    ((code, message),) = findings(value)
    assert code == "WARNING unlikely-factor"
    assert message.endswith("multiplies the yield by 150: an uncertainty of 5 % is 1.05")


@pytest.mark.parametrize(("value", "meant"), [((1.02, 1.05), "(0.98, 1.05)"), ((0.95, 0.98), "(0.95, 1.02)")], ids=str)
def test_one_sided_pairs(value: Any, meant: str) -> None:
    """A pair on one side of 1 is a warning with the pair of opposite directions."""
    ((code, message),) = findings(value)
    assert code == "WARNING one-sided-factors"
    assert message.endswith(f"write {meant}")


@pytest.mark.parametrize("value", [1, (1, 1)], ids=str)
def test_factor_of_1(value: Any) -> None:
    """A factor of 1 is a warning: the nuisance changes no yield."""
    ((code, message),) = findings(value)
    assert code == "WARNING factor-of-1"
    assert "changes no yield" in message


def test_factor_of_1_among_others() -> None:
    """A factor of 1 beside others is a notice: a script says in this way that a process is not affected."""
    (told,) = KIND.findings(lnn({"ttbar": 1.05, "vjets": 1.0}))
    assert (told.severity, told.code, told.column) == (Severity.NOTICE, "factor-of-1", "vjets (2022, 2023)")


def test_findings_of_merged_declarations() -> None:
    """Each part of a merged declaration, and each year of a value by year, is looked at."""
    merged = Systematics(
        [
            SystematicUncertainty("lumi_2022", "lnN", ["signal", "ttbar"], ["2022"], 1.4, "lumi"),
            SystematicUncertainty("lumi_2023", "lnN", {"ttbar": {"2023": 1.3}, "vjets": 3}, ["2023"], None, "lumi"),
        ]
    )["lumi"]
    (told,) = KIND.findings(merged)
    assert told.column == "vjets 2023"
    assert told.message.endswith("for an uncertainty of 3 % write 1.03")


@pytest.mark.slow
def test_findings_in_card() -> None:
    """A card has the findings with channel and nuisance, strict refuses them, and accept names the reason."""
    systematic = SystematicUncertainty("xsec", "lnN", ["ttbar"], ["2022"], 5, "xsec_tt")
    (told,) = found(card(signal_and_ttbar(nominal=[1, 2, 3]), systematic), "unlikely-factor")
    assert told.startswith("warning [unlikely-factor] SR_2022, ttbar 2022, xsec_tt: value 5.0 multiplies")
    with pytest.raises(StrictError, match="unlikely-factor"):
        card(signal_and_ttbar(nominal=[1, 2, 3]), systematic, strict={"unlikely-factor"})
    accept = {"unlikely-factor": "no measurement yet"}
    (told,) = found(card(signal_and_ttbar(nominal=[1, 2, 3]), systematic, accept=accept), "unlikely-factor")
    assert told.endswith("(accepted: no measurement yet)")


def test_no_findings_of_other_cards() -> None:
    """A declaration that covers no column of the card gives no finding there."""
    systematic = SystematicUncertainty("xsec", "lnN", ["ttbar"], ["2023"], 5)
    made = card(two_years(), systematic, years=["2022"], mc_processes=two_processes(["2022", "2023"]))
    assert found(made, "unlikely-factor") == []


def test_shifts() -> None:
    """The kind needs no variation."""
    assert list(KIND.shifts(lnn("ttbar", 1.05))) == []


def test_options() -> None:
    """The kind has no options."""
    assert dict(KIND.options) == {}


def test_single_factor() -> None:
    """A single factor is the effect at +1 sigma on every column."""
    (effect,) = effects(lnn(["ttbar", "vjets"], 1.016))
    assert effect.columns.tolist() == [1, 2, 3]
    assert effect.up.tolist() == [1.016, 1.016, 1.016]
    assert effect.down is None
    assert effect.keyword == "lnN"
    assert list(effect.cells()) == ["1.016", "1.016", "1.016"]


def test_pair() -> None:
    """A pair is the down and the up factor, in this order."""
    (effect,) = effects(lnn("ttbar", (0.98, 1.05)))
    assert effect.columns.tolist() == [1, 2]
    assert effect.down is not None
    assert effect.down.tolist() == [0.98, 0.98]
    assert effect.up.tolist() == [1.05, 1.05]
    assert list(effect.cells()) == ["0.98/1.05", "0.98/1.05"]


def test_values_by_process() -> None:
    """Each process has the value that is declared for it."""
    assert cells(lnn({"signal": 1.03, "ttbar": 1.06})) == {
        "signal_2022": "1.03",
        "ttbar_2022": "1.06",
        "ttbar_2023": "1.06",
    }


def test_values_by_year() -> None:
    """Each year has the value that is declared for it."""
    assert cells(lnn({"ttbar": {"2022": 1.014, "2023": 1.013}}, years=None)) == {
        "ttbar_2022": "1.014",
        "ttbar_2023": "1.013",
    }


def test_single_factors_and_pairs() -> None:
    """Single factors and pairs make one row."""
    systematic = lnn({"signal": (0.9, 1.2), "ttbar": 1.06, "vjets": (0.95, 1.1)})
    nuisance = Nuisance("unc", tuple(effects(systematic)))
    assert nuisance.keyword == "lnN"
    assert nuisance.columns == [0, 1, 2, 3]
    assert cells(systematic) == {
        "signal_2022": "0.9/1.2",
        "ttbar_2022": "1.06",
        "ttbar_2023": "1.06",
        "vjets_2023": "0.95/1.1",
    }


def test_merged_declarations() -> None:
    """A merged declaration has the cells of its parts."""
    merged = Systematics(
        [
            SystematicUncertainty("lumi_2022", "lnN", ["signal", "ttbar"], ["2022"], 1.014, "lumi"),
            SystematicUncertainty("lumi_2023", "lnN", ["ttbar", "vjets"], ["2023"], (0.98, 1.013), "lumi"),
        ]
    )["lumi"]
    assert list(KIND.problems(merged)) == []
    assert cells(merged) == {
        "signal_2022": "1.014",
        "ttbar_2022": "1.014",
        "ttbar_2023": "0.98/1.013",
        "vjets_2023": "0.98/1.013",
    }


factors = st.floats(0.5, 100, exclude_min=False)


@pytest.mark.slow
@given(st.fixed_dictionaries({name: factors | st.tuples(factors, factors) for name in ("signal", "ttbar", "vjets")}))
def test_cells_read_back(values: dict[str, Any]) -> None:
    """The cell of an accepted value reads back as the same numbers."""
    systematic = lnn(values)
    assert list(KIND.problems(systematic)) == []
    found = cells(systematic)
    assert sorted(found) == sorted(column.name for column in COLUMNS)
    for column in COLUMNS:
        read = tuple(float(word) for word in found[column.name].split("/"))
        value = values[column.process]
        assert read == (value if isinstance(value, tuple) else (value,))
