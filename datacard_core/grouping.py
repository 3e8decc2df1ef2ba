"""Groups of values that one piece of work can serve together."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Item = TypeVar("Item")


def together(items: Iterable[Item], are_alike: Callable[[Item, Item], bool]) -> list[list[Item]]:
    """Return the items in groups, in the order of their first ones; an item joins the group whose first is like it.

    The comparison need not be one of hashable values; the time is proportional to items times groups.
    """
    groups: list[list[Item]] = []
    for item in items:
        for group in groups:
            if are_alike(group[0], item):
                group.append(item)
                break
        else:
            groups.append([item])
    return groups
