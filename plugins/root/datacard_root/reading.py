"""Templates from ROOT files: histograms like many others all at once, and the rest with uproot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from datacard_core import Axis, InputError, StoredTemplates, TemplateFile, TemplateReader, Templates
from datacard_root.bulk.layout import CONTENTS
from datacard_root.bulk.reading import read_many
from datacard_root.file.directories import OddError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

CLASSES = tuple(name.decode() for name in CONTENTS)
"""Classes of histograms of one dimension whose contents are read."""


class RootReader(TemplateReader):
    """Reader of histograms of one dimension."""

    name: ClassVar[str] = "root"
    suffixes: ClassVar[Sequence[str]] = (".root",)

    def read(self, path: Path, names: Collection[str]) -> TemplateFile:
        """Read histograms by name, which may have directories before it.

        Raises:
            InputError: the file is missing, or is none of ROOT.
        """
        try:
            many = read_many(path, names)
        except OddError:
            return read_with_uproot(path, names)
        done = {name for block in many.stored for name in block.names}
        others = {name: of for name, of in many.of.items() if of not in CLASSES}
        left = many.of.keys() - done - others.keys()
        if not left:
            return TemplateFile(many.stored, others, many.spare)
        rest = read_with_uproot(path, sorted(left))
        return TemplateFile((*many.stored, *rest.stored), {**others, **rest.others}, many.spare)

    def copy(
        self, path: Path, new: Path, new_names: Callable[[Collection[str]], Mapping[str, Collection[str]]]
    ) -> None:
        """Write a copy of a file in which histograms have other names; other objects keep theirs.

        Raises:
            InputError: the file cannot be read, or another object would have another name.
        """
        # The package that writes takes half a second to import.
        from datacard_root.copying import copy  # noqa: PLC0415

        copy(path, new, new_names)


def read_with_uproot(path: Path, names: Iterable[str]) -> TemplateFile:
    """Read histograms one by one.

    Raises:
        InputError: the file or an object is damaged.
    """
    import uproot  # noqa: PLC0415 - it takes a second to import

    found: list[tuple[str, Any]] = []
    others: dict[str, str] = {}
    spare: list[str] = []
    try:
        with uproot.open(path) as file:
            for folder, directory, wanted in _directories(file, names):
                classes = directory.classnames(recursive=False, cycle=False)
                for name, last in wanted.items():
                    if classes.get(last) in CLASSES:
                        found.append((name, directory.key(last).get()))
                    elif last in classes:
                        others[name] = classes[last]
                left = classes.keys() - set(wanted.values())
                spare += [f"{folder}/{last}".lstrip("/") for last in sorted(left) if classes[last] in CLASSES]
    except Exception as error:  # uproot raises errors of many classes for damaged files
        raise InputError(f"the templates {path} cannot be read: {type(error).__name__}: {error}") from error
    return TemplateFile(tuple(_blocks(found)), others, tuple(spare))


def _directories(file: Any, names: Iterable[str]) -> Iterator[tuple[str, Any, dict[str, str]]]:
    """Yield each directory that the file has, with the wanted names and their names in it."""
    by_folder: dict[str, dict[str, str]] = {}
    for name in names:
        # An object in a workspace is not in the list of keys, and the workspace stands for it.
        folder, _, last = name.partition(":")[0].rpartition("/")
        by_folder.setdefault(folder, {})[name] = last
    for folder, wanted in by_folder.items():
        # For each path with a folder uproot would read the folder again.
        if (directory := _directory(file, folder)) is not None:
            yield folder, directory, wanted


def _directory(file: Any, path: str) -> Any:
    for part in filter(None, path.split("/")):
        if part not in file.keys(recursive=False, cycle=False) or not file.key(part).fClassName.startswith(
            "TDirectory"
        ):
            return None
        file = file[part]
    return file


def _blocks(found: Iterable[tuple[str, Any]]) -> Iterator[StoredTemplates]:
    """Yield the histograms of each class and binning together."""
    alike: dict[tuple[str, bytes, bool], list[tuple[str, Any]]] = {}
    for name, histogram in found:
        edges = np.asarray(histogram.axis().edges(), dtype=float)
        has_variances = len(histogram.member("fSumw2")) > 0
        alike.setdefault((histogram.classname, edges.tobytes(), has_variances), []).append((name, histogram))
    for (of, binning, has_variances), members in alike.items():
        values = np.array([histogram.values(flow=True) for _, histogram in members], dtype=float)
        variances = np.array([histogram.variances(flow=True) for _, histogram in members], dtype=float)
        yield StoredTemplates(
            names=tuple(name for name, _ in members),
            of=of,
            axis=Axis(np.frombuffer(binning)),
            templates=Templates(values[:, 1:-1], variances[:, 1:-1]),
            flow=values[:, [0, -1]],
            has_variances=has_variances,
        )
