"""Categories of an analysis that differ in data, processes, systematics, autoMCStats or file names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import Analysis, Cards, Category, DeclarationError, MCProcesses, Systematics, SystematicUncertainty
from tests.support import outputs
from tests.support.cases import case
from tests.support.declarations import refused, row
from tests.support.outputs import Output, codes, found, observation, process, shape, simulated, template

if TYPE_CHECKING:
    from pathlib import Path

    import hist


REGIONS = ("SR", "CR", "VR")


def lumi(name: str = "lumi", value: float = 1.02, **options: Any) -> SystematicUncertainty:
    """Return an lnN on signal and ttbar in 2022."""
    return SystematicUncertainty(name, "lnN", ["signal", "ttbar"], ["2022"], value, **options)


def output() -> dict[str, Any]:
    """Return an output with three regions, and a sample that only CR uses."""
    made = Output()
    for sample, size in (("Signal", 1), ("TTbar", 10), ("QCD", 100)):
        made.add(sample, "2022", _histogram(size))
    return made.add("Muon", "2022", outputs.observed({"SR": [20, 30], "CR": [200, 300], "VR": [2, 3]})).loaded


def _histogram(size: float) -> hist.Hist[Any]:
    up, down = {"SR": 1.1, "CR": 1.3, "VR": 1.0}, {"SR": 0.9, "CR": 0.8, "VR": 1.0}
    return simulated(
        {
            category: {
                "nominal": [size, 2 * size],
                "JESUp": [up[category] * size, 2 * up[category] * size],
                "JESDown": [down[category] * size, 2 * down[category] * size],
            }
            for category in REGIONS
        }
    )


def build(sr: Category | None = None, cr: Category | None = None, /, **changes: Any) -> Cards:
    """Return the cards of both categories of that output."""
    declared: dict[str, Any] = {
        "years": ["2022"],
        "mc_processes": outputs.two_processes(),
        "data_processes": observation("Muon"),
        "systematics": Systematics([lumi(), shape("JES", ["signal", "ttbar"])]),
        "categories": {"SR": sr or Category("m"), "CR": cr or Category("m")},
        "plugins": outputs.PLUGINS,
    }
    return Analysis(**declared | changes).build(output())


def with_qcd() -> MCProcesses:
    """Return signal, ttbar and QCD."""
    processes = outputs.two_processes()
    processes["qcd"] = process("qcd", "QCD")
    return processes


class TestDeclarations:
    """Declarations of one category, beside those of the analysis."""

    @pytest.mark.slow
    def test_blind_region(self) -> None:
        """A category without data is for Asimov data, and the other one keeps its observation."""
        cards = build(Category("m", data_processes=None))
        assert (cards["SR"].observation, cards["CR"].observation) == (-1, 500)
        assert cards["SR"].data_obs["data_obs", :].values().tolist() == [10, 20]

    @pytest.mark.slow
    def test_processes(self) -> None:
        """A process of one category is in its card alone, and takes part in the systematics that name it."""
        names = ["signal", "ttbar", "qcd"]
        systematics = Systematics([lumi(), shape("JES", names)])
        cards = build(None, Category("m", mc_processes=with_qcd()), systematics=systematics)
        assert list(cards["SR"].process_id) == ["signal_2022", "ttbar_2022"]
        assert list(cards["CR"].process_id) == ["signal_2022", "ttbar_2022", "qcd_2022"]
        assert template(cards["CR"], "qcd_2022", "JESUp") == pytest.approx([130, 260])
        # The other category has the process, so that its name is no mistake here.
        assert "unknown-process" not in codes(cards["SR"])

    @pytest.mark.slow
    def test_process_of_no_category(self) -> None:
        """A process that no category has is told."""
        systematics = Systematics([shape("JES", ["ttbar", "wjets"])])
        cards = build(None, Category("m", mc_processes=with_qcd()), systematics=systematics)
        assert [len(found(card, "unknown-process")) for card in cards.values()] == [1, 1]

    @pytest.mark.slow
    def test_systematics(self) -> None:
        """A category has systematics in place of those of the analysis, or leaves some out."""
        cards = build(
            Category("m", systematics=Systematics([lumi("other")])), Category("m", exclude_systematics="lumi")
        )
        rows = {name: [nuisance.name for nuisance in card.channel.nuisances] for name, card in cards.items()}
        assert rows == {"SR": ["other"], "CR": ["JES"]}

    @pytest.mark.slow
    def test_mcstat(self) -> None:
        """A category has autoMCStats of its own, or none."""
        cards = build(Category("m", mcstat=False), Category("m", mcstat={"threshold": 10}))
        assert "autoMCStats" not in cards["SR"].content()
        assert "CR_2022 autoMCStats 10 0 1" in cards["CR"].content()

    @pytest.mark.slow
    def test_same_as_one_by_one(self, tmp_path: Path) -> None:
        """Categories that differ give the cards of analyses that have only one of them."""
        sr, cr = Category("m", data_processes=None, exclude_systematics=["JES"]), Category("m", mc_processes=with_qcd())
        together = build(sr, cr)
        alone = {"SR": build(categories={"SR": sr}), "CR": build(categories={"CR": cr})}
        for name, cards in alone.items():
            together[name].dump(tmp_path / "together")
            cards[name].dump(tmp_path / "alone")
            for file in ("datacard.txt", "shapes.root"):
                assert (tmp_path / "together" / file).read_bytes() == (tmp_path / "alone" / file).read_bytes()

    @pytest.mark.slow
    def test_file_names(self, tmp_path: Path) -> None:
        """A category names its files, also in the script that combines the cards."""
        cards = build(Category("m", card_name="sr.txt", shapes_name="sr.root"))
        cards.dump(tmp_path)
        assert {"sr.txt", "sr.root", "datacard_CR_2022.txt"} <= {path.name for path in tmp_path.iterdir()}
        assert "SR_2022=sr.txt" in (tmp_path / cards.script_name).read_text()


class TestDataVariations:
    """Observations of a variation in place of the nominal."""

    @staticmethod
    def observations(*categories: Category | None, **changes: Any) -> dict[str, float]:
        """Return the observation of each category: TTbar has 30 events, and 33 in SR or 39 in CR with JESUp."""
        pseudo = observation("TTbar")
        cards = build(*categories, **{"data_processes": pseudo, "data_variations": {"TTbar": "JESUp"}, **changes})
        return {name: card.observation for name, card in cards.items()}

    @pytest.mark.slow
    def test_all_categories(self) -> None:
        """Data variations of the analysis are for all categories whose data have the sample."""
        other = observation("Signal")
        assert self.observations() == {"SR": pytest.approx(33), "CR": pytest.approx(39)}
        assert self.observations(None, Category("m", data_processes=other))["CR"] == 3
        assert self.observations(None, Category("m", data_processes=None))["CR"] == -1

    @pytest.mark.slow
    def test_one_category(self) -> None:
        """A category may have others, or none."""
        down = self.observations(None, Category("m", data_variations={"TTbar": "JESDown"}))
        assert down == {"SR": pytest.approx(33), "CR": pytest.approx(24)}
        assert self.observations(Category("m", data_variations={})) == {"SR": 30, "CR": pytest.approx(39)}

    @pytest.mark.slow
    def test_same_as_one_by_one(self) -> None:
        """The finding and the templates are those of a single card."""
        pseudo = observation("TTbar")
        options: dict[str, Any] = {"data_processes": pseudo, "data_variations": {"TTbar": "JESUp"}}
        made = build(Category("m"), **options)["SR"]
        assert made.data_variations == {"TTbar": "JESUp"}
        assert "data-variation" in [finding.code for finding in made.findings]

    @pytest.mark.parametrize(
        ("variations", "said"),
        [
            ({"TTbarr": "JESUp"}, "sample 'TTbarr' is not in the data process (did you mean 'TTbar'?)"),
            (["TTbar"], "data_variations is ('TTbar',) (tuple), expected a dict"),
            ({"TTbar": 7}, "the variation of 'TTbar' is 7"),
        ],
    )
    def test_refused(self, variations: Any, said: str) -> None:
        """A sample that is not in the data, and what is no dict of names, are refused."""
        assert said in "\n".join(refused(lambda: self.observations(data_variations=variations)))

    def test_no_category_has_the_sample(self) -> None:
        """A sample that the data of no category have is refused."""
        other = Category("m", data_processes=observation("Signal"))
        (problem,) = refused(lambda: self.observations(other, other))
        assert problem == "data_variations: sample 'TTbar' is in no data process (known: Signal)"


class TestShapeOnly:
    """Totals over categories that do not have the same rows."""

    @pytest.mark.slow
    def test_systematic_of_one_category(self) -> None:
        """A category that leaves a nuisance out has its nominal in the total, and one without the process nothing."""
        floating = outputs.two_processes(has_rateParam=True)
        cards = build(
            None,
            Category("m", exclude_systematics=["JES"]),
            mc_processes=floating,
            shape_only_for_rateparam=True,
        )
        # Nominal: 30 in SR and 30 in CR. Up: 33 in SR, and 30 in CR, where JES has no effect. 33 * 60 / 63 = 31.428…
        assert cards["SR"].rate("ttbar_2022", "JESUp") == pytest.approx(33 * 60 / 63)

    @pytest.mark.slow
    def test_process_of_one_category(self) -> None:
        """A category without the process adds nothing to its total."""
        signal = MCProcesses([process("signal", "Signal", is_signal=True), process("qcd", "QCD")])
        cards = build(
            None,
            Category("m", mc_processes=signal),
            mc_processes=outputs.two_processes(has_rateParam=True),
            shape_only_for_rateparam=True,
        )
        assert cards["SR"].rate("ttbar_2022", "JESUp") == pytest.approx(30)


class TestSystematicsOfCategories:
    """Systematics that are declared for some categories."""

    @pytest.mark.slow
    def test_one_category(self) -> None:
        """The card of another category has no row for it."""
        cards = build(systematics=Systematics([lumi(), lumi("eff", categories="SR")]))
        rows = {name: [nuisance.name for nuisance in card.channel.nuisances] for name, card in cards.items()}
        assert rows == {"SR": ["lumi", "eff"], "CR": ["lumi"]}

    @pytest.mark.slow
    def test_value_by_category(self) -> None:
        """One nuisance has another value in another category."""
        parts = [lumi("eff_sr", 1.1, datacard_name="eff", categories=["SR"])]
        parts.append(lumi("eff_cr", 1.2, datacard_name="eff", categories=["CR"]))
        cards = build(systematics=Systematics(parts))
        assert {name: row(card, "eff")[2:] for name, card in cards.items()} == {
            "SR": ["1.1", "1.1"],
            "CR": ["1.2", "1.2"],
        }

    @pytest.mark.slow
    def test_several_parts_by_category(self) -> None:
        """A nuisance made of several declarations has those of each category."""
        parts = [
            SystematicUncertainty("a", "lnN", ["signal"], ["2022"], 1.1, datacard_name="eff", categories=["SR"]),
            SystematicUncertainty("b", "lnN", ["ttbar"], ["2022"], 1.2, datacard_name="eff", categories=["SR", "CR"]),
            SystematicUncertainty("c", "lnN", ["signal"], ["2022"], 1.3, datacard_name="eff", categories=["VR"]),
        ]
        cards = build(systematics=Systematics(parts), categories=dict.fromkeys(REGIONS, Category("m")))
        assert {name: row(card, "eff")[2:] for name, card in cards.items()} == {
            "SR": ["1.1", "1.2"],
            "CR": ["-", "1.2"],
            "VR": ["1.3", "-"],
        }

    def test_overlap(self) -> None:
        """One column of one category with two values is refused."""
        parts = [lumi("a", 1.1, datacard_name="eff", categories=["SR", "CR"]), lumi("b", datacard_name="eff")]
        (problem,) = refused(lambda: Systematics(parts))
        assert "both cover signal 2022, ttbar 2022" in problem

    @pytest.mark.slow
    def test_single_card(self) -> None:
        """A card made by itself has the systematics of its category."""
        made = outputs.card(
            outputs.signal_and_ttbar(nominal=[1, 2, 3]), lumi("a", categories=["SR"]), lumi("b", categories=["CR"])
        )
        assert [nuisance.name for nuisance in made.channel.nuisances] == ["a"]

    def test_misspelt_category_of_single_card(self) -> None:
        """A misspelling of the card's category is refused, although other categories are unknown to the card."""
        contents = {"signal": {"nominal": [1.0, 2.0]}}
        made = Output().add("Signal", "2022", simulated(contents)).add("TTbar", "2022", simulated(contents))
        (problem,) = refused(lambda: outputs.card(made, lumi(categories=["signla"]), category="signal"))
        assert "systematic 'lumi': there is no category 'signla' (did you mean 'signal'?)" in problem

    @pytest.mark.parametrize(
        ("categories", "said"), [([], "is empty"), (["SR", "SR"], "SR twice"), ([7], "7 is not the name")]
    )
    def test_refused(self, categories: Any, said: str) -> None:
        """No category, one twice, and what is no name are refused."""
        (problem,) = refused(lambda: lumi(categories=categories))
        assert said in problem


