"""Calls with a progress bar, for plugins."""

from __future__ import annotations

import concurrent.futures

import pytest

from datacard_core import DeclarationError, parallel


def double(number: int) -> int:
    return 2 * number


CALLS = {name: (number,) for number, name in enumerate("cab")}


def test_order() -> None:
    """Results have the order of the calls, in this process and on an executor."""
    expected = [("c", 0), ("a", 2), ("b", 4)]
    assert list(parallel(double, CALLS, doing="doubling").items()) == expected
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert list(parallel(double, CALLS, doing="doubling", executor=pool).items()) == expected


def test_number_of_processes() -> None:
    """A number of processes below 1 is refused."""
    with pytest.raises(DeclarationError, match="jobs is 0, expected a whole number above 0"):
        parallel(double, CALLS, doing="doubling", jobs=0)
