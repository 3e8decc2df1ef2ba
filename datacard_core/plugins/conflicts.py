"""Whether what plugins contribute gets in each other's way: no order may decide between two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacard_core.errors import PluginConflictError
from datacard_core.model.channel import Directive
from datacard_core.model.effects import Effect
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from datacard_core.hookspecs import CardWriter, Rendering
    from datacard_core.plugins.calling import Provided


def add(providers: dict[str, Provided[Any]], key: str, provided: Provided[Any], what: str) -> None:
    """Add what a plugin contributes to what others do.

    Raises:
        PluginConflictError: another one has the key.
    """
    if other := providers.get(key):
        message = f"{what} {key!r} is also provided by plugin {other.plugin!r} ({other.origin}); block one of the two"
        raise PluginConflictError(message, plugin=provided.plugin, origin=provided.origin)
    providers[key] = provided


def refuse_superfluous(writers: Mapping[str, Provided[CardWriter]], renderings: Iterable[Provided[Rendering]]) -> None:
    """Refuse renderings of what a writer renders itself: nobody may change what others get from it.

    Raises:
        PluginConflictError: there is one.
    """
    for provided in renderings:
        rendering = provided.value
        writer = writers.get(rendering.writer)
        known = [of.__name__ for of in own_renderings(writer) if issubclass(rendering.of, of)] if writer else []
        if writer and known:
            raise PluginConflictError(
                f"contributes a rendering of {rendering.of.__name__} by card writer {rendering.writer!r} of plugin "
                f"{writer.plugin!r} ({writer.origin}), which renders {listing(known)} itself",
                plugin=provided.plugin,
                origin=provided.origin,
            )


def own_renderings(provided: Provided[CardWriter]) -> Mapping[type, Callable[..., Any]]:
    """What a writer renders itself.

    Raises:
        PluginCallError: it failed, or says something else.
    """
    doing = "naming the effects that it renders"
    with provided.blamed(doing) as writer:
        found = dict(writer.renderings())
        strange = [
            (of, function)
            for of, function in found.items()
            if not isinstance(of, type) or not issubclass(of, Effect | Directive) or not callable(function)
        ]
    if strange:
        raise provided.fault(f"{doing}: got {strange[0]!r}, expected a function for a class of effects or directives")
    return found
