"""Options of a selection: what an analysis gives a plugin, and the plugin that is made with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datacard_core.arguments import shown
from datacard_core.declare.values import own, read_only_copy
from datacard_core.errors import PluginLoadError
from datacard_core.names import closest, listing
from datacard_core.plugins.calling import blame
from datacard_core.plugins.registration import check_api

MAKER = "configured"
"""Function of a plugin that makes it for given options."""
DESCRIPTIONS = "options"
"""Attribute of a plugin: a line about each option by name."""


def plain_options(name: str, given: Mapping[Any, Any]) -> Mapping[str, Any]:
    """Return options as a read-only dict of Python's own types, sorted by name.

    Raises:
        PluginLoadError: a name is no string, or a value is no text, number, bool, list or dict of such.
    """
    options = own(given)
    for option, value in options.items():
        if not isinstance(option, str) or not _is_plain(value):
            message = f"is selected with option {option!r}, {shown(value)}: expected text, numbers, lists or dicts"
            raise PluginLoadError(message, plugin=name, origin="the selection")
    kept: Mapping[str, Any] = read_only_copy(dict(sorted(options.items())))
    return kept


def with_options(plugin: Any, name: str, origin: str, options: Mapping[str, Any]) -> Any:
    """Return the plugin that `configured(options)` of a plugin makes, or the plugin itself if it has no options.

    Raises:
        PluginLoadError: the plugin does not have an option, or is made for another version of the API.
        PluginCallError: the plugin failed.
    """
    with blame(name, origin, "looking for its options"):
        maker, known = getattr(plugin, MAKER, None), getattr(plugin, DESCRIPTIONS, {})
        known = tuple(known) if isinstance(known, Mapping) else ()
    if not callable(maker):
        if options:
            message = f"takes no options, and is selected with {listing(map(repr, options))}"
            raise PluginLoadError(message, plugin=name, origin=origin)
        return plugin
    check_api(plugin, name, origin)
    if unknown := [f"{option!r}{closest(option, known)}" for option in options if option not in known]:
        raise PluginLoadError(f"has no option {listing(unknown)}", plugin=name, origin=origin)
    with blame(name, origin, f"making it with {in_words(options) or 'no options'}"):
        return maker(options)


def in_words(options: Mapping[str, Any]) -> str:
    """Return options as text: "year='2018', n=3"."""
    return ", ".join(f"{name}={value!r}" for name, value in options.items())


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(entry) for key, entry in value.items())
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    # The types themselves: the repr of a subclass could be anything, and it stands in the card.
    return value is None or type(value) in (str, int, float, bool)
