"""Templates of a card, read from its files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_combine.syntax.faults import mistaken
from datacard_core import InputError, grammar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from datacard_combine.arrays.places import Place
    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.lines import Line
    from datacard_core import Axis, StoredTemplates, TemplateFile


@attrs.frozen(eq=False, kw_only=True)
class Found:
    """A template among those of a file."""

    block: StoredTemplates
    row: int
    axis: Axis
    """Axis of the block, the same object for all templates with equal edges."""
    integral: float
    is_finite: bool


@attrs.frozen(eq=False, kw_only=True)
class Library:
    """All templates of a card."""

    found: Mapping[tuple[str, str, str], Found]
    """Templates by channel, process and systematic, which is empty for nominal ones."""
    others: Mapping[tuple[str, str], str]
    """Class of each object that is no template, by file and name."""
    missing: frozenset[str]
    """Files that cannot be read."""
    folder: Path
    """Directory of the card, to which the paths of files are relative."""
    spare: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    """Names of histograms that the card does not use, by file."""

    def source(self, word: str) -> str:
        """Return the place of a parameter in a file, `file.root:workspace`, with an absolute path."""
        file, _, name = word.partition(":")
        return f"{(self.folder / file).absolute()}:{name}"


def read(
    wanted: Iterable[Place], folder: Path, reader: Callable[[Path, Collection[str]], TemplateFile]
) -> Reading[Library]:
    """Read the templates at places, each file once.

    Args:
        wanted: the places.
        folder: directory of the card, to which the paths of files are relative.
        reader: function that reads templates of a file by name.
    """
    by_file: dict[str, dict[str, list[Place]]] = {}
    for place in wanted:
        by_file.setdefault(place.file, {}).setdefault(place.name, []).append(place)
    found: dict[tuple[str, str, str], Found] = {}
    axes: dict[bytes, Axis] = {}
    others: dict[tuple[str, str], str] = {}
    missing = set()
    spare = {}
    for file, names in by_file.items():
        # A file of columns of rate 0 alone may be missing, as Combine does not open it.
        first = next((place for named in names.values() for place in named if place.is_needed), None)
        if first and (keywords := first.unknown):
            message = f"{keywords[0]} has no value in the file {file!r}; {_KNOWN}"
            yield mistaken("shape.keyword", message, first.line.line)
        try:
            content = reader(folder / file, list(names))
        except InputError as error:
            missing.add(file)
            if first:
                yield mistaken("shape.no-file", str(error), first.line.line)
            continue
        for block in content.stored:
            for name, template in zip(block.names, _each(block, axes), strict=True):
                found |= {(place.channel, place.process, place.systematic): template for place in names[name]}
        others |= {(file, name): of for name, of in content.others.items()}
        spare[file] = content.spare
    return Library(found=found, others=others, missing=frozenset(missing), folder=folder, spare=spare)


def _each(block: StoredTemplates, axes: dict[bytes, Axis]) -> Iterator[Found]:
    """Yield the templates of a block."""
    values = block.templates.values
    # One object for equal edges, so that later comparisons are those of identity and not of numbers.
    axis = axes.setdefault(block.axis.edges.tobytes(), block.axis)
    # For all at once: a call for each template takes longer than reading it.
    integrals: list[float] = block.templates.norms.tolist()
    are_finite: list[bool] = np.all(np.isfinite(values), axis=1).tolist()
    for row, (integral, is_finite) in enumerate(zip(integrals, are_finite, strict=True)):
        yield Found(block=block, row=row, axis=axis, integral=integral, is_finite=is_finite)


def hash_faults(lines: Iterable[Line], folder: Path) -> Reading[None]:
    """Yield the files of templates that are not those that the card was written with."""
    for line in lines:
        if (named := grammar.stated_templates(line.text)) is None:
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
