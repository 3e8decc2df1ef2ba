"""The card reader combine: places of faults, all of them at once, and what is left unsaid."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from datacard_combine.meaning.content import RowOfCard
from hypothesis import given, settings
from hypothesis import strategies as st

from datacard_core import CardError, Severity, load_plugins, read_card
from datacard_core.testing.cases import Case
from datacard_core.testing.trials.readers import assert_reader
from tests.support import cards
from tests.support.cards import HEAD, SHAPES, below, card, found
from tests.support.damaged_cards import damaged, failures

if TYPE_CHECKING:
    from pathlib import Path

LINES = (
    "lumi lnN 1.02 1.02 1.02 1.02 1.02",
    "tt_xs lnN - 0.95/1.06 - 0.95/1.06 -",
    "side gmN 36 - 2.5 - - -",
    "jes[nofloat] shape? 1 1 1.1 1 1",
    "sf_top rateParam * top 1.0 [0,3]",
    "sf_wj rateParam SR wj (@0*@1) sf_top,k",
    "k extArg 1.1 [0.5,2]",
    "mu param 0 -0.5/+1.5 [-2,2]",
    "theory group = tt_xs",
    "theory group += lumi",
    "* autoMCStats 10 0 1",
    "nuisance edit rename top SR tt_xs tt_xs_SR",
    "nuisance edit freeze k",
)


class TestFaults:
    """Faults with their places."""

    def test_place_and_way_out(self) -> None:
        """A fault has file, line, column, the word, what was expected, and the closest known word."""
        finding = below("lumi lnn 1.1 1.1 - - -").findings[0]
        assert finding.place == "card.txt:13:6"
        assert "'lnn'" in finding.message
        assert "did you mean 'lnN'" in finding.message

    def test_all_at_once(self) -> None:
        """All faults are told together, in the order of the lines."""
        read = below("a lnN 1,1 - - - -", "b lnN 1.1", "c group lumi", "sf rateParam SR toop 1")
        assert [finding.place for finding in read.findings if finding.severity is Severity.ERROR] == [
            "card.txt:13:7",
            "card.txt:14",
            "card.txt:15:9",
            "card.txt:16:17",
        ]
        assert [finding.code for finding in read.findings if finding.severity is Severity.ERROR] == [
            "value.number",
            "columns.length",
            "group.syntax",
            "rateparam.unknown",
        ]

    def test_one_error_for_one_mistake(self) -> None:
        """A short line of processes is told once, and not again at each row."""
        text = HEAD.replace("process sig top wj top wj", "process sig top wj top")
        read = card(text + "lumi lnN 1.02 1.02 1.02 1.02 1.02\n")
        assert {finding.code for finding in read.findings} <= {"columns.length", "counts.jmax"}

    def test_lenient(self) -> None:
        """Read leniently, an error that Combine takes is a warning, and one that it refuses stays."""
        rows = ("a lnN 1.1 - - - - 1.2", "b lnN 1.1")
        assert found(below(*rows)) == [("columns.extra", "error"), ("columns.length", "error")]
        assert found(below(*rows, lenient=True)) == [("columns.extra", "warning"), ("columns.length", "error")]

    def test_pairs_of_a_row_are_told_once(self) -> None:
        """Of many pairs in a row that look swapped, the first is told with its place and the number of the others."""
        read = below("a lnN - 1.1/0.9 1.2/0.8 1.1/0.9 1.3/0.7")
        (told,) = (one for one in read.findings if one.code == "value.kappa-swapped")
        assert told.place.endswith(":13:9")
        # 1.1/0.9 stands twice and is one value.
        assert "and so in 2 other cells of the row" in told.message

    def test_edit_above_row(self) -> None:
        """An edit above the row that it names is told as that."""
        read = below("nuisance edit drop * * lumi", "lumi lnN 1.02 1.02 1.02 1.02 1.02")
        assert ("edit.order", "error") in found(read)

    def test_edit_of_what_may_be_missing(self) -> None:
        """An edit of a nuisance that is not there is an error, and none with `ifexists`."""
        for edit in ["drop wj SR no", "split * * no a b 1.1 1.2", "flip SR * no p2n", "freeze no"]:
            lumi = "lumi lnN 1.02 1.02 1.02 1.02 1.02"
            assert ("edit.unknown", "error") in found(below(lumi, f"nuisance edit {edit}")), edit
            assert found(below(lumi, f"nuisance edit {edit} ifexists")) == [], edit

    def test_row_that_an_edit_empties(self) -> None:
        """A row that an edit takes all effects from is none that had no effect."""
        for edit in ["drop * * x", "merge * * lumi x", "split * * x a b 1.1 1.2", "rename * * x z"]:
            rows = ("lumi lnN 1.02 1.02 1.02 1.02 1.02", "x lnN 1.1 - - - -")
            assert found(below(*rows, f"nuisance edit {edit}")) == [], edit
            assert found(below(*rows, "y lnN 1 - - - -", f"nuisance edit {edit}")) == [("row.no-effect", "warning")], (
                edit
            )

    def test_parameters_of_a_constraint(self) -> None:
        """Formula and width of a `constr` line have parameters that Combine has made before."""
        cases: list[tuple[tuple[str, ...], list[str]]] = [
            (("p param 0 1", "c constr @0-@1 {p,r} lumi"), []),
            (("c constr p-1 0.5", "p param 0 1"), ["constr.unknown"]),
            (("SF rateParam SR top 1", "c constr @0-1 {SF} 0.5"), ["constr.unknown"]),
            (("SF rateParam SR top 1", "SF param 1 0.1", "c constr exp(SF)-1 0.5"), []),
            (("k extArg 0.5", "c constr lumi-1 k"), ["constr.unknown"]),
        ]
        for rows, codes in cases:
            read = below("lumi lnN 1.02 1.02 1.02 1.02 1.02", *rows)
            assert [finding.code for finding in read.findings if finding.code != "process.bin-no-signal"] == codes, rows

    def test_morphing_of_a_factor(self) -> None:
        """A row that ends in ? takes its morphing on the columns of a factor too, and not in a counting channel."""
        rows = ("a shapeN - 1 - - -", "b shape? - 1.1 - 1.2 -")
        assert ("shape.mixed-algorithm", "error") in found(below(*rows, head=SHAPES))
        fake = SHAPES.replace("---\nbin SR CR", "shapes * SR FAKE\n---\nbin SR CR")
        assert "shape.mixed-algorithm" not in dict(found(below(*rows, head=fake)))

    def test_uniform_shape_with_factors(self) -> None:
        """A shapeU that ends in ? is told, as Combine makes its density a normal one."""
        assert found(below("a shapeU? 1 1.1 1 1 1", head=SHAPES)) == [("shape.optional-uniform", "warning")]
        rows = ("a shapeU? 1 - - - -", "a lnN - 1.1 - - -")
        assert "row.kind-clash" not in dict(found(below(*rows, head=SHAPES)))

    def test_row_of_shapes_without_line(self) -> None:
        """A row of shapes needs a shapes line, and lnN needs none."""
        assert found(below("jes shape 1 1 1 1 1")) == [("shape.no-line", "error")]
        assert found(below("jes shape 1 1 1 1 1", head=SHAPES)) == []

    def test_odd_rows_are_findings(self) -> None:
        """Surplus words, and values and patterns that an edit cannot use, are told and raise nothing else."""
        for rows in [
            ("a lnN 1.1 1.1 1.1 1.1 1.1 1.1 # x", "a lnN 1.1 1.1 1.1 1.1 1.1"),
            ("a lnN 1.1 1.1 1.1 1.1 1.1", "a lnN 1.1 1.1 1.1 1.1 1.1 and words"),
            ("a lnN 0/1.1 - - - -", "nuisance edit flip * * a n2p p2n"),
            ("a trG 1e5 - - - -", "nuisance edit changepdf a lnN"),
            ("a lnN -1 - - - -", "nuisance edit changepdf a trG"),
            ("a lnN 0.9/1.1 - - - -", "nuisance edit changepdf a trG"),
            ("a lnN 1.1 - - - -", "nuisance edit drop * * ("),
        ]:
            assert below(*rows).findings, rows

    def test_added_values(self) -> None:
        """A value is added in quadrature of logarithms where both options are given, as Combine does it."""
        edit = "nuisance edit add sig SR a lnN 1.3"
        for options, expected in (("overwrite", 1.3), ("addq", 1.3764305567), ("addq overwrite", 1.3764305567)):
            content = below("a lnN 1.2 - - - -", f"{edit} {options}").content
            (value,) = (row.values[0] for row in content.rows if isinstance(row, RowOfCard))
            assert value == pytest.approx(expected, rel=1e-9)

    def test_words_of_messages_do_not_depend_on_sets(self) -> None:
        """Known names in a message are sorted, so that equal cards give equal messages."""
        read = below(*(f"n{number} lnN 1.1 - - - -" for number in (3, 1, 2)), "g group = xyz")
        assert "(known: n1, n2, n3)" in read.findings[0].message


class TestReadCard:
    """`read_card`."""

    @pytest.mark.slow
    def test_errors_are_raised_together(self, tmp_path: Path) -> None:
        """A card with errors raises all of them with their findings."""
        path = tmp_path / "card.txt"
        path.write_text(HEAD + "a lnN 1,1 - - - -\nb lnN 1.1\n")
        with pytest.raises(CardError) as raised:
            read_card(path)
        assert [finding.code for finding in raised.value.findings] == ["value.number", "columns.length"]
        assert all(word in str(raised.value) for word in ("card.txt:13:7", "card.txt:14", "[value.number]"))

    @pytest.mark.slow
    def test_text_is_kept(self, tmp_path: Path) -> None:
        """A card that was read has its text byte for byte."""
        path = tmp_path / "card.txt"
        text = "# remark\r\n\r\n" + "".join(f"{line}\n" for line in (HEAD, *LINES)) + "  # end"
        path.write_bytes(text.encode())
        assert read_card(path).text == text


@pytest.mark.slow
def test_reader_conforms(tmp_path: Path) -> None:
    """The reader meets all that the core expects with a card of all lines; the kit tests the plugin with another."""
    path = tmp_path / "card.txt"
    path.write_text(SHAPES + "".join(f"{line}\n" for line in LINES))
    reader = load_plugins("combine").reader("combine")
    assert_reader(Case(plugin=reader.plugin, origin=reader.origin), reader, path)


WORDS = st.sampled_from(
    [
        "bin",
        "process",
        "rate",
        "observation",
        "shapes",
        "imax",
        "kmax",
        "lnN",
        "gmN",
        "shape?",
        "shapeN",
        "unif",
        "param",
        "rateParam",
        "group",
        "nuisance",
        "edit",
        "add",
        "drop",
        "rename",
        "split",
        "merge",
        "flip",
        "freeze",
        "changepdf",
        "autoMCStats",
        "extArg",
        "constr",
        "=",
        "+=",
        "*",
        "-",
        "1",
        "0",
        "-1",
        "1.1",
        "0.9/1.1",
        "nan",
        "1/",
        "/",
        "SR",
        "CR",
        "top",
        "wj",
        "sig",
        "[0,1]",
        "@0",
        "a,b",
        "$MASS",
        "#",
        "--",
        "[nofloat]",
        "9x",
        "\ufeff",
        "\u2028",
        "(",
        "**",
    ]
)


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.lists(WORDS, min_size=1, max_size=9).map(" ".join), max_size=12))
def test_any_words_are_read(lines: list[str]) -> None:
    """No line of Combine's words, wherever it stands, makes the reader fail, and the text is kept."""
    text = HEAD + "\n".join((*LINES, *lines))
    assert card(text).text == text


