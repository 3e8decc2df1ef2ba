"""The table of families; look-up of what the selected plugins provide, and the error where it is missing."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from datacard_core import Datacard, MissingProviderError, Plugins, Provided, hookspecs, load_plugins
from datacard_core.plugins.families import CHECKS, FAMILIES, HOOKS, KINDS, PLOTS, Family, Providers
from datacard_core.plugins.manager import families_of
from tests.support.cases import case
from tests.support.plugins import INTERFACES, kind_source, mine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CardArguments, Install


@pytest.mark.slow
def test_families_of_plugins() -> None:
    """Loaded plugins have one mapping for each family, under the name of its field, in the order of the table."""
    plugins = load_plugins()
    assert [providers.family for providers in families_of(plugins)] == list(FAMILIES)
    for providers in families_of(plugins):
        assert getattr(plugins, providers.family.field) is providers
    fields = [field.name for field in attrs.fields(Plugins) if field.name not in {"origins", "local", "options"}]
    assert fields == [family.field for family in FAMILIES]


def test_families_are_distinct() -> None:
    """No field, word, hook or interface belongs to two families."""
    for attribute in ("field", "word", "hook", "interface"):
        assert len({getattr(family, attribute) for family in FAMILIES}) == len(FAMILIES)
    assert tuple(family.hook for family in FAMILIES) == HOOKS


def test_interface_of_a_family() -> None:
    """The hook returns objects of the interface, which has the key and the described attributes."""
    for family in FAMILIES:
        with case(family):
            returned = str(inspect.signature(getattr(hookspecs, family.hook)).return_annotation)
            assert returned == f"Iterable[{family.interface.__name__}]"
            assert INTERFACES.get(family.hook, "Rendering") == family.interface.__name__
            declared = {*inspect.get_annotations(family.interface), *vars(family.interface)}
            assert {family.key, *family.described} <= declared


def provided(*names: str, family: Family[Any] = KINDS) -> Providers[Any]:
    """Return providers of these names; the way to select another name repeats what was asked for."""
    by_name = {name: Provided(object(), f"plugin_of_{name}", "local") for name in names}
    return Providers(family, by_name, lambda family, name: f"; looked for {name!r} among {family.field}")


class TestProviders:
    def test_mapping(self) -> None:
        """Providers are a mapping, sorted by name, that `in`, `get` and `[]` read as usual."""
        found = provided("b", "a")
        assert (list(found), len(found)) == (["a", "b"], 2)
        assert found["a"].plugin == "plugin_of_a"
        assert ("a" in found, "c" in found, found.get("c")) == (True, False, None)
        assert found == dict(found.items())
        with pytest.raises(KeyError, match="c"):
            found["c"]

    def test_mapping_is_a_copy(self) -> None:
        """A later change of the mapping that they were made from does not reach them."""
        given: dict[str, Provided[Any]] = {}
        found = Providers(KINDS, given, lambda *_: "")
        given["late"] = Provided(object(), "acme", "local")
        assert list(found) == []

    def test_known_name(self) -> None:
        """`provider` returns what `[]` returns, without a search of the installed plugins."""
        by_name = {"a": Provided(object(), "acme", "local")}
        found = Providers[Any](KINDS, by_name, lambda *_: pytest.fail("a provided name was searched for"))
        assert found.provider("a") is by_name["a"]

    @pytest.mark.parametrize(
        ("names", "said"),
        [
            pytest.param(["stack", "ratio"], "provided are ratio, stack (did you mean 'stack'?);", id="close match"),
            pytest.param(["ratio"], "provided are ratio;", id="no close match"),
            pytest.param([], "provided are none;", id="no provider"),
        ],
    )
    def test_unknown_name(self, names: list[str], said: str) -> None:
        """The error has the family, the name, the provided names once, the closest match and the way to select."""
        with pytest.raises(MissingProviderError) as raised:
            provided(*names, family=PLOTS).provider("stak")
        assert str(raised.value) == f"no selected plugin provides the plot 'stak'; {said} looked for 'stak' among plots"

    def test_repr(self) -> None:
        """The repr shows the names, and not the family with all that belongs to it."""
        assert repr(provided("a", family=CHECKS)) == "<check: a>"


def test_missing_kind(install: Install, card_arguments: CardArguments) -> None:
    """The error names the declaration, the provided kinds, and the installed plugin that may have the missing kind."""
    install("acme_gmn", kind_source(typ="acmeGmn"), version="2.0")
    with pytest.raises(MissingProviderError) as raised:
        Datacard(**card_arguments(systematics=mine("acmeGmn")))
    message = str(raised.value)
    for words in (
        "'mine'",
        "'acmeGmn'",
        "autoMCStats, constr, dFD, dFD2, discrete",
        "'acme_gmn', which is installed and not selected, may have it",
        "load_plugins(",
    ):
        assert words in message


@pytest.mark.slow
@pytest.mark.parametrize(
    "ask",
    [
        lambda arguments, path: Datacard(**arguments(systematics=mine("quux"))),  # noqa: ARG005
        lambda arguments, path: Datacard(**arguments()).content(writer="gmN"),  # noqa: ARG005
        lambda arguments, path: Datacard(**arguments()).dump(path, serializer="gmN"),
        lambda arguments, path: Datacard(**arguments()).plot(path, "gmN"),
    ],
    ids=["kind", "writer", "serializer", "plot"],
)
def test_unselected_plugins_are_not_imported(
    ask: Any, install: Install, card_arguments: CardArguments, tmp_path: Path
) -> None:
    """No plugin that is not selected is imported, not for the error about a missing name either."""
    install("acme_gmn", "raise SystemExit(3)")
    install("acme_two", "raise SystemExit(4)")
    with pytest.raises(MissingProviderError, match=r"'acme_gmn'.*installed and not sel"):
        ask(card_arguments, tmp_path / "cards")
    assert not {"acme_gmn", "acme_two"} & set(sys.modules)


def test_likely_plugin(install: Install) -> None:
    """Of several plugins that are not selected, the one with the missing name is proposed."""
    install("acme_gmn", kind_source(typ="acmeGmn"))
    with pytest.raises(MissingProviderError, match=r"plugin 'lnn', which is .*select it with load_plugins\(…, 'lnn'\)"):
        load_plugins("shape").kind("lnN")


def test_kind_that_is_not_installed(card_arguments: CardArguments) -> None:
    """For a kind that no installed plugin has, the error lists the provided kinds once."""
    with pytest.raises(MissingProviderError, match="autoMCStats, constr, dFD, dFD2, discrete") as raised:
        Datacard(**card_arguments(systematics=mine("quux")))
    assert str(raised.value).count("flatParam") == 1


def test_misspelt_kind(card_arguments: CardArguments) -> None:
    """A misspelt typ is an error with the closest match."""
    with pytest.raises(MissingProviderError, match=r"'lnn'.*did you mean 'lnN'"):
        Datacard(**card_arguments(systematics=mine("lnn")))


def test_unknown_writer(card_arguments: CardArguments) -> None:
    """An unknown writer is an error with the provided writers."""
    with pytest.raises(MissingProviderError, match=r"card writer 'combin'.*provided are combine"):
        Datacard(**card_arguments()).content(writer="combin")


def test_unknown_serializer(card_arguments: CardArguments, tmp_path: Path) -> None:
    """An unknown serializer is an error, and no file is written."""
    with pytest.raises(MissingProviderError, match=r"template serializer 'parquet'.*provided are root"):
        Datacard(**card_arguments()).dump(tmp_path / "cards", serializer="parquet")
    assert not list(tmp_path.iterdir())
