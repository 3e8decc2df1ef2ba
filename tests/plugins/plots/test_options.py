"""Options of plots, in scripts and at the command line."""

from __future__ import annotations

import math
from typing import Any

import attrs
import click
import numpy as np
import pytest
from click.testing import CliRunner
from datacard_plots import Stack
from datacard_plots.options import EVERYWHERE, PlotOptions, given_options, matching, plot_options

from datacard_core import Axis, DeclarationError
from datacard_core.grammar import Blindness
from tests.support.channels import channel


def options_of(*arguments: str) -> PlotOptions:
    """Return the options that a command makes of arguments."""
    made: list[PlotOptions] = []

    @click.command()
    @plot_options
    def command(**given: Any) -> None:
        made.append(given_options(given))

    done = CliRunner().invoke(command, arguments)
    if done.exception:
        raise done.exception
    (options,) = made
    return options


def test_command_without_arguments() -> None:
    """A command without arguments has the defaults of the class."""
    assert options_of() == PlotOptions()


def test_command_with_all_arguments() -> None:
    """Every option of the class can be given at the command line."""
    given = {
        "style": ("--style", "plain"),
        "experiment": ("--experiment", "CMS"),
        "status": ("--status", "Private Work"),
        "lumi": ("--lumi", "138"),
        "energy": ("--energy", "13.6"),
        "log": ("--linear",),
        "signal": ("--signal", "stack"),
        "signal_scale": ("--signal-scale", "10"),
        "groups": ("--group", "Top=ttbar,st*", "--group", "QCD=QCD*"),
        "labels": ("--label", "ttbar=$t$=x"),
        "order": ("--order", "Top", "--order", "v*"),
        "layers": ("--layers", "3"),
        "blind": ("--blind", "100:150", "--blind", "all", "--blind", "200:"),
        "each": ("--each",),
        "nuisances": ("--nuisance", "JES*"),
        "processes": ("--process", "ttbar"),
    }
    assert set(given) == {field.name for field in attrs.fields(PlotOptions)}
    assert options_of(*(word for words in given.values() for word in words)) == PlotOptions(
        style="plain",
        experiment="CMS",
        status="Private Work",
        lumi=138,
        energy=13.6,
        log=False,
        signal="stack",
        signal_scale=10,
        groups={"Top": ["ttbar", "st*"], "QCD": "QCD*"},
        labels={"ttbar": "$t$=x"},
        order=["Top", "v*"],
        layers=3,
        blind=[(100, 150), EVERYWHERE, (200, math.inf)],
        each=True,
        nuisances="JES*",
        processes="ttbar",
    )


def test_all_problems() -> None:
    """All wrong values are told at once, with what is expected."""
    wrong: Any = {"style": "csm", "signal": 1, "lumi": "138", "signal_scale": 0, "layers": True, "blind": [(2, 1)]}
    with pytest.raises(DeclarationError) as caught:
        PlotOptions(**wrong, groups={"Top": []})
    assert caught.value.problems == (
        "style is 'csm', expected auto, cms, plain (did you mean 'cms'?)",
        "signal is 1, expected line, stack, none (known: line, stack, none)",
        "lumi is '138', expected a number above 0",
        "signal_scale is 0.0, expected a number above 0",
        "layers is True, expected a whole number from 1 on",
        "blind has the range 2 to 1: the first number must be the lower one",
        "group 'Top' of no process: expected a title and patterns",
    )


def test_malformed_argument() -> None:
    """An argument of another form is an error that shows the form."""
    for option, text in (("--label", "ttbar"), ("--group", "=x"), ("--blind", "1-2")):
        with pytest.raises(DeclarationError, match=f"'{text}' is not of the form (NAME=VALUE|LOW:HIGH)"):
            options_of(option, text)


def test_names_of_no_process() -> None:
    """A name or pattern that no process has is told with the closest one, but a group may stand in the order."""
    options = PlotOptions(
        labels={"tbar": "t"}, order=["Top", "QCD*"], groups={"Top": ["ttbar"]}, processes=["ZZ"], nuisances="JE*"
    )
    assert list(options.problems(["ttbar", "vjets"], ["lumi"])) == [
        "labels: no process is called 'tbar' (did you mean 'ttbar'?)",
        "order: no process is called 'QCD*' (known: ttbar, vjets, Top)",
        "processes: no process is called 'ZZ' (known: ttbar, vjets)",
        "nuisances: no nuisance is called 'JE*' (known: lumi)",
    ]


def test_hidden_range_without_bins() -> None:
    """A range that touches no bin of any channel is refused: data that were to be hidden would be drawn."""
    stack = Stack(PlotOptions(blind=[(1.5, 3), (125, math.inf)]))
    assert list(stack.problems([channel()])) == ["blind: no bin lies in 125:inf; the bins are those of x from 0 to 2"]


def test_channel_that_ranges_miss() -> None:
    """A channel with data of which no range hides any has a note; others have none."""
    options = PlotOptions(blind=[(5, 6), (1.5, 3)])
    far = Axis(np.array([7.0, 8.0, 9.0]), "y")
    assert options.missed(channel(axis=far)) == "Data of SR_2022_2023 are shown: no bin lies in 5:6 or 1.5:3"
    for other in (channel(), channel(axis=far, has_data=False), channel(axis=far, blindness=Blindness())):
        assert options.missed(other) == ""
    assert PlotOptions().missed(channel(axis=far)) == ""


def test_patterns() -> None:
    """A pattern has the rules of `fnmatch` with case, and a name with brackets is itself too."""
    assert matching(["a*", "b[1]"], ["ab", "Ab", "b1", "b[1]", "c"]) == ["ab", "b1", "b[1]"]
