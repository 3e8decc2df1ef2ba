"""The command that compares two cards or two directories of cards: `datacard diff`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from datacard_core.cli.group import Unable, debug_option, examples, fail_as
from datacard_core.cli.tables import tabulate_comparison
from datacard_core.cli.terminal import remark, show, to_stdout
from datacard_core.comparison.comparison import compare
from datacard_core.errors import InputError, MissingProviderError
from datacard_core.findings import CardError
from datacard_core.names import listing
from datacard_core.reading import read_cards

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.hookspecs import ReadCard
    from datacard_core.model.model import Model


@click.command(
    epilog=examples(
        "diff old new", "diff old/SR.txt new/SR.txt --within-errors 0.5", "diff old new --format markdown > changes.md"
    )
)
@click.argument("before", metavar="A", type=click.Path(path_type=Path, exists=True))
@click.argument("after", metavar="B", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    show_default=True,
    help="Form of the answer; markdown is for a merge request, and json has all changes.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1e-6,
    show_default=True,
    help="Relative change of a number that counts as none.",
)
@click.option(
    "--within-errors",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Change of a bin in units of its statistical error that counts as none.",
)
@click.option(
    "--most", type=click.IntRange(min=1), default=20, show_default=True, help="Lines of each kind of changes."
)
@debug_option
def diff(before: Path, after: Path, *, form: str, tolerance: float, within_errors: float, most: int) -> None:
    """Show what changed by meaning between two cards.

    A and B are cards of any program, or directories of cards. Cards of one name are compared with each other, and the
    rest by the names of their channels. Order and formatting are no difference. The exit status is 0 without a
    difference, 1 with one, and 2 if the cards cannot be compared.
    """
    fail_as(Unable)
    models, others, notes = _models(*(_by_name(read_cards(path, lenient=True)) for path in (before, after)))
    found = compare(models, others, tolerance=tolerance, within_errors=within_errors)
    found = attrs.evolve(found, before=str(before), after=str(after), notes=notes)
    if form == "table":
        remark(*notes)
        for answer in tabulate_comparison(found, most):
            show(answer)
    else:
        with to_stdout():
            click.echo(found.json() if form == "json" else found.markdown(most), nl=False)
    if not found.is_same:
        raise click.exceptions.Exit(1)


def _by_name(cards: Iterable[ReadCard]) -> dict[str, ReadCard]:
    """Return cards by the names of their files, without `.txt` unless a zipped file beside has the same."""
    stems = {card.path.name: card.path.name.removesuffix(".gz").removesuffix(".txt") for card in cards}
    counts = Counter(stems.values())
    return {stem if counts[stem := stems[card.path.name]] == 1 else card.path.name: card for card in cards}


def _models(
    before: dict[str, ReadCard], after: dict[str, ReadCard]
) -> tuple[dict[str, Model], dict[str, Model], tuple[str, ...]]:
    """Return the models of both sides, of cards whose templates are no arrays on one side without templates on both."""
    is_single = len(before) == len(after) == 1
    reasons: dict[str, str] = {}
    found: list[dict[str, Model]] = []
    # A workspace of ROOT on one side leaves the text alone to compare, which the other side has too.
    for cards in (before, after):
        models: dict[str, Model] = {}
        for name, card in cards.items():
            try:
                models[name] = card.model()
            except (InputError, MissingProviderError) as error:
                # One reason stands for all: the text of a finding may have lines of another library.
                first = error.findings[0] if isinstance(error, CardError) else error
                reasons.setdefault(name, str(first).removeprefix("error ").splitlines()[0])
        found.append(models)
    both = before.keys() & after.keys()
    # Cards of other names are compared together, so that all or none of them have templates.
    together = (before.keys() | after.keys()) - (set() if is_single else both)
    plain = set(reasons) | (together if together & set(reasons) else set())
    sides = [
        {name: card.outline() if name in plain else models[name] for name, card in cards.items()}
        for cards, models in zip((before, after), found, strict=True)
    ]
    why = next(iter(reasons.values()), "")
    notes = (f"compared without templates: {listing(sorted(plain))} ({why})",) if plain else ()
    return sides[0], sides[1], notes
