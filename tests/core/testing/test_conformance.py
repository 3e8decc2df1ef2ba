"""The conformance kit: what is right passes, and what is wrong is told with all that its author needs to know."""

from __future__ import annotations

import itertools
import json
import pickle
import re
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import datacard_lnn
import lz4.frame
import numpy as np
import pytest
import uproot
from hypothesis import strategies as st

from datacard_core import (
    DEFAULT_PLUGINS,
    Axis,
    CardContext,
    CardWriter,
    Channel,
    Check,
    Directive,
    Effect,
    FreeParameter,
    HistogramArray,
    HistogramSource,
    InputError,
    NamedTemplates,
    Normalisation,
    Plot,
    RawLine,
    Rendering,
    Shape,
    SystematicKind,
    SystematicUncertainty,
    Target,
    Templates,
    TemplateSerializer,
    hookimpl,
    load_plugins,
    notice,
    warning,
)
from datacard_core.testing import assert_plugin, small_card, small_output
from datacard_core.testing.repeating import FORWARDS
from datacard_core.testing.searching import search
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    import hist
    from numpy.typing import NDArray

    from datacard_core import Finding
    from tests.conftest import Install


CALLS = itertools.count()
"""Whose values are never the same."""


def failure(plugin: Any, **aids: Any) -> str:
    """What the kit says about a plugin."""
    with pytest.raises(AssertionError) as raised:
        assert_plugin(plugin, **aids)
    return str(raised.value)


# What is right


class Factor(SystematicKind):
    """Multiplies yields, as a log-normal does."""

    typ: ClassVar[str] = "factor"
    options: ClassVar[Mapping[str, str]] = {"power": "an exponent of the factor, 1, 2 or 3"}

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        for _, value in systematic.distinct_values():
            if not isinstance(value, float) or not 1e-10 < value < 1e10:
                yield f"value {value!r}, expected a factor"
        if systematic.options.get("power", 1) not in (1, 2, 3):
            yield f"power {systematic.options['power']!r}, expected 1, 2 or 3"

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        return (Normalisation(target.positions, self.factors(target)),)

    def factors(self, target: Target) -> NDArray[np.float64]:
        factors: NDArray[np.float64] = np.array(target.values, dtype=float) ** target.systematic.options.get("power", 1)
        return factors


class Average(SystematicKind):
    """A shape that is the mean of the variations a, b and c, and the nominal where that is nothing."""

    typ: ClassVar[str] = "average"

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if any(value != 1.0 for _, value in systematic.distinct_values()):
            yield "the value must be 1.0"

    def shifts(self, systematic: SystematicUncertainty) -> Sequence[str]:  # noqa: ARG002
        return ("_a", "_b", "_c")

    def effects(self, target: Target) -> Iterator[Effect]:
        values = np.mean([varied.values for varied in target.variations.values()], axis=0)
        up = Templates(values, target.nominal.variances)
        yield Shape(target.positions, up, target.nominal, np.ones(len(target.positions)))


@attrs.frozen(eq=False)
class Counted(Effect):
    """An effect of one's own."""

    columns: Any
    count: int = 7
    text: str = "1.5"

    @property
    def keyword(self) -> str:
        return f"gmN {self.count}"

    def cells(self) -> Sequence[str]:
        return [self.text] * len(self.columns)


class Gamma(SystematicKind):
    """A kind with an effect of its own; what it is declared with is of no account."""

    typ: ClassVar[str] = "gamma"

    def effects(self, target: Target) -> Iterator[Effect]:
        yield Counted(target.positions)


class Listing(CardWriter):
    """Everything in a channel as JSON: of effects and directives those of the core, but for RawLine."""

    name: ClassVar[str] = "listing"

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        return {
            Normalisation: lambda effect, _: [effect.columns.tolist(), list(effect.cells())],
            Shape: lambda effect, _: [effect.columns.tolist(), list(effect.cells())],
            FreeParameter: lambda directive, channel: list(directive.lines(channel)),
        }

    def render(self, card: CardContext) -> str:
        return json.dumps(self.content(card))

    def content(self, card: CardContext) -> dict[str, Any]:
        channel = card.channel
        return {
            "rates": dict(zip([column.name for column in channel.columns], channel.rates, strict=True)),
            "data": channel.observation,
            "nuisances": self.nuisances(card),
            "lines": [card.rendered(directive) for directive in channel.directives],
        }

    def nuisances(self, card: CardContext) -> dict[str, Any]:
        return {row.name: [card.rendered(effect) for effect in row.effects] for row in card.channel.nuisances}


def counted(effect: Counted, channel: Channel) -> list[Any]:
    return ["gamma", effect.count, [channel.columns[column].name for column in effect.columns]]


class Json(TemplateSerializer):
    """Templates as JSON, whose numbers are read as they were written."""

    name: ClassVar[str] = "json"

    def write(self, templates: NamedTemplates, path: Path) -> None:
        path.write_text(json.dumps(self.content(templates)), encoding="utf-8")

    def content(self, templates: NamedTemplates) -> dict[str, Any]:
        values, variances = templates.templates.values.tolist(), templates.templates.variances.tolist()
        return {"edges": templates.axis.edges.tolist(), **self.by_name(templates.names, values, variances)}

    def by_name(self, names: tuple[str, ...], values: list[Any], variances: list[Any]) -> dict[str, Any]:
        return dict(zip(names, zip(values, variances, strict=True), strict=True))


def read_json(path: Path) -> dict[str, Any]:
    return {name: arrays for name, arrays in json.loads(path.read_text()).items() if name != "edges"}


