"""Assembly of an output from the histograms of another framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datacard_core.errors import InputError
from datacard_core.inputs.foreign.blocks import blocks
from datacard_core.inputs.foreign.joining import joined, with_squares
from datacard_core.inputs.histograms import NOMINAL, decoded
from datacard_core.inputs.structure import check_output, entries, value_at
from datacard_core.names import closest, duplicates, listing

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Iterator

    from datacard_core.inputs.foreign.blocks import Block
    from datacard_core.inputs.foreign.conventions import HistogramConventions
    from datacard_core.inputs.foreign.patterns import HistogramPattern

_OUTPUT = {"variables", "datasets_metadata", "cutflow"}
_SINGLE = "the histogram"


def output_of(
    histograms: object,
    conventions: HistogramConventions,
    variables: Collection[str] | None = None,
    *,
    path: str | os.PathLike[str] = "",
) -> dict[str, Any]:
    """Return the output that PocketCoffea would have written, for `Analysis.build` and for histogram sources.

    Args:
        histograms: a histogram of `hist`; or several by name, in dicts in each other; or an output of PocketCoffea. A
            mapping that reads a histogram when it is asked for it is asked for the needed ones alone.
        conventions: names of axes and labels, and patterns of names.
        variables: the variables whose histograms are needed, by default all; of other ones the output has the name.
        path: the file that they are from, for a pattern of paths and for messages.

    Raises:
        InputError: the histograms do not have these conventions; with all problems.
    """
    try:
        if isinstance(histograms, Mapping) and histograms.keys() >= _OUTPUT:
            return _renamed(histograms, conventions, variables)
        assembly = _Assembly(conventions, variables)
        assembly.take(histograms, str(path))
        return assembly.output()
    except InputError as error:
        where = f"{path}: " if str(path) else ""
        raise InputError(f"{where}{problem}" for problem in error.problems) from error


def _renamed(
    output: Mapping[str, Any], conventions: HistogramConventions, variables: Collection[str] | None
) -> dict[str, Any]:
    """Return an output of PocketCoffea with axes and labels of PocketCoffea's names."""
    by_variable = check_output(output)["variables"]
    metadata = value_at(output, ("datasets_metadata", "by_dataset"), {})
    problems: list[str] = []
    made: dict[str, Any] = {}
    seen = _Seen(conventions)
    for variable, samples in entries(by_variable):
        made[variable] = {}
        for sample, datasets in entries(samples) if variables is None or variable in variables else ():
            made[variable][sample] = {}
            for dataset, histogram in entries(datasets):
                is_data = str(value_at(metadata, (dataset, "isMC"), True)) == "False"
                fields = {"sample": sample, "year": ""}
                try:
                    for *_, block in seen.blocks(histogram, fields, f"{variable}, dataset {dataset}"):
                        made[variable][sample][dataset] = block.histogram(is_data=is_data)
                except InputError as error:
                    problems += error.problems
    if problems := problems or list(seen.problems()):
        raise InputError(problems)
    return {**output, "variables": made}


class _Seen:
    """Names of the axes of all histograms, of which only some may have an axis with selected labels."""

    def __init__(self, conventions: HistogramConventions) -> None:
        self.conventions = conventions
        self.names: dict[str, None] = {}

    def blocks(
        self, histogram: object, fields: Mapping[str, str], name: str
    ) -> list[tuple[str | None, str | None, Block]]:
        """Return the blocks of a histogram, as `blocks` yields them."""
        try:
            made = decoded(histogram)
        except InputError as error:
            raise InputError(f"{name}: {problem}" for problem in error.problems) from error
        self.names |= dict.fromkeys(str(axis.name) for axis in made.axes)
        return list(blocks(made, self.conventions, fields, name))

    def problems(self) -> Iterator[str]:
        """Yield a problem for each axis with selected labels that no histogram has."""
        for axis in self.conventions.select if self.names else ():
            if axis not in self.names:
                yield f"no histogram has the axis {axis!r} of select{closest(axis, self.names)}"


