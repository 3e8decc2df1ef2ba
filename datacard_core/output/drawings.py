"""Plots of channels as files, drawn here, in processes or on a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import given_count, given_text
from datacard_core.errors import DeclarationError, MissingProviderError
from datacard_core.execution.signals import orderly_end
from datacard_core.hookspecs import Plot
from datacard_core.inputs.paths import expanded
from datacard_core.names import duplicates, listing
from datacard_core.output.channel_files import files_expected
from datacard_core.output.staging import stage_calls, staging
from datacard_core.plugins.calling import strings
from datacard_core.plugins.manager import load_plugins
from datacard_core.tables.sources import channels_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from datacard_core.execution.executors import ExecutorLike
    from datacard_core.model.channel import Channel
    from datacard_core.output.staging import Staging
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins

MOST_TOGETHER = 25
"""Most files of one call: a plot draws several pages faster than single ones, and more calls occupy more processes."""


@orderly_end()
def draw_plots(
    source: Any,
    directory: str | os.PathLike[str],
    *plots: str | Plot,
    suffix: str | None = None,
    plugins: Plugins | None = None,
    executor: ExecutorLike | None = None,
    jobs: int = 1,
) -> tuple[Path, ...]:
    """Draw channels, built or read, with a progress bar on a terminal; after a failure no file is left.

    Args:
        source: a card, the cards of an analysis, cards that were read, a channel or a model.
        directory: the directory to write to; it is made if it does not exist.
        plots: names of plots, or plots with options such as `Stack(PlotOptions(log=True))`; all plots of the selected
            plugins if none is given.
        suffix: format of the files, such as `.png`; that of each plot if not given.
        plugins: the selected plugins, the built-in set if not given.
        executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to draw on.
        jobs: without an executor, the number of processes.

    Returns:
        The paths of the files.

    Raises:
        DeclarationError: the options of a plot do not fit the channels, or one plot is asked for twice.
        MissingProviderError: no selected plugin has such a plot, or it has no drawings of that format.
        PluginCallError: a plot failed.
    """
    jobs, channels = given_count("jobs", jobs), channels_of(source)
    chosen = [with_suffix(provided, suffix) for provided in _different(chosen_plots(plots, plugins))]
    calls: dict[str, tuple[Any, ...]] = {}
    for provided, form in chosen:
        # Before the first drawing, which may take long, and for all channels at once.
        with provided.blamed("comparing its options with the channels") as plot:
            problems = strings(plot.problems(channels))
        if problems:
            raise DeclarationError(problems)
        for channel in channels:
            for number, names in enumerate(_parts(provided, channel)):
                calls[f"{provided.name} of {channel.bin} ({number + 1})"] = (provided, channel, names, form)
    with staging(directory) as stage:
        stage_calls(stage, stage_drawings, calls, doing="drawing", executor=executor, jobs=jobs)
    return tuple(Path(expanded(directory)) / name for name in stage.names)


def chosen_plots(plots: Sequence[str | Plot], plugins: Plugins | None) -> tuple[Provided[Plot], ...]:
    """Return plots by name or as objects with the plugins that provide them, all if none is given.

    Raises:
        MissingProviderError: no selected plugin has such a plot, or any.
    """
    plugins = load_plugins() if plugins is None else plugins
    chosen = plots or tuple(plugins.plots)
    if not chosen:
        raise MissingProviderError("no selected plugin draws a plot: select one that does, such as 'plots'")
    return tuple(_provided(plugins, plot) for plot in chosen)


def _different(chosen: tuple[Provided[Plot], ...]) -> tuple[Provided[Plot], ...]:
    twice = duplicates(provided.name for provided in chosen)
    if twice:
        # The names of files are made of that of the plot, also where two have other options.
        raise DeclarationError(
            f"plot {name!r} is asked for twice, and both would be written to the same files: draw them one after the "
            "other, to different directories"
            for name in twice
        )
    return chosen


def _provided(plugins: Plugins, plot: str | Plot) -> Provided[Plot]:
    if not isinstance(plot, Plot):
        return plugins.plot(given_text("plot", plot))
    # A plot with options of its own is of the class that a plugin contributes, and that plugin is to blame.
    for provided in plugins.plots.values():
        if type(provided.value) is type(plot):
            return attrs.evolve(provided, value=plot)
    raise MissingProviderError(
        f"no selected plugin provides plots of the class {type(plot).__qualname__}: select the plugin that has it"
    )


def with_suffix(provided: Provided[Plot], suffix: str | None) -> tuple[Provided[Plot], str]:
    """Return a plot with the format of its files.

    Raises:
        MissingProviderError: it has no files of the format.
    """
    if suffix is None:
        return provided, provided.suffix
    suffix = given_text("suffix", suffix)
    with provided.blamed("naming the formats of its files") as its:
        known = dict.fromkeys((provided.suffix, *strings(its.suffixes)))
    if suffix not in known:
        name = provided.name
        raise MissingProviderError(f"plot {name!r} has no files of the format {suffix!r}; it has {listing(known)}")
    return provided, suffix


def _parts(provided: Provided[Plot], channel: Channel) -> Iterator[tuple[str, ...]]:
    with provided.blamed(f"naming the files of channel {channel.bin!r}") as plot:
        names = strings(plot.names(channel))
    yield from (names[start : start + MOST_TOGETHER] for start in range(0, len(names), MOST_TOGETHER))


def stage_drawings(
    stage: Staging, provided: Provided[Plot], channel: Channel, names: Sequence[str], suffix: str
) -> tuple[str, ...]:
    """Draw files of a channel together with further files, and return their names."""
    files = {name: f"{name}{suffix}" for name in names}
    paths = {name: stage.path(file) for name, file in files.items()}
    with files_expected(provided, stage, list(paths.values()), f"drawing channel {channel.bin!r}") as plot:
        plot.draw_files(channel, paths)
    return tuple(files.values())
