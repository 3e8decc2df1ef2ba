"""Values of declarations in Python's types, and columns in words.

Scripts give numbers and names in types of many libraries. They are converted once, where they enter, so that a card
and its messages do not depend on these types.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import attrs

from datacard_core.arguments import Foreign, any_object, number_or_other, scalar, scalars, tree
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self


class ReadOnlyDict(dict[str, Any]):
    """A dict that cannot be changed: plugins get declarations that other cards are made from."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a declaration is read-only in a card: change the one that the card was made from")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    # By default, pickle fills a subclass of dict through `__setitem__`, which refuses here.
    def __reduce__(self) -> tuple[type[Self], tuple[dict[str, Any]]]:
        return type(self), (dict(self),)


class SameForAll(dict[str, Any]):
    """Values by process that were declared as one value for all processes; `of` makes one."""

    # The constructor stays that of a dict: `dataclasses.asdict` calls it.
    value: Any = None
    """The one value."""

    @classmethod
    def of(cls, processes: Iterable[str], value: Any) -> Self:
        """Return the value for each process."""
        made = cls(dict.fromkeys(processes, value))
        made.value = value
        return made

    @property
    def is_unchanged(self) -> bool:
        """True if each process has the one value still."""
        return self.value is not None and all(value is self.value for value in self.values())

    def __reduce__(self) -> tuple[Any, ...]:
        # Also an empty one: only a declaration without columns has that.
        if self.is_unchanged or not self:
            return type(self).of, (tuple(self), self.value)
        return dict, (dict(self),)


def own(given: Any) -> Any:
    """Return a copy in Python's types; later changes of the original do not reach it."""
    return tree(given, any_object)


def read_only_copy(kept: Any) -> Any:
    """Return a copy of values that a declaration keeps, with dicts that cannot be changed."""
    if isinstance(kept, Mapping):
        return ReadOnlyDict({key: read_only_copy(entry) for key, entry in kept.items()})
    return kept


def plain_value(value: Any) -> Any:
    """Return numbers of any library as floats, and pairs as tuples; the kind judges values of other types."""
    return tree(value, number_or_other)


class BinningRule(ABC):
    """A rule that chooses the edges of a card from its expected events."""

    __slots__ = ()

    # A channel and its bins have their classes in later layers.
    @abstractmethod
    def bins(self, channel: Any) -> Any:
        """Return the bins for a channel, which has those that may be joined."""


def plain_binning(binning: Any) -> Any:
    """Return edges of bins as a tuple of numbers, and a number of bins to join, a rule, or None, as they are."""
    if isinstance(binning, BinningRule):
        return binning
    made = scalar(binning)
    if not isinstance(made, Foreign) or isinstance(binning, Mapping):
        return made
    return scalars(binning, number_or_other)


def plain_processes(processes: Any) -> Any:
    """Return the names of processes, or their values by name, or None if there are none."""
    if processes is None:
        return None
    # Names, most often: their values are not looked for.
    if type(processes) in (list, tuple, str):
        return scalars(processes, any_object)
    values = plain_value(processes)
    if isinstance(values, Foreign):
        return (values,)
    return values if isinstance(values, Mapping) else scalars(processes, any_object)


@attrs.frozen
class Factors:
    """Factors by bin, with their variances."""

    edges: tuple[float, ...]
    values: tuple[float, ...]
    variances: tuple[float, ...]

    @classmethod
    def of(cls, histogram: Any) -> Factors:
        """Return the contents of a histogram with one axis and weights."""
        # Another storage gives its contents as variances, and the variance of a factor is not the factor.
        if histogram.storage_type.__name__ != "Weight":
            raise TypeError("a storage without variances")
        (axis,) = histogram.axes
        return cls(
            tuple(axis.edges.tolist()), tuple(histogram.values().tolist()), tuple(histogram.variances().tolist())
        )


def plain_factors(given: Any) -> Any:
    """Return a factor as a float, and a histogram of factors as `Factors`; another value is refused later."""
    made = number_or_other(given)
    if isinstance(made, float | Factors):
        return made
    try:
        return Factors.of(given)
    # It may be any object.
    except Exception:  # noqa: BLE001
        return Foreign.of(given)


def factor_problem(factors: Any) -> str:
    """Return the problem of a converted factor, or of a histogram of factors, empty if there is none."""
    if not isinstance(factors, float | Factors):
        return (
            f"scale is {factors!r}, expected a number, or a histogram with one axis of edges and storage=Weight(), "
            "whose variances are those of the factors"
        )
    numbers = (factors,) if isinstance(factors, float) else (*factors.values, *factors.variances)
    if bad := [number for number in numbers if not (math.isfinite(number) and number >= 0)]:
        return f"scale has {bad[0]!r}, expected numbers of at least 0"
    return "" if any(numbers) else "scale is 0: it would be an empty column"


def in_words(columns: Iterable[tuple[str, str]], most: int = 12) -> str:
    """Return columns, each a process and a year, as text: "ttbar, vjets (2022, 2023); diboson 2023".

    Args:
        columns: process and year of each.
        most: number of processes and of years up to which all are named.
    """
    years: dict[str, list[str]] = {}
    for process, year in columns:
        years.setdefault(process, []).append(year)
    processes: dict[tuple[str, ...], list[str]] = {}
    for process, its_years in years.items():
        processes.setdefault(tuple(its_years), []).append(process)
    return "; ".join(_block(names, its_years, most) for its_years, names in processes.items())


def _block(processes: list[str], years: tuple[str, ...], most: int) -> str:
    if len(processes) == len(years) == 1:
        return f"{processes[0]} {years[0]}"
    return f"{listing(processes, most)} ({listing(years, most)})"
