"""The correlation table as documents: CSV, JSON and LaTeX."""

from __future__ import annotations

import csv as csv_format
import io
import json as json_format
import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacard_core.correlations.rows import Row
    from datacard_core.findings import Finding
    from datacard_core.model.cells import Cell

_FIELDS = ("nuisance", "keyword", "process", "year", "channel", "value", "is_signal")
"""Fields of a cell, in the order of the documents."""

_SPECIAL = re.compile(r"[\\&%$#_{}~^<>]")
_WORDS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def csv(cells: Iterable[Cell]) -> str:
    """Return a line for each cell, below a line with the names of the fields."""
    # The default of csv ends lines as Windows does.
    text = io.StringIO()
    writer = csv_format.writer(text, lineterminator="\n")
    writer.writerow(_FIELDS)
    writer.writerows([getattr(cell, field) for field in _FIELDS] for cell in cells)
    return text.getvalue()


def json(cells: Iterable[Cell], findings: Iterable[Finding]) -> str:
    """Return the cells and the findings."""
    document = {
        "cells": [{field: getattr(cell, field) for field in _FIELDS} for cell in cells],
        "findings": [{**attrs.asdict(finding), "severity": finding.severity.name.lower()} for finding in findings],
    }
    return json_format.dumps(document, indent=2) + "\n"


def latex(rows: Iterable[Row], channels: Sequence[str]) -> str:
    """Return a table with the rules of `booktabs`; names of parameters that repeat are left out."""
    lines = [
        rf"\begin{{tabular}}{{ll>{{\raggedright\arraybackslash}}p{{5cm}}{'r' * len(channels)}}}",
        r"\toprule",
        _line("Nuisance", "Kind", "Processes", *channels),
        r"\midrule",
    ]
    before = ""
    for row in rows:
        name = "" if row.nuisance == before else row.nuisance
        lines.append(_line(name, row.keyword, row.where, *(row.values.get(channel, "--") for channel in channels)))
        before = row.nuisance
    # The column of processes is as wide as a paragraph, for which `array` is needed.
    return "\n".join(["% needs \\usepackage{array,booktabs}", *lines, r"\bottomrule", r"\end{tabular}", ""])


def _line(*entries: str) -> str:
    return " & ".join(_SPECIAL.sub(_escaped, entry) for entry in entries) + r" \\"


def _escaped(found: re.Match[str]) -> str:
    return _WORDS.get(found.group(), f"\\{found.group()}")
