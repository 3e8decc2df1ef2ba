"""Differences between two versions of one parameter's effects."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from datacard_core import (
    Change,
    ControlRegion,
    FreeParameter,
    Model,
    MorphedShape,
    Nuisance,
    Shape,
    Templates,
    compare,
)
from tests.support.channels import VALUES, VARIANCES, channel, factors, shape, shifted


def changes(before: Any, after: Any, **options: Any) -> list[Change]:
    made = [Model(channels=(channel(*one),)) if isinstance(one, tuple) else one for one in (before, after)]
    return list(compare(*made, **options).changes)


def test_factor() -> None:
    """Another factor has its relative change, by the larger of both sides."""
    (found,) = changes((factors("lumi", [0, 1], [1.25, 1.1]),), (factors("lumi", [0, 1], [1.25, 1.21]),))
    assert (found.kind, found.channel, found.process, found.nuisance) == (
        "nuisance.value",
        "SR_2022_2023",
        "top_2022",
        "lumi",
    )
    assert (found.before, found.after, found.measure) == ("1.1", "1.21", "10 %")


def test_one_factor_and_two() -> None:
    """A pair that says the same as one factor is no difference, and neither is a last digit."""
    before = (factors("lumi", [0], [1.25]),)
    assert changes(before, (factors("lumi", [0], [1.25], [0.8]),)) == []
    assert changes(before, (factors("lumi", [0], [1.25000001]),)) == []
    (found,) = changes(before, (factors("lumi", [0], [1.25], [0.9]),))
    # From 0.8 to 0.9 at -1.
    assert found.after == "0.9/1.25"
    assert found.size == pytest.approx(0.125)


def test_opposite_sign() -> None:
    """A factor on the other side of 1 is told as another sign."""
    (found,) = changes((factors("lumi", [0], [1.25]),), (factors("lumi", [0], [0.8]),))
    assert (found.kind, found.before, found.after) == ("nuisance.sign", "1.25", "0.8")


def test_other_kind() -> None:
    """A factor that became templates is told with the factors of both on the yield."""
    (found,) = changes((factors("jes", [1], [1.1]),), (shifted("jes", [1], 3.0, -3.0),))
    assert (found.kind, found.before, found.after) == ("nuisance.retyped", "lnN 1.1", "shape 0.800/1.200")
    (back,) = changes((shifted("jes", [1], 3.0, -3.0, [0.5]),), (factors("jes", [1], [1.1]),))
    assert (back.before, back.after) == ("shape 0.800/1.200 at 0.5", "lnN 1.1")
    plain = shape([1], 3.0, -3.0)
    morphed = MorphedShape(plain.columns, plain.up, plain.down, plain.scale, "shapeN2")
    (other,) = changes((shifted("jes", [1], 3.0, -3.0),), (Nuisance("jes", (morphed,)),))
    assert (other.kind, other.after) == ("nuisance.retyped", "shapeN2 0.800/1.200")


def test_scale() -> None:
    """Another scale of the same templates is told."""
    (found,) = changes((shifted("jes", [1], 3.0, -3.0),), (shifted("jes", [1], 3.0, -3.0, [0.5]),))
    assert (found.kind, found.before, found.after, found.size) == ("nuisance.scale", "1.0", "0.5", 0.5)


def test_varied_template() -> None:
    """A varied template has its largest bin in errors of the nominal one, and the direction."""
    (found,) = changes((shifted("jes", [1], 3.0, -3.0),), (shifted("jes", [1], (3.0, 9.0), -3.0),))
    assert (found.kind, found.before, found.after) == ("nuisance.template", "0.800/1.200", "0.800/1.400")
    # The second bin goes from 23 to 29 with an error of 3, the sum from 36 to 42, and 13/36 to 13/42.
    assert found.measure == "Up: bin 2 by 2 of its error, normalisation +16.7 %, shape 0.052"


def test_swapped_templates() -> None:
    """Up and Down that changed places are told as another sign."""
    (found,) = changes((shifted("jes", [1], 3.0, -3.0),), (shifted("jes", [1], -3.0, 3.0),))
    assert (found.kind, found.before, found.after) == ("nuisance.sign", "0.800/1.200", "1.200/0.800")


def of_nominal(factor: float, up: float) -> Model:
    nominal = Templates(VALUES * factor, VARIANCES)
    effect = Shape(
        np.array([1]), Templates(nominal.values[[1]] * up, VARIANCES[[1]]), nominal[np.array([1])], np.array([1.0])
    )
    return Model(channels=(channel(Nuisance("jes", (effect,)), nominal=nominal),))


def test_same_effect_on_another_nominal() -> None:
    """With another nominal, the same factors are no difference, and the same templates are one."""
    same = changes(of_nominal(1, 1.1), of_nominal(2, 1.1))
    assert {one.kind for one in same} == {"rate", "template"}
    assert [one.process for one in changes(of_nominal(1, 1.1), of_nominal(2, 1.2)) if one.nuisance] == ["top_2022"]


def test_errors_of_varied_templates() -> None:
    """Errors of varied templates, which no fit uses, are not compared."""
    one = shape([1], 3.0, -3.0)
    other = attrs.evolve(one, up=Templates(one.up.values, 2 * one.up.variances))
    assert changes((Nuisance("jes", (one,)),), (Nuisance("jes", (other,)),)) == []


def test_count_of_a_control_region() -> None:
    """The events of a gmN are part of its value."""
    versions = [(Nuisance("side", (ControlRegion(np.array([1]), count, np.array([0.5])),)),) for count in (7, 8)]
    (found,) = changes(*versions)
    assert (found.kind, found.before, found.after, found.size) == ("nuisance.value", "7 0.5", "8 0.5", 0.125)


def test_start_and_range_of_factor() -> None:
    """A free parameter with another range is told."""
    versions = [
        Model(channels=(channel(directives=[FreeParameter("SF", np.array([1]), 1, (0, most))]),)) for most in (5, 10)
    ]
    (found,) = changes(*versions)
    assert (found.kind, found.nuisance, found.before, found.after) == ("factor.value", "SF", "1 [0,5]", "1 [0,10]")


def test_nofloat() -> None:
    """The mark [nofloat] is told."""
    row = factors("lumi", [0], [1.1])
    (found,) = changes((row,), (attrs.evolve(row, nofloat=True),))
    assert (found.kind, found.before, found.after) == ("nuisance.nofloat", "none", "[nofloat]")
