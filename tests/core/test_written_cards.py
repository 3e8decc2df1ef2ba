"""Writing of cards that were read: files follow, under the names that the card gives their templates."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uproot
from hypothesis import given, settings

from datacard_core import (
    Add,
    DeclarationError,
    Drop,
    ExistingFileError,
    InputError,
    Rename,
    SystematicUncertainty,
    load_plugins,
    read_card,
    write_card,
    write_model,
)
from datacard_core.testing import small_card
from datacard_core.writing import write_cards
from tests.support.cards import HEAD
from tests.support.models import content, models

if TYPE_CHECKING:
    from datacard_core import Model

NAMED = ("channel", "process", "nuisance", "group")


def model_of(path: Path) -> Model:
    card: Any = read_card(path, lenient=True)
    model: Model = card.model(mass=125)
    return model


def renamed(value: Any, names: dict[str, str]) -> Any:
    """Return the content of a model with other names."""
    if isinstance(value, str):
        words = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
        return re.sub(rf"(?<![\w.-])(?:{words})(?![\w.-])", lambda found: names[found.group()], value)
    if isinstance(value, dict):
        return {renamed(key, names): renamed(item, names) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(renamed(item, names) for item in value)
    return value


def in_order(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a model with its parameters sorted by name."""
    return {**content, "parameters": sorted(content["parameters"])}


@pytest.fixture(scope="module")
def dumped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a card that datacard_core wrote, with a shape and the hash of its templates."""
    rows = [
        SystematicUncertainty("lumi", "lnN", ["signal", "top", "vjets"], ["2022", "2023"], value=1.25),
        SystematicUncertainty("jes", "shape", ["top"], ["2022", "2023"], value=1.0),
    ]
    folder = tmp_path_factory.mktemp("card")
    small_card(*rows, bin_name="SR").dump(folder, card_name="card.txt", shapes_name="shapes.root")
    return folder


@pytest.fixture
def card(dumped: Path, tmp_path: Path) -> Path:
    """Return a copy of the card."""
    return shutil.copytree(dumped, tmp_path / "in") / "card.txt"


@pytest.mark.slow
@settings(max_examples=8)
@given(models())
def test_any_model_renamed(model: Model) -> None:
    """A card of all kinds with all names changed has the model with the names changed, before and after writing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "card.txt")
        write_model(model, path)
        read: Any = read_card(path, lenient=True)
        # The index of a discrete parameter has its name in a workspace.
        names = {name: f"x{name}" for what in NAMED for name in read.names(what) if name != "index"}
        edits = [Rename(what, {name: names[name] for name in read.names(what) if name in names}) for what in NAMED[:3]]
        edited = read.edited(*edits)
        names = {old: new for old, new in names.items() if old not in read.names("group")}
        expected = in_order(renamed(content(read.model()), names))
        assert in_order(content(edited.model())) == expected
        write_card(edited, Path(folder, "out", "card.txt"))
        assert in_order(content(model_of(Path(folder, "out", "card.txt")))) == expected


@pytest.mark.slow
def test_files(card: Path) -> None:
    """Templates follow, the card states the hash of their new file, and the files that were read stay."""
    before = {path: path.read_bytes() for path in card.parent.iterdir()}
    edited = read_card(card).edited(Rename("nuisance", {"jes": "CMS_scale_j"}), Rename("process", {"top_*": "tt_*"}))
    out = card.parents[1] / "out" / "new.txt"
    assert [path.name for path in write_card(edited, out)] == ["shapes.root", "new.txt"]
    digest = hashlib.sha256((out.parent / "shapes.root").read_bytes()).hexdigest()
    assert out.read_text().splitlines()[-1] == f"# templates: shapes.root sha256 {digest}"
    new = {"jes": "CMS_scale_j", "top_2022": "tt_2022", "top_2023": "tt_2023"}
    assert content(read_card(out).model()) == renamed(content(read_card(card).model()), new)
    assert {path: path.read_bytes() for path in card.parent.iterdir()} == before


@pytest.mark.slow
def test_in_its_place(card: Path) -> None:
    """A card that was read is replaced only where that is asked for, with its templates."""
    edited = read_card(card).edited(Rename("channel", {"SR": "signal_region"}), Rename("nuisance", {"jes": "j"}))
    with pytest.raises(ExistingFileError, match="would be replaced"):
        write_card(edited, card)
    write_card(edited, card, overwrite=True)
    (channel,) = read_card(card).model().channels
    assert channel.bin == "signal_region"
    assert [row.name for row in channel.nuisances] == ["lumi", "j"]


@pytest.mark.slow
def test_unchanged_files(card: Path) -> None:
    """Without new names of templates, their file is copied as it is, and the text keeps its hash."""
    out = card.parents[1] / "out" / "card.txt"
    write_card(read_card(card), out)
    assert out.read_bytes() == card.read_bytes()
    assert (out.parent / "shapes.root").read_bytes() == (card.parent / "shapes.root").read_bytes()


