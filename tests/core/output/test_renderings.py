"""Effects and directives of one's own, and what card writers make of them: contributed, never guessed."""

from __future__ import annotations

import json
import pickle
import sys
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    BinByBinStatistics,
    CardWriter,
    Category,
    DeclarationError,
    Directive,
    Effect,
    MissingProviderError,
    Normalisation,
    PluginCallError,
    PluginConflictError,
    RawLine,
    Rendering,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)
from tests.support import outputs as by_hand
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from datacard_core import CardContext, Channel, Datacard, Plugins, Target
    from tests.conftest import Install


# Three distributions: an effect and a line with their kinds, a writer that is not Combine, what brings them together.

GAMMA = """
    import attrs
    from datacard_core import Directive, Effect, Rendering, SystematicKind, hookimpl

    @attrs.frozen(eq=False)
    class Gamma(Effect):
        columns: object
        events: int
        keyword = property(lambda self: f"gmN {self.events}")

        def cells(self):
            return ["0.5" for _ in self.columns]

    @attrs.frozen(eq=False)
    class Comment(Directive):
        text: str

        def lines(self, channel):
            return [f"# {self.text}"]

    class GammaKind(SystematicKind):
        typ = "gamma"

        def effects(self, target):
            return [Gamma(target.positions, 7)]

    class CommentKind(SystematicKind):
        typ = "comment"

        def effects(self, target):
            return [Comment(f"on {len(target.positions)}")]

    @hookimpl
    def datacard_systematic_kinds():
        return [GammaKind(), CommentKind()]
"""
WRITER = """
    import json
    from datacard_core import CardWriter, FreeParameter, Normalisation, Shape, hookimpl

    class Json(CardWriter):
        name = "json"

        def renderings(self):
            return {
                Normalisation: lambda effect, _: {"factors": effect.up.tolist()},
                Shape: lambda effect, _: {"up": effect.up.values.tolist(), "down": effect.down.values.tolist()},
                FreeParameter: lambda parameter, _: {"start": parameter.initial},
            }

        def render(self, card):
            channel = card.channel
            return json.dumps(
                {
                    "rates": dict(zip([column.name for column in channel.columns], channel.rates.tolist())),
                    "rows": {row.name: [card.rendered(item) for item in row.effects] for row in channel.nuisances},
                    "lines": [card.rendered(item) for item in channel.directives],
                }
            )

    @hookimpl
    def datacard_card_writers():
        return [Json()]
"""
BRIDGE = """
    from acme_gamma import Comment, Gamma
    from datacard_core import Rendering, hookimpl

    @hookimpl
    def datacard_renderings():
        return [
            Rendering("json", Gamma, lambda effect, channel: {"events": effect.events, "channel": channel.bin}),
            Rendering("json", Comment, lambda line, _: {"comment": line.text}),
        ]
"""


def mine(typ: str, name: str = "mine") -> SystematicUncertainty:
    return SystematicUncertainty(name, typ, ["ttbar"], ["2022"], 1.0)


def card(*systematics: SystematicUncertainty, plugins: Plugins, **options: Any) -> Datacard:
    """A card of signal and ttbar, with a variation JES, and without statistical uncertainties."""
    output = by_hand.signal_and_ttbar(nominal=[10, 20, 30], JESUp=[11, 22, 33], JESDown=[9, 18, 27])
    return by_hand.card(output, *systematics, plugins=plugins, mcstat=False, bin_suffix="run3", **options)


def with_plugins(*plugins: Any) -> Plugins:
    return load_plugins(*DEFAULT_PLUGINS, *plugins)


def read(made: Datacard) -> Any:
    return json.loads(made.content(writer="json"))


@pytest.fixture
def acme(install: Install) -> None:
    """The three distributions."""
    install("acme_gamma", GAMMA, distribution="datacard-acme", version="2.0")
    install("acme_json", WRITER, distribution="acme-json", version="0.4")
    install("acme_bridge", BRIDGE, distribution="acme-bridge", version="1.1")


