"""Selection of plugins by name or as objects, and their import."""

from __future__ import annotations

import base64
import hashlib
import sys
import types
from typing import TYPE_CHECKING

import pytest

from datacard_core import (
    API_VERSION,
    DEFAULT_PLUGINS,
    PluginCallError,
    PluginConflictError,
    PluginLoadError,
    UnknownPluginError,
    hookimpl,
    installed_plugins,
    load_plugins,
)
from tests.support.plugins import Acme, Provider, kind_source

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Install


@pytest.mark.slow
def test_module_as_plugin() -> None:
    """A module is a plugin with the origin local."""
    module = types.ModuleType("my_module")
    module.datacard_systematic_kinds = hookimpl(lambda: [Acme()])  # type: ignore[attr-defined]
    module.datacard_systematic_kinds.__name__ = "datacard_systematic_kinds"
    plugins = load_plugins(*DEFAULT_PLUGINS, module)
    assert plugins.origins["my_module"] == "local"
    assert "acme" in plugins.kinds


def test_object_as_plugin() -> None:
    """An object with a name is a plugin with the origin local."""
    plugins = load_plugins(Provider("mine", Acme()))
    assert plugins.origins == {"mine": "local"}


@pytest.mark.slow
def test_all_installed_but_one(install: Install) -> None:
    """A blocked plugin is left out of a selection of all, and not imported."""
    install("acme_plots", "raise RuntimeError('imported')")
    plugins = load_plugins(*installed_plugins(), block={"acme_plots"})
    assert "lnn" in plugins
    assert "acme_plots" not in plugins
    assert "acme_plots" not in sys.modules


@pytest.mark.slow
def test_blocking_a_built_in_plugin() -> None:
    """A plugin of the built-in set can be blocked."""
    assert "checks" not in load_plugins(block=["checks"])


@pytest.mark.slow
def test_blocking_with_a_string() -> None:
    """A string is one blocked name."""
    assert sorted(load_plugins(block="checks")) == sorted(set(DEFAULT_PLUGINS) - {"checks"})


def test_blocking_an_unselected_name() -> None:
    """Blocking a name that is not selected is an error with the closest match."""
    with pytest.raises(UnknownPluginError, match=r"cannot block 'cheks'.*did you mean 'checks'"):
        load_plugins(block={"cheks"})


def test_all_unselected_blocked_names_are_told() -> None:
    """One error names all blocked names that are not selected."""
    with pytest.raises(UnknownPluginError, match=r"(?s)'cheks'.*'rooot'"):
        load_plugins(block={"cheks", "rooot"})


def test_misspelt_name() -> None:
    """An unknown name is an error with the closest match."""
    with pytest.raises(UnknownPluginError, match=r"'lnnn'.*did you mean 'lnn'"):
        load_plugins("lnnn", "shape")


def test_all_unknown_names_are_told() -> None:
    """One error names all unknown names."""
    with pytest.raises(UnknownPluginError, match=r"(?s)'lnnn'.*'shapee'"):
        load_plugins("lnnn", "shapee")


def test_unknown_name_without_a_close_match() -> None:
    """Without a close match, the error lists the installed plugins."""
    with pytest.raises(UnknownPluginError, match=r"'quux'.*checks.*lnn.*more"):
        load_plugins("quux")


def test_plugin_selected_twice() -> None:
    """Selecting a plugin twice is an error."""
    with pytest.raises(PluginConflictError, match="'lnn' is selected twice"):
        load_plugins("lnn", "shape", "lnn")


def test_list_of_names() -> None:
    """A list of names is an error that shows the star."""
    with pytest.raises(PluginLoadError, match=r"load_plugins\(\*"):
        load_plugins(["lnn", "shape"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "cause", "words"),
    [
        ("import no_such_module_at_all", ModuleNotFoundError, ["no_such_module_at_all"]),
        ("raise ValueError('out of order')", ValueError, ["ValueError", "out of order"]),
        ("def (", SyntaxError, ["SyntaxError"]),
        ("raise SystemExit(3)", SystemExit, ["SystemExit", "3"]),
        ("raise GeneratorExit", GeneratorExit, ["GeneratorExit"]),
    ],
)
def test_failing_import(source: str, cause: type[BaseException], words: list[str], install: Install) -> None:
    """A plugin that cannot be imported is an error with plugin, distribution, version and cause."""
    install("acme", source, distribution="acme-dist", version="0.3")
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme-dist 0\.3\): cannot be imported") as raised:
        load_plugins("lnn", "acme")
    assert isinstance(raised.value.__cause__, cause)
    assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-dist 0.3")
    assert all(word in str(raised.value) for word in words)


