"""The stated number of nuisances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.syntax.faults import mistaken, refused
from datacard_combine.syntax.views import Counts, Parameter, Row
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_combine.meaning.content import Content
    from datacard_combine.syntax.faults import Fault
    from datacard_combine.syntax.views import View


def count_faults(views: Sequence[View], content: Content) -> Iterator[Fault]:
    """Yield the fault of a kmax that is not the number of rows, and of `param` and `constr` lines."""
    stated = content.head.kmax
    if stated is None:
        return
    # Of several lines Combine takes the last.
    line = next(view.line for view in reversed(views) if isinstance(view, Counts) and view.keyword == "kmax")
    what = "rows and lines of param and constr"
    # An edit may add and drop rows, for which Combine gives up the comparison.
    if not content.edits:
        # Rows without an effect may be counted, or be taken off.
        found = len(content.rows) + len(content.dropped)
        if stated != found:
            yield refused(
                "counts.kmax", f"kmax is {stated}, and the card has {found} {what}: write that, or *", line, 1
            )
        return
    written = sum(
        isinstance(view, Row) or (isinstance(view, Parameter) and view.kind in grammar.CONSTRAINED_KEYWORDS)
        for view in views
    )
    if stated not in {written, len(content.rows), len(content.rows) + len(content.dropped)}:
        message = (
            f"kmax is {stated}, and the card has {written} {what}: because of the edit, Combine does not compare them"
        )
        yield mistaken("counts.kmax", message, line, 1)
