"""Totals of `shape_only_for_rateparam` that come from one variable for all cards of an analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import Analysis, Datacard, DeclarationError, InputError
from tests.support import outputs
from tests.support.analyses import CATEGORIES, declarations, output
from tests.support.coffea_files import save

if TYPE_CHECKING:
    from pathlib import Path

TOTALS: dict[str, Any] = {"shape_only_for_rateparam": True, "rateparam_norm_categories": ["VR", "CR"]}


def analysis(variable: Any, **changes: Any) -> Analysis:
    """Return an analysis without VR, whose totals are those of a variable over VR and CR."""
    categories = {name: CATEGORIES[name] for name in ("SR", "CR")}
    return Analysis(**declarations(categories=categories, rateparam_norm_histograms=variable, **TOTALS | changes))


def by_itself(name: str, variable: str) -> Datacard:
    """Return the card of a category, made alone."""
    loaded, declared = output(), declarations()
    return Datacard(
        loaded["variables"][CATEGORIES[name].variable],
        loaded["datasets_metadata"],
        loaded["cutflow"],
        **{key: declared[key] for key in ("years", "mc_processes", "data_processes", "systematics", "plugins")},
        category=name,
        bin_suffix="run3",
        bins_edges=CATEGORIES[name].bins_edges,
        verbose=False,
        rateparam_norm_histograms=loaded["variables"][variable],
        **TOTALS,
    )


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["m", "n"])
def test_same_as_one_by_one(variable: str) -> None:
    """The cards are those that are made one by one, also with a category that has no card."""
    for name, made in analysis(variable).build(output()).items():
        expected = by_itself(name, variable)
        assert made.histogram == expected.histogram
        assert made.rateparam_shape_scale == expected.rateparam_shape_scale


@pytest.mark.slow
@pytest.mark.parametrize(("variable", "factor"), [("n", 482 / 530), ("m", 522 / 570)])
def test_factor(variable: str, factor: float) -> None:
    """The factor is the nominal total over the total of the variation, in that variable."""
    # Over VR, Up in n: 66 f + 110 f + 1 for 60 f + 100 f + 1, with f = 1 and 2. In m, 7 * 2 f stand in place of 1.
    cards = analysis(variable, rateparam_norm_categories=["VR"]).build(output())
    assert cards["CR"].rateparam_shape_scale["ttbar", "JES", "Up"] == pytest.approx(factor)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_files(jobs: int, tmp_path: Path) -> None:
    """A file gives the cards of the loaded output."""
    made = analysis("n").build(save(tmp_path / "all.coffea", output()), jobs=jobs)
    expected = analysis("n").build(output())
    assert [card.content("x") for card in made.values()] == [card.content("x") for card in expected.values()]


@pytest.mark.slow
def test_unknown_variable() -> None:
    """A variable that the output does not have is an error."""
    with pytest.raises(InputError, match="the output has no variable 'nn'"):
        analysis("nn").build(output())


@pytest.mark.slow
def test_category_that_is_not_filled() -> None:
    """A category that the variable does not have is an error."""
    with pytest.raises(InputError, match="no category 'CRR'"):
        analysis("n", rateparam_norm_categories=["CRR"]).build(output())


@pytest.mark.parametrize("given", [{"Signal": {}}, 7])
def test_no_name(given: object) -> None:
    """Histograms, which a card takes there, and other values are refused."""
    with pytest.raises(DeclarationError, match=r"rateparam_norm_histograms is .* expected the name of a variable"):
        analysis(given)


@pytest.mark.slow
def test_not_read_without_need() -> None:
    """The variable is not asked for if no shape is scaled."""
    declared = declarations(mc_processes=outputs.two_processes(("2022", "2023")), rateparam_norm_histograms="nn")
    assert Analysis(**declared | TOTALS).build(output())["SR"].rateparam_shape_scale == {}
