"""Lines and columns that come."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacard_combine.editing.counting import counted
from datacard_combine.editing.lines.changes import Changes
from datacard_combine.syntax.body import body_view
from datacard_combine.syntax.faults import collected
from datacard_combine.syntax.lines import Line
from datacard_combine.syntax.rows import is_kind
from datacard_combine.syntax.views import EditLine, HeadView, Parameter, RateParam, Row
from datacard_core import DATA, DeclarationError, closest, grammar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacard_combine.editing.lines.tree import Tree
    from datacard_combine.syntax.views import View
    from datacard_core import Add, AddProcess

_WORD = re.compile(r"\S+")
_GAP = "  "


def added(tree: Tree, edit: Add) -> Changes:
    """Return the lines with a new one, behind the last of its form.

    Raises:
        DeclarationError: the line has no form that the language knows, or names what the card has not.
    """
    text = _with_cells(tree, edit.line)
    view, faults = collected(body_view(Line(0, text)))
    if view is None or "\n" in edit.line:
        reasons = "; ".join(fault.message for fault in faults) or "expected one line as those below the rates"
        raise DeclarationError(f"{tree.file}: the line {edit.line!r} cannot be added: {reasons}")
    # A factor alone has a line for each column.
    if isinstance(view, Row | Parameter) and (problem := _taken(tree, view)):
        raise DeclarationError(tree.told(problem))
    changes = Changes()
    changes.behind[_place(tree, view)].append(text)
    is_counted = isinstance(view, Row) or (isinstance(view, Parameter) and view.kind in grammar.CONSTRAINED_KEYWORDS)
    counted(tree, changes, nuisances=int(is_counted))
    return changes


def _taken(tree: Tree, view: Row | Parameter) -> str:
    same = [one for one in tree.views if isinstance(one, Row | Parameter | RateParam) and one.name == view.name]
    if isinstance(view, Parameter):
        # A constraint stands beside the line that defines its parameter.
        same = [one for one in same if isinstance(one, Parameter) and one.kind == view.kind]
    if not same:
        return ""
    return f"{tree.place(same[0].line)}: {view.name!r} is there already: drop it first, or choose another name"


def _with_cells(tree: Tree, text: str) -> str:
    """Return a row with a cell for each column in place of words such as `tt=1.05`; another line as it is."""
    words = text.split()
    if len(words) < 3 or not is_kind(words[1]):  # noqa: PLR2004 - name, kind and a cell
        return text
    first = 2 + len(grammar.ROW_ARGUMENTS.get(words[1], ()))
    lead, cells = words[:first], words[first:]
    if all("=" in cell for cell in cells):
        cells = _filled(tree, cells)
    return _in_columns(tree, lead, cells)


def _filled(tree: Tree, words: Iterable[str]) -> list[str]:
    head = tree.content.head
    cells = [grammar.NO_EFFECT] * len(head.columns)
    problems = []
    for word in words:
        where, _, value = word.rpartition("=")
        channel, _, process = where.rpartition("/")
        found = [
            place
            for place, column in enumerate(head.columns)
            if grammar.is_like(column.process, process) and grammar.is_like(column.channel, channel or grammar.ANY)
        ]
        for place in found:
            cells[place] = value
        if not found:
            is_channel = channel and not any(grammar.is_like(name, channel) for name in head.channels)
            name, known = (channel, head.channels) if is_channel else (process, head.processes)
            what = "channel" if is_channel else "process"
            problems.append(f"{word!r}: no {what} {name!r}{closest(name, known)}")
    if problems:
        raise DeclarationError(map(tree.told, problems))
    return cells


def _in_columns(tree: Tree, lead: Sequence[str], cells: Sequence[str]) -> str:
    """Return a row whose words begin where those of another row do, or those of the rates."""
    rows = [view for view in tree.views if isinstance(view, Row)]
    model = next((row for row in reversed(rows) if row.first == len(lead)), None)
    starts: list[int] = []
    if model is not None:
        starts = [found.start() for found in _WORD.finditer(model.line.text)]
    elif tree.seen.rates is not None:
        starts = [found.start() for found in _WORD.finditer(tree.seen.rates.line.text)]
        starts = [0, *range(len(lead) - 1), *starts[1:]]
    text = ""
    for place, word in enumerate([*lead, *cells]):
        gap = _GAP if text else ""
        start = starts[place] if place < len(starts) else 0
        text = (text + gap).ljust(start) + word
    return text


def _place(tree: Tree, view: View) -> int:
    """Return the number of the line that a new line follows."""
    last: dict[bool, int] = {}
    for one in tree.views:
        if not isinstance(one, EditLine):
            last[type(one) is type(view)] = one.line.number
    if isinstance(view, EditLine):
        return tree.lines[-1].number
    if True in last:
        return last[True]
    # The first row stands below the rates, also below their rule.
    if isinstance(view, Row):
        head = max(one.line.number for one in tree.views if isinstance(one, HeadView))
        rules = [line for line in tree.lines[head:] if line.text.startswith(grammar.RULE)]
        return head + 1 if rules and rules[0].number == head + 1 else head
    return max(last.values())


def added_process(tree: Tree, edit: AddProcess) -> Changes:
    """Return the lines with a new column behind those of its channel.

    Raises:
        DeclarationError: the channel is unknown, or has the process already.
    """
    head, seen = tree.content.head, tree.seen
    problems = []
    if edit.channel not in head.channels:
        problems.append(f"no channel {edit.channel!r}{closest(edit.channel, head.channels)}")
    if any((one.channel, one.process) == (edit.channel, edit.process) for one in head.columns):
        problems.append(f"channel {edit.channel!r} has a process {edit.process!r} already")
    if edit.process == DATA:
        problems.append(f"{DATA!r} is the name of the observation: choose another name for the process")
    problems += filter(None, [grammar.name_problem("process", edit.process)])
    if problems:
        raise DeclarationError(map(tree.told, problems))
    changes = Changes()
    new = (edit.channel, edit.process, str(edit.number), grammar.short(edit.rate))
    head_lines = (seen.table, seen.names, seen.ids, seen.rates)
    words = [(view.line, 1, word) for view, word in zip(head_lines, new, strict=True) if view is not None]
    words += [(view.line, view.first, grammar.NO_EFFECT) for view in tree.views if isinstance(view, Row)]
    places = [place for place, column in enumerate(head.columns) if column.channel == edit.channel]
    behind = places[-1] if places else len(head.columns) - 1
    # One word for the old column and the new one, so that the words of the new one stand below each other too.
    starts = {line.column(first + behind) for line, first, _ in words}
    width = max(len(line.words[first + behind]) for line, first, _ in words) if len(starts) == 1 else 0
    gap = _GAP if width else " "
    for line, first, word in words:
        changes.words(line, {first + behind: f"{line.words[first + behind].ljust(width)}{gap}{word}"})
    counted(tree, changes, processes=int(edit.process not in head.processes))
    return changes
