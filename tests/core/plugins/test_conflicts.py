"""Contributions that compete with each other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from datacard_core import (
    BinByBinStatistics,
    CardContext,
    Directive,
    Effect,
    Normalisation,
    PluginCallError,
    PluginConflictError,
    PluginLoadError,
    RawLine,
    load_plugins,
)
from tests.support.cases import case
from tests.support.plugins import INTERFACES, Acme, Provider, kind_source
from tests.support.renderings import (
    BRIDGE,
    GAMMA,
    Factor,
    Gamma,
    Names,
    Remark,
    gamma,
    rendering,
    with_plugins,
    written,
)

if TYPE_CHECKING:
    from tests.conftest import Install


@pytest.mark.slow
def test_typ_of_two_plugins(install: Install) -> None:
    """Two plugins with one typ are an error that names both, with their origins."""
    install("acme_one", kind_source())
    install("acme_two", kind_source(), version="2.5")
    with pytest.raises(PluginConflictError) as raised:
        load_plugins("acme_one", "acme_two")
    for words in ("'acme_one' (acme_one 1.0)", "'acme_two' (acme_two 2.5)", "SystematicKind 'acme'"):
        assert words in str(raised.value)


@pytest.mark.slow
def test_blocking_resolves_a_conflict(install: Install) -> None:
    """Of two plugins with one typ, one can be blocked."""
    install("acme_one", kind_source())
    install("acme_two", kind_source())
    plugins = load_plugins("acme_one", "acme_two", block={"acme_one"})
    assert plugins.kind("acme").plugin == "acme_two"


@pytest.mark.slow
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
def test_name_of_two_plugins(interface: str, method: str, install: Install) -> None:
    """Two plugins with one name in a family are an error that names the first of them."""
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


def test_typ_twice_in_one_plugin() -> None:
    """A plugin that contributes one typ twice is an error."""
    with pytest.raises(PluginConflictError, match="'acme'"):
        load_plugins(Provider("mine", Acme(), Acme()))


class TestRenderings:
    @pytest.mark.slow
    @pytest.mark.parametrize("of", [Normalisation, Factor])
    @pytest.mark.parametrize("name", ["a_plugin", "z_plugin"])
    def test_rendering_that_the_writer_has(self, of: type[Effect | Directive], name: str) -> None:
        """A rendering of a class that the writer renders itself is an error, in both orders of the plugins."""
        with pytest.raises(PluginConflictError) as raised:
            load_plugins(Provider("writer", Names()), Provider(name, rendering(of, "other")))
        assert raised.value.plugin == name
        assert str(raised.value) == (
            f"plugin {name!r} (local): contributes a rendering of {of.__name__} by card writer 'names' of plugin "
            "'writer' (local), which renders Normalisation itself"
        )

    @pytest.mark.slow
    def test_rendering_for_a_writer_of_everything(self) -> None:
        """Every rendering for a writer with renders_all is an error that names both plugins."""
        cases: list[type[Effect | Directive]] = [
            Effect,
            Normalisation,
            Gamma,
            Directive,
            RawLine,
            Remark,
            BinByBinStatistics,
        ]
        for of in cases:
            with (
                case(of),
                pytest.raises(
                    PluginConflictError,
                    match=r"plugin 'acme' \(local\).* card writer 'combine' of plugin 'combine' \(datacard-",
                ),
            ):
                with_plugins(Provider("acme", rendering(of, "other", "combine")))

    @pytest.mark.slow
    def test_rendering_for_an_unselected_writer(self) -> None:
        """A rendering for a writer that is not selected is accepted."""
        plugins = load_plugins("lnn", Provider("acme", rendering(Normalisation, "other", "combine")))
        assert [provided.plugin for provided in plugins.renderings.values()] == ["acme"]

    @pytest.mark.slow
    def test_rendering_of_two_plugins(self, install: Install) -> None:
        """Two renderings of one class for one writer are an error that names both plugins."""
        install("acme_gamma", GAMMA)
        install("acme_bridge", BRIDGE, version="1.1")
        install("acme_rival", BRIDGE, version="3.0")
        with pytest.raises(PluginConflictError) as raised:
            load_plugins("acme_rival", "acme_bridge")
        assert str(raised.value) == (
            "plugin 'acme_rival' (acme_rival 3.0): Rendering 'json of acme_gamma.Gamma' is also provided by plugin "
            "'acme_bridge' (acme_bridge 1.1); block one of the two"
        )
        plugins = load_plugins("acme_rival", "acme_bridge", block="acme_bridge")
        assert {provided.plugin for provided in plugins.renderings.values()} == {"acme_rival"}

    def test_rendering_twice_in_one_plugin(self) -> None:
        """A plugin that renders one class twice for one writer is an error."""
        with pytest.raises(PluginConflictError, match=r"'names of .*\.Gamma' is also provided by plugin 'acme'"):
            load_plugins(Provider("acme", rendering(Gamma, "one"), rendering(Gamma, "other")))

    def test_renderings_for_two_writers(self) -> None:
        """One class may be rendered for several writers."""
        plugins = load_plugins(Provider("a", rendering(Gamma, "one")), Provider("b", rendering(Gamma, "two", "json")))
        assert len(plugins.renderings) == 2

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("returned", "said"),
        [
            pytest.param(lambda: None, "TypeError while naming the effects that it renders", id="none"),
            pytest.param(lambda: "text", "ValueError while naming the effects that it renders", id="text"),
            pytest.param({"Gamma": print}, "naming the effects that it renders: got ('Gamma'", id="names"),
            pytest.param({int: print}, "naming the effects that it renders: got (<class 'int'>", id="no effects"),
            pytest.param({Gamma: "text"}, "expected a function for a class of effects or directives", id="no function"),
            pytest.param(lambda: sys.exit(3), "SystemExit while naming the effects that it renders: 3", id="exit"),
        ],
    )
    def test_wrong_renderings_of_a_writer(self, returned: Any, said: str) -> None:
        """A writer that returns wrong renderings is an error that names its plugin and shows them."""
        with pytest.raises(PluginCallError) as raised:
            written(gamma, writer=Names(returned))
        assert raised.value.plugin == "writer"
        assert said in str(raised.value)

    @pytest.mark.slow
    def test_writer_of_everything_still_renders(self) -> None:
        """`card.rendered` gives a writer with renders_all the cells and lines, except where it has a rendering."""

        class All(Names):
            renders_all: ClassVar[bool] = True

            def render(self, card: CardContext) -> str:
                items: list[Any] = [effect for row in card.channel.nuisances for effect in row.effects]
                return repr([list(card.rendered(item)) for item in (*items, *card.channel.directives)])

        assert written(gamma, writer=All({})) == "[['0.5']]"
        assert written(lambda _: RawLine("lumi_group group = lumi"), writer=All({})) == "[['lumi_group group = lumi']]"
        assert written(gamma, writer=All({Gamma: lambda *_: "own"})) == "[['o', 'w', 'n']]"

    @pytest.mark.parametrize("value", [None, 1, "True"])
    def test_renders_all_of_another_type(self, value: Any) -> None:
        """A writer whose renders_all is not a bool is an error that shows it."""
        writer = Names()
        writer.renders_all = value  # type: ignore[misc]
        with pytest.raises(PluginLoadError, match=rf"card writer 'names' with renders_all {value!r}, expected True"):
            load_plugins(Provider("acme", writer))
