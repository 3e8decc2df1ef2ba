"""Calls on workers: results as they come, errors as they were raised, and workers that die."""

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
import weakref
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Self

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
from datacard_core.plugins.calling import blame
from tests.support.cases import case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

# Functions that workers run


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
    """Kill the process, unless the marker shows that one has died already."""
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return number
    os.kill(os.getpid(), signal.SIGKILL)
    return -1


def raise_it(error: Exception) -> None:
    raise error


def end_in_plugin(_: int) -> None:
    with blame("acme", "acme 1.0", "running check 'end'"):
        os._exit(0)


def cannot_come_back() -> None:
    raise RuntimeError("made here only")


class OneWay:
    """A result that can be pickled, and cannot be made again."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return cannot_come_back, ()


def make_one_way(_: int) -> OneWay:
    return OneWay()


def make_lock(_: int) -> Any:
    return threading.Lock()


class Large:
    """A result whose copies in this process are counted."""

    alive: ClassVar[weakref.WeakSet[Large]] = weakref.WeakSet()

    def __new__(cls) -> Self:
        made = super().__new__(cls)
        cls.alive.add(made)
        return made


def make_large(_: int) -> Large:
    return Large()


# Places where they run


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
    """Return the result of each call, or its DatacardError."""
    found: dict[str, Any] = {}
    for about, result in results(function, given, **where):
        try:
            found[about] = result()
        except DatacardError as error:
            found[about] = error
    return found


@everywhere
class TestEverywhere:
    @pytest.mark.slow
    def test_results_of_several_calls(self, place: str) -> None:
        """Each call has its result."""
        with PLACES[place]() as where:
            found = called(double, calls(*range(5)), **where)
        assert found == {f"file {number}": 2 * number for number in range(5)}

    @pytest.mark.slow
    def test_one_call(self, place: str) -> None:
        """A single call gives a single result."""
        with PLACES[place]() as where:
            assert called(double, calls(21), **where) == {"file 21": 42}

    def test_no_call(self, place: str) -> None:
        """Without calls there are no results and no error."""
        with PLACES[place]() as where:
            assert called(double, {}, **where) == {}

    @pytest.mark.slow
    def test_datacard_error_is_unchanged(self, place: str) -> None:
        """A DatacardError arrives as it was raised, and the other calls have their results."""
        with PLACES[place]() as where:
            found = called(fail_on_odd, calls(2, 3, 4), **where)
        error = found.pop("file 3")
        assert found == {"file 2": 2, "file 4": 4}
        assert type(error) is InputError
        assert error.problems == ("3 is odd", "3 is no even number")
        assert str(error) == "2 problems:\n  - 3 is odd\n  - 3 is no even number"

    @pytest.mark.slow
    def test_unexpected_error_names_subject_and_worker(self, place: str) -> None:
        """An unexpected error becomes a DatacardError with the subject, the type, the process and the host."""
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
    @pytest.mark.slow
    @pytest.mark.parametrize("place", ["in threads", "in a process pool"])
    def test_given_pool_stays_usable(self, place: str) -> None:
        """A pool of the caller takes more work after the results were abandoned."""
        with PLACES[place]() as where:
            stream = results(double, calls(*range(100)), **where)
            next(stream)
            stream.close()  # type: ignore[attr-defined]
            assert called(double, calls(1), **where) == {"file 1": 2}

    @pytest.mark.slow  # a race that shows only in many trials
    def test_started_processes_end_silently(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """When results are abandoned, all threads of the pool end, and none reports an exception."""
        said: list[str] = []
        monkeypatch.setattr(threading, "excepthook", lambda failure: said.append(str(failure.exc_value)))
        before = set(threading.enumerate())
        for _ in range(8):
            stream = results(double, calls(*range(50)), jobs=2)
            next(stream)
            stream.close()  # type: ignore[attr-defined]
            for thread in set(threading.enumerate()) - before:
                thread.join(5)
                assert not thread.is_alive()
        assert said == []


@pytest.fixture
def few_objects() -> Iterator[None]:
    """Garbage collection looks at new objects only: at those of all imported modules, it takes a tenth of a second."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.slow
@pytest.mark.usefixtures("few_objects")
@everywhere
def test_taken_results_are_not_kept(place: str) -> None:
    """Only the results that were not taken yet are in memory, beside the current one."""
    with PLACES[place]() as where:
        left = 12
        for _, result in results(make_large, calls(*range(12)), **where):
            result()
            left -= 1
            gc.collect()
            assert len(Large.alive) <= left + 1


class TestUnusableExecutors:
    @pytest.mark.parametrize("executor", ["tcp://127.0.0.1:8786", 2, object, concurrent.futures], ids=repr)
    def test_other_values(self, executor: Any) -> None:
        """A value that is neither an executor nor a client is an error that says so."""
        with pytest.raises(
            DatacardError, match=r"expected a concurrent\.futures\.Executor or a dask\.distributed\.Client"
        ):
            called(double, calls(1), executor=executor)

    def test_pool_that_is_shut_down(self) -> None:
        """The error of the pool becomes a DatacardError."""
        pool = concurrent.futures.ThreadPoolExecutor(1)
        pool.shutdown()
        with pytest.raises(DatacardError, match="shutdown"):
            called(double, calls(1), executor=pool)


