"""Selecting plugins, what they may do, and what happens to everybody else when they do something else."""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
import types
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Axis,
    CardWriter,
    Channel,
    Check,
    Datacard,
    DeclarationError,
    Directive,
    Effect,
    Finding,
    FreeParameter,
    InputError,
    MCProcess,
    MCProcesses,
    MissingProviderError,
    NamedTemplates,
    Normalisation,
    PluginCallError,
    PluginConflictError,
    PluginLoadError,
    RawLine,
    Shape,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    Target,
    Templates,
    TemplateSerializer,
    UnknownPluginError,
    error,
    hookimpl,
    installed_plugins,
    load_plugins,
    warning,
)
from datacard_core.plugins import entry_points

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.conftest import CardArguments, Install

YEARS = ("2022", "2023")
INTERFACES = {
    "datacard_systematic_kinds": "SystematicKind",
    "datacard_card_writers": "CardWriter",
    "datacard_template_serializers": "TemplateSerializer",
    "datacard_checks": "Check",
}
EFFECTS_HEAD = """
import attrs
import numpy as np
from datacard_core import *
n = len(target.positions)
ones = np.ones(n)
flat = Templates(np.ones((n, target.axis.bins)), np.ones((n, target.axis.bins)))

@attrs.frozen(eq=False)
class Cells(Effect):
    columns: object
    text: object = "1.5"
    word: object = "gmN 7"
    keyword = property(lambda self: self.word)
    def cells(self):
        return [self.text for _ in self.columns]
"""


def kind_source(*effects: str, typ: str = "acme", more: str = "pass") -> str:
    """A plugin module with one kind, whose `effects` runs those lines."""
    body = "\n        ".join("\n".join([EFFECTS_HEAD, *(effects or ["return ()"])]).splitlines())
    body = body.replace("from datacard_core import *", "")
    return f"""
from datacard_core import *

class Kind(SystematicKind):
    typ = {typ!r}
    {more}
    def effects(self, target):
        {body}

@hookimpl
def datacard_systematic_kinds():
    return [Kind()]
"""


def mine(typ: str = "acme", **options: Any) -> Systematics:
    return Systematics([SystematicUncertainty("mine", typ, ["signal", "top"], YEARS, 1.5, options=options)])


def rows(card: Datacard) -> dict[str, list[str]]:
    """The lines of a card by their first word, the last one of each."""
    return {line.split()[0]: line.split()[1:] for line in card.content().splitlines()}


class _Provider:
    """A plugin as an object: contributes what it was made with."""

    def __init__(self, name: str, *objects: Any) -> None:
        self.__name__ = name
        self.objects = objects

    def of(self, interface: type) -> list[Any]:
        return [item for item in self.objects if isinstance(item, interface)]

    @hookimpl
    def datacard_systematic_kinds(self) -> Iterable[SystematicKind]:
        return self.of(SystematicKind)

    @hookimpl
    def datacard_card_writers(self) -> Iterable[CardWriter]:
        return self.of(CardWriter)

    @hookimpl
    def datacard_template_serializers(self) -> Iterable[TemplateSerializer]:
        return self.of(TemplateSerializer)

    @hookimpl
    def datacard_checks(self) -> Iterable[Check]:
        return self.of(Check)


def test_without_names_the_built_in_set_is_selected() -> None:
    assert sorted(load_plugins()) == sorted(DEFAULT_PLUGINS)


def test_the_built_in_set_has_the_kinds_writers_and_serializers_of_the_old_interface() -> None:
    plugins = load_plugins()
    assert sorted(plugins.kinds) == ["autoMCStats", "lnN", "rateParam", "shape"]
    assert "combine" in plugins.writers
    assert "root" in plugins.serializers


def test_named_plugins_are_selected_and_no_others() -> None:
    plugins = load_plugins("lnn", "combine")
    assert list(plugins) == ["combine", "lnn"]
    assert list(plugins.kinds) == ["lnN"]
    assert not plugins.serializers


def test_every_plugin_has_an_origin_with_its_version() -> None:
    assert load_plugins("lnn").origins["lnn"].startswith("datacard-core 0.")


def test_a_module_is_a_plugin_of_origin_local() -> None:
    module = types.ModuleType("my_module")
    module.datacard_systematic_kinds = hookimpl(lambda: [Acme()])  # type: ignore[attr-defined]
    module.datacard_systematic_kinds.__name__ = "datacard_systematic_kinds"
    plugins = load_plugins(*DEFAULT_PLUGINS, module)
    assert plugins.origins["my_module"] == "local"
    assert "acme" in plugins.kinds


def test_an_object_is_a_plugin_of_origin_local() -> None:
    plugins = load_plugins(_Provider("mine", Acme()))
    assert plugins.origins == {"mine": "local"}


def test_an_installed_plugin_is_listed_and_not_imported(install: Install) -> None:
    install("acme_listed", "raise RuntimeError('imported')")
    assert "acme_listed" in installed_plugins()
    assert "acme_listed" not in sys.modules


def test_installed_plugins_are_sorted_and_each_is_there_once(install: Install) -> None:
    install("zeta", distribution="aaa")
    install("alpha", distribution="zzz")
    assert list(installed_plugins()) == sorted({*DEFAULT_PLUGINS, "alpha", "zeta"} | set(installed_plugins()))


def test_all_installed_plugins_can_be_selected_but_for_some(install: Install) -> None:
    install("acme_plots", "raise RuntimeError('imported')")
    plugins = load_plugins(*installed_plugins(), block={"acme_plots"})
    assert "lnn" in plugins
    assert "acme_plots" not in plugins
    assert "acme_plots" not in sys.modules


def test_a_plugin_of_the_built_in_set_can_be_blocked() -> None:
    assert "checks" not in load_plugins(block=["checks"])


def test_one_blocked_name_need_not_be_in_a_list() -> None:
    assert sorted(load_plugins(block="checks")) == sorted(set(DEFAULT_PLUGINS) - {"checks"})


def test_blocking_what_is_not_selected_is_an_error_with_the_closest_match() -> None:
    with pytest.raises(UnknownPluginError, match=r"cannot block 'cheks'.*did you mean 'checks'"):
        load_plugins(block={"cheks"})


def test_all_names_that_cannot_be_blocked_are_told_at_once() -> None:
    with pytest.raises(UnknownPluginError, match=r"(?s)'cheks'.*'rooot'"):
        load_plugins(block={"cheks", "rooot"})


def test_an_unknown_name_is_an_error_with_the_closest_match() -> None:
    with pytest.raises(UnknownPluginError, match=r"'lnnn'.*did you mean 'lnn'"):
        load_plugins("lnnn", "shape")


def test_all_unknown_names_are_told_at_once() -> None:
    with pytest.raises(UnknownPluginError, match=r"(?s)'lnnn'.*'shapee'"):
        load_plugins("lnnn", "shapee")


def test_an_unknown_name_like_nothing_installed_is_an_error_that_lists_what_is() -> None:
    with pytest.raises(UnknownPluginError, match=r"'quux'.*lnn.*rateparam"):
        load_plugins("quux")


def test_a_plugin_selected_twice_is_an_error() -> None:
    with pytest.raises(PluginConflictError, match="'lnn' is selected twice"):
        load_plugins("lnn", "shape", "lnn")


def test_a_list_of_names_is_an_error_that_shows_how_to_pass_it() -> None:
    with pytest.raises(PluginLoadError, match=r"load_plugins\(\*"):
        load_plugins(["lnn", "shape"])


def test_selected_plugins_cannot_be_exchanged() -> None:
    plugins = load_plugins("lnn")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        plugins.kinds = {}  # type: ignore[misc]


