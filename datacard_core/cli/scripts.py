"""Analysis scripts: how they are run, and where an error in them is."""

from __future__ import annotations

import contextlib
import shlex
import sys
import traceback
from types import ModuleType
from typing import TYPE_CHECKING, Any

from datacard_core.analysis.analysis import Analysis
from datacard_core.arguments import shown
from datacard_core.cli.terminal import drop_what_cannot_be_written
from datacard_core.errors import DatacardError, with_type
from datacard_core.inputs.paths import kind_problem
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SCRIPT = "datacard_analysis"


@contextlib.contextmanager
def analysis_of(script: Path) -> Iterator[Analysis]:
    """Run a script as `python script` does, and yield its variable `analysis`.

    Modules beside the script can be imported until the block ends, because plugins may import them late. A change of
    the working directory ends with the script, so that it does not redirect the files of the command.

    Raises:
        DatacardError: the script fails, or has no such variable.
    """
    path, arguments = list(sys.path), list(sys.argv)
    sys.path.insert(0, str(script.resolve().parent))
    # A script may read its arguments; those of `datacard build` are not meant for it.
    sys.argv[:] = [str(script)]
    try:
        with contextlib.chdir("."):
            analysis = _defined_in(script)
        # What the script has printed: its reader may be gone, which is no reason to make no cards.
        drop_what_cannot_be_written()
        yield analysis
    finally:
        sys.path[:], sys.argv[:] = path, arguments
        sys.modules.pop(_SCRIPT, None)


def _defined_in(script: Path) -> Analysis:
    module = ModuleType(_SCRIPT)
    module.__file__ = str(script)
    # Functions and classes of the script are pickled by the name of their module, for the processes of --jobs.
    sys.modules[_SCRIPT] = module
    names = vars(module)
    if problem := kind_problem(script):
        raise DatacardError(f"{script} {problem}")
    source = script.read_bytes()
    # Every .coffea file has null bytes; compile() has another error for them in each version of Python.
    if b"\0" in source or script.suffix == ".coffea":
        raise DatacardError(
            f"{script} is not a Python script: ANALYSIS.py comes first, then OUTPUT; the arguments look swapped"
        )
    try:
        exec(compile(source, str(script), "exec"), names)  # noqa: S102 - it is the user's own script
    except DatacardError as error:
        error.add_note(_place(script, error))
        raise
    except SystemExit as error:
        raise DatacardError(f"{_place(script, error)}: it ends with sys.exit({shown(error.code)})") from error
    except SyntaxError as error:
        raise DatacardError(f"{_place(script, error)}: {with_type(error, error.msg)}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # A class of its own, which Python would show with a traceback of this command.
        raise DatacardError(f"{_place(script, error)}: {with_type(error)}") from error
    found = names.get("analysis")
    if not isinstance(found, Analysis):
        raise DatacardError(_no_analysis(script, names))
    return found


def _no_analysis(script: Path, names: Mapping[str, Any]) -> str:
    """Return the message about a script without an `analysis`, with the most likely reason."""
    found = names.get("analysis")
    has = "it defines no 'analysis'" if found is None else f"its 'analysis' is a {type(found).__name__}"
    hint = ""
    if misnamed := [name for name, value in names.items() if isinstance(value, Analysis)]:
        hint = f"; it has {listing(map(repr, misnamed))}: rename it to 'analysis'"
    elif "Datacard" in names:
        hint = f"; a script that makes its cards itself is run by Python: python {shlex.quote(str(script))}"
    return f"{script}: {has}, expected analysis = Analysis(...) of datacard_core{hint}"


def _place(script: Path, error: BaseException) -> str:
    """Return the script with the line where an error was raised, or the file and line of a syntax error."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    # The last line of the script, not of the traceback: that one is usually inside the core.
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(script)]
    return f"{script}, line {lines[-1]}" if lines else str(script)
