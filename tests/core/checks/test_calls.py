"""Calls of checks: on channels that are built, and on whole models."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from datacard_core import Check, InputError, Model, PluginCallError, error, load_plugins, warning
from datacard_core.checks.calls import channel_findings, model_findings, refuse_faulty
from datacard_core.testing import small_card
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core import Channel, Finding


class Both(Check):
    """A check that tells each channel, and each model."""

    name: ClassVar[str] = "both"
    before_writing: ClassVar[bool] = True

    def run(self, channel: Channel) -> Iterator[Finding]:
        yield warning("seen", f"the channel {channel.bin}")

    def examine(self, model: Model) -> Iterator[Finding]:
        yield error("counted", f"{len(model.channels)} channels", channel=model.channels[0].bin)


class Late(Both):
    """A check that finds the errors of the other one, and runs at no writing of files."""

    name: ClassVar[str] = "late"
    before_writing: ClassVar[bool] = False


class Broken(Check):
    """A check that fails."""

    name: ClassVar[str] = "broken"

    def examine(self, model: Model) -> Iterator[Finding]:
        yield warning("ratio", str(1 / len(model.groups)))


MODEL = Model.of([small_card().channel])


def test_channel_and_model() -> None:
    """A channel is given to `run` alone, and a model to `examine` alone."""
    plugins = load_plugins(Provider("both", Both()))
    assert [one.code for one in channel_findings(plugins, MODEL.channels[0])] == ["seen"]
    assert [(one.code, one.message) for one in model_findings(plugins, MODEL)] == [("counted", "1 channels")]


def test_before_writing() -> None:
    """Only checks that ask for it run before files are written, and all their errors are raised together."""
    refuse_faulty(load_plugins(Provider("late", Late())), MODEL)
    with pytest.raises(InputError, match=r"\[counted\].*1 channels") as caught:
        refuse_faulty(load_plugins(Provider("both", Both())), MODEL)
    assert "checks=False" in caught.value.__notes__[0]


def test_failing_check() -> None:
    """A check that fails is blamed, with its plugin and the channels."""
    with pytest.raises(PluginCallError, match="running check 'broken' on channels 'SR_2022_2023'"):
        list(model_findings(load_plugins(Provider("mine", Broken())), MODEL))