@pytest.mark.parametrize("family", ["origins", "kinds", "writers", "serializers", "checks"])
def test_nothing_can_be_added_to_selected_plugins(family: str) -> None:
    with pytest.raises(TypeError):
        getattr(load_plugins("lnn"), family)["mine"] = None


def test_selected_plugins_travel_by_name(install: Install) -> None:
    install("acme", kind_source())
    plugins = load_plugins("lnn", "acme")
    data = pickle.dumps(plugins)
    assert b"Kind" not in data
    back = pickle.loads(data)
    assert back.origins == plugins.origins
    assert list(back.kinds) == ["acme", "lnN"]
    assert back.kind("acme").origin == "acme 1.0"


def test_an_empty_selection_stays_empty_in_a_pickle() -> None:
    assert list(pickle.loads(pickle.dumps(load_plugins("lnn", block="lnn")))) == []


def test_plugins_of_another_version_are_not_used_in_place_of_the_selected(install: Install) -> None:
    install("acme", kind_source())
    data = pickle.dumps(load_plugins("lnn", "acme"))
    del sys.modules["acme"]
    install("acme", "raise RuntimeError('imported')", version="1.1")
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' is acme 1\.1 here, and acme 1\.0 where it was selected"):
        pickle.loads(data)
    assert "acme" not in sys.modules


UNPICKLE = "import pickle, sys; print(*pickle.load(sys.stdin.buffer).kinds)"


@pytest.mark.parametrize("is_there", [True, False], ids=["there", "not there"])
def test_selected_plugins_travel_to_another_process_where_they_are_installed(is_there: bool, install: Install) -> None:
    folder = install("acme", kind_source())
    path = os.pathsep.join([str(folder)] * is_there + [os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", UNPICKLE],
        input=pickle.dumps(load_plugins("lnn", "acme")),
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        check=False,
    )
    if is_there:
        assert (done.stdout.split(), done.stderr) == ([b"acme", b"lnN"], b"")
    else:
        assert b"plugin 'acme' is not installed here, and acme 1.0 where it was selected" in done.stderr


def test_a_module_travels_by_the_name_to_import_it_by(install: Install) -> None:
    install("acme", kind_source(), entry_points={})
    module = importlib.import_module("acme")
    data = pickle.dumps(load_plugins("lnn", module))
    del sys.modules["acme"]
    back = pickle.loads(data)
    assert back.origins["acme"] == "local"
    assert list(back.kinds) == ["acme", "lnN"]


def test_a_module_that_is_gone_is_an_error_that_names_it(install: Install) -> None:
    folder = install("acme", kind_source(), entry_points={})
    data = pickle.dumps(load_plugins(importlib.import_module("acme")))
    del sys.modules["acme"]
    (folder / "acme.py").unlink()
    importlib.invalidate_caches()
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(local\): cannot be imported here: ModuleNotFoundError"):
        pickle.loads(data)


def test_a_module_that_cannot_be_imported_by_its_name_cannot_travel() -> None:
    module = types.ModuleType("my_module")
    vars(module)["datacard_checks"] = _Provider("mine").datacard_checks
    with pytest.raises(PluginLoadError, match=r"plugin 'my_module' \(local\): this module cannot be imported"):
        pickle.dumps(load_plugins(module))


def test_any_other_object_travels_as_it_is() -> None:
    back = pickle.loads(pickle.dumps(load_plugins("lnn", _Provider("mine", Acme("theirs")))))
    assert back.origins["mine"] == "local"
    assert list(back.kinds) == ["lnN", "theirs"]


def test_the_order_of_selection_does_not_matter(card_arguments: CardArguments) -> None:
    one = load_plugins(*DEFAULT_PLUGINS, _Provider("a", Acme()), _Provider("b", Acme("other")))
    two = load_plugins(_Provider("b", Acme("other")), _Provider("a", Acme()), *reversed(DEFAULT_PLUGINS))
    assert list(one) == list(two)
    assert list(one.kinds) == list(two.kinds)
    assert list(one.checks) == list(two.checks)
    cards = [Datacard(**card_arguments(systematics=mine(), plugins=plugins)) for plugins in (one, two)]
    assert cards[0].content() == cards[1].content()
    assert cards[0].findings == cards[1].findings


def test_installing_a_package_changes_no_card_and_does_not_import_it(
    install: Install, card_arguments: CardArguments, tmp_path: Path
) -> None:
    Datacard(**card_arguments()).dump(tmp_path / "before")
    install("acme_meddler", "raise RuntimeError('imported')")
    install("acme_other", kind_source(typ="lnN"))
    card = Datacard(**card_arguments())
    card.dump(tmp_path / "after")
    for name in ("datacard.txt", "shapes.root"):
        assert (tmp_path / "before" / name).read_bytes() == (tmp_path / "after" / name).read_bytes()
    assert not {"acme_meddler", "acme_other"} & set(sys.modules)
    assert sorted(card.plugins) == sorted(DEFAULT_PLUGINS)


def test_the_built_in_set_is_a_fixed_tuple() -> None:
    assert DEFAULT_PLUGINS == ("lnn", "shape", "rateparam", "mcstats", "checks", "combine", "root")


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"source": "raise SystemExit(3)"}, id="it exits"),
        pytest.param({"source": "def ("}, id="it is no Python"),
        pytest.param({"entry_points": {"broken": "no_such_module"}}, id="its module is missing"),
        pytest.param({"entry_points": {"broken": "broken:Missing.part"}}, id="its object is missing"),
        pytest.param({"entry_points_text": "[datacard_core.plugins]\nbroken = 1 2 !!\n"}, id="its value is none"),
        pytest.param({"entry_points_text": "[datacard_core.plugins]\nbroken\n"}, id="its line has no value"),
        pytest.param({"entry_points_text": "broken = broken\n[datacard_core.plugins\n"}, id="it is no ini file"),
        pytest.param({"metadata": ""}, id="it has no metadata"),
        pytest.param({"metadata": "Metadata-Version: 2.1\n\n"}, id="its metadata are empty"),
    ],
)
def test_a_broken_plugin_that_nobody_asked_for_is_harmless(
    broken: dict[str, Any], install: Install, card_arguments: CardArguments
) -> None:
    before = Datacard(**card_arguments()).content()
    install("broken", **broken)
    assert set(DEFAULT_PLUGINS) <= set(installed_plugins())
    assert Datacard(**card_arguments()).content() == before
    with pytest.raises(MissingProviderError, match="gmN"):
        Datacard(**card_arguments(systematics=mine("gmN")))


def test_what_remains_of_a_distribution_is_not_in_the_way_of_a_whole_one(install: Install) -> None:
    install("acme", kind_source())
    install("remains", "raise RuntimeError('imported')", entry_points={"acme": "remains"}, metadata="")
    assert load_plugins("acme").origins == {"acme": "acme 1.0"}


def test_a_distribution_whose_plugins_cannot_be_read_is_named_where_one_is_missing(install: Install) -> None:
    install("broken", entry_points_text="[datacard_core.plugins]\nbroken\n", version="0.3")
    with pytest.raises(UnknownPluginError, match=r"'broken' is installed.*broken 0\.3 cannot be read"):
        load_plugins("broken")


def test_an_earlier_distribution_of_that_name_without_plugins_hides_a_later_one(install: Install) -> None:
    install("acme", kind_source(), version="0.9")
    install("other", entry_points={}, distribution="acme")
    assert "acme" not in installed_plugins()


