"""The histogram source `coffea`: the `.coffea` files that PocketCoffea writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from datacard_core import HistogramSource, hookimpl, load_output

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path


class CoffeaSource(HistogramSource):
    """Reads an output and executes nothing in it."""

    name: ClassVar[str] = "coffea"

    def read(self, path: Path, variables: Collection[str]) -> Mapping[str, Any]:
        """The output, with histograms of those variables as arrays.

        Raises:
            InputError: the file cannot be read, holds what is not admitted, or is no postprocessed output.
        """
        return load_output(path, variables=variables, arrays=True)


@hookimpl
def datacard_histogram_sources() -> Iterable[HistogramSource]:
    """Contribute coffea."""
    return (CoffeaSource(),)
