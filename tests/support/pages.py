"""Markdown pages whose code runs from top to bottom, as a reader would run it, and prints the text on the page."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tomllib
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import attrs
from click.testing import CliRunner

from datacard_core.cli.commands import main
from datacard_core.hookspecs import ENTRY_POINT_GROUP
from tests.support.inner_pytest import run_pytest
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pytest


FILE = re.compile(r"# ([\w/.-]+\.py)\n")
"""First line of a block that is a file, not a session."""

_SNIPPET = re.compile(r'^--8<-- "([^"]+)"\n', re.MULTILINE)
_VERSION = re.compile(r"(?<= )\d+\.\d+\.\d+\S*?(?=:|\s|$)")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)


@attrs.frozen
class Block:
    """One block of code, with its place on the page."""

    language: str
    text: str
    line: int
    section: str

    @property
    def file(self) -> str:
        """Name of the file that the block is, or an empty text."""
        found = FILE.match(self.text) if self.language == "python" else None
        return found[1] if found else ""


def read(name: str) -> str:
    """Return the text of a page, with the files that it includes as on the site."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return _SNIPPET.sub(lambda found: read(found[1]), text)


def blocks(page: str) -> list[Block]:
    """Return all blocks of a page; headings of both levels begin a section."""
    headings = [(found.start(), found[1]) for found in _HEADING.finditer(_without_code(page))]
    return [
        Block(
            found[1],
            found[2],
            page.count("\n", 0, found.start()) + 2,
            next((title for start, title in reversed(headings) if start < found.start()), ""),
        )
        for found in _BLOCK.finditer(page)
    ]


def section(page: str, title: str) -> str:
    """Return the text between a heading and the next heading."""
    headings = list(_HEADING.finditer(_without_code(page)))
    ends = [found.start() for found in headings[1:]] + [len(page)]
    return next((page[found.end() : end] for found, end in zip(headings, ends, strict=True) if found[1] == title), "")


def _without_code(page: str) -> str:
    """Return the page with its code blanked out, since a comment in code is not a heading."""
    return _BLOCK.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), page)


@attrs.define(kw_only=True)
class Reader:
    """Reader who follows a page in an empty folder, from its beginning to one of its sections."""

    folder: Path
    patch: pytest.MonkeyPatch
    names: dict[str, Any] = attrs.field(factory=dict)
    printed: str = ""
    found: list[Path] = attrs.field(factory=list)
    """Folders that were put on the path for imports."""

    def follow(self, page: Sequence[Block], title: str) -> None:
        """Write the files of the page up to that section and install its packages, and run the section itself."""
        self.patch.chdir(self.folder)
        self._import_from(self.folder)
        last = max(position for position, block in enumerate(page) if block.section == title)
        for block in page[: last + 1]:
            if block.section == title:
                self._do(block)
            elif block.file:
                self._write(block)
            elif block.language == "bash":
                self._repeat(block)

    def _do(self, block: Block) -> None:
        if block.file:
            self._write(block)
        elif block.language == "python":
            self.printed = self._executed(block)
        elif block.language == "bash":
            self.printed = "".join(self._called(words) for words in commands(block))
        elif block.language == "toml":
            self._look_at(tomllib.loads(block.text))
        elif block.language == "text":
            expected = _comparable(block.text)
            assert matches(expected, _comparable(self.printed)), f"line {block.line}: printed is\n{self.printed}"

    def _repeat(self, block: Block) -> None:
        """Make and install the packages of an earlier section, which later sections need."""
        for words in commands(block):
            if words[:2] == ["datacard", "new-plugin"] or words[:4] == ["python", "-m", "pip", "install"]:
                self._called(words)

    def _write(self, block: Block) -> None:
        path = self.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")

    def _executed(self, block: Block) -> str:
        code = compile("\n" * (block.line - 1) + block.text, "the page", "exec", dont_inherit=True)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, self.names)  # noqa: S102 - that is the claim
        return printed.getvalue()

    def _called(self, words: list[str]) -> str:
        if words[0] == "datacard":
            result = CliRunner().invoke(main, words[1:], catch_exceptions=False)
            assert result.exit_code == 0, result.output
            return result.output
        assert words[:2] == ["python", "-m"], f"the tests cannot run {shlex.join(words)}"
        if words[2] == "pytest":
            return self._tested(words[3:])
        if words[2:4] == ["pip", "install"]:
            self._install(words[4:])
        else:
            assert words[2] in ("build", "twine"), f"the tests cannot run {shlex.join(words)}"
            assert [word for word in words[3:] if (self.folder / word.removesuffix("/dist/*")).is_dir()], words
        return ""

    def _tested(self, arguments: list[str]) -> str:
        plugins = [] if _fixtures_are_installed() else ["-p", "pytest_datacard"]
        # The warnings of a new package would frighten its author.
        code, printed = run_pytest(self.folder, [*plugins, "-W", "error", *arguments])
        assert code == 0, printed
        return printed

    def _install(self, wanted: list[str]) -> None:
        """Make the plugins of a folder known as an editable install does, and check the other names."""
        for word in wanted:
            if word == "-e":
                continue
            name, _, extra = word.removesuffix("]").partition("[")
            if name == ".":  # the repository
                extras = tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"]
                assert extra in {"", *extras}
            elif (self.folder / name).is_dir():
                project = tomllib.loads((self.folder / name / "pyproject.toml").read_text(encoding="utf-8"))["project"]
                assert extra in {"", *project["optional-dependencies"]}
                self._make_known(name, project)
            else:
                assert word in ("build", "twine")

    def _make_known(self, name: str, project: dict[str, Any]) -> None:
        info = self.folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        points = "".join(f"{point} = {value}\n" for point, value in project["entry-points"][ENTRY_POINT_GROUP].items())
        (info / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{points}", encoding="utf-8")
        self._import_from(self.folder / name)

    def _look_at(self, document: dict[str, Any]) -> None:
        for points in document["project"]["entry-points"].values():
            # The page shows the package of a verb, and not its module.
            for package in (value.partition(".")[0] for value in points.values()):
                assert [path for path in self.found if (path / package / "__init__.py").is_file()], package

    def _import_from(self, folder: Path) -> None:
        self.patch.syspath_prepend(folder)
        self.found.insert(0, folder)

    def forget(self) -> None:
        """Remove the modules of the page from the interpreter."""
        # Texts, since paths of thousands of modules take longer than most sections.
        start = f"{self.folder}{os.sep}"
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", "")).startswith(start):
                del sys.modules[name]


def commands(block: Block) -> Iterator[list[str]]:
    """Yield the words of each command of a block."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            yield words


def matches(expected: str, printed: str) -> bool:
    """Return True if the expected text was printed, where a line of three points stands for any lines."""
    parts = [re.escape(part) for part in re.split(r"^…\n", expected, flags=re.MULTILINE)]
    return re.fullmatch("(?:.*\n)*?".join(parts), printed) is not None


def _comparable(text: str) -> str:
    """Return a text without version numbers, and without blanks at its end."""
    return _VERSION.sub("1.2.3", text).rstrip() + "\n"


def _fixtures_are_installed() -> bool:
    return any(point.value == "pytest_datacard" for point in entry_points(group="pytest11"))
