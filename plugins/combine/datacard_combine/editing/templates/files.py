"""Templates of an edited card: where they come from, and under which names they are copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np

from datacard_combine.arrays.places import Naming, places
from datacard_combine.editing.templates.keywords import filled, marked, plain, values_of
from datacard_combine.meaning.shapes import ShapesLines
from datacard_core import DeclarationError, TemplateFile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from datacard_combine.meaning.content import Content
    from datacard_core import StoredTemplates

Place: TypeAlias = tuple[str, str]
"""File and object of a template, with marks around keywords."""


def places_of(content: Content) -> list[Place]:
    """Return the places of all templates, in an order that does not depend on names."""
    lines = content.head.shapes
    fields = [field for line in lines for field in line.fields]
    naming = Naming(lines=ShapesLines(lines), keywords=marked(fields))
    return [(place.file, place.name) for place in places(content, naming)]


@attrs.frozen(eq=False)
class Moved:
    """Templates by the places that the edited card gives them."""

    by_place: Mapping[Place, Place] = attrs.field(factory=dict)
    """Places in the files of the card that was read; a place that is not here is the same there."""

    def after(self, old: Content, new: Content, *, is_renamed: bool) -> Moved:
        """Return the places after an edit.

        Args:
            old: content before the edit.
            new: content after it.
            is_renamed: whether the edit has changed nothing but names.

        Raises:
            DeclarationError: two templates would have the same place.
        """
        found: dict[Place, Place] = {}
        wanted = places_of(new)
        for place, before in zip(wanted, places_of(old) if is_renamed else wanted, strict=True):
            first = self.by_place.get(before, before)
            if found.setdefault(place, first) != first:
                message = f"{found[place][1]!r} and {first[1]!r} would both be called {place[1]!r} in {place[0]!r}"
                raise DeclarationError(f"the templates {plain(message)}: choose other names")
        return Moved(found)

    def reader(
        self,
        folder: Path,
        reader: Callable[[Path, Collection[str]], TemplateFile],
        values: Mapping[str, str],
    ) -> Callable[[Path, Collection[str]], TemplateFile]:
        """Return a function that reads templates by their new places.

        Args:
            folder: directory of the card.
            reader: function that reads templates of a file by name.
            values: values of keywords.
        """
        by_place: dict[Place, Place] = {_plain(new, values): _plain(old, values) for new, old in self.by_place.items()}
        by_path = {folder / file: file for file, _ in by_place}

        def read(path: Path, names: Collection[str]) -> TemplateFile:
            file = by_path.get(path, "")
            wanted: dict[Path, dict[str, list[str]]] = {}
            for name in names:
                old_file, old = by_place.get((file, name), (str(path), name))
                wanted.setdefault(folder / old_file, {}).setdefault(old, []).append(name)
            stored: list[StoredTemplates] = []
            others: dict[str, str] = {}
            for source, new in wanted.items():
                found = reader(source, list(new))
                stored += [_with_names(block, new) for block in found.stored]
                others |= {name: of for old, of in found.others.items() for name in new[old]}
            return TemplateFile(tuple(stored), others)

        return read

    def copies(self, folder: Path) -> dict[tuple[Path, str], dict[str, list[str]]]:
        """Return the files that the card needs, by source and new path, with the new names of the templates used."""
        found: dict[tuple[Path, str], dict[str, list[str]]] = {}
        of_file: dict[str, list[tuple[str, dict[str, str]]]] = {}
        for (new_file, new), (old_file, old) in self.by_place.items():
            if old_file not in of_file:
                of_file[old_file] = list(_existing(folder, old_file))
            for path, values in of_file[old_file]:
                copy = found.setdefault((folder / path, filled(new_file, values)), {})
                copy.setdefault(filled(old, values), []).append(filled(new, values))
        return found


@attrs.frozen(eq=False)
class NewNames:
    """New names of the templates of a file that a card uses."""

    names: Mapping[str, Collection[str]]
    """New names by old ones, with marks around keywords."""

    @property
    def is_changed(self) -> bool:
        """True if a template has another name than before."""
        return any(list(dict.fromkeys(new)) != [old] for old, new in self.names.items())

    def __call__(self, present: Collection[str]) -> dict[str, list[str]]:
        """Return the new names of the objects of a file, without those that the card does not use."""
        found: dict[str, list[str]] = {}
        known = sorted(present)
        for old, new in self.names.items():
            for name, values in values_of(old, known):
                found.setdefault(name, []).extend(filled(one, values) for one in new)
        return found


def _existing(folder: Path, file: str) -> list[tuple[str, dict[str, str]]]:
    """Return the paths of the files that a path with keywords stands for, with the values of the keywords."""
    if plain(file) == file:
        return [(file, {})] if (folder / file).is_file() else []
    head, slash, last = file.rpartition("/")
    directory = folder / head
    names = sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []
    return [(head + slash + name, values) for name, values in values_of(last, names)]


def _plain(place: Place, values: Mapping[str, str]) -> Place:
    file, name = (plain(filled(text, values)) for text in place)
    return file, name


def _with_names(block: StoredTemplates, new: Mapping[str, list[str]]) -> StoredTemplates:
    rows = [(name, row) for row, old in enumerate(block.names) for name in new[old]]
    at = np.array([row for _, row in rows], dtype=int)
    names = tuple(name for name, _ in rows)
    return attrs.evolve(block, names=names, templates=block.templates[at], flow=block.flow[at])
