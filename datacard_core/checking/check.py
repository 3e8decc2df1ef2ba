"""The check of cards: those that were built, those in files, and models."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import type_of
from datacard_core.checks.acceptance import acceptances, accepted
from datacard_core.checks.calls import channel_findings, model_findings
from datacard_core.conventions.check import chosen, name_findings, names_in
from datacard_core.correlations.accidents import accidents
from datacard_core.documents.findings import Findings
from datacard_core.errors import DeclarationError, InputError
from datacard_core.findings import CardError, Finding, Severity
from datacard_core.hookspecs import ReadCard
from datacard_core.inputs.paths import expanded
from datacard_core.model.cells import cells_of
from datacard_core.model.channel import Channel
from datacard_core.model.model import Model
from datacard_core.plugins.manager import Plugins, load_plugins
from datacard_core.reading import card_paths, parsed_card

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core.conventions.convention import Convention


def check(
    what: Any,
    *,
    accept: Any = (),
    plugins: Plugins | None = None,
    mass: float | None = None,
    conventions: Iterable[Convention | str] = (),
) -> Findings:
    """Return all that the selected plugins find about cards, with the findings of their building or reading.

    A card that Combine cannot read has the errors of its text alone, since the rest would follow from them.

    Args:
        what: a `Datacard`, `Cards`, a `Channel`, a `Model`, a card from `read_card`, the path of a card or of a
            directory of cards, or several of these.
        accept: findings that are accepted with a reason: reasons by code, or entries of `read_acceptances`.
        plugins: the selected plugins; those of a card that was built, else the built-in set, if not given.
        mass: value of `$MASS` in the `shapes` lines of cards in files.
        conventions: conventions of the names of nuisances, as for `check_names`; without them names are not looked at.

    Raises:
        DeclarationError: it is none of these, or what is accepted cannot be used.
        InputError: a file cannot be read.
        PluginCallError: a check or a reader failed.
    """
    entries = acceptances(accept)
    found = dict.fromkeys(_findings(what, plugins, {} if mass is None else {"mass": mass}))
    # Names follow no other finding, so that they are looked at once for all cards.
    if names := chosen(conventions):
        found |= dict.fromkeys(name_findings(dict.fromkeys(_names(what)), names))
    return Findings(accepted(found, entries) if entries else found)


def _findings(what: Any, plugins: Plugins | None, options: dict[str, Any]) -> Iterator[Finding]:
    if isinstance(what, str | os.PathLike):
        plugins = load_plugins() if plugins is None else plugins
        for path in card_paths(Path(expanded(what))):
            yield from _of_file(path, plugins, options)
    # A card of a script, or all of an analysis, whose categories share their nuisances. By the attribute: their classes
    # are made of all that builds cards, which the check of a file would load.
    elif isinstance(model := getattr(what, "model", None), Model):
        yield from _of_model(model, what.plugins if plugins is None else plugins)
    elif isinstance(what, Channel | Model):
        model = Model.of([what]) if isinstance(what, Channel) else what
        yield from _of_model(model, load_plugins() if plugins is None else plugins)
    elif isinstance(what, ReadCard):
        plugins = load_plugins() if plugins is None else plugins
        yield from what.findings
        read, errors = _model(what, options)
        yield from errors
        yield from _of_model(read, plugins) if read is not None else ()
    elif isinstance(what, Iterable):
        for one in what:
            yield from _findings(one, plugins, options)
    else:
        raise DeclarationError(f"check got {what!r:.200} ({type_of(what)}), expected cards, a model or paths of cards")


def _names(what: Any) -> Iterator[str]:
    """Yield the names of the nuisances of cards."""
    if isinstance(what, str | os.PathLike):
        for path in card_paths(Path(expanded(what))):
            # From the text: names need no templates, which may be missing.
            yield from names_in(parsed_card(path, lenient=True)[0].cells())
    elif isinstance(what, ReadCard):
        yield from names_in(what.cells())
    elif isinstance(model := Model.of([what]) if isinstance(what, Channel) else getattr(what, "model", what), Model):
        yield from names_in(cells_of(model))
    else:
        for one in what:
            yield from _names(one)


def _of_file(path: Path, plugins: Plugins, options: dict[str, Any]) -> Iterator[Finding]:
    """Yield the findings about a card in a file, each with the path of the file in its place."""
    # The reader names the file alone, and cards of several directories often have one name.
    for finding in _read(path, plugins, options):
        place = path.with_name(finding.place) if finding.place else path
        yield attrs.evolve(finding, place=str(place))


def _read(path: Path, plugins: Plugins, options: dict[str, Any]) -> Iterator[Finding]:
    # The strict reader tells most; the lenient one shows where Combine itself stops.
    card, told = parsed_card(path, plugins=plugins)
    yield from told
    # What follows from a text that Combine cannot read would repeat its faults in other words.
    if _errors(told) and _errors(parsed_card(path, lenient=True, plugins=plugins)[1]):
        return
    model, errors = _model(card, options)
    yield from errors
    if model is not None:
        yield from _of_model(model, plugins)
    else:
        # Templates in workspaces cannot be read, and the rates and factors in the text can.
        with suppress(InputError):
            yield from model_findings(plugins, card.outline())


def _errors(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def _model(card: ReadCard, options: dict[str, Any]) -> tuple[Model | None, Sequence[Finding]]:
    """Return the model of a card, also of one with errors, if Combine would make it; and the errors."""
    try:
        return card.model(**options), ()
    except CardError as error:
        return error.model, error.findings


def _of_model(model: Model, plugins: Plugins) -> Iterator[Finding]:
    yield from model.findings
    for channel in model.channels:
        years = {column.name: column.year for column in channel.columns}
        # Checks know the columns, and a reader of findings wants to sort them by year.
        for finding in _of_channel(channel, plugins):
            year = finding.year or years.get(finding.column, "")
            yield attrs.evolve(finding, year=year) if year else finding
    yield from accidents(list(cells_of(model)))
    yield from model_findings(plugins, model)


def _of_channel(channel: Channel, plugins: Plugins) -> Iterator[Finding]:
    yield from channel.findings
    # A channel that was built has the findings of the checks, some of them accepted with a reason.
    known = {attrs.evolve(finding, accepted="") for finding in channel.findings}
    for finding in channel_findings(plugins, channel):
        placed = finding if finding.channel else attrs.evolve(finding, channel=channel.bin)
        if placed not in known:
            yield placed
