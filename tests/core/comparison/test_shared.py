"""Parameters and groups that the channels of a model share, and further lines."""

from __future__ import annotations

from typing import Any

from datacard_core import (
    Change,
    ConstrainedParameter,
    ExternalParameter,
    Model,
    NuisanceEdit,
    RawLine,
    compare,
)
from tests.support.channels import Lines, channel, factors


def changes(before: Any, after: Any, *rows: Any) -> list[tuple[str, str, str, str]]:
    models = (Model(channels=(channel(*rows),), **one) for one in (before, after))
    return [(one.kind, one.nuisance, one.before, one.after) for one in compare(*models).changes]


def test_parameters() -> None:
    """Lines of parameters are compared by name and kind, numbers as numbers."""
    before = {"parameters": (ConstrainedParameter("p", 0.0, (1.0, 1.0)), ConstrainedParameter("q", 1.0, (1.0, 2.0)))}
    after = {"parameters": (ConstrainedParameter("q", 1.0, (1.0, 3.0)), ExternalParameter("k", 2.0))}
    assert changes(before, after) == [
        ("parameter.gone", "p", "param 0.0 1.0", ""),
        ("parameter.appeared", "k", "", "extArg 2.0"),
        ("parameter.value", "q", "param 1.0 -1.0/+2.0", "param 1.0 -1.0/+3.0"),
    ]
    assert changes(before, {"parameters": before["parameters"][::-1]}) == []


def test_objects_of_files() -> None:
    """The directory of a file, which differs between versions, is no difference."""
    old, new, other = (
        {"parameters": (ExternalParameter("k", None, source=f"{path}:ws"),)}
        for path in ("/a/x.root", "/b/x.root", "/b/y.root")
    )
    assert changes(old, new) == []
    assert changes(new, other) == [("parameter.value", "k", "extArg x.root:ws", "extArg y.root:ws")]


def test_groups() -> None:
    """Groups have the members that left and joined, without their order."""
    before = {"groups": {"theory": ("a", "b"), "old": ("a",)}}
    after = {"groups": {"new": ("b", "c"), "theory": ("c", "b")}}
    assert changes(before, after) == [
        ("group.gone", "old", "a", ""),
        ("group.appeared", "new", "", "b, c"),
        ("group.members", "theory", "a", "c"),
    ]
    assert changes(before, {"groups": {"old": ("a",), "theory": ("b", "a")}}) == []


def test_members_with_another_name() -> None:
    """A nuisance with another name is the same member of its group."""
    before = Model(
        channels=(channel(factors("lumi", [0], [1.1])),), groups={"exp": ("lumi",)}, frozen=frozenset({"lumi"})
    )
    after = Model(channels=(channel(factors("L", [0], [1.1])),), groups={"exp": ("L",)}, frozen=frozenset({"L"}))
    assert [one.kind for one in compare(before, after).changes] == ["nuisance.renamed"]


def test_constant_parameters() -> None:
    """A parameter that is constant in one version is told."""
    assert changes({"frozen": frozenset({"a"})}, {"frozen": frozenset({"b"})}) == [
        ("parameter.frozen", "a", "constant", "floats"),
        ("parameter.frozen", "b", "floats", "constant"),
    ]


def lines(before: Any, after: Any) -> list[Change]:
    models = (Model(channels=(channel(directives=one),)) for one in (before, after))
    return list(compare(*models).changes)


def test_further_lines() -> None:
    """Lines of plugins, raw lines and edits are compared as texts, without their order and blanks."""
    edit = NuisanceEdit("drop", ("*", "*", "lumi"))
    before = [RawLine("a  param 0 1"), Lines(("b extArg 1",)), edit]
    assert lines(before, [edit, Lines(("b extArg 1",)), RawLine("a param 0 1")]) == []
    found = lines(before, [Lines(("b extArg 2",)), edit])
    assert [(one.kind, one.before or one.after) for one in found] == [
        ("line.gone", "a param 0 1"),
        ("line.gone", "b extArg 1"),
        ("line.appeared", "b extArg 2"),
    ]


def test_frozen_by_an_edit() -> None:
    """A freezing edit is told by the parameters that the model has constant, and by no line."""
    assert lines([NuisanceEdit("freeze", ("lumi",))], []) == []
