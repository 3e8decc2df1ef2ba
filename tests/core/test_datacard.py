"""The card of one category as scripts see it: arguments, attributes, prints, files and plots."""

from __future__ import annotations

import copy
import inspect
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import (
    Datacard,
    DeclarationError,
    InputError,
    MCProcesses,
    Severity,
    StrictError,
    Systematics,
)
from tests.support import outputs as by_hand
from tests.support.outputs import card, process, shape, signal_and_ttbar
from tests.support.rich import YEARS, lumi, rich, rich_arguments, rich_card

if TYPE_CHECKING:
    from pathlib import Path


class TestArguments:
    """The arguments of PocketCoffea's Datacard."""

    def test_names(self) -> None:
        """Names and order are those that scripts use."""
        parameters = list(inspect.signature(Datacard).parameters)
        assert parameters[:15] == [
            "histograms",
            "datasets_metadata",
            "cutflow",
            "years",
            "mc_processes",
            "systematics",
            "category",
            "data_processes",
            "mcstat",
            "bins_edges",
            "bin_prefix",
            "bin_suffix",
            "verbose",
            "shape_only_for_rateparam",
            "rateparam_norm_categories",
        ]

    def test_defaults(self) -> None:
        """Defaults are those that scripts rely on."""
        parameters = inspect.signature(Datacard).parameters
        defaults = {name: parameter.default for name, parameter in parameters.items()}
        assert all(defaults[name] is inspect.Parameter.empty for name in list(parameters)[:7])
        assert [defaults[name] for name in list(parameters)[7:15]] == [
            None,
            True,
            None,
            None,
            None,
            True,
            False,
            None,
        ]

    @pytest.mark.slow
    def test_mcstat(self) -> None:
        """The argument mcstat is read back with all its settings."""
        complete = {"threshold": 10, "include_signal": 0, "hist_mode": 1}
        assert rich_card().mcstat_config == complete
        assert rich_card(mcstat=True).mcstat_config == {**complete, "threshold": 0}
        assert rich_card(mcstat=False).mcstat_config == {}

    @pytest.mark.parametrize("value", [None, [], "path"], ids=["none", "list", "text"])
    @pytest.mark.parametrize("position", [0, 1, 2], ids=["histograms", "metadata", "cutflow"])
    def test_part_of_output_of_wrong_type(self, position: int, value: Any) -> None:
        """A part of the output that is not a dict is refused."""
        output = rich()
        parts: list[Any] = [output.histograms, output.metadata, output.cutflow]
        parts[position] = value
        with pytest.raises(InputError, match=["histograms", "datasets_metadata", "cutflow"][position]):
            Datacard(*parts, **rich_arguments())

    def test_output_not_postprocessed(self) -> None:
        """An output that was not postprocessed is refused with the way out."""
        output = rich()
        with pytest.raises(InputError, match="merge-outputs"):
            Datacard(output.histograms, {}, output.cutflow, **rich_arguments())


