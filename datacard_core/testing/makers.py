"""Makers by family: functions that make what an object of a plugin produces, to be compared with a repetition.

Other processes import this module, so it and what it imports do without hypothesis, whose import takes as long as that
of numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import attrs

from datacard_core.testing.inputs import channels
from datacard_core.testing.inputs.analyses import BY_HAND as SKETCHES
from datacard_core.testing.inputs.analyses import repetitions
from datacard_core.testing.inputs.declarations import NAME, Keywords
from datacard_core.testing.inputs.written import BY_HAND as WRITTEN
from datacard_core.testing.products import (
    REFUSALS,
    SHAPES,
    card_contents,
    drawn_by,
    findings_of,
    rendered,
    stored_by,
    texts,
)
from datacard_core.testing.tasks import Maker, Task

if TYPE_CHECKING:
    from datacard_core.model.channel import Channel
    from datacard_core.testing.inputs.sketches import Sketch

Makers: TypeAlias = Callable[[Task, str], Iterator[Maker]]
"""Function that yields the products of the object of a key, which must be equal at all times and in all processes."""


def makers(task: Task) -> Iterator[Maker]:
    """Yield the products of all objects of a task."""
    for field, key in task.contributed:
        if field in MAKERS:
            yield from MAKERS[field](task, key)


def _of_kind(task: Task, typ: str) -> Iterator[Maker]:
    """Yield cards of a kind with each declaration, in some of the analyses that its trial has."""
    declarations = task.declarations[typ]
    for number, sketch in repetitions(len(declarations)):
        keywords = declarations[number]
        what = f"the card of kind {typ!r} with {dict(keywords)!r} in analysis {SKETCHES.index(sketch) + 1}"
        yield what, partial(_card, task, sketch, typ, keywords)


def _card(task: Task, sketch: Sketch, typ: str, keywords: Keywords) -> object:
    systematics = [sketch.declare(NAME, typ, **keywords)]
    sketch = attrs.evolve(sketch, companions=task.companions)
    *_, card = sketch.taken(
        sketch.needs(systematics, task.plugins),
        lambda sketch, output: sketch.card_beside(systematics, output, task.plugins),
    )
    return card_contents(card)


def _of_writer(task: Task, name: str) -> Iterator[Maker]:
    """Yield the texts of a writer for the channels made by hand."""
    for named in channels.by_hand():
        yield f"the text of {named} by card writer {name!r}", partial(_rendered, task, name, named.channel)


def _rendered(task: Task, name: str, channel: Channel) -> str | None:
    # None for a channel that the writer refuses, as in its trial.
    with suppress(*REFUSALS):
        return rendered(task.plugins, name, channel)
    return None


def _of_serializer(task: Task, name: str) -> Iterator[Maker]:
    """Yield the files of a serializer for the templates made by hand."""
    for given in WRITTEN:
        what = f"the file of {len(given.names)} templates by template serializer {name!r}"
        yield what, partial(stored_by, task.plugins.serializer(name), given.templates(), task.scratch / SHAPES)


def _of_check(task: Task, name: str) -> Iterator[Maker]:
    """Yield the findings of a check for each channel made by hand."""
    for named in channels.by_hand():
        yield f"the list of findings of check {name!r} for {named}", partial(_messages, task, name, named.channel)


def _messages(task: Task, name: str, channel: Channel) -> list[str]:
    return texts(findings_of(task.plugins.checks[name], channel))


def _of_plot(task: Task, name: str) -> Iterator[Maker]:
    """Yield the plot of one channel."""
    yield f"the plot {name!r}", partial(drawn_by, task.plugins.plot(name), channels.complete(), task.scratch)


MAKERS: Mapping[str, Makers] = MappingProxyType(
    {
        "kinds": _of_kind,
        "writers": _of_writer,
        "serializers": _of_serializer,
        "checks": _of_check,
        "plots": _of_plot,
    }
)
"""Makers of each family, by its attribute of `Plugins`.

A source has none: it reads files of its author, which another process may not have, and its trial reads them twice.
A rendering has none: it returns an object that only its writer understands, so it cannot be compared.
"""
