"""Reading of cards that stand in files, in the languages of the selected plugins."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from datacard_core.arguments import given_flag, shown, wrong_type
from datacard_core.errors import DatacardError, DeclarationError, InputError, MissingProviderError
from datacard_core.findings import CardError, Severity, raise_together
from datacard_core.hookspecs import CardFile, ReadCard
from datacard_core.inputs.paths import expanded, kind_problem
from datacard_core.model.stored import TemplateFile
from datacard_core.names import closest
from datacard_core.plugins.calling import findings_of, strings
from datacard_core.plugins.manager import Plugins, load_plugins

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from datacard_core.findings import Finding
    from datacard_core.hookspecs import TemplateReader
    from datacard_core.plugins.calling import Provided

LONGEST_CARD = 500_000_000
"""Most bytes of a card; the largest ones of CMS have less than a tenth. A zipped file of a few kB may have more."""

# combineCards.py takes these cards too: control regions often have no signal.
_OF_ONE_CARD = frozenset({"process.no-background", "process.no-signal"})
"""Codes of errors that are none in a card that is joined with others."""
_IMAX = re.compile(rb"^\s*imax\s", re.MULTILINE)


def read_card(
    path: str | os.PathLike[str], *, lenient: bool = False, reader: str = "combine", plugins: Plugins | None = None
) -> ReadCard:
    """Read a card, of this package or of any other maker.

    The card keeps the text as it is: order, blanks, comments and unknown lines. `findings` has its peculiarities.

    Args:
        path: the file; a name that ends in `.gz` is unzipped.
        lenient: take all that Combine takes. Without it, lines that Combine takes and silently means otherwise are
            errors; with it they are warnings.
        reader: the card reader, which stands for the language of the card.
        plugins: the selected plugins, the built-in set if not given.

    Raises:
        CardError: the card has errors; all of them, each with line and column.
        InputError: the file cannot be read.
        MissingProviderError: no selected plugin has that reader.
        PluginCallError: the reader failed.
    """
    card, findings = parsed_card(path, lenient=lenient, reader=reader, plugins=plugins)
    # The core raises, so that a reader in a plugin has one task: to tell all that it found.
    if errors := [finding for finding in findings if finding.severity is Severity.ERROR]:
        raise CardError(errors)
    return card


def read_cards(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    lenient: bool = False,
    plugins: Plugins | None = None,
) -> tuple[ReadCard, ...]:
    """Read several cards, which may have no signal or no background each.

    Args:
        paths: cards, and folders, all cards of which are read in the order of their names; a file is read once.
        lenient: take all that Combine takes, as in `read_card`.
        plugins: the selected plugins, the built-in set if not given.

    Raises:
        CardError: cards have errors; all of them.
        InputError: a folder has no card, or a file cannot be read; all errors are told together.
        DeclarationError: there are no paths.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not given:
        raise DeclarationError(f"paths is {shown(paths)}, expected cards or folders of cards")
    cards: list[ReadCard] = []
    errors: list[DatacardError] = []
    found: dict[Path, None] = {}
    for path in given:
        try:
            found |= dict.fromkeys(card_paths(Path(expanded(path))))
        except InputError as error:
            errors.append(error)
    for path in found:
        try:
            card, findings = parsed_card(path, lenient=lenient, plugins=plugins)
        except InputError as error:
            errors.append(error)
            continue
        cards.append(card)
        wrong = [one for one in findings if one.severity is Severity.ERROR and one.code not in _OF_ONE_CARD]
        errors += [CardError(wrong)] if wrong else []
    raise_together(errors)
    return tuple(cards)


def parsed_card(
    path: str | os.PathLike[str], *, lenient: bool = False, reader: str = "combine", plugins: Plugins | None = None
) -> tuple[ReadCard, list[Finding]]:
    """Read a card as `read_card` does, and return it with its findings, among which may be errors."""
    plugins = load_plugins() if plugins is None else plugins
    lenient = given_flag("lenient", lenient)
    for problem in wrong_type("plugins", plugins, Plugins, "what load_plugins returns"):
        raise DeclarationError(problem)
    provided = plugins.reader(reader)
    path = Path(expanded(path))
    templates = partial(read_templates, plugins)
    file = CardFile(path=path, content=content_of(path), lenient=lenient, templates=templates)
    with provided.blamed(f"reading {path}") as its:
        card = its.read(file)
        findings = findings_of(card.findings) if isinstance(card, ReadCard) else []
    if not isinstance(card, ReadCard):
        raise provided.fault(f"reading {path}: got {shown(card)}, expected a ReadCard")
    return card, findings


def read_templates(plugins: Plugins, path: Path, names: Collection[str]) -> TemplateFile:
    """Read templates of a file by name with the template reader for its suffix.

    Raises:
        InputError: the file cannot be read.
        MissingProviderError: no selected plugin reads files of its suffix.
        PluginCallError: the reader failed.
    """
    provided = template_reader(plugins, path)
    with provided.blamed(f"reading templates from {path}") as its:
        found = its.read(path, names)
        if isinstance(found, TemplateFile):
            return TemplateFile(tuple(found.stored), dict(found.others), strings(found.spare))
    raise provided.fault(f"reading templates from {path}: got {shown(found)}, expected a TemplateFile")


def template_reader(plugins: Plugins, path: Path) -> Provided[TemplateReader]:
    """Return the template reader for the suffix of a file.

    Raises:
        MissingProviderError: no selected plugin reads files of its suffix.
        PluginCallError: a reader failed.
    """
    by_suffix: dict[str, Provided[TemplateReader]] = {}
    for reader in plugins.template_readers.values():
        with reader.blamed("naming the suffixes of its files") as its:
            by_suffix |= dict.fromkeys(strings(its.suffixes), reader)
    if path.suffix not in by_suffix:
        known = closest(path.suffix, sorted(by_suffix))
        raise MissingProviderError(f"no selected plugin reads templates from {path}, a file of {path.suffix!r}{known}")
    return by_suffix[path.suffix]


def content_of(path: Path) -> bytes:
    """Return the bytes of a file, unzipped.

    Raises:
        InputError: it cannot be read.
    """
    if problem := kind_problem(path):
        raise InputError(f"the card {path} {problem}")
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(LONGEST_CARD + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"the card {path} cannot be read: {error}") from error
    if len(content) > LONGEST_CARD:
        raise InputError(f"the card {path} has more than {LONGEST_CARD / 1e6:g} MB: is it a card?")
    return content


def card_paths(path: Path) -> Iterator[Path]:
    """Yield the path of a card, or those of all cards in a directory.

    Raises:
        InputError: a directory has no card.
    """
    if not path.is_dir():
        yield path
        return
    # A directory of cards may hold notes and logs too.
    found = [file for file in sorted(path.iterdir()) if file.name.endswith((".txt", ".txt.gz")) and _is_card(file)]
    if not found:
        raise InputError(f"the directory {path} has no card: expected files that end in .txt and have a line 'imax'")
    yield from found


def _is_card(path: Path) -> bool:
    return _IMAX.search(content_of(path)) is not None
