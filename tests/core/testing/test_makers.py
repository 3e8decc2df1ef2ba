"""Tests of the makers of products, and of what the processes that import them do without."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from datacard_core import load_plugins
from datacard_core.plugins.families import FAMILIES
from datacard_core.testing.makers import MAKERS, makers
from datacard_core.testing.tasks import Task

if TYPE_CHECKING:
    from pathlib import Path


def test_families_without_makers() -> None:
    """Only sources, renderings and readers have no products to compare."""
    assert {family.field for family in FAMILIES} - set(MAKERS) == {
        "sources",
        "renderings",
        "readers",
        "template_readers",
    }
    assert set(MAKERS) <= {family.field for family in FAMILIES}


@pytest.mark.slow
def test_makers(tmp_path: Path) -> None:
    """The products of a task are those of its objects, each with another description."""
    contributed = (("writers", "combine"), ("sources", "coffea"), ("serializers", "root"), ("kinds", "lnN"))
    task = Task(
        plugins=load_plugins(), contributed=contributed, declarations={"lnN": [{"value": 1.1}]}, scratch=tmp_path
    )
    found = [what for what, _ in makers(task)]
    assert len(set(found)) == len(found) == 4 + 2 + 2
    assert found[0].endswith("by card writer 'combine'")
    assert found[-1] == "the card of kind 'lnN' with {'value': 1.1} in analysis 6"


@pytest.mark.slow
def test_products_without_hypothesis() -> None:
    """Making the products of a kind imports neither hypothesis nor uproot, which would double the time of a process."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom datacard_core import load_plugins\n"
        "from datacard_core.testing.repetition import products\nfrom datacard_core.testing.tasks import Task\n"
        "task = Task(plugins=load_plugins(), contributed=(('kinds', 'lnN'),), declarations={'lnN': [{'value': 1.1}]},"
        " scratch=Path())\nmade = products(task)\n"
        "print(len(made), *{'hypothesis', 'uproot', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"