class Rates(Check):
    """Tells every rate."""

    name: ClassVar[str] = "rates"

    def run(self, channel: Channel) -> Iterable[Finding]:
        for column, rate in zip(channel.columns, channel.rates, strict=True):
            yield notice("rate", f"the rate is {rate:g}", column=column.name)


class Numbers(Plot):
    """A drawing in words."""

    name: ClassVar[str] = "numbers"
    suffix: ClassVar[str] = ".txt"

    def draw(self, channel: Channel, path: Path) -> None:
        path.write_text(f"{channel.bin}: {channel.rates.tolist()}", encoding="utf-8")


class Tables(HistogramSource):
    """Reads lines of a variable and its yields, all of one dataset."""

    name: ClassVar[str] = "tables"

    def read(self, path: Path, variables: Collection[str]) -> Mapping[str, Any]:
        return self.output({variable: self.histograms(yields) for variable, yields in self.wanted(path, variables)})

    def wanted(self, path: Path, variables: Collection[str]) -> Iterator[tuple[str, list[float]]]:
        try:
            rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: {error}") from error
        for variable, *words in rows:
            yield variable, [float(word) for word in words] if variable in variables else []

    def histograms(self, yields: list[float]) -> dict[str, Any]:
        if not yields:
            return {}
        axis, values = Axis(np.arange(len(yields) + 1.0), "x"), [[yields]]
        of = HistogramArray.of(values, values, axis=axis, categories=["SR"], variations=["nominal"])
        return {"Top": {"Top_2022": of}}

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        periods = {"2022": {"Top": {"Top_2022"}}}
        cutflow = {"presel": {"Top_2022": 10}}
        return {"variables": variables, "datasets_metadata": {"by_datataking_period": periods}, "cutflow": cutflow}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "yields.txt"
    path.write_text("x 1 2 3\ny 4 5\n", encoding="ascii")
    return path


def read_root(path: Path) -> dict[str, Any]:
    with uproot.open(path) as file:
        return {name: (file[name].values(), file[name].variances()) for name in file.keys(cycle=False)}


@pytest.fixture
def coffea_file(tmp_path: Path) -> Path:
    path = tmp_path / "output.coffea"
    path.write_bytes(lz4.frame.compress(pickle.dumps(small_output(), 5)))
    return path


@pytest.mark.parametrize("name", DEFAULT_PLUGINS)
def test_every_built_in_plugin_does_what_is_expected(name: str, coffea_file: Path) -> None:
    serializers = load_plugins(name).serializers
    files = {"coffea": coffea_file} if name == "coffea" else {}
    examples: dict[str, Any] = {}
    if name == "rateparam":
        examples["rateParam"] = [{"value": 1.0}, {"value": 1.5, "options": {"range": (0.5, 2.0)}}]
    if name == "mcstats":
        options = {"threshold": 10, "include_signal": 1, "hist_mode": 2}
        examples["autoMCStats"] = [{"value": 1.0}, {"value": 1.0, "options": options}]
    assert_plugin(name, examples=examples, readers=dict.fromkeys(serializers, read_root), files=files)


def test_a_module_is_tried_as_its_name_is() -> None:
    assert_plugin(datacard_lnn)


def test_plugins_with_every_kind_of_object_pass(table: Path) -> None:
    everything = Provider("acme", Factor(), Average(), Gamma(), Listing(), Json(), Rates(), Numbers(), Tables())
    rendering = Provider("acme_rendering", Rendering("listing", Counted, counted))
    aids: dict[str, Any] = {"readers": {"json": read_json}, "files": {"tables": table}}
    assert_plugin(everything, **aids)
    assert_plugin(rendering, examples={"gamma": {"value": 1.0}}, beside=[everything])


def test_a_module_that_is_not_imported_by_its_name_is_a_plugin_as_well() -> None:
    module = types.ModuleType("made_here")

    class Local(Factor):
        pass

    @hookimpl
    def datacard_systematic_kinds() -> Iterable[SystematicKind]:
        return (Local(),)

    vars(module)["datacard_systematic_kinds"] = datacard_systematic_kinds
    assert_plugin(module)


# Kinds that are wrong


class Counting(Factor):
    """Another factor each time."""

    def factors(self, target: Target) -> NDArray[np.float64]:
        return super().factors(target) + next(CALLS)


class Remembering(Factor):
    """Remembers factors by the name of the nuisance."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    def factors(self, target: Target) -> NDArray[np.float64]:
        size = len(target.positions)
        first = self.seen.setdefault(target.systematic.datacard_name, target.nominal.norms.max() + 1)
        return np.full(size, first)


class Writing(Factor):
    """Writes into what it is given."""

    def factors(self, target: Target) -> NDArray[np.float64]:
        target.nominal.values[...] = 1.0
        return super().factors(target)


class WritingByForce(Factor):
    """Writes into what it is given, though that is read-only."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        edges: Any = target.axis.edges
        while edges.base is not None:
            edges = edges.base
        edges.flags.writeable = True
        edges[-1] += 1.0
        return super().effects(target)


class Redeclaring(Factor):
    """Completes the declaration."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        options: Any = target.systematic.options
        options["power"] = 1
        return super().effects(target)


class Swapping(Factor):
    """Makes a signal of a background."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        object.__setattr__(target.columns[0], "id", -7)
        return super().effects(target)


class TakingAnything(Factor):
    """Says of no value that it is wrong."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:  # noqa: ARG002
        yield from ()


class Overflowing(Factor):
    """Makes a number of a value that is none."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        for _, value in systematic.distinct_values():
            if not isinstance(value, float):
                yield f"value {value!r}, expected a number"

    def factors(self, target: Target) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            exponential: NDArray[np.float64] = np.exp(np.array(target.values))
        return exponential


