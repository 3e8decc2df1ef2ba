"""Processes: the samples and years that make the columns of a card."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import attrs

from datacard_core.arguments import flag, scalar, scalars, shown, text, text_or_none, tree, type_of, wrong_type
from datacard_core.declare.container import DeclarationDict
from datacard_core.declare.declaration import Declaration, as_dataclass
from datacard_core.declare.policies import NO_POLICIES, Policies, plain_policies
from datacard_core.declare.values import Factors, factor_problem, plain_factors, plain_value, read_only_copy
from datacard_core.errors import DeclarationError
from datacard_core.grammar import DIRECTIONS, is_finite_number, name_problem, range_problem, year_problem
from datacard_core.names import closest, duplicates, public

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self


def column_name(process: str, year: str) -> str:
    """Return the name in the card of one process in one year, which Combine calls a process."""
    return f"{process}_{year}"


def _names(names: Any) -> list[str]:
    return [] if names is None else list(scalars(names))


def _label(label: Any, process: Any) -> Any:
    # attrs sets the fields in the order of the class, so the name is there when the label is converted.
    label = scalar(label)
    return process.name if label in (None, "") else label


@as_dataclass
@attrs.define(slots=False, on_setattr=attrs.setters.NO_OP)
class Process(Declaration):
    """Common part of data and simulated processes; use `MCProcess` or `DataProcess`.

    Samples and years may be filled after the declaration; a card refuses a process without samples or years.
    """

    name: str = attrs.field(converter=text)
    samples: list[str] = attrs.field(converter=_names, eq=tuple, repr=shown)
    """Samples of the output that are summed; one string is one sample."""
    label: str = attrs.field(default="", converter=attrs.Converter(_label, takes_self=True))  # type: ignore[misc] # mypy has no such converters yet
    """Name for display; the process's name if not given."""
    years: list[str] = attrs.field(converter=_names, kw_only=True, eq=tuple, repr=shown)

    is_data: ClassVar[bool] = False

    @property
    def all_samples(self) -> tuple[str, ...]:
        """Samples of the output that are read."""
        return tuple(self.samples)

    def __attrs_post_init__(self) -> None:
        if problems := dict.fromkeys(problem for problem in self._problems() if problem):
            raise DeclarationError(problems)
        self._is_checked = True

    def frozen(self) -> Self:
        """Return a read-only copy for a card.

        Raises:
            DeclarationError: the process has no samples or no years, or its lists were changed to refused contents.
        """
        empty = [
            f"{type(self).__name__} {self.name!r} has no {field}: it could only be an empty column"
            for field in ("samples", "years")
            if not getattr(self, field)
        ]
        try:
            copy = attrs.evolve(self)
        except DeclarationError as error:
            raise DeclarationError([*empty, *error.problems]) from None
        if empty:
            raise DeclarationError(empty)
        copy.__dict__.update(samples=tuple(copy.samples), years=tuple(copy.years), _is_frozen=True)
        return copy

    def _problems(self) -> Iterator[str | None]:
        this = f"{type(self).__name__} {self.name!r}"
        yield name_problem("process", self.name)
        if not isinstance(self.label, str) and self.label is not self.name:
            yield f"{this}: label is {self.label!r} ({type_of(self.label)}), expected a text"
        for field, values in (("samples", self.samples), ("years", self.years)):
            if twice := duplicates(values):
                yield f"{this} lists {', '.join(twice)} twice in its {field}: it would be counted twice"
        # Samples are keys of the output and never stand in the card, so they need not be names that Combine accepts.
        for sample in self.all_samples:
            if not isinstance(sample, str):
                yield f"{this}: sample {sample!r} is a {type_of(sample)}, expected a string"
            elif not sample:
                yield f"{this}: sample {sample!r} is empty, expected its name in the output"
        for year in self.years:
            yield year_problem(f"{this}: year", year)


