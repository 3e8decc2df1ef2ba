"""Rows of all channels in both versions, and which of them correspond."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import attrs

from datacard_core.comparison.rows import Row, rows_of
from datacard_core.names import misspelt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from datacard_core.comparison.pairs import Pair
    from datacard_core.comparison.rows import Key
    from datacard_core.model.model import Model

Rows = dict["Key", dict[int, Row]]
"""Rows by family and name, then by number of the pair of channels."""

Cell = tuple[int, int]
"""Number of a pair of channels, and of a shared column in it."""


@attrs.frozen(eq=False)
class Relation:
    """Names that stood for some effects before, and names that stand for them after."""

    before: tuple[Key, ...]
    after: tuple[Key, ...]


def rows_by_name(pairs: Sequence[Pair], models: Iterable[Model], side: str) -> Rows:
    """Return the rows of one side; parameters of channels without a counterpart have none."""
    rows: Rows = {}
    # Named without effects first, so that a parameter of a channel that is gone is not taken for a new one elsewhere.
    for model in models:
        for channel in model.channels:
            rows |= {("nuisance", one.name): {} for one in channel.nuisances}
    for number, pair in enumerate(pairs):
        channel, shared = (pair.before, pair.left) if side == "before" else (pair.after, pair.right)
        for key, row in rows_of(channel, shared).items():
            rows.setdefault(key, {})[number] = row
    return rows


def cells_of(rows: Mapping[int, Row]) -> set[Cell]:
    """Return the columns that a parameter acts on."""
    return {(number, column) for number, row in rows.items() for column in row.columns.tolist()}


def relations(before: Rows, after: Rows) -> list[Relation]:
    """Return the parameters of one side that are others on the other side, by their effects and then by their names.

    First those with the same effects on the same columns. Then a name that is gone, and names that appeared with its
    words and act on the same columns together: so a `lumi` that became `lumi_2017` and `lumi_2018` is found with other
    values too.
    """
    gone = {key: rows for key, rows in before.items() if key not in after}
    new = {key: rows for key, rows in after.items() if key not in before}
    found = _same_effects(gone, new)
    _forget(gone, new, found)
    # Before single names: a common part acts on the columns of the whole, and is not all that it became.
    split = _one_to_several(gone, new)
    _forget(gone, new, split)
    merged = [Relation(one.after, one.before) for one in _one_to_several(new, gone)]
    _forget(gone, new, merged)
    return [*found, *split, *merged, *_one_to_one(gone, new)]


def _forget(gone: Rows, new: Rows, found: Iterable[Relation]) -> None:
    for relation in found:
        for key in relation.before:
            gone.pop(key, None)
        for key in relation.after:
            new.pop(key, None)


def _same_effects(gone: Rows, new: Rows) -> list[Relation]:
    by_content: dict[tuple[object, ...], list[Key]] = {}
    # Parameters with the same effects are as good as each other: the order of their names decides.
    for key in sorted(new):
        if content := _content(key, new[key]):
            by_content.setdefault(content, []).append(key)
    same = ((key, by_content.get(_content(key, gone[key]), [])) for key in sorted(gone))
    return [Relation((key,), (candidates.pop(0),)) for key, candidates in same if candidates]


def _content(key: Key, rows: Mapping[int, Row]) -> tuple[object, ...]:
    """Return all effects as a value that can be a key of a dict, empty without effects."""
    parts = [
        (number, row.columns.tobytes(), row.kinds, row.texts, row.nofloat, _digest(row))
        for number, row in sorted(rows.items())
        if len(row)
    ]
    return (key[0], *parts) if parts else ()


def _digest(row: Row) -> bytes:
    made = hashlib.blake2b(digest_size=16)
    for side in (row.up, row.down):
        if side is not None:
            made.update(side.values[row.places[row.places >= 0]].tobytes())
    return made.digest()


def _one_to_one(gone: Rows, new: Rows) -> list[Relation]:
    """Return names that are alike, of the same kinds on the same columns."""
    by_columns: dict[object, list[Key]] = {}
    for key, rows in new.items():
        by_columns.setdefault(_columns(key, rows), []).append(key)
    found = []
    for key, rows in gone.items():
        candidates = by_columns.get(_columns(key, rows), []) if cells_of(rows) else []
        alike = [one for one in candidates if _words(key) <= _words(one) or _words(one) <= _words(key)]
        alike = alike or [one for one in candidates if misspelt(key[1], [one[1]])]
        # Of several, none is better than another.
        if len(alike) == 1:
            candidates.remove(alike[0])
            found.append(Relation((key,), (alike[0],)))
    return found


def _columns(key: Key, rows: Mapping[int, Row]) -> object:
    return key[0], tuple((number, row.columns.tobytes(), row.kinds) for number, row in sorted(rows.items()) if len(row))


def _words(key: Key) -> frozenset[str]:
    return frozenset(key[1].lower().split("_"))


def _one_to_several(gone: Rows, new: Rows) -> list[Relation]:
    """Return names that became several with the same words, which act on the same columns together."""
    by_word: dict[str, set[Key]] = {}
    for key in new:
        for word in _words(key):
            by_word.setdefault(word, set()).add(key)
    found = []
    for key, rows in gone.items():
        cells = cells_of(rows)
        candidates = set.intersection(*(by_word.get(word, set()) for word in _words(key)))
        parts = sorted(one for one in candidates if one[0] == key[0] and cells_of(new[one]) <= cells and new[one])
        if len(parts) > 1 and cells and set().union(*(cells_of(new[one]) for one in parts)) == cells:
            found.append(Relation((key,), tuple(parts)))
            for one in parts:
                for word in _words(one):
                    by_word[word].discard(one)
    return found
