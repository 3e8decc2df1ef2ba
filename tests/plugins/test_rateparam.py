"""The kind `rateParam`: one free parameter on all columns of a declaration."""

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
from tests.support.cases import case

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
    """Return the parameter of a declaration on the columns of `COLUMNS` that it covers."""
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
    """Return the lines in the card, with single blanks between words."""
    channel = Channel(
        bin="SR", category="SR", axis=AXIS, columns=COLUMNS, nominal=NOTHING, data=NOTHING, has_data=False
    )
    return [" ".join(line.split()) for line in parameter(systematic).lines(channel)]


def implied(*processes: MCProcess) -> list[SystematicUncertainty]:
    """The declarations that processes imply."""
    declared = DeclaredCard(
        years=YEARS,
        mc_processes=MCProcesses(processes),
        systematics=Systematics(),
        category="SR",
        plugins=load_plugins("rateparam"),
        mcstat=False,
    )
    return list(declared.all_systematics)


def test_lines() -> None:
    """A parameter has one line per column, with start value and range."""
    assert lines(free(range=(0, 5))) == [
        "SF_ttbar rateParam * ttbar_2022 1 [0,5]",
        "SF_ttbar rateParam * ttbar_2023 1 [0,5]",
    ]


def test_no_range() -> None:
    """Without a range there are no limits."""
    assert lines(free(1.5)) == ["SF_ttbar rateParam * ttbar_2022 1.5", "SF_ttbar rateParam * ttbar_2023 1.5"]
    assert parameter(free()).bounds is None


def test_range_of_none() -> None:
    """A range of None means no range."""
    assert list(KIND.problems(free(range=None))) == []
    assert parameter(free(range=None)).bounds is None


def test_directive() -> None:
    """The directive is one parameter on all columns, with start value and range."""
    found = parameter(free(1.5, range=[0, 5]))
    assert found.name == "SF_ttbar"
    assert found.columns.tolist() == [1, 2]
    assert found.initial == 1.5
    assert found.bounds == (0.0, 5.0)


def test_name() -> None:
    """The parameter has the name of the nuisance in the card."""
    systematic = SystematicUncertainty("top", "rateParam", "ttbar", YEARS, 1.0, "SF_top")
    assert parameter(systematic).name == "SF_top"


def test_shifts() -> None:
    """The kind needs no variation."""
    assert list(KIND.shifts(free())) == []


finite = st.floats(-1e6, 1e6)


@pytest.mark.slow
@given(finite, finite, finite)
def test_numbers_read_back(low: float, initial: float, high: float) -> None:
    """Start value and range in the card read back as the declared numbers."""
    low, initial, high = sorted((low, initial, high))
    assume(low < high)
    systematic = free(initial, range=(low, high))
    assert list(KIND.problems(systematic)) == []
    *_, start, bounds = lines(systematic)[0].split()
    assert float(start) == initial
    assert tuple(float(word) for word in bounds.strip("[]").split(",")) == (low, high)


def test_background_with_has_rateparam() -> None:
    """`has_rateParam` implies a parameter with start value 1 and range from 0 to 5."""
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


