"""The part of a loaded output that one card needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from datacard_core.build.corridor import Collected
from datacard_core.build.plans import norm_layout
from datacard_core.inputs.structure import check_histogram_dicts
from datacard_core.names import names_of
from datacard_core.templates.collector import collect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.inputs.output import HistogramSet
    from datacard_core.templates.rows import Layout

Histograms: TypeAlias = Mapping[str, Mapping[str, Any]]
"""One variable's histograms by sample and dataset."""


def collect_card(
    declared: DeclaredCard,
    layout: Layout,
    histograms: HistogramSet,
    norm_categories: Iterable[str] | Mapping[str, Histograms] | None,
) -> Collected:
    """Return the sums of one card, and those of the categories over which shape-only totals are kept.

    Args:
        declared: the declarations of the card.
        layout: the rows of its templates.
        histograms: the histograms of its variable.
        norm_categories: categories to keep totals over, all of the histograms' if not given; or a dict of histograms
            by category.

    Raises:
        InputError: histograms are missing or cannot be used.
    """
    category = declared.category
    norm_sets: Mapping[str, HistogramSet] = {}
    if declared.floats_shape_only and isinstance(norm_categories, Mapping):
        check_histogram_dicts({f"rateparam_norm_categories[{name!r}]": of for name, of in norm_categories.items()})
        norm_sets = {name: attrs.evolve(histograms, histograms=of) for name, of in norm_categories.items()}
    elif declared.floats_shape_only:
        names = histograms.categories if norm_categories is None else names_of(norm_categories)
        norm_sets = dict.fromkeys(names, histograms)
    rows = norm_layout(declared, layout)
    return Collected(
        inventory=histograms.inventory,
        sums=collect(histograms, layout, [category], alone=True),
        norms={name: collect(of, rows, [name], alone=True)[name] for name, of in norm_sets.items()},
    )
