"""Declarations that contradict each other, the selected plugins or the output: all told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import (
    Datacard,
    DataProcesses,
    DeclarationError,
    MCProcesses,
    MissingProviderError,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)
from tests.support import declarations
from tests.support import outputs as by_hand
from tests.support.declarations import refused, systematic
from tests.support.outputs import Output, card, problems, process, signal_and_ttbar, template
from tests.support.plugins import Acme, Provider, mine
from tests.support.rich import YEARS, lumi, rich_card

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import CardArguments


class TestSystematics:
    """Systematics that name processes, years or kinds that are not there."""

    def test_unknown_process(self) -> None:
        """An unknown process is answered with the closest match."""
        (problem,) = refused(lambda: declarations.card(systematic(processes=["ttbar", "vjest"])))
        assert "systematic 'unc': no process is named 'vjest' (did you mean 'vjets'?)" in problem

    def test_alias_of_unknown_process(self) -> None:
        """An alias for an unknown process is answered with the closest match."""
        (problem,) = refused(
            lambda: declarations.card(systematic(coffea_name_alias={"ttbar": "a", "vjest": "b", "signal": "c"}))
        )
        assert "systematic 'unc': coffea_name_alias lists process 'vjest'" in problem
        assert "did you mean 'vjets'?" in problem

    def test_alias_of_merged_declaration(self) -> None:
        """The aliases of merged declarations are checked too."""
        first = systematic(name="a", datacard_name="n", years=["2022"])
        second = systematic(name="b", datacard_name="n", years=["2023"], coffea_name_alias={"tbar": "x"})
        (problem,) = refused(lambda: declarations.card(first, second))
        assert "systematic 'b': coffea_name_alias lists process 'tbar'" in problem

    def test_unknown_year(self) -> None:
        """An unknown year is answered with the closest match."""
        (problem,) = refused(lambda: declarations.card(systematic(years=["2022", "2032"])))
        assert "systematic 'unc': no process is declared for year '2032' (did you mean '2023'?)" in problem

    def test_unknown_typ(self) -> None:
        """A typ that no plugin has is answered with the closest match."""
        with pytest.raises(MissingProviderError, match=r"'unc'.*'lnn'.*did you mean 'lnN'\?"):
            declarations.card(systematic(typ="lnn"))

    def test_no_switch_for_declared_systematic(self) -> None:
        """The switch has_rateParam is not proposed for a systematic that is declared by hand."""
        with pytest.raises(MissingProviderError, match="'rateparam'") as caught:
            declarations.card(systematic(name="SF_ttbar", typ="rateParam"))
        assert "has_rateParam" not in str(caught.value)

    def test_all_problems_at_once(self) -> None:
        """All that is wrong in all systematics is told at once."""
        problems = refused(
            lambda: declarations.card(
                systematic(name="a", processes=["tbar"]),
                systematic(name="b", years=["2032"]),
                systematic(name="c", processes=["ttbar"], years=["2022"], value=0.025),
                systematic(name="d", options={"range": (0, 5)}),
            )
        )
        for name, part in (("a", "'tbar'"), ("b", "'2032'"), ("c", "1.025"), ("d", "'range'")):
            assert sum(f"systematic {name!r}" in problem and part in problem for problem in problems) == 1

    @pytest.mark.parametrize(("typ", "value"), [("lnN", 0.025), ("shape", 0)], ids=["lnN", "shape"])
    def test_wrong_value_of_all_columns(self, typ: str, value: float) -> None:
        """A value that is wrong for all columns is told once."""
        assert len(refused(lambda: declarations.card(systematic(typ=typ, value=value)))) == 1


class TestNames:
    """Samples and years that the output does not have, or has twice."""

    def test_misspelt_sample(self) -> None:
        """A misspelt sample comes with the closest match."""
        processes = by_hand.two_processes()
        processes["vv"] = process("vv", "TTbra")
        (problem,) = problems(signal_and_ttbar(nominal=[1, 2, 3]), mc_processes=processes)
        assert "'TTbra' (did you mean 'TTbar'?)" in problem

    def test_misspelt_sample_of_data(self) -> None:
        """A misspelt sample of data comes with the closest match."""
        output = signal_and_ttbar(nominal=[1, 2, 3]).data("DATA_Muon", "2022", [1, 2, 3])
        (problem,) = problems(output, data_processes=by_hand.observation("DATA_Moun"))
        assert "'DATA_Moun' (did you mean 'DATA_Muon'?)" in problem

    def test_misspelt_year(self) -> None:
        """A misspelt year comes with the closest match."""
        output = Output().mc("Signal", "2022_preEE", nominal=[1, 2]).mc("TTbar", "2022_preEE", nominal=[1, 2])
        found_problems = problems(output, years=["2022_preE"])
        assert all("'2022_preE'" in problem for problem in found_problems)
        assert any("did you mean '2022_preEE'?" in problem for problem in found_problems)

    def test_year_without_process(self) -> None:
        """A year of the card that no process has comes with the closest match."""
        processes = by_hand.two_processes(["2022"])
        (problem,) = problems(signal_and_ttbar(nominal=[1, 2, 3]), years=["2022", "2002"], mc_processes=processes)
        assert "'2002' (did you mean '2022'?)" in problem

    def test_sample_in_two_processes(self) -> None:
        """A sample in two processes is an error that names both."""
        processes = by_hand.two_processes()
        processes["top"] = process("top", "TTbar")
        (problem,) = problems(signal_and_ttbar(nominal=[1, 2, 3]), mc_processes=processes)
        for text in ("'TTbar'", "'ttbar'", "'top'"):
            assert text in problem

    def test_sample_in_processes_of_different_years(self) -> None:
        """A sample may be in two processes of different years."""
        output = signal_and_ttbar(nominal=[1, 2, 3]).mc("TTbar", "2023", nominal=[4, 5, 6])
        processes = by_hand.two_processes(["2022"])
        processes["top"] = process("top", "TTbar", years=["2023"])
        made = card(output, mc_processes=processes)
        assert template(made, "top_2023") == [4, 5, 6]
        assert list(made.process_id) == ["signal_2022", "ttbar_2022", "top_2023"]

    def test_years_without_background(self) -> None:
        """A card whose years leave no background is refused."""
        output = signal_and_ttbar(nominal=[1, 2, 3]).mc("TTbar", "2023", nominal=[1, 1, 1])
        processes = MCProcesses(
            [process("signal", "Signal", is_signal=True), process("ttbar", "TTbar", years=["2023"])]
        )
        assert "background" in problems(output, years=["2022"], mc_processes=processes)[0]

    def test_columns_of_card(self) -> None:
        """A process gives columns for those of its years that the card has."""
        output = Output()
        for year, factor in (("2022", 1), ("2023", 10), ("2024", 100)):
            output.mc("Signal", year, nominal=[factor, factor]).mc("TTbar", year, nominal=[factor, factor])
        every = by_hand.two_processes(["2022", "2023", "2024"])
        made = card(output, years=["2024", "2022"], mc_processes=every)
        assert list(made.process_id) == ["signal_2022", "signal_2024", "ttbar_2022", "ttbar_2024"]
        assert made.rate("ttbar_2024") == 200


class TestBin:
    """Combine's name of the channel."""

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
        """A bin that Combine cannot read is refused."""
        with pytest.raises(DeclarationError, match="bin"):
            rich_card(bin_prefix=prefix)

    def test_leading_digit(self) -> None:
        """A category with a leading digit needs a prefix."""
        contents = {"2b": {"nominal": [1.0, 2.0]}}
        output = Output().add("Signal", "2022", by_hand.simulated(contents))
        output.add("TTbar", "2022", by_hand.simulated(contents))
        assert card(output, category="2b", bin_prefix="cat").bin == "cat_2b_2022"
        with pytest.raises(DeclarationError, match="2b"):
            card(output, category="2b")


