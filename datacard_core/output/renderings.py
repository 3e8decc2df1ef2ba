"""Renderings of effects and directives for a card writer: by the writer itself, or contributed by plugins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import shown
from datacard_core.errors import MissingProviderError
from datacard_core.model.channel import Directive
from datacard_core.model.effects import Effect
from datacard_core.names import listing, plain
from datacard_core.plugins.calling import findings_of
from datacard_core.plugins.conflicts import own_renderings, rendered_class

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from datacard_core.findings import Finding
    from datacard_core.hookspecs import CardContext, CardWriter, ModelContext, Rendering
    from datacard_core.model.channel import Channel
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins


def card_text(writer: Provided[CardWriter], card: CardContext) -> str:
    """Return the text that a writer makes of a card.

    Raises:
        MissingProviderError: neither the writer nor a selected plugin renders an effect or directive of the card.
        PluginCallError: the writer failed, or did not return a string.
    """
    doing = f"writing the card of channel {card.channel.bin!r}"
    return _text(writer, doing, lambda card_writer: card_writer.render(card))


def text_of_all(writer: Provided[CardWriter], cards: Sequence[CardContext]) -> str:
    """Return the one text that a writer makes of several cards, or "" if it writes a card for each channel.

    Raises:
        MissingProviderError: neither the writer nor a selected plugin renders an effect or directive of a card.
        PluginCallError: the writer failed, or did not return a string.
    """
    doing = f"writing one card of channels {listing(repr(card.channel.bin) for card in cards)}"
    with writer.blamed(doing) as card_writer:
        text: object = plain(card_writer.render_all(tuple(cards)))
        problem = "" if text is None else _text_problem(text)
    if problem:
        raise writer.fault(f"{doing}: {problem}")
    return "" if text is None else str(text)


def text_of_model(writer: Provided[CardWriter], card: ModelContext) -> str:
    """Return the text that a writer makes of a model.

    Raises:
        DeclarationError: the writer cannot express the model.
        MissingProviderError: neither the writer nor a selected plugin renders an effect or directive of the model.
        PluginCallError: the writer failed, or did not return a string.
    """
    doing = f"writing one card of channels {listing(repr(channel.bin) for channel in card.model.channels)}"
    return _text(writer, doing, lambda card_writer: card_writer.render_model(card))


def losses_of(writer: Provided[CardWriter], card: ModelContext) -> tuple[Finding, ...]:
    """Return the statements of a card that the text of a writer leaves out or says differently.

    Raises:
        PluginCallError: the writer failed, or did not return findings.
    """
    bins = listing(repr(channel.bin) for channel in card.model.channels)
    with writer.blamed(f"telling what a card of channels {bins} loses") as card_writer:
        return tuple(findings_of(card_writer.losses(card)))


def _text(writer: Provided[CardWriter], doing: str, render: Callable[[CardWriter], object]) -> str:
    with writer.blamed(doing) as card_writer:
        text: object = plain(render(card_writer))
        problem = _text_problem(text)
    if problem:
        raise writer.fault(f"{doing}: {problem}")
    return str(text)


def _text_problem(text: object) -> str:
    if not isinstance(text, str):
        return f"got {type(text).__name__} {shown(text)}, expected the text of the card"
    if not text.strip():
        return f"got {text!r:.80}, expected the text of the card"
    # Half of a pair of surrogates cannot be written to a file, and programs read other control characters differently:
    # "\r" is the end of a line to some, and a part of the last word to Combine.
    match = re.search("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", text)
    if match is None:
        return ""
    line = text.count("\n", 0, match.start()) + 1
    return f'line {line} of the text has the character {match[0]!r}, expected text with "\\n" at the end of each line'


@attrs.frozen(eq=False)
class Renderer:
    """A function from the effects and directives of one channel to what a writer makes of them.

    It is the `rendered` of a `CardContext`. The class of the object decides.
    """

    channel: Channel
    _by_class: Mapping[type, Callable[..., Any]]
    """Functions of an effect or directive and its channel, by class."""
    _missing: Callable[[object], str]
    """Returns the message about an object without a rendering."""

    @classmethod
    def of(cls, plugins: Plugins, writer: Provided[CardWriter], channel: Channel) -> Renderer:
        """Return the renderer of one writer for one channel.

        Raises:
            PluginCallError: the writer failed to name the renderings that it has.
        """
        by_class = dict(own_renderings(writer))
        for provided in plugins.renderings.values():
            if provided.value.writer == writer.name:
                by_class[provided.value.of] = _Contributed(provided)
        return cls(channel, by_class, lambda item: _missing(plugins, writer, item, channel))

    def __call__(self, item: Effect | Directive) -> Any:
        """Return what the writer makes of an effect or a directive of the channel.

        Raises:
            MissingProviderError: neither the writer nor a selected plugin renders it.
            PluginCallError: a contributed rendering failed.
        """
        of = rendered_class(type(item), self._by_class)
        if of is None:
            raise MissingProviderError(self._missing(item))
        return self._by_class[of](item, self.channel)

    @property
    def contributed(self) -> list[Provided[Rendering]]:
        """The contributed renderings that the channel needs."""
        # A dict keeps the order of the channel, a set would not.
        needed = dict.fromkeys(rendered_class(type(item), self._by_class) for item in items(self.channel))
        functions = [self._by_class[of] for of in needed if of is not None]
        return [function.provided for function in functions if isinstance(function, _Contributed)]


def items(channel: Channel) -> Iterator[Effect | Directive]:
    """Yield all effects of a channel, then all its directives."""
    yield from (effect for nuisance in channel.nuisances for effect in nuisance.effects)
    yield from channel.directives


@attrs.frozen(eq=False)
class _Contributed:
    """A contributed rendering as a function, whose failures are those of its plugin and not of the writer."""

    provided: Provided[Rendering]

    def __call__(self, item: Effect | Directive, channel: Channel) -> Any:
        # A lambda, because a card has thousands of effects and the text is needed only for a failure.
        with self.provided.blamed(lambda: self._doing(item, channel)) as rendering:
            return rendering.render(item, channel)

    def _doing(self, item: Effect | Directive, channel: Channel) -> str:
        rendering = self.provided.value
        what = f"{rendering.of.__name__}{_of(item, channel)}"
        return f"rendering {what} in channel {channel.bin!r} for card writer {rendering.writer!r}"


def _missing(plugins: Plugins, writer: Provided[CardWriter], item: object, channel: Channel) -> str:
    """Return the message about an effect or a directive without a rendering, with what to contribute."""
    if not isinstance(item, Effect | Directive):
        return f"card writer {writer.name!r} asked for a rendering of {item!r}, expected an effect or a directive"
    what = "effect" if isinstance(item, Effect) else "directive"
    name, of = type(item).__name__, f"{type(item).__module__}.{type(item).__qualname__}"
    _, typ = _declared_by(item, channel)
    kind = plugins.kinds.get(typ)
    made = f", which plugin {kind.plugin!r} ({kind.origin}) makes" if kind else ""
    return (
        f"channel {channel.bin!r}: card writer {writer.name!r} of plugin {writer.plugin!r} ({writer.origin}) has "
        f"no rendering for the {what} {of}{_of(item, channel)}{made}: contribute "
        f"Rendering({writer.name!r}, {name}, function) from datacard_renderings()"
    )


def _of(item: Effect | Directive, channel: Channel) -> str:
    name, _ = _declared_by(item, channel)
    return f" of {name!r}" if name else ""


def _declared_by(item: Effect | Directive, channel: Channel) -> tuple[str, str]:
    """Return the name in the card and the `typ` of the systematic behind an effect or a directive, or ("", "").

    Only messages need it, so the items are searched and not indexed.
    """
    for nuisance in channel.nuisances:
        if any(effect is item for effect in nuisance.effects):
            return nuisance.name, nuisance.typ
    for statement in channel.statements:
        if statement.directive is item:
            return statement.systematic, statement.typ
    return "", ""
