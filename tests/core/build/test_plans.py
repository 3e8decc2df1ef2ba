"""Plans: the columns that a declaration covers, and the variation that it reads for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import hist
import pytest

from datacard_core import PluginCallError, SystematicKind, SystematicUncertainty, load_plugins
from tests.support import outputs as by_hand
from tests.support.outputs import Output, card, codes, problems, shape, signal_and_ttbar, simulated, template
from tests.support.plugins import Provider
from tests.support.rich import rich_card

if TYPE_CHECKING:
    from datacard_core import Effect, Target


class Changing(SystematicKind):
    """A kind whose attributes fail after they were read when it was loaded."""

    typ: ClassVar[str] = "changing"

    def __init__(self, good: int) -> None:
        self.good = good

    @property
    def uses(self) -> tuple[str, ...]:  # type: ignore[override]
        self.good -= 1
        if self.good < 0:
            raise RuntimeError("gone")
        return ()

    def effects(self, target: Target) -> tuple[Effect, ...]:  # noqa: ARG002 - never called
        return ()


@pytest.mark.parametrize("good", [1, 2])
def test_uses_that_fails_later(good: int) -> None:
    """An attribute of a kind that fails when a card is built is blamed on its plugin."""
    plugins = load_plugins("combine", "root", "coffea", "mcstats", Provider("acme", Changing(good)))
    systematic = SystematicUncertainty("x", "changing", ["ttbar"], ["2022"], 1.0)
    with pytest.raises(PluginCallError, match="RuntimeError while naming the kinds that it uses: gone"):
        card(signal_and_ttbar(nominal=[1, 2, 3]), systematic, plugins=plugins)


def test_need_of_variances_is_a_bool() -> None:
    """A text such as "no" is refused, which Python counts as true."""

    class Kind(Changing):
        def needs_variances(self, systematic: SystematicUncertainty) -> Any:  # noqa: ARG002 - the same for all
            return "no"

    plugins = load_plugins("combine", "root", "coffea", "mcstats", Provider("acme", Kind(99)))
    systematic = SystematicUncertainty("x", "changing", ["ttbar"], ["2022"], 1.0)
    with pytest.raises(PluginCallError, match="got 'no', expected True or False"):
        card(signal_and_ttbar(nominal=[1, 2, 3]), systematic, plugins=plugins)


def test_alias_by_process() -> None:
    """Each process reads the variation of its alias."""
    output = Output().mc("Signal", "2022", nominal=[1, 2], groupAUp=[2, 3], groupADown=[1, 1])
    output.mc("TTbar", "2022", nominal=[10, 20], groupBUp=[12, 25], groupBDown=[9, 14])
    alias = {"signal": "groupA", "ttbar": "groupB"}
    made = card(output, shape("btag", ["signal", "ttbar"], coffea_name_alias=alias))
    assert template(made, "signal_2022", "btagUp") == [2, 3]
    assert template(made, "ttbar_2022", "btagUp") == [12, 25]
    assert template(made, "ttbar_2022", "btagDown") == [9, 14]
    assert codes(made) == []


@pytest.mark.slow
def test_shared_variation() -> None:
    """Nuisances of one year each, and one of both, may read the same variation."""
    output = Output()
    for year, factor in (("2022", 1), ("2023", 10)):
        contents = {"nominal": [2, 4], "pileupUp": [3, 5], "pileupDown": [2, 3], "JESUp": [3, 6]}
        output.mc("Signal", year, nominal=[1, 1])
        output.mc("TTbar", year, **{name: [factor * v for v in vs] for name, vs in contents.items()})
    by_year = [shape(f"pileup_{year}", years=[year], coffea_name_alias="pileup") for year in ("2022", "2023")]
    both = shape("pileup", years=["2022", "2023"])
    made = card(output, *by_year, both)
    assert template(made, "ttbar_2022", "pileup_2022Up") == [3, 5]
    assert template(made, "ttbar_2023", "pileup_2022Up") == [20, 40]  # its nominal: not covered
    assert template(made, "ttbar_2023", "pileup_2023Up") == [30, 50]
    assert template(made, "ttbar_2023", "pileupDown") == [20, 30]
    rows = by_hand.rows(made.content())
    assert rows["pileup_2022"] == ["pileup_2022", "shape", "-", "-", "1.0", "-"]
    assert rows["pileup_2023"] == ["pileup_2023", "shape", "-", "-", "-", "1.0"]
    assert rows["pileup"] == ["pileup", "shape", "-", "-", "1.0", "1.0"]
    assert {name for name in made.channel.templates().names if "pileup" in name} == {
        "ttbar_2022_pileup_2022Up",
        "ttbar_2022_pileup_2022Down",
        "ttbar_2023_pileup_2023Up",
        "ttbar_2023_pileup_2023Down",
        "ttbar_2022_pileupUp",
        "ttbar_2022_pileupDown",
        "ttbar_2023_pileupUp",
        "ttbar_2023_pileupDown",
    }


def test_crossed_aliases() -> None:
    """Two nuisances whose aliases are each other's names read as declared."""
    output = signal_and_ttbar(
        nominal=[10, 20, 30], aUp=[11, 20, 30], aDown=[9, 20, 30], bUp=[10, 22, 30], bDown=[10, 18, 30]
    )
    made = card(output, shape("a", coffea_name_alias="b"), shape("b", coffea_name_alias="a"))
    assert template(made, "ttbar_2022", "aUp") == [10, 22, 30]
    assert template(made, "ttbar_2022", "bUp") == [11, 20, 30]


@pytest.mark.slow
def test_free_parameter_of_some_years() -> None:
    """The free parameter of a process is on those of its columns that the card has."""
    lines = rich_card(years=["2023"]).content().splitlines()
    assert [line for line in lines if line.startswith("SF_")] == ["SF_ttbar rateParam * ttbar_2023 1 [0,5]"]


class Statistics(SystematicKind):
    """A kind that depends on variances and has no effect."""

    typ: ClassVar[str] = "statistics"

    def needs_variances(self, systematic: SystematicUncertainty) -> bool:
        return systematic.name == "real"

    def effects(self, _: Target) -> tuple[Effect, ...]:
        return ()


@pytest.mark.slow
def test_kind_that_needs_variances() -> None:
    """Weights without variances are refused on the columns of a declaration whose kind needs variances."""
    weights = simulated({"SR": {"nominal": [0.5, 2]}}, storage=hist.storage.Double())
    output = Output().add("Signal", "2022", weights).add("TTbar", "2022", weights)
    plugins = load_plugins("combine", "root", Provider("acme", Statistics()))

    def declared(name: str) -> SystematicUncertainty:
        return SystematicUncertainty(name=name, typ="statistics", processes=["ttbar"], years=["2022"], value=1.0)

    assert template(card(output, declared("other"), plugins=plugins, mcstat=False), "ttbar_2022") == [0.5, 2]
    (problem,) = problems(output, declared("real"), plugins=plugins, mcstat=False)
    assert "'TTbar_2022': its storage keeps no variances, which statistics needs" in problem
    assert "mcstat" not in problem
