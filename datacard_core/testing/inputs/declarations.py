"""Declarations to test a kind with: the examples of its author, or the usual values that it accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from datacard_core.build.card_rules import kind_problems
from datacard_core.errors import DeclarationError
from datacard_core.testing.inputs.analyses import SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.hookspecs import SystematicKind
    from datacard_core.plugins.calling import Provided
    from datacard_core.testing.cases import Case

Keywords: TypeAlias = Mapping[str, Any]
"""Arguments of a declaration beside its name, typ, processes and years."""
Examples: TypeAlias = Mapping[str, Keywords | Sequence[Keywords]]
"""Declarations by typ."""

NAME = "declared"
"""Name of the declaration that a kind is tested with."""
USUAL: tuple[Keywords, ...] = tuple({"value": value} for value in (1.0, 1.05, (0.95, 1.05), 2.0, 10.0))
"""Declarations for a kind without examples: values that built-in kinds accept, and a percentage."""
_GIVEN = ("name", "typ", "processes", "years")


def accepted(case: Case, provided: Provided[SystematicKind], examples: Examples) -> tuple[Keywords, ...]:
    """Return the declarations to test a kind with.

    Raises:
        UnmetError: the kind refuses an example of its author, or all usual declarations.
    """
    typ = provided.value.typ
    given = examples.get(typ)
    if given is None:
        found = tuple(keywords for keywords in USUAL if not list(_refusals(case, provided, keywords)))
        way_out = f"give one: assert_plugin(…, examples={{{typ!r}: {{'value': …, 'options': {{…}}}}}})"
        case.expect(found, "a declaration that it accepts", f"it refuses {_values()}, without options; {way_out}")
        return found
    declared = (given,) if isinstance(given, Mapping) else tuple(given)
    case.expect(declared, "an example of a declaration", f"examples[{typ!r}] is {given!r}")
    for keywords in declared:
        refused = "; ".join(_refusals(case, provided, keywords))
        case.expect(not refused, f"that it accepts its example {dict(keywords)!r}", refused)
    return declared


def _refusals(case: Case, provided: Provided[SystematicKind], keywords: Keywords) -> Iterator[str]:
    kind = provided.value
    if superfluous := [name for name in _GIVEN if name in keywords]:
        yield f"the kit sets {', '.join(_GIVEN)} of an example, and this one has {', '.join(superfluous)}"
        return
    try:
        systematic = SMALL.declare(NAME, kind.typ, **keywords)
    except (DeclarationError, TypeError) as error:
        yield str(error)
        return
    with case.trying("that problems() says what is wrong with a declaration"):
        yield from kind_problems(provided, systematic)


def _values() -> str:
    return ", ".join(f"value={keywords['value']}" for keywords in USUAL)
