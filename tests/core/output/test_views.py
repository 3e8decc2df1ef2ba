"""Written templates as `hist` objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hist
import numpy as np
import pytest

from tests.support import outputs as by_hand
from tests.support.outputs import Output, card
from tests.support.rich import rich_card

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_templates_of_file(tmp_path: Path) -> None:
    """The histogram holds the templates of the file."""
    made = rich_card()
    file = by_hand.written(made, tmp_path)
    for column in made.process_id:
        for variation in made.shape_variations:
            inside = made.histogram[column, variation, :]
            nominal = file[f"{column}_nominal"]
            values, variances, edges = file.get(f"{column}_{variation}", nominal)
            np.testing.assert_array_equal(inside.values(), values)
            np.testing.assert_array_equal(inside.variances(), variances)
            np.testing.assert_array_equal(inside.axes[0].edges, edges)
    np.testing.assert_array_equal(made.data_obs["data_obs", :].values(), file["data_obs_nominal"][0])


@pytest.mark.slow
def test_names_in_file(tmp_path: Path) -> None:
    """The file has exactly the templates that the rows name."""
    made = rich_card()
    lines = [line.split() for line in made.content().splitlines()]
    columns = next(words[1:] for words in lines if words[0] == "process")
    expected = {"data_obs_nominal", *(f"{column}_nominal" for column in columns)}
    for words in lines:
        if len(words) > 1 and words[1] == "shape":
            touched = [column for column, cell in zip(columns, words[2:], strict=True) if cell != "-"]
            expected |= {f"{column}_{words[0]}{way}" for column in touched for way in ("Up", "Down")}
    assert set(by_hand.written(made, tmp_path)) == expected


@pytest.mark.slow
def test_axes() -> None:
    """The axes are process, variation and variable."""
    histogram = rich_card().histogram
    assert [axis.name for axis in histogram.axes] == ["process", "variation", "events.m"]
    assert histogram.axes[2].label == "m"
    assert histogram.axes[2].edges.tolist() == [0, 0.2, 0.4]


@pytest.mark.slow
def test_copy() -> None:
    """A change of the histogram does not change the card."""
    made = rich_card()
    text = made.content()
    made.histogram.view()["value"] = 7
    made.data_obs.view()["value"] = 7
    assert made.content() == text
    assert made.observation == 52


@pytest.mark.slow
def test_regular_axis() -> None:
    """A regular axis stays regular."""
    axis = hist.axis.Regular(3, 0, 1.5, name="events.m", label="m [GeV]")
    output = Output().add("Signal", "2022", by_hand.simulated({"SR": {"nominal": [1, 2, 3]}}, axis))
    output.add("TTbar", "2022", by_hand.simulated({"SR": {"nominal": [1, 2, 3]}}, axis))
    variable = card(output).histogram.axes[2]
    assert isinstance(variable, hist.axis.Regular)
    assert variable.edges.tolist() == [0, 0.5, 1, 1.5]
