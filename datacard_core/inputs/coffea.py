"""Reading of PocketCoffea's `.coffea` files, each one pickle, without executing their content."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import cloudpickle

from datacard_core.arguments import given_count, given_flag, scalars
from datacard_core.errors import InputError
from datacard_core.inputs.compression import opened
from datacard_core.inputs.histograms import histogram_problems
from datacard_core.inputs.merging import merge_outputs
from datacard_core.inputs.paths import expanded
from datacard_core.inputs.pickles.building import unpickled
from datacard_core.inputs.pickles.limits import Budget
from datacard_core.inputs.pickles.records import RefusedError, UnskippableError
from datacard_core.inputs.remote import on_disk
from datacard_core.inputs.split import WHOLE, is_split, split_output
from datacard_core.inputs.structure import OutputDict, check_output
from datacard_core.inputs.unread import FileAgain
from datacard_core.names import closest, duplicates, listing

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterable, Sequence

    from datacard_core.inputs.compression import Pieces

_TRUST = (
    "no code of an untrusted file is executed; trust=True loads the file as coffea does, which executes all code in it"
)
_MB = 1_000_000
_KEEP = 32_000_000
# Axes have edges of this size too. What refers to a histogram that stays in the file is not much smaller.
_SMALL = 16_384


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
            lz4, gzip, zstd, bz2, xz or zip, or not; or split by variable, of which the members of other variables are
            not touched.
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
    # A string is a collection too, of its letters.
    variables = None if variables is None else scalars(variables)
    arrays, trust = given_flag("arrays", arrays), given_flag("trust", trust)
    return _united(_files(path_or_paths), lambda file, _: _output(file, variables, trust=trust, decode=arrays))


def _united(files: Sequence[str], read: Callable[[Path, bool], OutputDict]) -> dict[str, Any]:
    problems = [f"{file} is given twice: leave one out" for file in duplicates(files)]
    outputs: dict[str, OutputDict] = {}
    for file in dict.fromkeys(files):
        try:
            with on_disk(file) as path:
                outputs[file] = read(Path(path), path != file)
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


def open_output(
    path_or_paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    variables: Collection[str] | None = None,
    keep: int = _KEEP,
) -> dict[str, Any]:
    """Read what is in an output, and leave the bins of its histograms in the file until cards are built.

    The memory that this takes does not grow with the histograms. The files must stay as they are until the cards are
    built, which read each of them once more.

    Args:
        path_or_paths: one `.coffea` file, or several, as in `load_output`.
        variables: the variables to keep histograms of, by default all. Other variables keep their name only.
        keep: bytes of bins in each file that are read at once, as a small file need not be read twice; a remote file is
            read at once.

    Returns:
        The output, for `Analysis.build` and `Datacard`. Other large arrays, such as columns, are not in it.

    Raises:
        InputError: as from `load_output`.
    """
    variables, keep = None if variables is None else scalars(variables), given_count("keep", keep)

    def read(file: Path, is_copy: bool) -> OutputDict:
        # A copy of a remote file is gone when cards are built.
        return _output(file, variables, decode=True, room=math.inf if is_copy else keep)

    return _united(_files(path_or_paths), read)


def load_histograms(path: str | os.PathLike[str], *, trust: bool = False) -> object:
    """Read a pickle of histograms of `hist`, compressed or not, without executing code in it.

    Args:
        path: the file; its content is a histogram, or dicts in each other that hold histograms.
        trust: unpickle as Python does, which executes all code in the file.

    Returns:
        The content for `output_of`, in which histograms share the memory that was read.

    Raises:
        InputError: the file cannot be read, or holds a class or function that is not admitted.
    """
    with on_disk(expanded(path)) as name:
        file = Path(name)
        if problem := _file_problem(file):
            raise InputError(f"{file} {problem}")
        return _trusted(file) if given_flag("trust", trust) else _loaded(file, None, decode=True)


def _files(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    files = [expanded(path) for path in scalars(paths, lambda path: path)]
    if not files:
        raise InputError("no file is given, expected at least one .coffea file")
    return files


def _output(
    file: Path,
    variables: Collection[str] | None,
    *,
    trust: bool = False,
    decode: bool,
    room: float = math.inf,
) -> OutputDict:
    problem = _file_problem(file)
    if problem:
        raise InputError(f"{file} {problem}")
    output = _trusted(file) if trust else _loaded(file, variables, decode=decode, room=room)
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


def _trusted(file: Path) -> object:
    def load(stream: Pieces, _: FileAgain) -> object:
        return cloudpickle.load(io.BufferedReader(stream))

    return _content(file, None, load, columns=True)


def _loaded(file: Path, variables: Collection[str] | None, *, decode: bool, room: float = math.inf) -> object:
    def attempt(room: float) -> object:
        budget = Budget(on_disk=file.stat().st_size, room=room, small=min(_SMALL, room))

        def load(stream: Pieces, again: FileAgain) -> object:
            # Other members of an archive are the pickles of one variable, and no output.
            of = variables if again.member in ("", WHOLE) else None
            return unpickled(stream, variables=of, decode=decode, budget=budget, again=again)

        # A card needs no columns, and arrays are for cards.
        return _content(file, variables, load, columns=not decode)

    try:
        return attempt(room)
    except UnskippableError:
        # A large content in another place than the bins of a histogram, which no output of PocketCoffea has.
        return attempt(math.inf)


def _content(
    file: Path, variables: Collection[str] | None, load: Callable[[Pieces, FileAgain], object], *, columns: bool
) -> object:
    """Return the content of a file, and name the file with what is wrong in it."""
    try:
        again = FileAgain.of(file)
        if is_split(file):
            return split_output(again, variables, load, columns=columns)
        with again.opened() as stream:
            return load(stream, again)
    except UnskippableError:
        raise
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
