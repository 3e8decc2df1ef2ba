"""Folders, packages and entry points agree, imports go one way, and tests mirror the code."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import datacard_core
from datacard_core import DEFAULT_PLUGINS
from tests.support import imports
from tests.support.paths import ROOT, TESTS

if TYPE_CHECKING:
    from pathlib import Path

CORE = ROOT / "datacard_core"
PLUGINS = ROOT / "plugins"
BUILT_IN = sorted(folder.name for folder in PLUGINS.iterdir() if folder.is_dir() and folder.name != "__pycache__")
ALLOWED = {
    "__future__", "attrs", "click", "fontTools", "hist", "iminuit", "matplotlib", "numpy", "pluggy", "rich", "uproot",
    *sys.stdlib_module_names,
}  # fmt: skip
LENT = {
    *("datacard_fit", "datacard_plots.axes.ticks", "datacard_plots.axes.variable"),
    *("datacard_plots.intervals", "datacard_plots.options"),
    *("datacard_plots.style", "datacard_root.objects"),
}
"""Modules that other plugins may use too: fits, the style of plots, of which `docs/plots.md` tells, and ROOT files."""
MOST_MODULES = 12
"""Of one folder of the core or a plugin: with more it wants to be divided."""
MOST_IN_ORDER = 4
"""Fields of a class that a call may give by their order."""
MOST_STOREYS = 12
"""Of the packages and top modules of the core, each of which imports from those below it."""


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def imported_by(path: Path) -> list[tuple[str, tuple[str, ...] | None]]:
    """Return every module that a file imports from, with the names it takes, or None where it takes the module."""
    return [(module, names) for module, names, _ in imports.statements(path.read_text(encoding="utf-8"))]


class TestFolders:
    """The wheel, the entry points and the tools name the folders that there are."""

    def test_default_plugins(self) -> None:
        """Every default plugin has its folder."""
        assert set(DEFAULT_PLUGINS) <= set(BUILT_IN)

    def test_wheel(self, pyproject: dict[str, Any]) -> None:
        """The wheel has the core, the pytest plugin and every plugin's folder."""
        packages = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
        assert packages == [
            "datacard_core",
            "pytest_datacard",
            *(f"plugins/{name}/datacard_{name}" for name in BUILT_IN),
        ]

    def test_entry_points(self, pyproject: dict[str, Any]) -> None:
        """Every plugin's folder has an entry point of its name, or brings verbs of the command."""
        points = pyproject["project"]["entry-points"]
        verbs = {reference.partition(".")[0] for reference in points["datacard_core.commands"].values()}
        plugins = points["datacard_core.plugins"]
        assert plugins == {name: f"datacard_{name}" for name in plugins}
        assert set(BUILT_IN) - set(plugins) == {package.removeprefix("datacard_") for package in verbs} - set(plugins)

    def test_type_checker(self, pyproject: dict[str, Any]) -> None:
        """The type checker's path has every plugin's folder."""
        searched = pyproject["tool"]["mypy"]["mypy_path"].split(":")
        assert [path for path in searched if path.startswith("plugins/")] == [f"plugins/{name}" for name in BUILT_IN]

    def test_source_distribution(self, pyproject: dict[str, Any]) -> None:
        """The source distribution has what the tests need, and names no folder that is missing."""
        included = pyproject["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
        assert {"datacard_core", "pytest_datacard", "plugins", "tests", "docs", "examples"} <= set(included)
        assert all((ROOT / path).exists() for path in included)

    def test_plugins_are_no_package(self) -> None:
        """Neither the folder of the plugins nor one of its folders is a package."""
        assert not (PLUGINS / "__init__.py").exists()
        assert not [name for name in BUILT_IN if (PLUGINS / name / "__init__.py").exists()]

    def test_import_packages_of_plugins(self) -> None:
        """The folder `lnn` holds the package `datacard_lnn` and no other, and so do all."""
        packages = {name: [path.parent.name for path in (PLUGINS / name).glob("*/__init__.py")] for name in BUILT_IN}
        assert packages == {name: [f"datacard_{name}"] for name in BUILT_IN}

    def test_packages_are_typed(self) -> None:
        """Every package says to type checkers that it is annotated."""
        packages = [CORE, ROOT / "pytest_datacard", *(PLUGINS / name / f"datacard_{name}" for name in BUILT_IN)]
        assert [str(package) for package in packages if not (package / "py.typed").is_file()] == []

    def test_modules_per_folder(self) -> None:
        """No folder of the core or of a plugin has more than twelve modules besides its `__init__`."""
        files = [*CORE.rglob("*.py"), *PLUGINS.rglob("*.py")]
        modules = Counter(str(path.parent) for path in files if path.name != "__init__.py")
        assert modules
        assert {folder: count for folder, count in modules.items() if count > MOST_MODULES} == {}


class TestMirror:
    """Every module has its test module, at the same place."""

    def test_core_modules(self) -> None:
        """The core's `wing/module.py` has `tests/core/wing/test_module.py`."""
        modules = [path.relative_to(CORE) for path in CORE.rglob("*.py") if path.name != "__init__.py"]
        assert modules
        lacking = [str(path) for path in modules if not (TESTS / "core" / path.parent / f"test_{path.name}").is_file()]
        assert lacking == []

    def test_plugins(self) -> None:
        """Every plugin has a test module, or a folder of them."""
        folder = TESTS / "plugins"
        of = {name: [*folder.glob(f"test_{name}.py"), *(folder / name).glob("test_*.py")] for name in BUILT_IN}
        assert [name for name, found in of.items() if not found] == []

    def test_folders_of_plugins(self) -> None:
        """A test module in a folder of a plugin's tests has its module in the folder of that name."""
        tests = [path.relative_to(TESTS / "plugins") for path in (TESTS / "plugins").glob("*/**/test_*.py")]
        nested = [path for path in tests if len(path.parts) > 2]
        assert nested
        modules = {path: (path.parent.relative_to(path.parts[0]), path.name.removeprefix("test_")) for path in nested}
        lacking = [
            str(path)
            for path, (folder, module) in modules.items()
            if not (PLUGINS / path.parts[0] / f"datacard_{path.parts[0]}" / folder / module).is_file()
        ]
        assert lacking == []


class TestImports:
    """Imports go one way; those for type checkers and inside functions count like others."""

    def test_table_of_layers(self) -> None:
        """Every package and top module of the core has exactly one place in the table."""
        table = [room for layer in imports.LAYERS for room in layer]
        assert len(set(table)) == len(table)
        assert set(map(imports.room_of, imports.modules())) <= set(table)

    @pytest.mark.slow
    def test_layers(self) -> None:
        """No module imports from a later layer."""
        assert [str(found) for found in imports.upward()] == []

    @pytest.mark.slow
    def test_circles_of_modules(self) -> None:
        """No two modules import each other, directly or in a circle."""
        assert imports.circles(imports.module_graph()) == []

    @pytest.mark.slow
    def test_circles_of_packages(self) -> None:
        """No two packages import each other, directly or in a circle."""
        assert imports.circles(imports.room_graph()) == []

    @pytest.mark.slow
    def test_storeys_of_packages(self) -> None:
        """The longest chain of packages that import each other has at most twelve."""
        assert imports.storeys(imports.room_graph()) <= MOST_STOREYS

    @pytest.mark.slow
    def test_script_of_the_demo(self) -> None:
        """The demo's script stands beside the modules, and none imports it."""
        package, _, script = imports.SCRIPT.rpartition(".")
        assert (ROOT / package.replace(".", "/") / f"{script}.py").is_file()
        for path in imports.modules().values():
            found = imports.imports_in(path.read_text(encoding="utf-8"), (package, imports.SCRIPT))
            assert imports.SCRIPT not in dict(found), path

    @pytest.mark.slow
    def test_core_without_plugins(self) -> None:
        """The core imports no plugin."""
        assert imports.modules()
        foreign = [
            f"{path}: {module}"
            for path in imports.modules().values()
            for module, _ in imported_by(path)
            if module.startswith("datacard_") and module.split(".")[0] != "datacard_core"
        ]
        assert foreign == []

    @pytest.mark.slow
    def test_plugins_use_public_names(self) -> None:
        """A plugin imports public names of the core, third parties, modules of its package, and what others lend."""
        for path in sorted(PLUGINS.rglob("*.py")):
            name = path.relative_to(PLUGINS).parts[0]
            for module, names in imported_by(path):
                if module == "datacard_core":
                    assert names is not None, f"{path}: import names from it, so that only public ones can be used"
                    assert set(names) <= set(datacard_core.__all__), path
                elif module in LENT and name != module.split(".")[0].removeprefix("datacard_"):
                    assert set(names or ()) <= set(importlib.import_module(module).__all__), path
                else:
                    assert module.split(".")[0] in ALLOWED | {f"datacard_{name}"}, path

    @pytest.mark.slow
    def test_lazy_imports(self, loaded: set[str]) -> None:
        """Importing the core imports no module of its own but the version, no plugin and no third party."""
        third_parties = {"attrs", "awkward", "click", "coffea", "hist", "matplotlib", "numpy", "rich", "uproot"}
        plugins = {f"datacard_{name}" for name in BUILT_IN}
        assert not loaded & (third_parties | plugins)
        assert {name for name in loaded if name.startswith("datacard_core.")} == {"datacard_core.version"}


class TestClasses:
    """Classes of values."""

    @pytest.mark.slow
    def test_classes_of_many_fields(self) -> None:
        """A class with more than four fields takes them by keyword, unless scripts or plugins make it."""
        of_plugins = (
            imports.name_of(path, PLUGINS / name) for name in BUILT_IN for path in (PLUGINS / name).rglob("*.py")
        )
        names = [*imports.modules(), *of_plugins]
        for module in map(importlib.import_module, names):
            # Public classes of the core have another module.
            promised = getattr(sys.modules[module.__name__.partition(".")[0]], "__all__", ())
            for found in filter(inspect.isclass, vars(module).values()):
                if attrs.has(found) and found.__module__ == module.__name__ and found.__name__ not in promised:
                    in_order = [field.name for field in attrs.fields(found) if field.init and not field.kw_only]
                    assert len(in_order) <= MOST_IN_ORDER, f"{module.__name__}.{found.__name__}: {in_order}"


KNOWN = ("datacard_core", "datacard_core.a", "datacard_core.a.x", "datacard_core.a.y", "datacard_core.b")
SOURCE = """
from typing import TYPE_CHECKING
import datacard_core.a.x
from datacard_core.a import y, Z
if TYPE_CHECKING:
    from datacard_core.b import B
def f():
    from datacard_core import b
    import json
"""


class TestReadingImports:
    """The reading that the layers are held with, on a small example."""

    def test_forms_of_imports(self) -> None:
        """Modules taken from packages, imports for type checkers and those inside functions are read."""
        assert sorted(imports.imports_in(SOURCE, KNOWN), key=lambda found: found[1]) == [
            ("datacard_core.a.x", 3),
            ("datacard_core.a.y", 4),
            ("datacard_core.a", 4),
            ("datacard_core.b", 6),
            ("datacard_core.b", 8),
        ]

    def test_circles(self) -> None:
        """A circle is found through any number of nodes, and those beside it are left out."""
        graph = {"a": ["b"], "b": ["c"], "c": ["a", "d"], "d": ["e"], "e": [], "f": ["a"]}
        assert imports.circles(graph) == [["a", "b", "c"]]
        assert imports.circles({"a": ["b"], "b": []}) == []

    def test_storeys(self) -> None:
        """The longest chain counts, and a circle is one storey of it."""
        assert imports.storeys({"a": ["b", "c"], "b": ["c"], "c": []}) == 3
        assert imports.storeys({"a": ["b"], "b": ["a", "c"], "c": []}) == 2

    def test_layers(self) -> None:
        """A module belongs to the layer of its package, and the core itself to the last."""
        assert imports.layer_of("datacard_core.errors") == 0
        assert imports.layer_of("datacard_core.declare.values") < imports.layer_of("datacard_core.build.channel")
        assert imports.layer_of("datacard_core") == len(imports.LAYERS) - 1
        with pytest.raises(LookupError, match="'attic'"):
            imports.layer_of("datacard_core.attic")


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """Return the modules that a fresh interpreter has after `import datacard_core`."""
    code = "import json, sys, datacard_core; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(json.loads(done.stdout))


class TestPublicNames:
    """`datacard_core.__all__`."""

    def test_complete(self) -> None:
        """The public names are those that type checkers see imported, and Python imports when they are used."""
        imported = {
            name: module if module != "datacard_core" else f"datacard_core.{name}"
            for module, names in imported_by(CORE / "__init__.py")
            for name in names or []
            if module.startswith("datacard_core")
        }
        assert sorted(imported) == sorted([*datacard_core.__all__, "__version__"])
        for name, module in imported.items():
            home = importlib.import_module(module)
            assert getattr(datacard_core, name) is getattr(home, name, home), name

    def test_unknown_name(self) -> None:
        """A name that is not public is an error of Python's, which can be asked for."""
        with pytest.raises(AttributeError, match="module 'datacard_core' has no attribute 'Datacrad'"):
            _ = datacard_core.Datacrad  # type: ignore[attr-defined]
        assert not hasattr(datacard_core, "_Datacard")

    def test_order(self) -> None:
        """Constants come first, then classes, then functions, each sorted."""

        def constants_classes_functions(name: str) -> tuple[int, str]:
            return (0 if name.isupper() else 1 if name[0].isupper() else 2), name

        assert datacard_core.__all__ == sorted(set(datacard_core.__all__), key=constants_classes_functions)

    def test_documented(self) -> None:
        """Every public class and function has a docstring."""
        for name in datacard_core.__all__:
            value = getattr(datacard_core, name)
            if inspect.isclass(value) or inspect.isroutine(value):
                assert inspect.getdoc(value), name

    def test_completion(self) -> None:
        """Completion offers the public names alone."""
        assert sorted(dir(datacard_core)) == sorted([*datacard_core.__all__, "__version__"])
