"""Tests of cards with the kind envelope, from the selection by name to the templates in the ROOT file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest
import uproot
from datacard_core import (
    DEFAULT_PLUGINS,
    InputError,
    MissingProviderError,
    StrictError,
    SystematicUncertainty,
    load_plugins,
)
from datacard_core.testing import assert_plugin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datacard_core import Datacard

PLUGINS = load_plugins(*DEFAULT_PLUGINS, "acme_theory")


def scale(members: int, **options: Any) -> SystematicUncertainty:
    return SystematicUncertainty(
        "scale", "envelope", ["top"], ["2022", "2023"], 1.0, options={"members": members, **options}
    )


def test_conformance() -> None:
    """The plugin meets all expectations of the core, with each method."""
    assert_plugin(
        "acme_theory",
        examples={
            "envelope": [
                {"value": 1.0, "options": {"members": 3}},
                {"value": 0.5, "options": {"members": ["_0", "_2"], "method": "replicas"}},
                {"value": 1.0, "options": {"members": 3, "method": "hessian-symmetric", "scale": 1 / 1.645}},
                {"value": 1.0, "options": {"members": ["_0", "_1"], "method": "hessian-pairs"}},
            ]
        },
    )


def test_row_of_the_card(datacard_card: Callable[..., Datacard]) -> None:
    """Many variations are one row of the card."""
    card = datacard_card(scale(3), plugins=PLUGINS)
    lines = [line.split() for line in card.content().splitlines()]
    (row,) = [words for words in lines if words and words[0].startswith("scale")]
    columns = next(words[1:] for words in lines if words and words[0] == "process")
    assert row[:2] == ["scale", "shape"]
    assert {column: cell for column, cell in zip(columns, row[2:], strict=True) if cell != "-"} == {
        "top_2022": "1.0",
        "top_2023": "1.0",
    }


def test_templates_in_the_file(datacard_card: Callable[..., Datacard], tmp_path: Path) -> None:
    """The templates in the ROOT file are the envelope."""
    datacard_card(scale(3), plugins=PLUGINS).dump(tmp_path)
    with uproot.open(tmp_path / "shapes.root") as file:
        names = {name for name in file.keys(cycle=False) if "scale" in name}
        contents = {name: file[name].values().tolist() for name in names}
        variances = {name: file[name].variances().tolist() for name in names}
    # top is (30, 20, 10) in 2022 and twice that in 2023, and its members multiply it by (0.5, 1, 1), (1, 1.5, 1) and
    # (1, 1, 1.25): the first goes down, the second and the third go up. Its variances are a quarter of its contents.
    assert contents == {
        "top_2022_scaleUp": [30.0, 30.0, 12.5],
        "top_2022_scaleDown": [15.0, 20.0, 10.0],
        "top_2023_scaleUp": [60.0, 60.0, 25.0],
        "top_2023_scaleDown": [30.0, 40.0, 20.0],
    }
    for name, found in variances.items():
        assert found == pytest.approx([7.5, 5.0, 2.5] if "2022" in name else [15.0, 10.0, 5.0])


def test_missing_member(datacard_card: Callable[..., Datacard]) -> None:
    """A member that the output lacks is an error, which names member and column."""
    with pytest.raises(InputError) as raised:
        datacard_card(scale(4), plugins=PLUGINS)
    assert [problem.split(":")[0] for problem in raised.value.problems] == [
        "channel 'SR_2022_2023', column 'top_2022'",
        "channel 'SR_2022_2023', column 'top_2023'",
    ]
    assert "systematic 'scale' is made of 4 members, and the output has no _3 for all" in str(raised.value)


def test_process_without_members(datacard_card: Callable[..., Datacard]) -> None:
    """A process without members gives a warning, and an error with strict."""
    systematic = attrs.evolve(scale(3), coffea_name_alias={"top": "none"})
    card = datacard_card(systematic, plugins=PLUGINS)
    (finding,) = [finding for finding in card.findings if finding.code == "no-variation"]
    assert "the nuisance has no effect here" in finding.message
    with pytest.raises(StrictError, match="none_0"):
        datacard_card(systematic, plugins=PLUGINS, strict=True)


def test_clipped_bins(datacard_card: Callable[..., Datacard]) -> None:
    """The core clips bins below zero, with a notice."""
    # The first member moves the first bin of top by 15 of 30: three times that is more than there is.
    card = datacard_card(scale(3, scale=3.0), plugins=PLUGINS)
    clipped = [finding for finding in card.findings if finding.code == "clipped"]
    assert {(finding.column, finding.systematic) for finding in clipped} == {
        ("top_2022", "scaleDown"),
        ("top_2023", "scaleDown"),
    }


def test_unselected_plugin(datacard_card: Callable[..., Datacard]) -> None:
    """Without the plugin the kind is unknown, and the error says which plugin to select."""
    with pytest.raises(MissingProviderError, match=r"'acme_theory', which (is|are) installed and not selected"):
        datacard_card(scale(3))
