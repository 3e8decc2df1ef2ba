"""The sections of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core import (
    Model,
    PluginCallError,
    ReadCard,
    Severity,
    channels_of,
    check,
    correlation_table,
    coverage_table,
    findings_table,
    load_plugins,
    picture,
    systematics_table,
    years_table,
    yields_table,
)
from datacard_report.fits import fit_section
from datacard_report.page import Section, escaped, filtered, framed, page, scrolled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core import Channel, Finding, Plot, Plugins


def report_of(
    source: Any, *, plots: Sequence[str | Plot] = ("stack",), fit: bool = False, plugins: Plugins | None = None
) -> str:
    """Return the report of cards as HTML; equal cards give equal bytes.

    Args:
        source: cards that were read, a card that was built, the cards of an analysis, a channel or a model.
        plots: plots of each channel, by name or with options such as `Stack(PlotOptions(log=True))`.
        fit: whether a fit of all channels has a section, with plots of its own if there are any plots.
        plugins: the selected plugins, the built-in set if not given.

    Raises:
        CardError: templates do not fit their card.
        InputError: a file of templates cannot be read.
    """
    channels = channels_of(source)
    cards = [card for card in (source if isinstance(source, Sequence) else [source]) if isinstance(card, ReadCard)]
    findings = check(source, plugins=plugins)
    plugins = load_plugins() if plugins is None else plugins
    content = Content(cards=cards, channels=channels, findings=findings, plugins=plugins, plots=plots)
    sections = list(content.sections())
    if fit:
        # Behind summary, yields and findings, which tell what is fitted.
        sections.insert(3, fit_section(source, has_plots=bool(plots)))
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
    plots: Sequence[str | Plot] = ("stack",)

    def sections(self) -> Iterator[Section]:
        """Yield the sections in their order."""
        yield Section("summary", "Summary", self._summary())
        yield Section("yields", "Yields", scrolled(yields_table(self.channels).html()))
        severities = [severity.name.lower() for severity in sorted(Severity, reverse=True)]
        table = findings_table(self.findings).html()
        yield Section("findings", "Findings", filtered(table, "words in findings", severities))
        if self.plots:
            yield Section("plots", "Plots", self._pictures())
        yield Section("systematics", "Systematics", _of_nuisances(systematics_table(self.channels).html()))
        yield Section("years", "Years", _of_nuisances(years_table(self.channels).html()))
        yield Section("coverage", "Coverage", _of_nuisances(coverage_table(self.channels).html()))
        correlations = correlation_table(Model(channels=tuple(self.channels)))
        yield Section("correlations", "Correlations", _of_nuisances(correlations.html()))
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

    def _pictures(self) -> str:
        figures = (
            f"<figure>{_picture(channel, plot, self.plugins)}<figcaption>{escaped(channel.bin)}</figcaption></figure>"
            for channel in self.channels
            for plot in self.plots
        )
        return f'<div class="pictures">{"".join(figures)}</div>'

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


def _of_nuisances(table: str) -> str:
    return filtered(table, "words in rows")


def _picture(channel: Channel, plot: str | Plot, plugins: Plugins) -> str:
    """Return a drawing, or the reason why there is none: the rest of the report does not depend on it."""
    try:
        found = picture(channel, plot, plugins=plugins)
        # Hatches of many processes make a large SVG.
        if len(found.content) > LARGEST:
            found = picture(channel, plot, suffix=".png", plugins=plugins)
    except PluginCallError as error:
        return f"<p>{escaped(error)}</p>"
    return framed(found, f"{plot if isinstance(plot, str) else plot.name} of {channel.bin}")
