"""Templates that a ROOT file cannot hold are refused before a file exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pytest

from datacard_core import Axis, NamedTemplates, Templates
from tests.support.root_files import LABELLED, UNIFORM, VARIABLE, refusal, some

if TYPE_CHECKING:
    from pathlib import Path


class TestNames:
    def test_shared_names(self, tmp_path: Path) -> None:
        """Names that occur more than once are refused, and each is listed once."""
        message = refusal(some(names=("a", "b", "a", "c", "c", "c")), tmp_path)
        assert message == "templates share a name: 'a', 'c'"

    def test_long_names(self, tmp_path: Path) -> None:
        """Names that a TKey cannot hold are refused."""
        assert "longer than the 32000 bytes" in refusal(some(names=("a", "b" * 32_001)), tmp_path)


class TestContents:
    @pytest.mark.parametrize("what", ["values", "variances"])
    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_content_that_is_not_finite(self, what: str, bad: float, tmp_path: Path) -> None:
        """A content that is not finite is refused, with template, bin and content."""
        arrays = {"values": some().templates.values.copy(), "variances": some().templates.variances.copy()}
        arrays[what][1, 2] = bad
        templates = attrs.evolve(some(), templates=Templates(**arrays))
        expected = f"{what} are not finite, bins counted from 0: 'tt_2018_nominal' bin 2 is {bad}"
        assert refusal(templates, tmp_path) == expected

    def test_many_bad_contents(self, tmp_path: Path) -> None:
        """The message shows five bad contents and the number of the remaining ones."""
        arrays = some().templates
        templates = attrs.evolve(some(), templates=Templates(np.full_like(arrays.values, np.nan), arrays.variances))
        assert refusal(templates, tmp_path).endswith("'tt_2018_nominal' bin 0 is nan and 3 more")

    def test_shapes_of_arrays(self, tmp_path: Path) -> None:
        """All arrays of a wrong shape are named in one message."""
        message = refusal(NamedTemplates(("a",), Templates(np.ones((1, 3)), np.ones((2, 4))), UNIFORM), tmp_path)
        assert "values have shape (1, 3), expected (names, bins) = (1, 4)" in message
        assert "variances have shape (2, 4), expected (names, bins) = (1, 4)" in message


def test_invalid_axis(tmp_path: Path) -> None:
    """An axis without rising, finite edges, or with a wrong number of categories, is refused."""
    cases: list[tuple[Axis, str]] = [
        (attrs.evolve(VARIABLE, edges=np.array([0.0, 2.0, 1.0])), "not finite and rising"),
        (attrs.evolve(VARIABLE, edges=np.array([0.0, 1.0, np.inf])), "not finite and rising"),
        (attrs.evolve(VARIABLE, edges=np.array([0.0])), "have shape (1,)"),
        (attrs.evolve(LABELLED, categories=("b", "c")), "4 bins and 2 categories"),
    ]
    for axis, message in cases:
        assert message in refusal(NamedTemplates((), Templates(*np.zeros((2, 0, axis.bins))), axis), tmp_path), axis
