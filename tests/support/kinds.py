"""An example of each kind: its declarations on the small card, and the lines of the card that they make."""

from __future__ import annotations

from typing import Any

import attrs

from datacard_core import Datacard, SystematicUncertainty
from datacard_core.testing import small_card

YEARS = ["2022", "2023"]


@attrs.frozen
class Example:
    """Declarations as a script has them, and what they are in the card."""

    name: str
    source: tuple[str, ...]
    """One expression for each declaration."""
    lines: tuple[str, ...]
    """Rows and lines, with single blanks between the words."""

    def systematics(self) -> list[SystematicUncertainty]:
        """Return the declarations."""
        names = {"SystematicUncertainty": SystematicUncertainty, "years": YEARS}
        return [eval(text, names) for text in self.source]  # noqa: S307 - the texts are in this module

    def card(self, **changes: Any) -> Datacard:
        """Return the small card with the declarations."""
        return small_card(*self.systematics(), **changes)


def _one(name: str, source: str, *lines: str) -> Example:
    return Example(name, (source,), lines)


# The columns are signal, top and vjets of 2022 and of 2023, with 7, 14, 60, 120, 24 and 48 events.
EXAMPLES = (
    _one("lnN", 'SystematicUncertainty("lumi", "lnN", ["top"], years, 1.02)', "lumi lnN - - 1.02 1.02 - -"),
    _one(
        "lnN with a pair",
        'SystematicUncertainty("xsec", "lnN", {"top": (0.95, 1.07), "vjets": 1.1}, years)',
        "xsec lnN - - 0.95/1.07 0.95/1.07 1.1 1.1",
    ),
    _one(
        "lnU",
        'SystematicUncertainty("norm", "lnU", ["vjets"], years, (0.5, 1.5))',
        "norm lnU - - - - 0.5/1.5 0.5/1.5",
    ),
    _one(
        "gmN",
        'SystematicUncertainty("fakes", "gmN", ["vjets"], years, 1.0, options={"N": 12})',
        # 24 / 12 and 48 / 12
        "fakes gmN 12 - - - - 2.0 4.0",
    ),
    _one("gmM", 'SystematicUncertainty("norm", "gmM", ["top"], years, 0.3)', "norm gmM - - 0.3 0.3 - -"),
    _one("trG", 'SystematicUncertainty("bias", "trG", ["top"], years, -0.1)', "bias trG - - -0.1 -0.1 - -"),
    _one(
        "unif",
        'SystematicUncertainty("mix", "unif", ["top"], years, 0.2, options={"range": (-1, 1)})',
        "mix unif -1 1 - - 0.2 0.2 - -",
    ),
    _one(
        "dFD",
        'SystematicUncertainty("mix", "dFD", ["top"], years, 0.2, options={"steepness": 5})',
        "mix dFD 5 - - 0.2 0.2 - -",
    ),
    _one(
        "dFD2",
        'SystematicUncertainty("mix", "dFD2", ["top"], years, -0.2, options={"steepness": 4.5})',
        "mix dFD2 4.5 - - -0.2 -0.2 - -",
    ),
    _one("shape", 'SystematicUncertainty("jes", "shape", ["top"], years, 1.0)', "jes shape - - 1.0 1.0 - -"),
    _one("shape2", 'SystematicUncertainty("jes", "shape2", ["top"], years, 1.0)', "jes shape2 - - 1.0 1.0 - -"),
    _one("shape*", 'SystematicUncertainty("jes", "shape*", ["top"], years, 1.0)', "jes shape* - - 1.0 1.0 - -"),
    _one("shapeN", 'SystematicUncertainty("jes", "shapeN", ["top"], years, 1.0)', "jes shapeN - - 1.0 1.0 - -"),
    _one("shapeN2", 'SystematicUncertainty("jes", "shapeN2", ["top"], years, 1.0)', "jes shapeN2 - - 1.0 1.0 - -"),
    _one("shapeU", 'SystematicUncertainty("jes", "shapeU", ["top"], years, 1.0)', "jes shapeU - - 1.0 1.0 - -"),
    Example(
        "shape?",
        (
            'SystematicUncertainty("jes", "shape", ["top"], years, 1.0)',
            'SystematicUncertainty("jes_rate", "lnN", ["vjets"], years, (0.9, 1.2), datacard_name="jes")',
        ),
        ("jes shape? - - 1.0 1.0 0.9/1.2 0.9/1.2",),
    ),
    Example(
        "shapeN?",
        (
            'SystematicUncertainty("jes", "shapeN", ["top"], years, 1.0)',
            'SystematicUncertainty("jes_rate", "lnN", ["vjets"], years, 1.1, datacard_name="jes")',
        ),
        ("jes shapeN? - - 1.0 1.0 1.1 1.1",),
    ),
    _one(
        "rateParam",
        'SystematicUncertainty("SF_top", "rateParam", ["top"], years, 1.0, options={"range": (0, 5)})',
        "SF_top rateParam * top_2022 1 [0,5]",
        "SF_top rateParam * top_2023 1 [0,5]",
    ),
    Example(
        "rateParam with a constraint",
        (
            'SystematicUncertainty("SF_top", "rateParam", ["top"], ["2022"], 1.0)',
            'SystematicUncertainty("SF_top", "param", options={"mean": 1.0, "sigma": 0.1})',
        ),
        ("SF_top rateParam * top_2022 1", "SF_top param 1.0 0.1"),
    ),
    Example(
        "rateParam with a formula",
        (
            'SystematicUncertainty("eff", "rateParam", ["top"], ["2022"], 0.9, options={"range": (0, 1)})',
            (
                'SystematicUncertainty("fail", "rateParam", ["vjets"], ["2022"], "(1-@0)/@1", options={"arguments": '
                '["eff", "kf"]})'
            ),
            'SystematicUncertainty("kf", "extArg", options={"initial": 1.1})',
        ),
        (
            "eff rateParam * top_2022 0.9 [0,1]",
            "fail rateParam SR_2022_2023 vjets_2022 (1-@0)/@1 eff,kf",
            "kf extArg 1.1",
        ),
    ),
    _one(
        "rateParam from a file",
        'SystematicUncertainty("SF_top", "rateParam", ["top"], ["2022"], "factors.root:w")',
        "SF_top rateParam SR_2022_2023 top_2022 factors.root:w",
    ),
    Example(
        "param",
        (
            'SystematicUncertainty("kf", "param", options={"mean": 1.0, "sigma": (0.1, 0.2), "range": (0.5, 2)})',
            'SystematicUncertainty("kf", "extArg", options={"initial": 1.0})',
        ),
        ("kf param 1.0 -0.1/+0.2 [0.5,2]", "kf extArg 1.0"),
    ),
    Example(
        "flatParam",
        (
            'SystematicUncertainty("kf", "extArg", options={"initial": 1.0, "range": (0, 2)})',
            'SystematicUncertainty("kf", "flatParam")',
        ),
        ("kf extArg 1.0 [0,2]", "kf flatParam"),
    ),
    Example(
        "flatParam with a density",
        (
            'SystematicUncertainty("kf", "extArg", options={"initial": 1.0})',
            'SystematicUncertainty("kf", "flatParam", options={"initial": 1.0, "range": (0.5, 2)})',
        ),
        ("kf extArg 1.0", "kf flatParam 1.0 [0.5,2]"),
    ),
    _one("extArg", 'SystematicUncertainty("mu", "extArg", options={"source": "pdfs.root:w"})', "mu extArg pdfs.root:w"),
    _one(
        "extArg that is constant",
        'SystematicUncertainty("kf", "extArg", options={"initial": 2.0, "constant": True})',
        "kf extArg 2.0 [const]",
    ),
    Example(
        "discrete",
        (
            'SystematicUncertainty("pdf_index", "discrete")',
            'SystematicUncertainty("mu", "extArg", options={"source": "pdfs.root:w"})',
        ),
        ("pdf_index discrete", "mu extArg pdfs.root:w"),
    ),
    _one(
        "constr",
        'SystematicUncertainty("prior", "constr", options={"formula": "@0-1", "arguments": ["r"], "sigma": 0.5})',
        "prior constr @0-1 {r} 0.5",
    ),
    Example(
        "groups",
        (
            'SystematicUncertainty("lumi", "lnN", ["top"], years, 1.02, groups=["experiment"])',
            'SystematicUncertainty("xsec", "lnN", ["top"], years, 1.05, groups=["theory"])',
            'SystematicUncertainty("pdf", "lnN", ["vjets"], years, 1.03, groups=["theory"])',
        ),
        (
            "lumi lnN - - 1.02 1.02 - -",
            "xsec lnN - - 1.05 1.05 - -",
            "pdf lnN - - - - 1.03 1.03",
            "experiment group = lumi",
            "theory group = xsec pdf",
        ),
    ),
    Example(
        "group",
        (
            'SystematicUncertainty("SF_top", "rateParam", ["top"], ["2022"], 1.0)',
            'SystematicUncertainty("free", "group", options={"members": ["SF_top"]})',
        ),
        ("SF_top rateParam * top_2022 1", "free group = SF_top"),
    ),
    _one(
        "nofloat",
        'SystematicUncertainty("lumi", "lnN", ["top"], years, 1.02, nofloat=True)',
        "lumi[nofloat] lnN - - 1.02 1.02 - -",
    ),
)
"""One example or more of each kind, without edits, whose models are those before the edit."""

