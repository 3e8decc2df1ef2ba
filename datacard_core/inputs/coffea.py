"""Reads PocketCoffea's `.coffea` outputs, which are one pickle in an LZ4 frame, and executes nothing in them."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import lz4.frame

from datacard_core.errors import InputError
from datacard_core.inputs.merging import merge_outputs, output_problems
from datacard_core.inputs.unpickling import RefusedError, unpickled
from datacard_core.names import closest, duplicates, listing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

_TRUST = (
    "nothing of an untrusted file is executed; trust=True loads it with coffea's own loader, which executes "
    "whatever the file says"
)
_LZ4 = b"\x04\x22\x4d\x18"
_LOOKS = {
    b"root": "a ROOT file",
    b"PK": "a zip archive",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a parquet file",
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x80": "a pickle without compression",
}


def load_output(
    path_or_paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    variables: Collection[str] | None = None,
    arrays: bool = False,
    trust: bool = False,
) -> dict[str, Any]:
    """Read a PocketCoffea output, or several with different datasets as one.

    Args:
        path_or_paths: one `.coffea` file, or several.
        variables: the variables to keep histograms of, all if not given; of others only the names are there.
        arrays: give histograms as arrays that are the memory which was read, and no `hist.Hist`: all that cards need
            of them, in less time and memory. Of counts, as data have them, they are made complex.
        trust: load with coffea's own loader, which executes whatever the file says; it knows no `arrays`.

    Returns:
        The dict that `coffea.util.load` returns.

    Raises:
        InputError: a file cannot be read, holds what is not admitted, or is no postprocessed output; or a
            dataset is in two files. Everything that is wrong with any of them is told.
    """
    files = _files(path_or_paths)
    problems = [f"{file} is given twice: leave one out" for file in duplicates(files)]
    outputs: dict[str, dict[str, Any]] = {}
    for file in dict.fromkeys(files):
        found = _attempt(lambda file=file: _output(Path(file), variables, trust=trust, decode=arrays), problems)  # type: ignore[misc]
        if found is not None:
            outputs[file] = found
    merged = _attempt(lambda: merge_outputs(outputs), problems) if len(outputs) > 1 else None
    if problems:
        raise InputError(problems)
    return outputs[files[0]] if merged is None else merged


def _files(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    files = [os.fspath(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    if not files:
        raise InputError("no file is given, expected at least one .coffea file")
    return files


def _attempt(make: Callable[[], dict[str, Any]], problems: list[str]) -> dict[str, Any] | None:
    try:
        return make()
    except InputError as error:
        problems.extend(error.problems)
        return None


def _output(file: Path, variables: Collection[str] | None, *, trust: bool, decode: bool) -> dict[str, Any]:
    problem = _file_problem(file)
    if problem:
        raise InputError(f"{file} {problem}")
    output = _loaded(file, variables, trust=trust, decode=decode)
    problems = output_problems(str(file), output)
    if problems:
        raise InputError(problems)
    return cast("dict[str, Any]", output)


def _file_problem(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            head = stream.read(64)
    except FileNotFoundError:
        beside = (path.name for path in file.parent.glob("*.coffea")) if file.parent.is_dir() else ()
        return f"does not exist{closest(file.name, sorted(beside))}"
    except IsADirectoryError:
        inside = listing(sorted(path.name for path in file.glob("*.coffea")), 3)
        return f"is a directory, expected a .coffea file{', such as ' + inside + ' in it' if inside else ''}"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if head.startswith(_LZ4):
        return ""
    return f"is {_look(head)}, expected an LZ4 frame: give the .coffea file that PocketCoffea wrote"


def _look(head: bytes) -> str:
    if not head:
        return "empty"
    for magic, look in _LOOKS.items():
        if head.startswith(magic):
            return look
    text = head.decode("utf-8", "ignore")
    return "text, such as JSON or YAML" if text.replace("\n", "").isprintable() else "of an unknown format"


def _loaded(file: Path, variables: Collection[str] | None, *, trust: bool, decode: bool) -> object:
    try:
        if trust:
            return _trusted(file)
        with lz4.frame.open(file) as stream:
            return unpickled(stream, variables=variables, decode=decode)
    except RefusedError as error:
        raise InputError(f"{file} holds {error}, which is not admitted: {_TRUST}") from error
    except Exception as error:
        # a damaged pickle raises anything, says the documentation of pickle
        what = f"cannot be read, it seems damaged ({type(error).__name__}: {error})"
        if isinstance(error, EOFError) or "truncated" in str(error):
            what = "ends too early, so it was not written or copied to its end"
        raise InputError(f"{file} {what}: copy it again, or write it again") from error


def _trusted(file: Path) -> object:
    return importlib.import_module("coffea.util").load(str(file))
