"""The interface that other packages build on does not change by accident: `tests/api.txt` is its record."""

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
The interface that other packages build on is not the one that tests/api.txt records: + is new, - is gone, and a
changed line is both. docs/plugins.md promises that
  - an addition raises the second number of API_VERSION, and no package need change: a name, a hook, a method that is
    not abstract, an argument or a field with a default, behind the existing ones or keyword-only;
  - every other change raises the first number, after two minor versions in which the old way works and warns.
If the change is meant, set API_VERSION in datacard_core/hookspecs.py, write CHANGELOG.md, and record it:
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


@pytest.mark.slow
def test_record(recorded: list[str], described: list[str]) -> None:
    """The public interface is the recorded one."""
    assert described == recorded, PROMISE + "\n".join(differences(recorded, described))


def test_recorded_version(recorded: list[str]) -> None:
    """The recorded version is the one that plugins are compared with."""
    assert recorded[0] == f"datacard_core.API_VERSION = {API_VERSION!r}"


def test_public_names_are_recorded(recorded: list[str]) -> None:
    """The record has every public name."""
    names = {line.removeprefix("class ").split("(")[0].split(" ")[0].split(":")[0] for line in recorded}
    assert {f"datacard_core.{name}" for name in datacard_core.__all__} <= names


def test_lines_are_unique(recorded: list[str]) -> None:
    """No line of the record stands there twice."""
    assert len(set(recorded)) == len(recorded)


@pytest.mark.parametrize("name", public_api.INTERNAL)
def test_internal_names(name: str, recorded: list[str]) -> None:
    """Names without a promise exist and are not recorded."""
    assert attrgetter(name.removeprefix("datacard_core."))(datacard_core) is not None
    assert not [line for line in recorded if line.startswith((f"{name}(", f"{name}:"))]


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


def test_description_of_class() -> None:
    """A class is described by the forms that its users write."""
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
def test_changed_signature(after: type, changed: str) -> None:
    """A changed signature is noticed."""
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


def test_removed_method() -> None:
    """A removed method is noticed."""
    gone = "- acme.Gamma.draw(self, path: str, *, scale: float = 1.0) -> None"
    assert differences(lines(Before), lines(WithoutMethod)) == [gone]


def test_removed_attribute() -> None:
    """A removed attribute is noticed."""
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


def test_fields_of_attrs_class() -> None:
    """The fields of attrs classes are described as declared."""
    assert lines(Fields) == [
        "class acme.Gamma()",
        "acme.Gamma.__init__(n: int, factors: list[float] = ..., *, name: str = '')",
        "acme.Gamma.factors: list[float]",
        "acme.Gamma.n: int",
        "acme.Gamma.name: str",
    ]


def test_changed_field() -> None:
    """A changed default of a field, and a field that has lost it, are noticed."""
    new = "+ acme.Gamma.__init__(n: int, factors: list[float], *, name: str = 'acme')"
    assert new in differences(lines(Fields), lines(OtherFields))


def test_changed_base() -> None:
    """A changed base is noticed."""

    class AcmeError(ValueError): ...

    class OtherError(KeyError): ...

    assert differences(lines(AcmeError), lines(OtherError)) == [
        "- class acme.Gamma(ValueError)",
        "+ class acme.Gamma(KeyError)",
    ]


def one(path: str, names: tuple[str, ...] = ("a",)) -> None: ...


def other(path: str, names: tuple[str, ...] = ("a", "b")) -> None: ...


@pytest.mark.parametrize(("function", "text"), [(one, "('a',)"), (other, "('a', 'b')")])
def test_description_of_function(function: Callable[..., None], text: str) -> None:
    """A function is described with its defaults."""
    assert public_api.signature(function) == f"(path: str, names: tuple[str, ...] = {text}) -> None"
