"""Rules on subclasses and on attributes: what a script changes on a card must change the card, or be refused."""

from __future__ import annotations

import inspect
from contextlib import suppress
from functools import cache, cached_property
from inspect import getattr_static
from types import FunctionType
from typing import TYPE_CHECKING, Any

from datacard_core.arguments import shown
from datacard_core.output.sections import BODY, HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator

HONOURED = frozenset({*HEAD, *BODY, "bin", "content", "dump", "plot"})
"""Public methods and properties of a card that a subclass may override."""

FORMATTING = frozenset(
    {"linesep", "sectionsep", "number_width", "adjust_first_column", "adjust_syst_colum", "adjust_columns"}
)
"""Attributes that only sections of a script's own use."""

_HISTOGRAMS = "change the histograms before they are given to Datacard, or write a kind as a plugin"
_METADATA = "pass the datasets_metadata and the cutflow that the card shall be made from"
_NORM = "pass rateparam_norm_categories to Datacard"
_FINDINGS = "the findings of the card tell these problems, and a plugin may add a check"
_WAYS_OUT = {
    "is_empty_dataset": _METADATA,
    "get_datasets_by_sample": _METADATA,
    "rearrange_histograms": _HISTOGRAMS,
    "create_shape_histogram_dict": _HISTOGRAMS,
    "rate": _HISTOGRAMS,
    "histogram": _HISTOGRAMS,
    "data_obs": _HISTOGRAMS,
    "observation": _HISTOGRAMS,
    "compute_rateparam_shape_scales": _NORM,
    "_all_input_categories": _NORM,
    "_parse_mcstat_argument": "pass mcstat to Datacard",
    "_check_histograms": _FINDINGS,
    "_check_shapes": _FINDINGS,
}
"""Ways out for methods that PocketCoffea calls, public and private."""


def override_problems(cls: type, base: type) -> Iterator[str]:
    """Yield a problem for each override in a subclass that would change no line of a card.

    Args:
        cls: the subclass.
        base: the class of cards.
    """
    for name in sorted({*public_names(base), *_WAYS_OUT} - HONOURED):
        # Not in the class's own dict alone: a mixin may bring the method.
        if getattr_static(cls, name, None) is not getattr_static(base, name, None):
            way_out = _WAYS_OUT.get(name, "it follows from the arguments: change these")
            yield (
                f"class {cls.__name__!r} overrides {name!r}, which is not called to build or write a card: {way_out}; "
                f"a subclass may override {', '.join(sorted(HONOURED))}"
            )


# Asked at each assignment to a card; the members of the class do not change.
@cache
def public_names(base: type) -> frozenset[str]:
    """Return the names of the public methods and properties of a class."""
    members = (FunctionType, property, classmethod, cached_property)
    return frozenset(
        name
        for name in dir(base)
        if not name.startswith("_") and name not in FORMATTING and isinstance(getattr_static(base, name), members)
    )


@cache
def _arguments(base: type) -> frozenset[str]:
    """Return the names of the arguments of a class."""
    return frozenset(inspect.signature(base).parameters)


def assignment_problem(card: Any, base: type, name: str, value: object) -> str | None:
    """Return the reason why an attribute of a card cannot be set, or None if it may be.

    Args:
        card: the card.
        base: the class of cards.
        name: the attribute.
        value: its new value.
    """
    is_argument = "_built" in vars(card) and name in _arguments(base)
    if not (is_argument or name in public_names(base)) or _is_same(getattr(card, name, None), value):
        return None
    if name in _arguments(base):
        way_out = f"make another card with {name}={shown(value, 60)}"
    elif name in HONOURED:
        way_out = "override it in a subclass of Datacard"
    else:
        way_out = "it follows from the arguments: make another card from other ones"
    reason = "because the card is built already and would not change"
    return f"{name!r} cannot be set to {shown(value, 60)}, {reason}: {way_out}"


def _is_same(current: object, value: object) -> bool:
    """Return True if an assignment changes nothing, as PocketCoffea's scripts do with values they have just read."""
    # Objects of other types may have an == of their own, such as that of arrays.
    plain = (str, int, float, list, tuple, dict, type(None))
    with suppress(Exception):  # Methods of a subclass may fail in any way.
        return current is value or (isinstance(current, plain) and isinstance(value, plain) and bool(current == value))
    return False
