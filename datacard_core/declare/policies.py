"""Policies: treatments of content that a fit cannot use, as a script declares them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import attrs

from datacard_core.arguments import items, scalar, shown, type_of
from datacard_core.declare.declaration import check_calls
from datacard_core.errors import DeclarationError
from datacard_core.grammar import is_finite_number
from datacard_core.names import closest, listing, public

if TYPE_CHECKING:
    from collections.abc import Iterator

NegativeBins: TypeAlias = Literal["clip", "keep", "error"]
EmptyProcess: TypeAlias = Literal["keep", "drop", "error"]
EmptyVariation: TypeAlias = Literal["drop", "nominal", "error"]


@public
@attrs.frozen(kw_only=True)
class Policies:
    """Treatments of bins below 0, of processes without events and of variations without events.

    What is None is left to the declaration above: a process overrules its category, and a category its analysis.
    """

    negative_bins: NegativeBins | float | None = attrs.field(default=None, converter=scalar)
    """For content below 0: "clip" sets it to 0 with its variance, "keep" writes it, "error" refuses it. A number n
    clips content down to n of its standard deviations below 0, and refuses what is lower."""
    empty_process: EmptyProcess | None = attrs.field(default=None, converter=scalar)
    """For a column without events: "keep" writes it with a rate of 0, "drop" leaves it out, "error" refuses it."""
    empty_variation: EmptyVariation | None = attrs.field(default=None, converter=scalar)
    """For an Up or Down template without events: "drop" leaves the effect on the column out, "nominal" puts the nominal
    in its place, "error" refuses it."""

    max_fallback: float | None = attrs.field(default=None, converter=scalar)
    """Largest share of a process's datasets, from 0 to 1, in which the nominal may stand for the variations of a
    nuisance; more is an error."""

    def __attrs_post_init__(self) -> None:
        if problems := list(self._problems()):
            raise DeclarationError(problems)

    def over(self, other: Policies) -> Policies:
        """Return these policies, with those of another declaration where one is None."""
        return attrs.evolve(other, **{name: value for name, value in attrs.asdict(self).items() if value is not None})

    def _problems(self) -> Iterator[str]:
        share = self.max_fallback
        if share is not None and not (is_finite_number(share) and 0 <= share <= 1):
            yield f"policies: max_fallback is {shown(share)}, expected a share from 0 to 1"
        for name, known in _KNOWN.items():
            value = getattr(self, name)
            if value is None or value in known:
                continue
            also = ", or a number of standard deviations" if name == "negative_bins" else ""
            if not also or not is_finite_number(value) or value < 0:
                expected = f"expected {listing(map(repr, known))}{also}"
                yield f"policies: {name} is {shown(value)}, {expected}{closest(str(value), known)}"


_KNOWN: Mapping[str, tuple[str, ...]] = {
    "negative_bins": get_args(NegativeBins),
    "empty_process": get_args(EmptyProcess),
    "empty_variation": get_args(EmptyVariation),
}

check_calls(Policies)

NO_POLICIES = Policies()
DEFAULT_POLICIES = Policies(negative_bins="clip", empty_process="keep", empty_variation="drop")


def plain_policies(given: Any) -> Policies:
    """Return policies as they are, and those of a dict.

    Raises:
        DeclarationError: they are neither, or a policy is unknown.
    """
    if isinstance(given, Policies):
        return given
    if not isinstance(given, Mapping):
        raise DeclarationError(
            f"policies is {shown(given)} ({type_of(given)}), expected Policies(…) or a dict such as "
            "{'negative_bins': 'error'}"
        )
    named = dict(items(given))
    known = [field.name for field in attrs.fields(Policies)]
    if unknown := [name for name in named if name not in known]:
        raise DeclarationError(f"policies: there is no policy {name!r}{closest(str(name), known)}" for name in unknown)
    return Policies(**named)
