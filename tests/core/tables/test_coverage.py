"""The table of coverage, of cards whose datasets have some of the variations."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import (
    Datacard,
    DeclarationError,
    InputError,
    MCProcess,
    MCProcesses,
    Systematics,
    SystematicUncertainty,
    coverage_table,
)
from tests.support.channels import channel, factors, shifted
from tests.support.outputs import Output

YEARS = ["2022", "2023"]
VARIED = {"nominal": [4, 4], "jesUp": [5, 4], "jesDown": [3, 4], "otherUp": [6, 4], "otherDown": [2, 4]}


def card(**options: Any) -> Datacard:
    """Build a card: one of two datasets of 2022 has jes, none of 2023 has; the signal has all."""
    output = Output().mc("S", "2022", **VARIED).mc("S", "2023", **{**VARIED, "jesUp": [-1, 6]})
    output.mc("T", "2022", "A", **VARIED).mc("T", "2022", "B", nominal=[4, 4]).mc("T", "2023", nominal=[4, 4])
    processes = [
        MCProcess("signal", ["S"], years=YEARS, is_signal=True),
        MCProcess("top", ["T"], years=YEARS, is_signal=False),
    ]
    systematics = [
        SystematicUncertainty("jes", "shape", ["signal", "top"], YEARS, 1.0),
        SystematicUncertainty("tune", "shape", ["signal"], ["2022"], 1.0, coffea_name_alias="other"),
        SystematicUncertainty("lumi", "lnN", ["top"], ["2022"], 1.02),
    ]
    arguments = {"mc_processes": MCProcesses(processes), "systematics": Systematics(systematics), "category": "SR"}
    loaded = output.loaded
    return Datacard(
        loaded["variables"]["m"],
        loaded["datasets_metadata"],
        loaded["cutflow"],
        YEARS,
        verbose=False,
        **{**arguments, **options},
    )


def states(made: Any) -> dict[tuple[str, str, str], tuple[str, int | None, int | None]]:
    return {
        (one["nuisance"], one["process"], one["year"]): (one["state"], one["present"], one["datasets"])
        for one in coverage_table(made).records
    }


@pytest.mark.slow
def test_states() -> None:
    """Each state has its place, with the number of datasets that have the variation."""
    found = states(card())
    assert found["jes", "signal", "2022"] == ("own", 1, 1)
    assert found["jes", "signal", "2023"] == ("clipped", 1, 1)
    assert found["jes", "top", "2022"] == ("partial", 1, 2)
    assert found["jes", "top", "2023"] == ("fallback", 0, 1)
    assert found["tune", "signal", "2022"] == ("alias", 1, 1)
    assert found["tune", "signal", "2023"] == ("none", None, None)
    assert found["lumi", "top", "2022"] == ("factor", None, None)


@pytest.mark.slow
def test_rows() -> None:
    """Different states of a process have their numbers, and variations are named in the records."""
    table = coverage_table(card())
    assert table.heads == ("nuisance", "kind", "signal", "top")
    assert table.lines == [
        ("jes", "shape", "own 1, clipped 1", "partial 1 (1 of 2 datasets), fallback 1"),
        ("tune", "shape", "alias 1", "-"),
        ("lumi", "lnN", "-", "factor 1"),
    ]
    assert table.records[4]["variations"] == "otherUp otherDown"


def test_unknown_origin() -> None:
    """Of a channel without known datasets, templates, factors and gaps are told apart."""
    made = channel(shifted("jes", [1], [[1, 1]], [[-1, -1]]), factors("lumi", [0], [1.02]))
    assert coverage_table(made).lines == [("jes", "shape", "-", "own 1", "-"), ("lumi", "lnN", "factor", "-", "-")]


@pytest.mark.slow
@pytest.mark.parametrize(("most", "is_error"), [(0.6, True), (0.7, False), (None, False)])
def test_limit_of_fallback(most: float | None, is_error: bool) -> None:
    """More datasets without the variation than the policy allows are an error; top has 2 of 3."""
    if not is_error:
        assert card(policies={"max_fallback": most}).findings
        return
    with pytest.raises(InputError, match=r"\[fallback-share\].*top, jes: .* in 2 of 3 datasets.*max_fallback=0\.6"):
        card(policies={"max_fallback": most})


@pytest.mark.slow
def test_share_that_is_none() -> None:
    """A share has to lie between 0 and 1."""
    with pytest.raises(DeclarationError, match=r"max_fallback is 20, expected a share from 0 to 1"):
        card(policies={"max_fallback": 20})
