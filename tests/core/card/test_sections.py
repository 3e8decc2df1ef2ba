"""Sections of a card's text that a subclass writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import Datacard, DeclarationError
from tests.support import outputs
from tests.support.card_files import text_of
from tests.support.rich import rich_card

if TYPE_CHECKING:
    from pathlib import Path

FORMULA = "SF_fail rateParam * ttbar_2022 (1+(1-@0)*0.8) SF_ttbar\n"


class Formula(Datacard):
    """The card of a region where the scale factor of ttbar is a formula."""

    def rate_parameters_section(self) -> str:
        return super().rate_parameters_section() + FORMULA


def of_class(members: dict[str, Any], **changes: Any) -> Datacard:
    return rich_card(of=type("Mine", (Datacard,), members), **changes)


@pytest.mark.slow
def test_own_sections() -> None:
    """The sections of a card that overrides none are its text."""
    made = rich_card()
    lines = [
        *made.preamble().splitlines(),
        *made.shape_section("shapes.root").splitlines(),
        *made.observation_section().splitlines(),
        *made.expectation_section().splitlines(),
        *made.systematics_section().splitlines(),
        *made.rate_parameters_section().splitlines(),
        *made.mcstat_section().splitlines(),
    ]
    assert lines == [line for line in made.content().splitlines() if not line.startswith("--")]
    assert made.rate_parameters_section().splitlines() == [
        "SF_ttbar rateParam * ttbar_2022 1 [0,5]",
        "SF_ttbar rateParam * ttbar_2023 1 [0,5]",
    ]
    assert made.mcstat_section() == "SR_2022_2023 autoMCStats 10 0 1\n"


@pytest.mark.slow
def test_line_behind_the_own_ones(tmp_path: Path) -> None:
    """A line of a subclass is in the text, the file and the model, and the own lines stay what they are."""
    made, plain = rich_card(of=Formula), rich_card()
    made.dump(tmp_path)
    assert FORMULA in made.content()
    assert text_of(tmp_path / "datacard.txt") == made.content()
    *own, added = made.channel.directives
    assert [type(line).__name__ for line in own] == ["FreeParameter", "BinByBinStatistics"]
    assert list(added.lines(made.channel)) == [FORMULA.strip()]
    assert made.findings == plain.findings


@pytest.mark.slow
def test_lines_that_replace(tmp_path: Path) -> None:
    """Lines without `super()` replace the own ones, which a notice tells."""
    made = of_class({"rate_parameters_section": lambda _: "mu rateParam * vv_* 1 [0,2]\n"})
    made.dump(tmp_path)
    text = (tmp_path / "datacard.txt").read_text()
    assert "mu rateParam * vv_* 1 [0,2]" in text
    assert "SF_ttbar" not in text
    (notice,) = outputs.found(made, "own-lines")
    assert "SF_ttbar rateParam * ttbar_2022 1 [0,5], SF_ttbar rateParam * ttbar_2023 1 [0,5]" in notice


@pytest.mark.slow
def test_attributes_set_behind_the_constructor() -> None:
    """A section may use what a script gives the card after it is built, as public analyses do."""

    class Later(Datacard):
        formulas: tuple[str, ...] = ()

        def rate_parameters_section(self) -> str:
            return "".join(self.formulas)

    made: Any = rich_card(of=Later)
    made.formulas = (FORMULA.replace("SF_ttbar", "SF_b"), "SF_b extArg 1 [0,5]\n")
    assert "SF_b extArg 1 [0,5]" in made.content()


@pytest.mark.slow
def test_lines_are_read_once(tmp_path: Path) -> None:
    """The lines are asked for once for the channel and once for each text, and again after an assignment."""
    asked = []

    class Counting(Datacard):
        start = "1"

        def rate_parameters_section(self) -> str:
            asked.append(self.start)
            return f"SF_b extArg {self.start} [0,5]\n"

    made: Any = rich_card(of=Counting)
    assert made.channel is made.channel
    assert (made.kmax, len(made.findings)) == (made.channel.kmax, len(made.channel.findings))
    assert asked == ["1"]
    made.dump(tmp_path)
    assert asked == ["1", "1"]
    made.start = "2"
    assert "SF_b extArg 2 [0,5]" in [
        line for statement in made.channel.directives for line in statement.lines(made.channel)
    ]
    assert asked == ["1", "1", "2"]


@pytest.mark.slow
def test_text_and_channel_agree() -> None:
    """A channel that was read before has the lines of the text that was made last."""
    lines = ["SF_b extArg 1 [0,5]\n"]
    made = of_class({"rate_parameters_section": lambda _: "".join(lines)})
    first = made.channel
    lines.append("SF_c extArg 1 [0,5]\n")
    assert "SF_c" in made.content()
    assert len(made.channel.directives) == len(first.directives) + 1


@pytest.mark.slow
def test_row() -> None:
    """A row of a subclass is a nuisance, counted in kmax."""

    class Row(Datacard):
        def systematics_section(self) -> str:
            return super().systematics_section() + "xs lnN - - 1.1 1.1 0.9/1.2 -\n"

    made = rich_card(of=Row)
    assert made.kmax == rich_card().kmax + 1
    assert f"kmax {made.kmax} " in made.preamble()
    (row,) = [nuisance for nuisance in made.channel.nuisances if nuisance.name == "xs"]
    (effect,) = row.effects
    assert effect.columns.tolist() == [2, 3, 4]
    # A single factor is its inverse downwards.
    assert effect.up.tolist() == [1.1, 1.1, 1.2]  # type: ignore[attr-defined]
    assert effect.down.tolist() == pytest.approx([1 / 1.1, 1 / 1.1, 0.9])  # type: ignore[attr-defined]


@pytest.mark.slow
def test_constraint_is_counted() -> None:
    """A `param` line of a subclass is counted in kmax."""
    made = of_class({"mcstat_section": lambda self: Datacard.mcstat_section(self) + "width param 1.0 0.1\n"})
    assert f"kmax {rich_card().kmax + 1} " in made.content()


@pytest.mark.slow
def test_head() -> None:
    """Comments and other blanks above the nuisances are free."""
    made = of_class(
        {
            "preamble": lambda _: "# my analysis\nimax * channels\njmax * processes\nkmax 6\n",
            "observation_section": lambda self: f"bin    {self.bin}\nobservation {self.observation:.3f}\n",
        }
    )
    assert made.content().startswith("# my analysis\nimax * channels\njmax * ")
    assert "observation 52.000\n" in made.content()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("observation_section", "bin SR_2022_2023\nobservation 53\n", "observation 52.0"),
        ("observation_section", "bin SR\nobservation 52\n", "bin SR_2022_2023"),
        ("preamble", "imax 1\njmax 5\nkmax 9\n", "kmax 6"),
        ("expectation_section", "", "no line"),
    ],
)
def test_head_with_other_content(name: str, text: str, expected: str) -> None:
    """A section above the nuisances that contradicts the card is an error with the right line."""
    made = of_class({name: lambda _: text})
    with pytest.raises(DeclarationError, match=f"card 'SR_2022_2023', {name}: .*{expected}"):
        made.content()


@pytest.mark.slow
def test_no_text() -> None:
    """A section that returns no text is an error with its name."""
    made = of_class({"rate_parameters_section": lambda _: None})
    with pytest.raises(DeclarationError, match=r"Mine\.rate_parameters_section returned None, expected the lines"):
        made.content()


@pytest.mark.slow
def test_faulty_line_writes_no_file(tmp_path: Path) -> None:
    """A faulty line is an error with its section, and no file is written."""
    made = of_class({"rate_parameters_section": lambda _: "SF rateParam * ttbr_2022 1 [0,5]\n"})
    with pytest.raises(DeclarationError, match=r"rate_parameters_section: 'SF rateParam .*did you mean 'ttbar_2022'"):
        made.dump(tmp_path / "out")
    assert not (tmp_path / "out").exists()


class TestContent:
    """A subclass that writes the text itself, as PocketCoffea's `content` does."""

    @pytest.mark.slow
    def test_further_lines(self, tmp_path: Path) -> None:
        """Lines that the text adds are in the file."""

        class Group(Datacard):
            def content(self, shapes_filename: str) -> str:  # type: ignore[override]
                return super().content(shapes_filename) + "theory group = lumi\n"

        made = rich_card(of=Group)
        made.dump(tmp_path, shapes_name="other.root")
        text = text_of(tmp_path / "datacard.txt")
        assert text.endswith("theory group = lumi\n")
        assert "shapes * SR_2022_2023 other.root " in text

    @pytest.mark.slow
    def test_faulty_lines(self, tmp_path: Path) -> None:
        """A line that the text adds is checked."""

        class Faulty(Datacard):
            def content(self, shapes_filename: str) -> str:  # type: ignore[override]
                return super().content(shapes_filename) + "width param 1.0 0.1\n"

        # The line counts in kmax, which the text has without it.
        with pytest.raises(
            DeclarationError, match="preamble: 'kmax 6 number of nuisance parameters' in place of 'kmax 7"
        ):
            rich_card(of=Faulty).dump(tmp_path)

    @pytest.mark.slow
    def test_sections_and_files_of_a_script(self, tmp_path: Path) -> None:
        """A script may write the card and pass arguments of its own to its sections."""

        class PassFail(Datacard):
            def rate_parameters_section(self, ratio: float = 0.5) -> str:
                name = "SF_ttbar".ljust(self.adjust_syst_colum)
                return f"{name}rateParam * ttbar_2022 (1+(1-@0)*{ratio}) SF{self.linesep}SF extArg 1 [0,5]\n"

            def content(self, shapes_filename: str, ratio: float = 0.5) -> str:  # type: ignore[override]
                parts = [self.preamble(), self.shape_section(shapes_name=shapes_filename), self.observation_section()]
                parts += [self.expectation_section(), self.systematics_section()]
                parts += [self.rate_parameters_section(ratio), self.mcstat_section()]
                return (self.sectionsep + self.linesep).join(parts)

            def dump(self, directory: Path, ratio: float = 0.5) -> None:  # type: ignore[override]
                (directory / "mine.txt").write_text(self.content(shapes_filename="s.root", ratio=ratio))

        made: Any = rich_card(of=PassFail)
        made.dump(tmp_path, ratio=0.25)
        line = outputs.rows((tmp_path / "mine.txt").read_text())["SF_ttbar"]
        assert line == ["SF_ttbar", "rateParam", "*", "ttbar_2022", "(1+(1-@0)*0.25)", "SF"]
