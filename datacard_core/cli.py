"""The command `datacard`."""

from __future__ import annotations

import runpy
import shlex
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from datacard_core.analysis import Analysis
from datacard_core.demo import write_demo
from datacard_core.errors import DatacardError
from datacard_core.names import listing
from datacard_core.outputs import load_output
from datacard_core.tables import contents, look_into_plugins, plugins, yields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.table import Table

    from datacard_core.analysis import Cards

SCHEDULER_TIMEOUT = 30
"""How many seconds a scheduler has to answer."""

WIDTH_WITHOUT_TERMINAL = 160
"""Where nobody looks, tables are not folded to the 80 columns that rich assumes."""


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
            if ctx.params.get("debug"):
                traceback.print_exc()
                ctx.exit(1)
            raise _Failure(_message(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="datacard-core")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """From the histograms of a .coffea output to CMS Combine datacards."""


@main.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("datacard-demo"))
def demo(directory: Path) -> None:
    """Make a small analysis with its output in DIRECTORY, and the cards from it."""
    files = write_demo(directory)
    cards = _analysis(files.analysis).build(files.output)
    cards.dump(directory / "cards")
    _show_cards(cards)
    _say(
        f"\n{files.output} is what PocketCoffea would write, {files.analysis} declares the analysis; "
        f"the cards are in {directory / 'cards'}.\n\nNext:\n"
        f"  datacard inspect {_quoted(files.output)}\n"
        f"  datacard build {_quoted(files.analysis)} {_quoted(files.output)} -o {_quoted(directory / 'mine')}\n"
        f"  bash {_quoted(directory / 'cards' / cards.script_name)}    (where Combine is set up)"
    )


@main.command()
@click.argument("script", metavar="ANALYSIS.py", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("outputs", metavar="OUTPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("-o", "--directory", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to.")
@click.option("--channel-masks", is_flag=True, help="Let the workspace mask channels.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="In how many processes.")
@click.option("--scheduler", metavar="ADDRESS", help="On a Dask cluster: the address of its scheduler, tcp://...")
@click.option("--parts", is_flag=True, help="Files may hold parts of one dataset.")
def build(
    script: Path,
    outputs: Sequence[Path],
    directory: Path,
    *,
    channel_masks: bool,
    jobs: int,
    scheduler: str | None,
    parts: bool,
) -> None:
    """Write the cards of the `analysis` that a script defines, from one or several outputs."""
    analysis = _analysis(script)
    with _cluster(scheduler) as client:
        cards = analysis.build(outputs, executor=client, jobs=jobs, parts=parts)
        cards.dump(directory, channel_masks=channel_masks, executor=client, jobs=jobs)
    _show_cards(cards)
    _say(f"\n{len(cards)} cards in {directory}; combine them with: bash {_quoted(directory / cards.script_name)}")


@main.command()
@click.argument("output", type=click.Path(path_type=Path), nargs=-1, required=True)
def inspect(output: Sequence[Path]) -> None:
    """List what an output holds: variables, categories, samples, years and variations."""
    for table in contents(load_output(output)):
        _say(table)


@main.command("plugins")
def list_plugins() -> None:
    """List the installed plugins, and what is wrong with those that cannot be used."""
    _say(plugins(look_into_plugins()))


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
    with Client(scheduler, timeout=SCHEDULER_TIMEOUT) as client:
        yield client


def _analysis(script: Path) -> Analysis:
    """The object called `analysis` in a script."""
    sys.path.insert(0, str(script.resolve().parent))
    try:
        names = runpy.run_path(str(script), run_name="datacard_analysis")
    except DatacardError:
        raise
    except (Exception, SystemExit) as error:
        raise DatacardError(f"{_line_in(script, error)}: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(script.resolve().parent))
    found = names.get("analysis")
    if not isinstance(found, Analysis):
        raise DatacardError(_no_analysis(script, names))
    return found


def _no_analysis(script: Path, names: Mapping[str, Any]) -> str:
    found = names.get("analysis")
    has = "it defines no 'analysis'" if found is None else f"its 'analysis' is a {type(found).__name__}"
    others = [name for name, value in names.items() if isinstance(value, Analysis)]
    hint = f"; rename {listing(map(repr, others))}" if others else ""
    return f"{script}: {has}, expected analysis = Analysis(...) of datacard_core{hint}"


def _line_in(script: Path, error: BaseException) -> str:
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
    return (
        f"{type(error).__name__}: {error}{notes}\nThis is unexpected; run again with `datacard --debug` to see where."
    )


def _show_cards(cards: Cards) -> None:
    if findings := cards.report():
        click.echo(findings, err=True)
    _say(yields(cards))


def _say(what: Table | str) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_WITHOUT_TERMINAL)
    console.print(what, markup=False, highlight=False, soft_wrap=isinstance(what, str))


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
