"""Channels: observation, rows and names of a card, and columns or variations that Combine would refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest

from datacard_core import (
    BinByBinStatistics,
    Datacard,
    DeclarationError,
    Effect,
    MCProcesses,
    Model,
    Severity,
    Statement,
    SystematicUncertainty,
    Target,
    load_plugins,
    read_card,
    write_model,
)
from datacard_core.grammar import EDIT, HEAD_WORDS, PARAMETER_KEYWORDS, ROW_KEYWORDS, name_problem
from tests.support import outputs as by_hand
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
    template,
    two_years,
)
from tests.support.plugins import Acme, Provider, mine, rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.conftest import CardArguments


WORDS = sorted({*HEAD_WORDS, *ROW_KEYWORDS, *PARAMETER_KEYWORDS, *EDIT, "FAKE", "group"})
"""Words of Combine's language, of which `shape?` and `shape*` are no names."""


class TestObservation:
    """The data of a channel, or the sum of the backgrounds in their place."""

    def test_sum(self) -> None:
        """Samples, datasets and years are summed to one observation."""
        output = two_years().data("Egamma", "2022", [1, 2], "C").data("Egamma", "2022", [10, 20], "D")
        output.data("Muon", "2022", [100, 200]).data("Muon", "2023", [1000, 2000]).data("Egamma", "2023", [3, 4])
        made = card(output, data_processes=by_hand.observation("Egamma", "Muon", years=["2022", "2023"]))
        assert made.data_obs["data_obs", :].values().tolist() == [1114, 2226]
        assert made.data_obs["data_obs", :].variances().tolist() == [1114, 2226]
        assert made.observation == 3340
        assert codes(made) == []

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["data_obs", "data", "DATA"])
    def test_name(self, name: str, tmp_path: Path) -> None:
        """The observation is called data_obs, independent of the name of its process."""
        output = two_years().data("Muon", "2022", [3, 4]).data("Muon", "2023", [5, 6])
        made = card(output, data_processes=by_hand.observation("Muon", years=["2022", "2023"], name=name))
        file = by_hand.written(made, tmp_path)
        assert file["data_obs_nominal"][0].tolist() == [8, 10]
        assert "observation 18.0" in made.content()

    def test_years_of_card(self) -> None:
        """Data of years that the card does not have are left out."""
        output = two_years().data("Muon", "2022", [3, 4]).data("Muon", "2023", [5, 6])
        observation = by_hand.observation("Muon", years=["2022", "2023"])
        assert card(output, years=["2023"], data_processes=observation).observation == 11

    def test_weighted(self) -> None:
        """Weighted data are taken, and a check warns of them."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [3, 0.5, 4])
        made = card(output, data_processes=by_hand.observation("Muon"))
        assert made.observation == 7.5
        assert codes(made) == ["weighted-data"]

    def test_below_0(self) -> None:
        """A bin of data below 0 is an error."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [3, -1, 4])
        (problem,) = problems(output, data_processes=by_hand.observation("Muon"))
        assert "data_obs" in problem
        assert "-1" in problem

    def test_rebinned(self) -> None:
        """Data are rebinned as the simulation is."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [3, 5, 7])
        made = card(output, data_processes=by_hand.observation("Muon"), bins_edges=[0, 1, 3])
        assert made.data_obs["data_obs", :].values().tolist() == [3, 12]

    def test_asimov(self) -> None:
        """Without data the template is the sum of the written backgrounds."""
        output = signal_and_ttbar(nominal=[10, -4, 30]).mc("VV", "2022", nominal=[1, 2, 3])
        processes = by_hand.two_processes()
        processes["vv"] = process("vv", "VV")
        made = card(output, mc_processes=processes)
        assert made.observation == -1
        assert not made.has_data
        assert made.data_obs["data_obs", :].values().tolist() == [11, 2, 33]  # clipped first: 0 + 2

    def test_empty(self) -> None:
        """Data without events are an observation of 0."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [0, 0, 0])
        made = card(output, data_processes=by_hand.observation("Muon"))
        assert made.observation == 0
        assert "observation 0.0" in made.content()


