"""Loaded plugins: their contents, their pickles, and their independence of order."""

from __future__ import annotations

import importlib
import pickle
import re
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
    PluginLoadError,
    Systematics,
    __version__,
    grammar,
    hookimpl,
    load_plugins,
)
from datacard_core.plugins.families import FAMILIES
from tests.support.cases import case
from tests.support.plugins import YEARS, Acme, Provider, Text, kind_source, mine
from tests.support.processes import elsewhere

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CardArguments, Install


@pytest.mark.slow
def test_default_selection() -> None:
    """Without names, the built-in set is loaded."""
    assert sorted(load_plugins()) == sorted(DEFAULT_PLUGINS)


@pytest.mark.slow
def test_contributions_of_the_built_in_set() -> None:
    """The built-in set has all kinds of Combine's language, Combine's writer and ROOT's serializer."""
    plugins = load_plugins()
    declared = (
        (grammar.ROW_KEYWORDS - grammar.OPTIONAL_SHAPES)
        | grammar.PARAMETER_KEYWORDS
        | grammar.INERT_KEYWORDS
        | {"edit"}
    )
    assert set(plugins.kinds) == declared
    assert "combine" in plugins.writers
    assert "root" in plugins.serializers


def test_selection_by_name() -> None:
    """Only the named plugins are loaded."""
    plugins = load_plugins("lnn", "combine")
    assert list(plugins) == ["combine", "lnn"]
    assert list(plugins.kinds) == ["lnN", "lnU"]
    assert not plugins.serializers


def test_selection_that_was_loaded(install: Install) -> None:
    """A selection by names is loaded once, and again when a module has another member."""
    install("acme", kind_source())
    load_plugins("acme", "lnn")
    first = load_plugins("acme", "lnn")
    assert load_plugins("acme", "lnn") is first
    assert load_plugins("acme", "lnn", block=["lnn"]) is not first
    # A plugin that is given as an object is asked each time, and those beside it as often as their modules change.
    own = Provider("own")
    beside = load_plugins("acme", own)
    own.objects = (Text(),)
    again = load_plugins("acme", own)
    assert again.kind("acme") is beside.kind("acme")
    assert [*beside.serializers, *again.serializers] == [Text.name]
    # A reload, or a monkeypatch, puts another function in the place of the hook.
    sys.modules["acme"].datacard_systematic_kinds = hookimpl(lambda: ())  # type: ignore[attr-defined]
    assert "acme" not in load_plugins("acme", "lnn").kinds
    assert "acme" not in load_plugins("acme", own).kinds


def test_origin_of_an_installed_plugin() -> None:
    """The origin of an installed plugin is its distribution with the version."""
    assert load_plugins("lnn").origins["lnn"].startswith("datacard-core 0.")


def test_plugins_are_frozen() -> None:
    """A family of loaded plugins cannot be replaced."""
    plugins = load_plugins("lnn")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        plugins.kinds = plugins.kinds  # type: ignore[misc]


def test_mappings_are_read_only() -> None:
    """No entry can be added to the origins or to a family."""
    cases: list[str] = ["origins", *(family.field for family in FAMILIES)]
    for family in cases:
        with case(family), pytest.raises(TypeError):
            getattr(load_plugins("lnn"), family)["mine"] = None


@pytest.mark.slow
def test_pickle_holds_names(install: Install) -> None:
    """A pickle holds the names and origins of plugins, and no object of theirs."""
    install("acme", kind_source())
    plugins = load_plugins("lnn", "acme")
    data = pickle.dumps(plugins)
    assert b"Kind" not in data
    back = pickle.loads(data)
    assert back.origins == plugins.origins
    assert list(back.kinds) == ["acme", "lnN", "lnU"]
    assert back.kind("acme").origin == "acme 1.0"


def test_selection_is_shown() -> None:
    """A selection names its plugins, and a notebook shows where each comes from and what it brings."""
    plugins = load_plugins("lnn", "shape")
    assert repr(plugins) == "<Plugins: lnn, shape>"
    row = re.search("<td[^>]*>lnn</td><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td>", plugins._repr_html_())
    assert row is not None
    assert row.groups() == (f"datacard-core {__version__}", "lnN, lnU")


def test_pickle_of_an_empty_selection() -> None:
    """An empty selection does not become the built-in set in a pickle."""
    assert list(pickle.loads(pickle.dumps(load_plugins("lnn", block="lnn")))) == []


@pytest.mark.slow
def test_pickle_with_another_version(install: Install) -> None:
    """Unpickling where a plugin has another version is an error that imports no plugin."""
    install("acme", kind_source())
    data = pickle.dumps(load_plugins("lnn", "acme"))
    del sys.modules["acme"]
    install("acme", "raise RuntimeError('imported')", version="1.1")
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' is acme 1\.1 here, and acme 1\.0 where it was selected"):
        pickle.loads(data)
    assert "acme" not in sys.modules


UNPICKLE = "import pathlib, pickle; print(*pickle.loads(pathlib.Path('plugins').read_bytes()).kinds)"


@pytest.mark.slow
@pytest.mark.parametrize("is_there", [True, False], ids=["there", "not there"])
def test_pickle_in_another_process(is_there: bool, install: Install, tmp_path: Path) -> None:
    """Another process loads the plugins if they are installed there, and names the missing one otherwise."""
    folder = install("acme", kind_source())
    (tmp_path / "plugins").write_bytes(pickle.dumps(load_plugins("lnn", "acme")))
    path = [entry for entry in sys.path if is_there or entry != str(folder)]
    done = elsewhere(UNPICKLE, directory=tmp_path, path=path)
    if is_there:
        assert (done.stdout.split(), done.stderr) == (["acme", "lnN", "lnU"], "")
    else:
        assert "plugin 'acme' is not installed here, and acme 1.0 where it was selected" in done.stderr


