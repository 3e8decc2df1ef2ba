"""A whole analysis as one object: the same cards as one by one, all problems at once, files under their names."""

from __future__ import annotations

import copy
import runpy
from typing import TYPE_CHECKING, Any

import cloudpickle
import lz4.frame
import pytest
import uproot

from datacard_core import (
    Analysis,
    Cards,
    Category,
    Datacard,
    DeclarationError,
    InputError,
    MissingProviderError,
    StrictError,
    Systematics,
    SystematicUncertainty,
    load_output,
)
from datacard_core.demo import write_demo
from tests.support import outputs as by_hand

if TYPE_CHECKING:
    from pathlib import Path


YEARS = ("2022", "2023")
CATEGORIES = {"SR": Category("m", bins_edges=[0, 1, 3]), "CR": Category("n"), "VR": Category("m", 3)}


def output() -> dict[str, Any]:
    """Two variables, three categories and two years."""
    made = by_hand.Output()
    other = by_hand.Output()
    for factor, year in enumerate(YEARS, start=1):
        for size, sample in enumerate(("Signal", "TTbar"), start=1):
            contents = {
                category: {
                    label: [factor * size * shift * (1 + number), factor * size * 5 * shift, factor * size * 7]
                    for label, shift in (("nominal", 10), ("JESUp", 11), ("JESDown", 9))
                }
                for number, category in enumerate(("CR", "SR", "VR"))
            }
            made.add(sample, year, by_hand.simulated(contents))
            two_bins = {
                category: {label: [values[0], values[1] + 1] for label, values in by_label.items()}
                for category, by_label in contents.items()
            }
            other.add(sample, year, by_hand.simulated(two_bins))
        data = {category: [factor * 20, factor * 100, factor * 20] for category in ("CR", "SR", "VR")}
        made.add("Muon", year, by_hand.observed(data))
        other.add("Muon", year, by_hand.observed({category: values[:2] for category, values in data.items()}))
    loaded = made.loaded
    loaded["variables"]["n"] = other.histograms
    return loaded


def declarations(**changes: Any) -> dict[str, Any]:
    """What an analysis of that output declares."""
    lumi = SystematicUncertainty("lumi", "lnN", ["signal", "ttbar"], YEARS, 1.02)
    return {
        "years": YEARS,
        "mc_processes": by_hand.two_processes(YEARS, has_rateParam=True),
        "data_processes": by_hand.observation("Muon", years=YEARS),
        "systematics": Systematics([lumi, by_hand.shape("JES", ["signal", "ttbar"], YEARS)]),
        "categories": CATEGORIES,
        "label": "run3",
        "plugins": by_hand.PLUGINS,
    } | changes


def by_itself(loaded: dict[str, Any], name: str, **options: Any) -> Datacard:
    """One card as a script of the old interface makes it."""
    declared = declarations()
    category = CATEGORIES[name]
    return Datacard(
        histograms=loaded["variables"][category.variable],
        datasets_metadata=loaded["datasets_metadata"],
        cutflow=loaded["cutflow"],
        years=declared["years"],
        mc_processes=declared["mc_processes"],
        data_processes=declared["data_processes"],
        systematics=declared["systematics"],
        category=name,
        bin_suffix="run3",
        bins_edges=category.bins_edges,
        verbose=False,
        **options,
    )


