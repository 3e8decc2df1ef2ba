"""Names: of channels, processes and nuisances, and what else has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacard_combine.syntax.faults import doubtful, mistaken
from datacard_combine.syntax.views import GroupLine, Parameter, ProcessLine, RateParam, Row
from datacard_core import DATA, grammar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_combine.meaning.content import Content
    from datacard_combine.syntax.faults import Fault
    from datacard_combine.syntax.lines import Line
    from datacard_combine.syntax.views import View

_SAFE = re.compile("[A-Za-z_][A-Za-z0-9_.]*")


def name_faults(views: Sequence[View], content: Content) -> Iterator[Fault]:
    """Yield the faults of names."""
    yield from _channels(content)
    yield from _processes(views, content)
    nuisances = [view for view in views if isinstance(view, Row | Parameter)]
    told: set[str] = set()
    for view in nuisances:
        if view.name not in told:
            told.add(view.name)
            yield from _nuisance(view)
    yield from _shared(views, content)
    yield from _near([(view.name, view.line) for view in nuisances])
    if content.mc_stats:
        for group in (view for view in views if isinstance(view, GroupLine) and view.name == grammar.MC_STATS_GROUP):
            message = (
                f"Combine puts the parameters of the statistical uncertainty in the group {group.name!r}: rename it"
            )
            yield mistaken("name.reserved", message, group.line, 0)


def _channels(content: Content) -> Iterator[Fault]:
    for name in dict.fromkeys(content.head.channels):
        if not _SAFE.fullmatch(name):
            message = f"channel {name!r} has a character that options and formulas of Combine read otherwise"
            yield doubtful("name.bin", f"{message}: use letters, digits, '_' and '.'")


def _processes(views: Sequence[View], content: Content) -> Iterator[Fault]:
    names = content.head.processes
    line = next((view.line for view in views if isinstance(view, ProcessLine) and set(names) <= set(view.words)), None)
    for name in names:
        place = None if line is None else line.words.index(name)
        if name == DATA:
            yield mistaken(
                "name.reserved", f"{DATA!r} is the observation, and no process may have the name", line, place
            )
        elif "[" in name or "]" in name:
            message = f"process {name!r}: Combine may take what stands in the brackets for the yield"
            yield mistaken("name.process", message, line, place)
        elif not _SAFE.fullmatch(name):
            message = f"process {name!r} is an unusual name: use letters, digits, '_' and '.', with a letter first"
            yield doubtful("name.process", message, line, place)


def _nuisance(view: Row | Parameter) -> Iterator[Fault]:
    written = view.line.words[0]
    if view.name == grammar.SIGNAL_STRENGTH:
        message = f"{view.name!r} is the signal strength, which would get the constraint of this line: rename it"
        yield mistaken("name.reserved", message, view.line, 0)
    elif view.name == grammar.MASS:
        yield doubtful(
            "name.reserved", f"Combine sets the parameter {view.name!r} to the mass: rename it", view.line, 0
        )
    elif "[" in view.name or "]" in view.name:
        message = f"nuisance {view.name!r}: Combine takes what stands in the brackets for a range"
        yield mistaken("name.nuisance", message, view.line, 0)
    elif written[0].isdigit():
        yield doubtful(
            "name.nuisance", f"Combine renames {written!r} to {view.name!r}: begin it with a letter", view.line, 0
        )
    elif grammar.name_problem("nuisance", view.name):
        message = f"nuisance {view.name!r} is an unusual name: use letters, digits, '_', '.' and '-'"
        yield doubtful("name.nuisance", message, view.line, 0)


def _shared(views: Sequence[View], content: Content) -> Iterator[Fault]:
    """Yield the names that two things of different kinds have."""
    rows = {view.name: view for view in views if isinstance(view, Row)}
    told: set[str] = set()
    for view in views:
        if isinstance(view, RateParam) and view.name in rows and view.name not in told:
            told.add(view.name)
            message = (
                f"{view.name!r} is a rateParam and the row of line {rows[view.name].line.number}: the factor gets its "
                "constraint, and starts at 0"
            )
            yield mistaken("name.clash", message, view.line, 0)
    for name in content.head.processes:
        if name in rows:
            message = f"nuisance {name!r} has the name of a process"
            yield doubtful("name.clash", message, rows[name].line, 0)


def _near(names: Sequence[tuple[str, Line]]) -> Iterator[Fault]:
    first: dict[str, tuple[str, Line]] = {}
    for name, line in names:
        other, where = first.setdefault(name.lower(), (name, line))
        if other != name:
            message = f"{name!r} and {other!r} of line {where.number} differ in case alone, and are two parameters"
            yield doubtful("name.near", message, line, 0)
