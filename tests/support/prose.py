"""Measures of the project's prose: openings of docstrings, vague words, comments, names of tests.

`python -m tests.support.prose` prints the table of figures, `python -m tests.support.prose -v` the offenders too.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from typing import TYPE_CHECKING

import attrs

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

OPENINGS = frozenset({"What", "Whether", "Those", "That", "It", "How", "Who", "Where", "Which", "They", "Likewise"})
"""First words that no docstring has."""

VAGUE = re.compile(
    r"\b(?:whatever|whoever|whichever|nobody|somebody|anybody|everybody|likewise|things?|something|anything"
    r"|everything|nothing|others|(?:its|ones?|one's) own|(?:is|are|was|were) none)\b",
    re.IGNORECASE,
)
"""Words in whose place a precise one exists."""

MOST_WORDS = 8
"""Of a test's name, behind `test_`."""

WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
CODE = re.compile(r"``.+?``|`[^`]+`", re.DOTALL)
STRING_OR_COMMENT = re.compile(
    r"""(?P<quotes>\"{3}|'{3})(?:\\.|[^\\])*?(?P=quotes)|(?P<quote>["'])(?:\\.|(?!(?P=quote))[^\\])*(?P=quote)"""
    r"|(?P<comment>\#[^\n]*)",
    re.DOTALL,
)
"""Tokens in which a number sign has no meaning, and comments; Python's own tokens take ten times as long."""
DIRECTIVE = re.compile(r"#\s*(?:noqa|type:|mypy:|ruff:|pragma|fmt:|!)")
MESSAGE_WORDS = 3
"""A string with fewer words is a key, a name or a code, and no message."""


@attrs.frozen
class Text:
    """A docstring, comment or message, and its place."""

    path: Path
    line: int
    text: str

    @property
    def place(self) -> str:
        """File and line, as an editor takes them."""
        return f"{self.path.relative_to(ROOT)}:{self.line}"

    @functools.cached_property
    def plain(self) -> str:
        """The text without code between backticks."""
        return CODE.sub(" ", self.text)

    @functools.cached_property
    def words(self) -> list[str]:
        """The words of the plain text."""
        return WORD.findall(self.plain)

    @functools.cached_property
    def vague(self) -> list[str]:
        """The vague words among them."""
        return [word.lower() for word in VAGUE.findall(self.plain)]

    @property
    def opening(self) -> str:
        """The first word."""
        return next(iter(self.text.split()), "").rstrip(",:;.")


@attrs.frozen(kw_only=True)
class Prose:
    """The prose of some files."""

    files: int
    lines: int
    """Lines that are not blank."""
    docstrings: tuple[Text, ...]
    """Of modules, classes, functions and attributes."""
    comments: tuple[Text, ...]
    """Comments that are more than a directive to a tool, one for each line."""
    messages: tuple[Text, ...]
    """Other strings of several words; of an f-string, what stands between the braces' values."""

    def __add__(self, other: Prose) -> Prose:
        return Prose(
            files=self.files + other.files,
            lines=self.lines + other.lines,
            docstrings=self.docstrings + other.docstrings,
            comments=self.comments + other.comments,
            messages=self.messages + other.messages,
        )

    @property
    def bad_openings(self) -> list[Text]:
        """The docstrings that begin with one of `OPENINGS`."""
        return [text for text in self.docstrings if text.opening in OPENINGS]

    @property
    def opening_share(self) -> float:
        """Their share of all docstrings, in per cent."""
        return per_cent(len(self.bad_openings), len(self.docstrings))

    @property
    def vague_rate(self) -> float:
        """Vague words per 100 words of docstrings and comments."""
        return vague_rate((*self.docstrings, *self.comments))

    @property
    def message_rate(self) -> float:
        """Vague words per 100 words of messages."""
        return vague_rate(self.messages)

    @property
    def comment_share(self) -> float:
        """Lines with a comment, in per cent of those that are not blank."""
        return per_cent(len(self.comments), self.lines)


NO_PROSE = Prose(files=0, lines=0, docstrings=(), comments=(), messages=())


def per_cent(part: float, whole: float) -> float:
    """Return a share in per cent, 0 of nothing."""
    return 100 * part / whole if whole else 0.0


def vague_rate(texts: Iterable[Text]) -> float:
    """Return how many vague words there are per 100 words."""
    texts = tuple(texts)
    return per_cent(sum(len(text.vague) for text in texts), sum(len(text.words) for text in texts))


def with_vague_words(texts: Iterable[Text]) -> list[Text]:
    """Return the texts that have a vague word."""
    return [text for text in texts if text.vague]


@functools.cache
def prose_of(path: Path) -> Prose:
    """Read the prose of one Python file."""
    source = path.read_text(encoding="utf-8")
    docstrings, strings = _strings(ast.parse(source, str(path)))
    return Prose(
        files=1,
        lines=sum(bool(line.strip()) for line in source.splitlines()),
        docstrings=tuple(Text(path, *found) for found in docstrings),
        comments=tuple(Text(path, *found) for found in _comments(source)),
        messages=tuple(text for found in strings if len((text := Text(path, *found)).words) >= MESSAGE_WORDS),
    )


def prose_in(paths: Iterable[Path]) -> Prose:
    """Read the prose of several files."""
    return sum(map(prose_of, paths), NO_PROSE)