class Unnumbered(Factor):
    """Divides by yields, which may be nothing."""

    def effects(self, target: Target) -> Iterator[Effect]:
        with np.errstate(all="ignore"):
            ratio = target.nominal.values.min() / target.nominal.values.min()
        yield Counted(target.positions, text=str(ratio))


class Bracketing(Factor):
    """Writes cells that Combine cannot read."""

    def effects(self, target: Target) -> Iterator[Effect]:
        yield Counted(target.positions, text="[1.5]")


class Trusting(Factor):
    """Takes an option for a number."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if float(systematic.options.get("power", 1)) < 0:
            yield "power is below 0"
        yield from Factor().problems(systematic)


class Wavering(Factor):
    """Needs other variations each time."""

    def shifts(self, systematic: SystematicUncertainty) -> Sequence[str]:  # noqa: ARG002
        return (f"_{next(CALLS)}",)


class ChangingItsMind(Factor):
    """Finds a second time nothing wrong."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if repr(systematic) not in self.seen:
            self.seen.add(repr(systematic))
            yield from super().problems(systematic)


class Unpicklable(Factor):
    """Has what cannot be sent to another process."""

    def __init__(self) -> None:
        self.function = lambda: None


@attrs.frozen(eq=False)
class Stuck(Counted):
    """Likewise, where a worker would send it back."""

    function: Any = attrs.field(factory=lambda: lambda: None)


class Sticking(Factor):
    """Makes such effects."""

    def effects(self, target: Target) -> Iterator[Effect]:
        yield Stuck(target.positions)


class Silent(Factor):
    """Says nothing about what is wrong."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if list(super().problems(systematic)):
            yield ""


class Vague(Factor):
    """Does not say what is wrong."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if list(super().problems(systematic)):
            yield "this is not right"


class Undocumented(Factor):
    """Has an option without a word about it."""

    options: ClassVar[Mapping[str, str]] = {"power": ""}


class OnAllYears(Factor):
    """Takes no declaration on fewer processes than others."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        yield from super().problems(systematic)
        if len(systematic.years) == 1 and len(systematic.processes) > 1:
            yield "it must be declared for several years"


class FourBins(Factor):
    """Breaks in four bins: no analysis that is made by hand has so many."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:
        if target.axis.bins > 3:
            raise RuntimeError("more than three bins")
        return super().effects(target)


class Choosy(Factor):
    """Takes nothing that is usual."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if "power" not in systematic.options:
            yield "says no power"
        yield from super().problems(systematic)


class Littering(Factor):
    """Leaves a file where it works."""

    def factors(self, target: Target) -> NDArray[np.float64]:
        Path("debug.txt").write_text("here", encoding="utf-8")
        return super().factors(target)


@attrs.frozen(eq=False)
class Lost(Counted):
    """Is another one where it has been sent to."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Lost, (self.columns, self.count + 1)


class Losing(Factor):
    """Makes such effects."""

    def effects(self, target: Target) -> Iterator[Effect]:
        yield Lost(target.positions)


class Uncounted(Factor):
    """Counts what cannot be counted."""

    def effects(self, target: Target) -> Iterator[Effect]:
        yield Counted(target.positions, count=np.nan)  # type: ignore[arg-type]


class Wary(Factor):
    """Once it has seen a wrong power, everything is wrong."""

    def __init__(self) -> None:
        self.is_wary = False

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        found = list(super().problems(systematic))
        self.is_wary = self.is_wary or any("power" in problem for problem in found)
        yield from found
        if self.is_wary:
            yield f"value {systematic.value!r} and power {systematic.options.get('power')!r} may be wrong"


KINDS: dict[type[SystematicKind], str] = {
    Counting: "the same card from the same declaration, each time",
    Remembering: "a kind keeps nothing between two calls",
    Writing: "expected: a card\n  instead: PluginCallError: .* read-only",
    WritingByForce: "that the histograms stay as they are",
    Redeclaring: "expected: a card\n  instead: PluginCallError: .*a declaration is read-only",
    Swapping: "that what the columns are stays as it is without the declaration",
    TakingAnything: "expected: a card\n  instead: .*Normalisation.up is array(.*\n)*.*value=\\(0.95, 1.05\\)",
    Overflowing: "or a card\n  instead: .*Normalisation.up is array.*\n(.*\n)*.*1e\\+100",
    Unnumbered: "expected: a card\n  instead: .*Counted has the cell 'nan'",
    Bracketing: "expected: a card\n  instead: .*Counted has the cell '\\[1.5\\]'",
    Trusting: "says what is wrong with a declaration\n  instead: .*TypeError while checking(.*\n)*.*'power': None",
    Wavering: "the same shifts for the same declaration, each time",
    ChangingItsMind: "the same problems of the same declaration, each time",
    Unpicklable: "can be pickled",
    Sticking: "effects and directives that can be sent to another process",
    Silent: "that each problem is a sentence\n  instead: \\[''\\]",
    Vague: "problems that name the value or option that is wrong\n  instead: this is not right",
    Undocumented: "options with a line about each\n  instead: 'power': ''",
    Losing: "the same card from another process",
    Uncounted: "a keyword without nan or inf\n  instead: 'gmN nan'",
    Wary: "that a declaration stays accepted when another is wrong",
    OnAllYears: "on some processes and years as on others\n  instead: it must be declared for several years",
    FourBins: "expected: a card\n  instead: .*more than three bins(.*\n)*.*Sketch",
    Choosy: "a declaration that it accepts\n  instead: .*examples=\\{'factor': \\{'value': …, 'options': \\{…\\}\\}\\}",
    Littering: "writes nothing but the files it is told to\n  instead: it wrote debug.txt",
}


