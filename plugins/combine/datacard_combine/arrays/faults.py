"""Faults of the templates of a card, as Combine finds them when it makes a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_combine.syntax.faults import Affected, doubtful, mistaken, noted, refused
from datacard_core import DATA, DIRECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from datacard_combine.arrays.assembly import Part
    from datacard_combine.arrays.places import Place
    from datacard_combine.arrays.templates import Found
    from datacard_combine.meaning.content import Content, RowOfCard
    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.rows import Value
    from datacard_core import Templates

# The tolerances are those of Combine's ShapeTools.
RATE = 0.01
"""Largest difference of rate and integral, relative to the rate. Combine compares with one event below a rate of 1."""
DATA_RATE = 0.005
"""Largest relative difference of observation and integral."""
_CLOSE = 1e-4
"""Relative difference below which rate and integral are taken as equal: cards have few digits."""


def nominal_faults(part: Part) -> Reading[bool]:
    """Look for the nominal templates of a channel; return whether they can be arrays of one binning."""
    observed = part.name in part.content.head.observation
    names = [DATA] if observed else []
    names += [
        column.process
        for place, column in zip(part.places, part.columns, strict=True)
        if part.content.rates[place] != 0
    ]
    found: list[tuple[Place, Found]] = []
    absent: list[Place] = []
    is_complete = True
    for name in names:
        place = part.naming.place(part.name, name)
        if place is None:
            is_complete = False
            message = f"no shapes line for process {name!r} in channel {part.name!r}"
            yield refused("shape.no-line", message, of=Affected(part.name, name))
        elif (item := part.template(name)) is None:
            is_complete = False
            yield from _absent(part, place)
            absent.append(place)
        else:
            found.append((place, item))
    if not found:
        return False
    yield from _mixed(part, absent)
    yield from _overflows(found)
    return (yield from _binnings(found)) and is_complete


def _absent(part: Part, place: Place) -> Reading[None]:
    # The file itself has been told.
    if place.file in part.library.missing:
        return
    of = part.library.others.get((place.file, place.name))
    if of is None:
        code = (
            "shape.no-data"
            if place.process == DATA
            else "shape.no-variation"
            if place.systematic
            else "shape.no-object"
        )
        yield refused(code, f"{place.what}: no object {place.name!r} in {place.file!r}", place.line.line)
    elif of == "TTree" or of.startswith("Roo"):
        message = (
            f"{place.what}: {place.name!r} in {place.file!r} is of a {of}, which needs ROOT: only histograms (TH1) "
            "become templates"
        )
        yield refused("shape.parametric", message, place.line.line, of=place.affected)
    else:
        message = f"{place.what}: {place.name!r} in {place.file!r} is a {of}, expected a histogram of one dimension"
        yield refused("shape.class", message, place.line.line, of=place.affected)


def _mixed(part: Part, absent: list[Place]) -> Reading[None]:
    """Tell objects of RooFit beside histograms: Combine makes an observable of its own of each."""
    for place in absent:
        if (of := part.library.others.get((place.file, place.name), "")).startswith("Roo"):
            message = f"{place.what} is of a {of}, while other templates of the channel are histograms"
            yield mistaken("shape.class-mixed", message, place.line.line, of=place.affected)


def _binnings(found: list[tuple[Place, Found]]) -> Reading[bool]:
    # The data come first, and their bins are those of the channel.
    axis = found[0][1].axis
    is_possible = True
    for place, item in found[1:]:
        own = item.axis
        if own is axis or own.same_binning(axis):
            continue
        is_possible = is_possible and own.bins == axis.bins
        # Combine copies templates of other edges bin by bin.
        make = mistaken if own.bins == axis.bins else refused
        message = (
            f"{place.what} has {own.bins} bins from {own.edges[0]:g} to {own.edges[-1]:g}, others have {axis.bins} "
            f"from {axis.edges[0]:g} to {axis.edges[-1]:g}"
        )
        yield make("shape.binning", message, place.line.line, of=place.affected)
    return is_possible


def _overflows(found: list[tuple[Place, Found]]) -> Reading[None]:
    for place, item in found:
        if np.any(outside := item.block.flow[item.row]):
            message = f"{place.what} has {outside.sum():g} outside of its bins, which Combine does not use"
            yield doubtful("shape.overflow", message, place.line.line, of=place.affected)


def variation_faults(part: Part, row: RowOfCard, at: int, pair: tuple[Found | None, Found | None]) -> Reading[bool]:
    """Look at the Up and Down templates of a column; return whether they can be used."""
    process = part.columns[at].process
    nominal = part.template(process)
    is_right = nominal is not None
    if nominal and all(found and _fits(found, nominal) for found in pair):
        return True
    where, of = f"{row.name!r} on process {process!r} in channel {part.name!r}", Affected(part.name, process, row.name)
    for direction, found in zip(DIRECTIONS, pair, strict=True):
        if found is None or nominal is None:
            is_right = False
            message = f"{where} has no {direction} template"
            yield (mistaken if row.kind.endswith("?") else refused)("shape.no-variation", message, row.view.line, of=of)
            continue
        if found.block.of != nominal.block.of:
            message = f"{where}: {direction} is a {found.block.of} and the nominal template a {nominal.block.of}"
            yield mistaken("shape.class-mixed", message, row.view.line, of=of)
        if found.axis.bins != nominal.axis.bins:
            is_right = False
            message = f"{where}: {direction} has {found.axis.bins} bins, the nominal {nominal.axis.bins}"
            yield refused("shape.binning", message, row.view.line, of=of)
        elif not found.axis.same_binning(nominal.axis):
            message = f"{where}: {direction} has other edges than the nominal"
            yield mistaken("shape.binning", message, row.view.line, of=of)
        if not found.is_finite:
            message = f"{where}: {direction} has a bin that is not finite"
            yield mistaken("shape.not-finite", message, row.view.line, of=of)
        elif found.integral <= 0:
            message = f"{where}: {direction} has the integral {found.integral:g}, at which Combine stops"
            yield mistaken("shape.empty-variation", message, row.view.line, of=of)
    return is_right


def _fits(found: Found, nominal: Found) -> bool:
    """Return whether a varied template has no fault, as most have none."""
    return found.block.of == nominal.block.of and found.axis is nominal.axis and found.is_finite and found.integral > 0


def optional_faults(
    part: Part, row: RowOfCard, factors: Mapping[int, Value], scales: Mapping[int, Value]
) -> Reading[None]:
    """Tell what a row that ends in a question mark is on each column: lnN without templates, a shape with them."""
    for at, value in factors.items():
        of = Affected(part.name, part.columns[at].process, row.name)
        where = f"{row.name!r} has no templates for process {of.process!r} in channel {part.name!r}"
        if value == 1:
            message = f"{where}, and the factor 1: it has no effect there"
            yield doubtful("shape.optional-absent", message, row.view.line, of=of)
        else:
            yield noted("shape.optional-lnN", f"{where}, where it acts as lnN", row.view.line, of=of)
    for at, value in scales.items() if row.kind.endswith("?") else ():
        if value != 1:
            of = Affected(part.name, part.columns[at].process, row.name)
            where = f"process {of.process!r} in channel {part.name!r}"
            message = f"{row.name!r} has templates for {where}, so that {value} is no factor: it scales the parameter"
            yield doubtful("shape.optional-scale", message, row.view.line, of=of)


def file_faults(content: Content, folder: Path) -> Reading[None]:
    """Yield the files with parameters that are missing."""
    named = [(view.words[-1], view.line) for view in content.external.values() if view.words and ":" in view.words[-1]]
    named += [(view.words[0], view.line) for _, view in content.rate_params if view.is_file]
    for word, line in dict.fromkeys(named):
        file = word.partition(":")[0]
        if not (folder / file).is_file():
            yield mistaken("file.missing", f"no file {file!r}, which should have the parameter", line)


def channel_faults(part: Part, nominal: Templates, data: Templates) -> Reading[None]:
    """Yield what is wrong with the sums of the templates of a channel."""
    statistics = part.content.mc_stats.get(part.name)
    for at, (place, column) in enumerate(zip(part.places, part.columns, strict=True)):
        rate, where = part.content.rates[place], f"process {column.process!r} in channel {part.name!r}"
        of = Affected(part.name, column.process)
        found = part.template(column.process)
        if found is None:
            continue
        if rate == 0:
            if found.integral > 0:
                message = f"{where} has the rate 0 and is dropped, and its template has {found.integral:g} events"
                yield mistaken("shape.rate-zero", message, of=of)
            continue
        if statistics is not None and not found.block.has_variances:
            message = f"{where} has no Sumw2, so that autoMCStats takes the root of its content for its error"
            yield doubtful("mcstats.no-sumw2", message, statistics.line, of=of)
        if not np.all(np.isfinite(nominal.values[at])):
            yield mistaken("shape.not-finite", f"{where} has a bin that is not finite", of=of)
        else:
            yield from _rate(of, rate, float(nominal.norms[at]), used=statistics is None)
    if (observation := part.content.head.observation.get(part.name)) is not None:
        yield from _observation(part.name, observation, data)


def _rate(of: Affected, rate: float, integral: float, *, used: bool) -> Reading[None]:
    where = f"process {of.process!r} in channel {of.channel!r}"
    if integral == 0:
        yield mistaken("shape.empty", f"{where} has the rate {rate:g}, and its template is empty", of=of)
        return
    difference = abs(integral - rate)
    # A rate of -1 is the integral.
    if rate < 0 or difference <= _CLOSE * abs(rate):
        return
    message = f"{where} has the rate {rate:g}, and its template the integral {integral:g}"
    if difference > RATE * rate:
        yield mistaken("shape.rate", message, of=of)
    else:
        yield doubtful("shape.rate", f"{message}: Combine takes the {'rate' if used else 'integral'}", of=of)


def _observation(channel: str, observation: float, data: Templates) -> Reading[None]:
    integral, of = float(data.norms[0]), Affected(channel, DATA)
    where = f"channel {channel!r} has the observation {observation:g}, and data_obs the integral {integral:g}"
    if observation >= 0 and abs(integral - observation) > DATA_RATE * max(observation, 0.01):
        yield mistaken("shape.observation", where, of=of)
    if np.any(data.values % 1):
        message = f"channel {channel!r} has bins of data that are no whole numbers, as Asimov data"
        yield noted("shape.data-float", message, of=of)


def mass_fault(*, is_given: bool, has_mass: bool) -> Reading[None]:
    """Yield the fault of a card that needs a mass and gets none."""
    if has_mass and not is_given:
        yield doubtful("shape.mass", "the card has $MASS and no mass is given, so that it is 0: call model(mass=125)")
