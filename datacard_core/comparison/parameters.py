"""Differences between the parameters of two versions: nuisances, and factors on columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.comparison.change import Change, before_after, number_of
from datacard_core.comparison.effects import effect_changes, value_of
from datacard_core.comparison.moves import effects_only_in, moves
from datacard_core.comparison.relations import Relation, cells_of, relations, rows_by_name
from datacard_core.comparison.rows import strength

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacard_core.comparison.change import Tolerances
    from datacard_core.comparison.moves import Effect
    from datacard_core.comparison.pairs import Pair, Scope
    from datacard_core.comparison.relations import Rows
    from datacard_core.comparison.rows import Key, Row

_ALONE = {"gone": "are gone", "appeared": "appeared"}
_NEW_NAMES = {(True, True): "renamed", (True, False): "decorrelated", (False, True): "correlated"}
"""Kinds of changes by whether one name was there, and whether one name is there now."""


def parameter_changes(
    pairs: Sequence[Pair], scopes: Sequence[Scope], tolerances: Tolerances
) -> tuple[list[Change], dict[str, str]]:
    """Return the differences, and the new names of parameters that have another name."""
    before = rows_by_name(pairs, [model for scope in scopes for model in scope.before.values()], "before")
    after = rows_by_name(pairs, [model for scope in scopes for model in scope.after.values()], "after")
    related = relations(before, after)
    lost = effects_only_in(before, after, [key for one in related for key in one.before])
    gained = effects_only_in(after, before, [key for one in related for key in one.after])
    moved = moves(lost, gained, tolerances)
    changes = [_relation(one, before, after) for one in (*related, *moved)]
    for key, other in _counterparts(before, after, related):
        changes += _of_rows(pairs, other, before[key], after[other], tolerances)
    # What a relation tells is not told again, effect by effect.
    known = {key for one in (*related, *moved) for key in (*one.before, *one.after)}
    changes += _alone(pairs, before.keys() - after.keys() - known, before, "gone")
    changes += _alone(pairs, after.keys() - before.keys() - known, after, "appeared")
    changes += _coverage(pairs, [one for one in lost if one.key in after and one.key not in known], "before")
    changes += _coverage(pairs, [one for one in gained if one.key in before and one.key not in known], "after")
    renamed = {
        one.before[0][1]: one.after[0][1] for one in (*related, *moved) if len(one.before) == len(one.after) == 1
    }
    # A free parameter may have the name of a nuisance; groups mean the nuisance then.
    return changes, {old: new for old, new in renamed.items() if ("nuisance", old) not in after}


def _relation(relation: Relation, before: Rows, after: Rows) -> Change:
    # A parameter may keep a part of its effects, or have had others before.
    old = sorted({*relation.before, *(key for key in relation.after if key in before)})
    new = sorted({*relation.after, *(key for key in relation.before if key in after)})
    kind = _NEW_NAMES.get((len(old) == 1, len(new) == 1), "recorrelated")
    cells = set().union(*(cells_of(before[key]) for key in relation.before))
    channels = {number for number, _ in cells}
    single = new if len(new) == 1 else old
    return Change(
        kind=f"{old[0][0]}.{kind}",
        nuisance=single[0][1] if len(single) == 1 else "",
        before=", ".join(name for _, name in old),
        after=", ".join(name for _, name in new),
        size=len(cells),
        measure=_where(len(cells), len(channels)),
    )


def _counterparts(before: Rows, after: Rows, related: Iterable[Relation]) -> Iterator[tuple[Key, Key]]:
    """Yield the parameters whose effects can be compared one by one."""
    for key in before:
        if key in after:
            yield key, key
    for relation in related:
        old = sum(len(cells_of(before[key])) for key in relation.before)
        # Where several parameters act on one column, none of them stands for the effect before.
        if old == sum(len(cells_of(after[key])) for key in relation.after):
            yield from ((key, other) for key in relation.before for other in relation.after)


def _of_rows(
    pairs: Sequence[Pair], key: Key, before: Mapping[int, Row], after: Mapping[int, Row], tolerances: Tolerances
) -> Iterator[Change]:
    for number, row in before.items():
        if (other := after.get(number)) is not None:
            yield from effect_changes(pairs[number], key, row, other, tolerances)
            if row.nofloat != other.nofloat:
                words = {True: "[nofloat]", False: "none"}
                yield Change(
                    kind="nuisance.nofloat",
                    channel=pairs[number].name,
                    nuisance=key[1],
                    before=words[row.nofloat],
                    after=words[other.nofloat],
                )


def _alone(pairs: Sequence[Pair], keys: Iterable[Key], rows: Rows, end: str) -> Iterator[Change]:
    side = "before" if end == "gone" else "after"
    for family, name in sorted(keys):
        its = rows[family, name]
        kinds = sorted({kind for row in its.values() for kind in row.kinds})
        cells, channels = len(cells_of(its)), len([row for row in its.values() if len(row)])
        # Rows have the columns alone that both versions have.
        words = (
            f"{', '.join(kinds)} on {_where(cells, channels)}" if cells else f"on processes that {_ALONE[end]} alone"
        )
        texts = before_after(end, words)
        size = max((_strength(pairs[number], row, side) for number, row in its.items()), default=0.0)
        yield Change(
            kind=f"{family}.{end}",
            nuisance=name,
            before=texts[0],
            after=texts[1],
            size=size,
            measure=f"up to {100 * size:.3g} %" if size else "",
        )


def _where(columns: int, channels: int) -> str:
    return f"{number_of(columns, 'column')} in {number_of(channels, 'channel')}"


def _strength(pair: Pair, row: Row, side: str) -> float:
    channel, which = (pair.before, pair.left) if side == "before" else (pair.after, pair.right)
    return strength(row, channel.nominal[which])


def _coverage(pairs: Sequence[Pair], effects: Iterable[Effect], side: str) -> Iterator[Change]:
    for effect in effects:
        number, column = effect.cell
        pair = pairs[number]
        value = value_of(pair, effect.row, effect.at, "left" if side == "before" else "right")
        yield Change(
            kind=f"{effect.key[0]}.coverage",
            channel=pair.name,
            process=pair.processes[column],
            nuisance=effect.key[1],
            before=value if side == "before" else "-",
            after=value if side == "after" else "-",
        )
