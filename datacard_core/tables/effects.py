"""Tables of effects: systematics by process, and nuisances shared between years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacard_core.documents.table import PlainTable
from datacard_core.model.cells import cells_of
from datacard_core.model.model import Model
from datacard_core.model.uncertainties.prefit import differences
from datacard_core.names import listing
from datacard_core.tables.sources import channels_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datacard_core.documents.table import Table
    from datacard_core.model.channel import Channel
    from datacard_core.model.effects import Entry

EFFECT_FIELDS = ("nuisance", "keyword", "process", "year", "channel", "value", "down", "up")
YEAR_FIELDS = ("nuisance", "keyword", "process", "year", "channel", "value")

# Below this, one decimal shows no digit.
_SMALL = 0.1


def systematics_table(source: Any) -> Table:
    """Return the change of the yield of each process by each nuisance, in per cent.

    The entry of a process with different changes in several years or channels is the range of their sizes. A record has
    the effect on one column: nuisance, keyword, process, year, channel, value in the card, and the factors on the yield
    at -1 and +1 standard deviation (down, up), None for an effect whose factors are not known.

    Args:
        source: a card, the cards of an analysis, a card that was read, a channel or a model.
    """
    channels = channels_of(source)
    records = list(_effects(channels))
    processes = tuple(dict.fromkeys(column.process for channel in channels for column in channel.columns))
    rows: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = {}
    for record in records:
        of_row = rows.setdefault((record["nuisance"], record["keyword"]), {})
        of_row.setdefault(record["process"], []).append(record)
    return PlainTable(
        title="systematics",
        heads=("nuisance", "kind", *processes),
        keys=2,
        lines=[
            (*names, *(_changes(by_process.get(process, ())) for process in processes))
            for names, by_process in rows.items()
        ],
        fields=EFFECT_FIELDS,
        records=records,
        note="change of the yield in %, at -1/+1 standard deviation where the sizes differ; a range over years and "
        "channels; in parentheses the value in the card of an effect that is no known factor",
    )


def _effects(channels: Iterable[Channel]) -> Iterator[dict[str, Any]]:
    for channel in channels:
        for nuisance in channel.nuisances:
            keyword = nuisance.keyword
            for entry in nuisance.entries:
                for position, value, down, up in _factors(channel, entry):
                    column = channel.columns[position]
                    values = (nuisance.name, keyword, column.process, column.year, channel.bin, value, down, up)
                    yield dict(zip(EFFECT_FIELDS, values, strict=True))


def _factors(channel: Channel, entry: Entry) -> Iterator[tuple[int, str, float | None, float | None]]:
    """Yield position, cell, and factors on the yield at -1 and +1 standard deviation, of each column of an entry."""
    positions = entry.columns.tolist()
    # Templates of other morphings agree with those of `shape` at 1 standard deviation.
    changes = differences(entry.effect if entry.shape is None else entry.shape, channel)
    if changes is None:
        yield from ((position, cell, None, None) for position, cell in zip(positions, entry.cells, strict=True))
        return
    yields = channel.nominal.norms[entry.columns]
    ups, downs = (change.sum(axis=1) for change in changes)
    for position, cell, of, up, down in zip(positions, entry.cells, yields, ups, downs, strict=True):
        yield (position, cell, float(1 + down / of), float(1 + up / of)) if of else (position, cell, None, None)


def _changes(records: Sequence[dict[str, Any]]) -> str:
    """Return the changes of one process as text: a number, a pair, or a range."""
    if not records:
        return "-"
    texts = dict.fromkeys(map(_change, records))
    # An effect that is no known factor has no size to compare.
    if len(texts) == 1 or any(record["up"] is None for record in records):
        return listing(texts, 3)
    sizes = [100 * max(abs(record["up"] - 1), abs(record["down"] - 1)) for record in records]
    low, high = _per_cent(min(sizes)), _per_cent(max(sizes))
    return low if low == high else f"{low} to {high}"


def _change(record: dict[str, Any]) -> str:
    if record["up"] is None:
        return f"({record['value']})"
    down, up = (100 * (record[side] - 1) for side in ("down", "up"))
    return _per_cent(up) if _per_cent(-down) == _per_cent(up) else f"{_per_cent(down, '+')}/{_per_cent(up, '+')}"


def _per_cent(change: float, sign: str = "") -> str:
    text = format(change, f"{sign}.1f" if abs(change) >= _SMALL else f"{sign}.1g")
    return text if float(text) else "0"


def years_table(source: Any) -> Table:
    """Return the processes that each nuisance, or free parameter, acts on in each year: it is shared between these.

    Args:
        source: a card, the cards of an analysis, a card that was read, a channel or a model. The years of a card that
            was read are those in the names of its columns.
    """
    channels = channels_of(source)
    there: dict[str, dict[str, None]] = {}
    for channel in channels:
        for column in channel.columns:
            there.setdefault(column.year, {})[column.process] = None
    rows: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
    records = []
    for cell in cells_of(Model(channels=channels)):
        rows.setdefault((cell.nuisance, cell.keyword), {}).setdefault(cell.year, {})[cell.process] = None
        records.append({field: getattr(cell, field) for field in YEAR_FIELDS})
    return PlainTable(
        title="years",
        heads=("nuisance", "kind", *(year or "no year" for year in there)),
        keys=2,
        lines=[
            (*names, *(_processes(by_year.get(year), of_year) for year, of_year in there.items()))
            for names, by_year in rows.items()
        ],
        fields=YEAR_FIELDS,
        records=records,
        note="processes that a nuisance acts on in each year; in several years it is one parameter",
    )


def _processes(touched: dict[str, None] | None, of_year: dict[str, None]) -> str:
    if not touched:
        return "-"
    return "all" if len(touched) == len(of_year) else listing(touched, 3)
