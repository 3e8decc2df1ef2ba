"""Sections of the card's text as methods: scripts override them to add lines, as in PocketCoffea."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from datacard_core.card.built import BuiltCard
from datacard_core.card.written_lines import with_lines
from datacard_core.errors import DeclarationError
from datacard_core.output import sections
from datacard_core.output.channel_files import ChannelFiles
from datacard_core.output.formats import Formats

if TYPE_CHECKING:
    from datacard_core.model.channel import Channel

COMBINE = "combine"
"""The card writer whose text has these sections."""

SERIALIZER = "root"
"""The template serializer of PocketCoffea's cards."""

_GAP = 4
"""Blanks behind the longest word of a column, as in PocketCoffea."""


class Sections(BuiltCard):
    """A card whose text is made of sections, each the text of a method that a subclass may override.

    `super().rate_parameters_section()` returns the lines that the card has; the override's text takes their place, and
    the channel changes with it.
    """

    linesep = "\n"
    """End of a line, for sections of a script's own."""
    sectionsep = "-" * 80
    """Line between two sections, which Combine skips."""
    number_width = 10

    @cached_property
    def adjust_first_column(self) -> int:
        """Width of the names and types of the rows, for sections of a script's own."""
        rows = [f"{systematic.datacard_name} {systematic.typ}" for systematic in self.systematics.values()]
        return max(map(len, ["process", *rows])) + _GAP

    @cached_property
    def adjust_syst_colum(self) -> int:
        """Width of the names of nuisances and free parameters, for sections of a script's own."""
        # With the parameters and a blank, because scripts put the next word directly behind the padded name.
        parameters = [f"SF_{process}" for process in self.mc_processes]
        return max(map(len, [*self.systematics, *parameters])) + 1

    @cached_property
    def adjust_columns(self) -> int:
        """Width of the cells, for sections of a script's own."""
        return max(map(len, [self.bin, *self.process_id])) + _GAP

    @property
    def channel(self) -> Channel:
        """The finished model of the card, with the lines of a subclass."""
        if not any(map(self._is_overridden, sections.BODY)):
            return self._built
        return self._with_lines

    @cached_property
    def _with_lines(self) -> Channel:
        return with_lines(self._built, self._body())

    def preamble(self) -> str:
        """Return the lines with the numbers of channels, processes and nuisances, and the comments before them."""
        return self._own(self.channel)[sections.PREAMBLE]

    def shape_section(self, shapes_name: str) -> str:
        """Return the line that names the file of the templates."""
        return self._own(self._built, shapes_name)[sections.SHAPES]

    def observation_section(self) -> str:
        """Return the lines of the bin and its observation."""
        return self._unchanged[sections.OBSERVATION]

    def expectation_section(self) -> str:
        """Return the lines of bins, processes, their ids and rates."""
        return self._unchanged[sections.EXPECTATION]

    def systematics_section(self) -> str:
        """Return the rows of the nuisances, and lines of declared systematics that are no rows."""
        return self._unchanged[sections.SYSTEMATICS]

    def rate_parameters_section(self) -> str:
        """Return the rateParam lines."""
        return self._unchanged[sections.RATE_PARAMETERS]

    def mcstat_section(self) -> str:
        """Return the autoMCStats line."""
        return self._unchanged[sections.MC_STATISTICS]

    @cached_property
    def _unchanged(self) -> dict[str, str]:
        """Sections of the card without the lines of a subclass; none of them but the shapes names a file."""
        return self._own(self._built)

    @property
    def own_text(self) -> tuple[str, ...]:
        """Methods by which a subclass writes text of the card itself."""
        return tuple(name for name in (*sections.HEAD, *sections.BODY) if self._is_overridden(name))

    def _body(self) -> dict[str, str]:
        # PocketCoffea asks for the last section only if the card has the line.
        names = sections.BODY if self.mcstat else sections.BODY[:-1]
        return {name: self._text_of(name) for name in names}

    def _text_of(self, name: str, *arguments: str) -> str:
        text: object = getattr(self, name)(*arguments)
        if not isinstance(text, str):
            raise DeclarationError(
                f"card {self.bin!r}: {type(self).__name__}.{name} returned {text!r:.80}, expected the lines as one text"
            )
        return text

    def _composed(self, shapes_name: str) -> str:
        """Return the text of the card, section by section.

        Raises:
            DeclarationError: a section of a subclass has lines that Combine would refuse, or that contradict the card.
        """
        body = self._body()
        # The lines may have changed since they were read: text and channel agree.
        channel = vars(self)["_with_lines"] = with_lines(self._built, body)
        head = {
            name: self._text_of(name, *([shapes_name] if name == sections.SHAPES else [])) for name in sections.HEAD
        }
        text = sections.joined({**head, **body})
        self._check_head(sections.divided(text), channel, shapes_name)
        return text

    def _read(self, text: str, shapes_name: str) -> Channel:
        """Return the channel that a text of the card stands for.

        Raises:
            DeclarationError: Combine would refuse a line, or it contradicts the card.
        """
        written = sections.divided(text)
        channel = with_lines(self._built, {name: written[name] for name in sections.BODY})
        self._check_head(written, channel, shapes_name)
        return channel

    def _check_head(self, written: dict[str, str], channel: Channel, shapes_name: str) -> None:
        if problems := list(sections.head_problems(written, self._own(channel, shapes_name))):
            raise DeclarationError(f"card {self.bin!r}, {problem}" for problem in problems)

    def _own(self, channel: Channel, shapes_name: str = "shapes.root") -> dict[str, str]:
        """Return the sections of a channel as the card writer makes them."""
        files = ChannelFiles(channel, self.plugins, self._source)
        return sections.divided(files.text(shapes_name, Formats.of(self.plugins, COMBINE, SERIALIZER)))

    def _is_overridden(self, name: str) -> bool:
        return getattr(type(self), name) is not _ORIGINAL[name]


# Kept from the class as it is defined here: a script may replace a method of the class itself.
_ORIGINAL = {name: vars(Sections)[name] for name in (*sections.HEAD, *sections.BODY)}
