"""The declarations of one card, and the rules on them that need no histogram."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.build.strictness import Strictness
from datacard_core.declare.processes import DataProcess, DataProcesses, MCProcess, MCProcesses, Process
from datacard_core.declare.systematics import Systematics, SystematicUncertainty
from datacard_core.errors import DeclarationError, MissingProviderError
from datacard_core.grammar import AUTO_MC_STATS, RATE_PARAM, name_problem
from datacard_core.model.channel import Column
from datacard_core.names import closest, duplicates, listing, names_of
from datacard_core.plugins.calling import strings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.hookspecs import SystematicKind
    from datacard_core.inputs.output import Inventory
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins
    from datacard_core.templates.binning import Binning

# PocketCoffea's values, here and in the range below: its scripts give the same lines.
MCSTAT = {"threshold": 0, "include_signal": 0, "hist_mode": 1}
"""Options of autoMCStats that `mcstat=True` stands for."""

RATEPARAM_RANGE = (0.0, 5.0)
"""Range of the free parameter that `has_rateParam=True` declares."""

_WAYS_OUT = {
    AUTO_MC_STATS: "; or pass mcstat=False for a card without it",
    RATE_PARAM: "; or declare the process without has_rateParam",
}
"""Ways out of a missing kind, for the kinds that the core declares itself."""


@attrs.frozen(eq=False, kw_only=True)
class DeclaredCard:
    """The declarations of one card; building the card does not change them."""

    years: tuple[str, ...] = attrs.field(converter=names_of)
    mc_processes: MCProcesses
    systematics: Systematics
    category: str
    plugins: Plugins
    bin_prefix: str | None = None
    bin_suffix: str | None = None
    """Years joined by "_" if not given."""
    data_processes: DataProcesses | None = None
    mcstat: bool | Mapping[str, Any] = True
    bins_edges: Binning = None
    shape_only_for_rateparam: bool = False
    strictness: Strictness = attrs.field(factory=Strictness)

    @property
    def bin(self) -> str:
        """Combine's name of the channel, `[prefix_]category[_suffix]`."""
        return bin_name(self.bin_prefix, self.category, self.bin_suffix, self.years)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns of the card: each process in those of its years that the card has."""
        chosen = [(name, process, year) for name, process, year in self.mc_processes.columns() if year in self.years]
        # Combine distinguishes signals from backgrounds by the sign of the id, and counts 0 as a signal.
        signals = iter(range(0, -len(chosen) - 1, -1))
        backgrounds = iter(range(1, len(chosen) + 1))
        return tuple(
            Column(name, process.name, year, next(signals if process.is_signal else backgrounds))
            for name, process, year in chosen
        )

    @property
    def data_process(self) -> DataProcess | None:
        """The data process, or None without data."""
        return None if self.data_processes is None else next(iter(self.data_processes.values()))

    @property
    def floating(self) -> tuple[MCProcess, ...]:
        """Processes with a free rateParam; signals are left out, because r scales them already."""
        return tuple(
            process for process in self.mc_processes.values() if process.has_rateParam and not process.is_signal
        )

    @property
    def floats_shape_only(self) -> bool:
        """True if shapes of some process must leave the normalisation to its free parameter."""
        return self.shape_only_for_rateparam and bool(self.floating)

    def all_systematics(self) -> tuple[SystematicUncertainty, ...]:
        """Return the declared systematics, and those that `has_rateParam` and `mcstat` imply."""
        return (*self.systematics.values(), *self._implied())

    def _implied(self) -> Iterator[SystematicUncertainty]:
        for process in self.floating:
            bounds: dict[str, Any] = {"range": RATEPARAM_RANGE}
            yield SystematicUncertainty(
                f"SF_{process.name}", RATE_PARAM, [process.name], process.years, 1.0, options=bounds
            )
        if self.mcstat is not False and self.mc_processes:
            options = {**MCSTAT, **(self.mcstat if isinstance(self.mcstat, Mapping) else {})}
            years = tuple(dict.fromkeys(year for process in self.mc_processes.values() for year in process.years))
            yield SystematicUncertainty(
                AUTO_MC_STATS, AUTO_MC_STATS, list(self.mc_processes), years, 1.0, options=options
            )

    def frozen(self) -> DeclaredCard:
        """Return the card with read-only copies of its declarations.

        Scripts may change declarations after they were checked, and go on to change them after the card is built.

        Raises:
            DeclarationError: a container is not one, or declarations were changed to contents that are refused; all
                problems are told at once.
        """
        if problems := list(self._type_problems()):
            raise DeclarationError(problems)
        copies: dict[str, Any] = {}
        for name in ("mc_processes", "systematics", "data_processes"):
            container = getattr(self, name)
            if container is not None:
                try:
                    copies[name] = container.frozen()
                except DeclarationError as error:
                    problems += error.problems
        if problems:
            raise DeclarationError(problems)
        return attrs.evolve(self, **copies)

    def check(self, inventory: Inventory | None = None) -> None:
        """Refuse declarations that cannot become a card.

        Args:
            inventory: the names in the output; without it only rules that need no output are applied.

        Raises:
            DeclarationError: declarations are inconsistent or impossible; all problems are told at once.
            MissingProviderError: no selected plugin has a declared `typ`.
        """
        # The rules below use attributes that only the right types have.
        samples = [] if inventory is None else self._sample_problems(inventory)
        if problems := [*self._problems(), *samples, *self._systematic_problems()]:
            raise DeclarationError(problems)

    def check_samples(self, inventory: Inventory) -> None:
        """Refuse declarations that contradict an output; `check` has been called before.

        Raises:
            DeclarationError: the output lacks a sample or a year, or events would count twice; all problems are told.
        """
        if problems := list(self._sample_problems(inventory)):
            raise DeclarationError(problems)

    def _type_problems(self) -> Iterator[str]:
        for name, value, expected in (
            ("mc_processes", self.mc_processes, MCProcesses),
            ("systematics", self.systematics, Systematics),
            ("data_processes", self.data_processes, DataProcesses),
            ("mcstat", self.mcstat, bool | Mapping),
        ):
            if not isinstance(value, expected) and not (name == "data_processes" and value is None):
                what = "True, False or a dict" if name == "mcstat" else getattr(expected, "__name__", "")
                yield f"{name} is {value!r} ({type(value).__name__}), expected {what}"

    def _problems(self) -> Iterator[str]:
        if problem := name_problem("bin", self.bin):
            yield problem
        yield from self.strictness.problems(self.plugins)
        if not self.years:
            yield "years is empty: there would be no column"
        if twice := duplicates(self.years):
            yield f"years lists {listing(twice)} twice"
        known = [year for process in self.mc_processes.values() for year in process.years]
        for year in self.years:
            if year not in known:
                yield f"no process is declared for year {year!r}{closest(year, known)}"
        if not self.mc_processes.background_processes:
            yield "no process is a background: Combine takes no channel without one"
        if self.data_processes is not None and len(self.data_processes) != 1:
            yield (
                f"data_processes holds {listing(map(repr, self.data_processes)) or 'no process'}, expected one: "
                "list all samples in one DataProcess, or pass None without data"
            )

    def _sample_problems(self, inventory: Inventory) -> Iterator[str]:
        known = inventory.samples
        users: dict[tuple[str, str], list[str]] = {}
        processes: list[Process] = [*self.mc_processes.values(), *(self.data_processes or {}).values()]
        for process in processes:
            for sample in process.samples:
                if sample not in known:
                    yield f"process {process.name!r}: the output has no sample {sample!r}{closest(sample, known)}"
                for year in process.years:
                    users.setdefault((sample, year), []).append(process.name)
        for year in self.years:
            if year not in inventory.years and any(year in process.years for process in processes):
                yield f"the output has no year {year!r}{closest(year, inventory.years)}"
        for sample in dict.fromkeys(sample for process in processes for sample in process.samples):
            yield from inventory.in_two_periods(sample)
        for (sample, year), names in users.items():
            if len(names) > 1:
                both = " and ".join(map(repr, names))
                yield f"sample {sample!r} is in processes {both} for {year}: it would be counted twice"

    def _systematic_problems(self) -> Iterator[str]:
        processes = list(self.mc_processes)
        years = list(dict.fromkeys(year for process in self.mc_processes.values() for year in process.years))
        missing: list[str] = []
        for systematic in self.all_systematics():
            where = f"systematic {systematic.name!r}"
            for process in systematic.processes:
                if process not in processes:
                    yield f"{where}: no process is named {process!r}{closest(process, processes)}"
            yield from _alias_problems(systematic, processes)
            for year in systematic.years:
                if year not in years:
                    yield f"{where}: no process is declared for year {year!r}{closest(year, years)}"
            try:
                yield from (
                    f"{where}: {problem}" for problem in kind_problems(self.plugins.kind(systematic.typ), systematic)
                )
            except MissingProviderError as error:
                missing.append(f"{where}: {error}{self._way_out(systematic)}")
        # Raised at the end, so that it names all declarations whose kind is missing.
        if missing:
            raise MissingProviderError("; ".join(missing))

    def _way_out(self, systematic: SystematicUncertainty) -> str:
        # By identity, because a script may declare a systematic with the name of an implied one.
        by_hand = self.systematics.get(systematic.datacard_name) is systematic
        return "" if by_hand else _WAYS_OUT[systematic.typ]


def kind_problems(provided: Provided[SystematicKind], systematic: SystematicUncertainty) -> tuple[str, ...]:
    """Return the problems of a declaration that its kind finds, and options that the kind does not have.

    Raises:
        PluginCallError: the kind failed, or returned other objects than strings.
    """
    with provided.blamed(f"checking systematic {systematic.name!r}") as kind:
        unknown = [
            f"kind {systematic.typ!r} has no option {option!r}{closest(option, kind.options)}"
            for option in systematic.options
            if option not in kind.options
        ]
        return (*unknown, *strings(kind.problems(systematic)))


def bin_name(prefix: str | None, category: str, suffix: str | None, years: tuple[str, ...]) -> str:
    """Return Combine's name of a channel, `[prefix_]category[_suffix]`; the suffix is the years if it is not given."""
    suffix = "_".join(map(str, years)) if suffix is None else suffix
    return "_".join(str(part) for part in (prefix, category, suffix) if part)


def _alias_problems(systematic: SystematicUncertainty, processes: list[str]) -> Iterator[str]:
    for part in systematic.merged_from:
        aliases = part.coffea_name_alias if isinstance(part.coffea_name_alias, Mapping) else {}
        for process in aliases:
            if process not in processes:
                yield (
                    f"systematic {part.name!r}: coffea_name_alias lists process {process!r}, "
                    f"and no process is named like that{closest(process, processes)}"
                )
