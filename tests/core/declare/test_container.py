"""The dict that declarations are kept in: every value is checked, in every way it can be added."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from datacard_core import (
    DataProcess,
    DeclarationError,
    MCProcess,
    MCProcesses,
    Systematics,
    SystematicUncertainty,
)
from tests.support.cases import case
from tests.support.declarations import YEARS, process, refused

TTBAR = process("ttbar")


SIGNAL = process("signal", samples=["SignalSampleA", "SignalSampleB"], is_signal=True)


DIBOSON = process("diboson", samples=["VV"], years=["2023"])


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


def wrong_values() -> Iterator[Any]:
    yield 1
    yield TTBAR
    yield process("ttbar", samples=["Other"])
    yield "signal"


def round_trip(protocol: int) -> Callable[[MCProcesses], MCProcesses]:
    return lambda processes: pickle.loads(pickle.dumps(processes, protocol))


class TestValues:
    """What a container holds."""

    def test_order(self) -> None:
        """A container keeps the order of the script."""
        processes = MCProcesses([TTBAR, SIGNAL])
        processes["diboson"] = DIBOSON
        assert list(processes) == ["ttbar", "signal", "diboson"]
        assert list(processes.values()) == [TTBAR, SIGNAL, DIBOSON]

    def test_dict_by_name(self) -> None:
        """A container is a dict by name."""
        processes = MCProcesses([TTBAR, SIGNAL])
        assert isinstance(processes, dict)
        assert processes["ttbar"] is TTBAR
        assert [declared.name for declared in processes.values()] == ["ttbar", "signal"]

    def test_filled_in_loop(self) -> None:
        """A container may start empty and be filled in a loop."""
        processes = MCProcesses()
        for suffix, samples in [("bin_lo", ["Bkg__lo_a", "Bkg__lo_b"]), ("bin_hi", ["Bkg__hi"])]:
            name = f"bkg_{suffix}"
            processes[name] = MCProcess(name=name, samples=samples, years=YEARS, is_signal=False, has_rateParam=True)
        assert processes.background_processes == [f"bkg_{s}_{year}" for s in ("bin_lo", "bin_hi") for year in YEARS]

    def test_iterables(self) -> None:
        """A container is made of any iterable."""
        cases: list[Any] = [[TTBAR, SIGNAL], (TTBAR, SIGNAL), iter([TTBAR, SIGNAL]), MCProcesses([TTBAR, SIGNAL])]
        for values in cases:
            with case(values):
                assert list(MCProcesses(values).items()) == [("ttbar", TTBAR), ("signal", SIGNAL)]

    def test_declared_anew(self) -> None:
        """A deleted name may be declared anew."""
        processes = MCProcesses([TTBAR, SIGNAL])
        del processes["ttbar"]
        processes["ttbar"] = process("ttbar", samples=["Other"])
        assert list(processes) == ["signal", "ttbar"]

    def test_setdefault(self) -> None:
        """The value that is there already is what setdefault returns."""
        processes = MCProcesses([TTBAR])
        assert processes.setdefault("ttbar", process("ttbar", samples=["Other"])) is TTBAR


class TestAdding:
    """Values added in every way that a dict has."""

    @every_way_and_the_constructor
    def test_accepted(self, way: Way) -> None:
        """A process may be added in every way."""
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
    def test_wrong_types(self, way: Way, value: Any) -> None:
        """A value of another type is refused."""
        (problem,) = refused(lambda: way(MCProcesses([TTBAR]), "signal", value))
        assert "MCProcesses holds MCProcess objects" in problem
        assert repr(value)[:150] in problem

    @every_way
    def test_wrong_key(self, way: Way) -> None:
        """A key that is not the name is refused."""
        (problem,) = refused(lambda: way(MCProcesses([TTBAR]), "sgnal", SIGNAL))
        assert "'sgnal'" in problem
        assert "'signal'" in problem

    @every_way_and_the_constructor
    def test_colliding_columns(self, way: Way) -> None:
        """Two columns of one name are refused with both processes."""
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
    def test_another_of_same_name(self, way: Way) -> None:
        """A second process of one name is refused, instead of replacing the first."""
        processes = MCProcesses([TTBAR])
        (problem,) = refused(lambda: way(processes, "ttbar", process("ttbar", samples=["Other"])))
        assert "'ttbar'" in problem
        assert "'TTbar'" in problem
        assert "'Other'" in problem
        assert "del" in problem
        assert processes["ttbar"] is TTBAR

    def test_same_again(self) -> None:
        """The same process added again does not change the container."""
        cases: list[Way] = [*WAYS[:6], construct]
        for way in cases:
            with case(way):
                processes = MCProcesses([TTBAR, SIGNAL])
                way(processes, "ttbar", process("ttbar"))
                assert list(processes.items()) == [("ttbar", TTBAR), ("signal", SIGNAL)]


class TestProblems:
    """Several problems are told together."""

    def test_of_constructor(self) -> None:
        """All that is wrong in a constructor is told at once."""
        problems = refused(lambda: MCProcesses(wrong_values()))
        assert len(problems) == 3
        assert "got 1 (int)" in problems[0]
        assert "named 'ttbar'" in problems[1]
        assert "got 'signal' (str)" in problems[2]

    def test_of_update(self) -> None:
        """All that is wrong in an update is told at once."""
        processes = MCProcesses([TTBAR])
        wrong: dict[str, Any] = {"signal": 1, "diboson": 2}
        assert len(refused(lambda: processes.update(wrong))) == 2

    def test_refused_update(self) -> None:
        """An update that is refused does not change the container."""
        processes = MCProcesses([TTBAR])
        wrong: dict[str, Any] = {"signal": SIGNAL, "diboson": 2}
        refused(lambda: processes.update(wrong))
        assert list(processes) == ["ttbar"]

    @pytest.mark.parametrize("values", [TTBAR, None, 5], ids=["one process", "None", "number"])
    def test_constructor_without_list(self, values: Any) -> None:
        """A constructor that gets no list says which type it expects."""
        (problem,) = refused(lambda: MCProcesses(values))
        assert "MCProcesses" in problem
        assert "list" in problem


class TestCopies:
    """Copies, pickles and unions of containers."""

    @pytest.mark.parametrize(
        "travel",
        [
            *(pytest.param(round_trip(p), id=f"pickle protocol {p}") for p in range(2, pickle.HIGHEST_PROTOCOL + 1)),
            pytest.param(copy.copy, id="copy.copy"),
            pytest.param(copy.deepcopy, id="copy.deepcopy"),
            pytest.param(MCProcesses.copy, id="copy method"),
        ],
    )
    def test_copied_or_pickled(self, travel: Callable[[MCProcesses], MCProcesses]) -> None:
        """A copied or pickled container has the same values and is still checked."""
        processes = MCProcesses([TTBAR, SIGNAL, DIBOSON])
        arrived = travel(processes)
        assert type(arrived) is MCProcesses
        assert arrived is not processes
        assert list(arrived.items()) == list(processes.items())
        refused(lambda: arrived.update(wrong=TTBAR))

    def test_joined(self) -> None:
        """Two containers joined are a container."""
        joined: Any = MCProcesses([TTBAR]) | MCProcesses([SIGNAL])
        assert type(joined) is MCProcesses
        assert list(joined) == ["ttbar", "signal"]

    def test_joined_with_dict(self) -> None:
        """A container joined with a dict is a container, and checked."""
        for joined in ({"signal": SIGNAL} | MCProcesses([TTBAR]), MCProcesses([SIGNAL]) | {"ttbar": TTBAR}):
            found: Any = joined
            assert type(found) is MCProcesses
            assert list(found) == ["signal", "ttbar"]
        (problem,) = refused(lambda: {"sgnal": SIGNAL} | MCProcesses([TTBAR]))
        assert "'sgnal'" in problem

    def test_joined_with_others(self) -> None:
        """A container is joined with dicts only."""
        with pytest.raises(TypeError):
            MCProcesses([TTBAR]) | [("signal", SIGNAL)]


class TestSubclasses:
    """Subclasses of the containers."""

    @pytest.mark.parametrize(
        ("base", "name"),
        [(Systematics, "get_systematics_by_type"), (Systematics, "variations_names"), (MCProcesses, "n_processes")],
    )
    def test_refused(self, base: type, name: str) -> None:
        """An override that no card would be built from is refused when the class is made."""
        with pytest.raises(DeclarationError, match=f"class 'Mine' overrides '{name}', which no card is built from"):
            type("Mine", (base,), {name: lambda _: {}})

    def test_mixin(self) -> None:
        """An override that a mixin brings is refused too."""
        mixin = type("Mixin", (), {"list_type": lambda *_: []})
        with pytest.raises(DeclarationError, match="'list_type'"):
            type("Mine", (mixin, Systematics), {})

    def test_methods_of_its_own(self) -> None:
        """Further methods are free."""
        mine = type("Mine", (Systematics,), {"total": lambda self: len(self) + 1})
        assert mine([]).total() == 1