@public
@as_dataclass
@attrs.define(slots=False, on_setattr=attrs.setters.NO_OP)
class MCProcess(Process):
    """A process that is expected, with a column `{name}_{year}` of the card for each year.

    It is made of simulation, or of data of a control region: of the samples in `from_category`, less those in
    `subtract`, times `scale`.
    """

    is_signal: bool = attrs.field(converter=flag, kw_only=True)
    """True for a signal: its process ids are 0 and below, so that Combine scales it with r."""
    has_rateParam: bool | Mapping[str, Any] = attrs.field(default=False, converter=tree, kw_only=True)  # noqa: N815 - its old name
    """True if a free parameter `SF_{name}`, which starts at 1 and goes from 0 to 5, scales all years of a background.

    A dict has other values: `{"initial": 1, "range": (0, 3), "name": "SF_tt"}`, each of which may be left out.
    Processes with one name share the parameter; `"range": None` is for no limits.
    """
    mcstat: bool = attrs.field(default=True, converter=flag, kw_only=True)
    """False if the statistical errors of the process are set to 0, so that autoMCStats leaves it out."""
    policies: Policies = attrs.field(default=NO_POLICIES, converter=plain_policies, kw_only=True)
    """Treatments of bins below 0, of no events and of empty variations, where they differ from those of the card."""

    from_category: str | None = attrs.field(default=None, converter=text_or_none, kw_only=True)
    """Category in which its samples are read, such as a control region; that of the card if not given."""
    from_variable: str | None = attrs.field(default=None, converter=text_or_none, kw_only=True)
    """Variable that is read, which must have the bins of the card's; that of the card if not given."""
    subtract: list[str] = attrs.field(factory=list, converter=_names, kw_only=True, eq=tuple, repr=shown)
    """Samples that are subtracted, such as the simulation among data; their variations are subtracted too."""
    scale: float | Factors | Any = attrs.field(default=1.0, converter=plain_factors, kw_only=True)
    """Factor on the events: a number, or a `hist.Hist` of factors in the bins of the card. The errors of its bins are
    independent of each other; an error that bins share is a systematic."""
    sample_norms: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict, converter=plain_value, kw_only=True)
    """Uncertainties of the yields of some of its samples, as variations for systematics of the kind `shape`.

    `{"xsec_tt": {"TTbar": 1.06}}` makes the variations `xsec_ttUp` and `xsec_ttDown` of the nominal, with TTbar times
    1.06 and 1/1.06; a (down, up) pair has other factors. More of a sample that is subtracted leaves fewer events.
    """

    @property
    def all_samples(self) -> tuple[str, ...]:
        """Samples of the output that are read, those that are subtracted too."""
        return (*self.samples, *self.subtract)

    @property
    def is_elsewhere(self) -> bool:
        """True if it is read from another category or variable than those of the card."""
        return self.from_category is not None or self.from_variable is not None

    @property
    def is_derived(self) -> bool:
        """True if it is not the plain sum of samples in the place of the card: read elsewhere, a difference, scaled."""
        return self.is_elsewhere or bool(self.subtract) or self.scale != 1.0

    @property
    def sample_factors(self) -> tuple[tuple[str, str, float], ...]:
        """Variation, sample and factor of each variation that `sample_norms` makes."""
        return tuple(
            (f"{name}{direction}", sample, factor)
            for name, of in self.sample_norms.items()
            for sample, norm in of.items()
            for direction, factor in zip(
                DIRECTIONS, (norm, 1 / norm) if isinstance(norm, float) else norm[::-1], strict=True
            )
        )

    @property
    def rate_parameter(self) -> dict[str, Any]:
        """Name, start value and range of the free parameter; empty without one."""
        if not self.has_rateParam:
            return {}
        given = self.has_rateParam if isinstance(self.has_rateParam, Mapping) else {}
        # The defaults are those of PocketCoffea.
        return {"name": f"SF_{self.name}", "initial": 1.0, "range": (0.0, 5.0), **given}

    def frozen(self) -> Self:
        """Return a read-only copy for a card."""
        copy = super().frozen()
        copy.__dict__.update(has_rateParam=read_only_copy(copy.has_rateParam), subtract=tuple(copy.subtract))
        copy.__dict__.update(sample_norms=read_only_copy(copy.sample_norms))
        return copy

    def _problems(self) -> Iterator[str | None]:
        yield from super()._problems()
        this = f"MCProcess {self.name!r}"
        for field in ("is_signal", "mcstat"):
            if not isinstance(answer := getattr(self, field), bool):
                yield f"{this}: {field} is {answer!r}, expected True or False"
        yield from (f"{this}: {problem}" for problem in self._reading_problems())
        given = self.has_rateParam
        if not isinstance(given, bool | Mapping) or given == {}:
            yield f"{this}: has_rateParam is {given!r}, expected True, False or a dict such as {{'range': (0, 3)}}"
        elif isinstance(given, Mapping):
            yield from (f"{this}: has_rateParam: {problem}" for problem in self._rate_problems(given))

    def _reading_problems(self) -> Iterator[str]:
        for field in ("from_category", "from_variable"):
            value = getattr(self, field)
            yield from wrong_type(field, value, str | NoneType, "a name")
            if value == "":
                yield f"{field} is empty, expected a name"
        if twice := duplicates(self.subtract):
            yield f"subtract lists {', '.join(map(str, twice))} twice: it would be subtracted twice"
        if both := [sample for sample in self.subtract if sample in self.samples]:
            yield f"sample {both[0]!r} is in its samples and in subtract: leave it out of both"
        if problem := factor_problem(self.scale):
            yield problem
        yield from self._norm_problems()

    def _norm_problems(self) -> Iterator[str]:
        norms: object = self.sample_norms
        if not isinstance(norms, Mapping) or not all(
            isinstance(name, str) and isinstance(of, Mapping) and of for name, of in norms.items()
        ):
            yield f"sample_norms is {shown(norms)}, expected a dict such as {{'xsec_tt': {{'TTbar': 1.06}}}}"
            return
        for variation, of in norms.items():
            for sample, norm in of.items():
                if sample not in self.all_samples:
                    yield f"sample_norms: {sample!r} is not one of its samples{closest(sample, self.all_samples)}"
                factors = norm if isinstance(norm, tuple) and len(norm) == 2 else (norm,)  # noqa: PLR2004 - a pair
                if not all(is_finite_number(factor) and factor > 0 for factor in factors):
                    yield (
                        f"sample_norms: {variation!r} of {sample!r} is {shown(norm)}, expected a factor above 0, or a "
                        "(down, up) pair"
                    )

    def _rate_problems(self, given: Mapping[str, Any]) -> Iterator[str]:
        known = ("initial", "name", "range")
        for key in given:
            if key not in known:
                yield f"{key!r} is no part of a rateParam{closest(key, known)}"
        parameter = self.rate_parameter
        if problem := name_problem("name", parameter["name"]):
            yield problem
        if not is_finite_number(parameter["initial"]):
            yield f"initial {parameter['initial']!r} is not a number"
        if problem := range_problem(parameter["range"], parameter["initial"]):
            yield problem


