"""What stands where: folders, packages and entry points agree, and imports go one way."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import datacard_core
from datacard_core import DEFAULT_PLUGINS, hookspecs
from datacard_core.plugins.families import FAMILIES
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

CORE = ROOT / "datacard_core"
PLUGINS = ROOT / "plugins"
BUILT_IN = sorted(folder.name for folder in PLUGINS.iterdir() if folder.is_dir() and folder.name != "__pycache__")
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("datacard_"))
ALLOWED = {"__future__", "attrs", "hist", "matplotlib", "numpy", "pluggy", "uproot", *sys.stdlib_module_names}


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[tuple[str, list[str] | None]]:
    """Every module that a file imports from, with the names it takes, or None where it takes the module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), path.name)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), [alias.name for alias in node.names]


def files_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))


def test_there_are_built_in_plugins() -> None:
    assert set(DEFAULT_PLUGINS) <= set(BUILT_IN)


def test_the_packages_that_are_built_are_the_core_and_the_folders(pyproject: dict[str, Any]) -> None:
    packages = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert packages == ["datacard_core", "pytest_datacard", *(f"plugins/{name}/datacard_{name}" for name in BUILT_IN)]


def test_the_entry_points_are_the_folders(pyproject: dict[str, Any]) -> None:
    points = pyproject["project"]["entry-points"]["datacard_core.plugins"]
    assert points == {name: f"datacard_{name}" for name in BUILT_IN}


def test_the_type_checker_finds_every_folder(pyproject: dict[str, Any]) -> None:
    searched = pyproject["tool"]["mypy"]["mypy_path"].split(":")
    assert [path for path in searched if path.startswith("plugins/")] == [f"plugins/{name}" for name in BUILT_IN]


def test_the_source_distribution_has_what_the_tests_need(pyproject: dict[str, Any]) -> None:
    included = pyproject["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    assert {"datacard_core", "pytest_datacard", "plugins", "tests", "docs", "examples"} <= set(included)
    assert all((ROOT / path).exists() for path in included)


def test_the_folder_of_the_plugins_is_no_package() -> None:
    assert not (PLUGINS / "__init__.py").exists()
    assert not [name for name in BUILT_IN if (PLUGINS / name / "__init__.py").exists()]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_name_of_a_plugin_is_that_of_its_import_package(name: str) -> None:
    packages = [path.parent.name for path in (PLUGINS / name).glob("*/__init__.py")]
    assert packages == [f"datacard_{name}"]


@pytest.mark.parametrize(
    "package",
    [CORE, ROOT / "pytest_datacard", *(PLUGINS / name / f"datacard_{name}" for name in BUILT_IN)],
    ids=lambda package: package.name,
)
def test_every_package_tells_type_checkers_that_it_is_annotated(package: Path) -> None:
    assert (package / "py.typed").is_file()


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_plugin_has_a_test_module(name: str) -> None:
    """A plugin has one test module, or a folder with one for each of its modules."""
    tests = ROOT / "tests" / "plugins"
    modules = [path.stem for path in (PLUGINS / name / f"datacard_{name}").glob("*.py")]
    expected = {f"test_{name if module == '__init__' else module}.py" for module in modules}
    assert (tests / f"test_{name}.py").is_file() or expected <= {path.name for path in (tests / name).glob("*.py")}


@pytest.mark.parametrize("file", files_of(CORE))
def test_the_core_imports_no_plugin(file: str) -> None:
    foreign = [
        module
        for module, _ in imports(CORE / file)
        if module.startswith("datacard_") and module.split(".")[0] != "datacard_core"
    ]
    assert foreign == []


@pytest.mark.parametrize("file", files_of(PLUGINS))
def test_a_plugin_imports_public_names_and_third_parties_only(file: str) -> None:
    own = Path(file).parts[1]
    for module, names in imports(PLUGINS / file):
        if module == "datacard_core":
            assert names is not None, "import names from it, so that only public ones can be used"
            assert set(names) <= set(datacard_core.__all__)
        else:
            assert module.split(".")[0] in ALLOWED | {own}


@pytest.mark.parametrize(
    "module", ["awkward", "click", "coffea", "hypothesis", "matplotlib", "pytest", "rich", "uproot"]
)
def test_importing_the_core_does_not_import_what_only_some_need(module: str, loaded: set[str]) -> None:
    assert module not in loaded


def test_importing_the_core_does_not_import_a_plugin(loaded: set[str]) -> None:
    assert not {f"datacard_{name}" for name in BUILT_IN} & loaded


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that a fresh interpreter has after `import datacard_core`."""
    code = "import json, sys, datacard_core; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(json.loads(done.stdout))


def test_the_public_names_are_those_that_the_package_imports() -> None:
    names = [name for module, names in imports(CORE / "__init__.py") for name in names or [module]]
    assert sorted([*datacard_core.__all__, "__version__"]) == sorted(names)


def test_the_public_names_are_sorted() -> None:
    def constants_classes_functions(name: str) -> tuple[int, str]:
        return (0 if name.isupper() else 1 if name[0].isupper() else 2), name

    assert datacard_core.__all__ == sorted(set(datacard_core.__all__), key=constants_classes_functions)


def test_every_public_name_is_there_and_documented() -> None:
    for name in datacard_core.__all__:
        value = getattr(datacard_core, name)
        if inspect.isclass(value) or inspect.isroutine(value):
            assert inspect.getdoc(value), name


def test_the_public_names_are_what_completion_offers() -> None:
    assert sorted(dir(datacard_core)) == sorted([*datacard_core.__all__, "__version__"])


def test_every_hook_is_that_of_a_family() -> None:
    assert sorted(family.hook for family in FAMILIES) == HOOKS
    assert len(HOOKS) == 7


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_and_annotated(hook: str) -> None:
    function = getattr(hookspecs, hook)
    assert function.__doc__
    assert str(inspect.signature(function).return_annotation).startswith("Iterable[")
    assert not inspect.signature(function).parameters, "a hook contributes objects, which have the behaviour"


@pytest.mark.parametrize("interface", [family.interface for family in FAMILIES])
def test_every_method_of_an_interface_is_documented_and_annotated(interface: type) -> None:
    assert interface.__doc__
    for name, method in inspect.getmembers(interface, inspect.isfunction):
        if name.startswith("_"):
            continue
        assert method.__doc__, name
        assert inspect.signature(method).return_annotation is not inspect.Signature.empty, name


def test_every_hook_hands_out_objects_of_one_interface() -> None:
    interfaces = [str(inspect.signature(getattr(hookspecs, hook)).return_annotation) for hook in HOOKS]
    assert len(set(interfaces)) == len(interfaces)
