"""Broken plugins: an error that names them where they are selected, and no effect elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import DEFAULT_PLUGINS, Datacard, PluginError, load_plugins
from datacard_core.plugins.introspection import BROKEN, NOT_LOOKED_INTO, report_plugins
from tests.conftest import small_analysis
from tests.support.plugins import kind_source

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CardArguments, Install


HOOK = "from datacard_core import *\n@hookimpl\ndef datacard_systematic_kinds():\n    "
CLASS = (
    "from datacard_core import *\nclass Kind(SystematicKind):\n    typ = 'acme'\n    def effects(self, target): ...\n"
)
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no such module": ({"entry_points": {"acme": "not_there"}}, "ModuleNotFoundError"),
    "import error": ({"source": "import not_there"}, "ModuleNotFoundError: No module named 'not_there'"),
    "syntax error": ({"source": "def ("}, "SyntaxError"),
    "exit on import": ({"source": "raise SystemExit(3)"}, "SystemExit: 3"),
    "any error on import": ({"source": "raise BaseException('at import')"}, "BaseException: at import"),
    "no hook": ({"source": "def nothing(): ..."}, "implements none of the hooks"),
    "unmarked hook": ({"source": "def datacard_checks(): return []"}, "is @hookimpl missing?"),
    "mistyped hook": (
        {"source": HOOK.replace("datacard_systematic_kinds", "datacard_systematic_kind") + "return []"},
        "there is no hook 'datacard_systematic_kind' (did you mean 'datacard_systematic_kinds'?)",
    ),
    "hook with arguments": ({"source": HOOK.replace("kinds()", "kinds(card)") + "return []"}, "card"),
    "hook wrapper": (
        {"source": HOOK.replace("@hookimpl", "@hookimpl(wrapper=True)") + "return (yield)"},
        "is a hook wrapper",
    ),
    "any error in a hook": ({"source": HOOK + "raise BaseException('in a hook')"}, "BaseException while contributing"),
    "exit in a hook": ({"source": HOOK + "raise SystemExit"}, "SystemExit while contributing"),
    "half a generator": (
        {"source": HOOK + "yield from ()\n    raise ValueError('half way')"},
        "ValueError while contributing to datacard_systematic_kinds: half way",
    ),
    "None": ({"source": HOOK + "return None"}, "returned None, expected an iterable of SystematicKind objects"),
    "a string": ({"source": HOOK + "return 'lnN'"}, "returned 'lnN', expected an iterable"),
    "another object": ({"source": HOOK + "return [7]"}, "contributed 7, which is not a SystematicKind"),
    "a class": ({"source": CLASS + HOOK + "return [Kind]"}, "object but a class: contribute an instance"),
    "a class as plugin": ({"source": CLASS, "entry_points": {"acme": "acme:Kind"}}, "is a class, expected an instance"),
    "an abstract kind": (
        {"source": CLASS.replace("effects", "effect") + HOOK + "return [Kind()]"},
        "TypeError while contributing",
    ),
    "no typ": ({"source": CLASS.replace("'acme'", "None") + HOOK + "return [Kind()]"}, "whose typ is None"),
    "one typ twice": ({"source": CLASS + HOOK + "return [Kind(), Kind()]"}, "SystematicKind 'acme' is also provided"),
    "an older API": ({"source": "requires_api = '<1'"}, "install a newer version of the plugin"),
    "a newer API": ({"source": "requires_api = '>=2'"}, "install a newer datacard-core"),
    "no API": ({"source": "requires_api = 'any'"}, "requires_api is 'any', expected versions"),
}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a card that was written before a broken plugin was installed, by name."""
    folder = tmp_path_factory.mktemp("before")
    Datacard(**small_analysis()).dump(folder)
    return {name: (folder / name).read_bytes() for name in ("datacard.txt", "shapes.root")}


@pytest.fixture
def reasons(install: Install) -> dict[str, str]:
    """Install all broken plugins, and return why each is broken by its name."""
    found = {}
    for number, (wrong, reason) in enumerate(WRONG.values()):
        name = f"acme_{number}"
        (point,) = wrong.get("entry_points", {"acme": "acme"}).values()
        renamed = wrong | {"entry_points": {name: point.replace("acme", name)}}
        folder = install(name, **renamed, distribution=f"{name}-dist", version="0.3")
        # An import that made it would change the folder, after which all distributions are searched again.
        (folder / "__pycache__").mkdir()
        found[name] = reason
    return found


@pytest.mark.slow
def test_selected_broken_plugin(reasons: dict[str, str]) -> None:
    """Selecting a broken plugin is an error that names plugin, distribution, version and cause."""
    for name, reason in reasons.items():
        with pytest.raises(PluginError) as raised:
            load_plugins(*DEFAULT_PLUGINS, name)
        assert (raised.value.plugin, raised.value.origin) == (name, f"{name}-dist 0.3")
        assert f"plugin {name!r} ({name}-dist 0.3)" in str(raised.value)
        assert reason in str(raised.value)


@pytest.mark.slow
def test_unselected_broken_plugins(
    reasons: dict[str, str], card_arguments: CardArguments, before: dict[str, bytes], tmp_path: Path
) -> None:
    """Broken plugins that are not selected change no byte of a card, and a report says why each is broken."""
    Datacard(**card_arguments()).dump(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    unseen = {report.name: report.status for report in report_plugins() if report.name in reasons}
    assert unseen == dict.fromkeys(reasons, NOT_LOOKED_INTO)
    assert not reasons.keys() & sys.modules.keys()
    reports = {str(report.name): report for report in report_plugins(check=True) if report.name in reasons}
    for name, reason in reasons.items():
        report = reports[name]
        assert (report.distribution, report.version, report.status) == (f"{name}-dist", "0.3", BROKEN)
        assert reason in (report.error or "")


@pytest.mark.slow
def test_name_of_two_distributions(install: Install, card_arguments: CardArguments) -> None:
    """Two distributions with one plugin name are an error if it is selected, and change no card otherwise."""
    before = Datacard(**card_arguments()).content()
    install("acme_one", kind_source(), entry_points={"acme": "acme_one"})
    install("acme_two", kind_source(), entry_points={"acme": "acme_two"})
    with pytest.raises(PluginError, match=r"acme_one 1\.0 \(acme_one\), acme_two 1\.0 \(acme_two\)"):
        load_plugins("acme")
    assert Datacard(**card_arguments()).content() == before
    assert [report.status for report in report_plugins() if report.name == "acme"] == [BROKEN, BROKEN]
    assert not {"acme_one", "acme_two"} & set(sys.modules)
