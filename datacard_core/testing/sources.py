"""What the core expects of a histogram source: outputs as PocketCoffea writes them, and errors that name the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from datacard_core.errors import InputError
from datacard_core.inputs.histograms import stored
from datacard_core.inputs.output import HistogramSet
from datacard_core.inputs.structure import check_output

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from datacard_core.hookspecs import HistogramSource
    from datacard_core.inputs.histograms import HistogramArray
    from datacard_core.plugins.calling import Provided
    from datacard_core.testing.cases import Case

Arrays: TypeAlias = dict[tuple[str, str, str], "HistogramArray"]
"""Histograms by variable, sample and dataset."""


def assert_source(case: Case, provided: Provided[HistogramSource], file: Path | None, scratch: Path) -> None:
    """Read a file of the author's, and files that are none."""
    name = provided.value.name
    if file is None:
        way_out = f"give one: assert_plugin(…, files={{{name!r}: 'a file that it can read'}})"
        case.fail("a file that it can read", f"there is none; {way_out}")
    case = attrs.evolve(case, given=file)
    before = _bytes(case, file)
    names = sorted(_output(case, provided, file, frozenset())["variables"])
    case.expect(names, "the names of all variables, whichever are asked for", "there is none where none is asked for")
    first, again = (_output(case, provided, file, frozenset(names)) for _ in range(2))
    case.same("the names of all variables, whichever are asked for", names, sorted(first["variables"]))
    everything = _arrays(case, first, names)
    case.same(
        "the same output from the same file, each time", _contents(everything), _contents(_arrays(case, again, names))
    )
    case.same("the same datasets and counts from the same file, each time", _known(first), _known(again))
    for variable in names:
        _assert_one(case, provided, file, variable, names, everything)
    case.same("that the file stays as it is", before, _bytes(case, file))
    _assert_errors(case, provided, file.suffix, scratch)


def _bytes(case: Case, file: Path) -> bytes:
    with case.trying("a file that it can read"):
        return file.read_bytes()


def _output(
    case: Case, provided: Provided[HistogramSource], file: Path, variables: Collection[str]
) -> Mapping[str, Any]:
    """What is read, seen to be an output."""
    with case.trying("the output of a file that it can read"):
        output: object = _read(provided, file, variables)
    if not isinstance(output, Mapping):
        case.fail("the output as a dict", f"{type(output).__name__} {output!r:.80}")
    with case.trying("an output that has what cards need"):
        check_output(output, variables)
    return output


def _read(provided: Provided[HistogramSource], file: Path, variables: Collection[str]) -> object:
    with provided.blamed(f"reading {file}") as source:
        return source.read(file, variables)


def _arrays(case: Case, output: Mapping[str, Any], variables: Collection[str]) -> Arrays:
    """The histograms of some variables, seen to be such."""
    arrays: Arrays = {}
    for variable in variables:
        case.expect(
            output["variables"].get(variable), f"histograms of {variable!r}, which was asked for", "there are none"
        )
        for sample, by_dataset in output["variables"][variable].items():
            for dataset, histogram in by_dataset.items():
                with case.trying(f"a hist.Hist or a HistogramArray for {variable!r}, {sample!r}, {dataset!r}"):
                    arrays[variable, sample, dataset] = stored(histogram)
    return arrays


def _contents(arrays: Arrays) -> dict[tuple[str, str, str], tuple[object, ...]]:
    return {key: tuple(_parts(array)) for key, array in sorted(arrays.items())}


def _parts(array: HistogramArray) -> Iterator[object]:
    axis = array.axis
    yield from (array.categories, array.variations, array.flow, array.has_variances)
    yield from (axis.name, axis.label, axis.uniform, axis.categories, axis.edges.tolist(), array.contents.tobytes())


def _known(output: Mapping[str, Any]) -> tuple[object, ...]:
    """What an output says about its datasets."""
    source = HistogramSet({}, output["datasets_metadata"], output["cutflow"])
    names = sorted({name for listed in source.inventory.datasets.values() for name in listed})
    return source.inventory, [(name, source.is_empty(name)) for name in names]


def _assert_one(
    case: Case,
    provided: Provided[HistogramSource],
    file: Path,
    variable: str,
    names: list[str],
    everything: Arrays,
) -> None:
    """See that asking for one variable gives what asking for all gives of it."""
    alone = _output(case, provided, file, frozenset({variable}))
    case.same("the names of all variables, whichever are asked for", names, sorted(alone["variables"]))
    found = _contents(_arrays(case, alone, [variable]))
    expected = {key: parts for key, parts in _contents(everything).items() if key[0] == variable}
    case.same(f"the same histograms of {variable!r} whether it is asked for alone or with others", expected, found)


def _assert_errors(case: Case, provided: Provided[HistogramSource], suffix: str, scratch: Path) -> None:
    missing, rubbish = scratch / f"missing{suffix}", scratch / f"rubbish{suffix}"
    rubbish.write_bytes(b"\x00no histograms\xff" * 9)
    for path, what in ((missing, "that is not there"), (rubbish, "of rubbish")):
        _assert_error(attrs.evolve(case, given=path.name), provided, path, what)


def _assert_error(case: Case, provided: Provided[HistogramSource], path: Path, what: str) -> None:
    expected = f"an InputError for a file {what}"
    with case.trying(expected):
        try:
            output = _read(provided, path, frozenset())
        except InputError as error:
            case.expect(path.name in str(error), f"{expected}, which names it", str(error))
            return
    case.fail(expected, f"it read {output!r:.80}")
