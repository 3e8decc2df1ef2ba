"""Read a file of templates with ROOT, and compare it with its expected content.

    python check_root.py FILE.root EXPECTED.json

EXPECTED.json is `{"edges": [...], "templates": {name: {"values": [...], "variances": [...]}}}`, and may have
`"labels": [...]`, the labels of the bins.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDING = 1e-12
"""Relative tolerance: ROOT keeps errors, so that a variance is a square of a rounded number."""


def file_problems(file: Any, names: set[str]) -> Iterator[str]:
    """Yield the problems of the file as a whole."""
    if file.IsZombie():
        yield "is a zombie"
    if file.TestBit(ROOT.TFile.kRecovered):
        yield "was not closed properly: ROOT recovered its keys"
    found = [key.GetName() for key in file.GetListOfKeys()]
    for name in sorted(names - set(found)):
        yield f"{name}: missing"
    for name in sorted(set(found) - names):
        yield f"{name}: not expected"
    if len(found) != len(set(found)):
        yield "has several cycles of a key"


def template_problems(histogram: Any, expected: dict[str, Any], template: dict[str, list[float]]) -> Iterator[str]:
    """Yield the problems of one template."""
    if histogram.ClassName() != "TH1D":
        yield f"class {histogram.ClassName()}"
        return
    axis, bins = histogram.GetXaxis(), histogram.GetNbinsX()
    edges = [axis.GetBinLowEdge(bin_) for bin_ in range(1, bins + 2)]
    if bins + 1 != len(expected["edges"]) or not np.allclose(edges, expected["edges"], rtol=ROUNDING, atol=0):
        yield f"edges {edges}"
        return
    if "labels" in expected and [axis.GetBinLabel(bin_) for bin_ in range(1, bins + 1)] != expected["labels"]:
        yield "labels"
    values = [histogram.GetBinContent(bin_) for bin_ in range(bins + 2)]
    if values != [0, *template["values"], 0]:
        yield f"contents with flow {values}"
    variances = [histogram.GetBinError(bin_) ** 2 for bin_ in range(bins + 2)]
    if not np.allclose(variances, [0, *template["variances"], 0], rtol=ROUNDING, atol=0):
        yield f"squared errors with flow {variances}"
    if not np.isclose(
        histogram.Integral(), sum(template["values"]), rtol=ROUNDING, atol=ROUNDING * max(map(abs, values))
    ):
        yield f"integral {histogram.Integral()}"


def problems(path: str, expected: dict[str, Any]) -> Iterator[str]:
    """Yield all problems of a file."""
    try:
        file = ROOT.TFile.Open(path)
    except OSError as error:
        yield f"cannot be opened: {error}"
        return
    yield from file_problems(file, set(expected["templates"]))
    for key in file.GetListOfKeys():
        name = key.GetName()
        if name in expected["templates"]:
            histogram = file.Get(name)
            found = template_problems(histogram, expected, expected["templates"][name])
            yield from (f"{name}: {problem}" for problem in found)
    file.Close()


def main(path: str, expected_path: str) -> int:
    """Compare, print the differences, and return 1 if there are any."""
    expected = json.loads(Path(expected_path).read_text(encoding="utf-8"))
    found = list(problems(path, expected))
    for problem in found:
        sys.stderr.write(f"{path}: {problem}\n")
    bins = len(expected["edges"]) - 1
    sys.stdout.write(f"{path}: {len(expected['templates'])} templates, {bins} bins, {len(found)} problems\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
