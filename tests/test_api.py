"""What other packages build on does not change by accident: `tests/api.txt` is the record of it."""

from __future__ import annotations

import difflib
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NoReturn

import attrs
import pytest

import datacard_core
from datacard_core import API_VERSION
from tests.support import public_api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


RECORD = Path(__file__).with_name("api.txt")

PROMISE = """
What other packages build on is not what tests/api.txt records: + is new, - is gone, and a changed line is both.
docs/plugins.md promises them that
  - what is only new raises the second number of API_VERSION, and nobody need know of it: a name, a hook, a method that
    is not abstract, an argument or a field with a default, behind the others or keyword-only;
  - anything else raises the first number, after two minor versions in which the old way works and warns.
If that is what you mean, set API_VERSION in datacard_core/hookspecs.py, write CHANGELOG.md, and record it:
  python -m tests.support.public_api > tests/api.txt

"""


@pytest.fixture(scope="module")
def recorded() -> list[str]:
    return RECORD.read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def described() -> list[str]:
    return public_api.public_api()


def differences(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """The lines that are gone, and those that are new."""
    return [line for line in difflib.ndiff(list(before), list(after)) if line[0] in "+-"]


def test_the_public_interface_is_the_recorded_one(recorded: list[str], described: list[str]) -> None:
    assert described == recorded, PROMISE + "\n".join(differences(recorded, described))


def test_the_recorded_version_of_the_interface_is_the_one_that_plugins_are_compared_with(recorded: list[str]) -> None:
    assert recorded[0] == f"datacard_core.API_VERSION = {API_VERSION!r}"


def test_the_record_has_every_public_name(recorded: list[str]) -> None:
    names = {line.removeprefix("class ").split("(")[0].split(" ")[0].split(":")[0] for line in recorded}
    assert {f"datacard_core.{name}" for name in datacard_core.__all__} <= names


def test_no_line_of_the_record_stands_there_twice(recorded: list[str]) -> None:
    assert len(set(recorded)) == len(recorded)


@pytest.mark.parametrize("name", public_api.INTERNAL)
def test_what_is_not_promised_is_there_and_not_recorded(name: str, recorded: list[str]) -> None:
    assert callable(attrgetter(name.removeprefix("datacard_core."))(datacard_core))
    assert not [line for line in recorded if line.startswith(f"{name}(")]


def lines(*classes: type) -> list[str]:
    return [line for cls in classes for line in public_api.class_lines(cls, "acme.Gamma")]


class Before:
    name: ClassVar[str]
    suffix: ClassVar[str] = ".pdf"

    def __init__(self, events: int) -> None:
        self.events = events

    def draw(self, path: str, *, scale: float = 1.0) -> None: ...

    @property
    def norm(self) -> float:
        return 1.0

    def _hidden(self) -> None: ...


def test_a_class_is_described_by_what_its_users_write() -> None:
    assert lines(Before) == [
        "class acme.Gamma()",
        "acme.Gamma.__init__(self, events: int) -> None",
        "acme.Gamma.draw(self, path: str, *, scale: float = 1.0) -> None",
        "acme.Gamma.events",
        "acme.Gamma.name: ClassVar[str]",
        "acme.Gamma.norm: float",
        "acme.Gamma.suffix: ClassVar[str] = '.pdf'",
    ]


class NewDefault(Before):
    def draw(self, path: str, *, scale: float = 2.0) -> None: ...


class NoLongerKeywordOnly(Before):
    def draw(self, path: str, scale: float = 1.0) -> None: ...


class NewAnnotation(Before):
    def draw(self, path: object, *, scale: float = 1.0) -> None: ...


class NewReturn(Before):
    def draw(self, path: str, *, scale: float = 1.0) -> NoReturn:
        raise NotImplementedError


class NewName(Before):
    def draw(self, file: str, *, scale: float = 1.0) -> None: ...


class NewArgument(Before):
    def draw(self, path: str, *, scale: float = 1.0, colour: str = "") -> None: ...


class NewConstructor(Before):
    def __init__(self, events: int, label: str) -> None: ...


class NewProperty(Before):
    @property
    def norm(self) -> int:
        return 1


class NewConstant(Before):
    suffix: ClassVar[str] = ".png"


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        (NewDefault, "draw(self, path: str, *, scale: float = 2.0) -> None"),
        (NoLongerKeywordOnly, "draw(self, path: str, scale: float = 1.0) -> None"),
        (NewAnnotation, "draw(self, path: object, *, scale: float = 1.0) -> None"),
        (NewReturn, "draw(self, path: str, *, scale: float = 1.0) -> NoReturn"),
        (NewName, "draw(self, file: str, *, scale: float = 1.0) -> None"),
        (NewArgument, "draw(self, path: str, *, scale: float = 1.0, colour: str = '') -> None"),
        (NewConstructor, "__init__(self, events: int, label: str) -> None"),
        (NewProperty, "norm: int"),
        (NewConstant, "suffix: ClassVar[str] = '.png'"),
    ],
)
def test_a_changed_signature_is_noticed(after: type, changed: str) -> None:
    # what they inherit is theirs too, so that a class differs from the one it is made of in its bases and this
    assert [line for line in lines(after) if line not in lines(Before)] == [
        "class acme.Gamma(Before)",
        f"acme.Gamma.{changed}",
    ]


