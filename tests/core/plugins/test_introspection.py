"""Reports about plugins, which import only what is selected or to be checked."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, ClassVar

import importlib_metadata
import pytest

from datacard_core import API_VERSION, DEFAULT_PLUGINS, Check, __version__, hookimpl, load_plugins
from datacard_core.plugins.families import FAMILIES
from datacard_core.plugins.introspection import BROKEN, NOT_LOOKED_INTO, OK, as_document, report_plugins

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core import Channel, Finding
    from datacard_core.plugins.introspection import PluginReport
    from datacard_core.plugins.manager import Plugins
    from tests.conftest import Install

KIND = """
from datacard_core import SystematicKind, hookimpl

class Gamma(SystematicKind):
    typ = "gmN[7]"
    options = {"events": "how many there are", "alpha": "the weight of one"}
    def effects(self, target):
        return ()

@hookimpl
def datacard_systematic_kinds():
    return [Gamma()]
"""
EVERYTHING = """
from datacard_core import *

requires_api = ">=1.0,<2"

class Kind(SystematicKind):
    typ = "acmeKind"
    options = {"b": "the second", "a": "the first"}
    def effects(self, target):
        return ()

class Writer(CardWriter):
    name = "acme_text"
    def render(self, card):
        return ""

class Serializer(TemplateSerializer):
    name = "acme_file"
    def write(self, templates, path):
        path.touch()

class Look(Check):
    name = "acme_look"
    def run(self, channel):
        return ()

class Stare(Look):
    name = "acme_stare"

class Drawing(Plot):
    name = "acme_drawing"
    suffix = ".svg"
    def draw(self, channel, path):
        path.touch()

class Reader(HistogramSource):
    name = "acme_reader"
    def read(self, path, variables):
        return {}

class Own(Directive):
    def lines(self, channel):
        return ()

@hookimpl
def datacard_systematic_kinds():
    return [Kind()]

@hookimpl
def datacard_card_writers():
    return [Writer()]

@hookimpl
def datacard_template_serializers():
    return [Serializer()]

@hookimpl
def datacard_checks():
    return [Stare(), Look()]

@hookimpl
def datacard_plots():
    return [Drawing()]

@hookimpl
def datacard_histogram_sources():
    return [Reader()]

class Card(CardReader):
    name = "acme_card"
    def read(self, file):
        raise NotImplementedError

@hookimpl
def datacard_card_readers():
    return [Card()]

class Shapes(TemplateReader):
    name = "acme_shapes"
    suffixes = (".acme",)
    def read(self, path, names):
        raise NotImplementedError

@hookimpl
def datacard_template_readers():
    return [Shapes()]

@hookimpl
def datacard_renderings():
    return [Rendering("pyhf", Own, lambda directive, channel: None)]
