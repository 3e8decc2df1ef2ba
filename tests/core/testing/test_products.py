"""Tests of the products of a plugin as bytes and text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import DEFAULT_PLUGINS, CardContext, PluginCallError, load_plugins
from datacard_core.testing import small_card
from datacard_core.testing.inputs.channels import complete
from datacard_core.testing.products import SHAPES, card_bytes, folder, is_finite, rendered, written_by
from tests.support.conformance import Listing
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from pathlib import Path


class Blank(Listing):
    """Writer of blanks."""

    def render(self, card: CardContext) -> str:  # noqa: ARG002
        return " \n"


def test_blank_card() -> None:
    """A card without text is an error of the writer."""
    plugins = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Blank()))
    with pytest.raises(PluginCallError, match=r"render returned .* expected the text of a card"):
        rendered(plugins, "listing", complete())


def test_file_of_an_earlier_call(tmp_path: Path) -> None:
    """The file of an earlier call does not count as written."""
    path = tmp_path / SHAPES
    assert written_by(lambda path: path.write_bytes(b"one"), path) == b"one"
    assert written_by(lambda path: path, path) is None


def test_bytes_of_a_card(tmp_path: Path) -> None:
    """A card has its text and its templates as products."""
    text, templates = card_bytes(small_card(), tmp_path)
    assert SHAPES in text
    assert templates is not None
    assert templates.startswith(b"root")


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