@public
@as_dataclass
@attrs.define(slots=False, on_setattr=attrs.setters.NO_OP)
class DataProcess(Process):
    """The observed data, summed over all samples and years to `data_obs`."""

    is_data: ClassVar[bool] = True
    round_counts: bool = attrs.field(default=False, converter=flag, kw_only=True)
    """True if each bin is rounded to a whole number of events, for an observation made of simulation."""

    def _problems(self) -> Iterator[str | None]:
        yield from super()._problems()
        if not isinstance(self.round_counts, bool):
            yield f"DataProcess {self.name!r}: round_counts is {self.round_counts!r}, expected True or False"


AnyProcess = TypeVar("AnyProcess", bound=Process)


class _Processes(DeclarationDict[AnyProcess]):
    _key = "name"


@public
class MCProcesses(_Processes[MCProcess]):
    """Simulated processes by name, in the order of the card's columns."""

    _type = MCProcess
    _shown = ("name", "label", "samples", "years", "is_signal", "has_rateParam")
    _views = ("signal_processes", "background_processes", "n_processes")

    @property
    def signal_processes(self) -> list[str]:
        """Names of the signal columns, `{name}_{year}`."""
        return [column for column, process, _ in self.columns() if process.is_signal]

    @property
    def background_processes(self) -> list[str]:
        """Names of the background columns, `{name}_{year}`."""
        return [column for column, process, _ in self.columns() if not process.is_signal]

    @property
    def n_processes(self) -> int:
        """Number of columns."""
        return sum(len(process.years) for process in self.values())

    def columns(self) -> Iterator[tuple[str, MCProcess, str]]:
        """Yield the name, the process and the year of each column, in order."""
        return _columns(self.values())

    def _checked(self, value: MCProcess) -> MCProcess:
        self._refuse_another(value)
        # Process and year are joined: `tt_a` in `b` and `tt` in `a_b` would both be the column `tt_a_b`.
        theirs = {column: process for column, process, _ in self.columns() if process.name != value.name}
        problems = [
            f"processes {other.name!r} and {value.name!r} share the rateParam {ours['name']!r}, and one has "
            f"{part} {theirs[part]!r}, the other {ours[part]!r}: give both the same, or two names"
            for other in self.values()
            if (ours := value.rate_parameter) and (theirs := other.rate_parameter)
            for part in ("initial", "range")
            if other.name != value.name and theirs["name"] == ours["name"] and theirs[part] != ours[part]
        ]
        problems += [
            f"process {value.name!r} with year {year!r} and process {theirs[column].name!r} "
            f"would both be the column {column!r}: rename one of them"
            for column, _, year in _columns([value])
            if column in theirs
        ]
        if problems:
            raise DeclarationError(problems)
        return value


@public
class DataProcesses(_Processes[DataProcess]):
    """The data process by name; a card takes exactly one."""

    _type = DataProcess
    _shown = ("name", "label", "samples", "years")


def _columns(processes: Iterable[MCProcess]) -> Iterator[tuple[str, MCProcess, str]]:
    for process in processes:
        for year in process.years:
            yield column_name(process.name, year), process, year
