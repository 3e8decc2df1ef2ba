"""The card of one category as scripts see it: arguments, attributes, what is printed, and what stays as it was."""

from __future__ import annotations

import copy
import inspect
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from datacard_core import (
    Datacard,
    DataProcesses,
    DeclarationError,
    InputError,
    MCProcesses,
    MissingProviderError,
    Severity,
    StrictError,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)
from tests.support import outputs as by_hand

if TYPE_CHECKING:
    from pathlib import Path


card, process, shape, signal_and_ttbar = (
    by_hand.card,
    by_hand.process,
    by_hand.shape,
    by_hand.signal_and_ttbar,
)
Output = by_hand.Output
YEARS = ("2022", "2023")
AXIS = by_hand.bins(0, 0.1, 0.2, 0.3, 0.4)


def lumi(**options: Any) -> SystematicUncertainty:
    declared = {"name": "lumi", "typ": "lnN", "processes": ["signal", "ttbar"], "years": YEARS, "value": 1.02}
    return SystematicUncertainty(**{**declared, **options})


def rich() -> Output:
    """Two years and categories, flow, bins below 0, variations that are missing, not computed, of one year; data."""
    output = Output()
    for year, scale in (("2022", 1.0), ("2023", 2.0)):
        for sample, size in (("Signal", 0.1), ("TTbar", 7.3), ("VV", 1.7)):
            nominal = scale * size * np.array([0.3, 1.1, 2.7, 3.1, 4.9, 0.7])
            contents = {
                category: {
                    "nominal": nominal,
                    "JESUp": 1.1 * nominal + 0.01,
                    "JESDown": nominal / 1.1,
                    "pileupUp": nominal * [1, 1, 1.1, 1.2, 1.3, 1],
                    "pileupDown": nominal * [1, 1, 0.9, 0.8, 0.7, 1],
                    "metUp": nominal * (category == "SR"),
                    "metDown": 0.9 * nominal * (category == "SR"),
                }
                for category in ("CR", "SR")
            }
            if sample == "VV":
                contents["SR"]["nominal"] = contents["SR"]["nominal"] - scale * np.array([0, 0, 5, 0, 0, 0])
            selected = {"nominal": 9, "JESUp": 9, "JESDown": 9, "metUp": 9, "metDown": 8}
            counts = {category: dict(selected) for category in contents}
            output.add(sample, year, by_hand.simulated(contents, AXIS), counts=counts)
        output.add("VV", year, None, part="ZZ", presel={"nominal": 0})
        data = {"CR": [0, 9, 8, 7, 6, 0], "SR": [1, 5, 6, 7, 8, 2]}
        output.add("Muon", year, by_hand.observed(data, AXIS))
    return output


def rich_arguments(**changes: Any) -> dict[str, Any]:
    processes = by_hand.two_processes(YEARS, has_rateParam=True)
    processes["vv"] = process("vv", "VV", years=YEARS)
    every = list(processes)
    systematics = [
        lumi(),
        shape("JES", every, YEARS),
        shape("met", every, YEARS),
        shape("nothing", ["vv"], YEARS),
        *(shape(f"pileup_{year}", every, [year], coffea_name_alias="pileup") for year in YEARS),
    ]
    return {
        "years": list(YEARS),
        "mc_processes": processes,
        "systematics": Systematics(systematics),
        "category": "SR",
        "data_processes": by_hand.observation("Muon", years=YEARS),
        "mcstat": {"threshold": 10},
        "bins_edges": [0, 0.2, 0.4],
        "verbose": False,
        "shape_only_for_rateparam": True,
        "plugins": by_hand.PLUGINS,
    } | changes


def rich_card(output: Output, **changes: Any) -> Datacard:
    return Datacard(output.histograms, output.metadata, output.cutflow, **rich_arguments(**changes))


