"""Names in the keys of records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uproot

from tests.support.root_files import some, written

if TYPE_CHECKING:
    from pathlib import Path

LENGTHS = (1, 60, 253, 254, 255, 256, 1000, 31_000)
"""Lengths of names: ROOT writes the length of a string in one byte up to 254, and in five bytes from there on."""


def test_length_of_names(tmp_path: Path) -> None:
    """A name of any length reads back, and so do the templates after it."""
    for length in LENGTHS:
        templates = some(names=("short", "n" * length, "also_short"))
        with uproot.open(written(templates, tmp_path)) as file:
            assert file.keys(cycle=False) == list(templates.names), length
            assert [file[name].name for name in templates.names] == list(templates.names), length
            assert file["also_short"].values().tolist() == templates.templates.values[2].tolist(), length