class TestAttributes:
    """What a card is read by."""

    @pytest.mark.slow
    def test_process_ids(self) -> None:
        """The ids of signals count down from 0, those of backgrounds up from 1."""
        assert rich_card().process_id == {
            "signal_2022": 0,
            "signal_2023": -1,
            "ttbar_2022": 1,
            "ttbar_2023": 2,
            "vv_2022": 3,
            "vv_2023": 4,
        }

    @pytest.mark.slow
    def test_order_of_signals(self) -> None:
        """Signals may stand anywhere."""
        processes = MCProcesses(
            [
                process("vv", "VV", years=YEARS),
                process("signal", "Signal", years=YEARS, is_signal=True),
                process("ttbar", "TTbar", years=YEARS),
            ]
        )
        ids = list(rich_card(mc_processes=processes).process_id.values())
        assert ids == [1, 2, 0, -1, 3, 4]

    @pytest.mark.slow
    def test_counts(self) -> None:
        """The counts imax, jmax and kmax are those of the text."""
        made = rich_card()
        lines = [line.split() for line in made.content().splitlines() if not line.startswith("#")]
        assert (made.imax, made.jmax, made.kmax) == (1, 5, 6)
        assert [words[:2] for words in lines[:3]] == [["imax", "1"], ["jmax", "5"], ["kmax", "6"]]

    @pytest.mark.slow
    def test_observation(self) -> None:
        """The observation is the sum of the written data, -1 without data."""
        assert rich_card().observation == 2 * (5 + 6 + 7 + 8)
        assert rich_card(years=["2023"]).observation == 5 + 6 + 7 + 8
        assert rich_card(data_processes=None).observation == -1

    @pytest.mark.slow
    def test_has_data(self) -> None:
        """A card has data if it has a data process."""
        assert rich_card().has_data
        assert not rich_card(data_processes=None).has_data

    @pytest.mark.slow
    def test_shape_variations(self) -> None:
        """Variations are those of the written templates."""
        assert rich_card().shape_variations == [
            "nominal",
            *("JESUp", "JESDown", "metUp", "metDown", "nothingUp", "nothingDown"),
            *("pileup_2022Up", "pileup_2022Down", "pileup_2023Up", "pileup_2023Down"),
        ]

    @pytest.mark.slow
    def test_arguments(self) -> None:
        """The arguments are read back; declarations as equal copies, which later changes do not reach."""
        arguments = rich_arguments(bin_prefix="p", bin_suffix="s")
        output = rich()
        made = Datacard(output.histograms, output.metadata, output.cutflow, **arguments)
        for name in ("category", "bins_edges", "bin_prefix", "bin_suffix"):
            assert getattr(made, name) == arguments[name]
        for name in ("mc_processes", "data_processes", "systematics"):
            assert getattr(made, name) == arguments[name]
            assert getattr(made, name) is not arguments[name]
        assert made.years == YEARS

    @pytest.mark.slow
    def test_repr(self) -> None:
        """The repr has the bin, columns, nuisances and observation."""
        assert repr(rich_card()) == "<Datacard 'SR_2022_2023': 6 columns, 6 nuisances, observation 52>"


class TestRates:
    """Yields of written templates."""

    def test_of_templates(self) -> None:
        """The rate of a column is the integral of its written template."""
        made = card(signal_and_ttbar(nominal=[10, -4, 30], JESUp=[12, 1, -3], JESDown=[9, 1, 1]), shape("JES"))
        assert made.rate("ttbar_2022") == 40
        assert made.rate("ttbar_2022", "JESUp") == 13
        assert made.rate("ttbar_2022", "JESDown") == 11

    def test_untouched_column(self) -> None:
        """A variation without effect on a column leaves its rate."""
        made = card(signal_and_ttbar(nominal=[10, 4, 30], JESUp=[12, 1, 3], JESDown=[9, 1, 1]), shape("JES"))
        assert made.rate("signal_2022", "JESUp") == made.rate("signal_2022") == 6

    @pytest.mark.slow
    def test_unknown_column(self) -> None:
        """An unknown column is an error with the closest match."""
        with pytest.raises(DeclarationError, match="did you mean 'ttbar_2022'"):
            rich_card().rate("tbar_2022")

    @pytest.mark.slow
    def test_process_without_year(self) -> None:
        """A process without its year is an error with the closest match."""
        with pytest.raises(DeclarationError, match=r"did you mean 'ttbar_202[23]'"):
            rich_card().rate("ttbar")

    @pytest.mark.slow
    @pytest.mark.parametrize("variation", ["JESup", "JES_Up", "JESUpp"])
    def test_unknown_variation(self, variation: str) -> None:
        """An unknown variation is an error with the closest match."""
        with pytest.raises(DeclarationError, match="did you mean 'JESUp'"):
            rich_card().rate("ttbar_2022", variation)

    @pytest.mark.slow
    def test_text_and_file(self, tmp_path: Path) -> None:
        """The rates in the text are the integrals in the file."""
        made = rich_card()
        file = by_hand.written(made, tmp_path)
        lines = [line.split() for line in made.content().splitlines()]
        (rates,) = [[float(word) for word in words[1:]] for words in lines if words[0] == "rate"]
        columns = next(words[1:] for words in lines if words[0] == "process")
        for column, rate in zip(columns, rates, strict=True):
            assert rate == made.rate(column)
            assert rate == pytest.approx(file[f"{column}_nominal"][0].sum(), rel=1e-14)
        assert made.observation == file["data_obs_nominal"][0].sum()


