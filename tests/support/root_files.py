"""Templates that a test writes to ROOT files, and axes of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from datacard_root import RootSerializer

from datacard_core import Axis, DatacardError, NamedTemplates, Templates

if TYPE_CHECKING:
    from pathlib import Path

UNIFORM = Axis(np.array([0.0, 0.25, 0.5, 0.75, 1.0]), "score", "DNN score", uniform=True)
VARIABLE = Axis(np.array([0.0, 30.0, 50.0, 100.0, 500.0]), "pt")
LABELLED = Axis(np.arange(5.0), "flavour", "jet flavour", uniform=True, categories=("b", "c", "light", "x" * 300))


def some(axis: Axis = UNIFORM, names: tuple[str, ...] = ("data_obs_nominal", "tt_2018_nominal")) -> NamedTemplates:
    """Return templates with random contents, the same at each call."""
    values = np.random.default_rng(7).gamma(2.0, 5.0, (len(names), axis.bins))
    return NamedTemplates(names, Templates(values, 0.3 * values), axis)


def written(templates: NamedTemplates, directory: Path, **options: Any) -> Path:
    """Write a file and return its path."""
    path = directory / "shapes.root"
    RootSerializer(**options).write(templates, path)
    return path


def refusal(templates: NamedTemplates, directory: Path) -> str:
    """Return the message of the error that these templates cause before a file exists."""
    path = directory / "refused.root"
    with pytest.raises(DatacardError) as caught:
        RootSerializer().write(templates, path)
    assert not path.exists()
    return str(caught.value)
