"""The kind `autoMCStats`: one line for the channel, from the argument `mcstat`."""

from __future__ import annotations

import copy
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import (
    Axis,
    BinByBinStatistics,
    Channel,
    Column,
    DeclarationError,
    MCProcess,
    MCProcesses,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    Target,
    Templates,
    load_plugins,
)
from datacard_core.build.card_rules import check_declarations
from datacard_core.build.declared import DeclaredCard
from datacard_core.inputs.output import HistogramSet
from tests.support.cases import case

KIND: SystematicKind = load_plugins("mcstats").kinds["autoMCStats"].value
YEARS = ["2022", "2023"]
COLUMNS = (Column("signal_2022", "signal", "2022", 0), Column("ttbar_2022", "ttbar", "2022", 1))
AXIS = Axis(np.array([0.0, 1.0]))
NOTHING = Templates(np.zeros((2, 1)), np.zeros((2, 1)))
PROCESSES = MCProcesses(
    [
        MCProcess(name="signal", samples="Signal", years="2022", is_signal=True),
        MCProcess(name="ttbar", samples="TTbar", years=YEARS, is_signal=False),
    ]
)


def statistics(**options: Any) -> SystematicUncertainty:
    return SystematicUncertainty("autoMCStats", "autoMCStats", ["signal", "ttbar"], YEARS, 1.0, options=options)


def directive(systematic: SystematicUncertainty) -> BinByBinStatistics:
    """Return the directive of a declaration in a channel of two columns."""
    target = Target(
        systematic=systematic,
        bin="SR_run3",
        axis=AXIS,
        columns=COLUMNS,
        positions=np.array([0, 1]),
        nominal=NOTHING,
        variations={},
    )
    (found,) = KIND.effects(target)
    assert isinstance(found, BinByBinStatistics)
    return found


def line(systematic: SystematicUncertainty) -> str:
    """Return the line in the card, with single blanks between words."""
    channel = Channel(
        bin="SR_run3", category="SR", axis=AXIS, columns=COLUMNS, nominal=NOTHING, data=NOTHING, has_data=False
    )
    (text,) = directive(systematic).lines(channel)
    return " ".join(text.split())


def declared(mcstat: Any, processes: MCProcesses = PROCESSES) -> DeclaredCard:
    return DeclaredCard(
        years=YEARS,
        mc_processes=processes,
        systematics=Systematics(),
        category="SR",
        plugins=load_plugins("mcstats"),
        bin_suffix="run3",
        mcstat=mcstat,
    )


def test_default_line() -> None:
    """The default threshold is 0, without signals and with histogram mode 1."""
    assert line(statistics()) == "SR_run3 autoMCStats 0 0 1"


def test_order_of_options() -> None:
    """The line has threshold, signals and histogram mode in the order of Combine."""
    assert line(statistics(threshold=10, include_signal=1, hist_mode=2)) == "SR_run3 autoMCStats 10 1 2"


def test_needs_variances() -> None:
    """Variances are needed unless the threshold is below 0."""
    assert [KIND.needs_variances(statistics(threshold=threshold)) for threshold in (10, 0, -1)] == [True, True, False]
    assert KIND.needs_variances(statistics())


@pytest.mark.parametrize(
    ("value", "shown"),
    [("rubbish", "'rubbish'"), (1j, "1j"), (10, "10.0"), ((0.9, 1.1), r"\(0.9, 1.1\)"), ({"2022": 10}, "10.0")],
)
def test_value_without_use(value: Any, shown: str) -> None:
    """A value is refused unless it is the 1.0 of kinds without values, and the message says where thresholds go."""
    declaration = SystematicUncertainty("autoMCStats", "autoMCStats", ["ttbar"], ["2022"], value)
    (problem,) = KIND.problems(declaration)
    end = 'the threshold is an option, options={"threshold": 10}'
    assert re.fullmatch(rf"ttbar 2022: value {shown}, expected 1\.0, .*: {re.escape(end)}", problem)


@pytest.mark.parametrize("value", [1, np.float64(1), {"2022": 1.0}])
def test_value_by_convention(value: Any) -> None:
    """The value 1.0 is accepted as an integer, a number of numpy and by year."""
    assert not list(KIND.problems(SystematicUncertainty("autoMCStats", "autoMCStats", ["ttbar"], ["2022"], value)))


