"""The base of all tables: rows for people, records for programs, and documents of both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.documents import formats
from datacard_core.documents.records import finding_record
from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from datacard_core.documents.formats import Entry
    from datacard_core.findings import Finding


@public
class Table(ABC):
    """A table of a card: rounded numbers and few rows for people, a full record for each cell for programs.

    `markdown()`, `latex()` and HTML in a notebook are for people; `csv()` and `json()` have the records.
    """

    @property
    @abstractmethod
    def title(self) -> str:
        """Word for the table, as the command takes it."""

    @property
    @abstractmethod
    def heads(self) -> tuple[str, ...]:
        """Texts above the columns."""

    @property
    @abstractmethod
    def keys(self) -> int:
        """Number of columns with names, which come first; columns with values follow."""

    @property
    @abstractmethod
    def lines(self) -> Sequence[Sequence[Entry]]:
        """Rows for people."""

    @property
    @abstractmethod
    def records(self) -> Sequence[Mapping[str, Any]]:
        """A record for each cell, with the names of `fields`; a list for `pandas.DataFrame`, for example."""

    @property
    @abstractmethod
    def fields(self) -> tuple[str, ...]:
        """Names in each record."""

    @property
    def note(self) -> str:
        """A sentence on units, and on content that the numbers leave out."""
        return ""

    @property
    def findings(self) -> Sequence[Finding]:
        """Peculiarities."""
        return ()

    @property
    def repeats(self) -> bool:
        """True if first entries that repeat are shown in HTML, so that each row can stand alone."""
        return False

    @property
    def breaks(self) -> Collection[int]:
        """Positions of rows that stand below a rule."""
        return ()

    def document(self, form: str) -> str:
        """Return the table in one of the `FORMS`."""
        makers: Mapping[str, Callable[[], str]] = {
            "markdown": self.markdown,
            "latex": self.latex,
            "html": self.html,
            "csv": self.csv,
            "json": self.json,
        }
        return makers[form]()

    def csv(self) -> str:
        """Return a line for each record, below a line with the names of the fields."""
        return formats.csv(self.fields, self.records)

    def json(self) -> str:
        """Return the records and the findings as a JSON document."""
        return formats.json(self.records, map(finding_record, self.findings))

    def latex(self) -> str:
        """Return the rows as a table of LaTeX with the rules of `booktabs`."""
        return formats.latex(self.heads, self.keys, self.lines, self.breaks)

    def markdown(self) -> str:
        """Return the rows as a table of Markdown, with aligned columns."""
        return formats.markdown(self.heads, self.keys, self.lines)

    def html(self, most: int | None = None) -> str:
        """Return the rows, or the first of them, as a table of HTML; names from files are escaped."""
        title, heads, rows = self.title, self.heads, self.lines
        return formats.html(title, heads, rows, keys=self.keys, note=self.note, most=most, repeats=self.repeats)

    def _repr_html_(self) -> str:
        return self.html(formats.MOST_ROWS)

    def __str__(self) -> str:
        return self.markdown()


@public
@attrs.frozen(eq=False, kw_only=True)
class PlainTable(Table):
    """A table that was made at once."""

    title: str
    heads: tuple[str, ...]
    keys: int
    lines: Sequence[Sequence[Entry]]
    fields: tuple[str, ...]
    records: Sequence[Mapping[str, Any]]
    note: str = ""
    repeats: bool = False
    breaks: Collection[int] = ()

    def __repr__(self) -> str:
        return f"<{self.title}: {len(self.lines)} rows, {len(self.records)} records>"


FORMS = ("markdown", "latex", "html", "csv", "json")
"""Forms of documents."""
