"""What a PocketCoffea output must hold, and several outputs as one. Yields are never added."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, cast

from datacard_core.errors import InputError
from datacard_core.names import listing

MERGE = "PocketCoffea's `merge-outputs`"
_REQUIRED = ("variables", "cutflow")
_METADATA = ("datasets_metadata", "by_dataset")
# How many keys lead to what belongs to one dataset (or, for the last, to a set of datasets).
_DEPTHS = {
    ("sum_genweights",): 1,
    ("sum_signOf_genweights",): 1,
    ("sumw",): 2,
    ("sumw2",): 2,
    ("cutflow",): 2,
    ("variables",): 3,
    ("columns",): 2,
    ("processing_metadata",): 3,
    _METADATA: 1,
    ("datasets_metadata", "by_datataking_period"): 2,
}


def output_problems(file: str, output: object) -> list[str]:
    """Say why an output cannot be used, in sentences that name its file."""
    if not isinstance(output, dict):
        return [f"{file} holds a {type(output).__name__}, expected the dict that PocketCoffea writes"]
    keys = listing(output) or "none"
    missing = [key for key in _REQUIRED if key not in output]
    if missing:
        absent = listing(map(repr, missing))
        return [f"{file} has no {absent}, expected a PocketCoffea output; it has: {keys}"]
    if not _at(output, _METADATA):
        problem = f"{file} was not postprocessed, so its simulation is not normalised"
        way_out = f"merge the jobs' files with {MERGE}, which does it"
        has = (
            f"'datasets_metadata', only {keys}"
            if "datasets_metadata" not in output
            else "datasets_metadata['by_dataset']"
        )
        return [f"{problem}: it has no {has}; {way_out}"]
    return [*_misplaced(file, output), *_merged_twice(file, output)]


def merge_outputs(outputs: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Unite outputs of different datasets, in the order given and without changing them.

    Args:
        outputs: outputs by the name of their file, each with datasets that no other one has.

    Returns:
        One output, in containers of its own that hold the very histograms, counts and metadata of `outputs`.

    Raises:
        InputError: a dataset is in two of them, or they differ in something that belongs to no dataset.
    """
    problems = _in_several(outputs)
    merged = {} if problems else _united(outputs, (), problems)
    if problems:
        raise InputError(problems)
    return cast("dict[str, Any]", merged)


def _misplaced(file: str, output: dict[str, Any]) -> Iterator[str]:
    for place in _DEPTHS:
        if place[0] in output and not isinstance(_at(output, place), Mapping):
            what = type(_at(output, place)).__name__
            yield f"{file} has a {what} at {_path(place)}, expected the dict that PocketCoffea writes"


def _merged_twice(file: str, output: dict[str, Any]) -> Iterator[str]:
    """PocketCoffea adds what it merges, and so doubles the yields, and strings such as isMC ('TrueTrue')."""
    by_dataset = _at(output, _METADATA)
    entries = by_dataset.items() if isinstance(by_dataset, Mapping) else ()
    doubled = [name for name, entry in entries if isinstance(entry, Mapping) and _is_doubled(entry)]
    if doubled:
        yield (
            f"{file} was merged from postprocessed outputs of the same dataset, so yields count more than "
            f"once ('isMC' or 'year' is a repetition, or not of PocketCoffea): {listing(doubled)}; "
            f"merge the jobs' own files, once, with {MERGE}"
        )


def _is_doubled(entry: Mapping[str, Any]) -> bool:
    year = str(entry.get("year", ""))
    # A repetition of four letters or more, so that 2020 is a year.
    repeated = any(year == year[:size] * (len(year) // size) for size in range(4, len(year) // 2 + 1))
    return repeated or str(entry.get("isMC", True)) not in ("True", "False")


def _in_several(outputs: Mapping[str, dict[str, Any]]) -> list[str]:
    files: dict[str, list[str]] = {}
    for file, output in outputs.items():
        for dataset in dict.fromkeys(_datasets(output)):
            files.setdefault(dataset, []).append(file)
    return [
        f"dataset {dataset!r} is in {' and in '.join(having)}, and yields of one dataset are never added: "
        f"leave all but one out, or merge the jobs' own files with {MERGE}"
        for dataset, having in files.items()
        if len(having) > 1
    ]


def _datasets(output: dict[str, Any]) -> Iterator[str]:
    for place in (_METADATA, ("cutflow",), ("variables",)):
        yield from _keys(_at(output, place), _DEPTHS[place])


def _keys(tree: object, depth: int) -> Iterator[str]:
    """The keys that many levels down."""
    if not isinstance(tree, Mapping):
        return
    if depth == 1:
        yield from tree
        return
    for branch in tree.values():
        yield from _keys(branch, depth - 1)


def _at(tree: object, place: Iterable[str]) -> object:
    for key in place:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


def _united(parts: Mapping[str, Any], place: tuple[str, ...], problems: list[str]) -> object:
    """Unite what stands at one place in several files.

    Args:
        parts: what each file has there.
        place: the keys that lead there.
        problems: receives what cannot be united.
    """
    first = next(iter(parts.values()))
    if all(isinstance(part, Mapping) for part in parts.values()) and _is_above_datasets(place):
        # of the same kind, with the factory that a defaultdict has
        result = copy.copy(first)
        result.clear()
        for key, having in _by_key(parts).items():
            result[key] = _united(having, (*place, key), problems)
        return result
    if all(isinstance(part, AbstractSet) for part in parts.values()):
        return type(first)(element for part in parts.values() for element in part)
    if not all(_same(first, part) for part in parts.values()):
        problems.append(
            f"{_path(place)} differs between {' and '.join(parts)}, and belongs to no single dataset: "
            "only equal ones can be united"
        )
    return first


def _is_above_datasets(place: tuple[str, ...]) -> bool:
    if place in ((), ("datasets_metadata",)):
        return True
    return any(place[: len(known)] == known and len(place) < len(known) + depth for known, depth in _DEPTHS.items())


def _by_key(parts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    having: dict[str, dict[str, Any]] = {}
    for file, part in parts.items():
        for key, value in part.items():
            having.setdefault(key, {})[file] = value
    return having


def _same(one: object, other: object) -> bool:
    try:
        return one is other or bool(one == other)
    except ValueError:  # numpy's: the truth of an array is ambiguous
        return False


def _path(place: Iterable[str]) -> str:
    head, *keys = place
    return f"'{head}'" + "".join(f"[{key!r}]" for key in keys)
