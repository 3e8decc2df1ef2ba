"""Measure how long the package and its command take to start, beside numpy.

    python benchmarks/starting.py card.txt

The times are of the CPU, the smallest of several runs, in turns: compare the ratios to `import numpy`, of one run, as
machines are noisy. An installed package has compiled modules; a checkout has them after its first run, unless
PYTHONDONTWRITEBYTECODE is set.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fit import process

COMMAND = "from datacard_core.cli.commands import main; main()"


def main() -> None:
    """Measure what the command line asks for, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("card", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    card = str(options.card)
    programs = {
        "import numpy": ["import numpy"],
        "import datacard_core": ["import datacard_core"],
        "from datacard_core import Datacard": ["from datacard_core import Datacard"],
        "datacard --help": [COMMAND, "--help"],
        "datacard check CARD": [COMMAND, "check", card],
        "datacard fit CARD --json": [COMMAND, "fit", card, "--json"],
        "datacard limit CARD --blind --json": [COMMAND, "limit", card, "--blind", "--json"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(options.runs):
        for name, arguments in programs.items():
            # `datacard check` ends with 1 if it finds a fault in the card.
            statuses = (0, 1) if "check" in arguments else (0,)
            seconds[name].append(process([sys.executable, "-c", *arguments], statuses))
    numpy = min(seconds["import numpy"])
    print("| program | CPU | of `import numpy` |\n|---|---|---|")
    for name, found in seconds.items():
        print(f"| `{name}` | {min(found):.2f} s | {min(found) / numpy:.1f} |")


if __name__ == "__main__":
    main()
