"""Rounding of an observation to whole events."""

from __future__ import annotations

import numpy as np
import pytest

from datacard_core import DataProcess, DataProcesses, DeclarationError
from datacard_core.model.arrays import Templates
from datacard_core.treatments.rounding import rounded
from tests.support.outputs import card, found, signal_and_ttbar


def test_bins() -> None:
    """Bins become whole numbers with their Poisson variance, halves the even one."""
    values = np.array([[1.4, 2.5, 3.6]])
    data, (finding,) = rounded(Templates(values, 0.1 * values))
    assert data.values.tolist() == data.variances.tolist() == [[1, 2, 4]]
    assert "from 7.5 to 7 in all" in str(finding)


def test_whole_numbers() -> None:
    """Counts stay as they are, without a finding."""
    counts = Templates(np.array([[1.0, 2.0]]), np.array([[1.0, 2.0]]))
    assert rounded(counts) == (counts, ())


def test_observation_of_a_card() -> None:
    """A data process asks for it, and the card tells it."""
    output = signal_and_ttbar(nominal=[10.25, 20, 30.5])
    data = DataProcesses([DataProcess(name="data_obs", samples=["TTbar"], years=["2022"], round_counts=True)])
    made = card(output, data_processes=data)
    assert made.observation == 60
    assert len(found(made, "rounded-data")) == 1
    assert made.rate("ttbar_2022") == 60.75


def test_no_bool() -> None:
    """Another value than True or False is refused."""
    with pytest.raises(DeclarationError, match="round_counts is 2, expected True or False"):
        DataProcess(name="data_obs", samples=["TTbar"], years=["2022"], round_counts=2)  # type: ignore[arg-type]