def _strings(tree: ast.Module) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Return line and text of docstrings, and of other strings.

    A docstring documents a module, class, function or, behind its assignment, an attribute.
    """
    documented: list[ast.Constant] = []
    others = []
    # A node comes before those inside it, so docstrings and parts of other strings are known when their turn comes.
    known: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and node not in known:
                others.append((node.lineno, node.value))
        elif isinstance(node, ast.JoinedStr):
            pieces = [str(piece.value) if isinstance(piece, ast.Constant) else " {} " for piece in node.values]
            others.append((node.lineno, "".join(pieces)))
            known.update(node.values)
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found = list(_docstrings(node.body))
            documented += found
            known.update(found)
    return [(node.lineno, str(node.value)) for node in documented], others


def _docstrings(body: list[ast.stmt]) -> Iterator[ast.Constant]:
    before: ast.stmt | None = None
    for statement in body:
        if (before is None or isinstance(before, ast.Assign | ast.AnnAssign)) and (found := _alone(statement)):
            yield found
        before = statement


def _alone(statement: ast.stmt) -> ast.Constant | None:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _comments(source: str) -> Iterator[tuple[int, str]]:
    line, place = 1, 0
    for found in STRING_OR_COMMENT.finditer(source):
        line, place = line + source.count("\n", place, found.start()), found.start()
        if (comment := found["comment"]) and not DIRECTIVE.match(comment):
            yield line, comment.lstrip("# ")


# Which files there are.


def core_files() -> dict[str, list[Path]]:
    """Return the modules of the core by wing."""
    core = ROOT / "datacard_core"
    found = {"core": sorted(core.glob("*.py"))}
    for folder in sorted(path for path in core.iterdir() if path.is_dir()):
        if files := sorted(folder.rglob("*.py")):
            found[f"core/{folder.name}"] = files
    return found


def plugin_files() -> dict[str, list[Path]]:
    """Return the modules of each built-in plugin."""
    folders = sorted(path for path in (ROOT / "plugins").iterdir() if path.is_dir())
    return {f"plugins/{folder.name}": files for folder in folders if (files := sorted(folder.rglob("*.py")))}


def other_files() -> dict[str, list[Path]]:
    """Return what else is shipped or shown: pytest's plugin and the examples, without their tests."""
    examples = sorted(path for path in (ROOT / "examples").rglob("*.py") if "tests" not in path.relative_to(ROOT).parts)
    return {"pytest_datacard": sorted((ROOT / "pytest_datacard").rglob("*.py")), "examples": examples}


def all_files() -> dict[str, list[Path]]:
    """Return all files whose prose is measured, by wing."""
    return {**core_files(), **plugin_files(), **other_files()}


def prose_of_all(by_wing: dict[str, list[Path]]) -> Prose:
    """Read the prose of all files of a table of wings."""
    return prose_in(path for files in by_wing.values() for path in files)


# Tests.


@attrs.frozen
class TestFunction:
    """A test, its place and its docstring."""

    __test__ = False

    path: Path
    line: int
    name: str
    docstring: str | None

    @property
    def place(self) -> str:
        """File and line, as an editor takes them."""
        return f"{self.path.relative_to(ROOT)}:{self.line}"

    @property
    def words(self) -> int:
        """How many words its name has behind `test_`."""
        return len(self.name.removeprefix("test_").split("_"))


def _functions(node: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """Yield the functions of a module and of its classes."""
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            yield statement
        elif isinstance(statement, ast.ClassDef):
            yield from _functions(statement)


@functools.cache
def tests() -> list[TestFunction]:
    """Return every test of the project and of its examples."""
    paths = [path for folder in ("tests", "examples") for path in sorted((ROOT / folder).rglob("test_*.py"))]
    return [
        TestFunction(path, node.lineno, node.name, ast.get_docstring(node))
        for path in paths
        for node in _functions(ast.parse(path.read_text(encoding="utf-8")))
        if node.name.startswith("test_")
    ]


# The table.

COLUMNS = ("wing", "files", "lines", "docstrings", "openings %", "vague %", "in messages %", "comments %")


def table() -> str:
    """Return the figures of each wing and of all as text."""
    wings = {name: prose_in(files) for name, files in all_files().items()}
    wings["core and plugins"] = prose_of_all({**core_files(), **plugin_files()})
    wings["total"] = prose_of_all(all_files())
    rows = [COLUMNS, *(_row(name, prose) for name, prose in wings.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(cells))
        for cells in (zip(row, widths, strict=True) for row in rows)
    ]
    every = tests()
    long, silent = sum(test.words > MOST_WORDS for test in every), sum(not test.docstring for test in every)
    lines += ["", f"tests: {len(every)}, {long} names of more than {MOST_WORDS} words, {silent} without docstring"]
    return "\n".join(lines)


def _row(name: str, prose: Prose) -> tuple[str, ...]:
    rates = (prose.opening_share, prose.vague_rate, prose.message_rate, prose.comment_share)
    counts = (prose.files, prose.lines, len(prose.docstrings))
    return name, *map(str, counts), *(f"{rate:.2f}" for rate in rates)


def offenders() -> Iterator[str]:
    """Yield a line for each bad opening and each text with vague words."""
    prose = prose_of_all(all_files())
    yield from (f"{text.place}: begins with {text.opening!r}" for text in prose.bad_openings)
    for text in with_vague_words((*prose.docstrings, *prose.comments, *prose.messages)):
        yield f"{text.place}: {', '.join(text.vague)}"


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
    if "-v" in sys.argv[1:]:
        sys.stdout.writelines(f"{line}\n" for line in offenders())
