"""Every command and option that the documentation names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datacard_core.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_of_datacard_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known = {option for command in main.commands.values() for parameter in command.params for option in parameter.opts}
    named = {
        option
        for line in re.findall(r"^(?:\S*/)?datacard .*$", text, re.MULTILINE)
        for option in re.findall(r" (--?[a-z][a-z-]*)", line)
    }
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = re.findall(r"`((?:docs|plugins|datacard_core|benchmarks)/[\w/.-]+\.\w+)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_on_a_page_is_python(page: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        compile(block, page.name, "exec")
