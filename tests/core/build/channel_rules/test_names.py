"""Rules on the names of parameters and templates."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import DeclarationError, SystematicUncertainty
from datacard_core.testing import small_card


def line(name: str, typ: str, **options: Any) -> SystematicUncertainty:
    return SystematicUncertainty(name, typ, options=options)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["r", "CMS_th1x", "ONE"])
def test_parameters_of_combine(name: str) -> None:
    """Neither rows nor lines about parameters take the name of a variable that Combine makes."""
    for systematic in (
        SystematicUncertainty(name, "lnN", ["top"], ["2022"], 1.1),
        SystematicUncertainty(name, "rateParam", ["top"], ["2022"], 1.0),
        line(name, "param", mean=1, sigma=0.1),
        line(name, "extArg", initial=1.0),
    ):
        with pytest.raises(DeclarationError, match=f"the nuisance '{name}' would be the "):
            small_card(systematic)


@pytest.mark.slow
def test_constraint_of_the_mass() -> None:
    """The mass of a model may have a constraint, and no other line may define it."""
    assert "MH param 125.0 0.1" in small_card(line("MH", "param", mean=125, sigma=0.1)).content()
    with pytest.raises(DeclarationError, match="the nuisance 'MH' would be the mass"):
        small_card(line("MH", "extArg", initial=125))