class TestYears:
    """Cards of some of the declared years."""

    @pytest.mark.slow
    def test_card_of_one_year(self) -> None:
        """A card of one year is that of processes declared for this year."""
        output = rich()
        everything = rich_card(output, years=["2023"])
        processes = by_hand.two_processes(["2023"], has_rateParam=True)
        processes["vv"] = process("vv", "VV", years=["2023"])
        every = list(processes)
        systematics = Systematics(
            [
                lumi(years=["2023"]),
                shape("JES", every, ["2023"]),
                shape("met", every, ["2023"]),
                shape("nothing", ["vv"], ["2023"]),
                shape("pileup_2023", every, ["2023"], coffea_name_alias="pileup"),
            ]
        )
        by_year = rich_card(
            output,
            years=["2023"],
            mc_processes=processes,
            systematics=systematics,
            data_processes=by_hand.observation("Muon", years=["2023"]),
        )
        assert everything.content() == by_year.content()
        assert everything.histogram == by_year.histogram
        assert everything.data_obs == by_year.data_obs

    @pytest.mark.slow
    def test_systematic_of_other_years(self) -> None:
        """A systematic of other years has no row and a notice."""
        made = rich_card(years=["2023"])
        assert "pileup_2022" not in made.content()
        (notice,) = by_hand.found(made, "no-effect")
        assert "pileup_2022" in notice
        assert notice.startswith("notice")


