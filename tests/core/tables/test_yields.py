"""The table of yields, with uncertainties worked out by hand and from `prefit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from datacard_core import Cards, FreeParameter, Nuisance, prefit, read_card, yields_table
from datacard_core.grammar import Blindness
from tests.support.channels import Gamma, channel, factors, shifted

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Table


def by_process(table: Table) -> dict[str, tuple[Any, ...]]:
    return {one["process"]: tuple(one[name] for name in ("yield", "stat", "up", "down")) for one in table.records}


def test_statistical_uncertainty() -> None:
    """Variances of all bins and years of a process are summed."""
    found = by_process(yields_table(channel()))
    # 10 + 20 + 30 + 40, with variances 4 + 9 + 5 + 7
    assert found["top"] == (100, 5, 5, 5)
    assert found["background"] == (110, 5, 5, 5)
    assert found["data"] == (110, None, None, None)


@pytest.mark.parametrize(("bins", "shown"), [(None, "blind"), ((1,), "110 (1 bin blind)")])
def test_blind_data(bins: tuple[int, ...] | None, shown: str) -> None:
    """Expected events in blind bins are not shown as data, and are no record."""
    table = yields_table(channel(blindness=Blindness(bins=bins)))
    assert table.lines[-1][-1] == shown
    assert "data" not in by_process(table)


def test_columns_of_one_nuisance() -> None:
    """Years of a process, and processes of the background, move together within a nuisance."""
    found = by_process(yields_table(channel(factors("xs", [1, 2, 3], [1.1, 1.1, 1.5], [0.9, 0.9, 0.8]))))
    # top: 3 + 7 up and down; vjets: 5 up, 2 down
    assert found["top"][2:] == pytest.approx((np.hypot(5, 10), np.hypot(5, 10)))
    assert found["vjets"][2:] == pytest.approx((5, 2))
    assert found["background"][2:] == pytest.approx((np.hypot(5, 15), np.hypot(5, 12)))
    assert found["signal"][1:] == pytest.approx((np.sqrt(14),) * 3)


def test_shapes() -> None:
    """Changes of bins count with their signs, and both ends on one side grow that side alone."""
    found = by_process(yields_table(channel(shifted("jes", [1], [[3, -1]], [[4, 2]]))))
    # +2 at +1, +6 at -1
    assert found["top"][2:] == pytest.approx((np.hypot(5, 6), 5))


def test_initial_values() -> None:
    """A free parameter multiplies the yield and its uncertainty by its initial value."""
    free = FreeParameter("SF", np.array([1, 2]), 2.0, None)
    assert by_process(yields_table(channel(directives=[free])))["top"] == (200, 10, 10, 10)


def test_unknown_effects() -> None:
    """The note has the nuisances whose effect is not known."""
    table = yields_table(channel(Nuisance("g", (Gamma(np.array([1])),))))
    assert table.note.endswith("without the unknown effect of g")


def test_rows() -> None:
    """Rows have a process each, the background below a rule, and the data."""
    table = yields_table([channel(), channel(bin="CR", has_data=False)])
    assert table.heads == ("process", "SR_2022_2023", "CR")
    assert [tuple(map(str, line)) for line in table.lines] == [
        ("signal", "3 ± 4 ± 4", "3 ± 4 ± 4"),
        ("top", "100 ± 5 ± 5", "100 ± 5 ± 5"),
        ("vjets", "10.00", "10.00"),
        ("background", "110 ± 5 ± 5", "110 ± 5 ± 5"),
        ("data", "110", "none"),
    ]
    assert list(table.breaks) == [3]


@pytest.mark.slow
def test_agreement_with_prefit(demo_cards: Cards) -> None:
    """Of one bin, the total background has the uncertainties of `prefit`."""
    one_bin = channel(factors("xs", [1, 2, 3], [1.1, 1.2, 1.5]), values=[[1.0], [10.0], [30.0], [5.0]])
    expected = prefit(one_bin)
    arrays = (expected.background, expected.stat, expected.up, expected.down)
    assert by_process(yields_table(one_bin))["background"] == pytest.approx(tuple(float(of[0]) for of in arrays))
    assert len(yields_table(demo_cards).records) == 3 * 7


@pytest.mark.slow
def test_read_card(demo_cards: Cards, tmp_path: Path) -> None:
    """A card that was read has the table of the card that was written."""
    demo_cards["SR"].dump(tmp_path)
    read = yields_table(read_card(tmp_path / "datacard.txt"))
    built = yields_table(demo_cards["SR"])
    assert [line[0] for line in read.lines] == [line[0] for line in built.lines]
    for one, other in zip(read.records, built.records, strict=True):
        assert one["yield"] == pytest.approx(other["yield"])
        assert one["up"] == (None if other["up"] is None else pytest.approx(other["up"], rel=1e-5))
