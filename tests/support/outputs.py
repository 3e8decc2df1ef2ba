"""Outputs of two or three bins with whole numbers, so that a test can work out by hand what a card must hold."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import hist
import numpy as np
import pytest
import uproot

from datacard_core import (
    Datacard,
    DataProcess,
    DataProcesses,
    DeclarationError,
    InputError,
    MCProcess,
    MCProcesses,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Contents = Mapping[str, Mapping[str, Sequence[float] | NDArray[Any]]]
    """{category: {variation: yields}}, the yields with all flow bins that the axis has, or with none."""

WEIGHT = hist.storage.Weight()
PLUGINS = load_plugins()
UNDECLARED = ("no-systematic", "unused-sample", "unused-variation")
"""Codes of notices on parts of an output that a card leaves out."""
WITHOUT_RATEPARAM = load_plugins("lnn", "shape", "mcstats", "combine")


def bins(*edges: float, **options: Any) -> Any:
    """A variable axis with those edges, named as PocketCoffea does."""
    return hist.axis.Variable(edges, name="events.m", label="m", **options)


def simulated(
    contents: Contents,
    axis: Any = None,
    *,
    variances: Contents | None = None,
    labels: Sequence[str] | None = None,
    categories: Sequence[str] | None = None,
    storage: Any = WEIGHT,
) -> hist.Hist[Any]:
    """A histogram of simulation; variances are the yields if not given, what is not given is zero."""
    labels = labels or sorted({label for by_label in contents.values() for label in by_label})
    histogram: hist.Hist[Any] = hist.Hist(
        hist.axis.StrCategory(categories or sorted(contents), name="cat"),
        hist.axis.StrCategory(labels, name="variation"),
        axis or _axis_for(contents),
        storage=storage,
        name="Counts",
    )
    for category, by_label in contents.items():
        for label, values in by_label.items():
            squares = ((variances or {}).get(category) or {}).get(label, np.abs(values))
            where = histogram.axes[0].index(category), histogram.axes[1].index(label)
            _set(histogram, where, values, squares)
    return histogram


def observed(contents: Mapping[str, Sequence[float]], axis: Any = None, *, storage: Any = WEIGHT) -> hist.Hist[Any]:
    """A histogram of data, which has no variations."""
    histogram: hist.Hist[Any] = hist.Hist(
        hist.axis.StrCategory(sorted(contents), name="cat"),
        axis or _axis_for({category: {"nominal": values} for category, values in contents.items()}),
        storage=storage,
        name="Counts",
    )
    for category, values in contents.items():
        _set(histogram, (histogram.axes[0].index(category),), values, np.abs(values))
    return histogram


def _axis_for(contents: Contents) -> Any:
    some = next(iter(next(iter(contents.values())).values()))
    return bins(*range(len(some) + 1))


def _set(histogram: hist.Hist[Any], where: tuple[int, ...], values: Any, squares: Any) -> None:
    flow = len(values) != histogram.axes[-1].size
    view = histogram.view(flow=flow)[where]
    if view.dtype.names:
        view["value"], view["variance"] = values, squares
    else:
        view[:] = values


class Output:
    """An output of PocketCoffea, one dataset after the other."""

    def __init__(self) -> None:
        self.histograms: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        self.periods: dict[str, defaultdict[str, set[str]]] = {}
        self.by_dataset: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self.cutflow: dict[str, Any] = {"initial": {}, "skim": {}, "presel": {}}

    @property
    def metadata(self) -> dict[str, Any]:
        return {"by_datataking_period": self.periods, "by_dataset": self.by_dataset}

    @property
    def loaded(self) -> dict[str, Any]:
        """What `load_output` would return, with one variable `m`."""
        return {"variables": {"m": self.histograms}, "datasets_metadata": self.metadata, "cutflow": self.cutflow}

    def add(
        self,
        sample: str,
        year: str,
        histogram: hist.Hist[Any] | None,
        *,
        part: str = "",
        presel: Any = None,
        counts: Mapping[str, Mapping[str, int]] | None = None,
    ) -> Output:
        """Add a dataset.

        Args:
            sample: its sample.
            year: its data-taking period.
            histogram: of its variable, or None where it has none.
            part: tells it from the sample's other datasets of the year.
            presel: its entry in the cutflow after the preselection, 10 events if not given.
            counts: selected events by category and shape variation, the nominal with 10 if not given.
        """
        dataset = "_".join(filter(None, (sample, part, year)))
        self.periods.setdefault(year, defaultdict(set))[sample].add(dataset)
        self.by_dataset[dataset] = {"sample": sample, "year": year, "isMC": "True"}
        self.cutflow["presel"][dataset] = {"nominal": 10} if presel is None else presel
        if histogram is None:
            return self
        self.histograms[sample][dataset] = histogram
        for category in histogram.axes[0]:
            selected = (counts or {}).get(category, {"nominal": 10})
            self.cutflow.setdefault(category, {})[dataset] = {sample: dict(selected)}
        return self

    def mc(self, sample: str, year: str, part: str = "", /, **by_label: Sequence[float]) -> Output:
        """Add a simulated dataset that has only category SR, with its yields by variation."""
        return self.add(sample, year, simulated({"SR": by_label}), part=part)

    def data(self, sample: str, year: str, values: Sequence[float], part: str = "") -> Output:
        """Add a dataset of data that has only category SR."""
        self.add(sample, year, observed({"SR": values}), part=part)
        self.by_dataset["_".join(filter(None, (sample, part, year)))]["isMC"] = "False"
        return self


def signal_and_ttbar(**ttbar: Sequence[float]) -> Output:
    """Signal with 1, 2 and 3 events, and ttbar with what is given, in 2022."""
    return Output().mc("Signal", "2022", nominal=[1, 2, 3]).mc("TTbar", "2022", **ttbar)


def two_years() -> Output:
    """Signal with 1 and 1, and ttbar with 10 and 20 events, in each of 2022 and 2023."""
    output = Output()
    for year in ("2022", "2023"):
        output.mc("Signal", year, nominal=[1, 1]).mc("TTbar", year, nominal=[10, 20])
    return output


def process(name: str, *samples: str, years: Iterable[str] = ("2022",), **options: Any) -> MCProcess:
    """A background, if nothing else is said."""
    return MCProcess(name=name, samples=samples, years=years, **{"is_signal": False, **options})


def two_processes(years: Iterable[str] = ("2022",), **ttbar: Any) -> MCProcesses:
    """Signal and ttbar."""
    years = list(years)
    return MCProcesses(
        [
            process("signal", "Signal", years=years, is_signal=True),
            process("ttbar", "TTbar", years=years, **ttbar),
        ]
    )


def shape(
    name: str, processes: Any = ("ttbar",), years: Iterable[str] = ("2022",), **options: Any
) -> SystematicUncertainty:
    """A shape uncertainty on ttbar in 2022, if nothing else is said."""
    return SystematicUncertainty(name=name, typ="shape", processes=processes, years=years, value=1.0, **options)


def observation(*samples: str, years: Iterable[str] = ("2022",), name: str = "data_obs") -> DataProcesses:
    """One data process."""
    return DataProcesses([DataProcess(name=name, samples=samples, years=years)])


def card(output: Output, *systematics: SystematicUncertainty, **options: Any) -> Datacard:
    """The card of category SR for signal and ttbar of all years, if nothing else is said; it prints nothing."""
    years = options.pop("years", sorted(output.periods))
    options.setdefault("mc_processes", two_processes(years))
    options.setdefault("category", "SR")
    options.setdefault("verbose", False)
    options.setdefault("plugins", PLUGINS)
    return Datacard(
        output.histograms, output.metadata, output.cutflow, years, systematics=Systematics(systematics), **options
    )


def template(made: Datacard, column: str, variation: str = "nominal") -> list[float]:
    """The yields of a template."""
    values: list[float] = made.histogram[column, variation, :].values().tolist()
    return values


def variance(made: Datacard, column: str, variation: str = "nominal") -> list[float]:
    """The variances of a template."""
    variances = made.histogram[column, variation, :].variances()
    assert variances is not None
    squares: list[float] = variances.tolist()
    return squares


def written(
    made: Datacard, directory: Path, *, checks: bool = True
) -> dict[str, tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Values, variances and edges of every template in the file that a card writes, by name."""
    made.dump(directory, checks=checks)
    with uproot.open(directory / "shapes.root") as file:
        return {
            name: (file[name].values(), file[name].variances(), file[name].axis().edges())
            for name in file.keys(cycle=False)
        }


def codes(made: Datacard) -> list[str]:
    """The codes of what was found, sorted; without notices on parts of these small outputs that no test declares."""
    return sorted(finding.code for finding in made.findings if finding.code not in UNDECLARED)


def found(made: Datacard, code: str) -> list[str]:
    """The findings of one code, as text."""
    return [str(finding) for finding in made.findings if finding.code == code]


def problems(output: Output, *systematics: SystematicUncertainty, **options: Any) -> tuple[str, ...]:
    """Return why no card can be made."""
    with pytest.raises((InputError, DeclarationError)) as raised:
        card(output, *systematics, **options)
    return raised.value.problems


def rows(text: str) -> dict[str, list[str]]:
    """The lines of a card by their first word, split at blanks; a later line of one first word wins."""
    return {line.split()[0]: line.split() for line in text.splitlines() if line.split()}
