"""Arrangements: axes become bins with edges or labels, and other axes are refused."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import hist
import numpy as np
import pytest

from datacard_core import InputError
from datacard_core.inputs.arrangements import Arrangements
from datacard_core.inputs.grids import GridAxis
from datacard_core.inputs.histograms import DecodedHistogram, stored
from tests.support import outputs as by_hand
from tests.support.cases import case
from tests.support.outputs import (
    Output,
    bins,
    card,
    codes,
    found,
    problems,
    shape,
    signal_and_ttbar,
    simulated,
    template,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from datacard_core.inputs.histograms import HistogramArray


class TestAxes:
    """Axes of the variable."""

    @pytest.mark.slow
    def test_edges(self, tmp_path: Path) -> None:
        """Every axis of one dimension becomes bins with its edges."""
        cases: list[tuple[Any, list[float]]] = [
            (hist.axis.Regular(2, 0, 10, name="events.m"), [0, 5, 10]),
            (hist.axis.Variable([-1, 0, 10], name="events.m"), [-1, 0, 10]),
            (hist.axis.Integer(4, 6, name="events.m"), [4, 5, 6]),
            (hist.axis.Integer(4, 6, name="events.m", underflow=False, overflow=False), [4, 5, 6]),
            (hist.axis.Boolean(name="events.m"), [0, 1, 2]),
            (hist.axis.IntCategory([7, 3], name="events.m"), [0, 1, 2]),
            (hist.axis.StrCategory(["ee", "mumu"], name="events.m"), [0, 1, 2]),
            (hist.axis.Regular(2, 1, 100, name="events.m", transform=hist.axis.transform.log), [1, 10, 100]),
            (hist.axis.Regular(2, 0, 16, name="events.m", transform=hist.axis.transform.sqrt), [0, 4, 16]),
            (hist.axis.Regular(2, 0, 2, name="events.m", circular=True), [0, 1, 2]),
            (hist.axis.Regular(2, 0, 2, name="events.m", growth=True), [0, 1, 2]),
        ]
        for axis, edges in cases:
            with case(axis, edges):
                output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 2]}}, axis))
                values = {"nominal": [10, 20], "JESUp": [11, 22], "JESDown": [9, 18]}
                output.add("TTbar", "2022", simulated({"SR": values}, axis))
                made = card(output, shape("JES"))
                assert template(made, "ttbar_2022", "JESUp") == [11, 22]
                file = by_hand.written(made, tmp_path)
                assert file["ttbar_2022_JESUp"][0].tolist() == [11, 22]
                assert file["ttbar_2022_JESUp"][2].tolist() == pytest.approx(edges)
                assert codes(made) == []

    def test_labels(self) -> None:
        """Labels become bins in their order, and other labels are flow."""
        axis = hist.axis.StrCategory(["ee", "mumu"], name="events.channel")
        ttbar = simulated({"SR": {"nominal": [10, 20]}}, axis)
        ttbar.fill(["SR"] * 3, ["nominal"] * 3, ["emu"] * 3)
        output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 2]}}, axis))
        made = card(output.add("TTbar", "2022", ttbar))
        assert list(made.histogram.axes[2]) == ["ee", "mumu"]
        assert template(made, "ttbar_2022") == [10, 20]
        (lost,) = found(made, "flow-lost")
        assert "3 in overflow" in lost

    @pytest.mark.parametrize(
        ("options", "values"),
        [
            ({"underflow": False, "overflow": False}, [30, 40]),
            ({"underflow": False}, [30, 40, 5]),
            ({"overflow": False}, [5, 30, 40]),
        ],
        ids=["none", "only-overflow", "only-underflow"],
    )
    def test_without_flow_bins(self, options: dict[str, bool], values: Sequence[float]) -> None:
        """An axis may lack flow bins."""
        ttbar = simulated({"SR": {"nominal": values}}, bins(0, 1, 2, **options))
        output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar)
        assert template(card(output), "ttbar_2022") == [30, 40]

    @pytest.mark.slow
    def test_order_of_axes(self) -> None:
        """The axes of a histogram may stand in any order."""
        turned: Any = hist.Hist(
            bins(0, 1, 2, 3),
            hist.axis.StrCategory(["nominal", "JESUp", "JESDown"], name="variation"),
            hist.axis.StrCategory(["CR", "SR"], name="cat"),
            storage=hist.storage.Weight(),
        )
        turned.view()["value"][:, :, 1] = np.array([[10, 20, 30], [11, 21, 31], [9, 19, 29]]).T
        output = Output().mc("Signal", "2022", nominal=[1, 2, 3]).add("TTbar", "2022", turned)
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022") == [10, 20, 30]
        assert template(made, "ttbar_2022", "JESUp") == [11, 21, 31]


class TestRefused:
    """Histograms that no templates can be read from."""

    def test_two_variables(self) -> None:
        """A histogram of two variables is refused with their names."""
        plane: hist.Hist[Any] = hist.Hist(
            hist.axis.StrCategory(["SR"], name="cat"),
            hist.axis.StrCategory(["nominal"], name="variation"),
            hist.axis.Regular(2, 0, 2, name="events.x"),
            hist.axis.Regular(2, 0, 2, name="events.y"),
            storage=hist.storage.Weight(),
        )
        output = Output().mc("Signal", "2022", nominal=[1, 2]).add("TTbar", "2022", plane)
        (problem,) = problems(output)
        assert "'TTbar_2022'" in problem
        assert "events.x, events.y" in problem
        assert "or sum over an axis: histogram[{'events.x': sum}]" in problem

    def test_data_by_era(self) -> None:
        """Data with a further axis, summed over it as the error says, give the card."""
        eras: hist.Hist[Any] = hist.Hist(
            hist.axis.StrCategory(["SR"], name="cat"),
            hist.axis.StrCategory(["A", "B"], name="era"),
            bins(0, 1, 2, 3),
            storage=hist.storage.Weight(),
        )
        eras.fill(["SR"] * 7, ["A"] * 3 + ["B"] * 4, [0.5] * 3 + [1.5] * 4)
        output = signal_and_ttbar(nominal=[1, 2, 3]).add("Muon", "2022", eras)
        (problem,) = problems(output, data_processes=by_hand.observation("Muon"))
        assert "2 variable axes (era, events.m)" in problem
        over_eras: Any = {"era": sum}
        output.histograms["Muon"]["Muon_2022"] = eras[over_eras]
        assert card(output, data_processes=by_hand.observation("Muon")).observation == 7

    def test_data_with_variations(self) -> None:
        """Of data that were filled once for each variation, the nominal is read."""
        data = simulated({"SR": {name: [1, 2, 4] for name in ("nominal", "JESUp", "JESDown")}})
        output = signal_and_ttbar(nominal=[1, 2, 3]).add("Muon", "2022", data)
        assert card(output, data_processes=by_hand.observation("Muon")).observation == 7

    def test_means(self) -> None:
        """A histogram of means is refused."""
        axes = [hist.axis.StrCategory([name], name=axis) for name, axis in (("SR", "cat"), ("nominal", "variation"))]
        ttbar: hist.Hist[Any] = hist.Hist(*axes, bins(0, 1, 2), storage=hist.storage.Mean())
        (problem,) = problems(Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar))
        assert "Mean" in problem

    @pytest.mark.parametrize("growth", [False, True])
    def test_variations_without_labels(self, growth: bool) -> None:
        """An axis of variations without labels has no nominal: its flow bin holds unknown variations."""
        ttbar: Any = hist.Hist(
            hist.axis.StrCategory(["SR"], name="cat"),
            hist.axis.StrCategory([], name="variation", growth=growth),
            bins(0, 1, 2, 3),
            storage=hist.storage.Weight(),
        )
        if not growth:
            ttbar.fill(["SR"] * 7, ["JESUp"] * 7, [0.5] * 7)
        assert ttbar.sum(flow=True).value == (0 if growth else 7)
        output = signal_and_ttbar(nominal=[1, 2, 3]).add("TTbar", "2022", ttbar)
        (problem,) = problems(output)
        assert problem.endswith("'TTbar_2022': its variation axis has no 'nominal', and no other label")

    def test_data_without_labels(self) -> None:
        """Data with an axis of variations need a nominal on it."""
        axes = [hist.axis.StrCategory(names, name=axis) for names, axis in ((["SR"], "cat"), ([], "variation"))]
        data: hist.Hist[Any] = hist.Hist(*axes, bins(0, 1, 2, 3), storage=hist.storage.Weight())
        output = signal_and_ttbar(nominal=[1, 2, 3]).add("Muon", "2022", data)
        (problem,) = problems(output, data_processes=by_hand.observation("Muon"))
        assert problem == "sample 'Muon', dataset 'Muon_2022': its variation axis has no 'nominal', and no other label"

    def test_variable_without_labels(self) -> None:
        """A variable whose growing axis was never filled is refused."""
        axis = hist.axis.StrCategory([], name="events.channel", growth=True)
        output = Output()
        for sample in ("Signal", "TTbar"):
            labels = [hist.axis.StrCategory([name], name=of) for name, of in (("SR", "cat"), ("nominal", "variation"))]
            output.add(sample, "2022", hist.Hist(*labels, axis, storage=hist.storage.Weight()))
        (problem,) = problems(output)
        assert problem == "category 'SR': axis 'events.channel' has no bins: no dataset filled a label"

    def test_uncomputed_histogram(self) -> None:
        """A histogram of dask that was not computed is refused: it would count as empty."""

        class Lazy(hist.Hist[Any]):
            def __dask_graph__(self) -> dict[str, Any]:
                return {"fill": None}

        output = signal_and_ttbar(nominal=[1, 2, 3])
        output.histograms["TTbar"]["TTbar_2022"] = Lazy(*output.histograms["TTbar"]["TTbar_2022"].axes)
        (problem,) = problems(output)
        assert problem.startswith("sample 'TTbar', dataset 'TTbar_2022': it is a dask collection (Lazy)")
        assert "dask.compute(output)" in problem

    def test_wrong_type(self) -> None:
        """An object that is not a histogram is refused with its type."""
        output = signal_and_ttbar(nominal=[1, 2, 3])
        output.histograms["TTbar"]["TTbar_2022"] = np.array([1, 2, 3])
        (problem,) = problems(output)
        assert "'TTbar_2022'" in problem
        assert "ndarray" in problem

    def test_without_categories(self) -> None:
        """A histogram without category axis is refused with the axes that it has."""
        output = signal_and_ttbar(nominal=[10, 20, 30])
        histogram = hist.Hist(
            hist.axis.StrCategory(["nominal"], name="variation"),
            hist.axis.Regular(3, 0, 3, name="x"),
            storage=hist.storage.Weight(),
        )
        output.add("TTbar", "2022", histogram)
        with pytest.raises(
            InputError, match=r"'TTbar_2022'.*its axes are variation, x: there is no category axis, 'cat'"
        ):
            card(output)


class TestRepetitions:
    """Axes that hist makes in no histogram, as an altered file has them."""

    def test_names(self) -> None:
        """A name that occurs twice is refused, with the axis: one of the two would be left out."""
        cases: list[tuple[bytes, bytes, str]] = [
            (b"CX", b"SR", "its axis 'cat' has the label 'SR' twice"),
            (b"JEXUp", b"JESUp", "its axis 'variation' has the label 'JESUp' twice"),
            (b"mumu", b"elel", "its axis 'events.m' has the label 'elel' twice"),
            (b"era", b"cat", "several axes of the name 'cat'"),
        ]
        for made, forged, told in cases:
            with case(made, forged, told):
                axes: list[Any] = [
                    hist.axis.StrCategory(["SR", "CX"], name="cat"),
                    hist.axis.StrCategory(["nominal", "JESUp", "JEXUp"], name="variation"),
                    hist.axis.StrCategory(["elel", "mumu"], name="events.m"),
                ]
                if made == b"era":
                    axes.append(hist.axis.StrCategory(["B", "C"], name="era"))
                content = pickle.dumps(hist.Hist(*axes, storage=hist.storage.Weight())).replace(made, forged)
                with pytest.raises(InputError, match=f"{told}.*the file was altered or damaged"):
                    stored(pickle.loads(content))

    def test_edges(self) -> None:
        """Edges that do not rise are refused with their values."""
        axes = hist.axis.StrCategory(["SR"], name="cat"), hist.axis.Variable([0, 1, 2], name="events.m")
        content = pickle.dumps(hist.Hist(*axes, storage=hist.storage.Weight()))
        changed = content.replace(np.float64(1).tobytes(), np.float64(2).tobytes())
        with pytest.raises(InputError, match=r"its axis 'events\.m' has the edges 0, 2, 2, which do not rise"):
            stored(pickle.loads(changed))


def test_axes_that_differ_in_one_property() -> None:
    """A histogram is read by its own axes, also behind one that differs in a name, a label, an edge or the flow."""

    def axes(variable: Any = None, variations: str = "nominal JESUp JESDown", *, growth: bool = False) -> list[Any]:
        return [
            hist.axis.StrCategory(["SR", "CR"], name="cat"),
            hist.axis.StrCategory(variations.split(), name="variation", growth=growth),
            variable or hist.axis.Regular(2, 0, 2, name="m", label="mass"),
        ]

    cat, variation, mass = axes()
    alike: list[list[Any]] = [
        [cat, variation, mass],
        [variation, cat, mass],
        [hist.axis.StrCategory(["CR", "SR"], name="cat"), variation, mass],
        [cat, mass],
        axes(variations="nominal JESDown JESUp"),
        axes(variations="nominal JESUp JERUp"),
        axes(growth=True),
        axes(hist.axis.Regular(2, 0, 2, name="pt", label="mass")),
        axes(hist.axis.Regular(2, 0, 2, name="m", label="momentum")),
        axes(hist.axis.Regular(2, 0, 3, name="m", label="mass")),
        axes(hist.axis.Regular(2, 0, 2, name="m", label="mass", overflow=False)),
        axes(hist.axis.Regular(2, 0, 2, name="m", label="mass", transform=hist.axis.transform.sqrt)),
        axes(hist.axis.Variable([0, 1, 2], name="m", label="mass")),
        axes(hist.axis.Integer(0, 2, name="m", label="mass")),
        axes(hist.axis.IntCategory([0, 1], name="m", label="mass")),
        axes(hist.axis.StrCategory(["0", "1"], name="m", label="mass")),
        axes(hist.axis.Regular(2, 0, 2, name="m", label="mass", metadata=np.arange(2))),
        [cat, variation, mass, hist.axis.Regular(2, 0, 2, name="eta")],
    ]
    arrangements = Arrangements()
    # Twice in both directions, so that each is read behind several others.
    for made in (*alike, *reversed(alike)):
        with case(made):
            histogram = hist.Hist(*made, storage=hist.storage.Weight())
            view: Any = histogram.view(flow=True)
            view["value"] = np.arange(view.size).reshape(view.shape)
            found, alone = (_seen(stored(histogram, known)) for known in (arrangements, Arrangements()))
            assert found == alone


def test_axes_that_cannot_be_compared() -> None:
    """Histograms are read where the comparison of their axes fails, as it may for metadata of a script."""

    class Incomparable(hist.axis.Regular, family=hist):  # noqa: PLW1641 - compared, and never hashed
        def __eq__(self, other: object) -> bool:
            raise ValueError("the truth value of an array is ambiguous")

    cat, bins_of_one = hist.axis.StrCategory(["SR"], name="cat"), np.array([[0j, 1 + 1j, 2 + 2j, 0j]])
    arrangements = Arrangements()
    for name in ("pt", "eta"):
        axes = cat, Incomparable(2, 0, 2, name=name)
        assert stored(DecodedHistogram(axes, bins_of_one, has_variances=True), arrangements).axis.name == name


def _seen(histogram: HistogramArray) -> tuple[object, ...]:
    axis = histogram.axis
    of_axis = (type(axis), axis.name, axis.label, axis.uniform, axis.categories, axis.edges.tolist())
    parts = [part.name for part in axis.parts] if isinstance(axis, GridAxis) else []
    labels = histogram.categories, histogram.variations, histogram.flow
    return *of_axis, *parts, *labels, histogram.contents.tolist()
