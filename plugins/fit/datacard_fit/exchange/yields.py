"""The table of yields before and after a fit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from datacard_core import PlainTable, Quantity, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacard_fit.shapes import Events, Shapes

_HEADS = {"prefit": "prefit", "fit_b": "background fit", "fit_s": "signal fit"}
_FIELDS = ("channel", "process", "stage", "yield", "error")


def yields_of(stages: Mapping[str, Shapes]) -> Table:
    """Return the expected events of each process and channel as a table, with a column for each stage of a fit.

    A record has channel, process, stage, yield and error; totals are processes of their own, and so is `data`.

    Args:
        stages: the expected events by stage, as `stages` returns them.
    """
    lines: list[tuple[str | Quantity, ...]] = []
    breaks, records = [], []
    for channels in zip(*(shapes.channels for shapes in stages.values()), strict=True):
        first = channels[0]
        breaks += [len(lines)] * bool(lines)
        for name in first.rows:
            events = [channel.rows[name] for channel in channels]
            lines.append((first.name, name, *map(_quantity, events)))
            numbers = zip(stages, events, strict=True)
            records += [_record(first.name, name, stage, of.norm, of.norm_error) for stage, of in numbers]
        if first.data is not None:
            observed = float(first.data.sum())
            lines.append((first.name, "data", *[f"{observed:g}"] * len(stages)))
            records += [_record(first.name, "data", stage, observed, None) for stage in stages]
    return PlainTable(
        title="yields of the fit",
        heads=("channel", "process", *(_HEADS.get(stage, stage) for stage in stages)),
        keys=2,
        lines=lines,
        breaks=tuple(breaks),
        fields=_FIELDS,
        records=records,
        note="events ± total uncertainty",
    )


def _quantity(events: Events) -> Quantity | str:
    if not math.isfinite(events.norm_error):
        return f"{events.norm:.4g} ± ?"
    return Quantity(events.norm, None, events.norm_error, events.norm_error)


def _record(channel: str, process: str, stage: str, number: float, error: float | None) -> dict[str, object]:
    known = error if error is not None and math.isfinite(error) else None
    return dict(zip(_FIELDS, (channel, process, stage, number, known), strict=True))
