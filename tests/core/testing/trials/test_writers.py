"""Tests of the trial of card writers: what it reports about writers that do not conform."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import CardContext, CardWriter, Channel, Directive, Effect, Normalisation, Shape
from datacard_core.testing import search
from tests.support.conformance import CALLS, Counted, Listing, failure
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Dropping(Listing):
    """Writer that leaves out the second nuisance."""

    def nuisances(self, card: CardContext) -> dict[str, Any]:
        rows = super().nuisances(card)
        return {name: row for number, (name, row) in enumerate(rows.items()) if number != 1}


class Stamping(Listing):
    """Writer with a counter in its text."""

    def render(self, card: CardContext) -> str:
        return f"{next(CALLS)} {super().render(card)}"


class Choosing(Listing):
    """Writer that leaves out effects that it does not know."""

    def nuisances(self, card: CardContext) -> dict[str, Any]:
        rows = {
            row.name: [card.rendered(effect) for effect in row.effects if isinstance(effect, Normalisation | Shape)]
            for row in card.channel.nuisances
        }
        return {name: row for name, row in rows.items() if row}


class HalfChoosing(Choosing):
    """Writer that leaves out unknown effects beside known ones."""

    def nuisances(self, card: CardContext) -> dict[str, Any]:
        return {row.name: super(HalfChoosing, self).nuisances(card).get(row.name) for row in card.channel.nuisances}


class Blind(Listing):
    """Writer without data."""

    def content(self, card: CardContext) -> dict[str, Any]:
        return {**super().content(card), "data": 0}


class OneSided(Listing):
    """Writer without factors down."""

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        return {**super().renderings(), Normalisation: lambda effect, _: effect.up.tolist()}


class Unlined(Listing):
    """Writer without directives."""

    def content(self, card: CardContext) -> dict[str, Any]:
        return {**super().content(card), "lines": []}


class Rateless(Listing):
    """Writer without rates."""

    def content(self, card: CardContext) -> dict[str, Any]:
        return {**super().content(card), "rates": {}}


class Wordless(Listing):
    """Writer of an empty card."""

    def render(self, card: CardContext) -> str:  # noqa: ARG002
        return "\n"


class Failing(Listing):
    """Writer that fails for an effect that it does not know."""

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        return {**super().renderings(), Effect: lambda effect, _: effect.up}


class Refusing(Listing):
    """Writer that refuses all cards."""

    def render(self, card: CardContext) -> str:
        card.rendered(Counted([0]))
        return ""


class Identifying(Listing):
    """Writer that distinguishes equal objects."""

    def content(self, card: CardContext) -> dict[str, Any]:
        return {**super().content(card), "channel": id(card.channel)}


class FewColumns(Listing):
    """Writer that fails for four columns, which no channel made by hand has."""

    def nuisances(self, card: CardContext) -> dict[str, Any]:
        if len(card.channel.columns) > 3:
            raise RuntimeError("more than three columns")
        return super().nuisances(card)


WRITERS: dict[type[CardWriter], str] = {
    Dropping: "another text, or an error, without the nuisance '(nuisance)*'\n  instead: the same text",
    Stamping: "the same text of the same channel, each time\n  instead: line 1 is",
    Choosing: "that an effect which it does not know stands in the text, or is a MissingProviderError",
    HalfChoosing: "that an effect beside a Normalisation which it does not know stands in the text",
    Blind: "another text, or an error, where data are requested or not",
    OneSided: "another text, or an error, where the factor down of '(nuisance)*' differs",
    Unlined: "another text, or an error, without the FreeParameter",
    Rateless: "another text, or an error, where the rate of 'top_2018' differs",
    Wordless: "the text of a card that has processes only\n  instead: PluginCallError: .*got '\\\\n', expected",
    Failing: "or a MissingProviderError for what it does not render\n  instead: PluginCallError: .*AttributeError",
    Identifying: "the same text of an equal channel",
    FewColumns: "or a MissingProviderError(.*\n)*.*more than three columns(.*\n)*.*given: Sketch",
    Refusing: "the text of a card that has processes only\n  instead: MissingProviderError",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "broken",
    # Only a search with many examples finds the failure of FewColumns.
    [pytest.param(broken, marks=[pytest.mark.slow] if broken is FewColumns else []) for broken in WRITERS],
    ids=lambda broken: broken.__name__,
)
def test_wrong_writers(broken: type[CardWriter], monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure of a wrong writer names the plugin, the writer, the expectation and the result."""
    # The smallest input is a claim of the search's own tests.
    monkeypatch.setattr(search, "SMALLER", 10)
    said = failure(Provider("acme", broken()))
    assert said.startswith("plugin 'acme' (local), card writer 'listing':")
    assert re.search(WRITERS[broken], said), said
