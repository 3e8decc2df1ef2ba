"""The example package works with this core; the tests in its folder, which need it installed, test it further."""

from __future__ import annotations

import importlib
import sys
import tomllib
from typing import TYPE_CHECKING

import numpy as np
import pytest

import datacard_core
from datacard_core import DEFAULT_PLUGINS, Datacard, Systematics, SystematicUncertainty, load_plugins
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import CardArguments, Install

ACME_THEORY = ROOT / "examples" / "datacard-acme-theory"
MODULE = "datacard_acme_theory"


@pytest.fixture
def acme_theory(install: Install, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Module of the example, with the metadata that its pyproject would make."""
    project = tomllib.loads((ACME_THEORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = install(
        "nothing",
        distribution=project["name"],
        version=project["version"],
        entry_points=project["entry-points"]["datacard_core.plugins"],
    )
    # As after `pip install --editable`: the files are not beside the metadata.
    (dist_info,) = folder.glob("*.dist-info")
    (dist_info / "direct_url.json").write_text('{"dir_info": {"editable": true}}')
    monkeypatch.syspath_prepend(ACME_THEORY)
    yield
    sys.modules.pop(MODULE, None)


@pytest.mark.slow
@pytest.mark.usefixtures("acme_theory")
def test_theory_example_makes_one_shape(card_arguments: CardArguments) -> None:
    """An envelope of three variations is one shape, and the card names the package."""
    scale = SystematicUncertainty("scale", "envelope", ["top"], ["2022", "2023"], 1.0, options={"members": 3})
    plugins = load_plugins(*DEFAULT_PLUGINS, "acme_theory")
    card = Datacard(**card_arguments(systematics=Systematics([scale]), plugins=plugins))
    ((nuisance, shape),) = card.channel.shapes()
    assert (nuisance.name, nuisance.keyword) == ("scale", "shape")
    # top is (30, 20, 10) in 2022 and twice that in 2023, times (0.5, 1, 1), (1, 1.5, 1) and (1, 1, 1.25).
    np.testing.assert_array_equal(shape.up.values, [[30, 30, 12.5], [60, 60, 25]])
    np.testing.assert_array_equal(shape.down.values, [[15, 20, 10], [30, 40, 20]])
    assert "plugins of datacard-acme-theory 1.0.0: acme_theory" in card.content()


@pytest.mark.usefixtures("acme_theory")
def test_theory_example_uses_public_names() -> None:
    """The example imports only public names of datacard_core."""
    names = {
        name
        for name, value in vars(importlib.import_module(MODULE)).items()
        if getattr(value, "__module__", "").startswith("datacard_core")
    }
    assert names
    assert names <= set(datacard_core.__all__)
