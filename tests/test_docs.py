"""What the documentation says is so: its commands, options and files are there, and the code about plugins runs."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import datacard_core
from datacard_core import API_VERSION, Directive, Effect, PluginError
from datacard_core.cli.commands import main
from datacard_core.testing import assert_plugin
from tests.support import pages, public_api
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PLUGINS = pages.read("docs/plugins.md")
BLOCKS = pages.blocks(PLUGINS)
HOOKS = public_api.hooks()
GIVEN = ("Axis", "CardContext", "Channel", "Column", "NamedTemplates", "Nuisance", "Target", "Templates")
"""The classes of what a plugin is given."""

CONFORMING: Mapping[str, Mapping[str, Any]] = {
    "acme_mirror": {"examples": {"acmeMirror": [{"value": 1}, {"value": 1, "options": {"shift": "Down"}}]}},
    "acme_yields": {},
    "acme_few_events": {},
    "acme_total": {},
    "acme_json": {"files": {"acme-json": "yields.json"}},
    "acme_bridge": {"examples": {"acmeGmn": {"value": 12}}, "beside": ["acme_yields", "datacard_acme_gmn"]},
    "acme_groups": {"examples": {"acmeGroup": {"value": 1, "options": {"prefix": "lumi"}}}},
}
"""The modules of the page, and what the kit cannot make up for them."""

YIELDS = {
    "category": "SR",
    "year": "2024",
    "variable": "mass",
    "edges": [0, 100, 200],
    "samples": {"Top": {"nominal": [[20, 10], [2, 1]]}, "Data": [22, 9]},
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_of_datacard_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known = {option for command in main.commands.values() for parameter in command.params for option in parameter.opts}
    named = {
        option
        for line in re.findall(r"^(?:\S*/)?datacard .*$", text, re.MULTILINE)
        for option in re.findall(r" (--?[a-z][a-z-]*)", line)
    }
    named |= {option for line in re.findall(r"`datacard [^`]*`", text) for option in re.findall(r" (--?[a-z-]+)", line)}
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_datacard_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`)(?:\S*/)?datacard ([a-z][a-z-]*)\b", text, re.MULTILINE)
    assert set(named) <= set(main.commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page: Path) -> None:
    folders = "docs|plugins|datacard_core|benchmarks|examples|tests"
    named = re.findall(rf"`((?:{folders})/[\w/.-]*\w)/?`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_on_a_page_is_python(page: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        compile(block, page.name, "exec")


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pages.Reader]:
    reader = pages.Reader(tmp_path, monkeypatch)
    yield reader
    reader.forget()


@pytest.mark.parametrize("section", dict.fromkeys(block.section for block in BLOCKS))
def test_the_code_about_plugins_runs_and_prints_what_the_page_says(section: str, reader: pages.Reader) -> None:
    reader.follow(BLOCKS, section)


@pytest.mark.parametrize("module", CONFORMING)
def test_every_plugin_on_the_page_does_what_is_expected_of_one(module: str, reader: pages.Reader) -> None:
    reader.follow(BLOCKS, "Effects and directives of one's own")
    arguments = dict(CONFORMING[module])
    if "files" in arguments:
        (reader.folder / "yields.json").write_text(json.dumps(YIELDS), encoding="utf-8")
    arguments["beside"] = [importlib.import_module(name) for name in arguments.get("beside", ())]
    assert_plugin(importlib.import_module(module), **arguments)


def test_no_plugin_on_the_page_is_left_out() -> None:
    plugins = {Path(block.file).stem for block in BLOCKS if block.file and "@hookimpl\n" in block.text}
    # acme_gmn and acme_csv are tried by tests on the page itself
    assert plugins - {"__init__", "acme_csv", "acme_mistyped"} == set(CONFORMING)


def test_every_block_about_plugins_is_one_that_is_run() -> None:
    assert {block.language for block in BLOCKS} == {"bash", "python", "text", "toml"}


def test_nothing_else_is_printed_than_what_a_page_says() -> None:
    assert pages.matches("one\n…\nthree\n", "one\ntwo\ntwo\nthree\n")
    assert pages.matches("one\n…\n", "one\n")
    assert not pages.matches("one\n…\nthree\n", "one\ntwo\n")
    assert not pages.matches("one\n", "one\ntwo\n")


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_section_with_its_signature_and_an_example(hook: str) -> None:
    section = pages.section(PLUGINS, f"{hook}()")
    assert f"`{hook}{public_api.signature(HOOKS[hook])}`" in section
    assert f"@hookimpl\ndef {hook}() -> " in section


@pytest.mark.parametrize("hook", HOOKS)
def test_every_method_and_attribute_of_an_interface_is_in_the_section_of_its_hook(hook: str) -> None:
    interface = inspect.signature(HOOKS[hook]).return_annotation.removeprefix("Iterable[").removesuffix("]")
    assert missing_in(pages.section(PLUGINS, f"{hook}()"), getattr(datacard_core, interface)) == []


@pytest.mark.parametrize("algebra", [Effect, Directive])
def test_every_method_and_attribute_of_an_effect_and_a_directive_is_in_their_section(algebra: type) -> None:
    assert missing_in(pages.section(PLUGINS, "Effects and directives of one's own"), algebra) == []


def missing_in(text: str, interface: type) -> list[str]:
    """What a class has, as it is to stand on a page, and does not."""
    lines = [
        line.removeprefix(f"{interface.__name__}.") for line in public_api.class_lines(interface, interface.__name__)
    ]
    # of values that are given by default the page says so in words
    signatures = [line.partition(" = ")[0] if ": ClassVar" in line else line for line in lines[1:]]
    if attrs.has(interface):
        fields = {field.name for field in attrs.fields(interface)}
        signatures = [line for line in signatures if line.partition(":")[0] not in fields]
        signatures[0] = signatures[0].replace("__init__", interface.__name__)
    return [line for line in signatures if f"`{line}`" not in text]


def test_a_method_that_is_not_on_the_page_is_noticed() -> None:
    class Check:
        name: str

        def run(self, channel: str) -> None: ...

    assert missing_in("`name: str` and `run(self, channel: bytes) -> None`", Check) == [
        "run(self, channel: str) -> None"
    ]


@pytest.mark.parametrize("given", GIVEN)
def test_everything_that_a_plugin_is_given_is_on_the_page(given: str) -> None:
    rows = pages.section(PLUGINS, "What a plugin is given").splitlines()
    (row,) = [row for row in rows if row.startswith(f"| `{given}` |")]
    members = [
        line.split(".")[1] for line in public_api.class_lines(getattr(datacard_core, given), given) if "." in line
    ]
    names = [re.split(r"[(:]", member)[0] for member in members if not member.startswith("_")]
    assert [name for name in names if not re.search(rf"`{name}[`(]", row)] == []


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_implemented_in_a_test(hook: str) -> None:
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path.name != Path(__file__).name]
    assert [path.name for path in tests if implements(path.read_text(encoding="utf-8"), hook)]


def implements(source: str, hook: str) -> bool:
    """Whether a hook is implemented there, be it in a module that the test writes."""
    return bool(re.search(rf"^\s*@hookimpl(?:\(.*\))?\n\s*def {hook}\(", source, re.MULTILINE))


def test_naming_a_hook_is_not_implementing_it() -> None:
    assert implements("class Plugin:\n    @hookimpl\n    def datacard_checks(self): ...\n", "datacard_checks")
    assert not implements("# see datacard_checks()\ndef datacard_checks(): ...\n", "datacard_checks")


def test_the_page_names_every_error_that_a_plugin_may_end_in() -> None:
    text = pages.section(PLUGINS, "What can go wrong")
    errors = [
        name for name, value in vars(datacard_core).items() if inspect.isclass(value) and issubclass(value, PluginError)
    ]
    assert [name for name in errors if f"`{name}`" not in text] == []


def test_the_promise_names_what_is_public_and_what_is_not() -> None:
    text = pages.section(PLUGINS, "The promise")
    named = [f"`{name}`" for name in public_api.MODULES[1:]]
    named += [f"`{name.removeprefix('datacard_core.')}`" for name in public_api.INTERNAL if "__init__" not in name]
    named += ["`datacard_core.__all__`", f'`"{API_VERSION}"`', "`tests/api.txt`"]
    named += [f"`{line.split()[1].rstrip(':')}`" for line in public_api.public_api() if line.startswith("fixture ")]
    assert [name for name in named if name not in text] == []


def test_python_names_of_datacard_core_on_the_page_are_public() -> None:
    imported = [
        name.strip()
        for block in BLOCKS
        for names in re.findall(r"^from datacard_core import \(?([\w\s,]+?)\)?$", block.text, re.MULTILINE)
        for name in names.split(",")
        if name.strip()
    ]
    assert imported
    assert [name for name in imported if name not in datacard_core.__all__] == []
