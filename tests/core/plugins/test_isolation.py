"""What a package can do wrong: an error that names it for who asked for it, and nothing for everybody else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import DEFAULT_PLUGINS, Datacard, PluginError, load_plugins
from datacard_core.plugins.introspection import BROKEN, NOT_LOOKED_INTO, report_plugins
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


@pytest.mark.parametrize(("wrong", "reason"), WRONG.values(), ids=WRONG)
def test_who_asks_for_it_is_told_which_plugin_of_which_version_and_what(
    wrong: dict[str, Any], reason: str, install: Install
) -> None:
    install("acme", **wrong, distribution="acme-dist", version="0.3")
    with pytest.raises(PluginError) as raised:
        load_plugins(*DEFAULT_PLUGINS, "acme")
    assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-dist 0.3")
    assert "plugin 'acme' (acme-dist 0.3)" in str(raised.value)
    assert reason in str(raised.value)


@pytest.mark.parametrize(("wrong", "reason"), WRONG.values(), ids=WRONG)
def test_who_does_not_ask_for_it_gets_the_same_card_and_can_see_that_it_is_broken(
    wrong: dict[str, Any], reason: str, install: Install, card_arguments: CardArguments, tmp_path: Path
) -> None:
    Datacard(**card_arguments()).dump(tmp_path / "before")
    install("acme", **wrong, distribution="acme-dist", version="0.3")
    Datacard(**card_arguments()).dump(tmp_path / "after")
    for name in ("datacard.txt", "shapes.root"):
        assert (tmp_path / "after" / name).read_bytes() == (tmp_path / "before" / name).read_bytes()
    (report,) = [report for report in report_plugins() if report.name == "acme"]
    assert (report.status, "acme" in sys.modules) == (NOT_LOOKED_INTO, False)
    (report,) = [report for report in report_plugins(check=True) if report.name == "acme"]
    assert (report.distribution, report.version, report.status) == ("acme-dist", "0.3", BROKEN)
    assert reason in (report.error or "")


def test_two_distributions_with_one_name_are_broken_for_who_asks_and_for_nobody_else(
    install: Install, card_arguments: CardArguments
) -> None:
    before = Datacard(**card_arguments()).content()
    install("acme_one", kind_source(), entry_points={"acme": "acme_one"})
    install("acme_two", kind_source(), entry_points={"acme": "acme_two"})
    with pytest.raises(PluginError, match=r"acme_one 1\.0 \(acme_one\), acme_two 1\.0 \(acme_two\)"):
        load_plugins("acme")
    assert Datacard(**card_arguments()).content() == before
    assert [report.status for report in report_plugins() if report.name == "acme"] == [BROKEN, BROKEN]
    assert not {"acme_one", "acme_two"} & set(sys.modules)
