"""Options of the plots: one class, for scripts and for the command line alike."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import attrs
import click
import numpy as np

from datacard_core import DeclarationError, closest, is_finite_number

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from datacard_core import Axis, BoolArray, Channel

__all__ = ["PlotOptions", "given_options", "hidden_bins", "matching", "plot_options"]

STYLES = ("auto", "cms", "plain")
SIGNALS = ("line", "stack", "none")
EVERYWHERE = (-math.inf, math.inf)
"""Range of the variable in which all bins lie."""


def _names(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _groups(given: Any) -> dict[str, tuple[str, ...]]:
    return {title: _names(patterns) for title, patterns in dict(given).items()}


def _ranges(given: Any) -> tuple[tuple[float, float], ...]:
    if isinstance(given, bool):
        return (EVERYWHERE,) if given else ()
    return tuple((float(low), float(high)) for low, high in given)


def _number(given: Any) -> Any:
    return float(given) if is_finite_number(given) else given


def _option(default: Any, help: str, *, of: Callable[[Any], Any] | None = None, **keywords: Any) -> Any:  # noqa: A002 - click's word
    """Return a field that is also an option of the command line, with the same text."""
    metadata = {"help": help, "click": keywords}
    # A dict as default would be shared by all objects.
    if default == {}:
        return attrs.field(factory=dict, converter=of, metadata=metadata)
    return attrs.field(default=default, converter=of, metadata=metadata)


@attrs.frozen(kw_only=True)
class PlotOptions:
    """Appearance of plots. A pattern is one of `fnmatch`, such as `QCD*`, and is compared with names of processes.

    Raises:
        DeclarationError: a value is none that the option has; all problems.
    """

    style: str = _option(
        "auto",
        "cms is the style of mplhep, plain our own; auto is cms where mplhep is installed.",
        type=click.Choice(STYLES),
    )
    experiment: str = _option("", "Bold word at the top, such as CMS.", metavar="TEXT")
    status: str = _option("", "Words behind it, such as Preliminary, Simulation or Private Work.", metavar="TEXT")
    lumi: float | None = _option(None, "Integrated luminosity in inverse femtobarn.", of=_number, type=float)
    energy: float | None = _option(None, "Energy of the collisions in TeV.", of=_number, type=float)
    log: bool | None = _option(
        None, "Scale of the y axis; logarithmic where a linear one would hide bins if not given.", flag="--log/--linear"
    )
    signal: str = _option(
        "line", "Signals as lines over the backgrounds, stacked on them, or left out.", type=click.Choice(SIGNALS)
    )
    signal_scale: float = _option(1.0, "Factor on the lines of signals.", of=_number, type=float)
    groups: Mapping[str, Sequence[str]] = _option(
        {}, "Draw the processes of these patterns as one.", of=_groups, metavar="TITLE=PATTERN,...", flag="--group"
    )
    labels: Mapping[str, str] = _option(
        {},
        "Text of a process in legends, in place of MCProcess.label.",
        of=dict,
        metavar="PROCESS=TEXT",
        flag="--label",
    )
    order: Sequence[str] = _option(
        (), "Process, pattern or group, from the top of the stack on; the others follow.", of=_names, metavar="PATTERN"
    )
    layers: int = _option(
        8, "Most backgrounds in a stack; the smallest of more are one layer, Other.", type=click.IntRange(min=1)
    )
    blind: Sequence[tuple[float, float]] = _option(
        (),
        "Hide the data of bins in this range of the variable, or of all bins. Blind bins of a card are always hidden.",
        of=_ranges,
        metavar="LOW:HIGH|all",
    )
    each: bool = _option(False, "A file for each page of the templates of nuisances.", is_flag=True)
    nuisances: Sequence[str] = _option(
        ("*",), "Draw these nuisances only.", of=_names, metavar="PATTERN", flag="--nuisance"
    )
    processes: Sequence[str] = _option(
        ("*",), "Draw these processes only, in plots of nuisances.", of=_names, metavar="PATTERN", flag="--process"
    )

    def __attrs_post_init__(self) -> None:
        if problems := list(self._problems()):
            raise DeclarationError(problems)

    def _problems(self) -> Iterator[str]:
        for name, given, known in (("style", self.style, STYLES), ("signal", self.signal, SIGNALS)):
            if given not in known:
                yield f"{name} is {given!r}, expected {', '.join(known)}{closest(str(given), known)}"
        value: Any
        for name, value in (("lumi", self.lumi), ("energy", self.energy), ("signal_scale", self.signal_scale)):
            if not (is_finite_number(value) and value > 0) and (value is not None or name == "signal_scale"):
                yield f"{name} is {value!r}, expected a number above 0"
        if isinstance(self.layers, bool) or not isinstance(self.layers, int) or self.layers < 1:
            yield f"layers is {self.layers!r}, expected a whole number from 1 on"
        for low, high in self.blind:
            if not low < high:
                yield f"blind has the range {low:g} to {high:g}: the first number must be the lower one"
        for title, patterns in self.groups.items():
            if not title or not patterns:
                yield f"group {title!r} of {', '.join(patterns) or 'no process'}: expected a title and patterns"

    def problems(self, processes: Iterable[str], nuisances: Iterable[str] = ()) -> Iterator[str]:
        """Yield the names among the options that no process or nuisance of the cards has, with the closest one."""
        processes = list(processes)
        known: dict[str, tuple[str, Iterable[str], Iterable[str]]] = {
            "labels": ("process", self.labels, processes),
            "order": ("process", self.order, [*processes, *self.groups]),
            "processes": ("process", self.processes, processes),
            "nuisances": ("nuisance", self.nuisances, list(nuisances)),
            **{f"group {title!r}": ("process", patterns, processes) for title, patterns in self.groups.items()},
        }
        for name, (kind, patterns, among) in known.items():
            for pattern in patterns:
                if pattern != "*" and not matching((pattern,), among):
                    yield f"{name}: no {kind} is called {pattern!r}{closest(pattern, among)}"

    def misplaced(self, axes: Sequence[Axis]) -> Iterator[str]:
        """Yield the hidden ranges that touch no bin of any axis: one in another unit would hide nothing."""
        known = dict.fromkeys(
            f"{axis.name or 'a variable'} from {axis.edges[0]:g} to {axis.edges[-1]:g}" for axis in axes
        )
        for low, high in self.blind:
            if axes and not any(hidden_bins(axis, low, high).any() for axis in axes):
                yield f"blind: no bin lies in {low:g}:{high:g}; the bins are those of {', '.join(known)}"

    def hidden(self, axis: Axis) -> BoolArray:
        """Return True for the bins whose data the ranges of `blind` hide, shape (bins,)."""
        chosen = [hidden_bins(axis, low, high) for low, high in self.blind]
        hidden: BoolArray = np.any([np.zeros(axis.bins, bool), *chosen], axis=0)
        return hidden

    def missed(self, channel: Channel) -> str:
        """Return a note that no range of `blind` hides data of a channel, "" if one does or there is nothing to hide.

        No error: a range of one variable says nothing about the channels of another.
        """
        shows_data = channel.has_data and len(channel.blind_bins) < channel.axis.bins
        if not self.blind or not shows_data or self.hidden(channel.axis).any():
            return ""
        ranges = " or ".join(f"{low:g}:{high:g}" for low, high in self.blind)
        return f"Data of {channel.bin} are shown: no bin lies in {ranges}"


def hidden_bins(axis: Axis, low: float, high: float) -> BoolArray:
    """Return True for the bins that a range touches, shape (bins,)."""
    # By the true edges: a bin that reaches to infinity is drawn narrower than it is.
    touched: BoolArray = (axis.edges[:-1] < high) & (axis.edges[1:] > low)
    return touched


def matching(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return the names that one of the patterns has, or that are one of them, in their order."""
    # A name may hold the brackets of a pattern.
    return [name for name in names if any(name == one or fnmatchcase(name, one) for one in patterns)]


