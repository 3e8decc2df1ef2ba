"""Calls into plugins: their failures are attributed, and they cannot write into arrays of the core."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Axis,
    CardContext,
    Channel,
    Check,
    Datacard,
    Effect,
    Finding,
    FreeParameter,
    InputError,
    NamedTemplates,
    Normalisation,
    PluginCallError,
    Provided,
    Shape,
    SystematicUncertainty,
    Target,
    Templates,
    TemplateSerializer,
    error,
    load_plugins,
    warning,
)
from datacard_core.plugins.calling import blame, inherits, strings
from tests.support.cases import case
from tests.support.plugins import Acme, Numpy, Provider, Text, Yields, mine

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.conftest import CardArguments, Install


@pytest.mark.slow
def test_finding_of_a_check(card_arguments: CardArguments) -> None:
    """A warning of a contributed check is among the card's findings, and an error stops the card."""

    @attrs.frozen
    class Told(Check):
        name: ClassVar[str] = "told"
        finding: Finding

        def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
            return [self.finding]

    told = [load_plugins(*DEFAULT_PLUGINS, Provider("told", Told(of("odd", "it is odd")))) for of in (warning, error)]
    assert str(Datacard(**card_arguments(plugins=told[0])).findings[-1]) == "warning [odd] SR_2022_2023: it is odd"
    with pytest.raises(InputError, match=r"error \[odd\] SR_2022_2023: it is odd"):
        Datacard(**card_arguments(plugins=told[1]))


@pytest.mark.slow
def test_contributed_writer_and_serializer(card_arguments: CardArguments, tmp_path: Path) -> None:
    """`dump` writes a card and its templates with the writer and the serializer that it names."""
    card = Datacard(**card_arguments(plugins=load_plugins(*DEFAULT_PLUGINS, Provider("mine", Yields(), Text()))))
    card.dump(tmp_path, "card.yields", "templates.txt", writer="yields", serializer="text")
    assert (tmp_path / "card.yields").read_text() == "SR_2022_2023 273 in templates.txt\n"
    lines = (tmp_path / "templates.txt").read_text().splitlines()
    assert lines[0] == "data_obs_nominal [120.0, 90.0, 62.0]"
    assert lines[3] == "top_2022_nominal [30.0, 20.0, 10.0]"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.yields", "templates.txt"]


@pytest.mark.slow
def test_path_of_a_serializer(card_arguments: CardArguments, tmp_path: Path) -> None:
    """A serializer gets a path with the final suffix, on which libraries such as numpy depend."""
    card = Datacard(**card_arguments(plugins=load_plugins(*DEFAULT_PLUGINS, Provider("mine", Numpy()))))
    card.dump(tmp_path, shapes_name="templates.npz", serializer="numpy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["datacard.txt", "templates.npz"]
    with np.load(tmp_path / "templates.npz") as archive:
        assert archive["top_2022_nominal"].tolist() == [30, 20, 10]


READ_BY_A_KIND = {
    "positions": lambda target: target.positions,
    "nominal values": lambda target: target.nominal.values,
    "nominal variances": lambda target: target.nominal.variances,
    "varied values": lambda target: target.variations["Up"].values,
    "varied variances": lambda target: target.variations["Up"].variances,
    "edges": lambda target: target.axis.edges,
}
READ_FROM_A_CHANNEL = {
    "nominal values": lambda channel: channel.nominal.values,
    "nominal variances": lambda channel: channel.nominal.variances,
    "rates": lambda channel: channel.rates,
    "data": lambda channel: channel.data.values,
    "varied values": lambda channel: channel.nuisances[1].effects[0].up.values,
    "scales": lambda channel: channel.nuisances[1].effects[0].scale,
    "factors": lambda channel: channel.nuisances[0].effects[0].up,
    "columns": lambda channel: channel.nuisances[0].effects[0].columns,
    "edges": lambda channel: channel.axis.edges,
}


@pytest.mark.slow
@pytest.mark.parametrize("what", READ_BY_A_KIND)
def test_arrays_of_a_target_are_read_only(what: str, card_arguments: CardArguments) -> None:
    """A kind that writes into an array of its target is blamed."""

    class Vandal(Acme):
        def shifts(self, systematic: SystematicUncertainty) -> tuple[str, ...]:  # noqa: ARG002
            return ("Up",)

        def effects(self, target: Target) -> Iterable[Effect]:
            READ_BY_A_KIND[what](target)[...] = 0
            return super().effects(target)

    plugins = load_plugins("lnn", "shape", "combine", Provider("vandal", Vandal()))
    with pytest.raises(PluginCallError, match=r"plugin 'vandal' \(local\).*read-only"):
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))


@pytest.mark.slow
@pytest.mark.parametrize("what", READ_FROM_A_CHANNEL)
def test_arrays_of_a_channel_are_read_only(what: str, card_arguments: CardArguments) -> None:
    """A check that writes into an array of the channel is blamed."""

    class Vandal(Check):
        name: ClassVar[str] = "vandal"

        def run(self, channel: Channel) -> Iterable[Finding]:
            READ_FROM_A_CHANNEL[what](channel)[...] = 0
            return ()

    plugins = load_plugins("lnn", "shape", "combine", Provider("vandal", Vandal()))
    with pytest.raises(PluginCallError, match=r"plugin 'vandal' \(local\).*read-only"):
        Datacard(**card_arguments(plugins=plugins, mcstat=False))


