"""The fuzzers, with a small seed each, and the oracle that judges their cards."""

from __future__ import annotations

import sys
from random import Random
from typing import TYPE_CHECKING

import attrs
import pytest

from tests.support.fuzz import oracle
from tests.support.fuzz.__main__ import main
from tests.support.fuzz.outputs import MEANING, card, output
from tests.support.processes import forked

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize(("what", "count"), [("declarations", 80), ("dicts", 40), ("commands", 8)])
def test_fuzzer(what: str, count: int, tmp_path: Path) -> None:
    """No error of another class comes up, nothing is accepted for what it is not, and no card has other numbers."""
    told = tmp_path / "told"

    def fuzz() -> None:
        sys.argv = ["fuzz", what, f"--count={count}", "--seed=1"]
        with told.open("w", encoding="utf-8") as sys.stdout:
            assert main() == 0

    # In a process of its own, because command lines are forks of it.
    assert forked(fuzz) == 0, told.read_text(encoding="utf-8")
    assert " 0 faults" in told.read_text(encoding="utf-8")


class TestOracle:
    """The numbers that the cards of the fuzzers are compared with."""

    of = output(Random(1))  # noqa: S311
    text = card(of).content()
    plain = {  # noqa: RUF012 - not changed
        "histograms": of["variables"]["m"],
        "periods": of["datasets_metadata"]["by_datataking_period"],
        "cutflow": of["cutflow"],
    }

    def test_right_card(self) -> None:
        """A card of the declarations has no fault."""
        assert list(oracle.faults(self.text, None, self.plain, MEANING)) == []

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"category": "CR"}, "rate of sig_2022"),
            ({"data": ["TTbar"]}, "observation"),
            ({"bin": "SR"}, "of bin"),
            ({"edges": [0, 3]}, "rate of tt_2022"),
            ({"factors": {"lumi": (["tt"], 1.02)}}, "lumi has 1.02 for sig_2022"),
            ({"factors": {}}, "unknown rows {'lumi'}"),
            ({"years": ["2022"]}, "columns"),
            ({"backgrounds": {"tt": ["Vjets"], "vj": ["TTbar"]}}, "rate of vj_2023"),
        ],
        ids=lambda value: "" if isinstance(value, dict) else value,
    )
    def test_wrong_card(self, change: dict[str, object], fault: str) -> None:
        """A card of other declarations is found."""
        found = list(oracle.faults(self.text, None, self.plain, attrs.evolve(MEANING, **change)))  # type: ignore[arg-type]
        assert any(fault in one for one in found), found