class TestArguments:
    def test_their_names_and_order_are_those_that_scripts_use(self) -> None:
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

    def test_their_defaults_are_those_that_scripts_rely_on(self) -> None:
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
    def test_the_bin_is_prefix_category_and_suffix(self, options: dict[str, Any], expected: str) -> None:
        assert rich_card(rich(), **options).bin == expected

    @pytest.mark.parametrize("prefix", ["1", "a b", "a/b"])
    def test_a_bin_that_combine_cannot_read_is_refused(self, prefix: str) -> None:
        with pytest.raises(DeclarationError, match="bin"):
            rich_card(rich(), bin_prefix=prefix)

    def test_a_prefix_makes_a_category_with_a_leading_digit_readable(self) -> None:
        contents = {"2b": {"nominal": [1.0, 2.0]}}
        output = Output().add("Signal", "2022", by_hand.simulated(contents))
        output.add("TTbar", "2022", by_hand.simulated(contents))
        assert card(output, category="2b", bin_prefix="cat").bin == "cat_2b_2022"
        with pytest.raises(DeclarationError, match="2b"):
            card(output, category="2b")

    def test_one_year_as_a_string_is_not_taken_for_letters(self) -> None:
        assert rich_card(rich(), years="2022").years == ("2022",)

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
    def test_mcstat_is_a_line_with_what_it_says_or_none(self, mcstat: Any, line: str | None) -> None:
        text = rich_card(rich(), bin_suffix="run3", mcstat=mcstat).content()
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
    def test_a_wrong_mcstat_is_refused(self, mcstat: Any, said: str) -> None:
        with pytest.raises(DeclarationError, match=said):
            rich_card(rich(), mcstat=mcstat)

    def test_what_mcstat_means_can_be_read_back(self) -> None:
        complete = {"threshold": 10, "include_signal": 0, "hist_mode": 1}
        assert rich_card(rich()).mcstat_config == complete
        assert rich_card(rich(), mcstat=True).mcstat_config == {**complete, "threshold": 0}
        assert rich_card(rich(), mcstat=False).mcstat_config == {}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("mc_processes", [process("ttbar", "TTbar")]),
            ("systematics", [lumi()]),
            ("data_processes", process("data", "Muon")),
        ],
    )
    def test_what_is_no_container_is_refused_with_its_name(self, name: str, value: Any) -> None:
        with pytest.raises(DeclarationError, match=name):
            rich_card(rich(), **{name: value})

    def test_no_systematics_at_all_are_fine(self) -> None:
        made = rich_card(rich(), systematics=Systematics([]))
        assert made.kmax == 0
        assert "kmax 0 " in made.content()

    def test_more_than_one_data_process_is_refused(self) -> None:
        observations = DataProcesses([*by_hand.observation("Muon").values()])
        observations["more"] = by_hand.observation("Muon", name="more")["more"]
        with pytest.raises(DeclarationError, match="'data_obs', 'more', expected one"):
            rich_card(rich(), data_processes=observations)

    def test_a_container_without_data_process_is_refused(self) -> None:
        with pytest.raises(DeclarationError, match="holds none, expected one"):
            rich_card(rich(), data_processes=DataProcesses([]))

    def test_all_that_is_wrong_is_told_at_once(self) -> None:
        processes = by_hand.two_processes(YEARS)
        processes["vv"] = process("vv", "WW", "ZZ", years=YEARS)
        systematics = Systematics([lumi(processes=["signal", "tttbar"]), lumi(name="other", years=["20222"])])
        with pytest.raises(DeclarationError) as raised:
            rich_card(
                rich(), mc_processes=processes, systematics=systematics, data_processes=by_hand.observation("Moun")
            )
        assert len(raised.value.problems) == 5
        for text in (
            "'WW'",
            "'ZZ'",
            "'tttbar' (did you mean 'ttbar'?)",
            "'20222' (did you mean '2022'?)",
            "'Moun' (did",
        ):
            assert text in str(raised.value)

    @pytest.mark.parametrize("value", [None, [], "path"], ids=["none", "list", "text"])
    @pytest.mark.parametrize("position", [0, 1, 2], ids=["histograms", "metadata", "cutflow"])
    def test_a_part_of_the_output_that_is_no_dict_is_refused(self, position: int, value: Any) -> None:
        output = rich()
        parts: list[Any] = [output.histograms, output.metadata, output.cutflow]
        parts[position] = value
        with pytest.raises(InputError, match=["histograms", "datasets_metadata", "cutflow"][position]):
            Datacard(*parts, **rich_arguments())

    def test_an_output_that_was_not_postprocessed_is_refused_with_the_way_out(self) -> None:
        output = rich()
        with pytest.raises(InputError, match="merge-outputs"):
            Datacard(output.histograms, {}, output.cutflow, **rich_arguments())

    def test_templates_of_one_name_are_refused(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 1]).mc("A", "2022", nominal=[1, 1], x_JESUp=[1, 2])
        output.mc("B", "x", nominal=[1, 1], JESUp=[1, 2])
        processes = MCProcesses(
            [
                process("signal", "Signal", is_signal=True),
                process("top", "A"),
                process("top_2022", "B", years=["x"]),
            ]
        )
        systematics = [shape("x_JES", ["top"]), shape("JES", ["top_2022"], ["x"])]
        with pytest.raises(DeclarationError, match="'top_2022_x_JESUp'"):
            card(output, *systematics, mc_processes=processes, bin_suffix="")

    def test_a_kind_that_no_selected_plugin_brings_is_told_with_the_plugin_that_does(self) -> None:
        with pytest.raises(MissingProviderError, match="lnn"):
            rich_card(rich(), plugins=load_plugins("shape", "rateparam", "mcstats", "combine", "root"))

    def test_autoMCStats_without_its_plugin_tells_the_way_out(self) -> None:  # noqa: N802 - Combine's word
        plugins = load_plugins("lnn", "shape", "rateparam", "combine", "root")
        with pytest.raises(MissingProviderError, match="mcstat=False"):
            rich_card(rich(), plugins=plugins)
        assert "autoMCStats" not in rich_card(rich(), plugins=plugins, mcstat=False).content()


