"""Refusal of contributions that compete with each other.

The order of selection or registration may not decide between two providers, so a competition is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from datacard_core.errors import PluginConflictError
from datacard_core.model.channel import Directive
from datacard_core.model.effects import Effect
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from datacard_core.hookspecs import CardWriter, Rendering
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.families import Family

T = TypeVar("T")

_CELLS_AND_LINES: Mapping[type, Callable[..., Any]] = {
    Effect: lambda effect, _: effect.cells(),
    Directive: lambda directive, channel: directive.lines(channel),
}
"""Renderings of a writer that says `renders_all`."""


def add(providers: dict[str, Provided[T]], key: str, provided: Provided[T], family: Family[T]) -> None:
    """Add a contributed object to the other objects of its family.

    Raises:
        PluginConflictError: another object has the key.
    """
    if other := providers.get(key):
        raise PluginConflictError(
            f"{family.interface.__name__} {key!r} is also provided by plugin {other.plugin!r} ({other.origin}); "
            "block one of the two",
            plugin=provided.plugin,
            origin=provided.origin,
        )
    providers[key] = provided


def refuse_superfluous(writers: Mapping[str, Provided[CardWriter]], renderings: Iterable[Provided[Rendering]]) -> None:
    """Refuse contributed renderings of effects and directives that their writer renders itself.

    Otherwise the selection of a further plugin would change the text of a card that is complete without it.

    Raises:
        PluginConflictError: there is such a rendering.
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
    """Return the renderings that a card writer has itself, by class of effect or directive.

    Raises:
        PluginCallError: the writer failed, or returned a wrong mapping.
    """
    doing = "naming the effects that it renders"
    with provided.blamed(doing) as writer:
        # A copy, so that later changes by the plugin have no effect.
        found = dict(writer.renderings())
        strange = [
            (of, function)
            for of, function in found.items()
            if not isinstance(of, type) or not issubclass(of, Effect | Directive) or not callable(function)
        ]
        renders_all = bool(writer.renders_all)
    if strange:
        raise provided.fault(f"{doing}: got {strange[0]!r}, expected a function for a class of effects or directives")
    return {**_CELLS_AND_LINES, **found} if renders_all else found
