"""Reading a file through a histogram source, and seeing that it gave an output."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from datacard_core.errors import InputError
from datacard_core.inputs.histograms import check_histogram
from datacard_core.inputs.output import check_output

if TYPE_CHECKING:
    from datacard_core.hookspecs import HistogramSource
    from datacard_core.plugins.calling import Provided


def read(path: str, provided: Provided[HistogramSource], variables: Iterable[str]) -> Mapping[str, Any]:
    """What a source makes of a file, as far as some variables go.

    Raises:
        InputError: the source says that the file cannot be used.
        PluginCallError: the source failed, or gave something else than an output.
    """
    doing, variables = f"reading {path}", frozenset(variables)
    with provided.blamed(doing) as source:
        output: Any = source.read(Path(path), variables)
        try:
            _check_given(output, variables)
        except InputError as error:
            raise provided.fault(f"{doing}: {error}") from error
    return cast("Mapping[str, Any]", output)


def _check_given(output: object, variables: Collection[str]) -> None:
    """See whether a histogram source gave an output, whatever may be wrong with what the file holds.

    Raises:
        InputError: something else stands where dicts, histograms and names of datasets do.
    """
    if not isinstance(output, Mapping):
        raise InputError(f"got {type(output).__name__} {output!r:.80}, expected the dict of an output")
    check_output(output)
    for key in ("variables", "datasets_metadata", "cutflow"):
        list(_leaves(key, output[key], 1))
    list(_leaves("cutflow['presel']", output["cutflow"].get("presel", {}), 1))
    for place, histogram in _leaves("variables", {name: output["variables"].get(name, {}) for name in variables}, 3):
        try:
            check_histogram(histogram)
        except InputError as error:
            raise InputError(f"{place}: {problem}" for problem in error.problems) from error
    periods = output["datasets_metadata"].get("by_datataking_period", {})
    for place, datasets in _leaves("datasets_metadata['by_datataking_period']", periods, 2):
        if isinstance(datasets, str) or not isinstance(datasets, Collection):
            raise InputError(f"{place} is {datasets!r:.80}, expected the names of datasets")


def _leaves(place: str, tree: object, depth: int) -> Iterator[tuple[str, object]]:
    """What stands that many keys down, each with its place.

    Raises:
        InputError: there is no dict on the way.
    """
    if not depth:
        yield place, tree
        return
    if not isinstance(tree, Mapping):
        raise InputError(f"{place} is a {type(tree).__name__}, expected a dict")
    for key, branch in tree.items():
        yield from _leaves(f"{place}[{key!r}]", branch, depth - 1)