@pytest.mark.slow
def test_pickle_of_a_module(install: Install) -> None:
    """A module that was selected as an object is pickled by its import name."""
    install("acme", kind_source(), entry_points={})
    module = importlib.import_module("acme")
    data = pickle.dumps(load_plugins("lnn", module))
    del sys.modules["acme"]
    back = pickle.loads(data)
    assert back.origins["acme"] == "local"
    assert list(back.kinds) == ["acme", "lnN", "lnU"]


@pytest.mark.slow
def test_pickle_of_a_removed_module(install: Install) -> None:
    """Unpickling is an error that names the module that cannot be imported."""
    folder = install("acme", kind_source(), entry_points={})
    data = pickle.dumps(load_plugins(importlib.import_module("acme")))
    del sys.modules["acme"]
    (folder / "acme.py").unlink()
    importlib.invalidate_caches()
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(local\): cannot be imported here: ModuleNotFoundError"):
        pickle.loads(data)


def test_pickle_of_an_anonymous_module() -> None:
    """Pickling a module that cannot be imported by its name is an error that names it."""
    module = types.ModuleType("my_module")
    vars(module)["datacard_checks"] = Provider("mine").datacard_checks
    with pytest.raises(PluginLoadError, match=r"plugin 'my_module' \(local\): this module cannot be imported"):
        pickle.dumps(load_plugins(module))


def test_pickle_of_an_object() -> None:
    """An object that is not a module is pickled itself."""
    back = pickle.loads(pickle.dumps(load_plugins("lnn", Provider("mine", Acme("theirs")))))
    assert back.origins["mine"] == "local"
    assert list(back.kinds) == ["lnN", "lnU", "theirs"]


@pytest.mark.slow
def test_order_of_selection(card_arguments: CardArguments) -> None:
    """Plugins, kinds, checks, card and findings are the same in any order of selection."""
    one = load_plugins(*DEFAULT_PLUGINS, Provider("a", Acme()), Provider("b", Acme("other")))
    two = load_plugins(Provider("b", Acme("other")), Provider("a", Acme()), *reversed(DEFAULT_PLUGINS))
    assert list(one) == list(two)
    assert list(one.kinds) == list(two.kinds)
    assert list(one.checks) == list(two.checks)
    cards = [Datacard(**card_arguments(systematics=mine(), plugins=plugins)) for plugins in (one, two)]
    assert cards[0].content() == cards[1].content()
    assert cards[0].findings == cards[1].findings


@pytest.mark.slow
def test_installing_changes_no_card(install: Install, card_arguments: CardArguments, tmp_path: Path) -> None:
    """An installed plugin that is not selected changes no byte of a card, and is not imported."""
    Datacard(**card_arguments()).dump(tmp_path / "before")
    install("acme_meddler", "raise RuntimeError('imported')")
    install("acme_other", kind_source(typ="lnN"))
    card = Datacard(**card_arguments())
    card.dump(tmp_path / "after")
    for name in ("datacard.txt", "shapes.root"):
        assert (tmp_path / "before" / name).read_bytes() == (tmp_path / "after" / name).read_bytes()
    assert not {"acme_meddler", "acme_other"} & set(sys.modules)
    assert sorted(card.plugins) == sorted(DEFAULT_PLUGINS)


def test_built_in_set_is_fixed() -> None:
    """The built-in set is these plugins, so that an update of the package which adds one is seen."""
    assert (
        *("lnn", "shape", "gamma", "linear", "rateparam", "params", "groups", "edits", "mcstats"),
        *("checks", "combine", "root", "histfactory", "coffea", "plots"),
    ) == DEFAULT_PLUGINS


@pytest.mark.slow
def test_mcstat_without_its_plugin(card_arguments: CardArguments) -> None:
    """The error says which plugin to select, and that mcstat=False avoids it."""
    plugins = load_plugins(block={"mcstats"})
    with pytest.raises(MissingProviderError, match=r"plugin 'mcstats', which is installed.*mcstat=False"):
        Datacard(**card_arguments(plugins=plugins))
    assert "autoMCStats" not in Datacard(**card_arguments(plugins=plugins, mcstat=False)).content()


@pytest.mark.slow
def test_free_rate_without_its_plugin(card_arguments: CardArguments) -> None:
    """The error says which plugin to select, and that has_rateParam causes it."""
    processes = MCProcesses(
        [
            MCProcess(name="signal", samples=["Signal"], years=YEARS, is_signal=True),
            MCProcess(name="top", samples=["Top"], years=YEARS, is_signal=False, has_rateParam=True),
        ]
    )
    arguments = card_arguments(
        mc_processes=processes, plugins=load_plugins(block={"rateparam"}), systematics=Systematics([])
    )
    with pytest.raises(MissingProviderError, match=r"'SF_top'.*plugin 'rateparam', which is installed.*has_rateParam"):
        Datacard(**arguments)


def test_all_missing_kinds_are_told(card_arguments: CardArguments) -> None:
    """One error names all declarations whose kind is missing."""
    with pytest.raises(MissingProviderError, match=r"'lumi'.*'jes'.*'autoMCStats'"):
        Datacard(**card_arguments(plugins=load_plugins("combine", "root")))


@pytest.mark.slow
def test_bytes_in_another_order(card_arguments: CardArguments, tmp_path: Path) -> None:
    """Card and templates have the same bytes in any order of selection."""
    for order, folder in ((DEFAULT_PLUGINS, "one"), (DEFAULT_PLUGINS[::-1], "two")):
        Datacard(**card_arguments(plugins=load_plugins(*order))).dump(tmp_path / folder)
    for name in ("datacard.txt", "shapes.root"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
