"""Templates of a channel by variation."""

from __future__ import annotations

import numpy as np
import pytest

from datacard_core.model.variations import Variations
from tests.support.outputs import card, shape, signal_and_ttbar


@pytest.fixture(scope="module")
def variations() -> Variations:
    output = signal_and_ttbar(nominal=[10, 4, 30], JESUp=[12, 1, 3], JESDown=[9, 1, 1])
    return Variations(card(output, shape("JES")).channel)


def test_names(variations: Variations) -> None:
    """Each shape nuisance has two variations, and the nominal is none of them."""
    assert variations.names == ("JESUp", "JESDown")


def test_untouched_columns(variations: Variations) -> None:
    """A column without an effect keeps its nominal."""
    up, _ = variations.content("JESUp")
    nominal, _ = variations.content("nominal")
    np.testing.assert_array_equal(nominal, [[1, 2, 3], [10, 4, 30]])
    np.testing.assert_array_equal(up, [[1, 2, 3], [12, 1, 3]])


def test_contents_are_copies(variations: Variations) -> None:
    """A change of contents does not change the channel."""
    values, variances = variations.content("nominal")
    values[:], variances[:] = 7, 7
    assert variations.content("nominal")[0].sum() == 50