class TestUnpicklable:
    @pytest.mark.slow
    def test_arguments(self) -> None:
        """A call that cannot be pickled is an error with its subject, and not the death of a worker."""
        with pytest.raises(DatacardError, match=r"^file 2: .*cannot pickle") as raised:
            called(double, {"file 1": (1,), "file 2": (threading.Lock(),)}, jobs=2)
        assert "is its memory too small" not in str(raised.value)

    @pytest.mark.slow
    def test_results(self) -> None:
        """A result that cannot be pickled is an error with its subject, and not the death of a worker."""
        found = called(make_lock, calls(1, 2), jobs=2)
        for about, error in found.items():
            assert isinstance(error, DatacardError)
            assert str(error).startswith(f"{about}: ")
            assert "cannot pickle" in str(error)
            assert "is its memory too small" not in str(error)


class TestLostWorkers:
    @pytest.mark.slow
    def test_process_that_dies_once(self, tmp_path: Path) -> None:
        """A new process repeats the calls, and no result is missing."""
        given = {f"file {number}": (tmp_path / "died", number) for number in range(6)}
        assert called(die_at_first, given, jobs=2) == {f"file {number}": number for number in range(6)}

    @pytest.mark.slow
    def test_processes_that_die_repeatedly(self) -> None:
        """The error names the call that was given up and the number of deaths."""
        with pytest.raises(DatacardError, match=rf"died {1 + LOST_WORKERS} times at file [12], .*: is there memory"):
            called(die, calls(1, 2), jobs=2)

    @pytest.mark.slow
    def test_process_that_a_plugin_ends(self) -> None:
        """The error names the plugin whose call ended the process, and does not ask for memory."""
        with pytest.raises(DatacardError, match=r"running check 'end' in plugin 'acme' \(acme 1\.0\)") as raised:
            called(end_in_plugin, calls(1, 2), jobs=2)
        assert "memory" not in str(raised.value)

    @pytest.mark.slow
    def test_result_that_cannot_be_made_again(self) -> None:
        """A result that cannot be read back is an error of its call: no process dies."""
        found = called(make_one_way, calls(1, 2), jobs=2)
        assert all("made here only" in str(error) and "died" not in str(error) for error in found.values())

    @pytest.mark.slow
    def test_other_calls_are_finished(self) -> None:
        """Calls beside the deadly one have their results before it is given up."""
        given = {f"file {number}": (7, number) for number in range(8)}
        stream = results(die_on, given, jobs=2)
        # How many of the calls that run beside it are finished in the end depends on timing.
        found = {about: result() for about, result in itertools.islice(stream, 4)}
        assert "file 7" not in found
        with pytest.raises(DatacardError, match="file 7"):
            found.update({about: result() for about, result in stream})

    @pytest.mark.slow
    def test_fault_of_every_call(self) -> None:
        """A fault that every call has is told after the first calls, and not after all of them."""
        with pytest.raises(DatacardError, match=r"file [01],"):
            called(die, calls(*range(5000)), jobs=2)

    @pytest.mark.slow
    def test_given_pool_breaks(self) -> None:
        """The error of a call in a pool of the caller names the call and the pool's error."""
        with concurrent.futures.ProcessPoolExecutor(1) as pool:
            found = called(die, calls(1), executor=pool)
        assert type(found["file 1"]) is DatacardError
        assert str(found["file 1"]).startswith("file 1: ")
        assert "BrokenProcessPool" in str(found["file 1"])

    @pytest.mark.slow
    def test_given_pool_is_broken_already(self) -> None:
        """A pool that was broken before is a DatacardError."""
        with concurrent.futures.ProcessPoolExecutor(1) as pool:
            with pytest.raises(BrokenProcessPool):
                pool.submit(die, 1).result()
            with pytest.raises(DatacardError, match="terminated abruptly"):
                called(double, calls(1, 2), executor=pool)


ERRORS: list[DatacardError] = [
    DatacardError("a plain error"),
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
    PluginError("no plugin is selected"),
]


def pickled(value: Any) -> Any:
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream)
    pickler.dispatch_table = {}  # the default one may have another way for errors: distributed adds some
    pickler.dump(value)
    return pickle.loads(stream.getvalue())


@pytest.fixture(scope="module")
def from_processes() -> dict[str, Any]:
    """The errors that other processes raised, each of them twice."""
    given = {f"{name} {position}": (error,) for position, error in enumerate(ERRORS) for name in ("it", "another")}
    return called(raise_it, given, jobs=2)


class TestTravellingErrors:
    def test_pickle_keeps_all_data(self) -> None:
        """An error has the same type, text and attributes after one pickle and after two."""
        for error in ERRORS:
            with case(error):
                once = pickled(error)
                for found in (once, pickled(once)):
                    assert type(found) is type(error)
                    assert str(found) == str(error)
                    for data in ("problems", "findings", "plugin", "origin"):
                        assert getattr(found, data, None) == getattr(error, data, None)

    @pytest.mark.slow
    def test_error_from_another_process(self, from_processes: dict[str, Any]) -> None:
        """An error that another process raised has the same type and text here."""
        for position, error in enumerate(ERRORS):
            with case(error):
                for name in ("it", "another"):
                    found = from_processes[f"{name} {position}"]
                    assert type(found) is type(error)
                    assert str(found) == str(error)

    def test_note_travels_with_its_error(self) -> None:
        """A pickled error keeps its notes."""
        error = InputError("one")
        error.add_note("look at the weights")
        assert pickled(error).__notes__ == ["look at the weights"]
