"""Systematic uncertainties: what a declaration means, what it is refused for, and when several are one nuisance."""

from __future__ import annotations

import copy
import pickle
import types
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import attrs
import hist
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import (
    Datacard,
    DeclarationError,
    MCProcess,
    MCProcesses,
    MissingProviderError,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)
from datacard_core.declare.values import in_words

YEARS = ["2022", "2023"]
PROCESSES = MCProcesses(
    [
        MCProcess(name="signal", samples=["Signal"], years=YEARS, is_signal=True),
        MCProcess(name="ttbar", samples=["TTbar"], years=YEARS, is_signal=False),
        MCProcess(name="vjets", samples=["Vjets"], years=["2023"], is_signal=False),
    ]
)


def systematic(**changed: Any) -> SystematicUncertainty:
    """An lnN of 5 % on two processes and two years, but for what a test changes."""
    declared: dict[str, Any] = {
        "name": "unc",
        "typ": "lnN",
        "processes": ["ttbar", "vjets"],
        "years": YEARS,
        "value": 1.05,
    }
    return SystematicUncertainty(**declared | changed)


def by_process(processes: Any, **changed: Any) -> SystematicUncertainty:
    """One whose values stand in the dict of its processes."""
    return systematic(processes=processes, value=None, **changed)


def typed(value: object) -> str:
    """An id that tells True from numpy's."""
    return f"{type(value).__module__} {value}"


def refused(build: Callable[[], object]) -> tuple[str, ...]:
    """The problems that a declaration is refused with."""
    with pytest.raises(DeclarationError) as caught:
        build()
    return caught.value.problems


def test_a_systematic_is_declared_with_keywords() -> None:
    declared = SystematicUncertainty(
        name="pileup_2022",
        typ="shape",
        processes=["ttbar"],
        years=["2022"],
        value=1.0,
        datacard_name="CMS_pileup_2022",
        coffea_name_alias="pileup",
    )
    assert (declared.name, declared.typ, list(declared.years)) == ("pileup_2022", "shape", ["2022"])
    assert declared.datacard_name == "CMS_pileup_2022"
    assert declared.coffea_name_alias == "pileup"


def test_a_systematic_is_declared_by_position_in_the_order_of_the_old_interface() -> None:
    declared = SystematicUncertainty("a", "shape", ["ttbar"], ["2022"], 1.0, "b", "c")
    assert declared == SystematicUncertainty(
        name="a",
        typ="shape",
        processes=["ttbar"],
        years=["2022"],
        value=1.0,
        datacard_name="b",
        coffea_name_alias="c",
    )


@pytest.mark.parametrize("changed", [{}, {"datacard_name": None, "coffea_name_alias": None}], ids=["not given", "None"])
def test_the_nuisance_and_the_variation_are_called_like_the_systematic_unless_said(changed: dict[str, Any]) -> None:
    declared = systematic(name="JER", **changed)
    assert declared.datacard_name == "JER"
    assert declared.coffea_name_alias == "JER"
    assert declared.get_coffea_name("ttbar") == "JER"


def test_one_process_and_one_year_may_be_given_as_strings() -> None:
    assert list(systematic(processes="ttbar", years="2022").columns()) == [("ttbar", "2022")]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["vjets", "ttbar"], ["vjets", "ttbar"]),
        (("vjets", "ttbar"), ["vjets", "ttbar"]),
        ({"vjets": "x", "ttbar": "y"}.keys(), ["vjets", "ttbar"]),
        (PROCESSES.keys(), ["signal", "ttbar", "vjets"]),
        ((process.name for process in PROCESSES.values()), ["signal", "ttbar", "vjets"]),
        (np.array(["vjets", "ttbar"]), ["vjets", "ttbar"]),
        ({"vjets", "ttbar", "signal"}, ["signal", "ttbar", "vjets"]),
    ],
    ids=["list", "tuple", "keys", "keys of processes", "generator", "array", "set"],
)
def test_processes_come_in_any_container_and_are_read_back_with_their_value(names: Any, expected: list[str]) -> None:
    declared = systematic(processes=names)
    assert list(declared.processes) == expected
    assert declared.processes == dict.fromkeys(expected, 1.05)


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        (("2023", "2022"), ["2023", "2022"]),
        ({"2023": 1, "2022": 2}.keys(), ["2023", "2022"]),
        (np.array(["2023", "2022"]), ["2023", "2022"]),
        ((year for year in ("2023", "2022")), ["2023", "2022"]),
        ({"2023", "2022", "2024"}, ["2022", "2023", "2024"]),
    ],
    ids=["tuple", "keys", "array", "generator", "set"],
)
def test_years_come_in_any_container(years: Any, expected: list[str]) -> None:
    assert list(systematic(years=years).years) == expected


def test_lists_and_dicts_that_are_changed_later_do_not_change_the_systematic() -> None:
    processes, alias = {"ttbar": {"2022": 1.06, "2023": 1.07}}, {"ttbar": {"2022": "a", "2023": "b"}}
    declared = by_process(processes, coffea_name_alias=alias)
    processes["ttbar"]["2022"], alias["ttbar"]["2022"] = 2.0, "other"
    assert declared.value_for("ttbar", "2022") == 1.06
    assert declared.get_coffea_name("ttbar", "2022") == "a"


def test_a_systematic_cannot_be_changed_behind_the_back_of_its_container() -> None:
    with pytest.raises(attrs.exceptions.FrozenError):
        systematic().typ = "shape"


