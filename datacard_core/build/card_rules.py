"""Rules on the declarations of one card that need no histogram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from datacard_core.build.naming import suffix_problems
from datacard_core.build.plans import with_used
from datacard_core.errors import DeclarationError, MissingProviderError
from datacard_core.grammar import AUTO_MC_STATS, DATA, GROUP, RATE_PARAM
from datacard_core.hookspecs import SystematicKind
from datacard_core.names import closest, duplicates, listing, misspelt
from datacard_core.plugins.calling import findings_of, inherits, strings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.plans import Plan
    from datacard_core.declare.processes import Process
    from datacard_core.declare.systematics import SystematicUncertainty
    from datacard_core.findings import Finding
    from datacard_core.inputs.output import Inventory
    from datacard_core.plugins.calling import Provided

_WAYS_OUT = {
    AUTO_MC_STATS: "; or pass mcstat=False for a card without it",
    RATE_PARAM: "; or declare the process without has_rateParam",
    GROUP: "; or declare the systematics without groups",
}
"""Ways out of a missing kind, for the kinds that the core declares itself."""


def check_declarations(declared: DeclaredCard, inventory: Inventory | None = None) -> None:
    """Refuse declarations that cannot become a card.

    Args:
        declared: the declarations, frozen.
        inventory: the names in the output; without it only rules that need no output are applied.

    Raises:
        DeclarationError: declarations are inconsistent or impossible; all problems are told at once.
        MissingProviderError: no selected plugin has a declared `typ`.
    """
    of_output = [] if inventory is None else _output_problems(declared, inventory)
    if problems := [*_card_problems(declared), *of_output, *_systematic_problems(declared)]:
        raise DeclarationError(problems)


def check_against_output(declared: DeclaredCard, inventory: Inventory) -> None:
    """Refuse declarations that contradict an output; `check_declarations` has been called before.

    Raises:
        DeclarationError: the output lacks a sample or a year, or events would count twice; all problems are told.
    """
    if problems := list(_output_problems(declared, inventory)):
        raise DeclarationError(problems)


def _card_problems(declared: DeclaredCard) -> Iterator[str]:
    yield from declared.bin_naming.problems()
    yield from declared.strictness.problems(declared.plugins)
    unusable = list(suffix_problems(declared.process_suffix, declared.years, single_year=declared.single_year))
    yield from unusable
    if not unusable:
        yield from _column_problems(declared)
    if not declared.years:
        yield "years is empty: there would be no column"
    if twice := duplicates(declared.years):
        yield f"years lists {listing(twice)} twice"
    known = [year for process in declared.mc_processes.values() for year in process.years]
    for year in declared.years:
        if year not in known:
            yield f"no process is declared for year {year!r}{closest(year, known)}"
    yield from _data_variation_problems(declared)
    for name in declared.shape_only:
        process = declared.mc_processes[name]
        if process.is_elsewhere or not isinstance(process.scale, float):
            yield (
                f"process {name!r}: shape_only_for_rateparam cannot keep the total of a process with from_category, "
                "from_variable or a histogram as scale: leave out its has_rateParam or shape_only_for_rateparam"
            )
    if declared.data_processes is not None and len(declared.data_processes) != 1:
        yield (
            f"data_processes holds {listing(map(repr, declared.data_processes)) or 'no process'}, expected one: "
            "list all samples in one DataProcess, or pass None without data"
        )


def blind_problems(cards: Mapping[str, DeclaredCard]) -> Iterator[str]:
    """Yield a problem for each process that is read from a category which is blind."""
    for declared in cards.values():
        for process in declared.mc_processes.values():
            category = process.from_category
            if category is None:
                continue
            # A `blind` without names is about the categories that have cards here: others are read for them.
            if cards[category].blinding.of(category) if category in cards else declared.blinding.names(category):
                yield (
                    f"process {process.name!r} is read from category {category!r}, which is blind: its data would be "
                    f"in the card of {declared.category!r}; blind other categories alone, by name, or leave it out"
                )


def _data_variation_problems(declared: DeclaredCard) -> Iterator[str]:
    variations: object = declared.data_variations
    if not isinstance(variations, Mapping):
        yield f"data_variations is {variations!r:.80}, expected a dict such as {{'TTbar': 'JESUp'}}"
        return
    samples = declared.data_samples
    for sample, variation in variations.items():
        if sample not in samples:
            yield f"data_variations: sample {sample!r} is not in the data process{closest(sample, samples)}"
        if not isinstance(variation, str):
            yield f"data_variations: the variation of {sample!r} is {variation!r}, expected a name such as 'JESUp'"


def _column_problems(declared: DeclaredCard) -> Iterator[str]:
    """Yield the names that several columns would have, which the default names of columns cannot give."""
    columns = declared.columns
    for name in duplicates(column.name for column in columns):
        same = listing(f"{column.process!r} in {column.year}" for column in columns if column.name == name)
        yield f"process_suffix gives one name {name!r} to several columns, {same}: give each year a suffix of its own"
    if any(column.name == DATA for column in columns):
        yield f"a column would be called {DATA!r}, which is Combine's name of the observation: rename its process"


def _output_problems(declared: DeclaredCard, inventory: Inventory) -> Iterator[str]:
    processes = _processes(declared)
    known = inventory.samples
    for process in processes:
        for sample in process.all_samples:
            if sample not in known:
                yield f"process {process.name!r}: the output has no sample {sample!r}{closest(sample, known)}"
    for year in declared.years:
        if year not in inventory.years and any(year in process.years for process in processes):
            yield f"the output has no year {year!r}{closest(year, inventory.years)}"
    yield from _year_problems_of_processes(declared, inventory)
    yield from _year_problems_of_systematics(declared, inventory)
    for sample in dict.fromkeys(sample for process in processes for sample in process.all_samples):
        yield from inventory.in_two_periods(sample)
    yield from _double_counts(declared)


def _processes(declared: DeclaredCard) -> list[Process]:
    return [*declared.mc_processes.values(), *(declared.data_processes or {}).values()]


def _year_problems_of_processes(declared: DeclaredCard, inventory: Inventory) -> Iterator[str]:
    """Yield the years of processes that are neither in the output nor in the card, and are misspelt or stand alone.

    Scripts share one list of years between outputs of a year each, so a year that several processes have is no mistake.
    """
    processes = _processes(declared)
    known = dict.fromkeys((*inventory.years, *declared.years))
    for process in processes:
        others = {year for other in processes if other is not process for year in other.years}
        for year in process.years:
            if year not in known and (year not in others or misspelt(year, known)):
                yield (
                    f"process {process.name!r}: year {year!r} is neither in the output nor in the years of the card"
                    f"{closest(year, known)}"
                )


def _year_problems_of_systematics(declared: DeclaredCard, inventory: Inventory) -> Iterator[str]:
    """Yield the years of systematics that nothing else knows.

    A script that loops over years may give each card the systematics of all years, for outputs of a year each.
    """
    of_processes = (year for process in _processes(declared) for year in process.years)
    known = dict.fromkeys((*inventory.years, *declared.years, *of_processes))
    systematics = tuple(declared.systematics.values())
    users: dict[str, int] = {}
    for systematic in systematics:
        for year in systematic.years:
            users[year] = users.get(year, 0) + 1
    for systematic in systematics:
        for year in systematic.years:
            shared = users[year] > 1 or year in systematic.datacard_name
            if year not in known and (not shared or misspelt(year, known)):
                yield (
                    f"systematic {systematic.name!r}: year {year!r} is neither in the output nor declared for a process"
                    f"{closest(year, known)}"
                )


def _double_counts(declared: DeclaredCard) -> Iterator[str]:
    # Data are left out: pseudo-data are made of samples of columns, and columns of samples of data, and data_obs is not
    # added to the columns.
    users: dict[tuple[str, str], list[str]] = {}
    # Events of another category or variable are scaled to those of the card.
    for process in (one for one in declared.mc_processes.values() if not one.is_elsewhere):
        for sample in process.samples:
            for year in process.years:
                users.setdefault((sample, year), []).append(process.name)
    for (sample, year), names in users.items():
        if len(names) > 1:
            both = " and ".join(map(repr, names))
            yield f"sample {sample!r} is in processes {both} for {year}: it would be counted twice"


def _systematic_problems(declared: DeclaredCard) -> Iterator[str]:
    processes = dict.fromkeys((*declared.mc_processes, *declared.all_processes))
    missing: list[str] = []
    for systematic in declared.all_systematics:
        where = f"systematic {systematic.name!r}"
        for process in systematic.processes:
            if process not in processes and (right := misspelt(process, processes)):
                yield f"{where}: no process is named {process!r} (did you mean {right!r}?)"
        yield from _alias_problems(systematic, processes)
        try:
            provided, *_ = with_used(declared.plugins, systematic.typ)
            yield from (f"{where}: {problem}" for problem in kind_problems(provided, systematic))
        except MissingProviderError as error:
            missing.append(f"{where}: {error}{_way_out(declared, systematic)}")
    # Raised at the end, so that it names all declarations whose kind is missing.
    if missing:
        raise MissingProviderError("; ".join(missing))


def _way_out(declared: DeclaredCard, systematic: SystematicUncertainty) -> str:
    # By identity, because a script may declare a systematic with the name of an implied one.
    by_hand = any(systematic is part for one in declared.systematics.values() for part in (one, *one.merged_from))
    return "" if by_hand else _WAYS_OUT.get(systematic.typ, "")


def _alias_problems(systematic: SystematicUncertainty, processes: Iterable[str]) -> Iterator[str]:
    for part in systematic.merged_from:
        aliases = part.coffea_name_alias if isinstance(part.coffea_name_alias, Mapping) else {}
        for process in aliases:
            if process not in processes and (right := misspelt(process, processes)):
                yield (
                    f"systematic {part.name!r}: coffea_name_alias lists process {process!r}, "
                    f"and no process is named like that (did you mean {right!r}?)"
                )


def kind_problems(provided: Provided[SystematicKind], systematic: SystematicUncertainty) -> tuple[str, ...]:
    """Return the problems of a declaration that its kind finds, and options that the kind does not have.

    Raises:
        PluginCallError: the kind failed, or returned other objects than strings.
    """
    with provided.blamed(f"checking systematic {systematic.name!r}") as kind:
        if not systematic.processes and kind.covers_columns:
            # The kind is not asked: its author may rely on columns.
            return (f"has no processes, years and value, which kind {systematic.typ!r} needs: give them",)
        unknown = [
            f"kind {systematic.typ!r} has no option {option!r}{closest(option, kind.options)}"
            for option in systematic.options
            if option not in kind.options
        ]
        return (*unknown, *strings(kind.problems(systematic)))


def kind_findings(plans: Iterable[Plan]) -> Iterator[Finding]:
    """Yield the findings of kinds about the declarations that cover columns of a card.

    Raises:
        PluginCallError: a kind failed, or returned other objects than findings.
    """
    for plan in plans:
        if not len(plan.positions) or inherits(plan.kind, SystematicKind, "findings"):
            continue
        doing = f"looking at systematic {plan.systematic.name!r}"
        with plan.kind.blamed(doing) as kind:
            found = findings_of(kind.findings(plan.systematic))
        yield from (attrs.evolve(finding, systematic=finding.systematic or plan.name) for finding in found)
