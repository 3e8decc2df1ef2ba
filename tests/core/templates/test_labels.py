"""Bins with labels: datasets are summed by label, in every order and division into files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hist
import numpy as np
import pytest

from datacard_core import Analysis, Category, Systematics
from datacard_core.templates.labels import joined, spread
from tests.support.coffea_files import save
from tests.support.outputs import (
    PLUGINS,
    Output,
    bins,
    card,
    codes,
    found,
    problems,
    simulated,
    template,
    two_processes,
)

if TYPE_CHECKING:
    from pathlib import Path


def growing(**yields: float) -> Any:
    """Return a histogram whose growing axis met the labels in the given order."""
    histogram: hist.Hist[Any] = hist.Hist(
        hist.axis.StrCategory(["SR"], name="cat"),
        hist.axis.StrCategory(["nominal"], name="variation"),
        hist.axis.StrCategory([], name="events.channel", growth=True),
        storage=hist.storage.Weight(),
    )
    for label, value in yields.items():
        histogram.fill(["SR"], ["nominal"], [label], weight=[value])
    return histogram


def two_datasets(first: Any, second: Any) -> Output:
    """Return an output with two datasets of ttbar, and signal in the labels of the first."""
    output = Output().add("Signal", "2022", growing(ee=1, em=1, mm=1))
    return output.add("TTbar", "2022", first, part="a").add("TTbar", "2022", second, part="b")


def test_same_order() -> None:
    """Labels in the same order need no finding."""
    made = card(two_datasets(growing(ee=10, em=20, mm=30), growing(ee=1, em=2, mm=3)))
    assert template(made, "ttbar_2022") == [11, 22, 33]
    assert codes(made) == []


def test_another_order() -> None:
    """Labels in another order are summed by label, with a notice."""
    made = card(two_datasets(growing(ee=10, em=20, mm=30), growing(mm=3, ee=1, em=2)))
    assert made.channel.axis.categories == ("ee", "em", "mm")
    assert template(made, "ttbar_2022") == [11, 22, 33]
    (message,) = found(made, "labels-matched")
    assert "the bins are labelled ee, em, mm, which 'TTbar_b_2022' have in another order" in message


def test_missing_and_further_labels() -> None:
    """A dataset that never met a label has no event there, and a further label is one more bin."""
    made = card(two_datasets(growing(mm=30, ee=10), growing(em=2, tt=4)))
    assert made.channel.axis.categories == ("ee", "em", "mm", "tt")
    assert template(made, "ttbar_2022") == [10, 2, 30, 4]
    assert template(made, "signal_2022") == [1, 1, 1, 0]


@pytest.mark.slow
def test_order_is_that_of_any_files(tmp_path: Path) -> None:
    """Files in any order give the card of the whole output, whose labels are those of its datasets in order."""
    parts = {
        "x": Output().add("TTbar", "2022", growing(tt=4, mm=3), part="b"),
        "y": Output().add("TTbar", "2022", growing(mm=30, ee=10), part="a"),
        "z": Output().add("Signal", "2022", growing(em=1)),
    }
    files = {name: save(tmp_path / f"{name}.coffea", output.loaded) for name, output in parts.items()}
    analysis = Analysis(
        years=["2022"],
        mc_processes=two_processes(),
        systematics=Systematics(),
        categories={"SR": Category("m")},
        plugins=PLUGINS,
    )
    cards = [analysis.build([files[name] for name in order])["SR"] for order in ("xyz", "zyx", "yxz")]
    for made in cards:
        assert made.channel.axis.categories == ("em", "mm", "ee", "tt")
        assert template(made, "ttbar_2022") == [0, 33, 10, 4]
        assert made.content() == cards[0].content()


@pytest.mark.parametrize("labels", [["ee", "em"], ["em", "ee", "mm"]], ids=["missing", "order"])
def test_fixed_labels(labels: list[str]) -> None:
    """Other labels on an axis that does not grow are refused: missing ones may be in the overflow."""
    fixed = simulated({"SR": {"nominal": [1] * len(labels)}}, hist.axis.StrCategory(labels, name="events.channel"))
    (problem,) = problems(two_datasets(growing(ee=10, em=20, mm=30), fixed))
    assert problem.startswith(f"sample 'TTbar', dataset 'TTbar_b_2022': the bins are labelled {', '.join(labels)}, ")
    assert "those of the channel ee, em, mm: the histograms" in problem


def test_labels_and_edges() -> None:
    """Bins with labels and bins with edges are not matched."""
    (problem,) = problems(two_datasets(growing(ee=10), simulated({"SR": {"nominal": [1]}}, bins(0, 1))))
    assert "'TTbar_b_2022': the bins are 1 with edges 0, 1, those of" in problem


@pytest.mark.parametrize(("flow", "expected"), [((0, 0), [0, 2, 1]), ((0, 1), [0, 2, 1, 9]), ((1, 1), [8, 0, 2, 1, 9])])
def test_spread(flow: tuple[int, int], expected: list[float]) -> None:
    """Contents move to the places of their labels, and flow stays at the ends."""
    contents = np.array([8] * flow[0] + [1, 2] + [9] * flow[1], dtype=complex)
    assert spread(contents, ("a", "b"), ("c", "b", "a"), flow).real.tolist() == expected


def test_joined() -> None:
    """Labels are joined in the order in which they first occur."""
    assert joined([("b", "a"), ("a", "c"), ()]) == ("b", "a", "c")
