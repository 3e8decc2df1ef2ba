"""Selecting plugins: which are meant, what travels, and what one may rely on."""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
import types
from typing import TYPE_CHECKING

import attrs
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Datacard,
    MCProcess,
    MCProcesses,
    MissingProviderError,
    PluginConflictError,
    PluginLoadError,
    Systematics,
    UnknownPluginError,
    hookimpl,
    installed_plugins,
    load_plugins,
)
from datacard_core.plugins.families import FAMILIES
from tests.support.plugins import INTERFACES, YEARS, Acme, Provider, kind_source, mine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CardArguments, Install


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
    plugins = load_plugins(Provider("mine", Acme()))
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
        plugins.kinds = plugins.kinds  # type: ignore[misc]


@pytest.mark.parametrize("family", ["origins", *(family.field for family in FAMILIES)])
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
    vars(module)["datacard_checks"] = Provider("mine").datacard_checks
    with pytest.raises(PluginLoadError, match=r"plugin 'my_module' \(local\): this module cannot be imported"):
        pickle.dumps(load_plugins(module))


def test_any_other_object_travels_as_it_is() -> None:
    back = pickle.loads(pickle.dumps(load_plugins("lnn", Provider("mine", Acme("theirs")))))
    assert back.origins["mine"] == "local"
    assert list(back.kinds) == ["lnN", "theirs"]


def test_the_order_of_selection_does_not_matter(card_arguments: CardArguments) -> None:
    one = load_plugins(*DEFAULT_PLUGINS, Provider("a", Acme()), Provider("b", Acme("other")))
    two = load_plugins(Provider("b", Acme("other")), Provider("a", Acme()), *reversed(DEFAULT_PLUGINS))
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
    assert (
        *("lnn", "shape", "rateparam", "mcstats", "checks", "combine", "root", "coffea", "plots"),
    ) == DEFAULT_PLUGINS


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
    ("interface", "method"),
    [
        ("CardWriter", "render"),
        ("TemplateSerializer", "write"),
        ("Check", "run"),
        ("Plot", "draw"),
        ("HistogramSource", "read"),
    ],
)
def test_two_plugins_with_one_writer_serializer_check_plot_or_source_are_an_error(
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
        load_plugins(Provider("mine", Acme(), Acme()))


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


def test_a_card_says_the_same_whichever_order_its_plugins_are_named_in(
    card_arguments: CardArguments, tmp_path: Path
) -> None:
    for order, folder in ((DEFAULT_PLUGINS, "one"), (DEFAULT_PLUGINS[::-1], "two")):
        Datacard(**card_arguments(plugins=load_plugins(*order))).dump(tmp_path / folder)
    for name in ("datacard.txt", "shapes.root"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
