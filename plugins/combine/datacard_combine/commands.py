"""The command `datacard combine`: several cards joined to one."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datacard_combine.joining.parts import Part
from datacard_combine.joining.text import PARTIAL, join
from datacard_combine.reader import CombineCard
from datacard_combine.syntax.faults import collected, in_order
from datacard_core import CardError, CardFile, Severity, read_cards, report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacard_core import Finding


@click.command(
    epilog="\b\nExamples:\n  datacard combine SR.txt CR.txt -o combined.txt\n"
    "  datacard combine sr=cards/SR.txt cr=cards/CR.txt -o combined.txt\n  datacard combine cards -o combined.txt"
)
@click.argument("cards", metavar="DIR|[LABEL=]CARD...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The new card.",
)
@click.option("--lenient", is_flag=True, help="Read what Combine takes and silently means otherwise.")
def combine(cards: Sequence[str], output: Path, *, lenient: bool) -> None:
    """Join cards to one, as combineCards.py does, without CMSSW.

    The channel of a card is called after the label, ch1, ch2 and so on without one; of a card of several channels the
    label stands before their names. With the label "." they keep their names, as those of all cards in a DIR do.
    """
    text, findings = joined_text([one for card in cards for one in _in_folder(card)], output, lenient=lenient)
    output.parent.mkdir(parents=True, exist_ok=True)
    # A card that is read meanwhile is never half of one.
    partial = output.with_name(f".{output.name}.{os.getpid()}")
    # Readers go by the name. The time in a zipped file would make equal cards different files.
    partial.write_bytes(gzip.compress(text.encode(), mtime=0) if output.suffix == ".gz" else text.encode())
    partial.replace(output)
    if findings:
        click.echo(report(findings), err=True)


def joined_text(cards: Sequence[str], output: Path, *, lenient: bool = False) -> tuple[str, list[Finding]]:
    """Return the text of cards that are joined, and what is doubtful in them together.

    Args:
        cards: paths of the cards, each with `label=` before it or without.
        output: path of the joined card, to which the paths of templates are relative.
        lenient: take all that Combine takes.

    Raises:
        CardError: a card has errors, or the cards contradict each other; all errors together.
    """
    parts, errors = [], []
    comments = [f"Combination of {'  '.join(cards)}"]
    for number, argument in enumerate(cards, start=1):
        before, separator, behind = argument.partition("=")
        label, path = (before, Path(behind)) if separator else (f"ch{number}", Path(argument))
        card = _read(path, lenient=lenient)
        errors += _errors(card.findings)
        content = card.content_for_joining()
        names = _names(label, content.head.channels)
        # A joined card is as blind as its parts.
        comments += [blindness.text(names[old]) for old, blindness in card.blindness.items() if old in names]
        folder = os.path.relpath(path.parent.absolute(), output.parent.absolute())
        parts.append(
            Part(
                label=str(path),
                content=content,
                names=names,
                folder="" if folder == "." else folder,
            )
        )
    if errors:
        raise CardError(errors)
    text, faults = collected(join(parts, comments))
    findings = [fault.finding(output.name, lenient=lenient) for fault in in_order(faults)]
    if not (errors := _errors(findings)):
        # All lines together may show more, such as an edit of one card that meets a row of another one.
        joined = CombineCard(CardFile(path=output, content=text.encode(), lenient=True))
        errors = _errors(joined.findings)
    if errors:
        raise CardError(errors)
    return text, findings


def _in_folder(card: str) -> list[str]:
    """Return the cards of a folder, each with the label that keeps its names, or the argument if it is none."""
    if not Path(card).is_dir():
        return [card]
    # The core finds cards among other texts of a folder, as for the other commands.
    return [f".={read.path}" for read in read_cards([card], lenient=True)]


def _read(path: Path, *, lenient: bool) -> CombineCard:
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    return CombineCard(CardFile(path=path, content=content, lenient=lenient))


def _errors(findings: Iterable[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity is Severity.ERROR and one.code not in PARTIAL]


def _names(label: str, channels: Sequence[str]) -> dict[str, str]:
    if label == ".":
        return {name: name for name in channels}
    return {name: label if len(channels) == 1 else f"{label}_{name}" for name in channels}
