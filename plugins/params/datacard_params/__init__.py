"""The kinds `param`, `flatParam`, `extArg`, `discrete` and `constr`: lines about parameters that need no columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from datacard_core import (
    ConstrainedParameter,
    ConstraintTerm,
    DiscreteParameter,
    ExternalParameter,
    FlatParameter,
    SystematicKind,
    grammar,
    hookimpl,
    is_finite_number,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from datacard_core import SharedParameter, SystematicUncertainty, Target

RANGE = "lowest and highest value, as a pair"


class ParameterKind(SystematicKind):
    """Base of the kinds whose declarations have options alone: no processes, years and value."""

    covers_columns: ClassVar[bool] = False

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for processes and values, which the line has no place for."""
        if systematic.processes:
            yield f"kind {self.typ!r} acts on no process: leave out processes, years and value"

    def effects(self, target: Target) -> Iterable[SharedParameter]:
        """Return the line."""
        return (self.parameter(target.systematic),)

    def parameter(self, systematic: SystematicUncertainty) -> SharedParameter:
        """Return the parameter of a declaration without problems."""
        raise NotImplementedError


class GaussianParameter(ParameterKind):
    """A parameter with a normal density, or the constraint of a free parameter of the same name.

    The density has the width of `sigma`, a number, or a (below, above) pair for a density that is made of two normal
    halves. Without `range`, Combine lets the parameter move by four widths around the mean. A `rateParam` or an
    `extArg` of the same name gets this constraint.
    """

    typ: ClassVar[str] = "param"
    options: ClassVar[Mapping[str, str]] = {
        "mean": "mean of the density, which is the start value",
        "sigma": "width, or a (below, above) pair of widths, above 0",
        "range": RANGE,
    }

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for each option that is missing or wrong."""
        yield from super().problems(systematic)
        options = systematic.options
        yield from _number_problems("mean", options, "1.0")
        if "sigma" not in options:
            yield "option 'sigma' is missing: the width of the density, such as 0.1"
        elif (sigma := _widths(options["sigma"])) is None or not min(sigma) > 0:
            yield f"sigma {options['sigma']!r}: expected a number above 0, or a (below, above) pair of such numbers"
        if problem := grammar.range_problem(options.get("range"), options.get("mean")):
            yield problem

    def parameter(self, systematic: SystematicUncertainty) -> ConstrainedParameter:
        """Return the parameter with its density."""
        options = systematic.options
        # Declarations with problems are refused before, so that the widths are there.
        below, above = _widths(options["sigma"]) or (0.0, 0.0)
        return ConstrainedParameter(
            systematic.datacard_name,
            float(options["mean"]),
            (below, above),
            grammar.pair_of(options.get("range")),
            systematic.nofloat,
        )


class UnconstrainedParameter(ParameterKind):
    """A mark that a parameter floats without a constraint and belongs to the nuisances.

    The parameter is one that another line defines, such as an `extArg`. With `initial` and `range`, Combine's option
    `--X-assign-flatParam-prior` makes a uniform density in the range; without that option it does not read them.
    """

    typ: ClassVar[str] = "flatParam"
    options: ClassVar[Mapping[str, str]] = {"initial": "start value, with a range", "range": RANGE}

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for each option that is wrong, and for one without the other."""
        yield from super().problems(systematic)
        options = systematic.options
        # Combine reads the start value and the range as one pair of words.
        if "range" in options and "initial" not in options:
            yield "option 'range' stands alone: give the start value as 'initial' too"
        elif options:
            yield from _number_problems("initial", options, "1.0")
            if options.get("range") is None:
                yield f"option 'range' is missing: {RANGE}"
            elif problem := grammar.range_problem(options["range"], options.get("initial")):
                yield problem

    def parameter(self, systematic: SystematicUncertainty) -> FlatParameter:
        """Return the mark."""
        options = systematic.options
        bounds = grammar.pair_of(options.get("range"))
        words = () if bounds is None else (grammar.number(options["initial"]), grammar.range_text(bounds).strip())
        return FlatParameter(systematic.datacard_name, words)


