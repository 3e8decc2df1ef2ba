"""The kind `shape`: it needs Up and Down, and passes the templates on unchanged."""

from __future__ import annotations

from typing import Any

import numpy as np

from datacard_core import (
    Axis,
    Column,
    Shape,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    Target,
    Templates,
    load_plugins,
)
from tests.support import outputs
from tests.support.cases import case

KIND: SystematicKind = load_plugins("shape").kinds["shape"].value
COLUMNS = (Column("ttbar_2022", "ttbar", "2022", 1), Column("vjets_2022", "vjets", "2022", 2))
NOMINAL = Templates(np.array([[10.0, 20.0], [1.0, 2.0]]), np.array([[10.0, 20.0], [0.1, 0.2]]))
UP = Templates(np.array([[11.0, 19.0], [1.5, 2.5]]), np.array([[12.0, 18.0], [0.3, 0.4]]))
DOWN = Templates(np.array([[9.0, 22.0], [-0.5, 1.5]]), np.array([[8.0, 23.0], [0.05, 0.15]]))


def shape(processes: Any = ("ttbar", "vjets"), value: Any = 1.0, years: Any = "2022") -> SystematicUncertainty:
    return SystematicUncertainty(name="JER", typ="shape", processes=processes, years=years, value=value)


def effect(systematic: SystematicUncertainty) -> Shape:
    """Return the effect of a declaration on both columns, the second and the fourth of a channel."""
    target = Target(
        systematic=systematic,
        bin="SR",
        axis=Axis(np.array([0.0, 1.0, 2.0])),
        columns=COLUMNS,
        positions=np.array([1, 3]),
        nominal=NOMINAL,
        variations={"Up": UP, "Down": DOWN},
    )
    (found,) = KIND.effects(target)
    assert isinstance(found, Shape)
    return found


def test_values() -> None:
    """A number above 0, of any library, is accepted."""
    for value in [1, 1.0, 0.5, 2.0, np.float32(1), np.int64(1)]:
        assert list(KIND.problems(shape(value=value))) == [], value


def test_wrong_values() -> None:
    """The problem names column, expectation and the conventional value."""
    for value in [0, -1.0, (1.0, 1.0), (1.0,), (), "1.0", {1.0}]:
        with case(value):
            (problem,) = KIND.problems(shape("ttbar", value))
            assert "ttbar 2022" in problem
            assert "above 0" in problem
            assert "1.0" in problem


def test_several_wrong_values() -> None:
    """Each wrong value is reported with its process and year."""
    wrong = SystematicUncertainty("JER", "shape", {"ttbar": {"2022": 0, "2023": 1}, "vjets": {"2023": -1}})
    assert [problem.partition(":")[0] for problem in KIND.problems(wrong)] == ["ttbar 2022", "vjets 2023"]


def test_shifts() -> None:
    """The kind needs the variations Up and Down."""
    assert sorted(KIND.shifts(shape())) == ["Down", "Up"]


def test_templates() -> None:
    """Templates are passed on unchanged, negative bins included."""
    found = effect(shape())
    assert found.columns.tolist() == [1, 3]
    np.testing.assert_array_equal(found.up.values, [[11, 19], [1.5, 2.5]])
    np.testing.assert_array_equal(found.up.variances, [[12, 18], [0.3, 0.4]])
    np.testing.assert_array_equal(found.down.values, [[9, 22], [-0.5, 1.5]])
    np.testing.assert_array_equal(found.down.variances, [[8, 23], [0.05, 0.15]])


def test_scale() -> None:
    """The value is the scale of the parameter, and templates keep their contents."""
    found = effect(shape({"ttbar": 1, "vjets": 0.5}, None))
    assert found.scale.tolist() == [1.0, 0.5]
    assert list(found.cells()) == ["1.0", "0.5"]
    assert found.keyword == "shape"
    np.testing.assert_array_equal(found.up.values, UP.values)


def test_merged_declarations() -> None:
    """Each part of a merged declaration keeps its scale."""
    merged = Systematics(
        [
            SystematicUncertainty("a", "shape", ["ttbar"], ["2022"], 1.0, "JER"),
            SystematicUncertainty("b", "shape", ["vjets"], ["2022"], 2.0, "JER"),
        ]
    )["JER"]
    assert effect(merged).scale.tolist() == [1.0, 2.0]


def test_arguments_are_unchanged() -> None:
    """The kind does not change the templates that it gets."""
    before = [templates.values.copy() for templates in (NOMINAL, UP, DOWN)]
    effect(shape())
    for templates, values in zip((NOMINAL, UP, DOWN), before, strict=True):
        np.testing.assert_array_equal(templates.values, values)


class TestUnconstrained:
    """The kind `shapeU`."""

    def test_row_and_templates(self) -> None:
        """The row is shapeU, with the templates of a shape, and scripts find it among the shapes."""
        output = outputs.signal_and_ttbar(nominal=[10, 20, 30], JESUp=[12, 22, 33], JESDown=[9, 18, 27])
        systematic = SystematicUncertainty("JES", "shapeU", ["ttbar"], ["2022"], 1.0)
        made = outputs.card(output, systematic)
        assert outputs.rows(made.content())["JES"] == ["JES", "shapeU", "-", "1.0"]
        assert made.rate("ttbar_2022", "JESUp") == 67
        assert list(made.systematics.get_systematics_by_type("shape")) == ["JES"]
        assert made.systematics.list_type("shape") == []

    def test_value(self) -> None:
        """A value of 0 is refused as for a shape."""
        kind = load_plugins("shape").kinds["shapeU"].value
        (problem,) = kind.problems(SystematicUncertainty("JES", "shapeU", ["ttbar"], ["2022"], 0.0))
        assert "expected a number above 0" in problem
