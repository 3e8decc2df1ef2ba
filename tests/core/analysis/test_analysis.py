"""A whole analysis as one object: the same cards as one by one, all problems at once, all files together."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from datacard_core import (
    Analysis,
    Category,
    Datacard,
    DeclarationError,
    InputError,
    StrictError,
    Systematics,
)
from tests.support import outputs as by_hand
from tests.support.analyses import CATEGORIES, YEARS, declarations, output


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

    @pytest.mark.slow
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

    @pytest.mark.slow
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

    @pytest.mark.slow
    def test_shape_only_totals_of_some_categories(self) -> None:
        """Shape-only totals may be those over some categories."""
        cards = Analysis(**declarations(shape_only_for_rateparam=True, rateparam_norm_categories="CR")).build(output())
        # over CR, in n: 20 f + 100 f + 1 nominal and 22 f + 110 f + 1 Up, for f = 1 and 2
        factor = 362 / 398
        assert by_hand.template(cards["SR"], "ttbar_2022", "JESUp") == pytest.approx([44 * factor, 124 * factor])
        assert by_hand.template(cards["CR"], "ttbar_2023", "JESUp") == pytest.approx([44 * factor, 221 * factor])

    @pytest.mark.slow
    def test_default_label(self) -> None:
        """The years are the label where none is given."""
        declared = declarations()
        del declared["label"]
        analysis = Analysis(**declared)
        assert analysis.label == "2022_2023"
        assert analysis.build(output())["SR"].bin == "SR_2022_2023"

    @pytest.mark.slow
    def test_leading_digit(self) -> None:
        """A category with a leading digit is accepted behind a prefix."""
        made = by_hand.Output()
        for sample in ("Signal", "TTbar", "Muon"):
            contents = {"2b": {"nominal": [4.0, 5.0], "JESUp": [4.0, 6.0], "JESDown": [4.0, 4.0]}}
            for year in YEARS:
                made.add(sample, year, by_hand.simulated(contents))
        declared = declarations(categories={"2b": Category("m")}, bin_prefix="ttH")
        assert Analysis(**declared).build(made.loaded)["2b"].bin == "ttH_2b_run3"

    @pytest.mark.slow
    def test_arguments_stay_as_they_were(self) -> None:
        """Building changes neither output nor declarations."""
        loaded, declared = output(), declarations(mcstat={"threshold": 3}, shape_only_for_rateparam=True)
        analysis = Analysis(**declared)
        before = copy.deepcopy((loaded, {name: declared[name] for name in declared if name != "plugins"}))
        first, second = analysis.build(loaded), analysis.build(loaded)
        assert (loaded, {name: declared[name] for name in declared if name != "plugins"}) == before
        assert [made.content() for made in first.values()] == [made.content() for made in second.values()]

    @pytest.mark.slow
    def test_findings(self) -> None:
        """The findings of all categories are in one tuple."""
        loaded = output()
        loaded["variables"]["m"]["TTbar"]["TTbar_2022"].view()["value"][:, :, 0] = -1
        cards = Analysis(**declarations()).build(loaded)
        assert {finding.channel for finding in cards.findings if finding.code == "clipped"} == {"SR_run3"}
        assert len(cards.findings) == sum(len(made.findings) for made in cards.values())
        assert "SR_run3" in cards.report()

    @pytest.mark.slow
    def test_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Findings are printed to standard error, one line for those that categories share."""
        typo = Systematics([by_hand.shape("JESS", years=YEARS)])
        cards = Analysis(**declarations(systematics=typo)).build(output())
        assert len([finding for finding in cards.findings if finding.code == "no-variation"]) == 3
        printed = capsys.readouterr()
        assert printed == ("", cards.report() + "\n")
        (line,) = [line for line in printed.err.splitlines() if "[no-variation]" in line]
        assert line.startswith("warning [no-variation] SR_run3, CR_run3, VR_run3, ttbar_2022, ttbar_2023, JESS: ")

    @pytest.mark.slow
    def test_not_verbose(self, capsys: pytest.CaptureFixture[str]) -> None:
        """With verbose=False no text is printed."""
        loaded = output()
        loaded["variables"]["m"]["TTbar"]["TTbar_2022"].view()["value"][:, :, 0] = -1
        assert Analysis(**declarations()).build(loaded, verbose=False).findings
        assert capsys.readouterr() == ("", "")


class TestProblems:
    """Problems of several categories."""

    @pytest.mark.slow
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

    @pytest.mark.slow
    def test_common_problem(self) -> None:
        """A problem of every card is told once."""
        processes = by_hand.two_processes(YEARS)
        processes["vv"] = by_hand.process("vv", "Muno", years=YEARS)
        with pytest.raises((InputError, DeclarationError)) as raised:
            Analysis(**declarations(mc_processes=processes)).build(output())
        assert str(raised.value).count("'Muno'") == 1

    @pytest.mark.slow
    def test_contradiction_to_output(self) -> None:
        """Declarations that contradict the output are a declaration error."""
        with pytest.raises(DeclarationError, match="edge"):
            Analysis(**declarations(categories={"SR": Category("m", [0, 1.5])})).build(output())

    @pytest.mark.slow
    def test_strict(self) -> None:
        """With strict, the warnings of all categories are raised at once."""
        loaded = output()
        loaded["variables"]["m"]["TTbar"]["TTbar_2022"].view()["value"][:, :, 1] = -1
        categories = {"SR": Category("m"), "VR": Category("m")}
        with pytest.raises(StrictError) as raised:
            Analysis(**declarations(categories=categories, strict=True)).build(loaded)
        assert {finding.channel for finding in raised.value.findings} == {"SR_run3", "VR_run3"}

    @pytest.mark.slow
    def test_no_norm_category(self) -> None:
        """No category to keep totals over is an error, and not taken for all of them."""
        analysis = Analysis(**declarations(shape_only_for_rateparam=True, rateparam_norm_categories=[]))
        with pytest.raises(DeclarationError, match="rateparam_norm_categories is empty"):
            analysis.build(output())

    @pytest.mark.slow
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
