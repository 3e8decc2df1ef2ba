"""Effects that do not fit their columns: errors with plugin, distribution, systematic and the value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import Datacard, PluginCallError, load_plugins
from tests.support.plugins import kind_source, mine

if TYPE_CHECKING:
    from tests.conftest import CardArguments, Install


@pytest.mark.slow
@pytest.mark.parametrize(
    ("effects", "words"),
    [
        pytest.param(
            ["return [Normalisation(target.positions + 100, ones)]"], "columns [100, 101", id="columns outside"
        ),
        pytest.param(["return [Normalisation(target.positions - 1, ones)]"], "columns [-1]", id="columns below 0"),
        pytest.param(["return [Normalisation(target.positions + 0.0, ones)]"], "column", id="columns no integers"),
        pytest.param(["return [Normalisation(np.ones(2, dtype=bool), np.ones(2))]"], "column", id="columns a mask"),
        pytest.param(
            ["return [Normalisation(target.positions * 0, ones)]"],
            "columns [0, 0, 0, 0], expected each",
            id="one column",
        ),
        pytest.param(["return [Normalisation(None, ones)]"], "None", id="columns None"),
        pytest.param(
            ["return [Normalisation(target.positions, np.ones(n + 1))]"], "Normalisation", id="too many factors"
        ),
        pytest.param(["return [Normalisation(target.positions, 1.5)]"], "Normalisation", id="one factor"),
        pytest.param(["return [Normalisation(target.positions, ones * np.nan)]"], "Normalisation.up", id="factors NaN"),
        pytest.param(["return [Normalisation(target.positions, ones * 0)]"], "Normalisation.up", id="factors 0"),
        pytest.param(
            ["return [Normalisation(target.positions, ones, -ones)]"], "Normalisation.down", id="factors below 0"
        ),
        pytest.param(
            ["return [Normalisation(target.positions, np.array(['a'] * n))]"],
            "Normalisation.up",
            id="factors no numbers",
        ),
        pytest.param(
            ["return [Shape(target.positions, flat, Templates(flat.values[:, 1:], flat.variances), ones)]"],
            "Shape.down.values has shape (4, 2), expected (4, 3)",
            id="too few bins",
        ),
        pytest.param(
            ["return [Shape(target.positions[:1], flat, flat, ones[:1])]"], "Shape.up.values", id="too many templates"
        ),
        pytest.param(
            ["return [Shape(target.positions, Templates(flat.values, flat.variances * np.inf), flat, ones)]"],
            "Shape.up.variances",
            id="infinite variances",
        ),
        pytest.param(
            ["return [Shape(target.positions, Templates(flat.values + 0j, flat.variances), flat, ones)]"],
            "Shape.up.values is an array of complex128, expected float64",
            id="complex templates",
        ),
        pytest.param(
            ["return [Shape(target.positions, Templates(flat.values.astype(object), flat.variances), flat, ones)]"],
            "Shape.up.values is an array of object, expected float64",
            id="templates of objects",
        ),
        pytest.param(
            ["return [Shape(target.positions, flat, Templates(flat.values.astype(str), flat.variances), ones)]"],
            "Shape.down.values is an array of <U32, expected float64",
            id="templates of text",
        ),
        pytest.param(["return [Normalisation(target.positions, ones + 0j)]"], "Normalisation.up", id="complex factors"),
        pytest.param(["return [Shape(target.positions, flat, flat, ones + 0j)]"], "Shape.scale", id="complex scales"),
        pytest.param(
            ["return [Shape(target.positions, Templates(flat.values, -flat.variances), flat, ones)]"],
            "Shape.up.variances",
            id="variances below 0",
        ),
        pytest.param(["return [Shape(target.positions, flat.values, flat, ones)]"], "values", id="no templates"),
        pytest.param(["return [Shape(target.positions, flat, flat, ones[1:])]"], "Shape", id="too few scales"),
        pytest.param(["return [Shape(target.positions, flat, flat, ones * np.nan)]"], "scale", id="scales NaN"),
        pytest.param(["return [Shape(target.positions, flat, flat, ones * 0)]"], "scale", id="scales 0"),
        pytest.param(["return [Normalisation(target.positions, ones)] * 2"], "signal_2022", id="overlapping effects"),
        pytest.param(["return [Cells(target.positions, '1 5')]"], "'1 5'", id="cells with blanks"),
        pytest.param(["return [Cells(target.positions, '')]"], "''", id="empty cells"),
        pytest.param(["return [Cells(target.positions, 1.5)]"], "1.5", id="cells no text"),
        pytest.param(["return [Cells(target.positions, 'nan')]"], "the cell 'nan', expected a number", id="a cell NaN"),
        pytest.param(["return [Cells(target.positions, 'large')]"], "the cell 'large'", id="a cell no number"),
        pytest.param(["return [Cells(target.positions, '1/inf')]"], "the cell '1/inf'", id="a pair with infinity"),
        pytest.param(
            ["Cells.cells = lambda self: ['1']", "return [Cells(target.positions)]"],
            "for 4 columns",
            id="too few cells",
        ),
        pytest.param(["return [Cells(target.positions, word=None)]"], "keyword", id="no keyword"),
        pytest.param(["return [Cells(target.positions, word='')]"], "keyword", id="empty keyword"),
        pytest.param(["return [Cells(target.positions, word='gmN\\n7')]"], "keyword", id="keyword of two lines"),
        pytest.param(
            ["return [Cells(target.positions[:1]), Normalisation(target.positions[1:], ones[1:])]"],
            "one row",
            id="effects that fit in no row",
        ),
        pytest.param(
            ["return [Cells(target.positions[:1]), Cells(target.positions[1:], word='gmN 8')]"],
            "one row",
            id="two keywords",
        ),
        pytest.param(["return ['mine lnN 1.5']"], "'mine lnN 1.5', expected effects and directives", id="text"),
        pytest.param(["return [Normalisation]"], "expected effects and directives", id="a class"),
        pytest.param(["return None"], "NoneType", id="None"),
        pytest.param(["return Normalisation(target.positions, ones)"], "not iterable", id="no list"),
        pytest.param(
            ["return [FreeParameter('mine', target.positions + 100)]"], "columns [100, 101", id="parameter outside"
        ),
        pytest.param(["return [FreeParameter('mine', target.positions, float('nan'))]"], "nan", id="parameter NaN"),
        pytest.param(["return [FreeParameter('2 b', target.positions)]"], "'2 b'", id="parameter without a name"),
        pytest.param(
            ["return [FreeParameter('mine', target.positions, 6, (0, 5))]"], "starts at 6", id="parameter out of range"
        ),
        pytest.param(
            ["return [FreeParameter('mine', target.positions, 1, (1, 1))]"], "range (1, 1)", id="parameter fixed"
        ),
        pytest.param(["return [BinByBinStatistics(float('nan'))]"], "threshold is nan", id="threshold NaN"),
        pytest.param(["return [RawLine('a group = b\\nc')]"], "expected one line", id="two lines"),
        pytest.param(["return [RawLine(None)]"], "RawLine.text is None", id="no line"),
    ],
)
def test_effects_that_do_not_fit(
    effects: list[str], words: str, install: Install, card_arguments: CardArguments
) -> None:
    """An effect that does not fit is an error with plugin, distribution, systematic and value."""
    install("acme", kind_source(*effects), distribution="acme-dist", version="0.3")
    plugins = load_plugins("combine", "acme")
    with pytest.raises(PluginCallError) as raised:
        Datacard(**card_arguments(plugins=plugins, systematics=mine(), mcstat=False)).content()
    message = str(raised.value)
    assert message.startswith("plugin 'acme' (acme-dist 0.3): ")
    assert "working out the effects of 'mine' in channel 'SR_2022_2023'" in message
    assert words in message
    assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-dist 0.3")
