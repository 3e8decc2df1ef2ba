"""Renderings of effects and directives that a card writer does not have itself."""

from __future__ import annotations

import json
import pickle
import sys
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import (
    Analysis,
    Category,
    DeclarationError,
    Directive,
    Effect,
    MissingProviderError,
    Normalisation,
    PluginCallError,
    RawLine,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)
from tests.support import outputs as by_hand
from tests.support.plugins import Provider
from tests.support.renderings import (
    BRIDGE,
    GAMMA,
    WRITER,
    Gamma,
    Names,
    Of,
    Precise,
    card,
    factor,
    gamma,
    mine,
    precise,
    rendering,
    same,
    twisted,
    with_plugins,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import CardContext, Channel, Datacard, Plugins
    from tests.conftest import Install


def read(made: Datacard) -> Any:
    return json.loads(made.content(writer="json"))


@pytest.fixture
def acme(install: Install) -> None:
    """Install an effect with its kind, a writer of JSON, and what renders the one for the other."""
    install("acme_gamma", GAMMA, distribution="datacard-acme", version="2.0")
    install("acme_json", WRITER, distribution="acme-json", version="0.4")
    install("acme_bridge", BRIDGE, distribution="acme-bridge", version="1.1")


@pytest.mark.usefixtures("acme")
class TestOutsidePlugins:
    @pytest.mark.slow
    def test_effect(self) -> None:
        """A third plugin renders the effect of one plugin for the writer of another, beside Combine's text."""
        made = card(mine("gamma"), plugins=with_plugins("acme_gamma", "acme_json", "acme_bridge"))
        assert read(made)["rows"] == {"mine": [{"events": 7, "channel": "SR_run3"}]}
        assert by_hand.rows(made.content())["mine"] == ["mine", "gmN", "7", "-", "0.5"]

    @pytest.mark.slow
    def test_directive(self) -> None:
        """A third plugin renders the directive of one plugin for the writer of another."""
        made = card(mine("comment"), plugins=with_plugins("acme_gamma", "acme_json", "acme_bridge"))
        assert read(made)["lines"] == [{"comment": "on 1"}]
        assert "# on 1\n" in made.content()

    @pytest.mark.slow
    def test_own_and_contributed_renderings(self) -> None:
        """Own and contributed renderings of a writer stand in one card."""
        made = card(
            SystematicUncertainty("lumi", "lnN", ["signal", "ttbar"], ["2022"], 1.02),
            mine("gamma"),
            by_hand.shape("JES"),
            mc_processes=by_hand.two_processes(has_rateParam=True),
            plugins=with_plugins("acme_gamma", "acme_json", "acme_bridge"),
        )
        assert read(made) == {
            "rates": {"signal_2022": 6.0, "ttbar_2022": 60.0},
            "rows": {
                "lumi": [{"factors": [1.02, 1.02]}],
                "mine": [{"events": 7, "channel": "SR_run3"}],
                "JES": [{"up": [[11.0, 22.0, 33.0]], "down": [[9.0, 18.0, 27.0]]}],
            },
            "lines": [{"start": 1.0}],
        }

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("typ", "what"),
        [
            ("gamma", "effect acme_gamma.Gamma of 'mine'"),
            ("comment", "directive acme_gamma.Comment of 'mine'"),
        ],
    )
    def test_missing_rendering(self, typ: str, what: str, tmp_path: Path) -> None:
        """The error names channel, writer, effect, systematic and plugins, and the way out; no file is written."""
        made = card(mine(typ), plugins=with_plugins("acme_gamma", "acme_json"))
        with pytest.raises(MissingProviderError) as raised:
            made.dump(tmp_path / "cards", writer="json")
        class_name = what.split()[1].removeprefix("acme_gamma.")
        assert str(raised.value) == (
            "channel 'SR_run3': card writer 'json' of plugin 'acme_json' (acme-json 0.4) has no rendering for the "
            f"{what}, which plugin 'acme_gamma' (datacard-acme 2.0) makes: contribute "
            f"Rendering('json', {class_name}, function) from datacard_renderings()"
        )
        assert not (tmp_path / "cards").exists()

    @pytest.mark.slow
    def test_unselected_rendering(self) -> None:
        """An installed rendering that is not selected is neither used nor imported."""
        plugins = with_plugins("acme_gamma", "acme_json")
        with pytest.raises(MissingProviderError):
            card(mine("gamma"), plugins=plugins).content(writer="json")
        assert "acme_bridge" not in sys.modules

    @pytest.mark.slow
    def test_rendering_for_another_writer(self, install: Install) -> None:
        """A rendering for another writer does not count."""
        install("acme_other", BRIDGE.replace('"json"', '"yaml"'))
        plugins = with_plugins("acme_gamma", "acme_json", "acme_other")
        with pytest.raises(MissingProviderError, match=r"'json'.* has no rendering for the effect acme_gamma\.Gamma"):
            card(mine("gamma"), plugins=plugins).content(writer="json")

    @pytest.mark.slow
    def test_unneeded_rendering_changes_no_byte(self) -> None:
        """A card without the effect has the same bytes with and without a plugin that renders it."""
        texts = [
            card(by_hand.shape("JES"), plugins=with_plugins("acme_json", *plugins)).content(writer=writer)
            for writer in ("json", "combine")
            for plugins in ((), ("acme_gamma", "acme_bridge"))
        ]
        assert texts[0] == texts[1]
        assert texts[2] == texts[3]

    @pytest.mark.slow
    def test_pickle_of_a_card(self) -> None:
        """A card from a pickle has the same renderings and the same text."""
        plugins = with_plugins("acme_gamma", "acme_json", "acme_bridge")
        made = card(mine("gamma"), plugins=plugins)
        back: Datacard = pickle.loads(pickle.dumps(made))
        assert list(back.plugins.renderings) == list(plugins.renderings)
        assert back.content(writer="json") == made.content(writer="json")

    @pytest.mark.slow
    @pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
    def test_cards_of_other_processes(self, jobs: int, tmp_path: Path) -> None:
        """Cards with a contributed rendering are the same here and in worker processes."""
        analysis = two_categories(with_plugins("acme_gamma", "acme_json", "acme_bridge"))
        cards = analysis.build(output_of_two_categories(), jobs=jobs)
        cards.dump(tmp_path / "cards", writer="json", jobs=jobs)
        for category in ("SR", "CR"):
            found = json.loads((tmp_path / "cards" / f"datacard_{category}_2022.txt").read_text())
            assert found["rows"] == {"mine": [{"events": 7, "channel": f"{category}_2022"}]}

    @pytest.mark.slow
    def test_missing_rendering_in_another_process(self, tmp_path: Path) -> None:
        """The error from a worker process names the systematic and its plugin too."""
        analysis = two_categories(with_plugins("acme_gamma", "acme_json"))
        cards = analysis.build(output_of_two_categories(), jobs=2)
        with pytest.raises(MissingProviderError, match=r"Gamma of 'mine', which plugin 'acme_gamma' \(datacard-acme"):
            cards.dump(tmp_path / "cards", writer="json", jobs=2)
        assert not (tmp_path / "cards").exists()


