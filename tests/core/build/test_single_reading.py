"""Results of plugins: read once, when they are returned, and kept in the core's own types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Channel,
    Check,
    Datacard,
    Directive,
    Effect,
    Finding,
    FreeParameter,
    Normalisation,
    PluginCallError,
    Severity,
    Shape,
    SystematicKind,
    SystematicUncertainty,
    Target,
    Templates,
    load_plugins,
    prefit,
    warning,
)
from datacard_core.testing import small_card
from tests.support.plugins import YEARS, Provider, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from datacard_core.model.arrays import FloatArray, IntArray

TOP = [2, 3]
"""Positions of top_2022 and top_2023 in the small card, whose yields in 2022 are 30, 20 and 10."""


class Made(SystematicKind):
    """A kind that returns what a function makes of a target."""

    typ: ClassVar[str] = "made"

    def __init__(self, make: Callable[[Target], Iterable[Any]]) -> None:
        self.make = make

    def effects(self, target: Target) -> Iterable[Any]:
        return self.make(target)


def card(make: Callable[[Target], Iterable[Any]], *names: str, more: tuple[Any, ...] = ()) -> Datacard:
    """Return the small card with a nuisance of top for each name."""
    systematics = [SystematicUncertainty(name, "made", ["top"], YEARS, 1.0) for name in names or ("mine",)]
    plugins = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Made(make)), *more)
    return small_card(*systematics, plugins=plugins, mcstat=False, verbose=False)


def row(card: Datacard, name: str = "mine") -> list[str]:
    """Return the cells of a nuisance behind its keyword."""
    return rows(card)[name][1:]


class Forgetful(Effect):
    """An effect that is right at the first question only."""

    def __init__(self, columns: IntArray) -> None:
        self.right = columns
        self.asked: list[str] = []

    def _first(self, what: str) -> bool:
        self.asked.append(what)
        return self.asked.count(what) == 1

    @property
    def columns(self) -> IntArray:  # type: ignore[override]
        return self.right if self._first("columns") else np.array([77, 78])

    @property
    def keyword(self) -> str:
        return "lnN" if self._first("keyword") else "imax"

    def cells(self) -> Sequence[str]:
        return ["1.1", "1.2"] if self._first("cells") else ["nan\nr param 0 1"]


class TestEffects:
    """Effects of a plugin's class."""

    @pytest.mark.slow
    def test_asked_once(self) -> None:
        """Columns, keyword and cells are those of the first question, in the card and in all that reads it."""
        made: list[Forgetful] = []

        def make(target: Target) -> Iterable[Effect]:
            made.append(Forgetful(target.positions))
            return made

        built = card(make)
        (nuisance,) = built.channel.nuisances
        for _ in range(2):
            assert rows(built)["mine"] == ["lnN", "-", "-", "1.1", "1.2", "-", "-"]
            assert (nuisance.keyword, nuisance.columns) == ("lnN", TOP)
            assert prefit(built.channel).excluded == ("mine",)
        assert sorted(made[0].asked) == ["cells", "columns", "keyword"]

    @pytest.mark.slow
    def test_buffer(self) -> None:
        """A kind may use an array again for the next nuisance."""
        buffer = np.ones((2, 3))

        def make(target: Target) -> Iterable[Effect]:
            buffer[:] = target.nominal.values * {"one": 1.1, "two": 1.5}[target.systematic.name]
            return [Shape(target.positions, Templates(buffer, buffer), target.nominal, np.ones(2))]

        built = card(make, "one", "two")
        # top_2022 has 60 events.
        assert built.rate("top_2022", "oneUp") == pytest.approx(66)
        assert built.rate("top_2022", "twoUp") == pytest.approx(90)

    @pytest.mark.slow
    @pytest.mark.parametrize("columns", [[2, 3], (2, 3), np.array([2, 3], dtype=np.uint8)], ids=repr)
    def test_columns_of_other_types(self, columns: Any) -> None:
        """Columns may be a list, or of another type of integers, also where a template is left out."""

        def make(target: Target) -> Iterable[Effect]:
            up = target.nominal.values * [[0.0], [1.1]]
            return [Shape(columns, Templates(up, up), target.nominal, np.ones(2))]

        assert row(card(make)) == ["-", "-", "-", "1.0", "-", "-"]

    @pytest.mark.slow
    @pytest.mark.parametrize("text", [np.str_("1.2"), "evil"], ids=["numpy", "subclass"])
    def test_text_of_other_types(self, text: str) -> None:
        """A cell has the characters of a string, and none of the methods of its class."""

        class Evil(str):
            __slots__ = ()

            def ljust(self, *_: Any) -> str:
                return "1.9\nr param 0 1"

        class Text(Forgetful):
            def cells(self) -> Sequence[str]:
                return [Evil("1.2") if text == "evil" else text] * 2

        built = card(lambda target: [Text(target.positions)])
        assert row(built) == ["-", "-", "1.2", "1.2", "-", "-"]
        assert [type(cell) for cell in built.channel.nuisances[0].entries[0].cells] == [str, str]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "make",
        [
            lambda target, masked: [Normalisation(target.positions, masked[0, :2])],
            lambda target, masked: [Shape(target.positions, Templates(masked, masked), target.nominal, np.ones(2))],
            lambda target, masked: [FreeParameter("free", masked[0, :2])],  # noqa: ARG005
        ],
        ids=["factors", "templates", "columns"],
    )
    def test_masked_arrays(self, make: Callable[[Target, Any], Iterable[Any]]) -> None:
        """A masked array is the plugin's failure, with the way out."""
        masked = np.ma.masked_less(np.arange(1.0, 7).reshape(2, 3), 2)
        with pytest.raises(PluginCallError, match=r"plugin 'acme' .*effects of 'mine'.*masked.*\.filled"):
            card(lambda target: make(target, masked))

    @pytest.mark.slow
    def test_templates_without_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A generator that never ends is stopped, and its plugin named."""
        monkeypatch.setattr("datacard_core.plugins.calling.MOST", 100)

        def make(target: Target) -> Iterable[Effect]:
            while True:
                yield Normalisation(target.positions, np.ones(2))

        with pytest.raises(PluginCallError, match=r"plugin 'acme' .*more than 100 objects"):
            card(make)


class Unconstrained(Shape):
    """A subclass of Shape with another meaning."""

    @property
    def keyword(self) -> str:
        return "shapeU"


class Own(Shape):
    """A subclass of Shape with arguments of its own."""

    def __init__(self, target: Target, up: FloatArray) -> None:
        super().__init__(target.positions, Templates(up, abs(up)), target.nominal, np.ones(2))


class TestSubclasses:
    """Subclasses of the core's classes."""

    @pytest.mark.slow
    def test_templates(self) -> None:
        """A subclass of Shape has templates in the file, clipped as others, and a keyword of its own."""

        def make(target: Target) -> Iterable[Effect]:
            # 30, 20, 10 and 60, 40, 20 become 33, 22, -1 and 66, 44, -1
            up = target.nominal.values * 1.1
            up[:, 2] = -1
            templates = Templates(up, np.ones((2, 3)))
            return [Unconstrained(target.positions, templates, target.nominal, np.ones(2))]

        built = card(make)
        assert rows(built)["mine"] == ["shapeU", "-", "-", "1.0", "1.0", "-", "-"]
        assert built.rate("top_2022", "mineUp") == pytest.approx(55)
        (effect,) = built.channel.nuisances[0].effects
        assert isinstance(effect, Unconstrained)
        assert effect.up.values[0].tolist() == pytest.approx([33, 22, 0])

    @pytest.mark.slow
    def test_meaning(self) -> None:
        """A subclass is not in the band of the background as its base class is."""
        shifted = card(lambda target: [Own(target, target.nominal.values * 1.1)])
        assert prefit(shifted.channel).excluded == ("mine",)

    @pytest.mark.slow
    def test_arguments_of_its_own(self) -> None:
        """A subclass that cannot be made with other templates is the plugin's failure where it has to be."""
        right = card(lambda target: [Own(target, target.nominal.values * 1.1)])
        assert right.rate("top_2022", "mineUp") == pytest.approx(66)
        with pytest.raises(PluginCallError, match=r"plugin 'acme' .*making Own of 'mine' .*that are written"):
            card(lambda target: [Own(target, target.nominal.values - 25)])

    @pytest.mark.slow
    def test_same_meaning(self) -> None:
        """A subclass that says so is kept as an object of its base class, but not its subclasses."""

        class Same(Normalisation):
            renders_as_base: ClassVar[bool] = True

        class Further(Same):
            pass

        of = {
            name: card(lambda target, make=make: [make(target.positions, np.full(2, 1.5))])  # type: ignore[misc]
            for name, make in (("same", Same), ("further", Further))
        }
        assert type(of["same"].channel.nuisances[0].effects[0]) is Normalisation
        assert type(of["further"].channel.nuisances[0].effects[0]) is Further
        assert prefit(of["same"].channel).excluded == ()
        assert prefit(of["further"].channel).excluded == ("mine",)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("base", "keyword"), [(Normalisation, "shape"), (Normalisation, "shape?"), (Shape, "lnN")], ids=str
    )
    def test_templates_and_keyword(self, base: type[Effect], keyword: str) -> None:
        """Only effects with templates have a keyword of shapes: Combine would look for templates, or ignore them."""
        odd = type("Odd", (base,), {"keyword": keyword})

        def make(target: Target) -> Iterable[Effect]:
            templates = (target.nominal, target.nominal) if base is Shape else ()
            return [odd(target.positions, *templates, np.ones(2))]

        with pytest.raises(PluginCallError, match=rf"plugin 'acme' .*Odd has the keyword '{keyword[:5]}"):
            card(make)


