"""Search for the installed plugins among intact and broken distributions."""

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


BROKEN: dict[str, dict[str, Any]] = {
    "exits": {"source": "raise SystemExit(3)"},
    "no_python": {"source": "def ("},
    "no_module": {"entry_points": {"broken": "no_such_module"}},
    "no_object": {"entry_points": {"no_object": "no_object:Missing.part"}},
    "no_reference": {"entry_points_text": "[datacard_core.plugins]\nbroken = 1 2 !!\n"},
    "no_value": {"entry_points_text": "[datacard_core.plugins]\nbroken\n"},
    "no_ini_file": {"entry_points_text": "broken = broken\n[datacard_core.plugins\n"},
    "no_metadata": {"metadata": ""},
    "empty_metadata": {"metadata": "Metadata-Version: 2.1\n\n"},
}


@pytest.mark.slow
def test_broken_distributions_are_harmless(install: Install, card_arguments: CardArguments) -> None:
    """Broken distributions that are not selected change neither the card nor the search for a missing kind."""
    before = Datacard(**card_arguments()).content()
    for name, broken in BROKEN.items():
        install(name, **broken)
    assert set(DEFAULT_PLUGINS) <= set(installed_plugins())
    assert Datacard(**card_arguments()).content() == before
    with pytest.raises(MissingProviderError, match="acmeGmn"):
        Datacard(**card_arguments(systematics=mine("acmeGmn")))


@pytest.mark.slow
def test_remains_of_a_distribution(install: Install) -> None:
    """Remains without metadata do not compete with a complete distribution of the same plugin name."""
    install("acme", kind_source())
    install("remains", "raise RuntimeError('imported')", entry_points={"acme": "remains"}, metadata="")
    assert load_plugins("acme").origins == {"acme": "acme 1.0"}


@pytest.mark.slow
def test_unreadable_entry_points_are_told(install: Install) -> None:
    """The error about an unknown name mentions distributions whose plugins cannot be read."""
    install("broken", entry_points_text="[datacard_core.plugins]\nbroken\n", version="0.3")
    with pytest.raises(UnknownPluginError, match=r"'broken' is installed.*broken 0\.3 cannot be read"):
        load_plugins("broken")


@pytest.mark.slow
@pytest.mark.parametrize("text", ["[datacard_core.plugins]\n", ""], ids=["empty group", "no group"])
def test_shadowed_distribution(text: str, install: Install) -> None:
    """A distribution without plugins hides a later one of its name on the path, as it does for imports."""
    install("acme", kind_source(), version="0.9")
    install("other", entry_points_text=text, distribution="acme")
    assert "acme" not in installed_plugins()


class Finder:  # noqa: PLW1641 - finders need no hash
    """A finder without distributions that counts the searches for all of them."""

    def __init__(self) -> None:
        self.calls = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Finder)

    def find_distributions(self, context: Any) -> Iterator[Any]:
        self.calls += context.name is None
        return iter(())

    def find_spec(self, *_: Any) -> None:
        return None


@pytest.mark.slow
def test_each_finder_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new finder is asked though it equals one that has gone, whose place in memory it may have got."""
    asked = []
    for _ in range(5):
        finder = Finder()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "meta_path", [*sys.meta_path, finder])
            look()
        asked.append(finder.calls)
        del finder
    assert asked == [1] * 5


@pytest.mark.slow
@pytest.mark.parametrize("typ", ["lnN", "quux"], ids=["found", "looked for in all that are installed"])
def test_distributions_are_searched_once(
    typ: str, card_arguments: CardArguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loading plugins, and looking for a missing kind, search all distributions once."""
    # Before the count, because the first arguments in a process load plugins too.
    arguments = card_arguments(systematics=mine(typ), plugins=load_plugins())
    finder = Finder()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, finder])
    if typ == "lnN":
        load_plugins("lnn", "shape", "combine")
    else:
        with pytest.raises(MissingProviderError):
            Datacard(**arguments)
    assert finder.calls == 1