@pytest.mark.usefixtures("acme")
class TestOutsidePlugins:
    def test_an_effect_of_one_by_the_writer_of_another_as_a_third_renders_it(self) -> None:
        made = card(mine("gamma"), plugins=with_plugins("acme_gamma", "acme_json", "acme_bridge"))
        assert read(made)["rows"] == {"mine": [{"events": 7, "channel": "SR_run3"}]}
        assert by_hand.rows(made.content())["mine"] == ["mine", "gmN", "7", "-", "0.5"]

    def test_a_directive_likewise(self) -> None:
        made = card(mine("comment"), plugins=with_plugins("acme_gamma", "acme_json", "acme_bridge"))
        assert read(made)["lines"] == [{"comment": "on 1"}]
        assert "# on 1\n" in made.content()

    def test_what_the_writer_renders_itself_stands_beside_it(self) -> None:
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

    @pytest.mark.parametrize(
        ("typ", "what"),
        [
            ("gamma", "effect acme_gamma.Gamma of 'mine'"),
            ("comment", "directive acme_gamma.Comment of 'mine'"),
        ],
    )
    def test_one_that_nobody_renders_is_an_error_with_all_that_there_is_to_know(
        self, typ: str, what: str, tmp_path: Path
    ) -> None:
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

    def test_a_rendering_that_is_installed_and_not_selected_does_nothing(self) -> None:
        plugins = with_plugins("acme_gamma", "acme_json")
        with pytest.raises(MissingProviderError):
            card(mine("gamma"), plugins=plugins).content(writer="json")
        assert "acme_bridge" not in sys.modules

    def test_one_that_is_rendered_for_another_writer_only_is_an_error(self, install: Install) -> None:
        install("acme_other", BRIDGE.replace('"json"', '"yaml"'))
        plugins = with_plugins("acme_gamma", "acme_json", "acme_other")
        with pytest.raises(MissingProviderError, match=r"'json'.* has no rendering for the effect acme_gamma\.Gamma"):
            card(mine("gamma"), plugins=plugins).content(writer="json")

    def test_a_card_without_the_effect_has_the_same_bytes_whoever_could_render_it(self) -> None:
        texts = [
            card(by_hand.shape("JES"), plugins=with_plugins("acme_json", *plugins)).content(writer=writer)
            for writer in ("json", "combine")
            for plugins in ((), ("acme_gamma", "acme_bridge"))
        ]
        assert texts[0] == texts[1]
        assert texts[2] == texts[3]

    def test_a_selection_with_renderings_travels(self) -> None:
        plugins = with_plugins("acme_gamma", "acme_json", "acme_bridge")
        made = card(mine("gamma"), plugins=plugins)
        back: Datacard = pickle.loads(pickle.dumps(made))
        assert list(back.plugins.renderings) == list(plugins.renderings)
        assert back.content(writer="json") == made.content(writer="json")

    @pytest.mark.parametrize("jobs", [1, 2])
    def test_cards_with_one_are_written_here_and_in_other_processes(self, jobs: int, tmp_path: Path) -> None:
        analysis = two_categories(with_plugins("acme_gamma", "acme_json", "acme_bridge"))
        cards = analysis.build(output_of_two_categories(), jobs=jobs)
        cards.dump(tmp_path / "cards", writer="json", jobs=jobs)
        for category in ("SR", "CR"):
            found = json.loads((tmp_path / "cards" / f"datacard_{category}_2022.txt").read_text())
            assert found["rows"] == {"mine": [{"events": 7, "channel": f"{category}_2022"}]}

    def test_one_that_is_missing_is_told_from_another_process_too(self, tmp_path: Path) -> None:
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


# From here on as objects, whose classes the tests can name.


@attrs.frozen(eq=False)
class Gamma(Effect):
    """A number of events in a control region."""

    columns: Any
    events: int = 7

    @property
    def keyword(self) -> str:
        return f"gmN {self.events}"

    def cells(self) -> Sequence[str]:
        return ["0.5" for _ in self.columns]


class Precise(Gamma):
    """A Gamma that somebody treats otherwise."""


class Factor(Normalisation):
    """A Normalisation that nobody treats otherwise."""


class Remark(RawLine):
    """A RawLine by another name."""


class Of(SystematicKind):
    """Effects, or lines, of one class."""

    typ: ClassVar[str] = "of"

    def __init__(self, make: Callable[[Target], Effect | Directive]) -> None:
        self.make = make

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        return [self.make(target)]


class Names(CardWriter):
    """What its renderings make of effects and directives, a line each."""

    name: ClassVar[str] = "names"

    def __init__(self, own: Any = None) -> None:
        self.own = {Normalisation: lambda *_: "own"} if own is None else own

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        found: Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]] = self.own
        return found() if callable(found) else found

    def render(self, card: CardContext) -> str:
        items: list[Any] = [effect for row in card.channel.nuisances for effect in row.effects]
        return "".join(card.rendered(item) + "\n" for item in (*items, *card.channel.directives))


def gamma(target: Target) -> Effect:
    return Gamma(target.positions)


def precise(target: Target) -> Effect:
    return Precise(target.positions)


def factor(target: Target) -> Effect:
    return Factor(target.positions, np.full(len(target.positions), 2.0))