def test_a_changed_copy_of_a_systematic_can_be_made() -> None:
    assert attrs.evolve(systematic(), name="unc", years=["2022"]) == systematic(years=["2022"])


def test_a_changed_copy_may_have_another_value() -> None:
    assert attrs.evolve(systematic(), value=1.1) == systematic(value=1.1)
    assert attrs.evolve(systematic(), value=None) == systematic()


def test_the_processes_of_one_systematic_may_be_given_to_another_with_or_without_their_values() -> None:
    processes = systematic().processes
    assert by_process(processes) == systematic()
    assert systematic(processes=processes, value=(0.9, 1.1)) == systematic(value=(0.9, 1.1))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (1.05, 1.05),
        (np.int64(1), 1.0),
        (np.float64(1.05), 1.05),
        (np.float32(1.5), 1.5),
        (np.array(1.05), 1.05),
        (Fraction(21, 20), 1.05),
        ((0.98, 1.05), (0.98, 1.05)),
        ([0.98, 1.05], (0.98, 1.05)),
        (np.array([0.98, 1.05]), (0.98, 1.05)),
        ((1, np.float32(1.5)), (1.0, 1.5)),
    ],
    ids=[
        "int",
        "float",
        "numpy int",
        "numpy float",
        "numpy float32",
        "array without dimension",
        "fraction",
        "tuple",
        "list",
        "numpy pair",
        "mixed pair",
    ],
)
def test_numbers_of_any_library_are_numbers_and_pairs_are_pairs(value: Any, expected: object) -> None:
    for declared in (systematic(value=value), by_process({"ttbar": value}), by_process({"ttbar": {"2022": value}})):
        found = declared.value_for("ttbar", "2022")
        assert found == expected
        assert type(found) is type(expected)
    pair = systematic(value=value).value_for("vjets", "2023")
    assert all(type(number) is float for number in (pair if isinstance(pair, tuple) else (pair,)))


def test_each_process_may_have_a_value_of_its_own() -> None:
    declared = by_process({"ttbar": 1.06, "vjets": (0.9, 1.2)})
    assert declared.processes == {"ttbar": 1.06, "vjets": (0.9, 1.2)}
    assert declared.value_for("ttbar", "2022") == declared.value_for("ttbar", "2023") == 1.06
    assert declared.value_for("vjets", "2022") == (0.9, 1.2)


def test_any_mapping_of_values_will_do() -> None:
    assert by_process(types.MappingProxyType({"ttbar": 1.06})).processes == {"ttbar": 1.06}


def test_each_process_may_have_a_value_for_each_year_and_then_years_may_be_left_out() -> None:
    declared = SystematicUncertainty(
        name="lumi", typ="lnN", processes={"ttbar": {"2022": 1.014, "2023": 1.013}, "vjets": {"2023": 1.013}}
    )
    assert list(declared.years) == ["2022", "2023"]
    assert list(declared.columns()) == [("ttbar", "2022"), ("ttbar", "2023"), ("vjets", "2023")]
    assert declared.value_for("ttbar", "2022") == 1.014
    assert declared.value_for("ttbar", "2023") == 1.013
    assert not declared.covers("vjets", "2022")


def test_values_by_year_and_values_for_all_years_may_stand_side_by_side() -> None:
    declared = by_process({"ttbar": {"2022": 1.014}, "vjets": 1.05})
    assert list(declared.columns()) == [("ttbar", "2022"), ("vjets", "2022"), ("vjets", "2023")]


def test_a_value_by_year_may_hold_for_all_processes() -> None:
    for years in (YEARS, None):
        declared = systematic(value={"2022": 1.014, "2023": 1.013}, years=years)
        assert list(declared.years) == YEARS
        assert declared == by_process({name: {"2022": 1.014, "2023": 1.013} for name in ("ttbar", "vjets")})


@pytest.mark.parametrize(
    ("processes", "expected"),
    [
        ({"ttbar": 1.05}, [("ttbar (2022, 2023)", 1.05)]),
        ({"ttbar": 1.05, "vjets": 1.05}, [("ttbar, vjets (2022, 2023)", 1.05)]),
        ({"ttbar": 1.05, "vjets": {"2023": 1.05}}, [("ttbar (2022, 2023); vjets 2023", 1.05)]),
        ({"ttbar": {"2022": 1.05}, "vjets": {"2022": 1.05}}, [("ttbar, vjets (2022)", 1.05)]),
        ({"ttbar": {"2022": 1.05, "2023": 1.06}}, [("ttbar 2022", 1.05), ("ttbar 2023", 1.06)]),
        ({"ttbar": {"2022": {0.9}}}, [("ttbar 2022", {0.9})]),
    ],
    ids=["one", "two", "not all years", "one year", "two values", "no number"],
)
def test_every_value_is_told_once_with_the_columns_that_have_it(
    processes: dict[str, Any], expected: list[tuple[str, Any]]
) -> None:
    assert list(by_process(processes).distinct_values()) == expected


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(YEARS)), min_size=1, unique=True))
def test_columns_in_words_are_all_of_the_columns_and_no_others(columns: list[tuple[str, str]]) -> None:
    read = []
    for block in in_words(columns).split("; "):
        processes, _, years = block.partition(" (") if "(" in block else block.partition(" ")
        read += [(process, year) for process in processes.split(", ") for year in years.rstrip(")").split(", ")]
    assert sorted(read) == sorted(columns)


