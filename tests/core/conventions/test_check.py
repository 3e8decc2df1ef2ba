"""The check of names against conventions."""

from __future__ import annotations

import numpy as np
import pytest

from datacard_core import Convention, FreeParameter, Model, NamePattern, check_names
from tests.support.channels import channel, factors
from tests.support.declarations import refused


def model(*names: str) -> Model:
    """Return a model with nuisances of these names, and with a free parameter."""
    free = FreeParameter("mySF", np.array([1]))
    return Model.of([channel(*(factors(name, [0], [1.1]) for name in names), directives=(free,))])


def test_unknown_names() -> None:
    """A name that no convention has comes with the most similar form; free parameters may have any name."""
    (finding,) = check_names(model("CMS_eff_e_id_2022", "CMS_eff_e_2022_id"))
    assert (finding.code, finding.systematic) == ("unknown-name", "CMS_eff_e_2022_id")
    assert "takes names such as 'CMS_eff_e_2022'" in finding.message


def test_names_of_one_analysis() -> None:
    """A name with the number of an analysis needs a description, which a project's convention gives."""
    made = model("CMS_HIG24001_fakes_SR")
    assert [finding.code for finding in check_names(made)] == ["undescribed-name"]
    ours = Convention("ours", (NamePattern("CMS_HIG24001_fakes_.*", "custom", "Our fakes"),))
    assert check_names(made, ours, "cms") == ()


def test_first_convention_decides() -> None:
    """A project's convention comes before the built-in one."""
    ours = Convention("ours", (NamePattern("lumi", "luminosity"),))
    assert check_names(model("lumi"), ours, "cms") == ()
    assert [finding.systematic for finding in check_names(model("lumi", "UEPS"), ours)] == ["UEPS"]


@pytest.mark.parametrize("name", ["csm", ""])
def test_unknown_convention(name: str) -> None:
    """A convention that is not built in is refused."""
    (problem,) = refused(lambda: check_names(model("lumi"), name))
    assert f"there is no convention {name!r}" in problem
