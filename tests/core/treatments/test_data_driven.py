"""Columns made of data of a control region, of differences and of other variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hist
import numpy as np
import pytest

from datacard_core import Analysis, Category, DeclarationError, MCProcess, MCProcesses, Systematics
from datacard_core.tables.coverage import coverage_table
from tests.support import outputs
from tests.support.cases import case
from tests.support.coffea_files import save

if TYPE_CHECKING:
    from pathlib import Path

YEAR = "2022"


def output() -> outputs.Output:
    """Return an output with data and ttbar in SR, and more of both in CR."""
    made = outputs.Output()
    ttbar = {"SR": {"nominal": [5, 5]}, "CR": {"nominal": [20, 10], "JESUp": [30, 10], "JESDown": [10, 10]}}
    ttbar["SR"] |= {"JESUp": [6, 5], "JESDown": [4, 5]}
    ttbar["VR"] = ttbar["SR"]
    squares = {category: {label: [4, 1] for label in by_label} for category, by_label in ttbar.items()}
    signal = {category: {"nominal": [1, 2]} for category in ttbar}
    made.add("Signal", YEAR, outputs.simulated(signal))
    made.add("TTbar", YEAR, outputs.simulated(ttbar, variances=squares))
    made.add("Muon", YEAR, outputs.observed({"SR": [77777, 77777], "CR": [100, 50], "VR": [1, 1]}))
    made.by_dataset["Muon_2022"]["isMC"] = "False"
    return made


def fakes(**changes: Any) -> MCProcesses:
    """Return a signal, and fakes of data less ttbar in CR, half of which pass the selection of SR."""
    options = {"from_category": "CR", "subtract": ["TTbar"], "scale": 0.5, **changes}
    samples = options.pop("samples", ["Muon"])
    signal = outputs.process("signal", "Signal", is_signal=True)
    return MCProcesses([signal, outputs.process("fakes", *samples, **options)])


def factors(*pairs: tuple[float, float], edges: tuple[float, ...] = (0, 1, 2)) -> Any:
    """Return a histogram of factors, each with its variance."""
    histogram: Any = hist.Hist(hist.axis.Variable(edges), storage=hist.storage.Weight())
    histogram.view()["value"], histogram.view()["variance"] = zip(*pairs, strict=True)
    return histogram


def test_data_less_simulation() -> None:
    """Yields are (100 - 20)/2 and (50 - 10)/2, and variances (100 + 4)/4 and (50 + 1)/4."""
    card = outputs.card(output(), mc_processes=fakes())
    assert outputs.template(card, "fakes_2022") == [40, 20]
    assert outputs.variance(card, "fakes_2022") == [26, 12.75]
    assert outputs.found(card, "data-driven") == [
        "notice [data-driven] SR_2022, fakes: it is made of 'Muon' of category 'CR', less 'TTbar', times 0.5"
    ]


def test_histogram_of_factors() -> None:
    """A variance is h² var(s) + s² var(h): 0.25·104 + 80²·0.01 and 0.04·51 + 40²·0.04."""
    card = outputs.card(output(), mc_processes=fakes(scale=factors((0.5, 0.01), (0.2, 0.04))))
    assert outputs.template(card, "fakes_2022") == [40, 8]
    assert outputs.variance(card, "fakes_2022") == pytest.approx([90, 66.04])


def test_factors_after_folding_of_flow() -> None:
    """Content that is folded into a bin shares its factor and error: 0.5 · 120 = 60, 0.25·120 + 120²·0.01 = 174."""
    made = outputs.Output()
    axis = outputs.bins(0, 1, 2)
    made.add("Signal", YEAR, outputs.simulated({"SR": {"nominal": [1, 2]}}, axis))
    made.add("Muon", YEAR, outputs.observed({"SR": [20, 100, 50, 0]}, axis))
    processes = fakes(from_category=None, subtract=[], scale=factors((0.5, 0.01), (1, 0)))
    card = outputs.card(made, mc_processes=processes, flow="fold")
    assert outputs.template(card, "fakes_2022") == [60, 50]
    assert outputs.variance(card, "fakes_2022") == [174, 50]


def test_variations_of_subtracted_simulation() -> None:
    """More simulation leaves fewer events: (100 - 30)/2 for Up and (100 - 10)/2 for Down, with the same data."""
    card = outputs.card(output(), outputs.shape("JES", ["fakes"]), mc_processes=fakes())
    assert outputs.template(card, "fakes_2022", "JESUp") == [35, 20]
    assert outputs.template(card, "fakes_2022", "JESDown") == [45, 20]
    # Data have no variations, and lack none.
    assert not {"fallback", "no-variation", "partial-variation"} & set(outputs.codes(card))
    (row,) = [
        record
        for record in coverage_table(card).records
        if record["process"] == "fakes" and record["nuisance"] == "JES"
    ]
    assert (row["state"], row["present"], row["datasets"]) == ("own", 1, 1)


def test_norms_of_subtracted_samples() -> None:
    """Up is (100 - 1.25·20)/2, and Down (100 - 20/1.25)/2 or (100 - 20·0.5)/2; variances have factors squared."""
    for norm, down in ((1.25, [42, 21]), ((0.5, 1.25), [45, 22.5])):
        processes = fakes(sample_norms={"xsec": {"TTbar": norm}})
        card = outputs.card(output(), outputs.shape("xsec", ["fakes"]), mc_processes=processes)
        assert outputs.template(card, "fakes_2022") == [40, 20]
        assert outputs.template(card, "fakes_2022", "xsecUp") == [37.5, 18.75]
        assert outputs.template(card, "fakes_2022", "xsecDown") == down
        # (100 + 1.25²·4)/4 and (50 + 1.25²·1)/4
        assert outputs.variance(card, "fakes_2022", "xsecUp") == [26.5625, 12.890625]
        assert outputs.codes(card) == ["data-driven"]


def test_norms_of_several_samples() -> None:
    """A sample that is added moves its process in the same direction: (1.1·100 - 1.25·20)/2."""
    processes = fakes(sample_norms={"lumi": {"TTbar": 1.25, "Muon": 1.1}})
    card = outputs.card(output(), outputs.shape("lumi", ["fakes"]), mc_processes=processes)
    assert outputs.template(card, "fakes_2022", "lumiUp") == pytest.approx([42.5, 21.25])


def test_norms_without_systematic() -> None:
    """Norms that no systematic reads are told, and those with the name of a variation of the output are refused."""
    unread = outputs.card(
        output(), outputs.shape("JES", ["fakes"]), mc_processes=fakes(sample_norms={"a": {"Muon": 2}})
    )
    (told,) = outputs.found(unread, "unused-variation")
    assert told.endswith("no systematic reads variation 'a', which sample_norms makes")
    both = fakes(sample_norms={"JES": {"TTbar": 1.1}})
    (problem,) = outputs.problems(output(), outputs.shape("JES", ["fakes"]), mc_processes=both)
    assert "it has the variation 'JESDown', which sample_norms makes too" in problem


@pytest.mark.parametrize(("subtract", "name"), [([], "JES"), (["TTbar"], "Pileup")])
def test_variations_that_nothing_has(subtract: list[str], name: str) -> None:
    """A shape on data alone, or one that the subtracted simulation lacks, is told and has no effect."""
    card = outputs.card(output(), outputs.shape(name, ["fakes"]), mc_processes=fakes(subtract=subtract))
    assert "no-variation" in outputs.codes(card)
    assert outputs.template(card, "fakes_2022", f"{name}Up") == outputs.template(card, "fakes_2022")


def test_difference_below_zero() -> None:
    """Bins below 0 follow the policy of the process, and are told."""
    made = output()
    made.histograms["Muon"]["Muon_2022"].view()["value"][0] = [10, 50]
    assert "clipped" in outputs.codes(outputs.card(made, mc_processes=fakes()))
    refused = fakes(policies={"negative_bins": "error"})
    assert any("content below 0" in one for one in outputs.problems(made, mc_processes=refused))


def test_blind_region_that_is_not_read() -> None:
    """Data of a control region stand in the card of a blind category, and those of the category do not."""
    card = outputs.card(
        output(), mc_processes=fakes(), data_processes=outputs.observation("Muon"), blind=["SR"], category="SR"
    )
    assert outputs.template(card, "fakes_2022") == [40, 20]
    assert card.channel.data.values.tolist() == [[40, 20]]


def test_data_of_blind_categories() -> None:
    """No column is made of data of a blind category, be it that of the card, another variable of it or a region."""
    cases: list[tuple[Any, dict[str, Any]]] = [
        (["CR"], {}),
        (["SR"], {"from_category": None}),
        (lambda axis: axis.edges[:-1] >= 1, {"from_category": None}),
        (["SR"], {"from_category": None, "subtract": []}),
        (True, {"from_category": None, "from_variable": "n"}),
    ]
    for blind, changes in cases:
        with case(blind, changes):
            made = output()
            options = {"data_processes": outputs.observation("Muon"), "variables": {"n": made.histograms}}
            (problem,) = outputs.problems(made, mc_processes=fakes(**changes), blind=blind, **options)
            assert "blind" in problem
            assert "77777" not in problem


@pytest.mark.parametrize("blind", [True, ["SR"], lambda axis: axis.edges[:-1] >= 1])
def test_region_without_a_card(blind: Any) -> None:
    """A region that has no card is read for blind ones, and with a card it is as blind as its analysis says."""
    shared: dict[str, Any] = {"data_processes": outputs.observation("Muon"), "systematics": Systematics([])}
    shared["mc_processes"] = fakes()
    alone = analysis(categories={"SR": Category("m")}, blind=blind, **shared)
    assert outputs.template(alone.build(output().loaded, verbose=False)["SR"], "fakes_2022") == [40, 20]
    both = analysis(categories={"SR": Category("m"), "CR": Category("m")}, blind=blind, **shared)
    if blind == ["SR"]:
        assert outputs.template(both.build(output().loaded, verbose=False)["SR"], "fakes_2022") == [40, 20]
        return
    with pytest.raises(DeclarationError, match="'fakes' is read from category 'CR', which is blind") as raised:
        both.build(output().loaded, verbose=False)
    assert "blind other categories alone, by name" in str(raised.value)


@pytest.mark.parametrize("told_by", ["metadata", "histogram"])
def test_data_with_variations_or_without_metadata(told_by: str) -> None:
    """Data of a blind category are known by the metadata, or by a histogram without variations: each is enough."""
    made = output()
    if told_by == "metadata":
        made.histograms["Muon"]["Muon_2022"] = outputs.simulated({"SR": {"nominal": [77777, 77777]}})
    else:
        made.by_dataset["Muon_2022"]["isMC"] = "True"
    (problem,) = outputs.problems(made, mc_processes=fakes(from_category=None, subtract=[]), blind=True)
    assert "category 'SR' is blind, and 'fakes_2022' is made of its data, 'Muon'" in problem


def test_another_variable() -> None:
    """A process is read from another variable with the bins of the card."""
    made, other = output(), output()
    other.histograms["Muon"]["Muon_2022"].view()["value"] *= 2
    processes = fakes(from_category=None, from_variable="n", scale=1)
    card = outputs.card(made, mc_processes=processes, variables={"n": other.histograms})
    assert outputs.template(card, "fakes_2022") == [2 * 77777 - 5, 2 * 77777 - 5]
    (problem,) = outputs.problems(made, mc_processes=processes)
    assert 'pass variables=output["variables"]' in problem


def test_other_bins_of_another_variable() -> None:
    """Another variable with other bins is refused with both."""
    other = outputs.Output().data("Muon", YEAR, [1, 2, 3]).mc("TTbar", YEAR, nominal=[1, 1, 1])
    processes = fakes(from_category=None, from_variable="n")
    (problem,) = outputs.problems(output(), mc_processes=processes, variables={"n": other.histograms})
    assert "the histograms of one channel must have the same edges" in problem


def test_factors_in_other_bins() -> None:
    """Factors whose bins are not those of the card are refused with both."""
    scale = factors((1, 0), (1, 0), edges=(0, 1, 3))
    (problem,) = outputs.problems(output(), mc_processes=fakes(scale=scale))
    assert problem == (
        "category 'SR': process 'fakes': scale has 2 bins with edges 0, 1, 3, and the card has 2 with edges 0, 1, 2: "
        "give factors in the bins of the card"
    )


def analysis(**changes: Any) -> Analysis:
    """Return an analysis of both categories, in the cards of which fakes are read from CR, and of another variable."""
    declared: dict[str, Any] = {
        "years": [YEAR],
        "mc_processes": fakes(sample_norms={"xsec": {"TTbar": 1.25}}),
        "systematics": Systematics([outputs.shape("JES", ["fakes"]), outputs.shape("xsec", ["fakes"])]),
        "categories": {
            "SR": Category("m"),
            "VR": Category("m", mc_processes=fakes(from_category="SR", from_variable="n")),
            "CR": Category("n"),
        },
        "plugins": outputs.PLUGINS,
    }
    return Analysis(**declared | changes)


def test_equal_cards_of_all_ways(tmp_path: Path) -> None:
    """A loaded output, and files that have data and simulation apart, give one text and the same templates."""
    made = output()
    loaded = made.loaded
    loaded["variables"]["n"] = made.histograms
    paths = []
    for number, samples in enumerate((["Muon"], ["Signal", "TTbar"])):
        part = {sample: made.histograms[sample] for sample in samples}
        paths.append(save(tmp_path / f"{number}.coffea", {**loaded, "variables": {"m": part, "n": part}}))
    whole = analysis().build(loaded, verbose=False)
    for paths_in_order in (paths, paths[::-1]):
        cards = analysis().build(paths_in_order, jobs=2, verbose=False)
        for name, card in cards.items():
            assert card.content() == whole[name].content()
            assert np.array_equal(
                card.channel.templates().templates.values, whole[name].channel.templates().templates.values
            )
            assert np.array_equal(
                card.channel.templates().templates.variances, whole[name].channel.templates().templates.variances
            )
            assert card.findings == whole[name].findings
    assert outputs.template(whole["SR"], "fakes_2022") == outputs.template(whole["CR"], "fakes_2022") == [40, 20]
    assert outputs.template(whole["SR"], "fakes_2022", "JESUp") == [35, 20]
    assert outputs.template(whole["CR"], "fakes_2022", "xsecUp") == [37.5, 18.75]
    assert outputs.template(whole["VR"], "fakes_2022", "JESUp") == [(77777 - 6) / 2, (77777 - 5) / 2]


def test_declarations_that_cannot_be_read() -> None:
    """A declaration that names no reading is refused with its reason."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"subtract": ["TTbar", "TTbar"]}, "subtract lists TTbar twice"),
        ({"subtract": ["Muon"]}, "sample 'Muon' is in its samples and in subtract"),
        ({"subtract": [3]}, "sample 3 is a int, expected a string"),
        ({"from_category": ""}, "from_category is empty, expected a name"),
        ({"from_variable": 3}, "from_variable is 3 (int), expected a name"),
        ({"sample_norms": {"x": 1.1}}, "sample_norms is {'x': 1.1}, expected a dict such as"),
        ({"sample_norms": {"x": {"Mu": 1.1}}}, "'Mu' is not one of its samples (did you mean 'Muon'?)"),
        ({"sample_norms": {"x": {"Muon": (1, -1)}}}, "'x' of 'Muon' is (1.0, -1.0), expected a factor above 0"),
        ({"scale": -1}, "scale has -1.0, expected numbers of at least 0"),
        ({"scale": float("nan")}, "scale has nan"),
        ({"scale": 0}, "scale is 0: it would be an empty column"),
        ({"scale": "half"}, "scale is 'half', expected a number, or a histogram"),
        ({"scale": True}, "scale is True, expected a number, or a histogram"),
        ({"scale": hist.Hist(hist.axis.Regular(2, 0, 2))}, "expected a number, or a histogram with one axis of edges"),
        ({"scale": factors((0.5, -1), (1, 0))}, "scale has -1.0, expected numbers of at least 0"),
    ]
    for options, expected in cases:
        with case(options, expected):
            with pytest.raises(DeclarationError) as raised:
                MCProcess(name="fakes", samples=["Muon"], years=[YEAR], is_signal=False, **options)
            assert expected in str(raised.value)


def test_samples_that_are_not_there() -> None:
    """A sample to subtract, and a category to read, that the output has not are refused with the closest name."""
    (problem,) = outputs.problems(output(), mc_processes=fakes(subtract=["TTbr"]))
    assert problem == "process 'fakes': the output has no sample 'TTbr' (did you mean 'TTbar'?)"
    assert (
        "no category 'CRR' (did you mean 'CR'?)"
        in outputs.problems(output(), mc_processes=fakes(from_category="CRR"))[0]
    )


def test_totals_of_other_regions() -> None:
    """Shapes that keep a total are refused for a process whose total stands in another region."""
    processes = fakes(has_rateParam=True)
    (problem,) = outputs.problems(output(), mc_processes=processes, shape_only_for_rateparam=True)
    assert "shape_only_for_rateparam cannot keep the total of a process with from_category" in problem
