"""Cells of a card: what each nuisance, or free parameter, does to each column, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.grammar import RATE_PARAM, range_text, short
from datacard_core.model.directives import FreeParameter
from datacard_core.model.parameters import FormulaFactor, ImportedFactor
from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.model.channel import Channel
    from datacard_core.model.effects import Entry
    from datacard_core.model.model import Model


@public
@attrs.frozen(kw_only=True)
class Cell:
    """The effect of one parameter on one column."""

    nuisance: str
    """Name of the parameter."""
    keyword: str
    """Kind of its row, such as `lnN` or `shape`, or `rateParam`."""
    channel: str
    process: str
    """Process, or the whole name of the column if its year is not known."""
    year: str = ""
    """Year, empty if it is not known, as in a card that was read."""
    is_signal: bool = False
    value: str
    """The value in the card; for templates, the factors on the yield at -1 and +1 standard deviation, if known.

    A scale of templates that is not 1 stands behind them: `0.970/1.040 at 0.5`.
    """


def cells_of(model: Model) -> Iterator[Cell]:
    """Yield the cells of all channels of a model, in the order of its channels and rows."""
    for channel in model.channels:
        for nuisance in channel.nuisances:
            # That of the row: of a shape on some columns and lnN on others, it is one parameter with one constraint.
            keyword = nuisance.keyword
            for entry in nuisance.entries:
                yield from _of_entry(channel, nuisance.name, keyword, entry)
        for directive in channel.directives:
            if isinstance(directive, FreeParameter | FormulaFactor | ImportedFactor):
                value = factor_text(directive)
                for column in directive.columns.tolist():
                    yield _cell(channel, column, directive.name, RATE_PARAM, value)


def _of_entry(channel: Channel, name: str, keyword: str, entry: Entry) -> Iterator[Cell]:
    values = entry.cells
    if (shape := entry.shape) is not None:
        factors = (shape.down.norms, shape.up.norms)
        rates = channel.nominal.norms[shape.columns]
        values = tuple(
            f"{down / rate:.3f}/{up / rate:.3f}{'' if scale == 1 else f' at {scale:g}'}" if rate > 0 else cell
            for cell, down, up, rate, scale in zip(values, *factors, rates, shape.scale, strict=True)
        )
    for column, value in zip(entry.columns.tolist(), values, strict=True):
        yield _cell(channel, column, name, keyword, value)


def _cell(channel: Channel, position: int, nuisance: str, keyword: str, value: str) -> Cell:
    column = channel.columns[position]
    return Cell(
        nuisance=nuisance,
        keyword=keyword,
        channel=channel.bin,
        process=column.process,
        year=column.year,
        is_signal=column.is_signal,
        value=value,
    )


def factor_text(directive: FreeParameter | FormulaFactor | ImportedFactor) -> str:
    """Return start and range of a parameter, or the function or the object that a factor is."""
    if isinstance(directive, FormulaFactor):
        return f"{directive.formula} of {','.join(directive.arguments)}"
    if isinstance(directive, ImportedFactor):
        return directive.source
    return f"{short(directive.initial)}{range_text(directive.bounds)}"
