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
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    Target,
    Templates,
    load_plugins,
)

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
    found = list(KIND.effects(target))
    assert all(isinstance(effect, Normalisation) for effect in found)
    return [effect for effect in found if isinstance(effect, Normalisation)]


def cells(systematic: SystematicUncertainty) -> dict[str, str]:
    """Return the text of each cell, by column."""
    return {
        COLUMNS[position].name: cell
        for effect in effects(systematic)
        for position, cell in zip(effect.columns, effect.cells(), strict=True)
    }


@pytest.mark.parametrize(
    "value",
    [1, 1.016, 0.9, 2, 0.5, 1e-3 + 1, np.float32(1.05), np.int64(2), (0.98, 1.05), [0.98, 1.05], (1.05, 0.98)],
    ids=[
        "int 1",
        "above 1",
        "below 1",
        "int 2",
        "one half",
        "per mille",
        "numpy float",
        "numpy int",
        "pair",
        "list",
        "crossed pair",
    ],
)
def test_values(value: Any) -> None:
    """Factors, and pairs of factors, of any library are accepted."""
    assert problems(value) == []


def test_array_as_pair() -> None:
    """A numpy array of two factors is a pair."""
    assert problems(np.array([0.98, 1.05])) == []


@pytest.mark.parametrize("value", [0, -1.0, (0.0, 1.05), (0.95, 0), (-0.95, 1.05), (0.95, -1.05)], ids=str)
def test_factors_not_above_zero(value: Any) -> None:
    """The problem names the column, and shows a factor and a pair that Combine accepts."""
    (problem,) = problems(value)
    assert "ttbar 2022" in problem
    assert "not above 0" in problem
    assert "1.05" in problem
    assert "(0.95, 1.05)" in problem


@pytest.mark.parametrize(
    ("value", "percent", "meant"),
    [
        (0.025, "2.5 %", "1.025"),
        (0.016, "1.6 %", "1.016"),
        (0.118, "11.8 %", "1.118"),
        (0.14, "14 %", "1.14"),
        (0.3, "30 %", "1.3"),
        ((0.02, 0.05), "5 %", "(0.98, 1.05)"),
        ((0.118, 0.14), "14 %", "(0.882, 1.14)"),
    ],
    ids=str,
)
def test_relative_uncertainties(value: Any, percent: str, meant: str) -> None:
    """The problem shows the factor for a relative uncertainty in place of a factor."""
    (problem,) = problems(value)
    assert f"value {value!r}" in problem
    assert percent in problem
    assert problem.endswith(f"write {meant}")


@given(st.integers(1, 499))
def test_digits_of_the_proposed_factor(per_mille: int) -> None:
    """The proposed factor has as few digits as the value."""
    (problem,) = problems(per_mille / 1000)
    assert problem.endswith(f"write {float(f'1.{per_mille:03d}')!r}")


@pytest.mark.parametrize(
    "value",
    ["1.05", (1.0, 1.05, 1.1), (1.05,), (), np.array([1.05]), ((0.9, 1.1), 1.0), ("0.9", 1.1), {0.9, 1.1}, 10**400],
    ids=["string", "three", "one", "none", "array of one", "nested", "pair with a string", "set", "beyond floats"],
)
def test_other_values(value: Any) -> None:
    """A value that is neither a number nor a pair of numbers is refused, with its column."""
    found = problems(value)
    assert len(found) == 1
    assert "ttbar 2022" in found[0]
    assert "neither a number nor a (down, up) pair" in found[0]


def test_several_wrong_values() -> None:
    """Each wrong value is reported with its process and year."""
    found = list(KIND.problems(lnn({"ttbar": {"2022": 0, "2023": 1.05}, "vjets": {"2023": 0.025}}, years=None)))
    assert [problem.partition(":")[0] for problem in found] == ["ttbar 2022", "vjets 2023"]


def test_wrong_value_on_many_columns() -> None:
    """A wrong value of many columns is one problem."""
    (problem,) = KIND.problems(lnn(["signal", "ttbar", "vjets"], 0.05))
    assert problem.startswith("signal, ttbar, vjets (2022, 2023): value 0.05 is a factor")


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
