"""Templates to write, as numbers, whose repr is enough to repeat a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.grammar import NOMINAL
from datacard_core.model.arrays import Axis, NamedTemplates, Templates

if TYPE_CHECKING:
    from datacard_core.testing.inputs.sketches import Contents


@attrs.frozen
class Written:
    """Templates as tuples of numbers, so that a message can show them."""

    names: tuple[str, ...]
    edges: tuple[float, ...]
    values: tuple[Contents, ...]
    variances: tuple[Contents, ...]

    def templates(self) -> NamedTemplates:
        """Return the templates as a serializer gets them."""
        values, variances = np.array(self.values), np.array(self.variances)
        axis, nominal = Axis(np.array(self.edges), "x"), (NOMINAL,) * len(self.names)
        return NamedTemplates(self.names, Templates(values, variances), axis, "SR", self.names, nominal)


BY_HAND = (
    Written(("data_obs_nominal",), (0.0, 1.0), ((0.0,),), ((0.0,),)),
    Written(
        ("data_obs_nominal", "top_2018_nominal", "top_2018_jesUp", "b-jets.x_nominal"),
        (0.0, 0.5, 2.0, 10.0),
        ((3.0, 2.0, 0.0), (0.1, 0.2, 0.3), (1e-300, 1e15, 1 / 3), (0.0, 0.0, 0.0)),
        ((3.0, 2.0, 0.0), (0.01, 0.02, 0.03), (1e-300, 1e15, 1 / 7), (0.0, 0.0, 0.0)),
    ),
)
"""Sets of templates, the first as small as possible, the second with numbers that rounding would change."""
