"""Calls and answers as bytes."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import pytest

from datacard_core.errors import DatacardError, InputError
from datacard_core.execution.calls import Answer, answer, pack, result


class PickyError(DatacardError):
    """An error that no pickle can make again, not even with tblib, which Dask installs for all errors."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")
        self.lock = threading.Lock()


def fail(error: BaseException) -> None:
    raise error


def fail_pickily(_: int) -> None:
    raise PickyError("no", "way")


def there_and_back(function: Any, *arguments: Any) -> Any:
    return result("file 1", answer("file 1", pack("file 1", function, arguments)))


def test_result_of_call() -> None:
    """A call that was packed gives the result of the function."""
    assert there_and_back(divmod, 7, 3) == (2, 1)


def test_error_has_traceback_of_worker() -> None:
    """An error arrives as it was raised, with the traceback of the worker as its cause."""
    with pytest.raises(InputError, match=r"^no file$") as raised:
        there_and_back(fail, InputError("no file"))
    assert "in fail\n" in str(raised.value.__cause__)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt("now")], ids=repr)
def test_function_that_ends_process(error: BaseException) -> None:
    """An exception that would end the process is an error of its call."""
    with pytest.raises(DatacardError, match=f"^file 1: {type(error).__name__}: {error}$"):
        there_and_back(fail, error)


def test_error_that_cannot_be_made_again() -> None:
    """An error that cannot be pickled arrives as a DatacardError with its type and text."""
    with pytest.raises(DatacardError, match=r"^PickyError: no way$"):
        there_and_back(fail_pickily, 1)


def test_result_that_cannot_be_read() -> None:
    """A result that cannot be unpickled is an error with the subject of its call."""
    with pytest.raises(DatacardError, match=r"^file 1: it cannot be read back from a worker"):
        result("file 1", Answer(failed=False, content=pickle.dumps(1)[:-1]))
