"""The command `datacard`."""

from __future__ import annotations

import os
import shlex
import socket
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
from rich.console import Console

from datacard_core.analysis import Analysis
from datacard_core.demo import write_demo
from datacard_core.errors import DatacardError, ExistingFileError
from datacard_core.findings import report
from datacard_core.names import listing
from datacard_core.outputs import load_output
from datacard_core.tables import contents, look_into_plugins, plugins, yields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.table import Table

    from datacard_core.analysis import Cards

SCHEDULER_PROTOCOLS = ("tcp", "tls")
SCHEDULER_TIMEOUT = 10
"""How many seconds a scheduler has to answer."""

WIDTH_WITHOUT_TERMINAL = 160
"""Where nobody looks, tables are not folded to the 80 columns that rich assumes."""

_DEBUG = f"{__name__}.debug"
_SCRIPT = "datacard_analysis"


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
    with _analysis(files.analysis) as analysis:
        cards = analysis.build(files.output)
        cards.dump(directory / "cards")
    _show_cards(cards)
    _say(
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
@click.option(
    "--serializer", default="root", show_default=True, help="How templates are written, such as root-lz4 to compress."
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
    serializer: str,
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
    with _analysis(script) as analysis, _cluster(scheduler) as client:
        if client:
            # the workers have current directories of their own
            outputs = [path.absolute() for path in outputs]
        cards = analysis.build(outputs, executor=client, jobs=jobs or 1, parts=parts)
        cards.dump(directory, channel_masks=channel_masks, serializer=serializer, executor=client, jobs=jobs or 1)
    _show_cards(cards, all_findings=all_findings)
    _say(f"\n{len(cards)} cards in {directory}; combine them with: bash {_quoted(directory / cards.script_name)}")


@main.command(epilog=_examples("inspect output_all.coffea"))
@click.argument("outputs", metavar="OUTPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@_debug
def inspect(outputs: Sequence[Path]) -> None:
    """List what an output holds, by the names that an analysis needs.

    These are variables, categories, samples, years and variations; several files are seen as one output.
    """
    for part in contents(load_output(outputs)):
        _say(part)


@main.command("plugins", epilog=_examples("plugins"))
@_debug
def list_plugins() -> None:
    """List the installed plugins, and what is wrong with broken ones."""
    for part in plugins(look_into_plugins()):
        _say(part)


@contextmanager
def _cluster(scheduler: str | None) -> Iterator[Any]:
    """A client of a Dask cluster, or None where none is named."""
    if scheduler is None:
        yield None
        return
    try:
        from dask.distributed import Client  # noqa: PLC0415 - only who has a cluster needs it
    except ImportError:
        message = "--scheduler needs Dask's distributed: python -m pip install 'datacard-core[dask]'"
        raise DatacardError(message) from None
    _knock(scheduler)
    with Client(scheduler, timeout=SCHEDULER_TIMEOUT) as client:
        yield client


def _knock(scheduler: str) -> None:
    """Look whether somebody is there: a Client that finds nobody is never closed, and may block the next one."""
    try:
        address = urlsplit(scheduler)
        if address.scheme not in SCHEDULER_PROTOCOLS or not address.hostname or not address.port:
            raise ValueError(f"the protocol is one of {', '.join(SCHEDULER_PROTOCOLS)}")
        socket.create_connection((address.hostname, address.port), timeout=SCHEDULER_TIMEOUT).close()
    except (OSError, ValueError) as error:
        message = f"no Dask scheduler answers at {scheduler!r}, expected an address such as tcp://host:8786 ({error})"
        raise DatacardError(message) from error


@contextmanager
def _analysis(script: Path) -> Iterator[Analysis]:
    """The object called `analysis` in a script, which sees what `python script` would show it.

    As long as the analysis is in use, modules beside the script can be imported: its plugins may do so late.
    """
    path, arguments = list(sys.path), list(sys.argv)
    sys.path.insert(0, str(script.resolve().parent))
    sys.argv[:] = [str(script)]
    try:
        yield _defined_in(script)
    finally:
        sys.path[:], sys.argv[:] = path, arguments
        sys.modules.pop(_SCRIPT, None)


def _defined_in(script: Path) -> Analysis:
    module = ModuleType(_SCRIPT)
    module.__file__ = str(script)
    # what it defines is pickled by this name, for the processes of --jobs
    sys.modules[_SCRIPT] = module
    names = vars(module)
    try:
        exec(compile(script.read_bytes(), str(script), "exec"), names)  # noqa: S102 - it is the user's own script
    except DatacardError as error:
        error.add_note(_place(script, error))
        raise
    except SystemExit as error:
        raise DatacardError(f"{_place(script, error)}: it ends with sys.exit({error.code!r})") from error
    except SyntaxError as error:
        if error.lineno is None:
            raise DatacardError(f"{script} is no Python script: ANALYSIS.py comes first, then OUTPUT...") from error
        raise DatacardError(f"{_place(script, error)}: {_what(type(error).__name__, error.msg)}") from error
    except Exception as error:
        raise DatacardError(f"{_place(script, error)}: {_what(type(error).__name__, error)}") from error
    found = names.get("analysis")
    if not isinstance(found, Analysis):
        raise DatacardError(_no_analysis(script, names))
    return found


def _what(kind: str, text: object) -> str:
    return f"{kind}: {text}" if str(text) else kind


def _no_analysis(script: Path, names: Mapping[str, Any]) -> str:
    found = names.get("analysis")
    has = "it defines no 'analysis'" if found is None else f"its 'analysis' is a {type(found).__name__}"
    hint = ""
    if others := [name for name, value in names.items() if isinstance(value, Analysis)]:
        hint = f"; it has {listing(map(repr, others))}: call that 'analysis'"
    elif "Datacard" in names:
        hint = f"; a script that makes its cards itself is run by Python: python {_quoted(script)}"
    return f"{script}: {has}, expected analysis = Analysis(...) of datacard_core{hint}"


def _place(script: Path, error: BaseException) -> str:
    """The script, with the line that an error came from."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(script)]
    return f"{script}, line {lines[-1]}" if lines else str(script)


def _message(error: Exception) -> str:
    """An error as a person wants to read it."""
    notes = "".join(f"\n  ({note})" for note in getattr(error, "__notes__", ()))
    if isinstance(error, DatacardError):
        return f"{error}{notes}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"{_what(type(error).__name__, error)}{notes}\nThis is unexpected; run again with --debug to see where."


def _show_cards(cards: Cards, *, all_findings: bool = False) -> None:
    findings = cards.findings
    everything = report(findings, most=len(findings))
    shown = everything if all_findings else report(findings)
    if shown:
        with _readers_may_leave():
            click.echo(shown, err=True)
            if shown != everything:
                click.echo("(datacard build --all-findings shows every one)", err=True)
    for table in yields(cards, _console().width):
        _say(table)


def _say(what: Table | str) -> None:
    with _readers_may_leave():
        _console().print(what, soft_wrap=isinstance(what, str))


def _console() -> Console:
    # names are shown as they are: rich would take [clipped] for markup and :year: for an emoji
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH_WITHOUT_TERMINAL
    return console


@contextmanager
def _readers_may_leave() -> Iterator[None]:
    """End in silence where `| head` has seen enough."""
    try:
        yield
    except BrokenPipeError:
        # what is still in the buffers has nobody to go to, and the interpreter would complain about it at its end
        with Path(os.devnull).open("wb") as nowhere:
            for stream in (sys.stdout, sys.stderr):
                os.dup2(nowhere.fileno(), stream.fileno())
        raise click.exceptions.Exit(1) from None


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