class TestYears:
    """The years of a card."""

    def test_single_string(self) -> None:
        """One year may be a string."""
        assert rich_card(years="2022").years == ("2022",)

    def test_twice(self) -> None:
        """A year that is listed twice is refused."""
        with pytest.raises(DeclarationError, match="twice"):
            rich_card(years=["2022", "2022"])

    def test_empty(self) -> None:
        """A card without years is refused."""
        with pytest.raises(DeclarationError, match="years is empty"):
            rich_card(years=[], bin_suffix="x")

    def test_number(self) -> None:
        """A year given as a number comes with the closest match."""
        with pytest.raises(DeclarationError, match="did you mean '2022'"):
            rich_card(years=[2022])


class TestMcstat:
    """The statistical uncertainty per bin."""

    @pytest.mark.parametrize(
        ("mcstat", "line"),
        [
            (True, "SR_run3 autoMCStats 0 0 1"),
            ({}, "SR_run3 autoMCStats 0 0 1"),
            ({"threshold": 10}, "SR_run3 autoMCStats 10 0 1"),
            ({"threshold": 5, "include_signal": True, "hist_mode": 2}, "SR_run3 autoMCStats 5 1 2"),
            ({"threshold": -1.0, "include_signal": 1}, "SR_run3 autoMCStats -1 1 1"),
            (False, None),
        ],
        ids=["true", "empty", "threshold", "all", "off-by-threshold", "false"],
    )
    def test_line(self, mcstat: Any, line: str | None) -> None:
        """The argument mcstat becomes a line with its numbers, or no line."""
        text = rich_card(bin_suffix="run3", mcstat=mcstat).content()
        assert [row for row in text.splitlines() if "autoMCStats" in row] == ([] if line is None else [line])

    @pytest.mark.parametrize(
        ("mcstat", "said"),
        [
            ({"treshold": 10}, "did you mean 'threshold'"),
            ({"threshold": "many"}, "'many'"),
            ({"hist_mode": 3}, "expected 1 or 2"),
            ("yes", "True, False or a dict"),
            (None, "True, False or a dict"),
            (10, "True, False or a dict"),
        ],
        ids=["key", "threshold", "mode", "text", "none", "number"],
    )
    def test_refused(self, mcstat: Any, said: str) -> None:
        """A wrong mcstat is refused with the value and what was expected."""
        with pytest.raises(DeclarationError, match=said):
            rich_card(mcstat=mcstat)


