"""Lines of a card by their meaning: a class for each form that Combine's language has.

A view holds the words of its line, and no meaning that other lines give it: patterns are not matched, and edits are not
carried out. `line` is the line that it was read from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    from datacard_combine.syntax.lines import Line


@attrs.frozen
class Counts:
    """`imax`, `jmax` or `kmax`, with a number."""

    line: Line
    keyword: str
    number: int | None
    """The number, None for `*`."""


@attrs.frozen
class ShapesLine:
    """`shapes process channel file nominal varied`: the place of templates."""

    line: Line
    process: str
    channel: str
    fields: tuple[str, ...]
    """File, object of the nominal templates, object of the varied ones, and further words."""

    @property
    def is_fake(self) -> bool:
        """True for channels without templates."""
        return self.fields == ("FAKE",)


@attrs.frozen
class BinLine:
    """`bin …`: the channels of the observation or of the columns."""

    line: Line
    names: tuple[str, ...]


@attrs.frozen
class ObservationLine:
    """`observation …`: the number of observed events of each channel."""

    line: Line
    numbers: tuple[float, ...]


@attrs.frozen
class ProcessLine:
    """`process …`: names of the columns, or their ids."""

    line: Line
    words: tuple[str, ...]


@attrs.frozen
class RateLine:
    """`rate …`: the expected events of each column, and the end of the head."""

    line: Line
    numbers: tuple[float, ...]


@attrs.frozen(kw_only=True)
class Row:
    """A nuisance with a cell for each column."""

    line: Line
    name: str
    nofloat: bool
    kind: str
    arguments: tuple[float, ...]
    """Numbers behind the kind, as gmN, unif and dFD have them."""
    cells: tuple[str, ...]
    first: int
    """Place of the first cell among the words of the line."""


@attrs.frozen(kw_only=True)
class RateParam:
    """`name rateParam channel process …`: a factor on columns."""

    line: Line
    name: str
    channel: str
    process: str
    words: tuple[str, ...]
    """Start and range, or formula and arguments, or a file."""

    @property
    def is_formula(self) -> bool:
        """True for a function of other parameters."""
        return len(self.words) > 1 and not self.has_range

    @property
    def is_file(self) -> bool:
        """True for an object of a workspace in a file."""
        return len(self.words) == 1 and ".root" in self.words[0] and ":" in self.words[0]

    @property
    def has_range(self) -> bool:
        """True if a range stands behind the start."""
        return len(self.words) > 1 and "[" in self.words[-1] and "]" in self.words[-1]

    @property
    def entry(self) -> tuple[str, ...]:
        """The words that define the parameter, with its range at the end, empty if there is none."""
        return self.words if len(self.words) > 1 else (*self.words, "")


@attrs.frozen(kw_only=True)
class Parameter:
    """`name param …`, `flatParam`, `extArg`, `discrete` or `constr`: a line about a parameter, without columns."""

    line: Line
    name: str
    nofloat: bool
    kind: str
    words: tuple[str, ...]
    """Words behind the kind."""


@attrs.frozen
class GroupLine:
    """`name group = members`, or `+=` for further members."""

    line: Line
    name: str
    is_addition: bool
    members: tuple[str, ...]


@attrs.frozen(kw_only=True)
class McStats:
    """`channel autoMCStats threshold include-signal hist-mode`."""

    line: Line
    channel: str
    threshold: float
    include_signal: bool
    hist_mode: int


@attrs.frozen
class EditLine:
    """`nuisance edit verb …`: a change of the rows above."""

    line: Line
    verb: str
    words: tuple[str, ...]
    """Words behind the verb."""


HeadView: TypeAlias = Counts | ShapesLine | BinLine | ObservationLine | ProcessLine | RateLine
BodyView: TypeAlias = Row | RateParam | Parameter | GroupLine | McStats | EditLine
View: TypeAlias = HeadView | BodyView
