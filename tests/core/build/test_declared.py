"""The declarations of one card: containers, autoMCStats, and read-only copies."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import (
    DataProcesses,
    DeclarationError,
    Systematics,
)
from tests.support import outputs as by_hand
from tests.support.outputs import process
from tests.support.rich import lumi, rich_card


class TestMcstat:
    """The statistical uncertainty per bin."""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("mcstat", "line"),
        [
            (True, "SR_run3 autoMCStats 0 0 1"),
            ({}, "SR_run3 autoMCStats 0 0 1"),
            ({"threshold": 10}, "SR_run3 autoMCStats 10 0 1"),
            ({"threshold": 5, "include_signal": True, "hist_mode": 2}, "SR_run3 autoMCStats 5 1 2"),
            ({"threshold": -1.0, "include_signal": 1}, "SR_run3 autoMCStats -1 1 1"),
            (False, None),
        ],
        ids=["true", "empty", "threshold", "all", "off-by-threshold", "false"],
    )
    def test_line(self, mcstat: Any, line: str | None) -> None:
        """The argument mcstat becomes a line with its numbers, or no line."""
        text = rich_card(bin_suffix="run3", mcstat=mcstat).content()
        assert [row for row in text.splitlines() if "autoMCStats" in row] == ([] if line is None else [line])

    @pytest.mark.parametrize(
        ("mcstat", "said"),
        [
            ({"treshold": 10}, "did you mean 'threshold'"),
            ({"threshold": "many"}, "'many'"),
            ({"hist_mode": 3}, "expected 1 or 2"),
            ("yes", "True, False or a dict"),
            (None, "True, False or a dict"),
            (10, "True, False or a dict"),
        ],
        ids=["key", "threshold", "mode", "text", "none", "number"],
    )
    def test_refused(self, mcstat: Any, said: str) -> None:
        """A wrong mcstat is refused with the value and what was expected."""
        with pytest.raises(DeclarationError, match=said):
            rich_card(mcstat=mcstat)


class TestContainers:
    """The containers of processes, systematics and data."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("mc_processes", [process("ttbar", "TTbar")]),
            ("systematics", [lumi()]),
            ("data_processes", process("data", "Muon")),
        ],
    )
    def test_wrong_types(self, name: str, value: Any) -> None:
        """An argument that is not a container is refused with its name, and with the container to make."""
        with pytest.raises(DeclarationError, match=rf"^{name} is .* expected (\w+), such as \1\(\["):
            rich_card(**{name: value})

    @pytest.mark.slow
    def test_no_systematics(self) -> None:
        """A card needs no systematics."""
        made = rich_card(systematics=Systematics([]))
        assert made.kmax == 0
        assert "kmax 0 " in made.content()

    def test_two_data_processes(self) -> None:
        """More than one data process is refused."""
        observations = DataProcesses([*by_hand.observation("Muon").values()])
        observations["more"] = by_hand.observation("Muon", name="more")["more"]
        with pytest.raises(DeclarationError, match="'data_obs', 'more', expected one"):
            rich_card(data_processes=observations)

    def test_no_data_process(self) -> None:
        """A container without data process is refused."""
        with pytest.raises(DeclarationError, match="holds no process, expected one"):
            rich_card(data_processes=DataProcesses([]))
