"""Edits of cards: what changes, what follows, and what stays byte for byte."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from datacard_combine.editing.lines.layout import laid_out
from datacard_combine.meaning.content import RowOfCard
from datacard_combine.syntax.lines import Line

from datacard_core import Add, AddProcess, CardError, DeclarationError, Drop, Rename, Severity
from tests.support.canonical import canonical
from tests.support.cards import CARDS, SHAPES, card
from tests.support.cases import case

if TYPE_CHECKING:
    from datacard_combine.reader import CombineCard

    from datacard_core import CardEdit

CARD = (
    SHAPES.replace("kmax *", "kmax 3  number of nuisances")
    + """\
# sources of uncertainty
lumi    lnN    1.1 1.1  1.1 1.1 1.1   # from the note
jes     shape  1   1    -   1   -
mu      param  0 1
r1      rateParam * t* 1 [0,5]
f       rateParam SR wj @0*(@1+mu) r1,jes
theory  group = lumi jes mask_SR
theory  group += r1
SR      autoMCStats 10
nuisance edit drop top SR lumi
nuisance edit freeze (lumi|ju.*)
"""
)


def edit_of(*edits: CardEdit, text: str = CARD) -> list[str]:
    """Return the lines that edits take away and bring, with - and + before them."""
    new = card(text).edited(*edits).text
    lines = difflib.unified_diff(text.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def refusal(*edits: CardEdit, text: str = CARD) -> str:
    with pytest.raises(DeclarationError) as raised:
        card(text).edited(*edits)
    return str(raised.value)


class TestRename:
    """New names stand wherever the old ones stood."""

    def test_process(self) -> None:
        """The table, patterns of factors and edits follow; other lines stay."""
        assert edit_of(Rename("process", {"top": "ttbar"})) == [
            "-process sig top wj top wj",
            "+process sig ttbar wj ttbar wj",
            "-nuisance edit drop top SR lumi",
            "+nuisance edit drop ttbar SR lumi",
        ]

    def test_pattern_of_a_factor(self) -> None:
        """A pattern that no longer matches becomes the names that it matched."""
        lines = edit_of(Rename("process", {"top": "qcd"}))
        assert "-r1      rateParam * t* 1 [0,5]" in lines
        assert "+r1      rateParam * qcd 1 [0,5]" in lines

    def test_channel(self) -> None:
        """Both lines of channels, factors, statistics, edits and the name of the mask follow."""
        assert edit_of(Rename("channel", {"SR": "S"})) == [
            "-bin SR CR",
            "+bin S CR",
            "-bin SR SR SR CR CR",
            "+bin S S S CR CR",
            "-f       rateParam SR wj @0*(@1+mu) r1,jes",
            "-theory  group = lumi jes mask_SR",
            "+f       rateParam S wj @0*(@1+mu) r1,jes",
            "+theory  group = lumi jes mask_S",
            "-SR      autoMCStats 10",
            "-nuisance edit drop top SR lumi",
            "+S      autoMCStats 10",
            "+nuisance edit drop top S lumi",
        ]

    def test_nuisance(self) -> None:
        """Rows stay aligned; members of groups, formulas and regular expressions of edits follow."""
        assert edit_of(Rename("nuisance", {"lumi": "lumi_2022", "mu": "nu", "jes": "j"})) == [
            "-lumi    lnN    1.1 1.1  1.1 1.1 1.1   # from the note",
            "-jes     shape  1   1    -   1   -",
            "-mu      param  0 1",
            "+lumi_2022  lnN    1.1 1.1  1.1 1.1 1.1   # from the note",
            "+j          shape  1   1    -   1   -",
            "+nu      param  0 1",
            "-f       rateParam SR wj @0*(@1+mu) r1,jes",
            "-theory  group = lumi jes mask_SR",
            "+f       rateParam SR wj @0*(@1+nu) r1,j",
            "+theory  group = lumi_2022 j mask_SR",
            "-nuisance edit drop top SR lumi",
            "-nuisance edit freeze (lumi|ju.*)",
            "+nuisance edit drop top SR lumi_2022",
            "+nuisance edit freeze lumi_2022",
        ]

    def test_group(self) -> None:
        """All lines of a group have its new name, and a nuisance of that name stays."""
        assert [line.split()[0] for line in edit_of(Rename("group", {"theory": "lumi"}))] == [
            "-theory",
            "-theory",
            "+lumi",
            "+lumi",
        ]

    def test_exchange(self) -> None:
        """Two names are exchanged in one edit."""
        assert edit_of(Rename("channel", {"SR": "CR", "CR": "SR"}))[:2] == ["-bin SR CR", "+bin CR SR"]

    def test_refused(self) -> None:
        """Unknown names, names that are there, and names of Combine's own are refused."""
        cases: list[tuple[str, dict[str, str], str]] = [
            ("process", {"tops": "x"}, "card.txt: no process 'tops' (did you mean 'top'?)"),
            ("process", {"top": "wj"}, "'top' would be called 'wj', as another process is"),
            ("process", {"*": "x*", "top": "y"}, "would be called 'xtop' and 'y'"),
            ("process", {"top": "data_obs"}, "the name of the observation"),
            ("nuisance", {"jes": "r"}, "the parameter that scales signals"),
            ("nuisance", {"jes": "1j"}, "not a name that Combine accepts"),
            ("group", {"theory": "autoMCStats"}, "choose another name"),
        ]
        for what, names, message in cases:
            assert message in refusal(Rename(what, names)), what

    def test_names_in_workspaces(self) -> None:
        """A parameter of a workspace keeps its name, which an edit of the card cannot change."""
        text = CARD + "k extArg file.root:w\n"
        assert "'k' is the name of a parameter in a workspace" in refusal(Rename("nuisance", {"k": "l"}), text=text)


