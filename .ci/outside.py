"""Analysis of the demo with a systematic of each outside package, for `datacard build`."""

from __future__ import annotations

import attrs

from datacard_core import DEFAULT_PLUGINS, Systematics, SystematicUncertainty, load_plugins
from datacard_core.demo.analysis import analysis as demo

analysis = attrs.evolve(
    demo,
    plugins=load_plugins(*DEFAULT_PLUGINS, "acme_gmn", "acme_theory"),
    systematics=Systematics(
        [
            *demo.systematics.values(),
            SystematicUncertainty("extrapolation", "acmeGmn", ["ttbar"], demo.years, 2.0, options={"last": 10.0}),
            SystematicUncertainty(
                "scale",
                "envelope",
                ["ttbar"],
                demo.years,
                1.0,
                coffea_name_alias="JER",
                options={"members": ["Up", "Down"]},
            ),
        ]
    ),
)
