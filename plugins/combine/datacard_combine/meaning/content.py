"""The content of a card: what Combine makes of all its lines together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacard_combine.syntax.rows import Value
    from datacard_combine.syntax.views import EditLine, McStats, Parameter, RateParam, Row, ShapesLine


@attrs.frozen
class ColumnOfCard:
    """A column: one process in one channel."""

    channel: str
    process: str
    is_signal: bool
    id: int


@attrs.frozen(kw_only=True)
class Head:
    """The lines up to the rates."""

    channels: tuple[str, ...] = ()
    """Channels in the order of the observation, or of the columns without one."""
    observation: Mapping[str, float] = attrs.field(factory=dict)
    """Observed events by channel, empty without an observation."""
    columns: tuple[ColumnOfCard, ...] = ()
    rates: tuple[float, ...] = ()
    """Expected events of each column, -1 for the integral of its template."""
    shapes: tuple[ShapesLine, ...] = ()
    kmax: int | None = None
    """Stated number of nuisances, None for a number that Combine counts itself."""

    @property
    def processes(self) -> tuple[str, ...]:
        """Processes in the order of the columns."""
        return tuple(dict.fromkeys(column.process for column in self.columns))

    @property
    def signs(self) -> Mapping[str, bool]:
        """For each process, whether it is a signal."""
        # The first column of a process decides.
        return {column.process: column.is_signal for column in reversed(self.columns)}


@attrs.frozen(kw_only=True)
class RowOfCard:
    """A nuisance with its value for each column."""

    name: str
    nofloat: bool
    kind: str
    arguments: tuple[float, ...]
    values: tuple[Value, ...]
    """Values of the columns, 0 for no effect; those of repeated columns are those of the last."""
    view: Row | EditLine
    """Line that the row was read from, or the edit that added it."""


@attrs.frozen(kw_only=True)
class Content:
    """All that Combine takes from a card, with `nuisance edit` lines carried out unless they were to be kept."""

    head: Head
    rates: tuple[float, ...]
    """Expected events of each column, changed to 1e-6 where a rate of 0 has a gmN."""
    rows: tuple[RowOfCard | Parameter, ...]
    """Rows with an effect, and the lines of `param` and `constr`, in their order."""
    rate_params: tuple[tuple[int, RateParam], ...] = ()
    """Position of a column, and a line that gives it a factor, in the order of the lines."""
    unattached: tuple[tuple[str, str, RateParam], ...] = ()
    """Channel and process that have no column together, and a line that gives them a factor."""
    flat: Mapping[str, Parameter] = attrs.field(factory=dict)
    """Lines of `flatParam` by name."""
    external: Mapping[str, Parameter] = attrs.field(factory=dict)
    """Lines of `extArg` by name, of several the last."""
    discrete: tuple[str, ...] = ()
    groups: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    mc_stats: Mapping[str, McStats] = attrs.field(factory=dict)
    """The line of `autoMCStats` of each channel that has one."""
    edits: tuple[EditLine, ...] = ()
    """Lines of `nuisance edit`, which `rows` does not have if they were to be kept."""
    frozen: frozenset[str] = frozenset()
    """Parameters that an edit makes constant."""
    old_names: Mapping[tuple[str, str, str], str] = attrs.field(factory=dict)
    """Name of a nuisance in the templates' file, by new name, channel and process, where an edit renamed it."""
    old_parameters: Mapping[str, str] = attrs.field(factory=dict)
    """New names of renamed `param` lines, by old name."""
    dropped: tuple[RowOfCard, ...] = ()
    """Rows without an effect, which Combine leaves out."""
