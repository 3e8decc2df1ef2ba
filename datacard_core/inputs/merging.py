"""Merging of outputs with different datasets to one output. Yields are never added."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, cast

from datacard_core.errors import InputError
from datacard_core.inputs.structure import BY_DATASET, BY_PERIOD, DEPTHS, MERGE, OutputDict, place_text, value_at
from datacard_core.names import duplicates, listing

_CUTS = frozenset({"initial", "skim", "presel"})
"""Keys of the cutflow that are no categories."""


def merge_outputs(outputs: Mapping[str, OutputDict]) -> OutputDict:
    """Unite outputs of different datasets, in the order given and without changing them.

    Args:
        outputs: outputs by the name of their file, no dataset in two of them.

    Returns:
        One output, in new containers that hold the same histograms, counts and metadata objects as `outputs`.

    Raises:
        InputError: a dataset is in two of them, or they differ in a value that belongs to no dataset.
    """
    # Differences between outputs that share a dataset only repeat that they share it.
    problems = _in_several(outputs)
    merged, differences = (None, []) if problems else _united(outputs, ())
    if problems := problems or differences:
        raise InputError(problems)
    return cast("OutputDict", merged)


def _in_several(outputs: Mapping[str, OutputDict]) -> list[str]:
    files: dict[str, list[str]] = {}
    for file, output in outputs.items():
        for dataset in dict.fromkeys(_datasets(output)):
            files.setdefault(dataset, []).append(file)
    # Files that share one dataset often share all of them: files by category are told once.
    together: dict[tuple[str, ...], list[str]] = {}
    for dataset, having in files.items():
        if len(having) > 1:
            together.setdefault(tuple(having), []).append(dataset)
    return [
        problem
        for having, datasets in together.items()
        for problem in _shared(datasets, {file: outputs[file] for file in having})
    ]


def _shared(datasets: list[str], outputs: Mapping[str, OutputDict]) -> list[str]:
    categories = {file: [name for name in output["cutflow"] if name not in _CUTS] for file, output in outputs.items()}
    if all(categories.values()) and not duplicates(name for names in categories.values() for name in names):
        having = " and ".join(f"{file} ({listing(names, 3)})" for file, names in categories.items())
        problem = (
            f"{having} have different categories of the same datasets ({listing(datasets, 3)}), as files of "
            "PocketCoffea's --split-by-category: pass their paths to Analysis.build, or load the one that has the "
            "category of your card"
        )
        return [problem]
    return [
        f"dataset {dataset!r} is in {' and in '.join(outputs)}, and yields of one dataset are never added: "
        f"leave out all of them but one, or merge the jobs' own files with {MERGE}"
        for dataset in datasets
    ]


def _datasets(output: OutputDict) -> Iterator[str]:
    # A dataset without any histogram still has metadata and counts.
    for place in (BY_DATASET, ("cutflow",), ("variables",)):
        yield from _keys(value_at(output, place), DEPTHS[place])


def _keys(tree: object, depth: int) -> Iterator[str]:
    """Yield the keys `depth` levels down."""
    if not isinstance(tree, Mapping):
        return
    if depth == 1:
        yield from tree
        return
    for branch in tree.values():
        yield from _keys(branch, depth - 1)


def _united(parts: Mapping[str, Any], place: tuple[str, ...]) -> tuple[object, list[str]]:
    """Unite the values that several files have at one place, and return problems with the result.

    Args:
        parts: the values by file.
        place: the keys that lead there.
    """
    first = next(iter(parts.values()))
    if all(isinstance(part, Mapping) for part in parts.values()) and _is_above_datasets(place):
        # A copy keeps the class and, of a defaultdict, the factory.
        result = copy.copy(first)
        result.clear()
        problems: list[str] = []
        for key, having in _by_key(parts).items():
            result[key], found = _united(having, (*place, key))
            problems += found
        return result, problems
    if all(isinstance(part, AbstractSet) for part in parts.values()):
        return type(first)(element for part in parts.values() for element in part), []
    # The datasets of a sample are a set in PocketCoffea's outputs, and a list in those of other sources.
    if place[:-2] == BY_PERIOD and all(isinstance(part, list) for part in parts.values()):
        return [element for part in parts.values() for element in part], []
    if all(_are_equal(first, part) for part in parts.values()):
        return first, []
    problem = (
        f"{place_text(place)} differs between {' and '.join(parts)}, and belongs to no single dataset: "
        "only equal values can be united"
    )
    return first, [problem]


def _is_above_datasets(place: tuple[str, ...]) -> bool:
    if place in ((), ("datasets_metadata",)):
        return True
    return any(place[: len(known)] == known and len(place) < len(known) + depth for known, depth in DEPTHS.items())


def _by_key(parts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    having: dict[str, dict[str, Any]] = {}
    for file, part in parts.items():
        for key, value in part.items():
            having.setdefault(key, {})[file] = value
    return having


def _are_equal(one: object, other: object) -> bool:
    try:
        return one is other or bool(one == other)
    except ValueError:
        # Arrays of numpy have no single truth value; arrays that belong to no dataset count as different.
        return False
