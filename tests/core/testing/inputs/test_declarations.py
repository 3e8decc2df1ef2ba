"""Tests of the declarations that the kit tests a kind with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.conformance import Factor, failure
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core import SystematicUncertainty


class Choosy(Factor):
    """Kind that refuses all usual values."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if "power" not in systematic.options:
            yield "says no power"
        yield from super().problems(systematic)


@pytest.mark.slow
def test_no_usual_value() -> None:
    """A kind that refuses all usual values is reported with how to give an example."""
    said = failure(Provider("acme", Choosy()))
    assert said.startswith("plugin 'acme' (local)")
    assert re.search("a declaration that it accepts\n  instead: .*", said), said
    assert "examples={'factor': {'value': …, 'options': {…}}}" in said


@pytest.mark.slow
def test_empty_examples() -> None:
    """An empty list of examples is reported."""
    said = failure(Provider("acme", Factor()), examples={"factor": []})
    assert "an example of a declaration\n  instead: examples['factor'] is []" in said


@pytest.mark.slow
def test_refused_example() -> None:
    """An example that its kind refuses is reported with the problem."""
    said = failure(Provider("acme", Factor()), examples={"factor": {"value": "two"}})
    assert "that it accepts its example {'value': 'two'}" in said
    assert "expected a factor" in said


@pytest.mark.slow
def test_superfluous_argument_of_an_example() -> None:
    """An example with an argument that the kit sets is reported with that argument."""
    said = failure(Provider("acme", Factor()), examples={"factor": {"value": 1.5, "years": ["2022"]}})
    assert "the kit sets name, typ, processes, years of an example, and this one has years" in said
