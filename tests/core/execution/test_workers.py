"""Calling a function many times elsewhere: results as they come, errors as they were, workers that may die."""

from __future__ import annotations

import concurrent.futures
import gc
import io
import itertools
import os
import pickle
import platform
import signal
import threading
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core.errors import (
    DatacardError,
    DeclarationError,
    ExistingFileError,
    InputError,
    MissingProviderError,
    PluginCallError,
    PluginConflictError,
    PluginError,
    PluginLoadError,
    UnknownPluginError,
)
from datacard_core.execution.workers import LOST_WORKERS, results
from datacard_core.findings import StrictError, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

# What workers do


def double(number: int) -> int:
    return 2 * number


def fail_on_odd(number: int) -> int:
    if number % 2:
        raise InputError([f"{number} is odd", f"{number} is no even number"])
    return number


def reciprocal(number: int) -> float:
    return 1 / number


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_on(deadly: int, number: int) -> int:
    if number == deadly:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_at_first(marker: Path, number: int) -> int:
    """Take its process along, unless somebody has died of it before."""
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return number
    os.kill(os.getpid(), signal.SIGKILL)
    return -1


def raise_it(error: Exception) -> None:
    raise error


def make_lock(_: int) -> Any:
    return threading.Lock()


class Large:
    """Something that would rather not be kept."""


def make_large(_: int) -> Large:
    return Large()


def alive() -> int:
    gc.collect()
    return sum(isinstance(thing, Large) for thing in gc.get_objects())


# Where they do it


@contextmanager
def in_this_process() -> Iterator[dict[str, Any]]:
    yield {}


@contextmanager
def in_processes_of_our_own() -> Iterator[dict[str, Any]]:
    yield {"jobs": 2}


@contextmanager
def in_threads() -> Iterator[dict[str, Any]]:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield {"executor": pool}


@contextmanager
def in_a_process_pool() -> Iterator[dict[str, Any]]:
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        yield {"executor": pool}


PLACES: dict[str, Callable[[], AbstractContextManager[dict[str, Any]]]] = {
    "in this process": in_this_process,
    "in processes of our own": in_processes_of_our_own,
    "in threads": in_threads,
    "in a process pool": in_a_process_pool,
}
everywhere = pytest.mark.parametrize("place", PLACES)


def calls(*arguments: Any) -> dict[str, tuple[Any, ...]]:
    return {f"file {argument}": (argument,) for argument in arguments}


def called(function: Callable[..., Any], given: Mapping[str, tuple[Any, ...]], **where: Any) -> dict[str, Any]:
    """What came of each call: its result, or the error that it raised on purpose."""
    found: dict[str, Any] = {}
    for about, result in results(function, given, **where):
        try:
            found[about] = result()
        except DatacardError as error:
            found[about] = error
    return found


@everywhere
class TestEverywhere:
    def test_each_call_has_its_result(self, place: str) -> None:
        with PLACES[place]() as where:
            found = called(double, calls(*range(5)), **where)
        assert found == {f"file {number}": 2 * number for number in range(5)}

    def test_one_call_is_enough(self, place: str) -> None:
        with PLACES[place]() as where:
            assert called(double, calls(21), **where) == {"file 21": 42}

    def test_no_call_at_all_is_nothing(self, place: str) -> None:
        with PLACES[place]() as where:
            assert called(double, {}, **where) == {}

    def test_an_error_on_purpose_comes_as_it_was_and_stops_no_other(self, place: str) -> None:
        with PLACES[place]() as where:
            found = called(fail_on_odd, calls(2, 3, 4), **where)
        error = found.pop("file 3")
        assert found == {"file 2": 2, "file 4": 4}
        assert type(error) is InputError
        assert error.problems == ("3 is odd", "3 is no even number")
        assert str(error) == "2 problems:\n  - 3 is odd\n  - 3 is no even number"

    def test_any_other_error_says_what_it_was_about_and_names_the_worker(self, place: str) -> None:
        with PLACES[place]() as where:
            found = called(reciprocal, calls(0, 2), **where)
        assert found["file 2"] == 0.5
        said = str(found["file 0"])
        assert type(found["file 0"]) is DatacardError
        assert said.startswith("file 0: ZeroDivisionError: division by zero")
        assert platform.node() in said
        process = int(said.partition("process ")[2].split(maxsplit=1)[0])
        assert (process == os.getpid()) == (place in {"in this process", "in threads"})


class TestEndingEarly:
    @pytest.mark.parametrize("place", ["in threads", "in a process pool"])
    def test_leaves_a_pool_of_the_users_usable(self, place: str) -> None:
        with PLACES[place]() as where:
            stream = results(double, calls(*range(100)), **where)
            next(stream)
            stream.close()  # type: ignore[attr-defined]
            assert called(double, calls(1), **where) == {"file 1": 2}

    def test_ends_processes_of_our_own_in_silence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said: list[str] = []
        monkeypatch.setattr(threading, "excepthook", lambda failure: said.append(str(failure.exc_value)))
        before = set(threading.enumerate())
        for _ in range(20):
            stream = results(double, calls(*range(50)), jobs=2)
            next(stream)
            stream.close()  # type: ignore[attr-defined]
            for thread in set(threading.enumerate()) - before:
                thread.join(5)
                assert not thread.is_alive()
        assert said == []


@everywhere
def test_only_the_results_that_nobody_took_are_in_memory(place: str) -> None:
    with PLACES[place]() as where:
        left = 12
        for _, result in results(make_large, calls(*range(12)), **where):
            result()
            left -= 1
            # One is in hand, and those that are done and were not taken yet.
            assert alive() <= left + 1