class TestAttributes:
    def test_signals_count_down_from_0_and_backgrounds_up_from_1(self) -> None:
        assert rich_card(rich()).process_id == {
            "signal_2022": 0,
            "signal_2023": -1,
            "ttbar_2022": 1,
            "ttbar_2023": 2,
            "vv_2022": 3,
            "vv_2023": 4,
        }

    def test_signals_may_stand_anywhere(self) -> None:
        processes = MCProcesses(
            [
                process("vv", "VV", years=YEARS),
                process("signal", "Signal", years=YEARS, is_signal=True),
                process("ttbar", "TTbar", years=YEARS),
            ]
        )
        ids = list(rich_card(rich(), mc_processes=processes).process_id.values())
        assert ids == [1, 2, 0, -1, 3, 4]

    def test_counts_are_those_of_the_text(self) -> None:
        made = rich_card(rich())
        lines = [line.split() for line in made.content().splitlines() if not line.startswith("#")]
        assert (made.imax, made.jmax, made.kmax) == (1, 5, 6)
        assert [words[:2] for words in lines[:3]] == [["imax", "1"], ["jmax", "5"], ["kmax", "6"]]

    def test_observation_is_the_sum_of_the_written_data(self) -> None:
        assert rich_card(rich()).observation == 2 * (5 + 6 + 7 + 8)
        assert rich_card(rich(), years=["2023"]).observation == 5 + 6 + 7 + 8
        assert rich_card(rich(), data_processes=None).observation == -1

    def test_has_data_says_whether_there_is_a_data_process(self) -> None:
        assert rich_card(rich()).has_data
        assert not rich_card(rich(), data_processes=None).has_data

    def test_variations_are_those_of_the_written_templates(self) -> None:
        assert rich_card(rich()).shape_variations == [
            "nominal",
            *("JESUp", "JESDown", "metUp", "metDown", "nothingUp", "nothingDown"),
            *("pileup_2022Up", "pileup_2022Down", "pileup_2023Up", "pileup_2023Down"),
        ]

    def test_what_was_passed_can_be_read_back(self) -> None:
        arguments = rich_arguments(bin_prefix="p", bin_suffix="s")
        output = rich()
        made = Datacard(output.histograms, output.metadata, output.cutflow, **arguments)
        for name in (
            "mc_processes",
            "data_processes",
            "systematics",
            "category",
            "bins_edges",
            "bin_prefix",
            "bin_suffix",
        ):
            assert getattr(made, name) is arguments[name]
        assert made.years == YEARS

    def test_its_repr_says_what_it_is(self) -> None:
        assert repr(rich_card(rich())) == "<Datacard 'SR_2022_2023': 6 columns, 6 nuisances, observation 52>"


