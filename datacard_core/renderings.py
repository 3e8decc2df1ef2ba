"""How a card writer comes by what it makes of effects and directives, its own and those that plugins bring."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.errors import MissingProviderError
from datacard_core.model import Directive, Effect
from datacard_core.overlaps import own_renderings

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacard_core.calling import Provided
    from datacard_core.hookspecs import CardWriter, Rendering
    from datacard_core.model import Channel
    from datacard_core.plugins import Plugins


def contributed_to(plugins: Plugins, writer: str, channel: Channel) -> list[Provided[Rendering]]:
    """The contributed renderings that one writer needs for a channel."""
    dispatch = _by_class(plugins, plugins.writer(writer)).dispatch
    effects = [effect for nuisance in channel.nuisances for effect in nuisance.effects]
    needed = dict.fromkeys(dispatch(type(item)) for item in (*effects, *channel.directives))
    return [function.provided for function in needed if isinstance(function, _Contributed)]


def renderer(plugins: Plugins, writer: str, channel: Channel) -> Callable[[Effect | Directive], Any]:
    """What a `CardContext` has as `rendered`, by class and most special class first.

    It raises MissingProviderError for an object that neither the writer nor a selected plugin renders.
    """
    rendered = _by_class(plugins, plugins.writer(writer))
    return lambda item: rendered(item, channel)


def _by_class(plugins: Plugins, writer: Provided[CardWriter]) -> Any:
    """What the writer and the selected plugins make of effects and directives, as one function of them."""

    @singledispatch
    def rendered(item: object, channel: Channel) -> Any:
        raise MissingProviderError(_missing(plugins, writer, item, channel))

    for of, function in own_renderings(writer).items():
        rendered.register(of, function)
    for provided in plugins.renderings.values():
        if provided.value.writer == writer.value.name:
            rendered.register(provided.value.of, _Contributed(provided))
    return rendered


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
    kind = plugins.kinds.get(channel.origin(item)[1])
    made = f", which plugin {kind.plugin!r} ({kind.origin}) makes" if kind else ""
    return (
        f"channel {channel.bin!r}: card writer {writer.value.name!r} of plugin {writer.plugin!r} ({writer.origin}) has "
        f"no rendering for the {what} {of}{_of(item, channel)}{made}: contribute "
        f"Rendering({writer.value.name!r}, {name}, function) from datacard_renderings()"
    )


def _of(item: Effect | Directive, channel: Channel) -> str:
    """Whose it is, in words."""
    name, _ = channel.origin(item)
    return f" of {name!r}" if name else ""
