"""Rows of a template set: those of a column stand together, its nominal first."""

from __future__ import annotations

import pickle

import pytest

from tests.support.internals import data_request, layout, request

ROWS = layout(
    request("signal_2022", ("Signal", "2022")),
    request("top_2022", ("TTbar", "2022"), ("SingleTop", "2022"), labels=("nominal", "JESUp", "JESDown")),
    request("vv_2022", ("VV", "2022"), labels=("nominal", "JESDown")),
    data_request(),
)


def test_starts() -> None:
    """The nominals stand in rows 0, 1, 4 and 6 of seven."""
    assert ROWS.starts.tolist() == [0, 1, 4, 6]
    assert ROWS.rows == 7


def test_slices() -> None:
    """The rows of a column are a slice."""
    assert [ROWS.slice_of(column) for column in range(4)] == [slice(0, 1), slice(1, 4), slice(4, 6), slice(6, 7)]


def test_rows_of_variations() -> None:
    """A variation's row is looked up in each column by itself."""
    assert ROWS.rows_of([1, 2, 0], ["JESDown", "JESDown", "nominal"]).tolist() == [3, 5, 0]
    assert ROWS.rows_of([], []).tolist() == []


def test_unknown_variation() -> None:
    """A variation that a column did not ask for has no row."""
    with pytest.raises(KeyError, match="JESUp"):
        ROWS.rows_of([2], ["JESUp"])


def test_equality() -> None:
    """Layouts of the same columns are equal, pickled ones too, and of other variations not."""
    assert pickle.loads(pickle.dumps(ROWS)) == ROWS
    assert layout(*ROWS.requests[:3]) != ROWS
    assert layout(request("a", labels=("nominal", "b"))) != layout(request("a", labels=("nominal", "c")))
