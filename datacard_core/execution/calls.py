"""Calls as bytes, which every executor and every pipe can carry, and their results."""

from __future__ import annotations

import os
import pickle
import platform
import traceback
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import cloudpickle

from datacard_core.errors import DatacardError, with_type

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class WorkerTraceback(Exception):  # noqa: N818 - it is the cause of an error, and none itself
    """The traceback of an error in a worker, as text."""


@attrs.frozen
class Answer:
    """The pickled result of a call, or its pickled error with the traceback."""

    failed: bool
    content: bytes


def pack(about: str, function: Callable[..., Result], arguments: tuple[Any, ...]) -> bytes:
    """Return a call as bytes.

    cloudpickle also takes what a script defines. And a call that cannot be unpickled fails inside our function, with a
    clear error: a process pool that pickles it itself would break and report that its worker died.

    Raises:
        DatacardError: the call cannot be pickled.
    """
    try:
        packed: bytes = cloudpickle.dumps((function, arguments))
    except Exception as error:
        raise DatacardError(f"{about}: cannot be given to a worker ({type(error).__name__}: {error})") from error
    return packed


def unpack_and_call(about: str, call: bytes) -> bytes:
    """Make a pickled call and return its pickled result; this is the function that executors run.

    A result that cannot be pickled or read back is then an error of its call, where a pool would break.
    """
    function, arguments = called(about, pickle.loads, (call,))
    return called(about, pickle.dumps, (called(about, function, arguments), pickle.HIGHEST_PROTOCOL))


def answer(about: str, call: bytes) -> Answer:
    """Make a pickled call and return its result or its error; this is the function that processes of our own run."""
    try:
        return Answer(failed=False, content=unpack_and_call(about, call))
    # SystemExit too: the call ends, and the process goes on with the next one.
    except BaseException as error:  # noqa: BLE001
        told = error if isinstance(error, DatacardError) else DatacardError(f"{about}: {with_type(error)}")
        return Answer(failed=True, content=_pickled(told, "".join(traceback.format_exception(error))))


def _pickled(error: DatacardError, told: str) -> bytes:
    try:
        packed = pickle.dumps((error, told))
        pickle.loads(packed)  # noqa: S301 - made on the line above
    except Exception:  # noqa: BLE001 - a class of a plugin may fail in any way
        return pickle.dumps((DatacardError(with_type(error)), told))
    return packed


def result(about: str, given: Answer) -> Any:
    """Return the result of a call, or raise its error.

    Raises:
        DatacardError: the call raised it, or its result cannot be made again here.
    """
    if given.failed:
        error, told = pickle.loads(given.content)  # noqa: S301 - our worker made it
        raise error from WorkerTraceback(f"\n{told}")
    return unpack_result(about, given.content)


def unpack_result(about: str, content: bytes) -> Any:
    """Return a pickled result of a call.

    Raises:
        DatacardError: it cannot be made again here.
    """
    try:
        return pickle.loads(content)  # noqa: S301 - our worker made it
    except Exception as error:
        raise DatacardError(f"{about}: it cannot be read back from a worker ({with_type(error)})") from error


def called(about: str, function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    """Call a function, and raise an unexpected error with the subject of the call and the worker.

    Raises:
        DatacardError: the function raised it, or failed with an error of another type.
    """
    try:
        return function(*arguments)
    except DatacardError:
        raise
    except Exception as error:
        worker = f"process {os.getpid()} on {platform.node()}"
        raise DatacardError(f"{about}: {type(error).__name__}: {error} ({worker})") from error
