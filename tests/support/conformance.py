"""Plugin objects that conform, for tests of the conformance kit, and the message of those that do not."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np
import pytest

from datacard_core import (
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
    Shape,
    SystematicKind,
    SystematicUncertainty,
    Target,
    Templates,
    TemplateSerializer,
    notice,
)
from datacard_core.testing import assert_plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from datacard_core import Finding

CALLS = itertools.count()
"""Counter for results that differ at each call."""


def failure(plugin: Any, **aids: Any) -> str:
    """Return the message of the kit about a plugin that does not conform."""
    with pytest.raises(AssertionError) as raised:
        assert_plugin(plugin, **aids)
    return str(raised.value)


class Factor(SystematicKind):
    """Kind that multiplies yields like a log-normal."""

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
    """Kind of a shape that is the mean of the variations a, b and c."""

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


class Complete(Average):
    """Kind that needs all variations of all datasets."""

    typ: ClassVar[str] = "complete"

    def effects(self, target: Target) -> Iterator[Effect]:
        if not all(available.all() for available in target.available.values()):
            raise InputError(f"{target.bin}: {target.systematic.name} lacks a variation")
        return super().effects(target)


@attrs.frozen(eq=False)
class Counted(Effect):
    """Effect that no writer of the core renders."""

    columns: Any
    count: int = 7
    text: str = "1.5"

    @property
    def keyword(self) -> str:
        return f"gmN {self.count}"

    def cells(self) -> Sequence[str]:
        return [self.text] * len(self.columns)


class Gamma(SystematicKind):
    """Kind with the effect `Counted`."""

    typ: ClassVar[str] = "gamma"

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        if any(value != 1.0 for _, value in systematic.distinct_values()):
            yield "the value must be 1.0"

    def effects(self, target: Target) -> Iterator[Effect]:
        yield Counted(target.positions)


class Listing(CardWriter):
    """Writer of a channel as JSON, which renders the effects and directives of the core except RawLine."""

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


class OnAllYears(Factor):
    """Kind that refuses one year for several processes."""

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        yield from super().problems(systematic)
        if len(systematic.years) == 1 and len(systematic.processes) > 1:
            yield "it must be declared for several years"


class Json(TemplateSerializer):
    """Serializer to JSON, whose numbers are read back exactly."""

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
    """Check that reports every rate."""

    name: ClassVar[str] = "rates"

    def run(self, channel: Channel) -> Iterable[Finding]:
        for column, rate in zip(channel.columns, channel.rates, strict=True):
            yield notice("rate", f"the rate is {rate:g}", column=column.name)


class Numbers(Plot):
    """Plot that is a text."""

    name: ClassVar[str] = "numbers"
    suffix: ClassVar[str] = ".txt"

    def draw(self, channel: Channel, path: Path) -> None:
        path.write_text(f"{channel.bin}: {channel.rates.tolist()}", encoding="utf-8")


class Tables(HistogramSource):
    """Source of text files: a line for each variable with its yields, all of one dataset."""

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
