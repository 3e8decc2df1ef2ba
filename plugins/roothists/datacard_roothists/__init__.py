"""The histogram source `roothists`: histograms in ROOT files, by a pattern of their names in its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from datacard_core import HistogramConventions, HistogramSource, InputError, hookimpl, output_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

options = HistogramConventions.options
DEFAULTS: Mapping[str, Any] = {
    "key": "{channel}/{process}_{systematic}{direction}",
    "category_axis": None,
    "variation_axis": None,
}
"""Options that are not PocketCoffea's conventions if they are not given: the axes of a ROOT histogram have no names."""


class Histograms(Mapping[str, Any]):
    """Histograms of a file by name, with the folders before it; each is read when it is asked for."""

    def __init__(self, file: Any) -> None:
        self._file = file
        # A name may have several cycles, of which uproot reads the last.
        classes = file.classnames(recursive=True, cycle=False)
        self._names = [name for name, of in classes.items() if of.startswith(("TH1", "TH2", "TH3"))]

    def __getitem__(self, name: str) -> Any:
        return self._file[name].to_hist()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@attrs.frozen
class RootHistograms(HistogramSource):
    """Reader of histograms in ROOT files, such as the templates of another program."""

    name: ClassVar[str] = "roothists"
    conventions: HistogramConventions

    def read(self, path: Path, variables: Collection[str]) -> Mapping[str, Any]:
        """Return the output that the conventions make of the histograms in a file.

        Raises:
            InputError: The file cannot be read, or has histograms of other conventions.
        """
        import uproot  # noqa: PLC0415 - it takes a second to import

        try:
            with uproot.open(path) as file:
                return output_of(Histograms(file), self.conventions, variables, path=path)
        except InputError:
            raise
        except Exception as error:  # uproot raises errors of many classes for damaged files
            raise InputError(f"{path} cannot be read: {type(error).__name__}: {error}") from error


@attrs.frozen
class RootHistogramsPlugin:
    """The plugin with the options of a selection."""

    conventions: HistogramConventions

    @hookimpl
    def datacard_histogram_sources(self) -> Iterable[HistogramSource]:
        """Contribute the source roothists."""
        return (RootHistograms(self.conventions),)


def configured(options: Mapping[str, Any]) -> RootHistogramsPlugin:
    """Return the plugin for the conventions that the options are.

    Raises:
        DeclarationError: The options contradict each other.
    """
    return RootHistogramsPlugin(HistogramConventions(**{**DEFAULTS, **options}))
