"""Processes: which samples make a column of the card, for which years."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import DataProcess, DataProcesses, DeclarationError, MCProcess, MCProcesses
from tests.support.cases import case
from tests.support.declarations import process, refused

YEARS = ["2022_preEE", "2022_postEE", "2023_preBPix", "2023_postBPix", "2024"]


TTBAR = process("ttbar")


SIGNAL = process("signal", samples=["SignalSampleA", "SignalSampleB"], is_signal=True)


DIBOSON = process("diboson", samples=["VV"], years=["2023"])


class TestDeclaration:
    """The arguments of a process."""

    def test_keywords(self) -> None:
        """Every argument has a keyword."""
        declared = MCProcess(
            name="ttbar", samples=["TTbar"], years=YEARS, is_signal=False, has_rateParam=True, label="top pairs"
        )
        assert declared.name == "ttbar"
        assert list(declared.samples) == ["TTbar"]
        assert list(declared.years) == YEARS
        assert declared.is_signal is False
        assert declared.has_rateParam is True
        assert declared.label == "top pairs"

    def test_positions(self) -> None:
        """Name, samples and label may be positional."""
        declared = MCProcess("ttbar", ["TTbar"], "top pairs", years=YEARS, is_signal=False)
        assert (declared.name, list(declared.samples), declared.label) == ("ttbar", ["TTbar"], "top pairs")

    def test_free_rate_by_default(self) -> None:
        """The rate of a process is fixed by default."""
        assert process().has_rateParam is False

    @pytest.mark.parametrize("changed", [{}, {"label": None}], ids=["not given", "None"])
    def test_label(self, changed: dict[str, Any]) -> None:
        """The label is the name where none is given."""
        assert process("ttbar", **changed).label == "ttbar"

    @pytest.mark.parametrize("missing", ["years", "is_signal"])
    def test_required_arguments(self, missing: str) -> None:
        """Years and is_signal have no default, and a declaration without one of them is told as other faults are."""
        declared = {"name": "ttbar", "samples": ["TTbar"], "years": YEARS, "is_signal": False}
        del declared[missing]
        with pytest.raises(DeclarationError, match=missing):
            MCProcess(**declared)  # type: ignore[arg-type]

    def test_is_data(self) -> None:
        """A data process is data, and a simulated one is not."""
        assert DataProcess(name="data_obs", samples=["DATA_EGamma"], years=YEARS).is_data
        assert not TTBAR.is_data

    def test_frozen(self) -> None:
        """The copy of a card cannot be changed."""
        copy = TTBAR.frozen()
        assert copy == TTBAR
        with pytest.raises(AttributeError, match=r"MCProcess\.name belongs to a finished card"):
            copy.name = "other"
        assert isinstance(copy.samples, tuple)

    def test_containers_of_names(self) -> None:
        """Samples and years come in any container."""
        fields: list[str] = ["samples", "years"]
        containers: list[tuple[Any, list[str]]] = [
            ("TTbar", ["TTbar"]),
            (np.str_("TTbar"), ["TTbar"]),
            (("B", "A"), ["B", "A"]),
            ({"B": 1, "A": 2}.keys(), ["B", "A"]),
            (np.array(["B", "A"]), ["B", "A"]),
            ({"B", "C", "A"}, ["A", "B", "C"]),
            (frozenset({"B", "C", "A"}), ["A", "B", "C"]),
        ]
        for field in fields:
            for given_names, expected in containers:
                with case(field, given_names, expected):
                    assert list(getattr(process(**{field: given_names}), field)) == expected

    def test_generator(self) -> None:
        """A generator of samples is read once and kept."""
        declared = process(samples=(sample for sample in ("A", "B")))
        assert list(declared.samples) == list(declared.samples) == ["A", "B"]

    @pytest.mark.slow
    @given(st.sets(st.text(string.ascii_letters, min_size=1, max_size=8), min_size=1))
    def test_sets(self, names: set[str]) -> None:
        """Equal sets make equal processes, with sorted names."""
        assert process(samples=names) == process(samples=frozenset(sorted(names, reverse=True)))
        assert list(process(years=names).years) == sorted(names)

    def test_containers_are_copied(self) -> None:
        """A later change of the script's list does not change the process."""
        samples = ["TTbar"]
        declared = process(samples=samples)
        samples.append("SingleTop")
        assert list(declared.samples) == ["TTbar"]


