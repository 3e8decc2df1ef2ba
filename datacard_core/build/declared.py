"""What an analysis declares for one card, and everything that can be wrong with it before a histogram is read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.declare.processes import DataProcess, DataProcesses, MCProcess, MCProcesses, Process
from datacard_core.declare.systematics import Systematics, SystematicUncertainty
from datacard_core.errors import DeclarationError, MissingProviderError
from datacard_core.model.channel import Column
from datacard_core.names import closest, duplicates, listing, name_problem, names_of
from datacard_core.plugins.calling import strings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.hookspecs import SystematicKind
    from datacard_core.inputs.output import Inventory
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins
    from datacard_core.templates.binning import Binning

MCSTAT = {"threshold": 0, "include_signal": 0, "hist_mode": 1}
"""What `mcstat=True` means."""

RATEPARAM_RANGE = (0.0, 5.0)
"""Between what `has_rateParam=True` floats a process."""


@attrs.frozen(eq=False)
class DeclaredCard:
    """The declarations of one card; nothing in it is changed by building the card."""

    years: tuple[str, ...] = attrs.field(converter=names_of)
    mc_processes: MCProcesses
    systematics: Systematics
    category: str
    plugins: Plugins
    bin_prefix: str | None = None
    bin_suffix: str | None = None
    """The years if not given."""
    data_processes: DataProcesses | None = None
    mcstat: bool | Mapping[str, Any] = True
    bins_edges: Binning = None
    shape_only_for_rateparam: bool = False

    @property
    def bin(self) -> str:
        """Combine's name of the channel, `[prefix_]category[_suffix]`."""
        return bin_name(self.bin_prefix, self.category, self.bin_suffix, self.years)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The card's columns: every process for those of its years that the card has."""
        chosen = [(name, process, year) for name, process, year in self.mc_processes.columns() if year in self.years]
        signals = iter(range(0, -len(chosen) - 1, -1))
        backgrounds = iter(range(1, len(chosen) + 1))
        return tuple(
            Column(name, process.name, year, next(signals if process.is_signal else backgrounds))
            for name, process, year in chosen
        )

    @property
    def data_process(self) -> DataProcess | None:
        """The one data process, or None where there is no data."""
        return None if self.data_processes is None else next(iter(self.data_processes.values()))

    @property
    def floating(self) -> tuple[MCProcess, ...]:
        """The processes that have a free rateParam: a signal is scaled by r already."""
        return tuple(
            process for process in self.mc_processes.values() if process.has_rateParam and not process.is_signal
        )

    @property
    def floats_shape_only(self) -> bool:
        """Whether shapes of some process must leave the normalisation to its free parameter."""
        return self.shape_only_for_rateparam and bool(self.floating)

    def all_systematics(self) -> tuple[SystematicUncertainty, ...]:
        """What is declared, and what `has_rateParam` and `mcstat` imply: everything is a systematic."""
        return (*self.systematics.values(), *self._implied())

    def _implied(self) -> Iterator[SystematicUncertainty]:
        for process in self.floating:
            bounds: dict[str, Any] = {"range": RATEPARAM_RANGE}
            yield SystematicUncertainty(
                f"SF_{process.name}", "rateParam", [process.name], process.years, 1.0, options=bounds
            )
        if self.mcstat is not False and self.mc_processes:
            options = {**MCSTAT, **(self.mcstat if isinstance(self.mcstat, Mapping) else {})}
            years = tuple(dict.fromkeys(year for process in self.mc_processes.values() for year in process.years))
            yield SystematicUncertainty(
                "autoMCStats", "autoMCStats", list(self.mc_processes), years, 1.0, options=options
            )

    def check(self, inventory: Inventory | None = None) -> None:
        """Refuse what cannot become a card.

        Args:
            inventory: the names in the output; without it only what needs no output is looked at.

        Raises:
            DeclarationError: something is wrong; all of it is told at once.
            MissingProviderError: no selected plugin has a declared `typ`.
        """
        if problems := list(self._type_problems()):
            raise DeclarationError(problems)
        samples = [] if inventory is None else self._sample_problems(inventory)
        if problems := [*self._problems(), *samples, *self._systematic_problems()]:
            raise DeclarationError(problems)

    def check_samples(self, inventory: Inventory) -> None:
        """Refuse what contradicts an output, where all else has been checked.

        Raises:
            DeclarationError: the output lacks a sample or a year, or would be counted twice; all of it is told.
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
                f"data_processes holds {listing(map(repr, self.data_processes)) or 'none'}, expected one process: "
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
        if missing:
            raise MissingProviderError("; ".join(missing))

    def _way_out(self, systematic: SystematicUncertainty) -> str:
        by_hand = self.systematics.get(systematic.datacard_name) is systematic
        return "" if by_hand else _ways_out[systematic.typ]


def kind_problems(provided: Provided[SystematicKind], systematic: SystematicUncertainty) -> tuple[str, ...]:
    """What is wrong with a declaration for its kind: options that it does not have, and what it says itself.

    Raises:
        PluginCallError: the kind failed, or said something else.
    """
    with provided.blamed(f"checking systematic {systematic.name!r}") as kind:
        unknown = [
            f"kind {systematic.typ!r} has no option {option!r}{closest(option, kind.options)}"
            for option in systematic.options
            if option not in kind.options
        ]
        return (*unknown, *strings(kind.problems(systematic)))


def bin_name(prefix: str | None, category: str, suffix: str | None, years: tuple[str, ...]) -> str:
    """Combine's name of a channel, `[prefix_]category[_suffix]`; the years end it where no suffix is given."""
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


_ways_out = {
    "autoMCStats": "; or pass mcstat=False for a card without it",
    "rateParam": "; or declare the process without has_rateParam",
}
