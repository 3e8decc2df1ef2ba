"""The declarations of one card."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import NoneType
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import flag, scalar, scalars, shown, text, text_or_none, tree, type_of, word, wrong_type
from datacard_core.build.naming import BinName, Suffix, column_suffix
from datacard_core.build.strictness import Strictness
from datacard_core.declare.blinding import OPEN, Blinding, plain_blinding
from datacard_core.declare.category import Unroll, plain_unroll
from datacard_core.declare.container import DeclarationDict
from datacard_core.declare.flow import Flow, flow_problem
from datacard_core.declare.policies import DEFAULT_POLICIES, NO_POLICIES, Policies, plain_policies
from datacard_core.declare.processes import DataProcess, DataProcesses, MCProcess, MCProcesses
from datacard_core.declare.systematics import Systematics, SystematicUncertainty
from datacard_core.declare.values import BinningRule, own, plain_binning
from datacard_core.errors import DeclarationError
from datacard_core.grammar import AUTO_MC_STATS, DATA, GROUP, RATE_PARAM, Blindness
from datacard_core.grouping import together
from datacard_core.model.channel import Column
from datacard_core.names import closest
from datacard_core.plugins.manager import Plugins

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core.templates.binning import AnyBinning, Binning

# PocketCoffea's values: its scripts give the same line.
MCSTAT = {"threshold": 0, "include_signal": 0, "hist_mode": 1}
"""Options of autoMCStats that `mcstat=True` stands for."""


@attrs.frozen(eq=False, kw_only=True)
class DeclaredCard:
    """The declarations of one card; building the card does not change them."""

    years: tuple[str, ...] = attrs.field(converter=scalars)
    mc_processes: MCProcesses
    all_processes: tuple[str, ...] = ()
    """Names of the processes of all cards of an analysis, which its systematics may name."""
    all_nuisances: tuple[str, ...] = ()
    """Names in the card of the systematics of all cards of an analysis, which its groups may name."""
    systematics: Systematics
    category: str = attrs.field(converter=text)
    plugins: Plugins
    bin_prefix: str | None = attrs.field(default=None, converter=word)
    bin_suffix: str | None = attrs.field(default=None, converter=word)
    """Years joined by "_" if not given."""
    bin_name: str | None = attrs.field(default=None, converter=text_or_none)
    """Combine's whole name of the channel, in place of prefix, category and suffix."""
    single_year: bool = attrs.field(default=False, converter=flag)
    """True if the columns of the one year are named by their processes alone."""
    process_suffix: Suffix = attrs.field(default=None, converter=tree)
    data_processes: DataProcesses | None = None
    mcstat: bool | Mapping[str, Any] = attrs.field(default=True, converter=own)
    bins_edges: Binning = attrs.field(default=None, converter=plain_binning)
    flow: Flow = attrs.field(default="drop", converter=scalar)
    unroll: Unroll | None = attrs.field(default=None, converter=plain_unroll)
    shape_only_for_rateparam: bool = attrs.field(default=False, converter=flag)
    data_variations: Mapping[str, str] = attrs.field(factory=dict, converter=tree)
    """Variations that the observation takes of some samples in place of their nominal."""
    strictness: Strictness = attrs.field(factory=Strictness)
    blinding: Blinding = attrs.field(default=OPEN, converter=plain_blinding)
    blindness: Blindness | None = None
    """Blind bins of the card, when its axis is known."""
    policies: Policies = attrs.field(default=NO_POLICIES, converter=plain_policies)
    dropped: tuple[str, ...] = ()
    """Columns without yield that the policies leave out, when the yields are known."""

    @property
    def binning(self) -> AnyBinning:
        """Bins of the card."""
        return self.bins_edges if self.unroll is None else self.unroll

    @cached_property
    def bin(self) -> str:
        """Combine's name of the channel, `[prefix_]category[_suffix]` if it has no name of its own."""
        return str(self.bin_naming)

    @property
    def bin_naming(self) -> BinName:
        """Name of the channel with the arguments that make it."""
        return BinName(
            category=self.category,
            prefix=self.bin_prefix,
            suffix=self.bin_suffix,
            whole=self.bin_name,
            years=self.years,
        )

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns of the card: each process in those of its years that the card has."""
        chosen = [
            (self.column_name(process.name, year), process, year)
            for _, process, year in self.mc_processes.columns()
            if year in self.years and self.column_name(process.name, year) not in self.dropped
        ]
        # Combine distinguishes signals from backgrounds by the sign of the id, and counts 0 as a signal.
        signals = iter(range(0, -len(chosen) - 1, -1))
        backgrounds = iter(range(1, len(chosen) + 1))
        return tuple(
            Column(name, process.name, year, next(signals if process.is_signal else backgrounds), process.label)
            for name, process, year in chosen
        )

    def without(self, columns: Iterable[int]) -> DeclaredCard:
        """Return the card without columns at some positions."""
        return attrs.evolve(self, dropped=(*self.dropped, *(self.columns[position].name for position in columns)))

    @cached_property
    def policies_of(self) -> dict[str, Policies]:
        """Policies of each process, and of the data."""
        of_card = self.policies.over(DEFAULT_POLICIES)
        return {DATA: of_card, **{name: one.policies.over(of_card) for name, one in self.mc_processes.items()}}

    def has_rows_of(self, other: DeclaredCard) -> bool:
        """Return whether two cards are made of the same declarations, and so of the same rows of templates."""
        shared = ("mc_processes", "systematics", "data_processes", "mcstat", "plugins")
        return (
            self.years == other.years
            and self.data_variations == other.data_variations
            and self.reads_data == other.reads_data
            and all(getattr(self, name) is getattr(other, name) for name in shared)
        )

    def column_name(self, process: str, year: str) -> str:
        """Return the name of the column of a process in a year of the card, `{process}_{year}` by default."""
        return process + column_suffix(self.process_suffix, year, single_year=self.single_year)

    @property
    def data_process(self) -> DataProcess | None:
        """The data process, or None without data."""
        return None if self.data_processes is None else next(iter(self.data_processes.values()))

    @property
    def reads_data(self) -> bool:
        """True if the card needs the counts of its data: not in a category that is blind in all bins."""
        return self.data_process is not None and self.blinding.of(self.category) is not True

    @property
    def data_samples(self) -> list[str]:
        """The samples that the observation is made of."""
        return [sample for process in (self.data_processes or {}).values() for sample in process.samples]

    def samples(self) -> Iterator[str]:
        """Yield the samples of the processes and the data."""
        for process in self.mc_processes.values():
            yield from process.all_samples
        yield from self.data_samples

    @property
    def floating(self) -> tuple[MCProcess, ...]:
        """Processes with a free rateParam; signals are left out, because r scales them already."""
        return tuple(
            process for process in self.mc_processes.values() if process.has_rateParam and not process.is_signal
        )

    @property
    def exact(self) -> tuple[str, ...]:
        """Names of the processes whose statistical errors are set to 0."""
        return tuple(process.name for process in self.mc_processes.values() if not process.mcstat)

    @property
    def shape_only(self) -> tuple[str, ...]:
        """Processes whose shapes leave the normalisation to a free parameter; to r, if the process is a signal."""
        processes = self.mc_processes.values() if self.shape_only_for_rateparam else ()
        return tuple(process.name for process in processes if process.has_rateParam)

    @cached_property
    def all_systematics(self) -> tuple[SystematicUncertainty, ...]:
        """The declared systematics, and those that `has_rateParam`, `groups` and `mcstat` imply.

        A nuisance of two kinds has a declaration for each of them.
        """
        declared = (part for systematic in self.systematics.values() for part in systematic.by_typ())
        return (*map(self._with_members, declared), *self._implied())

    @cached_property
    def _members(self) -> dict[str, tuple[str, ...]]:
        """Names in the card of the systematics of each group that they name."""
        members: dict[str, tuple[str, ...]] = {}
        for systematic in self.systematics.values():
            for group in systematic.groups:
                members[group] = (*members.get(group, ()), systematic.datacard_name)
        return members

    def _with_members(self, systematic: SystematicUncertainty) -> SystematicUncertainty:
        """Return the declaration of a group with the systematics that name it too; others as they are."""
        members, listed = self._members.get(systematic.datacard_name), systematic.options.get("members")
        # Members of a wrong type are told by the kind.
        if systematic.typ != GROUP or members is None or not isinstance(listed, tuple):
            return systematic
        return attrs.evolve(systematic, options={"members": tuple(dict.fromkeys((*listed, *members)))})

    def _implied(self) -> Iterator[SystematicUncertainty]:
        scaled: dict[str, tuple[Any, dict[str, dict[str, float]]]] = {}
        for process in self.floating:
            parameter = process.rate_parameter
            starts = scaled.setdefault(parameter["name"], (parameter["range"], {}))[1]
            starts[process.name] = dict.fromkeys(process.years, parameter["initial"])
        for name, (bounds, processes) in scaled.items():
            yield SystematicUncertainty(name, RATE_PARAM, processes, options={"range": bounds})
        for group, members in self._members.items():
            if group not in self.systematics or self.systematics[group].typ != GROUP:
                yield SystematicUncertainty(group, GROUP, options={"members": members})
        uncertain = [process for process in self.mc_processes.values() if process.mcstat]
        if self.mcstat is not False and uncertain:
            options = {**MCSTAT, **(self.mcstat if isinstance(self.mcstat, Mapping) else {})}
            years = tuple(dict.fromkeys(year for process in uncertain for year in process.years))
            names = [process.name for process in uncertain]
            yield SystematicUncertainty(AUTO_MC_STATS, AUTO_MC_STATS, names, years, 1.0, options=options)

    def frozen(self, arguments: Iterable[str] = ("mc_processes", "systematics", "data_processes")) -> DeclaredCard:
        """Return the card with read-only copies of its declarations.

        Scripts may change declarations after they were checked, and go on to change them after the card is built.

        Args:
            arguments: those whose declarations are to be copied, all if not given.

        Raises:
            DeclarationError: a container is not one, or declarations were changed to contents that are refused; all
                problems are told at once.
        """
        if problems := list(self._type_problems()):
            raise DeclarationError(problems)
        copies: dict[str, Any] = {}
        for name in arguments:
            container = getattr(self, name)
            if isinstance(container, DeclarationDict):
                try:
                    copies[name] = container.frozen()
                except DeclarationError as error:
                    problems += error.problems
        if problems:
            raise DeclarationError(problems)
        return attrs.evolve(self, **copies)

    def of_its_category(self, known: Iterable[str], exclude: Iterable[str] = ()) -> DeclaredCard:
        """Return the card with the systematics of its category.

        Args:
            known: the categories of all cards.
            exclude: nuisances to leave out.

        Raises:
            DeclarationError: a systematic is declared for an unknown category, or a nuisance to leave out is not
                declared; all problems are told at once.
        """
        exclude = tuple(exclude)
        nuisances = list(self.systematics)
        problems = [
            f"category {self.category!r}: exclude_systematics lists {name!r}, and no nuisance is called that"
            f"{closest(name, nuisances)}"
            for name in exclude
            if name not in nuisances
        ]
        problems += self.systematics.category_problems(known)
        if problems:
            raise DeclarationError(problems)
        systematics = self.systematics.of_category(self.category, exclude)
        return self if systematics is self.systematics else attrs.evolve(self, systematics=systematics)

    def _type_problems(self) -> Iterator[str]:
        for name, value, expected in (
            ("mc_processes", self.mc_processes, MCProcesses),
            ("systematics", self.systematics, Systematics),
            ("data_processes", self.data_processes, DataProcesses),
            ("mcstat", self.mcstat, bool | Mapping),
        ):
            if not isinstance(value, expected) and not (name == "data_processes" and value is None):
                container = getattr(expected, "__name__", "")
                what = "True, False or a dict" if name == "mcstat" else f"{container}, such as {container}([…])"
                yield f"{name} is {shown(value)} ({type_of(value)}), expected {what}"
        yield from wrong_type("plugins", self.plugins, Plugins, "what load_plugins returns")
        yield from wrong_type("category", self.category, str, "a text")
        for name in ("bin_prefix", "bin_suffix"):
            yield from wrong_type(name, getattr(self, name), str | NoneType, "a text")
        yield from wrong_type("shape_only_for_rateparam", self.shape_only_for_rateparam, bool, "True or False")
        if problem := flow_problem(self.flow):
            yield problem
        yield from wrong_type("unroll", self.unroll, Unroll | NoneType, "names of axes or an Unroll")
        if self.unroll is not None and isinstance(self.bins_edges, BinningRule):
            yield "bins_edges is a rule, which chooses edges of one variable, and unroll is given: give one of them"
        elif self.unroll is not None and self.bins_edges is not None:
            yield "bins_edges and unroll are both given: give the bins of each axis as Unroll(…, edges={name: …})"


def sharing(cards: Mapping[str, DeclaredCard]) -> dict[str, DeclaredCard]:
    """Return the cards, each with the processes of all, and those with equal systematics with one container.

    Cards with the same containers have their histograms summed in one pass.
    """
    processes = tuple(dict.fromkeys(process for card in cards.values() for process in card.mc_processes))
    nuisances = tuple(dict.fromkeys(name for card in cards.values() for name in card.systematics))
    # Lists, because the order of rows counts too.
    groups = together(
        cards.items(), lambda first, other: [*first[1].systematics.items()] == [*other[1].systematics.items()]
    )
    shared = {
        name: attrs.evolve(card, systematics=group[0][1].systematics, all_processes=processes, all_nuisances=nuisances)
        for group in groups
        for name, card in group
    }
    return {name: shared[name] for name in cards}
