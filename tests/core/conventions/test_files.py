"""Conventions in files of YAML and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import DeclarationError, InputError, read_convention
from datacard_core.conventions.files import template
from tests.support.cases import case

if TYPE_CHECKING:
    from pathlib import Path


def test_yaml(tmp_path: Path) -> None:
    """An entry is a line of class and description, or has fields for them."""
    file = tmp_path / "ours.yaml"
    file.write_text(
        "# ours\nCMS_HIG24001_fakes_.*: custom, our fakes, from data\ntopPt:\n  class: theory\n  description: Top pt\n"
        "lumi: luminosity\n",
        encoding="utf-8",
    )
    convention = read_convention(file)
    assert [(pattern.pattern, pattern.of, pattern.description) for pattern in convention.patterns] == [
        ("CMS_HIG24001_fakes_.*", "custom", "our fakes, from data"),
        ("topPt", "theory", "Top pt"),
        ("lumi", "luminosity", ""),
    ]
    assert convention.name == "ours.yaml"


def test_json(tmp_path: Path) -> None:
    """JSON has the same entries."""
    file = tmp_path / "ours.json"
    file.write_text('{"lumi": "luminosity", "topPt": {"class": "theory", "description": "Top pt"}}', encoding="utf-8")
    assert [pattern.of for pattern in read_convention(file).patterns] == ["luminosity", "theory"]


def test_template(tmp_path: Path) -> None:
    """The template reads back as entries of the class custom without a description."""
    file = tmp_path / "ours.yaml"
    file.write_text(template(["lumi", "CMS_a.b"]), encoding="utf-8")
    assert [(one.pattern, one.of, one.description) for one in read_convention(file).patterns] == [
        ("lumi", "custom", ""),
        ("CMS_a.b", "custom", ""),
    ]


def test_refused_entries(tmp_path: Path) -> None:
    """Each kind of wrong entry is told with its name."""
    cases: list[tuple[str, str]] = [
        ("lumi: 3", "'lumi' has 3, expected 'class, description'"),
        ("lumi: ''", "'lumi' has no class"),
        ("lumi:\n  class: x\n  descripton: y", "'lumi': 'descripton' is no field (did you mean 'description'?)"),
        ("lumi:\n  description: y", "'lumi' has no class"),
        ("lumi:\n  class: x\n  description: [y]", "'lumi' has the description ['y'], expected a text"),
        ("'a(': x", "'a(' is no regular expression"),
        ("2022: x", "2022 is a int, expected a name or a pattern"),
        ("lumi: x\nlumi: y", "'lumi' stands there twice"),
        ("lumi: [x]", "'lumi' has ['x'], expected 'class, description'"),
    ]
    for text, told in cases:
        with case(text, told):
            file = tmp_path / "ours.yaml"
            file.write_text(text, encoding="utf-8")
            with pytest.raises(DeclarationError) as caught:
                read_convention(file)
            assert told in caught.value.problems[0]


def test_unreadable_files(tmp_path: Path) -> None:
    """A file of another form is told, and no code of it runs."""
    cases: list[tuple[str, str, str]] = [
        ("a.yaml", "a: [", "is no yaml: while parsing"),
        ("a.json", "{", "is no json"),
        ("a.yaml", "- a", "has no entries"),
        ("a.yaml", "", "has no entries"),
        ("a.yaml", "!!python/object/apply:os.system ['true']", "is no yaml: could not determine a constructor"),
    ]
    for name, text, told in cases:
        with case(name, text, told):
            (tmp_path / name).write_text(text, encoding="utf-8")
            with pytest.raises(InputError, match=told):
                read_convention(tmp_path / name)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is told with its path."""
    with pytest.raises(InputError, match=r"ours\.yaml cannot be read"):
        read_convention(tmp_path / "ours.yaml")
