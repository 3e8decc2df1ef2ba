"""The card reader `combine`: cards in Combine's language, with their text, their lines and their content."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

import attrs

from datacard_combine.arrays.assembly import model_of, outline_of
from datacard_combine.arrays.faults import file_faults, mass_fault
from datacard_combine.arrays.places import Naming, has_mass, places
from datacard_combine.arrays.spare import spare_faults
from datacard_combine.arrays.templates import hash_faults, read
from datacard_combine.codes import CODES
from datacard_combine.editing.carrying import carried_out, with_changes
from datacard_combine.editing.lines.tree import Tree
from datacard_combine.editing.templates.bundling import bundled, files_of
from datacard_combine.editing.templates.files import Moved
from datacard_combine.meaning.card import content_of, views_of
from datacard_combine.meaning.cells import cells_of
from datacard_combine.meaning.shapes import ShapesLines
from datacard_combine.rules.card import faults_of
from datacard_combine.syntax.faults import collected, in_order, refused
from datacard_combine.syntax.lines import joined, split
from datacard_core import CardError, CardFile, CardReader, InputError, ReadCard, Severity, grammar, is_finite_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from datacard_combine.meaning.content import Content
    from datacard_combine.syntax.faults import Fault
    from datacard_combine.syntax.lines import Line
    from datacard_combine.syntax.views import View
    from datacard_core import CardEdit, Cell, Finding, LinkedFile, Model

_NONE: Mapping[str, str] = MappingProxyType({})
_HARMLESS = frozenset({"shape.rate-zero"})
"""Codes of errors of the analyst that leave the model as Combine has it."""
_SURROGATE = re.compile("[\udc80-\udcff]")


class CombineCard(ReadCard):
    """A card in Combine's language.

    `lines` are its lines as they stand in the file, `views` the meaning of each line by itself, and `content` is what
    Combine makes of all of them together.
    """

    def __init__(self, file: CardFile, moved: Moved | None = None) -> None:
        self.path, self._moved = file.path, moved
        self._lenient, self._templates = file.lenient, file.templates
        # Bytes that are no UTF-8 stay what they are, so that the text can be written back.
        self.lines: tuple[Line, ...] = split(file.content.decode("utf-8", "surrogateescape"))
        faults = [*_undecoded(self.lines), *hash_faults(self.lines, self.path.parent)]
        self.views: tuple[View, ...]
        self.content: Content
        self.views, found = collected(views_of(self.lines))
        faults += found
        self.content, found = collected(content_of(self.views))
        faults += found
        if all(fault.is_taken for fault in faults):
            # Rules on a card that Combine cannot read would repeat its faults in other words.
            faults += faults_of(self.views, self.content)
        self.findings: Sequence[Finding] = [
            fault.finding(self.path.name, lenient=file.lenient) for fault in in_order(_without_doubts(faults))
        ]

    @property
    def text(self) -> str:
        """The text of the card, byte for byte as it was read."""
        return joined(self.lines)

    @property
    def blindness(self) -> dict[str, grammar.Blindness]:
        """Blind bins by channel, as comments mark them."""
        return dict(filter(None, (grammar.stated_blindness(line.text) for line in self.lines)))

    def model(self, *, mass: float | None = None, keywords: Mapping[str, str] = _NONE) -> Model:
        """Return the channels with their templates, and what they share.

        Args:
            mass: value of `$MASS` in the `shapes` lines.
            keywords: values of further keywords, such as those that Combine takes from `--keyword-value`.

        Raises:
            CardError: templates are missing, do not fit, or cannot become arrays; all errors together.
            InputError: a keyword is one that Combine has itself.
            MissingProviderError: no selected plugin reads such files.
        """
        if mass is not None and not is_finite_number(mass):
            raise InputError(f"mass is a {type(mass).__name__}, expected a finite number")
        if own := [word for word in keywords if f"${word}" in grammar.KEYWORDS]:
            raise InputError(f"keywords={{{own[0]!r}: …}}: ${own[0]} has a value already; give the mass as mass=…")
        lines = ShapesLines(self.content.head.shapes)
        naming = Naming(lines=lines, mass=mass or 0, keywords=keywords)
        faults = list(mass_fault(is_given=mass is not None, has_mass=has_mass(self.content)))
        # Once more, as the files may have been written again since the card was read.
        faults += [*file_faults(self.content, self.path.parent), *hash_faults(self.lines, self.path.parent)]
        templates = self._templates
        if self._moved is not None:
            templates = self._moved.reader(self.path.parent, templates, {"MASS": naming.mass_text, **keywords})
        library, found = collected(read(places(self.content, naming), self.path.parent, templates))
        faults += found
        model, found = collected(model_of(self.content, library, naming))
        faults += [*found, *spare_faults(self.content, library, naming)]
        # Faults that Combine's parser takes are errors where they leave no model.
        lenient = self._lenient and model is not None
        told = [fault.finding(self.path.name, lenient=lenient) for fault in in_order(faults)]
        errors = [one for one in told if one.severity is Severity.ERROR and one.code not in _HARMLESS]
        if model is not None:
            channels = tuple(attrs.evolve(one, blindness=self.blindness.get(one.bin)) for one in model.channels)
            findings = tuple(dict.fromkeys([*self.findings, *told]))
            model = attrs.evolve(model, channels=channels, findings=findings)
        if model is None or errors:
            # A mass that was not given is the likely cause of missing templates.
            failure = CardError([*errors, *(one for one in told if one.code == "shape.mass")])
            failure.model = model
            raise failure
        return model

    def outline(self) -> Model:
        """Return the channels with their rates and rows alone, and what they share.

        Raises:
            CardError: the card has errors.
        """
        naming = Naming(lines=ShapesLines(self.content.head.shapes), mass=0, keywords={})
        model, faults = collected(outline_of(self.content, naming, self.path.parent))
        told = [fault.finding(self.path.name, lenient=self._lenient) for fault in in_order(faults)]
        if model is None:
            raise CardError(told)
        # The one bin of a channel holds the counts of all, so that it is blind if any of them is.
        blindness = {name: attrs.evolve(one, bins=None) for name, one in self.blindness.items()}
        channels = tuple(attrs.evolve(one, blindness=blindness.get(one.bin)) for one in model.channels)
        return attrs.evolve(model, channels=channels, findings=tuple(dict.fromkeys([*self.findings, *told])))

    def cells(self) -> Iterable[Cell]:
        """Return the effects of parameters on columns as the text has them, without templates."""
        return cells_of(self.content)

    def edited(self, *edits: CardEdit) -> CombineCard:
        """Return the card with edits, as `ReadCard.edited` says."""
        tree, moved = carried_out(self._tree(), self._moved or Moved(), edits)
        file = CardFile(
            path=self.path,
            content=joined(tree.lines).encode("utf-8", "surrogateescape"),
            lenient=self._lenient,
            templates=self._templates,
        )
        made = CombineCard(file, moved)
        before = {finding.code for finding in self.findings if finding.severity is Severity.ERROR}
        if new := [one for one in made.findings if one.severity is Severity.ERROR and one.code not in before]:
            raise CardError(new)
        return made

    def names(self, what: str) -> Sequence[str]:
        """Return all names of a kind, as `ReadCard.names` says."""
        return self._tree().known(what)

    def bundled(self) -> tuple[str, Sequence[LinkedFile]]:
        """Return the text of the card with paths below its directory, and the files, as `ReadCard.bundled` says."""
        tree = self._tree()
        new = with_changes(tree, bundled(tree))
        moved = self._moved or Moved()
        return joined(new.lines), files_of(tree, moved.after(self.content, new.content, is_renamed=True), self.path)

    def _tree(self) -> Tree:
        return Tree(file=self.path.name, lines=self.lines, views=self.views, content=self.content)

    def content_for_joining(self) -> Content:
        """Return the content with `nuisance edit` lines kept and not carried out, as `combineCards.py` has it."""
        return collected(content_of(self.views, keep_edits=True))[0]

    def __repr__(self) -> str:
        head = self.content.head
        rows = len(self.content.rows)
        return (
            f"<CombineCard {self.path.name!r}: {len(head.channels)} channels, {len(head.columns)} columns, {rows} rows>"
        )


class CombineReader(CardReader):
    """Reader of Combine's cards."""

    name: ClassVar[str] = "combine"
    codes: ClassVar[Mapping[str, str]] = CODES

    def read(self, file: CardFile) -> CombineCard:
        """Return the card with its findings."""
        return CombineCard(file)


def _without_doubts(faults: Sequence[Fault]) -> list[Fault]:
    """Return faults without those that are no errors on a line with an error: the error may be their cause."""
    wrong = {fault.line for fault in faults if fault.line and fault.severity is Severity.ERROR}
    has_rates = not any(fault.code == "block.no-rate" for fault in faults)
    return [
        fault
        for fault in faults
        if (fault.severity is Severity.ERROR or fault.line not in wrong)
        # Without rates, all nuisances are above them.
        and (has_rates or fault.code != "row.before-rate")
    ]


def _undecoded(lines: Iterable[Line]) -> Iterable[Fault]:
    for line in lines:
        if not line.text.isascii() and (strange := _SURROGATE.search(line.text)):
            byte = ord(strange.group()) - 0xDC00
            message = f"the byte {byte:#x} is no UTF-8, which Combine cannot read: save the card as UTF-8"
            yield refused("text.encoding", message, line)
