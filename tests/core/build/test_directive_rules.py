"""Lines below the table: which ones a plugin may write there, and which names it may define."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Channel,
    Datacard,
    DeclarationError,
    Directive,
    FreeParameter,
    MCProcess,
    MCProcesses,
    PluginCallError,
    PluginConflictError,
    RawLine,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    Target,
    load_plugins,
)
from tests.support.plugins import YEARS, Provider, mine, rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.conftest import CardArguments


class Free(SystematicKind):
    """A free parameter that two declarations may share."""

    typ: ClassVar[str] = "free"

    def __init__(self, typ: str = "free", name: str = "shared") -> None:
        self.typ = typ  # type: ignore[misc]
        self.name = name

    def effects(self, target: Target) -> Iterable[FreeParameter]:
        yield FreeParameter(self.name, target.positions, target.values[0])


def two_free(typ: str, start: float) -> Systematics:
    return Systematics(
        [
            SystematicUncertainty("one", "free", ["signal"], YEARS, 1.0),
            SystematicUncertainty("two", typ, ["top"], YEARS, start),
        ]
    )


@attrs.frozen
class Lines(SystematicKind):
    """Writes the lines that it was made with."""

    lines: tuple[str, ...]
    typ: ClassVar[str] = "lines"

    def effects(self, target: Target) -> Iterable[RawLine]:  # noqa: ARG002
        return map(RawLine, self.lines)


def with_lines(arguments: CardArguments, *lines: str, block: Iterable[str] = (), **changes: Any) -> Datacard:
    """A card with the nuisances lumi and jes, and lines from a plugin's declaration called mine."""
    plugins = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Lines(lines)), block=block)
    systematics = Systematics([*arguments()["systematics"].values(), *mine("lines").values()])
    return Datacard(**arguments(**{"plugins": plugins, "systematics": systematics} | changes))