@pytest.mark.parametrize("broken", KINDS, ids=lambda broken: broken.__name__)
def test_a_kind_that_is_wrong_is_told(broken: type[SystematicKind]) -> None:
    said = failure(Provider("acme", broken()))
    assert said.startswith("plugin 'acme' (local)")
    assert re.search(KINDS[broken], said), said


# Writers that are wrong


class Dropping(Listing):
    """Leaves the second nuisance out."""

    def nuisances(self, card: CardContext) -> dict[str, Any]:
        rows = super().nuisances(card)
        return {name: row for number, (name, row) in enumerate(rows.items()) if number != 1}


class Stamping(Listing):
    """Puts the time in, and something that changes faster."""

    def render(self, card: CardContext) -> str:
        return f"{next(CALLS)} {super().render(card)}"


class Choosing(Listing):
    """Renders what it knows, and passes over the rest."""

    def nuisances(self, card: CardContext) -> dict[str, Any]:
        rows = {
            row.name: [card.rendered(effect) for effect in row.effects if isinstance(effect, Normalisation | Shape)]
            for row in card.channel.nuisances
        }
        return {name: row for name, row in rows.items() if row}


class HalfChoosing(Choosing):
    """Likewise, where all of a row is unknown to it."""

    def nuisances(self, card: CardContext) -> dict[str, Any]:
        return {row.name: super(HalfChoosing, self).nuisances(card).get(row.name) for row in card.channel.nuisances}


class Blind(Listing):
    """Has no data."""

    def content(self, card: CardContext) -> dict[str, Any]:
        return {**super().content(card), "data": 0}


class OneSided(Listing):
    """Has no factor down."""

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        return {**super().renderings(), Normalisation: lambda effect, _: effect.up.tolist()}


class Unlined(Listing):
    """Has no lines."""

    def content(self, card: CardContext) -> dict[str, Any]:
        return {**super().content(card), "lines": []}


class Rateless(Listing):
    """Has no rates."""

    def content(self, card: CardContext) -> dict[str, Any]:
        return {**super().content(card), "rates": {}}


class Wordless(Listing):
    """Has an empty card."""

    def render(self, card: CardContext) -> str:  # noqa: ARG002
        return "\n"


class Failing(Listing):
    """Fails where it does not know an effect."""

    def renderings(self) -> Mapping[type[Effect | Directive], Callable[[Any, Channel], Any]]:
        return {**super().renderings(), Effect: lambda effect, _: effect.up}


class Refusing(Listing):
    """Takes no card at all."""

    def render(self, card: CardContext) -> str:
        card.rendered(Counted([0]))
        return ""


class Identifying(Listing):
    """Tells objects apart that are equal."""

    def content(self, card: CardContext) -> dict[str, Any]:
        return {**super().content(card), "channel": id(card.channel)}


class FewColumns(Listing):
    """Breaks with many columns: no channel that is made by hand has so many."""

    def nuisances(self, card: CardContext) -> dict[str, Any]:
        if len(card.channel.columns) > 3:
            raise RuntimeError("more than three columns")
        return super().nuisances(card)


WRITERS: dict[type[CardWriter], str] = {
    Dropping: "another text, or an error, without the nuisance '(nuisance)*'\n  instead: the same text",
    Stamping: "the same text of the same channel, each time\n  instead: line 1 is",
    Choosing: "that an effect which it does not know stands in the text, or is a MissingProviderError",
    HalfChoosing: "that an effect beside a Normalisation which it does not know stands in the text",
    Blind: "another text, or an error, where data are asked for or not",
    OneSided: "another text, or an error, where the factor down of '(nuisance)*' differs",
    Unlined: "another text, or an error, without the FreeParameter",
    Rateless: "another text, or an error, where the rate of 'top_2018' differs",
    Wordless: "the text of a card that has processes only\n  instead: .*render returned '\\\\n'",
    Failing: "or a MissingProviderError for what it does not render\n  instead: PluginCallError: .*AttributeError",
    Identifying: "the same text of an equal channel",
    FewColumns: "or a MissingProviderError(.*\n)*.*more than three columns(.*\n)*.*given: Sketch",
    Refusing: "the text of a card that has processes only\n  instead: MissingProviderError",
}


@pytest.mark.parametrize("broken", WRITERS, ids=lambda broken: broken.__name__)
def test_a_writer_that_is_wrong_is_told(broken: type[CardWriter]) -> None:
    said = failure(Provider("acme", broken()))
    assert said.startswith("plugin 'acme' (local), card writer 'listing':")
    assert re.search(WRITERS[broken], said), said


# Serializers that are wrong


class StampingFiles(Json):
    """Puts the time in, and something that changes faster."""

    def content(self, templates: NamedTemplates) -> dict[str, Any]:
        return {**super().content(templates), "written": next(CALLS)}


class Certain(Json):
    """Has no variances."""

    def by_name(self, names: tuple[str, ...], values: list[Any], variances: list[Any]) -> dict[str, Any]:  # noqa: ARG002
        return dict(zip(names, values, strict=True))


class Nameless(Json):
    """Has numbers in place of names."""

    def by_name(self, names: tuple[str, ...], values: list[Any], variances: list[Any]) -> dict[str, Any]:
        return super().by_name(tuple(str(number) for number in range(len(names))), values, variances)


class Edgeless(Json):
    """Has no binning."""

    def content(self, templates: NamedTemplates) -> dict[str, Any]:
        return {**super().content(templates), "edges": []}


class Placed(Json):
    """Says where it is."""

    def write(self, templates: NamedTemplates, path: Path) -> None:
        path.write_text(f"{path} {self.content(templates)}", encoding="utf-8")


