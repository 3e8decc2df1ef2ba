"""Losses of card writers: statements of a model that a format has not, or has in another form."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from datacard_core.findings import report
from datacard_core.output.renderings import losses_of

if TYPE_CHECKING:
    from datacard_core.findings import Finding
    from datacard_core.hookspecs import ModelContext
    from datacard_core.output.formats import Formats
    from datacard_core.output.staging import Staging


def stage_losses(stage: Staging, card_name: str, card: ModelContext, formats: Formats) -> tuple[Finding, ...]:
    """Write the losses of a card to a file beside it, such as `model_losses.txt`, if there are any.

    Returns:
        The losses.

    Raises:
        PluginCallError: the writer failed, or did not return findings.
    """
    # Most writers lose nothing: theirs are not asked, so that no context of all channels is made for them.
    losses = losses_of(formats.writer, card) if formats.has_losses else ()
    if losses:
        # Before the card, which appears last: a card without the file beside it has no losses.
        path = PurePath(card_name)
        stage.text(str(path.with_name(f"{path.stem}_losses.txt")), report(losses, most=len(losses)) + "\n")
    return losses