class TestCards:
    @pytest.mark.parametrize(
        "options",
        [{}, {"mcstat": False}, {"mcstat": {"threshold": 3}}, {"bin_prefix": "ttH"}],
        ids=["plain", "no-mcstat", "mcstat", "prefix"],
    )
    def test_they_are_those_that_are_made_one_by_one(self, options: dict[str, Any]) -> None:
        cards = Analysis(**declarations(**options)).build(output())
        assert list(cards) == ["SR", "CR", "VR"]
        for name, made in cards.items():
            expected = by_itself(output(), name, **options)
            assert made.content("x.root") == expected.content("x.root")
            assert made.histogram == expected.histogram
            assert made.data_obs == expected.data_obs
            assert made.findings == expected.findings

    def test_shape_only_totals_are_those_over_all_categories_each_with_its_variable(self) -> None:
        cards = Analysis(**declarations(shape_only_for_rateparam=True)).build(output())
        variables = output()["variables"]
        norm = {name: variables[category.variable] for name, category in CATEGORIES.items()}
        for name, made in cards.items():
            expected = by_itself(output(), name, shape_only_for_rateparam=True, rateparam_norm_categories=norm)
            assert made.histogram == expected.histogram
        for direction in ("Up", "Down"):
            totals = [
                sum(made.rate(f"ttbar_{year}", variation) for made in cards.values() for year in YEARS)
                for variation in ("nominal", f"JES{direction}")
            ]
            assert totals[0] == pytest.approx(totals[1])

    def test_shape_only_totals_may_be_over_some_categories(self) -> None:
        cards = Analysis(**declarations(shape_only_for_rateparam=True, rateparam_norm_categories="CR")).build(output())
        # over CR, in n: 20 f + 100 f + 1 nominal and 22 f + 110 f + 1 Up, for f = 1 and 2
        factor = 362 / 398
        assert by_hand.template(cards["SR"], "ttbar_2022", "JESUp") == pytest.approx([44 * factor, 124 * factor])
        assert by_hand.template(cards["CR"], "ttbar_2023", "JESUp") == pytest.approx([44 * factor, 221 * factor])

    def test_years_are_the_label_if_none_is_given(self) -> None:
        declared = declarations()
        del declared["label"]
        analysis = Analysis(**declared)
        assert analysis.label == "2022_2023"
        assert analysis.build(output())["SR"].bin == "SR_2022_2023"

    def test_a_category_with_a_leading_digit_is_fine_behind_a_prefix(self) -> None:
        made = by_hand.Output()
        for sample in ("Signal", "TTbar", "Muon"):
            contents = {"2b": {"nominal": [4.0, 5.0], "JESUp": [4.0, 6.0], "JESDown": [4.0, 4.0]}}
            for year in YEARS:
                made.add(sample, year, by_hand.simulated(contents))
        declared = declarations(categories={"2b": Category("m")}, bin_prefix="ttH")
        assert Analysis(**declared).build(made.loaded)["2b"].bin == "ttH_2b_run3"

    def test_building_changes_neither_output_nor_declarations(self) -> None:
        loaded, declared = output(), declarations(mcstat={"threshold": 3}, shape_only_for_rateparam=True)
        analysis = Analysis(**declared)
        before = copy.deepcopy((loaded, {name: declared[name] for name in declared if name != "plugins"}))
        first, second = analysis.build(loaded), analysis.build(loaded)
        assert (loaded, {name: declared[name] for name in declared if name != "plugins"}) == before
        assert [made.content() for made in first.values()] == [made.content() for made in second.values()]

    def test_findings_of_all_categories_are_in_one_place(self) -> None:
        loaded = output()
        loaded["variables"]["m"]["TTbar"]["TTbar_2022"].view()["value"][:, :, 0] = -1
        cards = Analysis(**declarations()).build(loaded)
        assert {finding.channel for finding in cards.findings if finding.code == "clipped"} == {"SR_run3"}
        assert len(cards.findings) == sum(len(made.findings) for made in cards.values())
        assert "SR_run3" in cards.report()

    def test_nothing_is_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        loaded = output()
        loaded["variables"]["m"]["TTbar"]["TTbar_2022"].view()["value"][:, :, 0] = -1
        assert Analysis(**declarations()).build(loaded).findings
        assert capsys.readouterr() == ("", "")


