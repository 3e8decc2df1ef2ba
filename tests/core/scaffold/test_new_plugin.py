"""Tests of the package that `datacard new-plugin` writes: it is complete, correct and without conflicts."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from datacard_core import API_VERSION, DatacardError, PluginConflictError, __version__, load_plugins
from datacard_core.errors import ExistingFileError
from datacard_core.plugins.introspection import report_plugins
from datacard_core.scaffold.new_plugin import _series, write_plugin
from tests.support.inner_pytest import run_pytest
from tests.support.processes import forked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Install

FILES = {
    ".gitignore",
    "README.md",
    "datacard_acme_gmn/__init__.py",
    "datacard_acme_gmn/py.typed",
    "pyproject.toml",
    "tests/test_acme_gmn.py",
}
SPELLINGS = ["acme-gmn", "acme_gmn", "datacard-acme-gmn", "datacard_acme_gmn", "Acme.GMN", "acme--gmn"]
OTHER_NAMES = ["x", "4top", "a-plugin-whose-name-is-longer-than-those-of-others"]


def contents_of(directory: Path) -> dict[str, bytes]:
    """Return the content of every file below a directory, hidden files included."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A new package."""
    write_plugin("acme-gmn", tmp_path)
    return tmp_path / "datacard-acme-gmn"


