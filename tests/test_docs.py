"""Documentation: its code runs, and the commands, options, files and names on its pages exist."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import datacard_core
import datacard_core.testing
from datacard_core import (
    API_VERSION,
    DEFAULT_PLUGINS,
    Datacard,
    Directive,
    Effect,
    PluginError,
    SystematicUncertainty,
    __version__,
    load_plugins,
)
from datacard_core.testing import assert_plugin
from tests.support import findings_page, kinds_page, pages, plot_options, public_api
from tests.support.commands import verbs
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core.demo import DemoFiles
    from tests.conftest import CardArguments, Install


PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
PLUGINS = pages.read("docs/plugins.md")
BLOCKS = pages.blocks(PLUGINS)
HOOKS = public_api.hooks()
GIVEN = ("Axis", "CardContext", "Channel", "Column", "NamedTemplates", "Nuisance", "Target", "Templates")
"""Classes of the objects that a plugin is given."""

CONFORMING: Mapping[str, Mapping[str, Any]] = {
    "acme_mirror": {"examples": {"acmeMirror": [{"value": 1}, {"value": 1, "options": {"shift": "Down"}}]}},
    "acme_flat": {"examples": {"acmeFlat": {"value": 1}}},
    "acme_generator": {"examples": {"acmeGenerator": {"value": 1, "options": {"sample": "TTbar_other"}}}},
    "acme_yields": {},
    "acme_few_events": {},
    "acme_total": {},
    "acme_json": {"files": {"acme-json": "yields.json"}},
    "acme_bridge": {"examples": {"acmeGmn": {"value": 12}}, "beside": ["acme_yields", "datacard_acme_gmn"]},
    "acme_groups": {"examples": {"acmeGroup": {"options": {"prefix": "lumi"}}}},
}
"""Modules of the page, with the inputs for each that the kit cannot make."""

YIELDS = {
    "category": "SR",
    "year": "2024",
    "variable": "mass",
    "edges": [0, 100, 200],
    "samples": {"Top": {"nominal": [[20, 10], [2, 1]]}, "Data": [22, 9]},
}


def test_options_exist() -> None:
    """The options of `datacard` that a page names exist."""
    known = {option for command in verbs().values() for parameter in command.params for option in parameter.opts}
    unknown = {page: options_in(pages.read(page)) - {*known, "--help"} for page in PAGES}
    assert {page: options for page, options in unknown.items() if options} == {}


def options_in(text: str) -> set[str]:
    """Return the options of `datacard` in lines of commands, and in commands within a line."""
    commands = re.findall(r"^(?:\S*/)?datacard .*$", text, re.MULTILINE)
    named = {option for line in commands for option in re.findall(r" (--?[a-z][a-z-]*)", line)}
    return named | {
        option for line in re.findall(r"`datacard [^`]*`", text) for option in re.findall(r" (--?[a-z-]+)", line)
    }


def test_commands_exist() -> None:
    """The commands of `datacard` that a page names exist."""
    command = re.compile(r"(?:^|`)(?:\S*/)?datacard ([a-z][a-z-]*)\b", re.MULTILINE)
    unknown = {page: set(command.findall(pages.read(page))) - set(verbs()) for page in PAGES}
    assert {page: names for page, names in unknown.items() if names} == {}


def test_files_exist() -> None:
    """The files and folders of the repository that a page names exist."""
    folders = r"docs|plugins|datacard_core|benchmarks|examples|tests|\.ci|\.github"
    named = {
        (page, name) for page in PAGES for name in re.findall(rf"`((?:{folders})/[\w/.-]*\w)/?`", pages.read(page))
    }
    assert [(page, name) for page, name in sorted(named) if not (ROOT / name).exists()] == []


def test_python_compiles() -> None:
    """All Python blocks of a page are valid Python."""
    for page in PAGES:
        for block in pages.blocks(pages.read(page)):
            if block.language == "python":
                compile(block.text, page, "exec")


def test_pages_are_in_navigation() -> None:
    """Every page of the site is in its navigation."""
    navigation = pages.read("mkdocs.yml")
    names = [page.removeprefix("docs/") for page in PAGES if page != "README.md"]
    assert [name for name in names if f": {name}\n" not in navigation] == []


def test_project_files_are_included() -> None:
    """The site includes the files of the project that stand in its top folder."""
    for title in ("CONTRIBUTING", "SECURITY", "CHANGELOG"):
        assert pages.read(f"docs/{title.lower()}.md") == pages.read(f"{title}.md")


def test_snippets_are_expanded() -> None:
    """A page is read with the files that it includes."""
    assert "--8<--" not in "".join(pages.read(page) for page in PAGES)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pages.Reader]:
    reader = pages.Reader(folder=tmp_path, patch=monkeypatch)
    yield reader
    reader.forget()


def sections() -> Iterator[Any]:
    """Yield the sections with code; those that run pytest in a fresh interpreter are slow."""
    for section in dict.fromkeys(block.section for block in BLOCKS):
        slow = any(block.section == section and "-m pytest" in block.text for block in BLOCKS)
        yield pytest.param(section, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.slow
@pytest.mark.parametrize("section", list(sections()))
def test_code_about_plugins(section: str, reader: pages.Reader) -> None:
    """The code of a section runs, and prints the text that stands below it."""
    reader.follow(BLOCKS, section)


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
def test_plugins_of_page_conform(reader: pages.Reader) -> None:
    """Every plugin on the page passes the conformance kit."""
    reader.follow(BLOCKS, "New effects and directives")
    (reader.folder / "yields.json").write_text(json.dumps(YIELDS), encoding="utf-8")
    for module, given in CONFORMING.items():
        beside = [importlib.import_module(name) for name in given.get("beside", ())]
        assert_plugin(importlib.import_module(module), **{**given, "beside": beside})


def test_all_plugins_of_page_are_tested() -> None:
    """Every plugin on the page is in the table of conforming plugins."""
    plugins = {Path(block.file).stem for block in BLOCKS if block.file and "@hookimpl\n" in block.text}
    # The page itself has tests of acme_gmn and acme_csv.
    assert plugins - {"__init__", "acme_csv", "acme_mistyped"} == set(CONFORMING)


def test_languages_of_blocks() -> None:
    """All blocks about plugins have a language that the tests run."""
    assert {block.language for block in BLOCKS} == {"bash", "python", "text", "toml"}


def test_output_is_compared() -> None:
    """Printed text must equal the text of the page, except where three points stand."""
    assert pages.matches("one\n…\nthree\n", "one\ntwo\ntwo\nthree\n")
    assert pages.matches("one\n…\n", "one\n")
    assert not pages.matches("one\n…\nthree\n", "one\ntwo\n")
    assert not pages.matches("one\n", "one\ntwo\n")


def test_hooks_have_sections() -> None:
    """Every hook has a section with its signature and an example."""
    for hook, declared in HOOKS.items():
        section = pages.section(PLUGINS, f"{hook}()")
        assert f"`{hook}{public_api.signature(declared)}`" in section
        assert f"@hookimpl\ndef {hook}() -> " in section


def test_interfaces_are_documented() -> None:
    """The section of a hook has every method and attribute of its interface."""
    for hook, declared in HOOKS.items():
        interface = inspect.signature(declared).return_annotation.removeprefix("Iterable[").removesuffix("]")
        assert missing_in(pages.section(PLUGINS, f"{hook}()"), getattr(datacard_core, interface)) == [], hook


def test_algebra_is_documented() -> None:
    """The section about effects has every method and attribute of effects and directives."""
    section = pages.section(PLUGINS, "New effects and directives")
    assert [missing_in(section, algebra) for algebra in (Effect, Directive)] == [[], []]


def missing_in(text: str, interface: type) -> list[str]:
    """Return the members of a class that a text lacks, in the form that a page must have."""
    lines = [
        line.removeprefix(f"{interface.__name__}.") for line in public_api.class_lines(interface, interface.__name__)
    ]
    # The page states default values in words.
    signatures = [line.partition(" = ")[0] if ": ClassVar" in line else line for line in lines[1:]]
    if attrs.has(interface):
        fields = {field.name for field in attrs.fields(interface)}
        signatures = [line for line in signatures if line.partition(":")[0] not in fields]
        signatures[0] = signatures[0].replace("__init__", interface.__name__)
    return [line for line in signatures if f"`{line}`" not in text]


def test_missing_method_is_noticed() -> None:
    """A method with another signature on the page is missing."""

    class Check:
        name: str

        def run(self, channel: str) -> None: ...

    assert missing_in("`name: str` and `run(self, channel: bytes) -> None`", Check) == [
        "run(self, channel: str) -> None"
    ]


@pytest.mark.slow
def test_given_classes_are_documented() -> None:
    """The table of given objects has every public member of their classes."""
    rows = pages.section(PLUGINS, "What a plugin is given").splitlines()
    for given in GIVEN:
        (row,) = [row for row in rows if row.startswith(f"| `{given}` |")]
        members = [
            line.split(".")[1] for line in public_api.class_lines(getattr(datacard_core, given), given) if "." in line
        ]
        names = [re.split(r"[(:]", member)[0] for member in members if not member.startswith("_")]
        assert [name for name in names if not re.search(rf"`{name}[`(]", row)] == [], given


@pytest.mark.slow
def test_hooks_are_tested() -> None:
    """Every hook is implemented in a test other than those of this page."""
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path.name != Path(__file__).name]
    sources = [source for path in tests if "@hookimpl" in (source := path.read_text(encoding="utf-8"))]
    assert [hook for hook in HOOKS if not any(implements(source, hook) for source in sources)] == []


def implements(source: str, hook: str) -> bool:
    """Return True if a source implements a hook, possibly in the text of a module that a test writes."""
    return bool(re.search(rf"^\s*@hookimpl(?:\(.*\))?\n\s*def {hook}\(", source, re.MULTILINE))


def test_implementation_is_recognised() -> None:
    """Only a marked function of that name implements a hook."""
    assert implements("class Plugin:\n    @hookimpl\n    def datacard_checks(self): ...\n", "datacard_checks")
    assert not implements("# see datacard_checks()\ndef datacard_checks(): ...\n", "datacard_checks")


def test_plugin_errors_are_documented() -> None:
    """The page names every class of plugin errors."""
    text = pages.section(PLUGINS, "What can go wrong")
    errors = [
        name for name, value in vars(datacard_core).items() if inspect.isclass(value) and issubclass(value, PluginError)
    ]
    assert [name for name in errors if f"`{name}`" not in text] == []


@pytest.mark.slow
def test_promise_is_complete() -> None:
    """The promise names the public modules, the fixtures, the version, and the exceptions."""
    text = pages.section(PLUGINS, "The promise")
    named = [f"`{name}`" for name in public_api.MODULES[1:]]
    named += [f"`{name.removeprefix('datacard_core.')}`" for name in public_api.INTERNAL if "__init__" not in name]
    named += ["`datacard_core.__all__`", f'`"{API_VERSION}"`', "`tests/api.txt`"]
    named += [f"`{line.split()[1].rstrip(':')}`" for line in public_api.public_api() if line.startswith("fixture ")]
    assert [name for name in named if name not in text] == []


def test_imported_names_are_public() -> None:
    """The code on the page imports only public names of datacard_core."""
    imported = [
        name.strip()
        for block in BLOCKS
        for names in re.findall(r"^from datacard_core import \(?([\w\s,]+?)\)?$", block.text, re.MULTILINE)
        for name in names.split(",")
        if name.strip()
    ]
    assert imported
    assert [name for name in imported if name not in datacard_core.__all__] == []


def test_built_in_plugin_is_shown_whole() -> None:
    """The page shows the whole source of the plugin lnn."""
    source = (ROOT / "plugins" / "lnn" / "datacard_lnn" / "__init__.py").read_text(encoding="utf-8")
    assert source in [block.text for block in BLOCKS]


def test_hook_table_is_complete() -> None:
    """Every hook has a row with its arguments in the table of hooks."""
    signatures = {
        f"`{name}{inspect.signature(hook).replace(return_annotation=inspect.Signature.empty)}`"
        for name, hook in HOOKS.items()
    }
    rows = re.findall(r"^\| (`datacard_\w+\(.*?\)`) \|", pages.section(PLUGINS, "Hooks"), re.MULTILINE)
    assert set(rows) == signatures


def run(page: str, names: dict[str, Any]) -> str:
    """Run the Python blocks of a page one after another, and return the text that they print."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for block in pages.blocks(pages.read(page)):
            if block.language == "python":
                exec(compile(block.text, page, "exec"), names)  # noqa: S102 - the claim is that it runs
    return printed.getvalue()


