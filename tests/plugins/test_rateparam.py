"""The kind rateParam: one free parameter on all columns of a declaration."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from datacard_core import (
    Axis,
    Channel,
    Column,
    FreeParameter,
    MCProcess,
    MCProcesses,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    Target,
    Templates,
    load_plugins,
)
from datacard_core.build.declared import DeclaredCard

KIND: SystematicKind = load_plugins("rateparam").kinds["rateParam"].value
YEARS = ["2022", "2023"]
COLUMNS = (
    Column("signal_2022", "signal", "2022", 0),
    Column("ttbar_2022", "ttbar", "2022", 1),
    Column("ttbar_2023", "ttbar", "2023", 2),
)
AXIS = Axis(np.array([0.0, 1.0]))
NOTHING = Templates(np.zeros((0, 1)), np.zeros((0, 1)))


def free(value: Any = 1.0, processes: Any = "ttbar", **options: Any) -> SystematicUncertainty:
    return SystematicUncertainty("SF_ttbar", "rateParam", processes, YEARS, value, options=options)


def parameter(systematic: SystematicUncertainty) -> FreeParameter:
    """What the kind makes of a declaration, for those of `COLUMNS` that it covers."""
    positions = [i for i, column in enumerate(COLUMNS) if systematic.covers(column.process, column.year)]
    covered = tuple(COLUMNS[position] for position in positions)
    target = Target(
        systematic=systematic,
        bin="SR",
        axis=AXIS,
        columns=covered,
        positions=np.array(positions),
        nominal=NOTHING,
        variations={},
    )
    (found,) = KIND.effects(target)
    assert isinstance(found, FreeParameter)
    return found


def lines(systematic: SystematicUncertainty) -> list[str]:
    """What stands in the card, the words one blank apart."""
    channel = Channel("SR", "SR", AXIS, COLUMNS, NOTHING, NOTHING, has_data=False, nuisances=(), directives=())
    return [" ".join(line.split()) for line in parameter(systematic).lines(channel)]


def implied(*processes: MCProcess) -> list[SystematicUncertainty]:
    """The declarations that processes imply."""
    declared = DeclaredCard(YEARS, MCProcesses(processes), Systematics(), "SR", load_plugins("rateparam"), mcstat=False)
    return list(declared.all_systematics())


def test_a_parameter_has_a_line_for_each_column_with_its_start_and_range() -> None:
    assert lines(free(range=(0, 5))) == [
        "SF_ttbar rateParam * ttbar_2022 1 [0,5]",
        "SF_ttbar rateParam * ttbar_2023 1 [0,5]",
    ]


def test_a_parameter_without_a_range_has_no_limits() -> None:
    assert lines(free(1.5)) == ["SF_ttbar rateParam * ttbar_2022 1.5", "SF_ttbar rateParam * ttbar_2023 1.5"]
    assert parameter(free()).bounds is None


def test_a_range_of_none_is_no_range() -> None:
    assert list(KIND.problems(free(range=None))) == []
    assert parameter(free(range=None)).bounds is None


def test_the_effect_is_one_parameter_on_all_columns() -> None:
    found = parameter(free(1.5, range=[0, 5]))
    assert found.name == "SF_ttbar"
    assert found.columns.tolist() == [1, 2]
    assert found.initial == 1.5
    assert found.bounds == (0.0, 5.0)


def test_the_parameter_has_the_name_of_the_nuisance_in_the_card() -> None:
    systematic = SystematicUncertainty("top", "rateParam", "ttbar", YEARS, 1.0, "SF_top")
    assert parameter(systematic).name == "SF_top"


def test_a_parameter_needs_no_variation() -> None:
    assert list(KIND.shifts(free())) == []


finite = st.floats(-1e6, 1e6)


@given(finite, finite, finite)
def test_start_and_range_read_back_from_the_card_as_they_were_declared(low: float, initial: float, high: float) -> None:
    low, initial, high = sorted((low, initial, high))
    assume(low < high)
    systematic = free(initial, range=(low, high))
    assert list(KIND.problems(systematic)) == []
    *_, start, bounds = lines(systematic)[0].split()
    assert float(start) == initial
    assert tuple(float(word) for word in bounds.strip("[]").split(",")) == (low, high)


def test_a_background_with_has_rateparam_implies_a_parameter_from_zero_to_five() -> None:
    (systematic,) = implied(
        MCProcess(name="ttbar", samples="TTbar", years=YEARS, is_signal=False, has_rateParam=True),
        MCProcess(name="vjets", samples="Vjets", years=YEARS, is_signal=False),
    )
    assert systematic.typ == "rateParam"
    assert list(KIND.problems(systematic)) == []
    assert lines(systematic) == [
        "SF_ttbar rateParam * ttbar_2022 1 [0,5]",
        "SF_ttbar rateParam * ttbar_2023 1 [0,5]",
    ]


def test_a_signal_has_no_parameter_of_its_own() -> None:
    assert implied(MCProcess(name="s", samples="S", years=YEARS, is_signal=True, has_rateParam=True)) == []


@pytest.mark.parametrize(
    "bounds", [(0, 5), [0, 5], (0.5, 1), (1, 2), (np.float32(0), np.int64(5)), np.array([0, 5])], ids=str
)
def test_a_range_that_holds_the_start_is_taken(bounds: Any) -> None:
    assert list(KIND.problems(free(1, range=bounds))) == []


@pytest.mark.parametrize("bounds", [(2, 5), (0, 0.5), (-5, 0)], ids=str)
def test_a_range_that_does_not_hold_the_start_is_refused_with_both(bounds: Any) -> None:
    (problem,) = KIND.problems(free(range=bounds))
    assert repr(bounds) in problem
    assert "does not hold the initial value 1" in problem


@pytest.mark.parametrize("bounds", [(5, 0), (1, 1)], ids=str)
def test_a_range_without_inside_is_refused(bounds: Any) -> None:
    (problem,) = KIND.problems(free(range=bounds))
    assert repr(bounds) in problem


@pytest.mark.parametrize("bounds", [(5, 0), (1, 1)], ids=str)
def test_a_range_without_inside_is_told_apart_from_one_that_misses_the_start(bounds: Any) -> None:
    (problem,) = KIND.problems(free(range=bounds))
    assert "does not hold" not in problem
    assert "lowest" in problem


@pytest.mark.parametrize(
    "bounds",
    [5, "05", (0, 1, 5), (0,), ("0", "5"), (None, 5), (math.nan, 5), {0, 5}, (0, 10**400)],
    ids=str,
)
def test_a_range_that_is_no_pair_of_numbers_is_refused_with_what_is_expected(bounds: Any) -> None:
    (problem,) = KIND.problems(free(range=bounds))
    assert problem.startswith("range ")
    assert "expected a (lowest, highest) pair" in problem


@pytest.mark.parametrize("value", [(0.9, 1.1), "1.0", (), {0.9, 1.1}], ids=["pair", "string", "empty", "set"])
def test_a_start_that_is_no_number_is_refused(value: Any) -> None:
    (problem,) = KIND.problems(free(value))
    assert "initial value" in problem
    assert "expected one number" in problem


def test_one_parameter_has_one_start() -> None:
    (problem,) = KIND.problems(free(None, {"ttbar": 1.0, "signal": 2.0}))
    assert "expected one number, the same for all processes" in problem
    assert "1.0" in problem
    assert "2.0" in problem
