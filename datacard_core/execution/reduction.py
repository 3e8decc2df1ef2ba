"""Reduction of outputs to sums: of a loaded output, or of many files, one at a time and on any worker.

A worker gets paths and returns sums, which are small: histograms never travel between processes. The sums are exact, so
they are added in the order in which files are done, and the result has the same bytes in every order.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from datacard_core.errors import InputError
from datacard_core.execution.reading import read
from datacard_core.execution.workers import results
from datacard_core.grouping import together
from datacard_core.inputs.output import LOADED, HistogramSet, Inventory
from datacard_core.inputs.paths import expanded
from datacard_core.inputs.remote import on_disk
from datacard_core.inputs.structure import check_output, entries, value_at
from datacard_core.names import closest, duplicates
from datacard_core.templates.collector import Collector, collect_all
from datacard_core.templates.sums import grouped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from datacard_core.execution.executors import ExecutorLike
    from datacard_core.hookspecs import HistogramSource
    from datacard_core.inputs.structure import OutputDict
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins
    from datacard_core.templates.rows import Layout
    from datacard_core.templates.sums import Sums

Key: TypeAlias = tuple[str, ...]
"""A category whose card is built; or a card, and a category over which it keeps totals."""


@attrs.frozen
class Required:
    """One category of one variable."""

    category: str
    variable: str
    layout: Layout
    """Rows of its templates."""


@attrs.frozen
class Requirements:
    """Histograms that cards need from an output."""

    required: Mapping[Key, Required]
    parts: bool = False
    """True if several files may hold parts of one dataset."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables, each once."""
        return tuple(dict.fromkeys(required.variable for required in self.required.values()))

    def passes(self, variable: str) -> list[tuple[Layout, dict[Key, str]]]:
        """Return the categories of a variable with their layout, those of one layout together.

        One pass over the histograms serves all of them.
        """
        of_variable = [(key, required) for key, required in self.required.items() if required.variable == variable]
        groups = together(of_variable, lambda first, other: first[1].layout == other[1].layout)
        return [(group[0][1].layout, {key: required.category for key, required in group}) for group in groups]


@attrs.frozen(eq=False)
class ReducedOutput:
    """Sums of the required histograms of one or several outputs."""

    variables: frozenset[str]
    """Names of all variables that the outputs hold, required or not."""
    inventory: Inventory
    sums: Mapping[Key, Sums]
    """Sums of each requirement."""

    def __add__(self, other: ReducedOutput) -> ReducedOutput:
        """Return the sum of two reduced outputs.

        Raises:
            InputError: a dataset is in both, or their bins differ.
        """
        added: dict[Key, Sums] = {}
        problems: list[str] = []
        for key, sums in self.sums.items():
            try:
                added[key] = sums + other.sums[key]
            except InputError as error:
                problems += error.problems
        if problems:
            # The caller drops `other` and keeps `self`, whose problems it reports at the end.
            raise InputError(dict.fromkeys([*problems, *other.problems]))
        return ReducedOutput(self.variables | other.variables, self.inventory + other.inventory, added)

    @property
    def problems(self) -> list[str]:
        """Problems of the histograms of all categories."""
        return [problem for sums in self.sums.values() for problem in grouped(sums.problems)]

    def checked(self, requirements: Requirements) -> ReducedOutput:
        """Return this reduced output, which has every required variable.

        Raises:
            InputError: a variable is in no output.
        """
        if missing := [name for name in requirements.variables if name not in self.variables]:
            raise InputError(f"the output has no variable {name!r}{closest(name, self.variables)}" for name in missing)
        return self


def reduce_output(output: Mapping[str, Any], requirements: Requirements) -> ReducedOutput:
    """Sum the required histograms of a loaded output.

    Args:
        output: the loaded output, which is all there is: no other output is added to its sums.
        requirements: the histograms to sum.

    Raises:
        InputError: the output does not have the structure of an output.
    """
    return _reduced(check_output(output, requirements.variables), requirements, LOADED, alone=True)


