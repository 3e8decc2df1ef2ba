"""Histograms as arrays: the cards that they give, and arrays that are refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest

from datacard_core import Axis, HistogramArray, InputError
from tests.support import outputs as by_hand
from tests.support.cases import case

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Datacard


EDGES = np.array([0.0, 1.0, 2.0, 4.0])


LABELS = ("nominal", "JESUp", "JESDown")


AXIS = Axis(EDGES, "events.m", "m")


def card(ttbar: Any, data: Any = None, **options: Any) -> Datacard:
    """A card of signal, ttbar as it is given and with a JES, and data if they are given."""
    signal = by_hand.simulated({"SR": {"nominal": [1, 2, 4]}}, hist_axis())
    histograms = {"Signal": signal, "TTbar": ttbar} | ({} if data is None else {"Muon": data})
    output = by_hand.Output()
    for sample, histogram in histograms.items():
        output.add(sample, "2022", None)
        output.histograms[sample][f"{sample}_2022"] = histogram
    if data is not None:
        options["data_processes"] = by_hand.observation("Muon")
    return by_hand.card(output, by_hand.shape("JES"), **options)


def hist_axis(**options: Any) -> Any:
    return by_hand.bins(*EDGES, **options)


VALUES = {
    "nominal": [1.0, 10.0, 20.0, 30.0, 2.0],
    "JESUp": [1.5, 11.0, 22.0, 33.0, 2.5],
    "JESDown": [0.5, 9.0, 18.0, 27.0, 1.5],
}


"""Of ttbar, with under- and overflow."""


VARIANCES = {label: [value / 4 for value in values] for label, values in VALUES.items()}


BOTH = np.array([[VALUES[label] for label in LABELS]]), np.array([[VARIANCES[label] for label in LABELS]])


"""Values and variances as `HistogramArray.of` takes them."""


def array(values: Any = BOTH[0], variances: Any = BOTH[1], **options: Any) -> HistogramArray:
    names: dict[str, Any] = {"axis": AXIS, "categories": ["SR"], "variations": LABELS}
    return HistogramArray.of(values, variances, **(names | options))


class TestHistogramArrays:
    """The same cards come from arrays as from histograms."""

    def assert_same(self, one: Datacard, other: Datacard, tmp_path: Path) -> None:
        assert one.content() == other.content()
        assert one.findings == other.findings
        one.dump(tmp_path / "one")
        other.dump(tmp_path / "other")
        assert (tmp_path / "one" / "shapes.root").read_bytes() == (tmp_path / "other" / "shapes.root").read_bytes()

    @pytest.mark.slow
    def test_with_flow(self, tmp_path: Path) -> None:
        """An array with flow bins gives the card of the histogram."""
        histogram = by_hand.simulated({"SR": VALUES}, hist_axis(), variances={"SR": VARIANCES}, labels=LABELS)
        made = card(array())
        self.assert_same(made, card(histogram), tmp_path)
        assert "flow-lost" in by_hand.codes(made)

    @pytest.mark.slow
    def test_without_flow(self, tmp_path: Path) -> None:
        """An array without flow bins gives the card of the histogram."""
        inside = slice(1, -1)
        histogram = by_hand.simulated(
            {"SR": {label: values[inside] for label, values in VALUES.items()}},
            hist_axis(underflow=False, overflow=False),
            variances={"SR": {label: values[inside] for label, values in VARIANCES.items()}},
            labels=LABELS,
        )
        made = card(array(BOTH[0][..., inside], BOTH[1][..., inside]))
        self.assert_same(made, card(histogram), tmp_path)
        assert "flow-lost" not in by_hand.codes(made)

    @pytest.mark.slow
    def test_of_data(self, tmp_path: Path) -> None:
        """An array of data, without variations, gives the card of the histogram."""
        counts = [0.0, 12.0, 25.0, 31.0, 0.0]
        data = array([counts], [counts], variations=None)
        made = card(array(), data)
        self.assert_same(made, card(array(), by_hand.observed({"SR": counts}, hist_axis())), tmp_path)
        assert made.observation == 12 + 25 + 31

    @pytest.mark.slow
    def test_of_several_categories(self) -> None:
        """A card takes its category from an array of several."""
        values, variances = (np.concatenate([99 * both, both]) for both in BOTH)
        made = card(array(values, variances, categories=["CR", "SR"]))
        assert by_hand.template(made, "ttbar_2022") == [10, 20, 30]
        assert by_hand.template(made, "ttbar_2022", "JESUp") == [11, 22, 33]

    def test_variances_are_kept(self) -> None:
        """The variances of a card are the given ones."""
        assert by_hand.variance(card(array()), "ttbar_2022", "JESDown") == [9 / 4, 18 / 4, 27 / 4]

    def test_one_category_without_a_list(self) -> None:
        """A single category may be given as a string."""
        assert array(categories="SR").categories == ("SR",)

    def test_of_integers(self) -> None:
        """Arrays of integers are accepted."""
        whole = np.array([[[10, 20, 30]] * 3])
        assert card(array(whole, whole)).rate("ttbar_2022") == 60

    def test_other_arrays(self) -> None:
        """Texts, dates and other objects are refused, also those that could be read as numbers."""
        cases: list[Any] = [str, object, bytes, complex, "datetime64[D]"]
        for change in cases:
            with case(change):
                for values, variances in (
                    (BOTH[0].astype(int).astype(change), BOTH[1]),
                    (BOTH[0], BOTH[1].astype(change)),
                ):
                    with pytest.raises(TypeError, match="expected numbers"):
                        array(values, variances)

    def test_texts_of_the_axis(self) -> None:
        """Names and labels of another type are refused where the histogram is made, and in no serializer."""
        cases: list[tuple[dict[str, Any], str]] = [
            ({"name": 7}, "the name of its axis is 7"),
            ({"label": None}, "the label of its axis is None"),
            ({"uniform": "yes"}, "uniform of its axis is 'yes'"),
            ({"categories": "abc"}, "the categories of its axis are 'abc', expected a tuple of 3 names"),
            ({"categories": (1, 2, 3)}, "expected a tuple of 3 names"),
            ({"categories": ("a", "b", "a")}, "each once"),
        ]
        for change, said in cases:
            with case(change, said), pytest.raises(InputError, match=re.escape(said)):
                array(axis=attrs.evolve(AXIS, **change))

    def test_arrays_are_not_changed(self) -> None:
        """Building a card does not change the array."""
        histogram = array()
        before = histogram.contents.copy()
        card(histogram)
        np.testing.assert_array_equal(histogram.contents, before)

    def test_infinite_variance_is_told(self) -> None:
        """An infinite variance is told as a variance, with its dataset and bin."""
        variances = BOTH[1].copy()
        variances[0, 0, 2] = np.inf
        with pytest.raises(InputError, match=r"dataset 'TTbar_2022': .* variance of inf in bin 2 \(1 such in all\)"):
            card(array(variances=variances))


class TestWrongArrays:
    @pytest.mark.parametrize(
        ("values", "variances", "said"),
        [
            pytest.param((1, 3, 4), (1, 3, 4), "values have shape (1, 3, 4) and variances (1, 3, 4)", id="bins"),
            pytest.param(
                (1, 3, 5), (1, 3, 3), "values have shape (1, 3, 5) and variances (1, 3, 3)", id="one with flow"
            ),
            pytest.param((3, 1, 5), (3, 1, 5), "values have shape (3, 1, 5)", id="categories and variations swapped"),
            pytest.param((3, 5), (3, 5), "values have shape (3, 5)", id="no categories"),
            pytest.param((), (), "values have shape ()", id="numbers"),
        ],
    )
    def test_other_shapes_are_refused(self, values: tuple[int, ...], variances: tuple[int, ...], said: str) -> None:
        """Arrays of other shapes are an error that tells given and expected shapes."""
        with pytest.raises(InputError) as raised:
            array(np.ones(values), np.ones(variances))
        assert str(raised.value).startswith(said)
        assert str(raised.value).endswith("expected (1, 3, 5) for both, or (1, 3, 3) without flow")

    def test_data_have_one_axis_less(self) -> None:
        """The expected shapes of data have no axis of variations."""
        with pytest.raises(InputError, match=r"expected \(1, 5\) for both, or \(1, 3\) without flow"):
            array(variations=None)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            pytest.param({"categories": ["SR"]}, "its categories are ['SR'], expected a tuple of names", id="a list"),
            pytest.param({"categories": ("SR", "SR")}, "expected a tuple of names, each once", id="a category twice"),
            pytest.param({"variations": ("nominal", 1, 2)}, "its variations are ('nominal', 1, 2)", id="no names"),
            pytest.param({"flow": (2, 0)}, "its flow is (2, 0), expected the numbers of underflow and", id="flow"),
            pytest.param({"axis": EDGES}, "expected an Axis", id="no axis"),
            pytest.param({"axis": Axis(EDGES[::-1])}, "expected an array of at least two, rising", id="falling"),
            pytest.param({"axis": Axis(np.array([0, 1, 1, 4.0]))}, "at least two, rising", id="equal edges"),
            pytest.param({"axis": Axis(np.array([0, np.nan, 1, 4]))}, "at least two, rising", id="edges that are none"),
            pytest.param({"axis": Axis([0.0, 1.0, 2.0, 4.0])}, "at least two, rising", id="a list of edges"),  # type: ignore[arg-type]
            pytest.param({"contents": np.ones((3, 5))}, "contents have shape (3, 5), expected (5, 3, 1)", id="shape"),
            pytest.param({"flow": (0, 0)}, "contents have shape (5, 3, 1), expected (3, 3, 1)", id="flow and shape"),
            pytest.param({"contents": np.ones((5, 3, 1))}, "contents are float64, expected an array", id="real"),
            pytest.param({"contents": np.ones((5, 3, 1), ">c16")}, "contents are >c16, expected an", id="swapped"),
            pytest.param(
                {"contents": np.ones((5, 3, 1)).tolist()}, "its contents are list, expected an arr", id="cells listed"
            ),
        ],
    )
    def test_forged_array_is_told_with_dataset(self, change: dict[str, Any], said: str) -> None:
        """An array whose parts disagree is an error that names the dataset."""
        with pytest.raises(InputError) as raised:
            card(attrs.evolve(array(), **change))
        assert str(raised.value).startswith("sample 'TTbar', dataset 'TTbar_2022': ")
        assert said in str(raised.value)

    def test_all_problems_are_told(self) -> None:
        """One error tells all problems of an array."""
        with pytest.raises(InputError) as raised:
            attrs.evolve(array(), categories=("SR", "SR"), flow=(2, 0)).check()
        assert len(raised.value.problems) == 2
