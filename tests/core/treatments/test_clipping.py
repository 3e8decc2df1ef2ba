"""Content below 0 is set to 0, with its variance, and told with the yields before and after."""

from __future__ import annotations

from tests.support.outputs import Output, card, codes, found, shape, signal_and_ttbar, template, variance


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
