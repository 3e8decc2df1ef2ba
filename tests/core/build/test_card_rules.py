"""Declarations that contradict each other, the selected plugins or the output: all told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import (
    Datacard,
    DeclarationError,
    Finding,
    MCProcesses,
    MissingProviderError,
    PluginCallError,
    Systematics,
    SystematicUncertainty,
    load_plugins,
    notice,
)
from tests.support import declarations
from tests.support import outputs as by_hand
from tests.support.declarations import refused, row, systematic
from tests.support.outputs import Output, card, found, problems, process, signal_and_ttbar, template
from tests.support.plugins import Acme, Provider, mine
from tests.support.rich import YEARS, lumi, rich_card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import CardArguments


class TestSystematics:
    """Systematics that name processes, years or kinds that are not there."""

    def test_unknown_process(self) -> None:
        """An unknown process is answered with the closest match."""
        (problem,) = refused(lambda: declarations.card(systematic(processes=["ttbar", "vjest"])))
        assert "systematic 'unc': no process is named 'vjest' (did you mean 'vjets'?)" in problem

    def test_process_of_another_region(self) -> None:
        """A process that resembles none of the card is a warning: another region may have it."""
        made = declarations.card(systematic(processes=["ttbar", "qcd"]))
        assert row(made, "unc")[2:] == ["-", "-", "1.05", "1.05", "-"]
        (told,) = found(made, "unknown-process")
        assert told.startswith("warning")
        assert "unc: no process is named 'qcd' (known: signal, ttbar, vjets)" in told

    def test_aliases_of_another_region(self) -> None:
        """A shared dict of aliases may list processes of other regions."""
        aliases = {"ttbar": "a", "qcd": "b"}
        assert declarations.card(systematic(coffea_name_alias=aliases)).kmax == 1

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
        assert "systematic 'unc': year '2032' is neither in the output nor declared for a process" in problem
        assert "(did you mean '2023'?)" in problem

    def test_misspelt_year_of_all_systematics(self) -> None:
        """A misspelt year in a list that several systematics share is refused for each of them."""
        years = ["2022", "2032"]
        assert len(refused(lambda: declarations.card(*(systematic(name=name, years=years) for name in "ab")))) == 2

    def test_one_list_for_all_years(self) -> None:
        """Systematics of other years than the card's have no row, in a script that loops over years."""
        made = declarations.card(*(systematic(name=f"lumi_{year}", years=[year]) for year in ("2016", "2022", "2017")))
        assert [nuisance.name for nuisance in made.channel.nuisances] == ["lumi_2022"]
        assert len(found(made, "no-effect")) == 2

    def test_year_of_no_other_declaration(self) -> None:
        """A year that the output has not and one systematic alone mentions is an error."""
        (problem,) = refused(lambda: declarations.card(systematic(years=["2022", "2016"])))
        assert "'2016'" in problem

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
        """A card whose years leave no background is made, with a warning."""
        output = signal_and_ttbar(nominal=[1, 2, 3]).mc("TTbar", "2023", nominal=[1, 1, 1])
        processes = MCProcesses(
            [process("signal", "Signal", is_signal=True), process("ttbar", "TTbar", years=["2023"])]
        )
        made = card(output, years=["2022"], mc_processes=processes)
        (told,) = by_hand.found(made, "no-background")
        assert told.startswith("warning")
        assert made.content().count("signal_2022") == 1
        # Without data, the observation is the sum of the backgrounds.
        assert made.data_obs.sum().value == 0

    def test_background_without_yield(self) -> None:
        """A card whose backgrounds have no yield is refused, as Combine does."""
        (problem,) = problems(signal_and_ttbar(nominal=[0, 0, 0]))
        assert "no background has any yield" in problem

    def test_columns_of_card(self) -> None:
        """A process gives columns for those of its years that the card has."""
        output = Output()
        for year, factor in (("2022", 1), ("2023", 10), ("2024", 100)):
            output.mc("Signal", year, nominal=[factor, factor]).mc("TTbar", year, nominal=[factor, factor])
        every = by_hand.two_processes(["2022", "2023", "2024"])
        made = card(output, years=["2024", "2022"], mc_processes=every)
        assert list(made.process_id) == ["signal_2022", "signal_2024", "ttbar_2022", "ttbar_2024"]
        assert made.rate("ttbar_2024") == 200