class Archive(Json):
    """Leaves a file of another name, as numpy sees to it."""

    def write(self, templates: NamedTemplates, path: Path) -> None:
        np.savez(path, templates.templates.values)


class Hollow(Json):
    """Leaves an empty file."""

    def write(self, templates: NamedTemplates, path: Path) -> None:  # noqa: ARG002
        path.touch()


class Rounding(Json):
    """Writes six digits."""

    def by_name(self, names: tuple[str, ...], values: list[Any], variances: list[Any]) -> dict[str, Any]:
        rounded = [[float(f"{value:.6g}") for value in row] for row in values]
        return super().by_name(names, rounded, variances)


class Scribbling(Json):
    """Writes into what it is given, though that is read-only."""

    def content(self, templates: NamedTemplates) -> dict[str, Any]:
        before = super().content(templates)
        values: Any = templates.templates.values
        while values.base is not None:
            values = values.base
        values.flags.writeable = True
        values += 1.0
        return before


class Forgetful(Json):
    """Leaves out what has no yield."""

    def by_name(self, names: tuple[str, ...], values: list[Any], variances: list[Any]) -> dict[str, Any]:
        found = super().by_name(names, values, variances)
        return {name: arrays for name, arrays in found.items() if any(arrays[0])}


SERIALIZERS: dict[type[TemplateSerializer], str] = {
    StampingFiles: "equal bytes for equal templates",
    Certain: "another file where one of the variances differs\n  instead: the same bytes",
    Nameless: "another file where a template has another name\n  instead: the same bytes",
    Edgeless: "another file where the bins are wider",
    Placed: "equal bytes for equal templates",
    Archive: "that it writes shapes.root\n  instead: there is no such file, but shapes.root.npz",
    Hollow: "that it writes shapes.root\n  instead: the file is empty",
    Scribbling: "that the arrays it was given stay as they are",
    Forgetful: "that the file has all templates\n  instead: \\[\\], before \\['data_obs_nominal'\\]",
    Rounding: "values of '.*' as they were, to the last bit",
}


@pytest.mark.parametrize("broken", SERIALIZERS, ids=lambda broken: broken.__name__)
def test_a_serializer_that_is_wrong_is_told(broken: type[TemplateSerializer]) -> None:
    aids = {"readers": {"json": read_json}} if broken in (Forgetful, Rounding) else {}
    said = failure(Provider("acme", broken()), **aids)
    assert said.startswith("plugin 'acme' (local), template serializer 'json':")
    assert re.search(SERIALIZERS[broken], said), said


# Checks, plots, sources and renderings that are wrong


class Dividing(Rates):
    """Divides by the background."""

    def run(self, channel: Channel) -> Iterable[Finding]:
        background = sum(rate for column, rate in zip(channel.columns, channel.rates, strict=True) if column.id > 0)
        yield notice("ratio", f"{float(channel.rates[0]) / float(background):g}")


class Mute(Rates):
    """Says nothing."""

    def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
        yield warning("rate", " ")


class Wordy(Rates):
    """Has a sentence for a code."""

    def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
        yield warning("the rate is high", "it is high")


class Plain(Rates):
    """Finds strings."""

    def run(self, channel: Channel) -> Any:  # noqa: ARG002
        return ["it is high"]


class Numbering(Rates):
    """Numbers what it finds."""

    def run(self, channel: Channel) -> Iterable[Finding]:  # noqa: ARG002
        yield notice("count", f"finding {next(CALLS)}")


class Recognising(Rates):
    """Tells objects apart that are equal."""

    def run(self, channel: Channel) -> Iterable[Finding]:
        yield notice("channel", f"it is channel {id(channel)}")


class FewBins(Rates):
    """Breaks with many bins: no channel that is made by hand has so many."""

    def run(self, channel: Channel) -> Iterable[Finding]:
        if channel.axis.bins > 3:
            raise RuntimeError("more than three bins")
        return super().run(channel)


CHECKS: dict[type[Check], str] = {
    Dividing: "findings, or none\n  instead: .*ZeroDivisionError(.*\n)*.*given: a channel without any background yield",
    Mute: "whose message says what, how much and what to do\n  instead: ' '",
    Wordy: "whose code is a short word\n  instead: the code is 'the rate is high'",
    Plain: "findings, made by error\\(\\), warning\\(\\) or notice\\(\\)\n  instead: 'it is high'",
    Recognising: "the same findings in an equal channel",
    FewBins: "findings, or none\n  instead: .*more than three bins(.*\n)*.*given: Sketch",
    Numbering: "the same findings in the same channel, each time",
}


@pytest.mark.parametrize("broken", CHECKS, ids=lambda broken: broken.__name__)
def test_a_check_that_is_wrong_is_told(broken: type[Check]) -> None:
    said = failure(Provider("acme", broken()))
    assert said.startswith("plugin 'acme' (local), check 'rates':")
    assert re.search(CHECKS[broken], said), said


class Lazy(Numbers):
    """Draws nothing."""

    def draw(self, channel: Channel, path: Path) -> None:
        pass


class StampingPlots(Numbers):
    """Puts the time in, and something that changes faster."""

    def draw(self, channel: Channel, path: Path) -> None:
        path.write_text(f"{channel.bin} {next(CALLS)}", encoding="utf-8")


class Labelled(Numbers):
    """Takes labels for numbers."""

    def draw(self, channel: Channel, path: Path) -> None:
        numbers = [float(label) for label in channel.axis.categories or ()]
        path.write_text(f"{channel.bin} {numbers}", encoding="utf-8")


PLOTS: dict[type[Plot], str] = {
    Lazy: "expected: a file\n  instead: it left none",
    StampingPlots: "equal bytes for equal channels",
    Labelled: "expected: a file\n  instead: .*could not convert string to float(.*\n)*.*given: labelled bins",
}


