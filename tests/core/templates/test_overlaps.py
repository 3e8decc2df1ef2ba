"""Events that a card counts twice are told: those of overlapping samples, and of outputs merged twice."""

from __future__ import annotations

import attrs
import pytest

from datacard_core import MCProcesses
from datacard_core.declare.processes import DataProcess, DataProcesses
from datacard_core.templates.overlaps import overlap_findings
from datacard_core.templates.rows import Layout, Request
from tests.support.internals import histogram_set
from tests.support.outputs import Output, card, codes, found, process, simulated

SUBSAMPLES = {"all": [60, 40], "bb": [20, 10], "lf": [40, 30]}
"""Subsamples of ttbar: bb and lf exclude each other and are 100 events together, as many as all."""


def with_subsamples(*, whole: bool = True, presel: int = 100) -> Output:
    """Return an output in which the subsamples share one dataset, with counts of the whole dataset if asked for."""
    output = Output().mc("Signal", "2022", nominal=[1, 1])
    for name, values in SUBSAMPLES.items():
        output.add(f"TT__{name}", "2022", None)
        del output.periods["2022"][f"TT__{name}"], output.by_dataset[f"TT__{name}_2022"]
        output.periods["2022"][f"TT__{name}"].add("TT_2022")
        output.histograms[f"TT__{name}"]["TT_2022"] = simulated({"SR": {"nominal": values}})
        output.cutflow["SR"].setdefault("TT_2022", {})[f"TT__{name}"] = {"nominal": sum(values)}
    output.by_dataset["TT_2022"] = {"sample": "TT", "year": "2022", "isMC": "True"}
    output.cutflow["presel"]["TT_2022"] = {"nominal": presel}
    if whole:
        output.cutflow["SR"]["TT_2022"]["TT"] = {"nominal": 100}
    return output


def told(output: Output, **samples: list[str]) -> list[str]:
    """Return the findings on overlaps in a card with a background of each name."""
    backgrounds = [process(name, *of) for name, of in samples.items()]
    signal = process("signal", "Signal", is_signal=True)
    return found(card(output, mc_processes=MCProcesses([signal, *backgrounds])), "overlapping-samples")


@pytest.mark.slow
def test_exclusive_subsamples_are_not_told() -> None:
    """Subsamples that exclude each other, and an inclusive one alone, count each event once."""
    assert told(with_subsamples(), bb=["TT__bb"], lf=["TT__lf"]) == []
    assert told(with_subsamples(), tt=["TT__all"]) == []


def test_overlap_within_a_process() -> None:
    """An inclusive subsample beside its parts in one process is told with both numbers of events."""
    (message,) = told(with_subsamples(), tt=["TT__all", "TT__bb", "TT__lf"])
    assert "warning [overlapping-samples] SR_2022, tt_2022: " in message
    # 100 + 30 + 70 of 100.
    assert "have 200 events of 'TT_2022' in category 'SR', where the cutflow has 100" in message


def test_overlap_between_processes() -> None:
    """An overlap between two processes is told with both columns."""
    (message,) = told(with_subsamples(), tt=["TT__all"], ttbb=["TT__bb"])
    assert "tt_2022, ttbb_2022: samples 'TT__all', 'TT__bb' have 130 events" in message
    assert "30 events count more than once" in message


@pytest.mark.slow
def test_preselection_is_the_limit_without_count() -> None:
    """Without a count of the whole dataset in the category, the preselection's count is the limit."""
    assert told(with_subsamples(whole=False, presel=140), tt=["TT__all"], ttbb=["TT__bb"]) == []
    (message,) = told(with_subsamples(whole=False, presel=120), tt=["TT__all"], ttbb=["TT__bb"])
    assert "where the cutflow has 120" in message


@pytest.mark.slow
def test_datasets_of_one_overlap_are_told_together() -> None:
    """Datasets whose same subsamples overlap make one finding, with their sums."""
    output = with_subsamples()
    for sample in ("TT__all", "TT__bb"):
        output.periods["2022"][sample].add("TT_more_2022")
        output.histograms[sample]["TT_more_2022"] = output.histograms[sample]["TT_2022"]
    for cut in ("presel", "SR"):
        output.cutflow[cut]["TT_more_2022"] = output.cutflow[cut]["TT_2022"]
    output.by_dataset["TT_more_2022"] = output.by_dataset["TT_2022"]
    (message,) = told(output, tt=["TT__all"], ttbb=["TT__bb"])
    assert "have 260 events of 'TT_2022', 'TT_more_2022' in category 'SR', where the cutflow has 200" in message


def test_other_samples_of_a_kind_add_no_events() -> None:
    """Samples that a kind reads beside the columns are in no column, and overlap with none."""
    histograms = histogram_set(with_subsamples())
    requests = (
        Request(column="tt_2022", samples=(("TT__all", "2022"),)),
        Request(column="other", samples=(("TT__bb", "2022"),), adds_events=False),
    )
    assert list(overlap_findings(histograms, Layout(requests), "SR")) == []
    both = requests[0], attrs.evolve(requests[1], adds_events=True)
    assert len(list(overlap_findings(histograms, Layout(both), "SR"))) == 1


@pytest.mark.parametrize(("samples", "expected"), [(["TT__bb", "TT__lf"], []), (["TT__all", "TT__bb"], [130])])
def test_data_are_compared_too(samples: list[str], expected: list[int]) -> None:
    """Overlapping subsamples of the data are told, apart from those of simulation."""
    output = with_subsamples().mc("TTbar", "2022", nominal=[1, 1])
    data = DataProcesses([DataProcess(name="data_obs", samples=samples, years=["2022"])])
    made = card(output, data_processes=data)
    assert codes(made) == ["overlapping-samples"] * len(expected)
    assert all(
        f"data_obs: samples {', '.join(map(repr, samples))} have {number} events" in message
        for number, message in zip(expected, found(made, "overlapping-samples"), strict=True)
    )


@pytest.mark.parametrize(("processed", "count"), [(10, 0), (20, 1)])
def test_events_that_were_processed_twice(processed: int, count: int) -> None:
    """More processed events than a dataset has are told with both numbers, and as many as it has are not."""
    output = Output().mc("Signal", "2022", nominal=[1, 1]).mc("TTbar", "2022", nominal=[5, 5])
    output.cutflow["initial"] = {"TTbar_2022": processed, "Signal_2022": 7}
    output.by_dataset["TTbar_2022"]["nevents"] = "10"
    # A number of another form says nothing.
    output.by_dataset["Signal_2022"]["nevents"] = "few"
    messages = found(card(output), "repeated-events")
    assert len(messages) == count
    assert all("ttbar_2022" in message and "'TTbar_2022'" in message and "20 of 10" in message for message in messages)