@pytest.mark.parametrize("typ", ["lnN", "quux"], ids=["found", "looked for in all that are installed"])
def test_all_distributions_are_gone_through_once(
    typ: str, card_arguments: CardArguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Finder:
        """Has no distribution, and counts how often somebody asks for all of them."""

        calls = 0

        def find_distributions(self, context: Any) -> Iterator[Any]:
            self.calls += context.name is None
            return iter(())

        def find_spec(self, *_: Any) -> None:
            return None

    plugins = load_plugins()
    finder = Finder()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, finder])
    if typ == "lnN":
        load_plugins("lnn", "shape", "combine")
    else:
        with pytest.raises(MissingProviderError):
            Datacard(**card_arguments(systematics=mine(typ), plugins=plugins))
    assert finder.calls == 1


def test_one_distribution_found_twice_is_one_plugin(install: Install) -> None:
    install("acme", kind_source(typ="stale"), version="0.9")
    install("acme", kind_source(typ="fresh"), version="1.0")
    plugins = load_plugins("acme")
    assert plugins.origins == {"acme": "acme 1.0"}
    assert list(plugins.kinds) == ["fresh"]
    assert [point.name for point in entry_points()].count("acme") == 1


def test_two_distributions_with_one_entry_point_name_are_an_error_that_names_both(install: Install) -> None:
    install("acme_one", kind_source(), distribution="first-dist", entry_points={"acme": "acme_one"})
    install("acme_two", kind_source(), distribution="other-dist", entry_points={"acme": "acme_two"})
    with pytest.raises(PluginConflictError, match=r"'acme'.*first-dist 1\.0, other-dist 1\.0"):
        load_plugins("acme")
    assert not {"acme_one", "acme_two"} & set(sys.modules)


def test_a_name_that_two_distributions_have_does_not_matter_to_who_does_not_select_it(install: Install) -> None:
    install("acme_one", distribution="first-dist", entry_points={"acme": "acme_one"})
    install("acme_two", distribution="other-dist", entry_points={"acme": "acme_two"})
    assert sorted(load_plugins()) == sorted(DEFAULT_PLUGINS)
    assert installed_plugins().count("acme") == 1


def test_an_outside_plugin_cannot_take_the_name_of_a_built_in_one(install: Install) -> None:
    install("impostor", kind_source(typ="lnN"), entry_points={"lnn": "impostor"})
    with pytest.raises(PluginConflictError, match=r"datacard-core 0\..*impostor 1\.0"):
        load_plugins("lnn")
    assert "impostor" not in sys.modules


def test_two_plugins_with_one_typ_are_an_error_that_names_both(install: Install) -> None:
    install("acme_one", kind_source())
    install("acme_two", kind_source(), version="2.5")
    with pytest.raises(PluginConflictError) as raised:
        load_plugins("acme_one", "acme_two")
    for words in ("'acme_one' (acme_one 1.0)", "'acme_two' (acme_two 2.5)", "SystematicKind 'acme'"):
        assert words in str(raised.value)


def test_of_two_plugins_with_one_typ_one_can_be_blocked(install: Install) -> None:
    install("acme_one", kind_source())
    install("acme_two", kind_source())
    plugins = load_plugins("acme_one", "acme_two", block={"acme_one"})
    assert plugins.kind("acme").plugin == "acme_two"


@pytest.mark.parametrize(
    ("interface", "method"), [("CardWriter", "render"), ("TemplateSerializer", "write"), ("Check", "run")]
)
def test_two_plugins_with_one_writer_serializer_or_check_are_an_error(
    interface: str, method: str, install: Install
) -> None:
    hook = {value: key for key, value in INTERFACES.items()}[interface]
    source = f"""
        from datacard_core import {interface}, hookimpl
        class Ours({interface}):
            name = "ours"
            def {method}(self, *arguments):
                return ""
        @hookimpl
        def {hook}():
            return [Ours()]
    """
    install("acme_one", source)
    install("acme_two", source)
    with pytest.raises(PluginConflictError, match=f"{interface} 'ours'.*'acme_one'"):
        load_plugins("acme_one", "acme_two")


def test_one_plugin_with_the_same_typ_twice_is_an_error() -> None:
    with pytest.raises(PluginConflictError, match="'acme'"):
        load_plugins(_Provider("mine", Acme(), Acme()))


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
def test_a_plugin_that_cannot_be_imported_is_an_error_with_the_cause(
    source: str, cause: type[BaseException], words: list[str], install: Install
) -> None:
    install("acme", source, distribution="acme-dist", version="0.3")
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme-dist 0\.3\): cannot be imported") as raised:
        load_plugins("lnn", "acme")
    assert isinstance(raised.value.__cause__, cause)
    assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-dist 0.3")
    assert all(word in str(raised.value) for word in words)


def test_the_users_interrupt_goes_through_a_plugin(install: Install) -> None:
    install("acme", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_plugins("acme")


@pytest.mark.parametrize("value", ["acme:missing", "acme.missing", "acme:a b"])
def test_an_entry_point_that_leads_nowhere_is_an_error_that_names_the_distribution(
    value: str, install: Install
) -> None:
    install("acme", entry_points={"acme": value})
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\)"):
        load_plugins("acme")


def test_a_distribution_without_metadata_can_be_blamed(install: Install) -> None:
    install("acme", "raise ValueError('out of order')", metadata="")
    with pytest.raises(PluginLoadError, match=r"(?s)plugin 'acme' \(.+\): .*out of order"):
        load_plugins("acme")


def test_a_class_in_place_of_an_instance_is_an_error() -> None:
    with pytest.raises(PluginLoadError, match="a class, expected an instance") as raised:
        load_plugins(_Provider)
    assert raised.value.origin == "local"


def test_an_entry_point_that_is_a_class_is_an_error(install: Install) -> None:
    install("acme", "class Plugin: pass", entry_points={"acme": "acme:Plugin"})
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\).*'acme:Plugin' is a class"):
        load_plugins("acme")


def test_an_entry_point_that_is_an_instance_is_a_plugin(install: Install) -> None:
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


def test_a_module_without_hooks_is_no_plugin_and_told_why(install: Install) -> None:
    install("acme", "def datacard_systematic_kinds():\n    return []\n")
    with pytest.raises(PluginLoadError, match=r"datacard_systematic_kinds.*is @hookimpl missing\?"):
        load_plugins("acme")


def test_a_hook_without_its_mark_is_an_error_even_where_another_has_it(install: Install) -> None:
    source = "\ndef datacard_checks():\n    return []\n"
    install("acme", kind_source() + source)
    with pytest.raises(PluginLoadError, match=r"datacard_checks.*@hookimpl"):
        load_plugins("acme")


def test_a_mistyped_hook_is_an_error(install: Install) -> None:
    source = "\n@hookimpl\ndef datacard_systematic_kindz():\n    return []\n"
    install("acme", kind_source() + source)
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\).*'datacard_systematic_kindz'"):
        load_plugins("acme")


def test_a_mistyped_hook_is_told_with_the_closest_match(install: Install) -> None:
    install("acme", "from datacard_core import hookimpl\n@hookimpl\ndef datacard_systematic_kindz():\n    return []\n")
    with pytest.raises(PluginLoadError, match=r"did you mean 'datacard_systematic_kinds'"):
        load_plugins("acme")


def test_a_mistyped_hook_is_an_error_even_where_it_is_marked_as_optional(install: Install) -> None:
    source = "\n@hookimpl(optionalhook=True)\ndef datacard_systematic_kindz():\n    return []\n"
    install("acme", kind_source() + source)
    with pytest.raises(PluginLoadError, match="datacard_systematic_kindz"):
        load_plugins("acme")


def test_a_hook_with_arguments_that_it_does_not_get_is_an_error(install: Install) -> None:
    install("acme", "from datacard_core import hookimpl\n@hookimpl\ndef datacard_checks(channel):\n    return []\n")
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\).*(?s:.*)channel"):
        load_plugins("acme")