@pytest.mark.parametrize(
    ("process", "year", "covered"),
    [("ttbar", "2022", True), ("ttbar", "2024", False), ("signal", "2022", False)],
    ids=["both", "other year", "other process"],
)
def test_a_column_is_covered_where_process_and_year_are(process: str, year: str, covered: bool) -> None:
    assert systematic().covers(process, year) is covered


@pytest.mark.parametrize("nothing", [[], (), {}, set(), ""], ids=["list", "tuple", "dict", "set", "string"])
def test_a_systematic_without_processes_is_refused(nothing: Any) -> None:
    problems = refused(lambda: systematic(processes=nothing, value=None if nothing == {} else 1.05))
    assert any("'unc'" in problem and "processes is empty" in problem for problem in problems)


@pytest.mark.parametrize("nothing", [[], (), set(), ""], ids=["list", "tuple", "set", "string"])
def test_a_systematic_without_years_is_refused(nothing: Any) -> None:
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
def test_years_may_not_be_left_out_where_no_value_says_them(declared: dict[str, Any]) -> None:
    (problem,) = refused(lambda: SystematicUncertainty(name="unc", typ="lnN", **declared))
    assert "'unc': has no years" in problem


@pytest.mark.parametrize(
    "years", [2022, [2022], [2022, 2022], {2022, "2023"}], ids=["one", "list", "twice", "mixed set"]
)
def test_years_given_as_numbers_are_answered_with_the_string_to_write(years: Any) -> None:
    problems = refused(lambda: systematic(years=years))
    assert any("'unc'" in problem and "expected a string such as '2022'" in problem for problem in problems)


@pytest.mark.parametrize("years", [None, ["2022"]], ids=["years left out", "years given"])
def test_a_year_that_is_a_number_among_the_values_is_answered_with_the_string_to_write(years: Any) -> None:
    problems = refused(lambda: by_process({"ttbar": {2022: 1.05}}, years=years))
    assert any("expected a string such as '2022'" in problem for problem in problems)


def test_a_year_with_a_value_that_years_does_not_list_is_refused() -> None:
    (problem,) = refused(lambda: by_process({"ttbar": {"2022": 1.05, "2024": 1.05}}))
    assert "2024" in problem
    assert "['2022', '2023']" in problem


@pytest.mark.parametrize(("field", "what"), [("processes", "process"), ("years", "year")], ids=["processes", "years"])
def test_what_is_listed_twice_is_named(field: str, what: str) -> None:
    (problem,) = refused(lambda: systematic(**{field: ["a", "b", "a"]}))
    assert problem == f"systematic 'unc': lists {what} a twice"


@pytest.mark.parametrize(
    "value", [None, np.nan, np.inf, -np.inf, True, np.True_, (1.0, np.nan), (None, 1.05)], ids=typed
)
def test_what_is_no_finite_number_is_no_value(value: Any) -> None:
    (problem,) = refused(lambda: by_process({"ttbar": value}))
    assert problem.startswith("systematic 'unc': ttbar: value ")


@pytest.mark.parametrize("value", [np.nan, np.inf, True, np.True_, (1.0, np.nan), (True, 1.05)], ids=typed)
def test_what_is_no_finite_number_is_no_value_for_all_processes_either(value: Any) -> None:
    (problem,) = refused(lambda: systematic(value=value))
    assert problem.startswith("systematic 'unc': value ")


def test_a_list_of_processes_needs_a_value() -> None:
    (problem,) = refused(lambda: systematic(value=None))
    assert "'unc': has no value" in problem
    assert "1.0 for a shape" in problem
    assert "{process: value}" in problem


def test_a_dict_of_values_and_a_value_are_one_too_many() -> None:
    (problem,) = refused(lambda: systematic(processes={"ttbar": 1.05}))
    assert "'unc': has a value and a dict" in problem


def test_values_by_year_may_not_be_empty() -> None:
    (problem,) = refused(lambda: by_process({"ttbar": {}}))
    assert "'unc': ttbar: " in problem
    assert "empty" in problem


def test_values_by_process_in_the_wrong_argument_are_not_taken_for_years() -> None:
    problems = refused(lambda: systematic(value={"ttbar": 1.05, "vjets": 1.06}))
    assert any("processes={" in problem for problem in problems)


def test_a_value_by_year_for_a_year_that_years_does_not_list_is_refused() -> None:
    problems = refused(lambda: systematic(value={"2022": 1.05, "2024": 1.05}))
    assert any("2024" in problem for problem in problems)


def test_the_container_of_processes_with_a_value_is_answered_with_the_way_to_list_its_names() -> None:
    problems = refused(lambda: systematic(processes=PROCESSES))
    assert any("list(" in problem or ".name" in problem for problem in problems)


def test_the_container_of_processes_holds_no_values() -> None:
    problems = refused(lambda: by_process(PROCESSES))
    assert any("ttbar" in problem for problem in problems)


@pytest.mark.parametrize(
    "processes",
    [PROCESSES.values(), list(PROCESSES.values()), PROCESSES["ttbar"]],
    ids=["values of the container", "list", "one"],
)
def test_process_objects_are_answered_with_their_names(processes: Any) -> None:
    problems = refused(lambda: systematic(processes=processes))
    assert any("'ttbar'" in problem and "name" in problem for problem in problems)


