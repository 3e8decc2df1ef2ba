"""The card of one category as scripts see it: arguments, attributes, prints, files and plots."""

from __future__ import annotations

import copy
import inspect
import os
import subprocess
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import hist
import numpy as np
import pytest

from datacard_core import (
    Datacard,
    DeclarationError,
    InputError,
    MCProcesses,
    MissingProviderError,
    PluginCallError,
    PluginLoadError,
    Severity,
    StrictError,
    Systematics,
    load_plugins,
)
from tests.support import outputs as by_hand
from tests.support.outputs import Output, card, process, shape, signal_and_ttbar
from tests.support.paths import ROOT
from tests.support.plots import PLUGIN, Calling, Names, Yields, card_with, contents, names_in
from tests.support.rich import YEARS, lumi, rich, rich_arguments, rich_card

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Channel
    from tests.conftest import Install


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

    def test_counts(self) -> None:
        """The counts imax, jmax and kmax are those of the text."""
        made = rich_card()
        lines = [line.split() for line in made.content().splitlines() if not line.startswith("#")]
        assert (made.imax, made.jmax, made.kmax) == (1, 5, 6)
        assert [words[:2] for words in lines[:3]] == [["imax", "1"], ["jmax", "5"], ["kmax", "6"]]

    def test_observation(self) -> None:
        """The observation is the sum of the written data, -1 without data."""
        assert rich_card().observation == 2 * (5 + 6 + 7 + 8)
        assert rich_card(years=["2023"]).observation == 5 + 6 + 7 + 8
        assert rich_card(data_processes=None).observation == -1

    def test_has_data(self) -> None:
        """A card has data if it has a data process."""
        assert rich_card().has_data
        assert not rich_card(data_processes=None).has_data

    def test_shape_variations(self) -> None:
        """Variations are those of the written templates."""
        assert rich_card().shape_variations == [
            "nominal",
            *("JESUp", "JESDown", "metUp", "metDown", "nothingUp", "nothingDown"),
            *("pileup_2022Up", "pileup_2022Down", "pileup_2023Up", "pileup_2023Down"),
        ]

    def test_arguments(self) -> None:
        """The arguments are read back; declarations as equal copies, which later changes do not reach."""
        arguments = rich_arguments(bin_prefix="p", bin_suffix="s")
        output = rich()
        made = Datacard(output.histograms, output.metadata, output.cutflow, **arguments)
        for name in ("category", "bins_edges", "bin_prefix", "bin_suffix"):
            assert getattr(made, name) is arguments[name]
        for name in ("mc_processes", "data_processes", "systematics"):
            assert getattr(made, name) == arguments[name]
            assert getattr(made, name) is not arguments[name]
        assert made.years == YEARS

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

    def test_unknown_column(self) -> None:
        """An unknown column is an error with the closest match."""
        with pytest.raises(DeclarationError, match="did you mean 'ttbar_2022'"):
            rich_card().rate("tbar_2022")

    def test_process_without_year(self) -> None:
        """A process without its year is an error with the closest match."""
        with pytest.raises(DeclarationError, match=r"did you mean 'ttbar_202[23]'"):
            rich_card().rate("ttbar")

    @pytest.mark.parametrize("variation", ["JESup", "JES_Up", "JESUpp"])
    def test_unknown_variation(self, variation: str) -> None:
        """An unknown variation is an error with the closest match."""
        with pytest.raises(DeclarationError, match="did you mean 'JESUp'"):
            rich_card().rate("ttbar_2022", variation)

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