def rendering(of: type[Effect | Directive], made: Any, writer: str = "names") -> Rendering:
    """A rendering that makes a text, or calls a function."""
    return Rendering(writer, of, made if callable(made) else lambda *_: made)


def written(make: Callable[[Target], Effect | Directive], *plugins: Provider, writer: CardWriter | None = None) -> str:
    """What the writer makes of a card with one effect or line."""
    chosen = with_plugins(Provider("kind", Of(make)), Provider("writer", writer or Names()), *plugins)
    return card(mine("of"), plugins=chosen).content(writer="names")


class TestTheMostSpecialClass:
    def test_a_subclass_is_rendered_as_what_it_is_one_of(self) -> None:
        assert written(factor) == "own\n"
        assert written(precise, Provider("acme", rendering(Gamma, "gamma"))) == "gamma\n"

    @pytest.mark.parametrize("first", ["a", "z"])
    def test_of_two_that_fit_it_counts_and_no_order(self, first: str) -> None:
        second = {"a": "z", "z": "a"}[first]
        plugins = Provider(first, rendering(Gamma, "gamma")), Provider(second, rendering(Precise, "precise"))
        assert written(precise, *plugins) == "precise\n"
        assert written(precise, *plugins[::-1]) == "precise\n"
        assert written(gamma, *plugins) == "gamma\n"

    def test_a_rendering_of_every_effect_is_for_those_that_the_writer_has_not(self) -> None:
        every = Provider("acme", rendering(Effect, "some effect"))
        assert written(gamma, every) == "some effect\n"
        assert written(factor, every) == "own\n"

    def test_effects_and_directives_are_told_apart(self) -> None:
        both = Provider("acme", rendering(Effect, "effect"), rendering(Directive, "line"))
        assert written(gamma, both) == "effect\n"
        assert written(lambda _: RawLine("lumi_group group = lumi"), both) == "line\n"

    def test_it_gets_the_object_itself_and_its_channel(self) -> None:
        got: list[Any] = []

        def keep(item: Effect, channel: Channel) -> str:
            got.extend([item, channel])
            return ""

        chosen = with_plugins(Provider("kind", Of(gamma)), Provider("writer", Names(), rendering(Gamma, keep)))
        made = card(mine("of"), plugins=chosen)
        made.content(writer="names")
        ((effect,),) = [row.effects for row in made.channel.nuisances]
        assert got == [effect, made.channel]


class TestMissing:
    def test_a_built_in_effect_that_a_writer_does_not_render_is_an_error_that_names_its_plugin(self) -> None:
        plugins = with_plugins(Provider("writer", Names()))
        with pytest.raises(
            MissingProviderError,
            match=r"effect datacard_core\.Shape of 'JES', which plugin 'shape' \(datacard-core .*\) makes: "
            r"contribute Rendering\('names', Shape, function\)",
        ):
            card(by_hand.shape("JES"), plugins=plugins).content(writer="names")

    def test_a_note_says_which_writer_asked(self) -> None:
        with pytest.raises(MissingProviderError) as raised:
            written(gamma)
        assert raised.value.__notes__ == ["in plugin 'writer' (local), writing the card of channel 'SR_run3'"]

    def test_what_is_no_effect_is_an_error_that_says_so(self) -> None:
        class Odd(Names):
            def render(self, card: CardContext) -> str:
                rendered: Any = card.rendered
                return str(rendered("mine"))

        with pytest.raises(
            MissingProviderError, match=r"'names' asked for a rendering of 'mine', expected an effect or a directive"
        ):
            written(gamma, writer=Odd())


