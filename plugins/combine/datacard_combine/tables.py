"""Templates from tables, as Combine reads them: columns that name a template and its bins, then contents."""

from __future__ import annotations

import csv
import math
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import attrs
import numpy as np

from datacard_core import Axis, InputError, StoredTemplates, TemplateFile, TemplateReader, Templates

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    FloatArray: TypeAlias = npt.NDArray[np.float64]

Label: TypeAlias = "float | str"

CONTENTS = 2
"""Number of columns at the end of a CSV file that are no labels: contents, and sums of squared weights."""
DEFAULT_COLUMNS = "sum_w:sum_ww"
NOMINAL = "nominal"
FEWEST_LABELS = 3
"""Number of labels below which Combine adds `nominal`: channel, process, systematic."""
_PARQUET = b"PAR1"
"""First bytes of a Parquet file."""


class TableReader(TemplateReader):
    """Reader of templates in CSV and Parquet files.

    A name is `channel:process:systematic,contents:squares`: labels for the first columns of the table, and the names of
    two columns. The rows with these labels are the bins. Without columns they are `sum_w:sum_ww`, and without a
    systematic it is `nominal`.
    """

    name: ClassVar[str] = "tables"
    suffixes: ClassVar[Sequence[str]] = (".csv", ".parquet")

    def read(self, path: Path, names: Collection[str]) -> TemplateFile:
        """Read templates by name.

        Raises:
            InputError: the file cannot be read, a package for it is not installed, or a content is not a number.
        """
        try:
            table = _parquet(path) if path.suffix == ".parquet" else _csv(path)
        except ImportError as error:
            raise InputError(f"the templates {path} need a package: pip install pandas pyarrow; {error}") from error
        except Exception as error:  # pandas raises errors of many classes for damaged files
            raise InputError(f"the templates {path} cannot be read: {type(error).__name__}: {error}") from error
        alike: dict[int, list[tuple[str, FloatArray]]] = {}
        for name, found in table.templates(names, path):
            alike.setdefault(found.shape[1], []).append((name, found))
        return TemplateFile(tuple(_block(found) for found in alike.values()))


@attrs.frozen(eq=False)
class Table:
    """Columns of a table."""

    labels: Sequence[Sequence[object]]
    """Columns with the labels of the rows."""
    numbers: Mapping[str, Sequence[object]]
    """Other columns, by name."""

    def templates(self, names: Iterable[str], path: Path) -> Iterator[tuple[str, FloatArray]]:
        """Yield contents and squares, shape (2, bins), of each name that the table has."""
        rows: dict[int, dict[tuple[Label, ...], list[int]]] = {}
        for name in names:
            labels, _, columns = name.partition(",")
            words = labels.split(":")
            words += [NOMINAL] * (len(words) < FEWEST_LABELS)
            if len(words) not in rows:
                rows[len(words)] = self._rows(len(words))
            of = (columns or DEFAULT_COLUMNS).split(":")
            its = rows[len(words)].get(tuple(map(_label, words)))
            if its and len(of) == CONTENTS and set(of) <= self.numbers.keys():
                yield name, self._contents(its, of, f"{name!r} in {path}")

    def _rows(self, count: int) -> dict[tuple[Label, ...], list[int]]:
        """Return the rows with each combination of the first labels."""
        rows: dict[tuple[Label, ...], list[int]] = {}
        if count < len(self.labels):
            for row, labels in enumerate(zip(*(map(_label, column) for column in self.labels[:count]), strict=True)):
                rows.setdefault(labels, []).append(row)
        return rows

    def _contents(self, rows: list[int], of: list[str], where: str) -> FloatArray:
        try:
            found = np.array([[float(str(self.numbers[column][row])) for row in rows] for column in of])
        except ValueError as error:
            raise InputError(f"{where} has a content that is not a number: {error}") from error
        if np.any(found[1] < 0):
            raise InputError(f"{where} has a sum of squared weights below 0: {found[1].min():g}")
        return found


def _label(value: object) -> Label:
    """Return a label in the form in which equal ones compare equal, whether they are texts or numbers."""
    try:
        number = float(str(value))
    except ValueError:
        return str(value)
    return number if math.isfinite(number) else str(value)


def _csv(path: Path) -> Table:
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(head)
    return Table(columns[:-CONTENTS], dict(zip(head[-CONTENTS:], columns[-CONTENTS:], strict=True)))


def _parquet(path: Path) -> Table:
    # Before the import of pandas, which takes a second. A folder is a table of several files.
    if not path.is_dir():
        with path.open("rb") as file:
            if (start := file.read(len(_PARQUET))) != _PARQUET:
                raise ValueError(f"it starts with {start!r}, expected {_PARQUET!r} as in Parquet files")
    frame = import_module("pandas").read_parquet(path)
    labels = [frame.index.get_level_values(level).tolist() for level in range(frame.index.nlevels)]
    return Table(labels, {str(name): frame[name].tolist() for name in frame.columns})


def _block(found: Sequence[tuple[str, FloatArray]]) -> StoredTemplates:
    # Combine makes a TH1F of unit bins of each, and rounds its contents so.
    values, variances = np.array([contents for _, contents in found]).transpose(1, 0, 2)
    return StoredTemplates(
        names=tuple(name for name, _ in found),
        of="TH1F",
        axis=Axis(np.arange(values.shape[1] + 1.0), uniform=True),
        templates=Templates(values.astype(np.float32).astype(float), variances),
        flow=np.zeros((len(values), 2)),
        has_variances=True,
    )