class TestRates:
    def test_the_rate_of_a_column_is_that_of_its_template(self) -> None:
        made = card(signal_and_ttbar(nominal=[10, -4, 30], JESUp=[12, 1, -3], JESDown=[9, 1, 1]), shape("JES"))
        assert made.rate("ttbar_2022") == 40
        assert made.rate("ttbar_2022", "JESUp") == 13
        assert made.rate("ttbar_2022", "JESDown") == 11

    def test_a_variation_that_does_not_touch_a_column_leaves_its_rate(self) -> None:
        made = card(signal_and_ttbar(nominal=[10, 4, 30], JESUp=[12, 1, 3], JESDown=[9, 1, 1]), shape("JES"))
        assert made.rate("signal_2022", "JESUp") == made.rate("signal_2022") == 6

    def test_an_unknown_column_is_an_error_with_the_closest(self) -> None:
        with pytest.raises(DeclarationError, match="did you mean 'ttbar_2022'"):
            rich_card(rich()).rate("tbar_2022")

    def test_a_process_without_its_year_is_an_error_with_the_closest(self) -> None:
        with pytest.raises(DeclarationError, match=r"did you mean 'ttbar_202[23]'"):
            rich_card(rich()).rate("ttbar")

    @pytest.mark.parametrize("variation", ["JESup", "JES_Up", "JESUpp"])
    def test_an_unknown_variation_is_an_error_with_the_closest(self, variation: str) -> None:
        with pytest.raises(DeclarationError, match="did you mean 'JESUp'"):
            rich_card(rich()).rate("ttbar_2022", variation)

    def test_the_rates_in_the_text_are_the_integrals_in_the_file(self, tmp_path: Path) -> None:
        made = rich_card(rich())
        file = by_hand.written(made, tmp_path)
        lines = [line.split() for line in made.content().splitlines()]
        (rates,) = [[float(word) for word in words[1:]] for words in lines if words[0] == "rate"]
        columns = next(words[1:] for words in lines if words[0] == "process")
        for column, rate in zip(columns, rates, strict=True):
            assert rate == made.rate(column)
            assert rate == pytest.approx(file[f"{column}_nominal"][0].sum(), rel=1e-14)
        assert made.observation == file["data_obs_nominal"][0].sum()