@pytest.mark.parametrize("flag", ["wrapper", "hookwrapper"])
def test_a_hook_wrapper_is_an_error(flag: str, install: Install) -> None:
    source = f"""
        from datacard_core import hookimpl
        @hookimpl({flag}=True)
        def datacard_systematic_kinds():
            return (yield)
    """
    install("acme", source)
    with pytest.raises(PluginLoadError, match="datacard_systematic_kinds is a hook wrapper"):
        load_plugins("lnn", "acme")


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("None", "returned None, expected an iterable of {interface} objects"),
        ("'lnN'", "returned 'lnN', expected an iterable"),
        ("7", "returned 7, expected an iterable"),
        ("['lnN']", "contributed 'lnN', which is no {interface}"),
        ("[None]", "contributed None, which is no {interface}"),
        ("[{interface}]", "contributed .*, which is no {interface} object but a class"),
        ("[Unnamed()]", "expected a name"),
        ("[Empty()]", "expected a name"),
    ],
)
@pytest.mark.parametrize("hook", INTERFACES)
def test_a_hook_that_returns_something_else_is_an_error(hook: str, returned: str, words: str, install: Install) -> None:
    interface = INTERFACES[hook]
    source = f"""
        from datacard_core import {interface}, hookimpl
        Ours = type("Ours", ({interface},), dict.fromkeys({interface}.__abstractmethods__))
        Unnamed = type("Unnamed", (Ours,), {{}})
        Empty = type("Empty", (Ours,), dict(typ="", name=""))
        @hookimpl
        def {hook}():
            return {returned.format(interface=interface)}
    """
    install("acme", source)
    with pytest.raises(PluginLoadError, match=words.format(interface=interface)) as raised:
        load_plugins("acme")
    assert str(raised.value).startswith("plugin 'acme' (acme 1.0): ")
    assert hook in str(raised.value)


def test_an_object_in_place_of_a_list_of_one_is_an_error() -> None:
    class Plugin:
        @hookimpl
        def datacard_systematic_kinds(self) -> Any:
            return Acme()

    with pytest.raises(PluginLoadError, match="expected an iterable of SystematicKind objects"):
        load_plugins(Plugin())


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("raise ValueError('out of order')", ValueError),
        ("raise SystemExit('out of order')", SystemExit),
        ("raise BaseException('out of order')", BaseException),
        ("yield from ()\n    raise ValueError('out of order')", ValueError),
    ],
)
def test_a_hook_that_fails_is_an_error_with_the_cause(body: str, cause: type[BaseException], install: Install) -> None:
    install("acme", f"from datacard_core import hookimpl\n@hookimpl\ndef datacard_checks():\n    {body}\n")
    with pytest.raises(PluginCallError, match="contributing to datacard_checks: out of order") as raised:
        load_plugins("lnn", "acme")
    assert type(raised.value.__cause__) is cause
    assert (raised.value.plugin, raised.value.origin) == ("acme", "acme 1.0")


def test_an_object_that_cannot_even_be_shown_is_an_error_that_names_the_plugin(install: Install) -> None:
    source = """
        from datacard_core import hookimpl
        class Thing:
            def __repr__(self):
                raise RuntimeError
        @hookimpl
        def datacard_systematic_kinds():
            return [Thing()]
    """
    install("acme", source)
    with pytest.raises((PluginLoadError, PluginCallError), match=r"plugin 'acme' \(acme 1\.0\)"):
        load_plugins("acme")


def test_a_kind_whose_typ_fails_is_an_error_that_names_the_plugin(install: Install) -> None:
    install("acme", kind_source(more="typ = property(lambda self: 1 / 0)"))
    with pytest.raises((PluginLoadError, PluginCallError), match=r"plugin 'acme' \(acme 1\.0\)"):
        load_plugins("acme")


def test_a_typ_that_no_selected_plugin_has_is_an_error_with_those_that_are_and_the_way_to_it(
    install: Install, card_arguments: CardArguments
) -> None:
    install("acme_gmn", kind_source(typ="gmN"), version="2.0")
    with pytest.raises(MissingProviderError) as raised:
        Datacard(**card_arguments(systematics=mine("gmN")))
    message = str(raised.value)
    for words in ("'mine'", "'gmN'", "autoMCStats, lnN, rateParam, shape", "plugin 'acme_gmn' has it", "load_plugins("):
        assert words in message


def test_looking_for_the_way_out_does_not_stumble_over_broken_plugins(
    install: Install, card_arguments: CardArguments
) -> None:
    install("aaa_exits", "raise SystemExit(3)")
    install("aab_missing", entry_points={"aab_missing": "no_such_module"})
    install(
        "aac_fails", "from datacard_core import hookimpl\n@hookimpl\ndef datacard_checks():\n    raise BaseException\n"
    )
    install("aad_one", distribution="one", entry_points={"aad": "aad_one"})
    install("aad_two", distribution="two", entry_points={"aad": "aad_two"})
    install("acme_gmn", kind_source(typ="gmN"))
    with pytest.raises(MissingProviderError, match="plugin 'acme_gmn' has it"):
        Datacard(**card_arguments(systematics=mine("gmN")))


def test_a_typ_that_nobody_has_is_an_error_that_lists_the_others_once(card_arguments: CardArguments) -> None:
    with pytest.raises(MissingProviderError, match="autoMCStats, lnN, rateParam, shape") as raised:
        Datacard(**card_arguments(systematics=mine("quux")))
    assert str(raised.value).count("rateParam") == 1


def test_a_misspelt_typ_is_an_error_with_the_closest_match(card_arguments: CardArguments) -> None:
    with pytest.raises(MissingProviderError, match=r"'lnn'.*did you mean 'lnN'"):
        Datacard(**card_arguments(systematics=mine("lnn")))


def test_mcstat_without_its_plugin_is_an_error_with_both_ways_out(card_arguments: CardArguments) -> None:
    plugins = load_plugins(block={"mcstats"})
    with pytest.raises(MissingProviderError, match=r"plugin 'mcstats' has it.*mcstat=False"):
        Datacard(**card_arguments(plugins=plugins))
    assert "autoMCStats" not in Datacard(**card_arguments(plugins=plugins, mcstat=False)).content()


def test_a_free_rate_without_its_plugin_is_an_error_with_both_ways_out(card_arguments: CardArguments) -> None:
    processes = MCProcesses(
        [
            MCProcess(name="signal", samples=["Signal"], years=YEARS, is_signal=True),
            MCProcess(name="top", samples=["Top"], years=YEARS, is_signal=False, has_rateParam=True),
        ]
    )
    arguments = card_arguments(
        mc_processes=processes, plugins=load_plugins(block={"rateparam"}), systematics=Systematics([])
    )
    with pytest.raises(MissingProviderError, match=r"'SF_top'.*plugin 'rateparam' has it.*has_rateParam"):
        Datacard(**arguments)


def test_all_missing_kinds_are_told_at_once(card_arguments: CardArguments) -> None:
    with pytest.raises(MissingProviderError, match=r"'lumi'.*'jes'.*'autoMCStats'"):
        Datacard(**card_arguments(plugins=load_plugins("combine", "root")))


def test_an_unknown_writer_is_an_error_with_those_that_are_there(card_arguments: CardArguments) -> None:
    with pytest.raises(MissingProviderError, match=r"card writer 'combin'.*provided are combine"):
        Datacard(**card_arguments()).content(writer="combin")


def test_an_unknown_serializer_is_an_error_and_nothing_is_written(
    card_arguments: CardArguments, tmp_path: Path
) -> None:
    with pytest.raises(MissingProviderError, match=r"template serializer 'parquet'.*provided are root"):
        Datacard(**card_arguments()).dump(tmp_path / "cards", serializer="parquet")
    assert not list(tmp_path.iterdir())


