"""Names that a card makes: its bin and its columns."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import Datacard, DeclarationError
from tests.support.outputs import (
    Output,
    card,
    codes,
    found,
    problems,
    process,
    shape,
    signal_and_ttbar,
    simulated,
    two_processes,
)
from tests.support.rich import rich_card


class TestBin:
    """Combine's name of the channel."""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({}, "SR_2022_2023"),
            ({"bin_suffix": "run3"}, "SR_run3"),
            ({"bin_suffix": ""}, "SR"),
            ({"bin_prefix": "ttH"}, "ttH_SR_2022_2023"),
            ({"bin_prefix": "ttH", "bin_suffix": "run3"}, "ttH_SR_run3"),
            ({"bin_prefix": "", "bin_suffix": "run3"}, "SR_run3"),
            ({"years": ["2023"]}, "SR_2023"),
        ],
        ids=["default", "suffix", "no-suffix", "prefix", "both", "empty-prefix", "one-year"],
    )
    def test_parts(self, options: dict[str, Any], expected: str) -> None:
        """The bin is prefix, category and suffix, the years where no suffix is given."""
        assert rich_card(**options).bin == expected

    @pytest.mark.parametrize("prefix", ["1", "a b", "a/b"])
    def test_unreadable(self, prefix: str) -> None:
        """A bin that Combine cannot read because of its prefix is refused."""
        with pytest.raises(DeclarationError, match="change bin_prefix"):
            rich_card(bin_prefix=prefix)

    @pytest.mark.parametrize(
        ("category", "expected"),
        [
            ("2b", "bin_2b_run3"),
            ("SR_>=4j", "SR_ge4j_run3"),
            (">=7jSR", "ge7jSR_run3"),
            ("SR <2j", "SR_lt2j_run3"),
            ("e+mu", "e_mu_run3"),
            ("-1b", "bin_-1b_run3"),
            ("2btag_1.5", "bin_2btag_1.5_run3"),
        ],
    )
    def test_category_that_combine_refuses(self, category: str, expected: str) -> None:
        """A category that cannot stand in a name has other characters there, and a notice says which."""
        made = card(_output(category), category=category, bin_suffix="run3")
        assert made.bin == expected
        (told,) = found(made, "renamed-bin")
        assert repr(f"{category}_run3") in told
        assert repr(expected) in told
        assert _line_of(made, "bin").split()[1] == expected

    def test_prefix_before_a_digit(self) -> None:
        """A prefix makes a name of a category that begins with a digit, which is not told then."""
        made = card(_output("2b"), category="2b", bin_prefix="cat")
        assert made.bin == "cat_2b_2022"
        assert "renamed-bin" not in codes(made)

    def test_name_of_ones_own(self) -> None:
        """The argument bin_name is the whole name."""
        made = card(_output("2b"), category="2b", bin_name="ttH_2b")
        assert made.bin == "ttH_2b"
        assert "renamed-bin" not in codes(made)

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"bin_name": "2b"}, "bin_name '2b' is not a name that Combine accepts"),
            ({"bin_name": 2}, "bin_name 2 is a int"),
            ({"bin_name": "a", "bin_prefix": "b", "bin_suffix": "c"}, "leave out bin_prefix and bin_suffix"),
            ({"bin_suffix": "a b"}, "change bin_prefix or bin_suffix, or give the whole name as bin_name"),
        ],
        ids=["digit", "number", "both", "blank"],
    )
    def test_refused_names(self, options: dict[str, Any], said: str) -> None:
        """A name that an argument spoils is refused with that argument."""
        (problem,) = problems(_output("SR"), **options)
        assert said in problem


class TestColumns:
    """Names of columns without the year, or with another text behind the process."""

    def test_single_year(self) -> None:
        """The columns of a card of one year are called as their processes, in all its lines and templates."""
        made = card(
            signal_and_ttbar(nominal=[1, 2, 3], JESUp=[2, 2, 3], JESDown=[1, 1, 3]),
            shape("JES"),
            mc_processes=two_processes(has_rateParam=True),
            single_year=True,
        )
        assert list(made.process_id) == ["signal", "ttbar"]
        assert _line_of(made, "SF_ttbar").split() == ["SF_ttbar", "rateParam", "*", "ttbar", "1", "[0,5]"]
        assert made.channel.template_names()[:3] == ("data_obs_nominal", "signal_nominal", "ttbar_nominal")
        assert made.rate("ttbar", "JESUp") == 7

    def test_several_years(self) -> None:
        """Two years cannot be left out of the columns, which would get one name."""
        (problem,) = problems(_two_years(), single_year=True)
        assert "2022, 2023" in problem

    def test_suffix_by_year(self) -> None:
        """A dict gives the columns of each year their own ending."""
        made = card(_two_years(), process_suffix={"2022": "_22", "2023": ""})
        assert list(made.process_id) == ["signal_22", "signal", "ttbar_22", "ttbar"]

    @pytest.mark.parametrize(
        ("suffix", "said"),
        [
            ("_run3", "one name 'ttbar_run3' to several columns, 'ttbar' in 2022, 'ttbar' in 2023"),
            ({"2022": "_22"}, "process_suffix has no text for 2023"),
            ({"2022": "_22", "2023": "_2 3"}, "process_suffix '_2 3' cannot end the name of a column"),
            (22, "process_suffix is 22, expected a text"),
        ],
        ids=["one-for-two", "missing", "blank", "number"],
    )
    def test_refused_suffixes(self, suffix: Any, said: str) -> None:
        """A suffix that gives no names, or one name twice, is refused."""
        assert any(said in problem for problem in problems(_two_years(), process_suffix=suffix))

    def test_single_year_with_suffix(self) -> None:
        """The two arguments that name columns contradict each other."""
        (problem,) = problems(_output("SR"), single_year=True, process_suffix="_x")
        assert "choose one of them" in problem

    def test_name_of_the_observation(self) -> None:
        """A column cannot have the name of the observation."""
        processes = two_processes()
        processes["data"] = process("data", "VV")
        output = signal_and_ttbar(nominal=[1, 2, 3]).mc("VV", "2022", nominal=[1, 2, 3])
        (problem,) = problems(output, mc_processes=processes, process_suffix={"2022": "_obs"})
        assert "'data_obs'" in problem


def _output(category: str) -> Output:
    """Return an output of one category."""
    contents = {category: {"nominal": [1.0, 2.0]}}
    return Output().add("Signal", "2022", simulated(contents)).add("TTbar", "2022", simulated(contents))


def _two_years() -> Output:
    output = signal_and_ttbar(nominal=[1, 2, 3])
    return output.mc("Signal", "2023", nominal=[1, 2, 3]).mc("TTbar", "2023", nominal=[4, 5, 6])


def _line_of(made: Datacard, word: str) -> str:
    """Return the first line of a card that begins with a word."""
    return next(line for line in made.content().splitlines() if line.split()[:1] == [word])