@pytest.fixture(scope="module")
def demo_folder(demo_files: DemoFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which `datacard demo` was run; each test writes to a different subfolder."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(demo_files.output.parent, folder / "datacard-demo")
    return folder


@pytest.fixture(scope="module")
def migrated(demo_folder: Path) -> Path:
    """Cards that the script of the page about migration writes."""
    with contextlib.chdir(demo_folder):
        run("docs/migration.md", {})
    return demo_folder / "cards"


@pytest.mark.slow
def test_migration_script_writes_files(migrated: Path) -> None:
    """The complete script writes cards, templates and the script that combines them."""
    assert sorted(path.name for path in migrated.iterdir()) == [
        "combine_datacards_run3.sh",
        "datacard_CR1_run3.txt",
        "datacard_CR2_run3.txt",
        "datacard_SR_run3.txt",
        "shapes_CR1_run3.root",
        "shapes_CR2_run3.root",
        "shapes_SR_run3.root",
    ]


@pytest.mark.slow
def test_migration_script_declares_rows(migrated: Path) -> None:
    """The card has the rows that the complete script declares."""
    card = (migrated / "datacard_SR_run3.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split()[:2] for line in card]
    # 3 main years of lumi, 2 more lnN, 6 correlated shapes, 2 shapes in 5 years each, and sf_btag.
    assert sum(row[-1:] == ["lnN"] for row in rows) == 3 + 2
    assert sum(row[-1:] == ["shape"] for row in rows) == 6 + 2 * 5 + 1
    assert ["kmax", "22"] in rows
    assert sum(row == ["SF_ttbar", "rateParam"] for row in rows) == 5


def test_migration_imports_exist() -> None:
    """Every module in the table of import lines exists in datacard_core."""
    modules = re.findall(r"`from (datacard_core\.\S+) import …`", pages.read("docs/migration.md"))
    assert sorted(modules) == [name for name in sorted(public_api.MODULES) if name.startswith("datacard_core.stat")]


@pytest.mark.slow
def test_getting_started_runs(demo_folder: Path) -> None:
    """The steps of the page run on the demo's output, and write cards and plots."""
    names: dict[str, Any] = {}
    with contextlib.chdir(demo_folder / "datacard-demo"):
        printed = run("docs/getting-started.md", names)
    cards = demo_folder / "datacard-demo" / "cards"
    assert {path.name for path in cards.iterdir()} >= {"combine_datacards_run3.sh", "datacard_SR_run3.txt", "plots"}
    assert sorted(path.name for path in (cards / "plots").glob("stack_*")) == [
        "stack_CR1_run3.pdf",
        "stack_SR_run3.pdf",
    ]
    assert printed.startswith(f"{names['card'].observation}\n")


@pytest.mark.slow
@pytest.mark.parametrize("page", ["binning", "correlations", "data-driven", "names", "other-histograms", "unrolling"])
def test_page_runs(page: str, tmp_path: Path) -> None:
    """The code of a page about declarations runs, and its assertions hold."""
    with contextlib.chdir(tmp_path):
        run(f"docs/{page}.md", {})


@pytest.mark.slow
def test_choosing_plugins_runs() -> None:
    """The selections of plugins on the page are valid."""
    run("docs/choosing-plugins.md", {})


def test_built_in_plugins_have_rows() -> None:
    """The table of built-in plugins has every plugin of the built-in set."""
    section = pages.section(pages.read("docs/choosing-plugins.md"), "Built-in plugins")
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(DEFAULT_PLUGINS)


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


@pytest.mark.slow
def test_provenance_of_page(install: Install, card_arguments: CardArguments) -> None:
    """A card begins with the comments that the page shows."""
    points = {"acme_gmn": "datacard_acme_gmn"}
    install("datacard_acme_gmn", GAMMA, distribution="datacard-acme-gmn", version="1.2.0", entry_points=points)
    arguments = card_arguments(plugins=load_plugins(*DEFAULT_PLUGINS, "acme_gmn"))
    arguments["systematics"]["acme"] = SystematicUncertainty("acme", "acmeGmn", ["top"], ["2022"], 1.0)
    card = Datacard(**arguments)
    (shown,) = [
        block.text for block in pages.blocks(pages.read("docs/choosing-plugins.md")) if block.language == "text"
    ]
    assert card.content().startswith(re.sub(r"(datacard.core) 0\.1\.0", rf"\1 {__version__}", shown))


@pytest.mark.slow
def test_findings_page_is_generated() -> None:
    """The page of findings is the one that the registry makes; its first lines have the command."""
    assert pages.read("docs/findings.md") == findings_page.page()


@pytest.mark.slow
def test_kinds_page_is_generated() -> None:
    """The page of kinds is the one that their docstrings and examples make; its first lines have the command."""
    assert pages.read("docs/kinds.md") == kinds_page.page()


def test_options_of_plots() -> None:
    """The page on plots has the table of all options as the class explains them."""
    assert plot_options.table() in pages.read("docs/plots.md")


def test_kinds_page_runs() -> None:
    """The declarations of the page are right."""
    run("docs/kinds.md", {})


@pytest.mark.slow
def test_findings_page_runs() -> None:
    """The example on the page of findings runs."""
    names: dict[str, Any] = {}
    run("docs/findings.md", names)
    assert names["clipped"] == []


REFERENCE = re.findall(r"^::: (\S+)$", pages.read("docs/api.md"), re.MULTILINE)


def test_reference_is_complete() -> None:
    """The API reference has every public name and every hook once."""
    expected = [f"datacard_core.{name}" for name in datacard_core.__all__]
    expected += [f"datacard_core.testing.{name}" for name in datacard_core.testing.__all__]
    expected += [f"datacard_core.hookspecs.{name}" for name in HOOKS]
    assert sorted(REFERENCE) == sorted(expected)


def test_errors_are_drawn() -> None:
    """The tree of errors on the page is that of the classes."""
    (tree,) = [block.text for block in pages.blocks(pages.read("docs/api.md")) if block.language == "text"]
    levels: list[str] = []
    drawn = {}
    for line in tree.splitlines():
        indent, name = re.fullmatch(r"([ │├└─]*)(\w+)", line).groups()  # type: ignore[union-attr]
        levels[len(indent) // 4 :] = [name]
        drawn[name] = levels[-2:-1]
    errors = [name for name in REFERENCE if name.endswith("Error")]
    assert set(drawn) == {name.removeprefix("datacard_core.") for name in errors}
    for name, parents in drawn.items():
        bases = [base.__name__ for base in getattr(datacard_core, name).__mro__[1:]]
        assert [base for base in bases if base in {*drawn, "Exception"}][:1] == (parents or ["Exception"])


def test_citation_names_version() -> None:
    """The citation file has the version and the licence of the package."""
    lines = pages.read("CITATION.cff").splitlines()
    assert {f"version: {__version__}", "license: BSD-3-Clause"} <= set(lines)
