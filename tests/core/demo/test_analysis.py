"""Tests of the analysis script of the demo."""

from __future__ import annotations

from pathlib import Path

import datacard_core.demo.analysis as module
from datacard_core import Analysis
from datacard_core.demo.recipe import CATEGORIES, LUMINOSITY, SAMPLES, VARIABLES


def test_script() -> None:
    """The script compiles and declares one analysis."""
    script = Path(module.__file__).read_text(encoding="utf-8")
    compile(script, module.__file__, "exec")
    assert "analysis = Analysis(" in script
    assert isinstance(module.analysis, Analysis)


def test_names_of_the_output() -> None:
    """The script uses the years, categories, samples and variables of the output."""
    assert list(module.years) == list(LUMINOSITY)
    assert {sample for process in module.mc_processes.values() for sample in process.samples} == {
        sample.name for sample in SAMPLES
    }
    assert set(module.analysis.categories) == set(CATEGORIES)
    assert {category.variable for category in module.analysis.categories.values()} == set(VARIABLES)
