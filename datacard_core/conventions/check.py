"""The check of names against conventions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.conventions.cms import CMS
from datacard_core.conventions.convention import CUSTOM
from datacard_core.errors import DeclarationError
from datacard_core.findings import warning
from datacard_core.grammar import RATE_PARAM
from datacard_core.model.cells import cells_of
from datacard_core.names import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core.conventions.convention import Convention
    from datacard_core.findings import Finding
    from datacard_core.model.cells import Cell
    from datacard_core.model.model import Model

BUILT_IN = {CMS.name: CMS}
"""Conventions that are built in, by name."""


def check_names(model: Model, *conventions: Convention | str) -> tuple[Finding, ...]:
    """Return warnings about names of nuisances that no convention has, or that have no description.

    Args:
        model: of cards that were built (`cards.model`) or read (`read_card(path).model()`).
        conventions: conventions from `read_convention`, and "cms"; that alone if none is given. The first one that has
            a name decides.

    Raises:
        DeclarationError: there is no such convention.
    """
    return tuple(name_findings(names_in(cells_of(model)), chosen(conventions or BUILT_IN)))


def chosen(conventions: Iterable[Convention | str]) -> list[Convention]:
    """Return conventions, some of which are given by the names of built-in ones.

    Raises:
        DeclarationError: there is no such convention.
    """
    found = [BUILT_IN.get(one) if isinstance(one, str) else one for one in conventions]
    if unknown := [one for one, its in zip(conventions, found, strict=True) if its is None]:
        raise DeclarationError(f"there is no convention {one!r}{closest(str(one), BUILT_IN)}" for one in unknown)
    return [one for one in found if one is not None]


def names_in(cells: Iterable[Cell]) -> list[str]:
    """Return the names of constrained nuisances, which conventions are about; free parameters belong to an analysis."""
    return list(dict.fromkeys(cell.nuisance for cell in cells if cell.keyword != RATE_PARAM))


def name_findings(names: Iterable[str], conventions: Iterable[Convention]) -> Iterator[Finding]:
    """Yield a finding for each name that no convention has, or that one has without a description.

    Args:
        names: the names of nuisances.
        conventions: the conventions, of which the first that takes a name decides: a project's own come first.
    """
    conventions = tuple(conventions)
    for name in names:
        found = next(filter(None, (convention.pattern_of(name) for convention in conventions)), None)
        if found is None:
            like = [example for convention in conventions for example in convention.examples_like(name)]
            hint = f", the most similar one takes names such as {like[0]!r}" if like else ""
            yield warning("unknown-name", f"no convention has such a name{hint}", systematic=name)
        # Nobody else knows a name of one analysis, so that its description is all that a review has.
        elif found.of == CUSTOM and not found.description:
            message = "it belongs to this analysis and has no description: describe it in the project's convention"
            yield warning("undescribed-name", message, systematic=name)
