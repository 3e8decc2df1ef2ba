"""Registry of the codes of the core's findings."""

from __future__ import annotations

from datacard_core.codes import CODES


def test_registry_is_sorted() -> None:
    """The registry is in alphabetic order, and severities are ordered from the gravest."""
    assert list(CODES) == sorted(CODES)
    for code in CODES.values():
        assert list(code.severities) == sorted(code.severities, reverse=True)


def test_registered_code_is_explained() -> None:
    """Meaning and remedy of each code are sentences."""
    for name, code in CODES.items():
        for text in (code.meaning, code.remedy):
            assert text[0].isupper() or text[0] == "`", name
            assert text.endswith("."), name
