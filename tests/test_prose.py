"""Plain English: openings of docstrings, vague words, how much is commented, and names of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import prose

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.support.prose import Prose, Text

MOST_OPENINGS = 2.0
"""Per cent of the docstrings."""
MOST_VAGUE = 0.3
"""Per 100 words."""
COMMENTS = (3.0, 6.0)
"""Per cent of the lines that are not blank."""


@pytest.fixture(scope="module")
def everything() -> Prose:
    return prose.prose_of_all(prose.all_files())


def listed(texts: Iterable[Text]) -> str:
    """Return a line for each text with its place and its beginning."""
    return "\n".join(
        f"{text.place}: {', '.join(text.vague) or text.opening}: {' '.join(text.text.split())[:80]}" for text in texts
    )


@pytest.mark.slow
def test_docstring_openings(everything: Prose) -> None:
    """Fewer than one docstring in fifty opens with What, Whether, Those and the like."""
    assert everything.opening_share < MOST_OPENINGS, listed(everything.bad_openings)


@pytest.mark.slow
def test_vague_words(everything: Prose) -> None:
    """Docstrings and comments have next to no word such as "whatever" and "thing"."""
    texts = prose.with_vague_words((*everything.docstrings, *everything.comments))
    assert everything.vague_rate < MOST_VAGUE, listed(texts)


@pytest.mark.slow
def test_vague_words_in_messages(everything: Prose) -> None:
    """Messages have next to no word such as "whatever" and "thing"."""
    assert everything.message_rate < MOST_VAGUE, listed(prose.with_vague_words(everything.messages))


@pytest.mark.slow
def test_share_of_comments() -> None:
    """Core and plugins have a reason beside 3 to 6 % of their lines."""
    by_wing = {**prose.core_files(), **prose.plugin_files()}
    least, most = COMMENTS
    figures = "\n".join(f"{name}: {prose.prose_in(files).comment_share:.2f} %" for name, files in by_wing.items())
    assert least <= prose.prose_of_all(by_wing).comment_share <= most, figures


@pytest.mark.slow
def test_names_of_tests() -> None:
    """A test's name has at most eight words."""
    long = [
        f"{test.place}: {test.name} has {test.words} words" for test in prose.tests() if test.words > prose.MOST_WORDS
    ]
    assert not long, "\n".join(long)


@pytest.mark.slow
def test_docstrings_of_tests() -> None:
    """Every test says its claim in a docstring."""
    silent = [f"{test.place}: {test.name}" for test in prose.tests() if not test.docstring]
    assert not silent, "\n".join(silent)


SAMPLE = '''"""Whether a sample is read."""

# A reason.
x = 1  # noqa: F841
y = 2  # another reason
"""The value of something."""


class C:
    """A class of its own."""

    field: int = 3
    """Likewise."""

    def method(self) -> str:
        """Return `nothing` at all."""
        "not a docstring of anything"
        return f"nobody has {self.field} of the others"
'''


@pytest.fixture
def sample(tmp_path: Path) -> Prose:
    path = tmp_path / "sample.py"
    path.write_text(SAMPLE)
    return prose.prose_of(path)


class TestMeasures:
    """The figures of a small file, counted by hand."""

    def test_docstrings(self, sample: Prose) -> None:
        """Docstrings are those of the module, class, function and attributes."""
        assert sorted((text.line, text.opening) for text in sample.docstrings) == [
            (1, "Whether"),
            (6, "The"),
            (10, "A"),
            (13, "Likewise"),
            (16, "Return"),
        ]

    def test_openings(self, sample: Prose) -> None:
        """Two of the five docstrings have a bad opening."""
        assert sample.opening_share == 40

    def test_vague_words(self, sample: Prose) -> None:
        """Words between backticks do not count, and those of messages are counted apart."""
        assert sorted(word for text in (*sample.docstrings, *sample.comments) for word in text.vague) == [
            "its own",
            "likewise",
            "something",
        ]
        # 5 + 4 + 5 + 1 + 3 words of docstrings and 2 + 2 of comments.
        assert sample.vague_rate == pytest.approx(100 * 3 / 22)
        assert [word for text in sample.messages for word in text.vague] == ["anything", "nobody", "others"]

    def test_comments(self, sample: Prose) -> None:
        """Two of thirteen lines have a reason; a directive to a tool does not count."""
        assert [text.text for text in sample.comments] == ["A reason.", "another reason"]
        assert sample.lines == 13
        assert sample.comment_share == pytest.approx(100 * 2 / 13)