def test_an_option_that_a_kind_does_not_have_is_an_error(card_arguments: CardArguments) -> None:
    with pytest.raises(DeclarationError, match="'mine': kind 'lnN' has no option 'skale'"):
        Datacard(**card_arguments(systematics=mine("lnN", skale=1)))


class Acme(SystematicKind):
    """A kind that does as a log-normal does."""

    typ = "acme"

    def __init__(self, typ: str = "acme") -> None:
        self.typ = typ  # type: ignore[misc]

    def effects(self, target: Target) -> Iterable[Effect]:
        yield Normalisation(target.positions, np.array(target.values))


def test_a_plugin_distribution_adds_a_kind_without_a_change_to_the_core(
    install: Install, card_arguments: CardArguments
) -> None:
    source = '''
        """Yields from a control region with N events: Combine's gmN, as an effect of its own."""
        from collections.abc import Mapping
        from typing import ClassVar

        import attrs
        import numpy as np
        from datacard_core import Effect, SystematicKind, hookimpl, number

        @attrs.frozen(eq=False)
        class Gamma(Effect):
            columns: object
            events: int
            alphas: object

            @property
            def keyword(self):
                return f"gmN {self.events}"

            def cells(self):
                return [number(alpha) for alpha in self.alphas]

        class GammaN(SystematicKind):
            typ = "gmN"
            options: ClassVar[Mapping[str, str]] = {"events": "how many events the control region has"}

            def problems(self, systematic):
                if not isinstance(systematic.options.get("events"), int):
                    yield "option 'events' is missing"

            def effects(self, target):
                events = target.systematic.options["events"]
                yield Gamma(target.positions, events, target.nominal.norms / events)

        @hookimpl
        def datacard_systematic_kinds():
            return (GammaN(),)
    '''
    install("acme_gmn", source, distribution="datacard-acme-gmn", version="2.0")
    plugins = load_plugins(*DEFAULT_PLUGINS, "acme_gmn")
    arguments = card_arguments(plugins=plugins, systematics=mine("gmN", events=10))
    assert plugins.origins["acme_gmn"] == "datacard-acme-gmn 2.0"
    card = Datacard(**arguments)
    assert rows(card)["mine"] == ["gmN", "10", "0.7", "1.4", "6.0", "12.0", "-", "-"]
    assert rows(card)["kmax"][0] == "1"


def test_a_kind_of_ones_own_tells_what_is_wrong_with_a_declaration(card_arguments: CardArguments) -> None:
    class Picky(Acme):
        def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
            yield f"value {systematic.value!r} is odd"
            yield "and that is not all"

    plugins = load_plugins("lnn", "shape", "combine", _Provider("picky", Picky()))
    with pytest.raises(DeclarationError) as raised:
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
    assert [problem.split("'mine': ")[1] for problem in raised.value.problems] == [
        "value 1.5 is odd",
        "and that is not all",
    ]


class Envelope(SystematicKind):
    """The largest and smallest of several variations in each bin."""

    typ: ClassVar[str] = "envelope"
    options: ClassVar[dict[str, str]] = {"members": "how many variations there are"}

    def shifts(self, systematic: SystematicUncertainty) -> tuple[str, ...]:
        return tuple(f"_{number}" for number in range(int(systematic.options["members"])))

    def effects(self, target: Target) -> Iterable[Effect]:
        members = np.stack([templates.values for templates in target.variations.values()])
        variances = target.nominal.variances
        yield Shape(
            target.positions,
            Templates(members.max(axis=0), variances),
            Templates(members.min(axis=0), variances),
            np.ones(len(target.positions)),
        )


def test_a_kind_of_ones_own_reads_several_variations(card_arguments: CardArguments) -> None:
    systematic = attrs.evolve(mine("envelope", members=3)["mine"], value=None, coffea_name_alias="scale")
    plugins = load_plugins("lnn", "shape", "combine", _Provider("envelope", Envelope()))
    card = Datacard(**card_arguments(plugins=plugins, systematics=Systematics([systematic]), mcstat=False))
    assert card.findings == ()
    assert rows(card)["mine"] == ["shape", "1.0", "1.0", "1.0", "1.0", "-", "-"]
    np.testing.assert_allclose(card.histogram["top_2022", "mineUp", :].values(), [30, 30, 12.5])
    np.testing.assert_allclose(card.histogram["top_2022", "mineDown", :].values(), [15, 20, 10])
    assert "top_2023_mineDown" in card.channel.templates().names


def test_a_kind_gets_all_columns_of_a_nuisance_in_one_call(card_arguments: CardArguments) -> None:
    calls: list[Target] = []

    class Recorder(Acme):
        def shifts(self, systematic: SystematicUncertainty) -> tuple[str, ...]:  # noqa: ARG002
            return ("Up",)

        def effects(self, target: Target) -> Iterable[Effect]:
            calls.append(target)
            return super().effects(target)

    systematics = Systematics([SystematicUncertainty("jes", "acme", ["signal", "vjets"], YEARS, 1.5)])
    plugins = load_plugins("lnn", "shape", "combine", _Provider("recorder", Recorder()))
    Datacard(**card_arguments(plugins=plugins, systematics=systematics, mcstat=False))
    (target,) = calls
    assert target.bin == "SR_2022_2023"
    assert [column.name for column in target.columns] == [
        "signal_2022",
        "signal_2023",
        "vjets_2022",
        "vjets_2023",
    ]
    assert target.positions.tolist() == [0, 1, 4, 5]
    np.testing.assert_allclose(target.nominal.values[2], [9, 8, 7])
    np.testing.assert_allclose(target.variations["Up"].values[2], [11.25, 8, 5.25])
    assert target.values == [1.5] * 4


def test_a_card_may_have_lines_of_a_kind_of_ones_own(card_arguments: CardArguments) -> None:
    class Group(SystematicKind):
        typ: ClassVar[str] = "group"

        def effects(self, target: Target) -> Iterable[RawLine]:
            yield RawLine(f"{target.systematic.name} group = lumi")

    plugins = load_plugins(*DEFAULT_PLUGINS, _Provider("group", Group()))
    systematics = Systematics(
        [
            SystematicUncertainty("lumi", "lnN", ["top"], YEARS, 1.02),
            SystematicUncertainty("experiment", "group", ["top"], YEARS, 1.0),
        ]
    )
    card = Datacard(**card_arguments(plugins=plugins, systematics=systematics, mcstat=False))
    assert rows(card)["experiment"] == ["group", "=", "lumi"]
    assert rows(card)["kmax"][0] == "1"


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("x param 0 1", True),
        ("x constr a-b 1 0.1", True),
        ("x group = lumi", False),
        ("param group = lumi", False),
        ("x flatParam", False),
        ("# param x", False),
    ],
)
def test_a_card_counts_the_lines_of_constrained_parameters(
    line: str, counts: bool, card_arguments: CardArguments
) -> None:
    class Lines(SystematicKind):
        typ: ClassVar[str] = "lines"

        def effects(self, target: Target) -> Iterable[RawLine]:  # noqa: ARG002
            yield RawLine(line)

    plugins = load_plugins(*DEFAULT_PLUGINS, _Provider("lines", Lines()))
    systematics = Systematics([*card_arguments()["systematics"].values(), *mine("lines").values()])
    card = Datacard(**card_arguments(plugins=plugins, systematics=systematics))
    assert rows(card)["kmax"][0] == str(2 + counts)


