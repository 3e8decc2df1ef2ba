"""Structure of outputs, checked where an output enters."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core.errors import InputError
from datacard_core.inputs.coffea import load_output
from datacard_core.inputs.histograms import stored
from datacard_core.inputs.structure import check_arguments, check_output
from tests.support import outputs as by_hand
from tests.support.cases import case
from tests.support.coffea_files import YEAR, an_output, complaint, save

if TYPE_CHECKING:
    from pathlib import Path


def test_file_without_dict_is_told(tmp_path: Path) -> None:
    """A file that holds no dict is told with type and value."""
    message = complaint(save(tmp_path / "a.coffea", [1]))
    assert "a.coffea: the output has type list ([1]), expected the dict that PocketCoffea writes" in message


def test_foreign_dict_is_told_with_its_keys(tmp_path: Path) -> None:
    """The error for a dict of another program names missing and present keys."""
    message = complaint(save(tmp_path / "a.coffea", {"events": 1, "cutflow": {}}))
    assert "has no 'variables', expected a PocketCoffea output; it has: events, cutflow" in message


def test_key_without_dict_is_told(tmp_path: Path) -> None:
    """A key of a file that holds no dict is told."""
    message = complaint(save(tmp_path / "a.coffea", an_output("a") | {"variables": [1]}))
    assert "variables has type list ([1])" in message


def test_type_of_metadata_is_told(tmp_path: Path) -> None:
    """A value in the place of a text is told with its type and value."""
    output = an_output("a")
    output["datasets_metadata"]["by_dataset"]["a"]["isMC"] = {1}
    assert "['isMC'] has type set ({1}), expected a short text" in complaint(save(tmp_path / "a.coffea", output))


@pytest.mark.parametrize("metadata", [None, {}, {"by_dataset": {}}])
def test_file_without_postprocessing_is_refused(tmp_path: Path, metadata: object) -> None:
    """A file that was not postprocessed is refused, with what it lacks and the way out."""
    output = an_output("a")
    output["datasets_metadata"] = metadata
    if metadata is None:
        del output["datasets_metadata"]
    message = complaint(save(tmp_path / "a.coffea", output))
    assert "was not postprocessed" in message
    lacks = "'datasets_metadata', only" if metadata is None else "datasets_metadata['by_dataset']"
    assert f"it has no {lacks}" in message
    assert "merge-outputs" in message


def test_file_merged_twice_is_refused(tmp_path: Path) -> None:
    """A file that was merged twice is refused, with the datasets that count twice."""
    cases: list[dict[str, str]] = [
        {"isMC": "TrueTrue"},
        {"isMC": "FalseFalse"},
        {"year": YEAR * 2},
        {"year": "201820182018"},
    ]
    for metadata in cases:
        with case(metadata):
            output = an_output("good", "bad", "worse")
            output["datasets_metadata"]["by_dataset"]["bad"].update(metadata)
            output["datasets_metadata"]["by_dataset"]["worse"].update(metadata)
            message = complaint(save(tmp_path / "a.coffea", output))
            assert "count more than once" in message
            assert ": bad, worse; " in message


def test_single_metadata_values_are_accepted(tmp_path: Path) -> None:
    """Metadata with single values are accepted."""
    cases: list[dict[str, object]] = [{"isMC": True}, {"isMC": False}, {"year": "2020"}, {"year": "2222"}]
    for metadata in cases:
        with case(metadata):
            output = an_output("a")
            output["datasets_metadata"]["by_dataset"]["a"].update(metadata)
            load_output(save(tmp_path / "a.coffea", output))


def faulty(**changes: Any) -> dict[str, Any]:
    """An output with one variable, whose keys are replaced, or left out if None."""
    output = by_hand.signal_and_ttbar(nominal=[10, 20, 30]).loaded
    return {key: value for key, value in (output | changes).items() if value is not None}


METADATA = "datasets_metadata['by_datataking_period']"
EXPECTED = "expected the dict that PocketCoffea writes"
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no cutflow": (
        {"cutflow": None},
        "the output has no 'cutflow', expected a PocketCoffea output; it has: variables, ",
    ),
    "no variables": ({"variables": None}, "the output has no 'variables', expected a PocketCoffea output; it has: "),
    "no metadata": (
        {"datasets_metadata": None},
        "the output was not postprocessed, so its simulation is not normalised",
    ),
    "no periods": (
        {"datasets_metadata": {}},
        f"not normalised: it has no {METADATA}; merge the jobs' files with Pocket",
    ),
    "no preselection": (
        {"cutflow": {"initial": {}}},
        "cutflow has no 'presel', the counts after the preselection; it has: initial",
    ),
    "listed counts": ({"cutflow": {"presel": [1]}}, f"cutflow['presel'] has type list ([1]), {EXPECTED}"),
    "listed samples": ({"variables": {"m": [1]}}, f"variables['m'] has type list ([1]), {EXPECTED}"),
    "listed datasets": ({"variables": {"m": {"A": [1]}}}, f"variables['m']['A'] has type list ([1]), {EXPECTED}"),
    "listed periods": (
        {"datasets_metadata": {"by_datataking_period": [1]}},
        f"{METADATA} has type list ([1]), {EXPECTED}",
    ),
    "listed samples of a period": (
        {"datasets_metadata": {"by_datataking_period": {"2022": [1]}}},
        f"{METADATA}['2022'] has type list ([1]), {EXPECTED}",
    ),
    "one name": (
        {"datasets_metadata": {"by_datataking_period": {"2022": {"A": "A_2022"}}}},
        f"{METADATA}['2022']['A'] has type str ('A_2022'), expected the names of datasets",
    ),
}


def test_loaded_output_is_checked() -> None:
    """A fault in the structure of a loaded output is told with its place."""
    for fault, (changes, said) in FAULTS.items():
        with case(fault):
            with pytest.raises(InputError) as raised:
                check_output(faulty(**changes), ["m"])
            assert len(raised.value.problems) == 1
            assert said in str(raised.value)


def test_names_of_another_type() -> None:
    """A name that is no text is told: the year 2018 would be another one than "2018"."""
    cases: list[tuple[str, object, str]] = [
        ("variables", {1: {}}, r"variables has the key 1 of type int"),
        ("datasets_metadata", {"by_datataking_period": {2018: {}}}, r"period'\] has the key 2018 of type int"),
        ("datasets_metadata", {"by_datataking_period": {"2018": {1: []}}}, r"'2018'\] has the key 1 of type int"),
        ("datasets_metadata", {"by_datataking_period": {"2018": {"A": [3]}}}, r"'A'\] has 3 of type int"),
        ("cutflow", {"presel": {b"A": 1}}, r"presel'\] has the key b'A' of type bytes"),
    ]
    for place, value, words in cases:
        with case(place, value, words):
            output: dict[str, Any] = {
                "variables": {},
                "datasets_metadata": {"by_datataking_period": {}},
                "cutflow": {"presel": {}},
            }
            with pytest.raises(InputError, match=words):
                check_output({**output, place: value})


def test_all_faults_are_told() -> None:
    """One error tells all faults."""
    with pytest.raises(InputError) as raised:
        check_output({"variables": {"m": [1]}, "cutflow": {}}, ["m"])
    told = [
        "variables['m'] has type list",
        "the output was not postprocessed",
        "cutflow has no 'presel', the counts after the preselection; it is empty",
    ]
    assert len(raised.value.problems) == len(told)
    for problem, said in zip(raised.value.problems, told, strict=True):
        assert problem.startswith(said)


def test_variable_of_two_categories_is_told_once() -> None:
    """A fault of a variable is told once, although two categories need the variable."""
    with pytest.raises(InputError) as raised:
        check_output(faulty(variables={"m": 1}), ["m", "m"])
    assert len(raised.value.problems) == 1


def test_other_variables_are_not_checked() -> None:
    """The histograms of a variable that is not needed are not checked; a missing variable is no fault."""
    output = faulty(variables={"m": [1], "n": {}})
    assert check_output(output, ["n", "o"]) is output


def test_check_inserts_no_key() -> None:
    """The check adds no key to containers that are defaultdicts."""
    output = faulty(datasets_metadata=defaultdict(dict), cutflow=defaultdict(dict), variables=defaultdict(dict))
    with pytest.raises(InputError):
        check_output(output, ["m"], from_file=True)
    assert not any(output[key] for key in ("datasets_metadata", "cutflow", "variables"))


def test_long_value_is_shortened() -> None:
    """The error for a long value in a wrong place shows the start of the value."""
    with pytest.raises(InputError, match=r"variables has type list \(\[0, 1, 2, 3, 4, 5, \.\.\.\]\)"):
        check_output(faulty(variables=list(range(100_000))))


def test_uncomputed_output_is_told() -> None:
    """An output of dask that was not computed is told, with the way out."""
    import dask  # noqa: PLC0415  slow

    with pytest.raises(InputError, match=r"the output has type Delayed .*was not computed: pass what dask\.compute"):
        check_output(dask.delayed(dict)())


def test_file_needs_metadata_of_datasets(tmp_path: Path) -> None:
    """A file needs the metadata of each dataset too, which show if yields were added twice."""
    output = an_output("a")
    output["datasets_metadata"]["by_dataset"] = {}
    assert "it has no datasets_metadata['by_dataset']; " in complaint(save(tmp_path / "a.coffea", output))
    assert check_output(output) is output


def test_file_is_named_in_each_problem(tmp_path: Path) -> None:
    """Each problem of a file begins with its path."""
    file = save(tmp_path / "a.coffea", an_output("a") | {"cutflow": [], "sumw": 5})
    with pytest.raises(InputError) as raised:
        load_output(file)
    assert [problem.split(" has ")[0] for problem in raised.value.problems] == [f"{file}: cutflow", f"{file}: sumw"]


def refused(histograms: object, datasets_metadata: object, cutflow: object) -> tuple[str, ...]:
    """Return the problems of three arguments."""
    with pytest.raises(InputError) as raised:
        check_arguments(histograms, datasets_metadata, cutflow)
    return raised.value.problems


class TestArguments:
    """The three arguments of a Datacard are checked like an output."""

    def test_right_arguments_pass(self) -> None:
        """The parts of an output pass."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30])
        check_arguments(output.histograms, output.metadata, output.cutflow)

    def test_all_faults_are_told(self) -> None:
        """One error tells the faults of all arguments, worded as those of an output."""
        with pytest.raises(InputError) as raised:
            check_arguments({"A": [1]}, {}, [])
        told = [
            f"histograms['A'] has type list ([1]), {EXPECTED}",
            "the output was not",
            f"cutflow has type list ([]), {EXPECTED}",
        ]
        assert len(raised.value.problems) == len(told)
        for problem, said in zip(raised.value.problems, told, strict=True):
            assert problem.startswith(said)

    def test_dataset_level_is_missing(self) -> None:
        """Histograms by sample alone are one problem, with the expected levels."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30])
        by_sample = {sample: next(iter(of.values())) for sample, of in output.histograms.items()}
        (problem,) = refused(by_sample, output.metadata, output.cutflow)
        assert problem == (
            "histograms has a histogram where a dict of datasets is expected, for 'Signal', 'TTbar'; expected "
            "{sample: {dataset: histogram}}, as output['variables'][variable] has it"
        )

    def test_other_levels(self) -> None:
        """Histograms of all variables, a whole output, and a single histogram are told."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30])
        for histograms, said in (
            ({"m": output.histograms}, "histograms holds dicts of samples, such as that of variable 'm'; expected"),
            (output.loaded, "histograms is a whole output; expected"),
            (output.histograms["TTbar"], "histograms has a histogram where a dict of datasets is expected"),
            (output.histograms["TTbar"]["TTbar_2022"], "histograms is a single histogram; expected"),
            (stored(output.histograms["TTbar"]["TTbar_2022"]), "histograms is a single histogram; expected"),
        ):
            (problem,) = refused(histograms, output.metadata, output.cutflow)
            assert problem.startswith(said)

    def test_other_level_in_an_output(self) -> None:
        """The histograms of a needed variable of an output are checked as the argument is."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30])
        with pytest.raises(InputError, match=r"variables\['m'\] has a histogram where a dict of datasets"):
            check_output(output.loaded | {"variables": {"m": output.histograms["TTbar"]}}, ["m"])

    def test_empty_cutflow(self) -> None:
        """An empty cutflow is told with the argument to pass."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30])
        (problem,) = refused(output.histograms, output.metadata, {})
        assert problem.endswith(
            "it is empty: pass output['cutflow'], which tells the datasets that must have histograms"
        )

    @pytest.mark.parametrize("level", ["by_dataset", "by_datataking_period"])
    def test_level_of_the_metadata(self, level: str) -> None:
        """A part of the metadata is told as that, and not as an output that was not postprocessed."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30])
        (problem,) = refused(output.histograms, output.loaded["datasets_metadata"][level], output.cutflow)
        assert problem == f"datasets_metadata is datasets_metadata[{level!r}]: pass output['datasets_metadata']"

    def test_whole_output(self) -> None:
        """A whole output in place of its parts is told for each of them."""
        whole = by_hand.signal_and_ttbar(nominal=[10, 20, 30]).loaded
        assert [problem.split(":")[0].split(";")[0] for problem in refused(whole, whole, whole)] == [
            "histograms is a whole output",
            "datasets_metadata is a whole output",
            "cutflow is a whole output",
        ]

    def test_swapped_arguments(self) -> None:
        """Swapped metadata and counts are one problem."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30])
        (problem,) = refused(output.histograms, output.cutflow, output.metadata)
        assert "are swapped" in problem

    def test_histograms_of_norm_categories_are_checked(self) -> None:
        """Histograms for other categories of shape-only totals are told with their category."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30])
        norm = {"SR": output.histograms, "CR": [1], "VR": {"A": 2}}
        processes = by_hand.two_processes(has_rateParam=True)
        with pytest.raises(InputError) as raised:
            by_hand.card(output, mc_processes=processes, shape_only_for_rateparam=True, rateparam_norm_categories=norm)
        assert raised.value.problems == (
            f"rateparam_norm_categories['CR'] has type list ([1]), {EXPECTED}",
            f"rateparam_norm_categories['VR']['A'] has type int (2), {EXPECTED}",
        )
