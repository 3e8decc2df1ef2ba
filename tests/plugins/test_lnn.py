"""The kind lnN: which values it takes for factors, and what becomes of them."""

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
    """What the kind says about a value, for one column."""
    return list(KIND.problems(lnn({"ttbar": value}, years="2022")))


def effects(systematic: SystematicUncertainty) -> list[Normalisation]:
    """What the kind makes of a declaration, for those of `COLUMNS` that it covers."""
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
    """The text of each cell, by column."""
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
def test_factors_on_the_yield_are_taken(value: Any) -> None:
    assert problems(value) == []


def test_a_pair_of_numpy_numbers_is_taken() -> None:
    assert problems(np.array([0.98, 1.05])) == []


@pytest.mark.parametrize("value", [0, -1.0, (0.0, 1.05), (0.95, 0), (-0.95, 1.05), (0.95, -1.05)], ids=str)
def test_a_factor_that_is_not_above_zero_is_refused_with_what_combine_takes(value: Any) -> None:
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
def test_a_relative_uncertainty_in_place_of_a_factor_is_answered_with_the_factor(
    value: Any, percent: str, meant: str
) -> None:
    (problem,) = problems(value)
    assert f"value {value!r}" in problem
    assert percent in problem
    assert problem.endswith(f"write {meant}")


@given(st.integers(1, 499))
def test_the_proposed_factor_is_as_short_as_what_was_written(per_mille: int) -> None:
    (problem,) = problems(per_mille / 1000)
    assert problem.endswith(f"write {float(f'1.{per_mille:03d}')!r}")


@pytest.mark.parametrize(
    "value",
    ["1.05", (1.0, 1.05, 1.1), (1.05,), (), np.array([1.05]), ((0.9, 1.1), 1.0), ("0.9", 1.1), {0.9, 1.1}, 10**400],
    ids=["string", "three", "one", "none", "array of one", "nested", "pair with a string", "set", "beyond floats"],
)
def test_what_is_neither_a_number_nor_a_pair_is_refused(value: Any) -> None:
    found = problems(value)
    assert len(found) == 1
    assert "ttbar 2022" in found[0]
    assert "neither a number nor a (down, up) pair" in found[0]


def test_every_wrong_value_is_told_with_its_process_and_year() -> None:
    found = list(KIND.problems(lnn({"ttbar": {"2022": 0, "2023": 1.05}, "vjets": {"2023": 0.025}}, years=None)))
    assert [problem.partition(":")[0] for problem in found] == ["ttbar 2022", "vjets 2023"]


def test_a_value_that_is_wrong_on_many_columns_is_told_once() -> None:
    (problem,) = KIND.problems(lnn(["signal", "ttbar", "vjets"], 0.05))
    assert problem.startswith("signal, ttbar, vjets (2022, 2023): value 0.05 is a factor")


def test_a_log_normal_needs_no_variation() -> None:
    assert list(KIND.shifts(lnn("ttbar", 1.05))) == []


def test_a_log_normal_has_no_options() -> None:
    assert dict(KIND.options) == {}


def test_a_lone_factor_is_the_effect_at_plus_one_sigma_on_every_column() -> None:
    (effect,) = effects(lnn(["ttbar", "vjets"], 1.016))
    assert effect.columns.tolist() == [1, 2, 3]
    assert effect.up.tolist() == [1.016, 1.016, 1.016]
    assert effect.down is None
    assert effect.keyword == "lnN"
    assert list(effect.cells()) == ["1.016", "1.016", "1.016"]


def test_a_pair_is_down_and_up_in_this_order() -> None:
    (effect,) = effects(lnn("ttbar", (0.98, 1.05)))
    assert effect.columns.tolist() == [1, 2]
    assert effect.down is not None
    assert effect.down.tolist() == [0.98, 0.98]
    assert effect.up.tolist() == [1.05, 1.05]
    assert list(effect.cells()) == ["0.98/1.05", "0.98/1.05"]


def test_each_process_has_its_own_value() -> None:
    assert cells(lnn({"signal": 1.03, "ttbar": 1.06})) == {
        "signal_2022": "1.03",
        "ttbar_2022": "1.06",
        "ttbar_2023": "1.06",
    }


def test_each_year_has_its_own_value() -> None:
    assert cells(lnn({"ttbar": {"2022": 1.014, "2023": 1.013}}, years=None)) == {
        "ttbar_2022": "1.014",
        "ttbar_2023": "1.013",
    }


def test_lone_factors_and_pairs_stand_in_one_row() -> None:
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


def test_merged_declarations_have_the_cells_of_their_parts() -> None:
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
def test_a_value_that_is_taken_stands_in_its_cell_and_reads_back(values: dict[str, Any]) -> None:
    systematic = lnn(values)
    assert list(KIND.problems(systematic)) == []
    found = cells(systematic)
    assert sorted(found) == sorted(column.name for column in COLUMNS)
    for column in COLUMNS:
        read = tuple(float(word) for word in found[column.name].split("/"))
        value = values[column.process]
        assert read == (value if isinstance(value, tuple) else (value,))
