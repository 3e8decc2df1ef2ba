"""Sums of weights of an output, as a check of histograms whose content was changed after they were filled."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.demo_files import SMALL_DEMO, save

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE, DATASET = "SignalSampleB", "SignalSampleB_2022_preEE"


@pytest.fixture
def output(small_demo: dict[str, Any]) -> dict[str, Any]:
    """The output of the small demo, to be changed."""
    return copy.deepcopy(small_demo)


def nominal(output: dict[str, Any], sample: str, dataset: str) -> Any:
    """Return the contents of the nominal in the signal region, with flow."""
    histogram = output["variables"]["discriminant"][sample][dataset]
    position = [list(histogram.axes[name]).index(label) for name, label in (("cat", "SR"), ("variation", "nominal"))]
    return histogram.view(flow=True)["value"][tuple(position)]


def told(output: object) -> list[str]:
    findings = SMALL_DEMO.build(output, verbose=False).findings  # type: ignore[arg-type]
    return [str(finding) for finding in findings if finding.code == "altered-content"]


@pytest.mark.slow
@pytest.mark.parametrize("from_file", [False, True])
def test_one_altered_number(output: dict[str, Any], from_file: bool, tmp_path: Path) -> None:
    """A content that was doubled is told with both sums, also of the overflow, and from a file."""
    contents = nominal(output, SAMPLE, DATASET)
    before = contents.sum()
    contents[-2] += before
    (message,) = told(save(tmp_path / "output.coffea", output) if from_file else output)
    assert message.startswith(
        f"warning [altered-content] SR_run3, signal_2022_preEE: the nominal of dataset {DATASET!r}"
    )
    assert f"adds up to {2 * before:.6g} with flow, and sumw of the output is {before:.6g}" in message


@pytest.mark.slow
def test_output_as_it_was_filled(output: dict[str, Any]) -> None:
    """An output whose numbers agree, or differ by rounding, is told nothing of."""
    nominal(output, SAMPLE, DATASET)[...] *= 1 + 1e-12
    assert told(output) == []


@pytest.mark.slow
def test_variable_that_is_filled_otherwise(output: dict[str, Any]) -> None:
    """A variable with several entries for each event differs in most datasets, of which nothing can be said."""
    for sample, datasets in output["variables"]["discriminant"].items():
        for dataset, histogram in datasets.items():
            if "variation" in histogram.axes.name:
                nominal(output, sample, dataset)[...] *= 3
    assert told(output) == []


@pytest.mark.slow
@pytest.mark.parametrize("sumw", [{}, None, {"SR": 3}, {"SR": {DATASET: {SAMPLE: {"nominal": "many"}}}}])
def test_outputs_without_sums(sumw: object, output: dict[str, Any]) -> None:
    """An output whose `sumw` is missing, or of another form, is read as before."""
    nominal(output, SAMPLE, DATASET)[...] *= 2
    output["sumw"] = sumw
    assert told(output) == []