@pytest.mark.parametrize(
    "processes",
    [None, 5, [5], [5, 5], [["ttbar", "vjets"]], {"ttbar", 5}],
    ids=["None", "number", "list of a number", "twice a number", "nested", "mixed set"],
)
def test_processes_that_are_no_names_are_refused(processes: Any) -> None:
    assert all("'unc'" in problem for problem in refused(lambda: systematic(processes=processes)))


def test_processes_by_a_key_that_is_no_name_are_refused() -> None:
    assert all("'unc'" in problem for problem in refused(lambda: by_process({5: 1.05})))


@pytest.mark.parametrize(
    ("name", "hint"),
    [("tt norm", "'tt_norm'"), ("2022_lumi", "'_2022_lumi'"), ("", "''")],
    ids=["blank", "digit first", "empty"],
)
def test_a_nuisance_needs_a_name_that_combine_takes(name: str, hint: str) -> None:
    for declare in (lambda: systematic(name=name), lambda: systematic(datacard_name=name)):
        (problem,) = refused(declare)
        assert f"datacard_name {name!r} is not a name that Combine accepts" in problem
        assert hint in problem


def test_a_name_for_people_may_be_anything_where_the_card_has_another() -> None:
    assert systematic(name="top pT (nonclosure)", datacard_name="top_pt").datacard_name == "top_pt"


@pytest.mark.parametrize("name", [None, 5], ids=repr)
def test_a_name_that_is_no_string_is_the_only_thing_complained_of(name: Any) -> None:
    for problems in (
        refused(lambda: systematic(name=name)),
        refused(lambda: systematic(name=name, datacard_name="unc")),
    ):
        assert not any("alias" in problem for problem in problems)
        assert any("expected a string" in problem for problem in problems)


@pytest.mark.parametrize("typ", ["", None, 5, SystematicUncertainty], ids=["empty", "None", "number", "class"])
def test_a_typ_is_the_name_of_a_kind(typ: Any) -> None:
    (problem,) = refused(lambda: systematic(typ=typ))
    assert f"'unc': typ {typ!r}" in problem
    assert "'lnN' or 'shape'" in problem


@pytest.mark.parametrize("options", [None, ["range"], 5], ids=repr)
def test_options_that_are_no_dict_are_refused(options: Any) -> None:
    assert any("options" in problem for problem in refused(lambda: systematic(options=options)))


def test_options_are_kept_in_pythons_own_types_and_out_of_reach_of_the_script() -> None:
    weights, nested = np.array([1.0, 2.0]), {"a": [1]}
    declared = SystematicUncertainty("unc", "mine", ["ttbar"], YEARS, 1.0, options={"members": 3})
    assert declared.options == {"members": 3}
    declared = systematic(options={"weights": weights, "nested": nested, "pair": (0, np.int64(5))})
    weights[0] = nested["a"][0] = 7
    assert declared.options == {"weights": (1.0, 2.0), "nested": {"a": (1,)}, "pair": (0, 5)}


def test_all_that_is_wrong_with_a_systematic_is_told_at_once() -> None:
    problems = refused(lambda: SystematicUncertainty("a b", "", [], [], None, coffea_name_alias=5))
    assert all(problem.startswith("systematic 'a b': ") for problem in problems)
    for part in ("datacard_name 'a b'", "typ ''", "processes is empty", "years is empty", "coffea_name_alias 5"):
        assert sum(part in problem for problem in problems) == 1


def test_every_value_that_is_wrong_is_told() -> None:
    problems = refused(lambda: by_process({"ttbar": {"2022": True, "2023": np.nan}, "vjets": None}))
    assert [problem.removeprefix("systematic 'unc': ").split(" value")[0] for problem in problems] == [
        "ttbar: 2022:",
        "ttbar: 2023:",
        "vjets:",
    ]


def test_messages_show_numpy_strings_as_they_are_written() -> None:
    problems = refused(lambda: systematic(name=np.str_("a b"), years=np.array(["20 22"])))
    assert len(problems) == 2
    assert not any("np.str_" in problem for problem in problems)


def test_an_alias_is_the_variation_of_every_process() -> None:
    declared = systematic(name="pileup_2022", coffea_name_alias="pileup")
    assert declared.get_coffea_name("ttbar") == declared.get_coffea_name("vjets", "2022") == "pileup"


def test_an_alias_by_process_falls_back_to_the_name() -> None:
    declared = systematic(name="sf_btag", coffea_name_alias={"ttbar": "sf_btag_groupA"})
    assert declared.get_coffea_name("ttbar") == "sf_btag_groupA"
    assert declared.get_coffea_name("vjets") == "sf_btag"


def test_an_alias_by_process_and_year_falls_back_to_the_name() -> None:
    declared = systematic(name="JER", coffea_name_alias={"ttbar": {"2022": "JER_2022"}, "vjets": "JER_V"})
    assert declared.get_coffea_name("ttbar", "2022") == "JER_2022"
    assert declared.get_coffea_name("ttbar", "2023") == "JER"
    assert declared.get_coffea_name("vjets", "2023") == "JER_V"


def test_the_name_in_the_card_has_no_part_in_what_is_looked_up() -> None:
    assert systematic(name="JER", datacard_name="CMS_JER").get_coffea_name("ttbar") == "JER"