def _reduced(output: OutputDict, requirements: Requirements, read_from: str, *, alone: bool) -> ReducedOutput:
    inventory = None
    collectors: list[tuple[Collector, dict[Key, str]]] = []
    for variable in requirements.variables:
        histograms = value_at(output, ("variables", variable), {})
        metadata, cutflow, sumw = (value_at(output, [key], {}) for key in ("datasets_metadata", "cutflow", "sumw"))
        histogram_set = HistogramSet(
            histograms=histograms, datasets_metadata=metadata, cutflow=cutflow, read_from=read_from, sumw=sumw
        )
        inventory = histogram_set.inventory if inventory is None else inventory + histogram_set.inventory
        for layout, categories in requirements.passes(variable):
            names = tuple(dict.fromkeys(categories.values()))
            collector = Collector(histogram_set, layout, names, alone=alone, parts=requirements.parts)
            collectors.append((collector, categories))
    if inventory is None:
        raise InputError("no category is required")
    # All at once, so that a file whose bins were left in it is read through once.
    collect_all([collector for collector, _ in collectors])
    sums: dict[Key, Sums] = {}
    for collector, categories in collectors:
        collected = collector.finished()
        sums |= {key: collected[category] for key, category in categories.items()}
    return ReducedOutput(
        frozenset(name for name, _ in entries(output["variables"])),
        inventory,
        {key: sums[key] for key in requirements.required},
    )


def reduce_file(path: str, plugins: Plugins, source: str, requirements: Requirements, alone: bool) -> ReducedOutput:
    """Read a file and sum its required histograms; this is the function that workers run.

    Args:
        path: the file.
        plugins: the selected plugins.
        source: name of the histogram source that reads the file.
        requirements: the histograms to sum.
        alone: True if there is no other file.

    Raises:
        InputError: the file cannot be read or used.
        PluginError: the histogram source failed, or did not return an output.
    """
    provided = plugins.source(source)
    try:
        # A source may leave bins in the file until they are summed.
        with on_disk(path) as copy:
            output = read(path, provided, requirements.variables, copy=copy)
            return _reduced(output, requirements, path, alone=alone)
    except InputError as error:
        # The source may have named the file already.
        failure = InputError(problem if path in problem else f"{path}: {problem}" for problem in error.problems)
        # Without the file, so that files with the same fault have one note.
        failure.add_note(read_note(provided))
        raise failure from error


def read_note(provided: Provided[HistogramSource]) -> str:
    """Return the note of an error about what a histogram source has read."""
    return f"read by source {provided.name!r} of plugin {provided.plugin!r} ({provided.origin})"


def reduce_files(
    paths: Sequence[str | os.PathLike[str]],
    requirements: Requirements,
    plugins: Plugins,
    source: str,
    *,
    executor: ExecutorLike | None = None,
    jobs: int = 1,
    watch: Callable[[str], object] = lambda _: None,
) -> ReducedOutput:
    """Reduce files one at a time, or in parallel, and add the results.

    Args:
        paths: the files.
        requirements: the histograms to sum.
        plugins: the selected plugins.
        source: name of the histogram source that reads the files.
        executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to read them on.
        jobs: number of processes to read them in if no executor is given.
        watch: called with each file that is done.

    Raises:
        InputError: files cannot be read or used, or contradict each other; it has the problems of all files.
        PluginError: no selected plugin has that source, or the source failed.
        DatacardError: a worker died, or failed with an unexpected error.
    """
    names = [expanded(path) for path in paths]
    if not names:
        raise InputError("no file is given, expected at least one .coffea file")
    if twice := duplicates(os.path.realpath(name) for name in names):
        raise InputError(f"{name} is given twice: leave one out" for name in twice)
    calls = {name: (name, plugins, source, requirements, len(names) == 1) for name in names}
    total: ReducedOutput | None = None
    problems: list[str] = []
    notes: dict[str, None] = {}
    for name, result in results(reduce_file, calls, executor=executor, jobs=jobs):
        try:
            reduced = result()
            total = reduced if total is None else total + reduced
        # Reading goes on, so that one run tells the problems of all files.
        except InputError as error:
            problems += error.problems
            notes |= dict.fromkeys(getattr(error, "__notes__", ()))
        watch(name)
    if problems or total is None:
        failure = InputError(dict.fromkeys([*problems, *(total.problems if total else ())]))
        for note in notes:
            failure.add_note(note)
        raise failure
    return total.checked(requirements)