def output_of_two_categories() -> dict[str, Any]:
    output = by_hand.Output()
    for sample in ("Signal", "TTbar"):
        output.add(sample, "2022", by_hand.simulated({name: {"nominal": [1, 2]} for name in ("SR", "CR")}))
    return output.loaded


def two_categories(plugins: Plugins) -> Analysis:
    return Analysis(
        years=["2022"],
        mc_processes=by_hand.two_processes(),
        systematics=Systematics([mine("gamma")]),
        categories={"SR": Category("m"), "CR": Category("m")},
        mcstat=False,
        plugins=plugins,
    )


class TestClosestClass:
    @pytest.mark.slow
    def test_base_class(self) -> None:
        """A rendering of a class counts for a subclass that says so, for own and contributed renderings."""
        assert written(factor) == "own\n"
        assert written(same, Provider("acme", rendering(Gamma, "gamma"))) == "gamma\n"

    @pytest.mark.slow
    @pytest.mark.parametrize("make", [twisted, precise])
    def test_subclass_with_another_meaning(self, make: Any) -> None:
        """A subclass that does not say that it may be treated as its base has no rendering of the base."""
        with pytest.raises(MissingProviderError, match="has no rendering for the effect"):
            written(make, Provider("acme", rendering(Gamma, "gamma")))

    @pytest.mark.slow
    @pytest.mark.parametrize("first", ["a", "z"])
    def test_closest_class(self, first: str) -> None:
        """The rendering of the closest class counts, in any order of selection."""
        second = {"a": "z", "z": "a"}[first]
        plugins = Provider(first, rendering(Gamma, "gamma")), Provider(second, rendering(Precise, "precise"))
        assert written(precise, *plugins) == "precise\n"
        assert written(precise, *plugins[::-1]) == "precise\n"
        assert written(gamma, *plugins) == "gamma\n"

    @pytest.mark.slow
    def test_rendering_of_every_effect(self) -> None:
        """A rendering of Effect counts for the effects that the writer does not render itself."""
        every = Provider("acme", rendering(Effect, "some effect"))
        assert written(gamma, every) == "some effect\n"
        assert written(factor, every) == "own\n"

    @pytest.mark.slow
    def test_effects_and_directives(self) -> None:
        """Renderings of Effect and of Directive do not mix."""
        both = Provider("acme", rendering(Effect, "effect"), rendering(Directive, "line"))
        assert written(gamma, both) == "effect\n"
        assert written(lambda _: RawLine("lumi_group group = lumi"), both) == "line\n"

    @pytest.mark.slow
    def test_arguments_of_a_rendering(self) -> None:
        """A rendering gets the object itself and its channel."""
        got: list[Any] = []

        def keep(item: Effect, channel: Channel) -> str:
            got.extend([item, channel])
            return "text"

        chosen = with_plugins(Provider("kind", Of(gamma)), Provider("writer", Names(), rendering(Gamma, keep)))
        made = card(mine("of"), plugins=chosen)
        made.content(writer="names")
        ((effect,),) = [row.effects for row in made.channel.nuisances]
        assert got == [effect, made.channel]


