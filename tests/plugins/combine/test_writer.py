"""The card writer combine, whose text Combine reads back as the same numbers and names."""

from __future__ import annotations

import importlib.metadata
import re
import string
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np
import pytest
from datacard_combine.writer import CombineWriter
from hypothesis import given, settings
from hypothesis import strategies as st

from datacard_core import (
    DEFAULT_PLUGINS,
    DIRECTIONS,
    Axis,
    BinByBinStatistics,
    CardContext,
    Channel,
    Column,
    Effect,
    FreeParameter,
    MCProcesses,
    Normalisation,
    Nuisance,
    RawLine,
    Shape,
    Statement,
    SystematicKind,
    SystematicUncertainty,
    Templates,
    hookimpl,
    load_plugins,
)
from tests.support import outputs as by_hand
from tests.support.paths import TESTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from datacard_core import Datacard, Target


CARDS = TESTS / "cards"
YEARS = ("2022", "2023")

FIRST = f"{string.ascii_letters}_"
# One text: hypothesis draws each letter of a regular expression by itself, which takes most of the time of a test.
names = st.builds(str.__add__, st.sampled_from(FIRST), st.text(f"{FIRST}{string.digits}.-", max_size=60))
yields = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
factors = st.floats(min_value=0, exclude_min=True, allow_infinity=False)


def channel(rates: Sequence[float], nuisances: Iterable[Nuisance] = (), **changes: Any) -> Channel:
    """Return a channel of one bin with a signal and backgrounds of these rates."""
    columns = tuple(Column(f"p{number}_2022", f"p{number}", "2022", number) for number in range(len(rates)))
    nominal = Templates(np.array(rates, dtype=float)[:, np.newaxis], np.ones((len(rates), 1)))
    options: dict[str, Any] = {
        "bin": "SR",
        "category": "SR",
        "axis": Axis(np.array([0.0, 1.0])),
        "columns": columns,
        "nominal": nominal,
        "data": Templates(np.array([[7.0]]), np.array([[7.0]])),
        "has_data": True,
        "nuisances": tuple(nuisances),
        "statements": tuple(map(Statement, changes.pop("directives", ()))),
    }
    return Channel(**(options | changes))


def text(made: Channel, shapes_name: str = "shapes.root", provenance: tuple[str, ...] = ()) -> str:
    """Return the card, which the writer makes without asking for a rendering."""

    def rendered(item: object) -> Any:
        pytest.fail(f"the writer asked for a rendering of {item!r}")

    return CombineWriter().render(CardContext(made, shapes_name, provenance, rendered))


def lines(made: Channel, shapes_name: str = "shapes.root") -> list[list[str]]:
    """Return the words of every line that is not a comment."""
    return [line.split() for line in text(made, shapes_name).splitlines() if not line.startswith("#")]


def line(made: Channel, first: str, number: int = 0) -> list[str]:
    """Return the words of one of the lines that begin with a word."""
    return [words for words in lines(made) if words[0] == first][number]


def on(columns: Sequence[int], up: Sequence[float], down: Sequence[float] | None = None) -> Normalisation:
    return Normalisation(np.array(columns, dtype=np.intp), np.array(up), None if down is None else np.array(down))


def morphing(columns: Sequence[int], scale: float = 1.0) -> Shape:
    templates = Templates(np.ones((len(columns), 1)), np.ones((len(columns), 1)))
    return Shape(np.array(columns, dtype=np.intp), templates, templates, np.full(len(columns), scale))