"""
BROKEN_SOURCES = {
    "raise RuntimeError('out of order')": "cannot be imported: RuntimeError: out of order",
    "import sys\nsys.exit(3)": "cannot be imported: SystemExit: 3",
    "raise BaseException('enough')": "cannot be imported: BaseException: enough",
    "raise MemoryError": "MemoryError",
    "def (": "cannot be imported: SyntaxError",
    "import no_such_module": "No module named 'no_such_module'",
    "x = 1": "implements none of the hooks",
    "raise RuntimeError('\\udcff\\x1b[2J')": "RuntimeError: \\udcff\\x1b[2J",
    "class E(Exception):\n    def __str__(self):\n        raise ValueError\nraise E": "cannot be imported: E",
    "class E(BaseException):\n    def __str__(self):\n        raise E\nraise E": "cannot be imported: E",
    f"{KIND}\nGamma.typ = 7": "whose typ is 7, expected a name",
    f"{KIND}\nGamma.typ = property(lambda self: 1 / 0)": "ZeroDivisionError while contributing",
    f"{KIND}\nGamma.options = property(lambda self: 1 / 0)": "ZeroDivisionError while",
    f"{KIND}\nGamma.__repr__ = lambda self: 1 / 0\nGamma.typ = ''": "ZeroDivisionError while contributing",
    KIND.replace("def effects", "def effect"): "TypeError while contributing",
    f"{KIND}\nrequires_api = '>=2'": "it is made for the plugin API >=2",
    f"{KIND}\n@hookimpl\ndef datacard_plots():\n    raise SystemExit('now')": "SystemExit while contributing",
    f"{KIND}\n@hookimpl\ndef datacard_plots():\n    raise BaseException('now')": "BaseException while contributing",
    f"{KIND}\n@hookimpl\ndef datacard_checks():\n    yield 1\n    raise ValueError('half')": "half",
    f"{KIND}\nfrom datacard_core import *\n@hookimpl\ndef datacard_plots():\n    raise InputError('mine')": "mine",
}


class Bystander(Check):
    """A check that the analysis brings itself."""

    name: ClassVar[str] = "bystander"

    def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
        return ()


class Own:
    """A plugin as an object."""

    requires_api = ">=1.0"

    @hookimpl
    def datacard_checks(self) -> Iterable[Check]:
        return [Bystander()]


def report(name: str | None, analysis: Plugins | None = None, *, check: bool = False) -> PluginReport:
    """Return the report about the only plugin of that name."""
    (found,) = (one for one in report_plugins(analysis, check=check) if one.name == name)
    return found


@pytest.mark.slow
def test_built_in_set_is_selected() -> None:
    """Without an analysis, the built-in set is selected and works."""
    reports = {one.name: one for one in report_plugins() if one.selected}
    assert sorted(DEFAULT_PLUGINS) == list(reports)
    for one in reports.values():
        assert (one.distribution, one.version, one.status, one.error) == ("datacard-core", __version__, OK, None)
    assert reports["lnn"].entry_point == "datacard_lnn"
    assert reports["lnn"].hooks == ("datacard_systematic_kinds",)


@pytest.mark.slow
def test_reports_are_sorted(install: Install) -> None:
    """Reports are sorted by the name of the plugin, not of the distribution."""
    install("zeta", distribution="aaa")
    install("alpha", distribution="zzz")
    names = [one.name for one in report_plugins()]
    assert names == sorted(str(name) for name in names)
    assert {"alpha", "zeta"} <= set(names)


@pytest.mark.slow
def test_unselected_plugin(install: Install) -> None:
    """A report on a plugin that is not selected has its metadata, and does not import it."""
    folder = install("acme_unseen", "raise RuntimeError('imported')", distribution="acme-unseen", version="0.3")
    found = report("acme_unseen")
    assert "acme_unseen" not in sys.modules
    assert (found.status, found.error, found.selected) == (NOT_LOOKED_INTO, None, False)
    assert (found.requires_api, found.hooks, found.provides) == (None, None, None)
    assert (found.distribution, found.version, found.entry_point) == ("acme-unseen", "0.3", "acme_unseen")
    assert found.location == str(folder / "acme_unseen-0.3.dist-info")


@pytest.mark.slow
def test_check_describes_contributions(install: Install) -> None:
    """With check=True a plugin is imported, and its contributions of all families are described."""
    install("acme", EVERYTHING)
    found = report("acme", check=True)
    assert (found.status, found.selected, found.requires_api) == (OK, False, ">=1.0,<2")
    assert found.hooks == tuple(sorted(family.hook for family in FAMILIES))
    assert found.provides == {
        "kinds": {"acmeKind": {"options": {"a": "the first", "b": "the second"}, "codes": {}}},
        "writers": {"acme_text": {}},
        "serializers": {"acme_file": {}},
        "readers": {"acme_card": {"codes": {}}},
        "template_readers": {"acme_shapes": {}},
        "checks": {"acme_look": {"codes": {}}, "acme_stare": {"codes": {}}},
        "plots": {"acme_drawing": {"suffix": ".svg"}},
        "sources": {"acme_reader": {}},
        "renderings": {"pyhf of acme.Own": {"writer": "pyhf", "of": "acme.Own"}},
    }
    assert set(found.provides) == {family.field for family in FAMILIES}


@pytest.mark.slow
def test_broken_plugins(install: Install) -> None:
    """Each broken plugin is reported with the reason, and other plugins as ok."""
    broken = {f"acme_{number}": source for number, source in enumerate(BROKEN_SOURCES)}
    for name, source in broken.items():
        install(name, source)
    install("bystander", KIND)
    unseen = {one.name: one.status for one in report_plugins() if one.name in broken}
    assert unseen == dict.fromkeys(broken, NOT_LOOKED_INTO)
    reports = report_plugins(check=True)
    found = {str(one.name): one for one in reports}
    for name, source in broken.items():
        assert found[name].status == BROKEN
        error = found[name].error or ""
        assert error.startswith(f"plugin {name!r} ({name} 1.0): ")
        assert BROKEN_SOURCES[source] in error
        assert (found[name].hooks, found[name].provides) == (None, None)
    assert found["bystander"].status == OK
    json.dumps(as_document(reports)).encode("ascii")


@pytest.mark.slow
def test_required_api_of_a_refused_plugin(install: Install) -> None:
    """The report on a plugin for another API has the version that it requires."""
    install("acme", f"{KIND}\nrequires_api = '>=7.3'")
    assert report("acme", check=True).requires_api == ">=7.3"


def test_keyboard_interrupt(install: Install) -> None:
    """A KeyboardInterrupt during an import ends the report."""
    install("acme", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        report_plugins(check=True)


@pytest.mark.slow
def test_name_of_two_distributions(install: Install) -> None:
    """Two plugins of one name are both broken, each with its location, and neither is imported."""
    folders = [install(name, "raise RuntimeError", entry_points={"acme": name}) for name in ("one", "two")]
    found = [plugin for plugin in report_plugins() if plugin.name == "acme"]
    assert [plugin.status for plugin in found] == [BROKEN, BROKEN]
    assert [plugin.location for plugin in found] == [
        str(folder / f"{name}-1.0.dist-info") for folder, name in zip(folders, ("one", "two"), strict=True)
    ]
    for plugin in found:
        assert plugin.error is not None
        assert "one 1.0" in plugin.error
        assert "two 1.0" in plugin.error
    assert not {"one", "two"} & set(sys.modules)


@pytest.mark.slow
def test_distribution_found_twice(install: Install) -> None:
    """Of two versions of a distribution on the path, the first is reported."""
    install("acme", KIND, version="0.9")
    first = install("acme", KIND, version="1.0")
    assert report("acme", check=True).location == str(first / "acme-1.0.dist-info")


@pytest.mark.slow
def test_entry_point_listed_twice(install: Install) -> None:
    """An entry point that its distribution lists twice is reported once."""
    install("acme", KIND, entry_points_text="[datacard_core.plugins]\nacme = acme\nacme = acme\n")
    assert report("acme", check=True).status == OK


@pytest.mark.slow
def test_unreadable_entry_points(install: Install) -> None:
    """A distribution with unreadable entry points has a report without a plugin name."""
    folder = install("acme", entry_points_text="[datacard_core.plugins]\nacme\n", version="0.3")
    found = report(None)
    assert (found.distribution, found.version, found.status) == ("acme", "0.3", BROKEN)
    assert found.location == str(folder / "acme-0.3.dist-info")
    assert found.error == "acme 0.3: the entry points in its metadata cannot be read, install it again"


@pytest.mark.slow
def test_plugin_without_metadata(install: Install) -> None:
    """A plugin without metadata has a report with its location."""
    folder = install("acme", KIND, metadata="")
    found = report("acme", check=True)
    assert (found.distribution, found.version, found.status) == (None, None, OK)
    assert found.location == str(folder / "acme-1.0.dist-info")


class _InMemory(importlib_metadata.Distribution):
    """A distribution without files, as a finder may bring."""

    def read_text(self, filename: str) -> str | None:
        texts = {
            "METADATA": "Name: nowhere\nVersion: 2.0\n",
            "entry_points.txt": "[datacard_core.plugins]\nacme = acme\n",
        }
        return texts.get(filename)

    def locate_file(self, path: Any) -> Any:
        raise NotImplementedError(path)


class _Finder:
    def find_spec(self, *_: object) -> None:
        """Find no module."""

    def find_distributions(self, context: Any) -> list[_InMemory]:
        return [_InMemory()] if context.name in {None, "nowhere"} else []


@pytest.mark.slow
def test_distribution_without_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution that a finder keeps in memory is reported with an unknown location."""
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, _Finder()])
    found = report("acme")
    assert (found.distribution, found.version, found.location) == ("nowhere", "2.0", "unknown")
    assert report("lnn").status == OK