class TestContainers:
    """The containers of processes, systematics and data."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("mc_processes", [process("ttbar", "TTbar")]),
            ("systematics", [lumi()]),
            ("data_processes", process("data", "Muon")),
        ],
    )
    def test_wrong_types(self, name: str, value: Any) -> None:
        """An argument that is not a container is refused with its name."""
        with pytest.raises(DeclarationError, match=name):
            rich_card(**{name: value})

    def test_no_systematics(self) -> None:
        """A card needs no systematics."""
        made = rich_card(systematics=Systematics([]))
        assert made.kmax == 0
        assert "kmax 0 " in made.content()

    def test_two_data_processes(self) -> None:
        """More than one data process is refused."""
        observations = DataProcesses([*by_hand.observation("Muon").values()])
        observations["more"] = by_hand.observation("Muon", name="more")["more"]
        with pytest.raises(DeclarationError, match="'data_obs', 'more', expected one"):
            rich_card(data_processes=observations)

    def test_no_data_process(self) -> None:
        """A container without data process is refused."""
        with pytest.raises(DeclarationError, match="holds no process, expected one"):
            rich_card(data_processes=DataProcesses([]))


class TestPlugins:
    """Kinds that the selected plugins have or lack, and their judgement of a declaration."""

    def test_missing_kind(self) -> None:
        """A missing kind comes with the plugin that brings it."""
        with pytest.raises(MissingProviderError, match="lnn"):
            rich_card(plugins=load_plugins("shape", "rateparam", "mcstats", "combine", "root"))

    def test_missing_autoMCStats(self) -> None:  # noqa: N802 - Combine's word
        """A card without the plugin for autoMCStats comes with the way out."""
        plugins = load_plugins("lnn", "shape", "rateparam", "combine", "root")
        with pytest.raises(MissingProviderError, match="mcstat=False"):
            rich_card(plugins=plugins)
        assert "autoMCStats" not in rich_card(plugins=plugins, mcstat=False).content()

    def test_unknown_option(self, card_arguments: CardArguments) -> None:
        """An option that a kind does not have is an error."""
        with pytest.raises(DeclarationError, match="'mine': kind 'lnN' has no option 'skale'"):
            Datacard(**card_arguments(systematics=mine("lnN", skale=1)))

    def test_problems_of_kind(self, card_arguments: CardArguments) -> None:
        """The problems that a kind finds in a declaration are told with the systematic."""

        class Picky(Acme):
            def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
                yield f"value {systematic.value!r} is odd"
                yield "and that is not all"

        plugins = load_plugins("lnn", "shape", "combine", Provider("picky", Picky()))
        with pytest.raises(DeclarationError) as raised:
            Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
        assert [problem.split("'mine': ")[1] for problem in raised.value.problems] == [
            "value 1.5 is odd",
            "and that is not all",
        ]


def test_all_problems_at_once() -> None:
    """Problems with processes, systematics, data and the output are told at once."""
    processes = by_hand.two_processes(YEARS)
    processes["vv"] = process("vv", "WW", "ZZ", years=YEARS)
    systematics = Systematics([lumi(processes=["signal", "tttbar"]), lumi(name="other", years=["20222"])])
    with pytest.raises(DeclarationError) as raised:
        rich_card(mc_processes=processes, systematics=systematics, data_processes=by_hand.observation("Moun"))
    assert len(raised.value.problems) == 5
    for text in (
        "'WW'",
        "'ZZ'",
        "'tttbar' (did you mean 'ttbar'?)",
        "'20222' (did you mean '2022'?)",
        "'Moun' (did",
    ):
        assert text in str(raised.value)
