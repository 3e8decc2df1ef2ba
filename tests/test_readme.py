"""The README is run, not believed."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Datacard,
    SystematicUncertainty,
    __version__,
    hookspecs,
    load_plugins,
)
from datacard_core.demo import write_demo
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CardArguments, Install

README = (ROOT / "README.md").read_text(encoding="utf-8")


ACME_GMN = {"acme_gmn": "datacard_acme_gmn"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.fixture
def demo_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_demo(tmp_path / "datacard-demo")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_complete_example_writes_cards_templates_and_the_script(demo_folder: Path) -> None:
    (example,) = [block for block in blocks("python") if "combine_datacards(" in block]
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - that is the claim
    assert sorted(path.name for path in (demo_folder / "cards").iterdir()) == [
        "combine_datacards_run3.sh",
        "datacard_CR1_run3.txt",
        "datacard_CR2_run3.txt",
        "datacard_SR_run3.txt",
        "shapes_CR1_run3.root",
        "shapes_CR2_run3.root",
        "shapes_SR_run3.root",
    ]


def test_the_complete_example_declares_what_its_cards_say(demo_folder: Path) -> None:
    (example,) = [block for block in blocks("python") if "combine_datacards(" in block]
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102
    card = (demo_folder / "cards" / "datacard_SR_run3.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split()[:2] for line in card]
    # 3 main years of lumi, 2 more lnN, 6 correlated shapes, 2 shapes in 5 years each, and sf_btag.
    assert sum(row[-1:] == ["lnN"] for row in rows) == 3 + 2
    assert sum(row[-1:] == ["shape"] for row in rows) == 6 + 2 * 5 + 1
    assert ["kmax", "22"] in rows
    assert sum(row == ["SF_ttbar", "rateParam"] for row in rows) == 5


def test_the_example_of_choosing_plugins_runs() -> None:
    (example,) = [block for block in blocks("python") if "load_plugins()" in block]
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102


GAMMA = """
from datacard_core import FreeParameter, SystematicKind, hookimpl

class Gamma(SystematicKind):
    typ = "acmeGmn"
    def effects(self, target):
        return [FreeParameter("acme", target.positions)]

@hookimpl
def datacard_systematic_kinds():
    return [Gamma()]
"""


def test_a_card_begins_with_what_made_it(install: Install, card_arguments: CardArguments) -> None:
    install("datacard_acme_gmn", GAMMA, distribution="datacard-acme-gmn", version="1.2.0", entry_points=ACME_GMN)
    arguments = card_arguments()
    arguments["systematics"]["acme"] = SystematicUncertainty("acme", "acmeGmn", ["top"], ["2022"], 1.0)
    card = Datacard(**arguments, plugins=load_plugins(*DEFAULT_PLUGINS, "acme_gmn"))
    (shown,) = [block for block in blocks("text") if block.startswith("# datacard_core ")]
    assert card.content().startswith(re.sub(r"(datacard.core) 0\.1\.0", rf"\1 {__version__}", shown))


def test_the_plugin_shown_whole_is_the_file_itself() -> None:
    source = (ROOT / "plugins" / "lnn" / "datacard_lnn" / "__init__.py").read_text(encoding="utf-8")
    assert source in blocks("python")


def test_every_hook_has_a_row_with_its_arguments() -> None:
    hooks = {
        f"`{name}{inspect.signature(hook).replace(return_annotation=inspect.Signature.empty)}`"
        for name, hook in vars(hookspecs).items()
        if hasattr(hook, f"{hookspecs.PROJECT}_spec")
    }
    rows = set(re.findall(r"^\| (`datacard_\w+\(.*?\)`) \|", README, re.MULTILINE))
    assert rows == hooks


def test_every_built_in_plugin_has_a_row() -> None:
    _, _, section = README.partition("## Choosing plugins")
    section, _, _ = section.partition("## Writing a plugin")
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(DEFAULT_PLUGINS)