def test_a_check_of_ones_own_adds_findings_and_can_stop_the_card(card_arguments: CardArguments) -> None:
    @attrs.frozen
    class Told(Check):
        name: ClassVar[str] = "told"
        finding: Finding

        def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
            return [self.finding]

    told = [load_plugins(*DEFAULT_PLUGINS, _Provider("told", Told(of("odd", "it is odd")))) for of in (warning, error)]
    assert str(Datacard(**card_arguments(plugins=told[0])).findings[-1]) == "warning [odd] SR_2022_2023: it is odd"
    with pytest.raises(InputError, match=r"error \[odd\] SR_2022_2023: it is odd"):
        Datacard(**card_arguments(plugins=told[1]))


class Yields(CardWriter):
    """A card of one line."""

    name = "yields"

    def render(self, channel: Channel, shapes_name: str) -> str:
        return f"{channel.bin} {channel.rates.sum():g} in {shapes_name}\n"


class Text(TemplateSerializer):
    """A line of text for each template."""

    name = "text"

    def write(self, templates: NamedTemplates, path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            for name, values in zip(templates.names, templates.templates.values, strict=True):
                file.write(f"{name} {values.tolist()}\n")


class Numpy(TemplateSerializer):
    """The templates as an archive of numpy's, which sees to it that the file's name ends in .npz."""

    name = "numpy"

    def write(self, templates: NamedTemplates, path: Path) -> None:
        np.savez(path, **dict(zip(templates.names, templates.templates.values, strict=True)))


def test_a_writer_and_a_serializer_of_ones_own_are_chosen_where_the_card_is_written(
    card_arguments: CardArguments, tmp_path: Path
) -> None:
    card = Datacard(**card_arguments(plugins=load_plugins(*DEFAULT_PLUGINS, _Provider("mine", Yields(), Text()))))
    card.dump(tmp_path, "card.yields", "templates.txt", writer="yields", serializer="text")
    assert (tmp_path / "card.yields").read_text() == "SR_2022_2023 273 in templates.txt\n"
    lines = (tmp_path / "templates.txt").read_text().splitlines()
    assert lines[0] == "data_obs_nominal [120.0, 90.0, 62.0]"
    assert lines[3] == "top_2022_nominal [30.0, 20.0, 10.0]"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.yields", "templates.txt"]


def test_a_serializer_gets_a_path_that_ends_as_the_file_does(card_arguments: CardArguments, tmp_path: Path) -> None:
    card = Datacard(**card_arguments(plugins=load_plugins(*DEFAULT_PLUGINS, _Provider("mine", Numpy()))))
    card.dump(tmp_path, shapes_name="templates.npz", serializer="numpy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["datacard.txt", "templates.npz"]
    with np.load(tmp_path / "templates.npz") as archive:
        assert archive["top_2022_nominal"].tolist() == [30, 20, 10]


@pytest.mark.parametrize(
    ("effects", "words"),
    [
        pytest.param(
            ["return [Normalisation(target.positions + 100, ones)]"], "columns [100, 101", id="columns outside"
        ),
        pytest.param(["return [Normalisation(target.positions - 1, ones)]"], "columns [-1]", id="columns below 0"),
        pytest.param(["return [Normalisation(target.positions + 0.0, ones)]"], "column", id="columns no integers"),
        pytest.param(["return [Normalisation(np.ones(2, dtype=bool), np.ones(2))]"], "column", id="columns a mask"),
        pytest.param(
            ["return [Normalisation(target.positions * 0, ones)]"],
            "columns [0, 0, 0, 0], expected each",
            id="one column",
        ),
        pytest.param(["return [Normalisation(None, ones)]"], "None", id="columns None"),
        pytest.param(
            ["return [Normalisation(target.positions, np.ones(n + 1))]"], "Normalisation", id="too many factors"
        ),
        pytest.param(["return [Normalisation(target.positions, 1.5)]"], "Normalisation", id="one factor"),
        pytest.param(["return [Normalisation(target.positions, ones * np.nan)]"], "Normalisation.up", id="factors NaN"),
        pytest.param(["return [Normalisation(target.positions, ones * 0)]"], "Normalisation.up", id="factors 0"),
        pytest.param(
            ["return [Normalisation(target.positions, ones, -ones)]"], "Normalisation.down", id="factors below 0"
        ),
        pytest.param(
            ["return [Normalisation(target.positions, np.array(['a'] * n))]"], "TypeError", id="factors no numbers"
        ),
        pytest.param(
            ["return [Shape(target.positions, flat, Templates(flat.values[:, 1:], flat.variances), ones)]"],
            "Shape.down.values has shape (4, 2), expected (4, 3)",
            id="too few bins",
        ),
        pytest.param(
            ["return [Shape(target.positions[:1], flat, flat, ones[:1])]"], "Shape.up.values", id="too many templates"
        ),
        pytest.param(
            ["return [Shape(target.positions, Templates(flat.values, flat.variances * np.inf), flat, ones)]"],
            "Shape.up.variances",
            id="infinite variances",
        ),
        pytest.param(
            ["return [Shape(target.positions, Templates(flat.values, -flat.variances), flat, ones)]"],
            "Shape.up.variances",
            id="variances below 0",
        ),
        pytest.param(["return [Shape(target.positions, flat.values, flat, ones)]"], "values", id="no templates"),
        pytest.param(["return [Shape(target.positions, flat, flat, ones[1:])]"], "Shape", id="too few scales"),
        pytest.param(["return [Shape(target.positions, flat, flat, ones * np.nan)]"], "scale", id="scales NaN"),
        pytest.param(["return [Shape(target.positions, flat, flat, ones * 0)]"], "scale", id="scales 0"),
        pytest.param(["return [Normalisation(target.positions, ones)] * 2"], "signal_2022", id="overlapping effects"),
        pytest.param(["return [Cells(target.positions, '1 5')]"], "'1 5'", id="cells with blanks"),
        pytest.param(["return [Cells(target.positions, '')]"], "''", id="empty cells"),
        pytest.param(["return [Cells(target.positions, 1.5)]"], "1.5", id="cells no text"),
        pytest.param(
            ["Cells.cells = lambda self: ['1']", "return [Cells(target.positions)]"],
            "for 4 columns",
            id="too few cells",
        ),
        pytest.param(["return [Cells(target.positions, word=None)]"], "keyword", id="no keyword"),
        pytest.param(["return [Cells(target.positions, word='')]"], "keyword", id="empty keyword"),
        pytest.param(["return [Cells(target.positions, word='gmN\\n7')]"], "keyword", id="keyword of two lines"),
        pytest.param(
            ["return [Cells(target.positions[:1]), Normalisation(target.positions[1:], ones[1:])]"],
            "one row",
            id="effects that fit in no row",
        ),
        pytest.param(
            ["return [Cells(target.positions[:1]), Cells(target.positions[1:], word='gmN 8')]"],
            "one row",
            id="two keywords",
        ),
        pytest.param(["return ['mine lnN 1.5']"], "'mine lnN 1.5', expected effects and directives", id="text"),
        pytest.param(["return [Normalisation]"], "expected effects and directives", id="a class"),
        pytest.param(["return None"], "NoneType", id="None"),
        pytest.param(["return Normalisation(target.positions, ones)"], "not iterable", id="no list"),
        pytest.param(
            ["return [FreeParameter('mine', target.positions + 100)]"], "columns [100, 101", id="parameter outside"
        ),
        pytest.param(["return [FreeParameter('mine', target.positions, float('nan'))]"], "nan", id="parameter NaN"),
        pytest.param(["return [FreeParameter('2 b', target.positions)]"], "'2 b'", id="parameter without a name"),
        pytest.param(
            ["return [FreeParameter('mine', target.positions, 6, (0, 5))]"], "starts at 6", id="parameter out of range"
        ),
        pytest.param(
            ["return [FreeParameter('mine', target.positions, 1, (1, 1))]"], "range (1, 1)", id="parameter fixed"
        ),
        pytest.param(["return [BinByBinStatistics(float('nan'))]"], "threshold is nan", id="threshold NaN"),
        pytest.param(["return [RawLine('a group = b\\nc')]"], "expected one line", id="two lines"),
        pytest.param(["return [RawLine(None)]"], "RawLine.text is None", id="no line"),
    ],
)
def test_effects_that_do_not_fit_are_an_error_that_names_plugin_distribution_and_systematic(
    effects: list[str], words: str, install: Install, card_arguments: CardArguments
) -> None:
    install("acme", kind_source(*effects), distribution="acme-dist", version="0.3")
    plugins = load_plugins("combine", "acme")
    with pytest.raises(PluginCallError) as raised:
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False)).content()
    message = str(raised.value)
    assert message.startswith("plugin 'acme' (acme-dist 0.3): ")
    assert "working out the effects of 'mine' in channel 'SR_2022_2023'" in message
    assert words in message
    assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-dist 0.3")


