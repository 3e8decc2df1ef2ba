"""Processes: which declarations are taken as they are meant, and what the others are told."""

from __future__ import annotations

import copy
import importlib
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import (
    DataProcess,
    DataProcesses,
    DeclarationError,
    MCProcess,
    MCProcesses,
    SystematicUncertainty,
)

YEARS = ["2022_preEE", "2022_postEE", "2023_preBPix", "2023_postBPix", "2024"]


def process(name: str = "ttbar", /, **changed: Any) -> MCProcess:
    """A background of one sample and two years, but for what a test changes."""
    declared: dict[str, Any] = {"samples": ["TTbar"], "years": ["2022", "2023"], "is_signal": False}
    return MCProcess(name=name, **declared | changed)


def refused(build: Callable[[], object]) -> tuple[str, ...]:
    """The problems that a declaration is refused with."""
    with pytest.raises(DeclarationError) as caught:
        build()
    return caught.value.problems


TTBAR = process("ttbar")
SIGNAL = process("signal", samples=["SignalSampleA", "SignalSampleB"], is_signal=True)
DIBOSON = process("diboson", samples=["VV"], years=["2023"])


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("datacard_core", "MCProcess DataProcess MCProcesses DataProcesses SystematicUncertainty Systematics Datacard"),
        (
            "datacard_core.stat",
            "MCProcess DataProcess MCProcesses DataProcesses SystematicUncertainty Systematics Datacard",
        ),
        ("datacard_core.stat.combine", "Datacard combine_datacards"),
        ("datacard_core.stat.processes", "MCProcess DataProcess MCProcesses DataProcesses"),
        ("datacard_core.stat.systematics", "SystematicUncertainty Systematics"),
    ],
    ids=["package", "stat", "stat.combine", "stat.processes", "stat.systematics"],
)
def test_a_script_changes_its_import_line_and_nothing_else(module: str, names: str) -> None:
    import datacard_core  # noqa: PLC0415 - the one that the old modules must mirror

    for name in names.split():
        assert getattr(importlib.import_module(module), name) is getattr(datacard_core, name)


def test_a_process_is_declared_with_keywords() -> None:
    declared = MCProcess(
        name="ttbar", samples=["TTbar"], years=YEARS, is_signal=False, has_rateParam=True, label="top pairs"
    )
    assert declared.name == "ttbar"
    assert list(declared.samples) == ["TTbar"]
    assert list(declared.years) == YEARS
    assert declared.is_signal is False
    assert declared.has_rateParam is True
    assert declared.label == "top pairs"


def test_name_samples_and_label_may_be_positional() -> None:
    declared = MCProcess("ttbar", ["TTbar"], "top pairs", years=YEARS, is_signal=False)
    assert (declared.name, list(declared.samples), declared.label) == ("ttbar", ["TTbar"], "top pairs")


def test_the_rate_of_a_process_is_not_free_unless_said() -> None:
    assert process().has_rateParam is False


@pytest.mark.parametrize("changed", [{}, {"label": None}], ids=["not given", "None"])
def test_the_label_defaults_to_the_name(changed: dict[str, Any]) -> None:
    assert process("ttbar", **changed).label == "ttbar"


@pytest.mark.parametrize("missing", ["years", "is_signal"])
def test_years_and_is_signal_have_no_default(missing: str) -> None:
    declared = {"name": "ttbar", "samples": ["TTbar"], "years": YEARS, "is_signal": False}
    del declared[missing]
    with pytest.raises(TypeError, match=missing):
        MCProcess(**declared)  # type: ignore[arg-type]


def test_data_is_data_and_simulation_is_not() -> None:
    assert DataProcess(name="data_obs", samples=["DATA_EGamma"], years=YEARS).is_data
    assert not TTBAR.is_data


