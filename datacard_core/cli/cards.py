"""The commands that make cards: `datacard demo`, `datacard build` and `datacard convert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from datacard_core.card.sections import SERIALIZER
from datacard_core.cli.checks import given_reasons
from datacard_core.cli.group import debug_option, examples
from datacard_core.cli.scripts import analysis_of
from datacard_core.cli.tables import tabulate
from datacard_core.cli.terminal import console, program, quoted, remark, show
from datacard_core.cli.verbs import added_command
from datacard_core.demo import write_demo
from datacard_core.errors import DatacardError, ExistingFileError, MissingProviderError
from datacard_core.execution.options import worker_options
from datacard_core.findings import report
from datacard_core.inputs.paths import address_of, expanded
from datacard_core.names import listing
from datacard_core.output.formats import Formats
from datacard_core.plugins.manager import load_plugins
from datacard_core.plugins.selection import SOURCE
from datacard_core.reading import read_cards
from datacard_core.tables.yields import yields_table
from datacard_core.writing import written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacard_core.analysis.analysis import Analysis
    from datacard_core.analysis.cards import Cards
    from datacard_core.execution.executors import ClusterClient
    from datacard_core.plugins.manager import Plugins


@click.command(epilog=examples("demo", "demo somewhere/else"))
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("datacard-demo"))
@debug_option
def demo(directory: Path) -> None:
    """Make a small analysis and its cards, to try datacard on.

    DIRECTORY, datacard-demo if not given, gets an output as PocketCoffea writes it, an analysis script to copy for your
    own analysis, the cards, and their report. Their expected limit and significance are printed.
    """
    try:
        files = write_demo(directory)
    except ExistingFileError as error:
        error.add_note("no file was changed; for a fresh demo name another directory: datacard demo DIRECTORY")
        raise
    with analysis_of(files.analysis) as analysis:
        cards = analysis.build(files.output, verbose=False)
        cards.dump(directory / "cards")
    _show_cards(cards)
    _show_results(directory)
    command = program()
    show(
        f"\n{files.output} is what PocketCoffea would write, {files.analysis} declares the analysis; "
        f"the cards are in {directory / 'cards'}.\n\nNext:\n"
        f"  {command} inspect {quoted(files.output)}\n"
        f"  {command} build {quoted(files.analysis)} {quoted(files.output)} -o {quoted(directory / 'mine')} --plots\n"
        f"  {command} impacts {quoted(directory / 'cards')} --asimov --plot {quoted(directory / 'impacts.pdf')}\n"
        f"  bash {quoted(directory / 'cards' / cards.script_name)}    (where Combine is set up)"
    )


def _show_results(directory: Path) -> None:
    """Write the report of the demo's cards, and print what a fit of them expects, by the verbs that plugins add."""
    cards = str(directory / "cards")
    for verb, *options in (("report", "-o", str(directory / "report.html")), ("limit", "--blind", "--significance")):
        try:
            command = added_command(verb)
            if command is not None:
                command.main([cards, *options], standalone_mode=False)
        except DatacardError as error:
            # The cards are made: a plugin that lacks what it needs takes nothing from the demo.
            remark(f"no {verb}: {error}")


