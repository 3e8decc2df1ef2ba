"""Arguments of any type: plain values, and records of objects that have no plain form."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from datacard_core import (
    Analysis,
    Category,
    Datacard,
    DatacardError,
    DeclarationError,
    MCProcess,
    MCProcesses,
    Model,
    Systematics,
    combine_datacards,
    load_output,
    load_plugins,
    read_card,
)
from datacard_core.arguments import Foreign, any_object, foreign_in, number_or_other, scalar, scalars, shown, tree, word
from tests.support.cases import case
from tests.support.declarations import PROCESSES, YEARS, process, systematic
from tests.support.hostile_values import CYCLE, HOSTILE, Failing, FailingDict, FailingList, FailingText, nested
from tests.support.outputs import PLUGINS, card, signal_and_ttbar

if TYPE_CHECKING:
    from collections.abc import Callable

HUGE = 10**5000


class TestScalar:
    def test_plain_value(self) -> None:
        """Texts and numbers of any library become Python's own."""
        cases: list[tuple[Any, object]] = [
            (np.str_("a"), "a"),
            (FailingText("a"), "a"),
            (np.bool_(True), True),
            (np.int64(3), 3),
            (np.float32(0.5), 0.5),
            (None, None),
        ]
        for value, expected in cases:
            with case(value, expected):
                made = scalar(value)
                assert type(made) is type(expected)
                assert made == expected

    def test_other_object(self) -> None:
        """Another object is replaced by a record that can be compared, be a key, and be printed."""
        for value in HOSTILE:
            with case(value):
                made = scalar(value)
                assert isinstance(made, Foreign)
                assert made.type_name == type(value).__name__
                assert {made: repr(made)}[made]
                assert made != scalar(value)

    def test_integer_that_cannot_be_written(self) -> None:
        """Python writes out no integer of more than 4300 digits, and 10**400 still."""
        assert isinstance(scalar(HUGE), Foreign)
        assert scalar(10**400) == 10**400


class TestContainers:
    def test_names(self) -> None:
        """A text is one name, a set is sorted, and an array is a list."""
        assert scalars("ab") == ("ab",)
        assert scalars({"b", "a"}) == ("a", "b")
        assert scalars(np.array(["b", "a"])) == ("b", "a")

    @pytest.mark.slow
    def test_list_that_fails(self) -> None:
        """A list whose iterator fails is one record, as is an iterator without end."""
        for value in (FailingList(["a"]), itertools.count()):
            (made,) = scalars(value)
            assert isinstance(made, Foreign)

    def test_error_of_a_generator(self) -> None:
        """An error in a generator of the script is shown where it happens."""
        with pytest.raises(ZeroDivisionError):
            scalars(1 / zero for zero in [0])

    @pytest.mark.parametrize("value", [CYCLE, nested(5000), nested(31)], ids=["cycle", "5000 levels", "31 levels"])
    def test_levels(self, value: Any) -> None:
        """Containers in each other end at thirty levels."""
        assert foreign_in(tree(value))

    def test_copies(self) -> None:
        """A tree shares no container with the original, and keys are plain."""
        given: dict[Any, Any] = {np.str_("a"): [1, {"b": np.array([2.0])}]}
        made = tree(given)
        given["a"][1]["b"] = None
        assert made == {"a": (1, {"b": (2.0,)})}
        assert [type(key) for key in made] == [str]

    def test_objects_of_a_kind(self) -> None:
        """Objects that can be printed and compared stay for the kind; others are records."""
        half = Fraction(1, 2)
        assert any_object(half) is half
        assert isinstance(any_object(Failing()), Foreign)
        assert isinstance(any_object(np.void(b"ab")), Foreign)
        assert number_or_other(half) == 0.5

    def test_word(self) -> None:
        """A whole number is a word too, and True is none."""
        assert [word(0), word(2022), word("a"), word(None)] == ["0", "2022", "a", None]
        assert word(True) is True  # type: ignore[comparison-overlap] # refused by the rules behind


WRONG = [*HOSTILE, CYCLE, nested(5000), HUGE, math.nan, np.array(["a", "b"]), {"a": 1}, True, 0.5, b"a"]


def _card(**changed: Any) -> Datacard:
    return card(signal_and_ttbar(nominal=[1, 2, 3]), **changed)


def _analysis(**changed: Any) -> Analysis:
    arguments: dict[str, Any] = {
        "years": YEARS,
        "mc_processes": PROCESSES,
        "systematics": Systematics(),
        "categories": {"SR": Category("m")},
        "plugins": PLUGINS,
    }
    return Analysis(**arguments | changed)


