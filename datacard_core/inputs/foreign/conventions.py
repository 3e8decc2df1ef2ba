"""Conventions of histograms as data: names of axes, labels and endings, and where the other names stand."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from datacard_core.arguments import foreign_in, scalars, shown, text, text_or_none, tree, type_of, wrong_type
from datacard_core.declare.declaration import check_calls
from datacard_core.errors import DeclarationError
from datacard_core.grammar import DIRECTIONS
from datacard_core.inputs.foreign.patterns import HistogramPattern
from datacard_core.inputs.histograms import NOMINAL
from datacard_core.names import duplicates, listing, public

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def _years(value: str | Mapping[str, str] | Iterable[str]) -> Any:
    if isinstance(value, str):
        return text(value)
    return {str(label): year for label, year in tree(value).items()} if isinstance(value, Mapping) else scalars(value)


def _labels(value: Mapping[str, str | int | Iterable[str | int]]) -> Any:
    made = tree(value)
    if not isinstance(made, Mapping):
        return made
    # Labels of axes of numbers are numbers in a script, and text in messages and names.
    return {
        axis: tuple(str(label) if isinstance(label, int) else label for label in scalars(labels))
        for axis, labels in made.items()
    }


def _texts(value: str | Iterable[str]) -> Any:
    return scalars(value)


def _about(line: str) -> dict[str, str]:
    return {"about": line}


@public
@attrs.frozen(kw_only=True)
class HistogramConventions:
    """Conventions by which histograms were filled and stored; the defaults are PocketCoffea's.

    `output_of` makes of histograms what `Analysis.build` reads. Sources of plugins have the same fields as options.
    """

    options: ClassVar[Mapping[str, str]] = {}
    """A line about each field, as plugins have them for their options."""

    category_axis: str | None = attrs.field(
        default="cat", converter=text_or_none, metadata=_about("axis of categories; None if there is none")
    )
    """Axis of categories; without one, and without a name, the category is called `inclusive`."""
    variation_axis: str | None = attrs.field(
        default="variation", converter=text_or_none, metadata=_about("axis of variations; None if there is none")
    )
    sample_axis: str | None = attrs.field(
        default=None, converter=text_or_none, metadata=_about("axis of samples, often called process")
    )
    year_axis: str | None = attrs.field(default=None, converter=text_or_none, metadata=_about("axis of years"))
    nominal: str = attrs.field(default=NOMINAL, converter=text, metadata=_about("label of the nominal"))
    up: str = attrs.field(
        default=DIRECTIONS[0], converter=text, metadata=_about("end of the labels of upward variations")
    )
    down: str = attrs.field(
        default=DIRECTIONS[1], converter=text, metadata=_about("end of the labels of downward variations")
    )
    years: str | tuple[str, ...] | Mapping[str, str] = attrs.field(
        default="all",
        converter=_years,
        metadata=_about("year of all histograms; or endings of samples that are years; or years by such ending"),
    )
    """Year of all histograms; or years at the ends of the names of samples, by such end if a dict."""
    select: Mapping[str, tuple[str, ...]] = attrs.field(
        default=attrs.Factory(dict),
        converter=_labels,
        metadata=_about("labels of further axes, by axis; several labels are summed"),
    )
    data: tuple[str, ...] = attrs.field(
        default=("data", "Data", "data_obs"),
        converter=_texts,
        metadata=_about("samples of observed data; * stands for any text"),
    )
    key: str = attrs.field(
        default="{variable}",
        converter=text,
        metadata=_about("pattern of the names of histograms, such as {channel}/{process}"),
    )
    """Pattern of names. Names in dicts in each other have a slash between them."""
    path: str = attrs.field(
        default="", converter=text, metadata=_about("pattern of the end of the path, such as {year}/{dataset}/*.pkl")
    )
    squares: str = attrs.field(
        default="",
        converter=text,
        metadata=_about("pattern of histograms of squared weights, such as {variable}_sumw2"),
    )

    def __attrs_post_init__(self) -> None:
        if problems := list(self._problems()):
            raise DeclarationError(problems)

    def _problems(self) -> Iterator[str]:
        for name in ("nominal", "up", "down", "key"):
            value = getattr(self, name)
            yield from wrong_type(name, value, str, "text")
            if value == "":
                yield f"{name} is empty, expected text"
        for name in ("path", "squares"):
            yield from wrong_type(name, getattr(self, name), str, "text")
        for name in ("category_axis", "variation_axis", "sample_axis", "year_axis"):
            yield from wrong_type(name, getattr(self, name), str | None, "the name of an axis, or None")
            if getattr(self, name) == "":
                yield f"{name} is empty, expected the name of an axis, or None"
        if self.up == self.down:
            yield f"up and down are both {shown(self.up)}: a variation would be both"
        yield from self._container_problems()
        axes = [axis for axis in self.axes.values() if axis is not None]
        if both := sorted({axis for axis in axes if axes.count(axis) > 1}, key=str):
            yield f"the axis {both[0]!r} has two roles, expected a role for each axis"
        if all(isinstance(getattr(self, name), str) for name in ("key", "path", "squares", "nominal", "up", "down")):
            yield from self._pattern_problems()

    def _pattern_problems(self) -> Iterator[str]:
        patterns = self.key_pattern, self.path_pattern, self.square_pattern
        if problems := [problem for pattern in patterns for problem in pattern.problems()]:
            yield from problems
            return
        of_key, of_path, of_squares = ({*pattern.fields} for pattern in patterns)
        if of_path & {"variation", "systematic"}:
            yield f"path {self.path!r} has variations: a file needs the variations of its datasets beside their nominal"
        # With fewer fields, several histograms would have the squared weights of one of them.
        if self.squares and of_squares != of_key:
            has = listing(sorted(of_squares)) or "none"
            expected = f"those of key {self.key!r}: {listing(sorted(of_key))}"
            yield f"squares {self.squares!r} has the fields {has}, expected {expected}"

    def _container_problems(self) -> Iterator[str]:
        if not isinstance(self.select, Mapping) or foreign_in(self.select) is not None:
            yield f"select is {shown(self.select)}, expected labels by the name of their axis"
        elif empty := [axis for axis, labels in self.select.items() if not labels]:
            yield f"select has no label of the axis {empty[0]!r}"
        elif twice := [axis for axis, labels in self.select.items() if duplicates(labels)]:
            yield f"select has a label of the axis {twice[0]!r} twice, whose content would count twice"
        years = self.years.values() if isinstance(self.years, Mapping) else self.years
        if isinstance(years, str):
            years = (years,)
        if not years or not all(isinstance(year, str) and year for year in years):
            yield f"years is {shown(self.years)}, expected a year, the years, or years by ending"
        for sample in self.data:
            if not isinstance(sample, str):
                yield f"data has {shown(sample)} of type {type_of(sample)}, expected names of samples"

    @property
    def axes(self) -> dict[str, str | None]:
        """Names of axes by role; those of `select` by their own name."""
        roles = {"sample": self.sample_axis, "year": self.year_axis}
        roles |= {"category": self.category_axis, "variation": self.variation_axis}
        selected = self.select if isinstance(self.select, Mapping) else {}
        return {**roles, **{f"select {axis}": axis for axis in selected}}

    @property
    def key_pattern(self) -> HistogramPattern:
        """The pattern of names."""
        return HistogramPattern(self.key, self._labels, self._year_labels)

    @property
    def path_pattern(self) -> HistogramPattern:
        """The pattern of paths."""
        return HistogramPattern(self.path, self._labels, self._year_labels, is_end=True)

    @property
    def square_pattern(self) -> HistogramPattern:
        """The pattern of histograms of squared weights."""
        return HistogramPattern(self.squares, self._labels, self._year_labels)

    @property
    def _labels(self) -> dict[str, str]:
        return {self.nominal: NOMINAL, self.up: DIRECTIONS[0], self.down: DIRECTIONS[1]}

    @property
    def _year_labels(self) -> tuple[str, ...]:
        return () if isinstance(self.years, str) else tuple(self.years)

    def variation(self, label: str) -> str:
        """Return the name of a variation as declarations have it: `jesUp` for `jes_up`, if `up` is "_up"."""
        if label == self.nominal:
            return NOMINAL
        for end, direction in ((self.up, DIRECTIONS[0]), (self.down, DIRECTIONS[1])):
            if label.endswith(end) and label != end:
                return label[: -len(end)] + direction
        return label

    def year(self, label: str) -> str:
        """Return the year of the declarations for a label."""
        return self.years.get(label, label) if isinstance(self.years, Mapping) else label

    def sample_and_year(self, name: str) -> tuple[str, str | None]:
        """Return a sample without the label of the year at its end, and that label, or None if it has none."""
        if isinstance(self.years, str):
            return name, self.years
        for label in sorted(self.years, key=len, reverse=True):
            if name.endswith(label) and name != label:
                return name.removesuffix(label).rstrip("_"), label
        return name, None

    def is_data(self, sample: str) -> bool:
        """Return True for a sample of observed data."""
        return any(fnmatchcase(sample, pattern) for pattern in self.data)


check_calls(HistogramConventions)
HistogramConventions.options = {field.name: field.metadata["about"] for field in attrs.fields(HistogramConventions)}
