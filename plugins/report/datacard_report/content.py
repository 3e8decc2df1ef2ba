"""The sections of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
from datacard_plots.options import PlotOptions

from datacard_core import (
    DeclarationError,
    Model,
    PluginCallError,
    ReadCard,
    Severity,
    channels_of,
    check,
    correlation_table,
    coverage_table,
    findings_table,
    grammar,
    load_plugins,
    picture,
    systematics_table,
    years_table,
    yields_table,
)
from datacard_report.fits import fit_section
from datacard_report.page import Section, escaped, filtered, folded, framed, page, scrolled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core import Channel, Finding, Plot, Plugins

MAPS = ("coverage", "correlations")
"""Plots that stand in the section of their name, beside the table of the same numbers."""


def report_of(
    source: Any,
    *,
    plots: Sequence[str | Plot] | None = None,
    options: PlotOptions | None = None,
    fit: bool = False,
    plugins: Plugins | None = None,
) -> str:
    """Return the report of cards as HTML; equal cards give equal bytes.

    Args:
        source: cards that were read, a card that was built, the cards of an analysis, a channel or a model.
        plots: plots of each channel, by name or with options such as `Stack(PlotOptions(log=True))`; if not given, the
            stack and the maps of coverage and correlations, where the plugins have them.
        options: appearance of the plots that are given by name, and of those of the fit.
        fit: whether a fit of all channels has a section, with plots of its own if there are any plots.
        plugins: the selected plugins, the built-in set if not given.

    Raises:
        CardError: templates do not fit their card.
        DeclarationError: no channel has a process or nuisance that the options name.
        InputError: a file of templates cannot be read.
    """
    channels = channels_of(source)
    cards = [card for card in (source if isinstance(source, Sequence) else [source]) if isinstance(card, ReadCard)]
    findings = check(source, plugins=plugins)
    plugins = load_plugins() if plugins is None else plugins
    if plots is None:
        plots = [name for name in ("stack", *MAPS) if name in plugins.plots]
    if options is not None:
        plots = _with_options(plots, options, channels, plugins)
    content = Content(
        cards=cards,
        channels=channels,
        findings=findings,
        plugins=plugins,
        plots=plots,
        options=PlotOptions() if options is None else options,
    )
    sections = list(content.sections())
    if fit:
        # Behind summary, yields and findings, which tell what is fitted.
        sections.insert(3, fit_section(source, has_plots=bool(plots), options=options))
    first, *others = [card.path.name for card in cards] or [channel.bin for channel in channels]
    return page(f"Report of {first}{f' and {len(others)} more' if others else ''}", sections)


LARGEST = 200_000
"""Size in bytes from which on a drawing is a PNG, not an SVG."""


@attrs.frozen(eq=False, kw_only=True)
class Content:
    """All that a report is made of."""

    cards: Sequence[ReadCard]
    channels: Sequence[Channel]
    findings: Sequence[Finding]
    plugins: Plugins
    plots: Sequence[str | Plot]
    options: PlotOptions

    def sections(self) -> Iterator[Section]:
        """Yield the sections in their order."""
        yield Section("summary", "Summary", self._summary())
        yield Section("yields", "Yields", self._yields())
        severities = [severity.name.lower() for severity in sorted(Severity, reverse=True)]
        table = findings_table(self.findings).html()
        yield Section("findings", "Findings", filtered(table, "words in findings", severities))
        if not all(_name(plot) in MAPS for plot in self.plots):
            yield Section("plots", "Plots", self._pictures())
        yield Section("systematics", "Systematics", _of_nuisances(systematics_table(self.channels).html()))
        yield Section("years", "Years", _of_nuisances(years_table(self.channels).html()))
        coverage = _of_nuisances(coverage_table(self.channels).html())
        yield Section("coverage", "Coverage", f"{coverage}{self._maps('coverage')}")
        effects = _of_nuisances(correlation_table(Model(channels=tuple(self.channels))).html())
        yield Section("correlations", "Correlations", f"{effects}{self._maps('correlations')}")
        yield Section("provenance", "Plugins and versions", self._provenance())

    def _summary(self) -> str:
        channels = self.channels
        nuisances = {nuisance.name for channel in channels for nuisance in channel.nuisances}
        # Accepted findings need no look, and have a number of their own.
        gravest = {
            severity: sum(finding.severity is severity and not finding.accepted for finding in self.findings)
            for severity in sorted(Severity, reverse=True)
        }
        numbers = {
            "cards": len(self.cards),
            "channels": len(channels),
            "bins": sum(channel.axis.bins for channel in channels),
            "columns": sum(len(channel.columns) for channel in channels),
            "nuisances": len(nuisances),
            **{f"{severity.name.lower()}s": count for severity, count in gravest.items()},
            "accepted": sum(bool(finding.accepted) for finding in self.findings),
        }
        return f"<dl>{''.join(f'<div><dt>{name}</dt><dd>{number}</dd></div>' for name, number in numbers.items())}</dl>"

    def _yields(self) -> str:
        """Return the table of yields; the sum of data of which bins are hidden would tell what the plots hide."""
        shown = [
            attrs.evolve(channel, blindness=grammar.Blindness())
            if channel.has_data and self.options.hidden(channel.axis).any()
            else channel
            for channel in self.channels
        ]
        notes = "".join(f"<p>{escaped(note)}.</p>" for note in map(self.options.missed, self.channels) if note)
        return f"{notes}{scrolled(yields_table(shown).html())}"

    def _pictures(self) -> str:
        figures = (
            f"<figure>{_picture(channel, plot, self.plugins)}<figcaption>{escaped(channel.bin)}</figcaption></figure>"
            for channel in self.channels
            for plot in self.plots
            if _name(plot) not in MAPS
        )
        return f'<div class="pictures">{"".join(figures)}</div>'

    def _maps(self, name: str) -> str:
        """Return the maps of channels with nuisances, folded; an SVG would have a path for each of their many cells."""
        return "".join(
            folded(f"Map of {channel.bin}", _picture(channel, plot, self.plugins, ".png"))
            for plot in self.plots
            if _name(plot) == name
            for channel in self.channels
            # Cards that were read do not tell where their templates come from: all would be their own.
            if any(name != "coverage" or nuisance.origin is not None for nuisance in channel.nuisances)
        )

    def _provenance(self) -> str:
        """Return the plugins that made the report, and the comments at the beginning of each card."""
        origins = self.plugins.origins.items()
        rows = "".join(f"<tr><td>{escaped(name)}</td><td>{escaped(origin)}</td></tr>" for name, origin in origins)
        head = "<thead><tr><th>plugin</th><th>distribution</th></tr></thead>"
        # The comments at the head of a card name what made it, with versions.
        made = "".join(
            f"<h3>{escaped(card.path.name)}</h3><pre>{'<br>'.join(map(escaped, comments))}</pre>"
            for card in self.cards
            if (comments := [line for line in card.text.splitlines() if line.startswith("#")])
        )
        return f"<p>of this report</p>{scrolled(f'<table>{head}<tbody>{rows}</tbody></table>')}{made}"


def _with_options(
    plots: Sequence[str | Plot], options: PlotOptions, channels: Sequence[Channel], plugins: Plugins
) -> list[str | Plot]:
    """Return plots with options where they are given by name and have some."""
    processes = dict.fromkeys(column.process for channel in channels for column in channel.columns)
    nuisances = dict.fromkeys(nuisance.name for channel in channels for nuisance in channel.nuisances)
    # Before the first drawing, and once: each plot would tell the same.
    misplaced = options.misplaced([channel.axis for channel in channels])
    if problems := [*options.problems(processes, nuisances), *misplaced]:
        raise DeclarationError(problems)
    found: list[str | Plot] = []
    for plot in plots:
        provided: Any = plugins.plot(plot).value if isinstance(plot, str) else None
        # Those of other plugins need not have options.
        has_options = isinstance(getattr(provided, "options", None), PlotOptions)
        found.append(attrs.evolve(provided, options=options) if has_options else plot)
    return found


def _name(plot: str | Plot) -> str:
    return plot if isinstance(plot, str) else plot.name


def _of_nuisances(table: str) -> str:
    return filtered(table, "words in rows")


def _picture(channel: Channel, plot: str | Plot, plugins: Plugins, suffix: str = ".svg") -> str:
    """Return a drawing, or the reason why there is none: the rest of the report does not depend on it."""
    try:
        found = picture(channel, plot, suffix=suffix, plugins=plugins)
        # Hatches of many processes make a large SVG.
        if suffix == ".svg" and len(found.content) > LARGEST:
            found = picture(channel, plot, suffix=".png", plugins=plugins)
    except PluginCallError as error:
        return f"<p>{escaped(error)}</p>"
    return framed(found, f"{_name(plot)} of {channel.bin}")
