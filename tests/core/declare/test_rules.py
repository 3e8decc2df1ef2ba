"""What one declaration of a systematic can have wrong in itself, told with the value and the way out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datacard_core import SystematicUncertainty
from tests.support.declarations import PROCESSES, by_process, refused, systematic


def typed(value: object) -> str:
    """An id that tells True from numpy's."""
    return f"{type(value).__module__} {value}"


class TestProcesses:
    """Which processes a systematic names."""

    @pytest.mark.parametrize("nothing", [[], (), {}, set(), ""], ids=["list", "tuple", "dict", "set", "string"])
    def test_empty(self, nothing: Any) -> None:
        """A systematic without processes is refused."""
        problems = refused(lambda: systematic(processes=nothing, value=None if nothing == {} else 1.05))
        assert any("'unc'" in problem and "processes is empty" in problem for problem in problems)

    def test_container_with_value(self) -> None:
        """The container of processes, given with a value, is answered with the way to list its names."""
        problems = refused(lambda: systematic(processes=PROCESSES))
        assert any("list(" in problem or ".name" in problem for problem in problems)

    def test_container_without_value(self) -> None:
        """The container of processes is not a dict of values."""
        problems = refused(lambda: by_process(PROCESSES))
        assert any("ttbar" in problem for problem in problems)

    @pytest.mark.parametrize(
        "processes",
        [PROCESSES.values(), list(PROCESSES.values()), PROCESSES["ttbar"]],
        ids=["values of the container", "list", "one"],
    )
    def test_process_objects(self, processes: Any) -> None:
        """Process objects are answered with their names."""
        problems = refused(lambda: systematic(processes=processes))
        assert any("'ttbar'" in problem and "name" in problem for problem in problems)

    @pytest.mark.parametrize(
        "processes",
        [None, 5, [5], [5, 5], [["ttbar", "vjets"]], {"ttbar", 5}],
        ids=["None", "number", "list of a number", "twice a number", "nested", "mixed set"],
    )
    def test_wrong_types(self, processes: Any) -> None:
        """Processes that are not strings are refused."""
        assert all("'unc'" in problem for problem in refused(lambda: systematic(processes=processes)))

    def test_wrong_keys(self) -> None:
        """Values by a key that is not a string are refused."""
        assert all("'unc'" in problem for problem in refused(lambda: by_process({5: 1.05})))


class TestYears:
    """Which years a systematic covers."""

    @pytest.mark.parametrize("nothing", [[], (), set(), ""], ids=["list", "tuple", "set", "string"])
    def test_empty(self, nothing: Any) -> None:
        """A systematic without years is refused."""
        (problem,) = refused(lambda: systematic(years=nothing))
        assert "'unc'" in problem
        assert "year" in problem

    @pytest.mark.parametrize(
        "declared",
        [
            {"processes": ["ttbar"], "value": 1.05},
            {"processes": {"ttbar": 1.05}},
            {"processes": {"ttbar": {"2022": 1.05}, "vjets": 1.05}},
        ],
        ids=["list", "dict", "partly by year"],
    )
    def test_left_out(self, declared: dict[str, Any]) -> None:
        """Years may be left out only where all values are by year."""
        (problem,) = refused(lambda: SystematicUncertainty(name="unc", typ="lnN", **declared))
        assert "'unc': has no years" in problem

    @pytest.mark.parametrize(
        "years", [2022, [2022], [2022, 2022], {2022, "2023"}], ids=["one", "list", "twice", "mixed set"]
    )
    def test_numbers(self, years: Any) -> None:
        """Years given as numbers are answered with the string to write."""
        problems = refused(lambda: systematic(years=years))
        assert any("'unc'" in problem and "expected a string such as '2022'" in problem for problem in problems)

    @pytest.mark.parametrize("years", [None, ["2022"]], ids=["years left out", "years given"])
    def test_numbers_among_values(self, years: Any) -> None:
        """A year that is a number among the values is answered with the string to write."""
        problems = refused(lambda: by_process({"ttbar": {2022: 1.05}}, years=years))
        assert any("expected a string such as '2022'" in problem for problem in problems)

    def test_value_of_unlisted_year(self) -> None:
        """A process's value for a year that `years` does not list is refused."""
        (problem,) = refused(lambda: by_process({"ttbar": {"2022": 1.05, "2024": 1.05}}))
        assert "2024" in problem
        assert "['2022', '2023']" in problem

    def test_common_value_of_unlisted_year(self) -> None:
        """A value of all processes for a year that `years` does not list is refused."""
        problems = refused(lambda: systematic(value={"2022": 1.05, "2024": 1.05}))
        assert any("2024" in problem for problem in problems)


