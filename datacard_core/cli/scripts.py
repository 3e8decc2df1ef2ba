"""Running the script of an analysis, and telling where in it something is wrong."""

from __future__ import annotations

import shlex
import sys
import traceback
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from datacard_core.analysis import Analysis
from datacard_core.errors import DatacardError, with_type
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SCRIPT = "datacard_analysis"


@contextmanager
def analysis_of(script: Path) -> Iterator[Analysis]:
    """The object called `analysis` in a script, which sees what `python script` would show it.

    As long as the analysis is in use, modules beside the script can be imported: its plugins may do so late.

    Raises:
        DatacardError: the script fails, or has no such object.
    """
    path, arguments = list(sys.path), list(sys.argv)
    sys.path.insert(0, str(script.resolve().parent))
    sys.argv[:] = [str(script)]
    try:
        yield _defined_in(script)
    finally:
        sys.path[:], sys.argv[:] = path, arguments
        sys.modules.pop(_SCRIPT, None)


def _defined_in(script: Path) -> Analysis:
    module = ModuleType(_SCRIPT)
    module.__file__ = str(script)
    # what it defines is pickled by this name, for the processes of --jobs
    sys.modules[_SCRIPT] = module
    names = vars(module)
    try:
        exec(compile(script.read_bytes(), str(script), "exec"), names)  # noqa: S102 - it is the user's own script
    except DatacardError as error:
        error.add_note(_place(script, error))
        raise
    except SystemExit as error:
        raise DatacardError(f"{_place(script, error)}: it ends with sys.exit({error.code!r})") from error
    except SyntaxError as error:
        if error.lineno is None:
            raise DatacardError(f"{script} is no Python script: ANALYSIS.py comes first, before any OUTPUT") from error
        raise DatacardError(f"{_place(script, error)}: {with_type(error, error.msg)}") from error
    except Exception as error:
        raise DatacardError(f"{_place(script, error)}: {with_type(error)}") from error
    found = names.get("analysis")
    if not isinstance(found, Analysis):
        raise DatacardError(_no_analysis(script, names))
    return found


def _no_analysis(script: Path, names: Mapping[str, Any]) -> str:
    found = names.get("analysis")
    has = "it defines no 'analysis'" if found is None else f"its 'analysis' is a {type(found).__name__}"
    hint = ""
    if others := [name for name, value in names.items() if isinstance(value, Analysis)]:
        hint = f"; it has {listing(map(repr, others))}: call that 'analysis'"
    elif "Datacard" in names:
        hint = f"; a script that makes its cards itself is run by Python: python {shlex.quote(str(script))}"
    return f"{script}: {has}, expected analysis = Analysis(...) of datacard_core{hint}"


def _place(script: Path, error: BaseException) -> str:
    """The script, with the line that an error came from."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(script)]
    return f"{script}, line {lines[-1]}" if lines else str(script)
