"""The model of a card from its content and its templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_combine.arrays.effects import nuisance_of
from datacard_combine.arrays.faults import channel_faults, nominal_faults
from datacard_combine.arrays.shared import parameters_of, statements_of
from datacard_combine.arrays.templates import Library
from datacard_combine.meaning.content import RowOfCard
from datacard_core import DATA, Axis, Channel, Column, Model, Templates

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from datacard_combine.arrays.places import Naming
    from datacard_combine.arrays.templates import Found
    from datacard_combine.meaning.content import ColumnOfCard, Content
    from datacard_combine.syntax.faults import Reading

COUNTING = Axis(np.array([0.0, 1.0]))
"""Axis of a channel without templates, which has one bin."""


@attrs.frozen(eq=False, kw_only=True)
class Part:
    """One channel of a card, and all that is needed to make it."""

    content: Content
    library: Library
    naming: Naming
    name: str
    places: tuple[int, ...]
    """Positions of its columns in the card."""
    has_templates: bool
    axis: Axis
    is_outline: bool = False
    """True if shapes are to have their cells as effects."""

    columns: tuple[ColumnOfCard, ...] = attrs.field(init=False)
    """Columns of the channel."""

    @columns.default
    def _columns(self) -> tuple[ColumnOfCard, ...]:
        return tuple(self.content.head.columns[place] for place in self.places)

    def template(self, process: str, systematic: str = "") -> Found | None:
        """Return the nominal template of a process, or that under a systematic with its direction, or None."""
        return self.library.found.get((self.name, process, systematic))


def model_of(content: Content, library: Library, naming: Naming) -> Reading[Model | None]:
    """Return the model, or None if its templates have faults that leave none."""
    return (yield from _model(content, library, naming, naming.lines.counting(content.head)))


def outline_of(content: Content, naming: Naming, folder: Path) -> Reading[Model | None]:
    """Return the model without templates: rates, and rows whose shapes have their cells as effects.

    Args:
        content: the card.
        naming: names of templates.
        folder: directory of the card.
    """
    nothing = Library(found={}, others={}, missing=frozenset(), folder=folder)
    return (yield from _model(content, nothing, naming, frozenset(content.head.channels), is_outline=True))


def _model(
    content: Content, library: Library, naming: Naming, counting: Collection[str], *, is_outline: bool = False
) -> Reading[Model | None]:
    channels = []
    for name in dict.fromkeys(content.head.channels):
        # Of repeated columns the last one counts.
        places = {column.process: at for at, column in enumerate(content.head.columns) if column.channel == name}
        part = Part(
            content=content,
            library=library,
            naming=naming,
            name=name,
            places=tuple(sorted(places.values())),
            has_templates=name not in counting,
            axis=COUNTING,
            is_outline=is_outline,
        )
        channel = yield from _channel(part)
        if channel is not None:
            channels.append(channel)
    # Without one of its channels the model would be that of another measurement.
    if len(channels) < len(set(content.head.channels)):
        return None
    groups = {name: tuple(sorted(members)) for name, members in sorted(content.groups.items())}
    return Model(
        channels=tuple(channels), parameters=parameters_of(content, library), groups=groups, frozen=content.frozen
    )


def _channel(part: Part) -> Reading[Channel | None]:
    if part.has_templates:
        if not (yield from nominal_faults(part)):
            return None
        found = [part.template(name) for name in _names(part)]
        # The data, if there are any, come first: their bins are those of the channel.
        part = attrs.evolve(part, axis=next(item.axis for item in found if item is not None))
    nominal, data = _nominal(part), _data(part)
    rates = np.array([part.content.rates[place] for place in part.places])
    if part.has_templates:
        # A rate of -1 stands for the integral.
        rates = np.where(rates == -1, nominal.norms, rates)
        yield from channel_faults(part, nominal, data)
    channel = Channel(
        bin=part.name,
        category=part.name,
        axis=part.axis,
        columns=tuple(Column(column.process, column.process, "", column.id) for column in part.columns),
        nominal=nominal,
        data=data,
        has_data=part.name in part.content.head.observation,
        stated_rates=rates,
        has_templates=part.has_templates,
    )
    nuisances = []
    for row in part.content.rows:
        if isinstance(row, RowOfCard):
            nuisance = yield from nuisance_of(part, row)
            if nuisance is not None:
                nuisances.append(nuisance)
    return attrs.evolve(channel, nuisances=tuple(nuisances), statements=statements_of(part))


def _names(part: Part) -> list[str]:
    """Return the data and the processes that Combine does not leave out."""
    observed = [DATA] if part.name in part.content.head.observation else []
    columns = zip(part.places, part.columns, strict=True)
    return [*observed, *(column.process for place, column in columns if part.content.rates[place] != 0)]


def _nominal(part: Part) -> Templates:
    values = np.zeros((len(part.places), part.axis.bins))
    variances = np.zeros_like(values)
    for row, (place, column) in enumerate(zip(part.places, part.columns, strict=True)):
        rate = part.content.rates[place]
        if not part.has_templates:
            values[row] = rate
        # Combine leaves out a process whose rate is 0, and does not look for its template.
        elif rate != 0 and (found := part.template(column.process)) is not None:
            values[row] = found.block.templates.values[found.row]
            variances[row] = found.block.templates.variances[found.row]
    return Templates(values, variances)


def _data(part: Part) -> Templates:
    observation = part.content.head.observation.get(part.name)
    found = part.template(DATA) if part.has_templates else None
    if observation is None:
        zeros = np.zeros((1, part.axis.bins))
        return Templates(zeros, zeros)
    # Without templates an observation of -1 is no number of events; strict reading has refused it.
    if found is None:
        # The variance of a count is the count.
        values = np.array([[max(observation, 0.0)]])
        return Templates(values, values)
    return found.block.templates[np.array([found.row])]
