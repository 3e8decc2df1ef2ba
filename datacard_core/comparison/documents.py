"""A comparison as documents: lines of a report, Markdown and JSON."""

from __future__ import annotations

import json as json_format
import math
from itertools import groupby
from typing import TYPE_CHECKING

import attrs

from datacard_core.comparison.change import TITLES, number_of
from datacard_core.documents import formats
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datacard_core.comparison.change import Change

_NAMES = 6
"""Names of processes or channels that a line lists."""
_HEADS = ("parameter", "processes", "channels", "before", "after", "change")


@attrs.frozen(kw_only=True)
class Section:
    """The changes of one kind as a table."""

    title: str
    count: int
    """Number of changes."""
    largest: str
    """The largest change in words."""
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Lines of the table; columns with the same change share one."""


def counted(count: int) -> str:
    """Return a number of differences in words."""
    return number_of(count, "difference") if count else "no differences"


def sections(changes: Iterable[Change]) -> Iterator[Section]:
    """Yield a section for each kind of changes that occurs, in their order."""
    for kind, of_kind in groupby(changes, lambda change: change.kind):
        found = list(of_kind)
        rows = _rows(found)
        used = [at for at in range(len(_HEADS)) if any(row[at] for row in rows)]
        yield Section(
            title=TITLES[kind],
            count=len(found),
            largest=_largest(found[0]),
            heads=tuple(_HEADS[at] for at in used),
            rows=tuple(tuple(row[at] for at in used) for row in rows),
        )


def _rows(changes: Sequence[Change]) -> list[tuple[str, ...]]:
    """Return a row for each change; those that differ in processes, or then in channels, alone share one."""
    # By channel first: a line says that each of its processes changed in each of its channels.
    by_channel: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for one in changes:
        key = (one.nuisance, one.before, one.after, one.measure)
        by_channel.setdefault(key, {}).setdefault(one.channel, []).append(one.process)
    rows: list[tuple[str, ...]] = []
    for (nuisance, before, after, measure), channels in by_channel.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for channel, its in channels.items():
            alike.setdefault(tuple(its), []).append(channel)
        for processes, names in alike.items():
            rows.append((nuisance, listing(processes, _NAMES), listing(names, _NAMES), before, after, measure))
    return rows


def _largest(change: Change) -> str:
    words = change.measure or " → ".join(filter(None, [change.before, change.after]))
    subject = " ".join(filter(None, [change.nuisance, change.process and f"on {change.process}"]))
    subject = subject.removeprefix("on ") if not change.nuisance else subject
    where = f" in {change.channel}" if change.channel else ""
    return f"{subject}{where}: {words}".removeprefix(": ").removeprefix(" in ") if words else f"{subject}{where}"


def markdown(changes: Sequence[Change], before: str, after: str, notes: Iterable[str], most: int) -> str:
    """Return the summary as a table, and each section folded away below it."""
    found = list(sections(changes))
    lines = [f"## {counted(len(changes)).capitalize()} between {_code(before)} and {_code(after)}", ""]
    lines += [line for note in notes for line in (formats.line(note), "")]
    if found:
        lines += _table(("what", "number", "largest"), [(one.title, str(one.count), one.largest) for one in found])
    for section in found:
        lines += ["", "<details>", f"<summary>{section.title}: {section.count}</summary>", ""]
        lines += _table(section.heads, section.rows[:most])
        if (left := len(section.rows) - most) > 0:
            lines += ["", f"and {number_of(left, 'more line')}"]
        lines += ["", "</details>"]
    return "\n".join(lines).rstrip() + "\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    # Without columns of numbers: values are texts such as 0.9/1.1.
    return formats.markdown(heads, len(heads), rows).splitlines()


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`"


def json(changes: Sequence[Change], before: str, after: str, notes: Iterable[str]) -> str:
    """Return the number of changes of each kind, and all changes; what is not finite is null."""
    counts: dict[str, int] = {}
    for change in changes:
        counts[change.kind] = counts.get(change.kind, 0) + 1
    document = {
        "before": before,
        "after": after,
        "same": not changes,
        "notes": list(notes),
        "counts": counts,
        "changes": [_finite(attrs.asdict(change)) for change in changes],
    }
    return json_format.dumps(document, indent=2, allow_nan=False) + "\n"


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