@pytest.mark.parametrize(("field", "what"), [("processes", "process"), ("years", "year")], ids=["processes", "years"])
def test_duplicates(field: str, what: str) -> None:
    """A process or year that is listed twice is named."""
    (problem,) = refused(lambda: systematic(**{field: ["a", "b", "a"]}))
    assert problem == f"systematic 'unc': lists {what} a twice"


class TestValues:
    """Which values no kind could mean."""

    @pytest.mark.parametrize(
        "value", [None, np.nan, np.inf, -np.inf, True, np.True_, (1.0, np.nan), (None, 1.05)], ids=typed
    )
    def test_by_process(self, value: Any) -> None:
        """A process's value that is not a finite number is refused with its process."""
        (problem,) = refused(lambda: by_process({"ttbar": value}))
        assert problem.startswith("systematic 'unc': ttbar: value ")

    @pytest.mark.parametrize("value", [np.nan, np.inf, True, np.True_, (1.0, np.nan), (True, 1.05)], ids=typed)
    def test_for_all_processes(self, value: Any) -> None:
        """A value of all processes that is not a finite number is refused."""
        (problem,) = refused(lambda: systematic(value=value))
        assert problem.startswith("systematic 'unc': value ")

    def test_missing(self) -> None:
        """A list of processes without a value is refused with both ways to give one."""
        (problem,) = refused(lambda: systematic(value=None))
        assert "'unc': has no value" in problem
        assert "1.0 for a shape" in problem
        assert "{process: value}" in problem

    def test_given_twice(self) -> None:
        """A dict of values and a value cannot be given together."""
        (problem,) = refused(lambda: systematic(processes={"ttbar": 1.05}))
        assert "'unc': has a value and a dict" in problem

    def test_empty_by_year(self) -> None:
        """An empty dict of values by year is refused."""
        (problem,) = refused(lambda: by_process({"ttbar": {}}))
        assert "'unc': ttbar: " in problem
        assert "empty" in problem

    def test_by_process_in_wrong_argument(self) -> None:
        """Values by process in `value` are answered with the right argument."""
        problems = refused(lambda: systematic(value={"ttbar": 1.05, "vjets": 1.06}))
        assert any("processes={" in problem for problem in problems)

    def test_several(self) -> None:
        """Every wrong value is told with its process and year."""
        problems = refused(lambda: by_process({"ttbar": {"2022": True, "2023": np.nan}, "vjets": None}))
        assert [problem.removeprefix("systematic 'unc': ").split(" value")[0] for problem in problems] == [
            "ttbar: 2022:",
            "ttbar: 2023:",
            "vjets:",
        ]