class TestProblems:
    """A process that cannot be meant as it is declared."""

    @pytest.mark.parametrize(
        "nothing", [[], (), set(), "", iter(())], ids=["list", "tuple", "set", "string", "iterator"]
    )
    @pytest.mark.parametrize("field", ["samples", "years"])
    def test_empty(self, field: str, nothing: Any) -> None:
        """A process whose samples or years stay empty is refused by a card."""
        (problem,) = refused(lambda: process(**{field: nothing}).frozen())
        assert "'ttbar'" in problem
        assert field[:-1] in problem

    @pytest.mark.parametrize("field", ["samples", "years"])
    def test_duplicates(self, field: str) -> None:
        """A sample or year that is listed twice is named."""
        (problem,) = refused(lambda: process(**{field: ["A", "B", "A"]}))
        assert "MCProcess 'ttbar' lists A twice" in problem
        assert field in problem

    @pytest.mark.parametrize(
        "years",
        [2022, [2022], (2022,), [2022, 2022], {2022, "2023"}, np.array([2022]), np.array([2022, 2022])],
        ids=["int", "list", "tuple", "twice", "mixed set", "array", "array, twice"],
    )
    def test_years_as_numbers(self, years: Any) -> None:
        """Years given as numbers are answered with the string to write."""
        problems = refused(lambda: process(years=years))
        assert any("'ttbar'" in problem and "expected a string such as '2022'" in problem for problem in problems)

    @pytest.mark.parametrize("field", ["samples", "years"])
    def test_none(self, field: str) -> None:
        """None for samples or years is answered as missing."""
        (problem,) = refused(process(**{field: None}).frozen)
        assert f"no {field}" in problem

    @pytest.mark.parametrize(
        "samples",
        [[5], [5, 5], [["TTbar", "VV"]], {"TTbar", 5}, b"TTbar"],
        ids=["int", "int, twice", "nested", "mixed", "bytes"],
    )
    def test_samples_of_wrong_type(self, samples: Any) -> None:
        """A sample that is not a string is refused with the name of its process."""
        problems = refused(lambda: process(samples=samples))
        assert any("'ttbar'" in problem and "expected a string" in problem for problem in problems)

    @pytest.mark.parametrize(
        ("name", "hint"),
        [("tt bar", "'tt_bar'"), ("2tt", "'_2tt'"), ("", "''"), (None, "None"), (5, "5")],
        ids=repr,
    )
    def test_name(self, name: Any, hint: str) -> None:
        """A name that Combine refuses comes with one that it takes."""
        (problem,) = refused(lambda: process(name))
        assert f"process {name!r}" in problem
        assert hint in problem

    @pytest.mark.parametrize("field", ["is_signal", "has_rateParam", "mcstat"])
    @pytest.mark.parametrize("answer", ["False", None, 2], ids=repr)
    def test_switches(self, field: str, answer: Any) -> None:
        """A switch that is neither True nor False is refused."""
        (problem,) = refused(lambda: process(**{field: answer}))
        assert "'ttbar'" in problem
        assert f"{field} {answer!r}" in problem or f"{field} is {answer!r}" in problem

    @pytest.mark.parametrize(
        ("parameter", "hint"),
        [
            ({}, "has_rateParam is {}, expected True, False or a dict such as {'range': (0, 3)}"),
            ({"rnage": (0, 3)}, "'rnage' is no part of a rateParam (did you mean 'range'?)"),
            ({"initial": 6}, "range (0.0, 5.0) does not hold the initial value 6"),
            ({"initial": "high"}, "initial 'high' is not a number"),
            ({"range": (3, 0)}, "range (3, 0): the lowest value is not below the highest"),
            ({"range": 3}, "range 3: expected a (lowest, highest) pair of numbers"),
            ({"name": "SF tt"}, "name 'SF tt' is not a name that Combine accepts"),
            ({"name": None}, "name None is a NoneType, expected a string"),
        ],
        ids=str,
    )
    def test_refused_rate_parameters(self, parameter: dict[str, Any], hint: str) -> None:
        """A wrong start, range or name of a free parameter is told with the process."""
        problems = refused(lambda: process(has_rateParam=parameter))
        assert problems[0].startswith("MCProcess 'ttbar': has_rateParam")
        assert hint in problems[0]

    def test_shared_rate_parameters(self) -> None:
        """Processes that share a parameter have one start and range."""
        named = {"name": "SF", "range": (0, 3)}
        processes = [process("tt", has_rateParam=named), process("ttbb", has_rateParam={**named, "initial": 2})]
        (problem,) = refused(lambda: MCProcesses(processes))
        assert "processes 'tt' and 'ttbb' share the rateParam 'SF', and one has initial 1.0, the other 2" in problem

    def test_read_only_rate_parameter(self) -> None:
        """A card keeps a copy of the dict, which nobody can change."""
        frozen = process(has_rateParam={"range": (0, 3)}).frozen()
        with pytest.raises(TypeError, match="read-only"):
            frozen.has_rateParam["range"] = (0, 4)  # type: ignore[index]

    @pytest.mark.parametrize("answer", [np.True_, np.False_], ids=repr)
    def test_numpy_switches(self, answer: Any) -> None:
        """A switch may be numpy's bool."""
        assert bool(process(is_signal=answer).is_signal) is bool(answer)

    def test_all_problems_at_once(self) -> None:
        """All that is wrong with a process is told at once."""
        problems = refused(lambda: MCProcess(name="tt bar", samples=[], years=[2022, "20 23"], is_signal=False))
        assert len(problems) == 3
        for part in ("'tt bar' is not a name", "year 2022", "year '20 23'"):
            assert sum(part in problem for problem in problems) == 1

    def test_numpy_strings_in_messages(self) -> None:
        """Messages show numpy's strings as they are written."""
        problems = refused(lambda: process(np.str_("tt bar"), samples=np.array(["A", "A"]), years=np.array(["20 22"])))
        assert len(problems) == 3
        assert not any("np.str_" in problem for problem in problems)


