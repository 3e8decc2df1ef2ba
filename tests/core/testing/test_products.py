"""Tests of the products of a plugin as bytes and text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from datacard_core import DEFAULT_PLUGINS, CardContext, PluginCallError, load_plugins
from datacard_core.testing import small_card
from datacard_core.testing.inputs.channels import complete
from datacard_core.testing.products import SHAPES, card_contents, folder, is_finite, rendered, written_by
from tests.support.conformance import Listing
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from pathlib import Path


class Blank(Listing):
    """Writer of blanks."""

    def render(self, card: CardContext) -> str:  # noqa: ARG002
        return " \n"


@pytest.mark.slow
def test_blank_card() -> None:
    """A card without text is an error of the writer."""
    plugins = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Blank()))
    with pytest.raises(PluginCallError, match=r"got .* expected the text of the card"):
        rendered(plugins, "listing", complete())


def test_file_of_an_earlier_call(tmp_path: Path) -> None:
    """The file of an earlier call does not count as written."""
    path = tmp_path / SHAPES
    assert written_by(lambda path: path.write_bytes(b"one"), path) == b"one"
    assert written_by(lambda path: path, path) is None


@pytest.mark.slow
def test_contents_of_a_card() -> None:
    """A card has its text, and the names, values, variances and binning of its templates, as products."""
    text, names, contents = card_contents(small_card(mcstat=False))
    assert SHAPES in text
    # data and 3 processes in 2 years, with 3 bins from 0 to 3
    assert names.splitlines()[0] == "data_obs_nominal"
    assert len(names.splitlines()) == 1 + 3 * 2
    numbers = np.frombuffer(contents)
    assert numbers.size == 2 * 7 * 3 + 4
    assert numbers[:3].tolist() == [2 * 60.0, 2 * 45.0, 2 * 31.0]
    assert numbers[-4:].tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize("text", ["nan", "0 inf 1", "-inf", "1.0 Infinity"])
def test_text_with_a_number_that_is_not_finite(text: str) -> None:
    """A line with nan or inf is not finite."""
    assert not is_finite(text)


@pytest.mark.parametrize("text", ["1.0 2e5", "inflation", "nan_rate", "x.inf"])
def test_text_with_finite_numbers(text: str) -> None:
    """A name that contains nan or inf is not a number."""
    assert is_finite(text)


def test_temporary_folder() -> None:
    """A folder is removed afterwards, with its files."""
    with folder() as path:
        (path / "file").touch()
    assert not path.exists()
