"""Files of edges that rules have chosen, which the cards of all years use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from datacard_core.errors import InputError, with_type
from datacard_core.inputs.paths import expanded
from datacard_core.output.staging import staging

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from datacard_core.treatments.quantiles import ChosenBins

FORMAT, VERSION = "datacard-edges", 1


def write_edges(path: str | os.PathLike[str], bins: Mapping[str, ChosenBins]) -> None:
    """Write the edges of categories to a file of JSON, with the rule and the expectation of each bin.

    Args:
        path: the file.
        bins: the bins by category, as rules such as `quantiles` choose them.
    """
    path = Path(expanded(path))
    categories = {name: attrs.asdict(of) for name, of in bins.items()}
    document = {"format": FORMAT, "version": VERSION, "categories": categories}
    with staging(path.parent) as stage:
        # Numbers of JSON are those of repr, which are read back as they were.
        stage.text(path.name, json.dumps(document, indent=1, allow_nan=False) + "\n")


def read_edges(path: str | os.PathLike[str]) -> dict[str, tuple[float, ...]]:
    """Return the edges by category of a file that `write_edges` has written, for `bins_edges`.

    Raises:
        InputError: the file cannot be read, is no such file, or has a version that is not known here.
    """
    path = Path(expanded(path))
    try:
        document = json.loads(path.read_bytes())
        found = document["format"], document["version"]
        if found == (FORMAT, VERSION):
            return {name: tuple(map(float, of["edges"])) for name, of in document["categories"].items()}
    # A file may have any content.
    except Exception as error:
        raise InputError(f"the file of edges {path} cannot be read: {with_type(error)}") from error
    raise InputError(f"{path} has format {found[0]!r}, version {found[1]!r}, expected {FORMAT!r}, version {VERSION}")
