"""Findings in short."""

from __future__ import annotations

from datacard_core import error, notice, warning
from datacard_core.checks.summary import summary


def test_one_line_for_each_kind() -> None:
    """Each kind has a line, the gravest first, with its number and the case of the largest number."""
    found = [
        notice("small", "of little effect"),
        warning("large", "by 20 %", column="top", numbers={"change": 0.2}),
        warning("large", "by 50 %", column="wj", numbers={"change": -0.5}),
        error("broken", "is not finite", channel="SR"),
    ]
    assert list(summary(found)) == [
        "error [broken] SR: is not finite",
        "warning [large] 2 times, such as wj: by 50 %",
        "notice [small] of little effect",
    ]