class TestEmptyVariations:
    """Combine stops at a varied template without positive integral: "Bogus norm"."""

    def output(self) -> by_hand.Output:
        output = Output()
        counts = {"SR": {"nominal": 3, "JESUp": 0, "JESDown": 3}}
        for year in ("2022", "2023"):
            output.mc("Signal", year, nominal=[1, 1])
        nothing = simulated({"SR": {"nominal": [1, 2], "JESUp": [0, 0], "JESDown": [1, 2]}})
        output.add("TTbar", "2022", nothing, counts=counts)
        return output.mc("TTbar", "2023", nominal=[10, 20], JESUp=[11, 21], JESDown=[9, 19])

    @pytest.mark.slow
    def test_column_is_left_out(self, tmp_path: Path) -> None:
        """The column is left out of the row and of the file, with a warning."""
        made = card(self.output(), shape("JES", years=["2022", "2023"]))
        assert by_hand.rows(made.content())["JES"] == ["JES", "shape", "-", "-", "-", "1.0"]
        file = by_hand.written(made, tmp_path)
        assert {name for name in file if "JES" in name} == {"ttbar_2023_JESUp", "ttbar_2023_JESDown"}
        (left_out,) = [finding for finding in made.findings if finding.code == "empty-variation"]
        assert (left_out.severity, left_out.column, left_out.systematic) == (
            Severity.WARNING,
            "ttbar_2022",
            "JES",
        )

    def test_row_without_columns(self) -> None:
        """A nuisance without any column has no row."""
        made = card(self.output(), shape("JES", years=["2022"]))
        assert "JES" not in by_hand.rows(made.content())
        assert made.kmax == 0
        assert made.shape_variations == ["nominal"]

    def test_judged_after_clipping(self) -> None:
        """A variation is judged by its content after clipping."""
        output = Output().mc("Signal", "2022", nominal=[1, 1])
        output.mc("TTbar", "2022", nominal=[10, 20], aUp=[5, -9], aDown=[9, 18], bUp=[-5, 0], bDown=[9, 18])
        made = card(output, shape("a"), shape("b"))
        assert template(made, "ttbar_2022", "aUp") == [5, 0]  # -4 before, 5 after
        assert "b" not in by_hand.rows(made.content())

    @pytest.mark.slow
    def test_file(self, tmp_path: Path) -> None:
        """Every template of the file has positive integral and no content below 0."""
        made = card(self.output(), shape("JES", years=["2022", "2023"]))
        for name, (values, variances, _) in by_hand.written(made, tmp_path).items():
            assert values.sum() > 0, name
            assert (values >= 0).all(), name
            assert (variances >= 0).all(), name


class TestColumns:
    """Columns without yield, signal or background."""

    def test_without_events(self) -> None:
        """A column without any event has rate 0 and a warning."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).add("VV", "2022", None, presel=0)
        processes = by_hand.two_processes()
        processes["vv"] = process("vv", "VV")
        made = card(output, shape("JES", ["vv"]), mc_processes=processes)
        assert made.rate("vv_2022") == 0
        (empty,) = found(made, "empty-column")
        assert "vv_2022" in empty
        assert "JES" not in by_hand.rows(made.content())

    def test_below_0_everywhere(self) -> None:
        """A column that is below 0 everywhere has rate 0 and a warning."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).mc("VV", "2022", nominal=[-1, -2, 0])
        processes = by_hand.two_processes()
        processes["vv"] = process("vv", "VV")
        made = card(output, mc_processes=processes)
        assert made.rate("vv_2022") == 0
        assert codes(made) == ["clipped", "empty-column"]

    def test_without_signal(self) -> None:
        """A card whose years leave no signal has a warning."""
        output = signal_and_ttbar(nominal=[1, 2, 3]).mc("Signal", "2023", nominal=[1, 1, 1])
        processes = MCProcesses(
            [process("signal", "Signal", years=["2023"], is_signal=True), process("ttbar", "TTbar")]
        )
        made = card(output, years=["2022"], mc_processes=processes)
        assert made.process_id == {"ttbar_2022": 1}
        # Alone Combine refuses it, with others it can be joined.
        assert codes(made) == ["no-column", "no-signal"]


