"""Structure of a PocketCoffea output: its type, and the one check that an output has what cards need.

An output is checked where it enters: a file in `load_output`, a loaded output before its histograms are summed, what a
histogram source returned, and the three arguments of a `Datacard`. The code behind relies on the check.
"""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NotRequired, TypedDict, cast

from datacard_core.arguments import scalar, scalars, shown, type_of
from datacard_core.errors import InputError, visible, with_type
from datacard_core.names import listing

MERGE = "PocketCoffea's `merge-outputs`"
BY_DATASET = ("datasets_metadata", "by_dataset")
BY_PERIOD = ("datasets_metadata", "by_datataking_period")
DEPTHS = {
    ("sum_genweights",): 1,
    ("sum_signOf_genweights",): 1,
    ("sumw",): 2,
    ("sumw2",): 2,
    ("cutflow",): 2,
    ("variables",): 3,
    ("columns",): 2,
    ("processing_metadata",): 3,
    BY_DATASET: 1,
    BY_PERIOD: 2,
}
"""How many keys lead from a place to the entry of one dataset or, for the last place, of a set of datasets."""

COMPUTE = "pass what dask.compute(output) returns"

# A repetition of four letters or more, so that 2020 stays a year.
_SHORTEST_YEAR = 4

_LONGEST = 1000
"""Most characters of a name or a year."""


class OutputDict(TypedDict):
    """A postprocessed PocketCoffea output, as `coffea.util.load` returns it; other keys may stand beside these."""

    variables: Mapping[str, Mapping[str, Mapping[str, Any]]]
    """Histograms by variable, sample and dataset."""
    datasets_metadata: Mapping[str, Any]
    """`by_datataking_period` has names of datasets by period and sample, `by_dataset` the metadata of each dataset."""
    cutflow: Mapping[str, Any]
    """Numbers of events by cut and dataset; `presel` is the preselection."""
    sum_genweights: NotRequired[Mapping[str, Any]]
    sum_signOf_genweights: NotRequired[Mapping[str, Any]]
    sumw: NotRequired[Mapping[str, Any]]
    sumw2: NotRequired[Mapping[str, Any]]
    columns: NotRequired[Mapping[str, Any]]
    processing_metadata: NotRequired[Mapping[str, Any]]


def check_output(output: object, variables: Iterable[str] = (), *, from_file: bool = False) -> OutputDict:
    """Return an output after a check of its structure.

    The cost grows with the number of datasets, not with that of templates: histograms are not opened.

    Args:
        output: the loaded output.
        variables: the variables whose histograms are needed; a variable that is missing is no fault here.
        from_file: True for a file of PocketCoffea, which also holds metadata of each dataset. They show if the
            yields were added twice.

    Raises:
        InputError: no card can be made from the output, with all reasons.
    """
    if problems := list(_output_problems(output, variables, from_file=from_file)):
        raise InputError(problems)
    return cast("OutputDict", output)


def check_arguments(histograms: object, datasets_metadata: object, cutflow: object) -> None:
    """Check the three parts of an output that a script passes one by one.

    Args:
        histograms: the histograms of one variable, by sample and dataset.
        datasets_metadata: the output's `datasets_metadata`.
        cutflow: the output's `cutflow`.

    Raises:
        InputError: no card can be made from them, with all reasons.
    """
    problems = list(_histogram_problems("histograms", histograms))
    if value_at(datasets_metadata, ["presel"]) is not None and value_at(cutflow, BY_PERIOD[1:]) is not None:
        problems.append("datasets_metadata has the counts and cutflow the metadata: the two arguments are swapped")
    else:
        problems += [*_metadata_problems(datasets_metadata), *_cutflow_problems(cutflow)]
    if problems:
        raise InputError(problems)


def check_histogram_dicts(histograms: Mapping[str, object]) -> None:
    """Check histograms of variables that a script passes, each by sample and dataset.

    Args:
        histograms: the histograms of a variable by the text that names them in messages.

    Raises:
        InputError: they are not in dicts, with all reasons.
    """
    if problems := [problem for place, of in histograms.items() for problem in _histogram_problems(place, of)]:
        raise InputError(problems)


def is_uncomputed(value: object) -> bool:
    """Return True for a dask collection, which describes a computation and holds no result."""
    graph = getattr(value, "__dask_graph__", None)
    return callable(graph) and graph() is not None


def place_text(place: Iterable[str]) -> str:
    """Return the text for a place in an output, such as "cutflow['presel']"."""
    head, *keys = place
    return head + "".join(f"[{key!r}]" for key in keys)


def type_and_value(value: object) -> str:
    """Return the type of a value in a wrong place, and a short form of it, for messages."""
    # `reprlib` shortens a value before it is written out: a list in a wrong place may hold thousands of histograms.
    lazy = f", a dask collection that was not computed: {COMPUTE}" if is_uncomputed(value) else ""
    try:
        text = " ".join(reprlib.repr(value).split())
    except Exception:  # noqa: BLE001 - a whole number may be too long to be written out
        text = shown(value)
    return f"has type {visible(type_of(value))} ({text}){lazy}"


