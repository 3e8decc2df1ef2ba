"""The table of coverage: the origin of each template of each nuisance."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from datacard_core.documents.table import PlainTable
from datacard_core.tables.sources import channels_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_core.documents.table import Table
    from datacard_core.model.channel import Channel
    from datacard_core.model.effects import Nuisance

FIELDS = ("nuisance", "keyword", "process", "year", "channel", "state", "variations", "present", "datasets")


def coverage_table(source: Any) -> Table:
    """Return the origin of the effect of each nuisance on each process, year and channel.

    The state of a record is `own` for templates of the variation, `alias` for those of a variation of another name than
    the declaration's, `partial` where only some of the datasets have it, `fallback` where none has it and the nominal
    stands for it, `clipped` where templates had content below 0, `factor` for an effect without templates, and `none`
    without an effect. Of several states the one nearest to `none` counts. `present` of `datasets` have the variations;
    both are None where they are not known, as in a card that was read. The records are the data of a heat map.

    Args:
        source: a card, the cards of an analysis, a card that was read, a channel or a model.
    """
    channels = channels_of(source)
    records = [record for channel in channels for record in _records(channel)]
    processes = tuple(dict.fromkeys(column.process for channel in channels for column in channel.columns))
    rows: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = {}
    for record in records:
        of_row = rows.setdefault((record["nuisance"], record["keyword"]), {})
        of_row.setdefault(record["process"], []).append(record)
    return PlainTable(
        title="coverage",
        heads=("nuisance", "kind", *processes),
        keys=2,
        lines=[
            (*names, *(_in_words(of_row.get(process, [])) for process in processes)) for names, of_row in rows.items()
        ],
        fields=FIELDS,
        records=records,
        note="origin of the effect, with the number of years and channels where they differ: own templates, an alias, "
        "partial (n of m datasets), fallback (the nominal stands for the variation), clipped, a factor, or none (-)",
    )


def _records(channel: Channel) -> Iterator[dict[str, Any]]:
    for nuisance in channel.nuisances:
        states = _states(nuisance)
        origin = nuisance.origin
        at = {} if origin is None else {column: place for place, column in enumerate(origin.columns.tolist())}
        # All columns, also those without an effect: gaps are what a reader of the table looks for.
        for position, column in enumerate(channel.columns):
            known: tuple[Any, ...] = ("", None, None)
            if origin is not None and position in at:
                place = at[position]
                known = (" ".join(origin.labels[place]), int(origin.present[place]), int(origin.datasets[place]))
            state = states.get(position, "none")
            values = (nuisance.name, nuisance.keyword, column.process, column.year, channel.bin, state, *known)
            yield dict(zip(FIELDS, values, strict=True))


def _states(nuisance: Nuisance) -> dict[int, str]:
    """Return the state of each column that the nuisance has an effect on."""
    states = {
        position: "factor" if entry.shape is None else "own"
        for entry in nuisance.entries
        for position in entry.columns.tolist()
    }
    if (origin := nuisance.origin) is None:
        return states
    numbers = (origin.present, origin.datasets, origin.is_clipped, origin.is_alias)
    for position, present, datasets, is_clipped, is_alias in zip(origin.columns.tolist(), *numbers, strict=True):
        # A kind may read variations for an effect without templates, and what it reads counts there too.
        if position in states and present < datasets:
            states[position] = "partial" if present else "fallback"
        elif position in states and (is_clipped or is_alias):
            states[position] = "clipped" if is_clipped else "alias"
    return states


def _in_words(records: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(record["state"] for record in records)
    partly = [record for record in records if record["state"] == "partial"]
    present, datasets = (sum(record[field] for record in partly) for field in ("present", "datasets"))
    words = {"partial": f" ({present} of {datasets} datasets)"}
    found = [
        f"{state}{'' if len(counts) == 1 else f' {number}'}{words.get(state, '')}"
        for state, number in counts.items()
        if state != "none"
    ]
    return ", ".join(found) or "-"