WORKSPACE = SHAPES.replace(
    "shapes * * shapes.root $PROCESS $PROCESS_$SYSTEMATIC",
    "shapes * * w.root w:$PROCESS_$CHANNEL w:$PROCESS_$CHANNEL_$SYSTEMATIC\nshapes top SR h.root $CHANNEL/$PROCESS",
)
"""Head of a card with templates in a workspace, and some in a file of histograms."""


class TestFixedTemplates:
    """Templates in workspaces and tables keep their names, and the `shapes` lines name them."""

    def test_process(self) -> None:
        """A line of the process has the old name, unless its own line is for histograms."""
        assert edit_of(Rename("process", {"wj": "W", "top": "T"}), text=WORKSPACE)[:4] == [
            "-shapes top SR h.root $CHANNEL/$PROCESS",
            "+shapes W * w.root w:wj_$CHANNEL w:wj_$CHANNEL_$SYSTEMATIC",
            "+shapes T * w.root w:top_$CHANNEL w:top_$CHANNEL_$SYSTEMATIC",
            "+shapes T SR h.root $CHANNEL/$PROCESS",
        ]

    def test_channel(self) -> None:
        """A line of the channel has the old name, and takes no process from its own line."""
        assert edit_of(Rename("channel", {"SR": "S"}), text=WORKSPACE)[:3] == [
            "-shapes top SR h.root $CHANNEL/$PROCESS",
            "+shapes * S w.root w:$PROCESS_SR w:$PROCESS_SR_$SYSTEMATIC",
            "+shapes top S h.root $CHANNEL/$PROCESS",
        ]

    def test_nuisance(self) -> None:
        """A shape keeps its name, and a factor does not."""
        for file in ["w.root w:", "t.parquet "]:
            text = WORKSPACE.replace("w.root w:", file) + "jes shape 1 - - 1 -\nlumi lnN 1.1 - - 1.1 -\n"
            assert "the templates of 'jes' in" in refusal(Rename("nuisance", {"jes": "j"}), text=text), file
            assert edit_of(Rename("nuisance", {"lumi": "l"}), text=text)[1].split()[:2] == ["+l", "lnN"], file


