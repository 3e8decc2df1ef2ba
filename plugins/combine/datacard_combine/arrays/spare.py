"""Histograms beside the templates of a card that the card does not use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_combine.meaning.content import RowOfCard
from datacard_combine.syntax.faults import noted
from datacard_core import DATA, DIRECTIONS, closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacard_combine.arrays.places import Naming
    from datacard_combine.arrays.templates import Library
    from datacard_combine.meaning.content import Content
    from datacard_combine.syntax.faults import Fault, Reading

_MARK = "\0"
"""Character in the place of a systematic, as no name has it."""
_MOST = 4
"""Number of names that a finding shows."""


def spare_faults(content: Content, library: Library, naming: Naming) -> Reading[None]:
    """Yield a notice for each file and reason for which its histograms are not used."""
    known = {row.name for row in content.rows if isinstance(row, RowOfCard)} | set(content.old_names.values())
    patterns = _patterns(content, naming) if any(library.spare.values()) else {}
    for file, names in library.spare.items():
        of_file = patterns.get(file, _Patterns())
        without_row: dict[str, int] = {}
        left_out: dict[str, int] = {}
        others: list[str] = []
        for name in names:
            if (cell := of_file.cell(name, known)) is None:
                # Data without an observation are told by the text.
                others += [name] * (name not in of_file.nominal)
            elif cell.nuisance not in known:
                without_row[cell.nuisance] = without_row.get(cell.nuisance, 0) + 1
            elif not cell.is_dropped:
                what = f"{cell.nuisance!r} of process {cell.process!r}"
                left_out[what] = left_out.get(what, 0) + 1
        if without_row:
            found = [f"{name!r}{_close(name, known)}" for name in list(without_row)[:_MOST]]
            yield _told(file, sum(without_row.values()), "nuisances that have no row", found, len(without_row))
        if left_out:
            found = list(left_out)[:_MOST]
            yield _told(file, sum(left_out.values()), "cells that are no shapes in the card", found, len(left_out))
        if others:
            found = [f"{name!r}{_close(name, of_file.nominal)}" for name in others[:_MOST]]
            yield _told(file, len(others), "no process and nuisance of the card", found, len(others))


def _close(name: str, known: Iterable[str]) -> str:
    """Return the closest name in words, and nothing where none is close."""
    found = closest(name, known)
    return found if "did you mean" in found else ""


def _told(file: str, number: int, of: str, shown: Sequence[str], kinds: int) -> Fault:
    more = f", and {kinds - len(shown)} more" if kinds > len(shown) else ""
    histograms = f"{number} histogram{'s' * (number > 1)}"
    return noted("shape.unused", f"{file!r} has {histograms} of {of}: {', '.join(shown)}{more}")


@attrs.frozen
class _Cell:
    """A process and a nuisance, of which a file has a template."""

    process: str
    nuisance: str
    is_dropped: bool


@attrs.frozen
class _Patterns:
    """Names of templates in one file."""

    varied: Mapping[str, tuple[str, str, bool]] = attrs.field(factory=dict)
    """By their text before the systematic: that behind it, the process, and whether its rate is 0."""
    nominal: Sequence[str] = attrs.field(factory=list)

    def cell(self, name: str, known: set[str]) -> _Cell | None:
        """Return the cell of a template, of several that are possible one of a known nuisance."""
        cells = list(self._cells(name))
        return next((cell for cell in cells if cell.nuisance in known), cells[0] if cells else None)

    def _cells(self, name: str) -> Iterator[_Cell]:
        # The longest process first: of `tt` and `tt_b`, `tt_b_jesUp` is likely one of the latter.
        for end in range(len(name), -1, -1):
            behind, process, is_dropped = self.varied.get(name[:end], ("", "", False))
            direction = next((one for one in DIRECTIONS if name[end:].endswith(one + behind)), "")
            if process and direction and (nuisance := name[end:].removesuffix(direction + behind)):
                yield _Cell(process, nuisance, is_dropped)


def _patterns(content: Content, naming: Naming) -> dict[str, _Patterns]:
    """Return the names of templates in each file."""
    columns = [
        (column.channel, column.process, rate == 0)
        for column, rate in zip(content.head.columns, content.rates, strict=True)
    ]
    columns += [(channel, DATA, False) for channel in content.head.channels]
    varied: dict[str, dict[str, tuple[str, str, bool]]] = {}
    nominal: dict[str, list[str]] = {}
    for channel, process, is_dropped in columns:
        if place := naming.place(channel, process):
            nominal.setdefault(place.file, []).append(place.name)
        if (place := naming.place(channel, process, _MARK)) and _MARK in place.name:
            before, _, behind = place.name.partition(_MARK)
            varied.setdefault(place.file, {})[before] = (behind, process, is_dropped)
    return {file: _Patterns(varied.get(file, {}), nominal.get(file, [])) for file in {*varied, *nominal}}