class TestYearsOfProcesses:
    """Years of processes that are neither in the output nor in the card."""

    @staticmethod
    def output() -> Output:
        """Return an output of two periods of one year."""
        output = Output()
        for year in ("2022_preEE", "2022_postEE"):
            output.mc("Signal", year, nominal=[1, 2]).mc("TTbar", year, nominal=[1, 2]).mc("VV", year, nominal=[1, 2])
        return output

    @pytest.mark.parametrize("misspelt", ["2022_postEEE", "2022_PostEE", "2022postEE", "2202_postEE", "2018"])
    def test_one_process(self, misspelt: str) -> None:
        """A misspelt year of one process, whose column would vanish, is an error with the closest match."""
        processes = by_hand.two_processes(["2022_preEE", "2022_postEE"])
        processes["vv"] = process("vv", "VV", years=["2022_preEE", misspelt])
        (problem,) = problems(self.output(), mc_processes=processes)
        assert f"process 'vv': year {misspelt!r} is neither in the output nor in the years of the card" in problem
        assert ("did you mean '2022_postEE'?" in problem) == (misspelt != "2018")

    def test_shared_list(self) -> None:
        """A misspelt year in a list that several processes share is an error too."""
        years = ["2022_preEE", "2022_postEEE"]
        processes = by_hand.two_processes(["2022_preEE", "2022_postEE"])
        for name, sample in (("vv", "VV"), ("wz", "WZ")):
            processes[name] = process(name, sample, years=years)
        output = self.output().mc("WZ", "2022_preEE", nominal=[1, 1])
        assert len([problem for problem in problems(output, mc_processes=processes) if "2022_postEEE" in problem]) == 2

    def test_data(self) -> None:
        """A misspelt year of the data is an error."""
        output = self.output().data("DATA", "2022_preEE", [1, 2]).data("DATA", "2022_postEE", [1, 2])
        data = by_hand.observation("DATA", years=["2022_preEE", "2022_postE"])
        (problem,) = problems(output, data_processes=data)
        assert "process 'data_obs': year '2022_postE'" in problem

    def test_years_of_other_outputs(self) -> None:
        """Years that all processes list may be in other outputs."""
        output = signal_and_ttbar(nominal=[1, 2, 3])
        made = card(output, mc_processes=by_hand.two_processes(["2016", "2017", "2022"]), years=["2022"])
        assert list(made.process_id) == ["signal_2022", "ttbar_2022"]

    def test_none_of_the_years(self) -> None:
        """A process none of whose years are in the card has no column, and a notice says so."""
        processes = by_hand.two_processes(["2022_preEE"])
        processes["vv"] = process("vv", "VV", years=["2022_postEE"])
        made = card(self.output(), mc_processes=processes, years=["2022_preEE"])
        assert list(made.process_id) == ["signal_2022_preEE", "ttbar_2022_preEE"]
        (told,) = found(made, "no-column")
        assert told.endswith(
            "SR_2022_preEE, vv: none of its years (2022_postEE) is in this card: it has no column here"
        )


class TestPseudoData:
    """Samples that are data and a column of one card, or of two."""

    def test_simulation_as_data(self) -> None:
        """An observation made of the samples of columns adds nothing to the columns."""
        output = signal_and_ttbar(nominal=[10.25, 20, 30])
        made = card(output, data_processes=by_hand.observation("TTbar", "Signal"))
        assert made.observation == made.rate("ttbar_2022") + made.rate("signal_2022")
        assert made.rate("ttbar_2022") == 60.25

    def test_data_as_column(self) -> None:
        """Data may be the template of a process and the observation."""
        output = signal_and_ttbar(nominal=[1, 2, 3]).data("Muon", "2022", [4, 5, 6])
        processes = by_hand.two_processes()
        processes["qcd"] = process("qcd", "Muon")
        made = card(output, mc_processes=processes, data_processes=by_hand.observation("Muon"))
        assert (template(made, "qcd_2022"), made.observation) == ([4, 5, 6], 15)


class TestYears:
    """The years of a card."""

    @pytest.mark.slow
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


class TestPlugins:
    """Kinds that the selected plugins have or lack, and their judgement of a declaration."""

    def test_missing_kind(self) -> None:
        """A missing kind comes with the plugin that brings it."""
        with pytest.raises(MissingProviderError, match="lnn"):
            rich_card(plugins=load_plugins("shape", "rateparam", "mcstats", "combine", "root"))

    @pytest.mark.slow
    def test_missing_autoMCStats(self) -> None:  # noqa: N802 - Combine's word
        """A card without the plugin for autoMCStats comes with the way out."""
        plugins = load_plugins("lnn", "shape", "rateparam", "combine", "root")
        with pytest.raises(MissingProviderError, match="mcstat=False"):
            rich_card(plugins=plugins)
        assert "autoMCStats" not in rich_card(plugins=plugins, mcstat=False).content()

    @pytest.mark.slow
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

    @pytest.mark.slow
    def test_findings_of_kind(self, card_arguments: CardArguments) -> None:
        """The card has the findings of a kind about a declaration, with the channel and the nuisance."""

        class Doubtful(Acme):
            def findings(self, systematic: SystematicUncertainty) -> Iterator[Finding]:
                yield notice("acme-doubt", f"value {systematic.value!r} is odd", column="top")

        plugins = load_plugins("lnn", "shape", "combine", Provider("doubtful", Doubtful()))
        made = Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
        assert found(made, "acme-doubt") == [f"notice [acme-doubt] {made.bin}, top, mine: value 1.5 is odd"]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("findings", "said"),
        [(lambda _: ["odd"], "got 'odd', expected findings"), (lambda _: None, "TypeError"), (lambda _: 1 / 0, "Zero")],
        ids=["text", "None", "error"],
    )
    def test_wrong_findings_of_kind(
        self, findings: Callable[[object], Any], said: str, card_arguments: CardArguments
    ) -> None:
        """A kind that returns other objects, or fails, is named."""
        kind = Acme()
        kind.findings = findings  # type: ignore[method-assign, assignment]
        plugins = load_plugins("lnn", "shape", "combine", Provider("wrong", kind))
        with pytest.raises(PluginCallError, match=said) as raised:
            Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
        assert raised.value.plugin == "wrong"


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
        "'20222' is neither",
        "'Moun' (did",
    ):
        assert text in str(raised.value)
