"""Formulas of parameters, with exact first and second derivatives.

A formula of a card is C, as ROOT's TFormula reads it. It is read as a Python expression of the few forms that cards
use, and its derivatives are derived from that expression once, so that an evaluation is plain arithmetic.
"""

from __future__ import annotations

import ast
import math
import re
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datacard_core import FloatArray

# Signs of C and of TFormula that Python lacks, or takes for another operation as ^, and namespaces.
_WORDS = (("&&", " and "), ("||", " or "), ("^", "**"), ("TMath::", ""), ("std::", ""), ("ROOT::Math::", ""))
_ARGUMENT = re.compile(r"@(\d+)")

# Names of C and of TMath, and the names below which the derivatives know them.
_ALIASES = {
    "pow": "pow", "Power": "pow", "exp": "exp", "Exp": "exp", "log": "log", "Log": "log", "log10": "log10",
    "Log10": "log10", "sqrt": "sqrt", "Sqrt": "sqrt", "abs": "abs", "fabs": "abs", "Abs": "abs", "max": "max",
    "Max": "max", "min": "min", "Min": "min", "sin": "sin", "Sin": "sin", "cos": "cos", "Cos": "cos", "tan": "tan",
    "Tan": "tan", "atan": "atan", "ATan": "atan", "tanh": "tanh", "TanH": "tanh", "erf": "erf", "Erf": "erf",
}  # fmt: skip

_CONSTANTS = {"pi": math.pi, "e": math.e}

# Derivatives of functions of one argument u, as text of u.
_DERIVATIVES = {
    "exp": "exp(u)",
    "log": "1 / u",
    "log10": f"1 / (u * {math.log(10)!r})",
    "sqrt": "0.5 / sqrt(u)",
    "sin": "cos(u)",
    "cos": "-sin(u)",
    "tan": "1 + tan(u) ** 2",
    "atan": "1 / (1 + u ** 2)",
    "tanh": "1 - tanh(u) ** 2",
    "erf": f"{2 / math.sqrt(math.pi)!r} * exp(-u ** 2)",
    "abs": "1.0 if u >= 0 else -1.0",
}

_FUNCTIONS: dict[str, Callable[..., float]] = {
    **{
        name: getattr(math, name)
        for name in ("exp", "log", "log10", "sqrt", "sin", "cos", "tan", "atan", "tanh", "erf")
    },
    "abs": abs,
    "max": max,
    "min": min,
}

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)


class FormulaError(ValueError):
    """A formula of a card that has a form beyond those that are derived here."""


@attrs.frozen(eq=False)
class Formula:
    """A function of a few parameters."""

    text: str
    arguments: tuple[str, ...]
    """Names of the parameters @0, @1, …"""
    _function: Callable[..., tuple[float, list[float], list[list[float]]]]

    @classmethod
    def of(cls, text: str, arguments: Sequence[str]) -> Formula:
        """Read a formula.

        Args:
            text: the formula as in a card, with @0, @1, … or with the names of the arguments.
            arguments: names of the parameters.

        Raises:
            FormulaError: the formula has a form, a function or a name that is not known here.
        """
        # Names of a card may have dots and hyphens, which are operators in Python.
        names = [f"a{place}" for place in range(len(arguments))]
        node = _read(text, dict(zip(arguments, names, strict=True)), names)
        slopes = [_derivative(node, name) for name in names]
        bends = [[_derivative(slope, name) for name in names] for slope in slopes]
        source = f"lambda {', '.join(names)}: ({_text(node)}, {_list(slopes)}, [{', '.join(map(_list, bends))}])"
        # The source is made of numbers, the names above and the functions of the table, not of the card's text.
        function = eval(source, {"__builtins__": {}, **_FUNCTIONS})  # noqa: S307
        return cls(text, tuple(arguments), function)

    def __call__(self, values: Sequence[float]) -> tuple[float, FloatArray, FloatArray]:
        """Return the value, the gradient of shape (arguments,), and the matrix of second derivatives.

        Args:
            values: the arguments.

        Raises:
            FormulaError: the formula has no finite value there.
        """
        try:
            value, slopes, bends = self._function(*values)
        except (ArithmeticError, ValueError) as error:
            at = ", ".join(f"{name} = {number:g}" for name, number in zip(self.arguments, values, strict=True))
            raise FormulaError(f"{self.text!r} has no value at {at}: {error}") from None
        return float(value), np.array(slopes, dtype=float), np.array(bends, dtype=float).reshape(len(slopes), -1)


def _list(nodes: Sequence[ast.expr]) -> str:
    return f"[{', '.join(map(_text, nodes))}]"


def _text(node: ast.expr) -> str:
    return ast.unparse(ast.fix_missing_locations(ast.Expression(node)))


def _read(text: str, names: dict[str, str], positions: Sequence[str]) -> ast.expr:
    source = text.strip()
    for old, new in _WORDS:
        source = source.replace(old, new)
    source = _ARGUMENT.sub(r"a\1", source)
    try:
        node = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        raise FormulaError(f"{text!r} is no formula that can be derived: {error.msg}") from None
    return _checked(node, text, {**names, **{name: name for name in positions}})


