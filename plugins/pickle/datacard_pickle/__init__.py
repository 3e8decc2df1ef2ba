"""The histogram source `pickle`: pickles of `hist` histograms, alone or in dicts, by conventions in its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from datacard_core import HistogramConventions, HistogramSource, hookimpl, load_histograms, output_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

# The plugin manager looks for this name, to check the options of a selection before it makes the plugin.
options = HistogramConventions.options


@attrs.frozen
class PickleSource(HistogramSource):
    """Reader of pickles, compressed or not, that never executes code stored in them."""

    name: ClassVar[str] = "pickle"
    conventions: HistogramConventions

    def read(self, path: Path, variables: Collection[str]) -> Mapping[str, Any]:
        """Return the output that the conventions make of the histograms in a file.

        Raises:
            InputError: The file cannot be read, contains a class or function that is not admitted, or has histograms
                of other conventions.
        """
        return output_of(load_histograms(path), self.conventions, variables, path=path)


@attrs.frozen
class PicklePlugin:
    """The plugin with the options of a selection."""

    conventions: HistogramConventions

    @hookimpl
    def datacard_histogram_sources(self) -> Iterable[HistogramSource]:
        """Contribute the source pickle."""
        return (PickleSource(self.conventions),)


def configured(options: Mapping[str, Any]) -> PicklePlugin:
    """Return the plugin for the conventions that the options are.

    Raises:
        DeclarationError: The options contradict each other.
    """
    return PicklePlugin(HistogramConventions(**options))
