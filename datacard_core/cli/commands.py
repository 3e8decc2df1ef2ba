"""The command `datacard`."""

from __future__ import annotations

import json
import shlex
import traceback
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datacard_core.analysis import SOURCE
from datacard_core.cli.scripts import analysis_of
from datacard_core.cli.tables import contents, plugins, yields
from datacard_core.cli.terminal import aside, console, readers_may_leave, say
from datacard_core.demo import write_demo
from datacard_core.errors import DatacardError, ExistingFileError, MissingProviderError, with_type
from datacard_core.execution.dask import cluster
from datacard_core.findings import report
from datacard_core.inputs.coffea import load_output
from datacard_core.plugins.introspection import BROKEN, as_document, report_plugins
from datacard_core.scaffold.new_plugin import write_plugin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core.analysis import Cards
    from datacard_core.plugins.manager import Plugins

_DEBUG = f"{__name__}.debug"


class _Failure(click.ClickException):
    """What is shown instead of a traceback."""


class _Commands(click.Group):
    """A group whose commands show an error as one message, and a traceback only when asked."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if ctx.meta.get(_DEBUG):
                traceback.print_exc()
                ctx.exit(1)
            raise _Failure(_message(error)) from error


def _remember_debug(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        ctx.meta[_DEBUG] = True


_debug = click.option(
    "--debug", is_flag=True, expose_value=False, callback=_remember_debug, help="Show the traceback of an error."
)
"""Taken before and after the command: who needs it has just typed the whole line."""


def _examples(*lines: str) -> str:
    # \b is click's way to say that lines stay as they are
    return "\b\n" + "\n".join(("Examples:" if lines[1:] else "Example:", *(f"  datacard {line}" for line in lines)))


@click.group(
    name="datacard",
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `datacard demo`: it makes a small analysis to try everything on.",
)
@click.version_option(package_name="datacard-core", prog_name="datacard")
@_debug
@click.pass_context
def main(ctx: click.Context) -> None:
    """From the histograms of a .coffea output to CMS Combine datacards."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@main.command(epilog=_examples("demo", "demo somewhere/else"))
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("datacard-demo"))
@_debug
def demo(directory: Path) -> None:
    """Make a small analysis and its cards, to try things on.

    DIRECTORY, datacard-demo if not given, gets an output as PocketCoffea writes it, an analysis script to start your
    own from, and the cards.
    """
    try:
        files = write_demo(directory)
    except ExistingFileError as error:
        error.add_note("nothing was changed; for a fresh one name another directory: datacard demo DIRECTORY")
        raise
    with analysis_of(files.analysis) as analysis:
        cards = analysis.build(files.output)
        cards.dump(directory / "cards")
    _show_cards(cards)
    say(
        f"\n{files.output} is what PocketCoffea would write, {files.analysis} declares the analysis; "
        f"the cards are in {directory / 'cards'}.\n\nNext:\n"
        f"  datacard inspect {_quoted(files.output)}\n"
        f"  datacard build {_quoted(files.analysis)} {_quoted(files.output)} -o {_quoted(directory / 'mine')}\n"
        f"  bash {_quoted(directory / 'cards' / cards.script_name)}    (where Combine is set up)"
    )