class TestOutputs:
    def write(self, loaded: dict[str, Any], path: Path) -> Path:
        nine = dict.fromkeys(("sum_genweights", "sum_signOf_genweights", "sumw", "sumw2", "columns"))
        complete = {name: {} for name in (*nine, "processing_metadata")} | loaded
        path.write_bytes(lz4.frame.compress(cloudpickle.dumps(complete)))
        return path

    @pytest.mark.parametrize("form", ["path", "text", "list", "tuple"])
    def test_a_path_is_as_good_as_what_it_holds(self, form: str, tmp_path: Path) -> None:
        path = self.write(output(), tmp_path / "output_all.coffea")
        given: Any = {"path": path, "text": str(path), "list": [path], "tuple": (str(path),)}[form]
        analysis = Analysis(**declarations())
        from_path, from_dict = analysis.build(given), analysis.build(output())
        assert {name: made.content() for name, made in from_path.items()} == {
            name: made.content() for name, made in from_dict.items()
        }

    def test_what_is_loaded_goes_in_as_it_is(self, tmp_path: Path) -> None:
        path = self.write(output(), tmp_path / "output_all.coffea")
        cards = Analysis(**declarations()).build(load_output(path))
        assert cards["SR"].content() == by_itself(output(), "SR").content()

    def test_a_path_that_is_not_there_is_an_error_that_names_it(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"nowhere\.coffea"):
            Analysis(**declarations()).build(tmp_path / "nowhere.coffea")

    def test_unknown_variables_are_all_named_with_the_closest(self) -> None:
        loaded = output()
        loaded["variables"]["discriminant"] = loaded["variables"]["m"]
        categories = {"SR": Category("discriminat"), "CR": Category("n"), "VR": Category("Discriminant")}
        with pytest.raises(InputError) as raised:
            Analysis(**declarations(categories=categories)).build(loaded)
        assert len(raised.value.problems) == 2
        assert "'discriminat' (did you mean 'discriminant'?)" in str(raised.value)
        assert "'Discriminant' (did you mean 'discriminant'?)" in str(raised.value)

    def test_asking_for_an_unknown_variable_adds_nothing(self) -> None:
        loaded = output()
        names = list(loaded["variables"])
        with pytest.raises(InputError):
            Analysis(**declarations(categories={"SR": Category("x")})).build(loaded)
        assert list(loaded["variables"]) == names

    @pytest.mark.parametrize("missing", ["variables", "datasets_metadata", "cutflow"])
    def test_an_output_that_lacks_a_part_is_refused(self, missing: str) -> None:
        loaded = output()
        del loaded[missing]
        with pytest.raises(InputError, match=missing):
            Analysis(**declarations()).build(loaded)

    def test_an_output_that_was_not_postprocessed_is_refused_with_the_way_out(self) -> None:
        loaded = output()
        del loaded["datasets_metadata"]
        with pytest.raises(InputError, match="merge-outputs"):
            Analysis(**declarations()).build(loaded)


class TestProblems:
    def test_those_of_all_categories_are_told_at_once(self) -> None:
        loaded = output()
        loaded["variables"]["n"]["TTbar"]["TTbar_2022"].view()["value"][0, 0, 0] = float("nan")
        categories = {**CATEGORIES, "SR": Category("m", [0, 1.5, 3]), "XR": Category("m"), "VR": Category("m", 2)}
        with pytest.raises((InputError, DeclarationError)) as raised:
            Analysis(**declarations(categories=categories)).build(loaded)
        text = str(raised.value)
        for part in ("1.5 is no edge", "'TTbar_2022'", "'XR'", "bins_edges=2"):
            assert part in text
        for category in ("SR", "VR"):
            assert f"'{category}'" in text

    def test_what_is_wrong_with_every_card_is_told_once(self) -> None:
        processes = by_hand.two_processes(YEARS)
        processes["vv"] = by_hand.process("vv", "Muno", years=YEARS)
        with pytest.raises((InputError, DeclarationError)) as raised:
            Analysis(**declarations(mc_processes=processes)).build(output())
        assert str(raised.value).count("'Muno'") == 1

    def test_declarations_that_contradict_the_output_are_a_declaration_error(self) -> None:
        with pytest.raises(DeclarationError, match="edge"):
            Analysis(**declarations(categories={"SR": Category("m", [0, 1.5])})).build(output())

    def test_strict_tells_the_warnings_of_all_categories(self) -> None:
        loaded = output()
        loaded["variables"]["m"]["TTbar"]["TTbar_2022"].view()["value"][:, :, 1] = -1
        categories = {"SR": Category("m"), "VR": Category("m")}
        with pytest.raises(StrictError) as raised:
            Analysis(**declarations(categories=categories, strict=True)).build(loaded)
        assert {finding.channel for finding in raised.value.findings} == {"SR_run3", "VR_run3"}

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"categories": {}}, "categories"),
            ({"categories": ["SR"]}, "categories"),
            ({"categories": {"SR": "m"}}, r"Category\('"),
            ({"categories": {"a b": Category("m")}}, "'a b'"),
            ({"rateparam_norm_categories": ["SR", "XX"]}, "'XX'"),
        ],
        ids=["none", "list", "text", "blank", "norm"],
    )
    def test_what_is_no_analysis_is_refused_at_once(self, changes: dict[str, Any], said: str) -> None:
        with pytest.raises(DeclarationError, match=said):
            Analysis(**declarations(**changes))


