"""A built-in plugin has nothing that a stranger's could not have: a copy of it elsewhere makes the same cards."""

from __future__ import annotations

import importlib
import re
import shutil
import sys
from typing import TYPE_CHECKING

import attrs
import pytest

from datacard_core import DEFAULT_PLUGINS, Analysis, load_plugins
from datacard_core.demo import write_demo
from datacard_core.demo.analysis import analysis as demo_analysis
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from datacard_core import Cards

    Copy = Callable[[str], str]

PLUGINS = ROOT / "plugins"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("demo") / "demo").output


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copy]:
    """Make a copy of a built-in plugin: another module, of another distribution, under another name."""
    folder = tmp_path / "installed"
    monkeypatch.syspath_prepend(folder)

    def copy_(name: str) -> str:
        module, package = f"acme_{name}", folder / f"acme_{name}"
        shutil.copytree(PLUGINS / name / f"datacard_{name}", package, ignore=shutil.ignore_patterns("__pycache__"))
        for file in package.rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            # only where it is imported: hooks are called like that too
            text = re.sub(rf"\b(from|import) datacard_{name}\b", rf"\1 {module}", text)
            file.write_text(text, encoding="utf-8")
        metadata = folder / f"acme_{name}-2.5.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 2.5\n")
        (metadata / "entry_points.txt").write_text(f"[datacard_core.plugins]\n{module} = {module}\n")
        importlib.invalidate_caches()
        return module

    yield copy_
    for module in [module for module in sys.modules if module.startswith("acme_")]:
        del sys.modules[module]


def built(output: Path, *selected: str, block: Sequence[str] = ()) -> Cards:
    analysis: Analysis = attrs.evolve(demo_analysis, plugins=load_plugins(*DEFAULT_PLUGINS, *selected, block=block))
    return analysis.build(output)


def written(cards: Cards, folder: Path, *plots: str) -> dict[str, bytes]:
    """What cards are written as, by file; of texts the lines that are no comments."""
    cards.dump(folder)
    if plots:
        cards["SR"].plot(folder, *plots)
    return {
        path.name: b"".join(line for line in path.read_bytes().splitlines(keepends=True) if not line.startswith(b"#"))
        if path.suffix == ".txt"
        else path.read_bytes()
        for path in folder.iterdir()
    }


@pytest.mark.parametrize("name", DEFAULT_PLUGINS)
def test_a_copy_of_a_built_in_plugin_makes_the_same_cards(name: str, copy: Copy, output: Path, tmp_path: Path) -> None:
    original = built(output)
    copied = built(output, copy(name), block=[name])
    assert name not in copied.analysis.plugins
    plots = tuple(original.analysis.plugins.plots) if name == "plots" else ()
    assert written(copied, tmp_path / "copied", *plots) == written(original, tmp_path / "original", *plots)
    assert copied.findings == original.findings


def test_copies_of_all_built_in_plugins_make_the_same_cards_and_are_named_in_them(
    copy: Copy, output: Path, tmp_path: Path
) -> None:
    copied = built(output, *map(copy, DEFAULT_PLUGINS), block=DEFAULT_PLUGINS)
    assert written(copied, tmp_path / "copied") == written(built(output), tmp_path / "original")
    assert set(copied.analysis.plugins.origins.values()) == {f"acme-{name} 2.5" for name in DEFAULT_PLUGINS}
    header = [line for line in copied["SR"].content().splitlines() if line.startswith("# plugins of")]
    assert header == [
        f"# plugins of acme-{name} 2.5: acme_{name}"
        for name in ("coffea", "combine", "lnn", "mcstats", "rateparam", "root", "shape")
    ]
