"""Parameters that belong together: groups of an undirected graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datacard_core import BoolArray, IntArray


def connected(pairs: BoolArray) -> list[IntArray]:
    """Return the positions of each group that pairs connect, in the order of their first members.

    Args:
        pairs: which two belong together, shape (n, n), symmetric.
    """
    left, groups = np.ones(len(pairs), np.bool_), []
    for first in range(len(pairs)):
        if left[first]:
            group = np.zeros(len(pairs), np.bool_)
            group[first] = True
            # Neighbours of neighbours, until there are no more.
            while (wider := group | pairs[group].any(axis=0)).sum() > group.sum():
                group = wider
            left &= ~group
            groups.append(np.flatnonzero(group))
    return groups
