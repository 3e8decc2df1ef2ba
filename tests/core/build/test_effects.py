"""What kinds make of declarations, and what becomes of a kind that does something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Datacard,
    DeclarationError,
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
from tests.support.plugins import YEARS, Acme, Provider, kind_source, mine, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.conftest import CardArguments, Install


def test_an_option_that_a_kind_does_not_have_is_an_error(card_arguments: CardArguments) -> None:
    with pytest.raises(DeclarationError, match="'mine': kind 'lnN' has no option 'skale'"):
        Datacard(**card_arguments(systematics=mine("lnN", skale=1)))


def test_a_plugin_distribution_adds_a_kind_without_a_change_to_the_core(
    install: Install, card_arguments: CardArguments
) -> None:
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
    plugins = load_plugins(*DEFAULT_PLUGINS, "acme_gmn")
    arguments = card_arguments(plugins=plugins, systematics=mine("gmN", events=10))
    assert plugins.origins["acme_gmn"] == "datacard-acme-gmn 2.0"
    card = Datacard(**arguments)
    assert rows(card)["mine"] == ["gmN", "10", "0.7", "1.4", "6.0", "12.0", "-", "-"]
    assert rows(card)["kmax"][0] == "1"


def test_a_kind_of_ones_own_tells_what_is_wrong_with_a_declaration(card_arguments: CardArguments) -> None:
    class Picky(Acme):
        def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
            yield f"value {systematic.value!r} is odd"
            yield "and that is not all"

    plugins = load_plugins("lnn", "shape", "combine", Provider("picky", Picky()))
    with pytest.raises(DeclarationError) as raised:
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
    assert [problem.split("'mine': ")[1] for problem in raised.value.problems] == [
        "value 1.5 is odd",
        "and that is not all",
    ]


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


def test_a_kind_of_ones_own_reads_several_variations(card_arguments: CardArguments) -> None:
    systematic = attrs.evolve(mine("envelope", members=3)["mine"], value=None, coffea_name_alias="scale")
    plugins = load_plugins("lnn", "shape", "combine", Provider("envelope", Envelope()))
    card = Datacard(**card_arguments(plugins=plugins, systematics=Systematics([systematic]), mcstat=False))
    assert card.findings == ()
    assert rows(card)["mine"] == ["shape", "1.0", "1.0", "1.0", "1.0", "-", "-"]
    np.testing.assert_allclose(card.histogram["top_2022", "mineUp", :].values(), [30, 30, 12.5])
    np.testing.assert_allclose(card.histogram["top_2022", "mineDown", :].values(), [15, 20, 10])
    assert "top_2023_mineDown" in card.channel.templates().names


def test_a_kind_gets_all_columns_of_a_nuisance_in_one_call(card_arguments: CardArguments) -> None:
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


@pytest.mark.parametrize(
    ("effects", "words"),
    [
        pytest.param(
            ["return [Normalisation(target.positions + 100, ones)]"], "columns [100, 101", id="columns outside"
        ),
        pytest.param(["return [Normalisation(target.positions - 1, ones)]"], "columns [-1]", id="columns below 0"),
        pytest.param(["return [Normalisation(target.positions + 0.0, ones)]"], "column", id="columns no integers"),
        pytest.param(["return [Normalisation(np.ones(2, dtype=bool), np.ones(2))]"], "column", id="columns a mask"),
        pytest.param(
            ["return [Normalisation(target.positions * 0, ones)]"],
            "columns [0, 0, 0, 0], expected each",
            id="one column",
        ),
        pytest.param(["return [Normalisation(None, ones)]"], "None", id="columns None"),
        pytest.param(
            ["return [Normalisation(target.positions, np.ones(n + 1))]"], "Normalisation", id="too many factors"
        ),
        pytest.param(["return [Normalisation(target.positions, 1.5)]"], "Normalisation", id="one factor"),
        pytest.param(["return [Normalisation(target.positions, ones * np.nan)]"], "Normalisation.up", id="factors NaN"),
        pytest.param(["return [Normalisation(target.positions, ones * 0)]"], "Normalisation.up", id="factors 0"),
        pytest.param(
            ["return [Normalisation(target.positions, ones, -ones)]"], "Normalisation.down", id="factors below 0"
        ),
        pytest.param(
            ["return [Normalisation(target.positions, np.array(['a'] * n))]"],
            "Normalisation.up",
            id="factors no numbers",
        ),
        pytest.param(
            ["return [Shape(target.positions, flat, Templates(flat.values[:, 1:], flat.variances), ones)]"],
            "Shape.down.values has shape (4, 2), expected (4, 3)",
            id="too few bins",
        ),
        pytest.param(
            ["return [Shape(target.positions[:1], flat, flat, ones[:1])]"], "Shape.up.values", id="too many templates"
        ),
        pytest.param(
            ["return [Shape(target.positions, Templates(flat.values, flat.variances * np.inf), flat, ones)]"],
            "Shape.up.variances",
            id="infinite variances",
        ),
        pytest.param(
            ["return [Shape(target.positions, Templates(flat.values + 0j, flat.variances), flat, ones)]"],
            "Shape.up.values is an array of complex128, expected float64",
            id="complex templates",
        ),
        pytest.param(
            ["return [Shape(target.positions, Templates(flat.values.astype(object), flat.variances), flat, ones)]"],
            "Shape.up.values is an array of object, expected float64",
            id="templates of objects",
        ),
        pytest.param(
            ["return [Shape(target.positions, flat, Templates(flat.values.astype(str), flat.variances), ones)]"],
            "Shape.down.values is an array of <U32, expected float64",
            id="templates of text",
        ),
        pytest.param(["return [Normalisation(target.positions, ones + 0j)]"], "Normalisation.up", id="complex factors"),
        pytest.param(["return [Shape(target.positions, flat, flat, ones + 0j)]"], "Shape.scale", id="complex scales"),
        pytest.param(
            ["return [Shape(target.positions, Templates(flat.values, -flat.variances), flat, ones)]"],
            "Shape.up.variances",
            id="variances below 0",
        ),
        pytest.param(["return [Shape(target.positions, flat.values, flat, ones)]"], "values", id="no templates"),
        pytest.param(["return [Shape(target.positions, flat, flat, ones[1:])]"], "Shape", id="too few scales"),
        pytest.param(["return [Shape(target.positions, flat, flat, ones * np.nan)]"], "scale", id="scales NaN"),
        pytest.param(["return [Shape(target.positions, flat, flat, ones * 0)]"], "scale", id="scales 0"),
        pytest.param(["return [Normalisation(target.positions, ones)] * 2"], "signal_2022", id="overlapping effects"),
        pytest.param(["return [Cells(target.positions, '1 5')]"], "'1 5'", id="cells with blanks"),
        pytest.param(["return [Cells(target.positions, '')]"], "''", id="empty cells"),
        pytest.param(["return [Cells(target.positions, 1.5)]"], "1.5", id="cells no text"),
        pytest.param(["return [Cells(target.positions, 'nan')]"], "the cell 'nan', expected a number", id="a cell NaN"),
        pytest.param(["return [Cells(target.positions, 'large')]"], "the cell 'large'", id="a cell no number"),
        pytest.param(["return [Cells(target.positions, '1/inf')]"], "the cell '1/inf'", id="a pair with infinity"),
        pytest.param(
            ["Cells.cells = lambda self: ['1']", "return [Cells(target.positions)]"],
            "for 4 columns",
            id="too few cells",
        ),
        pytest.param(["return [Cells(target.positions, word=None)]"], "keyword", id="no keyword"),
        pytest.param(["return [Cells(target.positions, word='')]"], "keyword", id="empty keyword"),
        pytest.param(["return [Cells(target.positions, word='gmN\\n7')]"], "keyword", id="keyword of two lines"),
        pytest.param(
            ["return [Cells(target.positions[:1]), Normalisation(target.positions[1:], ones[1:])]"],
            "one row",
            id="effects that fit in no row",
        ),
        pytest.param(
            ["return [Cells(target.positions[:1]), Cells(target.positions[1:], word='gmN 8')]"],
            "one row",
            id="two keywords",
        ),
        pytest.param(["return ['mine lnN 1.5']"], "'mine lnN 1.5', expected effects and directives", id="text"),
        pytest.param(["return [Normalisation]"], "expected effects and directives", id="a class"),
        pytest.param(["return None"], "NoneType", id="None"),
        pytest.param(["return Normalisation(target.positions, ones)"], "not iterable", id="no list"),
        pytest.param(
            ["return [FreeParameter('mine', target.positions + 100)]"], "columns [100, 101", id="parameter outside"
        ),
        pytest.param(["return [FreeParameter('mine', target.positions, float('nan'))]"], "nan", id="parameter NaN"),
        pytest.param(["return [FreeParameter('2 b', target.positions)]"], "'2 b'", id="parameter without a name"),
        pytest.param(
            ["return [FreeParameter('mine', target.positions, 6, (0, 5))]"], "starts at 6", id="parameter out of range"
        ),
        pytest.param(
            ["return [FreeParameter('mine', target.positions, 1, (1, 1))]"], "range (1, 1)", id="parameter fixed"
        ),
        pytest.param(["return [BinByBinStatistics(float('nan'))]"], "threshold is nan", id="threshold NaN"),
        pytest.param(["return [RawLine('a group = b\\nc')]"], "expected one line", id="two lines"),
        pytest.param(["return [RawLine(None)]"], "RawLine.text is None", id="no line"),
    ],
)
def test_effects_that_do_not_fit_are_an_error_that_names_plugin_distribution_and_systematic(
    effects: list[str], words: str, install: Install, card_arguments: CardArguments
) -> None:
    install("acme", kind_source(*effects), distribution="acme-dist", version="0.3")
    plugins = load_plugins("combine", "acme")
    with pytest.raises(PluginCallError) as raised:
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False)).content()
    message = str(raised.value)
    assert message.startswith("plugin 'acme' (acme-dist 0.3): ")
    assert "working out the effects of 'mine' in channel 'SR_2022_2023'" in message
    assert words in message
    assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-dist 0.3")


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
def test_a_kind_that_fails_is_an_error_that_says_what_it_was_doing(
    method: str, doing: str, body: str, cause: type[BaseException], install: Install, card_arguments: CardArguments
) -> None:
    source = kind_source() + f"\nclass Failing(Kind):\n    def {method}:\n        {body}\nKind = Failing\n"
    install("acme", source)
    plugins = load_plugins("combine", "acme")
    with pytest.raises(PluginCallError) as raised:
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
    assert str(raised.value) == (f"plugin 'acme' (acme 1.0): {cause.__name__} while {doing}: out of order")
    assert type(raised.value.__cause__) is cause


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
def test_a_kind_that_returns_something_else_is_an_error(
    method: str, returned: str, install: Install, card_arguments: CardArguments
) -> None:
    install("acme", kind_source() + f"\nclass Odd(Kind):\n    def {method}:\n        return {returned}\nKind = Odd\n")
    plugins = load_plugins("combine", "acme")
    with pytest.raises(PluginCallError, match=r"plugin 'acme' \(acme 1\.0\): .*'mine'"):
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))


def test_the_users_interrupt_goes_through_a_kind(install: Install, card_arguments: CardArguments) -> None:
    install("acme", kind_source("raise KeyboardInterrupt"))
    plugins = load_plugins("combine", "acme")
    with pytest.raises(KeyboardInterrupt):
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))


def test_a_kind_that_does_nothing_to_its_columns_leaves_a_finding(card_arguments: CardArguments) -> None:
    class Idle(Acme):
        def effects(self, target: Target) -> Iterable[Effect]:  # noqa: ARG002
            return ()

    plugins = load_plugins("lnn", "shape", "combine", Provider("idle", Idle()))
    card = Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
    assert "mine" not in rows(card)
    assert [finding.systematic for finding in card.findings] == ["mine"]


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
def test_a_kind_cannot_change_the_declaration_that_other_cards_are_made_from(
    change: str, install: Install, card_arguments: CardArguments
) -> None:
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


def test_templates_of_less_precision_are_summed_with_full_precision(card_arguments: CardArguments) -> None:
    class Single(Acme):
        def effects(self, target: Target) -> Iterable[Effect]:
            single = Templates(*(np.full((len(target.positions), 3), 0.1, dtype=np.float32) for _ in range(2)))
            yield Shape(target.positions, single, single, np.ones(len(target.positions), dtype=np.int64))

    plugins = load_plugins("combine", Provider("single", Single()))
    card = Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
    assert card.channel.nuisances[0].effects[0].up.values.dtype == np.float64  # type: ignore[attr-defined]
    assert card.rate("top_2022", "mineUp") == 3 * float(np.float32(0.1))


def test_a_kind_is_told_where_the_nominal_stands_in_for_a_variation() -> None:
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


def test_a_kind_is_told_the_rates_that_the_card_says() -> None:
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