@pytest.mark.parametrize(
    ("method", "doing"),
    [
        ("effects(self, target)", "working out the effects of 'mine' in channel 'SR_2022_2023'"),
        ("problems(self, systematic)", "checking systematic 'mine'"),
        ("shifts(self, systematic)", "naming the variations of systematic 'mine'"),
    ],
)
@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("raise ValueError('out of order')", ValueError),
        ("raise SystemExit('out of order')", SystemExit),
        ("raise BaseException('out of order')", BaseException),
        ("yield from ()\n        raise ValueError('out of order')", ValueError),
    ],
)
def test_a_kind_that_fails_is_an_error_that_says_what_it_was_doing(
    method: str, doing: str, body: str, cause: type[BaseException], install: Install, card_arguments: CardArguments
) -> None:
    source = kind_source() + f"\nclass Failing(Kind):\n    def {method}:\n        {body}\nKind = Failing\n"
    install("acme", source)
    plugins = load_plugins("combine", "acme")
    with pytest.raises(PluginCallError) as raised:
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
    assert str(raised.value) == (f"plugin 'acme' (acme 1.0): {cause.__name__} while {doing}: out of order")
    assert type(raised.value.__cause__) is cause


@pytest.mark.parametrize(
    ("method", "returned"),
    [
        ("problems(self, systematic)", "None"),
        ("problems(self, systematic)", "'the value is odd'"),
        ("problems(self, systematic)", "[None]"),
        ("shifts(self, systematic)", "None"),
        ("shifts(self, systematic)", "(0, 1)"),
    ],
)
def test_a_kind_that_returns_something_else_is_an_error(
    method: str, returned: str, install: Install, card_arguments: CardArguments
) -> None:
    install("acme", kind_source() + f"\nclass Odd(Kind):\n    def {method}:\n        return {returned}\nKind = Odd\n")
    plugins = load_plugins("combine", "acme")
    with pytest.raises(PluginCallError, match=r"plugin 'acme' \(acme 1\.0\): .*'mine'"):
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))


def test_the_users_interrupt_goes_through_a_kind(install: Install, card_arguments: CardArguments) -> None:
    install("acme", kind_source("raise KeyboardInterrupt"))
    plugins = load_plugins("combine", "acme")
    with pytest.raises(KeyboardInterrupt):
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))


def test_a_kind_that_does_nothing_to_its_columns_leaves_a_finding(card_arguments: CardArguments) -> None:
    class Idle(Acme):
        def effects(self, target: Target) -> Iterable[Effect]:  # noqa: ARG002
            return ()

    plugins = load_plugins("lnn", "shape", "combine", _Provider("idle", Idle()))
    card = Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
    assert "mine" not in rows(card)
    assert [finding.systematic for finding in card.findings] == ["mine"]


READ_BY_A_KIND = {
    "positions": lambda target: target.positions,
    "nominal values": lambda target: target.nominal.values,
    "nominal variances": lambda target: target.nominal.variances,
    "varied values": lambda target: target.variations["Up"].values,
    "varied variances": lambda target: target.variations["Up"].variances,
    "edges": lambda target: target.axis.edges,
}
READ_FROM_A_CHANNEL = {
    "nominal values": lambda channel: channel.nominal.values,
    "nominal variances": lambda channel: channel.nominal.variances,
    "rates": lambda channel: channel.rates,
    "data": lambda channel: channel.data.values,
    "varied values": lambda channel: channel.nuisances[1].effects[0].up.values,
    "scales": lambda channel: channel.nuisances[1].effects[0].scale,
    "factors": lambda channel: channel.nuisances[0].effects[0].up,
    "columns": lambda channel: channel.nuisances[0].effects[0].columns,
    "edges": lambda channel: channel.axis.edges,
}


@pytest.mark.parametrize("what", READ_BY_A_KIND)
def test_a_kind_cannot_write_into_the_arrays_that_it_is_given(what: str, card_arguments: CardArguments) -> None:
    class Vandal(Acme):
        def shifts(self, systematic: SystematicUncertainty) -> tuple[str, ...]:  # noqa: ARG002
            return ("Up",)

        def effects(self, target: Target) -> Iterable[Effect]:
            READ_BY_A_KIND[what](target)[...] = 0
            return super().effects(target)

    plugins = load_plugins("lnn", "shape", "combine", _Provider("vandal", Vandal()))
    with pytest.raises(PluginCallError, match=r"plugin 'vandal' \(local\).*read-only"):
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))


@pytest.mark.parametrize("what", READ_FROM_A_CHANNEL)
def test_a_check_cannot_write_into_the_arrays_that_it_is_given(what: str, card_arguments: CardArguments) -> None:
    class Vandal(Check):
        name: ClassVar[str] = "vandal"

        def run(self, channel: Channel) -> Iterable[Finding]:
            READ_FROM_A_CHANNEL[what](channel)[...] = 0
            return ()

    plugins = load_plugins("lnn", "shape", "combine", _Provider("vandal", Vandal()))
    with pytest.raises(PluginCallError, match=r"plugin 'vandal' \(local\).*read-only"):
        Datacard(**card_arguments(plugins=plugins, mcstat=False))


def test_a_serializer_cannot_change_the_card_through_what_it_is_given(
    card_arguments: CardArguments, tmp_path: Path
) -> None:
    class Vandal(TemplateSerializer):
        name: ClassVar[str] = "vandal"

        def write(self, templates: NamedTemplates, path: Path) -> None:  # noqa: ARG002
            templates.templates.values[...] = 0

    card = Datacard(
        **card_arguments(plugins=load_plugins("lnn", "shape", "combine", _Provider("vandal", Vandal())), mcstat=False)
    )
    before = card.content()
    with pytest.raises(PluginCallError, match="read-only"):
        card.dump(tmp_path, serializer="vandal")
    assert card.content() == before


def test_the_users_own_arrays_stay_as_they_are() -> None:
    arrays = [np.zeros((1, 2)), np.zeros((1, 2)), np.zeros(3), np.zeros(1, dtype=np.intp), np.ones(1)]
    templates = Templates(arrays[0], arrays[1])
    made = [templates, Axis(arrays[2]), Normalisation(arrays[3], arrays[4]), FreeParameter("a", arrays[3])]
    assert all(array.flags.writeable for array in arrays)
    assert np.shares_memory(templates.values, arrays[0])
    assert not any(item.flags.writeable for value in made for item in held(value))


def test_arrays_are_read_only_after_a_pickle_too() -> None:
    templates = Templates(np.zeros((1, 2)), np.zeros((1, 2)))
    columns = np.zeros(1, dtype=np.intp)
    for value in (templates, Axis(np.zeros(3)), Shape(columns, templates, templates, np.ones(1))):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            back = pickle.loads(pickle.dumps(value, protocol))
            assert not any(array.flags.writeable for array in held(back))


