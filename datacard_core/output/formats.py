"""Formats of a card and of its templates: the attributes of their writer and serializer that decide on files."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs

from datacard_core.arguments import scalar
from datacard_core.grammar import NOMINAL_TEMPLATE, VARIED_TEMPLATE
from datacard_core.hookspecs import CardWriter

if TYPE_CHECKING:
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
    joins_channels: bool
    """True if the writer may write one card of all channels."""
    has_losses: bool
    """True if the writer may leave out or change statements of a card, and tells them."""

    @classmethod
    def of(cls, plugins: Plugins, writer: str, serializer: str) -> Formats:
        """Return the formats of a writer and a serializer.

        Raises:
            MissingProviderError: no selected plugin has that writer.
        """
        serializer = cast("str", scalar(serializer))
        provided = plugins.writer(writer)
        with provided.blamed("naming its files") as its:
            needs_templates, is_combine = its.needs_templates, its.is_combine
            joins_channels = getattr(its.render_all, "__func__", None) is not CardWriter.render_all
            has_losses = getattr(its.losses, "__func__", None) is not CardWriter.losses
        suffix, patterns = ".root", (NOMINAL_TEMPLATE, VARIED_TEMPLATE)
        if needs_templates and serializer in plugins.serializers:
            of_templates = plugins.serializer(serializer)
            suffix = of_templates.suffix
            with of_templates.blamed("naming its files") as its_serializer:
                nominal, varied = its_serializer.patterns
                patterns = nominal, varied
        return cls(
            writer=provided,
            serializer=serializer if needs_templates else "",
            card_suffix=provided.suffix,
            shapes_suffix=suffix,
            patterns=patterns,
            is_combine=is_combine,
            joins_channels=joins_channels,
            has_losses=has_losses,
        )

    @property
    def needs_templates(self) -> bool:
        """True if cards refer to files of templates."""
        return bool(self.serializer)