class TestDumping:
    NAMES = ("datacard_{}_run3.txt", "shapes_{}_run3.root")

    def test_files_have_the_names_of_the_documented_script(self, tmp_path: Path) -> None:
        Analysis(**declarations()).build(output()).dump(tmp_path / "cards")
        assert {path.name for path in (tmp_path / "cards").iterdir()} == {
            *(name.format(category) for name in self.NAMES for category in CATEGORIES),
            "combine_datacards_run3.sh",
        }

    def test_each_card_names_its_own_templates(self, tmp_path: Path) -> None:
        cards = Analysis(**declarations()).build(output())
        cards.dump(tmp_path)
        for category, made in cards.items():
            text = (tmp_path / f"datacard_{category}_run3.txt").read_text()
            assert text == made.content(f"shapes_{category}_run3.root")
            with uproot.open(tmp_path / f"shapes_{category}_run3.root") as file:
                total = file["ttbar_2022_nominal"].values().sum()
                assert total == pytest.approx(made.rate("ttbar_2022"))

    def test_the_script_joins_all_cards_under_their_bins(self, tmp_path: Path) -> None:
        Analysis(**declarations()).build(output()).dump(tmp_path, channel_masks=True)
        script = (tmp_path / "combine_datacards_run3.sh").read_text()
        for category in CATEGORIES:
            assert f"{category}_run3=datacard_{category}_run3.txt" in script
        assert "datacard_combined_run3.txt" in script
        assert "text2workspace.py datacard_combined_run3.txt -o workspace_run3.root --channel-masks" in script

    def test_a_serializer_that_is_not_there_leaves_nothing(self, tmp_path: Path) -> None:
        cards = Analysis(**declarations()).build(output())
        with pytest.raises(MissingProviderError):
            cards.dump(tmp_path / "cards", serializer="nobody")
        assert not (tmp_path / "cards").exists()


def test_the_script_of_the_demo_makes_cards_of_its_output(tmp_path: Path) -> None:
    demo = write_demo(tmp_path)
    analysis = runpy.run_path(str(demo.analysis))["analysis"]
    assert isinstance(analysis, Analysis)
    cards = analysis.build(demo.output)
    assert isinstance(cards, Cards)
    cards.dump(tmp_path / "cards")
    loaded = load_output(demo.output)
    assert list(cards) == ["SR", "CR1", "CR2"]
    assert not [finding for finding in cards.findings if finding.severity > finding.severity.NOTICE]
    for category, made in cards.items():
        variable = {"SR": "discriminant", "CR1": "control_var_1", "CR2": "nJets"}[category]
        yields = {
            year: sum(
                histogram[category, "nominal", sum].value
                for dataset, histogram in loaded["variables"][variable]["TTbar"].items()
                if dataset in loaded["datasets_metadata"]["by_datataking_period"][year]["TTbar"]
            )
            for year in analysis.years
        }
        for year, expected in yields.items():
            assert made.rate(f"ttbar_{year}") == pytest.approx(expected)
        with uproot.open(tmp_path / "cards" / f"shapes_{category}_run3.root") as file:
            assert file["data_obs_nominal"].values().sum() == made.observation
        # 5 processes and 5 years; 3 lumi, xsec, qcd_scale, 2 norms, 5 + 2 * 5 + 1 + 3 shapes
        assert (made.jmax, made.kmax) == (24, 26)
