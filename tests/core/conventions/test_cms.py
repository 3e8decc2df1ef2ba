"""The naming convention of CMS: names that follow it, and names that do not."""

from __future__ import annotations

from datacard_core.conventions.cms import CMS
from tests.support.cases import case


def test_classes() -> None:
    """Names of public cards have the class that their form says."""
    cases: list[tuple[str, str]] = [
        ("lumi_13TeV_1718", "luminosity"),
        ("lumi_13TeV_correlated", "luminosity"),
        ("lumi_13p6TeV_2022", "luminosity"),
        ("CMS_pileup_13p6TeV", "pileup"),
        ("CMS_eff_m_id_uncorrelated_2022", "efficiency"),
        ("CMS_scale_j_Absolute_2018", "energy scale"),
        ("CMS_res_j_2016preVFP", "resolution"),
        ("CMS_scale_met_unclustered_13TeV", "energy scale"),
        ("CMS_btag_fixedWP_comb_bc_jes", "b tagging"),
        ("CMS_l1_ecal_prefiring_2017", "trigger efficiency"),
        ("QCD_scale_ttbar", "QCD scale"),
        ("QCD_ren_scale_VV_ACCEPT", "QCD scale"),
        ("QCDscale_ggH", "QCD scale"),
        ("pdf_Higgs_gg", "parton distributions"),
        ("pdf_qqbar_ACCEPT", "parton distributions"),
        ("BR_hbb", "branching fraction"),
        ("UEPS", "underlying event"),
        ("CMS_SMP24011_fake_QCD_etauh_2022", "custom"),
    ]
    for name, of in cases:
        with case(name, of):
            found = CMS.pattern_of(name)
            assert found is not None
            assert found.of == of


def test_other_names() -> None:
    """An unknown object or process, an era that is not at the end, and other case are told."""
    cases: list[str] = [
        "lumi",
        "CMS_eff_x_2022",
        "CMS_2022_eff_e",
        "CMS_eff_e_2022_id",
        "JES_Absolute",
        "QCD_scale_x",
        "cms_eff_e",
        "pdf_1",
    ]
    for name in cases:
        with case(name):
            assert CMS.pattern_of(name) is None


def test_examples() -> None:
    """Each entry takes its example, and has a class; all but those of one analysis are described."""
    for pattern in CMS.patterns:
        assert CMS.pattern_of(pattern.example) is pattern
        assert bool(pattern.description) == (pattern.of != "custom")
