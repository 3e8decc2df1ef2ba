"""Recipe of the demo: samples, years, categories, variables and systematics, with the numbers behind them."""

from __future__ import annotations

import attrs
from hist.axis import Regular


@attrs.frozen(kw_only=True)
class Sample:
    """One simulated sample."""

    name: str
    parts: tuple[str, ...] = ("",)
    """Suffixes of its datasets in each year."""
    group: str
    """Group of samples that share a b-tagging scale factor."""
    cross_sections: tuple[float, ...]
    """Cross sections in fb, after the selection of each category."""
    discriminant: tuple[float, float]
    """Parameters of the beta distribution of the discriminant."""
    steepness: tuple[float, float]
    """Steepness of the exponential fall of control_var_1 and of nJets over their ranges."""
    negative: float = 0.0
    """Fraction of events with a negative weight."""


@attrs.frozen(kw_only=True)
class Systematic:
    """One systematic variation of the simulated events."""

    name: str
    rate: float
    """Relative effect on the number of events."""
    slope: float = 0.0
    """Difference of that effect between the softest and the hardest event, for a variation of weights."""
    shift: float = 0.0
    """Relative effect on the variables; 0 for a variation of weights."""
    only: str = ""
    """Group of samples, or year, that has the variation; all if empty."""

    @property
    def signs(self) -> dict[str, int]:
        """Label of each variation with its sign."""
        return {f"{self.name}Up": 1, f"{self.name}Down": -1}


LUMINOSITY = {
    "2022_preEE": 8.0,
    "2022_postEE": 26.7,
    "2023_preBPix": 17.8,
    "2023_postBPix": 9.5,
    "2024": 109.0,
}
"""Integrated luminosity by data-taking period, in /fb."""
ERAS = {"2022_preEE": "C", "2022_postEE": "F", "2023_preBPix": "C", "2023_postBPix": "D", "2024": "G"}
"""Era in the dataset names of each period."""
CATEGORIES = ("CR1", "CR2", "SR")
VARIABLES = {
    "discriminant": Regular(20, 0, 1, name="events.discriminant", label="Discriminant"),
    "control_var_1": Regular(20, 150, 1150, name="events.control_var_1", label="$H_T + p_T^{miss}$ [GeV]"),
    "nJets": Regular(8, 4, 12, name="events.nJets", label="$N_{jets}$"),
}
SAMPLES = (
    Sample(
        name="SignalSampleA",
        group="groupA",
        cross_sections=(0.6, 0.3, 2.0),
        discriminant=(2.4, 1.1),
        steepness=(1.2, 2.6),
    ),
    Sample(
        name="SignalSampleB",
        group="groupA",
        cross_sections=(0.4, 0.2, 1.2),
        discriminant=(2.2, 1.2),
        steepness=(1.4, 2.8),
        negative=0.01,
    ),
    Sample(
        name="TTbar",
        parts=("SemiLep", "DiLep"),
        group="groupA",
        cross_sections=(160.0, 70.0, 75.0),
        discriminant=(1.3, 1.9),
        steepness=(1.8, 4.5),
    ),
    Sample(
        name="SingleTop",
        group="groupA",
        cross_sections=(14.0, 10.0, 9.0),
        discriminant=(1.4, 1.9),
        steepness=(1.9, 5.0),
        negative=0.02,
    ),
    Sample(
        name="Vjets",
        group="groupB",
        cross_sections=(10.0, 45.0, 12.0),
        discriminant=(1.2, 2.0),
        steepness=(2.0, 5.2),
        negative=0.03,
    ),
    Sample(
        name="VV",
        parts=("WW", "ZZ"),
        group="groupB",
        cross_sections=(3.0, 6.0, 2.5),
        discriminant=(1.3, 1.8),
        steepness=(1.7, 5.2),
    ),
)
DATA_SHARES = {"EGamma": 0.45, "SingleMuon": 0.55}
"""Share of the events that each primary dataset has."""
EMPTY = "VV_ZZ_2022_preEE"
"""Dataset without events after the preselection, as real outputs have: no histogram mentions it."""
SYSTEMATICS = (
    Systematic(name="sf_ele_reco", rate=0.012, slope=0.010),
    Systematic(name="sf_mu_id", rate=0.008, slope=0.006),
    Systematic(name="pileup", rate=0.010, slope=0.030),
    Systematic(name="btag_stat", rate=0.015, slope=0.030),
    Systematic(name="sf_btag_groupA", rate=0.030, slope=0.050, only="groupA"),
    Systematic(name="sf_btag_groupB", rate=0.060, slope=0.060, only="groupB"),
    Systematic(name="ele_scale", rate=0.005, shift=0.006),
    Systematic(name="muon_scale", rate=0.003, shift=0.004),
    Systematic(name="met_unclustered", rate=0.010, shift=0.012),
    Systematic(name="JES_Absolute", rate=0.030, shift=0.030),
    Systematic(name="JER", rate=0.010, shift=0.015),
    Systematic(name="JES_Absolute_2024", rate=0.015, shift=0.015, only="2024"),
)
