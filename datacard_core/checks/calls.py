"""Calls of the checks of plugins: on a channel when it is built, and on models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.codes import CODES
from datacard_core.errors import InputError
from datacard_core.findings import Severity
from datacard_core.hookspecs import Check
from datacard_core.names import listing, plain
from datacard_core.plugins.calling import findings_of, inherits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.findings import Finding
    from datacard_core.model.channel import Channel
    from datacard_core.model.model import Model
    from datacard_core.plugins.manager import Plugins


def channel_findings(plugins: Plugins, channel: Channel) -> Iterator[Finding]:
    """Yield the findings of all checks about a channel, without its name."""
    # A copy, so that a check that sets attributes of its channel changes no card; one for all, as for a model.
    copied = attrs.evolve(channel)
    for name, provided in plugins.checks.items():
        if inherits(provided, Check, "run"):
            continue
        with provided.blamed(f"running check {name!r} on channel {channel.bin!r}") as check:
            found = findings_of(check.run(copied))
        yield from found


def model_findings(plugins: Plugins, model: Model, *, before_writing: bool = False) -> Iterator[Finding]:
    """Yield the findings of all checks about a model as a whole.

    Args:
        plugins: the selected plugins.
        model: the model.
        before_writing: ask the checks alone that stop the writing of files.
    """
    # One copy for all checks: arrays that a channel works out once are then worked out for all of them.
    copied = attrs.evolve(model, channels=tuple(map(attrs.evolve, model.channels)))
    for name, provided in plugins.checks.items():
        if inherits(provided, Check, "examine") or (before_writing and inherits(provided, Check, "before_writing")):
            continue
        with provided.blamed(f"running check {name!r} on {_channels(model)}") as check:
            found = [] if before_writing and not check.before_writing else findings_of(check.examine(copied))
        yield from found


def meanings(plugins: Plugins) -> dict[str, str]:
    """Return a sentence about each code of the core, and of the selected kinds, checks and card readers."""
    found = {name: code.meaning for name, code in CODES.items()}
    for family in (plugins.kinds, plugins.checks, plugins.readers):
        for name, provided in family.items():
            with provided.blamed(f"asking {name!r} for its codes") as made:
                found |= {plain(code): plain(meaning) for code, meaning in made.codes.items()}
    return found


def refuse_faulty(plugins: Plugins, model: Model) -> None:
    """Run the checks that stop the writing of files.

    Raises:
        InputError: they found errors; all of them.
    """
    found = model_findings(plugins, model, before_writing=True)
    if errors := [str(finding) for finding in found if finding.severity is Severity.ERROR]:
        failure = InputError(errors)
        # As a note, because the errors themselves are about the card and not about the call.
        failure.add_note("no file was written; checks=False writes files in spite of errors that checks find")
        raise failure


def _channels(model: Model) -> str:
    return f"channels {listing((repr(channel.bin) for channel in model.channels), 3)}"