def value_at(tree: object, place: Iterable[str], default: object = None) -> Any:
    """Return the value at a place in an output, or the default if there is none.

    No key is inserted, although PocketCoffea's containers are defaultdicts.
    """
    place = tuple(place)
    try:
        for key in place:
            tree = tree.get(key, default) if isinstance(tree, Mapping) else default
    except Exception as error:
        raise InputError(f"{place_text(place)} of the output cannot be read: {with_type(error)}") from error
    return tree


def entries(tree: object) -> list[tuple[Any, Any]]:
    """Return the keys, plain, and the values of a mapping in an output, none of another object.

    Raises:
        InputError: a class of the script's own fails.
    """
    try:
        return [(scalar(key), value) for key, value in tree.items()] if isinstance(tree, Mapping) else []
    except Exception as error:
        raise InputError(f"a {type(tree).__name__} in the output cannot be read: {with_type(error)}") from error


def _output_problems(output: object, variables: Iterable[str], *, from_file: bool) -> Iterator[str]:
    if not isinstance(output, Mapping):
        yield f"the output {type_and_value(output)}, expected the dict that PocketCoffea writes"
        return
    output = dict(entries(output))
    for key in ("variables", "cutflow"):
        if key not in output:
            yield f"the output has no {key!r}, expected a PocketCoffea output; {_keys(output)}"
    if "variables" in output:
        yield from _variable_problems(output["variables"], variables)
    if "datasets_metadata" in output:
        yield from _metadata_problems(output["datasets_metadata"], from_file=from_file)
    else:
        yield _not_postprocessed("'datasets_metadata'" + (f", only {listing(output)}" if output else ""))
    if "cutflow" in output:
        yield from _cutflow_problems(output["cutflow"])
    if from_file:
        yield from _unused_problems(output)


def _variable_problems(by_variable: object, needed: Iterable[str]) -> Iterator[str]:
    yield from _not_dicts("variables", by_variable, 1)
    found = dict(entries(by_variable))
    # Several categories may need one variable.
    for name in dict.fromkeys(needed):
        if name in found:
            yield from _histogram_problems(f"variables[{name!r}]", found[name])


def _histogram_problems(place: str, tree: object) -> Iterator[str]:
    """Yield problems of the histograms of one variable, which are in dicts by sample and dataset."""
    problem = _of_another_level(tree)
    if problem:
        yield f"{place} {problem}; expected {{sample: {{dataset: histogram}}}}, as output['variables'][variable] has it"
    else:
        yield from _not_dicts(place, tree, 2)


def _of_another_level(tree: object) -> str:
    """Return the problem of an object that holds histograms of another level of an output, or an empty text."""
    if _is_histogram(tree):
        return "is a single histogram"
    by_sample = dict(entries(tree))
    if {"variables", "cutflow"} <= by_sample.keys():
        return "is a whole output"
    if direct := [name for name, of in by_sample.items() if _is_histogram(of)]:
        return f"has a histogram where a dict of datasets is expected, for {listing(map(repr, direct), 4)}"
    for name, of in by_sample.items():
        if any(isinstance(value, Mapping) for _, value in entries(of)):
            return f"holds dicts of samples, such as that of variable {name!r}"
    return ""


def _is_histogram(value: object) -> bool:
    # By their axes: histograms of all libraries have them, and dicts have not.
    return not isinstance(value, Mapping) and (hasattr(value, "axes") or hasattr(value, "axis"))


def _metadata_problems(metadata: object, *, from_file: bool = False) -> Iterator[str]:
    if not isinstance(metadata, Mapping):
        yield from _not_dicts("datasets_metadata", metadata, 1)
        return
    metadata = dict(entries(metadata))
    by_dataset = metadata.get("by_dataset")
    by_dataset = dict(entries(by_dataset)) if isinstance(by_dataset, Mapping) else by_dataset
    # An object of another type may be neither true nor false, and is told below.
    is_there = by_dataset is not None and (not isinstance(by_dataset, dict) or bool(by_dataset))
    lacking = [BY_DATASET] if from_file and not is_there else []
    lacking += [BY_PERIOD] if "by_datataking_period" not in metadata else []
    if lacking and not from_file and (level := _level_of_metadata(metadata)):
        yield f"datasets_metadata {level}: pass output['datasets_metadata']"
    elif lacking:
        yield _not_postprocessed(" and no ".join(map(place_text, lacking)))
    if "by_datataking_period" in metadata:
        yield from _period_problems(metadata["by_datataking_period"])
    if from_file and is_there:
        strange = list(_strange_entries(by_dataset))
        yield from strange or _merged_twice(by_dataset)


