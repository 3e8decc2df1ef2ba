"""Formulas of parameters: their arguments, and circles among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.rules.parameters import constraint_names, known_names, may_have_others
from datacard_combine.syntax.faults import mistaken
from datacard_combine.syntax.numbers import parsed
from datacard_combine.syntax.views import Parameter, RateParam
from datacard_core import closest, grammar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_combine.meaning.content import Content
    from datacard_combine.syntax.faults import Fault
    from datacard_combine.syntax.views import View


def formula_faults(views: Sequence[View], content: Content) -> Iterator[Fault]:
    """Yield the faults of formulas in `rateParam` and `constr` lines."""
    known = known_names(content) | set(content.flat) | {grammar.SIGNAL_STRENGTH, grammar.MASS}
    is_complete = not may_have_others(content)
    formulas = {view.name: view for view in views if isinstance(view, RateParam) and view.is_formula}
    for view in formulas.values():
        yield from _of_factor(view, known if is_complete else None)
    if is_complete:
        yield from _circles(formulas)
        yield from _constraints(content, known)


def _of_factor(view: RateParam, known: set[str] | None) -> Iterator[Fault]:
    formula, arguments = view.words[0], view.words[1].split(",")
    if parsed(formula) is not None and all(parsed(word) is not None for word in arguments):
        message = f"rateParam {view.name!r}: {view.words[1]!r} is no formula's argument; a range is written [low,high]"
        yield mistaken("rateparam.range", message, view.line, 5)
        return
    for problem in grammar.shape_problems(formula, len(arguments)):
        message = f"rateParam {view.name!r}: {problem}"
        if "parentheses" in problem:
            yield mistaken("rateparam.formula-syntax", message, view.line, 4)
        else:
            yield mistaken("rateparam.formula-arity", message, view.line, 4)
    for name in arguments:
        if known is not None and name not in known:
            message = f"rateParam {view.name!r}: no parameter {name!r}{closest(name, sorted(known))}"
            yield mistaken("rateparam.formula-unknown", message, view.line, 5)


def _circles(formulas: Mapping[str, RateParam]) -> Iterator[Fault]:
    needs = {name: set(view.words[1].split(",")) for name, view in formulas.items()}
    for name, others in grammar.circles(needs).items():
        message = f"rateParam {name!r} needs {min(others)!r}, and that needs it: a circle"
        yield mistaken("rateparam.formula-circle", message, formulas[name].line, 5)


def _constraints(content: Content, known: set[str]) -> Iterator[Fault]:
    """Yield the faults of `constr` lines."""
    # Combine makes the nuisances in the order of the card, and behind them what extArg and rateParam lines define.
    above = {grammar.SIGNAL_STRENGTH, grammar.MASS}
    for row in content.rows:
        if isinstance(row, Parameter) and row.kind == "constr":
            yield from _of_constraint(row, known, above)
        else:
            above.add(row.name)


def _of_constraint(view: Parameter, known: set[str], above: set[str]) -> Iterator[Fault]:
    for name in sorted(constraint_names(view) - above):
        if name in known:
            message = (
                f"constr {view.name!r} needs {name!r}, which Combine makes behind it: constrain it by a param above"
            )
        else:
            message = f"constr {view.name!r}: no parameter {name!r}{closest(name, sorted(known))}"
        yield mistaken("constr.unknown", message, view.line)
