"""Trial of a template serializer: its file has all templates, and equal templates give equal bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.output.staging import staging
from datacard_core.testing.inputs.strategies import written
from datacard_core.testing.inputs.written import BY_HAND
from datacard_core.testing.products import SHAPES, clear
from datacard_core.testing.search import search

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datacard_core.hookspecs import TemplateSerializer
    from datacard_core.model.arrays import NamedTemplates
    from datacard_core.plugins.calling import Provided
    from datacard_core.testing.cases import Case
    from datacard_core.testing.inputs.sketches import Contents
    from datacard_core.testing.inputs.written import Written
    from datacard_core.testing.tasks import Reader

MOST = 20
"""Number of sets of templates that hypothesis draws for a serializer."""


def assert_serializer(
    case: Case, provided: Provided[TemplateSerializer], reader: Reader | None, scratch: Path
) -> list[bytes]:
    """Test a serializer with templates, and with templates that differ from them in one respect.

    Returns:
        The files of the templates made by hand.
    """

    def stored(given: Written) -> bytes:
        return _assert_written(attrs.evolve(case, given=given), provided, given, reader, scratch)

    files = [stored(given) for given in BY_HAND]
    search(written(), stored, most=MOST)
    return files


def _assert_written(
    case: Case, provided: Provided[TemplateSerializer], given: Written, reader: Reader | None, scratch: Path
) -> bytes:
    """Test the file of some templates, and return its content."""
    templates = given.templates()
    before = _arrays(templates)
    # A file that contains its path, or a time of creation, differs elsewhere.
    path, elsewhere = scratch / SHAPES, scratch / "in" / "another" / "directory" / SHAPES
    elsewhere.parent.mkdir(parents=True, exist_ok=True)
    first = _bytes(case, provided, templates, path)
    case.same("equal bytes for equal templates", first, _bytes(case, provided, given.templates(), elsewhere))
    case.same("that the arrays it was given stay as they are", before, _arrays(templates))
    if reader:
        _assert_read(case, reader, path, templates)
    # Without a reader this is the only evidence that the file contains all of the templates.
    for what, changed in _changes(given):
        case = attrs.evolve(case, given=changed)
        is_told = _bytes(case, provided, changed.templates(), path) != first
        case.expect(is_told, f"another file where {what}", "the same bytes")
    return first


def _bytes(case: Case, provided: Provided[TemplateSerializer], templates: NamedTemplates, path: Path) -> bytes:
    expected = f"that it writes {SHAPES}"
    # An earlier call may have left a link, which staging would follow.
    clear(path)
    with case.trying(expected), staging(path.parent) as stage:
        temporary = stage.path(path.name)
        with provided.blamed(f"writing {path.name}") as serializer:
            serializer.write(templates, temporary)
        # Libraries such as numpy add a suffix to the name; the message shows it.
        others = [other.name for other in temporary.parent.glob("*") if other.name != path.name]
        beside = f"; beside it stands {', '.join(sorted(others))}" if others else ""
        if problem := stage.problem(temporary):
            case.fail(expected, f"it {problem}{beside}")
        # They are not moved to the folder of the card, so an author who means them would miss them.
        case.expect(not others, f"that it writes {SHAPES} and no other file", f"it wrote {', '.join(sorted(others))}")
    return path.read_bytes()


def _arrays(templates: NamedTemplates) -> list[bytes]:
    return [
        array.tobytes() for array in (templates.templates.values, templates.templates.variances, templates.axis.edges)
    ]


def _assert_read(case: Case, reader: Reader, path: Path, templates: NamedTemplates) -> None:
    with case.trying("a file that its reader can read"):
        found = {name: tuple(np.asarray(array, float) for array in arrays) for name, arrays in reader(path).items()}
    case.same("that the file has all templates", sorted(templates.names), sorted(found))
    for row, name in enumerate(templates.names):
        for what, read, array in zip(
            ("values", "variances"),
            found[name],
            (templates.templates.values, templates.templates.variances),
            strict=True,
        ):
            case.same(f"{what} of {name!r} as they were, to the last bit", array[row].tolist(), read.tolist())


def _changes(given: Written) -> Iterator[tuple[str, Written]]:
    """Yield templates that differ in one respect, each with its description."""
    yield "one of the values differs", attrs.evolve(given, values=_changed(given.values))
    yield "one of the variances differs", attrs.evolve(given, variances=_changed(given.variances))
    yield "a template has another name", attrs.evolve(given, names=(f"{given.names[0]}_", *given.names[1:]))
    if len(given.names) > 1:
        yield "two names are exchanged", attrs.evolve(given, names=(*given.names[1::-1], *given.names[2:]))
    yield "the bins are wider", attrs.evolve(given, edges=(*given.edges[:-1], given.edges[-1] + 1))


def _changed(rows: tuple[Contents, ...]) -> tuple[Contents, ...]:
    (first, *contents), *others = rows
    return ((2 * first + 1, *contents), *others)
