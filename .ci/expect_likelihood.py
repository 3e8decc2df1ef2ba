"""Write a model in HS3, with the likelihood at some points as datacard_fit has it.

    python expect_likelihood.py CARD.txt FOLDER

The folder gets `model.json`, and `points.json`: `[{"values": {name: value}, "nll": value}]`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from datacard_fit import Likelihood

from datacard_core import read_card, write_model

POINTS = 5


def main(card: str, folder: str) -> None:
    """Write the two files."""
    model = read_card(card).model()
    # Strict: the formats must have the same likelihood.
    write_model(model, Path(folder) / "model.json", writer="hs3", strict=True)
    likelihood = Likelihood(model)
    random = np.random.default_rng(1)
    names = [name for name in likelihood.names if not name.startswith("prop_bin")]
    points = [{}] + [dict(zip(names, random.uniform(0.7, 1.3, len(names)), strict=True)) for _ in range(POINTS)]
    found = [{"values": values, "nll": likelihood.nll(values)} for values in points]
    (Path(folder) / "points.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
