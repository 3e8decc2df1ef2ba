"""The section of a fit of all channels together."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacard_core import Channel, DatacardError, Model, Picture
from datacard_report.page import Section, escaped, framed, scrolled

if TYPE_CHECKING:
    from datacard_fit import FitResult, Likelihood
    from datacard_plots.options import PlotOptions


def fit_section(source: Any, *, has_plots: bool, options: PlotOptions | None = None) -> Section:
    """Return the section of a fit: POIs, limit, significance, yields before and after, and plots.

    Where a channel is blind, or the options hide data, the fit is that of expected events with a signal of 1 in all
    channels.

    Args:
        source: what the report is of.
        has_plots: whether to draw impacts, correlations and stacks too.
        options: appearance of the plots.
    """
    try:
        body = _body(_model(source), has_plots=has_plots, options=options)
    except DatacardError as error:
        # A card whose likelihood is not covered has its report all the same.
        body = f"<p>{escaped(error)}</p>"
    return Section("fit", "Fit", body)


def _model(source: Any) -> Model:
    if isinstance(source, Model):
        return source
    if isinstance(source, Sequence) and source and not isinstance(source[0], Channel):
        return Model.joined([card.model() for card in source], [str(card.path) for card in source])
    if isinstance(source, Sequence | Channel):
        return Model(channels=(source,) if isinstance(source, Channel) else tuple(source))
    model: Any = source.model
    made: Model = model() if callable(model) else model
    return made


def _body(model: Model, *, has_plots: bool, options: PlotOptions | None) -> str:
    from datacard_fit import Likelihood, fit, limit, significance, stages, yields_of  # noqa: PLC0415 - takes a second

    likelihood = Likelihood(model)
    # Ranges that the options hide too: numbers of a fit of their data would tell what the plots hide.
    is_blind = likelihood.blind or (options is not None and options.blind)
    data = likelihood.asimov(dict.fromkeys(likelihood.pois, 1.0)) if is_blind else None
    fitted = fit(likelihood, data=data)
    limits = limit(likelihood, blind=data is not None)
    median = limits.expected[2]
    lines = {name: f"{one.value:.4g} {one.down:+.3g}/{one.up:+.3g}" for name, one in fitted.intervals.items()}
    lines["significance"] = f"{significance(likelihood, data=data, fitted=fitted):.3g}"
    lines["expected limit, 95 % CL"] = f"{median:.4g}"
    if limits.observed is not None:
        lines["observed limit, 95 % CL"] = f"{limits.observed:.4g}"
    rows = "".join(f"<tr><td>{escaped(name)}</td><td>{escaped(text)}</td></tr>" for name, text in lines.items())
    made = stages(likelihood, fitted, data=data)
    why = f"as in {', '.join(likelihood.blind)}" if likelihood.blind else "as ranges of the data are hidden"
    blind = f"Blind: expected events with a signal of 1 in place of all data, {why}."
    notes = [*fitted.problems, *limits.problems, *([blind] if data is not None else [])]
    return "".join([
        *(f"<p>{escaped(note)}</p>" for note in notes),
        scrolled(f"<table><tbody>{rows}</tbody></table>"),
        scrolled(yields_of(made).html()),
        _pictures(likelihood, fitted, made, data, options) if has_plots else "",
    ])  # fmt: skip


def _pictures(likelihood: Likelihood, fitted: FitResult, made: Any, data: Any, options: PlotOptions | None) -> str:
    from datacard_fit import PLOT_OPTIONS, impacts, plot  # noqa: PLC0415 - takes a second

    # Impacts have the pulls beside them, which are not drawn again; without a converged fit they have nothing to start
    # from.
    results = [impacts(likelihood, data=data)] if fitted.has_errors else []
    # The others are those of the plots of cards, which the report has too.
    given = {} if options is None else {name: getattr(options, name) for name in PLOT_OPTIONS}
    with tempfile.TemporaryDirectory() as folder:
        paths = plot(Path(folder, "fit.png"), *results, fitted, made, **given)
        drawn = [Picture(path.name, path.read_bytes()) for path in paths]
    figures = (f"<figure>{framed(one, 'figure of the fit')}</figure>" for one in drawn)
    return f'<div class="pictures">{"".join(figures)}</div>'