class TestDrop:
    """Names go with all that only they have."""

    def test_process(self) -> None:
        """Its columns go, and the factor that acts on nothing else."""
        assert edit_of(Drop("process", "wj")) == [
            "-bin SR SR SR CR CR",
            "-process sig top wj top wj",
            "-process 0 1 2 1 2",
            "-rate 8.25 90 20.5 280 31",
            "+bin SR SR CR",
            "+process sig top top",
            "+process 0 1 1",
            "+rate 8.25 90 280",
            "-lumi    lnN    1.1 1.1  1.1 1.1 1.1   # from the note",
            "-jes     shape  1   1    -   1   -",
            "+lumi    lnN    1.1 1.1 1.1   # from the note",
            "+jes     shape  1   1   1",
            "-f       rateParam SR wj @0*(@1+mu) r1,jes",
        ]

    def test_process_of_a_channel(self) -> None:
        """The column of one channel goes, and the other stays."""
        content = card(CARD).edited(Drop("process", "wj", channel="SR")).content
        assert [(column.channel, column.process) for column in content.head.columns] == [
            ("SR", "sig"),
            ("SR", "top"),
            ("CR", "top"),
            ("CR", "wj"),
        ]

    def test_channel(self) -> None:
        """Its observation, columns, statistics and edits go, and stated numbers follow."""
        text = CARD.replace("imax *", "imax 2 channels").replace("jmax *", "jmax 2").replace("mask_SR", "")
        lines = edit_of(Drop("channel", "CR"), text=text)
        assert lines[:4] == ["-imax 2 channels", "+imax 1 channels", "-bin SR CR", "-observation 120 310"]
        content = card(text).edited(Drop("channel", "CR")).content
        assert content.head.channels == ("SR",)
        assert content.head.observation == {"SR": 120}
        assert content.mc_stats.keys() == {"SR"}

    def test_nuisance(self) -> None:
        """Its row, its places in groups and its edits go, and the stated number of nuisances follows."""
        assert edit_of(Drop("nuisance", "lumi")) == [
            "-kmax 3  number of nuisances",
            "+kmax 2  number of nuisances",
            "-lumi    lnN    1.1 1.1  1.1 1.1 1.1   # from the note",
            "-theory  group = lumi jes mask_SR",
            "+theory  group = jes mask_SR",
            "-nuisance edit drop top SR lumi",
            "-nuisance edit freeze (lumi|ju.*)",
        ]

    def test_effects(self) -> None:
        """Effects on some columns go, and the row with the last of them."""
        assert "+jes     shape  1   1    -   -   -" in edit_of(Drop("nuisance", "jes", channel="CR"))
        text = CARD.replace("r1,jes", "r1,lumi")
        assert "+theory  group = lumi mask_SR" in edit_of(Drop("nuisance", "jes", process="*"), text=text)

    def test_beginning_of_a_group(self) -> None:
        """A group whose first line loses its last member begins with the next one."""
        text = CARD.replace("= lumi jes mask_SR", "= lumi")
        lines = edit_of(Drop("nuisance", "lumi"), text=text)
        assert lines[3:6] == ["-theory  group = lumi", "-theory  group += r1", "+theory  group = r1"]

    def test_refused(self) -> None:
        """A nuisance that a line uses, and the last process or channel, cannot be dropped; the error names the line."""
        cases: list[tuple[Drop, str]] = [
            (Drop("nuisance", "jes"), "card.txt:19:1: rateParam 'f' uses 'jes': drop it too"),
            (Drop("nuisance", ["mu", "r1"]), "uses 'mu', 'r1'"),
            (Drop("process", ["sig", "top", "wj"], channel="SR"), "channel 'SR' would have no process left"),
            (Drop("channel", "*"), "no channel would be left"),
            (Drop("nuisance", "jess"), "did you mean 'jes'"),
            (Drop("nuisance", "r1", process="top", channel="SR"), "acts on further columns"),
            (Drop("process", "sig", channel="CR"), "no process 'sig' in channels 'CR'"),
        ]
        for edit, message in cases:
            assert message in refusal(edit), edit

    def test_card_without_signal(self) -> None:
        """An edit that leaves a card that Combine refuses is refused with the fault."""
        with pytest.raises(CardError, match=re.escape("[process.no-signal]")):
            card(CARD).edited(Drop("process", "sig"))


class TestAdd:
    """Lines and columns come where those like them are."""

    def test_line(self) -> None:
        """A line stands below the last one of its form, and the cells of a row in their columns."""
        for line, above, expected in [
            ("btag lnN *=1.05 SR/top=0.9/1.2", "jes ", "btag    lnN    1.05  0.9/1.2  1.05  1.05  1.05"),
            ("qcd lnN 1 1 1.5 - -", "jes ", "qcd     lnN    1   1    1.5 -   -"),
            ("g group = lumi", "theory  group += r1", "g group = lumi"),
            ("k rateParam CR wj 1", "f  ", "k rateParam CR wj 1"),
            ("CR autoMCStats 0", "SR  ", "CR autoMCStats 0"),
        ]:
            lines = card(CARD).edited(Add(line)).text.splitlines()
            place = next(at for at, text in enumerate(lines) if text.split() == expected.split())
            assert lines[place - 1].startswith(above), line

    def test_stated_number(self) -> None:
        """A new row is counted, and a new group is not."""
        assert edit_of(Add("new param 0 1"))[1] == "+kmax 4  number of nuisances"
        assert edit_of(Add("new group = lumi")) == ["+new group = lumi"]

    def test_process(self) -> None:
        """A process stands behind those of its channel, without effects."""
        content = card(CARD).edited(AddProcess("SR", "qcd", 3, 1.5)).content
        assert [column.process for column in content.head.columns] == ["sig", "top", "wj", "qcd", "top", "wj"]
        assert content.rates[3] == 1.5
        assert {row.values[3] for row in content.rows if hasattr(row, "values")} == {0}

    def test_refused(self) -> None:
        """A line that cannot be read, and names that are unknown or taken, are refused."""
        cases: list[tuple[CardEdit, str]] = [
            (Add("lumi lnN *=1.1"), "card.txt:15:1: 'lumi' is there already"),
            (Add("x lnn *=1.1"), "unknown kind 'lnn'"),
            (Add("x lnN tops=1.1"), "no process 'tops' (did you mean 'top'?)"),
            (Add("x lnN SR2/top=1.1"), "no channel 'SR2' (did you mean 'SR'?)"),
            (AddProcess("SRR", "x", 1, 1), "no channel 'SRR'"),
            (AddProcess("SR", "top", 1, 1), "has a process 'top' already"),
        ]
        for edit, message in cases:
            assert message in refusal(edit), edit

    def test_wrong_line(self) -> None:
        """A line that makes the card wrong is refused with the reader's fault."""
        with pytest.raises(CardError, match=re.escape("[rateparam.unknown]")):
            card(CARD).edited(Add("x rateParam SR tops 1"))