def _level_of_metadata(metadata: Mapping[Any, Any]) -> str:
    """Return the problem of a part of an output that is not its metadata but another level, or an empty text."""
    if {"variables", "cutflow"} <= metadata.keys():
        return "is a whole output"
    parts = [dict(entries(part)) for part in metadata.values() if isinstance(part, Mapping)]
    if not parts or len(parts) < len(metadata):
        return ""
    if all({"sample", "year"} <= part.keys() for part in parts):
        return f"is {place_text(BY_DATASET)}"
    if all(isinstance(names, set | list | tuple) for part in parts for names in part.values()):
        return f"is {place_text(BY_PERIOD)}"
    return ""


def _period_problems(periods: object) -> Iterator[str]:
    yield from _not_dicts(place_text(BY_PERIOD), periods, 2)
    for period, samples in entries(periods):
        for sample, datasets in entries(samples):
            # A string is a collection too, of its letters.
            if isinstance(datasets, str) or not isinstance(datasets, Collection):
                place = place_text((*BY_PERIOD, period, sample))
                yield f"{place} {type_and_value(datasets)}, expected the names of datasets"
            elif strange := [name for name in scalars(datasets) if not isinstance(name, str)]:
                place = place_text((*BY_PERIOD, period, sample))
                yield f"{place} has {shown(strange[0])} of type {type_of(strange[0])}, expected the names of datasets"


def _cutflow_problems(cutflow: object) -> Iterator[str]:
    if not isinstance(cutflow, Mapping):
        yield from _not_dicts("cutflow", cutflow, 1)
        return
    cutflow = dict(entries(cutflow))
    if {"variables", "cutflow"} <= cutflow.keys():
        yield "cutflow is a whole output: pass output['cutflow']"
    elif "presel" not in cutflow:
        yield (
            f"cutflow has no 'presel', the counts after the preselection; {_keys(cutflow)}: pass output['cutflow'], "
            "which tells the datasets that must have histograms"
        )
    else:
        yield from _not_dicts("cutflow['presel']", cutflow["presel"], 1)


def _unused_problems(output: Mapping[str, Any]) -> Iterator[str]:
    """Yield the places that no card needs, but that files are united at, and that hold no dict."""
    for place in DEPTHS:
        if place[0] in output and place[0] not in ("variables", "datasets_metadata", "cutflow"):
            yield from _not_dicts(place_text(place), value_at(output, place), 1)


def _strange_entries(by_dataset: object) -> Iterator[str]:
    """Yield a problem for each dataset whose metadata are of another form than PocketCoffea's."""
    yield from _not_dicts(place_text(BY_DATASET), by_dataset, 2)
    for dataset, entry in entries(by_dataset):
        for key in ("isMC", "sample", "year"):
            value = scalar(value_at(entry, [key], ""))
            if not isinstance(value, str | bool) or len(str(value)) > _LONGEST:
                yield f"{place_text((*BY_DATASET, dataset, key))} {type_and_value(value)}, expected a short text"


def _merged_twice(by_dataset: object) -> Iterator[str]:
    """Yield a problem if PocketCoffea merged postprocessed outputs of one dataset.

    PocketCoffea adds all values of what it merges. That doubles the yields and, as a trace, strings ('TrueTrue').
    """
    doubled = [name for name, entry in entries(by_dataset) if isinstance(entry, Mapping) and _is_doubled(entry)]
    if doubled:
        yield (
            "the output was merged from postprocessed outputs of the same dataset, so its yields count more than "
            f"once ('isMC' or 'year' is a repetition, or not as PocketCoffea writes it): {listing(doubled)}; "
            f"merge the jobs' own files, once, with {MERGE}"
        )


def _is_doubled(entry: Mapping[str, Any]) -> bool:
    year = str(scalar(entry.get("year", "")))
    lengths = range(_SHORTEST_YEAR, len(year) // 2 + 1)
    repeated = any(year == year[:length] * (len(year) // length) for length in lengths)
    return repeated or str(scalar(entry.get("isMC", True))) not in ("True", "False")


def _not_postprocessed(lacking: str) -> str:
    return (
        f"the output was not postprocessed, so its simulation is not normalised: it has no {lacking}; "
        f"merge the jobs' files with {MERGE}, which normalises them"
    )


def _not_dicts(place: str, tree: object, depth: int) -> Iterator[str]:
    """Yield a problem for each value in the first `depth` levels of a tree that is not a dict."""
    if not isinstance(tree, Mapping):
        yield f"{place} {type_and_value(tree)}, expected the dict that PocketCoffea writes"
        return
    # A key such as the number 2018 would be another year than the "2018" of the declarations.
    found = entries(tree)
    if strange := [key for key, _ in found if not isinstance(key, str)]:
        yield f"{place} has the key {shown(strange[0])} of type {type_of(strange[0])}, expected names"
    if depth > 1:
        for key, branch in found:
            yield from _not_dicts(f"{place}[{key!r}]", branch, depth - 1)


def _keys(tree: Mapping[str, object]) -> str:
    return f"it has: {listing(tree)}" if tree else "it is empty"