@pytest.mark.slow
def test_distribution_found_twice(install: Install) -> None:
    """Of two versions of a distribution on the path, the first counts."""
    install("acme", kind_source(typ="stale"), version="0.9")
    install("acme", kind_source(typ="fresh"), version="1.0")
    plugins = load_plugins("acme")
    assert plugins.origins == {"acme": "acme 1.0"}
    assert list(plugins.kinds) == ["fresh"]
    assert [plugin.name for plugin in look().plugins].count("acme") == 1


@pytest.mark.slow
def test_name_of_two_distributions(install: Install) -> None:
    """Selecting a name that two distributions have is an error that names both, and imports neither."""
    install("acme_one", kind_source(), distribution="first-dist", entry_points={"acme": "acme_one"})
    install("acme_two", kind_source(), distribution="other-dist", entry_points={"acme": "acme_two"})
    with pytest.raises(
        PluginConflictError, match=r"'acme'.*first-dist 1\.0 \(acme_one\), other-dist 1\.0 \(acme_two\)"
    ):
        load_plugins("acme")
    assert not {"acme_one", "acme_two"} & set(sys.modules)


@pytest.mark.slow
def test_unselected_name_of_two_distributions(install: Install) -> None:
    """A name that two distributions have is listed once, and harmless until it is selected."""
    install("acme_one", distribution="first-dist", entry_points={"acme": "acme_one"})
    install("acme_two", distribution="other-dist", entry_points={"acme": "acme_two"})
    assert sorted(load_plugins()) == sorted(DEFAULT_PLUGINS)
    assert installed_plugins().count("acme") == 1


def test_name_of_a_built_in_plugin(install: Install) -> None:
    """An installed plugin with the name of a built-in one makes selecting that name an error."""
    install("impostor", kind_source(typ="lnN"), entry_points={"lnn": "impostor"})
    with pytest.raises(PluginConflictError, match=r"datacard-core 0\..*impostor 1\.0"):
        load_plugins("lnn")
    assert "impostor" not in sys.modules


@pytest.mark.slow
def test_entry_point_listed_twice(install: Install) -> None:
    """An entry point that its distribution lists twice is one plugin."""
    twice = "[datacard_core.plugins]\nacme = acme\n[datacard_core.plugins]\nacme = acme\n"
    install("acme", kind_source(), entry_points_text=twice)
    assert load_plugins("acme").origins == {"acme": "acme 1.0"}


def test_name_of_two_modules(install: Install) -> None:
    """One name for two modules of the same distribution is an error that names both."""
    install("acme", entry_points_text="[datacard_core.plugins]\nacme = acme\nacme = acme.other\n")
    with pytest.raises(PluginConflictError, match=r"'acme'.*acme 1\.0 \(acme\), acme 1\.0 \(acme\.other\)"):
        load_plugins("acme")


@pytest.mark.slow
def test_editable_install(install: Install) -> None:
    """Stale egg-info beside an editable install, both on the path, gives one plugin."""
    folder = install("acme", kind_source(), version="1.0")
    stale = folder / "acme.egg-info"
    stale.mkdir()
    (stale / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 0.9\n", encoding="utf-8")
    (stale / "entry_points.txt").write_text("[datacard_core.plugins]\nacme = acme\n", encoding="utf-8")
    plugins = load_plugins("acme")
    assert list(plugins.kinds) == ["acme"]
    assert installed_plugins().count("acme") == 1


def test_installed_plugin_is_not_imported(install: Install) -> None:
    """`installed_plugins` lists a plugin without importing it."""
    install("acme_listed", "raise RuntimeError('imported')")
    assert "acme_listed" in installed_plugins()
    assert "acme_listed" not in sys.modules


@pytest.mark.slow
def test_installed_plugins_are_sorted(install: Install) -> None:
    """`installed_plugins` has each name once, sorted."""
    install("zeta", distribution="aaa")
    install("alpha", distribution="zzz")
    assert list(installed_plugins()) == sorted({*DEFAULT_PLUGINS, "alpha", "zeta"} | set(installed_plugins()))
