"""The part of a loaded output that one card needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from datacard_core.arguments import items, scalars, type_of
from datacard_core.build.corridor import Collected
from datacard_core.build.plans import norm_layout, plan_card
from datacard_core.errors import DeclarationError, InputError
from datacard_core.inputs.structure import check_histogram_dicts
from datacard_core.names import closest
from datacard_core.templates.collector import collect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.plans import Plan
    from datacard_core.inputs.output import HistogramSet
    from datacard_core.templates.rows import Layout
    from datacard_core.templates.sums import Sums
    from datacard_core.templates.template_set import TemplateSet

Histograms: TypeAlias = Mapping[str, Mapping[str, Any]]
"""One variable's histograms by sample and dataset."""


def collect_card(
    declared: DeclaredCard,
    layouts: Mapping[str, Layout],
    histograms: HistogramSet,
    norm_categories: Iterable[str] | Mapping[str, Histograms] | None,
    norm_histograms: Histograms | None = None,
) -> Collected:
    """Return the sums of one card, and those of the categories over which shape-only totals are kept.

    Args:
        declared: the declarations of the card.
        layouts: the rows of its templates, and those of further categories whose data are counted.
        histograms: the histograms of its variable.
        norm_categories: categories to keep totals over, all of the histograms' if not given; or a dict of histograms
            by category.
        norm_histograms: histograms of a variable that is filled in all of these categories, those of the card if not
            given.

    Raises:
        InputError: histograms are missing or cannot be used.
        DeclarationError: the histograms have no such further category.
    """
    category = declared.category
    if unknown := [name for name in layouts if name != category and name not in (known := histograms.categories)]:
        raise DeclarationError(f"the histograms have no category {name!r}{closest(name, known)}" for name in unknown)
    norm_sets = _norm_sets(histograms, norm_categories, norm_histograms) if declared.shape_only else {}
    rows = norm_layout(declared, layouts[category])
    sums = {name: _sums(histograms, layout, name) for name, layout in layouts.items()}
    return Collected(
        inventory=histograms.inventory,
        sums=sums,
        norms={category: {name: collect(of, rows, [name], alone=True)[name] for name, of in norm_sets.items()}},
    )


def _sums(histograms: HistogramSet, layout: Layout, category: str) -> Sums:
    """Return the sums of a category, with columns that are read in another category or variable."""
    sums = collect(histograms, layout.here, [category], alone=True)[category]
    others = []
    for (name, variable), rows in layout.elsewhere.items():
        name = name or category  # noqa: PLW2901 - a variable of the same category
        others.append(collect(histograms.of_variable(variable), rows, [name], alone=True)[name])
    return sums.filled(layout, others)


def _norm_sets(
    histograms: HistogramSet,
    categories: Iterable[str] | Mapping[str, Histograms] | None,
    of_norm: Histograms | None,
) -> dict[str, HistogramSet]:
    """Return the histograms that totals are summed from, by category."""
    if isinstance(categories, Mapping):
        if of_norm is not None:
            message = "rateparam_norm_categories is a dict of histograms: leave rateparam_norm_histograms out"
            raise InputError(message)
        check_histogram_dicts({f"rateparam_norm_categories[{name!r}]": of for name, of in categories.items()})
        return {name: attrs.evolve(histograms, histograms=of) for name, of in categories.items()}
    if of_norm is not None:
        check_histogram_dicts({"rateparam_norm_histograms": of_norm})
        histograms = attrs.evolve(histograms, histograms=of_norm)
    known = histograms.categories
    names = known if categories is None else scalars(categories)
    if problems := [
        f"rateparam_norm_categories: the histograms have no category {name!r}{closest(name, known)}: pass those of a "
        "variable that is filled in all of them as rateparam_norm_histograms"
        for name in names
        if name not in known
    ]:
        raise InputError(problems)
    return dict.fromkeys(names, histograms)


def plain_norm_categories(given: Any) -> tuple[str, ...] | Mapping[str, Histograms] | None:
    """Return the categories over which totals are kept, or their histograms by category, as a script gives them.

    Raises:
        DeclarationError: they are neither.
    """
    if given is None:
        return None
    names = dict(items(given)) if isinstance(given, Mapping) else scalars(given)
    if strange := [name for name in names if not isinstance(name, str) or not name]:
        raise DeclarationError(
            f"rateparam_norm_categories has {strange[0]!r} ({type_of(strange[0])}), expected names of categories, or a "
            "dict of histograms by category"
        )
    return names


def templates_of(
    declared: DeclaredCard, histograms: HistogramSet, category: str
) -> tuple[TemplateSet, tuple[Plan, ...]]:
    """Return the templates of any category, in the bins of a card and before any treatment, and the card's plans.

    Raises:
        InputError: histograms are missing or cannot be used.
    """
    layout, plans = plan_card(declared)
    sums = _sums(histograms, layout, category)
    return sums.complete().rebinned(declared.binning, fold=declared.flow == "fold"), plans
