"""The page of validation has the numbers of today."""

from __future__ import annotations

import pytest

from tests.support import pages, validation_page
from tests.support.likelihoods import REFERENCES

pytestmark = pytest.mark.skipif(not REFERENCES, reason="needs ../shared/data/likelihood, cards with Combine's numbers")

PAGE = "docs/fit-validation.md"


def test_cards() -> None:
    """Each card has its row between the texts of the script."""
    page = pages.read(PAGE)
    assert page.startswith(validation_page.HEAD)
    assert page.endswith(validation_page.NOTES)
    assert [text.split("`")[1] for text in page.splitlines() if text.startswith("| `")] == REFERENCES


# Some cards of each kind: all of them take half a minute, and are made anew with the page.
@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCES[::9])
def test_numbers(name: str) -> None:
    """The rows are those that the fits of today give."""
    assert validation_page.line(validation_page.row(name)) in pages.read(PAGE)