class TestWhatIsNoExecutor:
    @pytest.mark.parametrize("executor", ["tcp://127.0.0.1:8786", 2, object, concurrent.futures], ids=repr)
    def test_is_told(self, executor: Any) -> None:
        with pytest.raises(
            DatacardError, match=r"expected a concurrent\.futures\.Executor or a dask\.distributed\.Client"
        ):
            called(double, calls(1), executor=executor)

    def test_a_pool_that_is_shut_down_is_a_datacard_error(self) -> None:
        pool = concurrent.futures.ThreadPoolExecutor(1)
        pool.shutdown()
        with pytest.raises(DatacardError, match="shutdown"):
            called(double, calls(1), executor=pool)

    def test_a_call_that_cannot_travel_is_a_datacard_error_that_names_it(self) -> None:
        with pytest.raises(DatacardError, match=r"^file 2: .*cannot pickle") as raised:
            called(double, {"file 1": (1,), "file 2": (threading.Lock(),)}, jobs=2)
        assert "is its memory too small" not in str(raised.value)

    def test_a_result_that_cannot_travel_is_a_datacard_error_that_names_it(self) -> None:
        found = called(make_lock, calls(1, 2), jobs=2)
        for about, error in found.items():
            assert isinstance(error, DatacardError)
            assert str(error).startswith(f"{about}: ")
            assert "cannot pickle" in str(error)
            assert "is its memory too small" not in str(error)


class TestLostWorkers:
    def test_a_process_that_dies_once_is_replaced_and_nothing_is_missing(self, tmp_path: Path) -> None:
        given = {f"file {number}": (tmp_path / "died", number) for number in range(6)}
        assert called(die_at_first, given, jobs=2) == {f"file {number}": number for number in range(6)}

    def test_processes_that_die_again_and_again_are_an_error_that_names_what_they_were_at(self) -> None:
        with pytest.raises(DatacardError, match=f"died {1 + LOST_WORKERS} times at file 1, file 2: is there memory"):
            called(die, calls(1, 2), jobs=2)

    def test_what_others_do_is_done_before_the_deadly_one_is_given_up(self) -> None:
        given = {f"file {number}": (7, number) for number in range(8)}
        stream = results(die_on, given, jobs=2)
        # Which of those that were running beside it are done in the end is a matter of time.
        found = {about: result() for about, result in itertools.islice(stream, 4)}
        assert "file 7" not in found
        with pytest.raises(DatacardError, match="file 7"):
            found.update({about: result() for about, result in stream})

    def test_a_process_that_dies_while_work_is_given_out_is_an_error_that_names_it(self) -> None:
        with pytest.raises(DatacardError, match="file 0"):
            called(die, calls(*range(5000)), jobs=2)

    def test_a_pool_of_the_users_that_breaks_is_an_error_that_names_the_file(self) -> None:
        with concurrent.futures.ProcessPoolExecutor(1) as pool:
            found = called(die, calls(1), executor=pool)
        assert type(found["file 1"]) is DatacardError
        assert str(found["file 1"]).startswith("file 1: ")
        assert "BrokenProcessPool" in str(found["file 1"])

    def test_a_pool_of_the_users_that_is_broken_already_is_a_datacard_error(self) -> None:
        with concurrent.futures.ProcessPoolExecutor(1) as pool:
            with pytest.raises(BrokenProcessPool):
                pool.submit(die, 1).result()
            with pytest.raises(DatacardError, match="terminated abruptly"):
                called(double, calls(1, 2), executor=pool)


ERRORS: list[DatacardError] = [
    DatacardError("something"),
    DeclarationError("one"),
    DeclarationError(["one", "two"]),
    InputError(["one", "two"]),
    InputError([]),
    StrictError([warning("clipped", "below 0", channel="SR"), warning("empty", "no event", column="ttbar_2022")]),
    ExistingFileError("there is one"),
    *(
        kind("no good", plugin="acme", origin="acme 1.0")
        for kind in (
            PluginError,
            UnknownPluginError,
            PluginConflictError,
            PluginLoadError,
            MissingProviderError,
            PluginCallError,
        )
    ),
    PluginError("nothing selected"),
]


class TestTravellingErrors:
    def travelled(self, thing: Any) -> Any:
        stream = io.BytesIO()
        pickler = pickle.Pickler(stream)
        pickler.dispatch_table = {}  # the usual one may have other ways for errors: those of distributed
        pickler.dump(thing)
        return pickle.loads(stream.getvalue())

    @pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{type(error).__name__}-{len(str(error))}")
    def test_a_pickle_of_an_error_has_all_that_it_says(self, error: DatacardError) -> None:
        once = self.travelled(error)
        for found in (once, self.travelled(once)):
            assert type(found) is type(error)
            assert str(found) == str(error)
            for data in ("problems", "findings", "plugin", "origin"):
                assert getattr(found, data, None) == getattr(error, data, None)

    @pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{type(error).__name__}-{len(str(error))}")
    def test_an_error_comes_from_another_process_as_it_was(self, error: DatacardError) -> None:
        found = called(raise_it, {"it": (error,), "another": (error,)}, jobs=2)
        for one in found.values():
            assert type(one) is type(error)
            assert str(one) == str(error)

    def test_a_note_travels_with_its_error(self) -> None:
        error = InputError("one")
        error.add_note("look at the weights")
        assert self.travelled(error).__notes__ == ["look at the weights"]
