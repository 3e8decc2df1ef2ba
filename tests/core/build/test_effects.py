"""Effects that kinds make of declarations: what they are given, and what happens where they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Datacard,
    Effect,
    PluginCallError,
    Shape,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    Target,
    Templates,
    load_plugins,
)
from tests.support import outputs as by_hand
from tests.support.outputs import codes
from tests.support.plugins import YEARS, Acme, Provider, kind_source, mine, rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.conftest import CardArguments, Install


class Envelope(SystematicKind):
    """The largest and smallest of several variations in each bin."""

    typ: ClassVar[str] = "envelope"
    options: ClassVar[dict[str, str]] = {"members": "how many variations there are"}

    def shifts(self, systematic: SystematicUncertainty) -> tuple[str, ...]:
        return tuple(f"_{number}" for number in range(int(systematic.options["members"])))

    def effects(self, target: Target) -> Iterable[Effect]:
        members = np.stack([templates.values for templates in target.variations.values()])
        variances = target.nominal.variances
        yield Shape(
            target.positions,
            Templates(members.max(axis=0), variances),
            Templates(members.min(axis=0), variances),
            np.ones(len(target.positions)),
        )


class TestKinds:
    """Kinds that a plugin adds."""

    @pytest.mark.slow
    def test_kind_with_new_effect(self, install: Install, card_arguments: CardArguments) -> None:
        """A plugin distribution adds a kind with an effect that the core does not have."""
        source = '''
            """Yields from a control region with N events: Combine's gmN, as an effect of its own."""
            from collections.abc import Mapping
            from typing import ClassVar

            import attrs
            import numpy as np
            from datacard_core import Effect, SystematicKind, hookimpl, number

            @attrs.frozen(eq=False)
            class Gamma(Effect):
                columns: object
                events: int
                alphas: object

                @property
                def keyword(self):
                    return f"gmN {self.events}"

                def cells(self):
                    return [number(alpha) for alpha in self.alphas]

            class GammaN(SystematicKind):
                typ = "gmN"
                options: ClassVar[Mapping[str, str]] = {"events": "how many events the control region has"}

                def problems(self, systematic):
                    if not isinstance(systematic.options.get("events"), int):
                        yield "option 'events' is missing"

                def effects(self, target):
                    events = target.systematic.options["events"]
                    yield Gamma(target.positions, events, target.nominal.norms / events)

            @hookimpl
            def datacard_systematic_kinds():
                return (GammaN(),)
        '''
        install("acme_gmn", source, distribution="datacard-acme-gmn", version="2.0")
        plugins = load_plugins(*DEFAULT_PLUGINS, "acme_gmn", block={"gamma"})
        arguments = card_arguments(plugins=plugins, systematics=mine("gmN", events=10))
        assert plugins.origins["acme_gmn"] == "datacard-acme-gmn 2.0"
        card = Datacard(**arguments)
        assert rows(card)["mine"] == ["gmN", "10", "0.7", "1.4", "6.0", "12.0", "-", "-"]
        assert rows(card)["kmax"][0] == "1"

    @pytest.mark.slow
    def test_several_variations(self, card_arguments: CardArguments) -> None:
        """A kind may read more variations than two."""
        systematic = attrs.evolve(mine("envelope", members=3)["mine"], value=None, coffea_name_alias="scale")
        plugins = load_plugins("lnn", "shape", "combine", Provider("envelope", Envelope()))
        card = Datacard(**card_arguments(plugins=plugins, systematics=Systematics([systematic]), mcstat=False))
        assert codes(card) == []
        assert rows(card)["mine"] == ["shape", "1.0", "1.0", "1.0", "1.0", "-", "-"]
        np.testing.assert_allclose(card.histogram["top_2022", "mineUp", :].values(), [30, 30, 12.5])
        np.testing.assert_allclose(card.histogram["top_2022", "mineDown", :].values(), [15, 20, 10])
        assert "top_2023_mineDown" in card.channel.templates().names

    @pytest.mark.slow
    def test_single_precision(self, card_arguments: CardArguments) -> None:
        """Templates of single precision are summed with full precision."""

        class Single(Acme):
            def effects(self, target: Target) -> Iterable[Effect]:
                single = Templates(*(np.full((len(target.positions), 3), 0.1, dtype=np.float32) for _ in range(2)))
                yield Shape(target.positions, single, single, np.ones(len(target.positions), dtype=np.int64))

        plugins = load_plugins("combine", Provider("single", Single()))
        card = Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
        assert card.channel.nuisances[0].effects[0].up.values.dtype == np.float64  # type: ignore[attr-defined]
        assert card.rate("top_2022", "mineUp") == 3 * float(np.float32(0.1))


class TestTarget:
    """The arrays that a kind is given."""

    @pytest.mark.slow
    def test_one_call(self, card_arguments: CardArguments) -> None:
        """A kind gets all columns of a nuisance in one call."""
        calls: list[Target] = []

        class Recorder(Acme):
            def shifts(self, systematic: SystematicUncertainty) -> tuple[str, ...]:  # noqa: ARG002
                return ("Up",)

            def effects(self, target: Target) -> Iterable[Effect]:
                calls.append(target)
                return super().effects(target)

        systematics = Systematics([SystematicUncertainty("jes", "acme", ["signal", "vjets"], YEARS, 1.5)])
        plugins = load_plugins("lnn", "shape", "combine", Provider("recorder", Recorder()))
        Datacard(**card_arguments(plugins=plugins, systematics=systematics, mcstat=False))
        (target,) = calls
        assert target.bin == "SR_2022_2023"
        assert [column.name for column in target.columns] == [
            "signal_2022",
            "signal_2023",
            "vjets_2022",
            "vjets_2023",
        ]
        assert target.positions.tolist() == [0, 1, 4, 5]
        np.testing.assert_allclose(target.nominal.values[2], [9, 8, 7])
        np.testing.assert_allclose(target.variations["Up"].values[2], [11.25, 8, 5.25])
        assert target.values == (1.5,) * 4

    def test_available(self) -> None:
        """A kind is told where the nominal stands in for a variation."""
        told: dict[str, list[bool]] = {}

        class Told(Acme):
            def shifts(self, systematic: SystematicUncertainty) -> tuple[str, ...]:  # noqa: ARG002
                return ("_0", "_1", "_2")

            def effects(self, target: Target) -> Iterable[Effect]:
                told.update({shift: available.tolist() for shift, available in target.available.items()})
                return super().effects(target)

        output = by_hand.Output().mc("Signal", "2022", nominal=[1, 2], pdf_0=[1, 2], pdf_1=[2, 1])
        output.mc("TTbar", "2022", nominal=[3, 4], pdf_0=[3, 4])
        systematics = SystematicUncertainty("pdf", "acme", ["signal", "ttbar"], ["2022"], 1.5)
        plugins = load_plugins("combine", "root", Provider("told", Told()))
        by_hand.card(output, systematics, plugins=plugins, mcstat=False, verbose=False)
        assert told == {"_0": [True, True], "_1": [True, False], "_2": [False, False]}

    @pytest.mark.slow
    def test_rates(self) -> None:
        """A kind is told the rates of the card."""
        told: list[float] = []

        class Told(Acme):
            def effects(self, target: Target) -> Iterable[Effect]:
                told.extend(target.rates)
                return super().effects(target)

        output = by_hand.signal_and_ttbar(nominal=[10, -2, 30])  # content below 0 is written as 0
        systematic = SystematicUncertainty("mine", "acme", ["ttbar"], ["2022"], 1.5)
        plugins = load_plugins("combine", "root", Provider("told", Told()))
        card = by_hand.card(output, systematic, plugins=plugins, mcstat=False)
        assert told == [40.0]
        assert told == [card.rate("ttbar_2022")]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "change",
        [
            "target.systematic.options['members'] = 7",
            "target.systematic.options.pop('members')",
            "target.systematic.options.update(members=7)",
            "target.systematic.options.setdefault('more', 7)",
            "target.systematic.options['suffixes'][0] = 'c'",
            "target.systematic.processes['top'] = 2.0",
            "target.systematic.processes.clear()",
            "target.values[0] = 2.0",
            "target.systematic.value = 2.0",
        ],
    )
    def test_declaration_is_read_only(self, change: str, install: Install, card_arguments: CardArguments) -> None:
        """A kind cannot change the declaration that other cards are made from."""
        options: dict[str, Any] = {"members": 3, "suffixes": ["a", "b"]}
        install("acme", kind_source(change, "return []", more=f"options = dict.fromkeys({list(options)}, 'of mine')"))
        arguments = card_arguments(plugins=load_plugins("combine", "acme"), systematics=mine(**options), mcstat=False)
        with pytest.raises(
            PluginCallError, match=r"plugin 'acme' \(acme 1\.0\): \w+ while working out the effects of 'mine'"
        ):
            Datacard(**arguments)
        (declared,) = arguments["systematics"].values()
        assert declared.options == {"members": 3, "suffixes": ("a", "b")}
        assert declared.processes == {"signal": 1.5, "top": 1.5}


class TestFailures:
    """Kinds that raise, or return the wrong type."""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("method", "doing"),
        [
            ("effects(self, target)", "working out the effects of 'mine' in channel 'SR_2022_2023'"),
            ("problems(self, systematic)", "checking systematic 'mine'"),
            ("shifts(self, systematic)", "naming the variations of systematic 'mine'"),
        ],
    )
    @pytest.mark.parametrize(
        ("body", "cause"),
        [
            ("raise ValueError('out of order')", ValueError),
            ("raise SystemExit('out of order')", SystemExit),
            ("raise BaseException('out of order')", BaseException),
            ("yield from ()\n        raise ValueError('out of order')", ValueError),
        ],
    )
    def test_exceptions(
        self,
        method: str,
        doing: str,
        body: str,
        cause: type[BaseException],
        install: Install,
        card_arguments: CardArguments,
    ) -> None:
        """An exception in a kind is an error with plugin, method and cause."""
        source = kind_source() + f"\nclass Failing(Kind):\n    def {method}:\n        {body}\nKind = Failing\n"
        install("acme", source)
        plugins = load_plugins("combine", "acme")
        with pytest.raises(PluginCallError) as raised:
            Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
        assert str(raised.value) == (f"plugin 'acme' (acme 1.0): {cause.__name__} while {doing}: out of order")
        assert type(raised.value.__cause__) is cause

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("method", "returned"),
        [
            ("problems(self, systematic)", "None"),
            ("problems(self, systematic)", "'the value is odd'"),
            ("problems(self, systematic)", "[None]"),
            ("shifts(self, systematic)", "None"),
            ("shifts(self, systematic)", "(0, 1)"),
        ],
    )
    def test_wrong_types(self, method: str, returned: str, install: Install, card_arguments: CardArguments) -> None:
        """A kind that returns the wrong type is an error with its plugin."""
        install(
            "acme", kind_source() + f"\nclass Odd(Kind):\n    def {method}:\n        return {returned}\nKind = Odd\n"
        )
        plugins = load_plugins("combine", "acme")
        with pytest.raises(PluginCallError, match=r"plugin 'acme' \(acme 1\.0\): .*'mine'"):
            Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))

    @pytest.mark.slow
    def test_interrupt(self, install: Install, card_arguments: CardArguments) -> None:
        """The user's interrupt passes through a kind."""
        install("acme", kind_source("raise KeyboardInterrupt"))
        plugins = load_plugins("combine", "acme")
        with pytest.raises(KeyboardInterrupt):
            Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