def test_a_process_cannot_be_changed_behind_the_back_of_its_container() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        TTBAR.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("field", ["samples", "years"])
@pytest.mark.parametrize(
    ("given_names", "expected"),
    [
        ("TTbar", ["TTbar"]),
        (np.str_("TTbar"), ["TTbar"]),
        (("B", "A"), ["B", "A"]),
        ({"B": 1, "A": 2}.keys(), ["B", "A"]),
        (np.array(["B", "A"]), ["B", "A"]),
        ({"B", "C", "A"}, ["A", "B", "C"]),
        (frozenset({"B", "C", "A"}), ["A", "B", "C"]),
    ],
    ids=["string", "numpy string", "tuple", "keys", "array", "set", "frozenset"],
)
def test_samples_and_years_come_in_any_container(field: str, given_names: Any, expected: list[str]) -> None:
    assert list(getattr(process(**{field: given_names}), field)) == expected


def test_a_generator_of_samples_is_read_once_and_kept() -> None:
    declared = process(samples=(sample for sample in ("A", "B")))
    assert list(declared.samples) == list(declared.samples) == ["A", "B"]


@given(st.sets(st.from_regex(r"[A-Za-z]{1,8}", fullmatch=True), min_size=1))
def test_equal_sets_make_equal_processes(names: set[str]) -> None:
    assert process(samples=names) == process(samples=frozenset(sorted(names, reverse=True)))
    assert list(process(years=names).years) == sorted(names)


def test_a_list_that_is_changed_later_does_not_change_the_process() -> None:
    samples = ["TTbar"]
    declared = process(samples=samples)
    samples.append("SingleTop")
    assert list(declared.samples) == ["TTbar"]


@pytest.mark.parametrize("nothing", [[], (), set(), "", iter(())], ids=["list", "tuple", "set", "string", "iterator"])
@pytest.mark.parametrize("field", ["samples", "years"])
def test_a_process_without_samples_or_years_is_refused(field: str, nothing: Any) -> None:
    (problem,) = refused(lambda: process(**{field: nothing}))
    assert "'ttbar'" in problem
    assert field[:-1] in problem


@pytest.mark.parametrize("field", ["samples", "years"])
def test_what_is_listed_twice_is_named(field: str) -> None:
    (problem,) = refused(lambda: process(**{field: ["A", "B", "A"]}))
    assert "MCProcess 'ttbar' lists A twice" in problem
    assert field in problem


@pytest.mark.parametrize(
    "years",
    [2022, [2022], (2022,), [2022, 2022], {2022, "2023"}, np.array([2022]), np.array([2022, 2022])],
    ids=["int", "list", "tuple", "twice", "mixed set", "array", "array, twice"],
)
def test_years_given_as_numbers_are_answered_with_the_string_to_write(years: Any) -> None:
    problems = refused(lambda: process(years=years))
    assert any("'ttbar'" in problem and "expected a string such as '2022'" in problem for problem in problems)


@pytest.mark.parametrize("field", ["samples", "years"])
def test_samples_and_years_that_are_none_are_missing_rather_than_of_a_wrong_type(field: str) -> None:
    (problem,) = refused(lambda: process(**{field: None}))
    assert f"no {field}" in problem


@pytest.mark.parametrize(
    "samples",
    [[5], [5, 5], [["TTbar", "VV"]], {"TTbar", 5}, b"TTbar"],
    ids=["int", "int, twice", "nested", "mixed", "bytes"],
)
def test_a_sample_that_is_no_string_is_refused_with_the_name_of_its_process(samples: Any) -> None:
    problems = refused(lambda: process(samples=samples))
    assert any("'ttbar'" in problem and "expected a string" in problem for problem in problems)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("tt bar", "'tt_bar'"), ("2tt", "'_2tt'"), ("", "''"), (None, "None"), (5, "5")],
    ids=repr,
)
def test_a_name_that_combine_would_not_take_is_refused(name: Any, hint: str) -> None:
    (problem,) = refused(lambda: process(name))
    assert f"process {name!r}" in problem
    assert hint in problem


@pytest.mark.parametrize("field", ["is_signal", "has_rateParam"])
@pytest.mark.parametrize("answer", ["False", None, 2], ids=repr)
def test_a_switch_that_is_neither_true_nor_false_is_refused(field: str, answer: Any) -> None:
    (problem,) = refused(lambda: process(**{field: answer}))
    assert "'ttbar'" in problem
    assert f"{field} {answer!r}" in problem or f"{field} is {answer!r}" in problem


