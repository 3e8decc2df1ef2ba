"""Tests of the strategies that draw inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings

from datacard_core import load_plugins
from datacard_core.testing.inputs import channels
from datacard_core.testing.inputs.strategies import near, sketches, strange_options, written

if TYPE_CHECKING:
    from datacard_core.testing.inputs.sketches import Sketch
    from datacard_core.testing.inputs.written import Written

PLUGINS = load_plugins()


@pytest.mark.slow
@settings(max_examples=10, database=None, deadline=None, derandomize=True)
@given(sketches())
def test_drawn_analyses(sketch: Sketch) -> None:
    """The core makes a channel of every analysis that is drawn, with a positive rate of the first process."""
    channel = channels.of(sketch, PLUGINS).channel
    assert channel.columns
    assert channel.rates[[column.process for column in channel.columns].index("p0")] > 0


@pytest.mark.slow
@settings(max_examples=10, database=None, deadline=None, derandomize=True)
@given(written())
def test_drawn_templates(given: Written) -> None:
    """The arrays of drawn templates have one row per name, and increasing edges."""
    templates = given.templates()
    assert templates.templates.values.shape == (len(given.names), len(given.edges) - 1)
    assert np.all(np.diff(templates.axis.edges) > 0)


@pytest.mark.parametrize("value", [True, 3, 1.5, "word", (0.9, 1.1), [1, 2]])
def test_near_values(value: Any) -> None:
    """Near values differ from the value or from its type."""
    found = near(value)
    assert found
    assert not [other for other in found if type(other) is type(value) and other == value]


@pytest.mark.slow
@settings(max_examples=3, database=None, deadline=None, derandomize=True)
@given(strange_options(()))
def test_kind_without_options(options: dict[str, Any]) -> None:
    """A kind without options gets no strange options."""
    assert options == {}


@pytest.mark.slow
@settings(max_examples=10, database=None, deadline=None, derandomize=True)
@given(strange_options(("members", "scale")))
def test_strange_options(options: dict[str, Any]) -> None:
    """Strange options have names that the kind knows."""
    assert set(options) <= {"members", "scale"}
