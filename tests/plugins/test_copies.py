"""Copies of the built-in plugins in other distributions, which use only what any plugin can use."""

from __future__ import annotations

import functools
import importlib
import re
import shutil
import sys
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from datacard_core import DEFAULT_PLUGINS, Datacard, load_plugins
from tests.conftest import small_analysis
from tests.support.demo_files import SMALL_DEMO, save
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from datacard_core import Cards, Plugins

    Copy = Callable[[str], str]

PLUGINS = ROOT / "plugins"

pytestmark = pytest.mark.slow  # builds the demo for each copy


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """Make a copy of a built-in plugin: another module, of another distribution, under another name.

    Each plugin is copied once, as Python compiles the copy anew. An installed plugin takes part only if it is selected.
    """
    folder = tmp_path_factory.mktemp("installed")

    @functools.cache
    def copy_(name: str) -> str:
        module, package = f"acme_{name}", folder / f"acme_{name}"
        shutil.copytree(PLUGINS / name / f"datacard_{name}", package, ignore=shutil.ignore_patterns("__pycache__"))
        for file in package.rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            # Imports only: the names of hooks begin with datacard_ too.
            text = re.sub(rf"\b(from|import) datacard_{name}\b", rf"\1 {module}", text)
            file.write_text(text, encoding="utf-8")
        metadata = folder / f"acme_{name}-2.5.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 2.5\n")
        (metadata / "entry_points.txt").write_text(f"[datacard_core.plugins]\n{module} = {module}\n")
        importlib.invalidate_caches()
        return module

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield copy_
    for module in [module for module in sys.modules if module.startswith("acme_")]:
        del sys.modules[module]


@attrs.frozen(eq=False)
class Original:
    """The small demo with the built-in plugins."""

    output: Path
    cards: Cards
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def original(small_demo: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Original:
    folder = tmp_path_factory.mktemp("demo")
    output = save(folder / "output_all.coffea", small_demo)
    cards = built(output)
    return Original(output, cards, written(cards, folder / "cards"))


def built(output: Path, *selected: str, block: Sequence[str] = ()) -> Cards:
    analysis = attrs.evolve(SMALL_DEMO, plugins=load_plugins(*DEFAULT_PLUGINS, *selected, block=block))
    return analysis.build(output)


def written(cards: Cards, folder: Path) -> dict[str, bytes]:
    """Return the files of the cards by name; of texts the lines that are not comments."""
    cards.dump(folder)
    return {
        path.name: b"".join(line for line in path.read_bytes().splitlines(keepends=True) if not line.startswith(b"#"))
        if path.suffix == ".txt"
        else path.read_bytes()
        for path in folder.iterdir()
    }


def drawn(folder: Path, plugins: Plugins) -> dict[str, bytes]:
    """Return the files of all plots of a small card by name."""
    card = Datacard(**small_analysis(plugins=plugins))
    return {path.name: path.read_bytes() for path in card.plot(folder)}


@pytest.mark.parametrize("name", DEFAULT_PLUGINS)
def test_copy_of_one_plugin(name: str, copy: Copy, original: Original, tmp_path: Path) -> None:
    """The demo has the same cards, templates and findings with a copy in place of the plugin."""
    copied = built(original.output, copy(name), block=[name])
    assert name not in copied.plugins
    assert written(copied, tmp_path / "cards") == original.files
    assert copied.findings == original.cards.findings


def test_copy_of_plots(copy: Copy, tmp_path: Path) -> None:
    """A card has the same plots, to the byte, with a copy of the plugin that draws them."""
    plugins = load_plugins()
    copied = load_plugins(*DEFAULT_PLUGINS, copy("plots"), block=["plots"])
    assert list(copied.plots) == list(plugins.plots)
    files = drawn(tmp_path / "copied", copied)
    assert len(files) == len(plugins.plots)
    assert files == drawn(tmp_path / "original", plugins)


def test_copies_of_all_plugins(copy: Copy, original: Original, tmp_path: Path) -> None:
    """The demo has the same cards with copies of all plugins, which the provenance names."""
    copied = built(original.output, *map(copy, DEFAULT_PLUGINS), block=DEFAULT_PLUGINS)
    assert written(copied, tmp_path / "cards") == original.files
    assert set(copied.plugins.origins.values()) == {f"acme-{name} 2.5" for name in DEFAULT_PLUGINS}
    header = [line for line in copied["SR"].content().splitlines() if line.startswith("# plugins of")]
    assert header == [
        f"# plugins of acme-{name} 2.5: acme_{name}"
        for name in ("coffea", "combine", "lnn", "mcstats", "rateparam", "root", "shape")
    ]
