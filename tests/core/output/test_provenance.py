"""Comments of a card that name the plugins which contributed to it."""

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
from tests.support.card_files import text_of
from tests.support.cases import case
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
    """Return the comments at the head of a card."""
    comments = itertools.takewhile(lambda line: line.startswith("# "), text.splitlines())
    return [line.removeprefix("# ") for line in comments]


def below(text: str) -> str:
    """Return the card without its comments."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def of_the_core(text: str) -> list[str]:
    """Return the plugins of datacard-core that a card names."""
    (line,) = [line for line in header(text) if line.startswith(CORE)]
    return line.removeprefix(CORE).split(", ")


def lnn(name: str = "lumi", typ: str = "lnN", years: Iterable[str] = ("2022",)) -> SystematicUncertainty:
    return SystematicUncertainty(name, typ, ["ttbar"], years, 1.02)


def card(*systematics: SystematicUncertainty, mcstat: bool = False, **options: Any) -> Datacard:
    """Return a card of signal and ttbar, with a variation JES and without statistical uncertainties."""
    output = options.pop("output", None) or by_hand.signal_and_ttbar(
        nominal=[10, 20, 30], JESUp=[11, 21, 31], JESDown=[9, 19, 29]
    )
    return by_hand.card(output, *systematics, mcstat=mcstat, **options)


def with_plugins(*plugins: Any) -> Plugins:
    return load_plugins(*DEFAULT_PLUGINS, *plugins)


class Doubling(SystematicKind):
    """A kind that is a factor of 2."""

    typ: ClassVar[str] = "doubling"

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        return [Normalisation(target.positions, np.full(len(target.positions), 2.0))]


class Grouping(SystematicKind):
    """A kind that is a line below the table."""

    typ: ClassVar[str] = "grouping"

    def effects(self, target: Target) -> Iterable[Effect | Directive]:  # noqa: ARG002 - the result does not depend on it
        return [RawLine("theory group = lumi")]


class Silent(Check):
    """A check without findings."""

    name: ClassVar[str] = "silent"

    def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002 - the result does not depend on it
        return ()


class Blank(Plot):
    """A plot that is a text file."""

    name: ClassVar[str] = "blank"

    def draw(self, channel: Channel, path: Path) -> None:
        path.write_text(channel.bin)


class Text(TemplateSerializer):
    """A serializer that writes the names of the templates."""

    name: ClassVar[str] = "text"

    def write(self, templates: NamedTemplates, path: Path) -> None:
        path.write_text("\n".join(templates.names))


class Plain(CardWriter):
    """A writer of the provenance, and of a line for each effect and directive."""

    name: ClassVar[str] = "plain"

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        return {Normalisation: lambda effect, _: f"factor {effect.up[0]:g}"}

    def render(self, card: CardContext) -> str:
        items: list[Effect | Directive] = [effect for row in card.channel.nuisances for effect in row.effects]
        lines = [f"# {line}" for line in card.provenance]
        lines += [card.rendered(item) for item in (*items, *card.channel.directives)]
        return "".join(f"{line}\n" for line in lines)


class Pickled(HistogramSource):
    """A source that reads pickles."""

    name: ClassVar[str] = "pickled"

    def read(self, path: Path, variables: Collection[str]) -> Mapping[str, Any]:  # noqa: ARG002 - it reads all variables
        found: Mapping[str, Any] = pickle.loads(path.read_bytes())
        return found


class OtherCoffea(Pickled):
    """A source with the name of the built-in source."""

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


class TestContributors:
    def test_version_of_the_core(self) -> None:
        """The first line is the version of datacard_core."""
        assert header(card().content())[0] == f"datacard_core {VERSION}"

    @pytest.mark.slow
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
    def test_kinds(self, declared: dict[str, Any], kinds: list[str]) -> None:
        """Exactly the kinds with a row or a directive in the card are named."""
        systematics = [lnn(name, typ) for typ in ("lnN", "shape") for name in declared.get(typ, ())]
        processes = by_hand.two_processes(has_rateParam=declared.get("has_rateParam", False))
        made = card(*systematics, mcstat=declared.get("mcstat", False), mc_processes=processes)
        assert of_the_core(made.content()) == sorted(["combine", "root", *kinds])

    @pytest.mark.slow
    def test_kind_without_a_column(self) -> None:
        """A kind whose declarations cover no column of the card is not named."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30])
        output.mc("Signal", "2023", nominal=[1, 2, 3]).mc("TTbar", "2023", nominal=[10, 20, 30])
        of_2023 = lnn(years=["2023"])
        processes = by_hand.two_processes(YEARS)
        assert "lnn" in of_the_core(card(of_2023, output=output, mc_processes=processes).content())
        without = card(of_2023, output=output, mc_processes=processes, years=["2022"])
        assert of_the_core(without.content()) == ["combine", "root"]

    @pytest.mark.slow
    def test_kind_whose_effect_is_left_out(self) -> None:
        """A kind whose only effect the core leaves out is not named."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30], JESUp=[-1, -2, 0], JESDown=[9, 18, 27])
        made = card(lnn("JES", "shape"), output=output)
        assert by_hand.found(made, "empty-variation")
        assert of_the_core(made.content()) == ["combine", "root"]

    @pytest.mark.slow
    def test_idle_plugins_change_no_byte(self) -> None:
        """Selected objects of every family that a card does not use change no byte of it."""
        idle = Provider("idle", Silent(), Blank(), Doubling(), Text(), Plain(), Pickled())
        assert card(lnn(), plugins=with_plugins(idle)).content() == card(lnn()).content()

    @pytest.mark.slow
    def test_writer_and_serializer(self) -> None:
        """The writer and the serializer of the card are named, and no other ones."""
        made = card(plugins=with_plugins(Provider("mine", Plain(), Text())))
        assert of_the_core(made.content(writer="plain")) == ["root"]
        assert of_the_core(made.content(serializer="text")) == ["combine"]
        assert header(made.content(writer="plain", serializer="text")) == [
            f"datacard_core {VERSION}",
            "plugins of the analysis itself: mine",
        ]

    @pytest.mark.slow
    def test_serializer_that_is_not_selected(self) -> None:
        """A serializer that is not selected is not named."""
        assert of_the_core(card(plugins=load_plugins(block="root")).content()) == ["combine"]

    @pytest.mark.slow
    def test_plugin_with_several_contributions(self) -> None:
        """A plugin with several contributions to a card is named once."""
        whole = Provider("whole", Doubling(), Grouping(), Plain(), rendering(RawLine), Text())
        made = card(lnn("twice", "doubling"), lnn("group", "grouping"), plugins=with_plugins(whole))
        assert header(made.content(writer="plain", serializer="text"))[1:] == ["plugins of the analysis itself: whole"]


class TestRenderings:
    def named(self, *plugins: Provider) -> list[str]:
        """Return the local plugins that are named in a card with a RawLine, which needs a rendering."""
        plugins = (Provider("kinds", Doubling(), Grouping()), Provider("writing", Plain()), *plugins)
        made = card(lnn("twice", "doubling"), lnn("group", "grouping"), plugins=with_plugins(*plugins))
        (line,) = header(made.content(writer="plain", serializer=""))[1:]
        return line.removeprefix("plugins of the analysis itself: ").split(", ")

    @pytest.mark.slow
    def test_needed_rendering(self) -> None:
        """A rendering that the card needs is named."""
        assert self.named(Provider("lines", rendering(RawLine))) == ["kinds", "lines", "writing"]

    @pytest.mark.slow
    def test_rendering_for_another_writer(self) -> None:
        """A rendering for another writer is not named."""
        others = Provider("others", rendering(RawLine, "elaborate"))
        assert "others" not in self.named(Provider("lines", rendering(RawLine)), others)

    @pytest.mark.slow
    def test_rendering_of_an_absent_class(self) -> None:
        """A rendering of a class that is not in the card is not named."""

        class Unused(Directive):
            def lines(self, channel: Channel) -> Iterable[str]:  # noqa: ARG002 - the result does not depend on it
                return ()

        others = Provider("others", rendering(Unused))
        assert "others" not in self.named(Provider("lines", rendering(RawLine)), others)

    @pytest.mark.slow
    def test_rendering_of_a_base_class(self) -> None:
        """A rendering of a base class is named only if none of the closer class is selected."""
        general = Provider("general", rendering(Directive))
        assert self.named(general) == ["general", "kinds", "writing"]
        assert "general" not in self.named(general, Provider("lines", rendering(RawLine)))

    @pytest.mark.slow
    def test_rendering_that_the_writer_has(self) -> None:
        """A rendering of a base class is not named if the writer renders the class itself."""
        general = Provider("general", rendering(Effect))
        assert "general" not in self.named(general, Provider("lines", rendering(RawLine)))


class TestOrigins:
    @pytest.mark.slow
    def test_lines_of_distributions(self, install: Install) -> None:
        """Each distribution has a line with its version, sorted by name."""
        install("acme_twice", KIND.format(typ="twice"), distribution="acme-physics", version="2.1")
        install("zeta", KIND.format(typ="zeta"), version="0.3.dev1")
        made = card(lnn("one", "twice"), lnn("two", "zeta"), lnn("three"), plugins=with_plugins("zeta", "acme_twice"))
        assert header(made.content()) == [
            f"datacard_core {VERSION}",
            "plugins of acme-physics 2.1: acme_twice",
            f"{CORE}combine, lnn, root",
            "plugins of zeta 0.3.dev1: zeta",
        ]

    @pytest.mark.slow
    def test_plugins_of_one_distribution(self, install: Install) -> None:
        """Plugins of one distribution share its line, sorted, if the card uses them."""
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

    @pytest.mark.slow
    def test_local_plugins(self) -> None:
        """Modules and objects are plugins of the analysis itself."""
        module = types.ModuleType("my_module")
        vars(module)["datacard_systematic_kinds"] = Provider("", Doubling()).datacard_systematic_kinds
        made = card(
            lnn("one", "doubling"),
            lnn("two", "grouping"),
            plugins=with_plugins(module, Provider("an object", Grouping())),
        )
        assert header(made.content())[-1] == "plugins of the analysis itself: an object, my_module"

    @pytest.mark.slow
    def test_distribution_without_metadata(self, install: Install) -> None:
        """A distribution without metadata is unknown, and its folder is not in the card."""
        folder = install("acme", KIND.format(typ="acme"), metadata="")
        text = card(lnn("one", "acme"), plugins=with_plugins("acme")).content()
        assert "plugins of an unknown distribution: acme" in header(text)
        assert str(folder.parent) not in text


class TestSameBytes:
    @pytest.mark.slow
    def test_order_of_selection(self, install: Install) -> None:
        """A card has the same text in any order of selection."""
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

    @pytest.mark.slow
    def test_content_and_file(self, tmp_path: Path) -> None:
        """`content` and the written file have the same provenance."""
        made = card(lnn(), plugins=with_plugins(Provider("mine", Text())))
        made.dump(tmp_path / "root")
        assert text_of(tmp_path / "root" / "datacard.txt") == made.content()
        made.dump(tmp_path / "text", shapes_name="shapes.txt", serializer="text")
        text = made.content("shapes.txt", serializer="text")
        assert text_of(tmp_path / "text" / "datacard.txt") == text
        assert header(text)[-1] == "plugins of the analysis itself: mine"

    @pytest.mark.slow
    def test_output_files_and_processes(self, install: Install, tmp_path: Path) -> None:
        """A loaded output, files, and worker processes give the same bytes."""
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
    @pytest.mark.slow
    def test_source_of_the_output(self, tmp_path: Path) -> None:
        """The source that read the histograms is named."""
        file = tmp_path / "2022.pickle"
        file.write_bytes(pickle.dumps(of_year("2022")))
        made = analysis(with_plugins(Provider("reading", Pickled())), ["2022"])
        read = made.build(file, source="pickled")["SR"].content()
        assert header(read)[-1] == "plugins of the analysis itself: reading"

    @pytest.mark.slow
    def test_source_without_a_part(self, tmp_path: Path) -> None:
        """A source that did not read the histograms is not named."""
        made = analysis(with_plugins(Provider("reading", Pickled())), ["2022"])
        file = save(tmp_path / "2022.coffea", of_year("2022"))
        assert header(made.build(file)["SR"].content()) == [f"datacard_core {VERSION}", f"{CORE}combine, lnn, root"]
        assert made.build(of_year("2022"))["SR"].content() == made.build(file)["SR"].content()

    @pytest.mark.slow
    def test_local_source_called_coffea(self, tmp_path: Path) -> None:
        """A source of the analysis itself that is called coffea is named."""
        file = tmp_path / "2022.coffea"
        file.write_bytes(pickle.dumps(of_year("2022")))
        others = [name for name in DEFAULT_PLUGINS if name != "coffea"]
        for name in ("reading", "coffea"):
            made = analysis(load_plugins(*others, Provider(name, OtherCoffea())), ["2022"])
            assert header(made.build(file)["SR"].content())[-1] == f"plugins of the analysis itself: {name}"


BREAKS = ["\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
LINE = "imax 99 number of channels"


class TestForeignText:
    """Names and metadata of plugins, which must not add lines to the card."""

    @pytest.mark.slow
    def test_plugin_name_with_line_breaks(self) -> None:
        """Line breaks in the name of a plugin become blanks."""
        expected = below(card(lnn("one", "doubling"), plugins=with_plugins(Provider("", Doubling()))).content())
        for at, what in itertools.product(BREAKS, ("module", "object")):
            name = f"evil{at}{LINE}"
            plugin: Any = Provider(name, Doubling())
            if what == "module":
                module = types.ModuleType(name)
                vars(module)["datacard_systematic_kinds"] = plugin.datacard_systematic_kinds
                plugin = module
            with case(at, what):
                text = card(lnn("one", "doubling"), plugins=with_plugins(plugin)).content()
                assert header(text)[-1] == f"plugins of the analysis itself: evil {LINE}"
                assert below(text) == expected

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("metadata", "origin"),
        [
            pytest.param(f"Name: evil\nVersion: 1.0\n {LINE}\n", f"evil 1.0 {LINE}", id="version"),
            pytest.param(f"Name: evil\n {LINE}\nVersion: 1.0\n", f"evil {LINE} 1.0", id="name"),
            pytest.param(f"Name: evil\nVersion: 1.0\x85{LINE}\n", f"evil 1.0 {LINE}", id="another line break"),
        ],
    )
    def test_metadata_with_line_breaks(self, metadata: str, origin: str, install: Install) -> None:
        """Line breaks in the name or version of a distribution become blanks, and add no line to the card."""
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
    """Return an analysis of one category, with an lnN and a systematic of each kind that acme contributes."""
    kinds = ["lnN", *(typ for typ, kind in plugins.kinds.items() if kind.plugin == "acme")]
    return Analysis(
        years=years,
        mc_processes=by_hand.two_processes(years),
        systematics=Systematics([lnn(f"of_{typ}", typ, years) for typ in kinds]),
        categories={"SR": Category("m")},
        mcstat=False,
        plugins=plugins,
    )