@click.command(
    epilog=examples(
        "build analysis.py output_all.coffea -o cards",
        "build analysis.py output_*.coffea -o cards -j 4",
        "build analysis.py output_all.coffea -o cards --plots",
        "build analysis.py output_all.coffea -o cards --blind-in SR",
        "build analysis.py output_all.coffea -o cards --strict --accept clipped='few events in the last bin'",
    )
)
@click.argument("script", metavar="ANALYSIS.py", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("outputs", metavar="OUTPUT...", type=click.Path(path_type=str), nargs=-1, required=True)
@click.option(
    "-o",
    "--directory",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Directory of the cards; it is created if it does not exist.",
)
@click.option("--writer", metavar="NAME", default="combine", show_default=True, help="Card writer.")
@click.option(
    "--serializer",
    metavar="NAME",
    default="root",
    show_default=True,
    help="Template serializer, for example root-lz4 for compressed files.",
)
@click.option(
    "--source", metavar="NAME", default=SOURCE, show_default=True, help="Histogram source that reads the outputs."
)
@click.option("--plots", "every_plot", is_flag=True, help="Also draw every plot of the selected plugins, in DIR/plots.")
@click.option(
    "--plot",
    "some_plots",
    metavar="NAME",
    multiple=True,
    help="Draw only this plot, in DIR/plots; may be given repeatedly.",
)
@worker_options
@click.option("--parts", is_flag=True, help="Several files may hold parts of one dataset; otherwise this is an error.")
@click.option("--channel-masks", is_flag=True, help="Combine with --channel-masks, so that a fit can mask categories.")
@click.option("--blind", is_flag=True, help="Show the data of no category: expected events take their place.")
@click.option("--blind-in", metavar="CATEGORY", multiple=True, help="Blind this category; may be given repeatedly.")
@click.option("--unblind", is_flag=True, help="Show the data of categories that are declared blind; cards record it.")
@click.option("--strict", is_flag=True, help="Make no card if there are warnings.")
@click.option(
    "--strict-on",
    metavar="CODE",
    multiple=True,
    help="Make no card if there are findings of this code; may be given repeatedly.",
)
@click.option(
    "--accept",
    metavar="CODE=REASON",
    multiple=True,
    callback=given_reasons,
    help="Accept findings of this code, which are shown with the reason; may be given repeatedly.",
)
@click.option("--no-checks", is_flag=True, help="Write cards in spite of contents that a fit cannot use.")
@click.option("--all-findings", is_flag=True, help="Show every finding, not only the first ten of each code.")
@debug_option
def build(
    script: Path,
    outputs: Sequence[str],
    directory: Path,
    *,
    writer: str,
    serializer: str,
    source: str,
    every_plot: bool,
    some_plots: Sequence[str],
    executor: ClusterClient | None,
    jobs: int,
    parts: bool,
    channel_masks: bool,
    blind: bool,
    blind_in: Sequence[str],
    unblind: bool,
    strict: bool,
    strict_on: Sequence[str],
    accept: Mapping[str, str],
    no_checks: bool,
    all_findings: bool,
) -> None:
    """Write the cards of an analysis.

    ANALYSIS.py is a Python script that defines `analysis = Analysis(...)`, as the script of `datacard demo` does.
    OUTPUT is the merged .coffea file of PocketCoffea, or all files that together make one output.
    """
    for chosen, message in (
        ((every_plot, some_plots), "--plots and --plot exclude each other: --plots draws all of them."),
        ((strict, strict_on), "--strict and --strict-on exclude each other: --strict refuses warnings of all codes."),
        ((blind, blind_in, unblind), "--blind, --blind-in and --unblind exclude each other."),
    ):
        if sum(map(bool, chosen)) > 1:
            raise click.UsageError(message)
    with analysis_of(script) as defined:
        analysis = _judging(defined, strict or strict_on, accept)
        analysis = _blinded(analysis, blind_in, blind=blind, unblind=unblind)
        # A misspelt name is an error before the work begins, which may take long.
        formats = Formats.of(analysis.plugins, writer, serializer)
        if formats.needs_templates:
            analysis.plugins.serializer(serializer)
        plots = _requested_plots(analysis.plugins, some_plots, every=every_plot)
        if executor:
            # The current directory of a worker is another one.
            outputs = [path if address_of(path) else str(Path(path).absolute()) for path in map(expanded, outputs)]
        reading: dict[str, Any] = {"source": source, "parts": parts}
        cards = analysis.build(outputs, **reading, executor=executor, jobs=jobs, verbose=False)
        how: dict[str, Any] = {"writer": writer, "serializer": serializer, "channel_masks": channel_masks}
        how["checks"] = not no_checks
        files = cards.dump(directory, **how, executor=executor, jobs=jobs)
        # Before anything is shown: the reader of the output may close it.
        drawn = cards.plot(directory / "plots", *plots, executor=executor, jobs=jobs) if plots else ()
        _show_cards(cards, all_findings=all_findings)
        if formats.is_combine:
            joining = quoted(directory / cards.script_name)
            show(f"\n{len(cards)} cards in {directory}; combine them with: bash {joining}")
        else:
            names = listing(file.name for file in files)
            show(f"\n{names} in {directory}; there is no script to combine them: {writer!r} writes no Combine cards")
        if drawn:
            show(f"{len(drawn)} plots in {directory / 'plots'}")


def _judging(analysis: Analysis, strict: bool | Sequence[str], accept: Mapping[str, str]) -> Analysis:
    """Return the analysis with the arguments of the command in place of its own `strict`, and beside its `accept`."""
    changes: dict[str, Any] = {"strict": strict} if strict else {}
    if accept:
        changes["accept"] = {**analysis.accept, **accept}
    return attrs.evolve(analysis, **changes) if changes else analysis


def _blinded(analysis: Analysis, categories: Sequence[str], *, blind: bool, unblind: bool) -> Analysis:
    """Return the analysis with the blinding of the command in place of its own."""
    if unblind:
        return analysis.unblinded()
    return analysis.blinded(*categories) if blind or categories else analysis


def _requested_plots(selected: Plugins, names: Sequence[str], *, every: bool) -> tuple[str, ...]:
    """Return the names of the plots to draw, each once.

    Raises:
        MissingProviderError: no selected plugin provides one of them, or every plot is requested and there is none.
    """
    for name in names:
        selected.plot(name)
    if every and not selected.plots:
        raise MissingProviderError("--plots: no selected plugin draws any; the built-in 'plots' does, select it")
    return tuple(selected.plots) if every else tuple(dict.fromkeys(names))


def _show_cards(cards: Cards, *, all_findings: bool = False) -> None:
    """Show the findings on standard error, and the yields on standard output."""
    findings = cards.findings
    complete = report(findings, most=len(findings))
    shown = complete if all_findings else report(findings)
    if shown:
        remark(shown, *(["(datacard build --all-findings shows every finding)"] if shown != complete else []))
    for table in tabulate(yields_table(cards), console().width):
        show(table)


@click.command(
    epilog=examples(
        "convert card.txt -o model.json --to pyhf",
        "convert card.txt -o model.json --to hs3 --strict",
        "convert card.txt -o copy/card.txt",
    )
)
@click.argument("card", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write.",
)
@click.option(
    "--to", "writer", metavar="WRITER", default="combine", show_default=True, help="Card writer, as a plugin has it."
)
@click.option("--strict", is_flag=True, help="Refuse a card that the format cannot say as it is.")
@debug_option
def convert(card: Path, *, output: Path, writer: str, strict: bool) -> None:
    """Write a card in the format of another program.

    CARD is a card of any program; join several with `datacard combine` first. Statements that the format has not, or
    has in another form, are told with the size of their effect on standard error and in a file beside the new one.
    """
    if output.resolve() == card.resolve():
        raise click.BadParameter(f"{output} is the card itself: name another file", param_hint="--output")
    (read,) = read_cards([card], lenient=True)
    plugins = load_plugins()
    formats = Formats.of(plugins, writer, SERIALIZER)
    paths, losses = written(read.model(), output, formats, plugins, strict=strict)
    for path in paths:
        show(str(path))
    if losses:
        remark(report(losses, most=len(losses)))