@pytest.mark.parametrize("answer", [np.True_, np.False_], ids=repr)
def test_a_switch_may_be_a_numpy_bool(answer: Any) -> None:
    assert bool(process(is_signal=answer).is_signal) is bool(answer)


def test_all_that_is_wrong_with_a_process_is_told_at_once() -> None:
    problems = refused(lambda: MCProcess(name="tt bar", samples=[], years=[2022, "20 23"], is_signal=False))
    assert len(problems) == 4
    for part in ("'tt bar' is no name", "has no samples", "year 2022", "year '20 23'"):
        assert sum(part in problem for problem in problems) == 1


def test_messages_show_numpy_strings_as_they_are_written() -> None:
    problems = refused(lambda: process(np.str_("tt bar"), samples=np.array(["A", "A"]), years=np.array(["20 22"])))
    assert len(problems) == 3
    assert not any("np.str_" in problem for problem in problems)


def test_a_container_keeps_the_order_of_the_script() -> None:
    processes = MCProcesses([TTBAR, SIGNAL])
    processes["diboson"] = DIBOSON
    assert list(processes) == ["ttbar", "signal", "diboson"]
    assert list(processes.values()) == [TTBAR, SIGNAL, DIBOSON]


def test_a_container_is_a_dict_by_name() -> None:
    processes = MCProcesses([TTBAR, SIGNAL])
    assert isinstance(processes, dict)
    assert processes["ttbar"] is TTBAR
    assert [declared.name for declared in processes.values()] == ["ttbar", "signal"]


def test_signals_and_backgrounds_expand_to_their_columns() -> None:
    processes = MCProcesses([TTBAR, SIGNAL, DIBOSON])
    assert processes.signal_processes == ["signal_2022", "signal_2023"]
    assert processes.background_processes == ["ttbar_2022", "ttbar_2023", "diboson_2023"]


def test_the_number_of_processes_is_that_of_the_columns() -> None:
    assert MCProcesses([TTBAR, SIGNAL, DIBOSON]).n_processes == 5
    assert MCProcesses().n_processes == 0


def test_a_container_may_start_empty_and_be_filled_in_a_loop() -> None:
    processes = MCProcesses()
    for suffix, samples in [("bin_lo", ["Bkg__lo_a", "Bkg__lo_b"]), ("bin_hi", ["Bkg__hi"])]:
        name = f"bkg_{suffix}"
        processes[name] = MCProcess(name=name, samples=samples, years=YEARS, is_signal=False, has_rateParam=True)
    assert processes.background_processes == [f"bkg_{s}_{year}" for s in ("bin_lo", "bin_hi") for year in YEARS]


@pytest.mark.parametrize(
    "values",
    [[TTBAR, SIGNAL], (TTBAR, SIGNAL), iter([TTBAR, SIGNAL]), MCProcesses([TTBAR, SIGNAL])],
    ids=["list", "tuple", "iterator", "another container"],
)
def test_a_container_is_made_of_any_iterable(values: Any) -> None:
    assert list(MCProcesses(values).items()) == [("ttbar", TTBAR), ("signal", SIGNAL)]


def test_a_container_of_data_holds_data() -> None:
    data = DataProcess(name="data_obs", samples=["DATA_EGamma", "DATA_SingleMuon"], years=YEARS)
    assert list(DataProcesses([data]).items()) == [("data_obs", data)]


def construct(container: MCProcesses, _key: str, value: Any) -> None:
    MCProcesses([*container.values(), value])


def construct_from_dict(container: MCProcesses, key: str, value: Any) -> None:
    mixed: Any = {**container, key: value}
    MCProcesses(mixed)


def assign(container: MCProcesses, key: str, value: Any) -> None:
    container[key] = value


def update_with_dict(container: MCProcesses, key: str, value: Any) -> None:
    container.update({key: value})


def update_with_pairs(container: MCProcesses, key: str, value: Any) -> None:
    container.update([(key, value)])


def update_with_keywords(container: MCProcesses, key: str, value: Any) -> None:
    container.update(**{key: value})