class ParameterOfFormulas(ParameterKind):
    """A parameter for formulas, which multiplies no yield itself.

    It has a start value `initial`, and a `range` or `constant=True`; or it is an object of its name in a workspace,
    `source="file.root:workspace"`.
    """

    typ: ClassVar[str] = "extArg"
    options: ClassVar[Mapping[str, str]] = {
        "initial": "start value",
        "range": f"{RANGE}; no limits if not given",
        "constant": "True for a parameter that a fit does not change",
        "source": "`file.root:workspace` that has the parameter, in place of the other options",
    }

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for each option that is missing or wrong, and for options that exclude each other."""
        yield from super().problems(systematic)
        options = systematic.options
        # The object has start, range and constness already, and Combine reads no further words.
        if "source" in options:
            if problem := grammar.source_problem(options["source"]):
                yield f"source {problem}"
            if others := [name for name in ("initial", "range", "constant") if name in options]:
                yield f"has source and {' and '.join(others)}: the workspace has the values, leave them out"
            return
        yield from _number_problems("initial", options, "1.0")
        if not isinstance(options.get("constant", False), bool):
            yield f"constant {options['constant']!r}: expected True or False"
        # [const] stands in the place of the range in the line.
        elif options.get("constant") and "range" in options:
            yield "has constant=True and a range: leave one of them out"
        if problem := grammar.range_problem(options.get("range"), options.get("initial")):
            yield problem

    def parameter(self, systematic: SystematicUncertainty) -> ExternalParameter:
        """Return the parameter."""
        options = systematic.options
        if "source" in options:
            return ExternalParameter(systematic.datacard_name, None, source=options["source"])
        bounds, is_constant = grammar.pair_of(options.get("range")), bool(options.get("constant"))
        return ExternalParameter(systematic.datacard_name, float(options["initial"]), bounds, is_constant)


class IndexOfFunctions(ParameterKind):
    """The index of one of several functions in a workspace, which a fit changes in steps.

    The name is that of the category in the workspace.
    """

    typ: ClassVar[str] = "discrete"

    def parameter(self, systematic: SystematicUncertainty) -> DiscreteParameter:
        """Return the index."""
        return DiscreteParameter(systematic.datacard_name)


class Regularisation(ParameterKind):
    """A normal density around 0 of a function of parameters, such as a term of regularisation.

    The likelihood gets the factor exp(-f²/(2σ²)), where f is `formula` with the parameters `arguments` in the place of
    @0, @1, …, and σ is `sigma`, a number or the name of a parameter.
    """

    typ: ClassVar[str] = "constr"
    options: ClassVar[Mapping[str, str]] = {
        "formula": "function without blanks, with @0, @1, … for the arguments",
        "arguments": "names of the parameters @0, @1, …",
        "sigma": "width: a number above 0, or the name of a parameter",
    }

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for each option that is missing or wrong."""
        yield from super().problems(systematic)
        options = systematic.options
        # All three: Combine reads the words by their place, and would take the next one for a missing one.
        for name in self.options:
            if name not in options:
                yield f"option {name!r} is missing: {self.options[name]}"
        # With one of them missing, each @0 of the formula would be told as wrong too.
        if "formula" in options and "arguments" in options:
            yield from grammar.formula_problems(options["formula"], options["arguments"])
        sigma = options.get("sigma", 1.0)
        if isinstance(sigma, str):
            if problem := grammar.name_problem("sigma", sigma):
                yield problem
        elif not is_finite_number(sigma) or not sigma > 0:
            yield f"sigma {sigma!r}: expected a number above 0, or the name of a parameter"

    def parameter(self, systematic: SystematicUncertainty) -> ConstraintTerm:
        """Return the density."""
        options = systematic.options
        sigma = options["sigma"]
        return ConstraintTerm(
            systematic.datacard_name,
            options["formula"],
            tuple(options["arguments"]),
            sigma if isinstance(sigma, str) else grammar.short(sigma),
        )


def _number_problems(name: str, options: Mapping[str, Any], example: str) -> Iterator[str]:
    if name not in options:
        yield f"option {name!r} is missing: a number, such as {example}"
    elif not is_finite_number(options[name]):
        yield f"{name} {options[name]!r}: expected a number, such as {example}"


def _widths(sigma: Any) -> tuple[float, float] | None:
    return (float(sigma), float(sigma)) if is_finite_number(sigma) else grammar.pair_of(sigma)


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kinds param, flatParam, extArg, discrete and constr."""
    return (
        GaussianParameter(),
        UnconstrainedParameter(),
        ParameterOfFormulas(),
        IndexOfFunctions(),
        Regularisation(),
    )
