"""Formats of a card and of its templates: the attributes of their writer and serializer that decide on files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.grammar import NOMINAL_TEMPLATE, VARIED_TEMPLATE

if TYPE_CHECKING:
    from datacard_core.hookspecs import CardWriter
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins


@attrs.frozen(eq=False, kw_only=True)
class Formats:
    """A card writer and a template serializer, and the files that they make."""

    writer: Provided[CardWriter]
    serializer: str
    """Name of the serializer, selected or not; empty if the writer needs no templates."""
    card_suffix: str
    shapes_suffix: str
    patterns: tuple[str, ...]
    """Places of nominal and varied templates in a file, as a card's `shapes` line names them."""
    is_combine: bool
    """True if the writer writes cards that combineCards.py can join."""

    @classmethod
    def of(cls, plugins: Plugins, writer: str, serializer: str) -> Formats:
        """Return the formats of a writer and a serializer.

        Raises:
            MissingProviderError: no selected plugin has that writer.
        """
        provided = plugins.writer(writer)
        with provided.blamed("naming its files") as its:
            card_suffix, needs_templates, is_combine = its.suffix, its.needs_templates, its.is_combine
        suffix, patterns = ".root", (NOMINAL_TEMPLATE, VARIED_TEMPLATE)
        if needs_templates and serializer in plugins.serializers:
            with plugins.serializer(serializer).blamed("naming its files") as of_templates:
                suffix, (nominal, varied) = of_templates.suffix, of_templates.patterns
                patterns = nominal, varied
        return cls(
            writer=provided,
            serializer=serializer if needs_templates else "",
            card_suffix=card_suffix,
            shapes_suffix=suffix,
            patterns=patterns,
            is_combine=is_combine,
        )

    @property
    def needs_templates(self) -> bool:
        """True if cards refer to files of templates."""
        return bool(self.serializer)
