"""Tests of the trial of checks: what it reports about checks that do not conform."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import Channel, Check, notice, warning
from tests.support.conformance import CALLS, Rates, failure
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core import Finding


class Dividing(Rates):
    """Check that divides by the background."""

    def run(self, channel: Channel) -> Iterable[Finding]:
        background = sum(rate for column, rate in zip(channel.columns, channel.rates, strict=True) if column.id > 0)
        yield notice("ratio", f"{float(channel.rates[0]) / float(background):g}")


class Mute(Rates):
    """Check with an empty message."""

    def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
        yield warning("rate", " ")


class Wordy(Rates):
    """Check with a sentence as code."""

    def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
        yield warning("the rate is high", "it is high")


class Plain(Rates):
    """Check that returns strings."""

    def run(self, channel: Channel) -> Any:  # noqa: ARG002
        return ["it is high"]


class Numbering(Rates):
    """Check with a counter in its message."""

    def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
        yield notice("count", f"finding {next(CALLS)}")


class Recognising(Rates):
    """Check that distinguishes equal objects."""

    def run(self, channel: Channel) -> Iterable[Finding]:
        yield notice("channel", f"it is channel {id(channel)}")


class Emptying(Rates):
    """Check that changes its channel by force."""

    def run(self, channel: Channel) -> Iterable[Finding]:
        object.__setattr__(channel, "nuisances", ())
        return ()


class FewBins(Rates):
    """Check that fails for four bins, which no channel made by hand has."""

    def run(self, channel: Channel) -> Iterable[Finding]:
        if channel.axis.bins > 3:
            raise RuntimeError("more than three bins")
        return super().run(channel)


CHECKS: dict[type[Check], str] = {
    Dividing: "may be empty\n  instead: .*ZeroDivisionError(.*\n)*.*given: a channel without any background yield",
    Mute: "whose message says what, how much and what to do\n  instead: ' '",
    Wordy: "whose code is a short word\n  instead: the code is 'the rate is high'",
    Plain: "findings, made by error\\(\\), warning\\(\\) or notice\\(\\)\n  instead: 'it is high'",
    Recognising: "the same findings for an equal channel",
    Emptying: "that the channel stays as it is\n  instead: it has changed nuisances",
    FewBins: "findings, which may be empty\n  instead: .*more than three bins(.*\n)*.*given: Sketch",
    Numbering: "the same findings for the same channel, each time",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "broken",
    # Only a search with many examples finds the failure of FewBins.
    [pytest.param(broken, marks=[pytest.mark.slow] if broken is FewBins else []) for broken in CHECKS],
    ids=lambda broken: broken.__name__,
)
def test_wrong_checks(broken: type[Check]) -> None:
    """The failure of a wrong check names the plugin, the check, the expectation and the result."""
    said = failure(Provider("acme", broken()))
    assert said.startswith("plugin 'acme' (local), check 'rates':")
    assert re.search(CHECKS[broken], said), said
