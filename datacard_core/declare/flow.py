"""Treatment of content outside the bins, as a script declares it."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from datacard_core.names import closest, listing

Flow: TypeAlias = Literal["drop", "fold", "error"]
"""Treatment of content outside the bins: left out, added to the outer bins, or refused."""


def flow_problem(flow: object) -> str:
    """Return a problem if a value is not a treatment of flow, otherwise an empty text."""
    known = get_args(Flow)
    if flow in known:
        return ""
    return f"flow is {flow!r}, expected {listing(map(repr, known))}{closest(str(flow), known)}"