class TestMissing:
    @pytest.mark.slow
    def test_built_in_effect(self) -> None:
        """The error about a built-in effect names the built-in plugin that makes it."""
        plugins = with_plugins(Provider("writer", Names()))
        with pytest.raises(
            MissingProviderError,
            match=r"effect datacard_core\.Shape of 'JES', which plugin 'shape' \(datacard-core .*\) makes: "
            r"contribute Rendering\('names', Shape, function\)",
        ):
            card(by_hand.shape("JES"), plugins=plugins).content(writer="names")

    @pytest.mark.slow
    def test_note(self) -> None:
        """A note names the plugin of the writer, and the card that it was writing."""
        with pytest.raises(MissingProviderError) as raised:
            written(gamma)
        assert raised.value.__notes__ == ["in plugin 'writer' (local), writing the card of channel 'SR_run3'"]

    @pytest.mark.slow
    def test_object_of_another_class(self) -> None:
        """Asking for a rendering of another object is an error that shows the object."""

        class Odd(Names):
            def render(self, card: CardContext) -> str:
                rendered: Any = card.rendered
                return str(rendered("mine"))

        with pytest.raises(
            MissingProviderError, match=r"'names' asked for a rendering of 'mine', expected an effect or a directive"
        ):
            written(gamma, writer=Odd())


