"""Codes of findings: each code in the sources is registered, and each registered code is used."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

import attrs
import pytest

from datacard_core import Severity
from datacard_core.codes import CODES
from tests.support.findings_page import built_in_makers, with_fit, writer_codes
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAKERS = {"notice": Severity.NOTICE, "warning": Severity.WARNING, "error": Severity.ERROR}
# Of a word that many modules have as a variable, the forms that may make findings.
MAY_FIND = re.compile(r"\b(?:notice|warning|Finding)\b|\berror(?:\(| as )|(?:= |\belse )error\b")
FINDINGS = ROOT / "datacard_core" / "findings.py"
CORE = sorted(path for path in (ROOT / "datacard_core").rglob("*.py") if path != FINDINGS)
# The reader of Combine's cards makes findings of its faults; tests/plugins/combine/test_codes.py holds their codes.
PLUGINS = sorted(path for path in (ROOT / "plugins").rglob("*.py") if path.name != "faults.py")


@attrs.frozen
class Use:
    """Place where a source file makes a finding."""

    line: int
    severities: frozenset[Severity]
    code: str | None
    """None if the code is not written there as a text."""


def uses(source: str) -> Iterator[Use]:
    """Yield the places where a source makes findings with notice(), warning(), error() or Finding()."""
    # Three of four modules need not be parsed.
    if not MAY_FIND.search(source):
        return
    tree = ast.parse(source)
    makers = _makers(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _name(node.func)
        if name == "Finding":
            severity, code = _argument(node, 0, "severity"), _argument(node, 1, "code")
            known = {Severity[severity.attr]} if isinstance(severity, ast.Attribute) else set(Severity)
            yield Use(node.lineno, frozenset(known), _text(code))
        elif name in makers:
            yield Use(node.lineno, makers[name], _text(_argument(node, 0, "code")))


def _makers(tree: ast.AST) -> dict[str, frozenset[Severity]]:
    """Return the names that stand for functions which make findings, with their severities."""
    makers = {name: frozenset([severity]) for name, severity in MAKERS.items()}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            makers |= {
                alias.asname: makers[alias.name] for alias in node.names if alias.asname and alias.name in MAKERS
            }
        # For example: make = notice if variation else warning
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.IfExp | ast.Name):
            choices = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
            names = [_name(choice) for choice in choices]
            if set(names) <= set(MAKERS):
                severities = frozenset(MAKERS[name] for name in names)
                makers |= {target.id: severities for target in node.targets if isinstance(target, ast.Name)}
    return makers


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    if len(call.args) > position:
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def used(paths: list[Path]) -> dict[str, set[Severity]]:
    """Return the codes that files use, with the severities of their findings."""
    found: dict[str, set[Severity]] = defaultdict(set)
    for path in paths:
        for use in uses(path.read_text(encoding="utf-8")):
            assert use.code is not None, f"{path}:{use.line}: the code of a finding is not written as a text"
            found[use.code] |= use.severities
    return dict(found)


@pytest.fixture(scope="module")
def plugin_codes() -> Mapping[str, set[Severity]]:
    return used(PLUGINS)


@pytest.mark.slow
def test_core_codes_are_registered() -> None:
    """The codes of the core's sources are those of the registry, with the same severities."""
    assert used(CORE) == {name: set(code.severities) for name, code in CODES.items()}


@pytest.mark.slow
def test_codes_of_built_in_plugins_are_declared(plugin_codes: Mapping[str, set[Severity]]) -> None:
    """The codes in the plugins' sources are those that their kinds, checks and writers declare."""
    declared = [code for maker in built_in_makers().values() for code in maker.codes]
    declared += writer_codes()
    assert len(set(declared)) == len(declared)
    assert set(declared) == set(plugin_codes)
    assert not set(declared) & set(CODES)


@pytest.mark.slow
def test_built_in_plugins_warn(plugin_codes: Mapping[str, set[Severity]]) -> None:
    """Findings of built-in plugins are warnings, or what the text of their code says: errors and notices."""
    texts = {code: text for maker in built_in_makers().values() for code, text in maker.codes.items()}
    texts |= writer_codes()
    for code, severities in plugin_codes.items():
        for severity, word in ((Severity.NOTICE, "notice"), (Severity.ERROR, "error")):
            assert (severity in severities) == (f"a{'n' * (word == 'error')} {word}" in texts[code].lower()), code


@pytest.mark.slow
@pytest.mark.parametrize("name", built_in_makers())
def test_maker_uses_declared_codes(name: str) -> None:
    """The class of a kind or a check, or the module of a check of many functions, uses the codes that it declares."""
    maker = built_in_makers()[name]
    source = inspect.getsource(type(maker))
    if not list(uses(source)):
        source = inspect.getsource(sys.modules[type(maker).__module__])
    assert {use.code for use in uses(source)} == set(maker.codes)


@pytest.mark.slow
def test_built_in_makers_are_found() -> None:
    """Every check of the built-in plugins is asked for its codes, and a kind that has some."""
    assert {f"check `{name}`" for name in with_fit().checks} | {"kind `lnN`"} == set(built_in_makers())


@pytest.mark.parametrize(
    ("source", "code", "severities"),
    [
        ("warning('a', 'b')", "a", {Severity.WARNING}),
        ("notice(code='a', message='b')", "a", {Severity.NOTICE}),
        ("datacard_core.error('a', 'b')", "a", {Severity.ERROR}),
        ("from datacard_core import error as fault\nfault('a', 'b')", "a", {Severity.ERROR}),
        ("make = error\nmake('a', 'b')", "a", {Severity.ERROR}),
        ("make = notice if x else warning\nmake('a', 'b')", "a", {Severity.NOTICE, Severity.WARNING}),
        ("from datacard_core import warning as warn\nwarn('a', 'b')", "a", {Severity.WARNING}),
        ("Finding(Severity.ERROR, 'a', 'b')", "a", {Severity.ERROR}),
        ("Finding(severity, 'a', 'b')", "a", set(Severity)),
        ("warning(code, 'b')", None, {Severity.WARNING}),
    ],
)
def test_finding_is_recognised(source: str, code: str | None, severities: set[Severity]) -> None:
    """Each way of making a finding is recognised in a source."""
    (use,) = uses(source)
    assert (use.code, set(use.severities)) == (code, severities)


@pytest.mark.parametrize("source", ["report('a')", "make = f if x else warning\nmake('a', 'b')"])
def test_other_calls_are_passed_over(source: str) -> None:
    """Calls that make no finding are not taken for one."""
    assert list(uses(source)) == []
