"""Codes of the reader's findings: each code in its sources is declared, and each declared code is used."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from datacard_combine.codes import CODES

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

MAKERS = {"refused": "stops", "mistaken": "", "doubtful": "", "noted": "notice"}
SOURCES = sorted((ROOT / "plugins" / "combine" / "datacard_combine").rglob("*.py"))


@pytest.fixture(scope="module")
def used() -> set[tuple[str, str]]:
    """Each code that the sources have, with the maker of its findings."""
    return set(_used())


def _used() -> Iterator[tuple[str, str]]:
    """Yield each code that the sources have in a call of a maker or in an assignment to `code`, with the maker."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                yield from ((code, node.func.id) for code in _codes(node.args[0]))
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "code" for t in node.targets):
                yield from ((code, "") for code in _codes(node.value))


def _codes(node: ast.expr) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and "." in inner.value:
            # The code of a count has its keyword behind the point.
            yield from (["counts.imax", "counts.jmax"] if inner.value == "counts." else [inner.value])


@pytest.mark.slow
def test_used_codes_are_declared(used: set[tuple[str, str]]) -> None:
    """The codes of the sources are those that the reader declares."""
    assert {code for code, _ in used} == set(CODES)


def test_codes_are_sorted() -> None:
    """The codes are in alphabetic order, each with a sentence."""
    assert list(CODES) == sorted(CODES)
    assert all(meaning.endswith(".") for meaning in CODES.values())


def test_meaning_has_the_gravity(used: set[tuple[str, str]]) -> None:
    """A code at which Combine stops says so, and one of notices too."""
    for code, maker in sorted(used):
        if maker in ("refused", "noted"):
            assert MAKERS[maker].lower() in CODES[code].lower(), code