@pytest.mark.slow
def test_arrays_of_a_serializer_are_read_only(card_arguments: CardArguments, tmp_path: Path) -> None:
    """A serializer that writes into the templates is blamed, and the card stays the same."""

    class Vandal(TemplateSerializer):
        name: ClassVar[str] = "vandal"

        def write(self, templates: NamedTemplates, path: Path) -> None:  # noqa: ARG002
            templates.templates.values[...] = 0

    card = Datacard(
        **card_arguments(plugins=load_plugins("lnn", "shape", "combine", Provider("vandal", Vandal())), mcstat=False)
    )
    before = card.content()
    with pytest.raises(PluginCallError, match="read-only"):
        card.dump(tmp_path, serializer="vandal")
    assert card.content() == before


def test_arrays_of_the_caller_stay_writeable() -> None:
    """Values hold locked copies: later changes of the caller's arrays do not reach them."""
    arrays = [np.zeros((1, 2)), np.zeros((1, 2)), np.zeros(3), np.zeros(1, dtype=np.intp), np.ones(1)]
    templates = Templates(arrays[0], arrays[1])
    made = [templates, Axis(arrays[2]), Normalisation(arrays[3], arrays[4]), FreeParameter("a", arrays[3])]
    assert all(array.flags.writeable for array in arrays)
    arrays[0] += 1
    assert templates.values.tolist() == [[0, 0]]
    assert not any(item.flags.writeable for value in made for item in held(value))


def test_arrays_are_read_only_after_a_pickle() -> None:
    """numpy unpickles arrays as writeable, and the values lock them again."""
    templates = Templates(np.zeros((1, 2)), np.zeros((1, 2)))
    columns = np.zeros(1, dtype=np.intp)
    for value in (templates, Axis(np.zeros(3)), Shape(columns, templates, templates, np.ones(1))):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            back = pickle.loads(pickle.dumps(value, protocol))
            assert not any(array.flags.writeable for array in held(back))


def held(value: Any) -> list[Any]:
    """Return the arrays that a value holds, itself or in its templates."""
    fields = [getattr(value, field.name) for field in attrs.fields(type(value))]
    inner = [array for field in fields if isinstance(field, Templates) for array in held(field)]
    return [field for field in fields if isinstance(field, np.ndarray)] + inner


@pytest.mark.slow
@pytest.mark.parametrize("returned", [None, b"card", ["card"]])
def test_writer_that_returns_no_text(returned: object, card_arguments: CardArguments, tmp_path: Path) -> None:
    """A writer that returns another type than a string is blamed, and no file is written."""

    class Odd(Yields):
        def render(self, card: CardContext) -> Any:  # noqa: ARG002
            return returned

    card = Datacard(
        **card_arguments(plugins=load_plugins("lnn", "shape", "root", Provider("odd", Odd())), mcstat=False)
    )
    with pytest.raises(PluginCallError, match=r"plugin 'odd' \(local\).*SR_2022_2023"):
        card.dump(tmp_path, writer="yields")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("returned", [None, "large", [None], ["large"]])
def test_check_that_returns_no_findings(returned: Any, card_arguments: CardArguments) -> None:
    """A check that returns another type than findings is blamed."""

    class Odd(Check):
        name: ClassVar[str] = "odd"

        def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
            found: Iterable[Finding] = returned
            return found

    plugins = load_plugins("lnn", "shape", "combine", Provider("odd", Odd()))
    with pytest.raises(PluginCallError, match=r"plugin 'odd' \(local\).*check 'odd'"):
        Datacard(**card_arguments(plugins=plugins, mcstat=False))


@pytest.mark.slow
@pytest.mark.parametrize("cause", [ValueError, SystemExit, BaseException])
def test_check_that_fails(cause: type[BaseException], card_arguments: CardArguments) -> None:
    """The error says which check failed on which channel, and has the exception as its cause."""

    class Failing(Check):
        name: ClassVar[str] = "failing"

        def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
            raise cause("out of order")

    plugins = load_plugins("lnn", "shape", "combine", Provider("failing", Failing()))
    doing = "running check 'failing' on channel 'SR_2022_2023': out of order"
    with pytest.raises(PluginCallError, match=doing) as raised:
        Datacard(**card_arguments(plugins=plugins, mcstat=False))
    assert type(raised.value.__cause__) is cause


