"""Runs of plain values that are known again: the same result as of Python's own, and the same count."""

from __future__ import annotations

import io
import pickle
import pickletools
import tracemalloc

import pytest

from datacard_core.inputs.pickles.building import unpickled
from datacard_core.inputs.pickles.limits import Budget
from datacard_core.inputs.pickles.machine import Machine
from datacard_core.inputs.pickles.records import RefusedError
from datacard_core.inputs.pickles.running import run_window
from tests.support.cases import case
from tests.support.coffea_files import short

KEPT, UNKEPT = pickle.MEMOIZE, b""
# Behind short values the last instructions of a pickle would not be in the loop.
PADDING = short("x" * 200) * 2 + b"00"


def run(*names: str, after: bytes = KEPT) -> bytes:
    """A run as an axis begins: a number, a constant and names, each in the memo or not."""
    return b"K\x07M\x01\x02\x88N" + b"".join(short(name) + after for name in names)


def lists(*runs: bytes) -> bytes:
    """A pickle of a list of tuples, each of a run."""
    return b"\x80\x04](" + b"".join(b"(" + one + b"t" for one in runs) + b"e" + PADDING + b"."


def both(content: bytes) -> object:
    """Return what a pickle holds, after comparing it with what Python reads."""
    found = unpickled(io.BytesIO(content))
    assert found == pickle.loads(content)
    return found


@pytest.mark.parametrize("after", [KEPT, UNKEPT])
def test_repeated_runs(after: bytes) -> None:
    """Runs that occur again, alone or before other values, are read as Python reads them."""
    names = [f"shape{number}Up" for number in range(60)]
    one, longer, shorter = (run(*of, after=after) for of in (names, [*names, "more"], names[:-1]))
    found = both(lists(one, one, one, longer, shorter))
    assert isinstance(found, list)
    assert [len(one) for one in found] == [64, 64, 64, 65, 63]


def test_runs_that_begin_alike() -> None:
    """Runs of which only the last name differs are told apart, also if there are many of them."""
    names = [f"shape{number}Up" for number in range(60)]
    found = both(lists(*[run(*names, f"last{number}") for number in range(10)] * 2))
    assert isinstance(found, list)
    assert [one[-1] for one in found] == [f"last{number}" for number in range(10)] * 2


def test_memo_behind_known_runs() -> None:
    """Values of a run that is known have their places in the memo."""
    one = run("a", "b", "c")
    assert both(lists(one, one, b"h\x03h\x04h\x05" + one + b"h\x06h\x08")) == [
        (7, 513, True, None, "a", "b", "c"),
        (7, 513, True, None, "a", "b", "c"),
        ("a", "b", "c", 7, 513, True, None, "a", "b", "c", "a", "c"),
    ]


def test_runs_across_windows() -> None:
    """A run that the end of a window cuts is whole, and so is the same run behind it."""
    for shift in range(0, 1200, 97):
        with case(shift):
            names = [f"shape{number}Up" for number in range(60)]
            both(lists(b"X" + shift.to_bytes(4, "little") + b"x" * shift, *[run(*names)] * 150))


def test_known_runs_count() -> None:
    """A run that is known counts as one that is read for the first time, and as one that is read one by one."""
    one, other = (run(*(f"{name}{number}Up" for number in range(60))) for name in ("shape", "other"))
    budgets = []
    # Values behind a constant are read one by one.
    for content in (lists(one + b"N", one + b"N"), lists(one + b"N", other + b"N"), lists(b"N" + one, b"N" + one)):
        budget = Budget()
        unpickled(io.BytesIO(content), budget=budget)
        budgets.append(budget)
    assert budgets[0] == budgets[1] == budgets[2]
    # The last instructions are not counted.
    assert 0 <= len(list(pickletools.genops(content))) - budgets[0].steps < 20


def test_memory_of_known_runs() -> None:
    """Runs that do not occur again are forgotten: 3.5 MB of them take less than 3.1 MB."""
    runs = b"".join(b"(" + run(*(f"{number:06}{name:0200}" for name in range(12)), after=b"") for number in range(1400))
    content = io.BytesIO(b"\x80\x04" + runs.replace(b"(K", b"1(K").removeprefix(b"1") + b"1N.")
    tracemalloc.start()
    try:
        assert unpickled(content) is None
        assert tracemalloc.get_traced_memory()[1] < 3_100_000
    finally:
        tracemalloc.stop()


def test_checks_behind_long_runs() -> None:
    """Limits are checked behind each long run, also if it is known."""
    machine = Machine(io.BytesIO(), (), {}, Budget())
    # 5 MB, whose values would take 40 MB on the stack.
    machine.window.held = (b"}(K\x01K\x01u" + b"K\x01" + b"N" * 50_000) * 100 + PADDING
    with pytest.raises(RefusedError, match=r"objects that take 3\d MB"):
        run_window(machine)
