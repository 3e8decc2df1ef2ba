"""A whole analysis as one object: the same cards as one by one, all problems at once, all files together."""

from __future__ import annotations

import copy
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
    PluginCallError,
    StrictError,
    Systematics,
    SystematicUncertainty,
    load_output,
)
from tests.support import outputs as by_hand
from tests.support.coffea_files import save
from tests.support.plots import PLUGIN, Calling, Names, Yields, card_with, cards_with, contents, names_in

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Channel
    from datacard_core.demo import DemoFiles
    from tests.conftest import Install


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
        plugins=by_hand.PLUGINS,
        **options,
    )


class TestCards:
    """The cards of an analysis."""

    @pytest.mark.parametrize(
        "options",
        [{}, {"mcstat": False}, {"mcstat": {"threshold": 3}}, {"bin_prefix": "ttH"}],
        ids=["plain", "no-mcstat", "mcstat", "prefix"],
    )
    def test_same_as_one_by_one(self, options: dict[str, Any]) -> None:
        """The cards are those that are made one by one."""
        cards = Analysis(**declarations(**options)).build(output())
        assert list(cards) == ["SR", "CR", "VR"]
        for name, made in cards.items():
            expected = by_itself(output(), name, **options)
            assert made.content("x.root") == expected.content("x.root")
            assert made.histogram == expected.histogram
            assert made.data_obs == expected.data_obs
            assert made.findings == expected.findings

    def test_shape_only_totals(self) -> None:
        """Shape-only totals are those over all categories, each with its variable."""
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

    def test_shape_only_totals_of_some_categories(self) -> None:
        """Shape-only totals may be those over some categories."""
        cards = Analysis(**declarations(shape_only_for_rateparam=True, rateparam_norm_categories="CR")).build(output())
        # over CR, in n: 20 f + 100 f + 1 nominal and 22 f + 110 f + 1 Up, for f = 1 and 2
        factor = 362 / 398
        assert by_hand.template(cards["SR"], "ttbar_2022", "JESUp") == pytest.approx([44 * factor, 124 * factor])
        assert by_hand.template(cards["CR"], "ttbar_2023", "JESUp") == pytest.approx([44 * factor, 221 * factor])

    def test_default_label(self) -> None:
        """The years are the label where none is given."""
        declared = declarations()
        del declared["label"]
        analysis = Analysis(**declared)
        assert analysis.label == "2022_2023"
        assert analysis.build(output())["SR"].bin == "SR_2022_2023"

    def test_leading_digit(self) -> None:
        """A category with a leading digit is accepted behind a prefix."""
        made = by_hand.Output()
        for sample in ("Signal", "TTbar", "Muon"):
            contents = {"2b": {"nominal": [4.0, 5.0], "JESUp": [4.0, 6.0], "JESDown": [4.0, 4.0]}}
            for year in YEARS:
                made.add(sample, year, by_hand.simulated(contents))
        declared = declarations(categories={"2b": Category("m")}, bin_prefix="ttH")
        assert Analysis(**declared).build(made.loaded)["2b"].bin == "ttH_2b_run3"

    def test_arguments_stay_as_they_were(self) -> None:
        """Building changes neither output nor declarations."""
        loaded, declared = output(), declarations(mcstat={"threshold": 3}, shape_only_for_rateparam=True)
        analysis = Analysis(**declared)
        before = copy.deepcopy((loaded, {name: declared[name] for name in declared if name != "plugins"}))
        first, second = analysis.build(loaded), analysis.build(loaded)
        assert (loaded, {name: declared[name] for name in declared if name != "plugins"}) == before
        assert [made.content() for made in first.values()] == [made.content() for made in second.values()]

    def test_findings(self) -> None:
        """The findings of all categories are in one tuple."""
        loaded = output()
        loaded["variables"]["m"]["TTbar"]["TTbar_2022"].view()["value"][:, :, 0] = -1
        cards = Analysis(**declarations()).build(loaded)
        assert {finding.channel for finding in cards.findings if finding.code == "clipped"} == {"SR_run3"}
        assert len(cards.findings) == sum(len(made.findings) for made in cards.values())
        assert "SR_run3" in cards.report()

    def test_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Findings are printed to standard error, one line for those that categories share."""
        typo = Systematics([by_hand.shape("JESS", years=YEARS)])
        cards = Analysis(**declarations(systematics=typo)).build(output())
        assert len([finding for finding in cards.findings if finding.code == "no-variation"]) == 3
        printed = capsys.readouterr()
        assert printed == ("", cards.report() + "\n")
        (line,) = [line for line in printed.err.splitlines() if "[no-variation]" in line]
        assert line.startswith("warning [no-variation] SR_run3, CR_run3, VR_run3, ttbar_2022, ttbar_2023, JESS: ")

    def test_not_verbose(self, capsys: pytest.CaptureFixture[str]) -> None:
        """With verbose=False no text is printed."""
        loaded = output()
        loaded["variables"]["m"]["TTbar"]["TTbar_2022"].view()["value"][:, :, 0] = -1
        assert Analysis(**declarations()).build(loaded, verbose=False).findings
        assert capsys.readouterr() == ("", "")


class TestOutputs:
    """Outputs as files or loaded, complete or not."""

    def write(self, loaded: dict[str, Any], path: Path) -> Path:
        nine = dict.fromkeys(("sum_genweights", "sum_signOf_genweights", "sumw", "sumw2", "columns"))
        complete = {name: {} for name in (*nine, "processing_metadata")} | loaded
        path.write_bytes(lz4.frame.compress(cloudpickle.dumps(complete)))
        return path

    @pytest.mark.parametrize("form", ["path", "text", "list", "tuple"])
    def test_paths(self, form: str, tmp_path: Path) -> None:
        """A path gives the cards of the output that it holds."""
        path = self.write(output(), tmp_path / "output_all.coffea")
        given: Any = {"path": path, "text": str(path), "list": [path], "tuple": (str(path),)}[form]
        analysis = Analysis(**declarations())
        from_path, from_dict = analysis.build(given), analysis.build(output())
        assert {name: made.content() for name, made in from_path.items()} == {
            name: made.content() for name, made in from_dict.items()
        }

    def test_loaded(self, tmp_path: Path) -> None:
        """A loaded output is taken as it is."""
        path = self.write(output(), tmp_path / "output_all.coffea")
        cards = Analysis(**declarations()).build(load_output(path))
        assert cards["SR"].content() == by_itself(output(), "SR").content()

    def test_missing_file(self, tmp_path: Path) -> None:
        """A missing file is an error with its path."""
        with pytest.raises(InputError, match=r"nowhere\.coffea"):
            Analysis(**declarations()).build(tmp_path / "nowhere.coffea")

    def test_unknown_variables(self) -> None:
        """Unknown variables are all named with the closest match."""
        loaded = output()
        loaded["variables"]["discriminant"] = loaded["variables"]["m"]
        categories = {"SR": Category("discriminat"), "CR": Category("n"), "VR": Category("Discriminant")}
        with pytest.raises(InputError) as raised:
            Analysis(**declarations(categories=categories)).build(loaded)
        assert len(raised.value.problems) == 2
        assert "'discriminat' (did you mean 'discriminant'?)" in str(raised.value)
        assert "'Discriminant' (did you mean 'discriminant'?)" in str(raised.value)

    def test_unknown_variable_in_defaultdict(self) -> None:
        """The look-up of an unknown variable does not add it."""
        loaded = output()
        names = list(loaded["variables"])
        with pytest.raises(InputError):
            Analysis(**declarations(categories={"SR": Category("x")})).build(loaded)
        assert list(loaded["variables"]) == names

    @pytest.mark.parametrize("missing", ["variables", "datasets_metadata", "cutflow"])
    def test_incomplete(self, missing: str) -> None:
        """An output that lacks a part is refused."""
        loaded = output()
        del loaded[missing]
        with pytest.raises(InputError, match=missing):
            Analysis(**declarations()).build(loaded)

    def test_not_postprocessed(self) -> None:
        """An output that was not postprocessed is refused with the way out."""
        loaded = output()
        del loaded["datasets_metadata"]
        with pytest.raises(InputError, match="merge-outputs"):
            Analysis(**declarations()).build(loaded)


def test_files_by_category(tmp_path: Path) -> None:
    """Each category is read from the file that has it, where files hold the same datasets."""
    for category, size in (("SR", 1), ("CR", 10)):
        part = by_hand.Output()
        for sample, factor in (("Signal", size), ("TTbar", 10 * size)):
            part.add(sample, "2022", by_hand.simulated({category: {"nominal": [factor, 2 * factor]}}))
        save(tmp_path / f"{category}.coffea", part.loaded)
    analysis = Analysis(
        years=["2022"],
        mc_processes=by_hand.two_processes(),
        systematics=Systematics(),
        categories={"SR": Category("m"), "CR": Category("m")},
        plugins=by_hand.PLUGINS,
    )
    cards = analysis.build(sorted(tmp_path.glob("*.coffea")))
    assert {name: card.rate("ttbar_2022") for name, card in cards.items()} == {"SR": 30, "CR": 300}


class TestProblems:
    """Problems of several categories."""

    def test_all_categories_at_once(self) -> None:
        """Problems of all categories are told at once."""
        loaded = output()
        loaded["variables"]["n"]["TTbar"]["TTbar_2022"].view()["value"][0, 0, 0] = float("nan")
        categories = {**CATEGORIES, "SR": Category("m", [0, 1.5, 3]), "XR": Category("m"), "VR": Category("m", 2)}
        with pytest.raises((InputError, DeclarationError)) as raised:
            Analysis(**declarations(categories=categories)).build(loaded)
        text = str(raised.value)
        for part in ("1.5 is not an edge", "'TTbar_2022'", "'XR'", "bins_edges=2"):
            assert part in text
        for category in ("SR", "VR"):
            assert f"'{category}'" in text

    def test_common_problem(self) -> None:
        """A problem of every card is told once."""
        processes = by_hand.two_processes(YEARS)
        processes["vv"] = by_hand.process("vv", "Muno", years=YEARS)
        with pytest.raises((InputError, DeclarationError)) as raised:
            Analysis(**declarations(mc_processes=processes)).build(output())
        assert str(raised.value).count("'Muno'") == 1

    def test_contradiction_to_output(self) -> None:
        """Declarations that contradict the output are a declaration error."""
        with pytest.raises(DeclarationError, match="edge"):
            Analysis(**declarations(categories={"SR": Category("m", [0, 1.5])})).build(output())

    def test_strict(self) -> None:
        """With strict, the warnings of all categories are raised at once."""
        loaded = output()
        loaded["variables"]["m"]["TTbar"]["TTbar_2022"].view()["value"][:, :, 1] = -1
        categories = {"SR": Category("m"), "VR": Category("m")}
        with pytest.raises(StrictError) as raised:
            Analysis(**declarations(categories=categories, strict=True)).build(loaded)
        assert {finding.channel for finding in raised.value.findings} == {"SR_run3", "VR_run3"}

    def test_no_norm_category(self) -> None:
        """No category to keep totals over is an error, and not taken for all of them."""
        analysis = Analysis(**declarations(shape_only_for_rateparam=True, rateparam_norm_categories=[]))
        with pytest.raises(DeclarationError, match="rateparam_norm_categories is empty"):
            analysis.build(output())

    def test_accept(self) -> None:
        """An accepted finding stops no category, and each category keeps it with the reason."""
        loaded = output()
        loaded["variables"]["m"]["TTbar"]["TTbar_2022"].view()["value"][:, :, 1] = -1
        categories = {"SR": Category("m"), "VR": Category("m")}
        accept = {"clipped": "few events"}
        cards = Analysis(**declarations(categories=categories, strict=True, accept=accept)).build(loaded)
        assert {finding.channel for finding in cards.findings if finding.accepted == "few events"} == {
            "SR_run3",
            "VR_run3",
        }

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"categories": {}}, "categories"),
            ({"categories": ["SR"]}, "categories"),
            ({"categories": {"SR": "m"}}, r"Category\('"),
            ({"categories": {"SR": Category("m", bin_name="a b")}}, "bin_name 'a b'"),
            ({"categories": {"4j": Category("m"), "bin_4j": Category("m")}}, "'4j' and 'bin_4j'"),
            ({"rateparam_norm_categories": ["SR", "XX"]}, "'XX'"),
            ({"strict": "no"}, "strict is 'no'"),
            ({"accept": {"clippd": "few events"}}, "did you mean 'clipped'"),
        ],
        ids=["none", "list", "text", "blank", "twice", "norm", "strict", "accept"],
    )
    def test_arguments(self, changes: dict[str, Any], said: str) -> None:
        """Wrong arguments are refused before an output is read."""
        with pytest.raises(DeclarationError, match=said):
            Analysis(**declarations(**changes))


class TestDumping:
    """Cards, templates and the script that combines them."""

    NAMES = ("datacard_{}_run3.txt", "shapes_{}_run3.root")

    def test_names(self, tmp_path: Path) -> None:
        """Files have the names of the documented script."""
        Analysis(**declarations()).build(output()).dump(tmp_path / "cards")
        assert {path.name for path in (tmp_path / "cards").iterdir()} == {
            *(name.format(category) for name in self.NAMES for category in CATEGORIES),
            "combine_datacards_run3.sh",
        }

    def test_templates(self, tmp_path: Path) -> None:
        """Each card names the file of its templates."""
        cards = Analysis(**declarations()).build(output())
        cards.dump(tmp_path)
        for category, made in cards.items():
            text = (tmp_path / f"datacard_{category}_run3.txt").read_text()
            assert text == made.content(f"shapes_{category}_run3.root")
            with uproot.open(tmp_path / f"shapes_{category}_run3.root") as file:
                total = file["ttbar_2022_nominal"].values().sum()
                assert total == pytest.approx(made.rate("ttbar_2022"))

    def test_script(self, tmp_path: Path) -> None:
        """The script joins all cards under their bins."""
        Analysis(**declarations()).build(output()).dump(tmp_path, channel_masks=True)
        script = (tmp_path / "combine_datacards_run3.sh").read_text()
        for category in CATEGORIES:
            assert f"{category}_run3=datacard_{category}_run3.txt" in script
        assert "datacard_combined_run3.txt" in script
        assert "text2workspace.py datacard_combined_run3.txt -o workspace_run3.root --channel-masks" in script

    def test_missing_serializer(self, tmp_path: Path) -> None:
        """With an unknown serializer no file is written."""
        cards = Analysis(**declarations()).build(output())
        with pytest.raises(MissingProviderError):
            cards.dump(tmp_path / "cards", serializer="nobody")
        assert not (tmp_path / "cards").exists()


class TestPlots:
    """Plots of all categories."""

    def test_all_categories(self, tmp_path: Path) -> None:
        """A plot is drawn for each category."""
        files = cards_with(Yields(), Names()).plot(tmp_path, "yields")
        assert [file.name for file in files] == ["yields_SR_2022.txt", "yields_CR_2022.txt"]
        assert contents(tmp_path) == {"yields_SR_2022.txt": "2 20", "yields_CR_2022.txt": "5 50"}

    def test_without_names(self, tmp_path: Path) -> None:
        """Without names, all plots of the selection are drawn."""
        files = cards_with(Yields(), Names()).plot(tmp_path)
        assert len(files) == 4
        assert names_in(tmp_path) == sorted(file.name for file in files)

    def test_plot_of_unselected_plugin(self, install: Install, tmp_path: Path) -> None:
        """A plot of an installed plugin that is not selected comes with the way to select it."""
        install("acme_plots", PLUGIN.format(name="'sketch'", suffix="'.png'", body="path.touch()"))
        with pytest.raises(MissingProviderError, match=r"may have it: select one with load_plugins\(…, 'acme_plots'\)"):
            cards_with(Yields()).plot(tmp_path, "sketch")

    @pytest.mark.parametrize("what", ["a card", "cards"])
    def test_all_or_none(self, what: str, tmp_path: Path) -> None:
        """Where one plot fails, no file is new."""

        def fail_in_cr(channel: Channel, path: Path) -> None:
            path.write_text("drawn")
            if channel.bin != "SR_2022":
                raise ValueError("no colour left")

        plots = Calling(fail_in_cr), Yields()
        made: Datacard | Cards = card_with(*plots) if what == "a card" else cards_with(*plots)
        bin_name = {"a card": "SR_run3", "cards": "CR_2022"}[what]
        (tmp_path / "plots").mkdir()
        (tmp_path / "plots" / f"yields_{bin_name}.txt").write_text("old")
        with pytest.raises(PluginCallError) as raised:
            made.plot(tmp_path / "plots", "yields", "calling")
        assert str(raised.value) == (
            f"plugin 'mine' (local): ValueError while drawing channel {bin_name!r}: no colour left"
        )
        assert contents(tmp_path / "plots") == {f"yields_{bin_name}.txt": "old"}


@pytest.mark.slow
def test_demo(demo_files: DemoFiles, demo_cards: Cards, tmp_path: Path) -> None:
    """The demo's script makes cards of the demo's output, with its numbers."""
    cards = demo_cards
    assert isinstance(cards, Cards)
    cards.dump(tmp_path / "cards")
    loaded = load_output(demo_files.output)
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
            for year in cards.analysis.years
        }
        for year, expected in yields.items():
            assert made.rate(f"ttbar_{year}") == pytest.approx(expected)
        with uproot.open(tmp_path / "cards" / f"shapes_{category}_run3.root") as file:
            assert file["data_obs_nominal"].values().sum() == made.observation
        # 5 processes and 5 years; 3 lumi, xsec, qcd_scale, 2 norms, 5 + 2 * 5 + 1 + 3 shapes
        assert (made.jmax, made.kmax) == (24, 26)
