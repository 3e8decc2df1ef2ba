"""Effects, directives, writers and renderings that are not built in: as sources of modules, and as objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from datacard_core import (
    DEFAULT_PLUGINS,
    CardWriter,
    Directive,
    Effect,
    Normalisation,
    RawLine,
    Rendering,
    SystematicKind,
    SystematicUncertainty,
    load_plugins,
)
from tests.support import outputs as by_hand
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from datacard_core import CardContext, Channel, Datacard, Plugins, Target

GAMMA = """
    import attrs
    from datacard_core import Directive, Effect, Rendering, SystematicKind, hookimpl

    @attrs.frozen(eq=False)
    class Gamma(Effect):
        columns: object
        events: int
        keyword = property(lambda self: f"gmN {self.events}")

        def cells(self):
            return ["0.5" for _ in self.columns]

    @attrs.frozen(eq=False)
    class Comment(Directive):
        text: str

        def lines(self, channel):
            return [f"# {self.text}"]

    class GammaKind(SystematicKind):
        typ = "gamma"

        def effects(self, target):
            return [Gamma(target.positions, 7)]

    class CommentKind(SystematicKind):
        typ = "comment"

        def effects(self, target):
            return [Comment(f"on {len(target.positions)}")]

    @hookimpl
    def datacard_systematic_kinds():
        return [GammaKind(), CommentKind()]
"""
"""Plugin with an effect and a directive, and their kinds."""
WRITER = """
    import json
    from datacard_core import CardWriter, FreeParameter, Normalisation, Shape, hookimpl

    class Json(CardWriter):
        name = "json"

        def renderings(self):
            return {
                Normalisation: lambda effect, _: {"factors": effect.up.tolist()},
                Shape: lambda effect, _: {"up": effect.up.values.tolist(), "down": effect.down.values.tolist()},
                FreeParameter: lambda parameter, _: {"start": parameter.initial},
            }

        def render(self, card):
            channel = card.channel
            return json.dumps(
                {
                    "rates": dict(zip([column.name for column in channel.columns], channel.rates.tolist())),
                    "rows": {row.name: [card.rendered(item) for item in row.effects] for row in channel.nuisances},
                    "lines": [card.rendered(item) for item in channel.directives],
                }
            )

    @hookimpl
    def datacard_card_writers():
        return [Json()]
"""
"""Plugin with a card writer for JSON."""
BRIDGE = """
    from acme_gamma import Comment, Gamma
    from datacard_core import Rendering, hookimpl

    @hookimpl
    def datacard_renderings():
        return [
            Rendering("json", Gamma, lambda effect, channel: {"events": effect.events, "channel": channel.bin}),
            Rendering("json", Comment, lambda line, _: {"comment": line.text}),
        ]
"""
"""Plugin that renders the effect and the directive for the writer."""


def mine(typ: str, name: str = "mine") -> SystematicUncertainty:
    return SystematicUncertainty(name, typ, ["ttbar"], ["2022"], 1.0)


def card(*systematics: SystematicUncertainty, plugins: Plugins, **options: Any) -> Datacard:
    """Return a card of signal and ttbar, with a variation JES and without statistical uncertainties."""
    output = by_hand.signal_and_ttbar(nominal=[10, 20, 30], JESUp=[11, 22, 33], JESDown=[9, 18, 27])
    return by_hand.card(output, *systematics, plugins=plugins, mcstat=False, bin_suffix="run3", **options)


def with_plugins(*plugins: Any) -> Plugins:
    return load_plugins(*DEFAULT_PLUGINS, *plugins)


@attrs.frozen(eq=False)
class Gamma(Effect):
    """A number of events in a control region."""

    columns: Any
    events: int = 7

    @property
    def keyword(self) -> str:
        return f"gmN {self.events}"

    def cells(self) -> Sequence[str]:
        return ["0.5" for _ in self.columns]


class Precise(Gamma):
    """A subclass of Gamma, for a rendering of this class only."""


class Same(Gamma):
    """A subclass of Gamma without a further meaning."""

    renders_as_base: ClassVar[bool] = True


class Factor(Normalisation):
    """A subclass of Normalisation without a further meaning."""

    renders_as_base: ClassVar[bool] = True


class Twisted(Normalisation):
    """A subclass of Normalisation with a further meaning."""


class Remark(RawLine):
    """A subclass of RawLine without a rendering for this class."""


class Of(SystematicKind):
    """A kind that makes one effect or directive with a given function."""

    typ: ClassVar[str] = "of"

    def __init__(self, make: Callable[[Target], Effect | Directive]) -> None:
        self.make = make

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        return [self.make(target)]


class Names(CardWriter):
    """A writer of one line for each effect and directive: the text that its rendering makes."""

    name: ClassVar[str] = "names"

    def __init__(self, own: Any = None) -> None:
        self.own = {Normalisation: lambda *_: "own"} if own is None else own

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        found: Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]] = self.own
        return found() if callable(found) else found

    def render(self, card: CardContext) -> str:
        items: list[Any] = [effect for row in card.channel.nuisances for effect in row.effects]
        return "".join(card.rendered(item) + "\n" for item in (*items, *card.channel.directives))


def gamma(target: Target) -> Effect:
    return Gamma(target.positions)


def precise(target: Target) -> Effect:
    return Precise(target.positions)


def same(target: Target) -> Effect:
    return Same(target.positions)


def factor(target: Target) -> Effect:
    return Factor(target.positions, np.full(len(target.positions), 2.0))


def twisted(target: Target) -> Effect:
    return Twisted(target.positions, np.full(len(target.positions), 2.0))


def rendering(of: type[Effect | Directive], made: Any, writer: str = "names") -> Rendering:
    """Return a rendering that makes a given text, or calls a given function."""
    return Rendering(writer, of, made if callable(made) else lambda *_: made)


def written(make: Callable[[Target], Effect | Directive], *plugins: Provider, writer: CardWriter | None = None) -> str:
    """Return the text that the writer makes of a card with one effect or directive."""
    chosen = with_plugins(Provider("kind", Of(make)), Provider("writer", writer or Names()), *plugins)
    return card(mine("of"), plugins=chosen).content(writer="names")
