"""Names that a card makes from its declarations: the bin, and the columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from datacard_core.grammar import name_problem, year_problem
from datacard_core.names import closest, listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Suffix: TypeAlias = str | Mapping[str, str] | None
"""Text behind the process in the names of columns: one for all years, one for each, or `_{year}` if not given."""

# Categories are often named after their cuts, which stay readable.
_WORDS = {">=": "ge", "<=": "le", "==": "eq", ">": "gt", "<": "lt"}
_COMPARISON = re.compile("|".join(map(re.escape, _WORDS)))


def plain_category(category: str) -> str:
    """Return a category with other characters in place of those that Combine does not accept in a name."""
    named = _COMPARISON.sub(lambda found: _WORDS[found.group()], category)
    return re.sub(r"[^A-Za-z0-9_.-]", "_", named)


@attrs.frozen(kw_only=True)
class BinName:
    """Combine's name of a channel, from the arguments of its card."""

    category: str
    prefix: Any = None
    suffix: Any = None
    """Years joined by "_" if not given."""
    whole: str | None = None
    """The name itself, in place of prefix, category and suffix."""
    years: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the name.

        A category that Combine does not accept in a name has other characters there, and `bin_` before it where the
        name would begin with a digit.
        """
        if self.whole is not None:
            return self.whole
        name = self._joined(plain_category(self.category))
        return f"bin_{name}" if self.prefix in (None, "") and name_problem("bin", name) else name

    @property
    def refused(self) -> str | None:
        """`[prefix_]category[_suffix]` if the channel has another name because Combine does not accept it, or None."""
        joined = self._joined(self.category)
        return None if self.whole is not None or joined == str(self) else joined

    def problems(self) -> Iterator[str]:
        """Yield the reasons why a channel cannot have the name, each with the argument that is to be changed."""
        if self.whole is None:
            if problem := name_problem("bin", str(self)):
                yield f"{problem}: change bin_prefix or bin_suffix, or give the whole name as bin_name"
            return
        if problem := name_problem("bin_name", self.whole):
            yield problem
        given = [name for name, text in (("bin_prefix", self.prefix), ("bin_suffix", self.suffix)) if text is not None]
        if given:
            yield f"bin_name={self.whole!r} is the whole name of the bin: leave out {' and '.join(given)}"

    def _joined(self, category: str) -> str:
        suffix = "_".join(map(str, self.years)) if self.suffix is None else self.suffix
        return "_".join(str(part) for part in (self.prefix, category, suffix) if part not in (None, ""))


def column_suffix(process_suffix: Suffix, year: str, *, single_year: bool) -> str:
    """Return the text that follows the process in the name of a column, `_{year}` if none is given."""
    if process_suffix is None:
        return "" if single_year else f"_{year}"
    return process_suffix[year] if isinstance(process_suffix, Mapping) else process_suffix


def suffix_problems(process_suffix: Any, years: Iterable[str], *, single_year: Any) -> Iterator[str]:
    """Yield the reasons why the columns of a card cannot have their suffixes."""
    years = list(years)
    if not isinstance(single_year, bool):
        yield f"single_year is {single_year!r}, expected True or False"
    elif single_year and len(years) > 1:
        yield f"single_year=True leaves the year out of the columns, and the card has the years {listing(years)}"
    if single_year and process_suffix is not None:
        yield f"single_year=True leaves out the suffix that process_suffix={process_suffix!r} gives: choose one of them"
    if process_suffix is None:
        return
    if not isinstance(process_suffix, str | Mapping):
        yield f"process_suffix is {process_suffix!r}, expected a text such as '_run3', or a dict {{year: text}}"
        return
    if isinstance(process_suffix, Mapping) and (missing := [year for year in years if year not in process_suffix]):
        yield f"process_suffix has no text for {listing(missing)}{closest(missing[0], map(str, process_suffix))}"
    texts = process_suffix.values() if isinstance(process_suffix, Mapping) else [process_suffix]
    for text in texts:
        if not isinstance(text, str) or (text and year_problem("", text)):
            yield f"process_suffix {text!r} cannot end the name of a column: expected letters, digits, '_', '.' and '-'"