@pytest.mark.slow
def test_error_of_the_core_passes(card_arguments: CardArguments) -> None:
    """An InputError that a plugin raises passes unchanged, with a note that names the plugin."""

    class Strict(Acme):
        def effects(self, target: Target) -> Iterable[Effect]:
            raise InputError(f"{target.bin} is not fit")

    plugins = load_plugins("lnn", "shape", "combine", Provider("strict", Strict()))
    with pytest.raises(InputError, match="SR_2022_2023 is not fit") as raised:
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False))
    assert raised.value.__notes__ == [
        "in plugin 'strict' (local), working out the effects of 'mine' in channel 'SR_2022_2023'"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "finding",
    [
        "Finding('error', 'odd', 'it is odd')",
        "Finding(7, 'odd', 'it is odd')",
        "warning('odd', None)",
        "error(3, 'odd')",
    ],
)
def test_finding_with_wrong_types(finding: str, install: Install, card_arguments: CardArguments) -> None:
    """A finding whose severity or message has the wrong type is the plugin's failure."""
    source = f"""
        from datacard_core import Check, Finding, error, hookimpl, warning
        class Odd(Check):
            name = "odd"
            def run(self, channel):
                return [{finding}]
        @hookimpl
        def datacard_checks():
            return [Odd()]
    """
    install("acme", source)
    plugins = load_plugins("lnn", "shape", "acme")
    with pytest.raises(PluginCallError, match=r"plugin 'acme' \(acme 1\.0\): \w+ while running check 'odd'"):
        Datacard(**card_arguments(plugins=plugins, mcstat=False))


class TestDescriptions:
    """Descriptions of a call, as a text or as a function."""

    def test_function_for_a_failure(self) -> None:
        """The error and the note have the text that the function returns."""
        with pytest.raises(PluginCallError) as failed, blame("acme", "acme 1.0", lambda: "counting to 3"):
            raise ValueError("2")
        assert str(failed.value) == "plugin 'acme' (acme 1.0): ValueError while counting to 3: 2"
        with pytest.raises(InputError) as passed, blame("acme", "acme 1.0", lambda: "counting to 3"):
            raise InputError("2")
        assert passed.value.__notes__ == ["in plugin 'acme' (acme 1.0), counting to 3"]

    def test_function_without_a_failure(self) -> None:
        """The function is not called without a failure."""
        with Provided("value", "acme", "acme 1.0").blamed(lambda: pytest.fail("a text was made")) as value:
            assert value == "value"

    def test_interrupt(self) -> None:
        """KeyboardInterrupt passes with a note that says what was running."""
        with pytest.raises(KeyboardInterrupt) as raised, blame("acme", "acme 1.0", "counting to 3"):
            raise KeyboardInterrupt
        assert raised.value.__notes__ == ["in plugin 'acme' (acme 1.0), counting to 3"]

    def test_memory(self) -> None:
        """A plugin that asks for too much memory is named: it may ask for a wrong shape."""
        with (
            pytest.raises(PluginCallError, match=r"plugin 'acme' .*MemoryError while counting to 3: .*allocate"),
            blame("acme", "acme 1.0", "counting to 3"),
        ):
            np.zeros((10**8, 10**8))


def test_strings_of_another_type() -> None:
    """A string, and an iterable with another object in it, are not an iterable of strings."""
    cases: list[object] = ["Up", b"Up", 7, None, ["Up", 7]]
    for returned in cases:
        with case(returned), pytest.raises(TypeError, match=r"got .*, expected (an iterable of )?strings"):
            strings(returned)


def test_strings() -> None:
    """The strings of a generator keep their order, those of a set are sorted."""
    assert strings(letter for letter in "ba") == ("b", "a")
    assert strings({"b", "a"}) == ("a", "b")


def test_block_that_is_dropped() -> None:
    """A block that Python drops, as when Ctrl-C comes while it is being entered, is no failure of the plugin."""
    core: dict[str, Any] = {"__name__": "datacard_core.made_here", "blame": blame}
    exec("def entered():\n    with blame('acme', 'acme 1.0', 'counting'):\n        yield\n", core)  # noqa: S102
    block = core["entered"]()
    next(block)
    block.close()


def test_exit_of_a_generator_in_a_plugin() -> None:
    """A GeneratorExit that code of a plugin raises is its failure, as each other exception is."""
    with pytest.raises(PluginCallError, match="GeneratorExit while counting"), blame("acme", "acme 1.0", "counting"):
        exec("raise GeneratorExit", {"__name__": "acme"})  # noqa: S102 - code of a module of another name


class _Plain(Check):
    name = "plain"


class _OfTheClass(_Plain):
    def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002 - as of the interface
        return [warning("odd", "it is odd")]


class _OfTheObject(_Plain):
    def __init__(self) -> None:
        self.run = lambda _: [warning("odd", "it is odd")]  # type: ignore[method-assign, assignment]


class _Asked(_Plain):
    def __getattribute__(self, name: str) -> Any:
        return (lambda _: [warning("odd", "it is odd")]) if name == "run" else super().__getattribute__(name)


def test_members_that_a_plugin_has_itself() -> None:
    """A method is called wherever a plugin has it: in its class, in the object, and in its look-up of attributes."""
    own = {made.__name__: made() for made in (_Plain, _OfTheClass, _OfTheObject, _Asked)}
    there = [name for name, value in own.items() if not inherits(Provided(value, "acme", "local"), Check, "run")]
    assert there == ["_OfTheClass", "_OfTheObject", "_Asked"]
