"""Models of several channels: what they share, and what contradicts."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from datacard_core import (
    Channel,
    ConstrainedParameter,
    DeclarationError,
    DiscreteParameter,
    FormulaFactor,
    FreeParameter,
    GammaNormalisation,
    Model,
    Normalisation,
    Nuisance,
    SharedParameter,
    Statement,
    UniformNormalisation,
    notice,
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


def of(bin_name: str, *parameters: SharedParameter, **changes: Any) -> Model:
    return Model(channels=(attrs.evolve(ONE, bin=bin_name),), parameters=parameters, **changes)


def test_models_are_joined() -> None:
    """Parameters, groups, constant parameters and findings of all models are in the joined one, each once."""
    mu, nu = ConstrainedParameter("mu", 0.0, (1.0, 1.0)), ConstrainedParameter("nu", 0.0, (1.0, 1.0))
    found = notice("shape.mass", "told")
    one = of("SR", mu, groups={"theory": ("a", "b")}, frozen=frozenset({"a"}), findings=(found,))
    other = of("CR", mu, nu, groups={"theory": ("b", "c"), "exp": ("d",)}, frozen=frozenset({"d"}), findings=(found,))
    made = Model.joined([one, other])
    assert [channel.bin for channel in made.channels] == ["SR", "CR"]
    assert made.parameters == (mu, nu)
    assert made.groups == {"exp": ("d",), "theory": ("a", "b", "c")}
    assert made.frozen == {"a", "d"}
    assert made.findings == (found,)
    assert Model.joined([one]) is one


def test_contradicting_models() -> None:
    """Lines that differ, indices of two cards and names of two parameters are told at once, with the labels."""
    row = Nuisance("lumi", (Normalisation(np.array([0]), np.array([1.02])),))
    factor = Statement(FreeParameter("SF", np.array([0])))
    one = Model(
        channels=(attrs.evolve(ONE, bin="SR", nuisances=(row,), statements=(factor,)),),
        parameters=(ConstrainedParameter("mu", 0.0, (1.0, 1.0)), DiscreteParameter("index")),
    )
    named = attrs.evolve(row, name="SF")
    other = Model(
        channels=(attrs.evolve(ONE, bin="CR", nuisances=(named,)),),
        parameters=(
            ConstrainedParameter("mu", 0.0, (2.0, 2.0)),
            DiscreteParameter("index"),
            ConstrainedParameter("lumi", 0.0, (1.0, 1.0)),
        ),
    )
    with pytest.raises(DeclarationError) as raised:
        Model.joined([one, other], ["SR.txt", "CR.txt"])
    assert raised.value.problems == (
        "'mu param 0.0 1.0' in card 'SR.txt' is 'mu param 0.0 2.0' in card 'CR.txt': rename one of them",
        "the index 'index' is discrete in the cards 'SR.txt' and 'CR.txt': rename one of them",
        "'lumi' is param, and lnN in channel 'SR': one name, two parameters; rename one of them",
        "'SF' is rateParam, and lnN in channel 'CR': one name, two parameters; rename one of them",
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([],), "0 models with 0 labels"),
        (([of("SR"), of("CR")], ["a"]), "2 models with 1 labels"),
        (([ONE],), "expected a Model"),
    ],
)
def test_arguments_of_joined(arguments: tuple[Any, ...], words: str) -> None:
    """Nothing, other objects and labels in another number are refused."""
    with pytest.raises(DeclarationError, match=words):
        Model.joined(*arguments)