class TestColumns:
    """The columns that processes expand to."""

    def test_signals_and_backgrounds(self) -> None:
        """Signals and backgrounds expand to one column for each year."""
        processes = MCProcesses([TTBAR, SIGNAL, DIBOSON])
        assert processes.signal_processes == ["signal_2022", "signal_2023"]
        assert processes.background_processes == ["ttbar_2022", "ttbar_2023", "diboson_2023"]

    def test_number(self) -> None:
        """The number of processes is that of the columns."""
        assert MCProcesses([TTBAR, SIGNAL, DIBOSON]).n_processes == 5
        assert MCProcesses().n_processes == 0

    def test_all_collisions_at_once(self) -> None:
        """All columns of one name are told at once."""
        first = process("a", years=["b_2022", "b_2023"])
        problems = refused(lambda: MCProcesses([first, process("a_b", years=["2022", "2023"])]))
        assert ["'a_b_2022'" in problem or "'a_b_2023'" in problem for problem in problems] == [True, True]

    def test_years_of_one_process(self) -> None:
        """Years of one process never collide with each other."""
        processes = MCProcesses([process("a", years=["2022", "b_2022"]), process("a_b", years=["2023"])])
        assert processes.n_processes == 3

    def test_collisions_of_joined_containers(self) -> None:
        """Two containers with columns of one name cannot be joined."""
        first = MCProcesses([process("a", years=["b_2022"])])
        (problem,) = refused(lambda: first | MCProcesses([process("a_b", years=["2022"])]))
        assert "'a_b_2022'" in problem


def test_data_processes() -> None:
    """A container of data processes holds them by name."""
    data = DataProcess(name="data_obs", samples=["DATA_EGamma", "DATA_SingleMuon"], years=YEARS)
    assert list(DataProcesses([data]).items()) == [("data_obs", data)]
