"""Rows of texts as CSV, JSON, LaTeX, Markdown and HTML."""

from __future__ import annotations

import csv as csv_format
import html as html_format
import io
import json as json_format
import re
from typing import TYPE_CHECKING, TypeAlias

from datacard_core.documents.numbers import Quantity
from datacard_core.errors import visible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

Entry: TypeAlias = str | Quantity
"""A cell of a table: text, which is escaped, or a yield with its uncertainties."""

_SPECIAL = re.compile(r"[\\&%$#_{}~^<>±]")
_WORDS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
}
_LISTS_BEHIND = 2
"""Number of columns with names behind which one with lists of names is a paragraph, for which `array` is needed."""
MOST_ROWS = 60
"""Largest number of rows that an object shows of itself in a notebook."""
_OF_MARKDOWN = re.compile(r"[\\`*\[\]<>|]")


class Label(str):
    """A name for display as Matplotlib takes it: LaTeX between dollars, and text."""

    __slots__ = ()


def line(entry: object) -> str:
    """Return an entry as one line, with escapes in place of what a terminal would obey."""
    return visible(str(entry)).replace("\n", "\\n")


def without_repeats(rows: Iterable[Sequence[Entry]]) -> Iterator[Sequence[Entry]]:
    """Yield rows with an empty first entry where the row before has the same."""
    before: Entry | None = None
    for row in rows:
        yield ("", *row[1:]) if row[0] == before else row
        before = row[0]


def csv(fields: Sequence[str], records: Iterable[Mapping[str, object]]) -> str:
    """Return a line for each record, below a line with the names of the fields."""
    # The default of csv ends lines as Windows does.
    text = io.StringIO()
    writer = csv_format.writer(text, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows([record[field] for field in fields] for record in records)
    return text.getvalue()


def json(records: Iterable[Mapping[str, object]], findings: Iterable[Mapping[str, object]]) -> str:
    """Return records and findings as a document of JSON."""
    return json_format.dumps({"cells": list(records), "findings": list(findings)}, indent=2, allow_nan=False) + "\n"


def latex(heads: Sequence[str], keys: int, rows: Sequence[Sequence[Entry]], breaks: Collection[int] = ()) -> str:
    """Return a table with the rules of `booktabs`; first entries that repeat are left out.

    Args:
        heads: texts above the columns.
        keys: number of columns with names, which stand at the left.
        rows: the entries.
        breaks: positions of rows that stand below a rule.
    """
    paragraph = r">{\raggedright\arraybackslash}p{5cm}" if keys > _LISTS_BEHIND else "l"
    spec = f"{'l' * (keys - 1)}{paragraph}{'r' * (len(heads) - keys)}"
    # Names of processes and channels in the other heads stay as they are.
    capitals = [head[:1].upper() + head[1:] for head in heads[:keys]]
    lines = [rf"\begin{{tabular}}{{{spec}}}", r"\toprule", _latex_line([*capitals, *heads[keys:]]), r"\midrule"]
    for position, row in enumerate(without_repeats(rows)):
        lines += [r"\midrule"] * (position in breaks)
        lines.append(_latex_line(row))
    return "\n".join(["% needs \\usepackage{array,booktabs}", *lines, r"\bottomrule", r"\end{tabular}", ""])


def _latex_line(entries: Iterable[Entry]) -> str:
    return " & ".join(map(_in_latex, entries)) + r" \\"


def _in_latex(entry: Entry) -> str:
    if isinstance(entry, Quantity):
        return entry.latex
    if entry == "-":
        return "--"
    pieces = line(entry).split("$") if isinstance(entry, Label) else [line(entry)]
    if not len(pieces) % 2:  # a single dollar begins no formula
        pieces = ["$".join(pieces)]
    return "$".join(piece if number % 2 else _SPECIAL.sub(_escaped, piece) for number, piece in enumerate(pieces))


def _escaped(found: re.Match[str]) -> str:
    return _WORDS.get(found.group(), f"\\{found.group()}")


def markdown(heads: Sequence[str], keys: int, rows: Iterable[Sequence[Entry]]) -> str:
    """Return a table of Markdown whose columns are aligned, so that it can be read as it is."""
    # Underscores within words need no escape, and names of nuisances are full of them.
    texts = [[_OF_MARKDOWN.sub(r"\\\g<0>", line(entry)) for entry in row] for row in (heads, *without_repeats(rows))]
    widths = [max(3, *map(len, column)) for column in zip(*texts, strict=True)]
    rules = ["-" * width if at < keys else "-" * (width - 1) + ":" for at, width in enumerate(widths)]
    return "".join(f"| {' | '.join(_padded(row, widths, keys))} |\n" for row in (texts[0], rules, *texts[1:]))


def _padded(row: Iterable[str], widths: Sequence[int], keys: int) -> Iterator[str]:
    for at, (text, width) in enumerate(zip(row, widths, strict=True)):
        yield text.ljust(width) if at < keys else text.rjust(width)


def escaped(text: object) -> str:
    """Return a text for HTML: a name from a file becomes no tag, and no attribute."""
    return html_format.escape(line(text))


def html(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Entry]],
    *,
    keys: int = 1,
    note: str = "",
    most: int | None = None,
    repeats: bool = False,
) -> str:
    """Return a table of HTML.

    Args:
        caption: the title.
        heads: texts above the columns.
        rows: the entries.
        keys: number of columns with names, which stand at the left.
        note: a sentence below the table.
        most: the number of rows to show, all if not given; a line tells the number of the rest.
        repeats: whether first entries that repeat are shown, so that each row can stand alone.
    """
    shown = rows if most is None else rows[:most]
    notes = [f"… and {len(rows) - len(shown)} more"] * (len(shown) < len(rows)) + [note] * bool(note)
    return "\n".join([
        "<table>",
        f"<caption>{escaped(caption)}</caption>",
        f"<thead>{_html_row(heads, keys, 'th')}</thead>",
        "<tbody>",
        *(_html_row(row, keys, "td") for row in (shown if repeats else without_repeats(shown))),
        "</tbody>",
        "</table>",
        *(f"<p>{escaped(text)}</p>" for text in notes),
    ])  # fmt: skip


def _html_row(row: Iterable[Entry], keys: int, tag: str) -> str:
    sides = ("left" if at < keys else "right" for at, _ in enumerate(row))
    cells = (
        f'<{tag} style="text-align:{side}">{escaped(entry)}</{tag}>' for side, entry in zip(sides, row, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"
