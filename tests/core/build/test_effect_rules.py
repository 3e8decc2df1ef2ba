"""Effects that do not fit their columns: errors with plugin, distribution, systematic and the value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import Datacard, PluginCallError, load_plugins
from tests.support.cases import case
from tests.support.plugins import kind_source, mine

if TYPE_CHECKING:
    from tests.conftest import CardArguments, Install


CASES = {
    "columns outside": ("return [Normalisation(target.positions + 100, ones)]", "columns [100, 101"),
    "columns below 0": ("return [Normalisation(target.positions - 1, ones)]", "columns [-1]"),
    "columns no integers": ("return [Normalisation(target.positions + 0.0, ones)]", "column"),
    "columns a mask": ("return [Normalisation(np.ones(2, dtype=bool), np.ones(2))]", "column"),
    "one column": ("return [Normalisation(target.positions * 0, ones)]", "columns [0, 0, 0, 0], expected each"),
    "columns None": ("return [Normalisation(None, ones)]", "None"),
    "too many factors": ("return [Normalisation(target.positions, np.ones(n + 1))]", "Normalisation"),
    "one factor": ("return [Normalisation(target.positions, 1.5)]", "Normalisation"),
    "factors NaN": ("return [Normalisation(target.positions, ones * np.nan)]", "Normalisation.up"),
    "factors 0": ("return [Normalisation(target.positions, ones * 0)]", "Normalisation.up"),
    "factors below 0": ("return [Normalisation(target.positions, ones, -ones)]", "Normalisation.down"),
    "factors no numbers": ("return [Normalisation(target.positions, np.array(['a'] * n))]", "Normalisation.up"),
    "too few bins": (
        "return [Shape(target.positions, flat, Templates(flat.values[:, 1:], flat.variances), ones)]",
        "Shape.down.values has shape (4, 2), expected (4, 3)",
    ),
    "too many templates": ("return [Shape(target.positions[:1], flat, flat, ones[:1])]", "Shape.up.values"),
    "infinite variances": (
        "return [Shape(target.positions, Templates(flat.values, flat.variances * np.inf), flat, ones)]",
        "Shape.up.variances",
    ),
    "complex templates": (
        "return [Shape(target.positions, Templates(flat.values + 0j, flat.variances), flat, ones)]",
        "Shape.up.values is an array of complex128, expected float64",
    ),
    "templates of objects": (
        "return [Shape(target.positions, Templates(flat.values.astype(object), flat.variances), flat, ones)]",
        "Shape.up.values is an array of object, expected float64",
    ),
    "templates of text": (
        "return [Shape(target.positions, flat, Templates(flat.values.astype(str), flat.variances), ones)]",
        "Shape.down.values is an array of <U32, expected float64",
    ),
    "complex factors": ("return [Normalisation(target.positions, ones + 0j)]", "Normalisation.up"),
    "complex scales": ("return [Shape(target.positions, flat, flat, ones + 0j)]", "Shape.scale"),
    "variances below 0": (
        "return [Shape(target.positions, Templates(flat.values, -flat.variances), flat, ones)]",
        "Shape.up.variances",
    ),
    "no templates": ("return [Shape(target.positions, flat.values, flat, ones)]", "values"),
    "too few scales": ("return [Shape(target.positions, flat, flat, ones[1:])]", "Shape"),
    "scales NaN": ("return [Shape(target.positions, flat, flat, ones * np.nan)]", "scale"),
    "scales 0": ("return [Shape(target.positions, flat, flat, ones * 0)]", "scale"),
    "overlapping effects": ("return [Normalisation(target.positions, ones)] * 2", "signal_2022"),
    "cells with blanks": ("return [Cells(target.positions, '1 5')]", "'1 5'"),
    "empty cells": ("return [Cells(target.positions, '')]", "''"),
    "cells no text": ("return [Cells(target.positions, 1.5)]", "1.5"),
    "a cell NaN": ("return [Cells(target.positions, 'nan')]", "the cell 'nan', expected a number"),
    "a cell no number": ("return [Cells(target.positions, 'large')]", "the cell 'large'"),
    "a pair with infinity": ("return [Cells(target.positions, '1/inf')]", "the cell '1/inf'"),
    "too few cells": ("Cells.cells = lambda self: ['1']\nreturn [Cells(target.positions)]", "for 4 columns"),
    "no keyword": ("return [Cells(target.positions, word=None)]", "keyword"),
    "empty keyword": ("return [Cells(target.positions, word='')]", "keyword"),
    "keyword of two lines": ("return [Cells(target.positions, word='gmN\\n7')]", "keyword"),
    "effects that fit in no row": (
        "return [Cells(target.positions[:1]), Normalisation(target.positions[1:], ones[1:])]",
        "one row",
    ),
    "two keywords": ("return [Cells(target.positions[:1]), Cells(target.positions[1:], word='gmN 8')]", "one row"),
    "text": ("return ['mine lnN 1.5']", "'mine lnN 1.5', expected effects and directives"),
    "a class": ("return [Normalisation]", "expected effects and directives"),
    "None": ("return None", "NoneType"),
    "no list": ("return Normalisation(target.positions, ones)", "not iterable"),
    "parameter outside": ("return [FreeParameter('mine', target.positions + 100)]", "columns [100, 101"),
    "parameter NaN": ("return [FreeParameter('mine', target.positions, float('nan'))]", "nan"),
    "parameter without a name": ("return [FreeParameter('2 b', target.positions)]", "'2 b'"),
    "parameter out of range": ("return [FreeParameter('mine', target.positions, 6, (0, 5))]", "starts at 6"),
    "parameter fixed": ("return [FreeParameter('mine', target.positions, 1, (1, 1))]", "range (1, 1)"),
    "threshold NaN": ("return [BinByBinStatistics(float('nan'))]", "threshold is nan"),
    "two lines": ("return [RawLine('a group = b\\nc')]", "expected one line"),
    "no line": ("return [RawLine(None)]", "RawLine.text is None"),
}
"""The body of a kind's method, and a part of the message, by the fault."""


@pytest.mark.slow
def test_effects_that_do_not_fit(install: Install, card_arguments: CardArguments) -> None:
    """An effect that does not fit is an error with plugin, distribution, systematic and value."""
    # One kind for all cases, since to find and to load a plugin takes as long as the rest.
    lines = []
    for what, (effects, _) in CASES.items():
        lines += [f"if target.systematic.options['case'] == {what!r}:", *(f"    {one}" for one in effects.splitlines())]
    source = kind_source(*lines, more="options = {'case': 'what does not fit'}")
    install("acme", source, distribution="acme-dist", version="0.3")
    plugins = load_plugins("combine", "acme")
    for what, (_, words) in CASES.items():
        with case(what):
            with pytest.raises(PluginCallError) as raised:
                Datacard(**card_arguments(plugins=plugins, systematics=mine(case=what), mcstat=False)).content()
            message = str(raised.value)
            assert message.startswith("plugin 'acme' (acme-dist 0.3): ")
            assert "working out the effects of 'mine' in channel 'SR_2022_2023'" in message
            assert words in message
            assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-dist 0.3")