def test_systematics_may_share_a_dict_of_aliases_that_lists_more_processes_than_each_of_them() -> None:
    shared = {"ttbar": "sf_btag_groupA", "vjets": "sf_btag_groupB"}
    declared = systematic(processes=["ttbar"], coffea_name_alias=shared)
    assert declared.get_coffea_name("ttbar") == "sf_btag_groupA"
    assert row(card(systematic(processes=["ttbar"], coffea_name_alias=shared)), "unc")[1] == "lnN"


def test_an_alias_for_a_year_that_is_not_listed_is_refused() -> None:
    (problem,) = refused(lambda: systematic(coffea_name_alias={"ttbar": {"2032": "JER_2032"}}))
    assert "'unc': coffea_name_alias" in problem
    assert "2032" in problem


@pytest.mark.parametrize(
    "alias", [5, ["sf_btag"], {"ttbar": 5}, {"ttbar": None}, {"ttbar": {"2022": 5}}, "", {"ttbar": ""}], ids=repr
)
def test_an_alias_is_the_name_of_a_variation(alias: Any) -> None:
    (problem,) = refused(lambda: systematic(coffea_name_alias=alias))
    assert "'unc': coffea_name_alias" in problem


LUMI_2022 = systematic(name="lumi_2022", years=["2022"], value=1.014, datacard_name="lumi")
LUMI_2023 = systematic(name="lumi_2023", years=["2023"], value=1.013, datacard_name="lumi")
PILEUP = systematic(name="pileup", typ="shape", value=1.0, datacard_name="CMS_pileup")
TTBAR_NORM = systematic(name="ttbar_norm", processes=["ttbar"])
JER = systematic(name="JER", typ="shape", processes=["vjets"], value=1.0)


def test_systematics_are_kept_by_their_name_in_the_card_in_the_order_of_the_script() -> None:
    systematics = Systematics([PILEUP, TTBAR_NORM])
    systematics["JER"] = JER
    assert isinstance(systematics, dict)
    assert list(systematics.items()) == [("CMS_pileup", PILEUP), ("ttbar_norm", TTBAR_NORM), ("JER", JER)]


@pytest.mark.parametrize(
    "values",
    [[PILEUP, JER], (PILEUP, JER), iter([PILEUP, JER]), Systematics([PILEUP, JER])],
    ids=["list", "tuple", "iterator", "another container"],
)
def test_systematics_are_made_of_any_iterable(values: Any) -> None:
    assert list(Systematics(values).values()) == [PILEUP, JER]


def test_variations_are_named_as_in_the_card() -> None:
    systematics = Systematics([PILEUP, TTBAR_NORM, JER])
    assert systematics.variations_names == ["CMS_pileupUp", "CMS_pileupDown", "JERUp", "JERDown"]


def test_systematics_are_found_by_kind() -> None:
    systematics = Systematics([PILEUP, TTBAR_NORM, JER])
    assert systematics.list_type("shape") == ["CMS_pileup", "JER"]
    assert systematics.get_systematics_by_type("lnN") == {"ttbar_norm": TTBAR_NORM}
    assert systematics.get_systematics_by_type("gmN") == {}
    assert systematics.n_systematics() == 3


def test_systematics_are_found_by_process() -> None:
    systematics = Systematics([PILEUP, TTBAR_NORM, JER])
    assert list(systematics.get_systematics_by_process(PROCESSES["ttbar"])) == ["CMS_pileup", "ttbar_norm"]
    assert systematics.get_systematics_by_process(PROCESSES["vjets"]) == {"CMS_pileup": PILEUP, "JER": JER}
    assert systematics.get_systematics_by_process(PROCESSES["signal"]) == {}


def test_a_merged_systematic_is_found_by_each_of_its_processes() -> None:
    first = systematic(name="a", datacard_name="n", processes=["ttbar"])
    systematics = Systematics([first, systematic(name="b", datacard_name="n", processes=["vjets"])])
    assert list(systematics.get_systematics_by_process(PROCESSES["ttbar"])) == ["n"]
    assert list(systematics.get_systematics_by_process(PROCESSES["vjets"])) == ["n"]


def test_the_scripts_comprehensions_over_a_container_work() -> None:
    systematics = Systematics([PILEUP, TTBAR_NORM])
    assert [s.name for s in systematics.values() if s.typ == "lnN"] == ["ttbar_norm"]
    assert [s.name for s in systematics.values() if s.typ == "shape"] == ["pileup"]


def test_declarations_that_share_a_nuisance_on_different_years_are_one_nuisance() -> None:
    systematics = Systematics([LUMI_2022, PILEUP, LUMI_2023])
    assert list(systematics) == ["lumi", "CMS_pileup"]
    lumi = systematics["lumi"]
    assert lumi.datacard_name == "lumi"
    assert lumi.typ == "lnN"
    assert set(lumi.columns()) == {(process, year) for process in ("ttbar", "vjets") for year in YEARS}
    assert lumi.value_for("ttbar", "2022") == lumi.value_for("vjets", "2022") == 1.014
    assert lumi.value_for("ttbar", "2023") == lumi.value_for("vjets", "2023") == 1.013


def test_declarations_that_share_a_nuisance_on_different_processes_are_one_nuisance() -> None:
    first = systematic(name="a", datacard_name="n", processes=["ttbar"], years=["2022"], value=(0.9, 1.2))
    second = systematic(name="b", datacard_name="n", processes=["vjets"], years=["2023"])
    merged = Systematics([first, second])["n"]
    assert list(merged.columns()) == [("ttbar", "2022"), ("vjets", "2023")]
    assert merged.value_for("ttbar", "2022") == (0.9, 1.2)
    assert merged.value_for("vjets", "2023") == 1.05


