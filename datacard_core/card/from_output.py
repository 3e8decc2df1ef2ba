"""Views of a card and of the output that it was made from, under PocketCoffea's names."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from datacard_core.arguments import given_flag, given_text, scalar
from datacard_core.build.loaded import templates_of
from datacard_core.card.built import BuiltCard
from datacard_core.errors import DeclarationError
from datacard_core.grammar import DATA
from datacard_core.inputs.histograms import NOMINAL
from datacard_core.inputs.output import HistogramSet
from datacard_core.names import closest
from datacard_core.output.views import data_histogram, flow_histogram, named_histograms, template_histogram


class FromOutput(BuiltCard):
    """Methods and histograms that scripts look into a card with; nothing in the card depends on them."""

    def rate(self, process: str, systematic: str = NOMINAL) -> float:
        """Return the integral of a written template.

        Args:
            process: a column, `{process}_{year}`.
            systematic: a variation, `{datacard_name}Up` or `…Down`; a column without an effect of it keeps its rate.

        Raises:
            DeclarationError: the card has no such column or variation.
        """
        columns, known = list(self.process_id), self.shape_variations
        process, systematic = scalar(process), scalar(systematic)
        if process not in columns:
            raise DeclarationError(f"card {self.bin!r} has no column {process!r}{closest(process, columns)}")
        if systematic not in known:
            raise DeclarationError(f"card {self.bin!r} has no variation {systematic!r}{closest(systematic, known)}")
        values, _ = self._variations.content(systematic)
        return float(values[columns.index(process)].sum())

    @cached_property
    def histogram(self) -> Any:
        """Written templates as one `hist.Hist` by process, variation and variable.

        A column that a nuisance has no effect on has its nominal under the variation.
        """
        return template_histogram(self._built, self._variations, self.shape_variations)

    @cached_property
    def data_obs(self) -> Any:
        """Observation as a `hist.Hist`, or the sum of the backgrounds without data."""
        return data_histogram(self._built)

    def get_datasets_by_sample(self, sample: str, year: str | None = None) -> list[str]:
        """Return the datasets of a sample.

        Args:
            sample: the sample.
            year: the year; all years of the card if not given.

        Raises:
            DeclarationError: the output has no such sample in the year.
        """
        histograms, sample, year = self._histograms(), given_text("sample", sample), scalar(year)
        years = self.years if year is None else (year,)
        names = [dataset for of_year in years for dataset in histograms.datasets(sample, of_year)]
        if not names:
            known = histograms.inventory.samples
            where = f"in {year}" if year else f"of {', '.join(self.years)}"
            raise DeclarationError(f"the output has no datasets {where} of sample {sample!r}{closest(sample, known)}")
        return names

    def is_empty_dataset(self, dataset: str) -> bool:
        """Return whether a dataset has no event in `cutflow["presel"]`."""
        return self._histograms().is_empty(given_text("dataset", dataset))

    def compute_rateparam_shape_scales(self) -> dict[tuple[str, str, str], float]:
        """Return the factors of `shape_only_for_rateparam`, which the card's templates have already."""
        return self.rateparam_shape_scale

    def create_shape_histogram_dict(self, is_data: bool = False) -> dict[str, Any]:
        """Return the templates of the card's file as `hist.Hist` by name, of the processes or of the data."""
        is_data = given_flag("is_data", is_data)
        named = named_histograms(self._built.templates())
        return {name: histogram for name, histogram in named.items() if name.startswith(f"{DATA}_") == is_data}

    def rearrange_histograms(self, is_data: bool = False, category: str | None = None) -> Any:
        """Return sums of the output's histograms as one `hist.Hist` by process, variation and variable, with flow.

        They are in the bins of the card, before any treatment: bins below 0 stay, and shapes keep their normalisation.

        Args:
            is_data: whether to sum the data process.
            category: another category of the histograms.
        """
        is_data = given_flag("is_data", is_data)
        category = self.category if category is None else given_text("category", category)
        templates, plans = templates_of(self._declared, self._histograms(), category)
        columns = [DATA] if is_data else [column.name for column in self._built.columns]
        return flow_histogram(templates, {} if is_data else _rows(plans), columns)

    def _histograms(self) -> HistogramSet:
        further = {} if self._given is None else self._given.variables
        return HistogramSet(
            histograms=self.histograms, datasets_metadata=self.datasets_metadata, cutflow=self.cutflow, further=further
        )


def _rows(plans: Any) -> dict[str, tuple[Any, Any]]:
    """Return the columns and the rows of templates of each variation, by its name in the card."""
    return {f"{plan.name}{shift}": (plan.positions, rows) for plan in plans for shift, rows in plan.rows.items()}