class TestWords:
    @pytest.mark.slow
    @settings(deadline=None, max_examples=60)
    @given(data=st.data())
    def test_columns_of_the_table(self, data: st.DataObject) -> None:
        """Every column has a word in every line, for names, yields and factors of any length."""
        column_names = data.draw(st.lists(names, min_size=1, max_size=5, unique=True))
        nuisance_names = data.draw(st.lists(names, max_size=4, unique=True))
        bin_name = data.draw(names)
        columns = tuple(Column(name, name, "2022", number) for number, name in enumerate(column_names))
        rows = [
            Nuisance(name, (on([position], [data.draw(factors)]),))
            for name in nuisance_names
            for position in [data.draw(st.integers(0, len(columns) - 1))]
        ]
        rates = data.draw(st.lists(yields, min_size=len(columns), max_size=len(columns)))
        made = channel(rates, rows, columns=columns, bin=bin_name)
        words = lines(made)
        # imax, jmax, kmax, ----, shapes, ----, bin, observation, ----, then the table
        assert words[4] == ["shapes", "*", bin_name, "shapes.root", "$PROCESS_nominal", "$PROCESS_$SYSTEMATIC"]
        assert words[6] == ["bin", bin_name]
        assert words[9] == ["bin", *[bin_name] * len(columns)]
        assert words[10] == ["process", *column_names]
        assert words[11] == ["process", *map(str, range(len(columns)))]
        assert words[12][0] == "rate"
        assert [float(word) for word in words[12][1:]] == rates
        for words_of_row, row in zip(words[14:], rows, strict=False):
            (effect,) = row.effects
            assert isinstance(effect, Normalisation)
            assert words_of_row[:2] == [row.name, "lnN"]
            assert len(words_of_row) == 2 + len(columns)
            for position, word in enumerate(words_of_row[2:]):
                if position == effect.columns[0]:
                    assert float(word) == effect.up[0]
                else:
                    assert word == "-"

    def test_alignment_of_the_table(self) -> None:
        """A column starts at the same place in every line of the table."""
        made = channel(
            [1.5, 20], [Nuisance("a_long_name", (on([0, 1], [1.25, 2.0]),)), Nuisance("b", (morphing([1]),))]
        )
        table = [row for row in text(made).splitlines() if re.match(r"bin .*SR .*SR|process|rate|a_long_name|b ", row)]
        assert len(table) == 6
        starts = {tuple(match.start() for match in re.finditer(r"\S+", row))[-2:] for row in table}
        assert len(starts) == 1

    def test_ends_of_lines(self) -> None:
        """No line ends with a blank, and the last line has a line break."""
        made = channel([1.5, 20], [Nuisance("b", (on([0], [1.25]),))])
        card = text(made)
        assert not re.search(r"[ \t]\n", card)
        assert card.endswith("\n")

    def test_rates_round_trip(self) -> None:
        """A rate is read back as the same number."""
        for value in [1 / 3, 0.1 + 0.2, 1e-300, 1.7e308, 5e-324, 2.37e-05, 1e22, 123456.7890123]:
            assert float(line(channel([value, 1.0]), "rate")[1]) == value, value


class TestHead:
    def test_provenance_stands_first(self) -> None:
        """The provenance stands first, in comments."""
        made = channel([1, 2])
        with_it = text(made, provenance=("datacard_core 7.0", "plugins of acme 1.0: acme_gmn, acme_writer"))
        comments = "# datacard_core 7.0\n# plugins of acme 1.0: acme_gmn, acme_writer\n"
        assert with_it == comments + text(made)

    def test_counts(self) -> None:
        """kmax counts the rows of the table, not free parameters, groups and autoMCStats."""
        made = channel(
            [1, 2, 3],
            [Nuisance("lumi", (on([0, 1], [1.02, 1.02]),)), Nuisance("JES", (morphing([1]),))],
            directives=(
                FreeParameter("SF", np.array([1]), 1.0, (0, 5)),
                RawLine("theory group = lumi"),
                BinByBinStatistics(),
            ),
        )
        assert line(made, "kmax")[1] == "2"
        assert line(made, "jmax")[1] == "2"
        assert line(made, "imax")[1] == "1"

    def test_observation(self) -> None:
        """The observation is the number of events, and -1 without data."""
        assert line(channel([1, 2]), "observation") == ["observation", "7.0"]
        assert line(channel([1, 2], has_data=False), "observation") == ["observation", "-1"]

    def test_shapes_line(self) -> None:
        """The shapes line names channel, file, and the templates by process and nuisance."""
        expected = ["shapes", "*", "SR", "shapes/SR.root", "$PROCESS_nominal", "$PROCESS_$SYSTEMATIC"]
        assert lines(channel([1, 2]), "shapes/SR.root")[4] == expected


