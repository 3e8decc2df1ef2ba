"""Trial of a histogram source: it returns outputs as PocketCoffea writes them, and its errors name the file."""

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
    """Test a source with a file of its author, a missing file and a file of rubbish."""
    name = provided.value.name
    if file is None:
        way_out = f"give one: assert_plugin(…, files={{{name!r}: 'a file that it can read'}})"
        case.fail("a file that it can read", f"no file is given; {way_out}")
    case = attrs.evolve(case, given=file)
    before = _bytes(case, file)
    # Users list the variables of a file, and this must not read all of its histograms.
    names = sorted(_output(case, provided, file, frozenset())["variables"])
    case.expect(
        names,
        "the names of all variables, also of those not requested",
        "there is no name where no variable is requested",
    )
    first, again = (_output(case, provided, file, frozenset(names)) for _ in range(2))
    case.same("the names of all variables, also of those not requested", names, sorted(first["variables"]))
    all_arrays = _arrays(case, first, names)
    case.same(
        "the same output from the same file, each time", _contents(all_arrays), _contents(_arrays(case, again, names))
    )
    case.same("the same datasets and counts from the same file, each time", _datasets(first), _datasets(again))
    # The cards of a variable must not depend on the other variables of the analysis.
    for variable in names:
        _assert_one(case, provided, file, variable, names, all_arrays)
    case.same("that the file stays as it is", before, _bytes(case, file))
    _assert_errors(case, provided, file.suffix, scratch)


def _bytes(case: Case, file: Path) -> bytes:
    with case.trying("a file that it can read"):
        return file.read_bytes()


def _output(
    case: Case, provided: Provided[HistogramSource], file: Path, variables: Collection[str]
) -> Mapping[str, Any]:
    """Read a file, and return the output after testing its structure."""
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
    """Return the histograms of some variables after testing their types."""
    arrays: Arrays = {}
    for variable in variables:
        requested = output["variables"].get(variable)
        case.expect(requested, f"histograms of {variable!r}, which was requested", "there is no histogram")
        for sample, by_dataset in output["variables"][variable].items():
            for dataset, histogram in by_dataset.items():
                with case.trying(f"a hist.Hist or a HistogramArray for {variable!r}, {sample!r}, {dataset!r}"):
                    arrays[variable, sample, dataset] = stored(histogram)
    return arrays


def _contents(arrays: Arrays) -> dict[tuple[str, str, str], tuple[object, ...]]:
    return {key: tuple(_properties(array)) for key, array in sorted(arrays.items())}


def _properties(array: HistogramArray) -> Iterator[object]:
    axis = array.axis
    yield from (array.categories, array.variations, array.flow, array.has_variances)
    yield from (axis.name, axis.label, axis.uniform, axis.categories, axis.edges.tolist(), array.contents.tobytes())


def _datasets(output: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what an output contains about its datasets."""
    source = HistogramSet(histograms={}, datasets_metadata=output["datasets_metadata"], cutflow=output["cutflow"])
    names = sorted({name for listed in source.inventory.datasets.values() for name in listed})
    return source.inventory, [(name, source.is_empty(name)) for name in names]


def _assert_one(
    case: Case,
    provided: Provided[HistogramSource],
    file: Path,
    variable: str,
    names: list[str],
    all_arrays: Arrays,
) -> None:
    """Test that a variable has the same histograms whether it is requested alone or with all."""
    alone = _output(case, provided, file, frozenset({variable}))
    case.same("the names of all variables, also of those not requested", names, sorted(alone["variables"]))
    found = _contents(_arrays(case, alone, [variable]))
    expected = {key: content for key, content in _contents(all_arrays).items() if key[0] == variable}
    case.same(f"the same histograms of {variable!r}, requested alone or with other variables", expected, found)


def _assert_errors(case: Case, provided: Provided[HistogramSource], suffix: str, scratch: Path) -> None:
    missing, rubbish = scratch / f"missing{suffix}", scratch / f"rubbish{suffix}"
    # With the suffix of the file, because a source may choose its reader by the suffix.
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