class TestHistogram:
    def test_it_holds_what_the_file_holds(self, tmp_path: Path) -> None:
        made = rich_card(rich())
        file = by_hand.written(made, tmp_path)
        for column in made.process_id:
            for variation in made.shape_variations:
                inside = made.histogram[column, variation, :]
                nominal = file[f"{column}_nominal"]
                values, variances, edges = file.get(f"{column}_{variation}", nominal)
                np.testing.assert_array_equal(inside.values(), values)
                np.testing.assert_array_equal(inside.variances(), variances)
                np.testing.assert_array_equal(inside.axes[0].edges, edges)
        np.testing.assert_array_equal(made.data_obs["data_obs", :].values(), file["data_obs_nominal"][0])

    def test_the_file_has_exactly_the_templates_that_the_rows_say(self, tmp_path: Path) -> None:
        made = rich_card(rich())
        lines = [line.split() for line in made.content().splitlines()]
        columns = next(words[1:] for words in lines if words[0] == "process")
        expected = {"data_obs_nominal", *(f"{column}_nominal" for column in columns)}
        for words in lines:
            if len(words) > 1 and words[1] == "shape":
                touched = [column for column, cell in zip(columns, words[2:], strict=True) if cell != "-"]
                expected |= {f"{column}_{words[0]}{way}" for column in touched for way in ("Up", "Down")}
        assert set(by_hand.written(made, tmp_path)) == expected

    def test_its_axes_are_process_variation_and_variable(self) -> None:
        histogram = rich_card(rich()).histogram
        assert [axis.name for axis in histogram.axes] == ["process", "variation", "events.m"]
        assert histogram.axes[2].label == "m"
        assert histogram.axes[2].edges.tolist() == [0, 0.2, 0.4]

    def test_changing_it_changes_no_card(self) -> None:
        made = rich_card(rich())
        text = made.content()
        made.histogram.view()["value"] = 7
        made.data_obs.view()["value"] = 7
        assert made.content() == text
        assert made.observation == 52

    def test_a_bin_that_was_declared_evenly_stays_so(self) -> None:
        import hist  # noqa: PLC0415 - nothing else here needs it

        axis = hist.axis.Regular(3, 0, 1.5, name="events.m", label="m [GeV]")
        output = Output().add("Signal", "2022", by_hand.simulated({"SR": {"nominal": [1, 2, 3]}}, axis))
        output.add("TTbar", "2022", by_hand.simulated({"SR": {"nominal": [1, 2, 3]}}, axis))
        variable = card(output).histogram.axes[2]
        assert isinstance(variable, hist.axis.Regular)
        assert variable.edges.tolist() == [0, 0.5, 1, 1.5]


class TestYears:
    def test_a_card_of_some_years_is_that_of_processes_declared_for_them(self) -> None:
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

    def test_a_systematic_of_other_years_has_no_row_and_a_notice(self) -> None:
        made = rich_card(rich(), years=["2023"])
        assert "pileup_2022" not in made.content()
        (notice,) = by_hand.found(made, "no-effect")
        assert "pileup_2022" in notice
        assert notice.startswith("notice")

    def test_the_parameter_of_a_process_is_on_its_columns_in_the_card(self) -> None:
        lines = rich_card(rich(), years=["2023"]).content().splitlines()
        assert [line for line in lines if line.startswith("SF_")] == ["SF_ttbar rateParam * ttbar_2023 1 [0,5]"]

    def test_a_year_twice_is_refused(self) -> None:
        with pytest.raises(DeclarationError, match="twice"):
            rich_card(rich(), years=["2022", "2022"])

    def test_no_year_is_refused(self) -> None:
        with pytest.raises(DeclarationError, match="years is empty"):
            rich_card(rich(), years=[], bin_suffix="x")

    def test_a_number_is_refused_with_the_year_that_was_meant(self) -> None:
        with pytest.raises(DeclarationError, match="did you mean '2022'"):
            rich_card(rich(), years=[2022])