def test_has_rateparam_with_values() -> None:
    """A dict gives start, range and name of the parameter; what it leaves out is as with True."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"range": (0, 3)}, "SF_ttbar rateParam * ttbar_2022 1 [0,3]"),
        ({"initial": 0.9}, "SF_ttbar rateParam * ttbar_2022 0.9 [0,5]"),
        ({"range": None}, "SF_ttbar rateParam * ttbar_2022 1"),
        ({"name": "norm_tt", "initial": np.float32(2)}, "norm_tt rateParam * ttbar_2022 2 [0,5]"),
    ]
    for parameter, line in cases:
        with case(parameter, line):
            ttbar = MCProcess(name="ttbar", samples="TTbar", years=YEARS, is_signal=False, has_rateParam=parameter)
            (systematic,) = implied(ttbar)
            assert list(KIND.problems(systematic)) == []
            assert lines(systematic)[0] == line


def test_has_rateparam_of_one_name() -> None:
    """Processes that name one parameter share it, each in its years."""
    made = [
        MCProcess(name=name, samples=name, years=years, is_signal=False, has_rateParam={"name": "SF"})
        for name, years in (("tt", ["2022"]), ("ttbb", ["2022", "2023"]))
    ]
    (systematic,) = implied(*made)
    assert list(systematic.columns()) == [("tt", "2022"), ("ttbb", "2022"), ("ttbb", "2023")]
    assert list(KIND.problems(systematic)) == []


def test_signal_with_has_rateparam() -> None:
    """`has_rateParam` of a signal implies no parameter."""
    assert implied(MCProcess(name="s", samples="S", years=YEARS, is_signal=True, has_rateParam=True)) == []


def test_ranges() -> None:
    """A range that contains the start value is accepted."""
    for bounds in [(0, 5), [0, 5], (0.5, 1), (1, 2), (np.float32(0), np.int64(5)), np.array([0, 5])]:
        assert list(KIND.problems(free(1, range=bounds))) == [], bounds


@pytest.mark.parametrize("bounds", [(2, 5), (0, 0.5), (-5, 0)], ids=str)
def test_start_value_outside_the_range(bounds: Any) -> None:
    """The problem names the range and the start value outside it."""
    (problem,) = KIND.problems(free(range=bounds))
    assert repr(bounds) in problem
    assert "does not hold the initial value 1" in problem


@pytest.mark.parametrize("bounds", [(5, 0), (1, 1)], ids=str)
def test_empty_ranges(bounds: Any) -> None:
    """A range without inside is a problem of the range, not of the start value."""
    (problem,) = KIND.problems(free(range=bounds))
    assert repr(bounds) in problem
    assert "does not hold" not in problem
    assert "lowest" in problem


def test_wrong_ranges() -> None:
    """A range that is not a pair of finite numbers is refused, with the expected form."""
    for bounds in [5, "05", (0, 1, 5), (0,), ("0", "5"), (None, 5), (math.nan, 5), {0, 5}, (0, 10**400)]:
        with case(bounds):
            (problem,) = KIND.problems(free(range=bounds))
            assert problem.startswith("range ")
            assert "expected a (lowest, highest) pair" in problem


def test_wrong_start_values() -> None:
    """A start value that is not a number is refused."""
    for value in [(0.9, 1.1), "1.0", (), {0.9, 1.1}]:
        with case(value):
            (problem,) = KIND.problems(free(value))
            assert "initial value" in problem
            assert "expected one number" in problem


def test_several_start_values() -> None:
    """Different start values for processes are refused, and both are named."""
    (problem,) = KIND.problems(free(None, {"ttbar": 1.0, "signal": 2.0}))
    assert "expected one number, the same for all processes" in problem
    assert "1.0" in problem
    assert "2.0" in problem


def test_wrong_functions_and_patterns() -> None:
    """A formula has its arguments and no range, a file a workspace, and a pattern no blanks."""
    cases: list[tuple[Any, dict[str, Any], str]] = [
        ("@0*2", {}, "value '@0*2': expected a number, or a formula with the option 'arguments', which is missing"),
        ("@0*@1", {"arguments": ["a"]}, "the formula has @1, and 1 arguments, from @0"),
        ("@0 * 2", {"arguments": ["a"]}, "expected a text without blanks"),
        ("@0", {"arguments": "a"}, "arguments 'a': expected a list"),
        ("@0", {"arguments": ["a"], "range": (0, 1)}, "expected no range for the function '@0'"),
        (1.0, {"arguments": ["a"]}, "expected none, as the value 1.0 is no formula"),
        ("sf.root:", {}, "value 'sf.root:': expected a file and a workspace in it"),
        ("sf.root:w", {"range": (0, 1)}, "expected no range for the function 'sf.root:w'"),
        (1.0, {"channels": 5}, "channels 5: expected a pattern such as 'SR_*'"),
        (1.0, {"channels": "SR CR"}, "channels 'SR CR': expected a pattern"),
    ]
    for value, options, message in cases:
        with case(value, options, message):
            (problem,) = KIND.problems(free(value, **options))
            assert message in problem


def test_range_of_a_text() -> None:
    """A number as text is no formula."""
    (problem,) = KIND.problems(free("1.5", arguments=["a"]))
    assert "initial values '1.5': expected one number" in problem