@pytest.mark.slow
def test_remains_of_a_distribution(install: Install) -> None:
    """Remains without metadata are reported as broken, and the complete distribution as ok."""
    install("acme", KIND)
    folder = install("remains", "raise RuntimeError", entry_points={"acme": "remains"}, metadata="")
    whole, remains = sorted(
        (plugin for plugin in report_plugins(check=True) if plugin.name == "acme"),
        key=lambda plugin: plugin.status != OK,
    )
    assert (whole.distribution, whole.status) == ("acme", OK)
    assert remains.location == str(folder / "remains-1.0.dist-info")
    assert remains.error is not None
    assert "remains of a distribution" in remains.error
    assert "acme 1.0" in remains.error
    assert "remains" not in sys.modules


@pytest.mark.slow
def test_plugins_of_an_analysis(install: Install) -> None:
    """With an analysis, its plugins are selected, and no other plugin is imported."""
    install("acme", KIND)
    install("acme_unseen", "raise RuntimeError('imported')")
    analysis = load_plugins("lnn", "combine", "root", "acme")
    reports = report_plugins(analysis)
    assert [plugin.name for plugin in reports if plugin.selected] == ["acme", "combine", "lnn", "root"]
    assert [plugin.name for plugin in reports if plugin.status == OK] == ["acme", "combine", "lnn", "root"]
    assert report("checks", analysis).status == NOT_LOOKED_INTO
    assert "acme_unseen" not in sys.modules