def held(value: Any) -> list[Any]:
    """The arrays that a value holds, itself or in its templates."""
    fields = [getattr(value, field.name) for field in attrs.fields(type(value))]
    inner = [array for field in fields if isinstance(field, Templates) for array in held(field)]
    return [field for field in fields if isinstance(field, np.ndarray)] + inner


@pytest.mark.parametrize("returned", [None, b"card", ["card"]])
def test_a_writer_that_returns_no_text_is_an_error(
    returned: object, card_arguments: CardArguments, tmp_path: Path
) -> None:
    class Odd(Yields):
        def render(self, channel: Channel, shapes_name: str) -> Any:  # noqa: ARG002
            return returned

    card = Datacard(
        **card_arguments(plugins=load_plugins("lnn", "shape", "root", _Provider("odd", Odd())), mcstat=False)
    )
    with pytest.raises(PluginCallError, match=r"plugin 'odd' \(local\).*SR_2022_2023"):
        card.dump(tmp_path, writer="yields")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("returned", [None, "large", [None], ["large"]])
def test_a_check_that_returns_no_findings_is_an_error(returned: Any, card_arguments: CardArguments) -> None:
    class Odd(Check):
        name: ClassVar[str] = "odd"

        def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
            found: Iterable[Finding] = returned
            return found

    plugins = load_plugins("lnn", "shape", "combine", _Provider("odd", Odd()))
    with pytest.raises(PluginCallError, match=r"plugin 'odd' \(local\).*check 'odd'"):
        Datacard(**card_arguments(plugins=plugins, mcstat=False))


@pytest.mark.parametrize("cause", [ValueError, SystemExit, BaseException])
def test_a_check_that_fails_is_an_error_that_says_what_it_was_doing(
    cause: type[BaseException], card_arguments: CardArguments
) -> None:
    class Failing(Check):
        name: ClassVar[str] = "failing"

        def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
            raise cause("out of order")

    plugins = load_plugins("lnn", "shape", "combine", _Provider("failing", Failing()))
    doing = "running check 'failing' on channel 'SR_2022_2023': out of order"
    with pytest.raises(PluginCallError, match=doing) as raised:
        Datacard(**card_arguments(plugins=plugins, mcstat=False))
    assert type(raised.value.__cause__) is cause


def test_an_error_of_the_cores_own_passes_through_a_plugin_with_a_note(card_arguments: CardArguments) -> None:
    class Strict(Acme):
        def effects(self, target: Target) -> Iterable[Effect]:
            raise InputError(f"{target.bin} is not fit")

    plugins = load_plugins("lnn", "shape", "combine", _Provider("strict", Strict()))
    with pytest.raises(InputError, match="SR_2022_2023 is not fit") as raised:
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
    assert raised.value.__notes__ == [
        "in plugin 'strict' (local), working out the effects of 'mine' in channel 'SR_2022_2023'"
    ]


def test_a_plugin_cannot_take_the_name_of_another_nuisance(card_arguments: CardArguments) -> None:
    class Thief(SystematicKind):
        typ: ClassVar[str] = "thief"

        def effects(self, target: Target) -> Iterable[FreeParameter]:
            yield FreeParameter("lumi", target.positions)

    systematics = Systematics(
        [
            SystematicUncertainty("lumi", "lnN", ["signal"], YEARS, 1.02),
            SystematicUncertainty("mine", "thief", ["top"], YEARS, 1.0),
        ]
    )
    plugins = load_plugins("lnn", "shape", "combine", _Provider("thief", Thief()))
    with pytest.raises((PluginCallError, PluginConflictError), match=r"plugin 'thief' \(local\).*'lumi'"):
        Datacard(**card_arguments(plugins=plugins, systematics=systematics, mcstat=False))


class Free(SystematicKind):
    """A free parameter that two declarations may share."""

    typ: ClassVar[str] = "free"

    def __init__(self, typ: str = "free", name: str = "shared") -> None:
        self.typ = typ  # type: ignore[misc]
        self.name = name

    def effects(self, target: Target) -> Iterable[FreeParameter]:
        yield FreeParameter(self.name, target.positions, target.values[0])


def two_free(typ: str, start: float) -> Systematics:
    return Systematics(
        [
            SystematicUncertainty("one", "free", ["signal"], YEARS, 1.0),
            SystematicUncertainty("two", typ, ["top"], YEARS, start),
        ]
    )


def test_two_declarations_of_one_kind_may_share_a_parameter(card_arguments: CardArguments) -> None:
    plugins = load_plugins("combine", _Provider("free", Free()))
    card = Datacard(**card_arguments(plugins=plugins, systematics=two_free("free", 1.0), mcstat=False))
    assert card.content().count("shared rateParam") == 4


@pytest.mark.parametrize(
    ("typ", "start", "words"),
    [
        ("other", 1.0, r"plugin 'other' \(local\).*'two'.*'shared'.*'one' it is the parameter of a free"),
        ("free", 2.0, r"plugin 'free' \(local\).*'two'.*'shared'.*starts at 2 .*'one' it starts at 1 "),
    ],
)
def test_a_parameter_that_another_declaration_has_otherwise_is_an_error(
    typ: str, start: float, words: str, card_arguments: CardArguments
) -> None:
    plugins = load_plugins("combine", _Provider("free", Free()), _Provider("other", Free("other")))
    with pytest.raises(PluginCallError, match=words):
        Datacard(**card_arguments(plugins=plugins, systematics=two_free(typ, start), mcstat=False))


def test_a_declaration_with_the_name_of_a_declared_parameter_is_not_the_plugins_fault(
    card_arguments: CardArguments,
) -> None:
    processes = MCProcesses(
        [
            MCProcess(name="signal", samples=["Signal"], years=YEARS, is_signal=True),
            MCProcess(name="top", samples=["Top"], years=YEARS, is_signal=False, has_rateParam=True),
        ]
    )
    systematics = Systematics([SystematicUncertainty("SF_top", "lnN", ["top"], YEARS, 1.02)])
    with pytest.raises(DeclarationError, match="'SF_top'"):
        Datacard(**card_arguments(mc_processes=processes, systematics=systematics))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["{channel.nothing}"], "AttributeError while writing the lines of 'mine' in channel 'SR_2022_2023'"),
        ([None], "writing the lines of 'mine' in channel 'SR_2022_2023': Odd has None"),
        (["a group = b\nc"], "expected a line of text"),
    ],
)
def test_a_line_that_its_plugin_cannot_write_is_not_the_card_writers_fault(
    lines: list[Any], words: str, card_arguments: CardArguments
) -> None:
    class Odd(Directive):
        def lines(self, channel: Channel) -> Iterable[str]:
            return [line.format(channel=channel) if line else line for line in lines]

    class Writing(SystematicKind):
        typ: ClassVar[str] = "writing"

        def effects(self, target: Target) -> Iterable[Directive]:  # noqa: ARG002
            return [Odd()]

    plugins = load_plugins("combine", _Provider("writing", Writing()))
    with pytest.raises(PluginCallError, match=words) as raised:
        Datacard(**card_arguments(plugins=plugins, systematics=mine("writing"), mcstat=False)).content()
    assert raised.value.plugin == "writing"


def test_a_card_says_the_same_whichever_order_its_plugins_are_named_in(
    card_arguments: CardArguments, tmp_path: Path
) -> None:
    for order, folder in ((DEFAULT_PLUGINS, "one"), (DEFAULT_PLUGINS[::-1], "two")):
        Datacard(**card_arguments(plugins=load_plugins(*order))).dump(tmp_path / folder)
    for name in ("datacard.txt", "shapes.root"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
