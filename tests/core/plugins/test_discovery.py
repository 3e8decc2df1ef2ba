"""Finding installed plugins, whatever else is installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Datacard,
    MissingProviderError,
    PluginConflictError,
    UnknownPluginError,
    installed_plugins,
    load_plugins,
)
from datacard_core.plugins.discovery import look
from tests.support.plugins import kind_source, mine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import CardArguments, Install


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
    assert [plugin.name for plugin in look().plugins].count("acme") == 1


def test_two_distributions_with_one_entry_point_name_are_an_error_that_names_both(install: Install) -> None:
    install("acme_one", kind_source(), distribution="first-dist", entry_points={"acme": "acme_one"})
    install("acme_two", kind_source(), distribution="other-dist", entry_points={"acme": "acme_two"})
    with pytest.raises(
        PluginConflictError, match=r"'acme'.*first-dist 1\.0 \(acme_one\), other-dist 1\.0 \(acme_two\)"
    ):
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


def test_one_entry_point_listed_twice_by_its_distribution_is_one_plugin(install: Install) -> None:
    twice = "[datacard_core.plugins]\nacme = acme\n[datacard_core.plugins]\nacme = acme\n"
    install("acme", kind_source(), entry_points_text=twice)
    assert load_plugins("acme").origins == {"acme": "acme 1.0"}


def test_one_name_for_two_modules_of_a_distribution_is_an_error(install: Install) -> None:
    install("acme", entry_points_text="[datacard_core.plugins]\nacme = acme\nacme = acme.other\n")
    with pytest.raises(PluginConflictError, match=r"'acme'.*acme 1\.0 \(acme\), acme 1\.0 \(acme\.other\)"):
        load_plugins("acme")


def test_an_editable_install_beside_stale_metadata_is_one_plugin(install: Install) -> None:
    """Its egg-info stays in the project's folder, and both are on the path."""
    folder = install("acme", kind_source(), version="1.0")
    stale = folder / "acme.egg-info"
    stale.mkdir()
    (stale / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 0.9\n", encoding="utf-8")
    (stale / "entry_points.txt").write_text("[datacard_core.plugins]\nacme = acme\n", encoding="utf-8")
    plugins = load_plugins("acme")
    assert list(plugins.kinds) == ["acme"]
    assert installed_plugins().count("acme") == 1