@pytest.mark.slow
def test_check_beside_an_analysis() -> None:
    """With check=True, plugins that the analysis does not select are imported too."""
    found = report("checks", load_plugins("lnn"), check=True)
    assert (found.selected, found.status) == (False, OK)


def test_local_plugin() -> None:
    """A plugin that the analysis brings itself is reported, with the location local."""
    found = report("Own", load_plugins("lnn", Own()))
    assert (found.distribution, found.version, found.entry_point, found.location) == (None, None, None, "local")
    assert (found.selected, found.status, found.requires_api) == (True, OK, ">=1.0")
    assert found.hooks == ("datacard_checks",)
    assert found.provides is not None
    assert found.provides["checks"] == {"bystander": {"codes": {}}}


@pytest.mark.slow
def test_local_plugin_with_an_installed_name(install: Install) -> None:
    """A local plugin and an installed plugin of the same name have separate reports."""
    install("Own", "raise RuntimeError('imported')")
    own = [plugin for plugin in report_plugins(load_plugins(Own())) if plugin.name == "Own"]
    assert sorted((plugin.distribution or "", plugin.selected, plugin.status) for plugin in own) == [
        ("", True, OK),
        ("Own", False, NOT_LOOKED_INTO),
    ]


@pytest.mark.slow
def test_keys_of_the_document(install: Install) -> None:
    """The document has the promised keys, for plugins of every status."""
    install("acme", EVERYTHING)
    install("unreadable", entry_points_text="[datacard_core.plugins]\nacme\n")
    document: dict[str, Any] = json.loads(json.dumps(as_document(report_plugins(load_plugins("lnn", Own())))))
    assert set(document) == {"datacard_core", "api", "python", "plugins"}
    assert (document["datacard_core"], document["api"]) == (__version__, API_VERSION)
    assert document["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {frozenset(plugin) for plugin in document["plugins"]} == {
        frozenset(
            {
                "name",
                "distribution",
                "version",
                "origin",
                "entry_point",
                "requires_api",
                "hooks",
                "provides",
                "selected",
                "status",
                "error",
            }
        )
    }
    assert {plugin["status"] for plugin in document["plugins"]} == {OK, BROKEN, NOT_LOOKED_INTO}


@pytest.mark.slow
def test_options_of_a_kind() -> None:
    """The options of a built-in kind are described by name."""
    found = report("rateparam").provides
    assert found is not None
    assert list(found["kinds"]) == ["rateParam"]
    assert list(found["kinds"]["rateParam"]["options"]) == ["range", "arguments", "channels"]
    assert "lowest and highest" in found["kinds"]["rateParam"]["options"]["range"]