@pytest.mark.parametrize("broken", PLOTS, ids=lambda broken: broken.__name__)
def test_a_plot_that_is_wrong_is_told(broken: type[Plot]) -> None:
    said = failure(Provider("acme", broken()))
    assert said.startswith("plugin 'acme' (local), plot 'numbers':")
    assert re.search(PLOTS[broken], said), said


class Nothing(Tables):
    """Gives nothing."""

    def read(self, path: Path, variables: Collection[str]) -> Any:
        pass


class Unfinished(Tables):
    """Gives no output that was postprocessed."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        return {"variables": variables, "cutflow": {"presel": {}}}


class Narrow(Tables):
    """Names the variables only that are asked for."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        return super().output({variable: histograms for variable, histograms in variables.items() if histograms})


class Careless(Tables):
    """Leaves the error to whoever opens the file."""

    def wanted(self, path: Path, variables: Collection[str]) -> Iterator[tuple[str, list[float]]]:
        path.open().close()
        return super().wanted(path, variables)


class Anonymous(Tables):
    """Does not say which file it is about."""

    def wanted(self, path: Path, variables: Collection[str]) -> Iterator[tuple[str, list[float]]]:
        if not path.is_file():
            raise InputError("no such file")
        return super().wanted(path, variables)


class Unsure(Tables):
    """Gives other yields each time."""

    def histograms(self, yields: list[float]) -> dict[str, Any]:
        return super().histograms([content + next(CALLS) for content in yields])


class Listed(Tables):
    """Gives lists for histograms."""

    def histograms(self, yields: list[float]) -> dict[str, Any]:
        return {"Top": {"Top_2022": yields}}


class Hasty(Tables):
    """Has histograms of the first variable only."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        first = min(variables)
        return super().output({name: histograms if name == first else {} for name, histograms in variables.items()})


class Overlooking(Tables):
    """Names the first variable only where several are asked for."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        asked_for = [name for name, histograms in variables.items() if histograms]
        return super().output({name: variables[name] for name in (asked_for[:1] if len(asked_for) > 1 else variables)})


class Forgetting(Tables):
    """Names no other variable where one is asked for."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        asked_for = {name: histograms for name, histograms in variables.items() if histograms}
        return super().output(asked_for if len(asked_for) == 1 else variables)


class Sharing(Tables):
    """Shares yields out to the variables that are asked for."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        count = sum(1 for histograms in variables.values() if histograms)
        shared = {name: self.histograms([12.0 / count]) if of else of for name, of in variables.items()}
        return super().output(shared)


class Recounting(Tables):
    """Names the datasets anew each time."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        metadata = {"by_datataking_period": {"2022": {"Top": {f"Top_{next(CALLS)}"}}}}
        return {**super().output(variables), "datasets_metadata": metadata}


class Marking(Tables):
    """Marks what it has read."""

    def wanted(self, path: Path, variables: Collection[str]) -> Iterator[tuple[str, list[float]]]:
        found = list(super().wanted(path, variables))
        path.write_text(f"{path.read_text()}z 1\n")
        return iter(found[:2])


class Unordered(Tables):
    """Has a list of variables."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        return {**super().output({}), "variables": list(variables)}


class Lenient(Tables):
    """Takes rubbish for a file without variables."""

    def wanted(self, path: Path, variables: Collection[str]) -> Iterator[tuple[str, list[float]]]:
        if b"\xff" in path.read_bytes() if path.is_file() else b"":
            return iter(())
        return super().wanted(path, variables)


SOURCES: dict[type[HistogramSource], str] = {
    Nothing: "the output as a dict\n  instead: NoneType None",
    Unfinished: "an output that has what cards need\n  instead: InputError: .*datasets_metadata",
    Narrow: "the names of all variables, whichever are asked for\n  instead: there is none",
    Careless: "an InputError for a file that is not there\n  instead: PluginCallError: .*FileNotFoundError",
    Anonymous: "an InputError for a file that is not there, which names it\n  instead: no such file",
    Unsure: "the same output from the same file, each time",
    Hasty: "histograms of 'y', which was asked for",
    Overlooking: "the names of all variables, whichever are asked for\n  instead: \\['x'\\], before \\['x', 'y'\\]",
    Forgetting: "the names of all variables, whichever are asked for\n  instead: \\['x'\\], before \\['x', 'y'\\]",
    Sharing: "the same histograms of 'x' whether it is asked for alone or with others",
    Recounting: "the same datasets and counts from the same file, each time",
    Marking: "that the file stays as it is",
    Unordered: "an output that has what cards need\n  instead: InputError: variables has type list",
    Lenient: "an InputError for a file of rubbish\n  instead: it read \\{'variables'",
    Listed: "a hist.Hist or a HistogramArray for 'x', 'Top', 'Top_2022'\n  instead: InputError: a list stands",
}


@pytest.mark.parametrize("broken", SOURCES, ids=lambda broken: broken.__name__)
def test_a_source_that_is_wrong_is_told(broken: type[HistogramSource], table: Path) -> None:
    said = failure(Provider("acme", broken()), files={"tables": table})
    assert said.startswith("plugin 'acme' (local), histogram source 'tables':")
    assert re.search(SOURCES[broken], said), said


def test_a_source_without_a_file_is_told_to_have_one() -> None:
    said = failure(Provider("acme", Tables()))
    assert "there is none; give one: assert_plugin(…, files={'tables': 'a file that it can read'})" in said


def broken_rendering(effect: Counted, channel: Channel) -> list[Any]:
    return [effect.size, channel.bin]  # type: ignore[attr-defined]


