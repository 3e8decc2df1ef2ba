"""The kind `rateParam`: parameters, functions of parameters and objects of files that scale the yield of processes."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar

from datacard_core import FormulaFactor, FreeParameter, ImportedFactor, SystematicKind, grammar, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core import Directive, SystematicUncertainty, Target


class RateParam(SystematicKind):
    """A factor on the yield of all columns of a declaration.

    The value is the start value of a parameter that is free in the fit; or a formula of the parameters `arguments`, in
    which @0 is the first of them; or the file and workspace of an object with the name of the nuisance, such as
    "factors.root:w". A `param` of the same name constrains the parameter.

    `MCProcess(has_rateParam=True)` declares a parameter `SF_{process}` with start value 1 and range [0, 5].
    """

    typ: ClassVar[str] = "rateParam"
    options: ClassVar[Mapping[str, str]] = {
        "range": "lowest and highest value, as a pair; no limits if not given",
        "arguments": "names of the parameters @0, @1, … of a formula",
        "channels": "pattern of the channels that have the factor, such as `SR_*`; all if not given",
    }

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem if there is not exactly one value, or if options do not fit it."""
        # Combine fixes start and range at the first line of a parameter and ignores those of later lines.
        values = [value for _, value in systematic.distinct_values()]
        options = systematic.options
        channels = options.get("channels", grammar.ANY)
        if not isinstance(channels, str) or channels.split() != [channels]:
            yield f"channels {channels!r}: expected a pattern such as 'SR_*'"
        # A number as text is no formula.
        is_text = isinstance(values[0], str) and not grammar.is_number(values[0])
        if len(values) != 1 or not (is_text or isinstance(values[0], float)):
            yield f"initial values {', '.join(map(repr, values))}: expected one number, the same for all processes"
            return
        (value,) = values
        if isinstance(value, float):
            if problem := grammar.range_problem(options.get("range"), value):
                yield problem
        elif options.get("range") is not None:
            yield f"range {options['range']!r}: expected no range for the function {value!r}"
        if isinstance(value, str) and not _is_source(value) and "arguments" not in options:
            yield f"value {value!r}: expected a number, or a formula with the option 'arguments', which is missing"
        elif isinstance(value, str) and not _is_source(value):
            yield from grammar.formula_problems(value, options.get("arguments"))
        elif "arguments" in options:
            yield f"arguments {options['arguments']!r}: expected none, as the value {value!r} is no formula"
        elif isinstance(value, str) and (problem := grammar.source_problem(value)):
            yield f"value {problem}"

    def effects(self, target: Target) -> Iterable[Directive]:
        """Return one factor on all columns, none in a channel that the pattern does not match."""
        systematic = target.systematic
        options, name = systematic.options, systematic.datacard_name
        if not fnmatchcase(target.bin, options.get("channels", grammar.ANY)):
            return ()
        # All columns have the same value, or the declaration would have been refused.
        value = target.values[0]
        if not isinstance(value, str):
            return (FreeParameter(name, target.positions, value, grammar.pair_of(options.get("range"))),)
        if _is_source(value):
            return (ImportedFactor(name, target.positions, value),)
        return (FormulaFactor(name, target.positions, value, tuple(options["arguments"])),)


def _is_source(value: str) -> bool:
    # Combine tells an object of a file by these two.
    return ".root" in value and ":" in value


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kind rateParam."""
    return (RateParam(),)
