"""Conventions of histograms as data."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from datacard_core import DeclarationError, HistogramConventions
from tests.support.cases import case


def test_variations() -> None:
    """Labels become the names that declarations have."""
    conventions = HistogramConventions(nominal="central", up="_up", down="_down")
    names = [conventions.variation(label) for label in ("central", "jes_up", "jes_down", "jes_UP", "_up")]
    assert names == ["nominal", "jesUp", "jesDown", "jes_UP", "_up"]


def test_years_of_samples() -> None:
    """A year is that of all samples, or stands at the end of a sample."""
    cases: list[tuple[Any, tuple[str, str | None]]] = [
        ("2018", ("ttH_16APV", "2018")),
        (["16", "16APV"], ("ttH", "16APV")),
        ({"16APV": "2016_PreVFP"}, ("ttH", "16APV")),
        (["17"], ("ttH_16APV", None)),
    ]
    for years, expected in cases:
        with case(years, expected):
            assert HistogramConventions(years=years).sample_and_year("ttH_16APV") == expected


def test_mistakes() -> None:
    """Each mistake is told with its value."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"up": "_x", "down": "_x"}, "up and down are both '_x'"),
        ({"sample_axis": "cat"}, "the axis 'cat' has two roles"),
        ({"select": ["era"]}, "select is ('era',), expected labels by the name of their axis"),
        ({"select": {"era": []}}, "select has no label of the axis 'era'"),
        ({"select": {"era": ["C", "C"]}}, "select has a label of the axis 'era' twice"),
        ({"years": []}, "years is (), expected a year"),
        ({"nominal": ""}, "nominal is empty"),
        ({"key": 3}, "key is 3 (int), expected text"),
        ({"category_axis": 3}, "category_axis is 3 (int)"),
        ({"data": [3]}, "data has 3 of type int"),
        ({"key": "{proces}"}, "did you mean 'process'"),
        ({"sample_axis": ""}, "sample_axis is empty"),
        ({"path": "{variation}/{sample}.root"}, "has variations: a file needs the variations of its datasets"),
        ({"squares": "w2"}, "squares 'w2' has the fields none, expected those of key '{variable}': variable"),
        ({"sampel_axis": "process"}, "there is no argument 'sampel_axis' (did you mean 'sample_axis'?)"),
    ]
    for wrong, problem in cases:
        with case(wrong, problem):
            with pytest.raises(DeclarationError) as raised:
                HistogramConventions(**wrong)
            assert problem in str(raised.value)


def test_mistakes_together() -> None:
    """All mistakes are told at once."""
    with pytest.raises(DeclarationError) as raised:
        HistogramConventions(up="", years=[], key="{a}", select=3)  # type: ignore[arg-type]
    assert len(raised.value.problems) == 4


def test_options_of_sources() -> None:
    """Each field is an option of sources, with a line about it."""
    assert list(HistogramConventions.options) == [field.name for field in attrs.fields(HistogramConventions)]
    assert all(HistogramConventions.options.values())
