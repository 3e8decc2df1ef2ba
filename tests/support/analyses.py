"""An output of two variables, and an analysis of it in three categories."""

from __future__ import annotations

from typing import Any

from datacard_core import Category, Systematics, SystematicUncertainty
from tests.support import outputs as by_hand

YEARS = ("2022", "2023")
CATEGORIES = {"SR": Category("m", bins_edges=[0, 1, 3]), "CR": Category("n"), "VR": Category("m", 3)}


def output() -> dict[str, Any]:
    """Return an output of two variables, three categories and two years."""
    made = by_hand.Output()
    other = by_hand.Output()
    for factor, year in enumerate(YEARS, start=1):
        for size, sample in enumerate(("Signal", "TTbar"), start=1):
            contents = {
                category: {
                    label: [factor * size * shift * (1 + number), factor * size * 5 * shift, factor * size * 7]
                    for label, shift in (("nominal", 10), ("JESUp", 11), ("JESDown", 9))
                }
                for number, category in enumerate(("CR", "SR", "VR"))
            }
            made.add(sample, year, by_hand.simulated(contents))
            two_bins = {
                category: {label: [values[0], values[1] + 1] for label, values in by_label.items()}
                for category, by_label in contents.items()
            }
            other.add(sample, year, by_hand.simulated(two_bins))
        data = {category: [factor * 20, factor * 100, factor * 20] for category in ("CR", "SR", "VR")}
        made.add("Muon", year, by_hand.observed(data))
        other.add("Muon", year, by_hand.observed({category: values[:2] for category, values in data.items()}))
    loaded = made.loaded
    loaded["variables"]["n"] = other.histograms
    return loaded


def declarations(**changes: Any) -> dict[str, Any]:
    """Return the arguments of an analysis of that output."""
    lumi = SystematicUncertainty("lumi", "lnN", ["signal", "ttbar"], YEARS, 1.02)
    return {
        "years": YEARS,
        "mc_processes": by_hand.two_processes(YEARS, has_rateParam=True),
        "data_processes": by_hand.observation("Muon", years=YEARS),
        "systematics": Systematics([lumi, by_hand.shape("JES", ["signal", "ttbar"], YEARS)]),
        "categories": CATEGORIES,
        "label": "run3",
        "plugins": by_hand.PLUGINS,
    } | changes