@pytest.mark.parametrize("writer", ["listing", "nobody's"])
def test_a_rendering_that_is_wrong_is_told(writer: str) -> None:
    said = failure(Provider("acme", Gamma(), Listing(), Rendering(writer, Counted, broken_rendering)))
    assert said.startswith(f"plugin 'acme' (local), rendering \"{writer} of" if "'" in writer else "plugin 'acme'")
    assert f"something that card writer {writer!r} can use" in said
    assert "has no attribute 'size'" in said


# Plugins that are wrong as a whole


class Fickle:
    """Contributes another kind each time."""

    __name__ = "fickle"

    @hookimpl
    def datacard_systematic_kinds(self) -> Iterable[SystematicKind]:
        return (Factor(), Gamma())[next(CALLS) % 2 :][:1]


def test_a_plugin_that_contributes_nothing_is_told() -> None:
    assert "that it contributes something from one of datacard_systematic_kinds" in failure(Provider("acme"))


def test_a_plugin_that_contributes_something_else_each_time_is_told() -> None:
    assert "that it contributes the same each time it is loaded" in failure(Fickle())


def test_a_plugin_that_does_not_load_is_told_with_the_cause(install: Install) -> None:
    install("acme", "raise SystemExit(3)")
    with pytest.raises(AssertionError, match="a plugin that loads alone\n  instead: PluginLoadError") as raised:
        assert_plugin("acme")
    assert isinstance(raised.value.__cause__.__cause__, SystemExit)  # type: ignore[union-attr]


def test_a_plugin_that_takes_what_a_built_in_one_has_is_told() -> None:
    class Taken(Factor):
        typ: ClassVar[str] = "lnN"

    said = failure(Provider("acme", Taken()))
    assert "that loads with the built-in set" in said
    assert "SystematicKind 'lnN' is also provided by plugin" in said


class Evaporating(Provider):
    """Loses what it contributes on its way to another process."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Provider, (self.__name__, Factor())


def test_a_plugin_that_is_another_one_from_its_pickle_is_told() -> None:
    assert "the same plugins from their pickle" in failure(Evaporating("acme", Factor(), Rates()))


def test_no_example_is_no_example() -> None:
    said = failure(Provider("acme", Factor()), examples={"factor": []})
    assert "an example of a declaration\n  instead: examples['factor'] is []" in said


def test_an_example_that_its_kind_refuses_is_told() -> None:
    said = failure(Provider("acme", Factor()), examples={"factor": {"value": "two"}})
    assert "that it accepts its example {'value': 'two'}" in said
    assert "expected a factor" in said


@pytest.mark.parametrize("aids", ["examples", "readers", "files"])
def test_what_is_given_for_something_that_no_plugin_has_is_an_error(aids: str) -> None:
    given: dict[str, Any] = {aids: {"facter": {}} if aids == "examples" else {"facter": Path("facter")}}
    with pytest.raises(ValueError, match=r"no selected plugin has a .* 'facter'"):
        assert_plugin(Provider("acme", Factor()), **given)


SOURCE = """
import datetime, functools
import numpy as np
from datacard_core import Normalisation, RawLine, SystematicKind, hookimpl

@functools.cache
def first(name, factor=[]):
    factor.append(len(factor))
    return factor[-1]

class Kind(SystematicKind):
    typ = "acme"
    def effects(self, target):
        sets = {"alpha", "beta", "gamma", "delta", "epsilon"}
        calls = first(target.nominal.values.tobytes())
        LINES
        yield Normalisation(target.positions, np.full(len(target.positions), 1.5))

@hookimpl
def datacard_systematic_kinds():
    return [Kind()]