class TestHistogram:
    """The templates as one histogram."""

    @pytest.mark.slow
    def test_contents(self, tmp_path: Path) -> None:
        """The histogram holds the templates of the file."""
        made = rich_card()
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

    def test_names_in_file(self, tmp_path: Path) -> None:
        """The file has exactly the templates that the rows name."""
        made = rich_card()
        lines = [line.split() for line in made.content().splitlines()]
        columns = next(words[1:] for words in lines if words[0] == "process")
        expected = {"data_obs_nominal", *(f"{column}_nominal" for column in columns)}
        for words in lines:
            if len(words) > 1 and words[1] == "shape":
                touched = [column for column, cell in zip(columns, words[2:], strict=True) if cell != "-"]
                expected |= {f"{column}_{words[0]}{way}" for column in touched for way in ("Up", "Down")}
        assert set(by_hand.written(made, tmp_path)) == expected

    def test_axes(self) -> None:
        """The axes are process, variation and variable."""
        histogram = rich_card().histogram
        assert [axis.name for axis in histogram.axes] == ["process", "variation", "events.m"]
        assert histogram.axes[2].label == "m"
        assert histogram.axes[2].edges.tolist() == [0, 0.2, 0.4]

    def test_copy(self) -> None:
        """A change of the histogram does not change the card."""
        made = rich_card()
        text = made.content()
        made.histogram.view()["value"] = 7
        made.data_obs.view()["value"] = 7
        assert made.content() == text
        assert made.observation == 52

    def test_regular_axis(self) -> None:
        """A regular axis stays regular."""
        axis = hist.axis.Regular(3, 0, 1.5, name="events.m", label="m [GeV]")
        output = Output().add("Signal", "2022", by_hand.simulated({"SR": {"nominal": [1, 2, 3]}}, axis))
        output.add("TTbar", "2022", by_hand.simulated({"SR": {"nominal": [1, 2, 3]}}, axis))
        variable = card(output).histogram.axes[2]
        assert isinstance(variable, hist.axis.Regular)
        assert variable.edges.tolist() == [0, 0.5, 1, 1.5]


class TestYears:
    """Cards of some of the declared years."""

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

    def test_systematic_of_other_years(self) -> None:
        """A systematic of other years has no row and a notice."""
        made = rich_card(years=["2023"])
        assert "pileup_2022" not in made.content()
        (notice,) = by_hand.found(made, "no-effect")
        assert "pileup_2022" in notice
        assert notice.startswith("notice")


class TestFindings:
    """Findings, printed or raised."""

    def test_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Findings are printed to standard error by default."""
        output = rich()
        arguments = rich_arguments()
        del arguments["verbose"]
        made = Datacard(output.histograms, output.metadata, output.cutflow, **arguments)
        printed = capsys.readouterr()
        assert printed.out == ""
        assert set(printed.err.splitlines()) >= {str(finding) for finding in made.findings if finding.code == "clipped"}

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

    def test_channel(self) -> None:
        """Each finding names the channel."""
        assert {finding.channel for finding in rich_card().findings} == {"SR_2022_2023"}

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

    def test_failing_card(self) -> None:
        """A card that fails does not change them either."""
        output = rich()
        before = copy.deepcopy((output.histograms, output.metadata, output.cutflow))
        for changes in ({"category": "XX"}, {"bins_edges": [0, 7]}, {"strict": True}, {"years": ["1999"]}):
            with pytest.raises((InputError, DeclarationError, StrictError)):
                rich_card(output, **changes)
        assert (output.histograms, output.metadata, output.cutflow) == before

    def test_mcstat(self) -> None:
        """One dict for mcstat serves several cards."""
        mcstat = {"threshold": 10, "include_signal": 1, "hist_mode": 1}
        texts = [rich_card(mcstat=mcstat, bin_suffix="x").content() for _ in range(2)]
        assert mcstat == {"threshold": 10, "include_signal": 1, "hist_mode": 1}
        assert texts[0] == texts[1]
        assert "SR_x autoMCStats 10 1 1" in texts[1]

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


class TestDumping:
    """Card and templates as files."""

    def test_names(self, tmp_path: Path) -> None:
        """Card and templates are written under their names."""
        made = rich_card()
        made.dump(directory=tmp_path / "new" / "folder", card_name="card.txt", shapes_name="templates.root")
        folder = tmp_path / "new" / "folder"
        assert sorted(path.name for path in folder.iterdir()) == ["card.txt", "templates.root"]
        assert (folder / "card.txt").read_text() == made.content("templates.root")

    @pytest.mark.slow
    def test_equal_bytes(self, tmp_path: Path) -> None:
        """Equal inputs give equal bytes."""
        for name in ("one", "other"):
            rich_card(rich()).dump(tmp_path / name)
        for name in ("datacard.txt", "shapes.root"):
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()

    @pytest.mark.parametrize("what", ["writer", "serializer"])
    def test_unknown_writer(self, what: str, tmp_path: Path) -> None:
        """With an unknown writer or serializer no file is written."""
        made = rich_card()
        options: dict[str, Any] = {what: "nobody"}
        with pytest.raises(MissingProviderError, match="nobody"):
            made.dump(tmp_path / "out", **options)
        assert not (tmp_path / "out").exists()

    def test_blank_in_name(self, tmp_path: Path) -> None:
        """A file name with a blank would break the card, and is refused."""
        with pytest.raises(DeclarationError, match=r"my shapes\.root"):
            rich_card().dump(tmp_path / "out", shapes_name="my shapes.root")
        assert not (tmp_path / "out").exists()

    def test_one_name_for_both(self, tmp_path: Path) -> None:
        """Card and templates under one name are refused."""
        with pytest.raises(DeclarationError, match="one"):
            rich_card().dump(tmp_path / "out", card_name="one", shapes_name="one")
        assert not (tmp_path / "out").exists()


HASHING = """
import sys
import tests.support.outputs as by_hand