class WithoutMethod:
    name: ClassVar[str]
    suffix: ClassVar[str] = ".pdf"

    def __init__(self, events: int) -> None:
        self.events = events

    @property
    def norm(self) -> float:
        return 1.0


class WithoutAttribute:
    suffix: ClassVar[str] = ".pdf"

    def __init__(self, events: int) -> None: ...

    def draw(self, path: str, *, scale: float = 1.0) -> None: ...

    @property
    def norm(self) -> float:
        return 1.0


def test_a_removed_method_is_noticed() -> None:
    gone = "- acme.Gamma.draw(self, path: str, *, scale: float = 1.0) -> None"
    assert differences(lines(Before), lines(WithoutMethod)) == [gone]


def test_a_removed_attribute_is_noticed() -> None:
    gone = ["- acme.Gamma.events", "- acme.Gamma.name: ClassVar[str]"]
    assert differences(lines(Before), lines(WithoutAttribute)) == gone


@attrs.frozen
class Fields:
    n: int = attrs.field(converter=float)
    name: str = attrs.field(default="", kw_only=True)
    factors: list[float] = attrs.field(factory=list)
    _own: int = attrs.field(default=0, init=False)


@attrs.frozen
class OtherFields:
    n: int = attrs.field(converter=float)
    name: str = attrs.field(default="acme", kw_only=True)
    factors: list[float]


def test_the_fields_of_attrs_classes_are_described_as_declared() -> None:
    assert lines(Fields) == [
        "class acme.Gamma()",
        "acme.Gamma.__init__(n: int, factors: list[float] = ..., *, name: str = '')",
        "acme.Gamma.factors: list[float]",
        "acme.Gamma.n: int",
        "acme.Gamma.name: str",
    ]


def test_a_changed_default_of_a_field_and_one_that_must_be_given_now_are_noticed() -> None:
    new = "+ acme.Gamma.__init__(n: int, factors: list[float], *, name: str = 'acme')"
    assert new in differences(lines(Fields), lines(OtherFields))


def test_a_changed_base_is_noticed() -> None:
    class AcmeError(ValueError): ...

    class OtherError(KeyError): ...

    assert differences(lines(AcmeError), lines(OtherError)) == [
        "- class acme.Gamma(ValueError)",
        "+ class acme.Gamma(KeyError)",
    ]


def one(path: str, names: tuple[str, ...] = ("a",)) -> None: ...


def other(path: str, names: tuple[str, ...] = ("a", "b")) -> None: ...


@pytest.mark.parametrize(("function", "text"), [(one, "('a',)"), (other, "('a', 'b')")])
def test_a_function_is_described_with_its_defaults(function: Callable[..., None], text: str) -> None:
    assert public_api.signature(function) == f"(path: str, names: tuple[str, ...] = {text}) -> None"
