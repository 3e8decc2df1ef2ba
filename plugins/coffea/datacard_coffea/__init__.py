"""The histogram source `coffea`: the `.coffea` files that PocketCoffea writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from datacard_core import HistogramSource, hookimpl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path


class CoffeaSource(HistogramSource):
    """Reader of `.coffea` files that never executes code stored in them."""

    name: ClassVar[str] = "coffea"

    def read(self, path: Path, variables: Collection[str]) -> Mapping[str, Any]:
        """Return the output, with the bins of large histograms left in the file until they are summed.

        Args:
            path: The `.coffea` file.
            variables: Names of the variables to read; all other variables have no histograms in the result.

        Raises:
            InputError: The file cannot be read, contains a class or function that is not admitted, or is not a
                postprocessed output.
        """
        from datacard_core import open_output  # noqa: PLC0415 - slow to import, and cards that are read never need it

        return open_output(path, variables=variables)


@hookimpl
def datacard_histogram_sources() -> Iterable[HistogramSource]:
    """Contribute the source coffea."""
    return (CoffeaSource(),)
