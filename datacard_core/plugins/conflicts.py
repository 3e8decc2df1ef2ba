"""Refusal of contributions that compete with each other.

The order of selection or registration may not decide between two providers, so a competition is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from datacard_core.errors import PluginConflictError
from datacard_core.model.channel import Directive
from datacard_core.model.effects import Effect, stands_for

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from datacard_core.hookspecs import CardWriter, Rendering
    from datacard_core.model.channel import Channel
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.families import Family

T = TypeVar("T")


def _cells(effect: Effect, channel: Channel) -> tuple[str, ...]:
    # By identity: a plugin may say that two of its effects are equal.
    return next(entry.cells for nuisance in channel.nuisances for entry in nuisance.entries if entry.effect is effect)


def _lines(directive: Directive, channel: Channel) -> tuple[str, ...]:
    return next(statement.lines(channel) for statement in channel.statements if statement.directive is directive)


_CELLS_AND_LINES: Mapping[type, Callable[..., Any]] = {Effect: _cells, Directive: _lines}
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
        known = rendered_class(rendering.of, own_renderings(writer)) if writer else None
        if writer and known:
            raise PluginConflictError(
                f"contributes a rendering of {rendering.of.__name__} by card writer {rendering.writer!r} of plugin "
                f"{writer.plugin!r} ({writer.origin}), which renders {known.__name__} itself",
                plugin=provided.plugin,
                origin=provided.origin,
            )


def rendered_class(of: type, rendered: Collection[type]) -> type | None:
    """Return the class, among those with a rendering, whose rendering serves a class of effects or directives, or None.

    A class stands for a subclass only where the subclass says so: its objects may have a further meaning.
    """
    closest = next((base for base in stands_for(of) if base in rendered), None)
    # A writer that renders all has renderings of the two roots.
    return closest or next((root for root in (Effect, Directive) if root in rendered and issubclass(of, root)), None)


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
