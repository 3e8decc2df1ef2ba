"""Merging of outputs with different datasets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datacard_core.errors import InputError
from datacard_core.inputs.merging import merge_outputs
from tests.support.coffea_files import YEAR, an_output, assert_same


def merged(outputs: Any) -> Any:
    """The merged output, whose keys may be unknown."""
    return merge_outputs(outputs)


def test_samples_and_years_are_united() -> None:
    """Samples and years of several outputs are keys of one output."""
    one, other = an_output("a"), an_output("b", sample="VV", year="2018")
    found = merged({"one": one, "other": other})
    assert set(found["variables"]["m"]) == {"TTbar", "VV"}
    assert found["datasets_metadata"]["by_datataking_period"] == {
        YEAR: {"TTbar": {"a"}},
        "2018": {"VV": {"b"}},
    }
    assert found["variables"]["m"]["VV"]["b"] is other["variables"]["m"]["VV"]["b"]


def test_lists_of_datasets_are_united() -> None:
    """Datasets of one sample in lists, as sources of other histograms have them, are joined; other lists are not."""
    one, other = an_output("a"), an_output("b")
    for name, output in (("a", one), ("b", other)):
        output["datasets_metadata"]["by_datataking_period"] = {YEAR: {"TTbar": [name]}}
    assert merged({"one": one, "other": other})["datasets_metadata"]["by_datataking_period"] == {
        YEAR: {"TTbar": ["a", "b"]}
    }
    with pytest.raises(InputError, match="further differs"):
        merged({"one": {**one, "further": ["a"]}, "other": {**other, "further": ["b"]}})


def test_columns_and_processing_metadata_are_united() -> None:
    """Columns and processing metadata are united by dataset."""
    one, other = an_output("a"), an_output("b")
    for name, output in (("a", one), ("b", other)):
        output["columns"] = {"TTbar": {name: {"SR": {"pt": name}}}}
        output["processing_metadata"] = {"n": {"TTbar": {name: name}}}
    found = merged({"one": one, "other": other})
    assert found["columns"] == {"TTbar": {"a": {"SR": {"pt": "a"}}, "b": {"SR": {"pt": "b"}}}}
    assert found["processing_metadata"] == {"n": {"TTbar": {"a": "a", "b": "b"}}}


def test_outputs_are_not_changed() -> None:
    """Merging, and changes of the merged output, leave the outputs as they were."""
    one, other = an_output("a"), an_output("b")
    found = merged({"one": one, "other": other})
    assert found["variables"]["m"]["wrong"] == {}  # The defaultdict inserts it.
    found["datasets_metadata"]["by_datataking_period"][YEAR]["TTbar"].add("c")
    found["cutflow"]["new"] = {}
    assert_same(one, an_output("a"))
    assert_same(other, an_output("b"))


@pytest.mark.parametrize("place", ["datasets_metadata", "cutflow", "variables"])
def test_dataset_is_found_at_every_place(place: str) -> None:
    """A dataset in two outputs is an error, whether it has metadata, counts or histograms."""
    remains: dict[str, Any] = an_output("z") | {place: an_output("a")[place]}
    with pytest.raises(InputError, match="dataset 'a' is in one and in other"):
        merged({"one": an_output("a"), "other": remains})


def test_files_by_category() -> None:
    """Files of the same datasets in different categories are told as such, with the ways to use them."""
    one, other = an_output("a", "b"), an_output("a", "b")
    other["cutflow"]["CR"] = other["cutflow"].pop("SR")
    with pytest.raises(InputError) as raised:
        merged({"one": one, "other": other})
    (problem,) = raised.value.problems
    assert problem.startswith("one (SR) and other (CR) have different categories of the same datasets (a, b), as files")
    assert "Analysis.build" in problem


@pytest.mark.parametrize("place", ["sumw", "sum_genweights"])
def test_values_of_one_dataset_are_never_mixed(place: str) -> None:
    """Different values for one dataset are an error that names their place."""
    remains: dict[str, Any] = an_output("b") | {place: an_output("a", sample="VV")[place]}
    if place == "sum_genweights":
        remains[place]["a"] = np.float32(7)
    with pytest.raises(InputError, match=rf"{place}.*'a'\] differs between one and other"):
        merged({"one": an_output("a"), "other": remains})


def test_unknown_keys_that_agree_are_kept() -> None:
    """Unknown keys are kept if the outputs agree in them."""
    one, other = an_output("a") | {"version": [1], "mine": np.ones(2)}, an_output("b") | {"version": [1]}
    found = merged({"one": one, "other": other})
    assert found["version"] == [1]
    assert found["mine"] is one["mine"]


@pytest.mark.parametrize(("one", "other"), [([1], [2]), (np.ones(2), np.ones(2)), ({"x": 1}, {"y": 1})])
def test_unknown_keys_that_differ_are_refused(one: object, other: object) -> None:
    """Unknown keys that differ are an error that names key and outputs."""
    with pytest.raises(InputError, match="version differs between first and second"):
        merged({"first": an_output("a") | {"version": one}, "second": an_output("b") | {"version": other}})