@pytest.mark.slow
def test_keyboard_interrupt(install: Install) -> None:
    """A KeyboardInterrupt during an import passes unchanged."""
    install("acme", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_plugins("acme")


@pytest.mark.slow
@pytest.mark.parametrize("value", ["acme:missing", "acme.missing", "acme:a b"])
def test_entry_point_without_a_target(value: str, install: Install) -> None:
    """An entry point whose module or object does not exist is an error that names the distribution."""
    install("acme", entry_points={"acme": value})
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\)"):
        load_plugins("acme")


def test_failing_import_without_metadata(install: Install) -> None:
    """A plugin of a distribution without metadata is blamed by its name."""
    install("acme", "raise ValueError('out of order')", metadata="")
    with pytest.raises(PluginLoadError, match=r"(?s)plugin 'acme' \(.+\): .*out of order"):
        load_plugins("acme")


def test_class_as_plugin() -> None:
    """A class in place of an instance is an error."""
    with pytest.raises(PluginLoadError, match="a class, expected an instance") as raised:
        load_plugins(Provider)
    assert raised.value.origin == "local"


@pytest.mark.slow
def test_entry_point_of_a_class(install: Install) -> None:
    """An entry point that is a class is an error that shows the entry point."""
    install("acme", "class Plugin: pass", entry_points={"acme": "acme:Plugin"})
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\).*'acme:Plugin' is a class"):
        load_plugins("acme")


@pytest.mark.slow
def test_entry_point_of_an_instance(install: Install) -> None:
    """An entry point that is an instance is a plugin."""
    source = """
        from datacard_core import hookimpl, SystematicKind
        class Kind(SystematicKind):
            typ = "acme"
            def effects(self, target):
                return ()
        class Plugin:
            @hookimpl
            def datacard_systematic_kinds(self):
                return [Kind()]
        plugin = Plugin()
    """
    install("acme", source, entry_points={"acme": "acme:plugin"})
    assert list(load_plugins("acme").kinds) == ["acme"]


@pytest.mark.slow
def test_import_of_a_newer_name(install: Install) -> None:
    """An import of a public name that does not exist is an error that says which API is installed."""
    install("acme", "from datacard_core import Future\n")
    with pytest.raises(PluginLoadError, match=rf"'Future'.*plugin API {API_VERSION}"):
        load_plugins("acme")


def test_object_without_a_name() -> None:
    """A plugin whose name cannot be read is named after its class."""

    class Nameless:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError(name)

    with pytest.raises((PluginLoadError, PluginCallError), match=r"plugin 'Nameless' \(local\)"):
        load_plugins(Nameless())


@pytest.mark.slow
def test_module_of_another_distribution(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that is not beside the metadata is refused: cards would name a version that did not make them."""
    install("acme", kind_source(), version="1.0")
    (tmp_path / "in_front").mkdir()
    (tmp_path / "in_front" / "acme.py").write_text(kind_source(), encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "in_front"), *sys.path])
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\): its module was imported from .*in_front"):
        load_plugins("acme")
    sys.modules.pop("acme", None)


@pytest.mark.slow
def test_module_of_an_editable_distribution(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of an editable distribution are elsewhere."""
    folder = install("acme", kind_source())
    (folder / "acme-1.0.dist-info" / "direct_url.json").write_text('{"dir_info": {"editable": true}}', encoding="utf-8")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "acme.py").write_text(kind_source(), encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "source"), *sys.path])
    assert load_plugins("acme").origins == {"acme": "acme 1.0"}
    sys.modules.pop("acme", None)


def test_module_that_is_a_link(install: Install, tmp_path: Path) -> None:
    """The modules of a view, such as those of LCG on CVMFS, may be links to files elsewhere."""
    folder = install("acme", kind_source())
    (folder / "acme.py").rename(tmp_path / "elsewhere.py")
    (folder / "acme.py").symlink_to(tmp_path / "elsewhere.py")
    assert load_plugins("acme").origins == {"acme": "acme 1.0"}


@pytest.mark.slow
def test_module_of_the_standard_library(install: Install) -> None:
    """A plugin whose module is one of Python's is refused with its file."""
    install("acme", entry_points={"acme": "statistics"})
    with pytest.raises(PluginLoadError, match=r"its module was imported from .*statistics\.py"):
        load_plugins("acme")


