"""A card with a bit of everything: years, categories, flow, bins below 0, missing variations, data."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from datacard_core import Datacard, Systematics, SystematicUncertainty
from tests.support import outputs
from tests.support.outputs import Output, process, shape

YEARS = ("2022", "2023")
AXIS = outputs.bins(0, 0.1, 0.2, 0.3, 0.4)


def lumi(**options: Any) -> SystematicUncertainty:
    """Return an lnN on signal and ttbar, but for what a test changes."""
    declared = {"name": "lumi", "typ": "lnN", "processes": ["signal", "ttbar"], "years": YEARS, "value": 1.02}
    return SystematicUncertainty(**{**declared, **options})


def rich() -> Output:
    """Return an output with variations that are missing, that were not computed, and that one year has."""
    output = Output()
    for year, scale in (("2022", 1.0), ("2023", 2.0)):
        for sample, size in (("Signal", 0.1), ("TTbar", 7.3), ("VV", 1.7)):
            nominal = scale * size * np.array([0.3, 1.1, 2.7, 3.1, 4.9, 0.7])
            contents = {
                category: {
                    "nominal": nominal,
                    "JESUp": 1.1 * nominal + 0.01,
                    "JESDown": nominal / 1.1,
                    "pileupUp": nominal * [1, 1, 1.1, 1.2, 1.3, 1],
                    "pileupDown": nominal * [1, 1, 0.9, 0.8, 0.7, 1],
                    "metUp": nominal * (category == "SR"),
                    "metDown": 0.9 * nominal * (category == "SR"),
                }
                for category in ("CR", "SR")
            }
            if sample == "VV":
                contents["SR"]["nominal"] = contents["SR"]["nominal"] - scale * np.array([0, 0, 5, 0, 0, 0])
            selected = {"nominal": 9, "JESUp": 9, "JESDown": 9, "metUp": 9, "metDown": 8}
            counts = {category: dict(selected) for category in contents}
            output.add(sample, year, outputs.simulated(contents, AXIS), counts=counts)
        output.add("VV", year, None, part="ZZ", presel={"nominal": 0})
        data = {"CR": [0, 9, 8, 7, 6, 0], "SR": [1, 5, 6, 7, 8, 2]}
        output.add("Muon", year, outputs.observed(data, AXIS))
    return output


def rich_arguments(**changes: Any) -> dict[str, Any]:
    """Return the arguments of a card of that output, but for what a test changes."""
    processes = outputs.two_processes(YEARS, has_rateParam=True)
    processes["vv"] = process("vv", "VV", years=YEARS)
    every = list(processes)
    systematics = [
        lumi(),
        shape("JES", every, YEARS),
        shape("met", every, YEARS),
        shape("nothing", ["vv"], YEARS),
        *(shape(f"pileup_{year}", every, [year], coffea_name_alias="pileup") for year in YEARS),
    ]
    return {
        "years": list(YEARS),
        "mc_processes": processes,
        "systematics": Systematics(systematics),
        "category": "SR",
        "data_processes": outputs.observation("Muon", years=YEARS),
        "mcstat": {"threshold": 10},
        "bins_edges": [0, 0.2, 0.4],
        "verbose": False,
        "shape_only_for_rateparam": True,
        "plugins": outputs.PLUGINS,
    } | changes


_shared = cache(rich)
"""The output of cards whose tests do not change it."""


def rich_card(output: Output | None = None, of: type[Datacard] = Datacard, **changes: Any) -> Datacard:
    """Return that card, of a class; of a shared output unless one is given."""
    output = output or _shared()
    return of(output.histograms, output.metadata, output.cutflow, **rich_arguments(**changes))