def directive(**body: Any) -> Directive:
    """Return a directive of a class with the given attributes and methods."""
    body.setdefault("lines", lambda *_: ["x param 0 1"])
    made: Directive = type("Line", (Directive,), body)()
    return made


class TestDirectives:
    """Directives of a plugin's class."""

    @pytest.mark.slow
    def test_lines_are_read_once(self) -> None:
        """The lines are those of the first question, in the text and in kmax."""
        once = iter(["x param 0 1"])
        built = card(lambda _: [directive(lines=lambda *_: once)])
        for _ in range(2):
            assert rows(built)["x"] == ["param", "0", "1"]
            assert rows(built)["kmax"][0] == "1"

    @pytest.mark.slow
    @pytest.mark.parametrize("counted", ["x", 1.5, -3, 17, None, 0])
    def test_wrong_count(self, counted: Any) -> None:
        """A number of constraints that Combine does not count is the plugin's failure."""
        with pytest.raises(PluginCallError, match=r"plugin 'acme' .*kmax counts .*, and Combine counts 1"):
            card(lambda _: [directive(constraints=lambda *_: counted)])

    @pytest.mark.slow
    @pytest.mark.parametrize("order", [None, "first", float("nan"), True], ids=repr)
    def test_wrong_order(self, order: Any) -> None:
        """An order that is not a number is the plugin's failure."""
        with pytest.raises(PluginCallError, match=r"plugin 'acme' .*Line\.order is .*, expected a number"):
            card(lambda _: [directive(order=order)])


