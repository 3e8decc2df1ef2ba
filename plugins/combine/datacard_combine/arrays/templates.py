"""Templates of a card, read from its files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import attrs

from datacard_combine.syntax.faults import mistaken
from datacard_core import InputError, grammar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from datacard_combine.arrays.places import Place
    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.lines import Line
    from datacard_core import StoredTemplates, TemplateFile


@attrs.frozen(eq=False)
class Found:
    """Position of a template among those of a file."""

    block: StoredTemplates
    row: int


@attrs.frozen(eq=False)
class Library:
    """All templates of a card, by file and name."""

    by_name: Mapping[tuple[str, str], Found]
    others: Mapping[tuple[str, str], str]
    """Class of each object that is no template."""
    missing: frozenset[str]
    """Files that cannot be read."""

    def at(self, place: Place | None) -> Found | None:
        """Return the template at a place, or None."""
        return None if place is None else self.by_name.get((place.file, place.name))


def read(
    wanted: Iterable[Place], folder: Path, reader: Callable[[Path, Collection[str]], TemplateFile]
) -> Reading[Library]:
    """Read the templates at places, each file once.

    Args:
        wanted: the places.
        folder: directory of the card, to which the paths of files are relative.
        reader: function that reads templates of a file by name.
    """
    by_file: dict[str, dict[str, Place]] = {}
    for place in wanted:
        by_file.setdefault(place.file, {}).setdefault(place.name, place)
    found: dict[tuple[str, str], Found] = {}
    others: dict[tuple[str, str], str] = {}
    missing = set()
    for file, names in by_file.items():
        first = next(iter(names.values()))
        if keywords := first.unknown:
            message = f"{keywords[0]} has no value in the file {file!r}; {_KNOWN}"
            yield mistaken("shape.keyword", message, first.line.line)
        try:
            content = reader(folder / file, list(names))
        except InputError as error:
            missing.add(file)
            yield mistaken("shape.no-file", str(error), first.line.line)
            continue
        for block in content.stored:
            found |= {(file, name): Found(block, row) for row, name in enumerate(block.names)}
        others |= {(file, name): of for name, of in content.others.items()}
    return Library(found, others, frozenset(missing))


def hash_faults(lines: Iterable[Line], folder: Path) -> Reading[None]:
    """Yield the files of templates that are not those that the card was written with."""
    for line in lines:
        if (named := grammar.templates_of(line.text)) is None:
            continue
        name, expected = named
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            # The text can be read without its templates; a model tells of a missing file.
            continue
        if found != expected:
            message = (
                f"{name!r} is not the file that the card was written with: its SHA-256 begins with {found[:12]}, and "
                f"that in the card with {expected[:12]}; write both again, or remove the line if you have changed the "
                "templates yourself"
            )
            yield mistaken("shape.other-run", message, line)


_KNOWN = f"give it with keywords={{…}}, or write {', '.join(grammar.KEYWORDS)}"
