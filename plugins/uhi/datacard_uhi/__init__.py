"""The histogram source `uhi`: the serialisation of UHI in zip, HDF5 and JSON, by conventions in its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from datacard_core import HistogramConventions, HistogramSource, InputError, hookimpl, output_of
from datacard_uhi.files import histograms_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

# The plugin manager looks for this name, to check the options of a selection before it makes the plugin.
options = HistogramConventions.options


@attrs.frozen
class UhiSource(HistogramSource):
    """Reader of histograms that `uhi.io` wrote, with `uhi.io`."""

    name: ClassVar[str] = "uhi"
    conventions: HistogramConventions

    def read(self, path: Path, variables: Collection[str]) -> Mapping[str, Any]:
        """Return the output that the conventions make of the histograms in a file.

        Raises:
            InputError: The file cannot be read, has histograms of other conventions, or a package that reads it is
                missing.
        """
        try:
            with histograms_of(path) as histograms:
                return output_of(histograms, self.conventions, variables, path=path)
        except InputError as error:
            raise InputError(
                problem if str(path) in problem else f"{path}: {problem}" for problem in error.problems
            ) from error
        except Exception as error:  # a damaged file may raise any error of zip, HDF5, JSON and numpy
            raise InputError(f"{path} cannot be read: {type(error).__name__}: {error}") from error


@attrs.frozen
class UhiPlugin:
    """The plugin with the options of a selection."""

    conventions: HistogramConventions

    @hookimpl
    def datacard_histogram_sources(self) -> Iterable[HistogramSource]:
        """Contribute the source uhi."""
        return (UhiSource(self.conventions),)


def configured(options: Mapping[str, Any]) -> UhiPlugin:
    """Return the plugin for the conventions that the options are.

    Raises:
        DeclarationError: The options contradict each other.
    """
    return UhiPlugin(HistogramConventions(**options))
