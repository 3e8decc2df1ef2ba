"""The kind autoMCStats: one line for the channel, from `mcstat`."""

from __future__ import annotations

import copy
import math
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
from datacard_core.build.declared import DeclaredCard
from datacard_core.inputs.output import HistogramSet

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
    """What the kind makes of a declaration in a channel of two columns."""
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
    """What stands in the card, the words one blank apart."""
    channel = Channel("SR_run3", "SR", AXIS, COLUMNS, NOTHING, NOTHING, has_data=False, nuisances=(), directives=())
    (text,) = directive(systematic).lines(channel)
    return " ".join(text.split())


def declared(mcstat: Any, processes: MCProcesses = PROCESSES) -> DeclaredCard:
    return DeclaredCard(YEARS, processes, Systematics(), "SR", load_plugins("mcstats"), None, "run3", mcstat=mcstat)


def test_by_default_there_is_a_parameter_per_bin_for_backgrounds_and_whatever_the_statistics() -> None:
    assert line(statistics()) == "SR_run3 autoMCStats 0 0 1"


def test_options_stand_in_the_line_in_the_order_of_combine() -> None:
    assert line(statistics(threshold=10, include_signal=1, hist_mode=2)) == "SR_run3 autoMCStats 10 1 2"


def test_a_directive_holds_the_options() -> None:
    found = directive(statistics(threshold=np.int64(10), include_signal=True, hist_mode=2))
    assert (found.threshold, found.include_signal, found.hist_mode) == (10.0, True, 2)


def test_it_needs_no_variation() -> None:
    assert list(KIND.shifts(statistics())) == []


@given(st.floats(-1e9, 1e9))
def test_the_threshold_reads_back_as_the_same_number(threshold: float) -> None:
    assert float(line(statistics(threshold=threshold)).split()[2]) == threshold


@pytest.mark.parametrize(
    "options",
    [
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
    ],
    ids=str,
)
def test_options_that_combine_takes_have_no_problem(options: dict[str, Any]) -> None:
    assert list(KIND.problems(statistics(**options))) == []


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
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
    ],
    ids=repr,
)
def test_an_option_out_of_its_range_is_refused_with_its_value_and_its_range(
    option: str, value: Any, expected: str
) -> None:
    (problem,) = KIND.problems(statistics(**{option: value}))
    assert problem == f"{option} {value!r}: {expected}"


def test_all_options_that_are_wrong_are_told_at_once() -> None:
    found = list(KIND.problems(statistics(threshold="x", include_signal="x", hist_mode="x")))
    assert [problem.split()[0] for problem in found] == ["threshold", "include_signal", "hist_mode"]


def test_every_option_is_documented_for_those_who_misspell_it() -> None:
    assert sorted(KIND.options) == ["hist_mode", "include_signal", "threshold"]


@pytest.mark.parametrize(
    ("mcstat", "expected"),
    [
        (True, "SR_run3 autoMCStats 0 0 1"),
        ({}, "SR_run3 autoMCStats 0 0 1"),
        ({"threshold": 10}, "SR_run3 autoMCStats 10 0 1"),
        ({"include_signal": 1, "hist_mode": 2}, "SR_run3 autoMCStats 0 1 2"),
    ],
    ids=str,
)
def test_mcstat_implies_one_declaration_for_the_whole_card(mcstat: Any, expected: str) -> None:
    (systematic,) = declared(mcstat).all_systematics()
    assert list(KIND.problems(systematic)) == []
    assert line(systematic) == expected
    assert {("signal", "2022"), ("ttbar", "2022"), ("ttbar", "2023")} <= set(systematic.columns())


def test_without_mcstat_there_is_no_declaration() -> None:
    assert declared(mcstat=False).all_systematics() == ()


def test_the_dict_of_a_script_is_not_changed() -> None:
    mcstat = {"threshold": 10}
    before = copy.deepcopy(mcstat)
    line(declared(mcstat).all_systematics()[0])
    assert mcstat == before


def test_a_card_without_processes_is_refused_for_that_and_not_for_statistics() -> None:
    source = HistogramSet({}, {"by_datataking_period": {}, "by_dataset": {}}, {"presel": {}})
    with pytest.raises(DeclarationError) as caught:
        declared(mcstat=True, processes=MCProcesses()).check(source.inventory)
    assert any("no process" in problem for problem in caught.value.problems)
    assert not any("autoMCStats" in problem for problem in caught.value.problems)