class TestProblems:
    """Arguments of a category that cannot be used."""

    def test_refused(self) -> None:
        """The error names the category and the argument."""
        cases: list[tuple[Category, str]] = [
            (
                Category("m", exclude_systematics=["lumii"]),
                "lists 'lumii', and no nuisance is called that (did you mean",
            ),
            (Category("m", data_processes=[1]), "category 'SR': data_processes is [1] (list), expected DataProcesses"),  # type: ignore[arg-type]
            (Category("m", mcstat="no"), "category 'SR': mcstat is 'no'"),  # type: ignore[arg-type]
            (Category("m", mc_processes=None), "category 'SR': mc_processes is None"),  # type: ignore[arg-type]
            (Category("m", systematics=[lumi()]), "category 'SR': systematics is ["),  # type: ignore[arg-type]
            (
                Category("m", card_name="datacard_CR_2022.txt"),
                "'SR' and 'CR' would both write the file 'datacard_CR",
            ),
        ]
        for category, said in cases:
            with case(category, said):
                with pytest.raises(DeclarationError) as raised:
                    build(category)
                assert said in str(raised.value)

    def test_unknown_category_of_systematic(self) -> None:
        """A systematic of a category that the analysis has not is refused with the closest match."""
        with pytest.raises(DeclarationError, match="there is no category 'XR'"):
            build(systematics=Systematics([lumi(categories=["SR", "XR"])]))

    @pytest.mark.slow
    def test_problems_of_one_category(self) -> None:
        """A problem of one category names it; one that all share is told once and names none."""
        processes = outputs.two_processes()
        processes["wz"] = process("wz", "WZ")
        with pytest.raises(DeclarationError) as raised:
            build(
                None,
                Category("m", mc_processes=processes),
                data_processes=observation("Electron"),
            )
        assert sorted(problem.split(" (")[0] for problem in raised.value.problems) == [
            "category 'CR': process 'wz': the output has no sample 'WZ'",
            "process 'data_obs': the output has no sample 'Electron'",
        ]