class TestNames:
    """Names, kinds and options."""

    @pytest.mark.parametrize(
        ("name", "hint"),
        [("tt norm", "'tt_norm'"), ("2022_lumi", "'_2022_lumi'"), ("", "''")],
        ids=["blank", "digit first", "empty"],
    )
    def test_of_nuisance(self, name: str, hint: str) -> None:
        """A nuisance's name that Combine refuses comes with one that it takes."""
        for declare in (lambda: systematic(name=name), lambda: systematic(datacard_name=name)):
            (problem,) = refused(declare)
            assert f"datacard_name {name!r} is not a name that Combine accepts" in problem
            assert hint in problem

    def test_for_people(self) -> None:
        """The name for people is free where the card has another one."""
        assert systematic(name="top pT (nonclosure)", datacard_name="top_pt").datacard_name == "top_pt"

    @pytest.mark.parametrize("name", [None, 5], ids=repr)
    def test_wrong_type(self, name: Any) -> None:
        """A name that is not a string hides no problem behind problems of its alias."""
        for problems in (
            refused(lambda: systematic(name=name)),
            refused(lambda: systematic(name=name, datacard_name="unc")),
        ):
            assert not any("alias" in problem for problem in problems)
            assert any("expected a string" in problem for problem in problems)

    @pytest.mark.parametrize("typ", ["", None, 5, SystematicUncertainty], ids=["empty", "None", "number", "class"])
    def test_typ(self, typ: Any) -> None:
        """A typ that is not a string is refused with examples."""
        (problem,) = refused(lambda: systematic(typ=typ))
        assert f"'unc': typ {typ!r}" in problem
        assert "'lnN' or 'shape'" in problem

    @pytest.mark.parametrize("options", [None, ["range"], 5], ids=repr)
    def test_options(self, options: Any) -> None:
        """Options that are not a dict are refused."""
        assert any("options" in problem for problem in refused(lambda: systematic(options=options)))

    def test_alias_of_unlisted_year(self) -> None:
        """An alias for a year that `years` does not list is refused."""
        (problem,) = refused(lambda: systematic(coffea_name_alias={"ttbar": {"2032": "JER_2032"}}))
        assert "'unc': coffea_name_alias" in problem
        assert "2032" in problem

    @pytest.mark.parametrize(
        "alias", [5, ["sf_btag"], {"ttbar": 5}, {"ttbar": None}, {"ttbar": {"2022": 5}}, "", {"ttbar": ""}], ids=repr
    )
    def test_alias(self, alias: Any) -> None:
        """An alias that is not a name, or a dict of names, is refused."""
        (problem,) = refused(lambda: systematic(coffea_name_alias=alias))
        assert "'unc': coffea_name_alias" in problem


def test_all_problems_at_once() -> None:
    """All that is wrong with a systematic is told at once, each problem once."""
    problems = refused(lambda: SystematicUncertainty("a b", "", [], [], None, coffea_name_alias=5))
    assert all(problem.startswith("systematic 'a b': ") for problem in problems)
    for part in ("datacard_name 'a b'", "typ ''", "processes is empty", "years is empty", "coffea_name_alias 5"):
        assert sum(part in problem for problem in problems) == 1


def test_numpy_strings_in_messages() -> None:
    """Messages show numpy's strings as they are written."""
    problems = refused(lambda: systematic(name=np.str_("a b"), years=np.array(["20 22"])))
    assert len(problems) == 2
    assert not any("np.str_" in problem for problem in problems)


@pytest.mark.parametrize(
    ("fraction", "told"),
    [
        (0, "fraction is 0.0, expected a number from -1 to 1, but not 0"),
        (1.5, "fraction is 1.5, expected a number from -1 to 1"),
        (True, "fraction is True, expected a number"),
        (float("nan"), "fraction is nan, expected a number"),
        ({"ttbar": {"2022": "half"}}, "ttbar: 2022: fraction is 'half', expected a number"),
        ({"ttbra": 0.5}, "fraction is given for 'ttbra', which is not in its processes (did you mean 'ttbar'?)"),
    ],
)
def test_fraction(fraction: object, told: str) -> None:
    """A part of an uncertainty is a number from -1 to 1, but not 0, for processes of the declaration."""
    (problem,) = refused(lambda: systematic(fraction=fraction))
    assert problem.startswith(f"systematic 'unc': {told}")