class TestRows:
    def test_factor(self) -> None:
        """A factor is written as it is, with a dash for other columns."""
        made = channel([1, 2, 3], [Nuisance("lumi", (on([0, 2], [1.02, 1.025]),))])
        assert line(made, "lumi") == ["lumi", "lnN", "1.02", "-", "1.025"]

    def test_pair(self) -> None:
        """A pair of factors is written as down/up."""
        made = channel([1, 2], [Nuisance("unc", (on([1], [1.05], down=[0.98]),))])
        assert line(made, "unc") == ["unc", "lnN", "-", "0.98/1.05"]

    def test_factor_and_pair_in_one_row(self) -> None:
        """A factor and a pair may stand in one row."""
        made = channel([1, 2], [Nuisance("unc", (on([1], [1.05], down=[0.98]), on([0], [1.1])))])
        assert line(made, "unc") == ["unc", "lnN", "1.1", "0.98/1.05"]

    def test_declared_pair(self) -> None:
        """A declared pair arrives in the card as down/up."""
        unc = SystematicUncertainty("unc", "lnN", ["ttbar"], ["2022"], (0.98, 1.05))
        made = by_hand.card(by_hand.signal_and_ttbar(nominal=[1, 2, 3]), unc)
        assert by_hand.rows(made.content())["unc"] == ["unc", "lnN", "-", "0.98/1.05"]

    def test_shape(self) -> None:
        """The cell of a shape is its scale."""
        made = channel([1, 2], [Nuisance("JES", (morphing([1], 0.5),))])
        assert line(made, "JES") == ["JES", "shape", "-", "0.5"]

    @pytest.mark.slow
    @settings(deadline=None, max_examples=40)
    @given(up=factors, down=factors)
    def test_pairs_round_trip(self, up: float, down: float) -> None:
        """A pair is read back as the same numbers."""
        made = channel([1, 2], [Nuisance("unc", (on([1], [up], down=[down]),))])
        assert [float(word) for word in line(made, "unc")[3].split("/")] == [down, up]

    @pytest.mark.slow
    @settings(deadline=None, max_examples=40)
    @given(initial=st.floats(1e-5, 100), low=st.floats(-100, 0), high=st.floats(100, 1e9))
    def test_free_parameters_round_trip(self, initial: float, low: float, high: float) -> None:
        """The start and the range of a free parameter are read back as the same numbers."""
        made = channel([1, 2], directives=(FreeParameter("SF", np.array([1]), initial, (low, high)),))
        words = line(made, "SF")
        assert words[:4] == ["SF", "rateParam", "*", "p1_2022"]
        assert float(words[4]) == initial
        assert [float(word) for word in words[5].strip("[]").split(",")] == [low, high]

    def test_directives(self) -> None:
        """Directives stand below the table, in their order."""
        made = channel([1, 2], directives=(FreeParameter("SF", np.array([0, 1]), 1.0, (0, 5)), BinByBinStatistics(10)))
        below = [words for words in lines(made)[14:] if not words[0].startswith("---")]
        assert below == [
            ["SF", "rateParam", "*", "p0_2022", "1", "[0,5]"],
            ["SF", "rateParam", "*", "p1_2022", "1", "[0,5]"],
            ["SR", "autoMCStats", "10", "0", "1"],
        ]


class ShapeAndNorm(SystematicKind):
    """A shape on the first column that it covers, and a factor of 1.25 on its other columns."""

    typ: ClassVar[str] = "shapeAndNorm"

    def shifts(self, systematic: SystematicUncertainty) -> Sequence[str]:  # noqa: ARG002 - the answer does not depend on it
        return DIRECTIONS

    def effects(self, target: Target) -> Iterable[Effect]:
        first = np.arange(len(target.positions)) == 0
        up, down = (target.variations[direction][first] for direction in DIRECTIONS)
        return (
            Shape(target.positions[first], up, down, np.ones(1)),
            Normalisation(target.positions[~first], np.full((~first).sum(), 1.25)),
        )


@attrs.frozen
class ShapeAndNormPlugin:
    @hookimpl
    def datacard_systematic_kinds(self) -> Iterable[SystematicKind]:
        return (ShapeAndNorm(),)


def mixed_card(**ttbar: Sequence[float]) -> Datacard:
    """Return a card with a nuisance that is a shape on ttbar and a factor on vv."""
    output = by_hand.signal_and_ttbar(**ttbar).mc("VV", "2022", nominal=[5, 6, 7], mixUp=[6, 7, 8], mixDown=[4, 5, 6])
    processes = by_hand.two_processes()
    processes["vv"] = by_hand.process("vv", "VV")
    mix = SystematicUncertainty("mix", "shapeAndNorm", ["ttbar", "vv"], ["2022"], 1.0)
    plugins = load_plugins(*DEFAULT_PLUGINS, ShapeAndNormPlugin())
    return by_hand.card(output, mix, mc_processes=processes, plugins=plugins, bin_suffix="run3")


class TestShapeAndFactorInOneRow:
    def test_keyword(self) -> None:
        """The nuisance is one row with the keyword shape?."""
        made = channel([1, 2, 3], [Nuisance("mix", (on([2], [1.25]), morphing([1])))])
        assert line(made, "mix") == ["mix", "shape?", "-", "1.0", "1.25"]

    @pytest.mark.slow
    def test_templates(self, tmp_path: Path) -> None:
        """Only the columns with a shape have Up and Down templates in the file."""
        made = mixed_card(nominal=[10, 20, 30], mixUp=[11, 22, 33], mixDown=[9, 18, 27])
        file = by_hand.written(made, tmp_path)
        assert {name for name in file if "mix" in name} == {"ttbar_2022_mixUp", "ttbar_2022_mixDown"}
        assert made.rate("vv_2022", "mixUp") == 18

    @pytest.mark.slow
    def test_shape_that_is_left_out(self) -> None:
        """Without the shape, the row is a plain lnN."""
        made = mixed_card(nominal=[10, 20, 30], mixUp=[-1, -2, 0], mixDown=[9, 18, 27])
        assert by_hand.rows(made.content())["mix"] == ["mix", "lnN", "-", "-", "1.25"]
        assert by_hand.found(made, "empty-variation")


