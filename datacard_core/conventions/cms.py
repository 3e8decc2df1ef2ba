"""The naming convention of CMS, as its public pages and the cards of published analyses have it.

The list of all common names is not public: these patterns tell the form of a name, and its class.
"""

from __future__ import annotations

from datacard_core.conventions.convention import CUSTOM, Convention, NamePattern

# Parts of years have letters behind the year: 2016preVFP, 2022EE, 2023BPix.
_ERA = r"(?:_(?:20[0-9]{2}[A-Za-z]*|8TeV|13TeV|13p6TeV))?"
"""Era or energy, which ends a name."""
# With an era among the words, names with the era in another place would pass.
_STEPS = r"(?:_(?!20[0-9]{2}|[0-9]+(?:p[0-9]+)?TeV)[A-Za-z0-9.-]+)*"
"""Words for sources and steps, none of which is an era."""

_OBJECTS = {
    "e": "electron",
    "m": "muon",
    "t": "tau",
    "j": "jet",
    "b": "b jet",
    "g": "photon",
    "met": "missing transverse momentum",
}
_TYPES = {
    "eff": "efficiency",
    "scale": "energy scale",
    "res": "resolution",
    "trigger": "trigger efficiency",
    "fake": "misidentification",
}
_PROCESSES = ("ttbar", "V", "Vgamma", "VV", "VVV", "ggH", "qqH", "VH", "ttH", "bbH", "ggVV", "ggWW")


# Generated, because the page has them as a rule and not as a list.
def _of_objects() -> list[NamePattern]:
    return [
        NamePattern(
            f"CMS_{short}_{letter}{_STEPS}{_ERA}",
            words,
            f"{words.capitalize()} of {name}s",
            f"CMS_{short}_{letter}_2022",
        )
        for short, words in _TYPES.items()
        for letter, name in _OBJECTS.items()
    ]


CMS = Convention(
    "cms",
    (
        NamePattern(
            r"lumi_(?:(?:8TeV|13TeV|13p6TeV)(?:_[A-Za-z0-9]+)*|20[0-9]{2})",
            "luminosity",
            "Integrated luminosity, by energy and then by years",
            "lumi_13p6TeV_2022",
        ),
        NamePattern(
            rf"(?:CMS_)?pileup{_STEPS}{_ERA}", "pileup", "Number of interactions per crossing", "CMS_pileup_2022"
        ),
        NamePattern(rf"CMS_btag{_STEPS}{_ERA}", "b tagging", "Tagging of jets of b quarks", "CMS_btag_heavy_2022"),
        NamePattern(
            rf"CMS_l1_(?:ecal|muon)_prefiring{_ERA}",
            "trigger efficiency",
            "Prefiring of the first level trigger",
            "CMS_l1_ecal_prefiring_2017",
        ),
        # Behind those that begin alike but are no efficiency or scale of an object.
        *_of_objects(),
        NamePattern(
            rf"(?:QCD_scale|QCD_ren_scale|QCD_fac_scale|QCDscale|QCDscale_ren|QCDscale_fac)_(?:{'|'.join(_PROCESSES)})"
            rf"{_STEPS}",
            "QCD scale",
            "Renormalisation and factorisation scales, by process; also of the acceptance and of extrapolations",
            "QCD_scale_ttbar",
        ),
        NamePattern(
            r"pdf_(?:gg|qqbar|gq|qg|Higgs_[A-Za-z]+)(?:_ACCEPT)?",
            "parton distributions",
            "Parton distribution functions, by initial state",
            "pdf_gg",
        ),
        NamePattern(rf"BR_[A-Za-z0-9]+{_STEPS}", "branching fraction", "Branching fraction of a decay", "BR_hbb"),
        NamePattern(rf"UEPS{_STEPS}", "underlying event", "Underlying event and parton shower", "UEPS"),
        # Without a description: each analysis describes its own.
        NamePattern(
            rf"CMS_[A-Z]{{3}}-?[0-9]{{2}}-?[0-9]{{3}}{_STEPS}{_ERA}",
            CUSTOM,
            "",
            "CMS_HIG24001_fakes_ttbar_SR",
        ),
    ),
)