"""


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("str(sets)", "in other processes, where sets have other orders and it is another day"),
        ("datetime.date.today()", "in other processes, where sets have other orders and it is another day"),
        ("calls", "in other processes, where sets have other orders and it is another day"),
        ("datetime.datetime.now().replace(microsecond=0)", "(another day|a second later|each time|between two calls)"),
    ],
)
def test_what_depends_on_the_process_or_the_time_is_told(text: str, where: str, install: Install) -> None:
    install("acme", SOURCE.replace("LINES", f"yield RawLine(f'# {{{text}}}')"))
    assert re.search(f"{where}\n  instead: ", failure("acme"))


def test_what_ends_another_process_is_told(install: Install) -> None:
    lines = (
        f"import os, sys\nif os.environ.get('TZ') == {FORWARDS['TZ']!r}:\n    sys.stderr.write('no')\n    os._exit(1)"
    )
    install("acme", f"{lines}\n{SOURCE.replace('LINES', 'pass')}")
    assert "expected: that it works in another process\n  instead: no" in failure("acme")


def test_what_has_the_time_in_seconds_is_told_where_no_other_process_can_import_it() -> None:
    class Dated(Numbers):
        def draw(self, channel: Channel, path: Path) -> None:
            path.write_text(f"{channel.bin} {time.time():.0f}", encoding="utf-8")

    module = types.ModuleType("made_here")
    vars(module)["datacard_plots"] = hookimpl(lambda: (Dated(),), specname="datacard_plots")
    assert "that the plot 'numbers' is the same a second later" in failure(module)


def test_the_plugin_that_these_are_made_of_is_right(install: Install) -> None:
    install("acme", SOURCE.replace("LINES", "pass"))
    assert_plugin("acme")


# The kit itself


def test_a_failure_says_who_what_instead_of_what_and_with_which_input() -> None:
    assert failure(Provider("acme", OnAllYears())) == (
        "plugin 'acme' (local), systematic kind 'factor':\n"
        "  expected: that it accepts a declaration on some processes and years as on others\n"
        "  instead: it must be declared for several years\n"
        "  given: SystematicUncertainty(name='declared', typ='factor', processes={'p0': 1.0, 'p1': 1.0, 'p2': 1.0}, "
        "years=('2016',), value=1.0, datacard_name='declared', coffea_name_alias='declared', options={})\n"
        "    on Sketch(edges=(0.0, 1.0, 2.0), processes=("
        "Simulated(datasets=((Dataset(nominal=(10.0, 0.0), variations=((12.0, 0.0), (8.0, 1.0), (0.0, 0.0)), "
        "lacks=None, weight=0.25),),), is_signal=False), "
        "Simulated(datasets=((Dataset(nominal=(0.0, 0.0), variations=((0.0, 0.0), (1.0, 0.0)), "
        "lacks=None, weight=0.25),),), is_signal=False), "
        "Simulated(datasets=((Dataset(nominal=(0.0, 3.0), variations=((0.0, 0.0), (0.0, 6.0)), "
        "lacks=None, weight=0.0),),), is_signal=True)), data=(0.0, 2.0), on=None)"
    )


def test_equal_plugins_fail_equally() -> None:
    assert failure(Provider("acme", FourBins())) == failure(Provider("acme", FourBins()))


def test_a_search_gives_the_smallest_input_that_fails() -> None:
    def body(number: int) -> None:
        if number >= 100:
            raise ValueError(f"{number}")

    with pytest.raises(ValueError, match=r"^100$"):
        search(st.integers(0, 10**6), body, most=100)


def test_a_search_tells_what_fails_at_times() -> None:
    def body(number: int) -> None:
        if next(CALLS) % 5 == 0:
            raise ValueError(f"with {number}")

    with pytest.raises(ValueError, match=r"^with \d+$"):
        search(st.integers(0, 10**6), body, most=100)


def test_what_a_plugin_does_is_seen_wherever_tests_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failure(Provider("acme", Littering()))
    assert Path.cwd() == tmp_path
    assert not list(tmp_path.iterdir())


def test_without_hypothesis_it_says_how_to_get_it() -> None:
    code = "import sys; sys.modules['hypothesis'] = None\nimport datacard_core.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs hypothesis: python -m pip install 'datacard-core[testing]'" in done.stderr


def test_the_core_does_without_what_the_kit_needs() -> None:
    code = "import sys, datacard_core; print(*{'hypothesis', 'pytest', 'datacard_core.testing'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


# The small output and its card


def test_the_small_output_is_made_anew_each_time() -> None:
    one, other = small_output(), small_output()
    one["variables"]["x"]["Top"]["Top_2022"].view()["value"] = 0
    assert other["variables"]["x"]["Top"]["Top_2022"].values()[0, 0].tolist() == [30, 20, 10]


def test_the_small_output_is_what_it_says() -> None:
    histograms = small_output()["variables"]["x"]
    # top: 30, 20 and 10 events in 2022, twice as many in 2023
    of_2023: hist.Hist[Any] = histograms["Top"]["Top_2023"]
    assert of_2023["SR", "nominal", :].values().tolist() == [60, 40, 20]  # type: ignore[union-attr]
    assert of_2023["SR", "jesUp", :].values().tolist() == [75, 40, 15]  # type: ignore[union-attr]
    assert of_2023["SR", "scale_1", :].variances().tolist() == [15, 15, 5]  # type: ignore[union-attr]
    assert [axis.name for axis in histograms["Data"]["Data_2022"].axes] == ["cat", "x"]


def test_the_small_card_has_three_processes_in_two_years_and_data() -> None:
    card = small_card(SystematicUncertainty("lumi", "lnN", ["top"], ["2022"], 1.02))
    assert list(card.process_id) == ["signal_2022", "signal_2023", "top_2022", "top_2023", "vjets_2022", "vjets_2023"]
    assert card.observation == 2 * (60 + 45 + 31)
    assert [nuisance.name for nuisance in card.channel.nuisances] == ["lumi"]
    assert "SR_2022_2023 autoMCStats" in card.content()


def test_the_small_card_takes_what_a_datacard_takes() -> None:
    plugins = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Factor()))
    declared = SystematicUncertainty("mine", "factor", ["top"], ["2022"], 1.5, options={"power": 2})
    card = small_card(declared, plugins=plugins, mcstat=False, bin_suffix="mine")
    assert card.bin == "SR_mine"
    assert "2.25" in card.content()
    assert "autoMCStats" not in card.content()


def test_lines_that_are_no_numbers_are_told() -> None:
    said = failure(Provider("acme", Endless()))
    assert "lines without nan or inf\n  instead: RawLine has ['limit param 0 inf']" in said


class Endless(Factor):
    """A parameter without an end."""

    def effects(self, target: Target) -> Iterable[Effect | Directive]:  # noqa: ARG002
        return (RawLine("limit param 0 inf"),)


class Complete(Average):
    """Wants every variation from every dataset, as a quadrature sum does."""

    typ: ClassVar[str] = "complete"

    def effects(self, target: Target) -> Iterator[Effect]:
        if not all(available.all() for available in target.available.values()):
            raise InputError(f"{target.bin}: {target.systematic.name} lacks a variation")
        return super().effects(target)


class Contrary(Average):
    """Refuses the very outputs that have all it asks for."""

    typ: ClassVar[str] = "contrary"

    def effects(self, target: Target) -> Iterator[Effect]:
        raise InputError(f"{target.bin} is not fit")


def test_a_kind_may_refuse_outputs_that_lack_what_it_asks_for_and_no_others() -> None:
    assert_plugin(Provider("complete", Complete()))
    assert "expected: a card\n  instead: InputError: SR_2016_2017 is not fit" in failure(
        Provider("contrary", Contrary())
    )
