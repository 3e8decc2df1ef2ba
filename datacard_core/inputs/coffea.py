"""Reading of PocketCoffea's `.coffea` files, each one pickle, without executing their content."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import cloudpickle

from datacard_core.arguments import given_flag, scalars
from datacard_core.errors import InputError
from datacard_core.inputs.compression import opened
from datacard_core.inputs.histograms import histogram_problems
from datacard_core.inputs.merging import merge_outputs
from datacard_core.inputs.paths import expanded
from datacard_core.inputs.pickles.building import unpickled
from datacard_core.inputs.pickles.records import RefusedError
from datacard_core.inputs.remote import on_disk
from datacard_core.inputs.split import is_split, split_output
from datacard_core.inputs.structure import OutputDict, check_output
from datacard_core.names import closest, duplicates, listing

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Sequence

    from datacard_core.inputs.compression import Pieces

_TRUST = (
    "no code of an untrusted file is executed; trust=True loads the file as coffea does, which executes all code in it"
)
_MB = 1_000_000


def load_output(
    path_or_paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    variables: Collection[str] | None = None,
    arrays: bool = False,
    trust: bool = False,
) -> dict[str, Any]:
    """Read a PocketCoffea output, or several outputs with different datasets as one.

    Args:
        path_or_paths: one `.coffea` file, or several, on disk or at an address such as `https://…`: compressed with
            lz4, gzip, zstd, bz2 or xz, or not; or split by variable, of which the members of other variables are not
            touched.
        variables: the variables to keep histograms of, by default all. Other variables keep their name only.
        arrays: return histograms as arrays that share the memory which was read, and not as `hist.Hist`. Cards need
            no more than these arrays, which take less time and memory. Histograms of counts, as of data, are
            converted to complex arrays.
        trust: unpickle as coffea does, which executes all code in the file and ignores `variables` and `arrays`.

    Returns:
        The dict that `coffea.util.load` returns.

    Raises:
        InputError: a file cannot be read, holds a class or function that is not admitted, or is no postprocessed
            output; or a dataset is in two files. All problems of all files are told at once.
    """
    files = _files(path_or_paths)
    # A string is a collection too, of its letters.
    variables = None if variables is None else scalars(variables)
    arrays, trust = given_flag("arrays", arrays), given_flag("trust", trust)
    problems = [f"{file} is given twice: leave one out" for file in duplicates(files)]
    outputs: dict[str, OutputDict] = {}
    for file in dict.fromkeys(files):
        try:
            with on_disk(file) as path:
                outputs[file] = _output(Path(path), variables, trust=trust, decode=arrays)
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


def load_histograms(path: str | os.PathLike[str]) -> object:
    """Read a pickle of histograms of `hist`, compressed or not, without executing code in it.

    Args:
        path: the file; its content is a histogram, or dicts in each other that hold histograms.

    Returns:
        The content for `output_of`, in which histograms share the memory that was read.

    Raises:
        InputError: the file cannot be read, or holds a class or function that is not admitted.
    """
    with on_disk(expanded(path)) as name:
        file = Path(name)
        if problem := _file_problem(file):
            raise InputError(f"{file} {problem}")
        return _loaded(file, None, trust=False, decode=True)


def _files(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    files = [expanded(path) for path in scalars(paths, lambda path: path)]
    if not files:
        raise InputError("no file is given, expected at least one .coffea file")
    return files


def _output(file: Path, variables: Collection[str] | None, *, trust: bool, decode: bool) -> OutputDict:
    problem = _file_problem(file)
    if problem:
        raise InputError(f"{file} {problem}")
    output = _loaded(file, variables, trust=trust, decode=decode)
    try:
        checked = check_output(output, variables or (), from_file=True)
        # Here, so that the file is at fault, and not the plugin that reads it.
        problems: Sequence[str] = list(histogram_problems(checked, variables or ()))
    except InputError as error:
        problems = error.problems
    if problems:
        raise InputError(f"{file}: {problem}" for problem in problems)
    return checked


def _file_problem(file: Path) -> str:
    try:
        if not is_split(file):
            opened(file).close()
    except FileNotFoundError:
        beside = (path.name for path in file.parent.glob("*.coffea")) if file.parent.is_dir() else ()
        return f"does not exist{closest(file.name, sorted(beside))}"
    except IsADirectoryError:
        inside = listing(sorted(path.name for path in file.glob("*.coffea")), 3)
        return f"is a directory, expected a .coffea file{', such as ' + inside + ' in it' if inside else ''}"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except InputError as error:
        return str(error)
    return ""


def _loaded(file: Path, variables: Collection[str] | None, *, trust: bool, decode: bool) -> object:
    def load(stream: Pieces, size: int, variables: Collection[str] | None = None) -> object:
        if trust:
            return cloudpickle.load(io.BufferedReader(stream))
        return unpickled(stream, variables=variables, decode=decode, on_disk=size)

    try:
        if is_split(file):
            # A card needs no columns, and arrays are for cards.
            return split_output(file, variables, load, columns=not decode)
        with opened(file) as stream:
            return load(stream, file.stat().st_size, variables)
    except InputError as error:
        raise InputError(f"{file} {problem}" for problem in error.problems) from error
    except RefusedError as error:
        raise InputError(f"{file} holds {error}, which is not admitted: {_TRUST}") from error
    except MemoryError as error:
        raise InputError(f"{file} {_too_large(file)}") from error
    except Exception as error:
        # A damaged pickle may raise any exception, says the documentation of pickle.
        fault = f"cannot be read, it seems damaged ({type(error).__name__}: {error})"
        if isinstance(error, EOFError) or "truncated" in str(error):
            fault = "ends too early, so it was not written or copied to its end"
        raise InputError(f"{file} {fault}: copy it again, or write it again") from error


def _too_large(file: Path) -> str:
    """Return the problem of a file that needs more memory than there is."""
    size = 0
    with opened(file) as stream:
        while piece := stream.read1():
            size += len(piece)
    on_disk = file.stat().st_size
    return (
        f"has {on_disk / _MB:.1f} MB on disk and {size / _MB:.1f} MB decompressed, and that much memory was not "
        "free: read it where there is more, or as several files, which Analysis.build reads one after another"
    )
