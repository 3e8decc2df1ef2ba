"""Reading of PocketCoffea's `.coffea` files, each one pickle in an LZ4 frame, without executing their content."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import lz4.frame

from datacard_core.errors import InputError
from datacard_core.inputs.merging import merge_outputs
from datacard_core.inputs.records import RefusedError
from datacard_core.inputs.structure import OutputDict, check_output
from datacard_core.inputs.unpickling import unpickled
from datacard_core.names import closest, duplicates, listing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_TRUST = (
    "no code of an untrusted file is executed; trust=True loads the file with coffea's own loader, which executes "
    "all code in it"
)
_LZ4 = b"\x04\x22\x4d\x18"
_FORMATS = {
    b"root": "a ROOT file",
    b"PK": "a zip archive",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a parquet file",
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x80": "a pickle without compression",
}
# Enough for the first words of a text file.
_HEAD = 64


def load_output(
    path_or_paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    variables: Collection[str] | None = None,
    arrays: bool = False,
    trust: bool = False,
) -> dict[str, Any]:
    """Read a PocketCoffea output, or several outputs with different datasets as one.

    Args:
        path_or_paths: one `.coffea` file, or several.
        variables: the variables to keep histograms of, by default all. Other variables keep their name only.
        arrays: return histograms as arrays that share the memory which was read, and not as `hist.Hist`. Cards need
            no more than these arrays, which take less time and memory. Histograms of counts, as of data, are
            converted to complex arrays.
        trust: load with coffea's own loader, which executes all code in the file and ignores `arrays`.

    Returns:
        The dict that `coffea.util.load` returns.

    Raises:
        InputError: a file cannot be read, holds a class or function that is not admitted, or is no postprocessed
            output; or a dataset is in two files. All problems of all files are told at once.
    """
    files = _files(path_or_paths)
    problems = [f"{file} is given twice: leave one out" for file in duplicates(files)]
    outputs: dict[str, OutputDict] = {}
    for file in dict.fromkeys(files):
        try:
            outputs[file] = _output(Path(file), variables, trust=trust, decode=arrays)
        except InputError as error:
            problems += error.problems
    if len(outputs) == 1:
        merged = next(iter(outputs.values()))
    elif outputs:
        try:
            merged = merge_outputs(outputs)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return cast("dict[str, Any]", merged)


def _files(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    files = [os.fspath(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    if not files:
        raise InputError("no file is given, expected at least one .coffea file")
    return files


def _output(file: Path, variables: Collection[str] | None, *, trust: bool, decode: bool) -> OutputDict:
    problem = _file_problem(file)
    if problem:
        raise InputError(f"{file} {problem}")
    output = _loaded(file, variables, trust=trust, decode=decode)
    try:
        return check_output(output, from_file=True)
    except InputError as error:
        raise InputError(f"{file}: {problem}" for problem in error.problems) from error


def _file_problem(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
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
    return f"is {_format(head)}, expected an LZ4 frame: give the .coffea file that PocketCoffea wrote"


def _format(head: bytes) -> str:
    if not head:
        return "empty"
    for magic, name in _FORMATS.items():
        if head.startswith(magic):
            return name
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
        # A damaged pickle may raise any exception, says the documentation of pickle.
        fault = f"cannot be read, it seems damaged ({type(error).__name__}: {error})"
        if isinstance(error, EOFError) or "truncated" in str(error):
            fault = "ends too early, so it was not written or copied to its end"
        raise InputError(f"{file} {fault}: copy it again, or write it again") from error


def _trusted(file: Path) -> object:
    # Importing coffea takes seconds, and only trusted files need it.
    return importlib.import_module("coffea.util").load(str(file))
