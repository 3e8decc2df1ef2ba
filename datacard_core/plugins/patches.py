"""Members of classes that a card depends on, and that other code may replace: those of pluggy and of the model.

Python lets any module replace them. Then a built-in plugin would be blamed for what another one did, or a card would
differ without a word.
"""

from __future__ import annotations

import inspect
import sys
from contextlib import contextmanager
from types import FunctionType
from typing import TYPE_CHECKING, Any

import attrs
import pluggy

from datacard_core import hookspecs
from datacard_core.errors import DatacardError, PluginLoadError
from datacard_core.model import arrays, channel, directives, effects
from datacard_core.plugins.selection import LOCAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

    from datacard_core.plugins.discovery import Installed
    from datacard_core.plugins.selection import Selected

_CODE = (FunctionType, property, classmethod, staticmethod)
"""Types of members that run; Python and attrs add other ones to a class when it is used."""


def _classes(module: ModuleType) -> Iterator[type]:
    for member in vars(module).values():
        if inspect.isclass(member) and member.__module__.partition(".")[0] == "datacard_core":
            yield member


_WATCHED = dict.fromkeys(
    [
        *(pluggy.PluginManager, pluggy.HookCaller, pluggy.HookImpl, pluggy.HookimplMarker),
        *(cls for module in (arrays, effects, directives, channel, hookspecs) for cls in _classes(module)),
    ]
)
_ORIGINAL: Mapping[type, Mapping[str, Any]] = {cls: dict(vars(cls)) for cls in _WATCHED}
"""Members of each class as it was imported, before any plugin was."""


@attrs.frozen
class Patch:
    """A member of a class that other code has replaced, added or deleted."""

    owner: type
    name: str
    now: Any = attrs.field(eq=id)
    """The member in its place, None if it was deleted."""

    def __str__(self) -> str:
        return f"{self.owner.__module__.partition('.')[0]}.{self.owner.__qualname__}.{self.name}"

    @property
    def module(self) -> str:
        """Module of the function in its place, as far as it is known."""
        return getattr(getattr(self.now, "__func__", self.now), "__module__", None) or "other code"

    def take_back(self) -> None:
        """Give the class its own member again."""
        own = _ORIGINAL[self.owner].get(self.name)
        if own is None:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, own)


def patches() -> tuple[Patch, ...]:
    """Return the members that are not those of the classes as they were imported."""
    found = []
    for cls, original in _ORIGINAL.items():
        now = vars(cls)
        # One comparison for all members takes a twentieth of the time.
        if now != original:
            names = [name for name in {**original, **now} if now.get(name) is not original.get(name)]
            found += [
                Patch(cls, name, now.get(name))
                for name in names
                if isinstance(now.get(name), _CODE) or isinstance(original.get(name), _CODE)
            ]
    return tuple(found)


def put_back(before: Iterable[Patch]) -> str:
    """Put back what was replaced since, and return what it was as the end of a message, or ""."""
    known = set(before)
    new = [patch for patch in patches() if patch not in known]
    for patch in new:
        patch.take_back()
    return ", ".join(map(str, new))


def of_pluggy(found: Iterable[Patch]) -> str:
    """Return the problem with replaced members of pluggy, without which no plugin can be loaded, or ""."""
    replaced = [f"{patch.module!r} has replaced {patch}" for patch in found if str(patch).startswith("pluggy.")]
    return f"other code in {' and '.join(replaced)}: no plugin can be loaded" if replaced else ""


@contextmanager
def unpatched(selected: Selected, installed: Installed, before: tuple[Patch, ...]) -> Iterator[None]:
    """Put back what a plugin replaces while it is loaded, and blame it, whatever fails because of it."""
    failure = None
    modules = len(sys.modules)
    try:
        yield
    except DatacardError as error:
        failure = error
    # A module that was imported earlier has done then what it does at its import.
    replaced = put_back(before) if selected.is_local or len(sys.modules) > modules else ""
    if replaced:
        message = f"it has replaced {replaced}, which has been put back: cards depend on it"
        origin = LOCAL if selected.is_local else installed.plugin(selected.name).origin
        raise PluginLoadError(message, plugin=selected.name, origin=origin) from failure
    if failure:
        raise failure
