"""Fuzzer of outputs: their structure is changed, and a card that is made must have the numbers of the oracle."""

from __future__ import annotations

import tempfile
from collections import OrderedDict, defaultdict
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import cloudpickle
import hist
import lz4.frame
import numpy as np
import uproot

from datacard_core import DatacardError, InputError
from datacard_core.arguments import shown
from tests.support.fuzz import oracle
from tests.support.fuzz.outputs import MEANING, analysis, card, histogram, output, shells
from tests.support.fuzz.values import hostile, in_other_type
from tests.support.hostile_values import FailingDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_POOL = 20
_OPEN = (dict, OrderedDict, defaultdict)
"""Types whose entries can be changed; the methods of other ones may fail."""

_DEEPEST = 6
_NUMBERS = (np.nan, np.inf, -np.inf, 1e308, -1e100, 1e21, 1e10, -1e10, -5.0, 0.0, 1e-320, 1e-8)
_COUNTS: tuple[Any, ...] = (
    0,
    1,
    -1,
    np.nan,
    np.inf,
    "5",
    "x",
    None,
    True,
    np.int64(3),
    np.array([1, 2]),
    {"nominal": 0},
    {},
    [1],
)


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the keys that lead to each value of an output."""
    if type(tree) in _OPEN and len(path) < _DEEPEST:
        for key, entry in tree.items():
            yield (*path, key)
            yield from places(entry, (*path, key))


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    """Return the value at a place."""
    for key in path:
        tree = tree[key]
    return tree


def mutate(of: dict[str, Any], rng: Random) -> str:
    """Change an output in one point, and return what was changed."""
    paths = list(places(of))
    # Long paths are most, and short ones say more.
    depth = rng.randint(1, max(map(len, paths)))
    path = rng.choice([path for path in paths if len(path) <= depth])
    change = rng.choice(_CHANGES)
    try:
        change(at(of, path[:-1]), path[-1], rng)
    except Exception:  # noqa: BLE001 - an object that fails where it is changed stays as it is
        return ""
    return f"{change.__name__} at {shown(path)}"


def replaced(parent: Any, key: Any, rng: Random) -> None:
    """Replace a value by any object."""
    parent[key] = hostile(rng)


def removed(parent: Any, key: Any, _: Random) -> None:
    """Remove an entry."""
    del parent[key]


def renamed(parent: Any, key: Any, rng: Random) -> None:
    """Give an entry another key."""
    for new in (hostile(rng), in_other_type(rng, key), "renamed", 5):
        if rng.random() < 0.5:
            continue
        try:
            entry = parent.pop(key)
            parent[new] = entry
        except BaseException:  # noqa: BLE001 - an object that cannot be a key
            parent[key] = entry
        return


def added(parent: Any, _: Any, rng: Random) -> None:
    """Add an entry."""
    try:
        parent[rng.choice(("Muon_2022", "TTbar", "2022", "presel", 7, None, "new"))] = hostile(rng)
    except BaseException:  # noqa: BLE001 - an object that cannot be a key
        return


def exchanged(parent: Any, key: Any, rng: Random) -> None:
    """Exchange two entries."""
    other = rng.choice(list(parent))
    parent[key], parent[other] = parent[other], parent[key]


def retyped(parent: Any, key: Any, rng: Random) -> None:
    """Replace a value by one that means the same."""
    parent[key] = in_other_type(rng, parent[key])


def failing(parent: Any, key: Any, _: Random) -> None:
    """Replace a dict by one whose methods fail."""
    if type(parent[key]) in _OPEN:
        parent[key] = FailingDict(parent[key])


def refilled(parent: Any, key: Any, rng: Random) -> None:
    """Change a content of a histogram, or a count."""
    value = parent[key]
    if isinstance(value, hist.Hist):
        changed = value.copy()
        contents: Any = np.asarray(changed.view(flow=True))
        place = tuple(rng.randrange(size) for size in contents.shape)
        field = rng.choice(("value", "variance"))
        (contents[field] if contents.dtype.names else contents)[place] = rng.choice(_NUMBERS)
        if rng.random() < 0.2:
            contents[rng.randrange(2), :] = 0
        parent[key] = changed
    elif not isinstance(value, dict | set):
        parent[key] = rng.choice(_COUNTS)


def reshaped(parent: Any, key: Any, rng: Random) -> None:
    """Replace a histogram by one with other axes, labels or storage."""
    if not isinstance(parent[key], hist.Hist):
        return
    kinds = hist.axis, hist.storage
    axis = rng.choice(
        (
            kinds[0].Regular(6, 0, 6, name="m"),
            kinds[0].Regular(6, 0, 6, name="m", overflow=False),
            kinds[0].Regular(6, 0, 6, name="m", flow=False),
            kinds[0].Variable([0, 1, 2, 3, 4, 5, 6], name="m"),
            kinds[0].Variable([0, 1, 2, 3, 4, 5, 6 + 1e-9], name="m"),
            kinds[0].Regular(5, 0, 6, name="m"),
            kinds[0].Regular(6, 0, 7, name="m"),
            kinds[0].Variable([0, 1, 2, 3, 4, 5, np.inf], name="m"),
            kinds[0].Integer(0, 6, name="m"),
            kinds[0].IntCategory([0, 1, 2, 3, 4, 5], name="m"),
            kinds[0].StrCategory([], growth=True, name="m"),
            kinds[0].Regular(6, 0, 6, name="cat2"),
            kinds[0].Regular(6, 1, 7, name="m", transform=kinds[0].transform.log),
            kinds[0].Regular(6, 0, 6, name="m", circular=True),
        )
    )
    labels = rng.choice((None, ("nominal", "JESUp", "JESDown"), ("nominal",), ("nominal", "JESUp"), ("JESUp",), ()))
    storage = rng.choice((kinds[1].Weight, kinds[1].Weight, kinds[1].Double, kinds[1].Int64, kinds[1].Mean))()
    try:
        parent[key] = histogram(rng, axis, labels=labels, storage=storage)
    except (ValueError, IndexError, TypeError):  # numpy cannot fill the storage, or there is no bin.
        parent[key] = hist.Hist(axis, storage=storage)


_CHANGES: tuple[Callable[[Any, Any, Random], None], ...] = (
    *(replaced, removed, renamed, added, exchanged, retyped, failing),
    *(refilled, refilled, refilled, reshaped, reshaped),
)


def problem(number: int, seed: int, pool: list[dict[str, Any]]) -> tuple[str, bool]:
    """Return what is wrong with the treatment of one output, or an empty text, and whether a card was made."""
    rng = Random(f"{seed}/{number}")  # noqa: S311
    of = shells(rng.choice(pool))
    done = [mutate(of, rng) for _ in range(rng.randint(1, 3)) if of]
    try:
        try:
            made = made_by(of, rng)
        except DatacardError as error:
            str(error)
            fault = "blames a plugin" if "plugin 'coffea'" in str(error) and not isinstance(error, InputError) else ""
            return (f"{fault}: {done}: {error}" if fault else ""), False
        templates = None
        if rng.random() < 0.1:
            with tempfile.TemporaryDirectory() as folder:
                made.dump(folder)
                with uproot.open(Path(folder, "shapes.root")) as file:
                    templates = {name: file[name].values().tolist() for name in file.keys(cycle=False)}
        plain = {
            "histograms": of["variables"]["m"],
            "periods": of["datasets_metadata"]["by_datataking_period"],
            "cutflow": of["cutflow"],
        }
        found = list(oracle.faults(made.content(), templates, plain, MEANING))
    except oracle.NotJudgedError:
        return "", True
    except Exception as error:  # noqa: BLE001 - each of them is a finding
        return f"{done}: {type(error).__name__}: {error!s:.200} ({where(error)})", False
    return (f"{done}: {found}" if found else ""), True


def made_by(of: dict[str, Any], rng: Random) -> Any:
    """Return a card of an output by one of the ways in."""
    way = rng.random()
    has_parts = {"variables", "datasets_metadata", "cutflow"} <= of.keys()
    if way < 0.45 and has_parts and type(of["variables"]) in _OPEN and "m" in of["variables"]:
        return card(of)
    if way < 0.9:
        return analysis().build(of, verbose=False)["SR"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "output.coffea")
        try:
            path.write_bytes(lz4.frame.compress(cloudpickle.dumps(of)))
        except BaseException:  # noqa: BLE001 - an object that cannot be pickled
            return analysis().build(of, verbose=False)["SR"]
        return analysis().build(path, verbose=False)["SR"]


def where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""


def pool(seed: int) -> list[dict[str, Any]]:
    """Return the outputs that are changed."""
    rng = Random(seed)  # noqa: S311
    return [output(rng) for _ in range(_POOL)]
