"""Axes and templates: arrays that cannot be written to, widths, integrals and equal binnings."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest

from datacard_core import Axis, Templates
from tests.support.cases import case

if TYPE_CHECKING:
    from collections.abc import Callable

AXIS = Axis(edges=np.array([0.0, 1.0, 2.0, 4.0]), name="events.m", label="m")
TEMPLATES = Templates(np.array([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]), np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]))


def same(value: Any) -> Any:
    return value


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


class TestAxis:
    """The variable of a channel."""

    def test_bins(self) -> None:
        """The number of bins is that of the edges without one."""
        assert AXIS.bins == 3
        assert AXIS.narrowest == 1
        assert Axis(np.array([-np.inf, 0, 2, 3, np.inf]), "x").narrowest == 1
        assert Axis(np.array([0, np.inf]), "x").narrowest == 0

    @pytest.mark.parametrize("last", [4.0, 4 + 1e-7, 4 - 1e-7])
    def test_same_binning(self, last: float) -> None:
        """Edges are equal to a millionth of the narrowest bin."""
        assert AXIS.same_binning(attrs.evolve(AXIS, edges=np.array([0, 1, 2, last])))

    def test_other_binning(self) -> None:
        """Other edges, or another number of them, are another binning."""
        cases: list[list[float]] = [[0, 1, 2, 4 + 1e-5], [0, 1, 2], [0, 1, 2, 4, 5], [0, 1.5, 2, 4]]
        for edges in cases:
            with case(edges):
                assert not AXIS.same_binning(attrs.evolve(AXIS, edges=np.array(edges)))

    def test_labels(self) -> None:
        """Labels are a part of the binning, and their order too."""
        labelled = attrs.evolve(AXIS, categories=("a", "b", "c"))
        assert labelled.same_binning(attrs.evolve(AXIS, categories=("a", "b", "c")))
        assert not labelled.same_binning(AXIS)
        assert not labelled.same_binning(attrs.evolve(AXIS, categories=("b", "a", "c")))


class TestTemplates:
    """Yields and variances."""

    def test_norms(self) -> None:
        """The integral of each template is the sum over its bins."""
        assert TEMPLATES.norms.tolist() == [7, 56]

    @pytest.mark.parametrize("which", [np.array([1]), np.array([False, True])], ids=["positions", "mask"])
    def test_selection(self, which: Any) -> None:
        """Some of the templates are taken by their positions or by a mask."""
        taken = TEMPLATES[which]
        assert taken.values.tolist() == [[8, 16, 32]]
        assert taken.variances.tolist() == [[2, 2, 2]]


class TestPrecision:
    """What arrays are converted to."""

    def test_real_numbers(self) -> None:
        """Real numbers of any precision become float64."""
        cases: list[Any] = [np.float32, np.int32, np.uint8, np.bool_]
        for dtype in cases:
            with case(dtype):
                made = Templates(np.ones((1, 2), dtype=dtype), np.ones((1, 2), dtype=dtype))
                assert made.values.dtype == made.variances.dtype == np.float64
                assert made.norms.tolist() == [2]

    def test_other_values(self) -> None:
        """Values that are not real numbers are kept, for the rules to refuse."""
        cases: list[Any] = [np.ones((1, 2), dtype=complex), np.full((1, 2), "a"), None, [[1.0, 2.0]]]
        for array in cases:
            with case(array):
                kept = Templates(array, array).values
                assert kept is array or (kept.dtype == array.dtype and kept.tolist() == array.tolist())


def test_arrays_are_read_only() -> None:
    """No array can be written to, after a pickle either."""
    travels: list[Callable[[Any], Any]] = [same, pickled]
    every_array: list[Callable[[], Any]] = [
        lambda: AXIS.edges,
        lambda: TEMPLATES.values,
        lambda: TEMPLATES.variances,
        lambda: TEMPLATES[np.array([0])].values,
    ]
    for travel in travels:
        for array in every_array:
            with case(travel, array):
                assert not array().flags.writeable
                for value in (AXIS, TEMPLATES):
                    arrays = [
                        kept for kept in attrs.astuple(travel(value), recurse=False) if isinstance(kept, np.ndarray)
                    ]
                    assert arrays
                    assert not any(kept.flags.writeable for kept in arrays)


@pytest.mark.parametrize("travel", [same, pickled])
def test_arrays_cannot_be_unlocked(travel: Callable[[Any], Any]) -> None:
    """Neither an array nor a view or base of it can be made writeable again."""
    values = travel(TEMPLATES).values
    for array in (values, values[:1], values.T, values.view()):
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True
        assert isinstance(array.base, bytes) or not array.base.flags.writeable


def test_later_changes_of_an_array() -> None:
    """Values keep the numbers that an array had when they were made of it."""
    buffer = np.ones((1, 2))
    views = buffer.view()
    views.flags.writeable = False
    kept = [Templates(buffer, buffer), Templates(views, views)]
    buffer[:] = 5
    assert [templates.norms.tolist() for templates in kept] == [[2], [2]]


@pytest.mark.parametrize("make", [lambda array: Templates(array, array), Axis])
def test_masked_array(make: Callable[[Any], Any]) -> None:
    """A masked array is refused with the way out: its hidden numbers would count."""
    with pytest.raises(TypeError, match=r"masked.*\.filled"):
        make(np.ma.masked_invalid([[1.0, np.nan]]))


def test_array_of_caller_stays_writeable() -> None:
    """The array that a value was made of can still be written to by its owner."""
    values = np.ones((1, 2))
    Templates(values, values)
    values[0, 0] = 5
    assert values.tolist() == [[5, 1]]


def test_pickle_keeps_values() -> None:
    """Axes and templates arrive from another process with their numbers."""
    arrived = pickled(AXIS)
    assert (arrived.edges.tolist(), arrived.name, arrived.label) == ([0, 1, 2, 4], "events.m", "m")
    assert pickled(TEMPLATES).values.tolist() == TEMPLATES.values.tolist()
