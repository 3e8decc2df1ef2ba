"""Tests of the analyses made by hand."""

from __future__ import annotations

import pytest

from datacard_core import load_plugins
from datacard_core.testing.inputs import channels
from datacard_core.testing.inputs.analyses import BY_HAND, DERIVED, LACKING, SMALL, repetitions
from datacard_core.testing.inputs.sketches import Dataset, Simulated, Sketch

PLUGINS = load_plugins()


@pytest.mark.parametrize("sketch", BY_HAND, ids=range(len(BY_HAND)))
def test_text_repeats_the_sketch(sketch: Sketch) -> None:
    """The text of a sketch, which messages show, makes an equal sketch, and is shorter than its repr."""
    names = {"Dataset": Dataset, "Simulated": Simulated, "Sketch": Sketch}
    assert eval(str(sketch), names) == sketch  # noqa: S307 - a text of our own
    assert len(str(sketch)) < 0.8 * len(repr(sketch))


def test_data_driven_column_in_slices() -> None:
    """A data-driven column is half of the data less p0, and the first slice has two cells in one bin."""
    channel = channels.of(DERIVED, PLUGINS).channel
    # Half of 31 + 23 - 30 - 20, of 18 - 10 and of 5 - 5, and a quarter of 54 + 50/4, of 18 + 10/4 and of 5 + 5/4.
    assert channel.nominal.values[1].tolist() == [2, 4, 0]
    assert channel.nominal.variances[1].tolist() == [16.625, 5.125, 1.5625]
    assert [part.axis.bins for part in channel.axis.slices] == [1, 2]


def test_repetitions() -> None:
    """Each declaration has a card that is made again, and one declaration has two."""
    assert repetitions(1) == [(0, SMALL), (0, LACKING)]
    assert repetitions(3) == [(0, SMALL), (1, LACKING), (2, SMALL)]
