"""The comparison as a whole: models that are the same, and arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings

from datacard_core import DeclarationError, Model, compare, read_card, write_model
from tests.support.channels import channel, factors
from tests.support.models import content, models
from tests.support.outputs import PLUGINS

if TYPE_CHECKING:
    import pathlib


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(model=models())
def test_written_and_read(model: Model, tmp_path: pathlib.Path) -> None:
    """A model of all kinds is the same as itself in another order, and as what its card reads to."""
    turned = attrs.evolve(
        model,
        channels=tuple(attrs.evolve(one, nuisances=one.nuisances[::-1]) for one in model.channels[::-1]),
        parameters=model.parameters[::-1],
    )
    assert compare(model, turned).is_same
    write_model(model, tmp_path / "card.txt", plugins=PLUGINS)
    found = compare(model, read_card(tmp_path / "card.txt", lenient=True, plugins=PLUGINS).model())
    assert found.is_same, found.markdown()


@pytest.mark.slow
@settings(deadline=None)
@given(one=models(), other=models())
def test_same_content(one: Model, other: Model) -> None:
    """Two models are the same exactly where their contents are, and all changes can be written down."""
    found = compare(one, other)
    assert found.is_same == (content(one) == content(other))
    assert found.markdown(1)
    assert found.json()


def test_kinds_and_families() -> None:
    """Changes are found by kind and by family, and the text of a comparison counts them."""
    rows = [factors("lumi", [0], [1.1]), factors("xs", [1], [1.1])]
    found = compare(Model(channels=(channel(*rows),)), Model(channels=(channel(rows[0]),)))
    assert found.of("nuisance") == found.of("nuisance.gone") == found.changes
    assert found.of("rate") == ()
    assert repr(found) == "<Comparison of before and after: 1 difference>"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"before": "card.txt"}, "before is str, expected a Model"),
        ({"after": {}}, "after has None, expected models by name"),
        ({"after": {"a": 1}}, "after has 1, expected models by name"),
        ({"tolerance": -1}, "tolerance is -1, expected a number of at least 0"),
        ({"within_errors": "0.1"}, "within_errors is '0.1', expected a number"),
    ],
)
def test_arguments(arguments: dict[str, Any], words: str) -> None:
    """Objects that are no models, and a negative tolerance, are refused."""
    model = Model(channels=(channel(),))
    with pytest.raises(DeclarationError, match=words):
        compare(**{"before": model, "after": model, **arguments})
