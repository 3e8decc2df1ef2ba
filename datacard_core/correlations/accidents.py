"""Correlations that look like accidents: similar names, and one name for different effects."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from datacard_core.findings import notice, warning
from datacard_core.grammar import LN_N, SHAPE
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacard_core.findings import Finding
    from datacard_core.model.cells import Cell

_SHORT_WORD = 2
"""Length of words such as `e`, `j` or `hf`, which tell the members of a family of names apart."""


def accidents(cells: Sequence[Cell]) -> Iterator[Finding]:
    """Yield a finding for each pair of similar names, and for each name that stands for different effects."""
    by_name: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_name[cell.nuisance].append(cell)
    yield from _similar_names(by_name)
    for name, of_name in by_name.items():
        yield from _kinds(name, of_name)
    yield from _signs(cells)


def _similar_names(by_name: Mapping[str, Sequence[Cell]]) -> Iterator[Finding]:
    """Yield the pairs of names that differ in case, or in a letter while no column has both."""
    columns = {name: {(cell.channel, cell.process, cell.year) for cell in cells} for name, cells in by_name.items()}
    for first, other in _near_pairs(list(by_name)):
        if first.lower() == other.lower():
            message = f"{first!r} differs from it in case alone, so that the two are not correlated"
            yield warning(
                "similar-names", f"{message}: give both one name if they are one uncertainty", systematic=other
            )
        # Where both act on a column, the declarations have both on purpose.
        elif not columns[first] & columns[other] and _is_slip(first, other):
            message = f"{first!r} differs from it in a letter, and no column has both"
            yield notice(
                "similar-names", f"{message}: give both one name if they are one uncertainty", systematic=other
            )


def _near_pairs(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of names that are equal when at most a letter is left out of each, in lower case."""
    # A comparison of all pairs would be quadratic, and cards have thousands of names.
    found: defaultdict[str, list[str]] = defaultdict(list)
    told: set[tuple[str, str]] = set()
    for name in names:
        lower = name.lower()
        for key in dict.fromkeys([lower, *(lower[:place] + lower[place + 1 :] for place in range(len(lower)))]):
            for other in found[key]:
                if (other, name) not in told:
                    told.add((other, name))
                    yield other, name
            found[key].append(name)


def _is_slip(first: str, other: str) -> bool:
    """Return whether a different letter is a slip: digits, and the short words of a family, are meant."""
    if [letter for letter in first if letter.isdigit()] != [letter for letter in other if letter.isdigit()]:
        return False
    # Capitals stand for words, as in ZJets and WJets.
    if any(letter.isupper() for letter in _unlike(first, other)):
        return False
    ours, theirs = first.lower().split("_"), other.lower().split("_")
    if len(ours) != len(theirs):
        return True
    unlike = [(word, their) for word, their in zip(ours, theirs, strict=True) if word != their]
    return any(min(len(word), len(their)) > _SHORT_WORD for word, their in unlike)


def _unlike(first: str, other: str) -> str:
    """Return the letters between the common beginning and the common end of two names, of both."""
    begin = _common(first, other)
    ours, theirs = first[begin:], other[begin:]
    end = _common(ours[::-1], theirs[::-1])
    return ours[: len(ours) - end] + theirs[: len(theirs) - end]


def _common(first: str, other: str) -> int:
    """Return the length of the common beginning of two texts, but for case."""
    pairs = zip(first.lower(), other.lower(), strict=False)
    return next((place for place, (ours, theirs) in enumerate(pairs) if ours != theirs), min(len(first), len(other)))


def _kinds(name: str, cells: Iterable[Cell]) -> Iterator[Finding]:
    """Yield a finding if a parameter has several kinds, and so several constraints."""
    channels: dict[str, dict[str, None]] = {}
    for cell in cells:
        # Combine takes start and range of a parameter from the first of its lines, and functions may differ.
        start = f" {cell.value}" if cell.keyword == "rateParam" and " of " not in cell.value else ""
        channels.setdefault(f"{cell.keyword}{start}", {})[cell.channel] = None
    if len(channels) == 1:
        return
    where = "; ".join(f"{keyword} in {listing(names, 4)}" for keyword, names in channels.items())
    if set(channels) <= {LN_N, SHAPE}:
        message = f"it is {where}: joined cards have one row shape?, with the factors of lnN where no templates are"
        yield warning("mixed-kinds", f"{message}; declare one kind, or two names", systematic=name)
    else:
        message = f"it is {where}: one parameter has one constraint"
        yield warning("other-constraint", f"{message}; declare one kind, or two names", systematic=name)


def _signs(cells: Iterable[Cell]) -> Iterator[Finding]:
    signs: dict[tuple[str, str], dict[bool, dict[str, None]]] = {}
    for cell in cells:
        signs.setdefault((cell.process, cell.year), {}).setdefault(cell.is_signal, {})[cell.channel] = None
    for (process, year), channels in signs.items():
        if len(channels) > 1:
            yield warning(
                "signal-and-background",
                f"it is a signal in {listing(channels[True], 4)} and a background in {listing(channels[False], 4)}: "
                "Combine refuses cards that are joined so",
                column=f"{process}_{year}" if year else process,
            )