def set_default(container: MCProcesses, key: str, value: Any) -> None:
    container.setdefault(key, value)


def join_in_place(container: MCProcesses, key: str, value: Any) -> None:
    container |= {key: value}


def unpickle(container: MCProcesses, key: str, value: Any) -> None:
    dict.__setitem__(container, key, value)
    pickle.loads(pickle.dumps(container))


def deep_copy(container: MCProcesses, key: str, value: Any) -> None:
    dict.__setitem__(container, key, value)
    copy.deepcopy(container)


Way = Callable[[MCProcesses, str, Any], None]
WAYS: list[Way] = [
    assign,
    update_with_dict,
    update_with_pairs,
    update_with_keywords,
    set_default,
    join_in_place,
    unpickle,
    deep_copy,
    construct_from_dict,
]
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
every_way_and_the_constructor = pytest.mark.parametrize("way", [*WAYS, construct], ids=lambda way: way.__name__)


@every_way_and_the_constructor
def test_a_process_may_come_in_any_way(way: Way) -> None:
    way(MCProcesses([TTBAR]), "signal", SIGNAL)


@every_way_and_the_constructor
@pytest.mark.parametrize(
    "value",
    [
        None,
        "signal",
        DataProcess(name="signal", samples=["DATA_EGamma"], years=YEARS),
        SystematicUncertainty("signal", "lnN", ["ttbar"], YEARS, 1.05),
        MCProcess,
    ],
    ids=["None", "string", "data", "systematic", "class"],
)
def test_what_is_no_process_is_refused_whichever_way_it_comes(way: Way, value: Any) -> None:
    (problem,) = refused(lambda: way(MCProcesses([TTBAR]), "signal", value))
    assert "MCProcesses holds MCProcess objects" in problem
    assert repr(value) in problem


@every_way
def test_a_key_that_is_not_the_name_is_refused_whichever_way_it_comes(way: Way) -> None:
    (problem,) = refused(lambda: way(MCProcesses([TTBAR]), "sgnal", SIGNAL))
    assert "'sgnal'" in problem
    assert "'signal'" in problem


@every_way_and_the_constructor
def test_two_columns_of_one_name_are_refused_whichever_way_they_come(way: Way) -> None:
    first = process("a", samples=["A"], years=["b_2022"])
    second = process("a_b", samples=["AB"], years=["2022"])
    (problem,) = refused(lambda: way(MCProcesses([first]), "a_b", second))
    assert "'a_b_2022'" in problem
    assert "process 'a_b' with year '2022'" in problem
    assert "process 'a'" in problem
    assert "rename" in problem


@pytest.mark.parametrize(
    "way",
    [assign, update_with_dict, update_with_pairs, update_with_keywords, join_in_place, construct],
    ids=lambda way: way.__name__,
)
def test_another_process_of_the_same_name_is_refused_and_not_the_last_one_kept(way: Way) -> None:
    processes = MCProcesses([TTBAR])
    (problem,) = refused(lambda: way(processes, "ttbar", process("ttbar", samples=["Other"])))
    assert "'ttbar'" in problem
    assert "'TTbar'" in problem
    assert "'Other'" in problem
    assert "del" in problem
    assert processes["ttbar"] is TTBAR


@pytest.mark.parametrize("way", [*WAYS[:6], construct], ids=lambda way: way.__name__)
def test_the_same_process_assigned_again_changes_nothing(way: Way) -> None:
    processes = MCProcesses([TTBAR, SIGNAL])
    way(processes, "ttbar", process("ttbar"))
    assert list(processes.items()) == [("ttbar", TTBAR), ("signal", SIGNAL)]


def test_what_is_deleted_may_be_declared_anew() -> None:
    processes = MCProcesses([TTBAR, SIGNAL])
    del processes["ttbar"]
    processes["ttbar"] = process("ttbar", samples=["Other"])
    assert list(processes) == ["signal", "ttbar"]


def test_all_columns_that_collide_are_told_at_once() -> None:
    first = process("a", years=["b_2022", "b_2023"])
    problems = refused(lambda: MCProcesses([first, process("a_b", years=["2022", "2023"])]))
    assert ["'a_b_2022'" in problem or "'a_b_2023'" in problem for problem in problems] == [True, True]


