"""Read a model in HS3 with ROOT, and compare differences of its likelihood with their expected values.

    python check_likelihood.py FOLDER

The folder has the files that `expect_likelihood.py` writes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import ROOT

TOLERANCE = 1e-6


def likelihood(workspace: ROOT.RooWorkspace, document: dict) -> list:
    """Return the terms of the likelihood: one of each channel, and one of each constraint."""
    channels = [one["name"] for one in document["distributions"] if one["type"] == "histfactory_dist"]
    terms = []
    for name in channels:
        # ROOT multiplies the density of a channel with its constraints, which several channels share.
        density = workspace.pdf(f"{name}_model") or workspace.pdf(name)
        terms.append(density.createNLL(workspace.data(f"{name}_data"), Extended=True).getVal)
    constraints = [one for one in workspace.allPdfs() if one.GetName().endswith("_constraint")]
    return terms + [lambda one=one: -one.getLogVal() for one in constraints]


def main(folder: str) -> int:
    """Compare, print the largest difference, and return 1 if it is too large."""
    path = Path(folder) / "model.json"
    workspace = ROOT.RooWorkspace("workspace")
    if not ROOT.RooJSONFactoryWSTool(workspace).importJSON(str(path)):
        raise ValueError(f"{path} cannot be read")
    terms = likelihood(workspace, json.loads(path.read_text(encoding="utf-8")))
    points = json.loads((Path(folder) / "points.json").read_text(encoding="utf-8"))
    found = []
    for point in points:
        for name, value in point["values"].items():
            workspace.var(name).setVal(value)
        found.append(sum(term() for term in terms))
    worst = max(
        abs(mine - found[0] - (point["nll"] - points[0]["nll"])) for mine, point in zip(found, points, strict=True)
    )
    sys.stdout.write(f"{path}: {len(points)} points, largest difference of the likelihood {worst:.1e}\n")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
