"""Names of the files of an analysis."""

from __future__ import annotations

from datacard_core import Category
from datacard_core.analysis.file_names import FileNames

NAMES = FileNames("run3", {"SR_4j>=2b": Category("m"), "CR": Category("n", card_name="own.txt")})


def test_default_names() -> None:
    """Names have category and label, and characters that file systems and Combine accept."""
    assert NAMES.card("SR_4j>=2b") == "datacard_SR_4jge2b_run3.txt"
    assert NAMES.shapes("SR_4j>=2b", ".csv") == "shapes_SR_4jge2b_run3.csv"
    assert (NAMES.script, NAMES.workspace) == ("combine_datacards_run3.sh", "workspace_run3.root")
    assert NAMES.combined(".json") == "datacard_combined_run3.json"


def test_chosen_names() -> None:
    """The name that a category chooses is taken as it is, whatever the suffix of the writer."""
    assert NAMES.card("CR", ".json") == "own.txt"
    assert NAMES.shapes("CR") == "shapes_CR_run3.root"


def test_two_categories_of_one_file() -> None:
    """A file that two categories would write is a problem that names both."""
    names = FileNames("run3", {"SR": Category("m"), "CR": Category("m", shapes_name="datacard_SR_run3.txt")})
    assert list(NAMES.problems()) == []
    (problem,) = names.problems()
    assert "'SR' and 'CR'" in problem
    assert "'datacard_SR_run3.txt'" in problem
