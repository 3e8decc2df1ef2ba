"""Varied templates without positive integral: Combine stops at them, the policy of the process decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from datacard_core import Column, Policies, Severity, Shape, Templates
from datacard_core.declare.policies import DEFAULT_POLICIES
from datacard_core.treatments.empty_variations import treat_empty_variations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacard_core import Finding

COLUMNS = (Column("tt_2022", "tt", "2022", 1), Column("vv_2022", "vv", "2022", 2))

DROP = {"tt": DEFAULT_POLICIES, "vv": DEFAULT_POLICIES}


def nominal(*rates: float) -> Templates:
    """Return templates of eight columns, those of 4 and 7 with events in the first of two bins."""
    values = np.zeros((8, 2))
    values[[4, 7], 0] = rates
    return Templates(values, 2 * values)


def shape(up: list[list[float]], down: list[list[float]]) -> Shape:
    both = [Templates(np.array(values), np.ones((2, 2))) for values in (up, down)]
    return Shape(np.array([4, 7]), both[0], both[1], np.ones(2))


def treated(effect: Shape, of: Templates, policies: Mapping[str, Policies]) -> tuple[Shape, tuple[Finding, ...]]:
    return treat_empty_variations(effect, COLUMNS, of, of.norms, "JES", policies)


def test_usable_shape_is_kept() -> None:
    """A shape with positive integrals on all columns stays as it is, without finding."""
    effect = shape([[1, 2], [3, 4]], [[1, 1], [1, 1]])
    kept, findings = treated(effect, nominal(3, 5), DROP)
    assert kept is effect
    assert findings == ()


def test_empty_direction_drops_the_column() -> None:
    """A column with an empty Down loses the effect, and a warning has both integrals and the rate."""
    effect = shape([[1, 2], [3, 4]], [[1, 1], [0, 0]])
    kept, findings = treated(effect, nominal(3, 5), DROP)
    assert kept.columns.tolist() == [4]
    assert kept.up.values.tolist() == [[1, 2]]
    (told,) = findings
    assert (told.code, told.column, told.systematic) == ("empty-variation", "vv_2022", "JES")
    assert "7 (Up) and 0 (Down) for a nominal of 5" in told.message


def test_column_without_rate_is_not_told() -> None:
    """A column of rate 0 loses the effect without finding: Combine leaves the column out."""
    effect = shape([[0, 0], [3, 4]], [[0, 0], [1, 1]])
    kept, findings = treated(effect, nominal(0, 5), DROP)
    assert kept.columns.tolist() == [7]
    assert findings == ()


def test_nominal_in_its_place() -> None:
    """With the policy of one process, its empty direction becomes the nominal, and the other direction stays."""
    effect = shape([[0, 0], [3, 4]], [[1, 1], [0, 0]])
    policies = {**DROP, "vv": Policies(empty_variation="nominal")}
    kept, (dropped, replaced) = treat_empty_variations(
        effect, COLUMNS, nominal(3, 5), nominal(3, 5).norms, "JES", policies
    )
    assert kept.columns.tolist() == [7]
    assert (kept.up.values.tolist(), kept.down.values.tolist()) == ([[3, 4]], [[5, 0]])
    assert (kept.up.variances.tolist(), kept.down.variances.tolist()) == ([[1, 1]], [[10, 0]])
    assert [finding.column for finding in (dropped, replaced)] == ["tt_2022", "vv_2022"]
    assert "the nominal stands in its place" in replaced.message


def test_error() -> None:
    """With the policy of one process, an empty direction stops the card."""
    effect = shape([[1, 2], [3, 4]], [[1, 1], [0, 0]])
    policies = {**DROP, "vv": Policies(empty_variation="error")}
    _, (told,) = treated(effect, nominal(3, 5), policies)
    assert (told.severity, told.code, told.column) == (Severity.ERROR, "empty-variation", "vv_2022")


@pytest.mark.parametrize("way", ["drop", "nominal"])
def test_integral_below_0(way: Literal["drop", "nominal"]) -> None:
    """A template that is kept below 0 counts as one without events."""
    effect = shape([[1, 2], [3, 4]], [[1, 1], [2, -3]])
    policies = {**DROP, "vv": Policies(empty_variation=way)}
    kept, findings = treated(effect, nominal(3, 5), policies)
    assert kept.columns.tolist() == ([4] if way == "drop" else [4, 7])
    assert [finding.code for finding in findings] == ["empty-variation"]