def test_the_merged_form_written_directly_means_the_same() -> None:
    merged = Systematics([LUMI_2022, LUMI_2023])["lumi"]
    direct = SystematicUncertainty(
        name="lumi_2022",
        typ="lnN",
        processes={name: {"2022": 1.014, "2023": 1.013} for name in ("ttbar", "vjets")},
        datacard_name="lumi",
    )
    assert list(merged.columns()) == list(direct.columns())
    assert merged.processes == direct.processes


def test_each_declaration_keeps_its_own_variation_when_merged() -> None:
    first = systematic(name="JER_2022", typ="shape", value=1.0, years=["2022"], datacard_name="JER")
    second = systematic(
        name="x",
        typ="shape",
        value=1.0,
        years=["2023"],
        datacard_name="JER",
        coffea_name_alias={"ttbar": "JER_tt"},
    )
    merged = Systematics([first, second])["JER"]
    assert merged.get_coffea_name("ttbar", "2022") == "JER_2022"
    assert merged.get_coffea_name("ttbar", "2023") == "JER_tt"
    assert merged.get_coffea_name("vjets", "2023") == "x"


columns = st.dictionaries(
    st.tuples(st.sampled_from(["signal", "ttbar", "vjets", "diboson"]), st.sampled_from(["2022", "2023", "2024"])),
    st.floats(0.5, 2) | st.tuples(st.floats(0.5, 1), st.floats(1, 2)),
    min_size=1,
)


@given(columns, st.data())
def test_any_partition_of_columns_into_declarations_merges_to_the_same_nuisance(
    values: dict[tuple[str, str], Any], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(list(values)))
    part_of = {column: data.draw(st.integers(0, 4)) for column in order}
    parts: dict[int, dict[str, dict[str, Any]]] = {}
    for process, year in order:
        parts.setdefault(part_of[process, year], {}).setdefault(process, {})[year] = values[process, year]
    declarations = [
        SystematicUncertainty(f"part_{part}", "lnN", by_year, datacard_name="n") for part, by_year in parts.items()
    ]
    systematics = Systematics(declarations)
    assert list(systematics) == ["n"]
    merged = systematics["n"]
    assert sorted(merged.columns()) == sorted(values)
    assert set(merged.years) == {year for _, year in values}
    for (process, year), value in values.items():
        assert merged.value_for(process, year) == value
        assert merged.get_coffea_name(process, year) == f"part_{part_of[process, year]}"


@given(columns, columns)
def test_two_declarations_of_one_nuisance_are_taken_exactly_where_they_are_disjoint(
    first: dict[tuple[str, str], Any], second: dict[tuple[str, str], Any]
) -> None:
    declarations = []
    for name, values in (("first", first), ("second", second)):
        processes: dict[str, dict[str, Any]] = {}
        for (process, year), value in values.items():
            processes.setdefault(process, {})[year] = value
        declarations.append(SystematicUncertainty(name, "lnN", processes, datacard_name="n"))
    overlap = first.keys() & second.keys()
    if not overlap:
        assert len(list(Systematics(declarations)["n"].columns())) == len(first) + len(second)
        return
    (problem,) = refused(lambda: Systematics(declarations))
    assert "'first'" in problem
    assert "'second'" in problem
    assert all(f"{process} {year}" in problem for process, year in overlap)


def test_declarations_of_one_nuisance_that_overlap_are_both_named_with_the_place_and_the_way_out() -> None:
    (problem,) = refused(lambda: Systematics([LUMI_2022, systematic(name="lumi_all", datacard_name="lumi")]))
    for part in ("'lumi_2022'", "'lumi_all'", "'lumi'", "ttbar 2022", "vjets 2022", "datacard_name"):
        assert part in problem
    assert "2023" not in problem


def test_of_several_merged_declarations_the_one_that_overlaps_is_named() -> None:
    parts = [
        systematic(name="a", datacard_name="n", processes=["ttbar"]),
        systematic(name="b", datacard_name="n", processes=["vjets"]),
        systematic(name="c", datacard_name="n", processes=["vjets"], years=["2023"]),
    ]
    (problem,) = refused(lambda: Systematics(parts))
    assert "'b'" in problem
    assert "'c'" in problem
    assert "'a'" not in problem


def test_declarations_of_one_nuisance_need_one_kind() -> None:
    shape = systematic(name="JER", typ="shape", value=1.0, years=["2023"], datacard_name="lumi")
    (problem,) = refused(lambda: Systematics([LUMI_2022, shape]))
    for part in ("'lumi_2022'", "'JER'", "'lumi'", "typ", "'lnN'", "'shape'"):
        assert part in problem


def test_declarations_of_one_nuisance_need_the_same_options() -> None:
    first = systematic(name="a", datacard_name="SF", typ="rateParam", years=["2022"], options={"range": (0, 5)})
    second = systematic(name="b", datacard_name="SF", typ="rateParam", years=["2023"])
    (problem,) = refused(lambda: Systematics([first, second]))
    for part in ("'a'", "'b'", "options", "(0, 5)"):
        assert part in problem


def test_options_of_one_nuisance_may_be_arrays() -> None:
    parts = [systematic(name=y, datacard_name="n", years=[y], options={"w": np.array([1, 2])}) for y in YEARS]
    systematics = Systematics(parts)
    systematics["n"] = parts[0]
    assert systematics["n"].options == {"w": (1, 2)}
    refused(lambda: Systematics([parts[0], attrs.evolve(parts[1], options={"w": np.array([1, 3])})]))


