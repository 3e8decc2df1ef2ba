"""Tests of the templates to write."""

from __future__ import annotations

import pytest

from datacard_core.testing.inputs.written import BY_HAND, Written


def test_templates_as_arrays() -> None:
    """Each name has a row of values and a row of variances."""
    named = Written(("a", "b"), (0.0, 1.0, 3.0), ((1.0, 2.0), (3.0, 4.0)), ((5.0, 6.0), (7.0, 8.0))).templates()
    assert named.names == ("a", "b")
    assert named.templates.values.tolist() == [[1, 2], [3, 4]]
    assert named.templates.variances.tolist() == [[5, 6], [7, 8]]
    assert named.axis.edges.tolist() == [0, 1, 3]


@pytest.mark.parametrize("given", BY_HAND, ids=lambda given: f"{len(given.names)} templates")
def test_templates_by_hand_are_repeatable(given: Written) -> None:
    """The repr of templates is enough to make them again."""
    assert eval(repr(given), {"Written": Written}) == given  # noqa: S307 - made on this line
