"""From outputs to sums: what is needed of a loaded output, or of many files, one at a time and anywhere.

A worker gets paths and gives sums; arrays of histograms never travel. Sums add up to the same bytes in any order, so
they are added as they come.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.errors import InputError
from datacard_core.execution.reading import read
from datacard_core.execution.workers import results
from datacard_core.inputs.output import LOADED, HistogramSet, Inventory
from datacard_core.inputs.structure import check_output
from datacard_core.names import closest, duplicates
from datacard_core.templates.collector import collect
from datacard_core.templates.sums import grouped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from datacard_core.inputs.structure import OutputDict
    from datacard_core.plugins.manager import Plugins
    from datacard_core.templates.rows import Layout
    from datacard_core.templates.sums import Sums


@attrs.frozen
class Wanted:
    """What is needed of an output."""

    layout: Layout
    variables: Mapping[str, str]
    """The variable of each category."""
    parts: bool = False
    """Whether files may hold parts of one dataset."""


@attrs.frozen(eq=False)
class Reduced:
    """What an output, or several, have of it."""

    known: frozenset[str]
    """The names of all variables."""
    inventory: Inventory
    sums: Mapping[str, Sums]
    """By category."""

    def __add__(self, other: Reduced) -> Reduced:
        """What both have.

        Raises:
            InputError: a dataset is in both, or their bins differ.
        """
        added: dict[str, Sums] = {}
        problems: list[str] = []
        for category, sums in self.sums.items():
            try:
                added[category] = sums + other.sums[category]
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(dict.fromkeys([*problems, *other.problems]))
        return Reduced(self.known | other.known, self.inventory + other.inventory, added)

    @property
    def problems(self) -> list[str]:
        """What is wrong with histograms, in all categories."""
        return [problem for sums in self.sums.values() for problem in grouped(sums.problems)]

    def complete(self, wanted: Wanted) -> Reduced:
        """The same, seen to have every variable.

        Raises:
            InputError: a variable is in no output.
        """
        if missing := [name for name in dict.fromkeys(wanted.variables.values()) if name not in self.known]:
            raise InputError(f"the output has no variable {name!r}{closest(name, self.known)}" for name in missing)
        return self


def reduce_output(output: Mapping[str, Any], wanted: Wanted) -> Reduced:
    """Sum the histograms of a loaded output that are needed.

    Raises:
        InputError: the output does not have the structure of an output.
    """
    return _reduced(check_output(output, wanted.variables.values()), wanted, LOADED, alone=True)


def _reduced(output: OutputDict, wanted: Wanted, origin: str, *, alone: bool) -> Reduced:
    inventory = None
    sums: dict[str, Sums] = {}
    for variable in dict.fromkeys(wanted.variables.values()):
        histograms = output["variables"].get(variable, {})
        source = HistogramSet(histograms, output["datasets_metadata"], output["cutflow"], origin)
        inventory = source.inventory if inventory is None else inventory + source.inventory
        categories = [category for category, of in wanted.variables.items() if of == variable]
        sums |= collect(source, wanted.layout, categories, alone=alone, parts=wanted.parts)
    if inventory is None:
        raise InputError("no category is wanted")
    return Reduced(
        frozenset(output["variables"]), inventory, {category: sums[category] for category in wanted.variables}
    )


def reduce_file(path: str, plugins: Plugins, source: str, wanted: Wanted, alone: bool) -> Reduced:
    """Read a file and sum what is needed of it: what a worker does. `alone` if it is all that there is.

    Raises:
        InputError: the file cannot be read or used.
        PluginError: the histogram source failed, or gave something else than an output.
    """
    try:
        return _reduced(read(path, plugins.source(source), wanted.variables.values()), wanted, path, alone=alone)
    except InputError as error:
        raise InputError(problem if path in problem else f"{path}: {problem}" for problem in error.problems) from error


def reduce_files(
    paths: Sequence[str | os.PathLike[str]],
    wanted: Wanted,
    plugins: Plugins,
    source: str,
    *,
    executor: Any = None,
    jobs: int = 1,
    watch: Callable[[str], object] = lambda _: None,
) -> Reduced:
    """Reduce files one at a time, or in parallel, and add what they give.

    Args:
        paths: the files.
        wanted: what is needed of them.
        plugins: the selected plugins.
        source: the name of the histogram source that reads them.
        executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to read them on.
        jobs: without an executor, how many processes to read them in.
        watch: called with each file that is done.

    Raises:
        InputError: files cannot be read or used, or contradict each other; all that is wrong is told.
        PluginError: no selected plugin has that source, or it failed.
        DatacardError: something else failed.
    """
    names = [os.fspath(path) for path in paths]
    if not names:
        raise InputError("no file is given, expected at least one .coffea file")
    if twice := duplicates(os.path.realpath(name) for name in names):
        raise InputError(f"{name} is given twice: leave one out" for name in twice)
    calls = {name: (name, plugins, source, wanted, len(names) == 1) for name in names}
    total: Reduced | None = None
    problems: list[str] = []
    for name, result in results(reduce_file, calls, executor=executor, jobs=jobs):
        try:
            reduced = result()
            total = reduced if total is None else total + reduced
        except InputError as error:
            problems += error.problems
        watch(name)
    if problems or total is None:
        raise InputError(dict.fromkeys([*problems, *(total.problems if total else ())]))
    return total.complete(wanted)
