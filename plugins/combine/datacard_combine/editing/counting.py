"""Stated numbers of channels, processes and nuisances, which follow what the card has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.syntax.views import Counts, Parameter, Row
from datacard_core import grammar

if TYPE_CHECKING:
    from datacard_combine.editing.lines.changes import Changes
    from datacard_combine.editing.lines.tree import Tree


def counted(tree: Tree, changes: Changes, *, processes: int = 0, nuisances: int = 0) -> None:
    """Change the stated numbers by what goes and what comes; * stays.

    Args:
        tree: the card.
        changes: lines that go.
        processes: number of new processes.
        nuisances: number of new rows, and of new lines of `param` and `constr`.
    """
    head = tree.content.head
    words = changes.variants.get(tree.seen.names.line.number, [{}])[0] if tree.seen.names else {}
    left = [column for place, column in enumerate(head.columns, start=1) if words.get(place) != ""]
    observed = tree.seen.observed
    lost = changes.variants.get(observed.line.number, [{}])[0] if observed else {}
    channels = (
        sum(word == "" for word in lost.values())
        if observed
        else len({column.channel for column in head.columns} - {column.channel for column in left})
    )
    gone = sum(
        changes.is_dropped(view.line)
        for view in tree.views
        if isinstance(view, Row) or (isinstance(view, Parameter) and view.kind in grammar.CONSTRAINED_KEYWORDS)
    )
    by = {
        "imax": -channels,
        "jmax": processes - len(set(head.processes)) + len({column.process for column in left}),
        "kmax": nuisances - gone,
    }
    for view in tree.views:
        if isinstance(view, Counts) and view.number is not None and by[view.keyword]:
            changes.words(view.line, {1: str(view.number + by[view.keyword])})
