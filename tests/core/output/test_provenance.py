"""The comments of a card that say what made it: whoever had a part, nobody else, and in the same bytes every time."""

from __future__ import annotations

import importlib.metadata
import itertools
import pickle
import types
from typing import TYPE_CHECKING, Any, ClassVar

import lz4.frame
import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    CardWriter,
    Category,
    Check,
    Directive,
    Effect,
    HistogramSource,
    Normalisation,
    Plot,
    RawLine,
    Rendering,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    TemplateSerializer,
    load_output,
    load_plugins,
)
from tests.support import outputs as by_hand
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from datacard_core import CardContext, Channel, Datacard, Finding, NamedTemplates, Plugins, Target
    from tests.conftest import Install


VERSION = importlib.metadata.version("datacard-core")
CORE = f"plugins of datacard-core {VERSION}: "
YEARS = ("2022", "2023")


def header(text: str) -> list[str]:
    """The comments that a card begins with."""
    comments = itertools.takewhile(lambda line: line.startswith("# "), text.splitlines())
    return [line.removeprefix("# ") for line in comments]


def below(text: str) -> str:
    """The card without its comments."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def of_the_core(text: str) -> list[str]:
    """The plugins of datacard-core that a card names."""
    (line,) = [line for line in header(text) if line.startswith(CORE)]
    return line.removeprefix(CORE).split(", ")


def lnn(name: str = "lumi", typ: str = "lnN", years: Iterable[str] = ("2022",)) -> SystematicUncertainty:
    return SystematicUncertainty(name, typ, ["ttbar"], years, 1.02)


def card(*systematics: SystematicUncertainty, mcstat: bool = False, **options: Any) -> Datacard:
    """A card of signal and ttbar, with a variation JES, and without statistical uncertainties."""
    output = options.pop("output", None) or by_hand.signal_and_ttbar(
        nominal=[10, 20, 30], JESUp=[11, 21, 31], JESDown=[9, 19, 29]
    )
    return by_hand.card(output, *systematics, mcstat=mcstat, **options)


def with_plugins(*plugins: Any) -> Plugins:
    return load_plugins(*DEFAULT_PLUGINS, *plugins)


class Doubling(SystematicKind):
    """A factor of 2."""

    typ: ClassVar[str] = "doubling"

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        return [Normalisation(target.positions, np.full(len(target.positions), 2.0))]


class Grouping(SystematicKind):
    """A line below the table."""

    typ: ClassVar[str] = "grouping"

    def effects(self, target: Target) -> Iterable[Effect | Directive]:  # noqa: ARG002 - the same for all
        return [RawLine("theory group = lumi")]


class Silent(Check):
    """Finds nothing."""

    name: ClassVar[str] = "silent"

    def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002 - the same for all
        return ()


class Blank(Plot):
    """Draws nothing to speak of."""

    name: ClassVar[str] = "blank"

    def draw(self, channel: Channel, path: Path) -> None:
        path.write_text(channel.bin)


class Text(TemplateSerializer):
    """The names of the templates."""

    name: ClassVar[str] = "text"

    def write(self, templates: NamedTemplates, path: Path) -> None:
        path.write_text("\n".join(templates.names))


class Plain(CardWriter):
    """What made the card, and nothing of the card but what its effects are rendered as."""

    name: ClassVar[str] = "plain"

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        return {Normalisation: lambda effect, _: f"factor {effect.up[0]:g}"}

    def render(self, card: CardContext) -> str:
        items: list[Effect | Directive] = [effect for row in card.channel.nuisances for effect in row.effects]
        lines = [f"# {line}" for line in card.provenance]
        lines += [card.rendered(item) for item in (*items, *card.channel.directives)]
        return "".join(f"{line}\n" for line in lines)


class Pickled(HistogramSource):
    """Reads what `pickle` wrote."""

    name: ClassVar[str] = "pickled"

    def read(self, path: Path, variables: Collection[str]) -> Mapping[str, Any]:  # noqa: ARG002 - it reads all
        found: Mapping[str, Any] = pickle.loads(path.read_bytes())
        return found


class OtherCoffea(Pickled):
    """Has the name of the built-in source."""

    name: ClassVar[str] = "coffea"


def rendering(of: type[Effect | Directive], writer: str = "plain") -> Rendering:
    return Rendering(writer, of, lambda item, _: type(item).__name__)


KIND = """
    import numpy as np

    from datacard_core import Normalisation, SystematicKind, hookimpl

    class Kind(SystematicKind):
        typ = {typ!r}

        def effects(self, target):
            yield Normalisation(target.positions, np.full(len(target.positions), 2.0))

    @hookimpl
    def datacard_systematic_kinds():
        return [Kind()]
