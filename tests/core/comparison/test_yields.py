"""Differences in bins, data, rates, nominal templates and their errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datacard_core import Axis, BinByBinStatistics, Change, Channel, Model, Templates, compare
from datacard_core.grammar import Blindness
from tests.support.channels import VALUES, VARIANCES, channel


def changes(before: Channel, after: Channel, **tolerances: float) -> list[Change]:
    return list(compare(Model(channels=(before,)), Model(channels=(after,)), **tolerances).changes)


def changed(row: int, by: Any, **options: Any) -> Channel:
    """Return the channel with other yields of one column, and the same data."""
    values = VALUES.copy()
    values[row] += by
    return channel(nominal=Templates(values, VARIANCES), **options)


def test_rate_and_template() -> None:
    """The rate has its relative change, and the template its largest bin in units of the error."""
    rate, template = changes(channel(), changed(1, (0, 6)))
    assert (rate.kind, rate.channel, rate.process) == ("rate", "SR_2022_2023", "top_2022")
    assert (rate.before, rate.after, rate.measure) == ("30", "36", "+20 %")
    assert rate.size == pytest.approx(0.2)
    # The second bin goes from 20 to 26, with an error of 3; shares go from 1/3, 2/3 to 10/36, 26/36.
    assert (template.kind, template.before, template.after, template.size) == ("template", "20", "26", 2.0)
    assert template.numbers == pytest.approx({"bin": 2, "errors": 2, "normalisation": 1.2, "shape": 1 / 18})


def test_bins_that_compensate() -> None:
    """Events that move to another bin change no rate."""
    (template,) = changes(channel(), changed(1, (3, -3)))
    assert template.kind == "template"
    assert template.numbers == pytest.approx({"bin": 1, "errors": 1.5, "normalisation": 1, "shape": 0.1})


def test_largest_first() -> None:
    """Of two processes, that with the larger change comes first."""
    values = VALUES + np.array([[0, 0], [2, 0], [10, 0], [0, 0]])
    found = changes(channel(), channel(nominal=Templates(values, VARIANCES)))
    assert [(one.kind, one.process) for one in found] == [
        ("rate", "top_2023"),
        ("rate", "top_2022"),
        ("template", "top_2023"),
        ("template", "top_2022"),
    ]


def test_within_errors() -> None:
    """Bins that change by less than their errors are the same, and rates have a tolerance of their own."""
    assert changes(channel(), changed(1, (1, -1)), within_errors=0.5) == []
    assert [one.kind for one in changes(channel(), changed(1, (1, 1)), within_errors=0.5)] == ["rate"]
    assert changes(channel(), changed(1, (1, 1)), within_errors=0.5, tolerance=0.1) == []


def test_statistical_errors() -> None:
    """Other errors of the nominal template are told, as autoMCStats uses them."""
    variances = VARIANCES.copy()
    variances[1] = 4, 36
    (found,) = changes(channel(), channel(nominal=Templates(VALUES, variances)))
    assert (found.kind, found.before, found.after, found.size) == ("errors", "3", "6", 0.5)
    assert found.measure == "bin 2: +100 %"


def test_observation() -> None:
    """Other data are told with their counts."""
    after = channel(data=Templates(np.array([[45.0, 75.0]]), np.array([[45.0, 75.0]])))
    before = channel(data=Templates(np.array([[45.0, 64.0]]), np.array([[45.0, 64.0]])))
    (found,) = changes(before, after)
    assert (found.kind, found.before, found.after) == ("observation", "109", "120")
    assert found.numbers["errors"] == 11 / 8


@pytest.mark.parametrize("turned", [False, True])
def test_blind_channel(turned: bool) -> None:
    """Counts are not shown if one version has no data."""
    versions = [channel(has_data=False), channel()]
    (found,) = changes(*(versions[::-1] if turned else versions))
    assert {found.before, found.after} == {"data", "no data"}
    assert "109" not in str(found)
    assert changes(versions[0], channel(has_data=False, data=Templates(np.ones((1, 2)), np.ones((1, 2))))) == []


def blind(bins: tuple[int, ...] | None, *counts: float) -> Channel:
    data = np.array([counts])
    return channel(blindness=Blindness(bins=bins), data=Templates(data, data))


def test_blind_bins() -> None:
    """Counts are not shown if blind bins differ; expected events in blind bins are not compared, open bins are."""
    (found,) = changes(blind((1,), 45, 65), channel())
    assert (found.before, found.after) == (
        "blind: data_obs of SR_2022_2023 is Asimov data in bin 2, signal strength 0",
        "data",
    )
    assert changes(blind(None, 45, 65), blind(None, 50, 70)) == []
    assert changes(blind((1,), 45, 65), blind((1,), 45, 70)) == []
    (open_bin,) = changes(blind((1,), 45, 65), blind((1,), 50, 70))
    assert (open_bin.before, open_bin.after) == ("45", "50")


def test_other_bins() -> None:
    """With other bins, templates are not compared bin by bin."""
    (found,) = changes(channel(), channel(axis=Axis(np.array([0.0, 1.0, 3.0]))))
    assert (found.kind, found.before, found.after) == ("binning", "2 bins from 0 to 2", "2 bins from 0 to 3")
    counting = channel(values=VALUES.sum(axis=1, keepdims=True), has_templates=False)
    assert [(one.kind, one.after) for one in changes(channel(), counting)] == [("binning", "no templates")]


def test_statistics() -> None:
    """Threshold and options of autoMCStats are told in full."""
    (found,) = changes(channel(directives=[BinByBinStatistics(10)]), channel(directives=[BinByBinStatistics(0, True)]))
    assert (found.kind, found.before, found.after) == ("statistics", "10 0 1", "0 1 1")
    (gone,) = changes(channel(directives=[BinByBinStatistics(10)]), channel())
    assert gone.after == "none"
