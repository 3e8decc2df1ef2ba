"""Yields of processes under a nuisance with templates, compared with sums worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from datacard_plots.pages.variations import varied_processes, without_templates

from datacard_core import Normalisation, Nuisance, Templates
from tests.support.channels import all_shifted, channel, channel_of, shape, shifted


def test_sums_over_columns() -> None:
    """Nominal, up and down are sums over the columns with templates."""
    jes = shifted("jes", [0, 1, 2], [[1, 1], [2, 3], [4, 5]], [[0, 0], [-1, -1], [-2, 0]])
    signal, top = varied_processes(channel(jes), jes)
    assert (signal.process, top.process) == ("signal", "top")
    assert top.nominal.tolist() == [40, 60]
    assert top.up.tolist() == [46, 68]
    assert top.down.tolist() == [37, 59]
    np.testing.assert_allclose(top.error**2, [9, 16])
    assert top.change(top.up) == pytest.approx(0.14)
    assert top.years == ()


def test_templates_of_some_years() -> None:
    """A process with templates in some of its years is summed over those, and lists them."""
    jes = shifted("jes", [2], [[4, 5]], [[-2, 0]], [0.5])
    (top,) = varied_processes(channel(jes), jes)
    assert top.nominal.tolist() == [30, 40]
    assert (top.years, top.scales) == (("2023",), (0.5,))


def test_several_effects() -> None:
    """Effects of one nuisance are summed in any order."""
    parts = (shape([2], [[4, 5]], [[-2, 0]]), shape([1], [[2, 3]], [[-1, -1]]))
    for effects in (parts, parts[::-1]):
        (top,) = varied_processes(channel(), Nuisance("jes", effects))
        assert top.up.tolist() == [46, 68]


def test_order_of_processes() -> None:
    """Processes are in the order of the columns, not of the effects."""
    parts = (shape([3], [[1, 1]], [[-1, -1]]), shape([1], [[2, 3]], [[-1, -1]]))
    found = varied_processes(channel(), Nuisance("jes", parts))
    assert [process.process for process in found] == ["top", "vjets"]


def test_effects_without_templates() -> None:
    """Processes with other effects are listed separately."""
    mixed = Nuisance("jes", (shape([1], [[2, 2]], [[-2, -2]]), Normalisation(np.array([0, 3]), np.array([2.0, 2]))))
    assert without_templates(channel(), mixed) == ("signal", "vjets")


def test_change_without_yield() -> None:
    """Without a nominal yield the relative change is NaN."""
    made = channel_of(1, nominal=Templates(np.zeros((1, 2)), np.zeros((1, 2))))
    (process,) = varied_processes(made, all_shifted(made))
    assert math.isnan(process.change(process.up))