def test_damaged_cards_are_read() -> None:
    """A card with swapped, repeated, removed and cut words gives findings and no other exception."""
    for seed in range(15):
        generator = random.Random(seed)  # noqa: S311 - cards need no secret
        text = SHAPES + "\n".join(LINES)
        for _ in range(20):
            assert card(damaged(text, generator)).text, seed


@pytest.mark.slow
def test_models_of_damaged_cards(tmp_path: Path) -> None:
    """A damaged card with templates gives a model or errors of the project, and no other exception."""
    assert list(failures(tmp_path, 30, seed=1)) == []


def test_outline() -> None:
    """Without templates, a card has rates, rows with the cells of shapes, and channels that are blind in full."""
    text = cards.SHAPES.replace("imax", "# blind: data_obs of SR is Asimov data in bin 2, signal strength 0\nimax", 1)
    rows = ("jes shape 0.5 1 - - -", "lumi lnN 1.02 1.02 - - 0.9/1.1", "p param 0 1", "SF rateParam CR top 1")
    model = cards.below(*rows, head=text).outline()
    channel, other = model.channels
    assert channel.rates.tolist() == [8.25, 90, 20.5]
    assert [(row.keyword, row.cells(3)) for row in channel.nuisances] == [
        ("shape", ["0.5", "1.0", "-"]),
        ("lnN", ["1.02", "1.02", "-"]),
    ]
    assert other.lines() == ("SF rateParam * top 1",)
    assert [one.name for one in model.parameters] == ["p"]
    assert (channel.blind_bins, other.blind_bins) == ([0], [])
    assert (channel.has_data, channel.has_templates) == (True, False)
