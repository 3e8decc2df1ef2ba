"""The one way from declarations and an output to channels: order of checks, and errors of several categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import Analysis, Category, DeclarationError, InputError, Systematics
from datacard_core.build.corridor import Collected, build_channels
from datacard_core.build.declared import DeclaredCard
from tests.support import outputs
from tests.support.internals import collected, histogram_set

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacard_core.templates.rows import Layout


def declared(category: str, **changes: Any) -> DeclaredCard:
    arguments: dict[str, Any] = {
        "years": ("2022",),
        "mc_processes": outputs.two_processes(),
        "systematics": Systematics(),
        "category": category,
        "plugins": outputs.PLUGINS,
    }
    return DeclaredCard(**arguments | changes)


def collect_from(output: outputs.Output) -> Any:
    """Return a function that sums an output, as scripts and files do."""

    def collect(layouts: Mapping[str, Layout]) -> Collected:
        sums = {name: collected(output, rows, [name], alone=True)[name] for name, rows in layouts.items()}
        return Collected(inventory=histogram_set(output).inventory, sums=sums)

    return collect


def test_channels_are_in_order_of_cards() -> None:
    """Channels come in the order of their declarations, also if they are finished in another."""
    output = outputs.signal_and_ttbar(nominal=[1, 2, 3])
    cards = {name: declared("SR", bin_suffix=name) for name in ("b", "a")}

    def collect(layouts: Mapping[str, Layout]) -> Collected:
        sums = collected(output, layouts["a"], alone=True)["SR"]
        return Collected(inventory=histogram_set(output).inventory, sums=dict.fromkeys(cards, sums))

    def last_first(build: Any, calls: Any) -> Any:
        for name in reversed(calls):
            yield name, lambda name=name: build(*calls[name])

    built = build_channels(cards, collect, run=last_first)
    assert [channel.bin for channel in built.values()] == ["SR_b", "SR_a"]


def test_faults_of_all_categories_at_once() -> None:
    """Faults of several categories are one error."""
    output = outputs.signal_and_ttbar(nominal=[1, 2, 3])
    cards = {name: declared(name) for name in ("SR", "XR", "YR")}
    with pytest.raises(InputError) as raised:
        build_channels(cards, collect_from(output))
    assert [word for word in ("'XR'", "'YR'") if word in str(raised.value)] == ["'XR'", "'YR'"]


def test_declarations_are_checked_first() -> None:
    """Declarations that contradict each other stop the card before an output is read."""

    def collect(_: Mapping[str, Layout]) -> Collected:
        pytest.fail("the output was read")

    with pytest.raises(DeclarationError, match="no process is declared for year '2024'"):
        build_channels({"SR": declared("SR", years=("2022", "2024"))}, collect)


def test_known_names_are_checked_with_declarations() -> None:
    """With the names of the output at hand, unknown samples are told together with other faults."""
    output = outputs.Output().mc("Signal", "2022", nominal=[1, 2, 3])
    with pytest.raises(DeclarationError) as raised:
        build_channels(
            {"SR": declared("SR", years=("2022", "2024"))},
            collect_from(output),
            inventory=histogram_set(output).inventory,
        )
    assert len(raised.value.problems) > 1
    assert any("no sample 'TTbar'" in problem for problem in raised.value.problems)
    assert any("2024" in problem for problem in raised.value.problems)


def test_scripts_and_analyses_agree() -> None:
    """A Datacard and an Analysis of the same declarations are the same channel."""
    output = outputs.signal_and_ttbar(nominal=[10, 20, 30], JESUp=[11, 22, 33], JESDown=[9, 18, 27])
    one = outputs.card(output, outputs.shape("JES"), bin_suffix="2022")
    analysis = Analysis(
        years=("2022",),
        mc_processes=outputs.two_processes(),
        systematics=Systematics([outputs.shape("JES")]),
        categories={"SR": Category("m")},
    )
    assert analysis.build(output.loaded)["SR"].content() == one.content()
