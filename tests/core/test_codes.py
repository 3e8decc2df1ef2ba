"""Registry of the codes of the core's findings."""

from __future__ import annotations

import pytest

from datacard_core.codes import CODES


def test_registry_is_sorted() -> None:
    """The registry is in alphabetic order, and severities are ordered from the gravest."""
    assert list(CODES) == sorted(CODES)
    for code in CODES.values():
        assert list(code.severities) == sorted(code.severities, reverse=True)


@pytest.mark.parametrize("name", CODES)
def test_registered_code_is_explained(name: str) -> None:
    """Meaning and remedy are sentences."""
    for text in (CODES[name].meaning, CODES[name].remedy):
        assert text[0].isupper() or text[0] == "`"
        assert text.endswith(".")
