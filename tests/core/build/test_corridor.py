"""The one way from declarations and an output to channels: order of checks, and errors of several categories."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    Category,
    DeclarationError,
    InputError,
    PluginCallError,
    RawLine,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)
from datacard_core.build.corridor import Collected, build_channels
from datacard_core.build.declared import DeclaredCard
from tests.support import outputs
from tests.support.internals import collected, histogram_set
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_core import Directive, Target
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


@pytest.mark.slow
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


class OneWay(RawLine):
    """A directive that cannot be made again from its pickle."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


class OneWayKind(SystematicKind):
    """A kind with that directive."""

    typ: ClassVar[str] = "one-way"

    def effects(self, target: Target) -> Iterable[Directive]:  # noqa: ARG002
        yield OneWay("# text")


class TestSending:
    """Channels that a worker builds."""

    def analysis(self) -> Analysis:
        return Analysis(
            years=["2022"],
            mc_processes=outputs.two_processes(),
            systematics=Systematics([SystematicUncertainty("mine", "one-way", ["ttbar"], ["2022"], 1.0)]),
            categories={"SR": Category("m")},
            plugins=load_plugins(*DEFAULT_PLUGINS, Provider("acme", OneWayKind())),
        )

    @pytest.mark.slow
    def test_directive_that_cannot_be_sent(self) -> None:
        """A directive that cannot be made again from its pickle is the failure of its plugin."""
        output = outputs.signal_and_ttbar(nominal=[1, 2, 3]).loaded
        doing = r"ValueError while sending what it makes of 'mine' in channel 'SR_2022' to another process"
        with ThreadPoolExecutor(1) as pool, pytest.raises(PluginCallError, match=rf"plugin 'acme' \(local\): {doing}"):
            self.analysis().build(output, executor=pool)

    @pytest.mark.slow
    def test_directive_that_stays_here(self) -> None:
        """Without workers it need not be sent."""
        output = outputs.signal_and_ttbar(nominal=[1, 2, 3]).loaded
        assert "# text" in self.analysis().build(output)["SR"].content()
