"""The comparison of two models, or of two sets of cards, by what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from datacard_core.comparison import documents
from datacard_core.comparison.change import Change, Tolerances, in_order
from datacard_core.comparison.pairs import pairs_of, scopes_of, with_columns
from datacard_core.comparison.parameters import parameter_changes
from datacard_core.comparison.shared import line_changes, shared_changes
from datacard_core.comparison.yields import yield_changes
from datacard_core.errors import DeclarationError
from datacard_core.grammar import is_finite_number
from datacard_core.model.model import Model
from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Iterator


@public
@attrs.frozen(eq=False, kw_only=True)
class Comparison:
    """Changes of meaning between two models, or between two sets of cards.

    `json()` and `markdown()` are documents of it.
    """

    changes: tuple[Change, ...]
    """All differences, by kind, the largest of each kind first."""
    before: str = "before"
    """Name of what is compared with."""
    after: str = "after"
    notes: tuple[str, ...] = ()
    """Sentences about what could not be compared."""

    @property
    def is_same(self) -> bool:
        """True if no difference was found."""
        return not self.changes

    def of(self, kind: str) -> tuple[Change, ...]:
        """Return the changes of a kind, such as `rate`, or of a family of kinds, such as `nuisance`."""
        return tuple(one for one in self.changes if kind in (one.kind, one.kind.partition(".")[0]))

    def json(self) -> str:
        """Return the counts by kind and all changes as a JSON document."""
        return documents.json(self.changes, self.before, self.after, self.notes)

    def markdown(self, most: int = 20) -> str:
        """Return a summary and the largest changes of each kind, for a merge request.

        Args:
            most: number of lines of each kind; columns with the same change share a line.
        """
        return documents.markdown(self.changes, self.before, self.after, self.notes, most)

    def __repr__(self) -> str:
        return f"<Comparison of {self.before} and {self.after}: {documents.counted(len(self.changes))}>"


def compare(
    before: Model | Mapping[str, Model],
    after: Model | Mapping[str, Model],
    *,
    tolerance: float = 1e-6,
    within_errors: float = 0.0,
) -> Comparison:
    """Return what changed by meaning between two models, or between two sets of cards by name.

    Order and the writing of numbers are no difference. Cards of one name are compared with each other, and the rest of
    them together, channels by their names. Templates of nuisances are compared as effects: with another nominal, the
    same factors on its bins are no difference. Errors of varied templates, which no fit uses, are not compared.

    Args:
        before: what is compared with.
        after: what it is now.
        tolerance: relative change of a number that counts as none.
        within_errors: change of a bin, in units of its statistical error before, that counts as none.

    Raises:
        DeclarationError: an argument is of another type, or a tolerance is negative.
    """
    problems = [*_not_models("before", before), *_not_models("after", after)]
    for name, value in (("tolerance", tolerance), ("within_errors", within_errors)):
        if not is_finite_number(value) or value < 0:
            problems.append(f"{name} is {value!r:.80}, expected a number of at least 0")
    if problems:
        raise DeclarationError(problems)
    scopes = scopes_of(_by_name(before), _by_name(after))
    tolerances = Tolerances(relative=float(tolerance), errors=float(within_errors))
    # Channels, then processes, then parameters: each is compared on what corresponds in the step before.
    pairs, changes = pairs_of(scopes, tolerances)
    pairs, of_processes = with_columns(pairs, tolerances)
    changes += of_processes
    for pair in pairs:
        changes += [*yield_changes(pair, tolerances), *line_changes(pair)]
    of_parameters, renamed = parameter_changes(pairs, scopes, tolerances)
    changes += of_parameters
    for scope in scopes:
        changes += shared_changes(scope, renamed, tolerances)
    return Comparison(changes=tuple(sorted(changes, key=in_order)))


def _by_name(given: Model | Mapping[str, Model]) -> dict[str, Model]:
    return {"card": given} if isinstance(given, Model) else dict(given)


def _not_models(name: str, given: object) -> Iterator[str]:
    if isinstance(given, Mapping):
        strange = [one for one in given.values() if not isinstance(one, Model)]
        if strange or not given:
            yield f"{name} has {strange[0] if strange else None!r:.80}, expected models by name"
    elif not isinstance(given, Model):
        yield f"{name} is {type(given).__name__}, expected a Model, such as read_card(path).model() or cards.model"
