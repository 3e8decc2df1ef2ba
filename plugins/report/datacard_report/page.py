"""The page of a report: sections below each other, with styles and a script of its own."""

from __future__ import annotations

import hashlib
import html
from base64 import b64encode
from importlib import resources
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacard_core import Picture

# Nothing is loaded, and no script runs but ours: a name that became a tag in spite of all could do nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{}'"


@attrs.frozen
class Section:
    """A part of the page."""

    name: str
    """Anchor of the section, a word."""
    title: str
    body: str
    """HTML, in which texts from files are escaped."""


def escaped(text: object) -> str:
    """Return a text for HTML, with escapes in place of characters that are not shown."""
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in str(text))
    return html.escape(shown)


def scrolled(table: str) -> str:
    """Return a table that scrolls by itself where it is wider than the page."""
    return f'<div class="scrolled" tabindex="0">{table}</div>'


def filtered(table: str, label: str, choices: Sequence[str] = ()) -> str:
    """Return a table with a field that hides rows without the words in it, and boxes for the texts of first entries."""
    boxes = "".join(
        f'<label><input type="checkbox" value="{escaped(choice)}" checked> {escaped(choice)}</label>'
        for choice in choices
    )
    field = f'<input type="search" aria-label="{escaped(label)}" placeholder="{escaped(label)}">'
    return f'<div class="filter">{field}{boxes}<output></output>{scrolled(table)}</div>'


def folded(title: str, body: str) -> str:
    """Return a part that is closed at first: a picture in it is decoded when it is opened."""
    return f"<details><summary>{escaped(title)}</summary>{scrolled(body)}</details>"


def framed(drawing: Picture, text: str) -> str:
    """Return a drawing that is decoded when it is scrolled into view."""
    form = "svg+xml" if drawing.name.endswith(".svg") else "png"
    source = f"data:image/{form};base64,{b64encode(drawing.content).decode()}"
    # The size is that of the drawing: without it, all pictures would be in view at first.
    return f'<img loading="lazy" decoding="async" width="600" height="600" alt="{escaped(text)}" src="{source}">'


def page(title: str, sections: Iterable[Section]) -> str:
    """Return the page; equal content gives equal bytes."""
    sections = list(sections)
    style, script = (_file(name) for name in ("report.css", "report.js"))
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # Anchors are words of ours; only titles may hold other texts.
    links = "".join(f'<a href="#{section.name}">{escaped(section.title)}</a>' for section in sections)
    parts = "\n".join(
        f'<section id="{section.name}">\n<h2>{escaped(section.title)}</h2>\n{section.body}\n</section>'
        for section in sections
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(digest)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{escaped(title)}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{escaped(title)}</h1><nav>{links}</nav></header>
<main>
{parts}
</main>
<script>{script}</script>
</body>
</html>
"""


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
