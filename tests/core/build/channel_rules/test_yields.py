"""Columns without events, and the policies for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import Datacard, MCProcesses, Policies, SystematicUncertainty
from tests.support.outputs import (
    Output,
    card,
    codes,
    found,
    problems,
    process,
    rows,
    shape,
    signal_and_ttbar,
    template,
    two_processes,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

DROP = Policies(empty_process="drop")


def output() -> Output:
    """Return signal, an empty ttbar and VV, of which the latter two have variations."""
    made = signal_and_ttbar(nominal=[0, -1, 0], JESUp=[0, 1, 0], JESDown=[0, 0, 0])
    return made.mc("VV", "2022", nominal=[5, 6, 7], JESUp=[6, 7, 8], JESDown=[4, 5, 6])


def processes(**ttbar: Any) -> MCProcesses:
    made = two_processes(**ttbar)
    made["vv"] = process("vv", "VV", has_rateParam=True)
    return made


def made(of_card: Any = DROP, **ttbar: Any) -> Datacard:
    lumi = SystematicUncertainty("lumi", "lnN", {"signal": 1.01, "ttbar": 1.02, "vv": 1.03}, ["2022"])
    own = SystematicUncertainty("own", "lnN", ["ttbar"], ["2022"], 1.5)
    return card(output(), shape("JES", ["ttbar", "vv"]), lumi, own, mc_processes=processes(**ttbar), policies=of_card)


def test_kept() -> None:
    """Without a policy the column stays, with a warning."""
    assert list(made({}).process_id) == ["signal_2022", "ttbar_2022", "vv_2022"]
    assert len(found(made({}), "empty-column")) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("of_card", "ttbar"), [(DROP, {}), ({}, {"policies": DROP})], ids=["card", "process"])
def test_dropped(of_card: Any, ttbar: Any, tmp_path: Path) -> None:
    """The column is neither in the table nor in the file, and the other columns keep their own numbers."""
    of = made(of_card, **ttbar)
    assert of.process_id == {"signal_2022": 0, "vv_2022": 1}
    lines = rows(of.content())
    assert lines["rate"] == ["rate", "6.0", "18.0"]
    assert lines["lumi"] == ["lumi", "lnN", "1.01", "1.03"]
    assert lines["JES"] == ["JES", "shape", "-", "1.0"]
    assert lines["jmax"][1] == "1"
    assert "own" not in lines
    assert lines["SF_vv"][3] == "vv_2022"
    file = written(of, tmp_path)
    assert {name for name in file if "ttbar" in name} == set()
    assert file["vv_2022_JESUp"][0].tolist() == [6, 7, 8]
    assert of.data_obs["data_obs", :].values().tolist() == [5, 6, 7]
    (told,) = found(of, "empty-column")
    assert "notice [empty-column] SR_2022, ttbar_2022: its rate is 0: it is left out" in told


def test_views_of_a_card() -> None:
    """Views of the output have the columns of the card."""
    histogram = made().rearrange_histograms()
    assert list(histogram.axes[0]) == ["signal_2022", "vv_2022"]
    assert histogram["vv_2022", "JESUp", :].values().tolist() == [6, 7, 8]
    assert histogram["signal_2022", "JESUp", :].values().tolist() == [1, 2, 3]


def test_findings_of_other_columns() -> None:
    """A missing variation is told with the column that has not got it, and only of columns in the card."""
    of = card(output(), shape("JER", ["ttbar", "vv"]), mc_processes=processes(), policies=DROP)
    (told,) = found(of, "no-variation")
    assert "vv_2022" in told
    assert "ttbar" not in told


def test_shape_only() -> None:
    """Totals of the columns that stay are found at their places."""
    of = card(
        output(),
        shape("JES", ["ttbar", "vv"]),
        mc_processes=processes(),
        policies=DROP,
        shape_only_for_rateparam=True,
    )
    assert sum(template(of, "vv_2022", "JESUp")) == pytest.approx(18)


def test_no_column_would_be_left() -> None:
    """A card without any events keeps its columns, and the error about it."""
    empty = Output().mc("Signal", "2022", nominal=[0, 0]).mc("TTbar", "2022", nominal=[0, 0])
    assert any("no background has any yield" in problem for problem in problems(empty, policies=DROP))


def test_error() -> None:
    """The policy of one process makes its empty column an error."""
    told = problems(output(), mc_processes=processes(policies={"empty_process": "error"}))
    assert ["ttbar_2022: the rate is 0, which empty_process='error' refuses" in text for text in told] == [True]


def test_not_empty() -> None:
    """A policy changes nothing where there are events."""
    events = signal_and_ttbar(nominal=[1, 2, 3])
    assert card(events, policies=DROP).content() == card(events).content()
    assert codes(card(events, policies=DROP)) == []