_LUMI = 'SystematicUncertainty("lumi", "lnN", ["top"], years, 1.02)'
_LUMI_ROW = "lumi lnN - - 1.02 1.02 - -"


def _edit(verb: str, source: str, line: str) -> Example:
    return Example(f"edit {verb}", (_LUMI, source), (_LUMI_ROW, line))


EDITS = (
    _edit(
        "add",
        'SystematicUncertainty("e", "edit", options={"verb": "add", "process": "vjets_.*", "name": "trigger", '
        '"kind": "lnN", "value": (0.9, 1.2)})',
        "nuisance edit add vjets_.* * trigger lnN 0.9/1.2",
    ),
    _edit(
        "drop",
        'SystematicUncertainty("e", "edit", options={"verb": "drop", "process": "top_2022", "name": "lumi"})',
        "nuisance edit drop top_2022 * lumi",
    ),
    _edit(
        "rename",
        'SystematicUncertainty("e", "edit", options={"verb": "rename", "old": "lumi", "new": "lumi_13TeV"})',
        "nuisance edit rename lumi lumi_13TeV",
    ),
    _edit(
        "changepdf",
        'SystematicUncertainty("e", "edit", options={"verb": "changepdf", "name": "lumi", "kind": "lnU"})',
        "nuisance edit changepdf lumi lnU",
    ),
    _edit(
        "merge",
        'SystematicUncertainty("e", "edit", options={"verb": "merge", "name": "both", "other": "lumi"})',
        "nuisance edit merge * * both lumi",
    ),
    _edit(
        "split",
        'SystematicUncertainty("e", "edit", options={"verb": "split", "name": "lumi", "first": "a", "second": "b", '
        '"first_value": 1.01, "second_value": 1.017})',
        "nuisance edit split * * lumi a b 1.01 1.017",
    ),
    _edit(
        "freeze",
        'SystematicUncertainty("e", "edit", options={"verb": "freeze", "name": "lumi"})',
        "nuisance edit freeze lumi",
    ),
    _edit(
        "flip",
        'SystematicUncertainty("e", "edit", options={"verb": "flip", "name": "lumi", "mode": "p2n"})',
        "nuisance edit flip * * lumi p2n",
    ),
)
"""An example of each verb of `nuisance edit`."""