def test_years_of_one_process_never_collide_with_themselves() -> None:
    processes = MCProcesses([process("a", years=["2022", "b_2022"]), process("a_b", years=["2023"])])
    assert processes.n_processes == 3


def wrong_values() -> Iterator[Any]:
    yield 1
    yield TTBAR
    yield process("ttbar", samples=["Other"])
    yield "signal"


def test_all_that_is_wrong_in_a_constructor_is_told_at_once() -> None:
    problems = refused(lambda: MCProcesses(wrong_values()))
    assert len(problems) == 3
    assert "got 1 (int)" in problems[0]
    assert "named 'ttbar'" in problems[1]
    assert "got 'signal' (str)" in problems[2]


def test_all_that_is_wrong_in_an_update_is_told_at_once() -> None:
    processes = MCProcesses([TTBAR])
    wrong: dict[str, Any] = {"signal": 1, "diboson": 2}
    assert len(refused(lambda: processes.update(wrong))) == 2


def test_an_update_that_is_refused_changes_nothing() -> None:
    processes = MCProcesses([TTBAR])
    wrong: dict[str, Any] = {"signal": SIGNAL, "diboson": 2}
    refused(lambda: processes.update(wrong))
    assert list(processes) == ["ttbar"]


@pytest.mark.parametrize("values", [TTBAR, None, 5], ids=["one process", "None", "number"])
def test_a_container_made_of_what_is_no_list_says_what_it_expects(values: Any) -> None:
    (problem,) = refused(lambda: MCProcesses(values))
    assert "MCProcesses" in problem
    assert "list" in problem


def test_setdefault_gives_what_is_there() -> None:
    processes = MCProcesses([TTBAR])
    assert processes.setdefault("ttbar", process("ttbar", samples=["Other"])) is TTBAR


def round_trip(protocol: int) -> Callable[[MCProcesses], MCProcesses]:
    return lambda processes: pickle.loads(pickle.dumps(processes, protocol))


@pytest.mark.parametrize(
    "travel",
    [
        *(pytest.param(round_trip(p), id=f"pickle protocol {p}") for p in range(2, pickle.HIGHEST_PROTOCOL + 1)),
        pytest.param(copy.copy, id="copy.copy"),
        pytest.param(copy.deepcopy, id="copy.deepcopy"),
        pytest.param(MCProcesses.copy, id="copy method"),
    ],
)
def test_a_container_arrives_as_it_left(travel: Callable[[MCProcesses], MCProcesses]) -> None:
    processes = MCProcesses([TTBAR, SIGNAL, DIBOSON])
    arrived = travel(processes)
    assert type(arrived) is MCProcesses
    assert arrived is not processes
    assert list(arrived.items()) == list(processes.items())
    refused(lambda: arrived.update(wrong=TTBAR))


def test_two_containers_joined_are_a_container_again() -> None:
    joined: Any = MCProcesses([TTBAR]) | MCProcesses([SIGNAL])
    assert type(joined) is MCProcesses
    assert list(joined) == ["ttbar", "signal"]


def test_a_container_and_a_dict_joined_are_a_container_and_checked() -> None:
    for joined in ({"signal": SIGNAL} | MCProcesses([TTBAR]), MCProcesses([SIGNAL]) | {"ttbar": TTBAR}):
        found: Any = joined
        assert type(found) is MCProcesses
        assert list(found) == ["signal", "ttbar"]
    (problem,) = refused(lambda: {"sgnal": SIGNAL} | MCProcesses([TTBAR]))
    assert "'sgnal'" in problem


def test_a_container_is_joined_with_dicts_only() -> None:
    with pytest.raises(TypeError):
        MCProcesses([TTBAR]) | [("signal", SIGNAL)]


def test_two_containers_with_colliding_columns_cannot_be_joined() -> None:
    first = MCProcesses([process("a", years=["b_2022"])])
    (problem,) = refused(lambda: first | MCProcesses([process("a_b", years=["2022"])]))
    assert "'a_b_2022'" in problem