class TestFindings:
    """Findings, printed or raised."""

    @pytest.mark.slow
    def test_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Findings are printed to standard error by default."""
        output = rich()
        arguments = rich_arguments()
        del arguments["verbose"]
        made = Datacard(output.histograms, output.metadata, output.cutflow, **arguments)
        printed = capsys.readouterr()
        assert printed.out == ""
        assert set(printed.err.splitlines()) >= {str(finding) for finding in made.findings if finding.code == "clipped"}

    @pytest.mark.slow
    def test_not_verbose(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A card that is not verbose prints no text."""
        assert rich_card().findings
        assert capsys.readouterr() == ("", "")

    def test_without_findings(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A card without findings prints no text."""
        made = card(signal_and_ttbar(nominal=[1, 2, 3]), verbose=True)
        assert made.findings == ()
        assert capsys.readouterr() == ("", "")

    def test_many_of_one_code(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Of many findings of one code a few are printed, and the rest is counted."""
        output = signal_and_ttbar(nominal=[1, 2, 3])
        for number in range(40):
            output.add("TTbar", "2022", None, part=f"p{number}", presel=0)
        made = card(output, verbose=True)
        lines = capsys.readouterr().err.splitlines()
        assert len(made.findings) == 40
        assert len(lines) < 15
        assert "30 more" in lines[-1]

    @pytest.mark.slow
    def test_channel(self) -> None:
        """Each finding names the channel."""
        assert {finding.channel for finding in rich_card().findings} == {"SR_2022_2023"}

    @pytest.mark.slow
    def test_strict_with_warnings(self) -> None:
        """With strict, all warnings are raised at once."""
        made = rich_card()
        warnings = [finding for finding in made.findings if finding.severity is Severity.WARNING]
        with pytest.raises(StrictError) as raised:
            rich_card(strict=True)
        assert list(raised.value.findings) == warnings
        assert len(warnings) > 3
        for finding in warnings:
            assert str(finding) in str(raised.value)

    def test_strict_with_notices(self) -> None:
        """With strict, notices are accepted."""
        output = signal_and_ttbar(nominal=[1, 2, 3]).add("TTbar", "2022", None, part="ZZ", presel=0)
        made = card(output, strict=True)
        assert [finding.severity for finding in made.findings] == [Severity.NOTICE]


class TestArgumentsStayAsTheyWere:
    """Building cards changes neither output nor declarations."""

    @pytest.mark.slow
    def test_several_cards(self, tmp_path: Path) -> None:
        """Several cards of the same objects do not change them."""
        output, arguments = rich(), rich_arguments()
        containers = (output.histograms, output.metadata, output.cutflow)
        before = copy.deepcopy((containers, {name: arguments[name] for name in arguments if name != "plugins"}))
        cards: list[Datacard] = []
        for category in ("SR", "CR", "SR"):
            made = Datacard(*containers, **{**arguments, "category": category})
            _ = made.histogram, made.data_obs, made.findings
            made.dump(tmp_path / str(len(cards)))
            cards.append(made)
        after = (containers, {name: arguments[name] for name in arguments if name != "plugins"})
        assert after == before
        assert cards[0].content() == cards[2].content()
        assert cards[0].content() == rich_card(rich()).content()
        assert (tmp_path / "0" / "shapes.root").read_bytes() == (tmp_path / "2" / "shapes.root").read_bytes()

    @pytest.mark.slow
    def test_defaultdict(self) -> None:
        """No look-up adds to a defaultdict."""
        output = rich()
        output.periods["2024"] = defaultdict(set)
        output.add("Other", "2024", by_hand.simulated({"SR": {"nominal": [1, 1]}}))
        before = copy.deepcopy((output.histograms, output.periods, output.by_dataset))
        rich_card(output)
        with pytest.raises(DeclarationError):
            rich_card(output, data_processes=by_hand.observation("Nobody"))
        processes = by_hand.two_processes([*YEARS, "2024"])
        made = rich_card(output, mc_processes=processes, systematics=Systematics([]), years=[*YEARS, "2024"])
        assert [finding for finding in made.findings if finding.code == "no-dataset"]
        assert (output.histograms, output.periods, output.by_dataset) == before

    @pytest.mark.slow
    def test_failing_card(self) -> None:
        """A card that fails does not change them either."""
        output = rich()
        before = copy.deepcopy((output.histograms, output.metadata, output.cutflow))
        for changes in ({"category": "XX"}, {"bins_edges": [0, 7]}, {"strict": True}, {"years": ["1999"]}):
            with pytest.raises((InputError, DeclarationError, StrictError)):
                rich_card(output, **changes)
        assert (output.histograms, output.metadata, output.cutflow) == before

    @pytest.mark.slow
    def test_mcstat(self) -> None:
        """One dict for mcstat serves several cards."""
        mcstat = {"threshold": 10, "include_signal": 1, "hist_mode": 1}
        texts = [rich_card(mcstat=mcstat, bin_suffix="x").content() for _ in range(2)]
        assert mcstat == {"threshold": 10, "include_signal": 1, "hist_mode": 1}
        assert texts[0] == texts[1]
        assert "SR_x autoMCStats 10 1 1" in texts[1]

    @pytest.mark.slow
    def test_later_changes(self) -> None:
        """A later change of declarations or histograms does not reach a finished card."""
        arguments = rich_arguments()
        output = rich()
        made = Datacard(output.histograms, output.metadata, output.cutflow, **arguments)
        text = made.content()
        del arguments["mc_processes"]["vv"]
        del arguments["systematics"]["JES"]
        output.histograms["TTbar"]["TTbar_2022"].view()["value"] = 0
        assert made.content() == text
        assert made.rate("vv_2022") > 0
        assert made.histogram["ttbar_2022", "nominal", sum].value > 0
