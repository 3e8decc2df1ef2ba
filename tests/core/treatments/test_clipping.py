"""Content below 0 is set to 0, with its variance, and told with the yields before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import Datacard, MCProcesses, Policies
from tests.support.outputs import (
    Output,
    card,
    codes,
    found,
    observation,
    problems,
    process,
    shape,
    signal_and_ttbar,
    template,
    two_processes,
    variance,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

BELOW_0 = {"nominal": [10, -4, 30], "JESUp": [12, 2, 31], "JESDown": [9, 3, -8]}


def with_vv() -> MCProcesses:
    """Return signal, ttbar and VV."""
    processes = two_processes()
    processes["vv"] = process("vv", "VV")
    return processes


def test_bins_below_0() -> None:
    """Bins below 0 are 0 with their variance, and the finding has the yield before and after."""
    output = signal_and_ttbar(nominal=[10, -4, 30])
    made = card(output)
    assert template(made, "ttbar_2022") == [10, 0, 30]
    assert variance(made, "ttbar_2022") == [10, 0, 30]
    assert made.rate("ttbar_2022") == 40
    (clipped,) = found(made, "clipped")
    assert "ttbar_2022" in clipped
    assert "36 -> 40 (+11.1 %)" in clipped  # 4 of 36
    assert "bin 2" in clipped


@pytest.mark.slow
def test_variations() -> None:
    """Each variation is clipped independently."""
    output = signal_and_ttbar(nominal=[10, 2, 30], JESUp=[12, -1, 31], JESDown=[9, 3, -8])
    made = card(output, shape("JES"))
    assert template(made, "ttbar_2022", "JESUp") == [12, 0, 31]
    assert template(made, "ttbar_2022", "JESDown") == [9, 3, 0]
    assert made.rate("ttbar_2022", "JESDown") == 12
    assert ["JESUp" in text for text in found(made, "clipped")].count(True) == 1


def test_after_sums() -> None:
    """Datasets are summed before the sum is clipped."""
    output = Output().mc("Signal", "2022", nominal=[1, 1])
    output.mc("TTbar", "2022", "a", nominal=[-3, 5]).mc("TTbar", "2022", "b", nominal=[4, 5])
    made = card(output)
    assert template(made, "ttbar_2022") == [1, 10]
    assert codes(made) == []


@pytest.mark.slow
def test_after_rebinning() -> None:
    """Bins are joined before the wider ones are clipped."""
    output = Output().mc("Signal", "2022", nominal=[1, 1, 1, 1])
    output.mc("TTbar", "2022", nominal=[-3, 5, 7, -1], JESUp=[-9, 2, 9, 9], JESDown=[1, 1, 1, 1])
    made = card(output, shape("JES"), bins_edges=[0, 2, 4])
    assert template(made, "ttbar_2022") == [2, 6]
    assert template(made, "ttbar_2022", "JESUp") == [0, 18]
    (clipped,) = found(made, "clipped")
    assert "JESUp" in clipped
    assert "11 -> 18" in clipped


class TestPolicies:
    """Policies for bins below 0, for the nominal, variations and data alike."""

    def made(self, way: Any, **options: Any) -> Datacard:
        """Return the card of ttbar with contents below 0 in its nominal and in JESDown, whose errors are 2 and √8."""
        options.setdefault("policies", Policies(negative_bins=way))
        return card(signal_and_ttbar(**BELOW_0), shape("JES"), **options)

    @pytest.mark.slow
    def test_kept(self, tmp_path: Path) -> None:
        """They are written as they are, rates agree with them, and findings tell them."""
        made = self.made("keep")
        # Their sum over all processes is below 0 too, at which the checks before writing stop.
        file = written(made, tmp_path, checks=False)
        assert file["ttbar_2022_nominal"][0].tolist() == [10, -4, 30]
        assert file["ttbar_2022_JESDown"][0].tolist() == [9, 3, -8]
        assert made.rate("ttbar_2022") == 36
        assert [text.partition(" [")[0] for text in found(made, "negative-bins")] == ["warning", "notice"]
        assert found(made, "clipped") == []

    def test_expected_events_are_never_below_0(self) -> None:
        """Data that are the sum of backgrounds are 0 where that is below 0."""
        assert self.made("keep").data_obs["data_obs", :].values().tolist() == [10, 0, 30]

    def test_refused(self) -> None:
        """Each of them is an error with its place."""
        told = problems(signal_and_ttbar(**BELOW_0), shape("JES"), policies={"negative_bins": "error"})
        assert ["JESDown" in text for text in told] == [False, True]
        assert all("ttbar_2022" in text and "negative_bins='error'" in text for text in told)
        assert "(lowest -4) in bin 2" in told[0]

    @pytest.mark.slow
    def test_within_standard_deviations(self) -> None:
        """Bins down to n standard deviations below 0 are clipped, lower ones are refused."""
        # -4 ± 2 is 2 standard deviations below 0, and -8 ± √8 is 2.83.
        assert template(self.made(2.9), "ttbar_2022") == [10, 0, 30]
        (told,) = problems(signal_and_ttbar(**BELOW_0), shape("JES"), policies={"negative_bins": 2})
        assert "JESDown" in told
        assert "bin 3 has -8 ± 2.828, more than 2 standard deviations below 0" in told
        assert len(problems(signal_and_ttbar(**BELOW_0), shape("JES"), policies={"negative_bins": 1.9})) == 2

    @pytest.mark.slow
    @pytest.mark.parametrize(("way", "expected"), [("clip", [3, 0, 4]), ("keep", [3, -1, 4]), (2, [3, 0, 4])])
    def test_data(self, way: Any, expected: list[float]) -> None:
        """A declared policy of the card is that of its data too; a process's own is not."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [3, -1, 4])
        data = observation("Muon")
        made = card(output, data_processes=data, policies=Policies(negative_bins=way))
        assert made.data_obs["data_obs", :].values().tolist() == expected
        assert len(found(made, "negative-bins" if way == "keep" else "clipped")) == 1
        of_process = two_processes(policies={"negative_bins": way})
        (told,) = problems(output, data_processes=data, mc_processes=of_process)
        assert "[negative-data]" in told

    def test_integral_below_0(self) -> None:
        """A nominal that is kept and has an integral below 0 is an error: Combine stops at it."""
        (told,) = problems(
            signal_and_ttbar(nominal=[1, -4, 1]).mc("VV", "2022", nominal=[1, 1, 1]),
            mc_processes=with_vv(),
            policies={"negative_bins": "keep"},
        )
        assert "the rate is -2" in told
