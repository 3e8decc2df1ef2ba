"""Files of edges that rules have chosen, which the cards of all years use."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from datacard_core.arguments import shown
from datacard_core.errors import DeclarationError, InputError, with_type
from datacard_core.grammar import is_finite_number
from datacard_core.inputs.paths import expanded
from datacard_core.output.staging import staging
from datacard_core.treatments.quantiles import ChosenBins

if TYPE_CHECKING:
    import os

FORMAT, VERSION = "datacard-edges", 1


def write_edges(path: str | os.PathLike[str], bins: Mapping[str, ChosenBins]) -> None:
    """Write the edges of categories to a file of JSON, with the rule and the expectation of each bin.

    Args:
        path: the file.
        bins: the bins by category, as rules such as `quantiles` choose them.

    Raises:
        DeclarationError: these are no bins of a rule by category.
    """
    path = Path(expanded(path))
    if not isinstance(bins, Mapping) or not all(isinstance(of, ChosenBins) for of in bins.values()):
        raise DeclarationError(
            f"write_edges: bins is {shown(bins)}, expected a dict such as {{'SR': rule.bins(channel)}}"
        )
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
            return {name: _edges(name, of["edges"]) for name, of in document["categories"].items()}
    except InputError as error:
        raise InputError(f"{path}: {problem}" for problem in error.problems) from None
    # A file may have any content.
    except Exception as error:
        raise InputError(f"the file of edges {path} cannot be read: {with_type(error)}") from error
    raise InputError(f"{path} has format {found[0]!r}, version {found[1]!r}, expected {FORMAT!r}, version {VERSION}")


def _edges(category: str, edges: object) -> tuple[float, ...]:
    # A file may have been edited by hand.
    if isinstance(edges, list) and len(edges) > 1 and all(map(is_finite_number, edges)):
        rising = tuple(map(float, edges))
        if all(first < second for first, second in itertools.pairwise(rising)):
            return rising
    raise InputError(f"category {category!r} has the edges {shown(edges)}, expected at least two numbers, rising")
