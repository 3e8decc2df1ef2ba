"""Scripts of the README, which run here."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import coffea.util
import hist
import numpy as np
import pytest
import uproot

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
YEARS = ("2022", "2023")
BINS = 4
SEVEN_POINT = {
    "qcd_scale_muRUp": 0.875,
    "qcd_scale_muRDown": 1.125,
    "qcd_scale_muFUp": 1.0625,
    "qcd_scale_muFDown": 0.9375,
    "qcd_scale_muRmuFUp": 0.8125,
    "qcd_scale_muRmuFDown": 1.25,
}
REPLICAS = {f"lhe_pdf_{pair}{way}": 1 + sign / 64 for pair in range(50) for way, sign in (("Up", 1), ("Down", -1))}
FACTORS = {"nominal": 1.0, **SEVEN_POINT, **REPLICAS}


def script(words: str) -> str:
    """Return the one Python block that contains the given words."""
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if words in block]
    return block


def output() -> dict[str, Any]:
    """Return an output with the variations that the README names, each with one factor in all bins."""
    histograms = {
        sample: {f"{sample}_{year}": _histogram(events) for year in YEARS}
        for sample, events in (("ttHTobb", 8.0), ("TTbar", 512.0))
    }
    by_period = {year: {sample: {f"{sample}_{year}"} for sample in histograms} for year in YEARS}
    by_dataset = {f"{sample}_{year}": {"sample": sample, "year": year} for sample in histograms for year in YEARS}
    return {
        "variables": {"discriminant": histograms},
        "datasets_metadata": {"by_datataking_period": by_period, "by_dataset": by_dataset},
        "cutflow": {"presel": dict.fromkeys(by_dataset, 100)},
    }


def _histogram(events: float) -> hist.Hist[Any]:
    histogram = hist.Hist(
        hist.axis.StrCategory(["SR"], name="cat"),
        hist.axis.StrCategory(list(FACTORS), name="variation"),
        hist.axis.Regular(BINS, 0, 1, name="discriminant"),
        storage=hist.storage.Weight(),
    )
    view: Any = histogram.view()
    view["value"][0] = view["variance"][0] = events * np.array(list(FACTORS.values()))[:, np.newaxis]
    return histogram


def test_script_writes_shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script writes one shape for each set of variations."""
    coffea.util.save(output(), str(tmp_path / "output_all.coffea"))
    (tmp_path / "script.py").write_text(script("load_output"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("script.py")
    card = (tmp_path / "cards" / "datacard.txt").read_text(encoding="utf-8")
    rows = {line.split()[0]: line.split()[1:] for line in card.splitlines() if line.split()[1:2] == ["shape"]}
    assert rows == {
        "QCDscale_ttH": ["shape", "1.0", "1.0", "-", "-"],
        "QCDscale_ttbar": ["shape", "-", "-", "1.0", "1.0"],
        "pdf": ["shape", "1.0", "1.0", "1.0", "1.0"],
    }
    with uproot.open(tmp_path / "cards" / "shapes.root") as file:
        up, down, pdf = (
            file[f"ttbar_2022_{name}"].values() for name in ("QCDscale_ttbarUp", "QCDscale_ttbarDown", "pdfUp")
        )
    # The largest factor is 1.25, the smallest 0.8125. A hundred replicas are 1/64 away from their mean, half of them
    # above and half below: 100 / 64² / 99 is the square of their standard deviation.
    np.testing.assert_allclose(up, np.full(BINS, 512 * 1.25))
    np.testing.assert_allclose(down, np.full(BINS, 512 * 0.8125))
    np.testing.assert_allclose(pdf, np.full(BINS, 512 + 8 * np.sqrt(100 / 99)))


def test_weights_give_variations() -> None:
    """The weights give the variations that the script reads."""
    pytest.importorskip("pocket_coffea", reason="these weights are for PocketCoffea's environment")
    ak = pytest.importorskip("awkward")
    made: dict[str, Any] = {}
    exec(compile(script("WeightLambda"), "README.md", "exec"), made)  # noqa: S102 - the claim is that it runs
    # The scales are 10 for μ_R, and 1 for μ_F, times 0.5, 1 and 2.
    scales = [10 * renormalisation + factorisation for renormalisation in (0.5, 1, 2) for factorisation in (0.5, 1, 2)]
    events = ak.Array({"LHEScaleWeight": [scales], "LHEPdfWeight": [list(range(1, 104))]})
    found: dict[str, float] = {}
    for weight in made["theory_weights"]:
        data = weight({}, {}).compute(events, 1, "nominal")
        assert weight._variations == data.variations  # noqa: SLF001 - PocketCoffea fills the axis with these names
        for variation, up, down in zip(data.variations, data.up, data.down, strict=True):
            found[f"{data.name}_{variation}Up"] = up[0]
            found[f"{data.name}_{variation}Down"] = down[0]
    assert list(found) == [*SEVEN_POINT, *REPLICAS]
    assert [found[name] * 11 for name in SEVEN_POINT] == pytest.approx([21, 6, 12, 10.5, 22, 5.5])
    assert [found[name] for name in REPLICAS] == list(range(2, 102))