class TestWithoutRecord:
    """Distributions of one folder, without records of their files, that may have installed one module."""

    @staticmethod
    def beside(folder: Path, distribution: str, version: str, entry_points: str) -> None:
        """Write the metadata of one more distribution into a folder."""
        metadata = folder / f"{distribution}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (metadata / "entry_points.txt").write_text(f"[datacard_core.plugins]\n{entry_points}\n")

    @pytest.mark.slow
    @pytest.mark.parametrize("reference", ["acme", "acme:plugin"])
    def test_module_of_two_distributions(self, install: Install, reference: str) -> None:
        """A module that another distribution announces too is refused: it may have overwritten it."""
        folder = install("acme", f"{kind_source()}\nplugin = None\n")
        self.beside(folder, "other", "7.0", f"other = {reference}")
        with pytest.raises(PluginLoadError, match=r"\(acme 1\.0\): other 7\.0 may have installed .*acme\.py too"):
            load_plugins("acme")

    def test_two_versions_of_one_distribution(self, install: Install) -> None:
        """Metadata of two versions, as an update that was broken off leaves them, are refused."""
        folder = install("acme", kind_source())
        self.beside(folder, "acme", "2.0", "acme = acme")
        with pytest.raises(PluginLoadError, match=r"acme [12]\.0 may have installed .* install acme again"):
            load_plugins("acme")

    @pytest.mark.slow
    def test_others_of_the_folder(self, install: Install) -> None:
        """Other distributions of the folder, and the module's own further plugins, do not matter."""
        folder = install("acme", kind_source(), entry_points={"acme": "acme", "again": "acme"})
        self.beside(folder, "other", "7.0", "other = other_module")
        assert load_plugins("acme").origins == {"acme": "acme 1.0"}


class TestRecord:
    """Modules that are not those which the distribution has installed, by its record of files."""

    @pytest.fixture
    def recorded(self, install: Install) -> Path:
        """Return the folder of a distribution whose package was installed with a record of its files."""
        folder = install("acme", entry_points={"acme": "acme_package.kinds"})
        package = folder / "acme_package"
        package.mkdir()
        rows = []
        for name, source in (("__init__.py", ""), ("factors.py", "UP = 1.1\n"), ("kinds.py", kind_source())):
            source = f"import acme_package.factors\n{source}" if name == "kinds.py" else source  # noqa: PLW2901
            (package / name).write_text(source, encoding="utf-8")
            digest = base64.urlsafe_b64encode(hashlib.sha256(source.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"acme_package/{name},sha256={digest},{len(source)}\n")
        rows += ["acme-1.0.dist-info/RECORD,,\n", "../../bin/acme,sha256=x,1\n"]
        (folder / "acme-1.0.dist-info" / "RECORD").write_text("".join(rows), encoding="utf-8")
        return folder

    @pytest.mark.slow
    def test_as_installed(self, recorded: Path) -> None:
        """Files with the recorded content are the distribution's."""
        assert recorded.is_dir()
        assert load_plugins("acme").origins == {"acme": "acme 1.0"}

    @pytest.mark.slow
    def test_changed_module(self, recorded: Path) -> None:
        """An edit of a module, which keeps the version, is refused."""
        with (recorded / "acme_package" / "kinds.py").open("a", encoding="utf-8") as file:
            file.write("# mended in place\n")
        with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\): .*kinds\.py is not as its"):
            load_plugins("acme")

    @pytest.mark.slow
    def test_changed_module_of_its_package(self, recorded: Path) -> None:
        """A module that the plugin imports from its package counts too."""
        (recorded / "acme_package" / "factors.py").write_text("UP = 9.9\n", encoding="utf-8")
        with pytest.raises(PluginLoadError, match=r"factors\.py is not as its .*install acme again"):
            load_plugins("acme")

    @pytest.mark.slow
    def test_module_of_no_distribution(self, recorded: Path) -> None:
        """A file in the folder that the distribution has not installed is refused."""
        record = recorded / "acme-1.0.dist-info" / "RECORD"
        lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
        record.write_text("".join(line for line in lines if "kinds" not in line), encoding="utf-8")
        with pytest.raises(PluginLoadError, match=r"kinds\.py, which its distribution has not installed"):
            load_plugins("acme")

    @pytest.mark.slow
    def test_record_that_cannot_be_read(self, recorded: Path) -> None:
        """A record that is no table says nothing."""
        (recorded / "acme-1.0.dist-info" / "RECORD").write_bytes(b"\xff\xfe\x00")
        assert load_plugins("acme").origins == {"acme": "acme 1.0"}
