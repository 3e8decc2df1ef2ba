"""Attributes of a finished card: its declarations, its channel, and the parts of the output that it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.build.declared import MCSTAT
from datacard_core.documents.findings import Findings
from datacard_core.inputs.histograms import NOMINAL
from datacard_core.model.model import Model
from datacard_core.model.variations import Variations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.loaded import Histograms
    from datacard_core.declare.processes import DataProcesses, MCProcesses
    from datacard_core.declare.systematics import Systematics
    from datacard_core.findings import Finding
    from datacard_core.model.channel import Channel
    from datacard_core.plugins.manager import Plugins
    from datacard_core.templates.binning import Binning


@attrs.frozen(eq=False, kw_only=True)
class Given:
    """Arguments of a card that are no declarations, as a script gave them."""

    histograms: Histograms
    datasets_metadata: Mapping[str, Any]
    cutflow: Mapping[str, Any]
    verbose: bool
    rateparam_norm_categories: Iterable[str] | Mapping[str, Histograms] | None
    rateparam_norm_histograms: Histograms | None
    variables: Mapping[str, Histograms]


class BuiltCard:
    """A finished channel, the declarations that it was built from, and the script's arguments."""

    _declared: DeclaredCard
    _built: Channel
    _source: str | None
    _given: Given | None

    @property
    def channel(self) -> Channel:
        """The finished model of the card."""
        return self._built

    @property
    def model(self) -> Model:
        """The channel as a model, for what works on several channels too."""
        return Model.of([self._built])

    @property
    def bin(self) -> str:
        """Combine's bin name, `[prefix_]category[_suffix]`."""
        return self._declared.bin

    @property
    def bin_prefix(self) -> str | None:
        """Text before the category in the bin name."""
        return self._declared.bin_prefix

    @property
    def bin_suffix(self) -> str:
        """Text behind the category in the bin name."""
        suffix = self._declared.bin_suffix
        return "_".join(self.years) if suffix is None else suffix

    @property
    def single_year(self) -> bool:
        """True if the columns have no year in their names."""
        return self._declared.single_year

    @property
    def category(self) -> str:
        """Category that was selected."""
        return self._declared.category

    @property
    def years(self) -> tuple[str, ...]:
        """Years of the card."""
        return self._declared.years

    @property
    def mc_processes(self) -> MCProcesses:
        """Simulated processes, as they were when the card was built."""
        return self._declared.mc_processes

    @property
    def data_processes(self) -> DataProcesses | None:
        """The data process, None without data."""
        return self._declared.data_processes

    @property
    def systematics(self) -> Systematics:
        """Systematic uncertainties, as they were when the card was built."""
        return self._declared.systematics

    @property
    def bins_edges(self) -> Binning:
        """Edges that the histograms were rebinned to, or the number of bins that were joined."""
        edges = self._declared.bins_edges
        return list(edges) if isinstance(edges, tuple) else edges

    @property
    def plugins(self) -> Plugins:
        """Selected plugins."""
        return self._declared.plugins

    @property
    def shape_only_for_rateparam(self) -> bool:
        """True if shape variations of processes with a free rateParam keep their total."""
        return self._declared.shape_only_for_rateparam

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Observations and treatments on the way to the card."""
        return Findings(self.channel.findings)

    @property
    def has_data(self) -> bool:
        """True if the card has a data process."""
        return self._built.has_data

    @property
    def blind(self) -> bool:
        """True if bins of the data are blind and hold expected events."""
        return bool(self._built.blind_bins)

    @property
    def observation(self) -> float:
        """Number of observed events, -1 without data."""
        return self._built.observation

    @property
    def process_id(self) -> dict[str, int]:
        """Combine's process id of each column, 0 and below for signals."""
        return {column.name: column.id for column in self._built.columns}

    @property
    def imax(self) -> int:
        """Number of channels in the card."""
        return 1

    @property
    def jmax(self) -> int:
        """Number of columns minus 1."""
        return len(self._built.columns) - 1

    @property
    def kmax(self) -> int:
        """Number of rows of nuisances, and of lines of constrained parameters."""
        return self.channel.kmax

    @property
    def mcstat(self) -> bool:
        """True if the card has an autoMCStats line."""
        return self._declared.mcstat is not False

    @property
    def mcstat_config(self) -> dict[str, Any]:
        """Options of the autoMCStats line, empty without the line."""
        mcstat = self._declared.mcstat
        return {} if mcstat is False else {**MCSTAT, **(mcstat if isinstance(mcstat, Mapping) else {})}

    @property
    def threshold(self) -> Any:
        """Effective number of events of autoMCStats below which a bin has a parameter per process."""
        return self.mcstat_config.get("threshold", MCSTAT["threshold"])

    @property
    def include_signal(self) -> Any:
        """Option of autoMCStats: whether signals count in the decision about a bin."""
        return self.mcstat_config.get("include_signal", MCSTAT["include_signal"])

    @property
    def hist_mode(self) -> Any:
        """Option of autoMCStats: Combine's class of templates."""
        return self.mcstat_config.get("hist_mode", MCSTAT["hist_mode"])

    @property
    def shape_variations(self) -> list[str]:
        """Variations of the templates, the nominal first."""
        return [NOMINAL, *self._variations.names]

    @property
    def histograms(self) -> Histograms:
        """Histograms of the variable by sample and dataset, with the bins of the output."""
        return self._from_script("histograms").histograms

    @property
    def datasets_metadata(self) -> Mapping[str, Any]:
        """Metadata of the output."""
        return self._from_script("datasets_metadata").datasets_metadata

    @property
    def cutflow(self) -> Mapping[str, Any]:
        """Cutflow of the output."""
        return self._from_script("cutflow").cutflow

    @property
    def verbose(self) -> bool:
        """True if findings were printed."""
        return self._given is not None and self._given.verbose

    @property
    def rateparam_norm_categories(self) -> Any:
        """Categories over which shape-only totals were kept, None for all."""
        return self._from_script("rateparam_norm_categories").rateparam_norm_categories

    @property
    def rateparam_norm_histograms(self) -> Histograms | None:
        """Histograms that shape-only totals were summed from, None for those of the card."""
        return self._from_script("rateparam_norm_histograms").rateparam_norm_histograms

    @property
    def rateparam_shape_scale(self) -> dict[tuple[str, str, str], float]:
        """Factors of `shape_only_for_rateparam` on the templates, by process, nuisance and direction."""
        return dict(self._built.shape_only_factors)

    @property
    def data_variations(self) -> dict[str, str]:
        """Variations that the observation takes of some samples in place of their nominal."""
        return dict(self._declared.data_variations)

    @cached_property
    def _variations(self) -> Variations:
        return Variations(self._built)

    def _from_script(self, name: str) -> Given:
        if self._declared.blinding.hides:
            raise AttributeError(
                f"card {self.bin!r} is declared with blind= and does not keep {name!r}, which counts of blind data are "
                "in: take it from the output"
            )
        if self._given is None:
            # Files are read one at a time, and only sums of them are kept.
            raise AttributeError(
                f"card {self.bin!r} was built by an Analysis, which keeps no histograms: {name!r} is there for a "
                "Datacard that a script builds"
            )
        return self._given