class TestFaults:
    @pytest.mark.slow
    @pytest.mark.parametrize("cause", [ValueError("no"), SystemExit(3), BaseException("odd")], ids=repr)
    def test_failing_rendering(self, cause: BaseException) -> None:
        """A rendering that fails is the failure of its plugin, not of the writer's."""

        def fail(*_: Any) -> None:
            raise cause

        with pytest.raises(PluginCallError) as raised:
            written(gamma, Provider("acme", rendering(Gamma, fail)))
        assert (raised.value.plugin, raised.value.origin) == ("acme", "local")
        assert str(raised.value) == (
            f"plugin 'acme' (local): {type(cause).__name__} while rendering Gamma of 'mine' in channel 'SR_run3' for "
            f"card writer 'names': {cause}"
        )
        assert raised.value.__cause__ is cause

    @pytest.mark.slow
    def test_failing_rendering_of_a_distribution(self, install: Install) -> None:
        """The error about a rendering names its distribution and version."""
        install("acme_gamma", GAMMA)
        install("acme_json", WRITER)
        install("acme_bridge", BRIDGE.replace("effect.events", "effect.no_such"), version="1.1")
        made = card(mine("gamma"), plugins=with_plugins("acme_gamma", "acme_json", "acme_bridge"))
        with pytest.raises(PluginCallError, match=r"plugin 'acme_bridge' \(acme_bridge 1\.1\): AttributeError while"):
            made.content(writer="json")

    @pytest.mark.slow
    def test_keyboard_interrupt(self) -> None:
        """A KeyboardInterrupt in a rendering passes unchanged."""

        def interrupt(*_: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            written(gamma, Provider("acme", rendering(Gamma, interrupt)))

    @pytest.mark.slow
    def test_error_of_the_core_passes(self) -> None:
        """A DeclarationError in a rendering passes unchanged, with a note that names the plugin."""

        def refuse(*_: Any) -> None:
            raise DeclarationError("it has no likelihood there")

        with pytest.raises(DeclarationError, match="it has no likelihood there") as raised:
            written(gamma, Provider("acme", rendering(Gamma, refuse)))
        assert raised.value.__notes__[0].startswith("in plugin 'acme' (local), rendering Gamma of 'mine'")

    @pytest.mark.slow
    def test_result_that_the_writer_refuses(self) -> None:
        """A result that the writer cannot use is the failure of the writer's plugin."""
        with pytest.raises(PluginCallError, match=r"plugin 'writer' \(local\): TypeError while writing the card"):
            written(gamma, Provider("acme", rendering(Gamma, lambda *_: 5)))

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "got '', expected the text"),
            (" \n", r"got ' \\n', expected the text"),
            ("one\r\ntwo\n", r"line 1 of the text has the character '\\r'"),
            ("one\ntw\0o", r"line 2 of the text has the character '\\x00'"),
            ("\ud800", r"line 1 of the text has the character '\\ud800'"),
            (None, "got NoneType None, expected the text"),
        ],
        ids=repr,
    )
    def test_text_that_cannot_be_written(self, text: Any, words: str) -> None:
        """Text that a file cannot hold, or that programs read differently, is the failure of the writer's plugin."""

        class Odd(Names):
            def render(self, card: CardContext) -> str:  # noqa: ARG002
                result: str = text
                return result

        with pytest.raises(PluginCallError, match=rf"plugin 'writer' \(local\): writing the card of .*{words}"):
            written(factor, writer=Odd())

    @pytest.mark.slow
    def test_text_of_a_subclass(self) -> None:
        """The text of a card is a string of Python, with no methods of the writer's class."""

        class Text(str):
            __slots__ = ()

        class Odd(Names):
            def render(self, card: CardContext) -> str:
                return Text(super().render(card))

        assert type(written(factor, writer=Odd())) is str

    @pytest.mark.slow
    def test_failing_rendering_of_the_writer(self) -> None:
        """A rendering of the writer itself that fails is the failure of the writer's plugin."""

        def fail(*_: Any) -> None:
            raise ValueError("no")

        with pytest.raises(PluginCallError, match=r"plugin 'writer' \(local\): ValueError while writing the card of"):
            written(factor, writer=Names({Normalisation: fail}))

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            pytest.param("3, Gamma, print", "'writer'", id="writer"),
            pytest.param(
                "'json', 'Gamma', print", "of is 'Gamma', expected a subclass of Effect or Directive", id="name"
            ),
            pytest.param("'json', int, print", "of is <class 'int'>, expected a subclass of", id="no effect"),
            pytest.param("'json', Gamma, 'text'", "'render' must be callable", id="no function"),
        ],
    )
    def test_malformed_rendering(self, arguments: str, said: str, install: Install) -> None:
        """A rendering with a wrong argument is an error when the plugin is loaded."""
        source = (
            GAMMA
            + f"""
    @hookimpl
    def datacard_renderings():
        return [Rendering({arguments})]
"""
        )
        install("acme_gamma", source, version="2.0")
        with pytest.raises(PluginCallError) as raised:
            load_plugins("acme_gamma")
        assert str(raised.value).startswith("plugin 'acme_gamma' (acme_gamma 2.0): ")
        assert "Error while contributing to datacard_renderings: " in str(raised.value)
        assert said in str(raised.value)


class TestSelections:
    @pytest.mark.slow
    def test_selections_in_one_process(self) -> None:
        """Renderings of one selection do not count in another selection of the same process."""
        kind, writer = Provider("kind", Of(gamma)), Provider("writer", Names())
        without = card(mine("of"), plugins=with_plugins(kind, writer))
        selections = {made: with_plugins(kind, writer, Provider("acme", rendering(Gamma, made))) for made in "ab"}
        for made in ("a", "b", "a"):
            assert card(mine("of"), plugins=selections[made]).content(writer="names") == f"{made}\n"
            with pytest.raises(MissingProviderError):
                without.content(writer="names")

    def test_order_of_selection(self) -> None:
        """Renderings are sorted, in any order of selection."""
        chosen = [Provider("z", rendering(Precise, "z")), Provider("a", rendering(Gamma, "a"))]
        one, two = load_plugins(*chosen), load_plugins(*chosen[::-1])
        assert list(one.renderings) == list(two.renderings) == sorted(one.renderings)