@main.command(
    epilog=_examples(
        "build analysis.py output_all.coffea -o cards",
        "build analysis.py output_*.coffea -o cards -j 4",
        "build analysis.py output_all.coffea -o cards --plots",
    )
)
@click.argument("script", metavar="ANALYSIS.py", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("outputs", metavar="OUTPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "-o",
    "--directory",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Where the cards go; it is made if need be.",
)
@click.option("--writer", metavar="NAME", default="combine", show_default=True, help="What writes the cards.")
@click.option(
    "--serializer",
    metavar="NAME",
    default="root",
    show_default=True,
    help="How templates are written, such as root-lz4 to compress.",
)
@click.option("--source", metavar="NAME", default=SOURCE, show_default=True, help="What reads the outputs.")
@click.option("--plots", "every_plot", is_flag=True, help="Draw the cards too, in DIR/plots: all that plugins draw.")
@click.option(
    "--plot", "some_plots", metavar="NAME", multiple=True, help="Draw this one only; may be given repeatedly."
)
@click.option("-j", "--jobs", metavar="N", type=click.IntRange(min=1), help="Work in N processes; 1 if not given.")
@click.option("--scheduler", metavar="ADDRESS", help="Work on a Dask cluster: its scheduler, such as tcp://host:8786.")
@click.option("--parts", is_flag=True, help="Several files may hold parts of one dataset; without it, an error.")
@click.option("--channel-masks", is_flag=True, help="Combine with --channel-masks, so that a fit can mask categories.")
@click.option("--all-findings", is_flag=True, help="Show every finding, not only the first ten of a kind.")
@_debug
def build(
    script: Path,
    outputs: Sequence[Path],
    directory: Path,
    *,
    writer: str,
    serializer: str,
    source: str,
    every_plot: bool,
    some_plots: Sequence[str],
    jobs: int | None,
    scheduler: str | None,
    parts: bool,
    channel_masks: bool,
    all_findings: bool,
) -> None:
    """Write the cards of an analysis.

    ANALYSIS.py is a Python script that says `analysis = Analysis(...)`, such as the one that `datacard demo` writes.
    OUTPUT is the merged .coffea file of PocketCoffea, or all files that make one.
    """
    if jobs and scheduler:
        raise click.UsageError("--jobs and --scheduler exclude each other: a cluster has its own number of workers.")
    if every_plot and some_plots:
        raise click.UsageError("--plots and --plot exclude each other: the first draws all of them.")
    with analysis_of(script) as analysis, cluster(scheduler) as client:
        # a name that nobody has is told before the work, not after it
        analysis.plugins.writer(writer)
        analysis.plugins.serializer(serializer)
        wanted = _plots(analysis.plugins, some_plots, every=every_plot)
        if client:
            # the workers have current directories of their own
            outputs = [path.absolute() for path in outputs]
        cards = analysis.build(outputs, source=source, executor=client, jobs=jobs or 1, parts=parts)
        how: dict[str, Any] = {"writer": writer, "serializer": serializer, "channel_masks": channel_masks}
        cards.dump(directory, **how, executor=client, jobs=jobs or 1)
        _show_cards(cards, all_findings=all_findings)
        say(f"\n{len(cards)} cards in {directory}; combine them with: bash {_quoted(directory / cards.script_name)}")
        if wanted:
            say(f"{len(cards.plot(directory / 'plots', *wanted))} plots in {directory / 'plots'}")


@main.command(epilog=_examples("inspect output_all.coffea"))
@click.argument("outputs", metavar="OUTPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@_debug
def inspect(outputs: Sequence[Path]) -> None:
    """List what an output holds, by the names that an analysis needs.

    These are variables, categories, samples, years and variations; several files are seen as one output.
    """
    for part in contents(load_output(outputs)):
        say(part)


@main.command("plugins", epilog=_examples("plugins", "plugins analysis.py", "plugins --check --json"))
@click.argument(
    "script",
    metavar="[ANALYSIS.py]",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=False,
)
@click.option("--check", is_flag=True, help="Import all of them; the exit status is 1 if one is broken.")
@click.option("--json", "as_json", is_flag=True, help="For other programs: one JSON document, with everything known.")
@_debug
def list_plugins(script: Path | None, *, check: bool, as_json: bool) -> None:
    """List the installed plugins, what they bring, and what is wrong with broken ones.

    Selected are those of the built-in set, or those of the `analysis` in ANALYSIS.py, which may bring some itself.
    Others are not imported, so that what they bring is not known without --check.
    """
    with aside(), analysis_of(script) if script else nullcontext() as analysis:
        reports = report_plugins(analysis.plugins if analysis else None, check=check)
    if as_json:
        with readers_may_leave():
            click.echo(json.dumps(as_document(reports), indent=2, sort_keys=True))
    else:
        for part in plugins(reports):
            say(part)
    if check and any(plugin.status == BROKEN for plugin in reports):
        raise click.exceptions.Exit(1)


@main.command("new-plugin", epilog=_examples("new-plugin acme-gmn", "new-plugin acme-gmn --directory elsewhere"))
@click.argument("name")
@click.option(
    "-o",
    "--directory",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where its folder goes; here if not given.",
)
@_debug
def new_plugin(name: str, directory: Path) -> None:
    """Write a plugin package, to start one of your own from.

    It is small and complete: a kind of systematic uncertainty, its tests, and all that it takes to install it. NAME,
    such as acme-gmn, makes the package datacard-acme-gmn, which analysis code selects as "acme_gmn".
    """
    plugin = write_plugin(name, directory)
    folder = directory / plugin.distribution
    say(
        f"{folder} has the systematic kind {plugin.typ}, in {plugin.module}, and its tests.\n\nNext:\n"
        f"  python -m pip install -e {shlex.quote(f'{folder}[test]')}\n"
        f"  python -m pytest {_quoted(folder)}\n\nIn the code of an analysis:\n"
        f'  plugins = load_plugins(*DEFAULT_PLUGINS, "{plugin.name}")'
    )


def _plots(selected: Plugins, names: Sequence[str], *, every: bool) -> tuple[str, ...]:
    """The plots that are asked for.

    Raises:
        MissingProviderError: no selected plugin has one of them, or any.
    """
    for name in names:
        selected.plot(name)
    if every and not selected.plots:
        raise MissingProviderError("--plots: no selected plugin draws any; the built-in 'plots' does, select it")
    return tuple(selected.plots) if every else tuple(dict.fromkeys(names))


def _message(error: Exception) -> str:
    """An error as a person wants to read it."""
    notes = "".join(f"\n  ({note})" for note in getattr(error, "__notes__", ()))
    if isinstance(error, DatacardError):
        return f"{error}{notes}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"{with_type(error)}{notes}\nThis is unexpected; run again with --debug to see where."


def _show_cards(cards: Cards, *, all_findings: bool = False) -> None:
    findings = cards.findings
    everything = report(findings, most=len(findings))
    shown = everything if all_findings else report(findings)
    if shown:
        with readers_may_leave():
            click.echo(shown, err=True)
            if shown != everything:
                click.echo("(datacard build --all-findings shows every one)", err=True)
    for table in yields(cards, console().width):
        say(table)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
