"""Channels: rates, counts, names of templates, and where effects and directives come from."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from datacard_core import FreeParameter
from tests.support import outputs
from tests.support.outputs import Output, shape
from tests.support.rich import rich_card

if TYPE_CHECKING:
    from datacard_core import Channel


@pytest.fixture(scope="module")
def channel() -> Channel:
    """Return a channel of two bins with a shape on ttbar, a free parameter of it, and data."""
    output = Output().mc("Signal", "2022", nominal=[1, 2]).data("Muon", "2022", [12, 23])
    output.mc("TTbar", "2022", nominal=[10, 20], JESUp=[11, 22], JESDown=[9, 18])
    return outputs.card(
        output,
        shape("JES", datacard_name="CMS_JES"),
        mc_processes=outputs.two_processes(has_rateParam=True),
        data_processes=outputs.observation("Muon"),
    ).channel


@pytest.mark.slow
def test_columns(channel: Channel) -> None:
    """A column is a process of one year; its id says whether it is a signal."""
    assert [(column.name, column.process, column.year, column.id) for column in channel.columns] == [
        ("signal_2022", "signal", "2022", 0),
        ("ttbar_2022", "ttbar", "2022", 1),
    ]
    assert [column.is_signal for column in channel.columns] == [True, False]


def test_rates(channel: Channel) -> None:
    """The rate of a column is the integral of its template."""
    assert channel.rates.tolist() == [3, 30]
    assert not channel.rates.flags.writeable


def test_observation(channel: Channel) -> None:
    """The observation is the integral of the data, -1 without data."""
    assert channel.observation == 35
    assert outputs.card(outputs.signal_and_ttbar(nominal=[1, 2, 3])).channel.observation == -1


def test_kmax(channel: Channel) -> None:
    """The rows of nuisances count, free parameters and autoMCStats do not."""
    assert len(channel.nuisances) == 1
    assert len(channel.directives) == 2
    assert channel.kmax == 1


def test_kinds(channel: Channel) -> None:
    """The kinds of a channel are those of its rows and lines, sorted."""
    assert channel.typs == ("autoMCStats", "rateParam", "shape")


def test_origins(channel: Channel) -> None:
    """Rows and directives come with the name in the card and the kind of their systematic."""
    assert [(nuisance.name, nuisance.typ) for nuisance in channel.nuisances] == [("CMS_JES", "shape")]
    assert [(statement.systematic, statement.typ) for statement in channel.statements] == [
        ("SF_ttbar", "rateParam"),
        ("autoMCStats", "autoMCStats"),
    ]


def test_order_of_directives(channel: Channel) -> None:
    """Directives stand in the order of their kinds of lines."""
    assert isinstance(channel.directives[0], FreeParameter)
    assert [directive.order for directive in channel.directives] == [10, 90]


class TestTemplates:
    """All templates that the card refers to."""

    def test_names(self, channel: Channel) -> None:
        """Names are those of the card's shapes line, with the name in the card."""
        assert channel.template_names() == (
            "data_obs_nominal",
            "signal_2022_nominal",
            "ttbar_2022_nominal",
            "ttbar_2022_CMS_JESUp",
            "ttbar_2022_CMS_JESDown",
        )

    def test_values(self, channel: Channel) -> None:
        """Templates stand in the order of their names, with the channel's axis."""
        named = channel.templates()
        assert named.names == channel.template_names()
        assert named.templates.values.tolist() == [[12, 23], [1, 2], [10, 20], [11, 22], [9, 18]]
        assert named.axis.edges.tolist() == [0, 1, 2]

    def test_shapes(self, channel: Channel) -> None:
        """Every shape comes with its nuisance."""
        assert [(nuisance.name, effect.columns.tolist()) for nuisance, effect in channel.shapes()] == [("CMS_JES", [1])]


@pytest.mark.slow
def test_pickle() -> None:
    """A channel arrives from another process with its templates, text and origins."""
    made = rich_card().channel
    arrived = pickle.loads(pickle.dumps(made))
    assert arrived.template_names() == made.template_names()
    assert arrived.templates().templates.values.tobytes() == made.templates().templates.values.tobytes()
    assert arrived.findings == made.findings
    assert arrived.typs == made.typs
    assert [(statement.systematic, statement.typ) for statement in arrived.statements] == [
        (statement.systematic, statement.typ) for statement in made.statements
    ]
    assert not arrived.rates.flags.writeable
