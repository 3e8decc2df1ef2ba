"""The finished card of one channel: columns, templates, nuisances with their effects, and directives.

A channel is frozen, its arrays too, and holds no input and no file. A card writer turns it into text, a template
serializer its `templates()` into a file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import attrs
import numpy as np

from datacard_core.documents.formats import MOST_ROWS, html
from datacard_core.grammar import (
    DATA,
    DIRECTIONS,
    NO_FLOAT,
    NOMINAL,
    NOMINAL_TEMPLATE,
    PARAMETER_KEYWORDS,
    VARIED_TEMPLATE,
    is_constraint,
    keyword_of,
    template_names,
)
from datacard_core.model.arrays import NamedTemplates, Templates, read_only
from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core.findings import Finding
    from datacard_core.grammar import Blindness
    from datacard_core.model.arrays import Axis, FloatArray
    from datacard_core.model.effects import Nuisance, Shape


@public
@attrs.frozen
class Column:
    """One process of one year, which Combine calls a process."""

    name: str
    process: str
    year: str
    id: int
    """Combine's process id: 0 and below for signals, above 0 for backgrounds."""
    label: str = attrs.field(default=attrs.Factory(lambda self: self.process, takes_self=True))
    """Process for display, as its declaration has it; the process if not given."""

    @property
    def is_signal(self) -> bool:
        """True if Combine scales the column with r."""
        return self.id <= 0


@public
class Directive(ABC):
    """A line of the card that is not a row of columns."""

    # Behind free parameters (10) and before autoMCStats (90), for lines that plugins add.
    order: ClassVar[int] = 50
    """Place among the directives of a card, small numbers first."""
    # Looked up in the class itself: a subclass of the subclass may have a further meaning.
    renders_as_base: ClassVar[bool] = False
    """True if an object of this class may be treated as one of its base class; subclasses do not inherit it."""
    is_about_others: ClassVar[bool] = False
    """True if the lines depend on the parameters of the channel, as those of groups do, and define none themselves."""

    @abstractmethod
    def lines(self, channel: Channel) -> Iterable[str]:
        """Return the text in a Combine card; the writer may widen the blanks between words."""

    def constraints(self, channel: Channel) -> int:
        """Return how many of the lines Combine counts in kmax: those of `param` and `constr`."""
        return sum(map(is_constraint, self.lines(channel)))


@public
@attrs.frozen(eq=False)
class Statement:
    """A directive in a card, and the systematic that declares it."""

    directive: Directive
    systematic: str = ""
    """Name in the card of the systematic, empty for a directive that was not declared."""
    typ: str = ""
    used: tuple[str, ...] = ()
    """Further kinds whose effects the kind took, sorted."""
    order: float = attrs.field(default=Directive.order, kw_only=True)
    """Place among the directives of the card, small numbers first."""
    text: tuple[str, ...] | None = attrs.field(default=None, kw_only=True)
    """Lines in a Combine card, read from the directive once; None in a channel that was made by hand."""

    def lines(self, channel: Channel) -> tuple[str, ...]:
        """Return the lines in the Combine card of a channel."""
        return tuple(self.directive.lines(channel)) if self.text is None else self.text

    def constraints(self, channel: Channel) -> int:
        """Return how many of the lines Combine counts in kmax."""
        return self.directive.constraints(channel) if self.text is None else sum(map(is_constraint, self.text))


