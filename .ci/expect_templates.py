"""Write the expected content of an analysis's templates as JSON, for a reader without this package."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

script, output, directory = sys.argv[1:]
analysis = runpy.run_path(script)["analysis"]
for category, card in analysis.build(output).items():
    named = card.channel.templates()
    expected = {
        "edges": named.axis.edges.tolist(),
        "templates": {
            name: {"values": values.tolist(), "variances": variances.tolist()}
            for name, values, variances in zip(
                named.names, named.templates.values, named.templates.variances, strict=True
            )
        },
    }
    path = Path(directory) / f"{Path(analysis.shapes_name(category)).stem}.json"
    path.write_text(json.dumps(expected), encoding="utf-8")