def test_directive() -> None:
    """The directive has the values of the options."""
    found = directive(statistics(threshold=np.int64(10), include_signal=True, hist_mode=2))
    assert (found.threshold, found.include_signal, found.hist_mode) == (10.0, True, 2)


def test_shifts() -> None:
    """The kind needs no variation."""
    assert list(KIND.shifts(statistics())) == []


@pytest.mark.slow
@given(st.floats(-1e9, 1e9))
def test_threshold_reads_back(threshold: float) -> None:
    """The threshold in the line reads back as the same number."""
    assert float(line(statistics(threshold=threshold)).split()[2]) == threshold


def test_values_of_options() -> None:
    """Options that Combine accepts have no problem."""
    cases: list[dict[str, Any]] = [
        {},
        {"threshold": 0},
        {"threshold": -1},
        {"threshold": 12.5},
        {"threshold": np.int64(10)},
        {"threshold": np.float32(10)},
        {"include_signal": True},
        {"include_signal": False},
        {"include_signal": 1},
        {"hist_mode": 1},
        {"hist_mode": np.int64(2)},
    ]
    for options in cases:
        assert list(KIND.problems(statistics(**options))) == [], options


def test_wrong_options() -> None:
    """The problem names the option, its value and the expected values."""
    cases: list[tuple[str, Any, str]] = [
        ("threshold", "10", "expected a number"),
        ("threshold", None, "expected a number"),
        ("threshold", True, "expected a number"),
        ("threshold", math.nan, "expected a number"),
        ("threshold", math.inf, "expected a number"),
        ("threshold", 10**400, "expected a number"),
        ("include_signal", 2, "expected 0 or 1"),
        ("include_signal", "0", "expected 0 or 1"),
        ("include_signal", None, "expected 0 or 1"),
        ("hist_mode", 0, "expected 1 or 2"),
        ("hist_mode", 3, "expected 1 or 2"),
        ("hist_mode", "1", "expected 1 or 2"),
    ]
    for option, value, expected in cases:
        with case(option, value, expected):
            (problem,) = KIND.problems(statistics(**{option: value}))
            assert problem == f"{option} {value!r}: {expected}"


def test_several_wrong_options() -> None:
    """All wrong options are reported together."""
    found = list(KIND.problems(statistics(threshold="x", include_signal="x", hist_mode="x")))
    assert [problem.split()[0] for problem in found] == ["threshold", "include_signal", "hist_mode"]


def test_documented_options() -> None:
    """Every option has a description."""
    assert sorted(KIND.options) == ["hist_mode", "include_signal", "threshold"]


def test_mcstat() -> None:
    """The argument `mcstat` implies one declaration for all columns of the card."""
    cases: list[tuple[Any, str]] = [
        (True, "SR_run3 autoMCStats 0 0 1"),
        ({}, "SR_run3 autoMCStats 0 0 1"),
        ({"threshold": 10}, "SR_run3 autoMCStats 10 0 1"),
        ({"include_signal": 1, "hist_mode": 2}, "SR_run3 autoMCStats 0 1 2"),
    ]
    for mcstat, expected in cases:
        with case(mcstat, expected):
            (systematic,) = declared(mcstat).all_systematics
            assert list(KIND.problems(systematic)) == []
            assert line(systematic) == expected
            assert {("signal", "2022"), ("ttbar", "2022"), ("ttbar", "2023")} <= set(systematic.columns())


def test_mcstat_off() -> None:
    """Without `mcstat` there is no declaration."""
    assert declared(mcstat=False).all_systematics == ()


def test_dict_is_unchanged() -> None:
    """The dict of a script stays unchanged."""
    mcstat = {"threshold": 10}
    before = copy.deepcopy(mcstat)
    line(declared(mcstat).all_systematics[0])
    assert mcstat == before


def test_card_without_processes() -> None:
    """A card without processes is refused for this reason, not because of autoMCStats."""
    source = HistogramSet(
        histograms={}, datasets_metadata={"by_datataking_period": {}, "by_dataset": {}}, cutflow={"presel": {}}
    )
    with pytest.raises(DeclarationError) as caught:
        check_declarations(declared(mcstat=True, processes=MCProcesses()), source.inventory)
    assert any("no process" in problem for problem in caught.value.problems)
    assert not any("autoMCStats" in problem for problem in caught.value.problems)