"""


class TestWhoHadAPart:
    def test_the_version_of_the_core_stands_first(self) -> None:
        assert header(card().content())[0] == f"datacard_core {VERSION}"

    @pytest.mark.parametrize(
        ("declared", "kinds"),
        [
            pytest.param({}, [], id="nothing"),
            pytest.param({"lnN": ["lumi"]}, ["lnn"], id="a row"),
            pytest.param({"lnN": ["lumi", "xsec"]}, ["lnn"], id="two rows of a kind"),
            pytest.param({"shape": ["JES"]}, ["shape"], id="templates"),
            pytest.param({"mcstat": True}, ["mcstats"], id="a line that the card implies"),
            pytest.param({"has_rateParam": True}, ["rateparam"], id="lines that a process implies"),
            pytest.param(
                {"lnN": ["lumi"], "shape": ["JES"], "mcstat": True, "has_rateParam": True},
                ["lnn", "mcstats", "rateparam", "shape"],
                id="all",
            ),
        ],
    )
    def test_kinds_are_named_that_have_a_row_or_a_line_and_no_others(
        self, declared: dict[str, Any], kinds: list[str]
    ) -> None:
        systematics = [lnn(name, typ) for typ in ("lnN", "shape") for name in declared.get(typ, ())]
        processes = by_hand.two_processes(has_rateParam=declared.get("has_rateParam", False))
        made = card(*systematics, mcstat=declared.get("mcstat", False), mc_processes=processes)
        assert of_the_core(made.content()) == sorted(["combine", "root", *kinds])

    def test_a_kind_whose_declarations_cover_no_column_of_the_card_is_not_named(self) -> None:
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30])
        output.mc("Signal", "2023", nominal=[1, 2, 3]).mc("TTbar", "2023", nominal=[10, 20, 30])
        of_2023 = lnn(years=["2023"])
        processes = by_hand.two_processes(YEARS)
        assert "lnn" in of_the_core(card(of_2023, output=output, mc_processes=processes).content())
        without = card(of_2023, output=output, mc_processes=processes, years=["2022"])
        assert of_the_core(without.content()) == ["combine", "root"]

    def test_a_kind_whose_only_effect_is_left_out_is_not_named(self) -> None:
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30], JESUp=[-1, -2, 0], JESDown=[9, 18, 27])
        made = card(lnn("JES", "shape"), output=output)
        assert by_hand.found(made, "empty-variation")
        assert of_the_core(made.content()) == ["combine", "root"]

    def test_selecting_a_check_a_plot_and_a_kind_that_is_not_declared_changes_no_byte(self) -> None:
        idle = Provider("idle", Silent(), Blank(), Doubling(), Text(), Plain(), Pickled())
        assert card(lnn(), plugins=with_plugins(idle)).content() == card(lnn()).content()

    def test_the_writer_and_the_serializer_are_those_of_the_card(self) -> None:
        made = card(plugins=with_plugins(Provider("mine", Plain(), Text())))
        assert of_the_core(made.content(writer="plain")) == ["root"]
        assert of_the_core(made.content(serializer="text")) == ["combine"]
        assert header(made.content(writer="plain", serializer="text")) == [
            f"datacard_core {VERSION}",
            "plugins of the analysis itself: mine",
        ]

    def test_a_serializer_that_is_not_selected_has_no_part(self) -> None:
        assert of_the_core(card(plugins=load_plugins(block="root")).content()) == ["combine"]

    def test_a_plugin_with_several_parts_is_named_once(self) -> None:
        whole = Provider("whole", Doubling(), Grouping(), Plain(), rendering(RawLine), Text())
        made = card(lnn("twice", "doubling"), lnn("group", "grouping"), plugins=with_plugins(whole))
        assert header(made.content(writer="plain", serializer="text"))[1:] == ["plugins of the analysis itself: whole"]


class TestRenderings:
    def named(self, *plugins: Provider) -> list[str]:
        """The plugins of the analysis itself that a card has which needs a rendering of a RawLine."""
        plugins = (Provider("kinds", Doubling(), Grouping()), Provider("writing", Plain()), *plugins)
        made = card(lnn("twice", "doubling"), lnn("group", "grouping"), plugins=with_plugins(*plugins))
        (line,) = header(made.content(writer="plain", serializer=""))[1:]
        return line.removeprefix("plugins of the analysis itself: ").split(", ")

    def test_one_that_a_card_needs_is_named(self) -> None:
        assert self.named(Provider("lines", rendering(RawLine))) == ["kinds", "lines", "writing"]

    def test_one_for_another_writer_is_not_named(self) -> None:
        others = Provider("others", rendering(RawLine, "elaborate"))
        assert "others" not in self.named(Provider("lines", rendering(RawLine)), others)

    def test_one_of_a_class_that_the_card_has_not_is_not_named(self) -> None:
        class Unused(Directive):
            def lines(self, channel: Channel) -> Iterable[str]:  # noqa: ARG002 - the same for all
                return ()

        others = Provider("others", rendering(Unused))
        assert "others" not in self.named(Provider("lines", rendering(RawLine)), others)

    def test_one_that_a_more_special_one_stands_before_is_not_named(self) -> None:
        general = Provider("general", rendering(Directive))
        assert self.named(general) == ["general", "kinds", "writing"]
        assert "general" not in self.named(general, Provider("lines", rendering(RawLine)))

    def test_a_general_one_is_not_named_where_the_writer_has_its_own(self) -> None:
        general = Provider("general", rendering(Effect))
        assert "general" not in self.named(general, Provider("lines", rendering(RawLine)))


class TestWhose:
    def test_each_distribution_has_a_line_with_its_version(self, install: Install) -> None:
        install("acme_twice", KIND.format(typ="twice"), distribution="acme-physics", version="2.1")
        install("zeta", KIND.format(typ="zeta"), version="0.3.dev1")
        made = card(lnn("one", "twice"), lnn("two", "zeta"), lnn("three"), plugins=with_plugins("zeta", "acme_twice"))
        assert header(made.content()) == [
            f"datacard_core {VERSION}",
            "plugins of acme-physics 2.1: acme_twice",
            f"{CORE}combine, lnn, root",
            "plugins of zeta 0.3.dev1: zeta",
        ]

    def test_plugins_of_one_distribution_share_its_line(self, install: Install) -> None:
        source = KIND.format(typ="first") + (
            "    class Other:\n"
            "        @hookimpl\n"
            "        def datacard_systematic_kinds(self):\n"
            "            kind = Kind()\n"
            "            kind.typ = 'second'\n"
            "            return [kind]\n"
            "    other = Other()\n"
        )
        install("acme", source, entry_points={"acme_b": "acme", "acme_a": "acme:other"})
        plugins = with_plugins("acme_b", "acme_a")
        assert "plugins of acme 1.0: acme_a, acme_b" in header(
            card(lnn("one", "first"), lnn("two", "second"), plugins=plugins).content()
        )
        assert "plugins of acme 1.0: acme_b" in header(card(lnn("one", "first"), plugins=plugins).content())

    def test_modules_and_objects_are_of_the_analysis_itself(self) -> None:
        module = types.ModuleType("my_module")
        vars(module)["datacard_systematic_kinds"] = Provider("", Doubling()).datacard_systematic_kinds
        made = card(
            lnn("one", "doubling"),
            lnn("two", "grouping"),
            plugins=with_plugins(module, Provider("an object", Grouping())),
        )
        assert header(made.content())[-1] == "plugins of the analysis itself: an object, my_module"

    def test_a_distribution_without_metadata_is_unknown_wherever_it_lies(self, install: Install) -> None:
        folder = install("acme", KIND.format(typ="acme"), metadata="")
        text = card(lnn("one", "acme"), plugins=with_plugins("acme")).content()
        assert "plugins of an unknown distribution: acme" in header(text)
        assert str(folder.parent) not in text


class TestTheSameBytes:
    def test_come_from_plugins_in_any_order(self, install: Install) -> None:
        install("acme", KIND.format(typ="acme"))
        install("zeta", KIND.format(typ="zeta"), version="0.9")
        local = [Provider("b", Doubling()), Provider("a", Grouping())]
        systematics = [lnn(f"of_{typ}", typ) for typ in ("acme", "zeta", "doubling", "grouping", "lnN")]
        texts = {
            card(*systematics, plugins=load_plugins(*order)).content()
            for order in (
                [*DEFAULT_PLUGINS, "acme", "zeta", *local],
                [*local[::-1], "zeta", "acme", *DEFAULT_PLUGINS[::-1]],
                ["zeta", local[0], *DEFAULT_PLUGINS, local[1], "acme"],
            )
        }
        assert len(texts) == 1

    def test_are_what_content_says_and_what_is_written(self, tmp_path: Path) -> None:
        made = card(lnn(), plugins=with_plugins(Provider("mine", Text())))
        made.dump(tmp_path / "root")
        assert (tmp_path / "root" / "datacard.txt").read_bytes() == made.content().encode()
        made.dump(tmp_path / "text", shapes_name="shapes.txt", serializer="text")
        text = made.content("shapes.txt", serializer="text")
        assert (tmp_path / "text" / "datacard.txt").read_bytes() == text.encode()
        assert header(text)[-1] == "plugins of the analysis itself: mine"

    def test_come_from_a_loaded_output_from_files_and_from_other_processes(
        self, install: Install, tmp_path: Path
    ) -> None:
        install("acme", KIND.format(typ="acme"))
        files = [save(tmp_path / f"{year}.coffea", of_year(year)) for year in YEARS]
        made = analysis(with_plugins("acme"))
        made.build(load_output(files)).dump(tmp_path / "loaded")
        made.build(files).dump(tmp_path / "read")
        made.build(files, jobs=2).dump(tmp_path / "elsewhere", jobs=2)
        loaded = contents(tmp_path / "loaded")
        assert b"# plugins of acme 1.0: acme\n" in loaded["datacard_SR_2022_2023.txt"]
        assert contents(tmp_path / "read") == loaded
        assert contents(tmp_path / "elsewhere") == loaded


class TestSources:
    def test_one_that_read_the_histograms_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "2022.pickle"
        file.write_bytes(pickle.dumps(of_year("2022")))
        made = analysis(with_plugins(Provider("reading", Pickled())), ["2022"])
        read = made.build(file, source="pickled")["SR"].content()
        assert header(read)[-1] == "plugins of the analysis itself: reading"

    def test_one_that_read_nothing_is_not_named(self, tmp_path: Path) -> None:
        made = analysis(with_plugins(Provider("reading", Pickled())), ["2022"])
        file = save(tmp_path / "2022.coffea", of_year("2022"))
        assert header(made.build(file)["SR"].content()) == [f"datacard_core {VERSION}", f"{CORE}combine, lnn, root"]
        assert made.build(of_year("2022"))["SR"].content() == made.build(file)["SR"].content()

    def test_another_one_that_is_called_coffea_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "2022.coffea"
        file.write_bytes(pickle.dumps(of_year("2022")))
        others = [name for name in DEFAULT_PLUGINS if name != "coffea"]
        for name in ("reading", "coffea"):
            made = analysis(load_plugins(*others, Provider(name, OtherCoffea())), ["2022"])
            assert header(made.build(file)["SR"].content())[-1] == f"plugins of the analysis itself: {name}"


BREAKS = ["\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
LINE = "imax 99 number of channels"


class TestForeignText:
    """Whatever others write into their metadata, the card has none but its own lines."""

    @pytest.mark.parametrize("at", BREAKS, ids=ascii)
    @pytest.mark.parametrize("what", ["module", "object"])
    def test_a_name_of_several_lines_is_one(self, at: str, what: str) -> None:
        name = f"evil{at}{LINE}"
        plugin: Any = Provider(name, Doubling())
        if what == "module":
            module = types.ModuleType(name)
            vars(module)["datacard_systematic_kinds"] = plugin.datacard_systematic_kinds
            plugin = module
        text = card(lnn("one", "doubling"), plugins=with_plugins(plugin)).content()
        assert header(text)[-1] == f"plugins of the analysis itself: evil {LINE}"
        assert below(text) == below(
            card(lnn("one", "doubling"), plugins=with_plugins(Provider("", Doubling()))).content()
        )

    @pytest.mark.parametrize(
        ("metadata", "origin"),
        [
            pytest.param(f"Name: evil\nVersion: 1.0\n {LINE}\n", f"evil 1.0 {LINE}", id="version"),
            pytest.param(f"Name: evil\n {LINE}\nVersion: 1.0\n", f"evil {LINE} 1.0", id="name"),
            pytest.param(f"Name: evil\nVersion: 1.0\x85{LINE}\n", f"evil 1.0 {LINE}", id="another line break"),
        ],
    )
    def test_metadata_of_several_lines_are_one(self, metadata: str, origin: str, install: Install) -> None:
        install("evil", KIND.format(typ="evil"), metadata=f"Metadata-Version: 2.1\n{metadata}")
        text = card(lnn("one", "evil"), plugins=with_plugins("evil")).content()
        assert f"plugins of {origin}: evil" in header(text)
        assert text.splitlines().count(LINE) == 0
        assert [line.split()[:2] for line in below(text).splitlines()[:1]] == [["imax", "1"]]


def of_year(year: str) -> dict[str, Any]:
    output = by_hand.Output().mc("Signal", year, nominal=[1, 2, 3]).mc("TTbar", year, nominal=[10, 20, 30])
    return output.loaded


def save(path: Path, output: dict[str, Any]) -> Path:
    path.write_bytes(lz4.frame.compress(pickle.dumps(output, 5)))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def analysis(plugins: Plugins, years: Iterable[str] = YEARS) -> Analysis:
    """One category with an lnN, and with one of each kind that the plugins bring."""
    kinds = ["lnN", *(typ for typ, kind in plugins.kinds.items() if kind.plugin == "acme")]
    return Analysis(
        years=years,
        mc_processes=by_hand.two_processes(years),
        systematics=Systematics([lnn(f"of_{typ}", typ, years) for typ in kinds]),
        categories={"SR": Category("m")},
        mcstat=False,
        plugins=plugins,
    )
