"""An analysis of three categories over five data-taking periods: copy it, then put your own names in it.

It declares what the cards contain: the processes, what is uncertain about them, and which variable is
fitted in which category. A process makes one column for each of its years, so the years of an uncertainty
say what is correlated: one nuisance for all years, or one for each.
"""

from __future__ import annotations

from datacard_core import (
    Analysis,
    Category,
    DataProcess,
    DataProcesses,
    MCProcess,
    MCProcesses,
    Systematics,
    SystematicUncertainty,
)

years = ["2022_preEE", "2022_postEE", "2023_preBPix", "2023_postBPix", "2024"]

# Samples have the names of the output. The fit finds the normalisation of ttbar by itself: SF_ttbar floats.
mc_processes = MCProcesses(
    [
        MCProcess(name="signal", samples=["SignalSampleA", "SignalSampleB"], years=years, is_signal=True),
        MCProcess(name="ttbar", samples=["TTbar"], years=years, is_signal=False, has_rateParam=True),
        MCProcess(name="singletop", samples=["SingleTop"], years=years, is_signal=False),
        MCProcess(name="vjets", samples=["Vjets"], years=years, is_signal=False),
        MCProcess(name="diboson", samples=["VV"], years=years, is_signal=False),
    ]
)
data_processes = DataProcesses([DataProcess(name="data_obs", samples=["DATA_EGamma", "DATA_SingleMuon"], years=years)])
all_mc = list(mc_processes)

# Luminosity: correlated among the eras of one year, uncorrelated between years.
systematics = []
for main_year, value in {"2022": 1.014, "2023": 1.013, "2024": 1.016}.items():
    eras = [year for year in years if year.startswith(main_year)]
    systematics.append(
        SystematicUncertainty(name=f"lumi_{main_year}", typ="lnN", processes=all_mc, years=eras, value=value)
    )

# Normalisations: one nuisance with a value for each process, one with (down, up), one for each process.
xsec = {"signal": 1.036, "singletop": 1.04, "diboson": 1.05}
systematics += [
    SystematicUncertainty(name="xsec", typ="lnN", processes=xsec, years=years),
    SystematicUncertainty(name="qcd_scale", typ="lnN", processes=["signal"], years=years, value=(0.91, 1.06)),
]
for name, value in {"vjets": 1.10, "diboson": 1.05}.items():
    systematics.append(
        SystematicUncertainty(name=f"norm_{name}", typ="lnN", processes=[name], years=years, value=value)
    )

# Shapes: the name is that of the variation in the output, without Up and Down. Correlated across years:
for name in ["sf_ele_reco", "sf_mu_id", "ele_scale", "muon_scale", "met_unclustered"]:
    systematics.append(SystematicUncertainty(name=name, typ="shape", processes=all_mc, years=years, value=1.0))

# One nuisance for each year, all of them from the variation that the alias names:
for name in ["pileup", "btag_stat"]:
    for year in years:
        systematics.append(
            SystematicUncertainty(
                name=f"{name}_{year}",
                typ="shape",
                processes=all_mc,
                years=[year],
                value=1.0,
                coffea_name_alias=name,
            )
        )

# One nuisance from variations that have different names in different samples:
btag = {
    "signal": "sf_btag_groupA",
    "ttbar": "sf_btag_groupA",
    "singletop": "sf_btag_groupA",
    "vjets": "sf_btag_groupB",
    "diboson": "sf_btag_groupB",
}
systematics.append(
    SystematicUncertainty(
        name="sf_btag", typ="shape", processes=list(btag), years=years, value=1.0, coffea_name_alias=btag
    )
)

# Jet energies: each source with the years that it applies to.
jets = {"JES_Absolute": years, "JER": years, "JES_Absolute_2024": ["2024"]}
for name, its_years in jets.items():
    systematics.append(SystematicUncertainty(name=name, typ="shape", processes=all_mc, years=its_years, value=1.0))

# Categories: the variable to fit, and edges to merge its bins to. The statistical uncertainty of the
# simulation needs no declaration: every card has autoMCStats, unless mcstat says otherwise.
analysis = Analysis(
    years=years,
    mc_processes=mc_processes,
    data_processes=data_processes,
    systematics=Systematics(systematics),
    categories={
        "SR": Category("discriminant", bins_edges=[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        "CR1": Category("control_var_1"),
        "CR2": Category("nJets", bins_edges=[4, 5, 6, 12]),
    },
    label="run3",
)