def test_a_merged_nuisance_knows_its_parts() -> None:
    assert Systematics([LUMI_2022, LUMI_2023])["lumi"].merged_from == (LUMI_2022, LUMI_2023)
    assert PILEUP.merged_from == (PILEUP,)


def test_all_that_is_wrong_in_a_constructor_is_told_at_once() -> None:
    values: Any = [LUMI_2022, 5, systematic(name="l", datacard_name="lumi"), PROCESSES["ttbar"], PILEUP]
    problems = refused(lambda: Systematics(values))
    assert len(problems) == 3
    assert "got 5 (int)" in problems[0]
    assert "both the nuisance 'lumi'" in problems[1]
    assert "(MCProcess)" in problems[2]


@pytest.mark.parametrize("values", [LUMI_2022, None, 5], ids=["one systematic", "None", "number"])
def test_a_container_made_of_what_is_no_list_says_what_it_expects(values: Any) -> None:
    (problem,) = refused(lambda: Systematics(values))
    assert "Systematics" in problem
    assert "list" in problem


def assign(container: Systematics, key: str, value: Any) -> None:
    container[key] = value


def update_with_dict(container: Systematics, key: str, value: Any) -> None:
    container.update({key: value})


def update_with_pairs(container: Systematics, key: str, value: Any) -> None:
    container.update([(key, value)])


def join_in_place(container: Systematics, key: str, value: Any) -> None:
    container |= {key: value}


Way = Callable[[Systematics, str, Any], None]
every_way = pytest.mark.parametrize(
    "way", [assign, update_with_dict, update_with_pairs, join_in_place], ids=lambda way: way.__name__
)


@every_way
def test_what_is_assigned_is_merged_as_in_the_constructor(way: Way) -> None:
    systematics = Systematics([LUMI_2022])
    way(systematics, "lumi", LUMI_2023)
    assert systematics == Systematics([LUMI_2022, LUMI_2023])


@every_way
def test_what_is_assigned_is_refused_as_in_the_constructor(way: Way) -> None:
    systematics = Systematics([LUMI_2022])
    overlapping = systematic(name="lumi_all", datacard_name="lumi")
    assert refused(lambda: way(systematics, "lumi", overlapping)) == refused(
        lambda: Systematics([LUMI_2022, overlapping])
    )
    assert systematics == Systematics([LUMI_2022])


@every_way
@pytest.mark.parametrize("value", [None, "lumi", PROCESSES["ttbar"]], ids=["None", "string", "process"])
def test_what_is_no_systematic_is_refused_whichever_way_it_comes(way: Way, value: Any) -> None:
    (problem,) = refused(lambda: way(Systematics(), "lumi", value))
    assert "Systematics holds SystematicUncertainty objects" in problem


@every_way
def test_a_key_that_is_not_the_name_in_the_card_is_refused(way: Way) -> None:
    (problem,) = refused(lambda: way(Systematics(), "pileup", PILEUP))
    assert "'pileup'" in problem
    assert "datacard_name is 'CMS_pileup'" in problem


@every_way
def test_the_same_declaration_assigned_again_changes_nothing(way: Way) -> None:
    systematics = Systematics([LUMI_2022, PILEUP])
    way(systematics, "lumi", copy.deepcopy(LUMI_2022))
    assert list(systematics.values()) == [LUMI_2022, PILEUP]


@every_way
def test_a_loop_of_declarations_that_merge_may_run_again(way: Way) -> None:
    systematics = Systematics([LUMI_2022, LUMI_2023])
    for declared in (LUMI_2022, LUMI_2023):
        way(systematics, "lumi", declared)
    assert systematics == Systematics([LUMI_2022, LUMI_2023])


def test_pairs_of_one_nuisance_in_an_update_are_merged_and_not_the_last_one_kept() -> None:
    systematics = Systematics()
    systematics.update([("lumi", LUMI_2022), ("lumi", LUMI_2023)])
    assert systematics == Systematics([LUMI_2022, LUMI_2023])


def test_two_containers_joined_are_one_with_merged_nuisances() -> None:
    joined: Any = Systematics([LUMI_2022]) | Systematics([LUMI_2023])
    assert type(joined) is Systematics
    assert joined == Systematics([LUMI_2022, LUMI_2023])


def test_containers_that_share_a_part_of_a_nuisance_can_be_joined() -> None:
    lumi_2024 = systematic(name="lumi_2024", years=["2024"], datacard_name="lumi")
    joined: Any = Systematics([LUMI_2022, LUMI_2023]) | Systematics([LUMI_2023, lumi_2024])
    assert joined == Systematics([LUMI_2022, LUMI_2023, lumi_2024])


@pytest.mark.parametrize(
    "travel",
    [
        pytest.param(lambda systematics: pickle.loads(pickle.dumps(systematics)), id="pickle"),
        pytest.param(copy.copy, id="copy.copy"),
        pytest.param(copy.deepcopy, id="copy.deepcopy"),
        pytest.param(Systematics.copy, id="copy method"),
    ],
)
def test_a_container_with_merged_nuisances_arrives_as_it_left(travel: Callable[[Systematics], Systematics]) -> None:
    systematics = Systematics([LUMI_2022, PILEUP, LUMI_2023])
    arrived = travel(systematics)
    assert type(arrived) is Systematics
    assert arrived is not systematics
    assert list(arrived.items()) == list(systematics.items())