class TestFindings:
    def test_they_are_printed_to_standard_error_unless_told_otherwise(self, capsys: pytest.CaptureFixture[str]) -> None:
        output = rich()
        arguments = rich_arguments()
        del arguments["verbose"]
        made = Datacard(output.histograms, output.metadata, output.cutflow, **arguments)
        printed = capsys.readouterr()
        assert printed.out == ""
        assert set(printed.err.splitlines()) >= {str(finding) for finding in made.findings if finding.code == "clipped"}

    def test_nothing_is_printed_when_not_verbose(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert rich_card(rich()).findings
        assert capsys.readouterr() == ("", "")

    def test_nothing_is_printed_where_nothing_was_found(self, capsys: pytest.CaptureFixture[str]) -> None:
        made = card(signal_and_ttbar(nominal=[1, 2, 3]), verbose=True)
        assert made.findings == ()
        assert capsys.readouterr() == ("", "")

    def test_many_of_one_kind_are_printed_as_few(self, capsys: pytest.CaptureFixture[str]) -> None:
        output = signal_and_ttbar(nominal=[1, 2, 3])
        for number in range(40):
            output.add("TTbar", "2022", None, part=f"p{number}", presel=0)
        made = card(output, verbose=True)
        lines = capsys.readouterr().err.splitlines()
        assert len(made.findings) == 40
        assert len(lines) < 15
        assert "30 more" in lines[-1]

    def test_each_names_the_channel(self) -> None:
        assert {finding.channel for finding in rich_card(rich()).findings} == {"SR_2022_2023"}

    def test_strict_refuses_warnings_all_at_once(self) -> None:
        made = rich_card(rich())
        warnings = [finding for finding in made.findings if finding.severity is Severity.WARNING]
        with pytest.raises(StrictError) as raised:
            rich_card(rich(), strict=True)
        assert list(raised.value.findings) == warnings
        assert len(warnings) > 3
        for finding in warnings:
            assert str(finding) in str(raised.value)

    def test_strict_takes_notices(self) -> None:
        output = signal_and_ttbar(nominal=[1, 2, 3]).add("TTbar", "2022", None, part="ZZ", presel=0)
        made = card(output, strict=True)
        assert [finding.severity for finding in made.findings] == [Severity.NOTICE]


class TestWhatWasPassedStaysAsItWas:
    def test_several_cards_of_the_same_objects_change_none_of_them(self, tmp_path: Path) -> None:
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

    def test_no_look_up_adds_to_a_defaultdict(self) -> None:
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

    def test_a_failing_card_changes_nothing_either(self) -> None:
        output = rich()
        before = copy.deepcopy((output.histograms, output.metadata, output.cutflow))
        for changes in ({"category": "XX"}, {"bins_edges": [0, 7]}, {"strict": True}, {"years": ["1999"]}):
            with pytest.raises((InputError, DeclarationError, StrictError)):
                rich_card(output, **changes)
        assert (output.histograms, output.metadata, output.cutflow) == before

    def test_the_dict_of_mcstat_serves_every_card(self) -> None:
        mcstat = {"threshold": 10, "include_signal": 1, "hist_mode": 1}
        texts = [rich_card(rich(), mcstat=mcstat, bin_suffix="x").content() for _ in range(2)]
        assert mcstat == {"threshold": 10, "include_signal": 1, "hist_mode": 1}
        assert texts[0] == texts[1]
        assert "SR_x autoMCStats 10 1 1" in texts[1]

    def test_a_later_change_of_the_declarations_does_not_reach_a_finished_card(self) -> None:
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


class TestDumping:
    def test_it_writes_the_card_and_its_templates_under_their_names(self, tmp_path: Path) -> None:
        made = rich_card(rich())
        made.dump(directory=tmp_path / "new" / "folder", card_name="card.txt", shapes_name="templates.root")
        folder = tmp_path / "new" / "folder"
        assert sorted(path.name for path in folder.iterdir()) == ["card.txt", "templates.root"]
        assert (folder / "card.txt").read_text() == made.content("templates.root")

    def test_equal_inputs_give_equal_bytes(self, tmp_path: Path) -> None:
        for name in ("one", "other"):
            rich_card(rich()).dump(tmp_path / name)
        for name in ("datacard.txt", "shapes.root"):
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()

    @pytest.mark.parametrize("what", ["writer", "serializer"])
    def test_an_unknown_writer_or_serializer_is_an_error_and_nothing_is_written(
        self, what: str, tmp_path: Path
    ) -> None:
        made = rich_card(rich())
        options: dict[str, Any] = {what: "nobody"}
        with pytest.raises(MissingProviderError, match="nobody"):
            made.dump(tmp_path / "out", **options)
        assert not (tmp_path / "out").exists()

    def test_a_name_with_a_blank_would_break_the_line_of_the_card_and_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DeclarationError, match=r"my shapes\.root"):
            rich_card(rich()).dump(tmp_path / "out", shapes_name="my shapes.root")
        assert not (tmp_path / "out").exists()

    def test_card_and_templates_under_one_name_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DeclarationError, match="one"):
            rich_card(rich()).dump(tmp_path / "out", card_name="one", shapes_name="one")
        assert not (tmp_path / "out").exists()