class TestLines:
    """Lines that a plugin adds."""

    @pytest.mark.slow
    def test_edit_of_other_nuisances(self, card_arguments: CardArguments) -> None:
        """A warning tells that a line drops a nuisance in Combine, whose row stays in the card."""
        made = with_lines(card_arguments, "nuisance edit drop * * lumi")
        assert "lumi" in rows(made)
        (finding,) = [finding for finding in made.findings if finding.code == "nuisance-edit"]
        assert finding.severity.name == "WARNING"
        assert (finding.systematic, "'nuisance edit drop * * lumi'" in finding.message) == ("mine", True)

    @pytest.mark.slow
    def test_group(self, card_arguments: CardArguments) -> None:
        """A plugin's kind may write a line of group."""

        class Group(SystematicKind):
            typ: ClassVar[str] = "group"

            def effects(self, target: Target) -> Iterable[RawLine]:
                yield RawLine(f"{target.systematic.name} group = lumi")

        plugins = load_plugins(*DEFAULT_PLUGINS, Provider("group", Group()), block={"groups"})
        systematics = Systematics(
            [
                SystematicUncertainty("lumi", "lnN", ["top"], YEARS, 1.02),
                SystematicUncertainty("experiment", "group", ["top"], YEARS, 1.0),
            ]
        )
        card = Datacard(**card_arguments(plugins=plugins, systematics=systematics, mcstat=False))
        assert rows(card)["experiment"] == ["group", "=", "lumi"]
        assert rows(card)["kmax"][0] == "1"

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("line", "counts"),
        [
            ("x param 0 1", True),
            ("x constr a-b 1 0.1", True),
            ("x group = lumi", False),
            ("param group = lumi", False),
            ("x flatParam", False),
            ("# param x", False),
        ],
    )
    def test_constrained_parameters_are_counted(self, line: str, counts: bool, card_arguments: CardArguments) -> None:
        """The card's kmax counts lines of constrained parameters."""

        class Lines(SystematicKind):
            typ: ClassVar[str] = "lines"

            def effects(self, target: Target) -> Iterable[RawLine]:  # noqa: ARG002
                yield RawLine(line)

        plugins = load_plugins(*DEFAULT_PLUGINS, Provider("lines", Lines()))
        systematics = Systematics([*card_arguments()["systematics"].values(), *mine("lines").values()])
        card = Datacard(**card_arguments(plugins=plugins, systematics=systematics))
        assert rows(card)["kmax"][0] == str(2 + counts)

    @pytest.mark.slow
    def test_groups_and_comments(self, card_arguments: CardArguments) -> None:
        """Groups, edits and comments define no name."""
        comments = "# shapes of my own", "# param x", "# param y"
        text = with_lines(card_arguments, "lumi group = lumi", "nuisance edit freeze lumi", *comments).content()
        assert "\nlumi group = lumi\n" in text
        assert "\n# shapes of my own\n" in text

    @pytest.mark.slow
    def test_line_for_each_column(self, card_arguments: CardArguments) -> None:
        """One parameter may have a line for each column."""
        lines = [f"x rateParam * {column} 1 [0,5]" for column in ("top_2022", "top_2023")]
        text = with_lines(card_arguments, *lines).content()
        assert all(line in text for line in lines)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("lines", "words"),
        [
            (["{channel.nothing}"], "AttributeError while writing the lines of 'mine' in channel 'SR_2022_2023'"),
            ([None], "writing the lines of 'mine' in channel 'SR_2022_2023': Odd has None"),
            (["a group = b\nc"], "expected a line of text"),
        ],
    )
    def test_failing_line(self, lines: list[Any], words: str, card_arguments: CardArguments) -> None:
        """A line that cannot be written is an error of its plugin, not of the card writer."""

        class Odd(Directive):
            def lines(self, channel: Channel) -> Iterable[str]:
                return [line.format(channel=channel) if line else line for line in lines]

        class Writing(SystematicKind):
            typ: ClassVar[str] = "writing"

            def effects(self, target: Target) -> Iterable[Directive]:  # noqa: ARG002
                return [Odd()]

        plugins = load_plugins("combine", Provider("writing", Writing()))
        with pytest.raises(PluginCallError, match=words) as raised:
            Datacard(**card_arguments(plugins=plugins, systematics=mine("writing"), mcstat=False)).content()
        assert raised.value.plugin == "writing"

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "line", ["imax 1", "kmax *", "shapes * * mine.root $PROCESS", "rate 1 2", "bin SR", "process a"]
    )
    def test_head_of_card(self, line: str, card_arguments: CardArguments) -> None:
        """A plugin cannot write lines that stand above the table."""
        with pytest.raises(
            PluginCallError, match=r"plugin 'acme' \(local\): writing the lines of 'mine'.*above the table"
        ):
            with_lines(card_arguments, line)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "line", ["lumi lnN 1.5 - - - - -", "x shape 1 1 1 1 1 1", "x gmN 7 1 - - - - -", "x shape? 1 - -"]
    )
    def test_rows(self, line: str, card_arguments: CardArguments) -> None:
        """A plugin cannot write a row of the table as a line."""
        with pytest.raises(PluginCallError, match=r"plugin 'acme' \(local\): .*'mine'.*contribute an effect"):
            with_lines(card_arguments, line)