TEXTS: dict[str, Callable[[Any], object]] = {
    "process name": process,
    "process label": lambda value: process(label=value),
    "is_signal": lambda value: process(is_signal=value if value is not True else 1),
    "datacard_name": lambda value: systematic(datacard_name=value),
    "typ": lambda value: systematic(typ=value),
    "categories of a systematic": lambda value: systematic(categories=[value]),
    "variable": Category,
    "bin_name": lambda value: Category("m", bin_name=value),
    "card_name": lambda value: Category("m", card_name=value),
    "category": lambda value: _card(category=value),
    "bin_prefix": lambda value: _card(bin_prefix=value),
    "bin_suffix": lambda value: _card(bin_suffix=value),
    "flow": lambda value: _card(flow=value),
    "blind": lambda value: _card(blind=value if value is not True else None),
    "policies": lambda value: _card(policies=value),
    "empty_process": lambda value: _card(policies={"empty_process": 1 if value is None else value}),
    "shape_only_for_rateparam": lambda value: _card(shape_only_for_rateparam=value if value is not True else 1),
    "verbose": lambda value: _card(verbose=value if value is not True else 1),
    "rateparam_norm_categories": lambda value: _card(rateparam_norm_categories=[value]),
    "plugins": lambda value: _card(plugins=value),
    "accept": lambda value: _card(accept={"clipped": value}),
    "label of an analysis": lambda value: _analysis(label=value),
    "bin_prefix of an analysis": lambda value: _analysis(bin_prefix=value),
    "name of a category": lambda value: _analysis(categories=[(value, Category("m"))]),
    "category of an analysis": lambda value: _analysis(categories={"SR": value}),
    "processes in a container": lambda value: MCProcesses([value]),
    "files": lambda value: load_output([value]),
    "path of a card": read_card,
    "plugins of a reading": lambda value: read_card(__file__, plugins=value),
    "blocked plugin": lambda value: load_plugins(block=[value]),
    "channel": lambda value: Model.of([value]),
    "cards": lambda value: combine_datacards(value, "nowhere"),
}


@pytest.mark.slow
def test_objects_of_any_type() -> None:
    """No object in the place of a text or a flag is accepted, and each is told by an error of the project."""
    for argument, given_to in TEXTS.items():
        for value in WRONG:
            with case(argument, type(value)), pytest.raises(DatacardError):
                given_to(value)


def test_label_of_a_number() -> None:
    """The suffix 0 is kept as a text, and True is none."""
    assert _card(bin_suffix=0).bin == "SR_0"
    with pytest.raises(DeclarationError, match=r"bin_prefix is True \(bool\), expected a text"):
        _card(bin_prefix=True)


def test_subclass_whose_methods_fail() -> None:
    """Texts and lists of a class whose methods fail are read as what they hold."""
    made = MCProcess(name=FailingText("tt"), samples=["TTbar"], years=["2022"], is_signal=False)
    assert type(made.name) is str
    assert repr(made).count("'tt'") == 2
    with pytest.raises(DeclarationError, match="an object of FailingDict"):
        systematic(processes=FailingDict(ttbar=1.05), value=None)


def test_edges() -> None:
    """Edges are numbers: texts, bools and integers that no double can hold are refused."""
    cases: list[Any] = ["012", [0, HUGE], [0, 10**400], [0, "1"], [False, True], {0: 1}, 2.0]
    for edges in cases:
        with case(edges), pytest.raises(DeclarationError, match="bins_edges"):
            _card(bins_edges=edges)


@pytest.mark.slow
def test_path_of_no_file(tmp_path: Path) -> None:
    """A path that no system has is refused, and a path of pathlib is one."""
    for path in (5, b"a", "a\0b", "\udcff\ud800"):
        with pytest.raises(DeclarationError, match=r"path|name"):
            _card().dump(path)  # type: ignore[arg-type]
    _card().dump(Path(tmp_path))
    assert (tmp_path / "datacard.txt").is_file()


def test_text_of_many_elements() -> None:
    """The text of a long or nested list is the beginning of its own, and takes no time for the rest of it."""

    class Slow:
        shown = 0

        def __repr__(self) -> str:
            Slow.shown += 1
            return "slow"

    assert shown([Slow()] * 100_000) == ("[" + "slow, " * 40)[:200]
    assert Slow.shown <= 200
    assert shown(["a" * 10**6] * 100) == "['" + "a" * 198
    nested = [{"a": (1, 2)}, [[1] * 500] * 500]
    assert shown(nested) == repr(nested)[:200]