class TestConflicts:
    @pytest.mark.parametrize("of", [Normalisation, Factor])
    @pytest.mark.parametrize("name", ["a_plugin", "z_plugin"])
    def test_what_the_writer_renders_itself_nobody_may_render_for_it(
        self, of: type[Effect | Directive], name: str
    ) -> None:
        with pytest.raises(PluginConflictError) as raised:
            load_plugins(Provider("writer", Names()), Provider(name, rendering(of, "other")))
        assert raised.value.plugin == name
        assert str(raised.value) == (
            f"plugin {name!r} (local): contributes a rendering of {of.__name__} by card writer 'names' of plugin "
            "'writer' (local), which renders Normalisation itself"
        )

    @pytest.mark.parametrize("of", [Effect, Normalisation, Gamma, Directive, RawLine, Remark, BinByBinStatistics])
    def test_for_combine_there_is_nothing_to_add(self, of: type[Effect | Directive]) -> None:
        with pytest.raises(
            PluginConflictError,
            match=r"plugin 'acme' \(local\).* card writer 'combine' of plugin 'combine' \(datacard-",
        ):
            with_plugins(Provider("acme", rendering(of, "other", "combine")))

    def test_outside_of_the_selection_it_does_not_matter(self) -> None:
        plugins = load_plugins("lnn", Provider("acme", rendering(Normalisation, "other", "combine")))
        assert [provided.plugin for provided in plugins.renderings.values()] == ["acme"]

    def test_two_plugins_that_render_one_class_for_one_writer_are_an_error_that_names_both(
        self, install: Install
    ) -> None:
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

    def test_one_plugin_that_does_so_twice_is_an_error(self) -> None:
        with pytest.raises(PluginConflictError, match=r"'names of .*\.Gamma' is also provided by plugin 'acme'"):
            load_plugins(Provider("acme", rendering(Gamma, "one"), rendering(Gamma, "other")))

    def test_one_class_may_be_rendered_for_several_writers(self) -> None:
        plugins = load_plugins(Provider("a", rendering(Gamma, "one")), Provider("b", rendering(Gamma, "two", "json")))
        assert len(plugins.renderings) == 2


class TestFaults:
    @pytest.mark.parametrize("cause", [ValueError("no"), SystemExit(3), BaseException("odd")], ids=repr)
    def test_a_rendering_that_fails_is_the_fault_of_its_plugin_and_not_of_the_writers(
        self, cause: BaseException
    ) -> None:
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

    def test_one_of_a_distribution_is_named_with_its_version(self, install: Install) -> None:
        install("acme_gamma", GAMMA)
        install("acme_json", WRITER)
        install("acme_bridge", BRIDGE.replace("effect.events", "effect.no_such"), version="1.1")
        made = card(mine("gamma"), plugins=with_plugins("acme_gamma", "acme_json", "acme_bridge"))
        with pytest.raises(PluginCallError, match=r"plugin 'acme_bridge' \(acme_bridge 1\.1\): AttributeError while"):
            made.content(writer="json")

    def test_the_users_interrupt_goes_through(self) -> None:
        def interrupt(*_: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            written(gamma, Provider("acme", rendering(Gamma, interrupt)))

    def test_an_error_of_the_cores_own_passes_with_a_note(self) -> None:
        def refuse(*_: Any) -> None:
            raise DeclarationError("it has no likelihood there")

        with pytest.raises(DeclarationError, match="it has no likelihood there") as raised:
            written(gamma, Provider("acme", rendering(Gamma, refuse)))
        assert raised.value.__notes__[0].startswith("in plugin 'acme' (local), rendering Gamma of 'mine'")

    def test_what_a_rendering_returns_is_for_the_writer_to_take_or_refuse(self) -> None:
        with pytest.raises(PluginCallError, match=r"plugin 'writer' \(local\): TypeError while writing the card"):
            written(gamma, Provider("acme", rendering(Gamma, lambda *_: 5)))

    def test_a_rendering_of_the_writers_own_that_fails_is_its_fault(self) -> None:
        def fail(*_: Any) -> None:
            raise ValueError("no")

        with pytest.raises(PluginCallError, match=r"plugin 'writer' \(local\): ValueError while writing the card of"):
            written(factor, writer=Names({Normalisation: fail}))

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
    def test_a_writer_whose_renderings_are_none_is_an_error_that_names_it(self, returned: Any, said: str) -> None:
        with pytest.raises(PluginCallError) as raised:
            written(gamma, writer=Names(returned))
        assert raised.value.plugin == "writer"
        assert said in str(raised.value)

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
    def test_a_rendering_that_cannot_be_one_is_an_error_at_once(
        self, arguments: str, said: str, install: Install
    ) -> None:
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
    def test_a_rendering_of_another_selection_in_the_same_process_has_no_effect_on_this(self) -> None:
        kind, writer = Provider("kind", Of(gamma)), Provider("writer", Names())
        without = card(mine("of"), plugins=with_plugins(kind, writer))
        selections = {made: with_plugins(kind, writer, Provider("acme", rendering(Gamma, made))) for made in "ab"}
        for made in ("a", "b", "a"):
            assert card(mine("of"), plugins=selections[made]).content(writer="names") == f"{made}\n"
            with pytest.raises(MissingProviderError):
                without.content(writer="names")

    def test_the_order_of_selection_does_not_matter(self) -> None:
        chosen = [Provider("z", rendering(Precise, "z")), Provider("a", rendering(Gamma, "a"))]
        one, two = load_plugins(*chosen), load_plugins(*chosen[::-1])
        assert list(one.renderings) == list(two.renderings) == sorted(one.renderings)