class TestNames:
    """Names that lines define."""

    @pytest.mark.slow
    def test_parameter_called_like_nuisance(self, card_arguments: CardArguments) -> None:
        """A free parameter cannot have the name of a nuisance."""

        class Thief(SystematicKind):
            typ: ClassVar[str] = "thief"

            def effects(self, target: Target) -> Iterable[FreeParameter]:
                yield FreeParameter("lumi", target.positions)

        systematics = Systematics(
            [
                SystematicUncertainty("lumi", "lnN", ["signal"], YEARS, 1.02),
                SystematicUncertainty("mine", "thief", ["top"], YEARS, 1.0),
            ]
        )
        plugins = load_plugins("lnn", "shape", "combine", Provider("thief", Thief()))
        with pytest.raises((PluginCallError, PluginConflictError), match=r"plugin 'thief' \(local\).*'lumi'"):
            Datacard(**card_arguments(plugins=plugins, systematics=systematics, mcstat=False))

    @pytest.mark.slow
    def test_shared_parameter(self, card_arguments: CardArguments) -> None:
        """Two declarations of one kind may share a parameter."""
        plugins = load_plugins("combine", Provider("free", Free()))
        card = Datacard(**card_arguments(plugins=plugins, systematics=two_free("free", 1.0), mcstat=False))
        assert card.content().count("shared rateParam") == 4

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("typ", "start", "words"),
        [
            ("other", 1.0, r"plugin 'other' \(local\).*'two'.*'shared'.*'one'.*it is one of a free"),
            ("free", 2.0, r"plugin 'free' \(local\).*'two'.*'shared'.*starts at 2 .*'one'.*it starts at 1 "),
        ],
    )
    def test_different_parameters_of_one_name(
        self, typ: str, start: float, words: str, card_arguments: CardArguments
    ) -> None:
        """One parameter of two kinds, or with two starts, is an error with both declarations."""
        plugins = load_plugins("combine", Provider("free", Free()), Provider("other", Free("other")))
        with pytest.raises(PluginCallError, match=words):
            Datacard(**card_arguments(plugins=plugins, systematics=two_free(typ, start), mcstat=False))

    def test_declaration_called_like_parameter(
        self,
        card_arguments: CardArguments,
    ) -> None:
        """A systematic with the name of a declared parameter is an error of the declaration."""
        processes = MCProcesses(
            [
                MCProcess(name="signal", samples=["Signal"], years=YEARS, is_signal=True),
                MCProcess(name="top", samples=["Top"], years=YEARS, is_signal=False, has_rateParam=True),
            ]
        )
        systematics = Systematics([SystematicUncertainty("SF_top", "lnN", ["top"], YEARS, 1.02)])
        with pytest.raises(DeclarationError, match="'SF_top'"):
            Datacard(**card_arguments(mc_processes=processes, systematics=systematics))

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "line",
        ["lumi param 0 1", "jes rateParam * top_2022 1", "lumi flatParam", "jes extArg w.root:w", "lumi discrete"],
    )
    def test_line_called_like_nuisance(self, line: str, card_arguments: CardArguments) -> None:
        """A line cannot define the name of a nuisance."""
        name = line.split(maxsplit=1)[0]
        with pytest.raises(PluginCallError, match=rf"plugin 'acme' \(local\).*'mine'.*{name!r}.*it is a nuisance"):
            with_lines(card_arguments, line)

    @pytest.mark.slow
    def test_line_called_like_parameter(
        self,
        card_arguments: CardArguments,
    ) -> None:
        """A line cannot define the parameter of another kind."""
        processes = MCProcesses(
            [
                MCProcess(name="signal", samples=["Signal"], years=YEARS, is_signal=True),
                MCProcess(name="top", samples=["Top"], years=YEARS, is_signal=False, has_rateParam=True),
                MCProcess(name="vjets", samples=["Vjets"], years=YEARS, is_signal=False),
            ]
        )
        with pytest.raises((PluginCallError, DeclarationError), match="'SF_top'"):
            with_lines(card_arguments, "SF_top rateParam * vjets_2022 1 [0,2]", mc_processes=processes)

    @pytest.mark.slow
    def test_two_starts(self, card_arguments: CardArguments) -> None:
        """One parameter with two starts in a plugin's lines is an error."""
        with pytest.raises(PluginCallError, match=r"plugin 'acme' \(local\).*'x', it is rateParam 2 \[0,5\]"):
            with_lines(card_arguments, "x rateParam * top_2022 1 [0,5]", "x rateParam * top_2023 2 [0,5]")


class TestAutoMCStats:
    """The statistical uncertainty has one line."""

    @pytest.mark.slow
    def test_two_thresholds(self, card_arguments: CardArguments) -> None:
        """A declared autoMCStats with another threshold than mcstat is an error."""
        stats = SystematicUncertainty("stats", "autoMCStats", ["top"], YEARS, 1.0, options={"threshold": 10})
        systematics = Systematics([stats])
        with pytest.raises(DeclarationError, match=r"autoMCStats.*it is 0 0 1; in systematic 'stats' .* it is 10 0 1"):
            Datacard(**card_arguments(systematics=systematics))
        assert "autoMCStats 10 0 1" in Datacard(**card_arguments(systematics=systematics, mcstat=False)).content()

    @pytest.mark.slow
    @pytest.mark.parametrize("line", ["SR_2022_2023 autoMCStats 10", "* autoMCStats 10 1 1"])
    def test_plugin_line(self, line: str, card_arguments: CardArguments) -> None:
        """A plugin's line of autoMCStats needs mcstat=False."""
        with pytest.raises((PluginCallError, DeclarationError), match=r"'autoMCStats'.*'mine'|'mine'.*'autoMCStats'"):
            with_lines(card_arguments, line)
        assert line in with_lines(card_arguments, line, mcstat=False).content()