class _Assembly:
    """An output that is being made."""

    def __init__(self, conventions: HistogramConventions, variables: Collection[str] | None) -> None:
        self.conventions = conventions
        self.wanted = variables
        self.blocks: dict[str, dict[tuple[str, str, str], list[Block]]] = {}
        """Blocks by variable, and by year, sample and dataset."""
        self.problems: list[str] = []
        self.seen = _Seen(conventions)
        self.has_variations = bool({"variation", "systematic"} & {*conventions.key_pattern.fields})
        """True if the names of histograms have the variations."""

    def take(self, histograms: object, path: str) -> None:
        """Take all histograms of a file."""
        constant = self._of_path(path) if self.conventions.path else {}
        if isinstance(histograms, Mapping):
            named = list(_places(histograms))
            if not named:
                raise InputError("it has no histograms")
            if twice := duplicates(name for name, _ in named):
                raise InputError(
                    f"two histograms have the name {twice[0]}: {{'a': {{'b': …}}}} and {{'a/b': …}} are one"
                )
            places = dict(named)
            fields = self._fields(self.conventions.key_pattern, places)
            squares = self._squares(fields, places)
            of_squares = {*squares.values()}
            for name, of_name in fields.items():
                if name not in of_squares:
                    self._try(places, name, {**constant, **self._with_variation(of_name)}, squares.get(name))
        else:
            self._try({_SINGLE: ({_SINGLE: histograms}, _SINGLE)}, _SINGLE, constant, None)

    def _of_path(self, path: str) -> dict[str, str]:
        fields = self._fields(self.conventions.path_pattern, [path.replace("\\", "/")])
        return next(iter(fields.values()), {})

    def _fields(self, pattern: HistogramPattern, names: Iterable[str]) -> dict[str, dict[str, str]]:
        fields, problems = pattern.read(names)
        self.problems += problems
        return fields

    def _with_variation(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Return the fields of a name with the variation as declarations call it, if names have variations."""
        if not self.has_variations:
            return dict(fields)
        label = fields.get("variation", fields.get("systematic", "") + fields.get("direction", ""))
        return {**fields, "variation": self.conventions.variation(label or self.conventions.nominal)}

    def _squares(self, fields: Mapping[str, Mapping[str, str]], places: Collection[str]) -> dict[str, str]:
        """Return the names of histograms of squared weights by those that they belong to."""
        pattern = self.conventions.square_pattern
        if not pattern.text:
            return {}
        named = {name: pattern.named(of_name) for name, of_name in fields.items()}
        there = {name: square for name, square in named.items() if square in places}
        without = fields.keys() - there.keys() - {*there.values()}
        self.problems += [
            f"{name} has no histogram {named[name]} of squared weights" for name in fields if name in without
        ]
        return there

    def _try(self, places: Mapping[str, Any], name: str, fields: dict[str, str], squares: str | None) -> None:
        try:
            self._take(places, name, fields, squares)
        except InputError as error:
            self.problems += error.problems

    def _take(self, places: Mapping[str, Any], name: str, fields: dict[str, str], squares: str | None) -> None:
        variable = fields.get("variable", fields.get("category"))
        if variable is not None and not self._is_wanted(variable):
            self.blocks.setdefault(variable, {})
            return
        found = self.seen.blocks(_at(places[name]), fields, name)
        if variable is None:
            if not found:
                return
            variable = str(found[0][2].axes[0].name) if found[0][2].axes else name
        of_variable = self.blocks.setdefault(variable, {})
        if not self._is_wanted(variable):
            return
        if squares:
            found = with_squares(found, self.seen.blocks(_at(places[squares]), fields, squares), squares)
        for sample, year, block in found:
            of_axis = {} if sample is None else {"sample": sample}
            # A sample of an axis that is shared has not filled all of its variations, and may have filled nothing.
            is_shared = sample is not None or year is not None
            kept = block.filled() if is_shared else block
            if kept.contents.any() or not is_shared:
                _check_nominal(kept, {**fields, **of_axis}.get("sample", ""))
                of_variable.setdefault(self._key({**fields, **of_axis}, year, name), []).append(kept)

    def _is_wanted(self, variable: str) -> bool:
        return self.wanted is None or variable in self.wanted

    def _key(self, fields: Mapping[str, str], year: str | None, name: str) -> tuple[str, str, str]:
        """Return year, sample and dataset."""
        if "sample" not in fields:
            raise InputError(
                f"{name} has no sample: name its axis with sample_axis, or {{sample}} in the pattern of names or paths"
            )
        sample = fields["sample"]
        label = fields.get("year") if year is None else year
        if label is None:
            sample, label = self.conventions.sample_and_year(sample)
        if label is None:
            raise InputError(
                f"{name}: sample {sample!r} does not end with one of the years {listing(self.conventions.years)}"
            )
        # With the label, because two labels may belong to one year.
        return self.conventions.year(label), sample, fields.get("dataset", f"{sample}_{label}")

    def output(self) -> dict[str, Any]:
        """Return the output.

        Raises:
            InputError: there are problems.
        """
        by_variable: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in self.blocks}
        periods: dict[str, dict[str, list[str]]] = {}
        by_dataset: dict[str, dict[str, str]] = {}
        for variable, of_variable in self.blocks.items():
            for (year, sample, dataset), parts in of_variable.items():
                is_data = self.conventions.is_data(sample)
                datasets = periods.setdefault(year, {}).setdefault(sample, [])
                datasets += [] if dataset in datasets else [dataset]
                made = {"sample": sample, "year": year, "isMC": str(not is_data)}
                first = by_dataset.setdefault(dataset, made)
                # The metadata have one line for it: data would be taken for simulation, which blinding leaves alone.
                if (first["isMC"], first["year"]) != (made["isMC"], made["year"]):
                    self.problems.append(
                        f"dataset {dataset!r} has sample {first['sample']!r} of {first['year']} and sample {sample!r} "
                        f"of {year}: data, simulation and each year need different datasets: leave {{dataset}} out"
                    )
                try:
                    histogram = joined(parts).histogram(is_data=is_data)
                    by_variable[variable].setdefault(sample, {})[dataset] = histogram
                except InputError as error:
                    self.problems += error.problems
        if problems := self.problems or list(self.seen.problems()):
            raise InputError(dict.fromkeys(problems))
        return {
            "variables": by_variable,
            "datasets_metadata": {"by_datataking_period": periods, "by_dataset": by_dataset},
            "cutflow": {"presel": dict.fromkeys(by_dataset, 1)},
        }


def _check_nominal(block: Block, sample: str) -> None:
    """Raise an error if variations of a sample have content and its nominal has none, of which a card would have 0."""
    if len(block.variations) > 1 and block.contents.any() and not block.taking([NOMINAL]).contents.any():
        filled = next(label for at, label in enumerate(block.variations) if block.contents[:, at].any())
        raise InputError(f"{block.name}: sample {sample!r} has content in the variation {filled!r} and no nominal")


def _places(histograms: Mapping[Any, Any], before: str = "") -> Iterator[tuple[str, tuple[Mapping[Any, Any], Any]]]:
    """Yield the name of each histogram in dicts in each other, with its dict and its key there."""
    for key in histograms:
        name = before + ("/".join(map(str, key)) if isinstance(key, tuple) else str(key))
        # A dict of histograms is all in memory; a mapping that reads them is asked for none here.
        inner = histograms[key] if type(histograms) is dict else None
        if isinstance(inner, Mapping):
            yield from _places(inner, f"{name}/")
        else:
            yield name, (histograms, key)


def _at(place: tuple[Mapping[Any, Any], Any]) -> object:
    return place[0][place[1]]
