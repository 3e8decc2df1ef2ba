"""The file of edges that a rule has chosen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from datacard_core import DeclarationError, InputError, quantiles, read_edges, write_edges
from tests.support import outputs

if TYPE_CHECKING:
    from pathlib import Path


def test_file_for_all_years(tmp_path: Path) -> None:
    """A file has the edges and the rule, and gives equal edges again; a card takes them as `bins_edges`."""
    axis_edges = np.linspace(0, 0.7, 9)
    made = outputs.Output()
    for sample, contents in (("Signal", [1, 1, 1, 1, 2, 2, 4, 4]), ("TTbar", [100, 50, 20, 10, 5, 4, 1, 1])):
        made.add(sample, "2022", outputs.simulated({"SR": {"nominal": contents}}, outputs.bins(*axis_edges)))
    bins = {"SR": quantiles("signal", 4).bins(outputs.card(made).channel)}
    for _ in range(2):
        write_edges(tmp_path / "edges.json", bins)
    edges = read_edges(tmp_path / "edges.json")
    assert edges == {"SR": bins["SR"].edges}
    assert set(edges["SR"]) <= set(axis_edges.tolist())
    rebinned = outputs.card(made, bins_edges=edges["SR"])
    assert outputs.template(rebinned, "signal_2022") == [4, 4, 4, 4]
    document = json.loads((tmp_path / "edges.json").read_text())
    assert document["categories"]["SR"]["rule"].startswith("quantiles(signal=('signal',), n=4")
    (tmp_path / "edges.json").write_text(json.dumps({**document, "version": 2}))
    with pytest.raises(InputError, match="version 2, expected 'datacard-edges', version 1"):
        read_edges(tmp_path / "edges.json")


def test_edges_that_are_none(tmp_path: Path) -> None:
    """Edges of a file that was edited by hand are refused with their category, and so are bins of no rule."""
    file = tmp_path / "edges.json"
    for edges in ([1], [2, 1], [1, 1], [float("nan"), 1], ["0", "1"], "12", [False, True]):
        document = {"format": "datacard-edges", "version": 1, "categories": {"SR": {"edges": edges}}}
        file.write_text(json.dumps(document))
        with pytest.raises(InputError, match=r"category 'SR' has the edges .*, expected at least two numbers, rising"):
            read_edges(file)
    for bins in ({"SR": [0, 1]}, [0, 1]):
        with pytest.raises(DeclarationError, match="expected a dict such as"):
            write_edges(tmp_path / "new.json", bins)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == [file]