class TestNuisances:
    """Rows that are left out, and names that would be taken twice."""

    @pytest.mark.parametrize("typ", ["lnN", "rateParam"])
    def test_variable_of_combine(self, typ: str) -> None:
        """A nuisance or a free parameter with the name of a variable of Combine's workspace is an error."""
        for name in ("r", "MH", "ONE", "CMS_th1x"):
            declared = SystematicUncertainty(name, typ, ["ttbar"], ["2022"], 1.05)
            with pytest.raises(DeclarationError, match=f"the nuisance '{name}' would be the "):
                card(signal_and_ttbar(nominal=[10, 20, 30]), declared)

    @pytest.mark.slow
    def test_words_of_combine(self, tmp_path: Path) -> None:
        """A word of Combine's language names a nuisance, a process and a bin, and the card reads back as it is."""
        words = [word for word in WORDS if name_problem("name", word) is None]
        output = Output().mc("Signal", "2022", nominal=[1, 2, 3])
        for word in words:
            output.mc(word, "2022", nominal=[10, 20, 30])
        made = card(
            output,
            *(SystematicUncertainty(word, "lnN", [word], ["2022"], 1.05) for word in words),
            mc_processes=MCProcesses(
                [process("signal", "Signal", is_signal=True), *(process(word, word) for word in words)]
            ),
            bin_name=words[0],
            process_suffix="",
        )
        made.dump(tmp_path)
        (channel,) = read_card(tmp_path / "datacard.txt").model().channels
        assert (channel.bin, [column.name for column in channel.columns]) == (words[0], ["signal", *words])
        cells = {row.name: (row.keyword, row.cells(1 + len(words))) for row in channel.nuisances}
        assert cells == {
            word: ("lnN", ["1.05" if column.name == word else "-" for column in channel.columns]) for word in words
        }
        # A line of autoMCStats begins with the name of its bin.
        statement = Statement(BinByBinStatistics())
        of_bin = card(signal_and_ttbar(nominal=[10, 20, 30])).channel
        parts = [attrs.evolve(of_bin, bin=word, statements=(statement,)) for word in words]
        write_model(Model.of(parts), tmp_path / "bins.txt", checks=False)
        read = read_card(tmp_path / "bins.txt").model().channels
        assert [part.bin for part in read] == words
        assert [part.lines() for part in read] == [(f"{word} autoMCStats 0 0 1",) for word in words]

    def test_name_of_signal_strength(self) -> None:
        """A nuisance called r is an error with the way out."""
        output = signal_and_ttbar(nominal=[10, 20, 30])
        with pytest.raises(DeclarationError, match=r"card 'SR_2022': the nuisance 'r' .*another datacard_name"):
            card(output, SystematicUncertainty("r", "lnN", ["ttbar"], ["2022"], 1.05))
        renamed = SystematicUncertainty("r", "lnN", ["ttbar"], ["2022"], 1.05, datacard_name="resolution")
        assert by_hand.rows(card(output, renamed).content())["resolution"] == ["resolution", "lnN", "-", "1.05"]

    def test_templates_of_one_name(self) -> None:
        """Two templates of one name are refused."""
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

    def test_without_effect(self, card_arguments: CardArguments) -> None:
        """A nuisance whose kind has no effect has no row and a finding."""

        class Idle(Acme):
            def effects(self, target: Target) -> Iterable[Effect]:  # noqa: ARG002
                return ()

        plugins = load_plugins("lnn", "shape", "combine", Provider("idle", Idle()))
        card = Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
        assert "mine" not in rows(card)
        assert [finding.systematic for finding in card.findings if finding.code == "no-effect"] == ["mine"]
