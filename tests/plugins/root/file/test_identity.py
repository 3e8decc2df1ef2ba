"""The UUID of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import uproot

from datacard_core import Templates
from tests.support.root_files import UNIFORM, some, written

if TYPE_CHECKING:
    from pathlib import Path


def test_different_templates(tmp_path: Path) -> None:
    """Files with different templates have different UUIDs, which readers accept."""
    for change in ["names", "values", "variances", "edges", "label"]:
        one = some()
        values, variances = one.templates.values, one.templates.variances
        other = {
            "names": attrs.evolve(one, names=("data_obs_nominal", "tt_2018_nominaL")),
            "values": attrs.evolve(one, templates=Templates(np.nextafter(values, 0), variances)),
            "variances": attrs.evolve(one, templates=Templates(values, np.nextafter(variances, 0))),
            "edges": attrs.evolve(one, axis=attrs.evolve(UNIFORM, edges=UNIFORM.edges * 2)),
            "label": attrs.evolve(one, axis=attrs.evolve(UNIFORM, label="BDT score")),
        }[change]
        uuids = [uproot.open(written(templates, tmp_path)).file.uuid for templates in (one, other)]
        assert uuids[0] != uuids[1], change
        assert all(uuid.variant == "specified in RFC 4122" for uuid in uuids), change
