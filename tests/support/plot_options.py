"""Table of the options of plots, made of the class; `docs/plots.md` has it.

python -m tests.support.plot_options
"""

from __future__ import annotations

import sys

import attrs
import click
from datacard_plots.options import PlotOptions, plot_options


def table() -> str:
    """Return a row for each option: its name in scripts, that at the command line, and its explanation."""
    command = click.command("plot")(plot_options(lambda: None))
    flags = {option.name: "/".join((*option.opts, *option.secondary_opts)) for option in command.params}
    rows = [
        f"| `{field.name}` | `{flags[field.name]}` | {field.metadata['help']} |" for field in attrs.fields(PlotOptions)
    ]
    return "\n".join(["| in a script | at the command line | |", "|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