def histogram() -> Any:
    """Two bins of 10 events in one category, nominal only."""
    filled = hist.Hist(
        hist.axis.StrCategory(["SR"], name="cat"),
        hist.axis.StrCategory(["nominal"], name="variation"),
        hist.axis.Regular(2, 0, 1, name="events.score"),
        storage=hist.storage.Weight(),
    )
    view = filled.view(flow=False)
    view["value"], view["variance"] = 10.0, 10.0
    return filled


def card(*systematics: SystematicUncertainty) -> Datacard:
    """The card of `PROCESSES` for both years, with those systematics."""
    samples = [process.samples[0] for process in PROCESSES.values()]
    datasets = {(sample, year): f"{sample}_{year}" for sample in samples for year in YEARS}
    return Datacard(
        {sample: {datasets[sample, year]: histogram() for year in YEARS} for sample in samples},
        {
            "by_datataking_period": {year: {s: {datasets[s, year]} for s in samples} for year in YEARS},
            "by_dataset": {
                name: {"sample": sample, "year": year, "isMC": "True"} for (sample, year), name in datasets.items()
            },
        },
        {
            "presel": dict.fromkeys(datasets.values(), 20),
            "SR": {name: {sample: 20} for (sample, _), name in datasets.items()},
        },
        YEARS,
        PROCESSES,
        Systematics(systematics),
        "SR",
        verbose=False,
        plugins=load_plugins("lnn", "shape", "mcstats", "combine"),
    )


def row(built: Datacard, nuisance: str) -> list[str]:
    """The words of a nuisance's row in the card."""
    (line,) = [line for line in built.content().splitlines() if line.startswith(f"{nuisance} ")]
    return line.split()


def test_all_process_names_and_all_years_pass_even_where_a_process_lacks_a_year() -> None:
    built = card(systematic(name="lumi", processes=list(PROCESSES), years=YEARS, value=1.014))
    assert row(built, "lumi") == ["lumi", "lnN", *["1.014"] * 5]


def test_merged_declarations_are_one_row_of_the_card() -> None:
    built = card(LUMI_2022, LUMI_2023)
    assert [column.name for column in built.channel.columns] == [
        "signal_2022",
        "signal_2023",
        "ttbar_2022",
        "ttbar_2023",
        "vjets_2023",
    ]
    assert row(built, "lumi") == ["lumi", "lnN", "-", "-", "1.014", "1.013", "1.013"]
    assert built.kmax == 1


def test_a_process_that_nobody_declared_is_answered_with_the_closest_match() -> None:
    (problem,) = refused(lambda: card(systematic(processes=["ttbar", "vjest"])))
    assert "systematic 'unc': no process is named 'vjest' (did you mean 'vjets'?)" in problem


def test_an_alias_for_a_process_that_nobody_declared_is_answered_with_the_closest_match() -> None:
    (problem,) = refused(lambda: card(systematic(coffea_name_alias={"ttbar": "a", "vjest": "b", "signal": "c"})))
    assert "systematic 'unc': coffea_name_alias lists process 'vjest'" in problem
    assert "did you mean 'vjets'?" in problem


def test_an_alias_of_a_merged_declaration_is_looked_at_too() -> None:
    first = systematic(name="a", datacard_name="n", years=["2022"])
    second = systematic(name="b", datacard_name="n", years=["2023"], coffea_name_alias={"tbar": "x"})
    (problem,) = refused(lambda: card(first, second))
    assert "systematic 'b': coffea_name_alias lists process 'tbar'" in problem


def test_a_year_that_nobody_declared_is_answered_with_the_closest_match() -> None:
    (problem,) = refused(lambda: card(systematic(years=["2022", "2032"])))
    assert "systematic 'unc': no process is declared for year '2032' (did you mean '2023'?)" in problem


def test_a_typ_that_no_plugin_has_is_answered_with_the_closest_match() -> None:
    with pytest.raises(MissingProviderError, match=r"'unc'.*'lnn'.*did you mean 'lnN'\?"):
        card(systematic(typ="lnn"))


def test_what_a_switch_would_turn_off_is_not_proposed_for_a_systematic_that_is_declared_by_hand() -> None:
    with pytest.raises(MissingProviderError, match="'rateparam'") as caught:
        card(systematic(name="SF_ttbar", typ="rateParam"))
    assert "has_rateParam" not in str(caught.value)


def test_all_that_is_wrong_in_all_systematics_is_told_at_once() -> None:
    problems = refused(
        lambda: card(
            systematic(name="a", processes=["tbar"]),
            systematic(name="b", years=["2032"]),
            systematic(name="c", processes=["ttbar"], years=["2022"], value=0.025),
            systematic(name="d", options={"range": (0, 5)}),
        )
    )
    for name, part in (("a", "'tbar'"), ("b", "'2032'"), ("c", "1.025"), ("d", "'range'")):
        assert sum(f"systematic {name!r}" in problem and part in problem for problem in problems) == 1


@pytest.mark.parametrize(("typ", "value"), [("lnN", 0.025), ("shape", 0)], ids=["lnN", "shape"])
def test_a_value_that_is_wrong_for_all_columns_is_told_once(typ: str, value: float) -> None:
    assert len(refused(lambda: card(systematic(typ=typ, value=value)))) == 1
