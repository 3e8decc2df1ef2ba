"""Tables for the terminal: yields of cards, contents of an output, installed plugins."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, Any

from rich.table import Table

from datacard_core.errors import InputError
from datacard_core.inputs.histograms import NOMINAL
from datacard_core.inputs.output import HistogramSet
from datacard_core.names import listing
from datacard_core.plugins.introspection import NOT_LOOKED_INTO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacard_core.analysis import Cards
    from datacard_core.datacard import Datacard
    from datacard_core.inputs.histograms import HistogramArray
    from datacard_core.plugins.introspection import PluginReport

_SMALL = 0.1


def yields(cards: Cards, width: int) -> Iterator[Table]:
    """The rates of all cards, a row for each process with its years summed, a column for each category.

    Categories that do not fit into the width go to further tables: a number that is folded is another number.
    """
    heads = ["process", *_processes(cards), "background", "data"]
    blocks: list[dict[str, list[str]]] = [{}]
    left = width - _width(heads)
    for category, card in cards.items():
        cells = _yields_of(card, heads[1:-2])
        needed = _width([category, *cells])
        if blocks[-1] and needed > left:
            blocks.append({})
            left = width - _width(heads)
        blocks[-1][category] = cells
        left -= needed
    for block in blocks:
        yield _yields_table(heads, block)


def _processes(cards: Cards) -> dict[str, None]:
    return dict.fromkeys(column.process for card in cards.values() for column in card.channel.columns)


def _yields_of(card: Datacard, processes: Iterable[str]) -> list[str]:
    backgrounds = {column.process for column in card.channel.columns if not column.is_signal}
    rates = [_rate(card, {process}) for process in processes] + [_rate(card, backgrounds)]
    return [*map(_rounded, rates), _counted(card.observation) if card.has_data else "none"]


def _rounded(rate: float) -> str:
    """Two decimals, or two digits of what is too small for them."""
    return f"{rate:.2f}" if rate == 0 or abs(rate) >= _SMALL else f"{rate:.2g}"


def _counted(observation: float) -> str:
    return f"{observation:.0f}" if float(observation).is_integer() else f"{observation:.2f}"


def _yields_table(heads: Sequence[str], columns: Mapping[str, Sequence[str]]) -> Table:
    table = _table("yields", heads[0])
    for category, cells in columns.items():
        table.add_column(category, justify="right", overflow="fold", min_width=max(map(len, cells)))
    rows = list(zip(heads[1:], *columns.values(), strict=True))
    for position, row in enumerate(rows):
        table.add_row(*row, end_section=position == len(rows) - 3)
    return table


def _width(cells: Iterable[str]) -> int:
    """How many characters a column takes, its frame among them."""
    return max(map(len, cells)) + 3


def _rate(card: Datacard, processes: set[str]) -> float:
    channel = card.channel
    return sum(
        float(rate) for column, rate in zip(channel.columns, channel.rates, strict=True) if column.process in processes
    )


def contents(output: Mapping[str, Any]) -> Iterator[Table | str]:
    """Variables with their axes and categories, samples by year, variations by sample; and what no card can use."""
    sources = {
        name: HistogramSet(histograms, output["datasets_metadata"], output["cutflow"])
        for name, histograms in output["variables"].items()
    }
    variables = _table("variables", "variable", "axis", "bins", "range", "categories")
    variations: dict[str, dict[str, None]] = {}
    unusable: list[str] = []
    for name, source in sources.items():
        try:
            histograms = list(_histograms(source))
        except InputError as error:
            # one that is not for a fit, such as one in two dimensions, is not in the way of those that are
            variables.add_row(name, "not for a card")
            unusable.append(f"{name}: {error}")
            continue
        variables.add_row(name, *(_axis_cells([histogram for _, histogram in histograms])))
        for sample, histogram in histograms:
            variations.setdefault(sample, {}).update(dict.fromkeys(histogram.variations or ()))
    yield variables
    yield from unusable
    any_source = next(iter(sources.values()), None) or HistogramSet({}, output["datasets_metadata"], output["cutflow"])
    yield _samples(any_source)
    yield _variations({sample: variations.get(sample) for sample in any_source.inventory.samples})


def _samples(histograms: HistogramSet) -> Table:
    years = histograms.inventory.years
    table = _table("datasets by sample and year", "sample", *years)
    for sample in histograms.inventory.samples:
        table.add_row(sample, *(str(len(histograms.datasets(sample, year)) or "-") for year in years))
    return table


def _variations(by_sample: Mapping[str, Mapping[str, None] | None]) -> Table:
    table = _table("variations by sample", "sample", "variations")
    for sample, variations in by_sample.items():
        known = "no histogram" if variations is None else ", ".join(_stems(variations)) or "none"
        table.add_row(sample, known)
    return table


def _histograms(histogram_set: HistogramSet) -> Iterator[tuple[str, HistogramArray]]:
    for sample in sorted(histogram_set.histograms):
        for dataset in sorted(histogram_set.histograms[sample]):
            if histogram := histogram_set.histogram(sample, dataset):
                yield sample, histogram


def _axis_cells(histograms: Sequence[HistogramArray]) -> list[str]:
    if not histograms:
        return ["no histogram"]
    histogram = histograms[0]
    edges = histogram.axis.edges
    return [
        histogram.axis.name,
        str(histogram.axis.bins),
        f"{edges[0]:.12g} to {edges[-1]:.12g}"
        if histogram.axis.categories is None
        else listing(histogram.axis.categories),
        ", ".join(dict.fromkeys(category for histogram in histograms for category in histogram.categories)),
    ]


def _stems(variations: Mapping[str, None]) -> list[str]:
    """Variations with Up and Down written once, as a declaration names them."""
    variations = {label: None for label in variations if label != NOMINAL}
    stems = {label.removesuffix("Up").removesuffix("Down") for label in variations}
    complete = {stem for stem in stems if {f"{stem}Up", f"{stem}Down"} <= set(variations)}
    lone = {label for label in variations if label.removesuffix("Up").removesuffix("Down") not in complete}
    return sorted(complete | lone)


def plugins(reports: Sequence[PluginReport]) -> Iterator[Table | str]:
    """Plugins, a row each; where they are installed; and a line for what is wrong with each broken one."""
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
    # of two with one name, the error is one
    yield from dict.fromkeys(report.error for report in reports if report.error is not None)
    if any(report.status == NOT_LOOKED_INTO for report in reports):
        yield "Nothing is imported that is not selected; to look into all of them: datacard plugins --check"


def _provided(report: PluginReport) -> str:
    families = {
        family: starmap(_object, objects.items()) for family, objects in (report.provides or {}).items() if objects
    }
    return "; ".join(f"{family}: {', '.join(objects)}" for family, objects in families.items())


def _object(name: str, about: Mapping[str, Any]) -> str:
    """One object, with the names of its options."""
    options = about.get("options", ())
    return f"{name} ({', '.join(options)})" if options else name


def _table(title: str, *columns: str) -> Table:
    # a title is folded to the width of its table
    table = Table(title=title, title_justify="left", min_width=len(title))
    for column in columns:
        # a name that is folded cannot be copied
        table.add_column(column, overflow="fold", no_wrap=column == columns[0])
    return table
