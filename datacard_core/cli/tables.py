"""Tables for the terminal: yields of cards, contents of an output, installed plugins."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, Any

from rich.table import Table

from datacard_core.comparison.change import number_of
from datacard_core.comparison.documents import counted, sections
from datacard_core.documents.formats import without_repeats
from datacard_core.errors import InputError, visible
from datacard_core.inputs.grids import axes_of
from datacard_core.inputs.histograms import stems
from datacard_core.inputs.output import HistogramSet
from datacard_core.inputs.structure import check_histogram_dicts
from datacard_core.names import listing
from datacard_core.plugins.introspection import NOT_LOOKED_INTO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacard_core.comparison.comparison import Comparison
    from datacard_core.conventions.convention import Convention
    from datacard_core.documents.table import Table as Documents
    from datacard_core.inputs.histograms import HistogramArray
    from datacard_core.plugins.introspection import PluginReport

_LONGEST_LIST = 48
"""Width to which lists of names are folded, in characters."""


def tabulate(made: Documents, width: int) -> Iterator[Table]:
    """Yield a table for the terminal; columns that do not fit go to further tables, as a folded number is misread."""
    columns = [list(map(str, column)) for column in zip(made.heads, *made.lines, strict=True)]
    names, values = columns[: made.keys], columns[made.keys :]
    room = width - sum(min(_width(entries), _LONGEST_LIST + 3) for entries in names)
    for block in _in_blocks(values, room):
        table = _table(made.title, *made.heads[: made.keys])
        for column in table.columns[1:]:
            column.max_width = _LONGEST_LIST
        for entries in block:
            table.add_column(entries[0], justify="right", overflow="fold", min_width=max(map(len, entries)))
        rows = list(zip(*names, *block, strict=True))[1:]
        # A row that is empty in this block stands in another one.
        kept = [at for at, row in enumerate(rows) if not block or any(entry != "-" for entry in row[made.keys :])]
        for at, row in zip(kept, without_repeats(rows[at] for at in kept), strict=True):
            table.add_row(*map(str, row), end_section=at + 1 in made.breaks)
        yield table


def _in_blocks(columns: Iterable[list[str]], room: int) -> list[list[list[str]]]:
    """Return columns of a table in groups that fit into so many characters each."""
    blocks: list[list[list[str]]] = [[]]
    left = room
    for entries in columns:
        needed = _width(entries)
        # The first column of a table is put there even if it is too wide: another table would not be wider.
        if blocks[-1] and needed > left:
            blocks.append([])
            left = room
        blocks[-1].append(entries)
        left -= needed
    return blocks


def _width(entries: Iterable[str]) -> int:
    """Return the width of a column in characters, with its frame."""
    return max(map(len, entries)) + 3  # a blank on both sides, and one line of the frame


def tabulate_comparison(comparison: Comparison, most: int) -> Iterator[Table | str]:
    """Yield a summary of the changes by kind, and a table of the largest ones of each kind."""
    found = list(sections(comparison.changes))
    yield f"{counted(len(comparison.changes))} between {comparison.before} and {comparison.after}"
    if found:
        summary = _table("summary", "what", "number", "largest")
        for section in found:
            summary.add_row(section.title, str(section.count), section.largest)
        yield summary
    for section in found:
        table = _table(section.title, *section.heads)
        for row in section.rows[:most]:
            table.add_row(*row)
        yield table
        if (left := len(section.rows) - most) > 0:
            yield f"and {number_of(left, 'more line')}: --most, or --format json"


def tabulate_names(names: Iterable[str], conventions: Sequence[Convention]) -> Table:
    """Return a table of names of nuisances, with class and description in the first convention that has them."""
    table = _table("names", "name", "class", "description")
    for name in names:
        found = next(filter(None, (convention.pattern_of(name) for convention in conventions)), None)
        table.add_row(name, found.of if found else "-", found.description if found else "")
    return table


def tabulate_contents(output: Mapping[str, Any]) -> Iterator[Table | str]:
    """Yield tables of the variables, datasets and variations of an output, and a line for each unusable variable."""
    histogram_sets = {
        name: HistogramSet(
            histograms=histograms, datasets_metadata=output["datasets_metadata"], cutflow=output["cutflow"]
        )
        for name, histograms in output["variables"].items()
    }
    variables = _table("variables", "variable", "axis", "bins", "range", "categories")
    variations: dict[str, dict[str, None]] = {}
    unusable: list[str] = []
    in_dicts: list[HistogramSet] = []
    for name, histogram_set in histogram_sets.items():
        try:
            check_histogram_dicts({f"variables[{name!r}]": histogram_set.histograms})
            in_dicts.append(histogram_set)
            histograms = list(_histograms(histogram_set))
        except InputError as error:
            # An output may also hold variables that are not for a fit, for example in two dimensions.
            variables.add_row(name, "not for a card")
            unusable.append(f"{name}: {error}")
            continue
        variables.add_row(name, *(_axis_entries([histogram for _, histogram in histograms])))
        for sample, histogram in histograms:
            variations.setdefault(sample, {}).update(dict.fromkeys(histogram.variations or ()))
    yield variables
    yield from unusable
    # Years and datasets are those of the output, the same in the sets of all variables.
    metadata, cutflow = output["datasets_metadata"], output["cutflow"]
    any_set = next(iter(in_dicts), None) or HistogramSet(histograms={}, datasets_metadata=metadata, cutflow=cutflow)
    yield _samples(any_set)
    yield _variations({sample: variations.get(sample) for sample in any_set.inventory.samples})


def _samples(histograms: HistogramSet) -> Table:
    years = histograms.inventory.years
    table = _table("datasets by sample and year", "sample", *years)
    for sample in histograms.inventory.samples:
        table.add_row(sample, *(str(len(histograms.datasets(sample, year)) or "-") for year in years))
    return table


def _variations(by_sample: Mapping[str, Mapping[str, None] | None]) -> Table:
    table = _table("variations by sample", "sample", "variations")
    for sample, variations in by_sample.items():
        known = "no histogram" if variations is None else ", ".join(stems(variations)) or "none"
        table.add_row(sample, known)
    return table


def _histograms(histogram_set: HistogramSet) -> Iterator[tuple[str, HistogramArray]]:
    for sample in sorted(histogram_set.histograms):
        for dataset in sorted(histogram_set.histograms[sample]):
            if histogram := histogram_set.histogram(sample, dataset):
                yield sample, histogram


def _axis_entries(histograms: Sequence[HistogramArray]) -> list[str]:
    if not histograms:
        return ["no histogram"]
    histogram = histograms[0]
    axes = axes_of(histogram.axis)[::-1]
    return [
        ", ".join(axis.name for axis in axes),
        " x ".join(str(axis.bins) for axis in axes),
        ", ".join(
            f"{axis.edges[0]:.12g} to {axis.edges[-1]:.12g}" if axis.categories is None else listing(axis.categories)
            for axis in axes
        ),
        ", ".join(dict.fromkeys(category for histogram in histograms for category in histogram.categories)),
    ]


def tabulate_plugins(reports: Sequence[PluginReport]) -> Iterator[Table | str]:
    """Yield a table of plugins, then lines with the places they are installed in and the errors of broken ones."""
    table = _table("plugins", "name", "distribution", "version", "selected", "provides", "status")
    for report in reports:
        table.add_row(
            report.name or "?",
            report.distribution or report.location,
            report.version or "-",
            "yes" if report.selected else "no",
            _provided(report),
            report.status,
        )
    yield table
    for location in dict.fromkeys(report.location for report in reports):
        names = (report.name or "?" for report in reports if report.location == location)
        yield f"{', '.join(names)}: {location}"
    # Two plugins of one name have the same error, which names both.
    yield from dict.fromkeys(report.error for report in reports if report.error is not None)
    if any(report.status == NOT_LOOKED_INTO for report in reports):
        yield "Plugins that are not selected are not imported; to check all of them: datacard plugins --check"


def _provided(report: PluginReport) -> str:
    families = {
        family: starmap(_object, objects.items()) for family, objects in (report.provides or {}).items() if objects
    }
    return "; ".join(f"{family}: {', '.join(objects)}" for family, objects in families.items())


def _object(name: str, about: Mapping[str, Any]) -> str:
    """Return the name of an object, with the names of its options."""
    options = about.get("options", ())
    return f"{name} ({', '.join(options)})" if options else name


class _NameTable(Table):
    """A table of names from files, with escapes in place of control characters."""

    def add_column(self, header: Any = "", *args: Any, **options: Any) -> None:
        super().add_column(_cell(header), *args, **options)

    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*map(_cell, cells), **options)


def _cell(text: str) -> str:
    return visible(text).replace("\n", "\\n")


def _table(title: str, *columns: str) -> Table:
    # rich folds a title to the width of its table.
    table = _NameTable(title=title, title_justify="left", min_width=len(title))
    for column in columns:
        # A folded name cannot be copied.
        table.add_column(column, overflow="fold", no_wrap=column == columns[0])
    return table
