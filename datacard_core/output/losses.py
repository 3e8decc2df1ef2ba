"""Losses of card writers: statements of a model that a format has not, or has in another form.

The file with them stands beside the card, as that with the axes does, and both are there only if there is something to
tell.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from datacard_core.findings import report
from datacard_core.output.bins import axes
from datacard_core.output.renderings import losses_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.findings import Finding
    from datacard_core.hookspecs import ModelContext
    from datacard_core.output.formats import Formats
    from datacard_core.output.staging import Staging

ENDING = "_losses.txt"
"""End of the name of the file, behind the whole name of the card: a folder may have one model in several formats."""


def stage_losses(stage: Staging, card_name: str, card: ModelContext, formats: Formats) -> tuple[Finding, ...]:
    """Write the losses of a card to a file beside it, such as `model.json_losses.txt`, if there are any.

    Returns:
        The losses.

    Raises:
        PluginCallError: the writer failed, or did not return findings.
    """
    # Most writers lose nothing: theirs are not asked, so that no context of all channels is made for them.
    losses = losses_of(formats.writer, card) if formats.has_losses else ()
    if losses:
        # Before the card, which appears last: a card without the file beside it has no losses.
        stage.text(f"{PurePath(card_name)}{ENDING}", report(losses, most=len(losses)) + "\n")
    return losses


def replace_outdated(stage: Staging, card_names: Iterable[str]) -> None:
    """Replace the files beside cards, with losses and axes, that an earlier run has left and this one does not make.

    They would be read as if they told something about the new cards. Workers do not see them: this is called behind the
    last card, where the files appear.
    """
    for path in map(PurePath, card_names):
        empty = {
            str(path.with_name(f"{path.stem}{axes.ENDING}")): axes.axes_text({}),
            f"{path}{ENDING}": "no losses\n",
        }
        for name, text in empty.items():
            if name not in stage.names and (stage.directory / name).is_file():
                stage.text(name, text)