output = by_hand.Output()
for year in ("2022", "2023"):
    output.mc("Signal", year, nominal=[0.1, 0.7])
    for part in "zxcv":
        output.add("TTbar", year, None, part=part, presel=0)
    for number, part in enumerate("qwertyuiopasdf"):
        output.mc("TTbar", year, part, nominal=[0.1 * number, 1e-9], JESUp=[0.3, number / 7])
        output.data("Muon", year, [number, 1], part)
systematics = [by_hand.shape("JES", {"signal", "ttbar"}, {"2022", "2023"}), by_hand.shape("JER")]
made = by_hand.card(output, *systematics, data_processes=by_hand.observation("Muon", years=["2022", "2023"]))
made.dump(sys.argv[1])
print("\\n".join(map(str, made.findings)))
"""


@pytest.mark.slow
def test_order_of_hashes(tmp_path: Path) -> None:
    """No byte and no finding depends on the order of hashes."""
    results = []
    for seed in ("1", "2", "3"):
        # Where this interpreter finds the package and its plugins, and the tests beside them.
        path = os.pathsep.join([str(ROOT), *sys.path])
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", HASHING, tmp_path / seed],
            check=True,
            env=environment,
            capture_output=True,
            text=True,
        )
        files = {path.name: path.read_bytes() for path in (tmp_path / seed).iterdir()}
        results.append((done.stdout, files))
    assert results[0][0].count("[empty-dataset]") == 8
    assert results[0] == results[1] == results[2]


class TestPlots:
    """Plots of a card."""

    def test_file_name(self, tmp_path: Path) -> None:
        """A plot's file is named by plot and bin."""
        files = card_with(Yields(), Names()).plot(tmp_path / "new" / "plots", "yields")
        assert files == (tmp_path / "new" / "plots" / "yields_SR_run3.txt",)
        assert contents(tmp_path / "new" / "plots") == {"yields_SR_run3.txt": "6 60"}

    def test_default_suffix(self, tmp_path: Path) -> None:
        """A plot without a suffix is a PDF."""
        (file,) = card_with(Names()).plot(tmp_path, "names")
        assert file.name == "names_SR_run3.pdf"

    def test_order_of_names(self, tmp_path: Path) -> None:
        """Several plots come in the order of their names in the call."""
        files = card_with(Yields(), Names()).plot(tmp_path, "yields", "names")
        assert [file.name for file in files] == ["yields_SR_run3.txt", "names_SR_run3.pdf"]
        assert contents(tmp_path) == {"yields_SR_run3.txt": "6 60", "names_SR_run3.pdf": "signal_2022 ttbar_2022"}

    def test_without_names(self, tmp_path: Path) -> None:
        """Without names, all plots of the selection are drawn, in one order."""
        for plots in ([Yields(), Names()], [Names(), Yields()]):
            files = card_with(*plots).plot(tmp_path)
            assert [file.name for file in files] == ["names_SR_run3.pdf", "yields_SR_run3.txt"]

    def test_replaced(self, tmp_path: Path) -> None:
        """An old file of the same name is replaced."""
        (tmp_path / "yields_SR_run3.txt").write_text("old")
        card_with(Yields()).plot(tmp_path)
        assert contents(tmp_path) == {"yields_SR_run3.txt": "6 60"}

    def test_files_beside_the_plot(self, tmp_path: Path) -> None:
        """A file that a plot writes beside its path does not stay."""

        def untidy(_: Channel, path: Path) -> None:
            path.write_text("drawn")
            path.with_suffix(".tmp").write_text("half")

        card_with(Calling(untidy)).plot(tmp_path)
        assert contents(tmp_path) == {"calling_SR_run3.pdf": "drawn"}

    def test_arguments(self, tmp_path: Path) -> None:
        """A plot gets the channel and a path with the name of the file."""
        got: list[Any] = []

        def keep(channel: Channel, path: Path) -> None:
            got.extend([channel, path.name])
            path.write_text("drawn")

        made = card_with(Calling(keep))
        made.plot(tmp_path)
        assert got == [made.channel, "calling_SR_run3.pdf"]

    def test_not_drawn_by_dump(self, tmp_path: Path) -> None:
        """Writing a card draws no plot."""
        made = card_with(Calling(lambda *_: sys.exit(3)))
        made.dump(tmp_path)
        assert names_in(tmp_path) == ["datacard.txt", "shapes.root"]

    def test_selection_without_plots(self, tmp_path: Path) -> None:
        """Drawing without a plugin for plots is an error."""
        with pytest.raises(MissingProviderError, match="no selected plugin draws a plot"):
            card_with().plot(tmp_path / "plots")
        assert names_in(tmp_path) == []

    def test_unknown_plot(self, tmp_path: Path) -> None:
        """An unknown plot is an error with the closest match, and no file is written."""
        with pytest.raises(
            MissingProviderError,
            match=r"the plot 'yield'; provided are names, yields \(did you mean 'yields'\?\)",
        ):
            card_with(Yields(), Names()).plot(tmp_path / "plots", "names", "yield")
        assert not (tmp_path / "plots").exists()

    def test_one_plot_twice(self, tmp_path: Path) -> None:
        """One plot cannot be drawn twice in one call."""
        with pytest.raises(DeclarationError, match=r"two files would be written to .*yields_SR_run3\.txt"):
            card_with(Yields()).plot(tmp_path / "plots", "yields", "yields")
        assert not (tmp_path / "plots").exists()

    @pytest.mark.parametrize(
        ("body", "cause", "said"),
        [
            pytest.param("raise ValueError('no')", ValueError, "ValueError while drawing", id="it raises"),
            pytest.param("raise SystemExit(3)", SystemExit, "SystemExit while drawing", id="it exits"),
            pytest.param("raise BaseException('odd')", BaseException, "BaseException while drawing", id="it is odd"),
            pytest.param("pass", None, "it left no file 'sketch_SR_run3.png'", id="no file"),
            pytest.param("path.touch()", None, "it left an empty file 'sketch_SR_run3.png'", id="an empty file"),
            pytest.param("path.mkdir()", None, "it left no file 'sketch_SR_run3.png'", id="a directory"),
            pytest.param("path.with_suffix('.pdf').write_text('x')", None, "it left no file", id="another file"),
            pytest.param(
                "channel.nominal.values[:] = 5", ValueError, "ValueError while drawing", id="into the channel"
            ),
        ],
    )
    def test_faults(
        self, body: str, cause: type[BaseException] | None, said: str, install: Install, tmp_path: Path
    ) -> None:
        """A plot that fails is an error with plugin, distribution, version, channel and cause."""
        source = PLUGIN.format(name="'sketch'", suffix="'.png'", body=body)
        install("acme", source, distribution="acme-plots", version="0.7")
        with pytest.raises(PluginCallError) as raised:
            card_with("acme").plot(tmp_path / "plots")
        assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-plots 0.7")
        assert said in str(raised.value)
        assert "drawing channel 'SR_run3'" in str(raised.value)
        assert type(raised.value.__cause__) is (type(None) if cause is None else cause)
        assert not (tmp_path / "plots").exists()

    def test_interrupt(self, tmp_path: Path) -> None:
        """The user's interrupt passes through a plot."""

        def interrupt(*_: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            card_with(Calling(interrupt)).plot(tmp_path)

    @pytest.mark.parametrize("suffix", ["None", "3", "''", "'pdf'", "'/x'", "'/../../x.pdf'", "'.p df'", "'.pdf\\n'"])
    def test_wrong_suffix(self, suffix: str, install: Install) -> None:
        """A suffix that no file name ends with is an error when the plugin is loaded."""
        install("acme", PLUGIN.format(name="'sketch'", suffix=suffix, body="pass"), version="0.7")
        with pytest.raises(PluginLoadError) as raised:
            load_plugins("acme")
        assert str(raised.value).startswith("plugin 'acme' (acme 0.7): datacard_plots contributed plot 'sketch'")
        assert f"with suffix {eval(suffix)!r}, expected a suffix such as" in str(raised.value)  # noqa: S307 - from above

    @pytest.mark.parametrize("name", ["'../sketch'", "'a/b'", "'a b'", "'.hidden'"])
    def test_wrong_name(self, name: str, install: Install) -> None:
        """A name that no file name begins with is an error when the plugin is loaded."""
        install("acme", PLUGIN.format(name=name, suffix="'.pdf'", body="pass"), version="0.7")
        with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 0\.7\): .* plot .*, expected letters, digits"):
            load_plugins("acme")
