"""README: its code runs, its commands are those of CI, and its links lead to files."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support import pages, picture
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core.demo import DemoFiles

README = pages.read("README.md")
BLOCKS = pages.blocks(README)
PNG = b"\x89PNG\r\n\x1a\n"


def texts(language: str) -> list[str]:
    """Return the blocks of one language."""
    return [block.text for block in BLOCKS if block.language == language]


@pytest.fixture
def demo_folder(demo_files: DemoFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder in which `datacard demo` was run, as the working directory."""
    shutil.copytree(demo_files.output.parent, tmp_path / "datacard-demo")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_analysis_writes_cards(demo_folder: Path) -> None:
    """The example writes cards, templates and the script that combines them."""
    (example,) = texts("python")
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - the claim is that it runs
    assert sorted(path.name for path in (demo_folder / "cards").iterdir()) == [
        "combine_datacards_run3.sh",
        "datacard_CR1_run3.txt",
        "datacard_SR_run3.txt",
        "shapes_CR1_run3.root",
        "shapes_SR_run3.root",
    ]


def test_analysis_is_short() -> None:
    """The example has twelve statements on as many lines."""
    (example,) = texts("python")
    assert len(list(filter(None, example.splitlines()))) == 12


def test_commands_are_those_of_ci() -> None:
    """The first block runs the demo and the second one the tests: `.ci/run` takes them by number."""
    demo, tests = texts("bash")
    assert demo.endswith("datacard demo\n")
    assert tests.endswith("pytest -n auto --dist loadfile\n")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\(readme_command (\d)\)", script)) == {"1", "2"}


def test_links_lead_to_files() -> None:
    """Every link and picture of the README is a file of the repository."""
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).is_file()] == []


@pytest.mark.slow
def test_picture_is_drawn(tmp_path: Path) -> None:
    """The script of the picture draws a PNG file of moderate size."""
    picture.draw(tmp_path / "demo.png")
    for path in (tmp_path / "demo.png", ROOT / picture.PICTURE):
        content = path.read_bytes()
        assert content.startswith(PNG)
        assert len(content) < 200_000
    assert f"]({picture.PICTURE})" in README
