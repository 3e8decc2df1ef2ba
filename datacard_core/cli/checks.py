"""The commands that check cards: `datacard check` and `datacard names`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datacard_core.checking.check import check as checked
from datacard_core.checks import reports
from datacard_core.checks.acceptance import acceptances, read_acceptances
from datacard_core.checks.calls import meanings
from datacard_core.checks.documents import findings_document, validation_document
from datacard_core.checks.summary import summary
from datacard_core.cli.group import debug_option, examples, message
from datacard_core.cli.terminal import remark, show, to_stdout
from datacard_core.conventions.check import BUILT_IN, chosen, name_findings, names_in
from datacard_core.conventions.files import read_convention, template
from datacard_core.errors import DatacardError
from datacard_core.findings import Severity, report
from datacard_core.plugins.manager import DEFAULT_PLUGINS, load_plugins
from datacard_core.reading import read_cards

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacard_core.findings import Finding
    from datacard_core.plugins.manager import Plugins

FOUND, FAILED = 1, 2
"""Exit status with findings, and without an answer."""


def given_reasons(_: click.Context, option: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    """Return the reasons by code of arguments CODE=REASON."""
    reasons = {code: reason for code, _, reason in (argument.partition("=") for argument in given)}
    if lacking := [code for code, reason in reasons.items() if not reason.strip()]:
        raise click.BadParameter(f"{lacking[0]!r} has no reason: expected CODE=REASON", param=option)
    return reasons


def _limits(_: click.Context, option: click.Parameter, given: Sequence[str]) -> dict[str, float]:
    """Return the numbers by name of arguments NAME=NUMBER."""
    limits = {}
    for argument in given:
        name, number = argument.partition("=")[::2]
        try:
            limits[name] = float(number)
        except ValueError:
            raise click.BadParameter(f"{argument!r} has no number: expected NAME=NUMBER", param=option) from None
    return limits


def _with_limits(limits: Mapping[str, float], further: Sequence[str]) -> Plugins:
    """Return the built-in plugins, the checks among them with some limits given, and further ones."""
    built_in = ((name, limits) if name == "checks" and limits else name for name in DEFAULT_PLUGINS)
    return load_plugins(*built_in, *further)


_conventions_option = click.option(
    "--conventions",
    "files",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="A convention of your own for the names, which comes first; may be given repeatedly.",
)


@click.command(epilog=examples("check cards", "check cards/SR.txt --json > findings.json", "check datacard.txt -m 125"))
@click.argument("cards", metavar="DIR|CARD...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("-m", "--mass", type=float, help="Value of $MASS in the cards.")
@click.option("--all", "every", is_flag=True, help="Show every finding, not one line for each kind.")
@click.option("--json", "as_json", is_flag=True, help="Print all findings as JSON.")
@click.option(
    "--validate-json",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the findings of ValidateDatacards to a file, as the tool does.",
)
@click.option(
    "--limit",
    "limits",
    metavar="NAME=NUMBER",
    multiple=True,
    callback=_limits,
    help="A limit of the checks, such as largest_norm=0.05; may be given repeatedly.",
)
@click.option(
    "--plugin",
    "further",
    metavar="NAME",
    multiple=True,
    help="Run the checks of another plugin too, such as fit for the constraints of nuisances; may be given repeatedly.",
)
@click.option(
    "--accept",
    "reasons",
    metavar="CODE=REASON",
    multiple=True,
    callback=given_reasons,
    help="Accept findings of this code, which are shown with the reason; may be given repeatedly.",
)
@click.option(
    "--accept-file",
    "accept_files",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="A TOML file of what is accepted, by code and names; may be given repeatedly.",
)
@click.option("--names", "with_names", is_flag=True, help="Check the names of nuisances too, by CMS's convention.")
@_conventions_option
@click.option(
    "--sarif", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write all findings as SARIF."
)
@click.option(
    "--junit", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write all findings as JUnit XML."
)
@click.option(
    "--fail-on",
    type=click.Choice(["notice", "warning", "error"]),
    default="warning",
    show_default=True,
    help="Least severity of findings with which the exit status is 1.",
)
@debug_option
def check(
    cards: Sequence[Path],
    *,
    mass: float | None,
    every: bool,
    as_json: bool,
    validate_json: Path | None,
    sarif: Path | None,
    junit: Path | None,
    limits: Mapping[str, float],
    further: Sequence[str],
    reasons: Mapping[str, str],
    accept_files: Sequence[Path],
    with_names: bool,
    files: Sequence[Path],
    fail_on: str,
) -> None:
    """Tell what Combine would refuse in cards, and what an analyst would regret.

    CARD is a card of any program with its templates, and DIR a directory of cards. Neither ROOT nor CMSSW is needed.
    The exit status is 0 without findings, 1 with some that are not accepted, and 2 if a card cannot be checked.
    """
    try:
        plugins = _with_limits(limits, further)
        accept = [*acceptances(reasons), *(entry for file in accept_files for entry in read_acceptances(file))]
        conventions = [*map(read_convention, files), *(BUILT_IN if with_names or files else ())]
        found = checked(cards, accept=accept, mass=mass, plugins=plugins, conventions=conventions)
        if validate_json is not None:
            validate_json.write_text(json.dumps(validation_document(found), indent=2, sort_keys=True), encoding="utf-8")
        if sarif is not None:
            sarif.write_text(reports.sarif(found, meanings(plugins)), encoding="utf-8")
        if junit is not None:
            junit.write_text(reports.junit(found), encoding="utf-8")
    except (DatacardError, OSError) as error:
        # Status 1 of other commands would count as a finding.
        remark(f"Error: {message(error)}")
        raise click.exceptions.Exit(FAILED) from error
    if as_json:
        with to_stdout():
            click.echo(json.dumps(findings_document(found), indent=1, ensure_ascii=False))
    else:
        _show(found, every=every)
    # Accepted findings are shown, so that a review sees them, and fail no job.
    if any(finding.severity >= Severity[fail_on.upper()] and not finding.accepted for finding in found):
        raise click.exceptions.Exit(FOUND)


def _show(found: Sequence[Finding], *, every: bool) -> None:
    lines = report(found, most=len(found)).splitlines() if every else list(summary(found))
    for line in lines:
        show(line)
    numbers = {severity: sum(one.severity is severity for one in found) for severity in reversed(Severity)}
    counts = ", ".join(f"{number} {severity.name.lower()}{'s' * (number != 1)}" for severity, number in numbers.items())
    more = "; --all shows each of them" if not every and len(lines) < len(found) else ""
    remark(f"{counts}{more}")


@click.command(
    epilog=examples(
        "names cards",
        "names cards --conventions ours.yaml",
        "names cards --make-template > ours.yaml",
    )
)
@click.argument("cards", metavar="DIR|CARD...", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option(
    "--convention",
    "built_in",
    type=click.Choice([*BUILT_IN, "none"]),
    default="cms",
    show_default=True,
    help="Convention that is built in.",
)
@_conventions_option
@click.option("--make-template", is_flag=True, help="Print a file for the names that are to be described.")
@debug_option
def names(cards: Sequence[Path], *, built_in: str, files: Sequence[Path], make_template: bool) -> None:
    """Check the names of nuisances against conventions.

    CARD is a card of any program, and DIR a directory of cards. Names that no convention has, and names of one analysis
    without a description, are told on standard error, and the exit status is then 1.
    """
    conventions = chosen([*map(read_convention, files), *([] if built_in == "none" else [built_in])])
    # From the text alone: names need no templates, which may be missing or large.
    found = list(dict.fromkeys(name for card in read_cards(cards, lenient=True) for name in names_in(card.cells())))
    findings = list(name_findings(found, conventions))
    if make_template:
        with to_stdout():
            click.echo(template(finding.systematic for finding in findings), nl=False)
        return
    from datacard_core.cli.tables import tabulate_names  # noqa: PLC0415 - loads what reads outputs, for `check` too

    show(tabulate_names(found, conventions))
    if findings:
        remark(report(findings, most=len(findings)))
        raise click.exceptions.Exit(1)
