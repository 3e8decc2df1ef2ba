"""Content of a card in the form in which the shared cards have Combine's own parse of them."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from datacard_combine.meaning.content import RowOfCard

if TYPE_CHECKING:
    from datacard_combine.meaning.content import Content
    from datacard_combine.syntax.views import EditLine, RateParam


def canonical(content: Content, *, edits_kept: bool = False) -> dict[str, Any]:
    """Return the content as plain lists and dicts."""
    head = content.head
    rates: dict[str, dict[str, float]] = {channel: {} for channel in head.channels}
    for column, rate in zip(head.columns, content.rates, strict=True):
        rates[column.channel][column.process] = rate
    factors: dict[str, list[Any]] = {}
    attached = [(head.columns[place].channel, head.columns[place].process, view) for place, view in content.rate_params]
    lines = sorted((*attached, *content.unattached), key=lambda item: item[2].line.number)
    for channel, process, view in lines:
        factors.setdefault(f"{channel}AND{process}", []).append(_rate_param(view))
    shapes: dict[str, dict[str, list[str]]] = {}
    for line in head.shapes:
        shapes.setdefault(line.channel, {})[line.process] = list(line.fields)
    found: dict[str, Any] = _plain(
        {
            "bins": list(head.channels),
            "processes": list(head.processes),
            "signals": [process for process in head.processes if head.signs[process]],
            "obs": dict(head.observation),
            "isSignal": dict(head.signs),
            "keyline": [[column.channel, column.process, column.is_signal] for column in head.columns],
            "exp": rates,
            "systs": [_row(content, row) for row in content.rows],
            "shapeMap": shapes,
            "hasShapes": bool(shapes),
            "rateParams": factors,
            "rateParamsOrder": sorted({view.name for _, _, view in lines}),
            "flatParamNuisances": dict.fromkeys(content.flat, True),
            "extArgs": {name: [name, view.kind, *view.words] for name, view in content.external.items()},
            "groups": {name: sorted(members) for name, members in content.groups.items()},
            "binParFlags": {
                name: [view.threshold, view.include_signal, view.hist_mode] for name, view in content.mc_stats.items()
            },
            "discretes": list(content.discrete),
            "nuisanceEditLines": [_edit(edit) for edit in content.edits] if edits_kept else [],
            "frozenNuisances": sorted(content.frozen),
            "systematicsShapeMap": sorted([*place, old] for place, old in content.old_names.items()),
            "systematicsParamMap": dict(content.old_parameters),
        }
    )

    return found


def digest(plain: dict[str, Any]) -> str:
    """Return the sha256 of a content in canonical form."""
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _row(content: Content, row: Any) -> list[Any]:
    if not isinstance(row, RowOfCard):
        return [row.name, row.nofloat, row.kind, list(row.words), {}]
    values: dict[str, dict[str, Any]] = {channel: {} for channel in content.head.channels}
    for column, value in zip(content.head.columns, row.values, strict=True):
        values[column.channel][column.process] = list(value) if isinstance(value, tuple) else value
    arguments = [int(row.arguments[0])] if row.kind == "gmN" else list(row.arguments)
    return [row.name, row.nofloat, row.kind, arguments, values]


def _rate_param(view: RateParam) -> list[Any]:
    if view.is_file:
        return [[view.name, view.words[0], 2], ""]
    if view.is_formula:
        return [[view.name, *view.words, 1], ""]
    return [[view.name, view.words[0], 0], view.words[1] if view.has_range else ""]


def _edit(edit: EditLine) -> list[Any]:
    words = list(edit.words)
    if edit.verb in {"changepdf", "freeze"}:
        return [edit.verb, words]
    return [edit.verb, words[0], words[1], words[2:]]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value
