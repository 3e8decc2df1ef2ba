"""`nuisance edit rename`: a new name for a nuisance, everywhere or on some columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.meaning.state import OpenRow
from datacard_combine.syntax.faults import refused
from datacard_combine.syntax.numbers import parsed
from datacard_combine.syntax.views import Parameter
from datacard_core import closest, grammar

if TYPE_CHECKING:
    from datacard_combine.meaning.state import State
    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.views import EditLine

_REFUSED = ("flatParam", "constr", "trG", "gmN")
"""Kinds that Combine does not rename."""

_CLOSE = 1e-6
"""Difference of two numbers that Combine takes for equal in a comparison of constraints."""


def rename(state: State, edit: EditLine) -> Reading[None]:
    """Carry out an edit that renames a nuisance."""
    is_global = len(edit.words) == 2  # noqa: PLR2004 - old and new
    old, new = edit.words if is_global else edit.words[2:4]
    if old not in state.by_name:
        message = f"nuisance edit rename: no nuisance {old!r} above{closest(old, state.by_name)}"
        yield refused("edit.unknown", message, edit.line)
        return
    # A copy, as renamed rows leave the list on the way.
    for row in list(state.by_name[old]):
        if row.kind in _REFUSED:
            message = f"nuisance edit rename: {old!r} is {row.kind}, which Combine does not rename"
            yield refused("edit.kind", message, edit.line)
            return
        if any(not _compatible(row, other) for other in state.by_name.get(new, ()) if other is not row):
            message = f"nuisance edit rename: {new!r} is another kind of nuisance above"
            yield refused("edit.exists", message, edit.line)
            return
        if is_global:
            _everywhere(state, row, new)
        elif row.kind != "param":
            yield from _on_columns(state, edit, row)
    if old in state.by_name and not state.by_name[old]:
        del state.by_name[old]


def _compatible(one: OpenRow, other: OpenRow) -> bool:
    """Return whether two rows may share a name: a `param` needs equal numbers, which are 0 and 1 for other kinds."""
    if one.kind != "param" and other.kind != "param":
        return True
    wanted = [["0", "1"] if row.kind != "param" else list(_words(row)[:2]) for row in (one, other)]
    numbers = [[parsed(word) for word in words] for words in wanted]
    return all(
        a is not None and b is not None and abs(a - b) <= _CLOSE for a, b in zip(numbers[0], numbers[1], strict=False)
    )


def _words(row: OpenRow) -> tuple[str, ...]:
    return row.view.words if isinstance(row.view, Parameter) else ()


def _everywhere(state: State, row: OpenRow, new: str) -> None:
    old, row.name = row.name, new
    state.by_name.setdefault(new, []).append(row)
    if "param" in row.kind:
        state.old_parameters[old] = new
    if grammar.SHAPE in row.kind or grammar.LN_N in row.kind:
        for channel, places in state.places.items():
            for process, place in places.items():
                # Templates have the old name in their file, by which Combine goes on looking for them.
                if row.values[place] != 0:
                    state.old_names[new, channel, process] = old
    state.by_name[old].remove(row)


def _on_columns(state: State, edit: EditLine, row: OpenRow) -> Reading[None]:
    process, channel, old, new = edit.words[:4]
    # Columns are moved to a row of the same kind, of several to the last, as Combine does it.
    same = [other for other in state.by_name.get(new, ()) if other is not row and other.kind == row.kind]
    target = (
        same[-1]
        if same
        else OpenRow(
            name=new,
            nofloat=row.nofloat,
            kind=row.kind,
            arguments=row.arguments,
            values=[0.0] * len(row.values),
            view=edit,
        )
    )
    if not same:
        state.add(target)
    columns = list(state.matching(channel, process))
    if not columns and "ifexists" not in edit.words[4:]:
        message = f"nuisance edit rename {old!r}: no column of process {process!r} in channel {channel!r}"
        yield refused("edit.unknown", message, edit.line)
    for where, what, place in columns:
        target.values[place], row.values[place] = row.values[place], 0.0
        if grammar.SHAPE in row.kind:
            state.old_names[new, where, what] = old
    # Combine forgets a name without values, so that to rename it once more is an error.
    if all(not isinstance(value, tuple) and abs(value) <= _CLOSE for value in row.values):
        state.by_name[old].remove(row)