class Running(Check):
    """A check that runs a function."""

    name: ClassVar[str] = "running"

    def __init__(self, run: Callable[[Channel], Iterable[Any]]) -> None:
        self.function = run

    def run(self, channel: Channel) -> Iterable[Any]:
        return self.function(channel)


def checked(run: Callable[[Channel], Iterable[Any]]) -> Datacard:
    plugins = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Running(run)))
    return small_card(SystematicUncertainty("jes", "shape", ["top"], YEARS, 1.0), plugins=plugins, verbose=False)


def of_check(run: Callable[[Channel], Iterable[Any]]) -> list[Finding]:
    """Return the findings of the code `own`, which the check makes."""
    return [finding for finding in checked(run).findings if finding.code == "own"]


class TestFindings:
    """Findings of a check."""

    @pytest.mark.slow
    def test_subclass(self) -> None:
        """A finding of a subclass is kept as a finding, whatever its arguments are."""

        class Mine(Finding):
            def __init__(self, text: str) -> None:
                super().__init__(Severity.WARNING, "own", text)

            def __str__(self) -> str:
                raise RuntimeError("no text")

        (finding,) = of_check(lambda _: [Mine("hello")])
        assert str(finding) == "warning [own] SR_2022_2023: hello"

    @pytest.mark.slow
    def test_text(self) -> None:
        """The text of a finding is one line without characters that a terminal obeys."""
        (finding,) = of_check(lambda _: [warning("own", "\x1b[31mone\n two\ud800", column=np.str_("top"))])
        assert str(finding) == "warning [own] SR_2022_2023, top:  [31mone  two "
        assert type(finding.column) is str

    @pytest.mark.slow
    def test_wrong_place(self) -> None:
        """A place that is not a string is the check's failure."""
        with pytest.raises(PluginCallError, match=r"plugin 'acme' .*column of a finding is not a string"):
            checked(lambda _: [Finding(Severity.WARNING, "own", "hello", column=3)])  # type: ignore[arg-type]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "change",
        [
            lambda channel: channel.nominal.values.setflags(write=True),
            lambda channel: channel.rates.setflags(write=True),
            lambda channel: channel.nuisances[0].effects[0].up.values.setflags(write=True),
            lambda channel: channel.axis.edges.base.setflags(write=True),
        ],
        ids=["nominal", "rates", "up", "base"],
    )
    def test_unlocking_arrays(self, change: Callable[[Any], None]) -> None:
        """A check that wants to write into the arrays of a card fails."""
        with pytest.raises(PluginCallError, match=r"plugin 'acme' .*running check 'running'"):
            checked(lambda channel: [change(channel)])  # type: ignore[func-returns-value]

    @pytest.mark.slow
    def test_setting_attributes(self) -> None:
        """Attributes that a check sets are those of its own copy of the channel."""

        def change(channel: Channel) -> Iterable[Finding]:
            object.__setattr__(channel, "nuisances", ())
            return ()

        assert [nuisance.name for nuisance in checked(change).channel.nuisances] == ["jes"]
