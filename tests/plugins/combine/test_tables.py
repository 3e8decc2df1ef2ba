"""Templates in CSV and Parquet files, as Combine reads them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from datacard_combine.tables import TableReader

from datacard_core import CardError, InputError, Shape, read_card
from tests.support.cases import case

if TYPE_CHECKING:
    from pathlib import Path

CARD = """\
shapes * * shapes.csv $CHANNEL:$PROCESS $CHANNEL:$PROCESS:$SYSTEMATIC,sum_w:sum_ww
bin SR
observation 7
bin SR SR
process sig top
process 0 1
rate 3 5
jes shape - 1
"""
TABLE = """\
channel,process,systematic,bin,sum_w,sum_ww
SR,data_obs,nominal,0,4,4
SR,data_obs,nominal,1,3,3
SR,sig,nominal,0,1,0.5
SR,sig,nominal,1,2,0.25
SR,top,nominal,0,2,1
SR,top,nominal,1,3,1.5
SR,top,jesUp,0,2.5,1
SR,top,jesUp,1,3,1
SR,top,jesDown,0,1.5,1
SR,top,jesDown,1,3,1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shapes.csv").write_text(TABLE)
    (tmp_path / "card.txt").write_text(CARD)
    return tmp_path


@pytest.mark.slow
def test_card_with_a_table(folder: Path) -> None:
    """A card whose templates are a CSV file has them in its model, with unit bins, variances and variations."""
    (channel,) = read_card(folder / "card.txt").model().channels
    assert channel.nominal.values.tolist() == [[1, 2], [2, 3]]
    assert channel.nominal.variances.tolist() == [[0.5, 0.25], [1, 1.5]]
    assert channel.data.values.tolist() == [[4, 3]]
    assert channel.axis.edges.tolist() == [0, 1, 2]
    (shape,) = channel.nuisances[0].effects
    assert isinstance(shape, Shape)
    assert (shape.up.values.tolist(), shape.down.values.tolist()) == ([[2.5, 3]], [[1.5, 3]])


@pytest.mark.slow
def test_missing_rows_are_told(folder: Path) -> None:
    """A template that the table does not have is told with its process and its line."""
    (folder / "shapes.csv").write_text(TABLE.replace("jesDown", "jesdown"))
    with pytest.raises(CardError) as raised:
        read_card(folder / "card.txt").model()
    (finding,) = raised.value.findings
    assert finding.code == "shape.no-variation"
    assert finding.place == "card.txt:8"


def test_names_of_columns(folder: Path) -> None:
    """A name may have further labels, numbers among them, and other columns; a wrong column is no template."""
    path = folder / "mass.csv"
    path.write_text("mass,bin,process,systematic,x,events,squares\n125,SR,sig,jesUp,0,0.1,9\n125,SR,sig,jesUp,1,3,4\n")
    wanted = "125.0:SR:sig:jesUp,events:squares"
    found = TableReader().read(path, [wanted, "125:SR:sig:jesUp", "125:SR:sig:jesUp,events:other", "120:SR:sig"])
    (block,) = found.stored
    assert block.names == (wanted,)
    # Combine makes a TH1F, whose contents are single numbers.
    assert block.templates.values.tolist() == [[float(np.float32(0.1)), 3]]
    assert block.templates.variances.tolist() == [[9, 4]]


def test_wrong_tables(folder: Path) -> None:
    """A content that is no number, a negative square and a row of another length are errors that name the place."""
    for table, message in [
        (TABLE.replace("2,0.25", "2,-1"), "sum of squared weights below 0: -1"),
        (TABLE.replace("2,0.25", "two,1"), "'SR:sig'.*not a number.*'two'"),
        (TABLE.replace("0,4,4", "0,4"), "cannot be read"),
        ("", "cannot be read"),
    ]:
        with case(table, message):
            (folder / "shapes.csv").write_text(table)
            with pytest.raises(InputError, match=message):
                TableReader().read(folder / "shapes.csv", ["SR:sig"])


@pytest.mark.slow
def test_parquet(folder: Path) -> None:
    """A Parquet file gives the templates that the CSV file gives."""
    pytest.importorskip("pyarrow", exc_type=ImportError)
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(folder / "shapes.csv")
    frame.set_index(frame.columns.tolist()[:-2]).to_parquet(folder / "shapes.parquet")
    names = ["SR:sig", "SR:top:jesUp"]
    (one,), (other,) = (TableReader().read(folder / f"shapes.{end}", names).stored for end in ("csv", "parquet"))
    assert np.array_equal(one.templates.values, other.templates.values)
    assert np.array_equal(one.templates.variances, other.templates.variances)


def test_file_that_is_no_parquet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that does not start as Parquet files do is told with its start, without pandas."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    (folder / "shapes.parquet").write_text(TABLE)
    with pytest.raises(InputError, match=r"shapes\.parquet cannot be read: .*starts with b'chan', expected b'PAR1'"):
        TableReader().read(folder / "shapes.parquet", ["SR:sig"])
