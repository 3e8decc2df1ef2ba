"""Reading of a file through a histogram source of a plugin, with a check of what the source returned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacard_core.errors import InputError
from datacard_core.inputs.histograms import check_histogram
from datacard_core.inputs.structure import check_output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core.hookspecs import HistogramSource
    from datacard_core.inputs.structure import OutputDict
    from datacard_core.plugins.calling import Provided


def read(path: str, provided: Provided[HistogramSource], variables: Iterable[str]) -> OutputDict:
    """Return the output that a histogram source reads from a file.

    Args:
        path: the file.
        provided: the histogram source.
        variables: the variables whose histograms are needed.

    Raises:
        InputError: the source reports that the file cannot be used.
        PluginCallError: the source failed, or returned an object that is not an output.
    """
    doing, needed = f"reading {path}", tuple(dict.fromkeys(variables))
    with provided.blamed(doing) as source:
        returned: Any = source.read(Path(path), frozenset(needed))
        # The check stays in here: what the source returned may be a class of its author's that fails when it is used.
        try:
            return _checked(returned, needed)
        except InputError as error:
            raise provided.fault(f"{doing}: {error}") from error


def _checked(returned: object, variables: Iterable[str]) -> OutputDict:
    output = check_output(returned, variables)
    if problems := list(_histogram_problems(output, variables)):
        raise InputError(problems)
    return output


def _histogram_problems(output: OutputDict, variables: Iterable[str]) -> Iterator[str]:
    for variable in variables:
        for sample, by_dataset in output["variables"].get(variable, {}).items():
            for dataset, histogram in by_dataset.items():
                try:
                    check_histogram(histogram)
                except InputError as error:
                    place = f"variables[{variable!r}][{sample!r}][{dataset!r}]"
                    yield from (f"{place}: {problem}" for problem in error.problems)