@public
@attrs.frozen(eq=False, kw_only=True)
class Channel:
    """One category in one card, complete, which Combine calls a bin."""

    bin: str
    """Combine's name of the channel."""
    category: str
    axis: Axis
    columns: tuple[Column, ...]
    nominal: Templates
    """Templates that are written, after all treatments, shape (columns, bins)."""
    data: Templates
    """Observation, or the expected events without data and in blind bins, shape (1, bins)."""
    has_data: bool
    nuisances: tuple[Nuisance, ...] = ()
    statements: tuple[Statement, ...] = ()
    """Directives in the order of the card, each with the systematic that declares it."""
    findings: tuple[Finding, ...] = ()
    shape_only_factors: Mapping[tuple[str, str, str], float] = attrs.field(factory=dict)
    """Factors on variations that keep the total of a process, by process, nuisance and direction."""
    stated_rates: FloatArray | None = attrs.field(default=None, converter=attrs.converters.optional(read_only))
    """Rates in the card that the channel was read from, shape (columns,); None for the integrals of the templates."""
    has_templates: bool = True
    """False for a channel of one bin whose card has rates alone."""
    old_names: Mapping[str, str] = attrs.field(factory=dict)
    """Names in the declarations of processes and parameters that were renamed for the card, by their names there."""

    blindness: Blindness | None = None
    """Bins whose data are expected events because they are blind; None for a channel that is not declared blind."""

    @property
    def blind_bins(self) -> list[int]:
        """Positions of the blind bins."""
        return [] if self.blindness is None else self.blindness.places(self.axis.bins)

    def __repr__(self) -> str:
        sizes = f"{len(self.columns)} columns, {len(self.nuisances)} nuisances, {self.axis.bins} bins"
        return f"<Channel {self.bin!r}: {sizes}>"

    def _repr_html_(self) -> str:
        rows = [
            (column.process, column.year, str(column.id), f"{rate:.6g}")
            for column, rate in zip(self.columns, self.rates, strict=True)
        ]
        return html(repr(self), ("process", "year", "id", "rate"), rows, keys=2, most=MOST_ROWS)

    @property
    def directives(self) -> tuple[Directive, ...]:
        """Directives in the order of the card."""
        return tuple(statement.directive for statement in self.statements)

    @cached_property
    def rates(self) -> FloatArray:
        """Rate of each column in the card, shape (columns,): the integral of its template unless the card states it."""
        return read_only(self.nominal.norms) if self.stated_rates is None else self.stated_rates

    @cached_property
    def parameter_names(self) -> frozenset[str]:
        """Names of the nuisances, and of the parameters that lines below the table define."""
        statements = (one for one in self.statements if not one.directive.is_about_others)
        lines = (line.split() for one in statements for line in one.lines(self))
        defined = {words[0].removesuffix(NO_FLOAT) for words in lines if keyword_of(words) in PARAMETER_KEYWORDS}
        return frozenset({*defined, *(nuisance.name for nuisance in self.nuisances)})

    @property
    def kmax(self) -> int:
        """Combine's kmax: the number of rows, and of lines of constrained parameters."""
        return len(self.nuisances) + sum(statement.constraints(self) for statement in self.statements)

    @property
    def observation(self) -> float:
        """Number of observed events, or -1 without data."""
        # Combine reads -1 as the integral of data_obs.
        return float(self.data.norms[0]) if self.has_data else -1.0

    @property
    def typs(self) -> tuple[str, ...]:
        """Kinds that took part in the channel, sorted."""
        rows = {typ for row in self.nuisances if row.effects for typ in (row.typ, *row.used)}
        lines = {typ for statement in self.statements for typ in (statement.typ, *statement.used)}
        # Directives that were not declared have an empty kind, which is left out.
        return tuple(sorted(filter(None, rows | lines)))

    def shapes(self) -> Iterator[tuple[Nuisance, Shape]]:
        """Yield each effect that has templates, with its nuisance."""
        for nuisance in self.nuisances:
            for entry in nuisance.entries:
                if entry.shape is not None:
                    yield nuisance, entry.shape

    def lines(self) -> tuple[str, ...]:
        """Return the lines of all directives in a Combine card, in the order of the card."""
        return tuple(line for statement in self.statements for line in statement.lines(self))

    def template_names(self) -> tuple[str, ...]:
        """Return the names of the templates: `data_obs_nominal`, `{column}_nominal`, `{column}_{nuisance}{Up,Down}`."""
        columns = [column.name for column in self.columns]
        names = template_names(NOMINAL_TEMPLATE, [DATA, *columns])
        for touched, variation in self._varied():
            names += template_names(VARIED_TEMPLATE, touched, variation)
        return tuple(names)

    def templates(self) -> NamedTemplates:
        """Return all templates that a card refers to, in the order of `template_names`."""
        blocks = [self.data, self.nominal]
        for _, shape in self.shapes():
            blocks += [shape.up, shape.down]
        stacked = Templates(
            np.concatenate([block.values for block in blocks]),
            np.concatenate([block.variances for block in blocks]),
        )
        processes = [DATA, *(column.name for column in self.columns)]
        systematics = [NOMINAL] * len(processes)
        for touched, variation in self._varied():
            processes += touched
            systematics += [variation] * len(touched)
        return NamedTemplates(self.template_names(), stacked, self.axis, self.bin, tuple(processes), tuple(systematics))

    def _varied(self) -> Iterator[tuple[list[str], str]]:
        """Yield the columns of each block of varied templates, and the variation."""
        for nuisance, shape in self.shapes():
            touched = [self.columns[position].name for position in shape.columns]
            for direction in DIRECTIONS:
                yield touched, f"{nuisance.name}{direction}"
