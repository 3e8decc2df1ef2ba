"""Parameters in several channels, and those of processes without a counterpart."""

from __future__ import annotations

import attrs
import numpy as np

from datacard_core import FreeParameter, Model, compare
from tests.support.channels import COLUMNS, channel, factors


def test_all_channels_count() -> None:
    """A parameter that lost one of two channels is not gone, and has another coverage."""
    row = factors("lumi", [0], [1.1])
    before = Model(channels=(channel(row, bin="SR"), channel(row, bin="CR")))
    after = Model(channels=(channel(row, bin="SR"), channel(bin="CR")))
    (found,) = compare(before, after).changes
    assert (found.kind, found.channel, found.process, found.before) == (
        "nuisance.coverage",
        "CR",
        "signal_2022",
        "lnN 1.1",
    )


def test_parameter_of_a_process_that_is_gone() -> None:
    """A parameter that acted on a process that is gone is told as gone, without columns."""
    columns = (*COLUMNS[:3], attrs.evolve(COLUMNS[3], name="qcd_2022"))
    values = np.array([[1.0, 2.0], [10.0, 20.0], [30.0, 40.0], [7.0, 7.0]])
    before = Model(channels=(channel(factors("norm", [3], [1.5])),))
    found = compare(before, Model(channels=(channel(values=values, columns=columns),))).of("nuisance")
    assert [(one.kind, one.nuisance, one.before) for one in found] == [
        ("nuisance.gone", "norm", "on processes that are gone alone")
    ]


def test_factors() -> None:
    """Free parameters are gone, appear and have other names as nuisances do, in kinds of their own."""
    before, after, other = (
        Model(channels=(channel(directives=[FreeParameter(name, np.array([column]))]),))
        for name, column in (("SF", 1), ("SF_top", 1), ("SF", 2))
    )
    (found,) = compare(before, after).changes
    assert (found.kind, found.before, found.after) == ("factor.renamed", "SF", "SF_top")
    assert [one.kind for one in compare(before, other).changes] == ["factor.coverage"] * 2
    assert [one.kind for one in compare(after, other).changes] == ["factor.gone", "factor.appeared"]
