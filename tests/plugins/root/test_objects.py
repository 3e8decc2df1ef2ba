"""Histograms of several classes in folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hist
import numpy as np
import pytest
import uproot
from datacard_root.file import folders
from datacard_root.objects import write_objects

from datacard_core import DatacardError

if TYPE_CHECKING:
    from pathlib import Path

PLANE = np.array([[1.0, 2.0], [3.0, 4.0]])


def objects() -> dict[str, object]:
    line = hist.Hist.new.Var([0.0, 1.0, 3.0]).Weight().fill([0.5, 2.0, 2.0])
    edges = np.arange(3.0)
    return {"top": line, "a/b/line": line, "a/plane": (PLANE, edges, edges)}


@pytest.mark.slow
def test_contents(tmp_path: Path) -> None:
    """Histograms are in their folders, with contents and edges, and the file describes their classes."""
    write_objects(objects(), tmp_path / "o.root")
    with uproot.open(tmp_path / "o.root") as file:
        kept = {name: of for name, of in file.classnames(cycle=False).items() if "Directory" not in of}
        assert kept == {"top": "TH1D", "a/b/line": "TH1D", "a/plane": "TH2D"}
        assert file["a/b/line"].values().tolist() == [1, 2]
        assert file["a/b/line"].axis().edges().tolist() == [0, 1, 3]
        assert file["a/plane"].values().tolist() == PLANE.tolist()
        assert {"TH1D", "TH2D"} <= set(file.file.streamers)


@pytest.mark.slow
def test_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Histograms that do not fit are refused, and no file is left."""
    monkeypatch.setattr(folders, "END", 1000)
    with pytest.raises(DatacardError, match=r"3 histograms do not fit into .*o\.root: it would have more than"):
        write_objects(objects(), tmp_path / "o.root")
    assert not (tmp_path / "o.root").exists()
