"""Names in the keys of records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import uproot

from tests.support.root_files import some, written

if TYPE_CHECKING:
    from pathlib import Path

LENGTHS = (1, 60, 253, 254, 255, 256, 1000, 31_000)
"""Lengths of names: ROOT writes the length of a string in one byte up to 254, and in five bytes from there on."""


@pytest.mark.parametrize("length", LENGTHS)
def test_length_of_names(length: int, tmp_path: Path) -> None:
    """A name of any length reads back, and so do the templates after it."""
    templates = some(names=("short", "n" * length, "also_short"))
    with uproot.open(written(templates, tmp_path)) as file:
        assert file.keys(cycle=False) == list(templates.names)
        assert [file[name].name for name in templates.names] == list(templates.names)
        assert file["also_short"].values().tolist() == templates.templates.values[2].tolist()
