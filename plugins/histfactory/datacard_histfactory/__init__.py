"""Likelihoods in other programs' formats: the card writers `pyhf` and `hs3`, which write HistFactory models.

HistFactory has most of what a card says. What it has not, or has in another form, is a loss with its size.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from datacard_core import CardWriter, ModelContext, hookimpl
from datacard_histfactory import directives, effects, hs3, pyhf
from datacard_histfactory.conversion import converted
from datacard_histfactory.parts import Modifier, Parameter, Region, Rendered, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from datacard_core import CardContext, Channel, Directive, Effect, Finding
    from datacard_histfactory.parts import HistFactory

__all__ = ["HS3Writer", "Modifier", "Parameter", "PyhfWriter", "Region", "Rendered", "Sample"]


class _HistFactoryWriter(CardWriter):
    """A format of HistFactory models in JSON, one file for all channels."""

    suffix: ClassVar[str] = ".json"
    needs_templates: ClassVar[bool] = False
    codes: ClassVar[Mapping[str, str]] = {
        "export.interpolation": "HistFactory interpolates a nuisance in another form than Combine; the expectations at "
        "0, -1 and +1 standard deviation are the same; a notice for small differences.",
        "export.density": "HistFactory has no such density of a parameter.",
        "export.left-out": "HistFactory has no such statement; a notice if it changes no expectation.",
        "export.statistics": "HistFactory's errors of bins are relative to the expectation, and need content; a notice "
        "for small differences.",
    }

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        """Return the functions that make modifiers of effects and directives; those of plugins return `Rendered`."""
        return effects.RENDERINGS | directives.RENDERINGS

    def render(self, card: CardContext) -> str:
        """Return the text of a model of one channel."""
        return self.render_model(ModelContext.of([card]))

    def render_all(self, cards: Sequence[CardContext]) -> str:
        """Return the text of a model of all channels."""
        return self.render_model(ModelContext.of(cards))

    def render_model(self, card: ModelContext) -> str:
        """Return the text of a model.

        Raises:
            DeclarationError: the format cannot express the model without a change of its expectations.
        """
        # A number that is not finite would be text that no other program reads as JSON.
        return json.dumps(self._document(converted(card).result), indent=1, allow_nan=False) + "\n"

    def losses(self, card: ModelContext) -> Iterable[Finding]:
        """Return what the text leaves out or says differently."""
        return converted(card).losses

    def _document(self, model: HistFactory) -> dict[str, Any]:
        raise NotImplementedError


class PyhfWriter(_HistFactoryWriter):
    """Workspaces of pyhf and cabinetry."""

    name: ClassVar[str] = "pyhf"

    def _document(self, model: HistFactory) -> dict[str, Any]:
        return pyhf.workspace(model)


class HS3Writer(_HistFactoryWriter):
    """Documents of the HEP Statistics Serialization Standard, as ROOT reads them."""

    name: ClassVar[str] = "hs3"

    def losses(self, card: ModelContext) -> Iterable[Finding]:
        """Return what the text leaves out or says differently."""
        found = converted(card)
        return (*found.losses, *hs3.losses(found.result))

    def _document(self, model: HistFactory) -> dict[str, Any]:
        return hs3.document(model)


@hookimpl
def datacard_card_writers() -> Iterable[CardWriter]:
    """Contribute the writers of HistFactory models."""
    return (PyhfWriter(), HS3Writer())
