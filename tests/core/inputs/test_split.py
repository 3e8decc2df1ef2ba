"""PocketCoffea's outputs that are split by variable."""

from __future__ import annotations

import copy
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core.inputs.coffea import load_output
from datacard_core.inputs.split import split_output
from datacard_core.inputs.unread import FileAgain
from tests.support.cases import case
from tests.support.coffea_files import Calls, an_output, assert_same, complaint, save_split

if TYPE_CHECKING:
    from pathlib import Path

OUTPUT = an_output("a")
# Names of members are quoted: a slash in a variable is no folder.
OUTPUT["variables"]["pt/GeV"] = OUTPUT["variables"]["m"]
OUTPUT["columns"] = {"TTbar": {"a": {"SR": [1.0, 2.0]}}}


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("trust", [True, False])
def test_split_output(tmp_path: Path, *, compressed: bool, trust: bool) -> None:
    """A split output is the same as the one that was split, compressed by lz4 or by zip."""
    file = save_split(tmp_path / "a.coffea", OUTPUT, compressed=compressed)
    read = load_output(file, trust=trust)
    assert_same({key: read[key] for key in OUTPUT}, OUTPUT)
    assert len(read) == len(OUTPUT)


def test_members_that_are_not_needed(tmp_path: Path) -> None:
    """Members of other variables, and columns for cards, are not touched: here they are damaged."""
    file = save_split(tmp_path / "a.coffea", OUTPUT)
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        for name in ("variables/m", "columns/TTbar"):
            info = archive.getinfo(name)
            start = info.header_offset + 30 + len(name)
            content[start : start + info.compress_size] = bytes(info.compress_size)
    file.write_bytes(content)
    read = load_output(file, variables=["pt/GeV"], arrays=True)
    assert {name: list(of) for name, of in read["variables"].items()} == {"m": [], "pt/GeV": ["TTbar"]}
    assert "a.coffea cannot be read, it seems damaged" in complaint(file)


def test_other_index(tmp_path: Path) -> None:
    """An index of another version, or of other members than there are, is told with what was expected."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"version": 2}, "is of the format 'pocketcoffea-split', version 2, expected 'pocketcoffea-split', version 1"),
        ({"format": "other"}, "is of the format 'other', version 1, expected"),
        ({"variables": ["n"]}, "has no 'variables/n', which its format.json lists"),
        ({"variables": "m"}, "has in its format.json no list of names as 'variables'"),
    ]
    for index, problem in cases:
        with case(index, problem):
            assert f"a.coffea {problem}" in complaint(save_split(tmp_path / "a.coffea", OUTPUT, **index))


def test_name_that_is_listed_often(tmp_path: Path) -> None:
    """A member that the index lists often is read once, as each time takes time."""
    file = save_split(tmp_path / "a.coffea", OUTPUT, variables=["m"] * 3)
    read: list[str] = []

    def load(_: object, again: FileAgain) -> dict[str, Any]:
        read.append(again.member)
        return {}

    split_output(FileAgain.of(file), None, load, columns=False)
    assert read == ["metadata", "variables/m"]


@pytest.mark.slow
def test_many_members(tmp_path: Path) -> None:
    """An archive of more members than an output has is refused, as each takes time, however small it is."""
    file = save_split(tmp_path / "a.coffea", OUTPUT)
    with zipfile.ZipFile(file, "a") as archive:
        # One member under many names in the index: it takes longer to write as many members.
        archive.writestr("variables/0", b"")
        for number in range(1, 10_000):
            archive.filelist.append(copy.copy(archive.filelist[-1]))
            archive.filelist[-1].filename = f"variables/{number}"
    assert "a.coffea has 10005 members, more than the 10000 that are read" in complaint(file)


def test_other_archive(tmp_path: Path) -> None:
    """An archive without an index is told with its members and the source for those of UHI."""
    with zipfile.ZipFile(tmp_path / "a.coffea", "w") as archive:
        archive.writestr("mass.json", "{}")
    assert "a.coffea is a zip archive with mass.json, and without the format.json" in complaint(tmp_path / "a.coffea")


def test_code_in_a_member(tmp_path: Path) -> None:
    """Code in a member is refused and not executed."""
    marker = tmp_path / "executed"
    file = save_split(tmp_path / "a.coffea", {**OUTPUT, "variables": {"m": Calls(marker.mkdir)}})
    assert "a.coffea holds " in complaint(file)
    assert not marker.exists()


def test_damaged_archive(tmp_path: Path) -> None:
    """An archive that was cut off is told as damaged."""
    file = save_split(tmp_path / "a.coffea", OUTPUT)
    file.write_bytes(file.read_bytes()[:-40])
    assert "a.coffea cannot be read, it seems damaged (BadZipFile" in complaint(file)
