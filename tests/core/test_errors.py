"""Errors: the problems they carry, across pickles, and several raised as one."""

from __future__ import annotations

import pickle

from datacard_core import (
    DatacardError,
    DeclarationError,
    ExistingFileError,
    FinishedCardError,
    InputError,
    PluginCallError,
    PluginError,
    StrictError,
    warning,
)
from datacard_core.errors import text_of, visible, with_type
from tests.support.cases import case


class TestProblems:
    """Sentences that are told together."""

    def test_one(self) -> None:
        """A single problem is the text of the error."""
        assert str(DeclarationError("no years")) == "no years"
        assert DeclarationError("no years").problems == ("no years",)

    def test_several(self) -> None:
        """Several problems are counted and listed, a line each."""
        error = InputError(problem for problem in ("no 'cutflow'", "no 'variables'"))
        assert error.problems == ("no 'cutflow'", "no 'variables'")
        assert str(error) == "2 problems:\n  - no 'cutflow'\n  - no 'variables'"

    def test_warnings(self) -> None:
        """A strict error holds the warnings and lists them."""
        told = warning("clipped", "2 bins", channel="SR")
        assert StrictError([told]).findings == (told,)
        assert str(StrictError([told])).endswith("\n  - warning [clipped] SR: 2 bins")


def test_pickles() -> None:
    """An error arrives from another process with its text and what it carries, notes included."""
    cases: list[DatacardError] = [
        DeclarationError(["a", "b"]),
        InputError("a"),
        StrictError([warning("clipped", "2 bins")]),
        PluginCallError("failed", plugin="acme", origin="acme 1.0"),
    ]
    for error in cases:
        with case(error):
            error.add_note("in category 'SR'")
            arrived = pickle.loads(pickle.dumps(error))
            assert type(arrived) is type(error)
            assert str(arrived) == str(error)
            assert vars(arrived) == vars(error)


def test_bases() -> None:
    """Errors can be caught as the built-in ones that they are."""
    assert issubclass(DeclarationError, ValueError)
    assert issubclass(InputError, ValueError)
    assert issubclass(ExistingFileError, FileExistsError)
    assert issubclass(FinishedCardError, AttributeError)
    assert issubclass(PluginCallError, PluginError)


def test_plugin_in_text() -> None:
    """The text of a plugin's error begins with plugin and origin where both are given."""
    assert str(PluginError("no", plugin="acme", origin="acme 1.0")) == "plugin 'acme' (acme 1.0): no"
    assert str(PluginError("no")) == "no"


class Unshowable(Exception):  # noqa: N818 - an exception of a plugin
    """An exception whose text cannot be made."""

    def __str__(self) -> str:
        raise RuntimeError


class TestTexts:
    """Texts of exceptions that are not ours."""

    def test_type_and_text(self) -> None:
        """The type stands before the text, or alone."""
        assert with_type(ValueError("no")) == "ValueError: no"
        assert with_type(ValueError()) == "ValueError"
        assert with_type(ValueError("no"), "another text") == "ValueError: another text"

    def test_unshowable(self) -> None:
        """An exception without a text is shown all the same."""
        assert text_of(Unshowable()) == "its text cannot be shown"
        assert with_type(Unshowable()) == "Unshowable: its text cannot be shown"


def test_control_characters_are_escaped() -> None:
    """Control characters, directions of writing, ends of lines and halves of pairs are shown as escapes."""
    cases: list[tuple[str, str]] = [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x1b]52;c;ZXZpbA==\x07", "\\x1b]52;c;ZXZpbA==\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb\x08c\x7f", "a\\rb\\x08c\\x7f"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("\u2028\ud800", "\\u2028\\ud800"),
    ]
    for raw, shown in cases:
        with case(raw, shown):
            assert visible(raw) == shown


def test_other_characters_stay() -> None:
    """Letters, signs and spaces of all languages stay, and lines stay lines."""
    cases: list[str] = ["ttbar", "Zττ → ü", "10 fb⁻¹", "10\u2009GeV", "a\u200db", "two\nlines", "素粒子"]
    for text in cases:
        with case(text):
            assert visible(text) == text
