"""Declarations that cover no column: groups of nuisances and parameters."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    DeclarationError,
    Directive,
    RawLine,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    Target,
    load_plugins,
)
from tests.support.outputs import card, codes, problems, rows, signal_and_ttbar
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Parameter(SystematicKind):
    """A parameter with a Gaussian constraint."""

    typ: ClassVar[str] = "param"
    options: ClassVar[dict[str, str]] = {"mean": "its mean", "width": "its width"}
    covers_columns: ClassVar[bool] = False

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if "width" not in systematic.options:
            yield "option 'width' is missing"

    def effects(self, target: Target) -> Iterable[Directive]:
        assert target.columns == ()
        assert target.nominal.values.shape == (0, target.axis.bins)
        options = target.systematic.options
        yield RawLine(f"{target.systematic.datacard_name} param {options.get('mean', 0.0)} {options['width']}")


PLUGINS = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Parameter()), block={"params"})
OUTPUT = signal_and_ttbar(nominal=[10, 20, 30])


def mass(**options: Any) -> SystematicUncertainty:
    return SystematicUncertainty(name="mass", typ="param", options=options or {"mean": 125.0, "width": 0.1})


@pytest.mark.slow
def test_line_without_columns() -> None:
    """The kind is called once, with a target of no column, and its line is in the card."""
    made = card(OUTPUT, mass(), plugins=PLUGINS)
    assert rows(made.content())["mass"] == ["mass", "param", "125.0", "0.1"]
    assert rows(made.content())["kmax"][1] == "1"
    assert codes(made) == codes(card(OUTPUT, plugins=PLUGINS))


def test_mistakes_in_options() -> None:
    """The kind judges the options as it does for other declarations."""
    assert problems(OUTPUT, mass(mean=1.0), plugins=PLUGINS) == ("systematic 'mass': option 'width' is missing",)


@pytest.mark.parametrize("typ", ["lnN", "shape"])
def test_other_kinds(typ: str) -> None:
    """A kind that needs columns refuses the declaration, with what is missing."""
    systematic = SystematicUncertainty(name="lumi", typ=typ)
    assert problems(OUTPUT, systematic, plugins=PLUGINS) == (
        f"systematic 'lumi': has no processes, years and value, which kind {typ!r} needs: give them",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"years": ["2022"]}, "has no processes"),
        ({"value": 1.1}, "or leave out years and value for a kind that acts on none"),
        ({"processes": [], "years": [], "value": 1.1}, "processes is empty"),
        ({"processes": {}}, "processes is empty"),
    ],
)
def test_declaration_with_a_part(arguments: dict[str, Any], message: str) -> None:
    """A declaration that has some of processes, years and value is refused at once, as before."""
    with pytest.raises(DeclarationError, match=message):
        SystematicUncertainty(name="mass", typ="param", **arguments)


def test_copies() -> None:
    """Copies of all kinds are equal declarations; a card can be made of each."""
    declared = mass()
    frozen = declared.frozen()
    for made in (copy.deepcopy(declared), pickle.loads(pickle.dumps(declared)), attrs.evolve(declared), frozen):
        assert made == declared
        assert (dict(made.processes), list(made.years), made.value) == ({}, [], None)
    assert rows(card(OUTPUT, frozen, plugins=PLUGINS).content())["mass"] == ["mass", "param", "125.0", "0.1"]


def test_declared_twice() -> None:
    """An equal declaration may be repeated; a declaration of that name with other options is refused."""
    assert list(Systematics([mass(), mass()])) == ["mass"]
    renamed = SystematicUncertainty(name="m", typ="param", datacard_name="mass", options=mass().options)
    assert list(Systematics([mass(), renamed])) == ["mass"]
    with pytest.raises(DeclarationError, match="their options differs"):
        Systematics([mass(), mass(width=0.2)])