def test_edits_in_order() -> None:
    """Each edit sees what the edits before it have made, and the card that was read stays."""
    read = card(CARD)
    edited = read.edited(Rename("process", {"top": "tt"}), Drop("process", "tt", channel="CR"), Add("x lnN tt=1.2"))
    assert read.text == CARD
    assert edited.text.count(" tt") == 2
    assert [row.name for row in edited.content.rows] == ["lumi", "jes", "x", "mu"]


def test_ends_of_lines() -> None:
    """New lines end as the others do, also behind a last line without an end."""
    for end in ["\r\n", "\n"]:
        text = CARD.replace("\n", end).removesuffix(end)
        new = card(text).edited(Add("nuisance edit freeze jes")).text
        assert new == f"{text}{end}nuisance edit freeze jes", end


def test_layout() -> None:
    """Columns that begin, or end, below each other still do; tabs and single blanks stay."""
    for old, new in [
        (["bin  a   bb", "rate 1.5 2 "], ["bin  longer  bb", "rate 1.5     2 "]),
        (
            ["bin    a   bb", "rate 1.5    2", "x    100  200"],
            ["bin  longer   bb", "rate    1.5    2", "x       100  200"],
        ),
        (["bin\ta bb", "rate\t1 2"], ["bin\tlonger bb", "rate\t1 2"]),
        (["bin a bb", "rate 1.5 2"], ["bin longer bb", "rate 1.5 2"]),
    ]:
        lines = [Line(number, text) for number, text in enumerate(old)]
        assert laid_out([(line, 1, 3, {1: "longer"} if not line.number else {}) for line in lines]) == new, old


def _named(text: str, names: dict[str, str]) -> Any:
    words = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return json.loads(re.sub(rf"(?<![\w.-])(?:{words})(?![\w.-])", lambda found: names[found.group()], text))


@pytest.mark.slow
def test_names_replaced_in_what_combine_reads() -> None:
    """The content of a renamed card is that which Combine's parser takes from the card, with the names replaced."""
    for path in sorted(CARDS.glob("parse/*/*.txt")):
        read = card(path.read_bytes(), lenient=True, path=path)
        if any(finding.severity is Severity.ERROR for finding in read.findings):
            continue
        before = _text(read)
        for what in ("channel", "process", "nuisance", "group"):
            if names := _new_names(read, what):
                with case(path.parent.name, what):
                    expected, found = _named(before, names), json.loads(_text(read.edited(Rename(what, names))))
                    if _has_workspace(read):
                        # Its lines name the old templates.
                        del expected["shapeMap"], found["shapeMap"]
                    assert _sorted(found) == _sorted(expected)


def _new_names(read: CombineCard, what: str) -> dict[str, str]:
    """Return a new name for each of a kind that is not a name of another kind."""
    others = {
        name for other in ("channel", "process", "nuisance", "group") if other != what for name in read.names(other)
    }
    names = {name: f"zz_{name}" for name in read.names(what) if name not in others and re.fullmatch(r"[\w.-]+", name)}
    if what != "nuisance":
        return names
    rows = {row.name for row in read.content.rows if isinstance(row, RowOfCard)}
    # Names of other parameters may stand in a workspace, and are refused.
    return {name: new for name, new in names.items() if name in rows and not _has_workspace(read)}


def _has_workspace(read: CombineCard) -> bool:
    return any(":" in " ".join(line.fields) for line in read.content.head.shapes)


def _text(read: CombineCard) -> str:
    # Keys of factors join the names of channel and process.
    return json.dumps(canonical(read.content)).replace("AND", " AND ")


def _sorted(parse: dict[str, Any]) -> dict[str, Any]:
    """Return a parse with its sets in one order."""
    groups = {name: sorted(members) for name, members in parse["groups"].items()}
    sets = {key: sorted(parse[key], key=str) for key in ("rateParamsOrder", "frozenNuisances", "systematicsShapeMap")}
    return {**parse, **sets, "groups": groups}