def smallest() -> Datacard:
    return by_hand.card(by_hand.signal_and_ttbar(nominal=[10, 20, 30]), mcstat=False, bin_suffix="")


def complete() -> Datacard:
    """Return a card with every built-in kind, two years, a clipped column, nuisances of one year, and data."""
    output = by_hand.Output()
    output.mc("Signal", "2022", nominal=[1, 2], JESUp=[2, 2], JESDown=[1, 1])
    output.mc("Signal", "2023", nominal=[3, 4.5], JESUp=[3, 5], JESDown=[3, 4])
    for year, values in (("2022", [10, 20]), ("2023", [30.25, 40])):
        variations = {"JESUp": 1.5, "JESDown": 0.75, "pileupUp": 1.25, "pileupDown": 0.5}
        varied = {label: [factor * value for value in values] for label, factor in variations.items()}
        output.mc("TTbar", year, nominal=values, **varied)
    output.mc("VV", "2022", nominal=[5, -1]).mc("VV", "2023", nominal=[0.1, 0.2])
    output.data("Muon", "2022", [15, 20]).data("Muon", "2023", [30, 40])
    processes = MCProcesses(
        [
            by_hand.process("signal", "Signal", years=YEARS, is_signal=True),
            by_hand.process("ttbar", "TTbar", years=YEARS, has_rateParam=True),
            by_hand.process("vv", "VV", years=YEARS),
        ]
    )
    every = list(processes)
    return by_hand.card(
        output,
        SystematicUncertainty("lumi_2022", "lnN", every, ["2022"], 1.014),
        SystematicUncertainty("lumi_2023", "lnN", every, ["2023"], 1.013),
        SystematicUncertainty("some_unc", "lnN", ["ttbar"], YEARS, (0.98, 1.05)),
        SystematicUncertainty("xsec", "lnN", {"ttbar": 1.06, "vv": 1.05}, YEARS),
        by_hand.shape("JES", ["signal", "ttbar"], YEARS),
        by_hand.shape("pileup_2022", ["ttbar"], ["2022"], coffea_name_alias="pileup"),
        by_hand.shape("pileup_2023", ["ttbar"], ["2023"], coffea_name_alias="pileup"),
        mc_processes=processes,
        data_processes=by_hand.observation("Muon", years=YEARS),
        mcstat={"threshold": 10},
        bin_prefix="ttH",
        bin_suffix="run3",
    )


def mixed() -> Datacard:
    return mixed_card(nominal=[10, 20, 30], mixUp=[11, 22, 33], mixDown=[9, 18, 27])


@pytest.mark.slow
@pytest.mark.parametrize("make", [smallest, complete, mixed], ids=["smallest", "complete", "mixed"])
def test_golden_cards(make: Any, request: pytest.FixtureRequest) -> None:
    """The whole text is that of the golden card."""
    expected = (CARDS / f"{request.node.callspec.id}.txt").read_text(encoding="utf-8")
    assert make().content() == expected.replace("VERSION", importlib.metadata.version("datacard-core"))


def test_golden_cards_obey_combine() -> None:
    """A golden card obeys Combine's rules on counts, columns and process ids."""
    for path in sorted(CARDS.glob("*.txt")):
        card = path.read_text(encoding="utf-8")
        table = [row.split() for row in card.splitlines() if not row.startswith("#")]
        head, columns, ids, rates = (
            next(words for words in table[start:] if words[0] == first)
            for first, start in (("bin", 9), ("process", 9), ("process", 11), ("rate", 9))
        )
        count = len(columns) - 1
        assert len(head) == len(ids) == len(rates) == count + 1, path
        rows = [words for words in table if len(words) > 1 and words[1] in {"lnN", "shape", "shape?"}]
        assert [len(words) for words in rows] == [count + 2] * len(rows), path
        assert table[1][:2] == ["jmax", str(count - 1)], path
        assert table[2][:2] == ["kmax", str(len(rows))], path
        assert any(int(word) <= 0 for word in ids[1:]), path
        assert any(int(word) > 0 for word in ids[1:]), path