GOLDEN = {
    "rows": (
        'SystematicUncertainty("lumi", "lnN", ["signal", "top"], years, 1.02, groups=["experiment"], nofloat=True)',
        'SystematicUncertainty("xsec", "lnN", {"top": (0.95, 1.07)}, ["2022"], groups=["theory"])',
        'SystematicUncertainty("norm", "lnU", ["top"], ["2023"], (0.5, 1.5), groups=["theory"])',
        'SystematicUncertainty("fakes", "gmN", ["vjets"], years, 1.0, options={"N": 12})',
        'SystematicUncertainty("mcnorm", "gmM", ["top"], years, 0.3)',
        'SystematicUncertainty("bias", "trG", {"top": -0.1, "signal": 0.05}, years)',
        'SystematicUncertainty("flat", "unif", ["top"], years, 0.2, options={"range": (-1, 1.5)})',
        'SystematicUncertainty("soft", "dFD", ["top"], years, 0.2, options={"steepness": 5})',
        'SystematicUncertainty("soft2", "dFD2", ["top"], years, -0.2, options={"steepness": 4.5})',
        'SystematicUncertainty("jes", "shape", ["top"], ["2022"], 1.0, groups=["experiment"])',
        'SystematicUncertainty("jes_rate", "lnN", ["signal"], ["2022"], (0.9, 1.2), datacard_name="jes")',
        'SystematicUncertainty("fast", "shape2", ["top"], ["2023"], 1.0, coffea_name_alias="jes")',
        'SystematicUncertainty("slow", "shape*", ["signal"], ["2023"], 1.0, coffea_name_alias="jes")',
        'SystematicUncertainty("tune", "shapeU", ["top"], ["2022"], 1.0, coffea_name_alias="jes")',
        'SystematicUncertainty("isr", "shapeN", ["vjets"], ["2022"], 0.5, coffea_name_alias="jes")',
        'SystematicUncertainty("fsr", "shapeN2", ["vjets"], ["2023"], 1.0, coffea_name_alias="jes")',
    ),
    "lines": (
        'SystematicUncertainty("eff", "rateParam", ["top"], years, 0.9, options={"range": (0, 1)})',
        'SystematicUncertainty("eff", "param", options={"mean": 0.9, "sigma": (0.05, 0.1), "range": (0, 1)})',
        (
            'SystematicUncertainty("fail", "rateParam", ["vjets"], years, "(1-@0)/@1", '
            'options={"arguments": ["eff", "kf"]})'
        ),
        'SystematicUncertainty("kf", "extArg", options={"initial": 1.1, "range": (0.5, 2)})',
        'SystematicUncertainty("kf", "flatParam")',
        'SystematicUncertainty("kg", "extArg", options={"initial": 2.0, "constant": True})',
        'SystematicUncertainty("mu", "extArg", options={"source": "pdfs.root:w"})',
        'SystematicUncertainty("SF_vjets", "rateParam", ["vjets"], ["2023"], "factors.root:w")',
        'SystematicUncertainty("pdf_index", "discrete")',
        'SystematicUncertainty("reg", "constr", options={"formula": "@0-@1", "arguments": ["eff", "r"], "sigma": 1})',
        'SystematicUncertainty("free", "group", options={"members": ["eff", "kf"]})',
    ),
    "edits": (
        'SystematicUncertainty("lumi", "lnN", ["top", "vjets"], years, 1.02)',
        'SystematicUncertainty("xsec", "lnN", ["top"], years, 1.05)',
        'SystematicUncertainty("pdf", "lnN", ["top"], years, 1.03)',
        'SystematicUncertainty("pileup", "lnN", ["vjets"], years, 0.98)',
        (
            'SystematicUncertainty("e1", "edit", options={"verb": "add", "process": "vjets_.*", "name": "trigger", '
            '"kind": "lnN", "value": (0.9, 1.2)})'
        ),
        'SystematicUncertainty("e2", "edit", options={"verb": "drop", "process": "top_2022", "name": "lumi"})',
        'SystematicUncertainty("e3", "edit", options={"verb": "rename", "old": "lumi", "new": "lumi_13TeV"})',
        'SystematicUncertainty("e4", "edit", options={"verb": "changepdf", "name": "lumi_13TeV", "kind": "lnU"})',
        'SystematicUncertainty("e5", "edit", options={"verb": "merge", "name": "xsec", "other": "pdf"})',
        (
            'SystematicUncertainty("e6", "edit", options={"verb": "split", "process": "top_2023", "name": "xsec", '
            '"first": "qcd", "second": "ewk", "first_value": 1.04, "second_value": 1.02})'
        ),
        'SystematicUncertainty("e7", "edit", options={"verb": "flip", "name": "pileup", "mode": "n2p"})',
        'SystematicUncertainty("e8", "edit", options={"verb": "freeze", "name": "trigger"})',
    ),
}
"""Declarations of cards that have all kinds together, by name of the golden card."""


def golden(name: str) -> Datacard:
    """Return the card of a golden name."""
    return Example(name, GOLDEN[name], ()).card()
