"""Models of several channels: what they share, and what contradicts."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from datacard_core import (
    Channel,
    ConstrainedParameter,
    DeclarationError,
    FormulaFactor,
    FreeParameter,
    GammaNormalisation,
    Model,
    Normalisation,
    Nuisance,
    Statement,
    UniformNormalisation,
)
from tests.support.channels import channel as channel_by_hand

ONE = attrs.evolve(channel_by_hand(), bin="SR")
OTHER = attrs.evolve(ONE, bin="CR")


def test_channels_are_joined() -> None:
    """A model has the channels, the rows of one name together, and each shared parameter once."""
    row = Nuisance("lumi", (Normalisation(np.array([0]), np.array([1.02])),))
    parameter = Statement(ConstrainedParameter("p", 0.0, (1.0, 1.0)))
    channels = [attrs.evolve(channel, nuisances=(row,), statements=(parameter,)) for channel in (ONE, OTHER)]
    model = Model.of(channels, groups={"theory": ["p", "lumi", "p"]})
    assert [channel.bin for channel in model.channels] == ["SR", "CR"]
    assert [channel.bin for channel, _ in model.rows()["lumi"]] == ["SR", "CR"]
    assert [item.name for item in model.parameters] == ["p"]
    assert model.groups == {"theory": ("lumi", "p")}
    assert model.channel("CR") is channels[1]


def test_contradictions_are_told_together() -> None:
    """Equal names of channels, signs of processes, kinds of nuisances and numbers of parameters are told at once."""
    columns = tuple(attrs.evolve(column, id=1 if column.is_signal else 0) for column in ONE.columns)
    lognormal = Nuisance("xs", (Normalisation(np.array([0]), np.array([1.02])),))
    uniform = Nuisance("xs", (UniformNormalisation(np.array([0]), np.array([1.02])),))
    one = attrs.evolve(ONE, nuisances=(lognormal,), statements=(Statement(ConstrainedParameter("p", 0.0, (1.0, 1.0))),))
    other = attrs.evolve(
        ONE,
        columns=columns,
        nuisances=(uniform,),
        statements=(Statement(ConstrainedParameter("p", 1.0, (1.0, 1.0))),),
    )
    with pytest.raises(DeclarationError) as raised:
        Model.of([one, other])
    text = str(raised.value)
    for words in (
        "several channels are called 'SR'",
        "is a signal in channel",
        "lnN and lnU in one row",
        "'p param 0.0",
    ):
        assert words in text


def test_factors_and_widths_of_one_name() -> None:
    """One name has one start and range, one formula, and one width of a gmM, in all channels."""
    columns = np.array([0])

    def channel(name: str, start: float, formula: str, width: float) -> Channel:
        lines = (FreeParameter("SF", columns, start), FormulaFactor("f", columns, formula, ("SF",)))
        rows = (Nuisance("norm", (GammaNormalisation(columns, width),)),)
        return attrs.evolve(ONE, bin=name, nuisances=rows, statements=tuple(map(Statement, lines)))

    assert len(Model.of([channel("SR", 1.0, "@0", 0.2), channel("CR", 1.0, "@0", 0.2)]).channels) == 2
    with pytest.raises(DeclarationError) as raised:
        Model.of([channel("SR", 1.0, "@0", 0.2), channel("CR", 2.0, "1-@0", 0.3)])
    width, start, formula = raised.value.problems
    assert "nuisance 'norm' has the widths 0.2, 0.3" in width
    assert "rateParam 'SF' is (1.0, None) in channel 'SR' and (2.0, None) in channel 'CR'" in start
    assert "rateParam 'f' is ('@0', ('SF',)) in channel 'SR' and ('1-@0', ('SF',))" in formula