@pytest.fixture
def installed(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Entries of the path with which the package is installed as its pyproject.toml says."""
    project = pyproject(package)["project"]
    dist_info = tmp_path / "site" / "datacard_acme_gmn-0.1.0.dist-info"
    dist_info.mkdir(parents=True)
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (dist_info / "METADATA").write_text(head)
    ((group, points),) = project["entry-points"].items()
    lines = [f"{name} = {value}" for name, value in points.items()]
    (dist_info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
    # As after `pip install --editable`: the files are not beside the metadata.
    (dist_info / "direct_url.json").write_text('{"dir_info": {"editable": true}}')
    for path in (package, dist_info.parent):
        monkeypatch.syspath_prepend(path)
    yield [str(package), str(dist_info.parent)]
    sys.modules.pop("datacard_acme_gmn", None)


def pyproject(package: Path) -> dict[str, Any]:
    return tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_files_of_the_package(package: Path) -> None:
    """The package has all its files, and its code compiles."""
    assert set(contents_of(package)) == FILES
    for path in package.rglob("*.py"):
        compile(path.read_text(encoding="utf-8"), path.name, "exec")


@pytest.mark.slow
def test_placeholders(package: Path) -> None:
    """No placeholder is left in a file."""
    for name, content in contents_of(package).items():
        assert b"$" not in content, name


@pytest.mark.slow
def test_names_from_one_word(package: Path) -> None:
    """One word gives distribution, plugin and module their names."""
    project = pyproject(package)["project"]
    assert project["name"] == "datacard-acme-gmn"
    assert project["entry-points"] == {"datacard_core.plugins": {"acme_gmn": "datacard_acme_gmn"}}
    assert pyproject(package)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["datacard_acme_gmn"]


@pytest.mark.slow
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_a_name(spelling: str, package: Path, tmp_path: Path) -> None:
    """All spellings of a name give the same package."""
    plugin = write_plugin(spelling, tmp_path / "again")
    assert (plugin.name, plugin.module, plugin.typ) == ("acme_gmn", "datacard_acme_gmn", "acmeGmn")
    assert contents_of(tmp_path / "again" / "datacard-acme-gmn") == contents_of(package)


@pytest.mark.slow
def test_required_versions(package: Path) -> None:
    """The package requires this version of the core and this version of the plugin interface."""
    core = Requirement(pyproject(package)["project"]["dependencies"][0])
    assert core.name == "datacard-core"
    assert core.specifier.contains(__version__, prereleases=True)
    module = (package / "datacard_acme_gmn" / "__init__.py").read_text(encoding="utf-8")
    (required,) = re.findall(r'^requires_api = "(.*)"$', module, re.MULTILINE)
    major, minor = map(int, API_VERSION.split("."))
    wanted = SpecifierSet(required)
    assert wanted.contains(API_VERSION)
    assert wanted.contains(f"{major}.{minor + 1}")
    assert not wanted.contains(f"{major + 1}.0")


@pytest.mark.parametrize(
    ("version", "series"), [("0.1.0", "0.1"), ("1.12.3", "1.12"), ("0.2.0.dev3", "0.2.0.dev3"), ("2.0rc1", "2.0rc1")]
)
def test_required_version_of_the_core(version: str, series: str) -> None:
    """The required version is the series of the core, or the version itself before a release."""
    assert _series(version) == series
    assert SpecifierSet(f">={series}").contains(version, prereleases=True)


@pytest.mark.slow
def test_installed_package(installed: list[str]) -> None:
    """The installed package provides its kind and can be selected."""
    assert installed
    (found,) = (plugin for plugin in report_plugins(check=True) if plugin.name == "acme_gmn")
    assert found.error is None
    assert found.provides is not None
    assert list(found.provides["kinds"]) == ["acmeGmn"]
    assert load_plugins("acme_gmn").origins == {"acme_gmn": "datacard-acme-gmn 0.1.0"}


@pytest.mark.slow
def test_tests_of_the_package(installed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package has tests of all that its author changes; the test of the page on plugins runs them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    code, printed = run_pytest(Path(installed[0]), ["-W", "error", "--collect-only", installed[0]])
    assert code == 0, printed
    # One each for the kit, for a card with and without the option; four for what is wrong with a declaration.
    assert re.search(r"^7 tests collected", printed, re.MULTILINE), printed


@pytest.mark.slow
def test_code_of_the_readme(installed: list[str]) -> None:
    """The code of the README runs."""
    page = Path(installed[0], "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - that is the claim
    assert names["systematics"]["extrapolation"].typ in names["plugins"].kinds


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ruff") is None, reason="ruff is not installed")
def test_style_of_the_package(tmp_path: Path) -> None:
    """Ruff finds no problem in packages of any name."""
    names = ["acme-gmn", *OTHER_NAMES]
    for name in names:
        write_plugin(name, tmp_path)
    assert len([*tmp_path.glob("*/pyproject.toml")]) == len(names)
    for command in (["check"], ["format", "--check", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("acme gmn", "expected letters, digits, and '-' between them, for example 'acme-gmn'"),
        ("../acme", "for example 'acme'"),
        ("-acme", "for example 'acme'"),
        ("acme-", "for example 'acme'"),
        ("datacard-", "for example 'acme-gmn'"),
        ("", "for example 'acme-gmn'"),
        ("größe", "for example 'gr-e'"),
        ("acme\n", "for example 'acme'"),
        ("class", "'class' is a keyword of Python: take another name, for example 'acme-class'"),
        ("None", "'None' is a keyword of Python: take another name, for example 'acme-none'"),
        ("lnn", f"plugin 'lnn' is installed (datacard-core {__version__}): take another name, for example 'my-lnn'"),
        ("datacard-RateParam", "plugin 'rateparam' is installed"),
        ("rate-param", "kind 'rateParam' is that of plugin 'rateparam'"),
        ("datacard-core", "module 'datacard_core' exists already, in "),
    ],
)
def test_wrong_names(name: str, words: str, tmp_path: Path) -> None:
    """A wrong name is an error that suggests another name, and no file is written."""
    with pytest.raises(DatacardError) as raised:
        write_plugin(name, tmp_path)
    assert words in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("point", ["acme_gmn", "acme-gmn", "Acme.GMN"])
def test_name_of_an_installed_plugin(point: str, install: Install, tmp_path: Path) -> None:
    """The name of an installed plugin is an error, and that plugin is not imported."""
    install("acme_unseen", "raise RuntimeError", entry_points={point: "acme_unseen"}, version="0.3")
    with pytest.raises(PluginConflictError, match=rf"plugin '{re.escape(point)}' is installed \(acme_unseen 0\.3\)"):
        write_plugin("acme-gmn", tmp_path / "new")
    assert "acme_unseen" not in sys.modules
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_name_of_another_module(install: Install, tmp_path: Path) -> None:
    """The name of another module is an error, and that module is not imported."""
    install("datacard_acme_gmn", "raise RuntimeError", entry_points_text="")
    with pytest.raises(PluginConflictError, match=r"module 'datacard_acme_gmn' exists already, in .*acme_gmn\.py"):
        write_plugin("acme-gmn", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
@pytest.mark.parametrize("what", ["folder", "empty folder", "file", "link that leads nowhere"])
def test_existing_files(what: str, tmp_path: Path) -> None:
    """Existing files and folders stay as they are."""
    folder = tmp_path / "datacard-acme-gmn"
    if what == "file":
        folder.write_text("months of work")
    elif what.startswith("link"):
        folder.symlink_to("nowhere")
    else:
        folder.mkdir()
    if what == "folder":
        (folder / "README.md").write_text("months of work")
    before = contents_of(tmp_path)
    with pytest.raises(ExistingFileError, match="datacard-acme-gmn exists, and no file was changed"):
        write_plugin("acme-gmn", tmp_path)
    assert contents_of(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["datacard-acme-gmn"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits there")
def test_failure_while_writing(tmp_path: Path) -> None:
    """A failure while writing leaves no file."""

    def write() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(OSError, match="File too large"):
            write_plugin("acme-gmn", tmp_path / "new")

    assert forked(write) == 0
    assert list(tmp_path.iterdir()) == []
