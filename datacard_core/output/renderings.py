"""How a card writer comes by what it makes of effects and directives, its own and those that plugins bring."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.errors import MissingProviderError
from datacard_core.model.channel import Directive
from datacard_core.model.effects import Effect
from datacard_core.plugins.conflicts import own_renderings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.hookspecs import CardContext, CardWriter, Rendering
    from datacard_core.model.channel import Channel
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins


def card_text(writer: Provided[CardWriter], card: CardContext) -> str:
    """The text that a writer makes of a card.

    Raises:
        MissingProviderError: nobody renders an effect or a directive of the card for it.
        PluginCallError: it failed, or gave something else.
    """
    doing = f"writing the card of channel {card.channel.bin!r}"
    with writer.blamed(doing) as card_writer:
        text: object = card_writer.render(card)
    if not isinstance(text, str):
        raise writer.fault(f"{doing}: got {type(text).__name__} {text!r:.80}, expected its text")
    return text


@attrs.frozen(eq=False)
class Renderer:
    """What a `CardContext` has as `rendered`, by class and most special class first.

    It raises MissingProviderError for an object that neither the writer nor a selected plugin renders.
    """

    channel: Channel
    _by_class: Any
    """What the writer and the selected plugins make of effects and directives, as one function of them."""

    @classmethod
    def of(cls, plugins: Plugins, writer: Provided[CardWriter], channel: Channel) -> Renderer:
        """That of one writer for one channel."""

        @singledispatch
        def rendered(item: object, channel: Channel) -> Any:
            raise MissingProviderError(_missing(plugins, writer, item, channel))

        for of, function in own_renderings(writer).items():
            rendered.register(of, function)
        for provided in plugins.renderings.values():
            if provided.value.writer == writer.value.name:
                rendered.register(provided.value.of, _Contributed(provided))
        return cls(channel, rendered)

    def __call__(self, item: Effect | Directive) -> Any:
        """What the writer makes of one."""
        return self._by_class(item, self.channel)

    @property
    def contributed(self) -> list[Provided[Rendering]]:
        """The contributed renderings that it needs."""
        needed = dict.fromkeys(self._by_class.dispatch(type(item)) for item in items(self.channel))
        return [function.provided for function in needed if isinstance(function, _Contributed)]


def items(channel: Channel) -> Iterator[Effect | Directive]:
    """All effects of a channel, and all its directives."""
    yield from (effect for nuisance in channel.nuisances for effect in nuisance.effects)
    yield from channel.directives


@attrs.frozen(eq=False)
class _Contributed:
    """A contributed rendering as a function: what fails in it is its plugin's failure, not the writer's."""

    provided: Provided[Rendering]

    def __call__(self, item: Effect | Directive, channel: Channel) -> Any:
        rendering = self.provided.value
        what = f"{rendering.of.__name__}{_of(item, channel)}"
        doing = f"rendering {what} in channel {channel.bin!r} for card writer {rendering.writer!r}"
        with self.provided.blamed(doing):
            return rendering.render(item, channel)


def _missing(plugins: Plugins, writer: Provided[CardWriter], item: object, channel: Channel) -> str:
    if not isinstance(item, Effect | Directive):
        return f"card writer {writer.value.name!r} asked for a rendering of {item!r}, expected an effect or a directive"
    what = "effect" if isinstance(item, Effect) else "directive"
    name, of = type(item).__name__, f"{type(item).__module__}.{type(item).__qualname__}"
    kind = plugins.kinds.get(_declared_by(item, channel)[1])
    made = f", which plugin {kind.plugin!r} ({kind.origin}) makes" if kind else ""
    return (
        f"channel {channel.bin!r}: card writer {writer.value.name!r} of plugin {writer.plugin!r} ({writer.origin}) has "
        f"no rendering for the {what} {of}{_of(item, channel)}{made}: contribute "
        f"Rendering({writer.value.name!r}, {name}, function) from datacard_renderings()"
    )


def _of(item: Effect | Directive, channel: Channel) -> str:
    """Whose it is, in words."""
    name, _ = _declared_by(item, channel)
    return f" of {name!r}" if name else ""


def _declared_by(item: Effect | Directive, channel: Channel) -> tuple[str, str]:
    """Return the name in the card and the typ of the systematic that an effect or a directive comes from."""
    for nuisance in channel.nuisances:
        if any(effect is item for effect in nuisance.effects):
            return nuisance.name, nuisance.typ
    for statement in channel.statements:
        if statement.directive is item:
            return statement.systematic, statement.typ
    return "", ""