def _checked(node: ast.expr, text: str, names: dict[str, str]) -> ast.expr:
    """Return an expression of the known forms, with the functions and arguments under the names used here."""

    def inner(child: ast.expr) -> ast.expr:
        return _checked(child, text, names)

    found: ast.expr | None = None
    match node:
        case ast.Constant(value=bool() | int() | float() as value):
            found = ast.Constant(float(value))
        case ast.Name(id=name) if name in names:
            found = ast.Name(names[name], ast.Load())
        case ast.Name(id=name) if name in _CONSTANTS:
            found = ast.Constant(_CONSTANTS[name])
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            found = ast.UnaryOp(node.op, inner(operand))
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
            found = ast.BinOp(inner(left), op, inner(right))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if not isinstance(op, ast.Is | ast.In):
            # C's comparisons are 0 or 1.
            found = ast.IfExp(ast.Compare(inner(left), [op], [inner(right)]), ast.Constant(1.0), ast.Constant(0.0))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _ALIASES:
            found = _call(_ALIASES[name], [inner(argument) for argument in arguments], text)
    if found is None:
        raise FormulaError(f"{text!r} has {ast.unparse(node)!r}, which cannot be derived here")
    return found


def _call(name: str, arguments: list[ast.expr], text: str) -> ast.expr:
    wanted = 2 if name in ("pow", "max", "min") else 1
    if len(arguments) != wanted:
        raise FormulaError(f"{text!r}: {name} has {len(arguments)} arguments, expected {wanted}")
    if name == "pow":
        return ast.BinOp(arguments[0], ast.Pow(), arguments[1])
    # As a choice of two, so that the derivative is that of the chosen one.
    if name in ("max", "min"):
        first, second = arguments
        op: ast.cmpop = ast.GtE() if name == "max" else ast.LtE()
        return ast.IfExp(ast.Compare(first, [op], [second]), first, second)
    return _function(name, arguments[0])


def _function(name: str, argument: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), [argument], [])


_ZERO, _ONE = 0.0, 1.0


def _is(node: ast.expr, value: float) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


def _plus(left: ast.expr, right: ast.expr) -> ast.expr:
    if _is(left, _ZERO):
        return right
    return left if _is(right, _ZERO) else ast.BinOp(left, ast.Add(), right)


def _times(left: ast.expr, right: ast.expr) -> ast.expr:
    if _is(left, _ZERO) or _is(right, _ZERO):
        return ast.Constant(_ZERO)
    if _is(left, _ONE):
        return right
    return left if _is(right, _ONE) else ast.BinOp(left, ast.Mult(), right)


def _minus(node: ast.expr) -> ast.expr:
    return node if _is(node, _ZERO) else ast.UnaryOp(ast.USub(), node)


def _derivative(node: ast.expr, name: str) -> ast.expr:
    """Return the derivative of an expression with respect to one argument."""
    found: ast.expr = ast.Constant(_ZERO)
    match node:
        case ast.Name(id=name_found) if name_found == name:
            found = ast.Constant(_ONE)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            found = _minus(_derivative(operand, name))
        case ast.UnaryOp(operand=operand):
            found = _derivative(operand, name)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            either, other = _derivative(body, name), _derivative(orelse, name)
            if not (_is(either, _ZERO) and _is(other, _ZERO)):
                found = ast.IfExp(test, either, other)
        case ast.BinOp():
            found = _of_operation(node, name)
        case ast.Call(func=ast.Name(id=function), args=[argument]):
            inner = _derivative(argument, name)
            if not _is(inner, _ZERO):
                found = _times(_outer(function, argument), inner)
    return found


def _outer(function: str, argument: ast.expr) -> ast.expr:
    """Return the derivative of a function of one argument, at that argument."""

    class Insert(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> Any:
            return argument if node.id == "u" else node

    body: ast.expr = Insert().visit(ast.parse(_DERIVATIVES[function], mode="eval").body)
    return body


def _of_operation(node: ast.BinOp, name: str) -> ast.expr:
    left, right = node.left, node.right
    by_left, by_right = _derivative(left, name), _derivative(right, name)
    match node.op:
        case ast.Add():
            return _plus(by_left, by_right)
        case ast.Sub():
            return _plus(by_left, _minus(by_right))
        case ast.Mult():
            return _plus(_times(by_left, right), _times(left, by_right))
        case ast.Div():
            quotient = _times(_minus(by_right), ast.BinOp(node, ast.Div(), right))
            first = by_left if _is(by_left, _ZERO) else ast.BinOp(by_left, ast.Div(), right)
            return first if _is(by_right, _ZERO) else _plus(first, quotient)
    return _of_power(left, right, by_left, by_right)


def _of_power(base: ast.expr, power: ast.expr, by_base: ast.expr, by_power: ast.expr) -> ast.expr:
    # The general case: the derivative by the base, and the one by the power through the logarithm of the base.
    lower: ast.expr = ast.BinOp(base, ast.Pow(), _plus(power, ast.Constant(-1.0)))
    if isinstance(power, ast.Constant) and isinstance(power.value, float):
        # A number as the new power, so that the power 0 ends the chain: 0**-1 has no value.
        less = power.value - 1
        lower = ast.Constant(_ONE) if less == 0 else ast.BinOp(base, ast.Pow(), ast.Constant(less))
        return ast.Constant(_ZERO) if power.value == 0 else _times(_times(power, lower), by_base)
    first = _times(_times(power, lower), by_base)
    second = _times(_times(ast.BinOp(base, ast.Pow(), power), _function("log", base)), by_power)
    return _plus(first, second)
