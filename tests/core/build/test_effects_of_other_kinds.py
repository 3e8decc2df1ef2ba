"""Kinds that take the effects of other kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    DeclarationError,
    Directive,
    Effect,
    MissingProviderError,
    Normalisation,
    PluginCallError,
    RawLine,
    SystematicKind,
    SystematicUncertainty,
    Target,
    Templates,
    load_plugins,
)
from tests.support.outputs import card, codes, rows, signal_and_ttbar, template
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Doubled(SystematicKind):
    """The effects of `shape` on templates that are twice as far from the nominal."""

    typ: ClassVar[str] = "doubled"
    uses: ClassVar[Sequence[str]] = ("shape",)

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        nominal = target.nominal
        wider = {
            shift: Templates(2 * varied.values - nominal.values, varied.variances)
            for shift, varied in target.variations.items()
        }
        return attrs.evolve(target, variations=wider).kind("shape")


class Noted(SystematicKind):
    """The effects of the kind that an option names, and a line; it reads no variation itself."""

    typ: ClassVar[str] = "noted"
    options: ClassVar[dict[str, str]] = {"of": "the other kind"}

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        yield from target.kind(target.systematic.options["of"])
        yield RawLine("lumi_scale rateParam * ttbar_2022 1")


class Broken(SystematicKind):
    """A kind that fails."""

    typ: ClassVar[str] = "broken"

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        raise ValueError(f"no effect in {target.bin}")


class OnAll(SystematicKind):
    """A kind whose effect is on a column that the declaration does not cover."""

    typ: ClassVar[str] = "on_all"

    def effects(self, target: Target) -> Iterable[Effect | Directive]:  # noqa: ARG002 - the same for all
        return [Normalisation(np.array([0]), np.array([1.5]))]


PLUGINS = load_plugins(
    *DEFAULT_PLUGINS,
    Provider("acme_doubled", Doubled()),
    Provider("acme_noted", Noted(), Broken(), OnAll()),
)
OUTPUT = signal_and_ttbar(nominal=[10, 20, 30], jesUp=[11, 22, 33], jesDown=[9, 19, 29])


def jes(typ: str, value: Any = 1.0, **options: Any) -> SystematicUncertainty:
    return SystematicUncertainty("jes", typ, ["ttbar"], ["2022"], value, options=options)


def test_changed_templates() -> None:
    """A kind gives another kind changed templates, and gets its effects; the variations are read for it."""
    made = card(OUTPUT, jes("doubled"), plugins=PLUGINS)
    assert template(made, "ttbar_2022", "jesUp") == [12, 24, 36]
    assert template(made, "ttbar_2022", "jesDown") == [8, 18, 28]
    assert rows(made.content())["jes"] == ["jes", "shape", "-", "1.0"]
    assert codes(made) == []


def test_provenance_of_both() -> None:
    """The card names the plugins of both kinds, and not the other kinds of the selection."""
    made = card(OUTPUT, jes("doubled"), plugins=PLUGINS, mcstat=False)
    comments = [line for line in made.content().splitlines() if line.startswith("# plugins")]
    assert comments[0].endswith(": combine, root, shape")
    assert comments[1] == "# plugins of the analysis itself: acme_doubled"
    assert made.channel.typs == ("doubled", "shape")


def test_kind_that_reads_nothing() -> None:
    """A kind without variations needs no `uses`; a directive has the provenance of both kinds too."""
    made = card(OUTPUT, jes("noted", 1.1, of="lnN"), plugins=PLUGINS, mcstat=False)
    assert rows(made.content())["jes"] == ["jes", "lnN", "-", "1.1"]
    assert [statement.used for statement in made.channel.statements] == [("lnN",)]


@pytest.mark.slow
def test_missing_kind() -> None:
    """A kind in `uses` that is not selected is told before histograms are read."""
    plugins = load_plugins("combine", "mcstats", Provider("acme", Doubled()))
    with pytest.raises(MissingProviderError, match=r"systematic 'jes': .*no selected plugin .* 'shape'"):
        card(OUTPUT, jes("doubled"), plugins=plugins)


@pytest.mark.parametrize(
    ("of", "message"),
    [
        ("shape", "kind 'shape' needs the variation 'Up', which kind 'noted' has not asked for"),
        ("noted", "kind 'noted' takes its own effects: noted → noted"),
        ("shpe", r"no selected plugin provides the systematic kind 'shpe'.*did you mean 'shape'"),
    ],
)
def test_wrong_uses(of: str, message: str) -> None:
    """The effects of a kind that is not there, or reads more than was asked for, are an error with a way out."""
    with pytest.raises((DeclarationError, MissingProviderError), match=message) as raised:
        card(OUTPUT, jes("noted", of=of), plugins=PLUGINS)
    assert "in plugin 'acme_noted' (local)" in raised.value.__notes__[0]


@pytest.mark.slow
def test_failure_of_the_other_kind() -> None:
    """A failure is that of the kind that was taken, with a note that names the kind that took it."""
    plugins = load_plugins(*DEFAULT_PLUGINS, Provider("outer", Noted()), Provider("inner", Broken(), OnAll()))
    for of, message in (("broken", "no effect in SR_2022"), ("on_all", r"on columns \[0\]")):
        with pytest.raises(PluginCallError, match=message) as raised:
            card(OUTPUT, jes("noted", of=of), plugins=plugins)
        assert raised.value.plugin == "inner"
        assert "in plugin 'outer' (local)" in raised.value.__notes__[0]


def test_target_made_by_hand() -> None:
    """A target that a test of a kind makes has no other kinds, and says so."""
    made = card(OUTPUT, jes("shape"), plugins=PLUGINS)
    by_hand = Target(
        systematic=jes("shape"),
        bin="SR",
        axis=made.channel.axis,
        columns=made.channel.columns[1:],
        positions=np.array([1]),
        nominal=made.channel.nominal[np.array([1])],
        variations={},
    )
    with pytest.raises(ValueError, match="made by hand"):
        by_hand.kind("shape")
