"""Generated cards over the grammar: the content is what they were made of, and the text is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.canonical import canonical
from tests.support.cards import card

if TYPE_CHECKING:
    from collections.abc import Callable

    Draw = Callable[[st.SearchStrategy[Any]], Any]

NUMBERS = ("1.02", "0.9", "2", "1e-1", "+1.5", ".5", "3.")
PAIRS = ("0.9/1.1", ".95/1.06")
ROWS = {
    "lnN": ((), NUMBERS + PAIRS),
    "lnU": ((), NUMBERS + PAIRS),
    "gmM": ((), NUMBERS),
    "gmN": (("36",), NUMBERS),
    "trG": ((), ("0.2", "-0.3")),
    "unif": (("-1", "0.5"), NUMBERS),
    "dFD": (("0.1",), ("0.2", "-3")),
    "dFD2": (("2",), ("0.2", "-3")),
    "shape": ((), NUMBERS),
    "shapeN2": ((), NUMBERS),
    "shapeU": ((), NUMBERS),
    "shape?": ((), NUMBERS + PAIRS),
}
"""Arguments and cells of each kind of rows."""
RATES = ("0.5", "12", "1e3", "7.25", "-1")
BLANKS = st.sampled_from((" ", "  ", "\t", " \t "))
BETWEEN = st.sampled_from(("", "# a remark", "   ", "------", "#"))
ENDS = st.sampled_from(("\n", "\r\n"))


def _head(draw: Draw) -> tuple[list[list[str]], dict[str, Any], list[tuple[str, str]]]:
    """Return the lines above the nuisances, their content and the columns."""
    channels = [f"ch{number}" for number in range(draw(st.integers(1, 3)))]
    processes = [f"p{number}" for number in range(draw(st.integers(2, 4)))]
    # The first two are in each channel: a signal and a background.
    rest = {channel: draw(st.sets(st.sampled_from(processes))) for channel in channels}
    columns = [(ch, process) for ch in channels for process in processes if process in {*processes[:2], *rest[ch]}]
    rates, observed = ([draw(st.sampled_from(RATES)) for _ in of] for of in (columns, channels))
    seen = list(dict.fromkeys(process for _, process in columns))
    lines = [
        ["imax", draw(st.sampled_from((str(len(channels)), "*")))],
        ["jmax", "*", "number", "of", "backgrounds"],
        ["kmax", "*"],
        ["shapes", "*", "*", "file.root", "$CHANNEL/$PROCESS", "$CHANNEL/$PROCESS_$SYSTEMATIC"],
        ["bin", *channels],
        ["observation", *observed],
        ["bin", *(channel for channel, _ in columns)],
        ["process", *(process for _, process in columns)],
        ["process", *(str(processes.index(process)) for _, process in columns)],
        ["rate", *rates],
    ]
    content = {
        "bins": channels,
        "processes": seen,
        "signals": ["p0"],
        "obs": dict(zip(channels, map(float, observed), strict=True)),
        "exp": {
            channel: {name: float(rate) for (at, name), rate in zip(columns, rates, strict=True) if at == channel}
            for channel in channels
        },
    }
    return lines, content, columns


def _row(draw: Draw, name: str, columns: list[tuple[str, str]]) -> tuple[list[str], list[Any]]:
    """Return a row of a nuisance, and its content."""
    kind = draw(st.sampled_from(sorted(ROWS)))
    arguments, cells = ROWS[kind]
    # The first cell has an effect: Combine leaves out a row without any.
    row = [draw(st.sampled_from(cells)), *(draw(st.sampled_from((*cells, "-"))) for _ in columns[1:])]
    if kind == "gmM":
        row = [row[0] if cell != "-" else cell for cell in row]
    nofloat = draw(st.booleans())
    values: dict[str, dict[str, Any]] = {channel: {} for channel, _ in columns}
    for (channel, process), cell in zip(columns, row, strict=True):
        values[channel][process] = (
            0.0 if cell == "-" else [float(part) for part in cell.split("/")] if "/" in cell else float(cell)
        )
    numbers = [int(word) if kind == "gmN" else float(word) for word in arguments]
    words = [name + "[nofloat]" * nofloat, kind, *arguments, *row]
    return words, [name, nofloat, kind, numbers, values]


def _others(draw: Draw, columns: list[tuple[str, str]]) -> tuple[list[list[str]], dict[str, Any]]:
    """Return lines that are no rows of columns, and their content."""
    (channel, process), mode = draw(st.sampled_from(columns)), draw(st.sampled_from(("", "1")))
    lines = [
        ["k", "rateParam", channel, process, "1.5", "[0,4]"],
        ["f", "rateParam", channel, process, "(@0*2)", "k"],
        ["mu", "param", "0", "-0.5/+1.5"],
        ["flat", "flatParam"],
        ["index", "discrete"],
        ["x", "extArg", "1.1", "[0.5,2]"],
        ["all", "group", "=", "k", "mu"],
        ["all", "group", "+=", "flat"],
        [channel, "autoMCStats", "10", "0", *([mode] * bool(mode))],
        ["nuisance", "edit", "freeze", "x"],
    ]
    chosen = draw(st.sets(st.sampled_from(range(len(lines)))))
    # A formula, a second line of a group and an edit need what stands above them.
    chosen |= {needed for at, needed in ((1, 0), (7, 6), (9, 5)) if at in chosen}
    factors = [
        item for at, item in ((0, [["k", "1.5", 0], "[0,4]"]), (1, [["f", "(@0*2)", "k", 1], ""])) if at in chosen
    ]
    content = {
        "rateParams": {f"{channel}AND{process}": factors} if factors else {},
        "systs": [["mu", False, "param", ["0", "-0.5/+1.5"], {}]] if 2 in chosen else [],
        "flatParamNuisances": {"flat": True} if 3 in chosen else {},
        "discretes": ["index"] if 4 in chosen else [],
        "extArgs": {"x": ["x", "extArg", "1.1", "[0.5,2]"]} if 5 in chosen else {},
        "groups": {"all": sorted(["k", "mu", *(["flat"] * (7 in chosen))])} if 6 in chosen else {},
        "binParFlags": {channel: [10.0, False, int(mode or 1)]} if 8 in chosen else {},
        "frozenNuisances": ["x"] if 9 in chosen else [],
    }
    return [lines[at] for at in sorted(chosen)], content


@st.composite
def cards(draw: Draw) -> tuple[str, dict[str, Any]]:
    """Return the text of a card and its content."""
    lines, content, columns = _head(draw)
    rows = [_row(draw, f"n{number}", columns) for number in range(draw(st.integers(0, 5)))]
    others, more = _others(draw, columns)
    content |= more
    content["systs"] = [made for _, made in rows] + more["systs"]
    text = ""
    for number, words in enumerate([*lines, *(row for row, _ in rows), *others]):
        text += f"{draw(BETWEEN)}{draw(ENDS)}" * draw(st.integers(0, 1))
        remark = draw(st.sampled_from(("", " # why"))) * (number >= len(lines))
        text += draw(BLANKS).join(words) + remark + draw(ENDS)
    return text, content


@pytest.mark.slow
@settings(deadline=None)
@given(cards())
def test_content_is_what_the_card_was_made_of(made: tuple[str, dict[str, Any]]) -> None:
    """Channels, columns, rates, rows of all kinds, parameters and groups are those that were written."""
    text, content = made
    read = card(text, lenient=True)
    assert read.text == text
    found = canonical(read.content)
    assert {key: found[key] for key in content} == content