def plot_options(function: Callable[..., Any], only: Collection[str] | None = None) -> Callable[..., Any]:
    """Return a command with an option for each option of plots; `given_options` makes the object of its arguments.

    Args:
        function: the command.
        only: names of the options, if the plots of the command have not all of them.
    """
    fields = [field for field in attrs.fields(PlotOptions) if only is None or field.name in only]
    for field in reversed(fields):
        keywords = dict(field.metadata["click"])
        flag = keywords.pop("flag", f"--{field.name.replace('_', '-')}")
        if _repeats(field):
            # Values of several processes or ranges: the option is given once for each.
            keywords["multiple"] = True
        elif "/" not in flag and field.default not in (None, ""):
            keywords |= {"default": field.default, "show_default": True}
        else:
            keywords["default"] = field.default
        text = field.metadata["help"] + (" May be given repeatedly." if _repeats(field) else "")
        function = click.option(flag, field.name, help=text, **keywords)(function)
    return function


def given_options(arguments: Mapping[str, Any]) -> PlotOptions:
    """Return the options that a command got, which has the options of `plot_options`.

    Raises:
        DeclarationError: a value is none that the option has; all problems.
    """
    names = [field.name for field in attrs.fields(PlotOptions) if field.name in arguments]
    given = {name: arguments[name] for name in names if arguments[name] != ()}
    for name in {"groups", "labels"} & set(given):
        given[name] = dict(_pair(name, text) for text in given[name])
    if "groups" in given:
        # click gives texts; a script may give patterns as a list.
        given["groups"] = {title: patterns.split(",") for title, patterns in given["groups"].items()}
    if "blind" in given:
        given["blind"] = [EVERYWHERE if text == "all" else _range(text) for text in given["blind"]]
    return PlotOptions(**given)


def _repeats(field: attrs.Attribute[Any]) -> bool:
    return not isinstance(field.default, str | float | int | None)


def _pair(name: str, text: str) -> tuple[str, str]:
    before, equals, after = text.partition("=")
    if not (before and equals and after):
        raise DeclarationError(f"{name}: {text!r} is not of the form NAME=VALUE")
    return before, after


def _range(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        return (float(low) if low else -math.inf), (float(high) if high else math.inf)
    except ValueError:
        raise DeclarationError(f"blind: {text!r} is not of the form LOW:HIGH, nor 'all'") from None
