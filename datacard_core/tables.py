"""Tables for the terminal: yields of cards, contents of an output, installed plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from rich.table import Table

from datacard_core.errors import DatacardError
from datacard_core.names import listing
from datacard_core.plugins import DEFAULT_PLUGINS, entry_points, load_plugins, origin_of
from datacard_core.sources import NOMINAL, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importlib_metadata import EntryPoint

    from datacard_core.analysis import Cards
    from datacard_core.datacard import Datacard
    from datacard_core.sources import StoredHistogram


def yields(cards: Cards) -> Table:
    """The rates of all cards, a row for each process with its years summed, a column for each category."""
    table = _table("yields", "process", *cards, right=True)
    processes = dict.fromkeys(column.process for card in cards.values() for column in card.channel.columns)
    for process in processes:
        table.add_row(process, *(f"{_rate(card, {process}):.2f}" for card in cards.values()))
    backgrounds = {column.process for card in cards.values() for column in card.channel.columns if not column.is_signal}
    table.add_section()
    table.add_row("background", *(f"{_rate(card, backgrounds):.2f}" for card in cards.values()))
    table.add_row("data", *(f"{card.observation:g}" if card.has_data else "none" for card in cards.values()))
    return table


def _rate(card: Datacard, processes: set[str]) -> float:
    channel = card.channel
    return sum(
        float(rate) for column, rate in zip(channel.columns, channel.rates, strict=True) if column.process in processes
    )


def contents(output: Mapping[str, Any]) -> Iterator[Table]:
    """Variables with their axes and categories, samples by year, and variations by sample."""
    sources = {
        name: Source(histograms, output["datasets_metadata"], output["cutflow"])
        for name, histograms in output["variables"].items()
    }
    variables = _table("variables", "variable", "axis", "bins", "range", "categories")
    variations: dict[str, dict[str, None]] = {}
    for name, source in sources.items():
        first = None
        for sample, histogram in _histograms(source):
            first = first or histogram
            variations.setdefault(sample, {}).update(dict.fromkeys(histogram.variations or ()))
        variables.add_row(name, *(_axis_cells(first) if first else ["no histogram"]))
    yield variables
    any_source = next(iter(sources.values()), None)
    years = any_source.inventory.years if any_source else ()
    samples = _table("datasets by sample and year", "sample", *years)
    for sample in any_source.inventory.samples if any_source else ():
        samples.add_row(sample, *(str(len(any_source.datasets(sample, year)) or "-") for year in years if any_source))
    yield samples
    table = _table("variations by sample", "sample", "variations")
    for sample in sorted(variations):
        table.add_row(sample, ", ".join(_stems(variations[sample])) or "none")
    yield table


def _histograms(source: Source) -> Iterator[tuple[str, StoredHistogram]]:
    for sample in sorted(source.histograms):
        for dataset in sorted(source.histograms[sample]):
            if histogram := source.histogram(sample, dataset):
                yield sample, histogram


def _axis_cells(histogram: StoredHistogram) -> list[str]:
    edges = histogram.axis.edges
    return [
        histogram.axis.name,
        str(histogram.axis.bins),
        f"{edges[0]:g} to {edges[-1]:g}" if histogram.axis.categories is None else listing(histogram.axis.categories),
        ", ".join(histogram.categories),
    ]


def _stems(variations: Mapping[str, None]) -> list[str]:
    """Variations with Up and Down written once, as a declaration names them."""
    variations = {label: None for label in variations if label != NOMINAL}
    stems = {label.removesuffix("Up").removesuffix("Down") for label in variations}
    complete = {stem for stem in stems if {f"{stem}Up", f"{stem}Down"} <= set(variations)}
    lone = {label for label in variations if label.removesuffix("Up").removesuffix("Down") not in complete}
    return sorted(complete | lone)


@attrs.frozen
class InstalledPlugin:
    """What there is to say about one installed plugin."""

    name: str
    origin: str
    selected: bool
    """Whether the built-in set has it."""
    provides: str
    error: str


def look_into_plugins() -> list[InstalledPlugin]:
    """Import every installed plugin, and tell what each provides or why it cannot be used."""
    return [_look_into(entry_point) for entry_point in entry_points()]


def _look_into(entry_point: EntryPoint) -> InstalledPlugin:
    name = entry_point.name
    provides, error = "", ""
    try:
        loaded = load_plugins(name)
    except DatacardError as failure:
        error = str(failure)
    else:
        families: Sequence[tuple[str, Mapping[str, object]]] = (
            ("kinds", loaded.kinds),
            ("writers", loaded.writers),
            ("serializers", loaded.serializers),
            ("checks", loaded.checks),
        )
        provides = "; ".join(f"{family}: {', '.join(found)}" for family, found in families if found)
    return InstalledPlugin(name, origin_of(entry_point), name in DEFAULT_PLUGINS, provides, error)


def plugins(installed: Sequence[InstalledPlugin]) -> Table:
    """Installed plugins, a row each."""
    table = _table("plugins", "name", "distribution", "version", "selected by default", "provides", "status")
    for plugin in installed:
        distribution, _, version = plugin.origin.rpartition(" ")
        selected = "yes" if plugin.selected else "no"
        status = f"broken: {plugin.error}" if plugin.error else "ok"
        table.add_row(plugin.name, distribution, version, selected, plugin.provides, status)
    return table


def _table(title: str, *columns: str, right: bool = False) -> Table:
    table = Table(title=title, title_justify="left")
    for position, column in enumerate(columns):
        table.add_column(column, justify="right" if right and position else "left", overflow="fold")
    return table
