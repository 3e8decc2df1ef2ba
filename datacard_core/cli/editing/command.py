"""The command `datacard edit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from datacard_core.cli.group import debug_option, examples
from datacard_core.cli.terminal import remark, show
from datacard_core.edits.values import AddProcess, Drop, Rename
from datacard_core.edits.words import WORDS, edit_of, edits_in
from datacard_core.errors import DatacardError
from datacard_core.findings import raise_together, report
from datacard_core.grammar import is_like
from datacard_core.reading import read_cards
from datacard_core.writing import write_cards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from datacard_core.edits.values import CardEdit
    from datacard_core.hookspecs import ReadCard

_HELP = {
    "rename": "Give other names. WHAT is channel, process, nuisance or group; * in OLD and NEW is the same text.",
    "drop": "Drop names, which may have *. NAME@CHANNEL drops a process there alone, NAME@CHANNEL/PROCESS effects.",
    "add": "Add a line below the rates; a row may have words such as tt=1.05 or SR/tt=1.05 in place of its cells.",
    "add-process": "Add a process to a channel; the rate -1 is that of its template.",
}


class _InOrder(click.Command):
    """A command that keeps the order in which the names of its edits stand on the command line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line."""
        names = (word.partition("=")[0].removeprefix("--") for word in args if word.startswith("--"))
        ctx.meta[__name__] = [name for name in names if name in {*WORDS, "edits"}]
        return super().parse_args(ctx, args)


def _edit_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, words in reversed(list(WORDS.items())):
        metavar, count = words, len(words.split())
        command = click.option(f"--{name}", nargs=count, metavar=metavar, multiple=True, help=_HELP[name])(command)
    return command


@click.command(
    cls=_InOrder,
    epilog=examples(
        "edit SR.txt --rename process tt=ttbar --drop nuisance 'btag_*' -o new",
        "edit cards --rename nuisance lumi=lumi_13p6TeV_2022 -o new",
        "edit SR.txt --drop process qcd@CR --add 'fakes lnN qcd=1.3' -o new",
        "edit SR.txt --edits names.txt --in-place",
    ),
)
@click.argument("cards", metavar="DIR|CARD...", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@_edit_options
@click.option(
    "--edits",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="Take edits from a file, with the words of these options one in a line.",
)
@click.option(
    "-o",
    "--directory",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the new cards; it is created if it does not exist.",
)
@click.option("--in-place", is_flag=True, help="Replace the cards, and the files of their templates.")
@debug_option
@click.pass_context
def edit(
    ctx: click.Context, /, cards: Sequence[Path], *, directory: Path | None, in_place: bool, **given: Sequence[Any]
) -> None:
    """Rename, drop and add parts of cards, with their templates.

    CARD is a card of any program, and DIR a directory of cards; edits that concern one of several cards need not
    concern the others. Edits may be repeated, and are carried out in the order in which they are given; all else in the
    cards stays as it is. Files of templates are copied with the new names.
    """
    if (directory is None) != in_place:
        raise click.UsageError("Expected either -o DIR or --in-place.")
    edits = list(_edits(ctx.meta[__name__], given))
    if not edits:
        raise click.UsageError("No edit is given: expected --rename, --drop, --add, --add-process or --edits.")
    read = read_cards(cards, lenient=True)
    new = {(directory or card.path.parent) / card.path.name: card for card in _edited(read, edits)}
    if len(new) < len(read):
        raise click.UsageError("Two of the cards have one name: edit them one by one.")
    for path in write_cards(new, overwrite=in_place):
        show(str(path))
    if findings := report([finding for card in new.values() for finding in card.findings]):
        remark(findings)


def _edits(order: Sequence[str], given: dict[str, Sequence[Any]]) -> Iterator[CardEdit]:
    """Yield the edits in the order of the command line."""
    left = {name.replace("_", "-"): iter(values) for name, values in given.items()}
    errors: list[DatacardError] = []
    for name in order:
        value = next(left[name])
        try:
            if name == "edits":
                yield from edits_in(value)
            else:
                yield edit_of(name, [value] if name == "add" else value)
        except DatacardError as error:
            errors.append(error)
    raise_together(errors)


def _edited(cards: Sequence[ReadCard], edits: Iterable[CardEdit]) -> list[ReadCard]:
    """Return cards with edits; names that only some of them have are left out in the others.

    Raises:
        DatacardError: an edit cannot be made; of each card the first.
    """
    for edit in edits:
        made: list[ReadCard] = []
        errors: list[DatacardError] = []
        known = list(dict.fromkeys(name for card in cards for name in _concerned(card, edit)))
        for card in cards:
            its = _within(edit, _concerned(card, edit), known)
            try:
                made.append(card if its is None else card.edited(its))
            except DatacardError as error:
                errors.append(error)
        raise_together(errors)
        cards = made
    return list(cards)


def _concerned(card: ReadCard, edit: CardEdit) -> Sequence[str]:
    """Return the names of a card among which those of an edit are."""
    if isinstance(edit, Rename | Drop):
        return card.names(edit.what)
    return card.names("channel") if isinstance(edit, AddProcess) else ()


def _within(edit: CardEdit, names: Sequence[str], known: Sequence[str]) -> CardEdit | None:
    """Return an edit without names that only other cards have, None if it has no other names.

    Args:
        edit: the edit.
        names: names of one card.
        known: names of all cards.
    """

    def is_elsewhere(pattern: str) -> bool:
        return any(is_like(name, pattern) for name in known) and not any(is_like(name, pattern) for name in names)

    if isinstance(edit, Rename):
        left = {old: new for old, new in edit.names.items() if not is_elsewhere(old)}
        return Rename(edit.what, left) if left else None
    if isinstance(edit, Drop):
        patterns = tuple(pattern for pattern in edit.names if not is_elsewhere(pattern))
        return attrs.evolve(edit, names=patterns) if patterns else None
    return None if isinstance(edit, AddProcess) and is_elsewhere(edit.channel) else edit