@pytest.mark.slow
def test_wrong_hash_stays(card: Path) -> None:
    """A card whose templates are of another run still says so."""
    card.write_text(re.sub("sha256 .*", "sha256 0123", card.read_text()))
    out = card.parents[1] / "out" / "card.txt"
    write_card(read_card(card, lenient=True).edited(Rename("nuisance", {"jes": "j"})), out)
    assert "shape.other-run" in [finding.code for finding in read_card(out, lenient=True).findings]


@pytest.mark.slow
def test_unused_template_of_that_name(card: Path) -> None:
    """A template that the card does not use goes where its name is that of a used one."""
    reduced = read_card(card).edited(Drop("process", "vjets_2022"))
    middle, out = (card.parents[1] / name / "card.txt" for name in ("middle", "out"))
    write_card(reduced, middle)
    write_card(read_card(middle).edited(Rename("process", {"top_2022": "vjets_2022"})), out)
    new = content(read_card(out).model())
    assert new == renamed(content(reduced.model()), {"top_2022": "vjets_2022"})


@pytest.mark.slow
def test_files_elsewhere(card: Path) -> None:
    """A file outside of the directory of the card is copied beside the new one, and named so."""
    text = card.read_text().replace("shapes.root", "../shapes/shapes.root")
    (card.parents[1] / "shapes").mkdir()
    (card.parent / "shapes.root").rename(card.parents[1] / "shapes" / "shapes.root")
    card.write_text(text)
    out = card.parents[1] / "a" / "b" / "card.txt"
    write_card(read_card(card).edited(Rename("nuisance", {"jes": "j"})), out)
    assert sorted(path.name for path in out.parent.iterdir()) == ["card.txt", "shapes.root"]
    assert read_card(out).model().channels[0].bin == "SR"


@pytest.mark.slow
def test_mass_in_names(card: Path) -> None:
    """Templates of all masses follow, also those of masses that the text does not name."""
    middle, out = (card.parents[1] / name / "card.txt" for name in ("middle", "out"))
    write_card(read_card(card).edited(Rename("process", {"signal_2022": "H120", "signal_2023": "H125"})), middle)
    # Of the two columns of signals one stays, whose template is that of the mass.
    text = read_card(middle).edited(Drop("process", "H125"), Rename("process", {"H120": "H"})).text
    text = text.replace(
        "shapes * ", "shapes H SR shapes.root $PROCESS$MASS_nominal $PROCESS$MASS_$SYSTEMATIC\nshapes * ", 1
    )
    middle.write_text("".join(line for line in text.splitlines(keepends=True) if "sha256" not in line))
    write_card(read_card(middle, lenient=True).edited(Rename("process", {"H": "ggH"})), out)
    with uproot.open(out.parent / "shapes.root") as file:
        assert {"ggH120_nominal", "ggH125_nominal"} <= set(file.keys(cycle=False))


@pytest.mark.slow
def test_zipped_card(tmp_path: Path) -> None:
    """A card is zipped if its new name ends in .gz, to equal bytes."""
    (tmp_path / "card.txt").write_text(HEAD + "lumi lnN 1.1 1.1 1.1 1.1 1.1\n")
    read = read_card(tmp_path / "card.txt")
    for name in ("a", "b"):
        write_card(read, tmp_path / name / "card.txt.gz")
    zipped = (tmp_path / "a" / "card.txt.gz").read_bytes()
    assert gzip.decompress(zipped) == (tmp_path / "card.txt").read_bytes()
    assert zipped == (tmp_path / "b" / "card.txt.gz").read_bytes()


@pytest.mark.slow
def test_other_readers(tmp_path: Path) -> None:
    """A reader that makes no edits says so."""
    from datacard_core import ReadCard  # noqa: PLC0415

    class Plain(ReadCard):
        path = tmp_path / "plain"
        text = ""

    with pytest.raises(InputError, match="makes no edits"):
        Plain().edited(Add("x"))
    with pytest.raises(InputError, match="cannot tell its files"):
        write_card(Plain(), tmp_path / "new")


@pytest.mark.slow
def test_two_files_of_one_path(tmp_path: Path) -> None:
    """Cards whose different files would be one are refused with both."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "w.root").write_bytes(name.encode())
        (tmp_path / name / f"{name}.txt").write_text(HEAD + "k extArg w.root:w\n")
    cards = {tmp_path / "out" / f"{name}.txt": read_card(tmp_path / name / f"{name}.txt") for name in ("a", "b")}
    with pytest.raises(DeclarationError, match="would all be copied"):
        write_cards(cards, plugins=load_plugins())
    assert not (tmp_path / "out").exists()
