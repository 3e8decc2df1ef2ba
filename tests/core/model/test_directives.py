"""Directives: lines of a card below its table, and which of them Combine's kmax counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from datacard_core import BinByBinStatistics, FreeParameter, RawLine
from datacard_core.model.directives import own
from tests.support import outputs
from tests.support.cases import case

if TYPE_CHECKING:
    from datacard_core import Channel, Directive


@pytest.fixture(scope="module")
def channel() -> Channel:
    """Return a channel with the columns signal_2022 and ttbar_2022."""
    return outputs.card(outputs.signal_and_ttbar(nominal=[10, 20, 30])).channel


def test_lines(channel: Channel) -> None:
    """The lines are those that Combine reads, whole numbers without a point."""
    cases: list[tuple[Directive, list[str]]] = [
        (FreeParameter("SF", np.array([1])), ["SF rateParam * ttbar_2022 1"]),
        (
            FreeParameter("SF", np.array([0, 1]), 0.5, (0.0, 2.5)),
            ["SF rateParam * signal_2022 0.5 [0,2.5]", "SF rateParam * ttbar_2022 0.5 [0,2.5]"],
        ),
        (RawLine("theory group = pdf scale"), ["theory group = pdf scale"]),
        (BinByBinStatistics(), ["SR_2022 autoMCStats 0 0 1"]),
        (BinByBinStatistics(threshold=10, include_signal=True, hist_mode=2), ["SR_2022 autoMCStats 10 1 2"]),
    ]
    for directive, lines in cases:
        with case(directive, lines):
            assert list(directive.lines(channel)) == lines


def test_constraints(channel: Channel) -> None:
    """Lines of param and constr count in kmax, comments and other lines do not."""
    cases: list[tuple[str, int]] = [
        ("x param 0 1", 1),
        ("x constr a-b 1 0.1", 1),
        ("x flatParam", 0),
        ("theory group = pdf", 0),
        ("# x param 0 1", 0),
        ("param", 0),
    ]
    for text, count in cases:
        with case(text, count):
            assert RawLine(text).constraints(channel) == count


def test_order() -> None:
    """Free parameters come first and the statistical uncertainty last."""
    assert FreeParameter.order < RawLine.order < BinByBinStatistics.order


def test_text_for_a_number() -> None:
    """A text in place of a number or a bool is refused when a kind returns it."""
    cases: list[Directive] = [
        FreeParameter("SF", np.array([1]), "1"),  # type: ignore[arg-type]
        FreeParameter("SF", np.array([1]), 1, ("0", "5")),  # type: ignore[arg-type]
        BinByBinStatistics(threshold="10"),  # type: ignore[arg-type]
        BinByBinStatistics(include_signal="no"),  # type: ignore[arg-type]
        BinByBinStatistics(hist_mode="1"),  # type: ignore[arg-type]
    ]
    for directive in cases:
        with case(directive), pytest.raises(TypeError, match=r"expected|not a number|interpreted"):
            own(directive)
