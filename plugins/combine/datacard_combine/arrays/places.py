"""Places of templates: file and object of each column, nominal and varied, as the `shapes` lines say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from datacard_combine.meaning.content import RowOfCard
from datacard_combine.syntax.faults import Affected
from datacard_core import DATA, DIRECTIONS, grammar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_combine.meaning.content import Content
    from datacard_combine.meaning.shapes import ShapesLines
    from datacard_combine.syntax.views import ShapesLine

_KEYWORD = re.compile(r"\$[A-Za-z_]\w*")


@attrs.frozen(kw_only=True)
class Place:
    """File and object of one template."""

    channel: str
    process: str
    systematic: str
    """Nuisance with its direction, empty for a nominal template."""
    file: str
    name: str
    line: ShapesLine
    is_needed: bool = True
    """False for a template that Combine does not look for."""

    @property
    def affected(self) -> Affected:
        """Names for findings."""
        return Affected(self.channel, self.process, self.systematic)

    @property
    def what(self) -> str:
        """The template in words."""
        variation = f" under {self.systematic!r}" if self.systematic else ""
        return f"process {self.process!r} in channel {self.channel!r}{variation}"

    @property
    def unknown(self) -> list[str]:
        """Keywords that have no value."""
        return _KEYWORD.findall(f"{self.file} {self.name}")


@attrs.frozen(kw_only=True)
class Naming:
    """Values of the keywords in `shapes` lines."""

    lines: ShapesLines
    mass: float = 0
    keywords: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def mass_text(self) -> str:
        """The mass as Combine writes it."""
        return f"{self.mass:.0f}" if self.mass % 1 == 0 else str(self.mass)

    def place(self, channel: str, process: str, systematic: str = "") -> Place | None:
        """Return the place of a template, or None in a channel without templates or without a pattern for it."""
        return next(self.places(channel, process, (systematic,)), None)

    def places(self, channel: str, process: str, systematics: Iterable[str]) -> Iterator[Place]:
        """Yield the places of the templates of a process under some systematics, without those that have no pattern."""
        line = self.lines.of(channel, process)
        if line is None or line.is_fake:
            return
        # In this order and anywhere in a word, as Combine does it.
        before = [field.replace("$PROCESS", process).replace("$CHANNEL", channel) for field in line.fields]
        later = {
            "$MASS": self.mass_text,
            **{f"${word}": value for word, value in self.keywords.items()},
        }
        for systematic in systematics:
            pattern = 2 if systematic else 1
            if len(before) > pattern:
                file, name = (before[at].replace("$SYSTEMATIC", systematic) for at in (0, pattern))
                # Few patterns have further keywords.
                if "$" in file or "$" in name:
                    for keyword, value in later.items():
                        file, name = file.replace(keyword, value), name.replace(keyword, value)
                yield Place(channel=channel, process=process, systematic=systematic, file=file, name=name, line=line)


def has_mass(content: Content) -> bool:
    """Return whether a `shapes` line has the keyword for the mass."""
    return any("$MASS" in field for line in content.head.shapes for field in line.fields)


def places(content: Content, naming: Naming) -> Iterator[Place]:
    """Yield the places of all templates that a card needs, or may have in a row whose kind ends in a question mark."""
    for channel in content.head.channels:
        if channel in content.head.observation:
            yield from naming.places(channel, DATA, [""])
    shapes = [row for row in content.rows if isinstance(row, RowOfCard) and row.kind.startswith(grammar.SHAPE)]
    for place, column in enumerate(content.head.columns):
        if content.rates[place] == 0:
            # Combine does not look for it; what stands there may be left out by mistake.
            for spare in naming.places(column.channel, column.process, [""]):
                yield attrs.evolve(spare, is_needed=False)
        else:
            names = [
                old_name(content, row.name, column.channel, column.process) for row in shapes if row.values[place] != 0
            ]
            varied = [f"{name}{end}" for name in dict.fromkeys(names) for end in DIRECTIONS]
            yield from naming.places(column.channel, column.process, ["", *varied])


def old_name(content: Content, name: str, channel: str, process: str) -> str:
    """Return the name of a nuisance in the file, which an edit of the card does not change."""
    return content.old_names.get((name, channel, process), name)
